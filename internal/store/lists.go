package store

import (
	"context"
	"time"

	"godwit/internal/social"
)

// PublicList is one import of a public mapping.
type PublicList struct {
	Source     string // its name, as people are told it
	File       string
	Digest     string // SHA-256 of the file in hexadecimal
	ImportedBy string
	ImportedAt time.Time
	Rows       int
	Left       int // rows left out, since the people withdrew
}

// ListedRow is one row of a public list.
type ListedRow struct {
	XID      string
	Username string
	Handle   social.Handle
}

// listedRow is a row as it goes into the database.
type listedRow struct {
	XID      string `json:"xid"`
	Username string `json:"username"`
	Name     string `json:"name"`
	Handle   string `json:"handle"`
	Key      string `json:"key"`
}

// listBatch is how many rows go into one statement.
const listBatch = 2000

// SaveList stores a public list in place of what an earlier import of the same
// source brought, all of it or nothing, with who imported it and when (ZIP-14).
// People who withdrew are left out. Accounts that the list is about are read
// again.
func (s *Store) SaveList(ctx context.Context, p PublicList, rows []ListedRow) (PublicList, error) {
	saved, err := s.SaveLists(ctx, []PublicList{p}, map[string][]ListedRow{p.Source: rows})
	if err != nil {
		return p, err
	}
	return saved[0], nil
}

// SaveLists is SaveList for the lists of one file, whose rows lie under their
// sources: all of them or none.
func (s *Store) SaveLists(ctx context.Context, lists []PublicList, rows map[string][]ListedRow) (saved []PublicList, err error) {
	kept := map[string][]ListedRow{}
	for source := range rows {
		if kept[source], err = s.withoutObjections(ctx, rows[source]); err != nil {
			return nil, err
		}
	}
	err = s.write(ctx, func(x q) error {
		saved = nil
		for _, p := range lists {
			p.Rows, p.Left = len(kept[p.Source]), len(rows[p.Source])-len(kept[p.Source])
			if err := replaceList(ctx, x, p, kept[p.Source]); err != nil {
				return err
			}
			saved = append(saved, p)
		}
		return nil
	})
	return saved, err
}

func replaceList(ctx context.Context, x q, p PublicList, rows []ListedRow) error {
	before, err := list(ctx, x, scalar[int64], `SELECT id FROM registry_imports WHERE source = $1`, clean(p.Source))
	if err != nil {
		return err
	}
	for _, id := range before {
		if err := rereadListed(ctx, x, id); err != nil {
			return err
		}
		if _, err := x.exec(ctx, `DELETE FROM registry_imports WHERE id = $1`, id); err != nil {
			return err
		}
	}
	id, err := scalar[int64](x.row(ctx, `INSERT INTO registry_imports (source, file, digest, imported_by, rows, imported_at)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`, clean(p.Source), clean(p.File), clean(p.Digest), clean(p.ImportedBy), len(rows), micros(p.ImportedAt)))
	if err != nil {
		return err
	}
	for len(rows) > 0 {
		n := min(listBatch, len(rows))
		if err := saveListed(ctx, x, id, p, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return rereadListed(ctx, x, id)
}

func (s *Store) withoutObjections(ctx context.Context, rows []ListedRow) ([]ListedRow, error) {
	accounts, handles := make([]social.Account, len(rows)), make([]social.Handle, len(rows))
	for i, r := range rows {
		accounts[i], handles[i] = social.Account{NativeID: r.XID, Username: r.Username}, r.Handle
	}
	o, err := s.Objections(ctx, accounts, handles)
	kept := make([]ListedRow, 0, len(rows))
	for i, r := range rows {
		if !o.Account(accounts[i]) && !o.Handle(r.Handle) {
			kept = append(kept, r)
		}
	}
	return kept, err
}

func saveListed(ctx context.Context, x q, id int64, p PublicList, rows []ListedRow) error {
	batch := make([]listedRow, len(rows))
	for i, r := range rows {
		batch[i] = listedRow{clean(r.XID), clean(r.Username), lower(r.Username), r.Handle.String(), r.Handle.Key()}
	}
	_, err := x.exec(ctx, `
		INSERT INTO registrations (user_id, import_id, xid, xid_proven, username, username_key, handle, handle_key, actor_id, proof, post, code,
			audience, stale, source, created_at, checked_at, due_at)
		SELECT CAST(NULL AS BIGINT), CAST($2 AS BIGINT), e.value->>'xid', false, e.value->>'username', e.value->>'name', e.value->>'handle', e.value->>'key',
			'', '', '', '', 'public', false, CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($4 AS BIGINT), 0
		FROM EACH($1) WHERE true
		ON CONFLICT (xid, username_key, handle_key, source) DO NOTHING`, array(batch), id, clean(p.Source), micros(p.ImportedAt))
	return err
}

// rereadListed lets the Accounts that a list is about be read again.
func rereadListed(ctx context.Context, x q, id int64) error {
	const about = `FROM accounts WHERE network = 'x' AND following AND id IN (
		SELECT a.id FROM registrations AS g JOIN accounts AS a ON a.native_id = g.xid
			WHERE g.import_id = $1 AND g.xid <> '' AND a.following AND a.native_id <> ''
		UNION SELECT a.id FROM registrations AS g JOIN accounts AS a ON a.username_key = g.username_key
			WHERE g.import_id = $1 AND g.username_key <> '' AND a.following AND a.username_key <> '')`
	if _, err := x.exec(ctx, `UPDATE accounts SET read_at = 0 WHERE id IN (SELECT id `+about+`)`, id); err != nil {
		return err
	}
	_, err := ringAll(ctx, x, social.MatchTask, `SELECT DISTINCT user_id AS subject, user_id, CAST($2 AS BIGINT) AS at `+about, id, micros(atOnce))
	return err
}

// PublicLists lists what was imported, the newest first.
func (s *Store) PublicLists(ctx context.Context) ([]PublicList, error) {
	all, err := list(ctx, s.reading, func(r scanner) (p PublicList, err error) {
		return p, r.Scan(&p.Source, &p.File, &p.Digest, &p.ImportedBy, moment{&p.ImportedAt}, &p.Rows)
	}, `SELECT source, file, digest, imported_by, imported_at, rows FROM registry_imports ORDER BY imported_at DESC, id DESC`)
	return all, s.d.mean(err)
}

// DeleteList takes a public list back, with what it said of anybody's Accounts.
func (s *Store) DeleteList(ctx context.Context, source string) error {
	return s.write(ctx, func(x q) error {
		id, err := scalar[int64](x.row(ctx, `SELECT id FROM registry_imports WHERE source = $1`, clean(source)))
		if err != nil {
			return err
		}
		if err := rereadListed(ctx, x, id); err != nil {
			return err
		}
		_, err = x.exec(ctx, `DELETE FROM registry_imports WHERE id = $1`, id)
		return err
	})
}
