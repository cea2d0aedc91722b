package social

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of texts that strangers write, in characters.
const (
	MaxName = 200
	MaxBio  = 1000
	MaxSay  = 200
)

// maxMarks is how many combining marks in a row are kept; more spill over the
// neighbouring lines.
const maxMarks = 3

// Clean makes a stranger's text fit to store and show: valid UTF-8, no
// controls but line breaks, no bidi overrides and isolates, no zero-width
// characters except joiners inside a word, at most three combining marks in a
// row, at most max characters.
func Clean(s string, max int) string {
	var b strings.Builder
	n, marks := 0, 0
	var before rune
	for i, r := range s {
		if n >= max {
			break
		}
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		if r == '\n' || r == '\t' || keep(r, before, s[i:]) {
			b.WriteRune(r)
			n++
			before = r
		}
	}
	return b.String()
}

func keep(r, before rune, rest string) bool {
	switch {
	case r == utf8.RuneError, unicode.IsControl(r):
		return false
	case r == '\u200c' || r == '\u200d': // joiners belong inside a word or an emoji
		next, _ := utf8.DecodeRuneInString(rest[3:])
		return before != 0 && !unicode.IsSpace(before) && next != utf8.RuneError && !unicode.IsSpace(next)
	case r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\ufeff', r == '\u00ad', r == '\u061c':
		return false
	}
	return true
}

// Printable makes a stranger's text fit for a terminal or a log line: what
// Clean refuses, and line breaks, become U+FFFD, so that no escape sequence
// and no false line can be printed.
func Printable(s string, max int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n >= max {
			b.WriteRune('…')
			break
		}
		if !IsPrintable(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// IsPrintable reports whether a terminal only shows r: it is no control
// character, ends no line and turns no text around.
func IsPrintable(r rune) bool {
	return !unicode.IsControl(r) && !(r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' || r == '\u2028' || r == '\u2029')
}
