package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/importer/importertest"
	"godwit/internal/social"
)

// withTweets is an archive of these posts and nothing else.
func withTweets(tweets ...importertest.Tweet) importertest.Archive {
	return importertest.Archive{Owner: owner, OldUsernames: []string{"ana_before"}, ExportedAt: exportDay, Following: []importertest.Person{bob}, Tweets: tweets}
}

func person(id, username string) importertest.Person {
	return importertest.Person{ID: id, Username: username, Name: "N " + username}
}

func TestNamesFromPosts(t *testing.T) {
	mention := func(n int64, people ...importertest.Person) importertest.Tweet {
		text := ""
		for _, p := range people {
			text += "@" + p.Username + " "
		}
		return importertest.Tweet{ID: at(n), Text: text, Mentions: people}
	}
	reply := func(n int64, to importertest.Person, people ...importertest.Person) importertest.Tweet {
		x := mention(n, people...)
		x.ReplyTo = importertest.Reply{Status: 77, To: to}
		return x
	}
	for name, tc := range map[string]struct {
		tweets []importertest.Tweet
		want   map[string]string
	}{
		"a mention":                      {[]importertest.Tweet{mention(1, person("5", "eve"))}, map[string]string{"5": "eve"}},
		"gone people have id -1":         {[]importertest.Tweet{mention(1, person("-1", "ghost"), person("5", "eve"))}, map[string]string{"5": "eve"}},
		"the newest spelling":            {[]importertest.Tweet{mention(1, person("5", "Eve")), mention(3, person("5", "EVE")), mention(2, person("5", "eve"))}, map[string]string{"5": "EVE"}},
		"a reply over a mention":         {[]importertest.Tweet{reply(1, person("5", "eve_now")), mention(9, person("5", "eve_then"))}, map[string]string{"5": "eve_now"}},
		"newest spelling of the trusted": {[]importertest.Tweet{reply(1, person("5", "Eve")), mention(9, person("5", "EVE"))}, map[string]string{"5": "EVE"}},
		"recycled within a reply":        {[]importertest.Tweet{reply(1, person("5", "eve"), person("99", "Eve"))}, map[string]string{"5": "eve"}},
		"renamed and recycled":           {[]importertest.Tweet{reply(1, person("5", "new_name"), person("99", "old_name"))}, map[string]string{"5": "new_name", "99": "old_name"}},
		"one name, two accounts":         {[]importertest.Tweet{reply(1, person("5", "eve")), mention(9, person("99", "EVE"))}, map[string]string{"5": "eve"}},
		"two mentions of a name":         {[]importertest.Tweet{mention(1, person("5", "eve")), mention(9, person("99", "eve"))}, map[string]string{"99": "eve"}},
		"target gone":                    {[]importertest.Tweet{reply(1, importertest.Person{ID: "5"})}, map[string]string{}},
		"the owner":                      {[]importertest.Tweet{mention(1, owner)}, map[string]string{}},
		"no name of X":                   {[]importertest.Tweet{mention(1, person("5", "not a name"), person("6", strings.Repeat("x", 21)))}, map[string]string{}},
		"a picture shown again": {[]importertest.Tweet{{ID: at(1), Text: "x", Media: []importertest.Media{{Kind: "photo", File: "a", Source: person("5", "eve")}}}},
			map[string]string{"5": "eve"}},
		"anything over a picture": {[]importertest.Tweet{mention(1, person("5", "eve_now")), {ID: at(2), Text: "x", Media: []importertest.Media{{Kind: "photo", File: "a", Source: person("5", "eve_then")}}}},
			map[string]string{"5": "eve_now"}},
	} {
		r := read(t, zipped(t, withTweets(tc.tweets...)))
		if r.err != nil {
			t.Fatal(name, r.err)
		}
		if got := r.named(); !maps.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
		for _, x := range r.records {
			if x.Edge == "" && !x.SeenAt.Equal(exportDay) {
				t.Errorf("%s: seen at %v", name, x.SeenAt)
			}
		}
	}
}

