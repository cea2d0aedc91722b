package store

import (
	"context"
	"strings"

	"godwit/internal/social"
)

// MatchGroup is a group of the review page.
type MatchGroup string

// The groups; a live Match is in exactly one of the first four. A Conflict that
// a person decided goes on under its Certainty.
const (
	GroupConflict MatchGroup = "conflict"
	GroupLikely   MatchGroup = "likely"
	GroupPossible MatchGroup = "possible"
	GroupCertain  MatchGroup = "certain"
	GroupDecided  MatchGroup = "decided" // by the person; crosses the others
	GroupAll      MatchGroup = ""
)

// groups says in SQL which live Matches a group holds.
var groups = map[MatchGroup]string{
	GroupConflict: `m.conflict AND m.decision = ''`,
	GroupLikely:   `m.certainty = 'likely' AND (NOT m.conflict OR m.decision <> '')`,
	GroupPossible: `m.certainty = 'possible' AND (NOT m.conflict OR m.decision <> '')`,
	GroupCertain:  `m.certainty = 'certain' AND (NOT m.conflict OR m.decision <> '')`,
	GroupDecided:  `m.decision <> '' AND m.decided_at > 0`,
	GroupAll:      `true`,
}

// MatchFilter selects live Matches, those with a Handle to be followed. Query
// is looked for in names, usernames and handles without regard to case.
type MatchFilter struct {
	Group     MatchGroup
	Query     string
	Host      string
	Undecided bool // only Matches without a Decision
	Offset    int
	Limit     int // at most 200
}

// from spells the filter as FROM … WHERE; its parameters start at $1 with the User.
func (f MatchFilter) from(userID int64) (text string, args []any) {
	text = ` FROM matches AS m WHERE m.user_id = $1 AND m.handle_key <> ''`
	args = []any{userID}
	if group, known := groups[f.Group]; known {
		text += ` AND ` + group
	} else {
		text += ` AND false`
	}
	if f.Undecided {
		text += ` AND m.decision = ''`
	}
	if f.Host != "" {
		args = append(args, clean(f.Host))
		text += ` AND m.host = ` + dollar(len(args))
	}
	if query := strings.TrimPrefix(strings.TrimSpace(lower(f.Query)), "@"); query != "" {
		args = append(args, "%"+escapeLike.Replace(query)+"%")
		like := ` LIKE ` + dollar(len(args)) + ` ESCAPE '!'`
		text += ` AND (m.handle_key` + like + ` OR EXISTS (SELECT 1 FROM accounts AS a
			WHERE a.id = m.account_id AND (a.name_key` + like + ` OR a.username_key` + like + `)))`
	}
	return text, args
}

var escapeLike = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// MatchCounts is the summary of the review page, all of people followed.
type MatchCounts struct {
	People    int // distinct Accounts that the User follows
	Found     int // of them with at least one live Match
	Certain   int // live Matches of the group, and so on
	Likely    int
	Possible  int
	Conflict  int
	Decided   int // by the person
	Confirmed int // to be followed: Handles confirmed and not excluded
	Rejected  int
	Looking   int // Accounts not read yet, or with a look-up under way
	Ill       int // look-ups whose host did not answer, asked again
	IllHosts  int
	NotFound  int // People neither found nor being looked for
}

// MatchCounts counts the User's Accounts and Matches for the review page.
func (s *Store) MatchCounts(ctx context.Context, userID int64) (c MatchCounts, err error) {
	err = s.read(ctx, func(x q) error {
		if err := countLive(ctx, x, userID, &c); err != nil {
			return err
		}
		err := x.row(ctx, `SELECT count(*) FROM accounts WHERE user_id = $1 AND following`, userID).Scan(&c.People)
		if err != nil {
			return err
		}
		found := 0 // of those being looked for
		err = x.row(ctx, `
			SELECT count(*), COALESCE(SUM(CASE WHEN EXISTS (
				SELECT 1 FROM matches AS m WHERE m.account_id = looking.account_id AND m.handle_key <> '') THEN 1 ELSE 0 END), 0)
			FROM (SELECT id AS account_id FROM accounts WHERE user_id = $1 AND following AND read_at <= 0
				UNION SELECT account_id FROM matches WHERE user_id = $1 AND waiting) AS looking`, userID).Scan(&c.Looking, &found)
		if err != nil {
			return err
		}
		c.NotFound = c.People - c.Found - (c.Looking - found)
		return x.row(ctx, `SELECT count(DISTINCT l.id), count(DISTINCT l.host)
			FROM lookups AS l WHERE l.state = 'ill' AND l.due_at > 0
			AND EXISTS (SELECT 1 FROM matches AS m WHERE m.lookup_id = l.id AND m.user_id = $1)`, userID).Scan(&c.Ill, &c.IllHosts)
	})
	return c, err
}

