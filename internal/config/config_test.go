package config

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// clean hides the settings of whoever runs the tests.
func clean(t *testing.T) {
	t.Helper()
	for _, s := range settings {
		t.Setenv(envName(s.name), "")
	}
}

type bench struct {
	places Places
	warn   *bytes.Buffer
}

func newBench(t *testing.T) bench {
	t.Helper()
	clean(t)
	root, warn := t.TempDir(), &bytes.Buffer{}
	b := bench{Places{
		ConfigDir: filepath.Join(root, "config"), DataDir: filepath.Join(root, "data"), WorkDir: filepath.Join(root, "work"), Warn: warn,
	}, warn}
	for _, dir := range []string{b.places.ConfigDir, b.places.WorkDir} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func write(t *testing.T, dir, text string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(dir, fileName)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestDefaults(t *testing.T) {
	b := newBench(t)
	c, err := Load(nil, b.places)
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "127.0.0.1:8080" || c.BaseURL != "http://127.0.0.1:8080" || c.OpenTo != Local || c.Realm() != social.Public {
		t.Errorf("defaults are %+v", c.Masked())
	}
	if c.DataDir != b.places.DataDir || !c.DatabaseURL.IsZero() || !c.RedisURL.IsZero() {
		t.Errorf("defaults are %+v", c.Masked())
	}
	if err := c.CheckServe(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(c.DataDir); err == nil {
		t.Error("Load made the data directory")
	}
}

// TestOrder walks one setting down the ladder: flag, environment, file, default.
func TestOrder(t *testing.T) {
	b := newBench(t)
	flags := func(args ...string) *pflag.FlagSet {
		fs := pflag.NewFlagSet("godwit", pflag.ContinueOnError)
		AddFlags(fs)
		AddAddrFlag(fs)
		if err := fs.Parse(args); err != nil {
			t.Fatal(err)
		}
		return fs
	}
	look := func(fs *pflag.FlagSet) string {
		t.Helper()
		c, err := Load(fs, b.places)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(c.Masked(), func(s Setting) bool { return s.Name == addr })
		return c.Addr + " " + c.Masked()[i].From
	}
	steps := []struct {
		want string
		set  func()
		args []string
	}{
		{"127.0.0.1:8080 default", func() {}, nil},
		{"127.0.0.1:1111 file", func() { write(t, b.places.ConfigDir, `addr = "127.0.0.1:1111"`, 0o644) }, nil},
		{"127.0.0.1:2222 environment", func() { t.Setenv("GODWIT_ADDR", "127.0.0.1:2222") }, nil},
		{"127.0.0.1:3333 flag", func() {}, []string{"--addr", "127.0.0.1:3333"}},
	}
	for _, step := range steps {
		step.set()
		if got := look(flags(step.args...)); got != step.want {
			t.Errorf("got %s, want %s", got, step.want)
		}
	}
}

func TestNoSecretOnTheCommandLine(t *testing.T) {
	fs := pflag.NewFlagSet("godwit", pflag.ContinueOnError)
	AddFlags(fs)
	if fs.Lookup("secret-key") != nil {
		t.Error("a flag takes the key, which ps would show (LOC-06)")
	}
}

func TestValues(t *testing.T) {
	type row struct{ env, value, code string }
	for _, r := range []row{
		{"GODWIT_OPEN_TO", "anyone", ""}, {"GODWIT_OPEN_TO", "everyone", "bad-open-to"},
		{"GODWIT_ALLOW_ADDRESSES", "10.0.0.0/8, fd00::/8 127.0.0.1", ""}, {"GODWIT_ALLOW_ADDRESSES", "10.0.0.0/33", "bad-allow-addresses"}, {"GODWIT_ALLOW_ADDRESSES", "all", "bad-allow-addresses"},
		{"GODWIT_TRUST_PROXIES", "127.0.0.1, ::1", ""}, {"GODWIT_TRUST_PROXIES", "proxy", "bad-trust-proxies"},
		{"GODWIT_ADDR", ":8080", ""}, {"GODWIT_ADDR", "8080", "bad-addr"}, {"GODWIT_ADDR", "127.0.0.1:http", "bad-addr"}, {"GODWIT_ADDR", "127.0.0.1:", "bad-addr"},
		{"GODWIT_BASE_URL", "https://godwit.example.social/", ""}, {"GODWIT_BASE_URL", "http://localhost:9000", ""},
		{"GODWIT_BASE_URL", "http://godwit.example.social", "plain-base-url"}, {"GODWIT_BASE_URL", "https://a.example/godwit", "bad-base-url"}, {"GODWIT_BASE_URL", "godwit.example", "bad-base-url"}, {"GODWIT_BASE_URL", "https://u:p@a.example", "bad-base-url"},
		{"GODWIT_DATABASE_URL", "postgres://u:p@db/godwit", ""}, {"GODWIT_DATABASE_URL", "mysql://db/godwit", "bad-database-url"}, {"GODWIT_DATABASE_URL", "postgres://%zz", "bad-database-url"},
		{"GODWIT_REDIS_URL", "redis://127.0.0.1:6379/0", ""}, {"GODWIT_REDIS_URL", "redis://redis:6379", ""}, {"GODWIT_REDIS_URL", "redis://[fd00::1]:6379", ""}, {"GODWIT_REDIS_URL", "rediss://93.184.216.34:6379", ""}, {"GODWIT_REDIS_URL", "redis-socket:///run/redis.sock", ""},
		{"GODWIT_REDIS_URL", "redis://93.184.216.34:6379", "plain-redis"}, {"GODWIT_REDIS_URL", "redis://[2606:4700::1111]:6379", "plain-redis"}, {"GODWIT_REDIS_URL", "127.0.0.1:6379", "bad-redis-url"}, {"GODWIT_REDIS_URL", "memcached://x", "bad-redis-url"},
	} {
		t.Run(r.env+"="+r.value, func(t *testing.T) {
			b := newBench(t)
			t.Setenv(r.env, r.value)
			_, err := Load(nil, b.places)
			wantFault(t, err, r.code)
		})
	}
}

// wantFault checks that err has the code and a sentence without the raw error.
func wantFault(t *testing.T, err error, code string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Fatalf("got %v, want no error", err)
		}
		return
	}
	f, ok := err.(*fault.Fault)
	if !ok || f.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	if f.Say == "" || strings.Contains(f.Say, "{") {
		t.Errorf("the sentence is %q", f.Say)
	}
}

func TestAllowedRanges(t *testing.T) {
	b := newBench(t)
	write(t, b.places.ConfigDir, `allow_addresses = ["10.1.2.3/8", "::1"]`, 0o600)
	c, err := Load(nil, b.places)
	if err != nil {
		t.Fatal(err)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	if !slices.Equal(c.Allow, want) || c.Realm() != social.Private {
		t.Errorf("got %v in realm %d, want %v", c.Allow, c.Realm(), want)
	}
}

// TestOPS01LocalListensOnLoopbackOnly: nobody but the owner by accident.
func TestOPS01LocalListensOnLoopbackOnly(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:8080": true, "localhost:0": true, "127.0.0.2:80": true,
		"0.0.0.0:8080": false, ":8080": false, "[::]:8080": false, "192.168.1.5:80": false, "[::ffff:127.0.0.1]:80": false, "127.1:80": false, "host.example:80": false,
	} {
		b := newBench(t)
		t.Setenv("GODWIT_ADDR", address)
		t.Setenv("GODWIT_BASE_URL", "http://127.0.0.1:8080")
		c, err := Load(nil, b.places)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.CheckServe() == nil; got != ok {
			t.Errorf("local mode may listen on %s: %v, want %v", address, got, ok)
		}
		c.OpenTo = Anyone
		if err := c.CheckServe(); err != nil {
			t.Errorf("a public Godwit may not listen on %s: %v", address, err)
		}
	}
	b := newBench(t)
	t.Setenv("GODWIT_BASE_URL", "https://godwit.example.social")
	c, err := Load(nil, b.places)
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, c.CheckServe(), "local-base-url")
}

