package store_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/store/pgtest"
)

const (
	canaryToken    = "canary-token"
	canarySecret   = "canary-client-secret"
	canaryVerifier = "canary-verifier"
)

func withSecrets(t testing.TB, s *store.Store) (social.User, social.Destination) {
	t.Helper()
	ctx := t.Context()
	u := must(s.LocalUser(ctx, now))(t)
	d := destination(t, s, u)
	ok(t, s.SaveApp(ctx, store.App{Host: "home.test", Scopes: "read", RedirectURI: "urn:x", ClientID: "id", ClientSecret: social.NewSecret(canarySecret)}))
	ok(t, s.SaveFlow(ctx, store.Flow{ID: "f1", UserID: u.ID, Host: "home.test", ClientSecret: social.NewSecret(canarySecret),
		Verifier: social.NewSecret(canaryVerifier), CreatedAt: now}))
	return u, d
}

func noCanary(t testing.TB, where string, content []byte) {
	t.Helper()
	for _, canary := range []string{canaryToken, canarySecret, canaryVerifier} {
		if bytes.Contains(content, []byte(canary)) {
			t.Errorf("%s holds %s in plain", where, canary)
		}
	}
}

func TestSTO01SealedAtRest(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, o store.Options) {
		u, _ := withSecrets(t, s)
		var exported bytes.Buffer
		ok(t, s.ExportUser(t.Context(), u.ID, &exported))
		noCanary(t, "the export", exported.Bytes())
		if s.IsSQLite() {
			for _, path := range must(filepath.Glob(o.Path + "*"))(t) {
				noCanary(t, path, must(os.ReadFile(path))(t))
			}
		} else {
			dump := exec.Command(filepath.Join(must(pgtest.Binaries())(t), "pg_dump"), o.URL)
			noCanary(t, "pg_dump", must(dump.Output())(t))
		}
		for _, column := range columns(t, s) {
			secret := strings.Contains(column.name, "secret") || strings.Contains(column.name, "token") && column.name != "token_url" ||
				column.name == "verifier" || column.name == "check_value" || column.name == "address"
			if sealed := strings.EqualFold(column.kind, "blob") || column.kind == "bytea"; sealed != secret {
				t.Errorf("%s.%s is of type %s", column.table, column.name, column.kind)
			}
		}
	})
}

// column is a column of the schema.
type column struct{ table, name, kind string }

func columns(t testing.TB, s *store.Store) (all []column) {
	t.Helper()
	text := `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'`
	if s.IsSQLite() {
		text = `SELECT m.name, p.name, p.type FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p WHERE m.type = 'table'`
	}
	rows := must(s.WriteDB().QueryContext(t.Context(), text))(t)
	defer rows.Close()
	for rows.Next() {
		var c column
		ok(t, rows.Scan(&c.table, &c.name, &c.kind))
		all = append(all, c)
	}
	ok(t, rows.Err())
	if len(all) < 50 {
		t.Fatalf("only %d columns found", len(all))
	}
	return all
}

func TestSTO02SealedInPlace(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, d := withSecrets(t, s)
		other := must(s.SaveUser(ctx, social.User{Host: "b.test", RemoteID: "9", CreatedAt: now}))(t)
		e := must(s.SaveDestination(ctx, social.Destination{UserID: other.ID, Host: "home.test", RemoteID: "2", CreatedAt: now}, social.NewSecret("other")))(t)
		if got := must(s.DestinationToken(ctx, u.ID, d.ID))(t); got.Reveal() != canaryToken {
			t.Fatal("the token does not open where it belongs")
		}
		_, err := s.DestinationToken(ctx, other.ID, d.ID)
		wantKind(t, err, fault.NotFound)
		for _, swap := range []string{
			`UPDATE destinations SET token = (SELECT token FROM destinations WHERE id = $1) WHERE id = $2`,
			`UPDATE destinations SET token = (SELECT client_secret FROM apps) WHERE id <> $1 AND id = $2`,
			`UPDATE destinations SET token = (SELECT verifier FROM flows) WHERE id <> $1 AND id = $2`,
		} {
			must(s.WriteDB().ExecContext(ctx, swap, d.ID, e.ID))(t)
			_, err := s.DestinationToken(ctx, other.ID, e.ID)
			wantKind(t, err, fault.Broken)
			if !strings.Contains(err.Error(), "cannot-be-opened") {
				t.Errorf("error is %v", err)
			}
		}
		ok(t, s.Ring(ctx, social.FollowTask, e.ID, now))
		_, err = s.FollowWorkFor(ctx, claim(t, s, social.FollowTask, e.ID, now), now)
		wantKind(t, err, fault.Broken)
	})
}

