package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"godwit/internal/social"
)

const pullColumns = `id, user_id, host, account_id, kind, cursor, pages, entries, spent, done, due_at, updated_at`

func scanPull(r scanner) (p social.Pull, err error) {
	err = r.Scan(&p.ID, &p.UserID, &p.Host, &p.AccountID, &p.Kind, &p.Cursor, &p.Pages, &p.Entries, &p.Spent, &p.Done,
		moment{&p.DueAt}, moment{&p.UpdatedAt})
	return p, err
}

// BeginPull returns the User's Pull of a list, wherever it stands; one that
// there is not yet is begun.
func (s *Store) BeginPull(ctx context.Context, p social.Pull, now time.Time) (saved social.Pull, err error) {
	err = s.write(ctx, func(x q) error {
		if _, err := x.exec(ctx, `
			INSERT INTO pulls (user_id, host, account_id, kind, cursor, pages, entries, spent, done, due_at, updated_at)
			VALUES ($1, $2, $3, $4, '', 0, 0, 0, false, 0, $5) ON CONFLICT (user_id, host, account_id, kind) DO NOTHING`,
			p.UserID, clean(p.Host), clean(p.AccountID), string(p.Kind), micros(now)); err != nil {
			return err
		}
		saved, err = scanPull(x.row(ctx, `SELECT `+pullColumns+` FROM pulls WHERE user_id = $1 AND host = $2 AND account_id = $3 AND kind = $4`,
			p.UserID, clean(p.Host), clean(p.AccountID), string(p.Kind)))
		return err
	})
	return saved, err
}

// RestartPull begins a Pull anew; what was spent for it before is forgotten.
// A page of it that no Source was made of yet is kept.
func (s *Store) RestartPull(ctx context.Context, p social.Pull, now time.Time) (social.Pull, error) {
	return s.setPull(ctx, p, `cursor = '', entries = 0, spent = 0, done = false, updated_at = $4`, micros(now))
}

// ReservePull notes before a request what it may cost at most. It is the only
// trace of a request whose answer never came.
func (s *Store) ReservePull(ctx context.Context, p social.Pull, cost social.Cost, now time.Time) (social.Pull, error) {
	return s.setPull(ctx, p, `updated_at = $4, spent = spent + $5`, micros(now), int64(cost))
}

// DelayPull notes that a request got no page: what is given back of what was
// reserved for it, and until when the API is left alone.
func (s *Store) DelayPull(ctx context.Context, p social.Pull, back social.Cost, until, now time.Time) (social.Pull, error) {
	return s.setPull(ctx, p, `updated_at = $4, spent = spent - $5, due_at = $6`, micros(now), int64(back), micros(until))
}

// SavePage keeps the page that a Pull got and moves it to the next one, with
// what is given back of what was reserved. It fails when another process moved
// the Pull meanwhile.
func (s *Store) SavePage(ctx context.Context, p social.Pull, page social.PullPage, back social.Cost, now time.Time) (saved social.Pull, err error) {
	body := strings.ReplaceAll(strings.ToValidUTF8(string(page.Body), "\uFFFD"), "\x00", "")
	err = s.write(ctx, func(x q) error {
		if _, err := x.exec(ctx, `INSERT INTO pull_pages (pull_id, n, body) SELECT id, pages, $2 FROM pulls
			WHERE id = $1 AND cursor = $3 AND pages = $4`, p.ID, body, p.Cursor, p.Pages); err != nil {
			return err
		}
		saved, err = setPull(ctx, x, p, `updated_at = $4, spent = spent - $5, cursor = $6, pages = pages + 1, entries = entries + $7, done = $8, due_at = 0`,
			micros(now), int64(back), clean(page.Next), page.Entries, page.Next == "")
		return err
	})
	return saved, err
}

// EndPull says that nothing is left to be asked for.
func (s *Store) EndPull(ctx context.Context, p social.Pull, now time.Time) (social.Pull, error) {
	return s.setPull(ctx, p, `updated_at = $4, done = true`, micros(now))
}

func (s *Store) setPull(ctx context.Context, p social.Pull, set string, args ...any) (saved social.Pull, err error) {
	err = s.write(ctx, func(x q) error {
		saved, err = setPull(ctx, x, p, set, args...)
		return err
	})
	return saved, err
}

// setPull changes a Pull that stands where p does.
func setPull(ctx context.Context, x q, p social.Pull, set string, args ...any) (social.Pull, error) {
	saved, err := scanPull(x.row(ctx, `UPDATE pulls SET `+set+` WHERE id = $1 AND cursor = $2 AND pages = $3 RETURNING `+pullColumns,
		append([]any{p.ID, p.Cursor, p.Pages}, args...)...))
	if errors.Is(err, sql.ErrNoRows) {
		err = stale()
	}
	return saved, err
}

// PullsSpent is what the User's unfinished Pulls of some kinds at a host cost so
// far.
func (s *Store) PullsSpent(ctx context.Context, userID int64, host string, kinds []social.PullKind) (social.Cost, error) {
	n, err := scalar[int64](s.reading.row(ctx, `SELECT CAST(coalesce(sum(spent), 0) AS BIGINT) FROM pulls
		WHERE user_id = $1 AND host = $2 AND NOT done AND kind IN KEYS($3)`, userID, clean(host), array(kinds)))
	return social.Cost(n), s.d.mean(err)
}

// PullPages gives the pages of a Pull that no Source was made of, in order.
func (s *Store) PullPages(ctx context.Context, p social.Pull, visit func(body string) error) error {
	return s.read(ctx, func(x q) error {
		rows, err := x.rows(ctx, `SELECT body FROM pull_pages WHERE pull_id = $1 AND n < $2 ORDER BY n`, p.ID, p.Pages)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			body, err := scalar[string](rows)
			if err == nil {
				err = visit(body)
			}
			if err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// PullSize counts what PullPages gives: the pages, and the bytes of them.
func (s *Store) PullSize(ctx context.Context, p social.Pull) (pages int, size int64, err error) {
	err = s.reading.row(ctx, `SELECT count(*), CAST(coalesce(sum(octet_length(body)), 0) AS BIGINT) FROM pull_pages WHERE pull_id = $1 AND n < $2`,
		p.ID, p.Pages).Scan(&pages, &size)
	return pages, size, s.d.mean(err)
}

// DropPages deletes the pages of a Pull of which a Source was made.
func (s *Store) DropPages(ctx context.Context, p social.Pull) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `DELETE FROM pull_pages WHERE pull_id = $1 AND n < $2`, p.ID, p.Pages)
		return err
	})
}

const unnamed = ` FROM accounts AS a WHERE a.user_id = $1 AND a.following AND a.network = 'x' AND a.native_id <> '' AND a.username = '' AND a.id > $2`

// Unnamed lists accounts on X that the User follows and that are known by
// number only, by id after the given one.
func (s *Store) Unnamed(ctx context.Context, userID, after int64, limit int) ([]social.Account, error) {
	all, err := list(ctx, s.reading, scanAccount, `SELECT `+accountColumns+unnamed+` ORDER BY a.id LIMIT $3`, userID, after, limit)
	return all, s.d.mean(err)
}

// CountUnnamed counts those that Unnamed lists.
func (s *Store) CountUnnamed(ctx context.Context, userID, after int64) (int, error) {
	n, err := scalar[int](s.reading.row(ctx, `SELECT count(*)`+unnamed, userID, after))
	return n, s.d.mean(err)
}
