package importertest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// quoted appends s as a JSON string.
func quoted(b []byte, s string) []byte {
	b, err := jsontext.AppendQuote(b, s)
	if err != nil {
		panic(err) // only for text that is not UTF-8, and this is invented here
	}
	return b
}

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

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// appendTweet appends a post as data/tweets.js holds it, all keys and blanks
// included.
func appendTweet(b []byte, t Tweet) []byte {
	text := escape.Replace(t.Text)
	id := decimal(t.ID)
	b = append(b, "  {\n    \"tweet\" : {\n"...)
	b = appendEdits(b, t)
	b = append(b, "      \"retweeted\" : false,\n"...)
	b = field(b, 6, "source", `<a href="https://mobile.x.test" rel="nofollow">X Web App</a>`)
	b = append(b, "      \"entities\" : {\n        \"hashtags\" : [ ],\n        \"symbols\" : [ ],\n"...)
	b = appendMentions(b, t, text)
	b = appendLinks(b, t)
	if len(t.Media) > 0 {
		b = append(b, ",\n        \"media\" : "...)
		first := t.Media[0]
		first.Kind = "photo" // entities always say so; extended_entities tell the kind
		b = appendMedia(b, t.ID, []Media{first})
	}
	b = append(b, "\n      },\n"...)
	b = fmt.Appendf(b, "      \"display_text_range\" : [ \"0\", \"%d\" ],\n", utf8.RuneCountInString(text))
	b = field(b, 6, "favorite_count", "1")
	b = appendReply(b, t.ReplyTo)
	b = field(b, 6, "id_str", id)
	b = append(b, "      \"truncated\" : false,\n"...)
	b = field(b, 6, "retweet_count", "0")
	b = field(b, 6, "id", id)
	if len(t.Media) > 0 {
		b = append(b, "      \"possibly_sensitive\" : false,\n"...)
	}
	b = field(b, 6, "created_at", TimeOf(t.ID).Format("Mon Jan 02 15:04:05 -0700 2006"))
	b = append(b, "      \"favorited\" : false,\n"...)
	b = field(b, 6, "full_text", text)
	if len(t.Media) > 0 {
		b = append(b, "      \"extended_entities\" : {\n        \"media\" : "...)
		b = appendMedia(b, t.ID, t.Media)
		b = append(b, "\n      },\n"...)
	}
	return append(b, "      \"lang\" : \"en\"\n    }\n  }"...)
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

func appendMentions(b []byte, t Tweet, text string) []byte {
	b = append(b, "        \"user_mentions\" : ["...)
	for i, p := range t.Mentions {
		if i > 0 {
			b = append(b, ',')
		}
		at := mentionIndex(text, p.Username)
		b = append(b, "\n          {\n"...)
		b = field(b, 12, "name", p.Name)
		b = field(b, 12, "screen_name", p.Username)
		b = fmt.Appendf(b, "            \"indices\" : [\n              \"%d\",\n              \"%d\"\n            ],\n", at, at+len(p.Username)+1)
		b = field(b, 12, "id_str", p.ID)
		b = field(b, 12, "id", p.ID)
		b = append(b[:len(b)-2], "\n          }"...)
	}
	return append(b, "\n        ],\n"...)
}

// mentionIndex is where @username stands in text, in code points.
func mentionIndex(text, username string) int {
	at := strings.Index(text, "@"+username)
	if at < 0 {
		return 0
	}
	return utf8.RuneCountInString(text[:at])
}

func appendLinks(b []byte, t Tweet) []byte {
	b = append(b, "        \"urls\" : ["...)
	for i, link := range t.Links {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n          {\n"...)
		b = field(b, 12, "url", fmt.Sprintf("https://t.co/%010d", t.ID%1e10+int64(i)))
		b = field(b, 12, "expanded_url", link)
		b = field(b, 12, "display_url", strings.TrimPrefix(link, "https://"))
		b = append(b, "            \"indices\" : [\n              \"0\",\n              \"23\"\n            ]\n          }"...)
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

func appendMedia(b []byte, tweet int64, media []Media) []byte {
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
		b = field(b, 12, "expanded_url", fmt.Sprintf("https://x.com/%s/status/%d/photo/1", owner, tweet))
		if m.Source.ID != "" {
			b = field(b, 12, "source_user_id", m.Source.ID)
			b = field(b, 12, "source_user_id_str", m.Source.ID)
		}
		b = field(b, 12, "url", fmt.Sprintf("https://t.co/m%09d", tweet%1e9))
		b = field(b, 12, "media_url", "http://pbs.twimg.com/media/"+m.File+".jpg")
		b = field(b, 12, "media_url_https", "https://pbs.twimg.com/media/"+m.File+".jpg")
		b = appendVideo(b, m)
		b = append(b, "            \"sizes\" : {\n              \"thumb\" : {\n                \"w\" : \"150\",\n                \"h\" : \"150\",\n                \"resize\" : \"crop\"\n              }\n            },\n"...)
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
              "variants" : [
                { "content_type" : "application/x-mpegURL", "url" : "https://video.twimg.com/pl/x.m3u8?tag=14" },
                { "bitrate" : "256000", "content_type" : "video/mp4", "url" : "https://video.twimg.com/vid/small-%s.mp4?tag=14" },
                { "bitrate" : "2176000", "content_type" : "video/mp4", "url" : "https://video.twimg.com/vid/%s.mp4?tag=14" }
              ]
            },
`, m.File, m.File)
}
