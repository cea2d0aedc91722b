package store

import (
	"context"
	"errors"
	"time"

	"database/sql"

	"godwit/internal/social"
)

// FollowWork is what a claimed follow task works on.
type FollowWork struct {
	Destination social.Destination
	Token       social.Secret
	Home        social.Home        // its server
	Budgets     []social.Budget    // its own and those that all share at its server, of the target hosts in Due
	Due         []social.FollowJob // planned and due: found ones first, then the most certain, at most 3 of each target domain that is to be found; or to be undone
	Confirm     []social.FollowJob // asked and due for a relationship check, at most 40
	NextDue     time.Time          // of what is not due yet
	Wave        int64              // the id of the Wave that the Destination is in, 0 for none
	held        time.Time          // until when that Wave lets it begin no follow
	Edge        social.EdgeJob     // the next one, which may be due later; zero when there is none
	Handed      time.Time          // when the last list was handed over of which some have not arrived, zero when none is out
}

// FollowWorkFor reads what the claimed task works on. Due is empty unless the
// Destination is Active and its following, or the undoing of it, runs, and
// while the Wave that it is in lets it begin no follow.
func (s *Store) FollowWorkFor(ctx context.Context, t social.Task, now time.Time) (w FollowWork, err error) {
	err = s.write(ctx, func(x q) error {
		w = FollowWork{}
		owner, err := fence(ctx, x, t, social.FollowTask)
		if err != nil {
			return err
		}
		if w.Destination, err = getDestination(ctx, x, owner, t.ID); err != nil {
			return err
		}
		if w.Token, err = s.token(ctx, x, w.Destination); err != nil {
			return err
		}
		if w.Home, err = getHome(ctx, x, w.Destination.Host); err != nil {
			return err
		}
		wave, err := termsOf(ctx, x, t.ID, now)
		if err != nil {
			return err
		}
		w.Wave = wave.id
		if w.held, err = heldByWave(ctx, x, wave, t.ID, now); err != nil {
			return err
		}
		if err := w.readJobs(ctx, x, now); err != nil {
			return err
		}
		if err := w.readEdges(ctx, x, now); err != nil {
			return err
		}
		w.Budgets, err = budgetsFor(ctx, x, w.Destination, w.Due)
		return err
	})
	return w, err
}

func (w *FollowWork) readJobs(ctx context.Context, x q, now time.Time) (err error) {
	id, at := w.Destination.ID, micros(now)
	waits, works := workState(w.Destination.Follow)
	works = works && w.Destination.State == social.Active
	if works && waits == social.JobPlanned && !w.held.IsZero() {
		works, w.NextDue = false, w.held
	}
	if works {
		w.Due, err = dueJobsOf(ctx, x, w.Destination, waits, at)
		if err != nil {
			return err
		}
		if err := fillKnown(ctx, x, w.Destination.Host, w.Due); err != nil {
			return err
		}
	}
	err = x.row(ctx, `SELECT COALESCE(MAX(asked_at), 0) FROM follow_jobs WHERE destination_id = $1 AND state = 'planned' AND due_at > $2 AND reason = 'handed'`,
		id, at).Scan(moment{&w.Handed})
	if err != nil {
		return err
	}
	if w.Destination.State == social.Active {
		w.Confirm, err = list(ctx, x, scanJob, `SELECT `+jobColumns+` FROM follow_jobs
			WHERE destination_id = $1 AND state = 'asked' AND due_at <= $2 ORDER BY due_at, id LIMIT $3`, id, at, confirmJobs)
		if err != nil {
			return err
		}
	}
	later := []social.JobState{social.JobAsked}
	if works {
		later = append(later, waits)
	}
	for _, state := range later {
		var next time.Time
		err := x.row(ctx, `SELECT COALESCE(MIN(due_at), 0) FROM follow_jobs WHERE destination_id = $1 AND state = $2 AND due_at > $3`,
			id, string(state), at).Scan(moment{&next})
		if err != nil {
			return err
		}
		if w.NextDue.IsZero() || !next.IsZero() && next.Before(w.NextDue) {
			w.NextDue = next
		}
	}
	return nil
}

// dueJobsOf lists what may be worked on now. Found jobs come first: where they
// are enough for a turn, nothing else of a long list is looked at.
func dueJobsOf(ctx context.Context, x q, d social.Destination, waits social.JobState, at int64) ([]social.FollowJob, error) {
	if waits == social.JobPlanned {
		found, err := list(ctx, x, scanJob, `SELECT `+jobColumns+` FROM follow_jobs
			WHERE destination_id = $1 AND state = 'planned' AND remote_id <> '' AND due_at <= $2 ORDER BY rank, id LIMIT $3`, d.ID, at, foundJobs)
		if err != nil || len(found) == foundJobs {
			return found, err
		}
	}
	return list(ctx, x, scanJob, `
		SELECT `+jobColumns+` FROM (
			SELECT queue.*, row_number() OVER (PARTITION BY found, domain ORDER BY rank, id) AS turn FROM (
				SELECT *, state = 'planned' AND remote_id <> '' AS found FROM follow_jobs
				WHERE destination_id = $1 AND state = $6 AND due_at <= $2
				ORDER BY rank, id LIMIT $3) AS queue) AS fair
		WHERE found OR turn <= $4 ORDER BY found DESC, rank, id LIMIT $5`, d.ID, at, dueWindow, duePerDomain(d), dueJobs, string(waits))
}

