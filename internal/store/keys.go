package store

import (
	"bytes"
	"context"
	"slices"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// checkText is what a key's check value seals.
const checkText = "godwit"

func checkPlace(keyID string) place {
	return place{table: "seal_keys", column: "check_value", row: keyID}
}

// checkKeys compares the keys with those that sealed what the database holds,
// and enrols new ones: any key into an empty database, later ones only beside
// a known key. A wrong key changes nothing (STO-03).
func (s *Store) checkKeys(ctx context.Context) error {
	if s.sealer.first == "" {
		return nil
	}
	return s.write(ctx, func(x q) error {
		if x.d.lock != "" {
			if _, err := x.exec(ctx, x.d.lock); err != nil {
				return err
			}
		}
		known, err := s.knownKeys(ctx, x)
		if err != nil {
			return err
		}
		return s.enrol(ctx, x, known)
	})
}

// knownKeys returns the ids of the database's keys; each must be at hand and
// right, or have sealed nothing that is still there.
func (s *Store) knownKeys(ctx context.Context, x q) (right []string, err error) {
	type keyRow struct {
		id    string
		check []byte
	}
	rows, err := list(ctx, x, func(r scanner) (k keyRow, err error) {
		return k, r.Scan(&k.id, &k.check)
	}, `SELECT id, check_value FROM seal_keys`)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if s.sealer.open[row.id] == nil {
			if err := notUsed(ctx, x, row.id); err != nil {
				return nil, err
			}
			continue
		}
		if plain, err := s.sealer.unseal(row.check, checkPlace(row.id)); err != nil || plain.Reveal() != checkText {
			return nil, wrongKey()
		}
		right = append(right, row.id)
	}
	if len(rows) > 0 && len(right) == 0 {
		return nil, wrongKey()
	}
	return right, nil
}

func (s *Store) enrol(ctx context.Context, x q, known []string) error {
	for id := range s.sealer.open {
		if slices.Contains(known, id) {
			continue
		}
		check := s.sealer.sealBy(id, checkText, checkPlace(id))
		if _, err := x.exec(ctx, `INSERT INTO seal_keys (id, check_value) VALUES ($1, $2)`, id, check); err != nil {
			return err
		}
	}
	return nil
}

// sealedColumns are all places of sealed secrets, as table and column.
var sealedColumns = [][2]string{
	{"destinations", "token"}, {"apps", "client_secret"}, {"flows", "client_secret"}, {"flows", "verifier"},
	{"mark_keys", "secret"}, {"mails", "address"}, {"waves", "hook_secret"}, {"source_tokens", "token"},
}

// notUsed refuses to go on without a key that still seals something.
func notUsed(ctx context.Context, x q, keyID string) error {
	head := sealedHead(keyID)
	for _, at := range sealedColumns {
		n, err := scalar[int](x.row(ctx, `SELECT count(*) FROM `+at[0]+` WHERE substr(`+at[1]+`, 1, $1) = $2`, len(head), head))
		if err != nil {
			return err
		}
		if n > 0 {
			return wrongKey()
		}
	}
	return nil
}

func wrongKey() error {
	return fault.New(fault.Denied, "wrong-key",
		"The secret key isn't the one that sealed the permissions in this database. Nothing was changed; start with the old key, alone or after the new one.")
}

// Reseal seals every stored secret with the first key, after which older keys
// are no longer needed, and returns how many it changed. Processes that do not
// have the first key yet can no longer open them: give it to all of them, as
// the second one, before it becomes the first one anywhere. Flows are left
// alone, they end within minutes.
func (s *Store) Reseal(ctx context.Context) (n int, err error) {
	err = s.write(ctx, func(x q) error {
		n = 0
		for _, kind := range sealedKinds {
			rows, err := list(ctx, x, kind.scan, kind.read)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if len(row.value) == 0 || bytes.HasPrefix(row.value, sealedHead(s.sealer.first)) {
					continue
				}
				if err := s.reseal(ctx, x, kind.write, row); err != nil {
					return err
				}
				n++
			}
		}
		return nil
	})
	return n, err
}

func (s *Store) reseal(ctx context.Context, x q, write string, row sealedRow) error {
	secret, err := s.sealer.unseal(row.value, row.at)
	if err != nil {
		return err
	}
	again, err := s.sealer.seal(secret, row.at)
	if err != nil {
		return err
	}
	_, err = x.exec(ctx, write, append([]any{again}, row.key...)...)
	return err
}

// sealedRow is a stored secret with its place and its row's key.
type sealedRow struct {
	at    place
	key   []any
	value []byte
}

// sealedKinds are the secrets that outlive their making by more than minutes.
var sealedKinds = []struct {
	read, write string
	scan        func(scanner) (sealedRow, error)
}{
	{`SELECT id, user_id, token FROM destinations`, `UPDATE destinations SET token = $1 WHERE id = $2`,
		func(r scanner) (row sealedRow, err error) {
			var d social.Destination
			err = r.Scan(&d.ID, &d.UserID, &row.value)
			row.at, row.key = tokenAt(d), []any{d.ID}
			return row, err
		}},
	{`SELECT host, scopes, redirect_uri, client_secret FROM apps`,
		`UPDATE apps SET client_secret = $1 WHERE host = $2 AND scopes = $3 AND redirect_uri = $4`,
		func(r scanner) (row sealedRow, err error) {
			var a App
			err = r.Scan(&a.Host, &a.Scopes, &a.RedirectURI, &row.value)
			row.at, row.key = a.secretAt(), []any{a.Host, a.Scopes, a.RedirectURI}
			return row, err
		}},
	{`SELECT secret FROM mark_keys WHERE id = 'registry'`, `UPDATE mark_keys SET secret = $1 WHERE id = $2`,
		func(r scanner) (row sealedRow, err error) {
			row.at, row.key = markKeyAt(), []any{registryMarks}
			return row, r.Scan(&row.value)
		}},
	{`SELECT id, hook_secret FROM waves`, `UPDATE waves SET hook_secret = $1 WHERE id = $2`,
		numbered(hookAt)},
	{`SELECT source_id, token FROM source_tokens`, `UPDATE source_tokens SET token = $1 WHERE source_id = $2`,
		numbered(sourceTokenAt)},
	{`SELECT user_id, address FROM mails`, `UPDATE mails SET address = $1 WHERE user_id = $2`,
		numbered(addressAt)},
}

// numbered scans a row whose key and place are one number.
func numbered(at func(id int64) place) func(scanner) (sealedRow, error) {
	return func(r scanner) (row sealedRow, err error) {
		var id int64
		err = r.Scan(&id, &row.value)
		row.at, row.key = at(id), []any{id}
		return row, err
	}
}
