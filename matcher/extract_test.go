package matcher

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"

	"godwit/internal/social"
)

func lines(t testing.TB, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "# ") {
			all = append(all, line)
		}
	}
	return all
}

func inBio(text string) []Finding { return Extract([]Text{{social.InBio, text}}, social.Public) }

func TestForms(t *testing.T) {
	for _, line := range lines(t, "testdata/forms.txt") {
		cells := strings.Split(line, "\t")
		got := inBio(cells[1])
		if len(got) != 1 || got[0].Form != cells[0] || got[0].Handle.String() != cells[2] {
			t.Errorf("%s: got %+v, want form %s of %s", cells[1], got, cells[0], cells[2])
		}
	}
}

func TestNothing(t *testing.T) {
	for _, line := range lines(t, "testdata/nothing.txt") {
		if got := inBio(line); len(got) > 0 {
			t.Errorf("%q: %v as %s", line, got[0].Handle, got[0].Form)
		}
	}
}

// hostile are texts made to be slow or to grow, and what each repeats.
var hostile = map[string]string{
	"signs":      strings.Repeat("@a", 5000),
	"expanding":  strings.Repeat("ﷺ", 10000),
	"expanding@": "@" + strings.Repeat("ﷺ", 9999),
	"brackets":   strings.Repeat("(", 10000),
	"invalid":    strings.Repeat("\xff", 10000),
	"invalid@":   strings.Repeat("\xff@", 5000),
	"long":       strings.Repeat("a@a.", 1<<18),
	"hosts":      strings.Repeat("a@b.c", 2000),
	"dots":       strings.Repeat("a.", 5000) + "@b.com",
	"slashes":    strings.Repeat("a.com/", 1600),
	"paths":      strings.Repeat("/@a", 3333),
	"words":      strings.Repeat("by @a@mas.to ", 800),
	"at words":   strings.Repeat("a at b dot c ", 760),
	"brackets@":  strings.Repeat("a(at)b(dot)", 900),
	"entities":   strings.Repeat("&#64;", 2000),
	"tags":       strings.Repeat("<a href=@a@mas.to>", 550),
	"percents":   strings.Repeat("%2540", 2000),
	"marks":      "@a@b.com" + strings.Repeat("\u0301", 9000),
	"spaces":     strings.Repeat("a @ ", 2500),
	"bluesky":    strings.Repeat("a.bsky.social", 760),
}

// TestREG12 is the row: texts made to be slow or to grow. What is counted is
// the octets that the scanner looks at, and the memory.
func TestREG12(t *testing.T) {
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			var s scanner
			allocated := bytesAllocated(func() {
				prepared, _ := prepare(text)
				s = scanner{t: prepared, field: social.InBio}
				s.run()
			})
			if len(s.t) > maxNormalised*utf8.UTFMax || utf8.RuneCountInString(s.t) > maxNormalised+64 {
				t.Errorf("%d characters to scan", utf8.RuneCountInString(s.t))
			}
			if limit := 600 * (len(s.t) + 1); s.sightings > limit {
				t.Errorf("%d octets looked at, of %d", s.sightings, len(s.t))
			}
			if allocated > 1<<20 {
				t.Errorf("%d bytes allocated", allocated)
			}
			if len(s.out) > maxFindings {
				t.Errorf("%d findings", len(s.out))
			}
		})
	}
}

// TestLinear: a text a thousand times as long costs at most a thousand times
// as much, in octets looked at and in memory, also where the cap that Extract
// sets on a text is not in the way.
func TestLinear(t *testing.T) {
	patterns := []string{"@a", "a@b.c ", "a.com/", "by @a@mas.to ", "a at b dot c ", "&#64;", "<a href=@a@mas.to>", "a.bsky.social ", "mas.to: @a ", "ﷺ", "家@あ.com", "u@host.org, "}
	for _, pattern := range patterns {
		short, long := repeat(pattern, 1_000), repeat(pattern, 1_000_000)
		if a, b := looks(short), looks(long); b > 1000*max(a+a/10, len(short)) { // a tenth for the ends of the text
			t.Errorf("%q: %d octets looked at in 1 KB, %d in 1 MB", pattern, a, b)
		}
		a := bytesAllocated(func() { inBio(short) })
		b := bytesAllocated(func() { inBio(long) })
		if b > 1000*max(a, 1000) {
			t.Errorf("%q: %d bytes allocated for 1 KB, %d for 1 MB", pattern, a, b)
		}
	}
}

func repeat(pattern string, size int) string {
	return strings.Repeat(pattern, size/len(pattern)+1)[:size]
}

// looks returns at how many octets the scanner looks in the whole of a text.
func looks(text string) int {
	s := scanner{t: unspell(unescape(normalise(text))), field: social.InPost}
	s.run()
	return s.sightings
}

func bytesAllocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestCaps: what lies beyond the cap is not read, and a cut never makes a
// handle that is not there.
func TestCaps(t *testing.T) {
	if got := inBio(strings.Repeat(" ", maxText-12) + "@alice@mas.to"); len(got) != 0 {
		t.Errorf("cut handle: %v", got[0].Handle)
	}
	if got := inBio(strings.Repeat("é", maxText-13) + "\n@alice@mas.to"); len(got) != 0 {
		t.Errorf("cut handle: %v", got[0].Handle)
	}
	if got := inBio(strings.Repeat(" ", maxText-13) + "@alice@mas.to"); len(got) != 1 {
		t.Error("a handle that just fits is not found")
	}
	var many strings.Builder
	for range 30 {
		many.WriteString("@u")
		many.WriteString(strings.Repeat("x", many.Len()%50+1))
		many.WriteString("@mas.to ")
	}
	if got := inBio(many.String()); len(got) > maxFindings {
		t.Errorf("%d findings", len(got))
	}
}

