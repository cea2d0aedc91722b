package social

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestWEB06Clean(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Alice", "Alice"},
		{"\u202Egro.live@ecila", "gro.live@ecila"},
		{"a\u200bb\u200e\u2066c\ufeff", "abc"},
		{"क्\u200dष", "क्\u200dष"},
		{"\u200dx \u200d y", "x  y"},
		{"a\x00\x1b[2Jb\r", "a[2Jb"},
		{"bad \xff byte", "bad  byte"},
		{"line\nbreak", "line\nbreak"},
	} {
		if got := Clean(c.in, MaxName); got != c.want {
			t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	if got := Clean("e"+strings.Repeat("\u0301", 500), MaxName); len([]rune(got)) != 1+maxMarks {
		t.Errorf("500 combining marks became %d runes", len([]rune(got)))
	}
	if got := Clean(strings.Repeat("鹬", 300), MaxName); len([]rune(got)) != MaxName {
		t.Errorf("300 characters became %d", len([]rune(got)))
	}
}

func TestLOC05Printable(t *testing.T) {
	for _, in := range []string{"\x1b]52;c;ZXZpbA==\x07", "\u009b2J", "\x9b2J", "\r\x1b[2K✓ done", "\u202egnol", "a\nb"} {
		got := Printable(in, 100)
		if strings.ContainsAny(got, "\x1b\x07\r\n\u009b\u202e") || strings.Contains(got, "\x9b") && !strings.Contains(got, "\uFFFD") {
			t.Errorf("Printable(%q) = %q", in, got)
		}
	}
}

func TestNET11RemoteID(t *testing.T) {
	for _, ok := range []string{"1", "01H8K9ABC", "109333835161429021", "d41d8cd98f00b204e9800998ecf8427e"} {
		if _, err := ParseRemoteID(ok); err != nil {
			t.Errorf("ParseRemoteID(%q): %v", ok, err)
		}
	}
	for _, bad := range []string{"", "1/../2", "..", ".", "%2e%2e", "1?x=1", "1#", "a b", strings.Repeat("1", 129), "1\n"} {
		if _, err := ParseRemoteID(bad); err == nil {
			t.Errorf("ParseRemoteID(%q) was accepted", bad)
		}
	}
}

func TestSTO04SecretPrintsDots(t *testing.T) {
	s := NewSecret("CANARY-TOKEN")
	asJSON, _ := json.Marshal(map[string]any{"s": s})
	for _, out := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s), fmt.Sprintf("%+v", struct{ S Secret }{s}), string(asJSON), s.LogValue().String()} {
		if strings.Contains(out, "CANARY") {
			t.Errorf("a secret was printed: %s", out)
		}
	}
	if s.Reveal() != "CANARY-TOKEN" || s.IsZero() {
		t.Error("Reveal must return the value")
	}
}