func TestDisplayNames(t *testing.T) {
	older, newer := person("5", "eve"), person("5", "eve")
	newer.Name = "Eve 🦉 @eve@owls.example.social"
	r := read(t, zipped(t, withTweets(
		importertest.Tweet{ID: at(2), Text: "@eve", Mentions: []importertest.Person{newer}},
		importertest.Tweet{ID: at(1), Text: "@eve", Mentions: []importertest.Person{older}})))
	if last := r.records[len(r.records)-1]; last.Name != newer.Name {
		t.Errorf("%+v", last)
	}
}

func TestCountsOfPosts(t *testing.T) {
	self := func(n, parent int64, as importertest.Person) importertest.Tweet {
		return importertest.Tweet{ID: at(n), Text: "x", ReplyTo: importertest.Reply{Status: at(parent), To: as}}
	}
	root := func(n int64) importertest.Tweet { return importertest.Tweet{ID: at(n), Text: "x"} }
	link := func(n int64, target string) importertest.Tweet {
		return importertest.Tweet{ID: at(n), Text: "x", Links: []string{target}}
	}
	text := func(n int64, s string) importertest.Tweet { return importertest.Tweet{ID: at(n), Text: s} }
	nobody := importertest.Person{}
	for name, tc := range map[string]struct {
		tweets []importertest.Tweet
		want   social.Counts
	}{
		"a chain of three":           {[]importertest.Tweet{self(3, 2, owner), self(2, 1, owner), root(1)}, social.Counts{Posts: 3, Threads: 1}},
		"in any order":               {[]importertest.Tweet{root(1), self(3, 2, owner), self(2, 1, owner)}, social.Counts{Posts: 3, Threads: 1}},
		"a chain that branches":      {[]importertest.Tweet{self(3, 1, owner), self(2, 1, owner), root(1)}, social.Counts{Posts: 3, Threads: 1}},
		"two chains":                 {[]importertest.Tweet{self(4, 3, owner), root(3), self(2, 1, owner), root(1)}, social.Counts{Posts: 4, Threads: 2}},
		"only the old name is told":  {[]importertest.Tweet{self(2, 1, importertest.Person{Username: "Ana_Before"}), root(1)}, social.Counts{Posts: 2, Threads: 1}},
		"nothing but the parent":     {[]importertest.Tweet{self(2, 1, nobody), root(1)}, social.Counts{Posts: 2, Threads: 1}},
		"the parent is missing":      {[]importertest.Tweet{self(2, 1, owner)}, social.Counts{Posts: 1}},
		"nothing at all is told":     {[]importertest.Tweet{self(2, 1, nobody)}, social.Counts{Posts: 1, Replies: 1}},
		"chain under another's post": {[]importertest.Tweet{self(3, 2, owner), self(2, 1, bob)}, social.Counts{Posts: 2, Replies: 1, Threads: 1}},
		"the target is gone":         {[]importertest.Tweet{self(2, 1, importertest.Person{ID: "5"})}, social.Counts{Posts: 1, Replies: 1}},
		"an edited post": {[]importertest.Tweet{{ID: at(2), Text: "b", Versions: []int64{at(1), at(2)}}, {ID: at(1), Text: "a", Versions: []int64{at(1), at(2)}}},
			social.Counts{Posts: 1}},
		"a thread on an edited post": {[]importertest.Tweet{self(3, 1, owner), {ID: at(2), Text: "b", Versions: []int64{at(1), at(2)}}, {ID: at(1), Text: "a", Versions: []int64{at(1), at(2)}}},
			social.Counts{Posts: 2, Threads: 1}},
		"the same post twice": {[]importertest.Tweet{root(1), root(1)}, social.Counts{Posts: 1}},
		"quotes": {[]importertest.Tweet{link(1, "https://x.com/eve/status/1"), link(2, "https://twitter.com/eve/status/1?s=20"), link(3, "http://www.twitter.com/eve/status/1/"),
			link(4, "https://x.com/eve"), link(5, "https://x.com.evil.test/eve/status/1"), link(6, "https://site.test/?u=https://x.com/eve/status/1")}, social.Counts{Posts: 6, Quotes: 3}},
		"reposts": {[]importertest.Tweet{text(1, "RT @eve: hello"), text(2, "RT this please"), text(3, "rt @eve: no"), text(4, "so RT @eve: no"), text(5, "RT @eve no colon")},
			social.Counts{Posts: 5, Reposts: 1}},
		"a repost of a quote is no quote": {[]importertest.Tweet{{ID: at(1), Text: "RT @eve: x", Links: []string{"https://x.com/eve/status/1"}}}, social.Counts{Posts: 1, Reposts: 1}},
		"a quote in a reply":              {[]importertest.Tweet{{ID: at(1), Text: "x", ReplyTo: importertest.Reply{Status: 5, To: bob}, Links: []string{"https://x.com/eve/status/1"}}}, social.Counts{Posts: 1, Replies: 1, Quotes: 1}},
		"media": {[]importertest.Tweet{{ID: at(1), Text: "x", Media: []importertest.Media{{Kind: "photo", File: "a"}, {Kind: "video", File: "b"}, {Kind: "animated_gif", File: "c"}, {Kind: "photo", File: "d", Missing: true}}}},
			social.Counts{Posts: 1, Media: 4, MediaMissing: 1}},
	} {
		r := read(t, zipped(t, withTweets(tc.tweets...)))
		got := r.export.Counts()
		got.Following, got.Accounts, got.AccountsNamed, got.FollowingNamed = 0, 0, 0, 0
		if r.err != nil || got != tc.want {
			t.Errorf("%s:\n got %+v\nwant %+v %v", name, got, tc.want, r.err)
		}
	}
}

