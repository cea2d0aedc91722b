package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// TestMirrorCommands carries three posts over by the commands: seen before they
// are sent, sent once, and deleted again.
func TestMirrorCommands(t *testing.T) {
	world := feditest.New(feditest.Options{})
	t.Cleanup(world.Close)
	home := world.AddHost("home.test", social.Mastodon)
	home.AddAccount("me")
	p := newProgram(t, world)
	path := filepath.Join(t.TempDir(), "archive.zip")
	writeDiary(t, path)
	p.must("", "import", path)

	p.must(home.Token("me").Reveal(), "login", "--token-stdin", "@me@home.test")
	seen := p.must("", "mirror", "preview", "--without-word", "secret")
	for _, want := range []string{"A second post", "(Originally posted", "2 posts in 2 statuses", "holds a word", "Nothing was sent"} {
		if !strings.Contains(seen.stdout, want) {
			t.Errorf("no %q in\n%s", want, seen.stdout)
		}
	}
	if r := p.run("", "mirror", "start", "--yes"); r.status != exitFailed || !strings.Contains(r.stderr, "login --posts") {
		t.Errorf("%d %s", r.status, r.stderr)
	}
	p.must(home.Token("me").Reveal(), "login", "--posts", "--token-stdin", "@me@home.test")
	if r := p.run("no\n", "mirror", "start"); r.status != exitFailed || !strings.Contains(r.stderr, "Type the word start") {
		t.Errorf("%d %s", r.status, r.stderr)
	}
	if n := len(world.Statuses("me@home.test")); n != 0 {
		t.Fatalf("%d were sent before the person said so", n)
	}
	p.must("start\n", "mirror", "start")
	p.must("", "mirror", "start", "--yes") // nothing is sent twice
	all := world.Statuses("me@home.test")
	if len(all) != 2 || all[0].Visibility != "unlisted" || !strings.HasPrefix(all[0].Text, "A first post") {
		t.Fatalf("%+v", all)
	}
	lines := strings.Split(strings.TrimSpace(p.must("", "mirror", "status", "--json").stdout), "\n")
	var first mirrored
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || len(lines) != 3 || first.Statuses[0].URL == "" || first.Statuses[0].State != social.StatusSent {
		t.Errorf("%v %s", err, lines)
	}
	p.must("undo\n", "mirror", "undo")
	for _, st := range world.Statuses("me@home.test") {
		if !st.Deleted {
			t.Errorf("%q is left", st.Text)
		}
	}
}

func writeDiary(t *testing.T, path string) {
	t.Helper()
	me := importertest.Person{ID: "4321", Username: "me_on_x"}
	a := importertest.Archive{Owner: me, ExportedAt: time.Now()}
	for i, text := range []string{"A first post", "A secret", "A second post"} {
		a.Tweets = append(a.Tweets, importertest.Tweet{ID: importertest.IDAt(time.Date(2019, 5, 4+i, 9, 0, 0, 0, time.UTC), 1), Text: text})
	}
	file, err := os.Create(path)
	if err == nil {
		err = importertest.WriteArchive(file, a)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
