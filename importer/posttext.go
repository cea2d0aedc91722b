package importer

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/internal/social"
)

// stretch is a piece of a source's text that means something.
type stretch struct {
	at      indices
	literal string         // how it is written there, without regard to case
	entity  *social.Entity // what becomes of it; nil for a piece to be left out
	text    string         // what stands for it in the Post; "" for what was there
}

// composer makes the text of a Post from that of a source: it replaces pieces,
// undoes escapes, and finds where everything came to stand.
type composer struct {
	source  string
	starts  []int // byte of each code point of source, and its length
	escaped bool  // source is written with &amp; &lt; &gt;
	out     []byte
	pieces  []movedPiece
	found   []social.Entity
}

// movedPiece tells where source[from:to] came to stand, and whether unchanged.
type movedPiece struct {
	from, to, start, end int
	same                 bool
}

// compose returns the text and its entities. Indices of stretches are code
// points of the source as it is written, which is how X counts.
func compose(source string, escaped bool, stretches []stretch) *composer {
	c := &composer{source: withoutControls(source), escaped: escaped}
	c.starts = make([]int, 0, len(c.source)+1)
	for i := range c.source {
		c.starts = append(c.starts, i)
	}
	c.starts = append(c.starts, len(c.source))
	at := 0
	for _, s := range c.place(stretches) {
		if s.at.from < at {
			continue // overlaps the one before
		}
		c.copy(at, s.at.from)
		at = s.at.to
		if s.entity == nil {
			at = c.leaveOut(s.at.from, at)
			continue
		}
		c.put(s)
	}
	c.copy(at, len(c.source))
	c.trim()
	return c
}

// withoutControls puts a blank for every control character but line breaks and
// tabs, so that indices stay right.
func withoutControls(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return ' '
		}
		return r
	}, s)
}

// place turns indices into bytes, in the order of the text. A stretch that is
// not where its indices say is looked for; what is nowhere is dropped.
func (c *composer) place(stretches []stretch) []stretch {
	placed := make([]stretch, 0, len(stretches))
	for _, s := range stretches {
		if from, to, ok := c.locate(s); ok {
			s.at = indices{from, to}
			placed = append(placed, s)
		}
	}
	slices.SortStableFunc(placed, func(a, b stretch) int { return cmp.Compare(a.at.from, b.at.from) })
	return placed
}

func (c *composer) locate(s stretch) (from, to int, ok bool) {
	if 0 <= s.at.from && s.at.from < s.at.to && s.at.to < len(c.starts) {
		from, to = c.starts[s.at.from], c.starts[s.at.to]
		if s.literal == "" || sameWord(c.source[from:to], s.literal) {
			return from, to, true
		}
	}
	if s.literal == "" {
		return 0, 0, false
	}
	from = strings.Index(c.source, s.literal)
	return from, from + len(s.literal), from >= 0
}

// sameWord compares without regard to case and to full-width signs.
func sameWord(a, b string) bool {
	return strings.EqualFold(strings.NewReplacer("＠", "@", "＃", "#").Replace(a), b)
}

// leaveOut passes source[from:to] and one of the blanks around it.
func (c *composer) leaveOut(from, to int) int {
	end := to
	before := len(c.out) == 0 || c.out[len(c.out)-1] == ' ' || c.out[len(c.out)-1] == '\n'
	if before && to < len(c.source) && c.source[to] == ' ' {
		end++
	}
	c.pieces = append(c.pieces, movedPiece{from, end, len(c.out), len(c.out), false})
	return end
}

func (c *composer) put(s stretch) {
	text := s.text
	if text == "" {
		text = c.unescape(c.source[s.at.from:s.at.to])
	}
	e := *s.entity
	e.Start = len(c.out)
	c.out = append(c.out, text...)
	e.End = len(c.out)
	c.pieces = append(c.pieces, movedPiece{s.at.from, s.at.to, e.Start, e.End, s.text == "" && !c.escaped})
	c.found = append(c.found, e)
}

var unescaper = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")

func (c *composer) unescape(s string) string {
	if !c.escaped {
		return s
	}
	return unescaper.Replace(s)
}

