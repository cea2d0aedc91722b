package importer

import (
	"slices"
	"strings"
	"testing"

	"godwit/internal/social"
)

func metaEntry(title, href, value string) string {
	v := ""
	if value != "" {
		v = `,"value":"` + value + `"`
	}
	return `{"title":"` + title + `","media_list_data":[],"string_list_data":[{"href":"` + href + `"` + v + `,"timestamp":1730191614}]}`
}

func TestListsOfMetaAndTikTok(t *testing.T) {
	following := `{"relationships_following":[` + metaEntry("", "https://www.instagram.com/ida.b", "ida.b") + `]}`
	since := `{"relationships_following":[` + metaEntry("ida.b", "https://www.instagram.com/_u/ida.b", "") + "," + metaEntry("", "https://www.instagram.com/_u/jun", "") + `]}`
	followers := `[` + metaEntry("", "https://www.instagram.com/jun", "jun") + `]`
	threads := `{"text_post_app_text_post_app_following":[` + metaEntry("", "https://www.threads.com/@ida.b", "") + `]}`
	tiktok := `{"Profile And Settings":{"Following":{"Following":[{"Date":"2024-01-03 00:00:00","UserName":"ida"}]},"Follower":{"FansList":[{"Date":"x","UserName":"jun"}]},"Block List":{"BlockList":null}},"Direct Message":{"Direct Messages":{"ChatHistory":{"Chat History with x:":[{"From":"CANARY"}]}}}}`
	for name, tc := range map[string]struct {
		files []File
		kind  social.SourceKind
		want  []string
	}{
		"Instagram":              {[]File{file("following.json", following)}, social.KindInstagram, []string{"following instagram:@ida.b"}},
		"Instagram since 2025":   {[]File{file("following.json", since)}, social.KindInstagram, []string{"following instagram:@ida.b", "following instagram:@jun"}},
		"Instagram, followers":   {[]File{file("followers_1.json", followers)}, social.KindInstagram, []string{"follower instagram:@jun"}},
		"Instagram, old":         {[]File{file("followers.json", `{"relationships_followers":`+followers+`}`)}, social.KindInstagram, []string{"follower instagram:@jun"}},
		"Instagram, blocks":      {[]File{file("blocked_profiles.json", `{"relationships_blocked_users":[`+metaEntry("jun", "https://www.instagram.com/jun", "")+`]}`)}, social.KindInstagram, []string{"blocked instagram:@jun"}},
		"Instagram's zip":        {[]File{file("instagram-ida-2026.zip", rawZip(rawEntry{name: "connections/followers_and_following/following.json", data: following}, rawEntry{name: "connections/followers_and_following/followers_1.json", data: followers}, rawEntry{name: "your_instagram_activity/threads/following.json", data: threads}, rawEntry{name: "your_instagram_activity/messages/inbox/x/message_1.json", data: "CANARY"}))}, social.KindInstagram, []string{"following instagram:@ida.b", "follower instagram:@jun", "following threads:@ida.b"}},
		"Instagram's zip, older": {[]File{file("x.zip", rawZip(rawEntry{name: "x/followers_and_following/following.json", data: following}))}, social.KindInstagram, []string{"following instagram:@ida.b"}},
		"Threads":                {[]File{file("following.json", threads)}, social.KindThreads, []string{"following threads:@ida.b"}},
		"TikTok":                 {[]File{file("user_data_tiktok.json", tiktok)}, social.KindTikTok, []string{"following tiktok:@ida", "follower tiktok:@jun"}},
		"TikTok until 2024":      {[]File{file("user_data.json", `{"Activity":{"Following List":{"Following":[{"Date":"x","UserName":"ida"}]},"Follower List":{"FansList":null}}}`)}, social.KindTikTok, []string{"following tiktok:@ida"}},
		"TikTok's zip":           {[]File{file("TikTok_Data_1.zip", rawZip(rawEntry{name: "user_data_tiktok.json", data: tiktok}))}, social.KindTikTok, []string{"following tiktok:@ida", "follower tiktok:@jun"}},
	} {
		r := read(t, tc.files...)
		if r.err != nil {
			t.Errorf("%s: %v", name, r.err)
			continue
		}
		if got := r.told(); !slices.Equal(got, tc.want) || len(r.codes()) > 0 || r.export.Kind() != tc.kind {
			t.Errorf("%s: %s %q\n got %q\nwant %q", name, r.export.Kind(), r.export.Warnings(), got, tc.want)
		}
	}
}

