package social

import (
	"strings"
	"testing"
)

// FuzzPlainHost: a host that isPlain lets pass is what the strict profile
// makes of it, so that the short way changes no answer.
func FuzzPlainHost(f *testing.F) {
	for _, s := range []string{"example.social", "a-b.example.org", "xn--mnchen-3ya.social", "a--b.org", "a..b", "-a.com", "a-.com", "a.b.", "1.2.3.4", "0x1.org",
		"A.com", "ab--c.com", strings.Repeat("a", 64) + ".com", strings.Repeat("a", 63) + ".com", strings.Repeat("a.", 127) + "com", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !isPlain(s) {
			return
		}
		ascii, err := lookup.ToASCII(s)
		if err != nil || ascii != s || !labelsOK(ascii) || !roundTrips(ascii) {
			t.Errorf("%q passes as it is, the profile says %q, %v", s, ascii, err)
		}
	})
}
