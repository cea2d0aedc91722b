package importertest

import (
	"encoding/csv"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
)

// grailTime is how the tweet archive wrote times. Before November 2010 it had
// lost the time of day.
const grailTime = "2006-01-02 15:04:05 -0700"

func grailAt(at time.Time) string {
	at = at.UTC()
	if at.Before(time.Date(2010, 11, 1, 0, 0, 0, 0, time.UTC)) {
		at = at.Truncate(24 * time.Hour)
	}
	return at.Format(grailTime)
}

// grail gives the files of a tweet archive.
func (a Archive) grail(put func(name, text string) error) error {
	var index strings.Builder
	index.WriteString("var tweet_index =  [ ")
	months := byMonth(a.Tweets)
	for i, m := range months {
		if i > 0 {
			index.WriteString(", ")
		}
		at := m[0].at()
		name := fmt.Sprintf("data/js/tweets/%s.js", at.Format("2006_01"))
		index.Write(appendMonth(nil, at, len(m)))
		text := []byte("Grailbird.data.tweets_" + at.Format("2006_01") + " = \n [ ")
		for j, t := range m {
			if j > 0 {
				text = append(text, ", "...)
			}
			text = appendGrail(text, t, a.Owner)
		}
		if err := put(name, string(text)+" ]"); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{
		"data/js/tweet_index.js":     index.String() + " ]",
		"data/js/user_details.js":    grailOwner(a.Owner),
		"data/js/payload_details.js": grailPayload(len(a.Tweets), a.ExportedAt),
		"tweets.csv":                 grailTable(a.Tweets),
		"index.html":                 "<!DOCTYPE html><title>Your tweets</title>",
	} {
		if err := put(name, text); err != nil {
			return err
		}
	}
	return nil
}

// byMonth cuts posts, which come newest first, where a month ends.
func byMonth(tweets []Tweet) (months [][]Tweet) {
	for i, t := range tweets {
		if i == 0 || t.at().Format("2006_01") != tweets[i-1].at().Format("2006_01") {
			months = append(months, nil)
		}
		last := len(months) - 1
		months[last] = append(months[last], t)
	}
	return months
}

func appendMonth(b []byte, at time.Time, n int) []byte {
	return fmt.Appendf(b, "{\n  \"file_name\" : \"data\\/js\\/tweets\\/%s.js\",\n  \"year\" : %d,\n  \"var_name\" : \"tweets_%s\",\n  \"tweet_count\" : %d,\n  \"month\" : %d\n}",
		at.Format("2006_01"), at.Year(), at.Format("2006_01"), n, int(at.Month()))
}

func grailOwner(p Person) string {
	return fmt.Sprintf("var user_details =  {\n  \"screen_name\" : %q,\n  \"location\" : \"\",\n  \"full_name\" : %s,\n  \"bio\" : \"\",\n  \"id\" : %q,\n  \"created_at\" : \"2010-03-24 16:31:05 +0000\"\n}",
		p.Username, grailQuoted(nil, p.Name), p.ID)
}

func grailPayload(n int, made time.Time) string {
	return fmt.Sprintf("var payload_details =  {\n  \"tweets\" : %d,\n  \"created_at\" : %q,\n  \"lang\" : \"en\"\n}", n, made.UTC().Format(grailTime))
}

// appendGrail appends a post as a month holds it: numbers are numbers, letters
// beyond ASCII and slashes are escaped.
func appendGrail(b []byte, t Tweet, author Person) []byte {
	text := t.written()
	b = append(b, "{\n  \"source\" : \"web\",\n  \"entities\" : {\n    \"user_mentions\" : [ "...)
	for i, p := range t.Mentions {
		b = grailComma(b, i)
		b = grailQuoted(append(b, `{ "name" : `...), p.Name)
		b = fmt.Appendf(b, `, "screen_name" : %q, "indices" : %s, "id_str" : %q, "id" : %s }`, p.Username, grailIndices(text, "@"+p.Username), p.ID, p.ID)
	}
	b = append(b, " ],\n    \"media\" : [ "...)
	for i, m := range t.Media {
		b = grailComma(b, i)
		b = fmt.Appendf(b, `{ "expanded_url" : "http:\/\/x.com\/i\/status\/%d\/photo\/1", "indices" : %s, "url" : "%s", "media_url" : "http:\/\/pbs.twimg.com\/media\/%s.jpg", "media_url_https" : "https:\/\/pbs.twimg.com\/media\/%s.jpg", "sizes" : [ { "h" : 150, "w" : 150, "resize" : "crop" } ], "display_url" : "pic.x.com\/%s" }`,
			t.ID, grailIndices(text, t.mediaLink()), slashes.Replace(t.mediaLink()), m.File, m.File, m.File)
	}
	b = append(b, " ],\n    \"hashtags\" : [ "...)
	for i, tag := range t.Tags {
		b = fmt.Appendf(grailQuoted(append(grailComma(b, i), `{ "text" : `...), tag), `, "indices" : %s }`, grailIndices(text, "#"+tag))
	}
	b = append(b, " ],\n    \"urls\" : [ "...)
	for i, link := range t.Links {
		b = fmt.Appendf(grailComma(b, i), `{ "indices" : %s, "url" : "%s", "expanded_url" : "%s", "display_url" : "" }`,
			grailIndices(text, t.short(i)), slashes.Replace(t.short(i)), slashes.Replace(link))
	}
	b = append(b, " ]\n  },\n  \"geo\" : { },\n"...)
	b = appendGrailReply(b, t.ReplyTo)
	b = fmt.Appendf(b, "  \"id_str\" : \"%d\",\n  \"text\" : ", t.ID)
	b = grailQuoted(b, text)
	b = fmt.Appendf(b, ",\n  \"id\" : %d,\n  \"created_at\" : %q,\n", t.ID, grailAt(t.at()))
	if t.Original != nil {
		b = append(appendGrail(append(b, `  "retweeted_status" : `...), *t.Original, t.Author), ",\n"...)
	}
	b = grailQuoted(append(b, `  "user" : { "name" : `...), author.Name)
	return fmt.Appendf(b, `, "screen_name" : %q, "protected" : false, "id_str" : %q, "id" : %s, "verified" : false }`+"\n}", author.Username, author.ID, author.ID)
}

func appendGrailReply(b []byte, r Reply) []byte {
	if r.Status != 0 {
		b = fmt.Appendf(b, "  \"in_reply_to_status_id_str\" : \"%d\",\n  \"in_reply_to_status_id\" : %d,\n", r.Status, r.Status)
	}
	if r.To.ID != "" {
		b = fmt.Appendf(b, "  \"in_reply_to_user_id_str\" : %q,\n  \"in_reply_to_user_id\" : %s,\n", r.To.ID, r.To.ID)
	}
	if r.To.Username != "" {
		b = fmt.Appendf(b, "  \"in_reply_to_screen_name\" : %q,\n", r.To.Username)
	}
	return b
}

func grailComma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ", "...)
	}
	return b
}

