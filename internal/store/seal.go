package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Keys are the keys that seal secrets at rest: the first one seals, all open.
type Keys []Key

// Key is one 256-bit key with the id under which it is known, at most 64 bytes.
type Key struct {
	ID     string
	Secret [32]byte
}

// String names the key without its secret.
func (k Key) String() string { return "key " + k.ID }

// GoString names the key without its secret, for %#v.
func (k Key) GoString() string { return k.String() }

// place is where a sealed secret lies. It is bound to the secret, so that one
// copied into another row, column or User's row does not open (STO-02).
type place struct {
	table, column, row string
	user               int64
}

func (p place) data(keyID string) []byte {
	return []byte(strings.Join([]string{p.table, p.column, p.row, strconv.FormatInt(p.user, 10), keyID}, "\x00"))
}

// sealer seals and opens secrets: AES-256-GCM with a random nonce.
type sealer struct {
	first string
	open  map[string]cipher.AEAD
}

const (
	sealedForm = 1 // first byte of a sealed secret: then the length of the key's id, the id, nonce and ciphertext
	maxKeyID   = 64
)

func newSealer(keys Keys) (*sealer, error) {
	s := &sealer{open: map[string]cipher.AEAD{}}
	for _, key := range keys {
		if key.ID == "" || len(key.ID) > maxKeyID {
			return nil, fmt.Errorf("store: id of a key has %d bytes", len(key.ID))
		}
		block, err := aes.NewCipher(key.Secret[:])
		if err != nil {
			return nil, err
		}
		if s.open[key.ID], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
		if s.first == "" {
			s.first = key.ID
		}
	}
	return s, nil
}

// sealedHead starts everything that was sealed by the key.
func sealedHead(keyID string) []byte {
	return append([]byte{sealedForm, byte(len(keyID))}, keyID...)
}

// seal returns the stored form of a secret; no secret is no bytes.
func (s *sealer) seal(secret social.Secret, at place) ([]byte, error) {
	if secret.IsZero() {
		return []byte{}, nil
	}
	if s.first == "" {
		return nil, errors.New("store: opened without a key, nothing can be sealed")
	}
	return s.sealBy(s.first, secret.Reveal(), at), nil
}

func (s *sealer) sealBy(keyID, secret string, at place) []byte {
	return s.open[keyID].Seal(sealedHead(keyID), nil, []byte(secret), at.data(keyID))
}

// unseal opens a stored secret that lies at the given place.
func (s *sealer) unseal(stored []byte, at place) (social.Secret, error) {
	if len(stored) == 0 {
		return social.Secret{}, nil
	}
	keyID, body, ok := splitSealed(stored)
	aead := s.open[keyID]
	if !ok || aead == nil {
		return social.Secret{}, cannotOpen(at, errors.New("sealed by an unknown key"))
	}
	plain, err := aead.Open(nil, nil, body, at.data(keyID))
	if err != nil {
		return social.Secret{}, cannotOpen(at, err)
	}
	return social.NewSecret(string(plain)), nil
}

func splitSealed(stored []byte) (keyID string, body []byte, ok bool) {
	if len(stored) < 2 || stored[0] != sealedForm || len(stored) < 2+int(stored[1]) {
		return "", nil, false
	}
	end := 2 + int(stored[1])
	return string(stored[2:end]), stored[end:], true
}

func cannotOpen(at place, cause error) error {
	return fault.New(fault.Broken, "cannot-be-opened",
		"The stored permission cannot be opened. Nothing was sent; connect the account again.").
		Because(fmt.Errorf("%s.%s of row %s: %w", at.table, at.column, at.row, cause))
}

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
