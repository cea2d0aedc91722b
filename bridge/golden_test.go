package bridge

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
)

var update = flag.Bool("update", false, "write what is rendered to the golden files")

// goldenServers are the servers that every golden post is rendered for.
var goldenServers = []struct {
	name   string
	limits Limits
}{
	{"mastodon", LimitsOf(social.Mastodon, social.Instance{Version: "4.5.1", Posting: social.PostingLimits{
		Characters: 500, LinkCharacters: 23, Files: 4, Description: 1500, ImageBytes: 16 << 20, ImagePixels: 33_177_600, VideoBytes: 99 << 20, VideoPixels: 8_294_400,
		Types: []string{"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/webm", "audio/mpeg"},
	}})},
	{"gotosocial", LimitsOf(social.GoToSocial, social.Instance{Version: "0.20.0", Posting: social.PostingLimits{Characters: 5000, Files: 6, Description: 1500, ImageBytes: 40 << 20, VideoBytes: 40 << 20}})},
	{"short", LimitsOf(social.FlavourOther, social.Instance{MaxChars: 300})},
}

// goldenPost is one invented post with the rules it is carried over by.
type goldenPost struct {
	name   string
	source string // as it stands in the file
	post   social.Post
	rules  social.MirrorRules
	place  Place
	zone   *time.Location
}

// goldenKnown are the people whom the match graph knows.
var goldenKnown = map[string]string{"wader_alice": "alice@example.social", "dora_dunlin": "dora@marsh.example.org", "keiko_k": "keiko@日本.example.org"}

func (g *goldenPost) canvas(l Limits) Canvas {
	return Canvas{Limits: l, Rules: g.rules, Zone: g.zone,
		Handle: func(_, username string) social.Handle {
			h, _ := social.ParseHandle(goldenKnown[strings.ToLower(username)], social.Private)
			return h
		},
		Status: func(id string) string {
			if strings.HasPrefix(id, "77") { // those that were carried over
				return "https://home.example.org/@me/" + id
			}
			return ""
		},
	}
}

// TestGolden shows what 150 and more invented posts of every kind become. The
// golden files are read by eye: -update rewrites them.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/mirror/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no posts: %v", err)
	}
	total := 0
	for _, name := range files {
		posts := readGolden(t, name)
		total += len(posts)
		var b strings.Builder
		for _, g := range posts {
			b.WriteString(g.render())
		}
		golden := strings.TrimSuffix(name, ".txt") + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		compareGolden(t, golden, string(want), b.String())
	}
	if total < 150 {
		t.Errorf("only %d posts", total)
	}
}

func compareGolden(t *testing.T, name, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n=== "), strings.Split(got, "\n=== ")
	for i := range max(len(w), len(g)) {
		if i >= len(w) || i >= len(g) || w[i] != g[i] {
			t.Errorf("%s, post %d:\n%s\nwant\n%s", name, i+1, at0(g, i), at0(w, i))
			return
		}
	}
}

func at0(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "(none)"
}

func (g *goldenPost) render() string {
	var b strings.Builder
	fmt.Fprintf(&b, "=== %s\n%s\n", g.name, g.source)
	before := ""
	for _, srv := range goldenServers {
		r := Render(&g.post, g.canvas(srv.limits), g.place)
		text := showRendered(r, srv.limits)
		if text == before {
			fmt.Fprintf(&b, "--- %s: the same\n", srv.name)
			continue
		}
		before = text
		fmt.Fprintf(&b, "--- %s\n%s", srv.name, text)
	}
	return b.String() + "\n"
}