func grailIndices(text, word string) string {
	from, to := indicesOf(text, word)
	return fmt.Sprintf("[ %d, %d ]", from, to)
}

var slashes = strings.NewReplacer("/", `\/`)

// grailQuoted appends s as a JSON string in ASCII.
func grailQuoted(b []byte, s string) []byte {
	for _, c := range string(quoted(nil, s)) {
		switch {
		case c == '/':
			b = append(b, `\/`...)
		case c < 0x80:
			b = append(b, byte(c))
		case c < 0x10000:
			b = fmt.Appendf(b, `\u%04X`, c)
		default:
			high, low := utf16.EncodeRune(c)
			b = fmt.Appendf(b, `\u%04X\u%04X`, high, low)
		}
	}
	return b
}

// grailTable is tweets.csv.
func grailTable(tweets []Tweet) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"tweet_id", "in_reply_to_status_id", "in_reply_to_user_id", "timestamp", "source", "text", "retweeted_status_id", "retweeted_status_user_id", "retweeted_status_timestamp", "expanded_urls"})
	for _, t := range tweets {
		_ = w.Write(grailRow(t))
	}
	w.Flush() // into memory, which does not fail
	return b.String()
}

func grailRow(t Tweet) []string {
	row := []string{decimal(t.ID), "", t.ReplyTo.To.ID, grailAt(t.at()), "web", t.written(), "", "", "", strings.Join(t.Links, ",")}
	if t.ReplyTo.Status != 0 {
		row[1] = decimal(t.ReplyTo.Status)
	}
	if t.Original != nil {
		row[6], row[7], row[8] = decimal(t.Original.ID), t.Author.ID, grailAt(t.Original.at())
	}
	return row
}
