package main

import (
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/importer/importertest"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// friends is a small world with a program in it that is connected to me@home.test.
func friends(t *testing.T) (*feditest.World, *program) {
	t.Helper()
	world := feditest.New(feditest.Options{})
	t.Cleanup(world.Close)
	home := world.AddHost("home.test", social.Mastodon)
	home.AddAccount("me")
	mudflat, tide := world.AddHost("mudflat.test", social.Mastodon), world.AddHost("tide.test", social.GoToSocial)
	for _, user := range []string{"ida", "kay"} {
		mudflat.AddAccount(user)
	}
	for _, user := range []string{"jun", "lou"} {
		tide.AddAccount(user)
	}
	p := newProgram(t, world)
	p.must(home.Token("me").Reveal()+"\n", "login", "--token-stdin", "@me@home.test")
	return world, p
}

// give imports a file of the given text and returns what was read.
func (p *program) give(name, text string) imported {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), name)
	writeTestFile(p.t, path, text)
	read := lines[imported](p.t, p.must("", "import", "--json", path).stdout)
	if len(read) != 1 {
		p.t.Fatalf("%s: %d sources", name, len(read))
	}
	return read[0]
}

// found are the handles that match found, each with its certainty.
func (p *program) found() (all []string) {
	p.t.Helper()
	for _, m := range lines[matched](p.t, p.must("", "match", "--json").stdout) {
		all = append(all, m.Handle+" "+string(m.Certainty))
	}
	slices.Sort(all)
	return all
}

// friendsOf are whom me@home.test follows, by the servers' own rows.
func friendsOf(world *feditest.World) (handles []string) {
	for _, f := range world.Follows("me@home.test") {
		handles = append(handles, f.Handle)
	}
	slices.Sort(handles)
	return handles
}

