package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"godwit/internal/social"
)

// Candidates are the Matches found in one Account, without ids.
type Candidates struct {
	AccountID int64
	Matches   []social.Match // Asked and Evidence set; Resolution when a Registration proves it
	Pages     []string       // addresses that may link to the person's other profiles
}

// SaveCandidates replaces the undecided candidates of the Accounts, marks the
// Accounts read, and makes a look-up of each handle due that has no fresh one:
// at most 20,000 a UTC day for each User, later ones the days after (NET-04).
// What a person decided is kept, and so is what was found in texts that are
// deleted by now.
func (s *Store) SaveCandidates(ctx context.Context, t social.Task, c []Candidates, now time.Time) error {
	return s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.MatchTask)
		if err != nil {
			return err
		}
		told, err := withEarlier(ctx, x, owner, c)
		if err != nil {
			return err
		}
		rows, looks, accounts := candidateRows(told)
		if err := queueLookUps(ctx, x, owner, looks, now); err != nil {
			return err
		}
		if err := dropCandidates(ctx, x, owner, accounts, rows); err != nil {
			return err
		}
		if err := upsertMatches(ctx, x, owner, rows, now); err != nil {
			return err
		}
		if err := savePages(ctx, x, owner, c); err != nil {
			return err
		}
		_, err = x.exec(ctx, `UPDATE accounts SET read_at = $3 WHERE user_id = $1 AND read_at = -1
			AND id IN IDS($2)`, owner, array(accounts), micros(now))
		return err
	})
}

// earlier is a Match that was found in texts which are deleted by now.
type earlier struct {
	account  int64
	asked    social.Handle
	evidence []social.Evidence
}

// withEarlier adds to candidates what was found before in texts that are
// deleted by now, since nobody can find it there again. What a Registration or
// a list said then is theirs to say anew.
func withEarlier(ctx context.Context, x q, userID int64, all []Candidates) ([]Candidates, error) {
	ids := make([]int64, len(all))
	place := map[int64]int{}
	for i := range all {
		ids[i] = all[i].AccountID
		place[ids[i]] = i
	}
	known, err := list(ctx, x, func(r scanner) (e earlier, err error) {
		return e, r.Scan(&e.account, handle{&e.asked}, document{&e.evidence})
	}, `SELECT m.account_id, m.asked, m.evidence FROM LIST($2) JOIN matches AS m ON m.account_id = CAST(e.value AS BIGINT)
		JOIN accounts AS a ON a.id = m.account_id WHERE +m.user_id = $1 AND a.texts_gone ORDER BY m.id`, userID, array(ids))
	if err != nil || len(known) == 0 {
		return all, err
	}
	told := slices.Clone(all)
	for _, e := range known {
		c := &told[place[e.account]]
		c.Matches = e.join(c.Matches)
	}
	return told, nil
}

// join puts the earlier claims to the Match of their Handle.
func (e earlier) join(found []social.Match) []social.Match {
	claims := slices.DeleteFunc(slices.Clone(e.evidence), func(v social.Evidence) bool {
		return v.Kind == social.Registered || v.Kind == social.PublicList
	})
	if len(claims) == 0 {
		return found
	}
	found = slices.Clone(found)
	i := slices.IndexFunc(found, func(m social.Match) bool { return m.Asked.Same(e.asked) })
	if i < 0 {
		return append(found, social.Match{Asked: e.asked, Evidence: claims})
	}
	had := slices.Clone(found[i].Evidence)
	for _, v := range claims {
		if !slices.ContainsFunc(had, func(f social.Evidence) bool { return f.Kind == v.Kind && f.Hash == v.Hash && f.Source == v.Source }) {
			had = append(had, v)
		}
	}
	found[i].Evidence = had
	return found
}

// candidateRow is a candidate as it goes into the database.
type candidateRow struct {
	AccountID int64  `json:"account"`
	Asked     string `json:"asked"`
	Key       string `json:"key"`
	Host      string `json:"host"`
	Evidence  string `json:"evidence"`
	Texts     string `json:"texts"`
}

