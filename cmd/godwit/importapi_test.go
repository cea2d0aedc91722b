package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/internal/fedi/feditest"
	"godwit/internal/fedi/feditest/xtest"
	"godwit/internal/social"
)

// onX puts an X into the world of friends: wren_x follows n people there, of
// whom the first two say where they are now.
func onX(t *testing.T, n int) (*xtest.X, *feditest.World, *program) {
	t.Helper()
	world, p := friends(t)
	x := &xtest.X{Token: "of-wren", AppToken: "of-the-app", Owner: xtest.User{ID: "700", Username: "wren_x", Name: "Wren"}, PageMost: 10}
	for i := range n {
		x.Following = append(x.Following, xtest.User{ID: strconv.Itoa(9000 + i), Username: fmt.Sprintf("wader_%d", i)})
	}
	x.Following[0].Bio, x.Following[1].Link = "now @ida@mudflat.test", "https://tide.test/@jun"
	x.Posts = []string{`{"id":"2000000000000000002","text":"a tide","created_at":"2026-05-01T10:00:02.000Z"}`, `{"id":"2000000000000000001","text":"RT @wader_0: mud","created_at":"2026-05-01T10:00:01.000Z"}`}
	world.AddHost("api.x.com", social.Mastodon).Handle("/", x)
	return x, world, p
}

const ofWren = "of-wren\n"

// TestXAPI: the lists of one's own are read, said what they cost, and become
// matches like those of every export.
func TestXAPI(t *testing.T) {
	t.Parallel()
	x, world, p := onX(t, 25)
	r := p.must(ofWren, "import", "x-api", "following", "posts", "--max-cost", "1", "--json")
	read := lines[imported](t, r.stdout)
	if len(read) != 2 || read[0].Kind != social.KindXAPI || read[0].Owner.ID != "700" || read[0].Counts.Following != 25 || read[0].Counts.FollowingNamed != 25 || read[1].Counts.Posts != 2 || read[1].Counts.Reposts != 1 {
		t.Errorf("read %+v", read)
	}
	for _, want := range []string{"It will cost about $0.037 in all; it stops at $1.00.", "following 25, posts 2", "It cost about $0.037."} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("%q is not said in\n%s", want, r.stderr)
		}
	}
	if x.Billed() != 28 {
		t.Errorf("%d entries were paid for", x.Billed())
	}
	if got := p.found(); !slices.Equal(got, []string{"ida@mudflat.test certain", "jun@tide.test certain"}) && len(got) != 2 {
		t.Errorf("found %q", got)
	}
	for _, seen := range world.Log() {
		if auth := seen.Header.Get("Authorization"); strings.Contains(auth, "of-wren") != (seen.Host == "api.x.com") {
			t.Errorf("%s was sent %q", seen.Host, auth)
		}
	}
}

// TestXAPIStopsAtTheCap: not a cent more than allowed, said in one sentence,
// and more money goes on at the same page.
func TestXAPIStopsAtTheCap(t *testing.T) {
	t.Parallel()
	x, _, p := onX(t, 25)
	r := p.run(ofWren, "import", "x-api", "--max-cost", "0.025", "--json")
	if r.status != exitStopped || !strings.Contains(r.stderr, "Stopped at $0.025: the next page could cost more than the $0.025 you allowed.") {
		t.Fatalf("status %d\n%s", r.status, r.stderr)
	}
	if read := lines[imported](t, r.stdout); len(read) != 1 || read[0].Counts.Following != 15 || x.Billed() != 16 {
		t.Errorf("read %+v, %d paid for", read, x.Billed())
	}
	if r = p.run(ofWren, "import", "x-api", "--max-cost", "0.025"); r.status != exitStopped || x.Billed() != 16 {
		t.Errorf("again with as little: status %d, %d paid for\n%s", r.status, x.Billed(), r.stderr)
	}
	r = p.must(ofWren, "import", "x-api", "--max-cost", "1", "--json")
	if read := lines[imported](t, r.stdout); len(read) != 1 || read[0].Counts.Following != 10 || x.Billed() != 27 {
		t.Errorf("with more: %+v, %d paid for", read, x.Billed())
	}
	if asked := x.Asked(); !slices.ContainsFunc(asked, func(s string) bool { return strings.Contains(s, "pagination_token=T15") }) {
		t.Errorf("asked %q", asked)
	}
	if r = p.run(ofWren, "import", "x-api", "--max-cost", "0.009"); r.status != exitStopped || x.Billed() != 27 {
		t.Errorf("less than the first request costs: %d, %d paid for", r.status, x.Billed())
	}
}

