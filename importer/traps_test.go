package importer

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/social"
)

// The traps of X's exports, in the order of how many people meet them.

// postsOf are what Records gives with posts asked for, by id; each must be sound.
func postsOf(t testing.TB, files ...File) map[string]*social.Post {
	t.Helper()
	e, err := Open(files)
	if err != nil {
		t.Fatal(fault.Say(err))
	}
	r := drain(t, e.WithPosts(), nil)
	if r.err != nil {
		t.Fatal(r.err)
	}
	if done, total := e.Bytes(); done != total {
		t.Errorf("%d of %d bytes", done, total)
	}
	return r.posts(t)
}

func (r result) posts(t testing.TB) map[string]*social.Post {
	t.Helper()
	all := map[string]*social.Post{}
	for _, x := range r.records {
		if x.Post == nil {
			continue
		}
		if all[x.Post.ID] != nil || !x.Post.Sound() || x.Edge != "" || !reflect.ValueOf(x.Account).IsZero() {
			t.Errorf("bad or double: %+v", x)
		}
		all[x.Post.ID] = x.Post
	}
	return all
}

// post is the only post that an archive gives.
func post(t testing.TB, tweet importertest.Tweet) *social.Post {
	t.Helper()
	all := postsOf(t, zipped(t, withTweets(tweet)))
	if len(all) != 1 {
		t.Fatalf("%d posts", len(all))
	}
	return slices.Collect(maps.Values(all))[0]
}

// pieces are the entities of a post as their text in it.
func pieces(p *social.Post) (all []string) {
	for _, e := range p.Entities {
		all = append(all, fmt.Sprintf("%s %s", e.Kind, p.Text[e.Start:e.End]))
	}
	return all
}

// 1: the lists of people hold numbers only; an older export of the same person
// knows names that the newer one has lost.
func TestTrap01OnlyNumbers(t *testing.T) {
	older := withTweets(importertest.Tweet{ID: at(1), Text: "@carol hi", Mentions: []importertest.Person{carol}})
	older.Form = importertest.Tweets2012
	newer := withTweets(importertest.Tweet{ID: at(2), Text: "@bob_on_x hi", Mentions: []importertest.Person{bob}})
	newer.Following = []importertest.Person{bob, carol}
	a, b := read(t, zipped(t, older)), read(t, zipped(t, newer))
	if c := b.export.Counts(); c.Following != 2 || c.FollowingNamed != 1 {
		t.Errorf("%+v", c)
	}
	if names := a.named(); names[carol.ID] != "carol" || len(names) != 1 {
		t.Errorf("the older one names %v", names)
	}
}

// 2: the wrapper, its blanks and the files' names changed again and again.
func TestTrap02WrapperDrift(t *testing.T) {
	one := strings.TrimSpace(strings.Trim(strings.SplitN(withTweets(importertest.Tweet{ID: at(1), Text: "x"}).Files()["data/tweets.js"], "[", 2)[1], "]"))
	one = strings.TrimSuffix(one, "\n]")
	bare := strings.TrimSuffix(strings.Replace(one, "\"tweet\" : {", "", 1), "}")
	for name, content := range map[string]string{
		"since 2021":     "window.YTD.tweets.part0 = [\n  " + one + "\n]",
		"until 2021":     "window.YTD.tweet.part0 = [ " + one + " ]",
		"a semicolon":    "window.YTD.tweets.part0 = [" + one + "];\n",
		"no blanks":      "window.YTD.tweets.part0=[" + one + "]",
		"another name":   "window.YTD.something_new.part0 = [" + one + "]",
		"another object": "globalThis[\"x\"] = [" + one + "]",
		"a mark":         "\ufeffwindow.YTD.tweets.part0 = [" + one + "]",
		"nothing before": "[" + one + "]",
		"not wrapped":    "window.YTD.tweet.part0 = [ " + bare + " ]",
	} {
		for _, base := range []string{"tweets.js", "tweet.js", "tweets-part7.js"} {
			if all := postsOf(t, file(base, content)); len(all) != 1 {
				t.Errorf("%s in %s: %d posts", name, base, len(all))
			}
		}
	}
	empty := read(t, file("following.js", "window.YTD.following.part0 = [ ]"), file("tweets.js", "window.YTD.tweets.part0 = []"))
	if !slices.Equal(empty.codes(), []string{"empty-list"}) {
		t.Error(empty.codes())
	}
}

