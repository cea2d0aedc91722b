package store

import (
	"context"
	"time"

	"godwit/internal/social"
)

// DueAt is when the task may be claimed: the end of the lease while a worker
// has it; zero when it rests or never was rung for.
func (s *Store) DueAt(ctx context.Context, kind social.TaskKind, id int64) (at time.Time, err error) {
	err = s.read(ctx, func(x q) error {
		return x.row(ctx, `SELECT COALESCE(MAX(ready_at), 0) FROM tasks WHERE kind = $1 AND subject = $2`, string(kind), id).Scan(moment{&at})
	})
	return at, err
}

// NextDue is when the first task of those kinds may be claimed, the end of the
// lease while a worker has it; zero when none will by itself.
func (s *Store) NextDue(ctx context.Context, kinds ...social.TaskKind) (at time.Time, err error) {
	err = s.read(ctx, func(x q) error {
		return x.row(ctx, `SELECT COALESCE(MIN(ready_at), 0) FROM tasks WHERE ready_at > 0 AND kind IN KEYS($1)`, array(kinds)).Scan(moment{&at})
	})
	return at, err
}

// Unchecked counts the Destination's follows that were asked for and whose
// first relationship check is still to come, by the given instant.
func (s *Store) Unchecked(ctx context.Context, userID, destinationID int64, by time.Time) (n int, err error) {
	err = s.read(ctx, func(x q) error {
		return x.row(ctx, `SELECT count(*) FROM follow_jobs
			WHERE user_id = $1 AND destination_id = $2 AND state = 'asked' AND checks = 0 AND due_at <= $3`, userID, destinationID, micros(by)).Scan(&n)
	})
	return n, err
}
