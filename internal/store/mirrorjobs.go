package store

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const statusColumns = `id, user_id, mirror_id, destination_id, post_id, part, parts, parent_id, draft, files, state, reason, key, print,
	parent_at, sent_at, tried_at, misses, missed_at, remote_id, url, attempts, due_at, updated_at`

func scanStatusJob(r scanner) (j social.StatusJob, err error) {
	err = r.Scan(&j.ID, &j.UserID, &j.MirrorID, &j.DestinationID, &j.PostID, &j.Part, &j.Parts, &j.ParentID, document{&j.Draft},
		document{&j.Files}, &j.State, &j.Reason, &j.Key, &j.Print, moment{&j.ParentAt}, moment{&j.SentAt}, moment{&j.TriedAt}, &j.Misses,
		moment{&j.MissedAt}, &j.RemoteID, &j.URL, &j.Attempts, moment{&j.DueAt}, moment{&j.UpdatedAt})
	return j, err
}

// openState reports whether something is still to be done for a row.
func openState(s social.StatusState) bool {
	switch s {
	case social.StatusSent, social.StatusFailed, social.StatusCanceled, social.StatusDeleted:
		return false
	}
	return true
}

// writeStatusJob writes all of a row that changes.
func writeStatusJob(ctx context.Context, x q, j social.StatusJob, now time.Time) error {
	return one(x.exec(ctx, `
		UPDATE mirror_jobs SET parent_id = $3, draft = $4, files = $5, state = $6, is_open = $7, reason = $8, key = $9, print = $10,
			parent_at = $11, sent_at = $12, tried_at = $13, misses = $14, missed_at = $15, remote_id = $16, url = $17, attempts = $18,
			due_at = $19, updated_at = $20, file_count = $21
		WHERE id = $1 AND mirror_id = $2`,
		j.ID, j.MirrorID, j.ParentID, encode(j.Draft), encodeList(j.Files), string(j.State), openState(j.State), string(j.Reason), j.Key,
		j.Print, micros(j.ParentAt), micros(j.SentAt), micros(j.TriedAt), j.Misses, micros(j.MissedAt), string(j.RemoteID), clean(j.URL),
		j.Attempts, micros(j.DueAt), micros(now), len(j.Files)))
}

// MirrorWork is what a claimed mirror task works on.
type MirrorWork struct {
	Destination social.Destination
	Token       social.Secret
	Home        social.Home     // its server
	Budgets     []social.Budget // its own, and those that all share at its server
	Mirror      social.Mirror   // whose turn it is; one without an ID when there is none
	Source      social.Source
	Jobs        []social.StatusJob         // unfinished rows in the order of the plan, at most 50; to be deleted, the last one first
	Parents     map[int64]social.StatusJob // what they answer
	LastSent    time.Time                  // the last row that was sent, of all the Destination's
}

// MirrorWorkFor reads what the claimed task works on. Its Mirror is one that is
// to be planned, one with a status that must be deleted at once, or else one
// that runs or is being undone and has something left to do.
func (s *Store) MirrorWorkFor(ctx context.Context, t social.Task) (w MirrorWork, err error) {
	err = s.write(ctx, func(x q) error {
		w = MirrorWork{}
		owner, err := fence(ctx, x, t, social.MirrorTask)
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
		if w.Budgets, err = budgetsFor(ctx, x, w.Destination, nil); err != nil {
			return err
		}
		return w.readMirror(ctx, x)
	})
	return w, err
}

func (w *MirrorWork) readMirror(ctx context.Context, x q) error {
	turns, err := list(ctx, x, scanMirror, `SELECT `+mirrorColumns+` FROM mirrors WHERE destination_id = $1 AND (`+isExposed+`
			OR planned_at = 0 AND fault_code = '' OR state IN ('running', 'undoing') AND `+isOpen+`)
		ORDER BY CASE WHEN `+isExposed+` THEN 0 WHEN planned_at = 0 THEN 1 ELSE 2 END, id LIMIT 1`, w.Destination.ID)
	if err != nil || len(turns) == 0 {
		return err
	}
	w.Mirror = turns[0]
	if w.Source, err = scanSource(x.row(ctx, `SELECT `+sourceColumns+` FROM sources WHERE id = $1`, w.Mirror.SourceID)); err != nil {
		return err
	}
	if err := x.row(ctx, `SELECT COALESCE(MAX(sent_at), 0) FROM mirror_jobs WHERE destination_id = $1 AND remote_id <> ''`, w.Destination.ID).
		Scan(moment{&w.LastSent}); err != nil {
		return err
	}
	return w.readJobs(ctx, x)
}