// 3: more than half of a file are answers and reposts; own chains are told from
// them under every name the owner had.
func TestTrap03RepliesAndThreads(t *testing.T) {
	reply := func(n, to int64, p importertest.Person) importertest.Tweet {
		return importertest.Tweet{ID: at(n), Text: "x", ReplyTo: importertest.Reply{Status: to, To: p}}
	}
	all := postsOf(t, zipped(t, withTweets(
		reply(6, at(5), importertest.Person{}),                       // names nobody
		reply(5, at(4), importertest.Person{Username: "Ana_BEFORE"}), // an old name
		reply(4, at(3), owner),
		importertest.Tweet{ID: at(3), Text: "first"},
		reply(2, at(-50), owner), // its parent is gone
		reply(1, 77, bob),
		importertest.Tweet{ID: at(0), Text: "alone"},
		reply(-1, 78, importertest.Person{ID: "5"}), // to somebody who is gone
	)))
	type told struct {
		thread, reply, author string
		own                   bool
	}
	id := func(n int64) string { return decimal(at(n)) }
	for n, want := range map[int64]told{
		6: {id(3), id(5), "", true}, 5: {id(3), id(4), "Ana_BEFORE", true}, 4: {id(3), id(3), "Ana_Moves", true}, 3: {id(3), "", "", false},
		2: {"", id(-50), "Ana_Moves", true}, 1: {"", "77", "bob_on_x", false}, 0: {}, -1: {"", "78", "", false},
	} {
		p := all[id(n)]
		if got := (told{p.Thread, p.Reply.ID, p.Reply.Author, p.Reply.Own}); got != want {
			t.Errorf("%d: %+v, want %+v", n, got, want)
		}
	}
	if p := all[id(1)]; p.Reply.AuthorID != bob.ID || p.Reply.URL != "https://x.com/bob_on_x/status/77" {
		t.Errorf("%+v", p.Reply)
	}
}

// 4: short links, the link of the media, and escapes.
func TestTrap04LinksAndEscapes(t *testing.T) {
	photo := []importertest.Media{{Kind: "photo", File: "a"}, {Kind: "photo", File: "b"}}
	for name, tc := range map[string]struct {
		tweet  importertest.Tweet
		text   string
		pieces []string
	}{
		"a link":           {importertest.Tweet{Text: "see https://site.test/a?b=1&c=2 now", Links: []string{"https://site.test/a?b=1&c=2"}}, "see https://site.test/a?b=1&c=2 now", []string{"link https://site.test/a?b=1&c=2"}},
		"escapes":          {importertest.Tweet{Text: "a & b < c > d &amp; e &lt;"}, "a & b < c > d &amp; e &lt;", nil},
		"media":            {importertest.Tweet{Text: "look", Media: photo}, "look", nil},
		"only media":       {importertest.Tweet{Text: "", Media: photo}, "", nil},
		"link and media":   {importertest.Tweet{Text: "x", Links: []string{"https://site.test/"}, Media: photo}, "x https://site.test/", []string{"link https://site.test/"}},
		"after escapes":    {importertest.Tweet{Text: "🐦 a & b @eve & #tag", Mentions: []importertest.Person{person("5", "eve")}, Tags: []string{"tag"}}, "🐦 a & b @eve & #tag", []string{"mention @eve", "tag #tag"}},
		"line breaks":      {importertest.Tweet{Text: "a\n\nb\tc"}, "a\n\nb\tc", nil},
		"controls":         {importertest.Tweet{Text: "a\x1b[31mb\u0085c"}, "a [31mb c", nil},
		"no target":        {importertest.Tweet{Text: "x", Links: []string{""}, ID: at(9)}, "x", nil},
		"the same link":    {importertest.Tweet{Text: "https://site.test/1 https://site.test/1", Links: []string{"https://site.test/1", "https://site.test/1"}}, "https://site.test/1 https://site.test/1", []string{"link https://site.test/1", "link https://site.test/1"}},
		"beside a bracket": {importertest.Tweet{Text: "(https://site.test/1)", Links: []string{"https://site.test/1"}}, "(https://site.test/1)", []string{"link https://site.test/1"}},
	} {
		if tc.tweet.ID == 0 {
			tc.tweet.ID = at(1)
		}
		p := post(t, tc.tweet)
		if p.Text != tc.text || !slices.Equal(pieces(p), tc.pieces) {
			t.Errorf("%s: %q %q, want %q %q", name, p.Text, pieces(p), tc.text, tc.pieces)
		}
	}
	// Where X does not tell the target, the short link stays and is a link.
	raw := fmt.Sprintf(`x = [{"tweet":{"id_str":"%d","full_text":"go https://t.co/abc ok","entities":{"urls":[{"url":"https://t.co/abc","indices":["3","19"]}]}}}]`, at(1))
	for _, p := range postsOf(t, file("tweets.js", raw)) {
		if p.Text != "go https://t.co/abc ok" || !slices.Equal(pieces(p), []string{"link https://t.co/abc"}) {
			t.Errorf("%q %q", p.Text, pieces(p))
		}
	}
	// Wrong indices do not leave the short link in the text.
	raw = strings.NewReplacer(`"3","19"`, `"900","3"`, `"indices"`, `"expanded_url":"https://site.test/","indices"`).Replace(raw)
	for _, p := range postsOf(t, file("tweets.js", raw)) {
		if p.Text != "go https://site.test/ ok" {
			t.Errorf("%q", p.Text)
		}
	}
}

