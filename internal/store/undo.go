package store

import (
	"context"
	"time"

	"godwit/internal/social"
)

// ours are the FollowJobs of the User's Destination that Godwit followed, or
// may have: a follow was sent, and nobody wrote down that it did not stand.
// What was followed or asked before is no such job, nor is a move that was
// only claimed.
const ours = ` user_id = $1 AND destination_id = $2 AND (remote_id <> '' OR reason = 'handed') AND reason <> 'own-ask' AND (
	state = 'asked' OR state IN ('planned', 'canceled') AND reason = 'handed'
	OR state = 'done' AND (outcome IN ('followed', 'requested') OR outcome = 'moved' AND reason IN ('moved', 'stays')
		OR outcome = 'deferred' AND reason IN ('unclear', 'gave-up'))
	OR state IN ('planned', 'canceled') AND (attempts > 0 OR reason IN ('unclear', 'gave-up')))`

// Undoable counts the accounts that UndoFollows would unfollow.
func (s *Store) Undoable(ctx context.Context, userID, destinationID int64) (n int, err error) {
	err = s.read(ctx, func(x q) error {
		n, err = scalar[int](x.row(ctx, `SELECT count(*) FROM follow_jobs WHERE`+ours, userID, destinationID))
		return err
	})
	return n, err
}

// UndoFollows has the Destination unfollow exactly those whom Godwit followed,
// ends what is only planned, and rings. n counts those to be unfollowed. An
// account that follows as many as its server allows becomes Active again: there
// will be room. NotFound when the Destination is not the User's.
func (s *Store) UndoFollows(ctx context.Context, userID, destinationID int64, now time.Time) (n int, err error) {
	err = s.write(ctx, func(x q) error {
		if err := setFollow(ctx, x, userID, destinationID, social.FollowUndoing, now); err != nil {
			return err
		}
		if _, err := x.exec(ctx, `UPDATE destinations SET state = 'active' WHERE user_id = $1 AND id = $2 AND state = 'limit-reached'`,
			userID, destinationID); err != nil {
			return err
		}
		// A follow that may be on its way this moment is given time to arrive.
		if n, err = x.exec(ctx, `UPDATE follow_jobs SET attempts = 0, updated_at = $3, state = 'undoing',
			due_at = CASE WHEN state = 'planned' THEN CAST($4 AS BIGINT) ELSE $3 END
			WHERE`+ours, userID, destinationID, micros(now), micros(now.Add(inFlight))); err != nil {
			return err
		}
		if err := cancelPlanned(ctx, x, userID, destinationID, now); err != nil {
			return err
		}
		return ring(ctx, x, social.FollowTask, destinationID, now)
	})
	return n, err
}

// setFollow changes the state of following. Leaving an undo, by whatever way,
// ends it: what was sent goes back to be looked after, and the rest was never
// seen to be followed.
func setFollow(ctx context.Context, x q, userID, destinationID int64, state social.FollowState, now time.Time) error {
	err := one(x.exec(ctx, `UPDATE destinations SET follow_state = $3 WHERE user_id = $1 AND id = $2`, userID, destinationID, string(state)))
	if err != nil || state == social.FollowUndoing {
		return err
	}
	_, err = x.exec(ctx, `UPDATE follow_jobs SET attempts = 0, due_at = $3, updated_at = $3,
			state = CASE WHEN asked_at > 0 AND remote_id <> '' THEN 'asked' ELSE 'canceled' END,
			reason = CASE WHEN asked_at > 0 THEN reason ELSE 'unclear' END
		WHERE user_id = $1 AND destination_id = $2 AND state = 'undoing'`, userID, destinationID, micros(now))
	return err
}

// cancelPlanned ends what is not sent yet. Of a job whose follow may have been
// sent it stays known that it may.
func cancelPlanned(ctx context.Context, x q, userID, destinationID int64, now time.Time) error {
	_, err := x.exec(ctx, `UPDATE follow_jobs SET state = 'canceled', updated_at = $3,
			reason = CASE WHEN attempts > 0 AND remote_id <> '' THEN 'unclear' ELSE reason END
		WHERE user_id = $1 AND destination_id = $2 AND state = 'planned'`, userID, destinationID, micros(now))
	return err
}