func showRendered(r Rendered, l Limits) string {
	var b strings.Builder
	if len(r.Drafts) == 0 {
		b.WriteString("(nothing)\n")
	}
	for i, d := range r.Drafts {
		fmt.Fprintf(&b, "[%d/%d] %d characters, %s", i+1, len(r.Drafts), l.Count(d.Warning)+l.Count(d.Text), d.Visibility)
		if d.Language != "" {
			b.WriteString(", " + d.Language)
		}
		if d.Sensitive {
			b.WriteString(", sensitive")
		}
		if !d.At.IsZero() {
			b.WriteString(", dated " + d.At.Format("2006-01-02 15:04:05"))
		}
		b.WriteString("\n")
		if d.Warning != "" {
			fmt.Fprintf(&b, "warning: %s\n", visible(d.Warning))
		}
		for _, f := range d.Files {
			fmt.Fprintf(&b, "file: %s %s alt %q focus %g,%g", f.Media.Kind, f.Media.File, f.Alt, f.Media.FocusX, f.Media.FocusY)
			if f.Shrink {
				b.WriteString(" shrink")
			}
			b.WriteString("\n")
		}
		if d.Text != "" {
			for _, line := range strings.Split(visible(d.Text), "\n") {
				b.WriteString(strings.TrimRight("| "+line, " ") + "\n")
			}
		}
	}
	notes := make([]string, 0, len(r.Notes))
	for _, n := range r.Notes {
		notes = append(notes, string(n))
	}
	sort.Strings(notes)
	if len(notes) > 0 {
		fmt.Fprintf(&b, "notes: %s\n", strings.Join(notes, " "))
	}
	return b.String()
}

// visible shows the joiner, which is the one invisible thing that is put in.
func visible(s string) string { return strings.ReplaceAll(s, string(joiner), "<WJ>") }

func readGolden(t *testing.T, name string) (posts []goldenPost) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range strings.Split("\n"+string(raw), "\n=== ")[1:] {
		title, rest, _ := strings.Cut(section, "\n")
		options, text, found := strings.Cut("\n"+rest, "\n---\n")
		if !found {
			t.Fatalf("%s: %s has no ---", name, title)
		}
		g := goldenPost{name: title, source: strings.TrimSpace(rest), rules: DefaultRules("en"), zone: time.UTC}
		g.post = social.Post{
			Network: social.X, ID: "990000000000000001", URL: "https://x.com/me/status/990000000000000001", Language: "en",
			CreatedAt: time.Date(2018, 5, 4, 12, 30, 0, 0, time.UTC), Audience: social.ToEveryone, Text: unquoteEscapes(strings.TrimSpace(text)),
		}
		raw := false
		for _, line := range strings.Split(strings.TrimSpace(options), "\n") {
			key, value, _ := strings.Cut(line, ":")
			if key == "raw" {
				raw = true
				continue
			}
			if key != "" {
				g.option(t, strings.TrimSpace(key), strings.TrimSpace(value))
			}
		}
		if !raw {
			g.post.Entities = findEntities(g.post.Text)
		}
		if !g.post.Sound() {
			t.Fatalf("%s: %s is not sound", name, title)
		}
		posts = append(posts, g)
	}
	return posts
}

var escapes = regexp.MustCompile(`\\u\{([0-9a-f]+)\}`)

func unquoteEscapes(s string) string {
	return escapes.ReplaceAllStringFunc(s, func(m string) string {
		n, _ := strconv.ParseInt(m[3:len(m)-1], 16, 32)
		return string(rune(n))
	})
}

func (g *goldenPost) option(t *testing.T, key, value string) {
	t.Helper()
	p := &g.post
	words := strings.Fields(value)
	switch key {
	case "lang":
		p.Language = value
	case "date":
		p.CreatedAt, _ = time.Parse("2006-01-02 15:04", value)
	case "day":
		p.CreatedAt, _ = time.Parse("2006-01-02", value)
		p.DayOnly = true
	case "sensitive":
		p.Sensitive = true
	case "cw":
		p.Warning = unquoteEscapes(value)
	case "cut":
		p.Cut = true
	case "no-url":
		p.URL = ""
	case "network":
		p.Network = social.Network(value)
	case "reply":
		p.Reply = refOf(words)
	case "quote":
		p.Quote = refOf(words)
	case "repost":
		p.Repost = refOf(words)
	case "answers":
		p.Reply = social.PostRef{ID: value, Author: "me", AuthorID: "1", Own: true}
		g.place.Answers = value
	case "torn":
		p.Reply = social.PostRef{ID: value, Author: "me", AuthorID: "1", Own: true}
		g.place.Torn = true
	case "media":
		p.Media = append(p.Media, mediaOf(t, value))
	case "poll":
		for _, option := range strings.Split(value, ";") {
			title, votes, _ := strings.Cut(option, "=")
			n, _ := strconv.Atoi(votes)
			p.Poll = append(p.Poll, social.PollOption{Title: unquoteEscapes(strings.TrimSpace(title)), Votes: n})
		}
	case "style":
		p.Styles = append(p.Styles, social.Style{Kind: social.Bold, Start: 0, End: 4})
	case "zone":
		g.zone, _ = time.LoadLocation(value)
	case "place":
		g.place.Visibility = social.Visibility(value)
	default:
		g.rule(t, key, value)
	}
}