// 5: a repost is cut to 140 characters, its links too, and the original's id is
// told only where it had media.
func TestTrap05CutReposts(t *testing.T) {
	long := strings.Repeat("words & words 渡 ", 20)
	original := importertest.Tweet{ID: 1234567890123, Text: long + "https://site.test/far", Links: []string{"https://site.test/far"}}
	again := importertest.Tweet{ID: at(1), Original: &original, Author: bob, Mentions: []importertest.Person{bob}}
	p := post(t, again)
	want := social.PostRef{Author: "bob_on_x", AuthorID: bob.ID, URL: fmt.Sprintf("https://x.com/bob_on_x/status/%d", at(1))}
	if p.Repost != want || !p.Cut || strings.HasPrefix(p.Text, "RT") || !strings.HasSuffix(p.Text, "…") || len(p.Entities) != 0 {
		t.Errorf("%+v", p)
	}
	again.Media = []importertest.Media{{Kind: "photo", File: "a", Source: bob, Status: 1234567890123}}
	if p = post(t, again); p.Repost.ID != "1234567890123" || p.Repost.URL != "https://x.com/bob_on_x/status/1234567890123" {
		t.Errorf("%+v", p.Repost)
	}
	short := importertest.Tweet{ID: at(1), Text: "RT @bob_on_x: hello @carol", Mentions: []importertest.Person{bob, carol}}
	if p = post(t, short); p.Text != "hello @carol" || p.Cut || !slices.Equal(pieces(p), []string{"mention @carol"}) || p.Entities[0].AccountID != carol.ID {
		t.Errorf("%+v", p)
	}
	cutLink := importertest.Tweet{ID: at(1), Text: "RT @bob_on_x: hello https://t.c…", Mentions: []importertest.Person{bob}}
	if p = post(t, cutLink); len(p.Entities) != 0 || !p.Cut {
		t.Errorf("a cut link: %+v", p)
	}
	// Until 2019 the whole original was there.
	a := withTweets(importertest.Tweet{ID: at(1), Original: &original, Author: bob, Mentions: []importertest.Person{bob}})
	a.Form = importertest.Tweets2012
	a.Leave = []string{"tweets.csv"}
	for _, p := range postsOf(t, zipped(t, a)) {
		if p.Text != original.Text || p.Cut || p.Repost.ID != "1234567890123" || p.Repost.AuthorID != bob.ID || !slices.Equal(pieces(p), []string{"link https://site.test/far"}) {
			t.Errorf("%+v", p)
		}
	}
	// Of an own post, the owner is the author.
	own := importertest.Tweet{ID: at(1), Text: "RT @Ana_Before: hello"}
	if p = post(t, own); !p.Repost.Own || p.Repost.Author != "Ana_Before" {
		t.Errorf("%+v", p.Repost)
	}
}

// 6: there is no description of any picture; should X ever write one, it is read.
func TestTrap06AltText(t *testing.T) {
	p := post(t, importertest.Tweet{ID: at(1), Text: "x", Media: []importertest.Media{{Kind: "photo", File: "a"}, {Kind: "photo", File: "b", Alt: "a bird & its nest"}}})
	if len(p.Media) != 2 || p.Media[0].Alt != "" || p.Media[1].Alt != "a bird & its nest" {
		t.Errorf("%+v", p.Media)
	}
}

