package importer

import (
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
)

const (
	wrenAccount = `{"data":{"id":"700","username":"wren_x","name":"Wren","protected":false,"public_metrics":{"following_count":3}}}`
	wrenFollows = `{"data":[{"id":"901","username":"jun_on_x","name":"Jun","description":"tides &amp; mud, @jun@tide.test https://t.co/b","location":"Mudflat","url":"https://t.co/a","entities":{"url":{"urls":[{"url":"https://t.co/a","expanded_url":"https://tide.test/@jun"}]},"description":{"urls":[{"url":"https://t.co/b","expanded_url":"https://jun.example/links"}]}},"protected":true},{"id":"902","username":"Kai"}],"meta":{"result_count":2,"next_token":"T2"}}
{"data":[{"id":"903","username":"not a name","name":"Lu"},{"id":"902","username":"Kai"},{"username":"nobody"},{"id":"1e9"}],"meta":{"result_count":4},"errors":[{"title":"Not Found Error"}]}
`
)

// wrenPosts are two pages with one of everything.
const wrenPosts = `{"data":[
{"id":"2000000000000000009","text":"a &lt;quote&gt; https://t.co/q","created_at":"2026-05-01T10:00:09.000Z","lang":"en","public_metrics":{"like_count":4,"retweet_count":2},"entities":{"urls":[{"start":20,"end":34,"url":"https://t.co/q","expanded_url":"https://twitter.com/jun_on_x/status/1900000000000000001"}]},"referenced_tweets":[{"type":"quoted","id":"1900000000000000001"}],"edit_history_tweet_ids":["2000000000000000009"]},
{"id":"2000000000000000008","text":"鹬 and a picture https://t.co/p","created_at":"2026-05-01T10:00:08.000Z","possibly_sensitive":true,"attachments":{"media_keys":["3_1","7_2","9_9"]},"entities":{"hashtags":[{"start":0,"end":0,"tag":"none"}],"urls":[{"start":16,"end":30,"url":"https://t.co/p","expanded_url":"https://twitter.com/wren_x/status/2000000000000000008/photo/1","media_key":"3_1"}]}},
{"id":"2000000000000000007","text":"RT @jun_on_x: cut short…","created_at":"2026-05-01T10:00:07.000Z","entities":{"mentions":[{"start":3,"end":12,"username":"jun_on_x","id":"901"}]},"referenced_tweets":[{"type":"retweeted","id":"1900000000000000005"}]},
{"id":"2000000000000000006","text":"a long one that is cut in the middle…","created_at":"2026-05-01T10:00:06.000Z","note_tweet":{"text":"A long one that is cut in the middle, or is it & see #mud","entities":{"hashtags":[{"start":53,"end":57,"tag":"mud"}]}}}
],"includes":{"media":[{"media_key":"3_1","type":"photo","url":"https://pbs.twimg.com/media/AAA.jpg","alt_text":"a wader","width":640,"height":480},{"media_key":"7_2","type":"video","preview_image_url":"https://pbs.twimg.com/x/BBB.jpg","duration_ms":1500,"variants":[{"content_type":"application/x-mpegURL","url":"https://video.twimg.com/x.m3u8"},{"bit_rate":256000,"content_type":"video/mp4","url":"https://video.twimg.com/lo.mp4"},{"bit_rate":832000,"content_type":"video/mp4","url":"https://video.twimg.com/hi.mp4?tag=1"}]}]},"meta":{"result_count":4,"next_token":"x"}}
{"data":[
{"id":"2000000000000000003","text":"@jun_on_x yes","created_at":"2026-05-01T10:00:03.000Z","in_reply_to_user_id":"901","entities":{"mentions":[{"start":0,"end":9,"username":"jun_on_x","id":"901"}]},"referenced_tweets":[{"type":"replied_to","id":"1900000000000000007"}]},
{"id":"2000000000000000002","text":"its end","created_at":"2026-05-01T10:00:02.000Z","in_reply_to_user_id":"700","referenced_tweets":[{"type":"replied_to","id":"2000000000000000001"}]},
{"id":"2000000000000000001","text":"a thread","created_at":"2026-05-01T10:00:01.000Z"},
{"id":"x","text":"no number"},{"text":"none at all"}
],"meta":{"result_count":5}}
`

