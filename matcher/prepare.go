package matcher

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What a byte of a text may call for.
const (
	seesSign   = 1 << iota // @ or /: there may be a handle
	seesHigh               // beyond ASCII: normalise
	seesEscape             // percent, entity, tag, backslash: undo
	seesEdge               // a space or bracket: a spelled-out sign may follow
	seesDot                // a dot: a Bluesky name or a host may end here
	seesJunk               // a control character
)

var sees = func() (table [256]uint8) {
	for c := range table {
		switch {
		case c >= utf8.RuneSelf:
			table[c] = seesHigh
		case c < ' ' && c != '\n' && c != '\t' || c == 0x7f:
			table[c] = seesJunk
		}
	}
	for _, c := range "%&<\\" {
		table[c] = seesEscape
	}
	for _, c := range " ([{-_*" {
		table[c] = seesEdge
	}
	table['<'] |= seesEdge
	table['@'], table['/'], table['.'] = seesSign, seesSign, seesDot
	return table
}()

// prepare caps and normalises a text and undoes what stands in the way of
// reading it: escapes, remains of HTML and Markdown, spelled-out signs. It
// reports whether the result can hold a handle at all; most texts cannot, and
// are told apart in one pass over their bytes.
func prepare(text string) (t string, worth bool) {
	t = capRunes(text, maxText)
	seen, spelled := survey(t)
	if seen&(seesSign|seesEscape) == 0 && !spelled && !holdsSign(t, seen) {
		return t, false
	}
	if seen&(seesHigh|seesJunk) != 0 {
		if plain := normalise(t); plain != t {
			t = plain
			more, word := survey(t)
			seen, spelled = seen|more, spelled || word
		}
	}
	if seen&seesEscape != 0 {
		t = unescape(t)
		_, word := survey(t)
		spelled = spelled || word
	}
	if spelled {
		t = unspell(t)
	}
	return t, true
}

// holdsSign reports whether a text without an at sign or a slash still has one
// in another width, or a Bluesky name.
func holdsSign(t string, seen uint8) bool {
	if seen&seesHigh != 0 && (strings.Contains(t, "＠") || strings.Contains(t, "﹫")) {
		return true
	}
	return seen&seesDot != 0 && (strings.Contains(t, "bsky.") || strings.Contains(t, "Bsky.") || strings.Contains(t, "BSKY."))
}

// survey looks at every byte once. spelled says that a word for @ or . may be
// in the text, spaces or brackets round it or not.
func survey(t string) (seen uint8, spelled bool) {
	for i := range len(t) {
		what := sees[t[i]]
		seen |= what
		if what&(seesEdge|seesHigh) == 0 || spelled {
			continue
		}
		if what&seesHigh != 0 {
			spelled = scriptSignAt(t, i)
		} else if i+3 < len(t) && beginsSign[t[i+1]] {
			spelled = signWordAt(t, i+1)
		}
	}
	return seen, spelled
}

// beginsSign are the octets with which signWordAt finds something.
var beginsSign = func() (table [256]bool) {
	for _, c := range "adpckmADPCKM@. " {
		table[c] = true
	}
	for c := utf8.RuneSelf; c < len(table); c++ {
		table[c] = true
	}
	return table
}()

// capRunes returns at most the first max characters of s.
func capRunes(s string, max int) string {
	if len(s) <= max {
		return s
	}
	n := 0
	for i := range s {
		if n == max {
			return s[:i]
		}
		n++
	}
	return s
}

// normalise returns the text in NFKC without invisible characters, at most
// maxNormalised characters. Invisible ones go first, so that what they held
// apart is composed like its canonical equivalent.
func normalise(t string) string {
	t = strip(strings.ToValidUTF8(t, " "))
	if norm.NFKC.IsNormalString(t) {
		return t
	}
	const worst = 18 // characters that one may become (U+FDFA)
	if len(t) <= maxNormalised/worst {
		return norm.NFKC.String(t)
	}
	return normaliseLong(t)
}

// normaliseLong normalises piece by piece, so that a text that expands is cut
// before it takes memory.
func normaliseLong(t string) string {
	var it norm.Iter
	it.InitString(norm.NFKC, t)
	var b strings.Builder
	b.Grow(len(t))
	for n := 0; n < maxNormalised && !it.Done(); {
		piece := it.Next()
		n += utf8.RuneCount(piece)
		b.Write(piece)
	}
	return b.String()
}

// strip drops characters that nobody sees, turns controls into spaces and
// gives styled letters that NFKC leaves alone their plain form.
func strip(t string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= ' ' && r < 0x7f || r == '\n' || r == '\t':
			return r
		case r < ' ' || r == 0x7f:
			return ' '
		case invisible(r):
			return -1
		}
		return plainLetter(r)
	}, t)
}

// invisible reports format characters, soft hyphens, joiners, bidi marks,
// variation selectors and tags.
func invisible(r rune) bool {
	switch {
	case r < 0xad:
		return false
	case r == 0xad, r == 0x034f, r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0,
		r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0000 && r <= 0xe0fff:
		return true
	}
	return unicode.Is(unicode.Cf, r)
}

// smallCapitals are the Latin small capitals, which have no decomposition.
var smallCapitals = map[rune]rune{
	'ᴀ': 'a', 'ʙ': 'b', 'ᴄ': 'c', 'ᴅ': 'd', 'ᴇ': 'e', 'ꜰ': 'f', 'ɢ': 'g', 'ʜ': 'h', 'ɪ': 'i', 'ᴊ': 'j',
	'ᴋ': 'k', 'ʟ': 'l', 'ᴍ': 'm', 'ɴ': 'n', 'ᴏ': 'o', 'ᴘ': 'p', 'ꞯ': 'q', 'ʀ': 'r', 'ꜱ': 's', 'ᴛ': 't', 'ᴜ': 'u',
	'ᴠ': 'v', 'ᴡ': 'w', 'ʏ': 'y', 'ᴢ': 'z',
}

// plainLetter undoes what NFKC does not: small capitals and white-on-black
// letters. The trade-mark sign would become letters of the host before it.
func plainLetter(r rune) rune {
	switch {
	case r == '™' || r == '℠':
		return ' '
	case r >= 0x1f150 && r <= 0x1f169:
		return 'a' + r - 0x1f150
	case r >= 0x1f170 && r <= 0x1f189:
		return 'a' + r - 0x1f170
	case r >= 0x0262 && r < 0x0500 || r >= 0x1d00 && r < 0x1d30 || r >= 0xa730 && r < 0xa7b0:
		if plain, ok := smallCapitals[r]; ok {
			return plain
		}
	}
	return r
}
