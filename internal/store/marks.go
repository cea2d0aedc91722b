package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"godwit/internal/social"
)

// A mark stands for a person where the person itself may not be written down:
// in objections, and in what somebody was let do. It is an HMAC, since numbers
// on X can be tried one by one (REG-04). Its key is random and lies sealed in
// the database, so that a dump without the key file finds nobody, and changing
// that key loses no objection.

// registryMarks is the id of the key of marks.
const registryMarks = "registry"

func markKeyAt() place {
	return place{table: "mark_keys", column: "secret", row: registryMarks}
}

// markKey returns the key of marks, made at first use.
func (s *Store) markKey(ctx context.Context, x q) ([]byte, error) {
	if known := s.marks.Load(); known != nil {
		return *known, nil
	}
	fresh, err := s.sealer.seal(social.NewSecret(rand.Text()+rand.Text()), markKeyAt())
	if err != nil {
		return nil, err
	}
	_, err = x.exec(ctx, `INSERT INTO mark_keys (id, secret) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, registryMarks, fresh)
	if err != nil {
		return nil, err
	}
	sealed, err := scalar[[]byte](x.row(ctx, `SELECT secret FROM mark_keys WHERE id = $1`, registryMarks))
	if err != nil {
		return nil, err
	}
	plain, err := s.sealer.unseal(sealed, markKeyAt())
	return []byte(plain.Reveal()), err
}

// marker makes marks.
type marker struct{ key []byte }

// marker opens the key and keeps it for as long as the Store is open.
func (s *Store) marker(ctx context.Context) (m marker, err error) {
	if known := s.marks.Load(); known != nil {
		return marker{*known}, nil
	}
	err = s.write(ctx, func(x q) error {
		m.key, err = s.markKey(ctx, x)
		return err
	})
	if err == nil {
		s.marks.Store(&m.key)
	}
	return m, err
}

// of is the mark of a thing of a kind; kinds never meet.
func (m marker) of(kind, thing string) string {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(kind + ":" + thing))
	return hex.EncodeToString(mac.Sum(nil))
}
