package importer

import (
	"slices"
	"strings"
	"testing"

	"godwit/importer/importertest"
)

// The table of the old form alone tells every post too.
func TestGrailTable(t *testing.T) {
	original := importertest.Tweet{ID: 777, At: exportDay, Text: "words"}
	a := withTweets(
		importertest.Tweet{ID: at(3), Original: &original, Author: bob, Mentions: []importertest.Person{bob}},
		importertest.Tweet{ID: at(2), Text: "a \"quoted\", & b https://site.test/ https://x.com/eve/status/7", Links: []string{"https://site.test/", "https://x.com/eve/status/7"}},
		importertest.Tweet{ID: at(1), Text: "line\nbreak", ReplyTo: importertest.Reply{Status: 5, To: bob}})
	a.Form = importertest.Tweets2012
	files := a.Files()
	all := postsOf(t, file("tweets.csv", files["tweets.csv"]))
	if p := all[decimal(at(3))]; p == nil || p.Repost.ID != "777" || p.Repost.Author != "bob_on_x" || p.Repost.AuthorID != bob.ID || p.Text != "words" {
		t.Errorf("%+v", p)
	}
	if p := all[decimal(at(2))]; p == nil || p.Text != `a "quoted", & b https://site.test/` || p.Quote.ID != "7" || p.Quote.Author != "eve" {
		t.Errorf("%+v", p)
	}
	if p := all[decimal(at(1))]; p == nil || p.Text != "line\nbreak" || p.Reply.ID != "5" || p.Reply.AuthorID != bob.ID {
		t.Errorf("%+v", p)
	}
	r := read(t, file("tweets.csv", files["tweets.csv"]))
	if c := r.export.Counts(); c.Posts != 3 || c.Reposts != 1 || c.Quotes != 1 || c.Replies != 1 {
		t.Errorf("%+v", c)
	}
	var lone []File
	for name, text := range files {
		if !strings.HasSuffix(name, ".html") {
			lone = append(lone, file(name[strings.LastIndex(name, "/")+1:], text))
		}
	}
	r = read(t, lone...)
	if c := r.export.Counts(); r.err != nil || c.Posts != 3 || r.export.Owner().Username != owner.Username || !slices.Equal(r.codes(), []string{"no-follow-list"}) {
		t.Errorf("%v %+v %q", r.err, c, r.export.Warnings())
	}
	cut := files["tweets.csv"]
	r = read(t, file("tweets.csv", cut[:len(cut)-30]))
	if r.err != nil || r.export.Counts().Posts < 2 {
		t.Errorf("%v %+v", r.err, r.export.Counts())
	}
}

func TestSeveralZipsOfOneExport(t *testing.T) {
	a := sample()
	a.PartSize = 5
	first, second := a, a
	first.Leave = []string{"data/tweets-part1.js"}
	for name := range a.Files() {
		if name != "data/tweets-part1.js" {
			second.Leave = append(second.Leave, name)
		}
	}
	r := read(t, zipped(t, first), zipped(t, second))
	r.wantSample(t)
	if len(r.codes()) != 0 {
		t.Error(r.export.Warnings())
	}
	other := a
	other.Owner = bob
	if e, err := Open([]File{zipped(t, a), zipped(t, other)}); codeOf(drain(t, e, err).err) != "two-owners" {
		t.Error(err)
	}
	partial := a
	partial.Extra = map[string]string{"data/manifest.js": strings.Replace(a.Files()["data/manifest.js"], `"isPartialArchive" : false`, `"isPartialArchive" : true`, 1)}
	partial.Leave = []string{}
	files := partial.Files()
	r = read(t, file("manifest.js", files["data/manifest.js"]), file("following.js", files["data/following.js"]))
	if !slices.Contains(r.codes(), "split-export") {
		t.Error(r.codes())
	}
}
