package store

import (
	"context"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// untouched says that a row of a table is one of which nothing stands on the server: such
// rows are made anew when a Mirror is planned again.
func untouched(table string) string {
	return strings.ReplaceAll(`(?state IN ('planned', 'failed') AND ?tried_at = 0 OR ?state IN ('canceled', 'deleted'))`, "?", table)
}

// BeginPlan clears what an earlier planning of the Mirror left and nobody sent.
// done are the Posts that are not to be planned: of which something was sent
// already, by this Mirror or another one of the Destination, or will be by one
// that was started.
func (s *Store) BeginPlan(ctx context.Context, t social.Task, m social.Mirror, network social.Network) (done map[string]bool, err error) {
	err = s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.MirrorTask); err != nil {
			return err
		}
		for _, text := range []string{
			`DELETE FROM mirror_jobs WHERE mirror_id = $1 AND NOT EXISTS (SELECT 1 FROM mirror_jobs AS o
				WHERE o.mirror_id = mirror_jobs.mirror_id AND o.post_id = mirror_jobs.post_id AND NOT ` + untouched("o.") + `)`,
			`DELETE FROM mirror_posts WHERE mirror_id = $1 AND NOT EXISTS (SELECT 1 FROM mirror_jobs AS o
				WHERE o.mirror_id = mirror_posts.mirror_id AND o.post_id = mirror_posts.post_id)`,
		} {
			if _, err := x.exec(ctx, text, m.ID); err != nil {
				return err
			}
		}
		ids, err := list(ctx, x, scalar[string], `SELECT DISTINCT post_id FROM mirror_jobs
			WHERE destination_id = $1 AND network = $2 AND (mirror_id = $3 OR NOT `+untouched("")+`
				OR mirror_id IN (SELECT id FROM mirrors WHERE destination_id = $1 AND state IN ('running', 'paused')))`, t.ID, string(network), m.ID)
		done = make(map[string]bool, len(ids))
		for _, id := range ids {
			done[id] = true
		}
		return err
	})
	return done, err
}

// postRow and statusRow are new rows as they go into the database.
type postRow struct {
	ID         string `json:"id"`
	Position   int    `json:"position"`
	Answers    string `json:"answers"`
	Torn       bool   `json:"torn"`
	Visibility string `json:"visibility"`
	Notes      string `json:"notes"`
	Post       string `json:"post"`
}

type statusRow struct {
	PostID   string `json:"post"`
	Part     int    `json:"part"`
	Parts    int    `json:"parts"`
	Position int    `json:"position"`
	Draft    string `json:"draft"`
	Files    string `json:"files"`
	Count    int    `json:"count"`
	Print    string `json:"print"`
}

// partsOfPost is how many places in the plan one Post takes: the most statuses
// that it can become.
const partsOfPost = 1 << 12

// SavePlan stores some Posts of the plan with the statuses that they become,
// under the claim.
func (s *Store) SavePlan(ctx context.Context, t social.Task, m social.Mirror, network social.Network, posts []social.MirrorPost, now time.Time) error {
	m.Network = network
	return s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.MirrorTask); err != nil {
			return err
		}
		return savePlanned(ctx, x, m, posts, now)
	})
}

// savePlanned adds Posts to a Mirror's plan. Those that are in it stay as they
// are.
func savePlanned(ctx context.Context, x q, m social.Mirror, posts []social.MirrorPost, now time.Time) error {
	var postRows []postRow
	var statusRows []statusRow
	for _, p := range posts {
		postRows = append(postRows, postRow{p.Post.ID, p.Position, p.Answers, p.Torn, string(p.Visibility), encodeList(p.Notes), encode(p.Post)})
		for _, j := range p.Jobs {
			statusRows = append(statusRows, statusRow{p.Post.ID, j.Part, j.Parts, p.Position*partsOfPost + j.Part, encode(j.Draft), encodeList(j.Files), len(j.Files), j.Print})
		}
	}
	if _, err := x.exec(ctx, `INSERT INTO mirror_posts (mirror_id, user_id, post_id, position, answers, torn, visibility, notes, post)
		SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), e.value->>'id', CAST(e.value->>'position' AS BIGINT), e.value->>'answers',
			CAST(e.value->>'torn' AS BOOLEAN), e.value->>'visibility', e.value->>'notes', e.value->>'post'
		FROM EACH($3) WHERE true ON CONFLICT (mirror_id, post_id) DO NOTHING`, m.ID, m.UserID, array(postRows)); err != nil {
		return err
	}
	_, err := x.exec(ctx, `INSERT INTO mirror_jobs (user_id, mirror_id, destination_id, network, post_id, part, parts, parent_id, position,
			draft, files, file_count, state, is_open, reason, key, print, parent_at, sent_at, tried_at, misses, missed_at, remote_id, url, attempts, due_at, updated_at)
		SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS TEXT), e.value->>'post', CAST(e.value->>'part' AS BIGINT),
			CAST(e.value->>'parts' AS BIGINT), 0, CAST(e.value->>'position' AS BIGINT), e.value->>'draft', e.value->>'files', CAST(e.value->>'count' AS BIGINT),
			'planned', true, '', '', e.value->>'print', 0, 0, 0, 0, 0, '', '', 0, 0, CAST($5 AS BIGINT)
		FROM EACH($6) WHERE true ON CONFLICT (mirror_id, post_id, part) DO NOTHING`,
		m.UserID, m.ID, m.DestinationID, string(m.Network), micros(now), array(statusRows))
	return err
}

