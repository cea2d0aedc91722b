package config

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"godwit/internal/fault"
)

// Key is one 256-bit key. ID names it without giving it away.
type Key struct {
	ID     string
	Secret [keyBytes]byte
}

// Keys returns the keys that seal tokens: the first one seals, all open. They
// come from GODWIT_SECRET_KEY or the key file; on the first start the file is
// made in the data directory. Errors are Invalid or Denied.
func (c Config) Keys() ([]Key, error) {
	if !c.secretKey.IsZero() {
		return parseKeys(c.secretKey.Reveal(), "GODWIT_SECRET_KEY")
	}
	if c.secretKeyFile != "" {
		return readKeys(c.secretKeyFile)
	}
	path := filepath.Join(c.DataDir, keyFile)
	keys, err := readKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if err := makeKey(c.DataDir, path); err != nil {
		return nil, keyFault(path, err)
	}
	return readKeys(path)
}

// makeKey writes a new key file as a whole or not at all: of processes that
// start at the same time one wins, and nobody ever reads half a key (STO-03).
func makeKey(dir, path string) error {
	var secret [keyBytes]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return err
	}
	draft := filepath.Join(dir, "."+keyFile+"."+rand.Text())
	defer os.Remove(draft)
	if err := writeSynced(draft, base64.StdEncoding.EncodeToString(secret[:])+"\n"); err != nil {
		return err
	}
	if err := os.Link(draft, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func writeSynced(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func readKeys(path string) ([]Key, error) {
	body, info, err := readOpen(path)
	if err != nil {
		return nil, keyFault(path, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Denied, "key-mode", "{file} holds the key that encrypts tokens and can be opened by others. Make it yours alone: chmod 600 {file}", "file", path)
	}
	return parseKeys(string(body), path)
}

func keyFault(path string, cause error) error {
	return fault.New(fault.Denied, "key-unreadable", "The file with the key that encrypts tokens, {file}, can't be opened.", "file", path).Because(cause)
}

// parseKeys reads keys parted by white space or commas, each 32 bytes as
// base64 or hex; a line that starts with # is a remark.
func parseKeys(text, from string) ([]Key, error) {
	var keys []Key
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for word := range strings.FieldsSeq(strings.ReplaceAll(line, ",", " ")) {
			key, ok := parseKey(word)
			if !ok || len(keys) == maxKeys {
				return nil, badKeys(from)
			}
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, badKeys(from)
	}
	return keys, nil
}

func badKeys(from string) error {
	return invalid("bad-secret-key", "{from} must hold a key of 32 random bytes in base64 or hex, such as `openssl rand -base64 32` prints; at most 16 of them.", "from", from)
}

func parseKey(word string) (Key, bool) {
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		if secret, err := decode(word); err == nil && len(secret) == keyBytes {
			return newKey([keyBytes]byte(secret)), true
		}
	}
	return Key{}, false
}

// newKey names a key by a hash that tells nothing about it.
func newKey(secret [keyBytes]byte) Key {
	sum := sha256.Sum256(append([]byte("godwit key id\x00"), secret[:]...))
	return Key{ID: hex.EncodeToString(sum[:6]), Secret: secret}
}

// String names the key by its id, so that no log shows the secret.
func (k Key) String() string { return "key " + k.ID }

// GoString is String, for %#v.
func (k Key) GoString() string { return k.String() }
