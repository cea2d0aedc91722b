package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// TestFollowAlso: somebody who moves between two servers of the fediverse takes
// a list and a mute along, from the terminal, and takes them back; what the
// server or the permission does not allow is said and changes nothing.
func TestFollowAlso(t *testing.T) {
	t.Parallel()
	world := feditest.New(feditest.Options{})
	t.Cleanup(world.Close)
	far := world.AddHost("far.test", social.Mastodon)
	far.AddAccount("ava")
	far.AddAccount("ben")
	home := world.AddHost("home.test", social.Mastodon)
	home.AddAccount("me")
	p, dir := newProgram(t, world), t.TempDir()
	var files []string
	for name, text := range map[string]string{"following_accounts.csv": "Account address,Show boosts,Notify on new posts,Languages\nava@far.test,true,false,\n",
		"muted_accounts.csv": "Account address,Hide notifications\nben@far.test,true\n", "lists.csv": "birds,ava@far.test\n"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	p.must("", append([]string{"import"}, files...)...)
	p.must("", "match")
	token := home.Token("me").Reveal() + "\n"
	p.must(token, "login", "--token-stdin", "@me@home.test")
	for _, x := range [][2]string{{"--also=lists", "godwit login @me@home.test --also lists"}, {"--also=rubbish", "lists, mutes and blocks"}, {"--list", "takes no lists"}} {
		if r := p.run("", "follow", "--yes", x[0]); r.status == exitDone || !strings.Contains(r.stderr, x[1]) {
			t.Errorf("%s: status %d, %q", x[0], r.status, r.stderr)
		}
	}
	if got := world.Edges("me@home.test"); len(got) > 0 || posts(world, "me@home.test") > 0 {
		t.Errorf("refused, and sent: %v", got)
	}
	p.must(token, "login", "--token-stdin", "--also", "lists,mutes", "@me@home.test")
	r := p.must("", "follow", "--yes", "--also", "lists,mutes")
	if !strings.Contains(r.stdout, "3 carried over, 0 there already, 0 taken back, 0 not, 0 waiting.") {
		t.Errorf("it said %q", r.stdout)
	}
	if got, want := world.Edges("me@home.test"), []string{"list birds", "listed birds ava@far.test", "muted ben@far.test"}; !slices.Equal(got, want) {
		t.Errorf("carried over %v, want %v", got, want)
	}
	p.must("", "follow", "--undo", "--yes")
	if got := world.Edges("me@home.test"); len(got) > 0 {
		t.Errorf("after the undo: %v", got)
	}
}