// lookRow is a handle to be asked about, with an answer if there is one already.
type lookRow struct {
	Key        string                 `json:"key"`
	Handle     string                 `json:"handle"`
	Host       string                 `json:"host"`
	Domain     string                 `json:"domain"`
	State      social.ResolutionState `json:"state"`
	Resolution string                 `json:"resolution"`
	Final      string                 `json:"final"`
	CheckedAt  int64                  `json:"checked_at"`
	DueAt      int64                  `json:"due_at"`
	Turn       int                    `json:"turn"`
}

func candidateRows(all []Candidates) (rows []candidateRow, looks []lookRow, accounts []int64) {
	matches := map[[2]any]candidateRow{}
	asked := map[string]lookRow{}
	for _, one := range all {
		accounts = append(accounts, one.AccountID)
		for _, m := range one.Matches {
			if m.Asked.IsZero() {
				continue
			}
			key := m.Asked.Key()
			evidence, texts := splitEvidence(m.Evidence)
			matches[[2]any{one.AccountID, key}] = candidateRow{one.AccountID, m.Asked.String(), key, m.Asked.Host(), evidence, texts}
			if look := newLookRow(m); look.State != social.Unresolved || asked[key].Key == "" {
				asked[key] = look
			}
		}
	}
	for _, row := range matches {
		rows = append(rows, row)
	}
	for _, look := range asked {
		looks = append(looks, look)
	}
	slices.SortFunc(rows, func(a, b candidateRow) int {
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.Key, b.Key))
	})
	slices.SortFunc(looks, func(a, b lookRow) int { return cmp.Compare(a.Key, b.Key) })
	return rows, looks, accounts
}

func newLookRow(m social.Match) lookRow {
	row := lookRow{Key: m.Asked.Key(), Handle: m.Asked.String(), Host: m.Asked.Host(), Domain: registrable(m.Asked.Host())}
	if m.Resolution.State != social.Unresolved {
		row.State, row.Resolution = m.Resolution.State, encode(m.Resolution)
		row.Final, row.CheckedAt = finalKey(m.Resolution), micros(m.Resolution.CheckedAt)
	}
	return row
}

// finalKey is where a Resolution leads: the Handle it moved to, or the confirmed one.
func finalKey(r social.Resolution) string {
	if !r.MovedTo.IsZero() {
		return r.MovedTo.Key()
	}
	return r.Handle.Key()
}

// registrable is the domain that one owner has: all hosts below it are paced
// as one. Ports of the Private realm are left aside.
func registrable(host string) string {
	name, _, _ := strings.Cut(host, ":")
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil { // a public suffix itself, or a name of the Private realm
		return name
	}
	return domain
}

// splitEvidence parts evidence from its texts, which live shorter.
func splitEvidence(all []social.Evidence) (evidence, texts string) {
	bare := slices.Clone(all)
	said := make([]string, len(all))
	for i := range bare {
		said[i], bare[i].Text = bare[i].Text, ""
	}
	if strings.Join(said, "") == "" {
		return encodeList(bare), ""
	}
	return encodeList(bare), encodeList(said)
}

// joinEvidence puts the texts back in.
func joinEvidence(evidence []social.Evidence, texts []string) []social.Evidence {
	for i := range evidence {
		if i < len(texts) {
			evidence[i].Text = texts[i]
		}
	}
	return evidence
}

