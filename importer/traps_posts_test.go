package importer

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/social"
)

// The traps 10 to 15 of X's exports: what becomes of posts.

// 10: long posts are cut unless their notes are joined to them.
func TestTrap10Notes(t *testing.T) {
	long := "Hello 🐦 & @carol, " + strings.Repeat("long words ", 40) + "#Waders at https://site.test/x?a=1&b=2 end"
	note := &importertest.Note{Text: long, Mentions: []importertest.Person{carol}, Tags: []string{"Waders"}, Links: []string{"https://site.test/x?a=1&b=2"},
		Styles: []importertest.Style{{Name: "Bold", Text: "Hello 🐦"}, {Name: "Italic", Text: "at"}}}
	tweets := []importertest.Tweet{
		{ID: at(30), Text: "unrelated"},
		{ID: at(20), Note: note, Mentions: []importertest.Person{carol}, Media: []importertest.Media{{Kind: "photo", File: "a"}}},
		{ID: at(20) + 1<<22, Text: "a millisecond after"},
		{ID: at(10), Text: "@bob_on_x Hello again…", Mentions: []importertest.Person{bob}, ReplyTo: importertest.Reply{Status: 7, To: bob},
			Note: &importertest.Note{Text: "Hello again, bold", Styles: []importertest.Style{{Name: "Bold", Text: "bold"}}}},
		{ID: at(5), Text: "its note is another's", Note: &importertest.Note{Text: "Something else"}},
	}
	slices.Reverse(tweets) // in any order
	all := postsOf(t, zipped(t, withTweets(tweets...)))
	p := all[decimal(at(20))]
	if p.Text != long || p.Cut || len(p.Media) != 1 {
		t.Errorf("%+v", p)
	}
	if got := pieces(p); !slices.Equal(got, []string{"mention @carol", "tag #Waders", "link https://site.test/x?a=1&b=2"}) || p.Entities[0].AccountID != carol.ID {
		t.Errorf("%q %+v", got, p.Entities[0])
	}
	if len(p.Styles) != 2 || p.Text[p.Styles[0].Start:p.Styles[0].End] != "Hello 🐦" || p.Styles[0].Kind != social.Bold || p.Text[p.Styles[1].Start:p.Styles[1].End] != "at" {
		t.Errorf("%+v", p.Styles)
	}
	if p := all[decimal(at(10))]; p.Text != "Hello again, bold" || len(p.Styles) != 1 || p.Reply.Author != "bob_on_x" {
		t.Errorf("%+v", p)
	}
	for n, want := range map[int64]string{30: "unrelated", 5: "its note is another's"} {
		if p := all[decimal(at(n))]; p.Text != want {
			t.Errorf("%q", p.Text)
		}
	}
	if p := all[decimal(at(20)+1<<22)]; p.Text != "a millisecond after" {
		t.Errorf("%q", p.Text)
	}
	// Without the notes' file the post says that it is cut.
	a := withTweets(tweets...)
	a.Leave = []string{"data/note-tweet.js"}
	if p := postsOf(t, zipped(t, a))[decimal(at(20))]; !p.Cut || !strings.HasSuffix(p.Text, "…") {
		t.Errorf("%+v", p)
	}
}

// 11: every @name is told, so that none is ever posted as it stands, where it
// could mean somebody else.
func TestTrap11EveryNameIsTold(t *testing.T) {
	p := post(t, importertest.Tweet{ID: at(1), Text: "hi @eve, .@old_friend and ＠wide; not me@mail.test or https://site.test/@page or @@x 你好@near",
		Mentions: []importertest.Person{person("5", "eve")}})
	want := []string{"mention @eve", "mention @old_friend", "mention ＠wide", "link https://site.test/@page", "mention @near"}
	if got := pieces(p); !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if p.Entities[0].AccountID != "5" || p.Entities[1].AccountID != "" || p.Entities[1].Username != "old_friend" || p.Entities[2].Username != "wide" {
		t.Errorf("%+v", p.Entities)
	}
}

// 12: a post keeps its own time, whatever form it is written in.
func TestTrap12Dates(t *testing.T) {
	when := time.Date(2013, 7, 1, 23, 59, 58, 0, time.UTC)
	for _, form := range []importertest.Form{importertest.Archive2022, importertest.Archive2020, importertest.Flat2018, importertest.Tweets2012} {
		a := withTweets(importertest.Tweet{ID: importertest.IDAt(when, 1), Text: "x"})
		a.Form = form
		for _, p := range postsOf(t, zipped(t, a)) {
			if !p.CreatedAt.Equal(when) || p.CreatedAt.Location() != time.UTC || p.DayOnly {
				t.Errorf("form %d: %v", form, p.CreatedAt)
			}
		}
	}
	for said, want := range map[string]time.Time{"nonsense": time.UnixMilli(at(1)>>22 + idEpoch).UTC(), "Fri Mar 17 03:59:09 +0200 2017": time.Date(2017, 3, 17, 1, 59, 9, 0, time.UTC)} {
		for _, p := range postsOf(t, file("tweets.js", fmt.Sprintf(`x = [{"tweet":{"id_str":"%d","full_text":"x","created_at":%q}}]`, at(1), said))) {
			if !p.CreatedAt.Equal(want) {
				t.Errorf("%q: %v", said, p.CreatedAt)
			}
		}
	}
}

