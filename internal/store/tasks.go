package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// DueTasks lists up to limit tasks of each kind that are due at now and not
// claimed (or whose claim's lease has ended), oldest first and fairly over
// Users, with their last claim's number, and when the next one after these is
// due. The limit holds for each kind, so that ten thousand look-ups never hide
// one follow.
func (s *Store) DueTasks(ctx context.Context, now time.Time, limit int) (due []social.Task, next time.Time, err error) {
	err = s.read(ctx, func(x q) error {
		due = nil
		for _, kind := range kinds {
			args := []any{string(kind.kind), micros(now), limit}
			if atHome(kind.kind) {
				args = append(args, dayOf(now))
			}
			some, err := list(ctx, x, scanDue, kind.due, args...)
			if err != nil {
				return err
			}
			due = append(due, some...)
		}
		next, err = nextTask(ctx, x, now)
		return err
	})
	return due, next, err
}

// nextTask is when the next task is due: one that waits for its own time, or
// one that waits for its home server's door.
func nextTask(ctx context.Context, x q, now time.Time) (next time.Time, err error) {
	err = x.row(ctx, `SELECT COALESCE(MIN(ready_at), 0) FROM tasks WHERE ready_at > 0 AND ready_at > $1`, micros(now)).Scan(moment{&next})
	if err != nil {
		return next, err
	}
	var door time.Time
	err = x.row(ctx, `SELECT COALESCE(MIN(h.open_at), 0) FROM homes AS h WHERE h.open_at > $1 AND NOT h.alone AND EXISTS (
		SELECT 1 FROM destinations AS d, tasks AS t WHERE d.host = h.host AND t.kind IN ('follow', 'mirror') AND t.subject = d.id
		AND t.ready_at > 0 AND t.ready_at <= $1)`, micros(now)).Scan(moment{&door})
	if next.IsZero() || !door.IsZero() && door.Before(next) {
		next = door
	}
	return next, err
}

func scanDue(r scanner) (t social.Task, err error) {
	err = r.Scan(&t.Kind, &t.ID, &t.Claim)
	return t, err
}

const (
	dueInOrder = `SELECT kind, subject, claim_no FROM tasks WHERE kind = $1 AND ready_at > 0 AND ready_at <= $2
		ORDER BY ready_at, subject LIMIT $3`
	dueByTurns = `SELECT kind, subject, claim_no FROM (
			SELECT kind, subject, claim_no, ready_at, row_number() OVER (PARTITION BY user_id ORDER BY ready_at, subject) AS turn
			FROM tasks WHERE kind = $1 AND ready_at > 0 AND ready_at <= $2) AS queue
		ORDER BY turn, ready_at, subject LIMIT $3`
)

// dueAtHomes lists follow or mirror tasks by home server: as many as it bears at once,
// fewer those that are claimed, whoever was served least today first, a few
// requests at a time; none of a server whose door is shut at the moment, or
// that is left alone, and no more than there are places free at its door: those
// for whom there is none would be claimed in vain.
var dueAtHomes = `SELECT kind, subject, claim_no FROM (
		SELECT t.kind, t.subject, t.claim_no, t.ready_at, d.host, d.flavour, h.open_at, h.pause,
			row_number() OVER (PARTITION BY d.host ORDER BY COALESCE(s.served, 0) / ` + strconv.Itoa(turnLength) + `, t.ready_at, t.subject) AS turn
		FROM tasks AS t INNER JOIN destinations AS d ON d.id = t.subject INNER JOIN homes AS h ON h.host = d.host
		LEFT JOIN home_turns AS s ON s.host = d.host AND s.user_id = d.user_id AND s.day = $4
		WHERE t.kind = $1 AND t.ready_at > 0 AND t.ready_at <= $2 AND h.open_at <= $2 AND NOT h.alone) AS queue
	WHERE turn <= ` + roomAt + ` AND (pause = 0 OR turn <= 1 + ($2 - open_at) / pause)
	ORDER BY turn, ready_at, subject LIMIT $3`

// roomAt is how many more follow and mirror tasks of the host may be worked on at $2.
var roomAt = fmt.Sprintf(`(CASE WHEN queue.flavour = 'snac' OR EXISTS (SELECT 1 FROM starts WHERE at + %d > $2) THEN 1 ELSE %d END - (
	SELECT count(*) FROM tasks AS c, destinations AS e
	WHERE c.kind IN ('follow', 'mirror') AND c.claimed_until > $2 AND e.id = c.subject AND e.host = queue.host))`,
	StartRamp.Microseconds(), homeAtOnce)

