package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const mirrorColumns = `id, user_id, destination_id, source_id, live, state, fault_code, fault_args, fault_say, protected, network, names,
	rules, limits, version, server_rules, summary, planned_at, started_at, last_at, created_at`

func scanMirror(r scanner) (m social.Mirror, err error) {
	err = r.Scan(&m.ID, &m.UserID, &m.DestinationID, &m.SourceID, &m.Live, &m.State, &m.FaultCode, document{&m.FaultArgs}, &m.FaultSay,
		&m.Protected, &m.Network, document{&m.Names}, document{&m.Rules}, document{&m.Limits}, &m.Version, document{&m.ServerRules},
		document{&m.Plan}, moment{&m.PlannedAt}, moment{&m.StartedAt}, moment{&m.LastAt}, moment{&m.CreatedAt})
	return m, err
}

// SaveMirror makes the Mirror of a Source for a Destination, or gives the one
// there is other rules, and rings for its planning: nothing is sent by it. What
// was sent already stays, unless it was undone: then all begins anew. NotFound
// when one of the two is not the User's, Invalid with code mirror-runs while
// posts are carried over or deleted again.
func (s *Store) SaveMirror(ctx context.Context, userID, destinationID, sourceID int64, rules social.MirrorRules, now time.Time) (m social.Mirror, err error) {
	err = s.write(ctx, func(x q) error {
		if _, err := getDestination(ctx, x, userID, destinationID); err != nil {
			return err
		}
		if _, err := scanSource(x.row(ctx, `SELECT `+sourceColumns+` FROM sources WHERE user_id = $1 AND id = $2`, userID, sourceID)); err != nil {
			return err
		}
		m, err = x.saveMirror(ctx, userID, destinationID, sourceID, rules, now)
		return err
	})
	return m, err
}

func (x q) saveMirror(ctx context.Context, userID, destinationID, sourceID int64, rules social.MirrorRules, now time.Time) (social.Mirror, error) {
	m, err := scanMirror(x.row(ctx, `
		INSERT INTO mirrors (user_id, destination_id, source_id, state, fault_code, fault_args, fault_say, protected, network, names,
			rules, limits, version, server_rules, summary, planned_at, started_at, last_at, created_at)
		VALUES ($1, $2, $3, '', '', '', '', false, '', '', $4, '', '', '', '', 0, 0, 0, $5)
		ON CONFLICT (destination_id, source_id) DO UPDATE SET rules = excluded.rules, planned_at = 0, fault_code = '', fault_say = '',
			fault_args = '', state = CASE WHEN mirrors.state = 'paused' THEN mirrors.state ELSE '' END
		WHERE NOT (mirrors.state IN ('running', 'undoing') AND `+isOpen+`)
		RETURNING `+mirrorColumns, userID, destinationID, sourceID, encode(rules), micros(now)))
	if errors.Is(err, sql.ErrNoRows) {
		return m, mirrorRuns()
	}
	if err != nil {
		return m, err
	}
	return m, ring(ctx, x, social.MirrorTask, destinationID, now)
}

// isOpen says that something is still to be done for a Mirror's rows.
const isOpen = `EXISTS (SELECT 1 FROM mirror_jobs AS o WHERE o.mirror_id = mirrors.id AND o.is_open)`

func mirrorRuns() error {
	return fault.New(fault.Invalid, "mirror-runs", "Posts are being carried over, or deleted again, at the moment. Nothing was changed; pause it first, or wait for its end.")
}

// GetMirror returns the User's Mirror, or NotFound.
func (s *Store) GetMirror(ctx context.Context, userID, id int64) (social.Mirror, error) {
	m, err := getMirror(ctx, s.reading, userID, id)
	return m, s.d.mean(err)
}

func getMirror(ctx context.Context, x q, userID, id int64) (social.Mirror, error) {
	return scanMirror(x.row(ctx, `SELECT `+mirrorColumns+` FROM mirrors WHERE user_id = $1 AND id = $2`, userID, id))
}

// ListMirrors lists the User's Mirrors, oldest first.
func (s *Store) ListMirrors(ctx context.Context, userID int64) ([]social.Mirror, error) {
	all, err := list(ctx, s.reading, scanMirror, `SELECT `+mirrorColumns+` FROM mirrors WHERE user_id = $1 ORDER BY id`, userID)
	return all, s.d.mean(err)
}

