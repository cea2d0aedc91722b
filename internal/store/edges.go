package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"godwit/internal/social"
)

// memberRow is one member of one list of a batch.
type memberRow struct {
	Network     social.Network `json:"network"`
	NativeID    string         `json:"id"`
	UsernameKey string         `json:"username_key"`
	Title       string         `json:"title"`
}

// saveMembers keeps which lists the accounts of a batch are in.
func saveMembers(ctx context.Context, x q, userID, sourceID int64, rows []*accountRow) error {
	var members []memberRow
	for _, row := range rows {
		for _, title := range row.Lists {
			members = append(members, memberRow{row.Network, row.NativeID, row.UsernameKey, title})
		}
	}
	if len(members) == 0 {
		return nil
	}
	_, err := x.exec(ctx, `INSERT INTO list_members (source_id, title, account_id)
		SELECT CAST($3 AS BIGINT), e.value->>'title', a.id FROM EACH($2) JOIN accounts AS a ON a.user_id = $1 AND a.network = e.value->>'network'
			AND a.native_id = e.value->>'id' AND (a.native_id <> '' OR a.username_key = e.value->>'username_key')
		ON CONFLICT DO NOTHING`, userID, array(members), sourceID)
	return err
}

// edgeFrom is what a Source tells of an Edge, with the best Handle known for it.
type edgeFrom struct {
	kind    social.EdgeKind
	title   string
	network social.Network
	name    string
	handle  social.Handle // of a confirmed Match
	actorID string
}

func scanEdge(r scanner) (e edgeFrom, err error) {
	return e, r.Scan(&e.kind, &e.title, &e.network, &e.name, handle{&e.handle}, &e.actorID)
}

// carriable lists the User's mutes, blocks and list members. Whoever is found as
// a followed account counts with that Handle, and whoever was in the fediverse
// already with their own; a number on X alone leads to nobody.
func carriable(ctx context.Context, x q, userID int64) (all []social.EdgeJob, err error) {
	const match = ` LEFT JOIN matches AS m ON m.account_id = a.id AND m.decision = 'confirmed' AND m.handle_key <> '' `
	rows, err := list(ctx, x, scanEdge, `
		SELECT e.kind, '', a.network, a.username, COALESCE(m.handle, ''), COALESCE(m.actor_id, '') FROM accounts AS a INNER JOIN edges AS e ON e.account_id = a.id`+match+`
		WHERE a.user_id = $1 AND e.kind IN ('muted', 'blocked')
		UNION SELECT 'listed', l.title, a.network, a.username, COALESCE(m.handle, ''), COALESCE(m.actor_id, '') FROM accounts AS a INNER JOIN list_members AS l ON l.account_id = a.id`+match+`
		WHERE a.user_id = $1 AND NOT a.blocked ORDER BY 1, 2, 4, 5`, userID)
	seen := map[social.EdgeJob]bool{}
	for _, e := range rows {
		job := social.EdgeJob{Kind: e.kind, List: e.title, Handle: e.handle, ActorID: e.actorID}
		if job.Handle.IsZero() && e.network == social.Fediverse {
			job.Handle, _ = social.ParseHandle(e.name, social.Private)
		}
		key := social.EdgeJob{Kind: job.Kind, List: job.List, Handle: job.Handle}
		if !job.Handle.IsZero() && !seen[key] {
			seen[key] = true
			all = append(all, job)
		}
	}
	return all, err
}

// Carriable counts the mutes, blocks and list members that PlanEdges could plan
// for any Destination.
func (s *Store) Carriable(ctx context.Context, userID int64) (map[social.EdgeKind]int, error) {
	all, err := carriable(ctx, s.reading, userID)
	counts := map[social.EdgeKind]int{}
	for _, job := range all {
		counts[job.Kind]++
	}
	return counts, s.d.mean(err)
}

// plannedEdge is a new EdgeJob as it goes into the database.
type plannedEdge struct {
	Kind    social.EdgeKind `json:"kind"`
	List    string          `json:"list"`
	Handle  string          `json:"handle"`
	Key     string          `json:"key"`
	ActorID string          `json:"actor"`
}