func TestListeningOnMovesTheDefaultAddress(t *testing.T) {
	b := newBench(t)
	c, err := Load(nil, b.places)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.ListeningOn("127.0.0.1:4711").BaseURL; got != "http://127.0.0.1:4711" {
		t.Errorf("the public address is %s", got)
	}
	t.Setenv("GODWIT_BASE_URL", "http://localhost:9000")
	if c, err = Load(nil, b.places); err != nil {
		t.Fatal(err)
	}
	if got := c.ListeningOn("127.0.0.1:4711").BaseURL; got != "http://localhost:9000" {
		t.Errorf("a public address that was set became %s", got)
	}
}

// TestLOC04WorkingDirectory: a hostile export brings its own godwit.toml.
func TestLOC04WorkingDirectory(t *testing.T) {
	hostile := "data_dir = '/tmp/evil'\ndatabase_url = 'postgres://evil.example/x'\nredis_url = 'rediss://evil.example'\nbase_url = 'https://evil.example'\naddr = '0.0.0.0:80'\nallow_addresses = '0.0.0.0/0'\ntrust_proxies = '0.0.0.0/0'\nsecret_key = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='\nsecret_key_file = '/tmp/evil.key'\nopen_to = 'anyone'\n"
	lines := strings.Split(strings.TrimSpace(hostile), "\n")
	cases := map[string]string{"all": hostile, "broken": "open_to = ", "huge": strings.Repeat("# much\n", 20_000), "escape": "\"\\u001b]52;c;ZXZpbA==\\u0007\" = 1"}
	for _, line := range lines {
		cases[line] = line
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			before, err := Load(nil, b.places)
			if err != nil {
				t.Fatal(err)
			}
			write(t, b.places.WorkDir, text, 0o644)
			after, err := Load(nil, b.places)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(before.Masked(), after.Masked()) {
				t.Errorf("settings changed: %v", after.Masked())
			}
			if strings.Count(b.warn.String(), "\n") != 1 || !strings.Contains(b.warn.String(), "is not read") || strings.ContainsAny(b.warn.String(), "\x1b\x07") {
				t.Errorf("warned %q, want one line", b.warn)
			}
		})
	}
}