func (g *goldenPost) rule(t *testing.T, key, value string) {
	t.Helper()
	rules := &g.rules
	switch key {
	case "rule-locale":
		rules.Words = WordsIn(value)
	case "rule-date":
		rules.DatePlace = social.DatePlace(strings.TrimPrefix(value, "none"))
	case "rule-date-words":
		rules.Words.Date = value
	case "rule-date-as":
		rules.Words.DateAs = value
	case "rule-numbered":
		rules.Numbered = true
	case "rule-mentions":
		rules.Mentions = social.MentionForm(value)
	case "rule-visibility":
		rules.Visibility = social.Visibility(value)
	case "rule-sensitive":
		rules.SensitiveWarning = value
	case "rule-warn":
		word, warning, _ := strings.Cut(value, "=")
		rules.Warnings = append(rules.Warnings, social.WarningRule{Word: word, Warning: warning})
	case "rule-votes":
		rules.Words.Votes = value
	case "rule-quote":
		rules.Words.Quote = value
	default:
		t.Fatalf("%s: no such option: %s", g.name, key)
	}
}

// refOf reads "author id", "own id" or "author".
func refOf(words []string) social.PostRef {
	ref := social.PostRef{Author: words[0]}
	if words[0] == "own" {
		ref = social.PostRef{Author: "me", AuthorID: "1", Own: true}
	}
	if words[0] == "nobody" {
		ref.Author = ""
	}
	if len(words) > 1 {
		ref.ID = words[1]
		ref.URL = "https://x.com/" + ref.Author + "/status/" + ref.ID
		if ref.Author == "" {
			ref.URL = "https://x.com/i/web/status/" + ref.ID
		}
	}
	return ref
}

// mediaOf reads "photo name.jpg key=value …| the alt text".
func mediaOf(t *testing.T, s string) (m social.Media) {
	t.Helper()
	head, alt, _ := strings.Cut(s, "|")
	words := strings.Fields(head)
	m.Kind, m.File, m.Alt = social.MediaKind(words[0]), words[1], unquoteEscapes(strings.TrimSpace(alt))
	for _, w := range words[2:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "size":
			n, _ := strconv.ParseInt(value, 10, 64)
			m.Size = n << 20
		case "wh":
			fmt.Sscanf(value, "%dx%d", &m.Width, &m.Height)
		case "focus":
			fmt.Sscanf(value, "%f,%f", &m.FocusX, &m.FocusY)
		case "url":
			m.URL = value
		case "missing":
			m.Missing = true
		default:
			t.Fatalf("no such word: %s", w)
		}
	}
	return m
}

var goldenEntity = regexp.MustCompile(`https?://[^\s<>"、。」）]+|[@＠][A-Za-z0-9_]{1,20}|[#＃][\pL\pN_]+`)

func findEntities(text string) (all []social.Entity) {
	for _, m := range goldenEntity.FindAllStringIndex(text, -1) {
		s := text[m[0]:m[1]]
		if m[0] > 0 && isWord(rune(text[m[0]-1])) {
			continue
		}
		switch {
		case strings.HasPrefix(s, "http"):
			if s = strings.TrimRight(s, ".,;:!?'…"); !balanced(s) && strings.HasSuffix(s, ")") {
				s = strings.TrimRight(s, ").,")
			}
			all = append(all, social.Entity{Kind: social.LinkEntity, Start: m[0], End: m[0] + len(s), URL: s})
		case strings.HasPrefix(s, "#"), strings.HasPrefix(s, "＃"):
			if tag := strings.TrimLeft(s, "#＃"); strings.Trim(tag, "0123456789") != "" {
				all = append(all, social.Entity{Kind: social.TagEntity, Start: m[0], End: m[1], Tag: tag})
			}
		default:
			name := strings.TrimLeft(s, "@＠")
			e := social.Entity{Kind: social.MentionEntity, Start: m[0], End: m[1], Username: name, AccountID: "id-" + name}
			if name == "gone_gull" {
				e.AccountID = ""
			}
			all = append(all, e)
		}
	}
	return all
}
