package web

import (
	"slices"
	"strings"
	"testing"

	"godwit/internal/social"
	"godwit/matcher"
)

// Every text of the kit, in every language, is read by our own matcher as its
// author's own handle, by itself and behind somebody's own words.
func TestKitTextsAreReadable(t *testing.T) {
	kits, err := readKit()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{kits: kits}
	for _, name := range []string{"alice@shore.test", "Al_1.b@a-b.example.social", "mia@xn--bcher-kva.example.social", "x@social.vlaanderen.test"} {
		h, err := social.ParseHandle(name, social.Private)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range kitLanguages {
			page := &kitPage{In: code, Registration: social.Registration{Handle: h}, Public: true, Address: "https://godwit.example.org/@x/some_longer_name"}
			for i, place := range s.kitIn(page) {
				if got, want := len(place.Texts), len(kitPlaces[i].texts(kits[code])); got != want {
					t.Errorf("%s %s: %d of %d texts fit", code, place.Key, got, want)
				}
				for _, text := range place.Texts {
					readable(t, code, kitPlaces[i].kind, text.Text, h)
					readable(t, code, kitPlaces[i].kind, "Birds, tides, maps | "+text.Text, h)
					if text.Length > place.Limit || text.Length == 0 {
						t.Errorf("%s: %d characters: %q", code, text.Length, text.Text)
					}
				}
			}
		}
	}
}

func readable(t *testing.T, code string, kind social.EvidenceKind, text string, h social.Handle) {
	t.Helper()
	found := matcher.Extract([]matcher.Text{{Field: kind, Text: text}}, social.Private)
	if len(found) != 1 || !found[0].Handle.Same(h) || found[0].Maybe {
		t.Errorf("%s %s: read %+v in %q", code, kind, found, text)
	}
}

// What does not fit is left out, and so is what names a page where there is none.
func TestKitLeavesOut(t *testing.T) {
	kits, err := readKit()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{kits: kits}
	h, err := social.ParseHandle(strings.Repeat("m", 60)+"@example.social", social.Public)
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range s.kitIn(&kitPage{In: "en", Registration: social.Registration{Handle: h}}) {
		if place.Key == "kit.for.name" && len(place.Texts) != 0 {
			t.Errorf("a name of %d characters", place.Texts[0].Length)
		}
		if slices.ContainsFunc(place.Texts, func(text kitText) bool { return strings.Contains(text.Text, "{") }) {
			t.Errorf("%+v", place)
		}
	}
}

func TestXLength(t *testing.T) {
	for _, c := range []struct {
		text       string
		post, name int
	}{
		{"now at", 6, 6}, {"现在在 a", 8, 5}, {"ü–“”", 4, 4}, {"see https://godwit.example.org/@x/some_longer_name", 27, 50}, {"日本", 4, 2},
	} {
		if post, name := xLength(c.text, true), xLength(c.text, false); post != c.post || name != c.name {
			t.Errorf("%q: %d and %d, want %d and %d", c.text, post, name, c.post, c.name)
		}
	}
}

func TestRegionOf(t *testing.T) {
	for host, want := range map[string]string{"a.de": "DE", "a.social": "", "hachyderm.io": "", "mstdn.jp": "JP", "a.test": "", "a.zz": "", "b.co.uk": "GB", "a.me": "", "a.eu": ""} {
		if got := regionOf(host); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}
