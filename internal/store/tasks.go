package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// DueTasks lists up to limit tasks that are due at now and not claimed, oldest
// first and fairly over Users, and when the next one after these is due.
// Look-ups serve everybody and take turns with the Users' own tasks.
func (s *Store) DueTasks(ctx context.Context, now time.Time, limit int) (due []social.Task, next time.Time, err error) {
	at := micros(now)
	own, err := list(ctx, s.reading, scanDue, `
		SELECT kind, subject FROM (
			SELECT kind, subject, ready_at, row_number() OVER (PARTITION BY user_id ORDER BY ready_at, kind, subject) AS turn
			FROM tasks WHERE ready_at > 0 AND ready_at <= $1 AND user_id IS NOT NULL) AS queue
		ORDER BY turn, ready_at, kind, subject LIMIT $2`, at, limit)
	if err != nil {
		return nil, time.Time{}, s.d.mean(err)
	}
	shared, err := list(ctx, s.reading, scanDue, `
		SELECT kind, subject FROM tasks WHERE ready_at > 0 AND ready_at <= $1 AND user_id IS NULL
		ORDER BY ready_at, subject LIMIT $2`, at, limit)
	if err != nil {
		return nil, time.Time{}, s.d.mean(err)
	}
	later, err := scalar[int64](s.reading.row(ctx, `SELECT COALESCE(MIN(ready_at), 0) FROM tasks WHERE ready_at > $1`, at))
	return takeTurns(own, shared, limit), instant(later), s.d.mean(err)
}

func scanDue(r scanner) (t social.Task, err error) {
	err = r.Scan(&t.Kind, &t.ID)
	return t, err
}

// takeTurns merges two queues one by one.
func takeTurns(a, b []social.Task, limit int) []social.Task {
	merged := make([]social.Task, 0, min(len(a)+len(b), limit))
	for len(merged) < limit && len(a)+len(b) > 0 {
		if len(a) > 0 {
			merged = append(merged, a[0])
		}
		a, b = b, a[min(1, len(a)):]
	}
	return merged
}

// Ring makes the task due at the given instant, if it is not due earlier. A
// ring during a claim is kept for after it. NotFound when the subject is gone.
func (s *Store) Ring(ctx context.Context, kind social.TaskKind, id int64, at time.Time) error {
	return s.write(ctx, func(x q) error { return ring(ctx, x, kind, id, at) })
}

// subjects finds the row that a task of each kind works on and its User: $1 is its id.
var subjects = map[social.TaskKind]string{
	social.ImportTask: `SELECT id AS subject, user_id FROM sources WHERE id = $1`,
	social.MatchTask:  `SELECT id AS subject, id AS user_id FROM users WHERE id = $1`,
	social.LookUpTask: `SELECT id AS subject, CAST(NULL AS BIGINT) AS user_id FROM domains WHERE id = $1`,
	social.FollowTask: `SELECT id AS subject, user_id FROM destinations WHERE id = $1`,
}

func ring(ctx context.Context, x q, kind social.TaskKind, id int64, at time.Time) error {
	subject, known := subjects[kind]
	if !known {
		return fault.New(fault.Invalid, "unknown-task", "There is no task of this kind.")
	}
	return one(ringAll(ctx, x, kind, at, subject, id))
}

// ringAll rings for the subjects that a query of (subject, user_id) selects.
// Its own parameters come first.
func ringAll(ctx context.Context, x q, kind social.TaskKind, at time.Time, subjects string, args ...any) (int, error) {
	n := len(args)
	args = append(args, string(kind), micros(at))
	return x.exec(ctx, `
		INSERT INTO tasks (kind, subject, user_id, due_at, claimed_until, ready_at, claim_no, attempts)
		SELECT CAST(`+dollar(n+1)+` AS TEXT), subject, user_id, CAST(`+dollar(n+2)+` AS BIGINT), 0, CAST(`+dollar(n+2)+` AS BIGINT), 0, 0
		FROM (`+subjects+`) AS rung WHERE true ORDER BY subject
		ON CONFLICT (kind, subject) DO UPDATE SET
			due_at = CASE WHEN tasks.due_at = 0 OR tasks.due_at > excluded.due_at THEN excluded.due_at ELSE tasks.due_at END,
			ready_at = CASE WHEN tasks.claimed_until > 0 OR tasks.ready_at > 0 AND tasks.ready_at < excluded.ready_at
				THEN tasks.ready_at ELSE excluded.ready_at END`, args...)
}

// Claim takes the task for lease, with the next claim number, and counts the
// attempt before it is made; Conflict when it is not due or another holds it.
// A claim whose lease ran out may be taken by anybody.
func (s *Store) Claim(ctx context.Context, kind social.TaskKind, id int64, now time.Time, lease time.Duration) (t social.Task, attempts int, err error) {
	t = social.Task{Kind: kind, ID: id}
	err = s.write(ctx, func(x q) error {
		return x.row(ctx, `
			UPDATE tasks SET claim_no = claim_no + 1, attempts = attempts + 1, due_at = 0, claimed_until = $4, ready_at = $4
			WHERE kind = $1 AND subject = $2 AND ready_at > 0 AND ready_at <= $3
			RETURNING claim_no, attempts`,
			string(kind), id, micros(now), micros(now.Add(lease))).Scan(&t.Claim, &attempts)
	})
	if fault.Is(err, fault.NotFound) {
		err = stale()
	}
	return t, attempts, err
}

// Settle gives a claim back. next is when the task is due again, zero for
// when it is rung for; a step that failed keeps its count of attempts.
func (s *Store) Settle(ctx context.Context, t social.Task, next time.Time, failed bool) error {
	return s.write(ctx, func(x q) error {
		return fenced(x.exec(ctx, `
			UPDATE tasks SET
				claimed_until = 0,
				attempts = CASE WHEN $5 THEN attempts ELSE 0 END,
				due_at = CASE WHEN due_at = 0 OR CAST($4 AS BIGINT) > 0 AND $4 < due_at THEN $4 ELSE due_at END,
				ready_at = CASE WHEN due_at = 0 OR $4 > 0 AND $4 < due_at THEN $4 ELSE due_at END
			WHERE kind = $1 AND subject = $2 AND claim_no = $3 AND claimed_until > 0`,
			string(t.Kind), t.ID, t.Claim, micros(next), failed))
	})
}

// fence checks a claim in the transaction that writes its result and holds the
// task's row until the end of it, so that neither a later claim nor Forget can
// come between. The owner is 0 for a look-up.
func fence(ctx context.Context, x q, t social.Task, kind social.TaskKind) (owner int64, err error) {
	if t.Kind != kind {
		return 0, stale()
	}
	rows, err := list(ctx, x, scalar[int64], `
		UPDATE tasks SET attempts = attempts WHERE kind = $1 AND subject = $2 AND claim_no = $3 AND claimed_until > 0
		RETURNING COALESCE(user_id, 0)`, string(t.Kind), t.ID, t.Claim)
	if err != nil {
		return 0, err
	}
	if len(rows) == 0 {
		return 0, stale()
	}
	return rows[0], nil
}

func fenced(n int, err error) error {
	if err == nil && n == 0 {
		return stale()
	}
	return err
}

// sortedUnique returns the distinct elements in order.
func sortedUnique[T cmp.Ordered](all []T) []T {
	slices.Sort(all)
	return slices.Compact(all)
}