func TestTroublesOfMetaAndTikTok(t *testing.T) {
	for name, tc := range map[string]struct {
		file  File
		codes []string
		n     int
	}{
		"Facebook":         {file("who_you've_followed.json", `{"following_v3":[{"name":"Ida B","timestamp":1}]}`), []string{"names-only"}, 0},
		"TikTok, no lists": {file("user_data_tiktok.json", `{"Your Activity":{"Watch History":{"VideoList":[{"Date":"x"}]}}}`), []string{"no-follow-section"}, 0},
		"nobody":           {file("following.json", `{"relationships_following":[`+metaEntry("not a name!", "javascript:x", "")+`,{"string_list_data":[]},7,`+metaEntry("", "", "ida")+`]}`), []string{"rows-skipped"}, 1},
		"cut":              {file("following.json", `{"relationships_following":[`+metaEntry("", "", "ida")+`,{"ti`), []string{"part-cut"}, 1},
		"deep":             {file("following.json", `{"relationships_following":[`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`]}`), []string{"rows-skipped", "empty-list"}, 0},
	} {
		r := read(t, tc.file)
		if r.err != nil {
			t.Errorf("%s: %v", name, r.err)
			continue
		}
		if !slices.Equal(r.codes(), tc.codes) || len(r.records) != tc.n {
			t.Errorf("%s: %q, %d records", name, r.export.Warnings(), len(r.records))
		}
	}
	for _, name := range []string{"connections/followers_and_following/following.html", "connections/followers_and_following/followers_1.html", "connections/friends/your_friends.html"} {
		if r := read(t, file("instagram.zip", rawZip(rawEntry{name: name, data: "<html>"}))); codeOf(r.err) != "meta-pages" {
			t.Errorf("%s: %v", name, r.err)
		}
	}
}

// Facebook tells only how people are called, in whichever of its files.
func TestFacebookTellsNobody(t *testing.T) {
	followed, friends := `{"following_v3":[{"name":"Ida B","timestamp":1}]}`, `{"friends_v2":[{"name":"Jun \u00f0\u009f\u0087\u00a8","timestamp":1}]}`
	r := read(t, file("facebook-ida.zip", rawZip(rawEntry{name: "connections/followers/who_you've_followed.json", data: followed},
		rawEntry{name: "connections/friends/your_friends.json", data: friends}, rawEntry{name: "your_facebook_activity/messages/inbox/x/message_1.json", data: "CANARY"})))
	if r.err != nil || r.export.Kind() != social.KindFacebook || len(r.records) > 0 || !slices.Equal(r.codes(), []string{"names-only", "names-only"}) {
		t.Errorf("%v: %s, %q", r.err, r.export.Kind(), r.codes())
	}
	if r := read(t, file("renamed.json", friends)); r.err != nil || !slices.Equal(r.codes(), []string{"names-only"}) {
		t.Errorf("%v: %q", r.err, r.codes())
	}
}

func FuzzMeta(f *testing.F) {
	f.Add("following.json", `{"relationships_following":[`+metaEntry("ida", "https://www.instagram.com/_u/ida", "")+`]}`)
	f.Add("followers_1.json", `[`+metaEntry("", "", "jun")+`]`)
	f.Add("user_data.json", `{"Activity":{"Following List":{"Following":[{"UserName":"ida"}]}}}`)
	f.Fuzz(func(t *testing.T, name, text string) { readAny(t, []File{file(name, text)}) })
}