// kinds says of each kind of task how due ones are listed, by turns where one
// User can have many, and which row it works on: $1 is its id.
var kinds = []struct {
	kind         social.TaskKind
	due, subject string
}{
	{social.FollowTask, dueAtHomes, `SELECT id AS subject, user_id FROM destinations WHERE id = $1`},
	{social.MirrorTask, dueAtHomes, `SELECT id AS subject, user_id FROM destinations WHERE id = $1`},
	{social.MatchTask, dueInOrder, `SELECT id AS subject, id AS user_id FROM users WHERE id = $1`},
	{social.ImportTask, dueByTurns, `SELECT id AS subject, user_id FROM sources WHERE id = $1`},
	{social.MailTask, dueInOrder, `SELECT id AS subject, id AS user_id FROM users WHERE id = $1`},
	{social.LookUpTask, dueInOrder, `SELECT id AS subject, CAST(NULL AS BIGINT) AS user_id FROM domains WHERE id = $1`},
	{social.ServerTask, dueInOrder, `SELECT id AS subject, CAST(NULL AS BIGINT) AS user_id FROM servers WHERE id = $1`},
}

// atHome reports whether tasks of the kind are acts at a Destination's home
// server, which all of us share.
func atHome(kind social.TaskKind) bool { return kind == social.FollowTask || kind == social.MirrorTask }

// Ring makes the task due at the given instant, if it is not due earlier. A
// ring during a claim is kept for after it. NotFound when the subject is gone.
func (s *Store) Ring(ctx context.Context, kind social.TaskKind, id int64, at time.Time) error {
	return s.write(ctx, func(x q) error { return ring(ctx, x, kind, id, at) })
}

func ring(ctx context.Context, x q, kind social.TaskKind, id int64, at time.Time) error {
	for _, k := range kinds {
		if k.kind == kind {
			return one(ringAll(ctx, x, kind, `SELECT subject, user_id, CAST($2 AS BIGINT) AS at FROM (`+k.subject+`) AS one`, id, micros(at)))
		}
	}
	return fault.New(fault.Invalid, "unknown-task", "There is no task of this kind.")
}

// ringAll rings for what a query of (subject, user_id, at) selects.
func ringAll(ctx context.Context, x q, kind social.TaskKind, subjects string, args ...any) (int, error) {
	args = append(args, string(kind))
	return x.exec(ctx, `
		INSERT INTO tasks (kind, subject, user_id, due_at, claimed_until, ready_at, claim_no, attempts)
		SELECT CAST(`+dollar(len(args))+` AS TEXT), subject, user_id, at, 0, at, 0, 0
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
		if atHome(kind) {
			if err := haveRoom(ctx, x, id, now); err != nil {
				return err
			}
		}
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

// haveRoom is a Conflict when as many tasks of the Destination's server are
// claimed as it bears, or it is left alone. It holds the server's row until the
// end of the transaction, so that two processes do not both take the last place.
func haveRoom(ctx context.Context, x q, destinationID int64, now time.Time) error {
	n, err := x.exec(ctx, `UPDATE homes SET ill = ill WHERE host = (SELECT host FROM destinations WHERE id = $1) AND NOT alone`, destinationID)
	if err == nil && n == 0 {
		return stale()
	}
	if err != nil {
		return err
	}
	free, err := scalar[int](x.row(ctx, `SELECT `+roomAt+` FROM destinations AS queue WHERE CAST($2 AS BIGINT) > 0 AND queue.id = $1`, destinationID, micros(now)))
	if err == nil && free <= 0 {
		return stale()
	}
	return err
}

// Renew makes a claim last for lease from now on, while a long step goes on;
// Conflict when another took the task or its row is gone.
func (s *Store) Renew(ctx context.Context, t social.Task, now time.Time, lease time.Duration) error {
	return s.write(ctx, func(x q) error {
		return fenced(x.exec(ctx, `UPDATE tasks SET claimed_until = $4, ready_at = $4
			WHERE kind = $1 AND subject = $2 AND claim_no = $3 AND claimed_until > 0`,
			string(t.Kind), t.ID, t.Claim, micros(now.Add(lease))))
	})
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