// Where nothing tells the owner, an answer is the owner's own when its parent is there.
func TestCountsWithoutOwner(t *testing.T) {
	files := withTweets(
		importertest.Tweet{ID: at(3), Text: "x", ReplyTo: importertest.Reply{Status: at(2), To: owner}},
		importertest.Tweet{ID: at(2), Text: "x"},
		importertest.Tweet{ID: at(1), Text: "x", ReplyTo: importertest.Reply{Status: 5, To: bob}}).Files()
	r := read(t, file("tweets.js", files["data/tweets.js"]))
	if c := r.export.Counts(); c.Posts != 3 || c.Threads != 1 || c.Replies != 1 {
		t.Errorf("%+v", c)
	}
}

func TestZIP02MediaNamesAreOnlyLookedUp(t *testing.T) {
	for _, link := range []string{"https://pbs.twimg.com/media/../../data/direct-messages.js", "https://pbs.twimg.com/media/%2e%2e%2fx.jpg", "", "/", "https://pbs.twimg.com/media/..", "\x00"} {
		v, _ := json.Marshal(link)
		tweets := fmt.Sprintf(`x = [{"tweet":{"id_str":"1500000000000000000","full_text":"x","extended_entities":{"media":[{"media_url_https":%s,"type":"photo"}]}}}]`, v)
		r := read(t, file("following.js", someFollowing), file("tweets.js", tweets))
		if c := r.export.Counts(); r.err != nil || c.Media != 1 || c.MediaMissing != 1 {
			t.Errorf("%q: %v %+v", link, r.err, c)
		}
	}
}

func TestPostsThatAreNotAsXWritesThem(t *testing.T) {
	const good = `{"tweet":{"id_str":"1500000000000000000","full_text":"x"}}`
	for name, bad := range map[string]string{
		"no id":        `{"tweet":{"full_text":"x"}}`,
		"id -1":        `{"tweet":{"id_str":"-1"}}`,
		"no tweet":     `{"note":{}}`,
		"a number":     `7`,
		"huge mention": `{"tweet":{"id_str":"1500000000000000001","entities":{"user_mentions":[{"id":"` + hugeID + `","screen_name":"eve"}]}}}`,
		"odd mention":  `{"tweet":{"id_str":"1500000000000000001","entities":{"user_mentions":[7]}}}`,
		"odd media":    `{"tweet":{"id_str":"1500000000000000001","entities":{"media":[{"video_info":{"variants":7}}]}}}`,
		"deep":         `{"tweet":{"id_str":"1500000000000000001","x":` + strings.Repeat(`[`, 50) + strings.Repeat(`]`, 50) + `}}`,
	} {
		r := read(t, file("tweets.js", "x = ["+bad+","+good+"]"))
		if r.err != nil || !slices.Contains(r.codes(), "entries-skipped") || r.export.Counts().Posts == 0 {
			t.Errorf("%s: %v %q %+v", name, r.err, r.codes(), r.export.Counts())
		}
	}
}