// StartMirror starts a planned Mirror, or lets a paused one go on, and rings.
// Several of one Destination are worked on one after the other. Invalid with
// code mirror-not-planned when it is not planned (any more), mirror-runs when it
// runs or is being undone.
func (s *Store) StartMirror(ctx context.Context, userID, id int64, now time.Time) error {
	unplanned := false
	err := s.write(ctx, func(x q) error {
		m, err := getMirror(ctx, x, userID, id)
		if err != nil {
			return err
		}
		if m.State != social.MirrorIdle && m.State != social.MirrorPaused {
			return mirrorRuns()
		}
		if err := planAnew(ctx, x, &m); err != nil {
			return err
		}
		if unplanned = m.PlannedAt.IsZero(); unplanned {
			return ring(ctx, x, social.MirrorTask, m.DestinationID, now)
		}
		if _, err := x.exec(ctx, `UPDATE mirrors SET state = 'running', fault_code = '', fault_args = '', fault_say = '',
			started_at = CASE WHEN started_at = 0 THEN $2 ELSE started_at END WHERE id = $1`, id, micros(now)); err != nil {
			return err
		}
		if m.Live {
			if err := startLive(ctx, x, id, now); err != nil {
				return err
			}
		}
		return ring(ctx, x, social.MirrorTask, m.DestinationID, now)
	})
	if err == nil && unplanned {
		return fault.New(fault.Invalid, "mirror-not-planned", "It isn't planned yet which posts are carried over, so nothing was sent. Wait a moment and try again.")
	}
	return err
}

// planAnew has a Mirror planned again when another one of the Destination was
// started since (of two exports with the same posts each is carried over once),
// or the server takes less than it said.
func planAnew(ctx context.Context, x q, m *social.Mirror) error {
	n, err := x.exec(ctx, `UPDATE mirrors SET planned_at = 0, fault_code = '' WHERE id = $1 AND (fault_code = 'mirror-limits' OR NOT live AND EXISTS (SELECT 1 FROM mirrors AS o
		WHERE o.destination_id = mirrors.destination_id AND o.id <> mirrors.id AND o.started_at >= mirrors.planned_at))`, m.ID)
	if n > 0 {
		m.PlannedAt = time.Time{}
	}
	return err
}

// PauseMirror pauses a running Mirror: after it returns at most the one request
// that is on its way still arrives. Invalid when it does not run.
func (s *Store) PauseMirror(ctx context.Context, userID, id int64) error {
	return s.write(ctx, func(x q) error {
		return x.halt(ctx, userID, id, `state = 'running'`, social.MirrorPaused)
	})
}

// halt stops a Mirror that is in a state; NotFound when there is none.
func (x q) halt(ctx context.Context, userID, id int64, from string, to social.MirrorState) error {
	n, err := x.exec(ctx, `UPDATE mirrors SET state = $3, fault_code = '', fault_args = '', fault_say = ''
		WHERE user_id = $1 AND id = $2 AND `+from, userID, id, string(to))
	if err != nil || n > 0 {
		return err
	}
	if _, err := getMirror(ctx, x, userID, id); err != nil {
		return err
	}
	return fault.New(fault.Invalid, "mirror-not-running", "Nothing is being carried over at the moment. Nothing was changed.")
}

// StopMirror ends a Mirror for good: what was not sent yet never will be. What
// was sent stays, and can be undone.
func (s *Store) StopMirror(ctx context.Context, userID, id int64, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if err := x.halt(ctx, userID, id, `state IN ('', 'running', 'paused')`, social.MirrorStopped); err != nil {
			return err
		}
		if err := dropFound(ctx, x, id); err != nil {
			return err
		}
		_, err := x.exec(ctx, `UPDATE mirror_jobs SET state = 'canceled', is_open = false, reason = '', due_at = 0, updated_at = $2
			WHERE mirror_id = $1 AND state = 'planned' AND tried_at = 0`, id, micros(now))
		return err
	})
}

