package store

import (
	"context"
	"net/url"
	"time"

	"godwit/internal/social"
)

// pageRow is a page of an Account as it goes into the database.
type pageRow struct {
	AccountID int64  `json:"account"`
	URL       string `json:"url"`
	Domain    string `json:"domain"`
}

// savePages notes the pages that the newest reading of Accounts found, and
// forgets those that it no longer finds. None is read before its User asks.
func savePages(ctx context.Context, x q, userID int64, all []Candidates) error {
	var rows []pageRow
	accounts := make([]int64, len(all))
	for i, c := range all {
		accounts[i] = c.AccountID
		for _, page := range c.Pages {
			if u, err := url.Parse(page); err == nil && len(page) <= maxKeyText {
				rows = append(rows, pageRow{c.AccountID, clean(page), registrable(u.Host)})
			}
		}
	}
	batch := array(rows)
	_, err := x.exec(ctx, `DELETE FROM link_pages WHERE user_id = $1 AND state = '' AND asked_at = 0 AND account_id IN IDS($2)
		AND NOT EXISTS (SELECT 1 FROM EACH($3) WHERE CAST(e.value->>'account' AS BIGINT) = link_pages.account_id AND e.value->>'url' = link_pages.url)`,
		userID, array(accounts), batch)
	if err != nil || len(rows) == 0 {
		return err
	}
	if err := nameDomains(ctx, x, batch); err != nil {
		return err
	}
	_, err = x.exec(ctx, `INSERT INTO link_pages (user_id, account_id, domain_id, url, state, links, asked_at, read_at, due_at, attempts)
		SELECT CAST($1 AS BIGINT), a.id, d.id, e.value->>'url', '', '', 0, 0, 0, 0
		FROM EACH($2) JOIN accounts AS a ON a.id = CAST(e.value->>'account' AS BIGINT) AND a.user_id = $1
			JOIN domains AS d ON d.name = e.value->>'domain'
		WHERE true ON CONFLICT (account_id, url) DO NOTHING`, userID, batch)
	return err
}

// nameDomains makes a row for each domain of a batch.
func nameDomains(ctx context.Context, x q, batch any) error {
	_, err := x.exec(ctx, `INSERT INTO domains (name, failures, open_until, day, day_count)
		SELECT DISTINCT e.value->>'domain', 0, 0, '', 0 FROM EACH($1) WHERE true ORDER BY 1
		ON CONFLICT (name) DO NOTHING`, batch)
	return err
}

// addPages fills in the pages of the Accounts that were read.
func addPages(ctx context.Context, x q, userID int64, all []social.Account) error {
	type keyed struct {
		account int64
		social.LinkPage
	}
	found, err := list(ctx, x, func(r scanner) (k keyed, err error) {
		return k, r.Scan(&k.account, &k.URL, &k.State, document{&k.Links}, moment{&k.CheckedAt})
	}, `SELECT p.account_id, p.url, p.state, p.links, p.read_at FROM LIST($2) JOIN link_pages AS p ON p.account_id = CAST(e.value AS BIGINT)
		WHERE +p.user_id = $1 AND p.state = 'found' ORDER BY p.id`, userID, array(accountIDs(all)))
	pages := map[int64][]social.LinkPage{}
	for _, k := range found {
		pages[k.account] = append(pages[k.account], k.LinkPage)
	}
	for i := range all {
		all[i].Pages = pages[all[i].ID]
	}
	return err
}

// PageCounts says how it stands with the pages that profiles link to.
type PageCounts struct {
	Unread int // never asked for
	Due    int // to be read
	Read   int // that told something or nothing, or may not be read
}

// PageCounts counts the pages of those who are not found.
func (s *Store) PageCounts(ctx context.Context, userID int64) (c PageCounts, err error) {
	err = s.reading.row(ctx, `SELECT COALESCE(SUM(CASE WHEN p.asked_at = 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN p.due_at > 0 THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN p.asked_at > 0 AND p.due_at = 0 THEN 1 ELSE 0 END), 0)
		FROM link_pages AS p WHERE p.user_id = $1 AND NOT EXISTS (SELECT 1 FROM matches AS m WHERE m.account_id = p.account_id AND m.handle_key <> '')`, userID).
		Scan(&c.Unread, &c.Due, &c.Read)
	return c, s.d.mean(err)
}