// copy takes source[from:to] as it is. Before 2011 X marked neither links nor
// names, and of reposts it marks only some: those in plain sight are found here.
func (c *composer) copy(from, to int) {
	if from >= to {
		return
	}
	text, start := c.unescape(c.source[from:to]), len(c.out)
	for _, m := range plain.FindAllStringIndex(text, -1) {
		if e, ok := plainEntity(text, m[0], m[1], c.out); ok {
			e.Start, e.End = e.Start+start, e.End+start
			c.found = append(c.found, e)
		}
	}
	c.out = append(c.out, text...)
	c.pieces = append(c.pieces, movedPiece{from, to, start, len(c.out), !c.escaped})
}

var plain = regexp.MustCompile(`(?i)https?://[^\s<>"]+|[@＠][a-z0-9_]{1,20}`)

// plainEntity is what text[from:to] is, unless the letters before it make it a
// part of something else, such as an address of mail.
func plainEntity(text string, from, to int, out []byte) (social.Entity, bool) {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	if from == 0 {
		before, _ = utf8.DecodeLastRune(out)
	}
	if before == '_' || before != utf8.RuneError && (unicode.IsLetter(before) && before < utf8.RuneSelf || unicode.IsDigit(before)) {
		return social.Entity{}, false
	}
	if name, ok := strings.CutPrefix(strings.Replace(text[from:to], "＠", "@", 1), "@"); ok {
		return social.Entity{Kind: social.MentionEntity, Start: from, End: to, Username: name}, before != '@' && before != '/'
	}
	link := strings.TrimRight(text[from:to], `.,;:!?)]}'"…`)
	cut := strings.HasPrefix(text[from+len(link):], "…") // a link cut with the text leads nowhere
	return social.Entity{Kind: social.LinkEntity, Start: from, End: from + len(link), URL: link}, !cut && len(link) > len("https://")
}

// trim takes blanks from both ends.
func (c *composer) trim() {
	c.cutTo(len(strings.TrimRightFunc(string(c.out), unicode.IsSpace)))
	left := len(c.out) - len(strings.TrimLeftFunc(string(c.out), unicode.IsSpace))
	c.out = c.out[left:]
	c.found = slices.DeleteFunc(c.found, func(e social.Entity) bool { return e.Start < left })
	for i := range c.found {
		c.found[i].Start -= left
		c.found[i].End -= left
	}
	for i := range c.pieces {
		c.pieces[i].clip(left, left+len(c.out))
		c.pieces[i].start -= left
		c.pieces[i].end -= left
	}
}

// cutTo ends the text after n bytes.
func (c *composer) cutTo(n int) {
	c.out = c.out[:n]
	c.found = slices.DeleteFunc(c.found, func(e social.Entity) bool { return e.End > n })
	for i := range c.pieces {
		c.pieces[i].clip(0, n)
	}
}

// clip keeps what lies in [start, end), on both sides where they are the same.
func (p *movedPiece) clip(start, end int) {
	first, last := max(0, start-p.start), max(0, p.end-end)
	p.start, p.end = min(max(p.start, start), end), max(min(p.end, end), start)
	if p.same {
		p.from, p.to = min(p.from+first, p.to), max(p.to-last, p.from)
	}
}

// dropLast leaves out the last entity if the text ends with it.
func (c *composer) dropLast(link string) {
	last := len(c.found) - 1
	if last < 0 || c.found[last].Kind != social.LinkEntity || c.found[last].URL != link || c.found[last].End != len(c.out) {
		return
	}
	c.cutTo(len(strings.TrimRightFunc(string(c.out[:c.found[last].Start]), unicode.IsSpace)))
}

// moved is where source's code points [at.from, at.to) came to stand. It only
// serves a text without escapes, in which a copied piece keeps its length.
func (c *composer) moved(at indices) (start, end int) {
	if at.from < 0 || at.to <= at.from || at.to >= len(c.starts) {
		return 0, 0
	}
	start, end = -1, 0
	from, to := c.starts[at.from], c.starts[at.to]
	for _, p := range c.pieces {
		if p.to <= from || p.from >= to {
			continue
		}
		first, last := p.start, p.end
		if p.same {
			first, last = p.start+max(0, from-p.from), p.end-max(0, p.to-to)
		}
		if start < 0 {
			start = first
		}
		end = max(end, last)
	}
	return start, end
}