// PlanEdges makes EdgeJobs of the User's Edges of the kinds, lists before their
// members, and rings. What was planned before is not planned again, unless it
// was undone or gave up.
func (s *Store) PlanEdges(ctx context.Context, userID, destinationID int64, kinds []social.EdgeKind, now time.Time) (planned int, err error) {
	wanted := map[social.EdgeKind]bool{}
	for _, kind := range kinds {
		wanted[kind] = true
	}
	err = s.write(ctx, func(x q) error {
		if _, err := getDestination(ctx, x, userID, destinationID); err != nil {
			return err
		}
		all, err := carriable(ctx, x, userID)
		if err != nil {
			return err
		}
		var lists, rows []plannedEdge
		titles := map[string]bool{}
		for _, j := range all {
			if !wanted[j.Kind] {
				continue
			}
			if j.Kind == social.Listed && !titles[j.List] {
				titles[j.List] = true
				lists = append(lists, plannedEdge{Kind: j.Kind, List: j.List})
			}
			rows = append(rows, plannedEdge{j.Kind, j.List, j.Handle.String(), j.Handle.Key(), clean(j.ActorID)})
		}
		if planned, err = insertEdgeJobs(ctx, x, userID, destinationID, append(lists, rows...), now); err != nil {
			return err
		}
		return ring(ctx, x, social.FollowTask, destinationID, now)
	})
	return planned, err
}

func insertEdgeJobs(ctx context.Context, x q, userID, destinationID int64, rows []plannedEdge, now time.Time) (int, error) {
	return x.exec(ctx, `INSERT INTO edge_jobs (user_id, destination_id, kind, list, handle, handle_key, actor_id, remote_id, list_id,
			state, outcome, reason, attempts, due_at, updated_at)
		SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), e.value->>'kind', e.value->>'list', e.value->>'handle', e.value->>'key',
			e.value->>'actor', '', '', 'planned', '', '', 0, CAST($4 AS BIGINT), CAST($4 AS BIGINT)
		FROM EACH($3) WHERE true
		ON CONFLICT (destination_id, kind, list, handle_key) DO UPDATE SET state = 'planned', outcome = '', reason = '', attempts = 0,
			list_id = '', due_at = excluded.due_at, updated_at = excluded.updated_at
		WHERE edge_jobs.state = 'canceled' OR edge_jobs.state = 'done' AND edge_jobs.outcome IN ('deferred', 'undone')`,
		userID, destinationID, array(rows), micros(now))
}

// UndoEdges takes back the mutes, blocks, lists and members that Godwit made for
// the Destination, and nothing that stood before. It rings.
func (s *Store) UndoEdges(ctx context.Context, userID, destinationID int64, now time.Time) (n int, err error) {
	err = s.write(ctx, func(x q) error {
		n, err = x.exec(ctx, `UPDATE edge_jobs SET attempts = 0, updated_at = $3,
				state = CASE WHEN outcome = 'applied' OR attempts > 0 AND state = 'planned' THEN 'undoing' ELSE 'canceled' END,
				due_at = CASE WHEN outcome = 'applied' OR attempts > 0 AND state = 'planned' THEN CAST($3 AS BIGINT) ELSE 0 END
			WHERE user_id = $1 AND destination_id = $2 AND (state = 'planned' OR state = 'done' AND outcome = 'applied')`,
			userID, destinationID, micros(now))
		if err != nil || n == 0 {
			return err
		}
		return ring(ctx, x, social.FollowTask, destinationID, now)
	})
	return n, err
}

const edgeJobColumns = `id, user_id, destination_id, kind, list, handle, actor_id, remote_id, list_id, state, outcome, reason, attempts, due_at, updated_at`

func scanEdgeJob(r scanner) (j social.EdgeJob, err error) {
	return j, r.Scan(&j.ID, &j.UserID, &j.DestinationID, &j.Kind, &j.List, handle{&j.Handle}, &j.ActorID, &j.RemoteID, &j.ListID,
		&j.State, &j.Outcome, &j.Reason, &j.Attempts, moment{&j.DueAt}, moment{&j.UpdatedAt})
}