func TestXAPIPeople(t *testing.T) {
	r := read(t, file("x-api-account.json", wrenAccount), file("x-api-following-1777629600000.json", wrenFollows))
	want := social.Counts{Following: 3, Accounts: 3, AccountsNamed: 2, FollowingNamed: 2}
	if r.export.Kind() != social.KindXAPI || r.export.Owner().NativeID != "700" || r.export.Owner().Username != "wren_x" || r.export.Counts() != want {
		t.Errorf("%s of %+v: %+v", r.export.Kind(), r.export.Owner(), r.export.Counts())
	}
	if got := r.codes(); !slices.Equal(got, []string{"rows-skipped"}) {
		t.Errorf("warnings %q", got)
	}
	a := r.records[0].Account
	if r.records[0].Edge != social.Following || a.NativeID != "901" || a.Bio != "tides & mud, @jun@tide.test https://t.co/b" || a.URL != "https://tide.test/@jun" ||
		!slices.Equal(a.Links, []string{"https://jun.example/links"}) || a.Location != "Mudflat" || !a.SeenAt.Equal(time.UnixMilli(1777629600000)) {
		t.Errorf("%+v", r.records[0])
	}
	followers := read(t, file("x-api-account.json", wrenAccount), file("x-api-followers.json", wrenFollows))
	if c := followers.export.Counts(); c.Followers != 3 || c.Following != 0 {
		t.Errorf("followers %+v", c)
	}
	named := read(t, file("x-api-account.json", wrenAccount), file("x-api-names.json", wrenFollows))
	if c := named.export.Counts(); c != (social.Counts{}) || named.named()["901"] != "jun_on_x" {
		t.Errorf("names %+v %v", c, named.named())
	}
}