// linkPlanned has statuses of one Post answer each other, those of an answer the
// last one of what it answers, from a place in the plan on.
func linkPlanned(ctx context.Context, x q, mirrorID int64, from int) error {
	for _, text := range []string{
		`UPDATE mirror_jobs SET parent_id = COALESCE((SELECT p.id FROM mirror_jobs AS p
			WHERE p.mirror_id = mirror_jobs.mirror_id AND p.post_id = mirror_jobs.post_id AND p.part = mirror_jobs.part - 1), 0)
			WHERE mirror_id = $1 AND position >= $2 AND part > 1 AND tried_at = 0 AND state = 'planned'`,
		`UPDATE mirror_jobs SET parent_id = COALESCE((SELECT MAX(p.id) FROM mirror_posts AS a, mirror_jobs AS p
			WHERE a.mirror_id = mirror_jobs.mirror_id AND a.post_id = mirror_jobs.post_id AND a.answers <> ''
			AND p.destination_id = mirror_jobs.destination_id AND p.network = mirror_jobs.network AND p.post_id = a.answers
			AND p.part = p.parts AND (p.mirror_id = a.mirror_id OR p.state = 'sent')), 0)
			WHERE mirror_id = $1 AND position >= $2 AND part = 1 AND tried_at = 0 AND state = 'planned'`,
	} {
		if _, err := x.exec(ctx, text, mirrorID, from*partsOfPost); err != nil {
			return err
		}
	}
	return nil
}

// FinishPlan ends the planning. m brings what planning found out.
func (s *Store) FinishPlan(ctx context.Context, t social.Task, m social.Mirror, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.MirrorTask); err != nil {
			return err
		}
		relink := func() error { return linkPlanned(ctx, x, m.ID, 0) }
		if m.Live {
			relink = func() error { return planLiveAgain(ctx, x, m.ID) }
		}
		if err := relink(); err != nil {
			return err
		}
		return fenced(x.exec(ctx, `UPDATE mirrors SET protected = $2, network = $3, names = $4, limits = $5, version = $6, server_rules = $7,
				summary = $8, planned_at = $9, fault_code = '', fault_args = '', fault_say = '' WHERE id = $1 AND rules = $10`,
			m.ID, m.Protected, string(m.Network), encodeList(m.Names), encode(m.Limits), clean(m.Version), encodeList(cleanAll(m.ServerRules)),
			encode(m.Plan), micros(now), encode(m.Rules)))
	})
}

// FailPlan notes why the Mirror could not be planned. It is planned again when
// the person saves it anew.
func (s *Store) FailPlan(ctx context.Context, t social.Task, m social.Mirror, why *fault.Fault) error {
	return s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.MirrorTask); err != nil {
			return err
		}
		_, err := x.exec(ctx, `UPDATE mirrors SET fault_code = $2, fault_args = $3, fault_say = $4 WHERE id = $1`, m.ID, why.Code, encode(why.Args), clean(why.Say))
		return err
	})
}

// People are where those whom a User followed elsewhere are now, by the Matches
// that are confirmed or likely.
type People struct {
	byID, byName map[string]social.Handle
}

// Of returns somebody's Handle, the zero one of those whom no Match knows.
func (p People) Of(nativeID, username string) social.Handle {
	if h, ok := p.byID[nativeID]; ok && nativeID != "" {
		return h
	}
	if nativeID != "" && username == "" {
		return social.Handle{}
	}
	return p.byName[lower(username)]
}

// People returns the People of a network. An Account that is known by its id is
// not found by a name that it may have given away, unless nothing else has it.
func (s *Store) People(ctx context.Context, userID int64, network social.Network) (People, error) {
	type row struct {
		id, name string
		h        social.Handle
	}
	all, err := list(ctx, s.reading, func(r scanner) (p row, err error) { return p, r.Scan(&p.id, &p.name, handle{&p.h}) },
		`SELECT a.native_id, a.username_key, m.handle FROM matches AS m, accounts AS a WHERE m.user_id = $1 AND a.id = m.account_id
			AND m.handle_key <> '' AND a.network = $2 AND m.decision <> 'rejected'
			AND (m.decision = 'confirmed' OR m.certainty IN ('certain', 'likely') AND NOT m.conflict)
		ORDER BY CASE m.decision WHEN 'confirmed' THEN 1 ELSE 0 END, `+rank+` DESC, m.id DESC`, userID, string(network))
	p := People{byID: map[string]social.Handle{}, byName: map[string]social.Handle{}}
	for _, r := range all { // the surest last
		if r.id != "" {
			p.byID[r.id] = r.h
		}
		if r.name != "" {
			p.byName[r.name] = r.h
		}
	}
	return p, s.d.mean(err)
}
