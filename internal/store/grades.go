package store

import (
	"context"
	"slices"
	"time"

	"godwit/internal/social"
)

const matchColumns = `m.id, m.user_id, m.asked, m.handle, m.actor_id, m.evidence, m.texts, m.certainty, m.conflict,
	m.decision, m.decided_at, l.resolution, a.blocked, ` + accountColumns

const matchTables = ` FROM matches AS m JOIN accounts AS a ON a.id = m.account_id JOIN lookups AS l ON l.id = m.lookup_id `

func scanMatch(r scanner) (m social.Match, err error) {
	var texts []string
	var blocked bool
	fields := []any{&m.ID, &m.UserID, handle{&m.Asked}, handle{&m.Handle}, &m.ActorID, document{&m.Evidence}, document{&texts},
		&m.Certainty, &m.Conflict, &m.Decision, moment{&m.DecidedAt}, document{&m.Resolution}, &blocked}
	err = r.Scan(append(fields, accountFields(&m.Account)...)...)
	m.Evidence = joinEvidence(m.Evidence, texts)
	if blocked {
		m.Excluded = social.Blocked
	}
	return m, err
}

// Ungraded lists Matches of the User that want grading because their look-up
// or evidence changed, starting from up to limit Accounts, in whole groups: all
// Matches of an Account together with all Matches that share one of their
// Handles, and so on. They are handed out again until SaveGrades has written them.
func (s *Store) Ungraded(ctx context.Context, userID int64, limit int) (group []social.Match, err error) {
	err = s.write(ctx, func(x q) error {
		accounts, err := component(ctx, x, userID, limit)
		if err != nil || len(accounts) == 0 {
			group = nil
			return err
		}
		group, err = list(ctx, x, scanMatch, `SELECT `+matchColumns+matchTables+`
			WHERE m.user_id = $1 AND NOT m.waiting AND m.account_id IN IDS($2)
			ORDER BY m.account_id, m.id`, userID, array(accounts))
		if err != nil {
			return err
		}
		_, err = x.exec(ctx, `UPDATE matches SET grading = 2 WHERE user_id = $1 AND grading = 1
			AND account_id IN IDS($2)`, userID, array(accounts))
		return err
	})
	return group, err
}

// component finds the Accounts of the groups of up to limit Accounts with an
// ungraded Match: it follows shared Handles until no new Account is found.
func component(ctx context.Context, x q, userID int64, limit int) ([]int64, error) {
	accounts, err := list(ctx, x, scalar[int64], `SELECT DISTINCT account_id FROM matches
		WHERE user_id = $1 AND grading > 0 ORDER BY account_id LIMIT $2`, userID, limit)
	fresh := accounts
	for hop := 0; err == nil && len(fresh) > 0 && hop < maxHops && len(accounts) < maxComponent; hop++ {
		var sharing []int64
		if sharing, err = sharingHandles(ctx, x, userID, fresh); err != nil {
			return nil, err
		}
		fresh = slices.DeleteFunc(sharing, func(id int64) bool { return slices.Contains(accounts, id) })
		accounts = append(accounts, fresh...)
	}
	return sortedUnique(accounts), err
}

// sharingHandles lists the User's Accounts with a Match that leads to the same
// Handle as one of the given Accounts'.
func sharingHandles(ctx context.Context, x q, userID int64, accounts []int64) ([]int64, error) {
	keys, err := list(ctx, x, scalar[string], `SELECT DISTINCT l.final_key FROM matches AS m JOIN lookups AS l ON l.id = m.lookup_id
		WHERE m.user_id = $1 AND m.account_id IN IDS($2) AND l.final_key <> ''`, userID, array(accounts))
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	looks, err := list(ctx, x, scalar[int64], `SELECT id FROM lookups WHERE final_key <> '' AND final_key IN KEYS($1)`, array(keys))
	if err != nil {
		return nil, err
	}
	return list(ctx, x, scalar[int64], `SELECT DISTINCT account_id FROM matches WHERE lookup_id IN IDS($2) AND +user_id = $1 ORDER BY 1`,
		userID, array(looks))
}

// gradeRow is a graded Match as it goes into the database.
type gradeRow struct {
	ID        int64            `json:"id"`
	Handle    string           `json:"handle"`
	Key       string           `json:"key"`
	Host      string           `json:"host"`
	ActorID   string           `json:"actor"`
	Evidence  string           `json:"evidence"`
	Texts     string           `json:"texts"`
	Certainty social.Certainty `json:"certainty"`
	Conflict  bool             `json:"conflict"`
}

// SaveGrades writes Handle, ActorID, Evidence, Certainty, Conflict and Decision
// of graded Matches. A Match of certain without a Conflict is confirmed by
// Godwit itself (DecidedAt stays zero), and only as long as it is so; what a
// person decided is never touched. What was found for somebody after the first
// look is noted as an arrival.
func (s *Store) SaveGrades(ctx context.Context, t social.Task, m []social.Match, now time.Time) error {
	rows, ids := make([]gradeRow, len(m)), make([]int64, len(m))
	for i, match := range m {
		host := match.Handle.Host()
		if host == "" {
			host = match.Asked.Host()
		}
		evidence, texts := splitEvidence(match.Evidence)
		ids[i] = match.ID
		rows[i] = gradeRow{match.ID, match.Handle.String(), match.Handle.Key(), host, clean(match.ActorID),
			evidence, texts, match.Certainty, match.Conflict}
	}
	return s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.MatchTask)
		if err != nil {
			return err
		}
		_, err = x.exec(ctx, `
			UPDATE matches SET handle = g.handle, handle_key = g.key, host = g.host, actor_id = g.actor,
				evidence = g.evidence, texts = g.texts, certainty = g.certainty, conflict = g.conflict,
				decision = CASE WHEN decided_at > 0 THEN decision
					WHEN g.key <> '' AND g.certainty = 'certain' AND NOT g.conflict THEN 'confirmed' ELSE '' END,
				grading = CASE WHEN grading = 1 THEN 1 ELSE 0 END
			FROM (SELECT CAST(e.value->>'id' AS BIGINT) AS id, e.value->>'handle' AS handle, e.value->>'key' AS key,
				e.value->>'host' AS host, e.value->>'actor' AS actor, e.value->>'evidence' AS evidence, e.value->>'texts' AS texts,
				e.value->>'certainty' AS certainty, CAST(e.value->>'conflict' AS BOOLEAN) AS conflict FROM EACH($2)) AS g
			WHERE matches.id = g.id AND +matches.user_id = $1`, owner, array(rows))
		if err != nil {
			return err
		}
		return arrive(ctx, x, owner, ids, now)
	})
}