// TestXAPIAsksForTheCapFirst: nothing is asked of X, and no token read, before
// it is said what it may cost; a Godwit open to others never asks.
func TestXAPIAsksForTheCapFirst(t *testing.T) {
	t.Parallel()
	x, _, p := onX(t, 2)
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"import", "x-api"}, exitUsage, "Say with --max-cost how many dollars"},
		{[]string{"import", "x-api", "--max-cost", "a lot"}, exitUsage, "an amount of dollars"},
		{[]string{"import", "x-api", "likes", "--max-cost", "1"}, exitUsage, "There is no list likes"},
		{[]string{"import", "x-api", "--max-cost", "1", "--open-to", "anyone", "--base-url", "https://godwit.test"}, exitFailed, "open to others doesn't read X's API"},
	} {
		if r := p.run(ofWren, c.args...); r.status != c.status || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%q: status %d\n%s", c.args, r.status, r.stderr)
		}
	}
	if len(x.Asked()) > 0 {
		t.Errorf("asked %q", x.Asked())
	}
	if r := p.run("\n", "import", "x-api", "--max-cost", "1"); r.status != exitFailed || len(x.Asked()) > 0 {
		t.Errorf("without a token: %d\n%s", r.status, r.stderr)
	}
}

// TestXAPITrouble: whatever X answers in the middle, what was read is kept and
// the next run goes on there.
func TestXAPITrouble(t *testing.T) {
	t.Parallel()
	later := strconv.FormatInt(time.Now().Add(10*time.Minute).Unix(), 10)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		status int
		says   string
		rests  bool // X is not asked before its time is over
	}{
		"window":     {xtest.Status(429, "x-rate-limit-reset", later), exitStopped, "wants no more requests before", true},
		"no credits": {xtest.Status(402), exitFailed, "no credits left", false},
		"cut":        {xtest.Cut, exitFailed, "isn't answering", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, _, p := onX(t, 25)
			pass := func(w http.ResponseWriter, r *http.Request) { x.ServeHTTP(w, r) }
			x.Fail(pass, nil, pass, nil, c.answer) // who it is and the first page come through
			r := p.run(ofWren, "import", "x-api", "--max-cost", "1", "--json")
			if r.status != c.status || !strings.Contains(r.stderr, c.says) || strings.Contains(r.stderr, "of-wren") {
				t.Fatalf("status %d\n%s", r.status, r.stderr)
			}
			if read := lines[imported](t, r.stdout); len(read) != 1 || read[0].Counts.Following != 10 {
				t.Errorf("read %+v", read)
			}
			before := len(x.Asked())
			r = p.run(ofWren, "import", "x-api", "--max-cost", "1", "--json")
			if c.rests {
				if r.status != exitStopped || len(x.Asked()) > before+1 {
					t.Errorf("asked before the time was over: %q", x.Asked()[before:])
				}
				return
			}
			if read := lines[imported](t, r.stdout); r.status != exitDone || len(read) != 1 || read[0].Counts.Following != 15 {
				t.Errorf("the next run: %d %+v\n%s", r.status, read, r.stderr)
			}
		})
	}
}

// TestXAPINames: whom an export names by number only is looked up, a hundred
// at a time, at its own price; whoever X doesn't know is passed over.
func TestXAPINames(t *testing.T) {
	t.Parallel()
	x, _, p := onX(t, 130)
	x.PageMost = 0
	var follows []string
	for _, u := range x.Following {
		follows = append(follows, `{"following":{"accountId":"`+u.ID+`"}}`)
	}
	follows = append(follows, `{"following":{"accountId":"5"}}`)
	p.give("following.js", "window.YTD.following.part0 = ["+strings.Join(follows, ",")+"]")
	r := p.must(ofWren, "import", "x-api", "names", "--max-cost", "2")
	if !strings.Contains(r.stderr, "names 131") || !strings.Contains(r.stderr, "It will cost about $1.32 in all") || !strings.Contains(r.stderr, "It cost about $1.31.") || x.Billed() != 131 {
		t.Errorf("%d paid for\n%s", x.Billed(), r.stderr)
	}
	if got := p.found(); len(got) != 2 {
		t.Errorf("found %q", got)
	}
	if r = p.must(ofWren, "import", "x-api", "names", "--max-cost", "2"); x.Billed() != 132 || !strings.Contains(r.stderr, "names 1.") {
		t.Errorf("again: %d paid for\n%s", x.Billed(), r.stderr)
	}
}