// queueLookUps makes rows for the handles and rings for their domains.
func queueLookUps(ctx context.Context, x q, userID int64, looks []lookRow, now time.Time) error {
	if len(looks) == 0 {
		return nil
	}
	if err := giveTurns(ctx, x, userID, looks); err != nil {
		return err
	}
	if err := giveDays(ctx, x, userID, looks, now); err != nil {
		return err
	}
	batch := array(looks)
	if err := nameDomains(ctx, x, batch); err != nil {
		return err
	}
	_, err := x.exec(ctx, `
		INSERT INTO lookups (handle_key, handle, host, domain_id, state, resolution, final_key, checked_at, fresh_until, due_at, turn, attempts)
		SELECT e.value->>'key', e.value->>'handle', e.value->>'host', d.id, e.value->>'state', e.value->>'resolution', e.value->>'final',
			CAST(e.value->>'checked_at' AS BIGINT), 0, CAST(e.value->>'due_at' AS BIGINT), CAST(e.value->>'turn' AS BIGINT), 0
		FROM EACH($1) JOIN domains AS d ON d.name = e.value->>'domain' WHERE true ORDER BY 1
		ON CONFLICT (handle_key) DO UPDATE SET
			state = CASE WHEN lookups.state = '' THEN excluded.state ELSE lookups.state END,
			resolution = CASE WHEN lookups.state = '' THEN excluded.resolution ELSE lookups.resolution END,
			final_key = CASE WHEN lookups.state = '' THEN excluded.final_key ELSE lookups.final_key END,
			checked_at = CASE WHEN lookups.state = '' THEN excluded.checked_at ELSE lookups.checked_at END,
			turn = CASE WHEN lookups.due_at = 0 OR lookups.turn > excluded.turn THEN excluded.turn ELSE lookups.turn END,
			due_at = CASE WHEN lookups.due_at = 0 AND lookups.fresh_until <= $2
				OR lookups.state = '' AND lookups.due_at > excluded.due_at THEN excluded.due_at ELSE lookups.due_at END`, batch, micros(now))
	if err != nil {
		return err
	}
	_, err = ringAll(ctx, x, social.LookUpTask, `
		SELECT l.domain_id AS subject, CAST(NULL AS BIGINT) AS user_id, MIN(l.due_at) AS at
		FROM EACH($1) JOIN lookups AS l ON l.handle_key = e.value->>'key' WHERE l.due_at > 0 GROUP BY l.domain_id`, batch)
	return err
}

// giveTurns lets a User's handles queue behind each other on a domain, not
// before those of others: a turn counts from what the User still waits for there.
func giveTurns(ctx context.Context, x q, userID int64, looks []lookRow) error {
	type queue struct {
		domain  string
		waiting int
	}
	queues, err := list(ctx, x, func(r scanner) (o queue, err error) {
		return o, r.Scan(&o.domain, &o.waiting)
	}, `SELECT d.name, count(*) FROM matches AS m JOIN lookups AS l ON l.id = m.lookup_id JOIN domains AS d ON d.id = l.domain_id
		WHERE m.user_id = $1 AND m.waiting GROUP BY d.name`, userID)
	waiting := map[string]int{}
	for _, o := range queues {
		waiting[o.domain] = o.waiting
	}
	for i := range looks {
		looks[i].Turn = waiting[looks[i].Domain]
		waiting[looks[i].Domain]++
	}
	return err
}

// giveDays spreads the handles that nobody knows yet over days: look_slot
// counts a User's look-ups since 1970 at maxUserDay a day, and never lags
// behind today.
func giveDays(ctx context.Context, x q, userID int64, looks []lookRow, now time.Time) error {
	keys, err := list(ctx, x, scalar[string], `SELECT l.handle_key FROM EACH($1) JOIN lookups AS l ON l.handle_key = e.value->>'key'
		WHERE l.due_at > 0 OR l.fresh_until > $2`, array(looks), micros(now))
	if err != nil {
		return err
	}
	slot, err := scalar[int64](x.row(ctx, `SELECT look_slot FROM users WHERE id = $1`, userID))
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, key := range keys {
		known[key] = true
	}
	slot = max(slot, now.Unix()/daySeconds*maxUserDay)
	for i := range looks {
		looks[i].DueAt = micros(now)
		if known[looks[i].Key] {
			continue
		}
		if day := time.Unix(slot/maxUserDay*daySeconds, 0); day.After(now) {
			looks[i].DueAt = micros(day)
		}
		slot++
	}
	_, err = x.exec(ctx, `UPDATE users SET look_slot = $2 WHERE id = $1`, userID, slot)
	return err
}

