package store

import (
	"context"
	"time"

	"godwit/internal/social"
)

// duePerDomain is how many jobs of one target domain are handed out.
func duePerDomain(d social.Destination) int {
	if d.ByList {
		return duePerList
	}
	return duePerTurn
}

// FollowByList chooses whether the Destination's server is to follow lists. It
// is first read whom the account follows already.
func (s *Store) FollowByList(ctx context.Context, userID, destinationID int64, byList bool, now time.Time) error {
	return s.write(ctx, func(x q) error {
		err := one(x.exec(ctx, `UPDATE destinations SET by_list = $3 WHERE user_id = $1 AND id = $2`, userID, destinationID, byList))
		if err != nil || !byList {
			return err
		}
		return callRoll(ctx, x, userID, destinationID, now)
	})
}

// CallRoll wants it read whom the Destination follows by now: who of a file that
// the person gave to their server has arrived. It rings.
func (s *Store) CallRoll(ctx context.Context, userID, destinationID int64, now time.Time) error {
	return s.write(ctx, func(x q) error { return callRoll(ctx, x, userID, destinationID, now) })
}

func callRoll(ctx context.Context, x q, userID, destinationID int64, now time.Time) error {
	err := one(x.exec(ctx, `UPDATE destinations SET roll_at = $3, roll_requests = false, roll_cursor = '' WHERE user_id = $1 AND id = $2`,
		userID, destinationID, micros(now)))
	if err != nil {
		return err
	}
	return ring(ctx, x, social.FollowTask, destinationID, now)
}

// BeginHandOver writes down, before anything is sent, that the jobs go into a
// list, and when it is read who of it arrived. It returns those that may: one
// that is not planned any more, or whose account very many follow today, does
// not. Conflict when none may, or the following was stopped.
func (s *Store) BeginHandOver(ctx context.Context, t social.Task, handed []social.FollowJob, budgets []BudgetChange, roll, now time.Time) (kept []social.FollowJob, err error) {
	err = s.write(ctx, func(x q) error {
		kept = nil
		owner, err := fence(ctx, x, t, social.FollowTask)
		if err != nil {
			return err
		}
		if err := mayStill(ctx, x, t.ID, owner, social.FollowRunning, social.FollowRunning); err != nil {
			return err
		}
		for _, job := range handed {
			goes, err := handOver(ctx, x, t.ID, job, now)
			if err != nil {
				return err
			}
			if goes {
				kept = append(kept, job)
			}
		}
		if _, err := x.exec(ctx, `UPDATE destinations SET roll_at = $2 WHERE id = $1 AND roll_at <= $3`, t.ID, micros(roll), micros(now)); err != nil {
			return err
		}
		return saveBudgets(ctx, x, owner, t.ID, budgets)
	})
	if err == nil && len(kept) == 0 {
		err = notNow()
	}
	return kept, err
}

func handOver(ctx context.Context, x q, destinationID int64, j social.FollowJob, now time.Time) (bool, error) {
	if later, err := putOff(ctx, x, j.ID, true, now); err != nil || later {
		return false, err
	}
	n, err := x.exec(ctx, `UPDATE follow_jobs SET outcome = $3, reason = $4, asked_at = $5, due_at = $6, updated_at = $5
		WHERE id = $1 AND destination_id = $2 AND state = 'planned' AND attempts = 0`,
		j.ID, destinationID, string(j.Outcome), string(j.Reason), micros(j.AskedAt), micros(j.DueAt))
	return n == 1, err
}

// SaveRoll takes over a page of whom the Destination follows or asked, and where
// the reading stands: who waits in a list has arrived, and whom the person
// followed before is not followed again. It returns the jobs that changed. One
// that may have been sent by itself is left to be looked at by itself.
func (s *Store) SaveRoll(ctx context.Context, t social.Task, page []social.Present, next social.Roll, now time.Time) (changed []social.FollowJob, err error) {
	err = s.write(ctx, func(x q) error {
		changed = nil
		if _, err := fence(ctx, x, t, social.FollowTask); err != nil {
			return err
		}
		for _, p := range page {
			job, err := savePresent(ctx, x, t.ID, p, now)
			if err != nil {
				return err
			}
			changed = append(changed, job...)
		}
		_, err := x.exec(ctx, `UPDATE destinations SET roll_at = $2, roll_requests = $3, roll_cursor = $4 WHERE id = $1`,
			t.ID, micros(next.DueAt), next.Requests, next.Cursor)
		return err
	})
	return changed, err
}

// Who is followed ends their job, and who was asked makes it one to be looked at.
const (
	waitsFor = ` WHERE destination_id = $1 AND handle_key = $2 AND new_handle = '' AND state = 'planned' AND attempts = 0
		AND reason NOT IN ('unclear', 'gave-up') AND (actor_id = '' OR CAST($3 AS TEXT) = '' OR actor_id = $3) RETURNING ` + jobColumns
	follows = `UPDATE follow_jobs SET state = 'done', due_at = 0, updated_at = $4, reason = '', remote_id = $5,
		outcome = CASE WHEN reason = 'handed' THEN 'followed' ELSE 'already' END` + waitsFor
	pending = `UPDATE follow_jobs SET state = 'asked', outcome = 'requested', checks = 0, due_at = $6, updated_at = $4, remote_id = $5, locked = $7,
		asked_at = CASE WHEN reason = 'handed' THEN asked_at ELSE $4 END, reason = CASE WHEN reason = 'handed' THEN '' ELSE 'own-ask' END` + waitsFor
)

func savePresent(ctx context.Context, x q, destinationID int64, p social.Present, now time.Time) ([]social.FollowJob, error) {
	args := []any{destinationID, p.Handle.Key(), clean(p.ActorID), micros(now), string(p.ID)}
	if p.Asked {
		return list(ctx, x, scanJob, pending, append(args, micros(p.LookAt), p.Locked)...)
	}
	return list(ctx, x, scanJob, follows, args...)
}
