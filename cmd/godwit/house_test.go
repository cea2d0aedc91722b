package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors says how high each package stands in the house: an import goes down
// only, never sideways and never up.
var floors = map[string]int{
	"internal/social": 0, "internal/fault": 0, "migrations": 0,
	"internal/store": 1, "internal/jobs": 1, "internal/fedi": 1, "internal/mail": 1, "internal/config": 1,
	"importer": 2, "matcher": 2, "bridge": 2,
	"internal/worker": 3, "web": 4, "cmd": 5,
}

// sideways are the doors between neighbours that the house has on purpose.
var sideways = map[string]string{
	"internal/social": "internal/fault", // parsing says what is wrong with the input
}

// floor returns the package's place: itself or the nearest room above it.
func floor(pkg string) (room string, height int, ok bool) {
	for dir := pkg; dir != "." && dir != "/"; dir = filepath.Dir(dir) {
		if height, ok = floors[dir]; ok {
			return dir, height, true
		}
	}
	return "", 0, false
}

// root is the folder that holds go.mod.
const root = "../.."

// sources calls visit for each Go file of the project, tests left out unless
// asked for; path is slash-separated and relative to the project.
func sources(t *testing.T, tests bool, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if d.IsDir() && rel != "." && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(rel, ".go") && (tests || !strings.HasSuffix(rel, "_test.go")) {
			visit(filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportsGoDownOnly(t *testing.T) {
	seen := 0
	sources(t, false, func(path string) {
		from, height, ok := floor(filepath.Dir(path))
		if !ok {
			t.Errorf("%s stands in no room of the house", path)
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			target, _ := strconv.Unquote(spec.Path.Value)
			rel, ours := strings.CutPrefix(target, "godwit/")
			if !ours {
				continue
			}
			seen++
			to, below, ok := floor(rel)
			if !ok || to != from && below >= height && sideways[from] != to && !testHelper(path) {
				t.Errorf("%s imports %s: arrows go down only", path, rel)
			}
		}
	})
	if seen < 20 {
		t.Fatalf("only %d imports seen: the test looks in the wrong place", seen)
	}
}

// testHelper reports whether a file belongs to a package that only tests and
// the demo use.
func testHelper(path string) bool {
	dir := filepath.Base(filepath.Dir(path))
	return strings.HasSuffix(dir, "test") || dir == "contract"
}

// banned are words that must not stand in the program, with the reason.
var banned = map[*regexp.Regexp]string{
	regexp.MustCompile(`InsecureSkipVerify`):                            "NET-13: a certificate is never let pass",
	regexp.MustCompile(`template\.(HTML|JS|CSS|URL|Srcset|HTMLAttr)\b`): "WEB-02: strangers' text is text",
	regexp.MustCompile(`net/http/pprof`):                                "WEB-14: no profiles for strangers",
	regexp.MustCompile(`SetDebug\(true`):                                "STO-04: tokens in logs",
	regexp.MustCompile(`http\.DefaultClient|http\.Get\(|http\.Post\(`):  "one guarded door outside",
	regexp.MustCompile(`time\.Sleep\(`):                                 "nothing sleeps; waits are rows or timers",
}

func TestBannedWords(t *testing.T) {
	sources(t, false, func(path string) {
		if testHelper(path) {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		for word, why := range banned {
			if found := word.Find(text); found != nil {
				t.Errorf("%s has %q: %s", path, found, why)
			}
		}
	})
}

// TestTopLevel keeps the top level to what the house has.
func TestTopLevel(t *testing.T) {
	allowed := []string{"cmd", "importer", "matcher", "bridge", "web", "migrations", "internal", "go.mod", "go.sum", "README.md",
		"LICENSE", "CHANGELOG.md", "docs", "Makefile", ".ci", ".git", ".gitignore", "bin", "shots", "tmp"}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s stands at the top level", e.Name())
		}
	}
}
