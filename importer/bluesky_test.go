package importer

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/social"
)

const (
	didIda = "did:plc:ida4rcz5sql2wwl4fecq7tya"
	didJun = "did:plc:jun3kmen2wq4jtzlvbx343z7"
	didKay = "did:plc:kay26mdpbqlultsnv5kufcdw"
)

func record(kind string, more map[string]any) map[string]any {
	m := map[string]any{"$type": kind, "createdAt": "2026-11-23T14:26:41.000Z"}
	for k, v := range more {
		m[k] = v
	}
	return m
}

func ref(did, rkey string) map[string]any {
	return map[string]any{"uri": "at://" + did + "/app.bsky.feed.post/" + rkey, "cid": "bafyrei"}
}

// idasRepo has one of everything. Keys are as the reference server makes them.
func idasRepo() *importertest.Repository {
	r := importertest.NewRepository(didIda)
	r.Add("app.bsky.actor.profile/self", record(bskyProfile, map[string]any{"displayName": "Ida", "description": "bio"}))
	r.Add("app.bsky.graph.follow/3n2ydkzd2hk2d", record(bskyFollow, map[string]any{"subject": didJun}))
	r.Add("app.bsky.graph.follow/3n2ydkzdwrs2d", record(bskyFollow, map[string]any{"subject": didJun})) // a second time: the server does not mind
	r.Add("app.bsky.graph.follow/3n2ydkzgtkk2d", record(bskyFollow, map[string]any{"subject": didKay}))
	r.Add("app.bsky.graph.follow/3n2ydkzgtkk2e", record(bskyFollow, map[string]any{"subject": "not-a-did"}))
	r.Add("app.bsky.graph.block/3n2ydkzgtkk2f", record(bskyBlock, map[string]any{"subject": didKay}))
	r.Add("app.bsky.graph.list/3n2ydkzgtkk2g", record(bskyList, map[string]any{"name": "waders", "purpose": "app.bsky.graph.defs#curatelist"}))
	r.Add("app.bsky.graph.listitem/3n2ydkzgtkk2h", record(bskyListItem, map[string]any{"list": "at://" + didIda + "/app.bsky.graph.list/3n2ydkzgtkk2g", "subject": didJun}))
	r.Add("app.bsky.feed.post/3n2ydkz6b5c2d", record(bskyPost, map[string]any{"text": "鹬 see site.test/lo… and @jun.test #knots", "langs": []any{"en"},
		"facets": []any{
			map[string]any{"index": map[string]any{"byteStart": 28, "byteEnd": 37}, "features": []any{map[string]any{"$type": "app.bsky.richtext.facet#mention", "did": didJun}}},
			map[string]any{"index": map[string]any{"byteStart": 8, "byteEnd": 23}, "features": []any{map[string]any{"$type": "app.bsky.richtext.facet#link", "uri": "https://site.test/long"}}},
			map[string]any{"index": map[string]any{"byteStart": 38, "byteEnd": 44}, "features": []any{map[string]any{"$type": "app.bsky.richtext.facet#tag", "tag": "knots"}}},
			map[string]any{"index": map[string]any{"byteStart": 1, "byteEnd": 900}, "features": []any{map[string]any{"$type": "app.bsky.richtext.facet#tag", "tag": "x"}}},
			map[string]any{"index": map[string]any{"byteStart": 1, "byteEnd": 4}, "features": []any{map[string]any{"$type": "app.bsky.richtext.facet#tag", "tag": "half a letter"}}},
		},
		"embed": map[string]any{"$type": "app.bsky.embed.images", "images": []any{map[string]any{"alt": "a knot", "image": map[string]any{"$type": "blob", "mimeType": "image/png", "size": 10127}, "aspectRatio": map[string]any{"width": 4, "height": 3}}}}}))
	r.Add("app.bsky.feed.post/3n2ydkz7fbk2d", record(bskyPost, map[string]any{"text": "backdated", "createdAt": "2012-03-04T05:06:07.000Z",
		"embed": map[string]any{"$type": "app.bsky.embed.external", "external": map[string]any{"uri": "https://site.test/card", "title": "x"}}}))
	r.Add("app.bsky.feed.post/3n2ydkzcczk2d", record(bskyPost, map[string]any{"text": "reply", "reply": map[string]any{"root": ref(didIda, "3n2ydkz6b5c2d"), "parent": ref(didIda, "3n2ydkz6b5c2d")},
		"labels": map[string]any{"values": []any{map[string]any{"val": "nudity"}}}}))
	r.Add("app.bsky.feed.post/3n2ydkzcczk2e", record(bskyPost, map[string]any{"text": "to jun", "reply": map[string]any{"root": ref(didJun, "3n2ydkz6b5c2x"), "parent": ref(didJun, "3n2ydkz6b5c2x")},
		"embed": map[string]any{"$type": "app.bsky.embed.record", "record": ref(didKay, "3n2ydkz6b5c2y")}}))
	r.Add("app.bsky.feed.post/3n2ydkzcczk2f", map[string]any{"text": 7})
	r.Add("app.bsky.feed.repost/3n2ydkzcczk2g", record(bskyRepost, map[string]any{"subject": ref(didKay, "3n2ydkz6b5c2y")}))
	r.Add("app.bsky.feed.like/3n2ydkzcczk2h", record("app.bsky.feed.like", map[string]any{"subject": ref(didKay, "3n2ydkz6b5c2y")}))
	r.Add("chat.bsky.actor.declaration/self", map[string]any{"allowIncoming": "CANARY"})
	return r
}

