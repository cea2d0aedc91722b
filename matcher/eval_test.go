package matcher

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"godwit/internal/social"
)

// aim is the least precision and recall over the whole set.
const aim = 0.97

// example is one labelled text of testdata/eval.
type example struct {
	set, lang, kind, where string
	text                   Text
	handles, maybe         []string
}

// score counts what was found rightly, wrongly and not at all.
type score struct{ right, wrong, missed int }

func (s *score) add(got, want []string) {
	for _, h := range got {
		if slices.Contains(want, h) {
			s.right++
		} else {
			s.wrong++
		}
	}
	for _, h := range want {
		if !slices.Contains(got, h) {
			s.missed++
		}
	}
}

func (s score) precision() float64 { return ratio(s.right, s.wrong) }
func (s score) recall() float64    { return ratio(s.right, s.missed) }

func (s score) f1() float64 {
	p, r := s.precision(), s.recall()
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}

func ratio(a, b int) float64 {
	if a+b == 0 {
		return 1
	}
	return float64(a) / float64(a+b)
}

func (s score) String() string {
	return fmt.Sprintf("%4d right %3d wrong %3d missed   precision %.3f  recall %.3f  F1 %.3f", s.right, s.wrong, s.missed, s.precision(), s.recall(), s.f1())
}

// TestEval measures extraction over the labelled set: handles, maybes, and
// handles by kind and by language. `go test -run TestEval -v` prints the table.
func TestEval(t *testing.T) {
	examples := readExamples(t)
	var handles, maybes score
	kinds, langs, sets := map[string]*score{}, map[string]*score{}, map[string]*score{}
	for _, x := range examples {
		got, maybe := split(Extract([]Text{x.text}, social.Public))
		if !slices.Equal(got, x.handles) || !slices.Equal(maybe, x.maybe) {
			t.Logf("%s %s: %q\n\tgot  %v maybe %v\n\twant %v maybe %v", x.where, x.kind, x.text.Text, got, maybe, x.handles, x.maybe)
		}
		handles.add(got, x.handles)
		maybes.add(maybe, x.maybe)
		tally := func(m map[string]*score, key string, got, want []string) {
			if m[key] == nil {
				m[key] = &score{}
			}
			m[key].add(got, want)
		}
		tally(kinds, x.kind, got, x.handles)
		tally(langs, x.lang, got, x.handles)
		tally(sets, "set "+x.set, got, x.handles)
		tally(sets, "set "+x.set+" maybe", maybe, x.maybe)
	}
	t.Logf("%d texts\n%-22s %v\n%-22s %v", len(examples), "handles", handles, "maybe", maybes)
	print := func(m map[string]*score) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			t.Logf("%-22s %v", key, *m[key])
		}
	}
	print(sets)
	print(langs)
	print(kinds)
	for name, s := range map[string]score{"handles": handles, "maybe": maybes} {
		if s.precision() < aim || s.recall() < aim {
			t.Errorf("%s: %v, below %.2f", name, s, aim)
		}
	}
	if len(examples) < 600 || len(langs) < 10 {
		t.Errorf("%d texts in %d languages, want at least 600 in 10", len(examples), len(langs))
	}
}

func split(findings []Finding) (handles, maybe []string) {
	for _, f := range findings {
		if f.Maybe {
			maybe = append(maybe, strings.ToLower(f.Handle.String()))
		} else {
			handles = append(handles, strings.ToLower(f.Handle.String()))
		}
	}
	slices.Sort(handles)
	slices.Sort(maybe)
	return handles, maybe
}

func readExamples(t testing.TB) []example {
	t.Helper()
	files, err := filepath.Glob("testdata/eval/*.tsv")
	if err != nil || len(files) == 0 {
		t.Fatalf("no evaluation set: %v", err)
	}
	var all []example
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lang := strings.TrimSuffix(filepath.Base(file), ".tsv")
		for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
			if strings.HasPrefix(line, "#") {
				continue
			}
			where := fmt.Sprintf("%s.tsv:%d", lang, i+1)
			x := example{set: "own", lang: lang, where: where}
			if mixedSets[lang] { // such a set names the language in its first column
				x.set = lang
				x.lang, line, _ = strings.Cut(line, "\t")
			}
			all = append(all, readExample(t, x, line))
		}
	}
	return all
}

var fieldKinds = map[string]social.EvidenceKind{"bio": social.InBio, "name": social.InName, "location": social.InLocation,
	"url": social.InLink, "pinned": social.InPinned, "post": social.InPost}

// mixedSets are files of many languages, each written before its texts were
// ever run, so that their first figures could be taken.
var mixedSets = map[string]bool{"blind": true, "third": true, "fourth": true, "fifth": true, "sixth": true, "seventh": true, "eighth": true, "ninth": true, "tenth": true, "eleventh": true}

func readExample(t testing.TB, x example, line string) example {
	t.Helper()
	cells := strings.Split(line, "\t")
	if len(cells) != 5 || fieldKinds[cells[1]] == "" {
		t.Fatalf("%s: %d columns, field %q", x.where, len(cells), cells[1])
	}
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(cells[4], `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("%s: %v", x.where, err)
	}
	x.kind, x.text = cells[0], Text{fieldKinds[cells[1]], text}
	x.handles, x.maybe = strings.Fields(strings.ToLower(cells[2])), strings.Fields(strings.ToLower(cells[3])) // names have no case
	if strings.HasPrefix(x.kind, "neg-") && len(x.handles)+len(x.maybe) > 0 {
		t.Fatalf("%s: a negative with handles", x.where)
	}
	slices.Sort(x.handles)
	slices.Sort(x.maybe)
	return x
}
