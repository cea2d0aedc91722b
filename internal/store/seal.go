package store

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
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