const isExposed = `EXISTS (SELECT 1 FROM mirror_jobs AS o WHERE o.mirror_id = mirrors.id AND o.is_open AND o.state = 'exposed')`

// readJobs reads what comes next: of unknown and exposed rows there may be some
// behind many that only wait.
func (w *MirrorWork) readJobs(ctx context.Context, x q) error {
	const urgent, up, down = `state IN ('sending', 'unknown', 'exposed')`, `state = 'planned' ORDER BY position`, `state = 'undoing' ORDER BY position DESC`
	waiting := up
	if w.Mirror.State == social.MirrorUndoing {
		waiting = down
	}
	for _, which := range []string{urgent + ` ORDER BY position`, waiting} {
		some, err := list(ctx, x, scanStatusJob, `SELECT `+statusColumns+` FROM mirror_jobs WHERE mirror_id = $1 AND `+which+` LIMIT $2`, w.Mirror.ID, mirrorWindow)
		if err != nil {
			return err
		}
		w.Jobs = append(w.Jobs, some...)
	}
	return w.readParents(ctx, x)
}

func (w *MirrorWork) readParents(ctx context.Context, x q) error {
	var ids []int64
	for _, j := range w.Jobs {
		if j.ParentID != 0 {
			ids = append(ids, j.ParentID)
		}
	}
	parents, err := list(ctx, x, scanStatusJob, `SELECT `+statusColumns+` FROM mirror_jobs WHERE id IN IDS($1)`, array(sortedUnique(ids)))
	w.Parents = make(map[int64]social.StatusJob, len(parents))
	for _, p := range parents {
		w.Parents[p.ID] = p
	}
	return err
}

// MirrorStart is what is written before an act.
type MirrorStart struct {
	Was     social.StatusJob   // the row as it was read
	Begun   social.StatusJob   // as it is before the call
	Drafts  []social.StatusJob // further rows of its Post, which get other words
	Budgets []BudgetChange
}

// BeginMirror writes the row as it is before a call, and the spent budgets,
// under the claim. Whether the row still stands as it was read, and the Mirror
// too, is read again in the same transaction: Conflict says that nothing may be
// sent.
func (s *Store) BeginMirror(ctx context.Context, t social.Task, m social.Mirror, b MirrorStart, now time.Time) error {
	return s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.MirrorTask)
		if err != nil {
			return err
		}
		// Writes, so that PostgreSQL holds the rows against a pause pressed now.
		for _, hold := range []struct {
			text string
			args []any
		}{
			{`UPDATE destinations SET state = state WHERE id = $1 AND user_id = $2 AND state IN ('active', 'limit-reached')`, []any{t.ID, owner}},
			{`UPDATE mirrors SET state = state WHERE id = $1 AND destination_id = $2 AND state = $3`, []any{m.ID, t.ID, string(m.State)}},
			{`UPDATE mirror_jobs SET state = state WHERE id = $1 AND mirror_id = $2 AND state = $3`, []any{b.Was.ID, m.ID, string(b.Was.State)}},
		} {
			n, err := x.exec(ctx, hold.text, hold.args...)
			if err == nil && n == 0 {
				err = notNow()
			}
			if err != nil {
				return err
			}
		}
		if err := writeStatusJob(ctx, x, b.Begun, now); err != nil {
			return err
		}
		for _, job := range b.Drafts {
			if _, err := x.exec(ctx, `UPDATE mirror_jobs SET draft = $3, print = $4 WHERE id = $1 AND mirror_id = $2 AND state = 'planned'`,
				job.ID, m.ID, encode(job.Draft), job.Print); err != nil {
				return err
			}
		}
		return saveBudgets(ctx, x, owner, t.ID, b.Budgets)
	})
}

// MirrorStep is what came of one act.
type MirrorStep struct {
	Jobs    []social.StatusJob
	Budgets []BudgetChange
	State   social.DestinationState // of the Destination, "" as it is
	Halt    *fault.Fault            // why the Mirror is paused, nil when it is not
}

