package bridge

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"godwit/internal/social"
)

// pings says what in a text a server would take for a mention, by the
// patterns of Mastodon (account.rb), GoToSocial (regexes.go) and snac
// (process_tags), written down anew here.
func pings(text string, fl social.Flavour) string {
	runes := []rune(text)
	for i, r := range runes {
		if i+1 == len(runes) || !isMentionSign(r, fl) || !namesOn(runes[i+1], fl) {
			continue
		}
		before := '\n'
		if i > 0 {
			before = runes[i-1]
		}
		switch {
		case fl == social.Mastodon && (before == '=' || before == '/' || before == '_' || unicode.In(before, unicode.L, unicode.M, unicode.N)):
		case fl == social.GoToSocial && (unicode.In(before, unicode.L, unicode.N) || before == '_' || before == '/' && inLink(runes[:i])):
		default:
			return string(runes[max(0, i-10):min(len(runes), i+20)])
		}
	}
	return ""
}

func isMentionSign(r rune, fl social.Flavour) bool {
	return r == '@' || fl == social.FlavourOther && (r == '＠' || r == '﹫')
}

func namesOn(r rune, fl social.Flavour) bool {
	if fl == social.Mastodon || fl == social.Snac {
		return r == '_' || r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r))
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune("._-", r)
}

// inLink reports that a text ends within a link.
func inLink(runes []rune) bool {
	s := string(runes)
	last := s[strings.LastIndexFunc(s, unicode.IsSpace)+1:]
	return regexp.MustCompile(`(?i)https?://`).MatchString(last)
}

// mastodonCounts counts as status_length_validator.rb does, with the pattern
// of links cut down to what every link has: it counts what it takes for a link
// as 23, and nothing is taken for one but under a known domain.
func mastodonCounts(text string) int {
	n := uniseg.GraphemeClusterCount(text)
	for _, m := range countedLink.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:m[0]])
		if m[0] > 0 && (before < 0x80 && (unicode.IsLetter(before) || unicode.IsDigit(before)) || strings.ContainsRune("@＠$#＃", before)) {
			continue
		}
		n += 23 - uniseg.GraphemeClusterCount(text[m[0]:m[1]])
	}
	return n
}

var countedLink = regexp.MustCompile(`(?i)https?://[a-z0-9.-]+\.(?:org|com|social|net)(?::\d+)?(?:/[^\s<>()?]*(?:\([^\s<>()?]+\)[^\s<>()?]*)*)?(?:\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9_&=#/\-])?`)

func serverCounts(text string, l Limits) int {
	if l.Flavour == social.Mastodon {
		return mastodonCounts(text)
	}
	return utf8.RuneCountInString(text)
}

var fuzzServers = []Limits{
	LimitsOf(social.Mastodon, social.Instance{MaxChars: 500}),
	LimitsOf(social.GoToSocial, social.Instance{MaxChars: 5000}),
	LimitsOf(social.Snac, social.Instance{}),
	LimitsOf(social.FlavourOther, social.Instance{MaxChars: 300}),
	LimitsOf(social.Mastodon, social.Instance{MaxChars: 140}),
}

// checkRendered is what must hold of every Post on every server: no status is
// too long, none can ping anybody, and nothing that was written is lost.
func checkRendered(t *testing.T, p *social.Post, c Canvas) {
	t.Helper()
	r := Render(p, c, Place{})
	var whole strings.Builder
	for i, d := range r.Drafts {
		if n := serverCounts(d.Text, c.Limits) + serverCounts(d.Warning, c.Limits); n > c.Limits.Characters {
			t.Errorf("status %d has %d of %d characters: %q", i+1, n, c.Limits.Characters, d.Text)
		}
		if n := c.Limits.Count(d.Text) + c.Limits.Count(d.Warning); n > c.Limits.Characters {
			t.Errorf("status %d has %d of %d characters as we count: %q", i+1, n, c.Limits.Characters, d.Text)
		}
		for _, text := range []string{d.Text, d.Warning} {
			if bad := pings(text, c.Limits.Flavour); bad != "" {
				t.Errorf("on %s %q mentions somebody: %q", c.Limits.Flavour, text, bad)
			}
			if strings.ContainsFunc(text, turns) || !utf8.ValidString(text) {
				t.Errorf("what cannot be seen is in %q", text)
			}
		}
		if d.Text != strings.TrimSpace(d.Text) || d.Text == "" && len(d.Files) == 0 {
			t.Errorf("status %d is %q", i+1, d.Text)
		}
		whole.WriteString(d.Text)
	}
	checkWords(t, p, whole.String(), c)
}

