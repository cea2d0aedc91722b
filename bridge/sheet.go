package bridge

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/internal/social"
)

// joiner is U+2060, which is invisible and belongs to no name: put behind an @
// it keeps every server from taking what follows for a mention. It was checked
// against the patterns of Mastodon, GoToSocial and snac.
const joiner = '\u2060'

// span is text[start:end].
type span struct{ start, end int }

// sheet is a text while it is written. Whatever is put on it, it never holds an
// @ that a server could take for a mention, nor a link that runs into what
// follows it.
type sheet struct {
	text    []byte
	atoms   []span // that are never broken: links, names, tags; in order
	fl      social.Flavour
	most    func(link string) bool // whether a link is short enough
	tooLong bool                   // a link was not
	tail    bool                   // a link ends here
}

func (s *sheet) String() string { return string(s.text) }

// paragraph begins a new one, unless the sheet is empty.
func (s *sheet) paragraph() { s.space("\n\n") }

// newline begins a new line, unless the sheet is empty.
func (s *sheet) newline() { s.space("\n") }

func (s *sheet) space(with string) {
	s.trim(unicode.IsSpace)
	if len(s.text) > 0 {
		s.text = append(s.text, with...)
	}
	s.tail = false
}

// trim takes characters off the end.
func (s *sheet) trim(cut func(rune) bool) {
	s.text = bytes.TrimRightFunc(s.text, cut)
	s.atoms = slices.DeleteFunc(s.atoms, func(a span) bool { return a.end > len(s.text) })
}

// plain writes a stranger's words: made harmless, with nothing taken out that
// can be read.
func (s *sheet) plain(text string) {
	for _, r := range legible(text) {
		s.put(r)
	}
}

