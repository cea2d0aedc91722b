package store

import (
	"context"
	"time"
)

// StartRamp is how long a process that serves or works begins slowly: after an
// outage all is due at once (ENG-06).
const StartRamp = time.Minute

// NoteStart writes down that the process of that id starts now, and forgets
// those that have started long ago.
func (s *Store) NoteStart(ctx context.Context, id string, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if _, err := x.exec(ctx, `DELETE FROM starts WHERE at <= $1`, micros(now.Add(-StartRamp))); err != nil {
			return err
		}
		_, err := x.exec(ctx, `INSERT INTO starts (id, at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET at = excluded.at`, id, micros(now))
		return err
	})
}

// Starting counts the processes that are starting at now. While there are any,
// one task of a home server is worked on at a time, over all of them.
func (s *Store) Starting(ctx context.Context, now time.Time) (n int, err error) {
	err = s.read(ctx, func(x q) error {
		n, err = scalar[int](x.row(ctx, `SELECT count(*) FROM starts WHERE at > $1`, micros(now.Add(-StartRamp))))
		return err
	})
	return n, err
}