// SaveStep writes what came of an act for the Mirror under the claim. What
// arrived while the person pressed undo is to be deleted too. needed reports
// whether the archive still is: for what is left to do, or for files that failed
// and may be tried again.
func (s *Store) SaveStep(ctx context.Context, t social.Task, m social.Mirror, step MirrorStep, now time.Time) (needed bool, err error) {
	err = s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.MirrorTask)
		if err != nil {
			return err
		}
		undoing, err := scalar[bool](x.row(ctx, `UPDATE mirrors SET last_at = $3 WHERE id = $1 AND destination_id = $2 RETURNING state = 'undoing'`, m.ID, t.ID, micros(now)))
		if err != nil {
			return err
		}
		for _, job := range step.Jobs {
			if undoing {
				if job, err = underUndo(ctx, x, job); err != nil {
					return err
				}
			}
			if err := writeStatusJob(ctx, x, job, now); err != nil {
				return err
			}
		}
		if err := saveBudgets(ctx, x, owner, t.ID, step.Budgets); err != nil {
			return err
		}
		if err := step.halt(ctx, x, t.ID, m.ID); err != nil {
			return err
		}
		needed, err = scalar[bool](x.row(ctx, `SELECT `+needsArchive+` FROM mirrors WHERE id = $1`, m.ID))
		return err
	})
	return needed, err
}

// needsArchive says that files of a Mirror are still to be sent, or may be.
const needsArchive = `(` + isOpen + ` OR state <> 'undoing' AND EXISTS (SELECT 1 FROM mirror_jobs AS f
	WHERE f.mirror_id = mirrors.id AND f.state = 'failed' AND f.file_count > 0))`

// underUndo is a row that was on its way when its Mirror's undo began.
func underUndo(ctx context.Context, x q, job social.StatusJob) (social.StatusJob, error) {
	stored, err := scalar[social.StatusState](x.row(ctx, `SELECT state FROM mirror_jobs WHERE id = $1`, job.ID))
	switch {
	case err != nil || stored == social.StatusUndoing:
	case job.State == social.StatusSent:
		job.State, job.Reason, job.DueAt = social.StatusUndoing, social.MirrorFine, time.Time{}
	case job.State == social.StatusPlanned:
		job.State, job.Reason, job.DueAt = social.StatusCanceled, social.MirrorFine, time.Time{}
	}
	return job, err
}

func (step MirrorStep) halt(ctx context.Context, x q, destinationID, mirrorID int64) error {
	if step.State != "" {
		if _, err := x.exec(ctx, `UPDATE destinations SET state = $2 WHERE id = $1`, destinationID, string(step.State)); err != nil {
			return err
		}
	}
	if step.Halt == nil {
		return nil
	}
	_, err := x.exec(ctx, `UPDATE mirrors SET state = CASE WHEN state = 'running' THEN 'paused' ELSE state END,
		fault_code = $2, fault_args = $3, fault_say = $4 WHERE id = $1`, mirrorID, step.Halt.Code, encode(step.Halt.Args), clean(step.Halt.Say))
	return err
}

// MirrorKnown are the statuses that the ledgers of the Destination's Mirrors
// hold, with when each was sent.
func (s *Store) MirrorKnown(ctx context.Context, destinationID int64) (map[social.RemoteID]time.Time, error) {
	type row struct {
		id social.RemoteID
		at time.Time
	}
	all, err := list(ctx, s.reading, func(r scanner) (k row, err error) { return k, r.Scan(&k.id, moment{&k.at}) },
		`SELECT remote_id, sent_at FROM mirror_jobs WHERE destination_id = $1 AND remote_id <> ''`, destinationID)
	known := make(map[social.RemoteID]time.Time, len(all))
	for _, k := range all {
		known[k.id] = k.at
	}
	return known, s.d.mean(err)
}

// MirrorWaiting lists the Mirror's rows that were never tried, in order.
func (s *Store) MirrorWaiting(ctx context.Context, mirrorID int64) ([]social.StatusJob, error) {
	all, err := list(ctx, s.reading, scanStatusJob, `SELECT `+statusColumns+` FROM mirror_jobs
		WHERE mirror_id = $1 AND is_open AND state = 'planned' AND tried_at = 0 ORDER BY position`, mirrorID)
	return all, s.d.mean(err)
}
