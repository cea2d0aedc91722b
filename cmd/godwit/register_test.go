package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// TestRegister walks the registration on the command line: code, post, publish,
// withdraw; and what a public list brings.
func TestRegister(t *testing.T) {
	t.Parallel()
	world := feditest.New(feditest.Options{})
	t.Cleanup(world.Close)
	home := world.AddHost("new.test", social.Mastodon)
	home.AddAccount("alice")
	world.AddHost("old.test", social.Mastodon).AddAccount("bob")
	x := world.AddX()
	x.Name("42", "alice_x")
	p := newProgram(t, world)
	if r := p.run("", "register", "start", "@alice_x"); r.status != exitFailed || !strings.Contains(r.stderr, "godwit login") {
		t.Fatalf("before the login: %+v", r)
	}
	p.must(home.Token("alice").Reveal()+"\n", "login", "--token-stdin", "@alice@new.test")
	said := p.must("", "register", "start", "@alice_x").stdout
	code := regexp.MustCompile(`godwit-[a-z0-9]+`).FindString(said)
	if code == "" || !strings.Contains(said, "@alice@new.test") {
		t.Fatalf("said %q", said)
	}
	const post = "https://x.com/alice_x/status/1900000000000000001"
	if r := p.run("", "register", "prove", post); r.status != exitFailed || !strings.Contains(r.stderr, "no such post") {
		t.Errorf("without a post: %+v", r)
	}
	x.Post(feditest.XPost{Number: "1900000000000000001", Author: "42", Text: "I'm now at @alice@new.test (" + code + ")"})
	if said := p.must("", "register", "prove", post).stdout; !strings.Contains(said, "@alice_x is now @alice@new.test") || !strings.Contains(said, "Not published yet") {
		t.Errorf("said %q", said)
	}
	if said := p.must("", "register", "publish").stdout; !strings.Contains(said, "only to people whose export follows you") {
		t.Errorf("said %q", said)
	}
	if said := p.must("", "register", "status", "--json").stdout; !strings.Contains(said, `"audience":"followers"`) || !strings.Contains(said, `"x_id":""`) {
		t.Errorf("said %q", said)
	}
	if r := p.run("no\n", "register", "withdraw"); r.status != exitFailed {
		t.Errorf("%+v", r)
	}
	p.must("withdraw\n", "register", "withdraw")
	if r := p.run("", "register", "withdraw", "--yes"); r.status != exitFailed || !strings.Contains(r.stderr, "Nothing is registered") {
		t.Errorf("%+v", r)
	}
	list := filepath.Join(t.TempDir(), "list.csv")
	writeTestFile(t, list, "x_id,x_username,handle,source\n77,bob_x,bob@old.test,City list\n42,alice_x,alice@new.test,City list\n77,,bob@elsewhere.test,Other list\n")
	if said := p.must("", "registry", "import", list).stdout; said != "City list: 1 rows. 1 left out: these people withdrew.\nOther list: 1 rows.\n" {
		t.Errorf("said %q", said)
	}
	if said := p.must("", "registry", "list").stdout; strings.Count(said, "list.csv") != 2 {
		t.Errorf("said %q", said)
	}
	writeTestFile(t, list, "x_id,x_username,handle,source\n77,bob_x,bob@old.test,City list\n78,bo")
	if r := p.run("", "registry", "import", list); r.status != exitFailed || !strings.Contains(r.stderr, "nothing of it was kept") {
		t.Errorf("a list cut in the middle: %+v", r)
	}
	p.must("", "registry", "remove", "Other list")
	if said := p.must("", "registry", "list").stdout; !strings.HasPrefix(said, "City list: 1 rows") {
		t.Errorf("said %q", said)
	}
}
