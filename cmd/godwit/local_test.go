package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"godwit/importer/importertest"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// fakeOpener makes a program of the given name in a folder of its own, which writes
// down its arguments and its environment.
func fakeOpener(t *testing.T, name string) (dir, seen string) {
	t.Helper()
	dir = t.TempDir()
	seen = filepath.Join(dir, "seen")
	script := "#!/bin/sh\n{ printf '%s\\n' \"$#\" \"$@\"; env; } >" + seen + ".part && mv " + seen + ".part " + seen + "\n"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir, seen
}

// TestLOC06TokenIsNoArgument: a token on the command line is wrong usage, and
// is not repeated.
func TestLOC06TokenIsNoArgument(t *testing.T) {
	t.Parallel()
	p := newProgram(t, nil)
	for _, args := range [][]string{
		{"login", "--token", "CANARY", "@me@home.test"}, {"login", "--token=CANARY", "@me@home.test"},
		{"login", "@me@home.test", "CANARY"}, {"login", "--token-stdin=CANARY", "@me@home.test"},
	} {
		r := p.run("", args...)
		if r.status != exitUsage || r.stdout != "" || r.stderr == "" {
			t.Errorf("%v: status %d, %q, %q", args[1:], r.status, r.stdout, r.stderr)
		}
		p.keeps(r, "CANARY")
	}
}

// browserLogin is a login that waits for its browser, and what the browser was
// started with.
type browserLogin struct {
	status  chan int
	said    strings.Builder
	address string // of the home server's page
	opened  string // all that the opener saw
}

func startLogin(t *testing.T, p *program, seen string) *browserLogin {
	t.Helper()
	l := &browserLogin{status: make(chan int, 1)}
	cmd := p.command("login", "@"+follower)
	cmd.Stdout, cmd.Stderr = &l.said, io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = cmd.Wait(); l.status <- cmd.ProcessState.ExitCode() }()
	waitFor(t, "the browser", func() bool { _, err := os.Stat(seen); return err == nil })
	text, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	l.opened = string(text)
	l.address = strings.Split(l.opened, "\n")[1]
	return l
}

// get opens an address of the login's own page and returns the status.
func get(t *testing.T, address string) int {
	t.Helper()
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	return a.StatusCode
}

// TestLOC07Callback logs in by the browser: the opener gets one argument and
// none of our settings (LOC-06), a callback with another state is turned away
// and the wait goes on, the right one ends it, and a second is too late.
func TestLOC07Callback(t *testing.T) {
	t.Parallel()
	dir, seen := fakeOpener(t, "xdg-open")
	f := newFlock(t, "none", "PATH="+dir+":"+os.Getenv("PATH"), "DISPLAY=:9", "GODWIT_SECRET_KEY="+strings.Repeat("c0ffee01", 8))
	l := startLogin(t, f.p, seen)
	if !strings.HasPrefix(l.opened, "1\nhttps://home.test/oauth/authorize?") {
		t.Fatalf("the opener got %q", l.opened)
	}
	if strings.Contains(l.opened, "\nGODWIT_") || strings.Contains(l.opened, "c0ffee01") || !strings.Contains(l.opened, "\nDISPLAY=:9") {
		t.Errorf("the opener's environment:\n%s", l.opened)
	}
	back, err := url.Parse(f.home.Allow("me", l.address))
	if err != nil {
		t.Fatal(err)
	}
	f.home.Fault(feditest.Slow(3 * time.Second).On("/oauth/token"))
	wrong := *back
	q := back.Query()
	for _, state := range []string{"", "wrong", q.Get("state") + "x"} {
		wrong.RawQuery = url.Values{"code": {"evil"}, "state": {state}}.Encode()
		if status := get(t, wrong.String()); status != http.StatusBadRequest {
			t.Errorf("state %q: status %d", state, status)
		}
	}
	if status := get(t, back.String()); status != http.StatusOK {
		t.Errorf("the right callback: status %d", status)
	}
	if status := get(t, back.String()); status != http.StatusGone {
		t.Errorf("a second callback: status %d", status)
	}
	if status := <-l.status; status != exitDone || !strings.Contains(l.said.String(), "Connected: @"+follower) {
		t.Errorf("the login ended with %d: %s", status, l.said.String())
	}
}

// evil are names that do something to a terminal.
var evil = []string{"\x1b]52;c;ZXZpbA==\x07", "\u009b2J", "\r\x1b[2K✓ done", "\u202egnp.exe", "\u2066x\u2069", "\x7f\b\b", "\x1b]8;;https://evil.test\x07link\x1b]8;;\x07"}

// TestLOC05Printable: names that hold control characters never reach the
// terminal as they are, in no command.
func TestLOC05Printable(t *testing.T) {
	t.Parallel()
	world := feditest.New(feditest.Options{})
	t.Cleanup(world.Close)
	home := world.AddHost("home.test", social.Mastodon, feditest.Titled("Home"+evil[0]), feditest.Ruled("Rule"+evil[1]+evil[2]))
	home.AddAccount("me", feditest.Named(evil[0]))
	far := world.AddHost("far.test", social.Mastodon)
	var people []importertest.Person
	for i, name := range evil {
		user := "u" + string(rune('a'+i))
		account := far.AddAccount(user, feditest.Named(name), feditest.Bio(name), feditest.Field("X"+name, "https://x.com/wader_"+user), feditest.Locked())
		people = append(people, importertest.Person{ID: "90000000000000100" + string(rune('0'+i)), Username: "wader_" + user, Name: name + "Wader", Following: true,
			Bio: "mail " + name + " or @" + account.Handle() + " " + name, Location: name, URL: "https://site.test/" + url.PathEscape(name)})
	}
	dir := t.TempDir()
	p := newProgram(t, world)
	list := filepath.Join(dir, "twitter-Following-\x1b[2J\u202e.json")
	if err := writeListFile(list, people); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "notes\x1b]0;owned\x07.txt")
	writeTestFile(t, bad, "milk")
	for _, args := range [][]string{
		{"import", list}, {"import", "--json", list}, {"import", bad}, {"import", bad + "\r\x1b[2K"}, {"match"}, {"match", "--json"}, {"login", "--token-stdin", "@" + follower},
		{"login", "--token-stdin", "@me" + evil[0] + "@home.test"}, {"doctor", "home.test"}, {"doctor", "--json", "home.test"}, {"doctor", "home.test" + evil[1]},
		{"follow", "--dry-run", "--yes"}, {"follow", "--dry-run", "--json"}, {"follow", "--as", evil[2]}, {"follow", "--csv", filepath.Join(dir, "out"+evil[0], "x.csv")},
		{"follow"}, {"follow", "--json"}, {"export"}, {"nonsense" + evil[0]}, {"import", "--kind", evil[1], list}, {"-v", "import", bad},
	} {
		r := p.run(home.Token("me").Reveal()+"\n", args...)
		for _, out := range []string{r.stdout, r.stderr} {
			if i := strings.IndexFunc(out, acts); i >= 0 {
				t.Errorf("godwit %q printed %q", args, out[max(0, i-60):min(len(out), i+60)])
			}
		}
	}
}

// acts reports whether a terminal does something else with r than to show it.
func acts(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) && r != '\u061c')
}
