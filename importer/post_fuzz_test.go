package importer

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/importer/importertest"
	"godwit/internal/social"
)

// FuzzPosts reads what a stranger calls posts, notes and an archive's months:
// whatever is given, is sound.
func FuzzPosts(f *testing.F) {
	a := sample()
	a.Tweets[0].Note = &importertest.Note{Text: "@bob_on_x you & me, and more #tide https://site.test/", Tags: []string{"tide"}, Links: []string{"https://site.test/"}, Styles: []importertest.Style{{Name: "Bold", Text: "more"}}}
	files := a.Files()
	f.Add(files["data/tweets.js"], files["data/note-tweet.js"])
	f.Add(files["data/community-tweet.js"], files["data/protected-history.js"])
	a.Form = importertest.Tweets2012
	f.Add(a.Files()["data/js/tweets/2026_07.js"], a.Files()["tweets.csv"])
	f.Add(`x = [{"tweet":{"id_str":"5","full_text":"RT @a: &amp;\ud800 @b https://t.co/a…","entities":{"urls":[{"url":"https://t.co/a","indices":["-1","99999999999"]}]}}}]`,
		`x = [{"noteTweet":{"noteTweetId":"4","core":{"text":"\u0000","styletags":[{"fromIndex":"0","toIndex":"1","styleTypes":[{"name":"Bold"}]}]}}}]`)
	f.Fuzz(func(t *testing.T, tweets, notes string) {
		for _, names := range [][2]string{{"tweets.js", "note-tweet.js"}, {"community-tweet.js", "protected-history.js"}, {"2012_07.js", "tweets.csv"}} {
			e, err := Open([]File{file(names[0], tweets), file(names[1], notes)})
			if err != nil {
				wantFault(t, err)
				continue
			}
			r := drain(t, e.WithPosts(), nil)
			if r.err != nil {
				wantFault(t, r.err)
			}
			r.posts(t)
		}
	})
}

// FuzzCompose puts entities anywhere into any text.
func FuzzCompose(f *testing.F) {
	f.Add("see https://t.co/a & @eve", true, 4, 18, 21, 25, "https://site.test/")
	f.Add("🐦&amp;#tag\n", true, 1, 6, 0, 1, "")
	f.Add(" \x00\xff ＠wide…", false, -1, 9, 3, 2, "x")
	f.Fuzz(func(t *testing.T, text string, escaped bool, a, b, c, d int, target string) {
		text, target = strings.ToValidUTF8(text, "\uFFFD"), strings.ToValidUTF8(target, "\uFFFD")
		out := compose(text, escaped, []stretch{
			{at: indices{a, b}, text: target, entity: &social.Entity{Kind: social.LinkEntity, URL: target}},
			{at: indices{c, d}},
			{literal: "https://t.co/a"},
			{at: indices{a, d}, literal: "@eve", entity: &social.Entity{Kind: social.MentionEntity}},
		})
		out.dropLast(target)
		p := social.Post{ID: "1", CreatedAt: exportDay, Audience: social.ToEveryone, Text: string(out.out), Entities: out.found}
		for i := range utf8.RuneCountInString(text) + 2 {
			if start, end := out.moved(indices{i - 1, i + 3}); !escaped && start < end && start >= 0 {
				p.Styles = append(p.Styles, social.Style{Kind: social.Bold, Start: start, End: end})
			}
		}
		p.Styles = withinText(p.Styles, len(p.Text))
		if !p.Sound() {
			t.Errorf("%q became %q with %+v %+v", text, p.Text, p.Entities, p.Styles)
		}
		if p.Text != strings.TrimSpace(p.Text) {
			t.Errorf("blanks around %q", p.Text)
		}
	})
}

// FuzzScanner compares the scanner with a decoder that checks everything.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(`{"a" : [ "b\\\"", {"c":[]} ], "d":  1e9 }`), "a")
	f.Add([]byte("{\"x\":\"\\u0000\"        , \"a\":\"0123456789012345678901234567890\\\\\"}"), "a")
	f.Fuzz(func(t *testing.T, content []byte, name string) {
		v := jsontext.Value(content)
		if !v.IsValid() || len(content) == 0 || strings.ContainsAny(name, "\\\"") {
			return
		}
		s := scanner{b: content}
		if s.blanks(); s.value() == nil {
			t.Fatalf("nothing in %q", content)
		}
		if rest := strings.TrimSpace(string(content[s.at:])); rest != "" {
			t.Errorf("%q is left of %q", rest, content)
		}
		if got := get(content, name); got != nil && !jsontext.Value(got).IsValid() {
			t.Errorf("%q of %q is %q", name, content, got)
		}
		for e := range elementsOf(content) {
			if !jsontext.Value(e).IsValid() {
				t.Errorf("an element of %q is %q", content, e)
			}
		}
	})
}