func TestSyntheticArchiveCountsAreKnown(t *testing.T) {
	for name, shape := range map[string]importertest.Shape{
		"2026":           {Text: 3 << 20, Seed: 1},
		"2026, parts":    {Text: 3 << 20, Part: 1 << 20, Seed: 2, People: 500, Following: 50},
		"2026, pictures": {Text: 1 << 20, Media: 4 << 20, Seed: 3},
		"2021":           {Text: 1 << 20, Form: importertest.Archive2020, Media: 1 << 20, Seed: 4},
		"2018":           {Text: 1 << 20, Form: importertest.Flat2018, Seed: 5},
		"2012 to 2019":   {Text: 1 << 20, Form: importertest.Tweets2012, Seed: 6},
	} {
		var b bytes.Buffer
		known, err := importertest.Generate(&b, shape)
		if err != nil {
			t.Fatal(name, err)
		}
		if known.Zip != int64(b.Len()) {
			t.Errorf("%s: zip of %d bytes, told %d", name, b.Len(), known.Zip)
		}
		r := read(t, file("twitter-x.zip", b.String()))
		if got := r.export.Counts(); r.err != nil || got != known.Counts {
			t.Errorf("%s: %v\n got %+v\nwant %+v", name, r.err, got, known.Counts)
		}
		want := []string(nil)
		if shape.Form == importertest.Tweets2012 {
			want = []string{"no-follow-list"}
		}
		if w := r.codes(); !slices.Equal(w, want) || r.export.Owner().NativeID != known.Owner.NativeID {
			t.Errorf("%s: %q %+v", name, r.export.Warnings(), r.export.Owner())
		}
		if made := r.export.ExportedAt(); made.IsZero() || !known.ExportedAt.IsZero() && made != known.ExportedAt.Truncate(time.Millisecond) {
			t.Errorf("%s: made at %v, want %v", name, made, known.ExportedAt)
		}
	}
}

func TestIDSet(t *testing.T) {
	var s idSet
	want := map[int64]bool{}
	for i := range int64(5000) {
		n := i*i%3001 + 1
		if s.add(n) == want[n] {
			t.Fatalf("%d was there: %v", n, want[n])
		}
		want[n] = true
	}
	for n := range int64(4000) {
		if n > 0 && s.has(n) != want[n] {
			t.Fatal(n)
		}
	}
	if s.n != len(want) {
		t.Error(s.n, len(want))
	}
}

// FuzzTweet decodes one element that is valid JSON; the scanner must find what
// a general decoder finds.
func FuzzTweet(f *testing.F) {
	for _, x := range sample().Tweets {
		text := withTweets(x).Files()["data/tweets.js"]
		f.Add([]byte(text[strings.IndexByte(text, '[')+1 : len(text)-1]))
	}
	f.Add([]byte(`{"tweet":{"id_str":"7","full_text":"a\"b\\","entities":{"user_mentions":[]}}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		v := jsontext.Value(content)
		if !v.IsValid(decodeOptions...) {
			return
		}
		parsed, ok := parseTweet(v)
		var want struct {
			Tweet map[string]jsontext.Value `json:"tweet"`
		}
		if v.IsValid() && ok && json.Unmarshal(v, &want) == nil { // no name twice: both must agree
			for key, got := range map[string][]byte{"full_text": parsed.text, "edit_info": parsed.edit, "in_reply_to_screen_name": parsed.replyName} {
				if is := bytes.TrimSpace(want.Tweet[key]); len(is) > 0 && len(want.Tweet) > 0 && !bytes.Equal(is, got) && exactKey(v, key) {
					t.Errorf("%s: got %q, want %q in %q", key, got, is, v)
				}
			}
		}
		e := &Export{media: newMediaIndex(), kind: social.KindXArchive}
		r := e.begin(t.Context(), func(x social.Record, err error) bool { wantRecord(t, x); return true })
		r.tweet(v)
		if err := r.giveNames(); err != nil {
			t.Error(err)
		}
		r.finish()
	})
}

// exactKey leaves out names that are written with escapes, which the scanner
// does not look through, since X never writes them so.
func exactKey(v []byte, key string) bool {
	return bytes.Contains(v, []byte(`"tweet"`)) && bytes.Contains(v, []byte(`"`+key+`"`)) && !bytes.ContainsRune(v, '\\')
}
