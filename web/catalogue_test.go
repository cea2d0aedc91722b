package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"godwit/bridge"
	"godwit/internal/social"
	"godwit/web/locale"
)

// operator are the codes of faults that only whoever runs Godwit can meet, on
// the command line: English is enough for them. The last line are those that
// the pages say in words of their own.
var operator = strings.Fields(`bad-user-agent bad-redis-url database-damaged database-file database-unreachable database-url schema-new schema-old wrong-key
	panic unknown-task claim-lost broken no-such-file too-many-ids
	not-found form-too-large bad-form too-fast`)

// Every fault of the rooms and the cellar that a person can meet has its
// sentence in every language.
func TestEveryFaultHasItsSentence(t *testing.T) {
	set, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	silent := map[string]bool{}
	for _, code := range operator {
		silent[code] = true
	}
	codes := map[string]string{}
	for _, dir := range []string{"../internal/social", "../internal/fedi", "../internal/mail", "../internal/store", "../internal/worker", "../importer", "../bridge", "../matcher", "picture", "."} {
		for _, code := range faultCodes(t, dir) {
			codes[code] = dir
		}
	}
	if len(codes) < 60 {
		t.Fatalf("only %d codes were found: the test looks in the wrong place", len(codes))
	}
	for code, dir := range codes {
		for _, lang := range set.All() {
			if !silent[code] && !lang.Has("fault."+code) {
				t.Errorf("%s: fault %s has no sentence in %s", dir, code, lang.Code)
			}
		}
	}
	for _, key := range set.All()[0].Keys() {
		if code, isFault := strings.CutPrefix(key, "fault."); isFault && codes[code] == "" {
			t.Errorf("nothing fails with %s", code)
		}
	}
}

// faultCodes reads the codes out of the calls of fault.New and fault.WaitUntil.
func faultCodes(t *testing.T, dir string) (codes []string) {
	t.Helper()
	consts := map[string]string{}
	var trees []*ast.File
	for _, name := range goFiles(t, dir) {
		tree, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
		ast.Inspect(tree, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for i, value := range spec.Values {
					consts[spec.Names[i].Name] = literal(value, nil)
				}
			}
			return true
		})
	}
	for _, tree := range trees {
		ast.Inspect(tree, func(n ast.Node) bool {
			if code := faultCode(n, consts); code != "" {
				codes = append(codes, code)
			}
			return true
		})
	}
	return codes
}

func goFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(all) == 0 {
		t.Fatalf("%s: %v", dir, err)
	}
	for _, name := range all {
		if !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
	}
	return names
}

func faultCode(n ast.Node, consts map[string]string) string {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) < 3 {
		return ""
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || f.Sel.Name != "New" && f.Sel.Name != "WaitUntil" {
		return ""
	}
	if x, ok := f.X.(*ast.Ident); !ok || x.Name != "fault" {
		return ""
	}
	return literal(call.Args[1], consts)
}

func literal(e ast.Expr, consts map[string]string) string {
	switch x := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(x.Value)
		return text
	case *ast.Ident:
		return consts[x.Name]
	}
	return ""
}

var (
	inTemplates = regexp.MustCompile(`\.T "([a-z0-9.-]+)"|\.T \(printf "([a-z0-9.-]+)%`)
	inGo        = regexp.MustCompile(`"([a-z-]+(?:\.[a-z0-9-]+)*\.?)"`)
)

// Every message that pages ask for is there, and none is left over.
func TestCatalogueIsUsed(t *testing.T) {
	set, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	en := set.All()[0]
	used, prefixes := map[string]bool{}, []string{"fault.", "say.", "month.", "language.name"}
	for key := range templateKeys(t) {
		if strings.HasSuffix(key, ".") {
			prefixes = append(prefixes, key)
			continue
		}
		used[key] = true
		if !en.Has(key) {
			t.Errorf("a template asks for %s", key)
		}
	}
	for _, name := range append(goFiles(t, "."), goFiles(t, "locale")...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inGo.FindAllStringSubmatch(string(text), -1) {
			if used[m[1]] = true; len(m[1]) > 4 && strings.HasSuffix(m[1], ".") {
				prefixes = append(prefixes, m[1])
			}
		}
	}
	for _, key := range en.Keys() {
		found := used[key]
		for _, prefix := range prefixes {
			found = found || strings.HasPrefix(key, prefix)
		}
		if !found {
			t.Errorf("nothing says %s", key)
		}
	}
}

func templateKeys(t *testing.T) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := templateFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inTemplates.FindAllStringSubmatch(string(text), -1) {
			keys[m[1]+m[2]] = true
		}
	}
	return keys
}

// The words that are put together from a state and its name exist for all states.
func TestWordsOfStates(t *testing.T) {
	set, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"outcome.planned", "outcome.canceled", "outcome.undoing", "certainty.conflict", "state.unresolved", "group.all"}
	for _, o := range outcomeOrder {
		keys = append(keys, "outcome."+string(o))
	}
	for _, c := range []social.Certainty{social.Certain, social.Likely, social.Possible} {
		keys = append(keys, "certainty."+string(c))
	}
	for _, s := range []social.ResolutionState{social.Found, social.Missing, social.GoneForGood, social.Unconfirmed, social.NotFedi, social.Ill, social.Refused} {
		keys = append(keys, "state."+string(s))
	}
	for _, g := range groups[1:] {
		keys = append(keys, "group."+string(g), "matches.hint."+string(g))
	}
	for _, c := range []bridge.Channel{bridge.Background, bridge.File} {
		keys = append(keys, "follow."+string(c))
	}
	for _, lang := range set.All() {
		for _, key := range keys {
			if !lang.Has(key) {
				t.Errorf("%s lacks %s", lang.Code, key)
			}
		}
	}
}

var codeLine = regexp.MustCompile(`"((?:plan|outcome|evidence|against|mirror|left|note)-[a-z-]+)"`)

// Every sentence of the bridge and the matcher is in every language.
func TestSentencesOfTheRooms(t *testing.T) {
	set, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, name := range append(goFiles(t, "../bridge"), goFiles(t, "../matcher")...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range codeLine.FindAllStringSubmatch(string(text), -1) {
			known[m[1]] = true
			for _, lang := range set.All() {
				if !lang.Has("say."+m[1]) && !lang.Has("fault."+m[1]) { // some are faults
					t.Errorf("%s: %s has no sentence in %s", name, m[1], lang.Code)
				}
			}
		}
	}
	for _, key := range set.All()[0].Keys() {
		if code, ok := strings.CutPrefix(key, "say."); ok && !known[code] {
			t.Errorf("no room says %s", code)
		}
	}
}