func TestSTO03Keys(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, o store.Options) {
		ctx := t.Context()
		u, d := withSecrets(t, s)
		old, fresh := testKeys[0], store.Key{ID: "k2", Secret: [32]byte{9}}
		with := func(keys ...store.Key) store.Options { o.Keys = keys; return o }
		refused := func(why string, keys ...store.Key) {
			t.Helper()
			if opened, err := store.Open(ctx, with(keys...)); !fault.Is(err, fault.Denied) || !strings.HasPrefix(fault.Say(err), "The secret key isn't") {
				t.Fatalf("%s: %v, %v", why, opened, err)
			}
		}
		refused("another secret under the same id", store.Key{ID: "k1", Secret: [32]byte{7}})
		refused("another key", fresh)
		rotated := open(t, with(fresh, old))
		if got := must(rotated.DestinationToken(ctx, u.ID, d.ID))(t); got.Reveal() != canaryToken {
			t.Fatal("the old key's token does not open")
		}
		refused("the new key alone, while the old one's secrets are there", fresh)
		_, err := s.TakeFlow(ctx, "f1", now) // a flow is gone in minutes
		ok(t, err)
		if n := must(rotated.Reseal(ctx))(t); n != 2 {
			t.Fatalf("%d secrets sealed anew", n)
		}
		refused("the old key alone", old)
		if got := must(open(t, with(fresh)).DestinationToken(ctx, u.ID, d.ID))(t); got.Reveal() != canaryToken {
			t.Fatal("the token does not open with the new key")
		}
		if got := must(open(t, with(fresh)).GetApp(ctx, "home.test", "read", "urn:x"))(t); got.ClientSecret.Reveal() != canarySecret {
			t.Fatal("the client secret does not open with the new key")
		}
		_, err = s.DestinationToken(ctx, u.ID, d.ID)
		wantKind(t, err, fault.Broken)
	})
}

func TestKeyPrintsNothing(t *testing.T) {
	key := store.Key{ID: "k1", Secret: [32]byte{0xab, 0xcd}}
	if got := key.String() + key.GoString(); got != "key k1key k1" {
		t.Errorf("a key prints %s", got)
	}
}

// STO-11: under umask 000 all files are for their owner alone, and a file that
// was not is mended.
func TestSTO11FileModes(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(dir, "go?dw#it %.db")
	s := open(t, store.Options{Path: path, Keys: testKeys})
	ok(t, s.Migrate(t.Context()))
	imported(t, s, 3)
	ok(t, os.Chmod(path, 0o644))
	spool := must(store.OpenSpool(filepath.Join(dir, "spool"), 1000))(t)
	spool.SetFree(plenty)
	upload(t, spool, "x.js", "content")
	open(t, store.Options{Path: path, Keys: testKeys})
	seen := 0
	ok(t, filepath.Walk(filepath.Dir(dir), func(path string, info os.FileInfo, err error) error {
		if seen++; info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	}))
	if seen < 8 {
		t.Errorf("only %d files were made", seen)
	}
}

func TestFlows(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		f := store.Flow{ID: "f1", State: "st", Cookie: "c", Host: "home.test", Typed: hd(t, "me@home.test"), TokenURL: "https://home.test/t",
			AuthorizeURL: "https://home.test/a", ClientID: "id", ClientSecret: social.NewSecret("s"), Verifier: social.NewSecret("v"),
			Scopes: "read", RedirectURI: "http://127.0.0.1/cb", Flavour: social.Snac, CreatedAt: now}
		ok(t, s.SaveFlow(ctx, f))
		if got := must(s.GetFlow(ctx, "f1", now.Add(9*time.Minute)))(t); got != f {
			t.Errorf("%+v became %+v", f, got)
		}
		_, err := s.TakeFlow(ctx, "f1", now.Add(11*time.Minute))
		wantKind(t, err, fault.NotFound)
		if got := must(s.TakeFlow(ctx, "f1", now))(t); got != f {
			t.Errorf("%+v became %+v", f, got)
		}
		_, err = s.TakeFlow(ctx, "f1", now)
		wantKind(t, err, fault.NotFound)
	})
}

func TestApps(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		a := store.App{Host: "home.test", Scopes: "read", RedirectURI: "urn:x", ClientID: "1", ClientSecret: social.NewSecret("s")}
		ok(t, s.SaveApp(ctx, a))
		_, err := s.GetApp(ctx, "home.test", "read write", "urn:x")
		wantKind(t, err, fault.NotFound)
		newer := a
		newer.ClientID = "2"
		ok(t, s.SaveApp(ctx, newer))
		ok(t, s.DeleteApp(ctx, a)) // somebody registered anew meanwhile
		if got := must(s.GetApp(ctx, "home.test", "read", "urn:x"))(t); got != newer {
			t.Errorf("%+v", got)
		}
		ok(t, s.DeleteApp(ctx, newer))
		_, err = s.GetApp(ctx, "home.test", "read", "urn:x")
		wantKind(t, err, fault.NotFound)
	})
}