func TestXAPIPosts(t *testing.T) {
	files := []File{file("x-api-account.json", wrenAccount), file("x-api-posts.json", wrenPosts)}
	r := read(t, files...)
	want := social.Counts{Posts: 7, Replies: 1, Reposts: 1, Quotes: 1, Threads: 1, Media: 2, MediaMissing: 2}
	if r.export.Counts() != want {
		t.Errorf("counts %+v", r.export.Counts())
	}
	if got := r.codes(); !slices.Equal(got, []string{"rows-skipped"}) {
		t.Errorf("warnings %q", got)
	}
	posts := map[string]*social.Post{}
	e, err := Open(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range drain(t, e.WithPosts(), nil).records {
		if x.Post != nil {
			posts[x.Post.ID[len(x.Post.ID)-1:]] = x.Post
		}
	}
	for id, text := range map[string]string{"9": "a <quote>", "8": "鹬 and a picture", "6": "A long one that is cut in the middle, or is it & see #mud", "3": "@jun_on_x yes", "1": "a thread"} {
		if p := posts[id]; p == nil || p.Text != text || !p.Sound() || p.Cut {
			t.Errorf("%s: %+v", id, p)
		}
	}
	if p := posts["9"]; p.Quote.ID != "1900000000000000001" || p.Likes != 4 || p.Reposts != 2 || p.Language != "en" || p.CreatedAt.Format(time.DateTime) != "2026-05-01 10:00:09" {
		t.Errorf("a quote: %+v", p)
	}
	if p := posts["8"]; len(p.Media) != 2 || p.Media[0].Alt != "a wader" || p.Media[0].Width != 640 || !p.Media[0].Missing || p.Media[0].URL != "https://pbs.twimg.com/media/AAA.jpg" ||
		p.Media[1].Kind != social.Video || p.Media[1].URL != "https://video.twimg.com/hi.mp4?tag=1" || p.Media[1].Duration != 1500*time.Millisecond || !p.Sensitive {
		t.Errorf("files: %+v", p)
	}
	if p := posts["7"]; p.Repost.ID != "1900000000000000005" || p.Repost.Author != "jun_on_x" || p.Repost.AuthorID != "901" {
		t.Errorf("a repost: %+v", p.Repost)
	}
	if p := posts["6"]; len(p.Entities) != 1 || p.Entities[0].Tag != "mud" {
		t.Errorf("a long post: %+v", p)
	}
	if p := posts["3"]; p.Reply.ID != "1900000000000000007" || p.Reply.Author != "jun_on_x" || p.Reply.Own {
		t.Errorf("an answer: %+v", p.Reply)
	}
	if posts["2"].Thread != "2000000000000000001" || !posts["2"].Reply.Own {
		t.Errorf("a thread: %+v", posts["2"])
	}
}

// The posts of somebody whose posts are protected are for followers only.
func TestXAPIProtected(t *testing.T) {
	e, err := Open([]File{file("x-api-account.json", strings.Replace(wrenAccount, "false", "true", 1)), file("x-api-posts.json", wrenPosts)})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range drain(t, e.WithPosts(), nil).records {
		if x.Post != nil && x.Post.Audience != social.ToFollowers {
			t.Errorf("%+v", x.Post)
		}
	}
}

func TestX11(t *testing.T) {
	account := file("x-v1-account.json", `{"id":700,"id_str":"700","screen_name":"wren_x","name":"Wren","protected":false}`)
	r := read(t, account, file("x-v1-following.json", `{"users":[{"id":901,"id_str":"901","screen_name":"jun_on_x","name":"Jun","description":"mud","entities":{"url":{"urls":[{"expanded_url":"https://tide.test/@jun"}]}}},{"id":902}],"next_cursor":5}
{"users":[{"id":903,"id_str":"903","screen_name":"kai"}],"next_cursor":0}`))
	if c := r.export.Counts(); c != (social.Counts{Following: 2, Accounts: 2, AccountsNamed: 2, FollowingNamed: 2}) || r.export.Kind() != social.KindXAPI || r.records[0].URL != "https://tide.test/@jun" {
		t.Errorf("%+v", c)
	}
	r = read(t, account, file("x-v1-names.json", `[{"id_str":"901","screen_name":"jun_on_x"}][{"id_str":"903","screen_name":"kai"}]`))
	if got := r.named(); got["901"] != "jun_on_x" || got["903"] != "kai" {
		t.Errorf("names %v", got)
	}
	r = read(t, account, file("x-v1-posts.json", `[{"id":2000000000000000002,"id_str":"2000000000000000002","full_text":"its end","in_reply_to_status_id_str":"2000000000000000001","in_reply_to_user_id_str":"700","in_reply_to_screen_name":"wren_x","entities":{"user_mentions":[{"id":901,"id_str":"901","screen_name":"jun_on_x","indices":[0,3]}]}}]
[{"id":2000000000000000001,"id_str":"2000000000000000001","full_text":"a thread"}]`))
	if c := r.export.Counts(); c.Posts != 2 || c.Threads != 1 || r.named()["901"] != "jun_on_x" {
		t.Errorf("%+v %v", c, r.named())
	}
}

// ---- the Mastodon API

const wrenThere = `{"id":"5","username":"wren","acct":"wren","display_name":"Wren","url":"https://truthsocial.com/@wren","note":"CANARY"}`

const truthPosts = `[{"id":"109000000000000003","created_at":"2026-05-01T10:00:03.000Z","visibility":"public","content":"<p>see <a href=\"https://site.test/a\">site.test/a</a> &amp; <a href=\"https://truthsocial.com/@jun\" class=\"u-url mention\">@<span>jun</span></a></p>","in_reply_to_id":"109000000000000002","in_reply_to_account_id":"5","mentions":[{"url":"https://truthsocial.com/@jun","acct":"jun"}],"media_attachments":[{"type":"image","url":"https://files.test/a.jpg","description":"a wader","meta":{"original":{"width":640,"height":480}}},{"type":"unknown","url":"x"}]},
{"id":"109000000000000002","created_at":"2026-05-01T10:00:02.000Z","visibility":"public","content":"<p>a thread</p>","poll":{"options":[{"title":"mud","votes_count":3}]}},
{"id":"109000000000000001","created_at":"2026-05-01T10:00:01.000Z","visibility":"private","content":"<p>for a few</p>"},
{"id":"109000000000000000","created_at":"2026-05-01T10:00:00.000Z","visibility":"direct","content":"<p>for one</p>"},{"id":"","visibility":"public"}]
[{"id":"108","created_at":"2026-04-01T10:00:00.000Z","visibility":"public","reblog":{"id":"77","url":"https://truthsocial.com/@kai/77","account":{"acct":"kai"}}}]`

func TestMastodonAPI(t *testing.T) {
	account := file("mastodon-api-account.json", wrenThere)
	r := read(t, account, file("mastodon-api-following-1777629600000.json", `[{"id":"1","acct":"jun","username":"jun","display_name":"Jun","note":"<p>now <a href=\"https://tide.test/@jun\">@jun@tide.test</a></p>","fields":[{"name":"Site","value":"<a href=\"https://jun.example\">jun.example</a>"}],"website":"https://jun.test"}]
[{"id":"2","acct":"kai"},{"id":"","acct":""}]`))
	if c := r.export.Counts(); r.export.Kind() != social.KindMastodonAPI || c.Following != 2 || c.FollowingNamed != 2 || r.export.Owner().Network != social.TruthSocial {
		t.Errorf("%+v %+v", r.export.Owner(), c)
	}
	a := r.records[0].Account
	if a.Network != social.TruthSocial || a.NativeID != "1" || a.Username != "jun" || !strings.Contains(a.Bio, "@jun@tide.test") || !strings.Contains(a.Bio, "Site: jun.example") ||
		!slices.Equal(a.Links, []string{"https://tide.test/@jun", "https://jun.example", "https://jun.test"}) {
		t.Errorf("%+v", a)
	}
	files := []File{account, file("mastodon-api-posts.json", truthPosts)}
	r = read(t, files...)
	if c := r.export.Counts(); c != (social.Counts{Posts: 3, Reposts: 1, Threads: 1, Media: 1, MediaMissing: 1}) {
		t.Errorf("%+v", c)
	}
	if got := r.codes(); !slices.Equal(got, []string{"private-posts", "rows-skipped"}) {
		t.Errorf("warnings %q", got)
	}
	e, err := Open(files)
	if err != nil {
		t.Fatal(err)
	}
	audiences := map[social.Audience]int{}
	for _, x := range drain(t, e.WithPosts(), nil).records {
		if p := x.Post; p != nil {
			audiences[p.Audience]++
			if p.ID == "109000000000000003" && (p.Text != "see https://site.test/a & @jun" || p.Media[0].Alt != "a wader" || !p.Reply.Own || !p.Sound()) {
				t.Errorf("%+v", p)
			}
		}
	}
	if audiences[social.ToEveryone] != 3 || audiences[social.ToFollowers] != 1 || audiences[social.ToMentioned] != 1 {
		t.Errorf("audiences %v", audiences)
	}
}

// On a server of the fediverse, people are known by their addresses.
func TestMastodonAPIInTheFediverse(t *testing.T) {
	r := read(t, file("mastodon-api-account.json", strings.Replace(wrenThere, "truthsocial.com", "closing.test", 1)),
		file("mastodon-api-followers.json", `[{"id":"1","acct":"jun"},{"id":"2","acct":"kai@tide.test"}]`))
	if got := r.edges(social.Follower); r.export.Counts().Followers != 2 || r.export.Owner().Username != "wren@closing.test" {
		t.Errorf("%q %+v", got, r.export.Owner())
	}
	for i, want := range []string{"jun@closing.test", "kai@tide.test"} {
		if a := r.records[i].Account; a.Network != social.Fediverse || a.Username != want || a.NativeID != "" {
			t.Errorf("%+v", a)
		}
	}
}

func FuzzAPI(f *testing.F) {
	names := []string{"x-api-following.json", "x-api-posts.json", "x-api-names.json", "x-v1-following.json", "x-v1-posts.json", "x-v1-names.json", "mastodon-api-following.json", "mastodon-api-posts.json"}
	accounts := []string{wrenAccount, wrenAccount, wrenAccount, `{"id_str":"700","screen_name":"wren_x"}`, `{"id_str":"700","screen_name":"wren_x"}`, `{}`, wrenThere, wrenThere}
	for i, text := range []string{wrenFollows, wrenPosts, wrenFollows, `{"users":[{"id_str":"901","screen_name":"jun_on_x"}]}`, `[{"id_str":"2000000000000000001","full_text":"x"}]`, `[{"id_str":"901"}]`, `[{"id":"1","acct":"jun"}]`, truthPosts} {
		f.Add(uint8(i), accounts[i], text)
	}
	f.Fuzz(func(t *testing.T, which uint8, account, text string) {
		name := names[int(which)%len(names)]
		prefix := name[:strings.LastIndexByte(name, '-')]
		readAny(t, []File{file(prefix+"-account.json", account), file(name, text)})
	})
}
