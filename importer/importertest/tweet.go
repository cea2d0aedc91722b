package importertest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// field appends `"key" : "value"` as X indents it, with a comma after it.
func field(b []byte, indent int, name, value string) []byte {
	b = key(b, indent, name)
	b = quoted(b, value)
	return append(b, ",\n"...)
}

func key(b []byte, indent int, name string) []byte {
	const blanks = "                                "
	b = append(b, blanks[:indent]...)
	b = append(b, '"')
	b = append(b, name...)
	return append(b, `" : `...)
}

// appendTweet appends a post as data/tweets.js holds it, all keys and blanks
// included. Until 2019 the post was not wrapped, and had no versions.
func appendTweet(b []byte, t Tweet, form Form) []byte {
	if form == Flat2018 {
		return append(appendTweetBody(append(b, "  {\n"...), t, form), "  }"...)
	}
	b = append(b, "  {\n    \"tweet\" : {\n"...)
	return append(appendTweetBody(b, t, form), "    }\n  }"...)
}

func appendTweetBody(b []byte, t Tweet, form Form) []byte {
	text := t.written()
	id := decimal(t.ID)
	if form == Archive2022 {
		b = appendEdits(b, t)
	}
	b = append(b, "      \"retweeted\" : false,\n"...)
	b = field(b, 6, "source", `<a href="https://mobile.x.test" rel="nofollow">X Web App</a>`)
	b = append(b, "      \"entities\" : {\n"...)
	b = appendTags(b, t, text)
	b = append(b, "        \"symbols\" : [ ],\n"...)
	b = appendMentions(b, t, text)
	b = appendLinks(b, t, text)
	if len(t.Media) > 0 {
		b = append(b, ",\n        \"media\" : "...)
		first := t.Media[0]
		first.Kind = "photo" // entities always say so; extended_entities tell the kind
		b = appendMedia(b, t, text, []Media{first})
	}
	b = append(b, "\n      },\n"...)
	b = fmt.Appendf(b, "      \"display_text_range\" : [ \"0\", \"%d\" ],\n", utf8.RuneCountInString(text))
	b = field(b, 6, "favorite_count", strconv.Itoa(t.Likes))
	b = appendReply(b, t.ReplyTo)
	b = field(b, 6, "id_str", id)
	b = append(b, "      \"truncated\" : false,\n"...)
	b = field(b, 6, "retweet_count", strconv.Itoa(t.Reposts))
	b = field(b, 6, "id", id)
	if len(t.Media)+len(t.Links) > 0 {
		b = fmt.Appendf(b, "      \"possibly_sensitive\" : %v,\n", t.Sensitive)
	}
	if t.Community != "" {
		b = field(b, 6, "community_id", t.Community)
		b = field(b, 6, "community_id_str", t.Community)
		b = append(b, "      \"scopes\" : {\n        \"followers\" : false\n      },\n"...)
	}
	b = field(b, 6, "created_at", t.at().Format(time.RubyDate))
	b = append(b, "      \"favorited\" : false,\n"...)
	b = field(b, 6, "full_text", text)
	if len(t.Media) > 0 {
		b = append(b, "      \"extended_entities\" : {\n        \"media\" : "...)
		b = appendMedia(b, t, text, t.Media)
		b = append(b, "\n      },\n"...)
	}
	b = field(b, 6, "lang", t.lang())
	return append(b[:len(b)-2], '\n')
}

func (t *Tweet) lang() string {
	if t.Lang == "" {
		return "en"
	}
	return t.Lang
}