// 7: a video lies under the name of its best variant, never of its picture.
func TestTrap07VideoNames(t *testing.T) {
	a := withTweets(importertest.Tweet{ID: at(1), Text: "x", Media: []importertest.Media{
		{Kind: "photo", File: "Gaaa"}, {Kind: "video", File: "Vbbb"}, {Kind: "animated_gif", File: "Accc"}, {Kind: "photo", File: "Gddd", Missing: true}}})
	for name, f := range map[string]func() (*Export, error){
		"zip":    func() (*Export, error) { return Open([]File{zipped(t, a)}) },
		"folder": func() (*Export, error) { return OpenPath(writeFolder(t, a)) },
	} {
		e, err := f()
		if err != nil {
			t.Fatal(name, err)
		}
		r := drain(t, e.WithPosts(), nil)
		id := decimal(at(1))
		media := r.posts(t)[id].Media
		for i, want := range []struct {
			kind       social.MediaKind
			file, text string
		}{
			{social.Photo, "-Gaaa.jpg", "media Gaaa"}, {social.Video, "-Vbbb.mp4", "media Vbbb"}, {social.Animation, "-Accc.mp4", "media Accc"}, {social.Photo, "-Gddd.jpg", ""},
		} {
			m := media[i]
			if m.Kind != want.kind || m.File != id+want.file || m.Missing != (want.text == "") || m.Size != int64(len(want.text)) {
				t.Errorf("%s: %+v", name, m)
			}
			if want.text != "" {
				wantMedia(t, e, m.File, want.text)
			}
		}
		if m := media[1]; m.Duration != 17533*time.Millisecond || m.Width != 1200 || m.Height != 800 || m.URL != "https://video.twimg.com/vid/Vbbb.mp4?tag=14" {
			t.Errorf("%+v", m)
		}
		for _, name := range []string{id + "-Gddd.jpg", "../account.js", "", "account.js", "/etc/passwd"} {
			if _, _, err := e.OpenMedia(name); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
}

func wantMedia(t *testing.T, e *Export, name, want string) {
	t.Helper()
	r, size, err := e.OpenMedia(name)
	if err != nil {
		t.Fatal(name, err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != want || size != int64(len(want)) {
		t.Errorf("%s: %q, %d, %v", name, got, size, err)
	}
}

// 8: the parts are in no order, and a chain may reach from one into another.
func TestTrap08Parts(t *testing.T) {
	a := withTweets()
	for n := range int64(7) { // 3 answers 2, and so on, shuffled
		id := n * 3 % 7
		x := importertest.Tweet{ID: at(id), Text: "x"}
		if id > 0 {
			x.ReplyTo = importertest.Reply{Status: at(id - 1), To: owner}
		}
		a.Tweets = append(a.Tweets, x)
	}
	a.PartSize = 2
	all := postsOf(t, zipped(t, a))
	if len(all) != 7 {
		t.Errorf("%d posts", len(all))
	}
	for _, p := range all {
		if p.Thread != decimal(at(0)) {
			t.Errorf("%s in the thread %q", p.ID, p.Thread)
		}
	}
	lost := a
	lost.Leave = []string{"data/tweets-part2.js"}
	if r := read(t, zipped(t, lost)); !slices.Equal(r.codes(), []string{"part-missing"}) {
		t.Error(r.codes())
	}
	if r := read(t, zipped(t, a)); len(r.codes()) != 0 || r.export.Counts().Threads != 1 {
		t.Error(r.codes(), r.export.Counts())
	}
}

// 9: re-zipped by a Mac, cut by a broken download, or given as single files.
func TestTrap09Containers(t *testing.T) {
	a := sample()
	a.Prefix = "twitter-2026-07-25-x/"
	a.Extra = map[string]string{"__MACOSX/twitter-2026-07-25-x/data/._following.js": "junk", "twitter-2026-07-25-x/.DS_Store": "junk"}
	r := read(t, zipped(t, a))
	r.wantSample(t)
	whole := zipped(t, sample())
	for _, part := range []int64{2, 3, 10} {
		e, err := Open([]File{{Name: whole.Name, Size: whole.Size - whole.Size/part, ReaderAt: whole.ReaderAt}})
		if r := drain(t, e, err); codeOf(r.err) != "zip-truncated" {
			t.Errorf("without 1/%d: %v", part, r.err)
		}
	}
	inner := sample()
	inner.Form = importertest.Flat2018
	inner.Extra = map[string]string{"tweet_media/tweet-media.zip": "PK"}
	if r := read(t, zipped(t, inner)); !slices.Contains(r.codes(), "inner-zip") {
		t.Error(r.codes())
	}
}