// countLive counts live Matches by what they are. Each count goes through an
// index of its own in order, so that no Match itself is read and nothing sorted.
func countLive(ctx context.Context, x q, userID int64, c *MatchCounts) error {
	type group struct {
		certainty social.Certainty
		conflict  bool
		decision  social.Decision
		n, person int
	}
	rows, err := list(ctx, x, func(r scanner) (g group, err error) {
		return g, r.Scan(&g.certainty, &g.conflict, &g.decision, &g.n, &g.person)
	}, `SELECT certainty, conflict, decision, count(*), count(CASE WHEN decided_at > 0 THEN 1 END) FROM matches
		WHERE user_id = $1 AND handle_key <> '' GROUP BY certainty, conflict, decision`, userID)
	if err != nil {
		return err
	}
	for _, g := range rows {
		*c.group(g.certainty, g.conflict && g.decision == social.Undecided) += g.n
		if g.decision != social.Undecided {
			c.Decided += g.person
		}
		if g.decision == social.Rejected {
			c.Rejected += g.n
		}
	}
	err = x.row(ctx, `SELECT count(*) FROM (SELECT DISTINCT account_id FROM matches WHERE user_id = $1 AND handle_key <> '') AS found`, userID).
		Scan(&c.Found)
	if err != nil {
		return err
	}
	return x.row(ctx, `SELECT count(*) FROM (SELECT DISTINCT handle_key FROM matches
		WHERE user_id = $1 AND decision = 'confirmed' AND handle_key <> ''
		AND account_id NOT IN (SELECT id FROM accounts WHERE user_id = $1 AND blocked)) AS confirmed`, userID).Scan(&c.Confirmed)
}

// group is where a live Match is counted.
func (c *MatchCounts) group(certainty social.Certainty, conflict bool) *int {
	switch {
	case conflict:
		return &c.Conflict
	case certainty == social.Certain:
		return &c.Certain
	case certainty == social.Likely:
		return &c.Likely
	}
	return &c.Possible
}

// ListMatches lists the live Matches that fit the filter, candidates of one
// Account beside each other, and counts all that fit.
func (s *Store) ListMatches(ctx context.Context, userID int64, f MatchFilter) (all []social.Match, total int, err error) {
	from, args := f.from(userID)
	err = s.read(ctx, func(x q) error {
		if total, err = scalar[int](x.row(ctx, `SELECT count(*)`+from, args...)); err != nil {
			return err
		}
		n := len(args)
		// The page's ids first: what is skipped is not read.
		page := `(SELECT m.id` + from + ` ORDER BY m.account_id, m.id LIMIT ` + dollar(n+1) + ` OFFSET ` + dollar(n+2) + `)`
		all, err = list(ctx, x, scanMatch, `SELECT `+matchColumns+matchTables+` WHERE m.id IN `+page+` ORDER BY m.account_id, m.id`,
			append(args, min(max(f.Limit, 0), maxPage), max(f.Offset, 0))...)
		return err
	})
	return all, total, err
}

// GetMatch returns one of the User's Matches, live or not, or NotFound.
func (s *Store) GetMatch(ctx context.Context, userID, id int64) (social.Match, error) {
	m, err := scanMatch(s.reading.row(ctx, `SELECT `+matchColumns+matchTables+` WHERE m.user_id = $1 AND m.id = $2`, userID, id))
	return m, s.d.mean(err)
}
