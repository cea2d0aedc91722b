package config

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func loadIn(t *testing.T, dir string) Config {
	t.Helper()
	c, err := Load(nil, Places{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.MakeDataDir(); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSTO03FirstStartsAtOnce: two processes start for the first time at the
// same moment, a hundred times over, and agree on one key.
func TestSTO03FirstStartsAtOnce(t *testing.T) {
	clean(t)
	for range 100 {
		dir := t.TempDir()
		c := loadIn(t, dir)
		var keys [2]Key
		var group sync.WaitGroup
		for i := range keys {
			group.Go(func() {
				got, err := c.Keys()
				if err != nil || len(got) != 1 {
					t.Error(got, err)
					return
				}
				keys[i] = got[0]
			})
		}
		group.Wait()
		if keys[0] != keys[1] || keys[0].ID == "" {
			t.Fatalf("two first starts have %s and %s", keys[0], keys[1])
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 {
			t.Fatalf("left behind: %v %v", entries, err)
		}
	}
}

func TestSTO03KeyFile(t *testing.T) {
	clean(t)
	dir := t.TempDir()
	c := loadIn(t, dir)
	first, err := c.Keys()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, keyFile)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key file is %v, %v", info, err)
	}
	again, err := c.Keys()
	if err != nil || again[0] != first[0] {
		t.Fatalf("the second start has %v, the first had %v (%v)", again, first, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = c.Keys()
	wantFault(t, err, "key-mode")
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err = c.Keys()
	wantFault(t, err, "bad-secret-key")
}

func TestKeysFromElsewhere(t *testing.T) {
	a, b := strings.Repeat("a", keyBytes), strings.Repeat("b", keyBytes)
	hexA, base64B := hex.EncodeToString([]byte(a)), base64.StdEncoding.EncodeToString([]byte(b))
	for name, r := range map[string]struct {
		text string
		want string
		code string
	}{
		"one":        {hexA, a, ""},
		"two":        {"# new\n" + base64B + "\n\n# old\n" + hexA + "\n", b + a, ""},
		"comma":      {base64B + "," + hexA, b + a, ""},
		"raw url":    {strings.TrimRight(base64B, "="), b, ""},
		"empty":      {"# nothing\n", "", "bad-secret-key"},
		"short":      {"c2hvcnQ=", "", "bad-secret-key"},
		"passphrase": {"correct horse battery staple", "", "bad-secret-key"},
		"too many":   {strings.Repeat(hexA+"\n", maxKeys+1), "", "bad-secret-key"},
	} {
		t.Run(name, func(t *testing.T) {
			clean(t)
			file := filepath.Join(t.TempDir(), "keys")
			if err := os.WriteFile(file, []byte(r.text), 0o400); err != nil {
				t.Fatal(err)
			}
			t.Setenv("GODWIT_SECRET_KEY_FILE", file)
			fromFile, err := loadIn(t, t.TempDir()).Keys()
			wantFault(t, err, r.code)
			t.Setenv("GODWIT_SECRET_KEY_FILE", "")
			t.Setenv("GODWIT_SECRET_KEY", r.text)
			fromEnv, err := loadIn(t, t.TempDir()).Keys()
			wantFault(t, err, r.code)
			for _, keys := range [][]Key{fromFile, fromEnv} {
				var got string
				for _, k := range keys {
					got += string(k.Secret[:])
				}
				if got != r.want {
					t.Errorf("got %q, want %q", got, r.want)
				}
			}
		})
	}
	t.Run("missing file", func(t *testing.T) {
		clean(t)
		t.Setenv("GODWIT_SECRET_KEY_FILE", filepath.Join(t.TempDir(), "none"))
		_, err := loadIn(t, t.TempDir()).Keys()
		wantFault(t, err, "key-unreadable")
	})
	t.Run("both", func(t *testing.T) {
		clean(t)
		t.Setenv("GODWIT_SECRET_KEY_FILE", "x")
		t.Setenv("GODWIT_SECRET_KEY", hexA)
		_, err := Load(nil, Places{DataDir: t.TempDir()})
		wantFault(t, err, "two-secret-keys")
	})
}

func FuzzParseKeys(f *testing.F) {
	f.Add("")
	f.Add("# x\n" + strings.Repeat("ab", keyBytes))
	f.Add(strings.Repeat("A", 43) + "=")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := parseKeys(text, "test")
		if (err == nil) != (len(keys) > 0 && len(keys) <= maxKeys) {
			t.Errorf("%d keys and error %v from %q", len(keys), err, text)
		}
	})
}

// TestSTO11DataDirectory: ours alone, and nobody else's directory is changed.
func TestSTO11DataDirectory(t *testing.T) {
	clean(t)
	mode := func(dir string) os.FileMode {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	open := func(file string) string {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if file != "" {
			if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	fresh := filepath.Join(t.TempDir(), "a", "b")
	for _, dir := range []string{fresh, open(""), open(database)} {
		if c := loadIn(t, dir); mode(c.DataDir) != 0o700 {
			t.Errorf("%s has mode %o", dir, mode(dir))
		}
	}
	others := open("thesis.txt")
	c, err := Load(nil, Places{DataDir: others})
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, c.MakeDataDir(), "data-dir-open")
	if mode(others) != 0o755 {
		t.Errorf("somebody else's directory now has mode %o", mode(others))
	}
}