func TestBlueskyRepository(t *testing.T) {
	text := idasRepo().Seal()
	r := read(t, file("repo.car", text))
	want := []string{"blocked bluesky:" + didKay, "following bluesky:" + didJun, "following bluesky:" + didKay, "listed bluesky:" + didJun}
	if r.err != nil || !slices.Equal(r.told(), want) || len(r.codes()) > 0 {
		t.Fatalf("%v %q\n got %q\nwant %q", r.err, r.export.Warnings(), r.told(), want)
	}
	counts := social.Counts{Following: 2, Blocked: 1, Lists: 1, Posts: 5, Replies: 1, Reposts: 1, Quotes: 1, Threads: 1, Media: 1, MediaMissing: 1, Accounts: 2}
	if got := r.export.Counts(); got != counts {
		t.Errorf("\n got %+v\nwant %+v", got, counts)
	}
	if o := r.export.Owner(); o.NativeID != didIda || o.Name != "Ida" || o.Network != social.Bluesky || r.export.Kind() != social.KindBluesky || !r.export.ExportedAt().Equal(time.Date(2026, 11, 23, 14, 26, 41, 0, time.UTC)) {
		t.Errorf("%+v %s %v", o, r.export.Kind(), r.export.ExportedAt())
	}
	e, err := Open([]File{file("repo.car", text)})
	if err != nil {
		t.Fatal(err)
	}
	posts := allPosts(t, e)
	if len(posts) != 5 {
		t.Fatalf("%d posts", len(posts))
	}
	first := posts[0]
	if first.Text != "鹬 see https://site.test/long and @jun.test #knots" || first.Thread != first.ID || first.Language != "en" || len(first.Entities) != 3 ||
		first.Entities[1].AccountID != didJun || first.Entities[1].Username != "jun.test" || first.Text[first.Entities[2].Start:first.Entities[2].End] != "#knots" {
		t.Errorf("%+v", first)
	}
	if m := first.Media; len(m) != 1 || m[0] != (social.Media{Kind: social.Photo, Missing: true, Alt: "a knot", Size: 10127, Width: 4, Height: 3}) {
		t.Errorf("%+v", m)
	}
	if p := posts[1]; p.Text != "backdated\n\nhttps://site.test/card" || p.CreatedAt.Year() != 2012 {
		t.Errorf("%+v", p)
	}
	if p := posts[2]; !p.Reply.Own || p.Thread != first.ID || !p.Sensitive || p.Reply.ID != first.ID {
		t.Errorf("%+v", p)
	}
	if p := posts[3]; p.Reply.Own || p.Reply.AuthorID != didJun || p.Quote.AuthorID != didKay || p.Thread != "" {
		t.Errorf("%+v", p)
	}
}

// What a repository names by number only, the AppView's answers name.
func TestBlueskyFollows(t *testing.T) {
	answers := `{"follows":[{"did":"` + didJun + `","handle":"Jun.test","displayName":"Jun","description":"now @jun@tide.test","associated":{},"viewer":{"muted":false},"labels":[]},{"did":"` + didKay + `","handle":"handle.invalid"}],"subject":{"did":"` + didIda + `","handle":"ida.test"},"cursor":"x"}
{"subject":{"did":"` + didIda + `"},"follows":[{"did":"nobody"}]}`
	r := read(t, file("repo.car", idasRepo().Seal()), file("follows.json", answers))
	if r.err != nil || !slices.Equal(r.codes(), []string{"rows-skipped"}) {
		t.Fatal(r.err, r.export.Warnings())
	}
	if c := r.export.Counts(); c.Following != 2 || c.FollowingNamed != 1 || c.Accounts != 2 {
		t.Errorf("%+v", c)
	}
	if got := r.told(); !slices.Contains(got, "following bluesky:"+didJun+"@jun.test") || !slices.Contains(got, "following bluesky:"+didKay) {
		t.Errorf("%q", got)
	}
	r = read(t, file("followers.json", strings.ReplaceAll(answers, `"follows"`, `"followers"`)))
	if c := r.export.Counts(); r.err != nil || c.Followers != 2 || c.Following != 0 {
		t.Errorf("%v %+v", r.err, c)
	}
}