// TestHandlesAreFollowed: a table of handles becomes follows. Each is asked for
// first; one that nobody answers for is not followed.
func TestHandlesAreFollowed(t *testing.T) {
	t.Parallel()
	world, p := friends(t)
	read := p.give("friends.csv", "Account address,Show boosts\nida@mudflat.test,true\njun@tide.test,true\ngone@mudflat.test,true\n")
	if read.Kind != social.KindTable || read.Counts.Following != 3 {
		t.Errorf("read %+v", read)
	}
	if got, want := p.found(), []string{"ida@mudflat.test certain", "jun@tide.test certain"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	p.must("", "follow", "--yes")
	if got, want := friendsOf(world), []string{"ida@mudflat.test", "jun@tide.test"}; !slices.Equal(got, want) {
		t.Errorf("follows %q, want %q", got, want)
	}
}

// TestListsAreOnlyLikely: what a list claims of people on X is looked up, in
// whatever order the list and the people come, and never certain.
func TestListsAreOnlyLikely(t *testing.T) {
	t.Parallel()
	_, p := friends(t)
	p.give("query.csv", "item,P6552,P4033\nhttp://www.wikidata.org/entity/Q1,5,ida@mudflat.test\nhttp://www.wikidata.org/entity/Q2,6,kay@mudflat.test\nhttp://www.wikidata.org/entity/Q3,7,jun@tide.test\n")
	p.give("twitter-Following-1764100000000.csv", "ID,Screen Name,Name\n5,ida_x,Ida\n6,kay_x,Kay\n")
	if got, want := p.found(), []string{"ida@mudflat.test likely", "kay@mudflat.test likely"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	p.give("accounts.json", `{"lou_x":{"username":"lou_x","following":true,"handles":["@lou@tide.test"]}}`)
	if got, want := p.found(), []string{"ida@mudflat.test likely", "kay@mudflat.test likely", "lou@tide.test likely"}; !slices.Equal(got, want) {
		t.Errorf("with Fedifinder's: found %q, want %q", got, want)
	}
	p.give("other.csv", "P6552,P4033\n5,jun@tide.test\n")
	for _, m := range lines[matched](t, p.must("", "match", "--json").stdout) {
		if m.Username == "ida_x" && !m.Conflict {
			t.Errorf("two lists disagree about %s and it is no conflict: %s", m.Username, m.Handle)
		}
	}
}

// TestThreadsAreAskedFor: who is followed on Threads or Instagram is only
// found where the account really answers in the fediverse.
func TestThreadsAreAskedFor(t *testing.T) {
	t.Parallel()
	world, p := friends(t)
	world.AddHost("threads.net", social.Mastodon).AddAccount("ida.b")
	p.give("following.json", `{"text_post_app_text_post_app_following":[{"string_list_data":[{"href":"https://www.threads.com/@ida.b"}]},{"string_list_data":[{"href":"https://www.threads.com/@shares.not"}]}]}`)
	if got, want := p.found(), []string{"ida.b@threads.net likely"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	read := p.give("outbox.json", `{"id":"outbox.json","type":"OrderedCollection","orderedItems":[]}`)
	if read.Kind != social.KindMastodon || read.Owner.Network != social.Fediverse {
		t.Errorf("read %+v", read)
	}
}

// TestBlueskyIsRead: an account's repository and the names of those it follows
// come from Bluesky's public servers, and lead to whom their profiles name.
func TestBlueskyIsRead(t *testing.T) {
	t.Parallel()
	world, p := friends(t)
	const ida, jun, kay = "did:plc:ida4rcz5sql2wwl4fecq7tya", "did:plc:jun3kmen2wq4jtzlvbx343z7", "did:plc:kay26mdpbqlultsnv5kufcdw"
	repo := importertest.NewRepository(ida)
	for key, did := range map[string]string{"3n2ydkzd2hk2d": jun, "3n2ydkzgtkk2d": kay} {
		repo.Add("app.bsky.graph.follow/"+key, map[string]any{"$type": "app.bsky.graph.follow", "subject": did, "createdAt": "2026-11-23T14:26:41.000Z"})
	}
	answer := func(host, prefix, text string) {
		world.AddHost(host, social.Mastodon).Handle(prefix, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }))
	}
	answer("ida.bsky.test", "/.well-known/atproto-did", ida)
	answer("plc.directory", "/"+ida, `{"id":"`+ida+`","alsoKnownAs":["at://ida.bsky.test"],"service":[{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"https://pds.test"}]}`)
	answer("pds.test", "/xrpc/com.atproto.sync.getRepo", repo.Seal())
	answer("public.api.bsky.app", "/xrpc/app.bsky.graph.getFollows", `{"subject":{"did":"`+ida+`"},"follows":[{"did":"`+jun+`","handle":"jun.bsky.test","displayName":"Jun","description":"now at @jun@tide.test"},{"did":"`+kay+`","handle":"kay.bsky.test"}]}`)
	world.AddHost("bsky.brid.gy", social.Mastodon).AddAccount("kay.bsky.test")
	read := lines[imported](t, p.must("", "import", "--json", "at://ida.bsky.test").stdout)
	if len(read) != 1 || read[0].Kind != social.KindBluesky || read[0].Owner.ID != ida || read[0].Counts.Following != 2 || read[0].Counts.FollowingNamed != 2 {
		t.Fatalf("read %+v", read)
	}
	if got, want := p.found(), []string{"jun@tide.test likely", "kay.bsky.test@bsky.brid.gy possible"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if r := p.run("", "import", "at://nobody.bsky.test"); r.status == exitDone || !strings.Contains(r.stderr, "nobody.bsky.test") {
		t.Errorf("nobody: %d %q", r.status, r.stderr)
	}
}

// TestFollowOrders: the terminal pauses, resumes, cancels and retries as the
// pages do, and sends nothing by that.
func TestFollowOrders(t *testing.T) {
	t.Parallel()
	world, p := friends(t)
	p.give("friends.csv", "Account address,Show boosts\nida@mudflat.test,true\njun@tide.test,true\n")
	p.found()
	if r := p.run("", "follow", "--pause"); r.status != exitFailed || !strings.Contains(r.stderr, "Nothing is being followed") {
		t.Errorf("paused before there was anything: %d %s", r.status, r.stderr)
	}
	p.must("", "follow", "--yes")
	for _, c := range []struct{ flag, says, state string }{
		{"--pause", "Paused: 0 accounts wait.", "paused"},
		{"--resume", "Resumed: 0 accounts wait", "running"},
		{"--retry", "0 accounts are tried again", "running"},
		{"--cancel", "Canceled: nobody else is followed", "canceled"},
	} {
		if out := p.must("", "follow", c.flag).stdout; !strings.Contains(out, c.says) {
			t.Errorf("%s says %q", c.flag, out)
		}
		if d := exportTables(t, p.must("", "export").stdout)["destinations"][0]; d["follow_state"] != c.state {
			t.Errorf("%s: the following is %q", c.flag, d["follow_state"])
		}
	}
	if r := p.run("", "follow", "--resume"); r.status != exitFailed || !strings.Contains(r.stderr, "was canceled") {
		t.Errorf("resumed what was canceled: %d %s", r.status, r.stderr)
	}
	if r := p.run("", "follow", "--pause", "--retry"); r.status != exitFailed {
		t.Errorf("two orders at once: %d", r.status)
	}
	for _, f := range world.Follows("me@home.test") {
		if f.Made != 1 {
			t.Errorf("%s was asked %d times", f.Handle, f.Made)
		}
	}
}
