package store

import (
	"context"
	"crypto/rand"
	"strconv"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// decided is what a Match was before an act, for its undoing.
type decided struct {
	ID        int64           `json:"id"`
	Decision  social.Decision `json:"decision"`
	DecidedAt int64           `json:"decided_at"`
}

func scanDecided(r scanner) (d decided, err error) {
	err = r.Scan(&d.ID, &d.Decision, &d.DecidedAt)
	return d, err
}

// Decide sets the Decision of Matches, all or none; undo names the act for
// UndoDecide. NotFound when one of them is not the User's.
func (s *Store) Decide(ctx context.Context, userID int64, ids []int64, d social.Decision, now time.Time) (undo string, err error) {
	ids = sortedUnique(append([]int64(nil), ids...))
	err = s.write(ctx, func(x q) error {
		before, err := list(ctx, x, scanDecided, `SELECT id, decision, decided_at FROM matches WHERE user_id = $1
			AND id IN IDS($2) ORDER BY id`, userID, array(ids))
		if err != nil {
			return err
		}
		if len(before) != len(ids) {
			return notFound()
		}
		undo, err = decide(ctx, x, userID, before, d, now)
		return err
	})
	return undo, err
}

// DecideAll sets the Decision of all undecided Matches that fit the filter, if
// they are still want many; Conflict with the new number in Args["n"] if not.
// Across groups it takes neither Possible ones nor Conflicts, which are decided
// one at a time.
func (s *Store) DecideAll(ctx context.Context, userID int64, f MatchFilter, want int, d social.Decision, now time.Time) (n int, undo string, err error) {
	f.Undecided = true
	from, args := f.from(userID)
	if f.Group == GroupAll {
		from += ` AND m.certainty <> 'possible' AND NOT m.conflict`
	}
	err = s.write(ctx, func(x q) error {
		before, err := list(ctx, x, scanDecided, `SELECT m.id, m.decision, m.decided_at`+from+` ORDER BY m.id`, args...)
		if err != nil {
			return err
		}
		if n = len(before); n != want {
			return listChanged(n, want)
		}
		undo, err = decide(ctx, x, userID, before, d, now)
		return err
	})
	return n, undo, err
}

func listChanged(n, want int) error {
	return fault.New(fault.Conflict, "list-changed",
		"The list changed while you looked: it is {n} now, not {m}. Look again, then confirm.",
		"n", strconv.Itoa(n), "m", strconv.Itoa(want))
}

// decide writes a Decision and how to take it back.
func decide(ctx context.Context, x q, userID int64, before []decided, d social.Decision, now time.Time) (undo string, err error) {
	ids := make([]int64, len(before))
	for i := range before {
		ids[i] = before[i].ID
	}
	_, err = x.exec(ctx, `UPDATE matches SET decision = $3, decided_at = $4 WHERE user_id = $1
		AND id IN IDS($2)`, userID, array(ids), string(d), micros(now))
	if err != nil {
		return "", err
	}
	undo = rand.Text()
	_, err = x.exec(ctx, `INSERT INTO undos (id, user_id, decision, decided_at, before) VALUES ($1, $2, $3, $4, $5)`,
		undo, userID, string(d), micros(now), array(before))
	if err != nil {
		return "", err
	}
	_, err = x.exec(ctx, `DELETE FROM undos WHERE user_id = $1 AND id IN (
		SELECT id FROM undos WHERE user_id = $1 ORDER BY decided_at DESC, id LIMIT $3 OFFSET $2)`, userID, maxUndos, maxPage)
	return undo, err
}

// UndoDecide takes an act of Decide or DecideAll back, once, and returns how
// many Matches are again what they were; one that was decided anew since then
// stays. NotFound when there is no such act, or it is older than a day.
func (s *Store) UndoDecide(ctx context.Context, userID int64, undo string) (n int, err error) {
	err = s.write(ctx, func(x q) error {
		var d social.Decision
		var at int64
		var before string
		err := x.row(ctx, `DELETE FROM undos WHERE user_id = $1 AND id = $2 RETURNING decision, decided_at, before`, userID, clean(undo)).
			Scan(&d, &at, &before)
		if err != nil {
			return err
		}
		n, err = x.exec(ctx, `
			UPDATE matches SET decision = b.decision, decided_at = b.decided_at
			FROM (SELECT CAST(e.value->>'id' AS BIGINT) AS id, e.value->>'decision' AS decision,
				CAST(e.value->>'decided_at' AS BIGINT) AS decided_at FROM EACH($2)) AS b
			WHERE matches.id = b.id AND +matches.user_id = $1 AND matches.decision = $3 AND matches.decided_at = $4`,
			userID, before, string(d), at)
		return err
	})
	return n, err
}