// turns tells what must never be in a status.
func turns(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r >= 0x200b && r <= 0x200b || r == 0xfeff || unicode.IsControl(r) && r != '\n'
}

// checkWords holds the plain text between Entities against what was rendered.
func checkWords(t *testing.T, p *social.Post, whole string, c Canvas) {
	t.Helper()
	if c.Rules.Numbered || c.Rules.DatePlace != social.DateNowhere {
		return // those lines stand between the words
	}
	have, at := letters(whole), 0
	for _, e := range append(p.Entities, social.Entity{Start: len(p.Text), End: len(p.Text)}) {
		if want := letters(legible(p.Text[at:e.Start])); !strings.Contains(have, want) {
			t.Errorf("on %s %q is lost in %q", c.Limits.Flavour, want, whole)
		}
		at = e.End
		if e.Kind == social.TagEntity && !strings.Contains(have, letters(legible(p.Text[e.Start:e.End]))) {
			t.Errorf("tag %q is lost", e.Tag)
		}
	}
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.N, unicode.So, unicode.Sm) {
			return r
		}
		return -1
	}, s)
}

func TestENG10NothingPings(t *testing.T) {
	for _, l := range fuzzServers {
		for _, text := range []string{
			"@alice", ".@alice", "＠alice", "@alice@a.test", "alice@a.test", "[x](@alice)", "http://x.test/@alice", "x@@alice", "(@alice)",
			"@\u200balice", "#a@alice", "a\n@alice", "é@alice", "@éa", "@.a", "@-a", "@_a", "@1", "https://a.test/?x=1@alice", "https://a.test/ @alice",
			"https://a.test@alice", "http://@alice", "💥@alice", "e\u0301@alice",
		} {
			for _, marked := range []bool{true, false} {
				p := fuzzPost(text, marked)
				checkRendered(t, &p, fuzzCanvas(l, false))
			}
		}
	}
}

func fuzzPost(text string, marked bool) social.Post {
	p := social.Post{Network: social.X, ID: "1", URL: "https://x.com/me/status/1", CreatedAt: time.Date(2018, 5, 4, 0, 0, 0, 0, time.UTC), Audience: social.ToEveryone, Text: strings.ToValidUTF8(text, "?"), Language: "en"}
	if marked {
		p.Entities = findEntities(p.Text)
	}
	return p
}

func fuzzCanvas(l Limits, numbered bool) Canvas {
	rules := DefaultRules("en")
	rules.DatePlace, rules.Numbered = social.DateNowhere, numbered
	if numbered {
		rules.DatePlace = social.DateLast
	}
	return Canvas{Limits: l, Rules: rules, Handle: func(_, username string) social.Handle {
		h, _ := social.ParseHandle(goldenKnown[strings.ToLower(username)], social.Private)
		return h
	}}
}

