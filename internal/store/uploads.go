package store

import (
	"context"
	"time"
)

// Sending is an upload that comes in pieces, and for a day what became of it.
type Sending struct {
	Name      string // in the spool
	UserID    int64
	Mark      string // made by the browser of the files, which finds them again by it
	Shown     string // the first file's own name
	Bytes     int64  // as declared
	Source    int64  // what became of it, 0 until it is whole
	TouchedAt time.Time
}

const sendingColumns = `name, user_id, mark, shown, bytes, source_id, touched_at`

func scanSending(r scanner) (x Sending, err error) {
	err = r.Scan(&x.Name, &x.UserID, &x.Mark, &x.Shown, &x.Bytes, &x.Source, moment{&x.TouchedAt})
	return x, err
}

// SaveSending stores a new Sending in the place of another one with its Mark.
// Only the newest few unfinished ones of a User are kept: it returns the names
// of the uploads that went for it, which are to be deleted from the spool.
func (s *Store) SaveSending(ctx context.Context, n Sending) (dropped []string, err error) {
	err = s.write(ctx, func(x q) error {
		dropped, err = list(ctx, x, scalar[string], `SELECT name FROM uploads WHERE user_id = $1 AND (mark = $2 OR source_id = 0
			AND name NOT IN (SELECT name FROM uploads WHERE user_id = $1 AND source_id = 0 AND mark <> $2 ORDER BY touched_at DESC LIMIT $3))`,
			n.UserID, clean(n.Mark), maxSendings-1)
		if err != nil {
			return err
		}
		if _, err := x.exec(ctx, `DELETE FROM uploads WHERE user_id = $1 AND name IN KEYS($2)`, n.UserID, array(dropped)); err != nil {
			return err
		}
		_, err = x.exec(ctx, `INSERT INTO uploads (`+sendingColumns+`) VALUES ($1, $2, $3, $4, $5, 0, $6)`,
			n.Name, n.UserID, clean(n.Mark), clean(n.Shown), n.Bytes, micros(n.TouchedAt))
		return err
	})
	return dropped, err
}

// FindSending returns the User's Sending of that mark, or NotFound.
func (s *Store) FindSending(ctx context.Context, userID int64, mark string) (Sending, error) {
	n, err := scanSending(s.reading.row(ctx, `SELECT `+sendingColumns+` FROM uploads WHERE user_id = $1 AND mark = $2`, userID, clean(mark)))
	return n, s.d.mean(err)
}

// GetSending returns the User's Sending of that name, or NotFound.
func (s *Store) GetSending(ctx context.Context, userID int64, name string) (Sending, error) {
	n, err := scanSending(s.reading.row(ctx, `SELECT `+sendingColumns+` FROM uploads WHERE user_id = $1 AND name = $2`, userID, clean(name)))
	return n, s.d.mean(err)
}

// ListSendings lists the User's unfinished Sendings, newest first.
func (s *Store) ListSendings(ctx context.Context, userID int64) ([]Sending, error) {
	all, err := list(ctx, s.reading, scanSending, `SELECT `+sendingColumns+` FROM uploads
		WHERE user_id = $1 AND source_id = 0 ORDER BY touched_at DESC, name`, userID)
	return all, s.d.mean(err)
}

// TouchSending notes that a piece came in, or what became of the whole with a
// source; NotFound when the Sending is gone.
func (s *Store) TouchSending(ctx context.Context, userID int64, name string, source int64, now time.Time) error {
	return s.write(ctx, func(x q) error {
		return one(x.exec(ctx, `UPDATE uploads SET touched_at = $3, source_id = $4 WHERE user_id = $1 AND name = $2`,
			userID, clean(name), micros(now), source))
	})
}

// DeleteSending forgets a Sending; NotFound when there is none. Its bytes are
// to be deleted from the spool.
func (s *Store) DeleteSending(ctx context.Context, userID int64, name string) error {
	return s.write(ctx, func(x q) error {
		return one(x.exec(ctx, `DELETE FROM uploads WHERE user_id = $1 AND name = $2`, userID, clean(name)))
	})
}