// TestCanonicalEquivalence: composed and decomposed texts are one text.
func TestCanonicalEquivalence(t *testing.T) {
	for _, x := range readExamples(t) {
		sameFindings(t, x.text.Text)
	}
}

func sameFindings(t testing.TB, text string) {
	t.Helper()
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxText/3 {
		return // a cap counts characters, and so the forms differ at it
	}
	want := inBio(text)
	for _, form := range []norm.Form{norm.NFC, norm.NFD} {
		got := inBio(form.String(text))
		if len(got) != len(want) {
			t.Fatalf("%q: %d findings, %d after normalisation", text, len(want), len(got))
		}
		for i := range got {
			if got[i].Handle != want[i].Handle || got[i].Form != want[i].Form || got[i].Why != want[i].Why {
				t.Fatalf("%q: %+v, after normalisation %+v", text, want[i], got[i])
			}
		}
	}
}

// TestPiecesCutCharacters: a post is read in pieces for words of its author;
// wherever a piece ends inside a character, reading goes on.
func TestPiecesCutCharacters(t *testing.T) {
	for lead := range 8 {
		text := strings.Repeat("a", lead) + strings.Repeat("ş漢", maxBefore) + " @alice@mas.to"
		if got := Extract([]Text{{social.InPinned, text}}, social.Public); len(got) != 1 || got[0].Why != WhyPost {
			t.Errorf("lead %d: %+v", lead, got)
		}
	}
}

func TestRealms(t *testing.T) {
	const text = "@alice@home.test:8443 and https://social.test/@bob, @carol@mas.to"
	if got := inBio(text); len(got) != 1 || got[0].Handle.String() != "carol@mas.to" {
		t.Errorf("public: %v", got)
	}
	got := Extract([]Text{{social.InBio, text}}, social.Private)
	if len(got) != 3 || got[0].Handle.String() != "alice@home.test:8443" || got[1].Handle.String() != "bob@social.test" {
		t.Errorf("private: %+v", got)
	}
}

func TestMergeOverFields(t *testing.T) {
	got := Extract([]Text{
		{social.InName, "bob@bobs.example.org"},
		{social.InBio, "Bob, @bob_b@mas.to"},
		{social.InLink, "https://bobs.example.org/@Bob"},
	}, social.Public)
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	if f := got[0]; f.Maybe || f.Kind != social.InLink || f.Form != FormURL {
		t.Errorf("the plain claim does not win: %+v", f)
	}
	if f := got[1]; f.Kind != social.InBio || f.Context != "Bob, @bob_b@mas.to" {
		t.Errorf("%+v", f)
	}
}

func TestContext(t *testing.T) {
	long := strings.Repeat("слова ", 200) + "@alice@mas.to" + strings.Repeat(" слова", 200)
	got := inBio(long)
	if len(got) != 1 || !utf8.ValidString(got[0].Context) || utf8.RuneCountInString(got[0].Context) > social.MaxSay || !strings.Contains(got[0].Context, "@alice@mas.to") {
		t.Errorf("%+v", got)
	}
	got = inBio("write to alice at mastodon dot social")
	if len(got) != 1 || strings.ContainsAny(got[0].Context, signs) {
		t.Errorf("%+v", got)
	}
}

// TestLists: the embedded lists are well-formed, and name nobody twice.
func TestLists(t *testing.T) {
	for host := range servers {
		if parsed, err := social.ParseHost(host, social.Public); err != nil || parsed != host {
			t.Errorf("server %q: %q %v", host, parsed, err)
		}
		if _, refused := refusals[host]; refused {
			t.Errorf("%q is known and refused", host)
		}
	}
	for host := range refusals {
		if parsed, err := social.ParseHost(host, social.Public); err != nil || parsed != host {
			t.Errorf("refused %q: %q %v", host, parsed, err)
		}
	}
	for tld := range simpleTLDs {
		if suffix, listed := publicsuffix.PublicSuffix("a." + tld); suffix != tld || !listed {
			t.Errorf("%q is no simple top-level name: %q", tld, suffix)
		}
	}
	seen := map[string]bool{}
	for line := range listLines(cueList) {
		word, phrases, _ := strings.Cut(line, " ")
		for phrase := range strings.SplitSeq(phrases, " | ") {
			if moods[strings.TrimPrefix(word, ">")] == none || phrase == "" || phrase != strings.ToLower(phrase) || !norm.NFKC.IsNormalString(phrase) || strings.Contains(phrase, "|") {
				t.Errorf("cue %q of %q", phrase, line)
			}
			key := phrase
			if word[0] == '>' {
				key = ">" + phrase
			}
			if seen[key] {
				t.Errorf("cue %q stands twice", phrase)
			}
			seen[key] = true
		}
	}
}

func FuzzExtract(f *testing.F) {
	for _, x := range readExamples(f) {
		f.Add(x.text.Text)
	}
	for _, file := range []string{"testdata/forms.txt", "testdata/nothing.txt"} {
		for _, line := range lines(f, file) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, found := range Extract([]Text{{social.InPinned, text}}, social.Private) {
			again, err := social.ParseHandle(found.Handle.String(), social.Private)
			if err != nil || again != found.Handle || found.Form == "" || found.Maybe != (found.Why != "") {
				t.Errorf("%+v: %v", found, err)
			}
			if utf8.RuneCountInString(found.Context) > social.MaxSay || !utf8.ValidString(found.Context) {
				t.Errorf("context %q", found.Context)
			}
		}
		prepared, _ := prepare(text)
		s := scanner{t: prepared, field: social.InBio}
		s.run()
		if s.sightings > 600*(len(prepared)+1) {
			t.Errorf("%d octets looked at, of %d", s.sightings, len(prepared))
		}
		sameFindings(t, text)
	})
}