// AskPages is the User's wish to have the pages read of those who are not
// found: at most pagesPerDay within a day, those never asked for first, then
// what was read a month ago. It returns how many.
func (s *Store) AskPages(ctx context.Context, userID int64, now time.Time) (n int, err error) {
	err = s.write(ctx, func(x q) error {
		asked, err := scalar[int](x.row(ctx, `SELECT count(*) FROM link_pages WHERE user_id = $1 AND asked_at > $2`, userID, micros(now.Add(-24*time.Hour))))
		if err != nil {
			return err
		}
		ids, err := list(ctx, x, scalar[int64], `SELECT p.id FROM link_pages AS p WHERE p.user_id = $1 AND p.due_at = 0 AND p.asked_at <= $2
			AND NOT EXISTS (SELECT 1 FROM matches AS m WHERE m.account_id = p.account_id AND m.handle_key <> '')
			ORDER BY p.asked_at, p.id LIMIT $3`, userID, micros(now.Add(-pageLife)), max(pagesPerDay-asked, 0))
		if n = len(ids); err != nil || n == 0 {
			return err
		}
		if _, err := x.exec(ctx, `UPDATE link_pages SET asked_at = $2, due_at = $2, attempts = 0 WHERE id IN IDS($1)`, array(ids), micros(now)); err != nil {
			return err
		}
		_, err = ringAll(ctx, x, social.LookUpTask, `SELECT domain_id AS subject, CAST(NULL AS BIGINT) AS user_id, CAST($2 AS BIGINT) AS at
			FROM link_pages WHERE id IN IDS($1) GROUP BY domain_id`, array(ids), micros(now))
		return err
	})
	return n, err
}

// DuePage is one page to be read.
type DuePage struct {
	ID       int64
	URL      string
	Attempts int // that brought no answer, in a row
}

// NextPage is NextLookUp for the pages of the claimed domain; they count into
// the same day, and wait behind its look-ups.
func (s *Store) NextPage(ctx context.Context, t social.Task, now time.Time) (d Domain, p DuePage, next time.Time, err error) {
	err = s.write(ctx, func(x q) error {
		p = DuePage{}
		if _, err := fence(ctx, x, t, social.LookUpTask); err != nil {
			return err
		}
		if d, err = getDomain(ctx, x, t.ID, now); err != nil {
			return err
		}
		floor := d.openAt(now)
		if !floor.After(now) {
			if p, err = firstPage(ctx, x, d.ID, now); err != nil {
				return err
			}
		}
		if next, err = nextDueAt(ctx, x, d.ID, 0, p.ID, floor); err != nil {
			return err
		}
		if p.ID == 0 {
			return notFound()
		}
		return countAsked(ctx, x, &d)
	})
	return d, p, next, err
}

// firstPage returns the page that waits longest, the zero DuePage for none.
func firstPage(ctx context.Context, x q, domainID int64, now time.Time) (DuePage, error) {
	due, err := list(ctx, x, func(r scanner) (p DuePage, err error) { return p, r.Scan(&p.ID, &p.URL, &p.Attempts) },
		`SELECT id, url, attempts FROM link_pages WHERE domain_id = $1 AND due_at > 0 AND due_at <= $2 ORDER BY due_at, id LIMIT 1`, domainID, micros(now))
	if err != nil || len(due) == 0 {
		return DuePage{}, err
	}
	return due[0], nil
}

// SaveLinkPage stores how the reading of a page ended, when to read it again
// (zero for not by itself) and the domain's health; whoever links to a page that
// answered is read for handles again. One that gives no answer keeps what it
// told before.
func (s *Store) SaveLinkPage(ctx context.Context, t social.Task, d Domain, p DuePage, read social.LinkPage, again, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.LookUpTask); err != nil {
			return err
		}
		if err := saveHealth(ctx, x, t.ID, d); err != nil {
			return err
		}
		if !again.IsZero() {
			if err := ring(ctx, x, social.LookUpTask, t.ID, again); err != nil {
				return err
			}
		}
		if read.State == social.Ill {
			_, err := x.exec(ctx, `UPDATE link_pages SET due_at = $2, attempts = attempts + 1 WHERE id = $1`, p.ID, micros(again))
			return err
		}
		_, err := x.exec(ctx, `UPDATE link_pages SET state = $2, links = $3, read_at = $4, due_at = 0, attempts = 0 WHERE id = $1`,
			p.ID, string(read.State), encodeList(read.Links), micros(read.CheckedAt))
		if err != nil {
			return err
		}
		return rereadOwner(ctx, x, p.ID, now)
	})
}

// rereadOwner lets the Account whose page was read be read for handles again.
func rereadOwner(ctx context.Context, x q, pageID int64, now time.Time) error {
	const owner = ` FROM accounts WHERE id IN (SELECT account_id FROM link_pages WHERE id = $1)`
	if _, err := x.exec(ctx, `UPDATE accounts SET read_at = 0 WHERE id IN (SELECT id`+owner+`)`, pageID); err != nil {
		return err
	}
	_, err := ringAll(ctx, x, social.MatchTask, `SELECT user_id AS subject, user_id, CAST($2 AS BIGINT) AS at`+owner, pageID, micros(now))
	return err
}
