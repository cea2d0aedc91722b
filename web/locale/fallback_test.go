package locale

import (
	"encoding/json"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// lang makes a language of a data file's text.
func lang(t *testing.T, code, data string, fallback *Lang) *Lang {
	t.Helper()
	l := &Lang{Code: code, tag: language.MustParse(code), fallback: fallback}
	l.numbers = message.NewPrinter(l.tag)
	if err := json.Unmarshal([]byte(data), &l.messages); err != nil {
		t.Fatal(err)
	}
	return l
}

// What a language lacks is said in the fallback's words and plurals, with the
// language's own numbers.
func TestFallback(t *testing.T) {
	en := lang(t, "en", `{"a": {"one": "1 wader", "other": "{n} waders"}, "b": "bird"}`, nil)
	de := lang(t, "de", `{"b": "Vogel"}`, en)
	if got := de.Say("b").String() + ", " + de.Say("a", "n", 1).String() + ", " + de.Say("a", "n", 2000).String(); got != "Vogel, 1 wader, 2.000 waders" {
		t.Error(got)
	}
	if !de.Has("a") || de.Forms("a") != nil || de.Has("c") {
		t.Error("a fallback's message can be said, but isn't the language's own")
	}
}