// 13: a second reading gives the same ids, and of an edited post the last
// version only; what answers or quotes an older one leads to the last.
func TestTrap13EditsAndRestarts(t *testing.T) {
	versions := []int64{at(1), at(2), at(3)}
	a := withTweets(
		importertest.Tweet{ID: at(9), Text: "x", Links: []string{fmt.Sprintf("https://x.com/Ana_Moves/status/%d", at(1))}},
		importertest.Tweet{ID: at(8), Text: "y", ReplyTo: importertest.Reply{Status: at(2), To: owner}},
		importertest.Tweet{ID: at(1), Text: "one", Versions: versions},
		importertest.Tweet{ID: at(3), Text: "three", Versions: versions},
		importertest.Tweet{ID: at(2), Text: "two", Versions: versions},
	)
	e, err := Open([]File{zipped(t, a)})
	if err != nil {
		t.Fatal(err)
	}
	first := drain(t, e.WithPosts(), nil)
	again := drain(t, e, nil)
	if !reflect.DeepEqual(first.records, again.records) {
		t.Error("read again, it is different")
	}
	all := first.posts(t)
	if ids := slices.Sorted(maps.Keys(all)); !slices.Equal(ids, []string{decimal(at(3)), decimal(at(8)), decimal(at(9))}) {
		t.Errorf("%v", ids)
	}
	if p := all[decimal(at(8))]; p.Reply.ID != decimal(at(3)) || p.Thread != decimal(at(3)) {
		t.Errorf("%+v", p)
	}
	if p := all[decimal(at(9))]; p.Quote.ID != decimal(at(3)) || !p.Quote.Own || p.Text != "x" {
		t.Errorf("%+v", p)
	}
}

// 14: what was deleted or meant for a few is never given as if it were public.
func TestTrap14Audiences(t *testing.T) {
	a := sample()
	a.Tweets = append(a.Tweets, importertest.Tweet{ID: at(30), Text: "for the circle, among the others"},
		importertest.Tweet{ID: at(31), Text: "for the community, among the others", Community: "15"},
		importertest.Tweet{ID: at(32), Text: "@gone hi", Mentions: []importertest.Person{{ID: "-1", Username: "gone"}}})
	a.Circle = append(a.Circle, importertest.Tweet{ID: at(30), Text: "for the circle, among the others"})
	a.Community[0].Media = []importertest.Media{{Kind: "photo", File: "Cppp"}}
	e, err := Open([]File{zipped(t, a)})
	if err != nil {
		t.Fatal(err)
	}
	r := drain(t, e.WithPosts(), nil)
	if c := r.export.Counts(); c.Posts != sampleCounts.Posts+1 {
		t.Errorf("%d posts counted", c.Posts)
	}
	all := r.posts(t)
	for _, n := range []int64{20, 22, 30} { // deleted, circle, circle
		if all[decimal(at(n))] != nil {
			t.Errorf("given: %+v", all[decimal(at(n))])
		}
	}
	for _, n := range []int64{21, 31} {
		if p := all[decimal(at(n))]; p == nil || p.Audience != social.ToCommunity {
			t.Errorf("%+v", p)
		}
	}
	if m := all[decimal(at(21))].Media; len(m) != 1 || m[0].Missing {
		t.Errorf("%+v", m)
	}
	if p := all[decimal(at(32))]; p.Audience != social.ToEveryone || p.Entities[0].AccountID != "" || p.Entities[0].Username != "gone" {
		t.Errorf("%+v", p)
	}
	a.Protected = true
	for _, p := range postsOf(t, zipped(t, a)) {
		if p.Audience.Open() {
			t.Errorf("open to all though protected: %+v", p)
		}
	}
}

// 15: names given to somebody else, links from before t.co, days without a
// time, and indices that are no UTF-16.
func TestTrap15SilentDamage(t *testing.T) {
	t.Run("recycled names", func(t *testing.T) {
		stranger := importertest.Person{ID: decimal(at(500)), Username: "eve", Name: "Stranger"} // made after the post
		p := post(t, importertest.Tweet{ID: at(1), Text: "@eve hi", Mentions: []importertest.Person{stranger}})
		if e := p.Entities[0]; e.AccountID != "" || e.Name != "" || e.Username != "eve" {
			t.Errorf("%+v", e)
		}
		p = post(t, importertest.Tweet{ID: at(1), Text: "@eve hi", Mentions: []importertest.Person{stranger}, ReplyTo: importertest.Reply{Status: 7, To: person("5", "eve")}})
		if e := p.Entities[0]; e.AccountID != "5" || p.Reply.AuthorID != "5" {
			t.Errorf("%+v", e)
		}
	})
	t.Run("links and days of 2010", func(t *testing.T) {
		when := time.Date(2010, 5, 4, 13, 14, 15, 0, time.UTC)
		a := withTweets(importertest.Tweet{ID: 12345678901, At: when, Text: "old @friend http://is.gd/abc, and http://bit.ly/x."})
		a.Form = importertest.Tweets2012
		p := postsOf(t, zipped(t, a))["12345678901"]
		if got := pieces(p); !slices.Equal(got, []string{"mention @friend", "link http://is.gd/abc", "link http://bit.ly/x"}) {
			t.Errorf("%q", got)
		}
		if !p.DayOnly || !p.CreatedAt.Equal(when.Truncate(24*time.Hour)) {
			t.Errorf("%v %v", p.CreatedAt, p.DayOnly)
		}
	})
	t.Run("code points", func(t *testing.T) {
		text := "👩‍👩‍👧 𝒜 & ﷽ @eve 🇩🇪 #año"
		p := post(t, importertest.Tweet{ID: at(1), Text: text, Mentions: []importertest.Person{person("5", "eve")}, Tags: []string{"año"}})
		if p.Text != text || !slices.Equal(pieces(p), []string{"mention @eve", "tag #año"}) {
			t.Errorf("%q %q", p.Text, pieces(p))
		}
	})
}