func FuzzRender(f *testing.F) {
	for _, seed := range []string{
		"hello @wader_bob and @wader_alice #tag https://atlas.example.org/x.", strings.Repeat("A sentence. ", 60), strings.Repeat("字", 700),
		"@\u200b@alice＠bob﹫carol", "https://a.example.org/(x)y)z @x", strings.Repeat("👨‍👩‍👧‍👦", 200), "http://http://@a", "a\n\n\n@b", "\u202eabc\u2066",
		strings.Repeat("x", 600) + "@alice", strings.Repeat("@a", 400), strings.Repeat("http:", 300), strings.Repeat("a@", 500),
		strings.Repeat("👩\u200d", 1000), "https://a.org/" + strings.Repeat("(", 1900), strings.Repeat(" \n", 900) + "x", strings.Repeat("https://a.org ", 300),
	} {
		f.Add(seed, "warn @alice", true, false)
	}
	f.Fuzz(func(t *testing.T, text, warning string, marked, numbered bool) {
		if len(text) > 8_000 || len(warning) > 2_000 {
			return
		}
		p := fuzzPost(text, marked)
		p.Warning = strings.ToValidUTF8(warning, "?")
		for _, l := range fuzzServers {
			checkRendered(t, &p, fuzzCanvas(l, numbered))
		}
	})
}

// Texts put together at random out of what is awkward.
func TestRenderAnything(t *testing.T) {
	pieces := []string{
		"word", " ", " ", "\n", "\n\n", "。", "字", "ไทย", "@", "＠", "@alice", "@wader_bob", "#tag", "https://atlas.example.org/a/b?c=d", "http://", "(", ")", ".", "...", "! ", "? ", ", ",
		"👨‍👩‍👧‍👦", "é", "e\u0301", "\u200d", "\u202e", "\u2060", "Dr. ", "1. ", "me@mail.example.org", "https://x.test/@y", strings.Repeat("long", 40), "A sentence of a few words. ", "magnet:?x", "xmpp:a@b",
	}
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		var b strings.Builder
		for range 1 + rnd.IntN(150) {
			b.WriteString(pieces[rnd.IntN(len(pieces))])
		}
		p := fuzzPost(b.String(), seed%2 == 0)
		for _, l := range fuzzServers {
			checkRendered(t, &p, fuzzCanvas(l, seed%3 == 0))
		}
		if t.Failed() {
			t.Fatalf("seed %d: %q", seed, b.String())
		}
	}
}

// No link, name or tag is broken over two statuses.
func TestAtomsStayWhole(t *testing.T) {
	link := "https://atlas.example.org/2018/waders/of-the-wadden-sea"
	for pad := range 90 {
		text := strings.Repeat("y", 215+pad) + " " + link + " #TenThousandBirds and the rest of it, which goes on for a while."
		p := fuzzPost(text, true)
		r := Render(&p, fuzzCanvas(fuzzServers[3], false), Place{})
		for _, whole := range []string{link, "#TenThousandBirds"} {
			if !strings.Contains(r.Drafts[0].Text+"\x00"+r.Drafts[len(r.Drafts)-1].Text, whole) {
				t.Fatalf("%s is broken: %+v", whole, r.Drafts)
			}
		}
	}
}

func TestCountIsNeverLess(t *testing.T) {
	l := fuzzServers[0]
	for text, want := range map[string]int{
		"":                                       0,
		"abc":                                    3,
		"👨‍👩‍👧‍👦":                                1,
		"https://atlas.example.org/":             23,
		"https://atlas.example.org/.":            24,
		"(https://atlas.example.org/a_(b)), and": 30,
	} {
		if got := l.Count(text); got != want {
			t.Errorf("%q counts %d, want %d", text, got, want)
		}
	}
}

func TestHasWord(t *testing.T) {
	for _, c := range []struct {
		text, word string
		want       bool
	}{
		{"the cat sat", "cat", true}, {"education", "cat", false}, {"CAT!", "cat", true}, {"cats", "cat", false}, {"#cat", "cat", true},
		{"今天有禽流感", "禽流感", true}, {"bird flu", "bird flu", true}, {"a catcat cat", "cat", true}, {"x", "", false}, {"Ünder über", "über", true},
	} {
		if got := hasWord(c.text, c.word); got != c.want {
			t.Errorf("%q in %q: %v", c.word, c.text, got)
		}
	}
}
