package fedi

import (
	"net/http"
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const embedOf = `{"url":"https://twitter.com/alice_x/status/12","author_url":"https://twitter.com/alice_x","html":"<blockquote class=\"twitter-tweet\"><p lang=\"en\">I&#39;m at <a href=\"https://twitter.com/alice\">@alice</a>@<a href=\"https://t.co/a\">new.test</a><br>code-1</p>&mdash; Alice code-2 (@alice_x) <a href=\"https://twitter.com/alice_x/status/12\">code-3</a></blockquote>"}`

// REG-01: only what stands in the post itself is its text, and only X's own
// word says whose it is.
func TestREG01ReadEmbed(t *testing.T) {
	p, err := readEmbed([]byte(embedOf), "12")
	if err != nil || p.Username != "alice_x" || p.Text != "I'm at @alice@new.test\ncode-1" {
		t.Fatalf("%+v %v", p, err)
	}
	for name, change := range map[string][2]string{
		"another post":     {`status/12"`, `status/13"`},
		"another author":   {`twitter.com/alice_x/status/12","`, `twitter.com/evil/status/12","`},
		"a foreign author": {`"https://twitter.com/alice_x"`, `"https://twitter.com.evil.test/alice_x"`},
		"a path as author": {`"https://twitter.com/alice_x"`, `"https://twitter.com/alice_x/status"`},
		"no author":        {`"https://twitter.com/alice_x"`, `""`},
	} {
		if p, err := readEmbed([]byte(strings.Replace(embedOf, change[0], change[1], 1)), "12"); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestPostNumber(t *testing.T) {
	for address, want := range map[string]string{
		"https://x.com/alice_x/status/12": "12", "https://twitter.com/alice_x/status/12?s=20": "12", "http://mobile.twitter.com/a/statuses/12/photo/1": "12",
		"https://x.com/i/web/status/12": "12", " https://www.x.com/i/status/12 ": "12",
		"https://x.com/alice_x/status/012": "", "https://x.com/alice_x/status/": "", "https://x.com:444/a/status/12": "", "https://evil.test/a/status/12": "",
		"https://x.com/a/status/12345678901234567890": "", "https://x.com/a/likes/12": "", "javascript:alert(1)": "",
	} {
		if got, err := PostNumber(address); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v, want %q", address, got, err, want)
		}
	}
}

// NET-02 for X's answers: more than the bound, a redirect to elsewhere and a
// server in trouble are failures with a sentence.
func TestXPostIsBounded(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"too large": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Repeat(" ", maxOEmbed) + embedOf))
		},
		"redirect inside": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1/", http.StatusFound)
		},
		"in trouble": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.host("publish.twitter.com", answer)
			p, err := w.door().XPost(t.Context(), "alice_x", "12")
			if err == nil || fault.KindOf(err) == fault.Gone && name != "redirect inside" {
				t.Errorf("%+v %v", p, err)
			}
		})
	}
}

func FuzzReadEmbed(f *testing.F) {
	f.Add([]byte(embedOf), "12")
	f.Add([]byte(`{"html":"<p"}`), "1")
	f.Fuzz(func(t *testing.T, body []byte, number string) {
		p, err := readEmbed(body, number)
		if err == nil && (!social.IsXUsername(p.Username) || p.ID != number) {
			t.Errorf("%+v", p)
		}
	})
}