// TestXAPIOfOthers: a token of an app only, and a host with version 1.1.
func TestXAPIOfOthers(t *testing.T) {
	t.Parallel()
	x, world, p := onX(t, 25)
	if r := p.run("of-the-app\n", "import", "x-api", "--max-cost", "1"); r.status != exitFailed || !strings.Contains(r.stderr, "isn't one for a person") {
		t.Errorf("nobody's lists: %d\n%s", r.status, r.stderr)
	}
	if r := p.must("of-the-app\n", "import", "x-api", "--user", "@wren_x", "--max-cost", "1"); !strings.Contains(r.stderr, "It will cost about $0.26 in all") {
		t.Errorf("not at the full price\n%s", r.stderr)
	}
	x.OldPosts = []string{`{"id":2000000000000000001,"id_str":"2000000000000000001","full_text":"a tide"}`}
	world.AddHost("old.test", social.Mastodon).Handle("/", x)
	read := lines[imported](t, p.must(ofWren, "import", "x-api", "following", "posts", "--v1", "old.test", "--max-cost", "1", "--json").stdout)
	if len(read) != 2 || read[0].Counts.FollowingNamed != 25 || read[1].Counts.Posts != 1 {
		t.Errorf("version 1.1: %+v", read)
	}
	for _, seen := range world.Log() {
		if seen.Host == "api.twitter.com" {
			t.Error("X itself was asked")
		}
	}
}

// TestXAPIKilled: a run that is killed in the middle of a page is gone on with
// at that page, and what it may have cost counts.
func TestXAPIKilled(t *testing.T) {
	t.Parallel()
	x, _, p := onX(t, 25)
	pass := func(w http.ResponseWriter, r *http.Request) { x.ServeHTTP(w, r) }
	reached, hold := make(chan struct{}), make(chan struct{})
	x.Fail(pass, nil, pass, nil, func(http.ResponseWriter, *http.Request) { close(reached); <-hold })
	cmd := p.command("import", "x-api", "--max-cost", "0.06")
	cmd.Stdin = strings.NewReader(ofWren)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, ended := cmd.Wait().(*exec.ExitError); !ended {
		t.Fatal("it ended by itself")
	}
	close(hold)
	paid := x.Billed()
	r := p.run(ofWren, "import", "x-api", "--max-cost", "0.04", "--json")
	if r.status != exitStopped || !strings.Contains(r.stderr, "Stopped at $0.035: the next page") || x.Billed() != paid {
		t.Errorf("what was under way does not count: %d, %d paid for\n%s", r.status, x.Billed()-paid, r.stderr)
	}
	r = p.must(ofWren, "import", "x-api", "--max-cost", "1", "--json")
	if read := lines[imported](t, r.stdout); len(read) != 1 || read[0].Counts.Following != 25 || x.Billed() != 27 {
		t.Errorf("read %+v, %d paid for", read, x.Billed())
	}
}

// TestTruthSocial: whom one follows there and what one posted, with a token
// from standard input; what people write of themselves says where they are.
func TestTruthSocial(t *testing.T) {
	t.Parallel()
	world, p := friends(t)
	world.AddHost("truthsocial.com", social.Mastodon).Handle("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer mine" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/verify_credentials"):
			fmt.Fprint(w, `{"id":"5","username":"wren","acct":"wren","url":"https://truthsocial.com/@wren","following_count":2,"statuses_count":1}`)
		case strings.HasSuffix(r.URL.Path, "/5/following") && r.URL.Query().Get("max_id") == "":
			w.Header().Set("Link", `<https://truthsocial.com/api/v1/accounts/5/following?max_id=7>; rel="next"`)
			fmt.Fprint(w, `[{"id":"8","acct":"idatruth","note":"<p>now @ida@mudflat.test</p>"}]`)
		case strings.HasSuffix(r.URL.Path, "/5/following"):
			fmt.Fprint(w, `[{"id":"6","acct":"kai","note":""}]`)
		case strings.HasSuffix(r.URL.Path, "/5/statuses"):
			fmt.Fprint(w, `[{"id":"99","created_at":"2026-05-01T10:00:00Z","visibility":"public","content":"<p>tide</p>"}]`)
		}
	}))
	read := lines[imported](t, p.must("mine\n", "import", "mastodon-api", "truthsocial.com", "--json").stdout)
	if len(read) != 2 || read[0].Kind != social.KindMastodonAPI || read[0].Owner.Network != social.TruthSocial || read[0].Counts.Following != 2 || read[1].Counts.Posts != 1 {
		t.Errorf("read %+v", read)
	}
	if got := p.found(); len(got) != 1 || !strings.HasPrefix(got[0], "ida@mudflat.test ") {
		t.Errorf("found %q", got)
	}
	if r := p.run("stolen\n", "import", "mastodon-api", "truthsocial.com"); r.status != exitFailed || strings.Contains(r.stderr, "stolen") {
		t.Errorf("another token: %d\n%s", r.status, r.stderr)
	}
}