func TestLOC04OthersFiles(t *testing.T) {
	b := newBench(t)
	write(t, b.places.ConfigDir, `open_to = "anyone"`, 0o644)
	public := filepath.Join(b.places.ConfigDir, fileName)
	t.Setenv("GODWIT_BASE_URL", "https://godwit.example.social")
	t.Run("writable by others", func(t *testing.T) {
		write(t, b.places.WorkDir, `open_to = "local"`, 0o666)
		c, err := Load(nil, Places{DataDir: b.places.DataDir, WorkDir: b.places.WorkDir, Warn: b.warn})
		if err != nil || !strings.Contains(b.warn.String(), "is not read") {
			t.Fatal(c.OpenTo, err, b.warn)
		}
		if err := os.Chmod(public, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err = Load(nil, b.places)
		wantFault(t, err, "config-writable")
	})
	t.Run("link", func(t *testing.T) {
		b.warn.Reset()
		dir := t.TempDir()
		if err := os.Symlink(public, filepath.Join(dir, fileName)); err != nil {
			t.Fatal(err)
		}
		c, err := Load(nil, Places{DataDir: b.places.DataDir, WorkDir: dir, Warn: b.warn})
		if err != nil || c.OpenTo != Local || !strings.Contains(b.warn.String(), "is not read") {
			t.Fatal(c.OpenTo, err, b.warn)
		}
	})
	t.Run("harmless", func(t *testing.T) {
		b.warn.Reset()
		write(t, b.places.WorkDir, `open_to = "local"`, 0o644)
		c, err := Load(nil, Places{DataDir: b.places.DataDir, WorkDir: b.places.WorkDir, Warn: b.warn})
		if err != nil || c.OpenTo != Local || !strings.HasSuffix(b.warn.String(), "is read.\n") {
			t.Fatal(c.OpenTo, err, b.warn)
		}
	})
}

func TestUserFile(t *testing.T) {
	for name, r := range map[string]struct {
		text string
		mode os.FileMode
		code string
	}{
		"typo":          {`open_too = "anyone"`, 0o600, "config-unknown"},
		"table":         {"[open]\nto = 1", 0o600, "config-unknown"},
		"broken":        {`open_to = `, 0o600, "config-broken"},
		"readable key":  {`secret_key = "x"`, 0o644, "config-readable"},
		"kept key":      {`secret_key = "x"`, 0o600, ""},
		"readable rest": {`open_to = "local"`, 0o644, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			write(t, b.places.ConfigDir, r.text, r.mode)
			_, err := Load(nil, b.places)
			wantFault(t, err, r.code)
		})
	}
}

// TestSTO04NothingSecretIsShown: neither the table nor a careless %v shows a
// password or a key.
func TestSTO04NothingSecretIsShown(t *testing.T) {
	b := newBench(t)
	t.Setenv("GODWIT_SECRET_KEY", "Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5MDA=")
	t.Setenv("GODWIT_DATABASE_URL", "postgres://me:canary-pw@db.example/x?sslpassword=canary-too")
	t.Setenv("GODWIT_REDIS_URL", "rediss://:canary-redis@redis.example")
	c, err := Load(nil, b.places)
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprint(c.Masked())
	careless := fmt.Sprintf("%v %+v %s", c.DatabaseURL, c.RedisURL, c.secretKey)
	if strings.Contains(shown+careless, "canary") || strings.Contains(shown, "Y2Fu") {
		t.Errorf("shown: %s", shown)
	}
	if !strings.Contains(shown, "postgres://me:•••@db.example/x?•••") {
		t.Errorf("the rest is not shown: %s", shown)
	}
	if _, still := os.LookupEnv("GODWIT_SECRET_KEY"); still {
		t.Error("the key is still in the environment (LOC-06)")
	}
	keys, err := c.Keys()
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	if s := fmt.Sprintf("%v %+v %#v", keys, keys[0], keys[0]); strings.Contains(s, "99 97") || strings.Contains(s, "0x63") {
		t.Errorf("a key prints as %s", s)
	}
}
