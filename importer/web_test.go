package importer

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/social"
)

const savedAs = "-1764100000000.json"

func TestWebExporterMetadata(t *testing.T) {
	for name, row := range map[string]string{
		"columns":         `{"id":"5","screen_name":"eve","name":"Eve","description":"bio","location":"here","website":"https://eve.test","url":"https://twitter.com/eve"}`,
		"core, 2025":      `{"id":"5","metadata":{"rest_id":"5","core":{"screen_name":"eve","name":"Eve"},"location":{"location":"here"},"legacy":{"description":"bio","url":"https://t.co/1","entities":{"description":{"urls":[]},"url":{"urls":[{"url":"https://t.co/1","expanded_url":"https://eve.test","indices":[0,23]}]}}}}}`,
		"legacy, before":  `{"metadata":{"rest_id":"5","legacy":{"screen_name":"eve","name":"Eve","description":"bio","location":"here","url":"https://t.co/1","entities":{"url":{"urls":[{"expanded_url":"https://eve.test"}]}}}}}`,
		"columns and raw": `{"id":"5","screen_name":"eve","name":"Eve","description":"bio","location":"here","website":"https://t.co/1","metadata":{"legacy":{"entities":{"url":{"urls":[{"expanded_url":"https://eve.test"}]}}}}}`,
	} {
		r := read(t, file("twitter-Following"+savedAs, "["+row+"]"))
		if r.err != nil || len(r.records) != 1 {
			t.Fatal(name, r.err, r.records)
		}
		got := r.records[0].Account
		want := social.Account{Network: social.X, NativeID: "5", Username: "eve", Name: "Eve", Bio: "bio", Location: "here", URL: "https://eve.test", SeenAt: time.UnixMilli(1764100000000).UTC()}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
	}
}

func TestWebExporterPages(t *testing.T) {
	row := func(id int, marks string) string {
		return fmt.Sprintf(`{"id":"%d","screen_name":"p%d"%s}`, id, id, marks)
	}
	all := "[" + strings.Join([]string{row(1, `,"following":true,"followed_by":true`), row(2, `,"following":true,"followed_by":false`), row(3, `,"following":null`)}, ",") + "]"
	for name, want := range map[string]struct{ following, followers []string }{
		"twitter-Following" + savedAs:         {[]string{"1", "2", "3"}, nil},
		"twitter-正在关注-1764100000000 (1).json": {[]string{"1", "2", "3"}, nil},
		"twitter-Followers" + savedAs:         {nil, []string{"1", "2", "3"}},
		"twitter-ListMembers" + savedAs:       {[]string{"1", "2"}, []string{"1"}},
		"my list.json":                        {[]string{"1", "2"}, []string{"1"}},
	} {
		r := read(t, file(name, all))
		if r.err != nil || !slices.Equal(r.edges(social.Following), want.following) || !slices.Equal(r.edges(social.Follower), want.followers) {
			t.Errorf("%s: %v, following %v, followers %v", name, r.err, r.edges(social.Following), r.edges(social.Follower))
		}
	}
}

// Somebody else's list is not taken for the person's own.
func TestWebExporterStrangersList(t *testing.T) {
	r := read(t, file("twitter-Following"+savedAs, `[{"id":"1","screen_name":"a","following":false},{"id":"2","screen_name":"b","following":true}]`))
	if got := r.edges(social.Following); !slices.Equal(got, []string{"2"}) || !slices.Contains(r.codes(), "not-followed") {
		t.Errorf("%v %q", got, r.export.Warnings())
	}
	if r.named()["1"] != "a" {
		t.Error("the name was not learned")
	}
}

func TestWebExporterCut(t *testing.T) {
	var b bytes.Buffer
	if err := importertest.WriteWebExporter(&b, []importertest.Person{bob, carol, dave}); err != nil {
		t.Fatal(err)
	}
	r := read(t, file("twitter-Following"+savedAs, b.String()[:strings.Index(b.String(), `"dave"`)]))
	if r.export.Counts().Following != 2 || !slices.Equal(r.codes(), []string{"json-cut"}) {
		t.Errorf("%+v %q", r.export.Counts(), r.export.Warnings())
	}
	if w := r.export.Warnings()[0]; !strings.HasPrefix(w, "The .json stops in the middle, after 2 people. We took those; save the list again to get the rest.") {
		t.Error(w)
	}
}

func TestWebExporterEmpty(t *testing.T) {
	r := read(t, file("twitter-Following"+savedAs, "[]"))
	if r.err != nil || !slices.Equal(r.codes(), []string{"empty-list"}) {
		t.Errorf("%v %q", r.err, r.export.Warnings())
	}
}

func TestWebExporterPosts(t *testing.T) {
	posts := `[
{"id":"1500000000000000003","full_text":"third","screen_name":"ana","name":"Ana","user_id":"100","in_reply_to":"1500000000000000002","retweeted_status":null,"quoted_status":null,"media":[]},
{"id":"1500000000000000002","full_text":"@eve x","screen_name":"ana","name":"Ana","user_id":"100","in_reply_to":"1400000000000000000","quoted_status":"1300000000000000000","media":[{"type":"photo"}],
 "metadata":{"core":{"user_results":{"result":{"rest_id":"100","core":{"screen_name":"ana","name":"Ana"},"legacy":{"description":"me"}}}},
 "legacy":{"in_reply_to_user_id_str":"5","in_reply_to_screen_name":"eve","entities":{"user_mentions":[{"id_str":"6","screen_name":"fay","name":"Fay","indices":[0,4]}]}}}},
{"id":"1500000000000000001","full_text":"RT @x: y","screen_name":"ana","user_id":"100","retweeted_status":"1200000000000000000"}]`
	r := read(t, file("twitter-UserTweets"+savedAs, posts))
	want := social.Counts{Posts: 3, Replies: 1, Reposts: 1, Quotes: 1, Threads: 1, Media: 1, MediaMissing: 1}
	if got := r.export.Counts(); r.err != nil || got != want {
		t.Errorf("%v\n got %+v\nwant %+v", r.err, got, want)
	}
	if got := r.named(); len(got) != 3 || got["100"] != "ana" || got["5"] != "eve" || got["6"] != "fay" {
		t.Errorf("names %v", got)
	}
	r = read(t, file("twitter-Bookmarks"+savedAs, posts))
	if got := r.export.Counts(); got != (social.Counts{}) || r.named()["100"] != "ana" {
		t.Errorf("other people's posts: %+v %v", got, r.named())
	}
}

// An archive and a saved list given together are one export.
func TestArchiveWithSavedList(t *testing.T) {
	var b bytes.Buffer
	eve := importertest.Person{ID: "299", Username: "eve", Name: "Eve", Following: true}
	if err := importertest.WriteWebExporter(&b, []importertest.Person{eve}); err != nil {
		t.Fatal(err)
	}
	r := read(t, zipped(t, sample()), file("twitter-Following"+savedAs, b.String()))
	want := sampleCounts
	want.AccountsNamed, want.FollowingNamed = 3, 3
	if got := r.export.Counts(); r.err != nil || got != want || r.export.Kind() != social.KindXArchive {
		t.Errorf("%v\n got %+v\nwant %+v", r.err, got, want)
	}
}