// appendEdits appends edit_info: the first version lists the others under
// initial, later ones under edit.
func appendEdits(b []byte, t Tweet) []byte {
	versions := t.Versions
	if len(versions) == 0 {
		versions = []int64{t.ID}
	}
	b = append(b, "      \"edit_info\" : {\n"...)
	if versions[0] != t.ID {
		b = append(b, "        \"edit\" : {\n"...)
		b = field(b, 10, "initialTweetId", decimal(versions[0]))
		b = key(b, 10, "editControlInitial")
	} else {
		b = key(b, 8, "initial")
	}
	b = append(b, "{\n            \"editTweetIds\" : [\n"...)
	for i, v := range versions {
		if i > 0 {
			b = append(b, ",\n"...)
		}
		b = append(b, "              \""...)
		b = strconv.AppendInt(b, v, 10)
		b = append(b, '"')
	}
	b = append(b, "\n            ],\n"...)
	b = field(b, 12, "editableUntil", TimeOf(t.ID).Format("2006-01-02T15:04:05.000Z"))
	b = field(b, 12, "editsRemaining", "5")
	b = append(b, "            \"isEditEligible\" : false\n          }\n        }\n"...)
	if versions[0] != t.ID {
		b = append(b, "      }\n"...)
	}
	return append(b[:len(b)-1], ",\n"...)
}

// appendIndices appends where a word stands in a text; from is where it is
// looked for first.
func appendIndices(b []byte, text, word string) []byte {
	from, to := indicesOf(text, word)
	return fmt.Appendf(b, "            \"indices\" : [\n              \"%d\",\n              \"%d\"\n            ]", from, to)
}