// legible is a stranger's text without what cannot be seen or turns other text
// around.
func legible(text string) string {
	clean := social.Clean(lineEnds.Replace(text), len(text)+1)
	if !strings.ContainsFunc(clean, isHidden) {
		return clean
	}
	var b strings.Builder
	flag := false
	for _, r := range clean {
		flag = r == blackFlag || flag && isTagLetter(r)
		if !isHidden(r) || flag {
			b.WriteRune(r)
		}
	}
	return b.String()
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n", "\u0085", "\n", "\t", " ")

// blackFlag begins the flags of England, Scotland and Wales, which are spelled
// in letters that are invisible everywhere else.
const blackFlag = '\U0001F3F4'

func isTagLetter(r rune) bool { return r >= 0xe0020 && r <= 0xe007f }

// isHidden tells characters that show nothing and that social.Clean lets pass.
func isHidden(r rune) bool {
	return r >= 0xe0000 && r <= 0xe0fff || r >= 0x2060 && r <= 0x2064 || r >= 0xfff9 && r <= 0xfffb || r == 0x180e
}

// put writes one character.
func (s *sheet) put(r rune) {
	if len(s.text) == 0 && unicode.IsSpace(r) {
		return
	}
	if s.tail {
		s.leaveLink(r)
	}
	if (isNamePart(r) || clings(r)) && s.endsInMention() {
		s.text = utf8.AppendRune(s.text, joiner)
	}
	s.text = utf8.AppendRune(s.text, r)
}

// leaveLink keeps r from becoming a part of the link before it. Servers end a
// link before ordinary punctuation only when a space follows.
func (s *sheet) leaveLink(r rune) {
	switch {
	case unicode.IsSpace(r), r == ')': // a link's own brackets are balanced
		s.tail = false
	case !strings.ContainsRune(".,;:!?", r):
		s.text = append(s.text, ' ')
		s.tail = false
	}
}

// isNamePart tells the characters that can follow the @ of a mention on any
// server: GoToSocial takes letters of all scripts.
func isNamePart(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_' || r == '.' || r == '-'
}

// clings tells characters that show on the one before them or not at all; some
// program on the way may drop them.
func clings(r rune) bool { return unicode.Is(unicode.M, r) || r == '\u200c' || r == '\u200d' }

// endsInMention reports that the text ends in an @ which would begin a mention.
// Mastodon and GoToSocial see none after a letter, so that addresses stay whole
// there; snac looks at nothing before it.
func (s *sheet) endsInMention() bool {
	at, n := utf8.DecodeLastRune(s.text)
	if !isAt(at) {
		return false
	}
	before, _ := utf8.DecodeLastRune(s.text[:len(s.text)-n])
	return at != '@' || !looksBack(s.fl) || !isWord(before)
}

func isAt(r rune) bool { return r == '@' || r == '＠' || r == '﹫' }

// looksBack reports that the server takes an @ within a word for no mention.
func looksBack(fl social.Flavour) bool { return fl == social.Mastodon || fl == social.GoToSocial }

func isWord(r rune) bool {
	return r == '_' || r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// atom writes something that is never broken.
func (s *sheet) atom(write func()) {
	start := len(s.text)
	write()
	end := len(s.text)
	for start < end && (s.text[start] == ' ' || s.text[start] == '\n') {
		start++
	}
	kept := s.atoms[:0]
	for _, a := range s.atoms {
		if a.start < start {
			kept = append(kept, a)
		}
	}
	s.atoms = append(kept, span{start, end})
}

// link writes an address, or as a text what is none.
func (s *sheet) link(raw string) {
	link, ok := s.fit(raw)
	switch {
	case !ok:
		s.plain(raw)
		return
	case s.most != nil && !s.most(link):
		s.tooLong = true
		s.plain(hostOf(link) + "/…")
		return
	}
	s.atom(func() {
		if before, _ := utf8.DecodeLastRune(s.text); len(s.text) > 0 && !unicode.IsSpace(before) && !strings.ContainsRune(`([{"'“„«‘「『（【《:：—–`, before) || s.tail {
			s.text = append(s.text, ' ')
		}
		s.text = append(s.text, link...)
	})
	s.tail = true
}

// fit makes an address fit for a text: http or https, without a name and a
// password, nothing in it that ends it early or can be taken for a mention.
func (s *sheet) fit(raw string) (string, bool) {
	raw = strings.TrimSpace(raw)
	if len(raw) > maxLink || !utf8.ValidString(raw) || !webLink.MatchString(raw) {
		return "", false
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || strings.ContainsFunc(u.Host, badInHost) {
		return "", false
	}
	brackets := balanced(raw)
	var b strings.Builder
	before := rune(0)
	for i, r := range raw {
		next, _ := utf8.DecodeRuneInString(raw[i+utf8.RuneLen(r):])
		if badInLink(r) || !brackets && (r == '(' || r == ')') || isAt(r) && isNamePart(next) && !(r == '@' && before == '/' && looksBack(s.fl)) {
			b.WriteString(url.PathEscape(string(r)))
			if r == '@' || r == '(' || r == ')' {
				b.Reset()
				return s.fit(escapeOne(raw, i))
			}
		} else {
			b.WriteRune(r)
		}
		before = r
	}
	return b.String(), true
}

var webLink = regexp.MustCompile(`^(?i)https?://\S`)

// escapeOne writes the ASCII character at i as %XX.
func escapeOne(raw string, i int) string {
	const hex = "0123456789ABCDEF"
	return raw[:i] + "%" + string(hex[raw[i]>>4]) + string(hex[raw[i]&15]) + raw[i+1:]
}

func badInHost(r rune) bool {
	return isAt(r) || r == '%' || badInLink(r) || r < utf8.RuneSelf && !isWord(r) && !strings.ContainsRune(".-:[]", r)
}

func badInLink(r rune) bool {
	return unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || isHidden(r) || strings.ContainsRune("<>\"{}|\\^`", r)
}

// balanced reports that brackets are closed in the order in which they open.
func balanced(s string) bool {
	depth := 0
	for _, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}

func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Host
}

// tag writes a hashtag; text is as the author wrote it, with its #.
func (s *sheet) tag(text string) {
	text = strings.Replace(text, "＃", "#", 1)
	s.atom(func() { s.plain(text) })
}

// line writes one of the person's lines, its names in braces replaced by what
// the functions write. An empty line writes nothing.
func (s *sheet) line(template string, values map[string]func()) {
	for template != "" {
		open := strings.IndexByte(template, '{')
		end := strings.IndexByte(template[max(open, 0):], '}')
		if open < 0 || end < 0 {
			break
		}
		s.plain(template[:open])
		name := template[open+1 : open+end]
		if write, ok := values[name]; ok {
			write()
		} else {
			s.plain("{" + name + "}")
		}
		template = template[open+end+1:]
	}
	s.plain(template)
}

// strayLinks adds atoms for what looks like an address in the plain text:
// servers count and show it as one.
func (s *sheet) strayLinks() {
	for _, m := range strayLink.FindAllIndex(s.text, -1) {
		covered := slices.ContainsFunc(s.atoms, func(a span) bool { return a.start < m[1] && m[0] < a.end })
		if !covered {
			s.atoms = append(s.atoms, span{m[0], m[1]})
		}
	}
	slices.SortFunc(s.atoms, func(a, b span) int { return a.start - b.start })
}

// strayLink is what Mastodon counts as a link, generously.
var strayLink = regexp.MustCompile(`(?i)(?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini|xmpp|magnet):\S+`)
