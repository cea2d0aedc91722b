package store

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// wanted are the live, confirmed Matches of people who are not blocked that
// have no FollowJob of the Destination ($2) in one of the states given.
// Of two Matches with one Handle the more certain one speaks for both.
func wanted(except string) string {
	return matchTables + `WHERE m.user_id = $1 AND m.handle_key <> '' AND m.decision = 'confirmed' AND NOT a.blocked
		AND NOT EXISTS (SELECT 1 FROM follow_jobs AS j WHERE j.destination_id = $2 AND j.handle_key = m.handle_key AND ` + except + `)
		ORDER BY ` + rank + `, m.id`
}

const rank = `CASE m.certainty WHEN 'certain' THEN 0 WHEN 'likely' THEN 1 ELSE 2 END`

const (
	// open jobs and those that ended are left alone, but not one that gave up.
	plannedOrOver = `j.state <> 'canceled' AND NOT (j.state = 'done' AND j.outcome = 'deferred')`
	// asked ones and those that ended are in the server's hands already.
	askedOrOver = `(j.state = 'asked' OR j.state = 'done' AND j.outcome <> 'deferred')`
)

// Followable lists the Matches that PlanFollows would take, most certain first,
// one per Handle: confirmed, found, not excluded, and without a FollowJob of
// this Destination, apart from canceled ones and ones that gave up.
func (s *Store) Followable(ctx context.Context, userID, destinationID int64) ([]social.Match, error) {
	return s.listWanted(ctx, userID, destinationID, plannedOrOver)
}

// NotFollowed lists the Matches that a file for the Destination's server should
// hold: Followable ones and those planned but not asked yet.
func (s *Store) NotFollowed(ctx context.Context, userID, destinationID int64) ([]social.Match, error) {
	return s.listWanted(ctx, userID, destinationID, askedOrOver)
}

func (s *Store) listWanted(ctx context.Context, userID, destinationID int64, except string) ([]social.Match, error) {
	all, err := list(ctx, s.reading, scanMatch, `SELECT `+matchColumns+wanted(except), userID, destinationID)
	return onePerHandle(all), s.d.mean(err)
}

func onePerHandle(all []social.Match) []social.Match {
	seen := map[string]bool{}
	first := all[:0]
	for _, m := range all {
		if key := m.Handle.Key(); !seen[key] {
			seen[key] = true
			first = append(first, m)
		}
	}
	return first
}

// jobRow is a new FollowJob as it goes into the database.
type jobRow struct {
	MatchID int64  `json:"match"`
	Handle  string `json:"handle"`
	Key     string `json:"key"`
	Domain  string `json:"domain"`
	ActorID string `json:"actor"`
	Rank    int    `json:"rank"`
	Locked  bool   `json:"locked"`
}

// PlanFollows makes a FollowJob of each Followable, most certain first, starts
// the Destination's following and rings for it. It plans nothing twice: planned
// counts the new jobs only, those left out that lead to a host which the home
// server is known to suspend: they are refused at once.
func (s *Store) PlanFollows(ctx context.Context, userID, destinationID int64, now time.Time) (planned int, err error) {
	err = s.write(ctx, func(x q) error {
		if err := setFollow(ctx, x, userID, destinationID, social.FollowRunning, now); err != nil {
			return err
		}
		all, err := list(ctx, x, scanMatch, `SELECT `+matchColumns+wanted(plannedOrOver), userID, destinationID)
		if err != nil {
			return err
		}
		if planned, err = insertJobs(ctx, x, userID, destinationID, onePerHandle(all), now); err != nil {
			return err
		}
		d, err := getDestination(ctx, x, userID, destinationID)
		if err != nil {
			return err
		}
		refused, err := leaveOut(ctx, x, d, now)
		if err != nil {
			return err
		}
		planned -= refused
		if err := s.spreadPlain(ctx, x, userID, now); err != nil {
			return err
		}
		return ring(ctx, x, social.FollowTask, destinationID, now)
	})
	return planned, err
}

