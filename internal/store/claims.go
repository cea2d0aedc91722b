package store

import (
	"context"

	"godwit/internal/social"
)

// claimRow is one Claim as it goes into the database.
type claimRow struct {
	Network     social.Network `json:"network"`
	NativeID    string         `json:"id"`
	UsernameKey string         `json:"username_key"`
	Handle      string         `json:"handle"`
	HandleKey   string         `json:"handle_key"`
	List        string         `json:"list"`
	SeenAt      int64          `json:"seen_at"`
}

// claimRows are the Claims of a batch, each once.
func claimRows(records []social.Record) (rows []claimRow) {
	had := map[claimRow]bool{}
	for _, r := range records {
		for _, c := range r.Claims {
			row := claimRow{Network: r.Network, NativeID: clean(r.NativeID), Handle: c.Handle.String(), HandleKey: c.Handle.Key(), List: clean(c.List), SeenAt: micros(c.SeenAt)}
			if row.NativeID == "" {
				row.UsernameKey = lower(r.Username)
			}
			key := row
			key.Handle, key.SeenAt = "", 0
			if size := len(row.NativeID) + len(row.UsernameKey); size == 0 || size > maxKeyText || c.Handle.IsZero() || had[key] {
				continue
			}
			had[key] = true
			rows = append(rows, row)
		}
	}
	return rows
}

// onlyClaims reports whether a Record holds Claims and nothing else.
func onlyClaims(r social.Record) bool { return r.Edge == "" && len(r.Claims) > 0 }

// saveClaims stores what the records claim, under the claim of the task, and
// lets the Accounts that it is about be read again.
func (s *Store) saveClaims(ctx context.Context, t social.Task, rows []claimRow) error {
	if len(rows) == 0 {
		return nil
	}
	return s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.ImportTask)
		if err != nil {
			return err
		}
		batch := array(rows)
		_, err = x.exec(ctx, `
			INSERT INTO claims (user_id, network, native_id, username_key, handle, handle_key, list, seen_at, source_id, imported_at)
			SELECT CAST($1 AS BIGINT), e.value->>'network', e.value->>'id', e.value->>'username_key', e.value->>'handle', e.value->>'handle_key',
				e.value->>'list', CAST(e.value->>'seen_at' AS BIGINT), CAST($3 AS BIGINT), (SELECT created_at FROM sources WHERE id = $3) FROM EACH($2) WHERE true
			ON CONFLICT (source_id, network, native_id, username_key, handle_key) DO NOTHING`, owner, batch, t.ID)
		if err != nil {
			return err
		}
		for _, about := range []string{
			`a.native_id <> '' AND a.native_id = e.value->>'id' AND e.value->>'id' <> ''`,
			`a.following AND a.username_key <> '' AND a.username_key = e.value->>'username_key'`,
		} {
			_, err := x.exec(ctx, `UPDATE accounts SET read_at = 0 WHERE user_id = $1 AND following AND id IN (
				SELECT a.id FROM EACH($2) JOIN accounts AS a ON a.user_id = $1 AND a.network = e.value->>'network' AND `+about+`)`, owner, batch)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// addClaims fills in what lists claim of the Accounts.
func addClaims(ctx context.Context, x q, userID int64, all []social.Account) error {
	type keyed struct {
		account int64
		social.Claim
	}
	found, err := list(ctx, x, func(r scanner) (k keyed, err error) {
		return k, r.Scan(&k.account, handle{&k.Handle}, &k.List, moment{&k.SeenAt})
	}, `SELECT a.id, c.handle, c.list, CASE WHEN c.seen_at <> 0 THEN c.seen_at ELSE c.imported_at END
		FROM LIST($2) JOIN accounts AS a ON a.id = CAST(e.value AS BIGINT)
			JOIN claims AS c ON c.user_id = $1 AND c.network = a.network
				AND c.native_id = a.native_id AND c.native_id <> ''
		UNION
		SELECT a.id, c.handle, c.list, CASE WHEN c.seen_at <> 0 THEN c.seen_at ELSE c.imported_at END
		FROM LIST($2) JOIN accounts AS a ON a.id = CAST(e.value AS BIGINT)
			JOIN claims AS c ON c.user_id = $1 AND c.network = a.network
				AND c.native_id = '' AND c.username_key = a.username_key AND c.username_key <> ''
		ORDER BY 1, 2, 3`, userID, array(accountIDs(all)))
	at := map[int64]int{}
	for i := range all {
		at[all[i].ID] = i
	}
	for _, k := range found {
		i := at[k.account]
		all[i].Claims = append(all[i].Claims, k.Claim)
	}
	return err
}
