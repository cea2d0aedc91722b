package importer

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// What docs/formats.md says to be tested is tested here, and all numbered traps
// of X's exports stand in it.
func TestFormatsAreTested(t *testing.T) {
	doc, err := os.ReadFile("../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(source, -1) {
			there[string(m[1])] = true
		}
	}
	told := map[string]bool{}
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllSubmatch(doc, -1) {
		if told[string(m[1])] = true; !there[string(m[1])] {
			t.Errorf("docs/formats.md names %s, which there is not", m[1])
		}
	}
	for name := range there {
		if regexp.MustCompile(`^TestTrap\d\d`).MatchString(name) && !told[name] {
			t.Errorf("%s isn't in docs/formats.md", name)
		}
	}
	if n := len(regexp.MustCompile(`(?m)^\| \d+ \|`).FindAll(doc, -1)); n != 15 {
		t.Errorf("%d of 15 traps", n)
	}
}