func TestDamagedRepositories(t *testing.T) {
	whole := idasRepo().Seal()
	changed := []byte(whole)
	changed[bytes.Index(changed, []byte("backdated"))]++
	missing := idasRepo()
	missing.Keys["app.bsky.graph.follow/3n2ydkzgtkk2z"] = importertest.CIDOf([]byte("not here"))
	falling := importertest.NewRepository(didIda)
	leaf := falling.Put(record(bskyFollow, map[string]any{"subject": didJun}))
	node := falling.Put(map[string]any{"l": nil, "e": []any{
		map[string]any{"p": 0, "k": []byte("app.bsky.graph.follow/b"), "v": leaf, "t": nil}, map[string]any{"p": 22, "k": []byte("a"), "v": leaf, "t": nil}}})
	falling.Root = falling.Put(map[string]any{"did": didIda, "version": 3, "data": node})
	for name, text := range map[string]string{
		"cut":                     whole[:len(whole)-100],
		"a byte changed":          string(changed),
		"a record missing":        missing.Seal(),
		"keys that fall":          falling.CAR(),
		"the same keys, doubled":  doubled(40),
		"no commit":               (&importertest.Repository{Root: importertest.CIDOf(nil)}).CAR(),
		"a length without end":    whole + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"a length of a gigabyte":  whole + string(binary.AppendUvarint(nil, 1<<30)),
		"a section without a CID": whole + "\x02xx",
	} {
		if r := read(t, file("repo.car", text)); codeOf(r.err) != "repository-damaged" {
			t.Errorf("%s: %v", name, r.err)
		}
	}
}

// doubled is a tree in which each node names the one below twice: 2^depth keys
// from a few blocks.
func doubled(depth int) string {
	r := importertest.NewRepository(didIda)
	leaf := r.Put(record(bskyFollow, map[string]any{"subject": didJun}))
	var below any
	for range depth {
		below = r.Put(map[string]any{"l": below, "e": []any{map[string]any{"p": 0, "k": []byte("app.bsky.graph.follow/a"), "v": leaf, "t": below}}})
	}
	r.Root = r.Put(map[string]any{"did": didIda, "version": 3, "data": below})
	return r.CAR()
}

func TestTIDs(t *testing.T) {
	for _, text := range []string{"3n2ydkz6b5c2d", "2222222222222", "bzzzzzzzzzzzz"} {
		if got := tidText(tidNumber(text)); got != text {
			t.Errorf("%s became %s", text, got)
		}
	}
	for _, text := range []string{"", "self", "zzzzzzzzzzzzz", "3n2ydkz6b5c2", "3n2ydkz6b5c21"} {
		if n := tidNumber(text); n != 0 {
			t.Errorf("%s is %d", text, n)
		}
	}
}

func FuzzRepository(f *testing.F) {
	f.Add([]byte(idasRepo().Seal()))
	f.Add([]byte(doubled(3)))
	f.Fuzz(func(t *testing.T, data []byte) { readAny(t, []File{file("repo.car", string(data))}) })
}

// FuzzRecord lets the CIDs be right, so that what is behind them is reached.
func FuzzRecord(f *testing.F) {
	f.Add(bskyPost+"/3n2ydkz6b5c2d", importertest.Encode(record(bskyPost, map[string]any{"text": "x", "facets": []any{map[string]any{"index": map[string]any{"byteStart": 0, "byteEnd": 1}, "features": []any{map[string]any{"$type": "a#tag", "tag": "x"}}}}})))
	f.Add(bskyListItem+"/x", []byte{0xa0})
	f.Fuzz(func(t *testing.T, key string, data []byte) {
		if v, err := decodeCBOR(data); err == nil && v == nil && !bytes.Equal(data, []byte{0xf6}) {
			t.Errorf("%x is nothing", data)
		}
		r := importertest.NewRepository(didIda)
		id := importertest.CIDOf(data)
		r.Blocks.Write(binary.AppendUvarint(nil, uint64(len(id)+len(data))))
		r.Blocks.Write(id[:])
		r.Blocks.Write(data)
		r.Keys[key] = id
		e, err := Open([]File{file("repo.car", r.Seal())})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		for x, err := range e.WithPosts().Records(t.Context()) {
			if err != nil {
				wantFault(t, err)
				return
			}
			if x.Post != nil && !x.Post.Sound() {
				t.Errorf("not sound: %+v", x.Post)
			}
		}
	})
}
