package web

import (
	"regexp"
	"testing"
)

// Pages turn round for languages that are written from right to left, so the
// stylesheet knows where a line starts and ends, not left and right.
func TestStylesheetKnowsNoSides(t *testing.T) {
	css, err := staticFiles.ReadFile("static/godwit.css")
	if err != nil {
		t.Fatal(err)
	}
	sided := regexp.MustCompile(`(?:margin|padding|border|inset)-(?:left|right)|[{;]\s*(?:left|right|float)\s*:|text-align:\s*(?:left|right)|(?:margin|padding):\s*[^\s;}]+ ([^\s;}]+) [^\s;}]+ ([^\s;}]+)`)
	for _, m := range sided.FindAllSubmatch(css, -1) {
		if len(m[1]) == 0 || string(m[1]) != string(m[2]) {
			t.Errorf("this knows a side: %s", m[0])
		}
	}
}
