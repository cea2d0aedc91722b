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

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// written is a text as X keeps it: escaped, its links short, the links that it
// does not have behind it, and the one of its media last.
func (t *Tweet) written() string {
	text := t.Text
	if t.Original != nil && text == "" {
		text = cutTo("RT @"+t.Author.Username+": "+t.Original.shortened(t.Original.Text), 140)
	}
	if t.Note != nil && text == "" {
		text = cutTo(t.shortened(t.Note.Text), 279)
	}
	text = escape.Replace(t.shortened(text))
	for i, link := range t.Links {
		if short := t.short(i); !strings.Contains(text, short) && link != "" {
			text += " " + short
		}
	}
	if len(t.Media) > 0 {
		text += " " + t.mediaLink()
	}
	return text
}

// shortened puts the short link for every target in a text.
func (t *Tweet) shortened(text string) string {
	for i, link := range t.Links {
		if link != "" {
			text = strings.Replace(text, link, t.short(i), 1)
		}
	}
	return text
}

// short is the i-th link of a post as X writes it.
func (t *Tweet) short(i int) string {
	return fmt.Sprintf("https://t.co/%010d", t.ID%1e10+int64(i))
}

func (t *Tweet) mediaLink() string { return fmt.Sprintf("https://t.co/m%09d", t.ID%1e9) }

// cutTo cuts a text to n characters, the last of which then is ….
func cutTo(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}

// indicesOf is where a word stands in a text, in code points.
func indicesOf(text, word string) (from, to int) {
	at := strings.Index(text, word)
	if at < 0 {
		return 0, 0
	}
	from = utf8.RuneCountInString(text[:at])
	return from, from + utf8.RuneCountInString(word)
}
