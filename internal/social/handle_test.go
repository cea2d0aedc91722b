package social

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// cases reads a file of test cases, one a line, # for comments.
func cases(t testing.TB, name string) []string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []string
	for s := bufio.NewScanner(f); s.Scan(); {
		if line := s.Text(); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestNET09ParseHostValid(t *testing.T) {
	for _, line := range cases(t, "hosts-valid.txt") {
		in, want, _ := strings.Cut(line, "\t")
		got, err := ParseHost(in, Public)
		if err != nil || got != want {
			t.Errorf("ParseHost(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestNET09ParseHostInvalid(t *testing.T) {
	more := []string{"h\x00.example.org", "h\r\nX: y.example.org", "", strings.Repeat("a.", 130) + "org", "h\xff.example.org"}
	for _, in := range append(cases(t, "hosts-invalid.txt"), more...) {
		if got, err := ParseHost(in, Public); err == nil {
			t.Errorf("ParseHost(%q) = %q, want an error", in, got)
		}
	}
}

func TestParseHostPrivateRealm(t *testing.T) {
	valid := map[string]string{
		"mudflat.test": "mudflat.test", "localhost": "localhost", "a.localhost:8443": "a.localhost:8443",
		"H.Test.:8443": "h.test:8443", "h.test:443": "h.test", "example.social": "example.social",
	}
	for in, want := range valid {
		got, err := ParseHost(in, Private)
		if err != nil || got != want {
			t.Errorf("ParseHost(%q, Private) = %q, %v; want %q", in, got, err, want)
		}
		if SpecialUse(got) == (want == "example.social") {
			t.Errorf("SpecialUse(%q) is wrong", got)
		}
	}
	for _, in := range []string{"127.0.0.1", "127.0.0.1:80", "[::1]:80", "h.test:0", "h.test:70000", "h.test:", "h.test:8a", "h.test:08"} {
		if got, err := ParseHost(in, Private); err == nil {
			t.Errorf("ParseHost(%q, Private) = %q, want an error", in, got)
		}
	}
}

func TestParseHandle(t *testing.T) {
	for _, line := range cases(t, "handles-valid.txt") {
		in, want, _ := strings.Cut(line, "\t")
		got, err := ParseHandle(in, Public)
		if err != nil || got.String() != want {
			t.Errorf("ParseHandle(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range cases(t, "handles-invalid.txt") {
		if got, err := ParseHandle(in, Public); err == nil {
			t.Errorf("ParseHandle(%q) = %q, want an error", in, got)
		}
	}
}

func TestHandleText(t *testing.T) {
	h, err := ParseHandle("@Alice@mudflat.test:8443", Private)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := h.MarshalText()
	var back Handle
	if err := back.UnmarshalText(text); err != nil || back != h {
		t.Fatalf("UnmarshalText(%q) = %v, %v; want %v", text, back, err, h)
	}
	other, _ := ParseHandle("alice@mudflat.test:8443", Private)
	if !h.Same(other) || h.Key() != other.Key() {
		t.Error("names that differ in case only are one handle")
	}
	if err := back.UnmarshalText(nil); err != nil || !back.IsZero() {
		t.Error("no text is no handle")
	}
}

func FuzzParseHost(f *testing.F) {
	for _, line := range append(cases(f, "hosts-valid.txt"), cases(f, "hosts-invalid.txt")...) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, realm := range []Realm{Public, Private} {
			host, err := ParseHost(s, realm)
			if err != nil {
				continue
			}
			again, err := ParseHost(host, realm)
			if err != nil || again != host {
				t.Fatalf("ParseHost(%q) = %q, but again %q, %v", s, host, again, err)
			}
		}
	})
}

func FuzzParseHandle(f *testing.F) {
	for _, line := range append(cases(f, "handles-valid.txt"), cases(f, "handles-invalid.txt")...) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseHandle(s, Private)
		if err != nil {
			return
		}
		again, err := ParseHandle(h.String(), Private)
		if err != nil || again != h {
			t.Fatalf("ParseHandle(%q) = %q, but again %q, %v", s, h, again, err)
		}
	})
}