// leaveOut ends the planned jobs that lead to a server which the home server
// suspends, or which is to be left alone, and fills in the ids that are known.
func leaveOut(ctx context.Context, x q, d social.Destination, now time.Time) (refused int, err error) {
	if refused, err = refuseBlocked(ctx, x, d, now); err != nil {
		return refused, err
	}
	alone, err := refuseAlone(ctx, x, d.ID)
	if err != nil {
		return refused, err
	}
	return refused + alone, fillPlanned(ctx, x, d)
}

func insertJobs(ctx context.Context, x q, userID, destinationID int64, all []social.Match, now time.Time) (int, error) {
	ranks := map[social.Certainty]int{social.Certain: 0, social.Likely: 1}
	rows := make([]jobRow, len(all))
	for i, m := range all {
		place, ranked := ranks[m.Certainty]
		if !ranked {
			place = 2
		}
		rows[i] = jobRow{m.ID, m.Handle.String(), m.Handle.Key(), registrable(m.Handle.Host()), m.ActorID, place, m.Resolution.Locked}
	}
	return x.exec(ctx, `
		INSERT INTO follow_jobs (user_id, destination_id, match_id, handle, handle_key, domain, actor_id, rank, state, outcome, reason,
			new_handle, remote_id, locked, attempts, empty, checks, due_at, asked_at, updated_at)
		SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST(e.value->>'match' AS BIGINT), e.value->>'handle', e.value->>'key',
			e.value->>'domain', e.value->>'actor', CAST(e.value->>'rank' AS BIGINT), 'planned', '', '',
			'', '', CAST(e.value->>'locked' AS BOOLEAN), 0, 0, 0, CAST($4 AS BIGINT), 0, CAST($4 AS BIGINT)
		FROM EACH($3) WHERE true
		ON CONFLICT (destination_id, handle_key) DO UPDATE SET match_id = excluded.match_id, actor_id = excluded.actor_id,
			rank = excluded.rank, state = 'planned', outcome = '', locked = excluded.locked,
			attempts = 0, empty = 0, checks = 0, due_at = excluded.due_at, updated_at = excluded.updated_at
		WHERE follow_jobs.state = 'canceled' OR follow_jobs.state = 'done' AND follow_jobs.outcome = 'deferred'`,
		userID, destinationID, array(rows), micros(now))
}

// SetFollowState pauses, resumes or cancels; cancelling ends planned jobs.
// What is asked already is still looked after. Resuming rings. Each of them
// ends an undo that is under way: whom it has not reached stays followed.
func (s *Store) SetFollowState(ctx context.Context, userID, destinationID int64, state social.FollowState, now time.Time) error {
	return s.write(ctx, func(x q) error {
		err := setFollow(ctx, x, userID, destinationID, state, now)
		if err == nil && state == social.FollowStopped {
			err = cancelPlanned(ctx, x, userID, destinationID, now)
		}
		if err != nil || state == social.FollowPaused {
			return err
		}
		return ring(ctx, x, social.FollowTask, destinationID, now)
	})
}

// RetryFollows makes jobs that gave up or wait due again: one, or all with id
// 0. What was refused or is gone stays so. The reason is kept: it tells the
// bridge whether a follow may have been sent already.
func (s *Store) RetryFollows(ctx context.Context, userID, destinationID, jobID int64, now time.Time) (n int, err error) {
	err = s.write(ctx, func(x q) error {
		n, err = x.exec(ctx, `
			UPDATE follow_jobs SET state = 'planned', outcome = '', attempts = 0, empty = 0, due_at = $4, updated_at = $4
			WHERE user_id = $1 AND destination_id = $2 AND (CAST($3 AS BIGINT) = 0 OR id = $3)
			AND (state = 'done' AND outcome = 'deferred' OR state = 'planned' AND due_at > $4 AND reason <> 'plain-list')`,
			userID, destinationID, jobID, micros(now))
		if err != nil || n == 0 {
			return err
		}
		return ring(ctx, x, social.FollowTask, destinationID, now)
	})
	return n, err
}

// FollowCounts is the summary of the progress page.
type FollowCounts struct {
	Total     int // canceled ones left out
	Waiting   int // planned
	Asked     int // sent, outcome followed or requested, not final
	Undoing   int // to be unfollowed again
	ByOutcome map[social.Outcome]int
	NextDue   time.Time // of the earliest waiting job, or the earliest to be unfollowed
}