// workState is the state of the jobs that are worked on in a state of
// following; ok is false when none are.
func workState(f social.FollowState) (state social.JobState, ok bool) {
	switch f {
	case social.FollowRunning:
		return social.JobPlanned, true
	case social.FollowUndoing:
		return social.JobUndoing, true
	}
	return social.JobPlanned, false
}

// BeginFollow counts the job's attempt and writes the spent budgets under the
// claim, before anything is sent; the states of Destination, User and job are
// read again in the same transaction, and Conflict says that it may not be sent,
// or not today: then the job was put off. Wait says when its Wave lets it.
func (s *Store) BeginFollow(ctx context.Context, t social.Task, jobID int64, budgets []BudgetChange, now time.Time) error {
	later := false
	err := s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.FollowTask)
		if err != nil {
			return err
		}
		if err := mayStill(ctx, x, t.ID, owner, social.FollowRunning, social.FollowUndoing); err != nil {
			return err
		}
		if later, err = putOff(ctx, x, jobID, false, now); err != nil || later {
			return err
		}
		if err := enterWave(ctx, x, t.ID, jobID, now); err != nil {
			return err
		}
		n, err := x.exec(ctx, `UPDATE follow_jobs SET attempts = attempts + 1, updated_at = $3
			WHERE id = $1 AND destination_id = $2 AND state = (SELECT CASE follow_state WHEN 'running' THEN 'planned' ELSE follow_state END
				FROM destinations WHERE id = $2)`, jobID, t.ID, micros(now))
		if err == nil && n == 0 {
			return notNow()
		}
		if err != nil {
			return err
		}
		return saveBudgets(ctx, x, owner, t.ID, budgets)
	})
	if err == nil && later {
		err = notNow()
	}
	return err
}

// mayStill holds the Destination in one of the states of following: it is a
// write, so that PostgreSQL holds the row against a pause pressed now.
func mayStill(ctx context.Context, x q, id, owner int64, one, other social.FollowState) error {
	n, err := x.exec(ctx, `UPDATE destinations SET state = state WHERE id = $1 AND user_id = $2 AND state = $3 AND follow_state IN ($4, $5)`,
		id, owner, string(social.Active), string(one), string(other))
	if err == nil && n == 0 {
		return notNow()
	}
	return err
}

// SaveFollows writes jobs, budgets and the Destination's State, Following and
// Software under the claim, and that its server takes no lists when ByList is
// false. A job that the person canceled meanwhile is not
// planned again, one that they want undone is still undone if it was followed,
// and one whose undo they stopped is not undone later; the Destination's Follow
// is the person's and not written.
func (s *Store) SaveFollows(ctx context.Context, t social.Task, jobs []social.FollowJob, budgets []BudgetChange, d social.Destination, now time.Time) error {
	return s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.FollowTask)
		if err != nil {
			return err
		}
		for _, job := range jobs {
			if err := saveJob(ctx, x, t.ID, job, now); err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		if err := saveBudgets(ctx, x, owner, t.ID, budgets); err != nil {
			return err
		}
		_, err = x.exec(ctx, `UPDATE destinations SET state = $3, following = $4, software = $5, by_list = by_list AND $6 WHERE id = $1 AND user_id = $2`,
			t.ID, owner, string(d.State), d.Following, clean(d.Software), d.ByList)
		return err
	})
}

func saveJob(ctx context.Context, x q, destinationID int64, j social.FollowJob, now time.Time) error {
	_, err := x.exec(ctx, `
		UPDATE follow_jobs SET state = CASE
				WHEN state = 'canceled' AND CAST($3 AS TEXT) = 'planned' THEN state
				WHEN state <> 'undoing' AND CAST($3 AS TEXT) = 'undoing' THEN state
				WHEN state = 'undoing' AND CAST($5 AS TEXT) NOT IN ('stays', 'own-ask')
					AND CAST($4 AS TEXT) IN ('', 'followed', 'requested', 'moved', 'deferred') THEN state
				ELSE $3 END,
			outcome = $4, reason = $5, new_handle = $6, remote_id = $7, locked = $8, attempts = $9, empty = $10, checks = $11,
			due_at = CASE WHEN state = 'undoing' AND CAST($3 AS TEXT) <> 'undoing' THEN due_at ELSE $12 END, asked_at = $13, actor_id = $14, updated_at = $15
		WHERE id = $1 AND destination_id = $2`,
		j.ID, destinationID, string(j.State), string(j.Outcome), string(j.Reason), j.NewHandle.String(), string(j.RemoteID), j.Locked,
		j.Attempts, j.Empty, j.Checks, micros(j.DueAt), micros(j.AskedAt), clean(j.ActorID), micros(now))
	return err
}