// dropCandidates deletes what the Accounts' newest reading no longer finds and
// nobody decided; Matches that lead to the same Handle are graded again.
func dropCandidates(ctx context.Context, x q, userID int64, accounts []int64, rows []candidateRow) error {
	keep := map[[2]any]bool{}
	for _, row := range rows {
		keep[[2]any{row.AccountID, row.Key}] = true
	}
	type old struct {
		id, account int64
		key         string
	}
	olds, err := list(ctx, x, func(r scanner) (o old, err error) {
		return o, r.Scan(&o.id, &o.account, &o.key)
	}, `SELECT m.id, m.account_id, m.asked_key FROM LIST($2) JOIN matches AS m ON m.account_id = CAST(e.value AS BIGINT)
		WHERE +m.user_id = $1 AND m.decided_at = 0`, userID, array(accounts))
	var drop []int64
	for _, o := range olds {
		if !keep[[2]any{o.account, o.key}] {
			drop = append(drop, o.id)
		}
	}
	if err != nil || len(drop) == 0 {
		return err
	}
	if err := regradeNeighbours(ctx, x, userID, drop); err != nil {
		return err
	}
	_, err = x.exec(ctx, `DELETE FROM matches WHERE user_id = $1 AND id IN IDS($2)`, userID, array(drop))
	return err
}

// regradeNeighbours marks for grading what shares an Account or a Handle with
// the given Matches.
func regradeNeighbours(ctx context.Context, x q, userID int64, ids []int64) error {
	_, err := x.exec(ctx, `
		UPDATE matches SET grading = 1 WHERE user_id = $1 AND NOT waiting AND id IN (
			SELECT n.id FROM LIST($2) JOIN matches AS m ON m.id = CAST(e.value AS BIGINT)
				JOIN matches AS n ON n.account_id = m.account_id
			UNION
			SELECT n.id FROM LIST($2) JOIN matches AS m ON m.id = CAST(e.value AS BIGINT)
				JOIN lookups AS l ON l.id = m.lookup_id
				JOIN lookups AS k ON k.final_key = l.final_key AND k.final_key <> ''
				JOIN matches AS n ON n.lookup_id = k.id AND n.user_id = $1)`, userID, array(ids))
	return err
}

func upsertMatches(ctx context.Context, x q, userID int64, rows []candidateRow, now time.Time) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := x.exec(ctx, `
		INSERT INTO matches (user_id, account_id, lookup_id, asked, asked_key, handle, handle_key, host, actor_id,
			evidence, texts, texts_at, certainty, conflict, decision, decided_at, waiting, grading)
		SELECT CAST($1 AS BIGINT), a.id, l.id, e.value->>'asked', e.value->>'key', '', '', e.value->>'host', '',
			e.value->>'evidence', e.value->>'texts', CAST($3 AS BIGINT), '', false, '', 0,
			l.state = '', CASE WHEN l.state = '' THEN 0 ELSE 1 END
		FROM EACH($2) JOIN accounts AS a ON a.id = CAST(e.value->>'account' AS BIGINT) AND a.user_id = $1
			JOIN lookups AS l ON l.handle_key = e.value->>'key'
		WHERE true
		ON CONFLICT (account_id, asked_key) DO UPDATE SET
			evidence = excluded.evidence, texts = excluded.texts, texts_at = excluded.texts_at,
			waiting = excluded.waiting, grading = excluded.grading`, userID, array(rows), micros(now))
	if err != nil {
		return err
	}
	_, err = ringAll(ctx, x, social.MatchTask, `
		SELECT id AS subject, id AS user_id, CAST($2 AS BIGINT) AS at FROM users WHERE id = $1
		AND EXISTS (SELECT 1 FROM matches WHERE user_id = $1 AND grading > 0)`, userID, micros(now))
	return err
}