// FollowCounts counts the Destination's FollowJobs. NotFound when it is not the User's.
func (s *Store) FollowCounts(ctx context.Context, userID, destinationID int64) (c FollowCounts, err error) {
	type group struct {
		state   social.JobState
		outcome social.Outcome
		n       int
	}
	c.ByOutcome = map[social.Outcome]int{}
	err = s.read(ctx, func(x q) error {
		if _, err := getDestination(ctx, x, userID, destinationID); err != nil {
			return err
		}
		rows, err := list(ctx, x, func(r scanner) (g group, err error) {
			return g, r.Scan(&g.state, &g.outcome, &g.n)
		}, `SELECT state, outcome, count(*) FROM follow_jobs WHERE destination_id = $1 AND state <> 'canceled' GROUP BY 1, 2`, destinationID)
		if err != nil {
			return err
		}
		for _, g := range rows {
			c.add(g.state, g.outcome, g.n)
		}
		return x.row(ctx, `SELECT COALESCE(MIN(due_at), 0) FROM follow_jobs WHERE destination_id = $1 AND state IN ('planned', 'undoing')`, destinationID).
			Scan(moment{&c.NextDue})
	})
	return c, err
}

func (c *FollowCounts) add(state social.JobState, outcome social.Outcome, n int) {
	c.Total += n
	switch state {
	case social.JobPlanned:
		c.Waiting += n
	case social.JobAsked:
		c.Asked += n
	case social.JobUndoing:
		c.Undoing += n
	}
	if outcome != social.NoOutcome {
		c.ByOutcome[outcome] += n
	}
}

// FollowFilter selects FollowJobs, newest change first.
type FollowFilter struct {
	DestinationID int64
	Outcome       social.Outcome // "" for all
	Offset, Limit int            // Limit at most 200
}

const jobColumns = `id, user_id, destination_id, match_id, handle, actor_id, state, outcome, reason, new_handle, remote_id, locked,
	attempts, empty, checks, due_at, asked_at, updated_at`

func scanJob(r scanner) (j social.FollowJob, err error) {
	err = r.Scan(&j.ID, &j.UserID, &j.DestinationID, &j.MatchID, handle{&j.Handle}, &j.ActorID, &j.State, &j.Outcome, &j.Reason,
		handle{&j.NewHandle}, &j.RemoteID, &j.Locked, &j.Attempts, &j.Empty, &j.Checks,
		moment{&j.DueAt}, moment{&j.AskedAt}, moment{&j.UpdatedAt})
	return j, err
}

// ListFollowJobs lists the User's FollowJobs that fit the filter, canceled ones
// left out, and counts all that fit.
func (s *Store) ListFollowJobs(ctx context.Context, userID int64, f FollowFilter) (all []social.FollowJob, total int, err error) {
	where := ` FROM follow_jobs WHERE user_id = $1 AND destination_id = $2 AND state <> 'canceled' AND ($3 = '' OR outcome = $3)`
	args := []any{userID, f.DestinationID, string(f.Outcome)}
	err = s.read(ctx, func(x q) error {
		if total, err = scalar[int](x.row(ctx, `SELECT count(*)`+where, args...)); err != nil {
			return err
		}
		all, err = list(ctx, x, scanJob, `SELECT `+jobColumns+where+` ORDER BY updated_at DESC, id DESC LIMIT $4 OFFSET $5`,
			append(args, min(max(f.Limit, 0), maxPage), max(f.Offset, 0))...)
		return err
	})
	return all, total, err
}

// GetFollowJob returns one of the User's FollowJobs, or NotFound.
func (s *Store) GetFollowJob(ctx context.Context, userID, id int64) (social.FollowJob, error) {
	job, err := scanJob(s.reading.row(ctx, `SELECT `+jobColumns+` FROM follow_jobs WHERE user_id = $1 AND id = $2`, userID, id))
	return job, s.d.mean(err)
}

// notNow says that a job may not be sent any more, or not at the moment.
func notNow() error {
	return fault.New(fault.Conflict, "not-now", "This was stopped or changed in the meantime. Nothing was sent.")
}