func appendTags(b []byte, t Tweet, text string) []byte {
	b = append(b, "        \"hashtags\" : ["...)
	for i, tag := range t.Tags {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n          {\n"...)
		b = field(b, 12, "text", tag)
		b = appendIndices(b, text, "#"+tag)
		b = append(b, "\n          }"...)
	}
	return append(b, " ],\n"...)
}

func appendMentions(b []byte, t Tweet, text string) []byte {
	b = append(b, "        \"user_mentions\" : ["...)
	for i, p := range t.Mentions {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n          {\n"...)
		b = field(b, 12, "name", p.Name)
		b = field(b, 12, "screen_name", p.Username)
		b = appendIndices(b, text, "@"+p.Username)
		b = append(b, ",\n"...)
		b = field(b, 12, "id_str", p.ID)
		b = field(b, 12, "id", p.ID)
		b = append(b[:len(b)-2], "\n          }"...)
	}
	return append(b, "\n        ],\n"...)
}

func appendLinks(b []byte, t Tweet, text string) []byte {
	b = append(b, "        \"urls\" : ["...)
	for i, link := range t.Links {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n          {\n"...)
		b = field(b, 12, "url", t.short(i))
		if link != "" {
			b = field(b, 12, "expanded_url", link)
			b = field(b, 12, "display_url", strings.TrimPrefix(link, "https://"))
		}
		b = appendIndices(b, text, t.short(i))
		b = append(b, "\n          }"...)
	}
	return append(b, "\n        ]"...)
}

func appendReply(b []byte, r Reply) []byte {
	if r.Status != 0 {
		b = field(b, 6, "in_reply_to_status_id_str", decimal(r.Status))
		b = field(b, 6, "in_reply_to_status_id", decimal(r.Status))
	}
	if r.To.ID != "" {
		b = field(b, 6, "in_reply_to_user_id", r.To.ID)
		b = field(b, 6, "in_reply_to_user_id_str", r.To.ID)
	}
	if r.To.Username != "" {
		b = field(b, 6, "in_reply_to_screen_name", r.To.Username)
	}
	return b
}

func appendMedia(b []byte, t Tweet, text string, media []Media) []byte {
	b = append(b, "[\n"...)
	for i, m := range media {
		if i > 0 {
			b = append(b, ",\n"...)
		}
		owner := m.Source.Username
		if owner == "" {
			owner = "i"
		}
		b = append(b, "          {\n"...)
		b = field(b, 12, "expanded_url", fmt.Sprintf("https://x.com/%s/status/%d/photo/1", owner, t.ID))
		if m.Source.ID != "" {
			b = field(b, 12, "source_user_id", m.Source.ID)
			b = field(b, 12, "source_user_id_str", m.Source.ID)
		}
		if m.Status != 0 {
			b = field(b, 12, "source_status_id_str", decimal(m.Status))
		}
		if m.Alt != "" {
			b = field(b, 12, "ext_alt_text", m.Alt)
		}
		b = append(appendIndices(b, text, t.mediaLink()), ",\n"...)
		b = field(b, 12, "url", t.mediaLink())
		b = field(b, 12, "media_url", "http://pbs.twimg.com/media/"+m.File+".jpg")
		b = field(b, 12, "media_url_https", "https://pbs.twimg.com/media/"+m.File+".jpg")
		b = appendVideo(b, m)
		b = append(b, "            \"sizes\" : {\n              \"large\" : {\n                \"w\" : \"1200\",\n                \"h\" : \"800\",\n                \"resize\" : \"fit\"\n              }\n            },\n"...)
		b = field(b, 12, "type", m.Kind)
		b = field(b, 12, "display_url", "pic.x.com/"+m.File)
		b = append(b[:len(b)-2], "\n          }"...)
	}
	return append(b, "\n        ]"...)
}

func appendVideo(b []byte, m Media) []byte {
	if m.Kind == "photo" {
		return b
	}
	return fmt.Appendf(b, `            "video_info" : {
              "aspect_ratio" : [ "16", "9" ],
              "duration_millis" : "17533",
              "variants" : [
                { "content_type" : "application/x-mpegURL", "url" : "https://video.twimg.com/pl/x.m3u8?tag=14" },
                { "bitrate" : "256000", "content_type" : "video/mp4", "url" : "https://video.twimg.com/vid/small-%s.mp4?tag=14" },
                { "bitrate" : "2176000", "content_type" : "video/mp4", "url" : "https://video.twimg.com/vid/%s.mp4?tag=14" }
              ]
            },
`, m.File, m.File)
}

// appendNote appends the whole text of a post as note-tweet.js holds it.
func appendNote(b []byte, t Tweet) []byte {
	n := t.Note
	link := Tweet{ID: t.ID, Links: n.Links}
	text := link.shortened(n.Text)
	at := TimeOf(t.ID - noteGap).Format("2006-01-02T15:04:05.000Z")
	b = append(b, "  {\n    \"noteTweet\" : {\n"...)
	b = field(b, 6, "noteTweetId", decimal(t.ID-noteGap))
	b = field(b, 6, "createdAt", at)
	b = field(b, 6, "updatedAt", at)
	b = append(b, "      \"lifecycle\" : {\n        \"value\" : \"1\",\n        \"name\" : \"Active\"\n      },\n      \"core\" : {\n"...)
	b = field(b, 8, "text", text)
	b = appendNoteList(b, "urls", len(n.Links), func(b []byte, i int) []byte {
		b = quoted(append(b, `"shortUrl" : `...), link.short(i))
		b = quoted(append(b, `, "expandedUrl" : `...), n.Links[i])
		return appendRange(b, text, link.short(i))
	})
	b = appendNoteList(b, "mentions", len(n.Mentions), func(b []byte, i int) []byte {
		return appendRange(quoted(append(b, `"screenName" : `...), n.Mentions[i].Username), text, "@"+n.Mentions[i].Username)
	})
	b = appendNoteList(b, "hashtags", len(n.Tags), func(b []byte, i int) []byte {
		return appendRange(quoted(append(b, `"text" : `...), n.Tags[i]), text, "#"+n.Tags[i])
	})
	b = appendNoteList(b, "styletags", len(n.Styles), func(b []byte, i int) []byte {
		s := n.Styles[i]
		b = fmt.Appendf(b, `"styleTypes" : [ { "name" : %q, "originalName" : %q } ]`, s.Name, strings.ToUpper(s.Name))
		return appendRange(b, text, s.Text)
	})
	return append(b, "        \"cashtags\" : [ ]\n      }\n    }\n  }"...)
}

func appendNoteList(b []byte, name string, n int, each func([]byte, int) []byte) []byte {
	b = append(key(b, 8, name), '[')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(each(append(b, " { "...), i), " }"...)
	}
	return append(b, " ],\n"...)
}

func appendRange(b []byte, text, word string) []byte {
	from, to := indicesOf(text, word)
	return fmt.Appendf(b, `, "fromIndex" : "%d", "toIndex" : "%d"`, from, to)
}