// ListEdgeJobs lists the Destination's EdgeJobs, canceled ones left out.
func (s *Store) ListEdgeJobs(ctx context.Context, userID, destinationID int64) ([]social.EdgeJob, error) {
	all, err := list(ctx, s.reading, scanEdgeJob, `SELECT `+edgeJobColumns+` FROM edge_jobs
		WHERE user_id = $1 AND destination_id = $2 AND state <> 'canceled' ORDER BY id`, userID, destinationID)
	return all, s.d.mean(err)
}

// readEdges finds the next EdgeJob that is due: lists are undone after their
// members, and made before. Nothing is while the following is paused.
func (w *FollowWork) readEdges(ctx context.Context, x q, now time.Time) error {
	if w.Destination.State != social.Active || w.Destination.Follow == social.FollowPaused {
		return nil
	}
	all, err := list(ctx, x, scanEdgeJob, `SELECT `+edgeJobColumns+` FROM edge_jobs WHERE destination_id = $1 AND due_at > 0
		ORDER BY CASE WHEN due_at <= $2 THEN 0 ELSE due_at END, CASE WHEN state = 'undoing' AND handle_key = '' THEN 1 ELSE 0 END, id LIMIT 1`, w.Destination.ID, micros(now))
	if err != nil || len(all) == 0 {
		return err
	}
	w.Edge = all[0]
	if w.Edge.Kind != social.Listed || w.Edge.Handle.IsZero() || w.Edge.ListID != "" {
		return nil
	}
	id, err := scalar[string](x.row(ctx, `SELECT list_id FROM edge_jobs WHERE destination_id = $1 AND kind = 'listed' AND list = $2 AND handle_key = ''`,
		w.Destination.ID, w.Edge.List))
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	w.Edge.ListID = social.RemoteID(id)
	return err
}

// BeginEdge counts the EdgeJob's attempt before anything is sent. Conflict says
// that it may not be sent any more.
func (s *Store) BeginEdge(ctx context.Context, t social.Task, job social.EdgeJob, budgets []BudgetChange, now time.Time) error {
	return s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.FollowTask)
		if err != nil {
			return err
		}
		n, err := x.exec(ctx, `UPDATE destinations SET state = state WHERE id = $1 AND user_id = $2 AND state = 'active' AND follow_state <> 'paused'`, t.ID, owner)
		if err == nil && n == 1 {
			n, err = x.exec(ctx, `UPDATE edge_jobs SET attempts = attempts + 1, updated_at = $4 WHERE id = $1 AND destination_id = $2 AND state = $3`,
				job.ID, t.ID, string(job.State), micros(now))
		}
		if err == nil && n == 0 {
			return notNow()
		}
		if err != nil {
			return err
		}
		return saveBudgets(ctx, x, owner, t.ID, budgets)
	})
}

// SaveEdge writes an EdgeJob after its step, with the Destination's State. One
// that is not in the state before any more, since it is to be undone, keeps its
// new one.
func (s *Store) SaveEdge(ctx context.Context, t social.Task, before social.JobState, j social.EdgeJob, budgets []BudgetChange, d social.Destination, now time.Time) error {
	return s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.FollowTask)
		if err != nil {
			return err
		}
		_, err = x.exec(ctx, `UPDATE edge_jobs SET outcome = $4, reason = $5, remote_id = $6, list_id = $7, attempts = $8, updated_at = $10,
				state = CASE WHEN state = $11 THEN $3 ELSE state END,
				due_at = CASE WHEN state = $11 THEN CAST($9 AS BIGINT) ELSE due_at END
			WHERE id = $1 AND destination_id = $2`, j.ID, t.ID, string(j.State), string(j.Outcome), string(j.Reason), string(j.RemoteID),
			string(j.ListID), j.Attempts, micros(j.DueAt), micros(now), string(before))
		if err != nil {
			return err
		}
		if _, err = x.exec(ctx, `UPDATE destinations SET state = $3 WHERE id = $1 AND user_id = $2`, t.ID, owner, string(d.State)); err != nil {
			return err
		}
		return saveBudgets(ctx, x, owner, t.ID, budgets)
	})
}