// UndoMirror has all that the Mirror posted deleted again, the last one first,
// ends what is only planned, and rings. n counts the statuses that stand, or may
// stand. The rules are those of bridge.BeginUndo.
func (s *Store) UndoMirror(ctx context.Context, userID, id int64, now time.Time) (n int, err error) {
	err = s.write(ctx, func(x q) error {
		m, err := getMirror(ctx, x, userID, id)
		if err != nil {
			return err
		}
		if _, err := x.exec(ctx, `UPDATE mirrors SET state = 'undoing', fault_code = '', fault_args = '', fault_say = '' WHERE id = $1`, id); err != nil {
			return err
		}
		if err := dropFound(ctx, x, id); err != nil {
			return err
		}
		for _, text := range []string{
			`state = 'canceled', is_open = false, reason = '' WHERE mirror_id = $1 AND state = 'planned' AND tried_at = 0`,
			`state = 'unknown', is_open = true, reason = 'unclear' WHERE mirror_id = $1 AND (state = 'planned'
				OR state = 'failed' AND (reason = 'unclear' OR reason = 'gave-up' AND tried_at > 0))`,
			`state = 'undoing', is_open = true, reason = '' WHERE mirror_id = $1 AND state = 'sent'`,
		} {
			if _, err := x.exec(ctx, `UPDATE mirror_jobs SET attempts = 0, due_at = 0, updated_at = $2, `+text, id, micros(now)); err != nil {
				return err
			}
		}
		if n, err = scalar[int](x.row(ctx, `SELECT count(*) FROM mirror_jobs WHERE mirror_id = $1 AND is_open`, id)); err != nil {
			return err
		}
		return ring(ctx, x, social.MirrorTask, m.DestinationID, now)
	})
	return n, err
}

// RetryMirror gives rows that failed to again (bridge.Retry), one or all with
// jobID 0, and rings. n counts those that are tried again.
func (s *Store) RetryMirror(ctx context.Context, userID, id, jobID int64, again func(social.StatusJob) social.StatusJob, now time.Time) (n int, err error) {
	err = s.write(ctx, func(x q) error {
		n = 0
		m, err := getMirror(ctx, x, userID, id)
		if err != nil {
			return err
		}
		failed, err := list(ctx, x, scanStatusJob, `SELECT `+statusColumns+` FROM mirror_jobs
			WHERE mirror_id = $1 AND state = 'failed' AND (CAST($2 AS BIGINT) = 0 OR id = $2) ORDER BY position`, id, jobID)
		if err != nil {
			return err
		}
		for _, job := range failed {
			if job = again(job); job.State == social.StatusFailed {
				continue
			}
			n++
			if err := writeStatusJob(ctx, x, job, now); err != nil {
				return err
			}
		}
		return ring(ctx, x, social.MirrorTask, m.DestinationID, now)
	})
	return n, err
}

// KeepArchive notes where a Source's bytes lie, as long as a Mirror needs them:
// an upload in the spool, or a path of the person's own. old is the upload that
// nobody needs any more, "" for none.
func (s *Store) KeepArchive(ctx context.Context, userID, sourceID int64, spool string, own bool) (old string, err error) {
	err = s.write(ctx, func(x q) error {
		was, err := scanSource(x.row(ctx, `SELECT `+sourceColumns+` FROM sources WHERE user_id = $1 AND id = $2`, userID, sourceID))
		if err != nil {
			return err
		}
		if old = ""; !was.Keep && was.Spool != spool {
			old = was.Spool
		}
		_, err = x.exec(ctx, `UPDATE sources SET spool = $2, keep = $3, hold = NOT CAST($3 AS BOOLEAN) WHERE id = $1`, sourceID, clean(spool), own)
		return err
	})
	return old, err
}

// ReleaseArchive ends that: spool is the upload to be deleted, "" for none.
func (s *Store) ReleaseArchive(ctx context.Context, userID, sourceID int64) (spool string, err error) {
	err = s.write(ctx, func(x q) error {
		was, err := scanSource(x.row(ctx, `SELECT `+sourceColumns+` FROM sources WHERE user_id = $1 AND id = $2`, userID, sourceID))
		if err != nil {
			return err
		}
		if spool = ""; was.Hold {
			spool = was.Spool
		}
		_, err = x.exec(ctx, `UPDATE sources SET hold = false, spool = CASE WHEN hold THEN '' ELSE spool END WHERE id = $1`, sourceID)
		return err
	})
	return spool, err
}
