package bridge

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// quality is how well a text can be broken at a place.
type quality int

// The qualities, worst first.
const (
	never quality = iota - 1
	anywhere
	word
	clause
	sentenceEnd
	paragraphEnd
)

// fillFor is how full, in percent, a status must be for a break of a quality to
// be taken rather than a later and worse one.
var fillFor = map[quality]int{paragraphEnd: 50, sentenceEnd: 40, clause: 60, word: 0, anywhere: 0}

// unit is a piece of a text that is not broken: a character as a reader sees
// it, or an atom.
type unit struct {
	end   int // in bytes
	cost  int
	after quality // of a break behind it
	blank bool
}

// splitter breaks a text into statuses.
type splitter struct {
	text   string
	units  []unit
	limits Limits
	room   int // characters of a status
	first  int // of them, those that the first status needs for something else
	mark   int // of them, those that each needs for its number
}

// newSplitter makes a splitter of a sheet. Atoms that no status can hold are
// broken after all.
func newSplitter(s *sheet, l Limits, room int) *splitter {
	sp := &splitter{text: s.String(), limits: l, room: room}
	rest, state, at := sp.text, -1, 0
	atoms, cost := sp.breakable(s.atoms)
	for rest != "" {
		var cluster string
		var flags int
		cluster, rest, flags, state = uniseg.StepString(rest, state)
		end := at + len(cluster)
		if len(atoms) > 0 && atoms[0].end <= at {
			atoms, cost = atoms[1:], cost[1:]
		}
		u := unit{end: end, cost: l.characters(cluster), blank: strings.TrimSpace(cluster) == "", after: sp.qualityAt(end, flags)}
		switch {
		case len(atoms) > 0 && at >= atoms[0].start:
			sp.join(u, at == atoms[0].start, cost[0])
		case u.cost > maxCluster:
			sp.shatter(at, cluster)
		default:
			sp.units = append(sp.units, u)
		}
		at = end
	}
	return sp
}

// shatter takes apart what is one character to a reader and hundreds to the
// server: nobody writes that in earnest.
func (sp *splitter) shatter(at int, cluster string) {
	for i, r := range cluster {
		sp.units = append(sp.units, unit{end: at + i + utf8.RuneLen(r), cost: 1})
	}
}

// breakable leaves out the atoms that no status can hold, and counts the others.
func (sp *splitter) breakable(atoms []span) (kept []span, cost []int) {
	for _, a := range atoms {
		if n := sp.limits.Count(sp.text[a.start:a.end]); n <= sp.room {
			kept, cost = append(kept, a), append(cost, n)
		}
	}
	return kept, cost
}

// join adds u to an atom: its first character stands for the cost of all.
func (sp *splitter) join(u unit, first bool, cost int) {
	if first {
		u.cost = cost
		sp.units = append(sp.units, u)
		return
	}
	last := &sp.units[len(sp.units)-1]
	last.end, last.after = u.end, u.after
}

// qualityAt rates a break at a byte of the text.
func (sp *splitter) qualityAt(at, flags int) quality {
	next, _ := utf8.DecodeRuneInString(sp.text[at:])
	left := strings.TrimRightFunc(sp.text[:at], unicode.IsSpace)
	last, _ := utf8.DecodeLastRuneInString(left)
	gap := sp.text[len(left):at]
	switch {
	case isAt(next), next == joiner, len(gap) == 0 && isAt(last):
		return never // what follows must not begin with an @
	case unicode.IsSpace(next) && next != '\n':
		return anywhere
	case strings.Count(gap, "\n") > 1:
		return paragraphEnd
	case strings.Contains(gap, "\n"), gap != "" && unicode.IsUpper(next) && endsInLink(left):
		return sentenceEnd
	case flags&uniseg.MaskSentence != 0 && endsSentence(left):
		return sentenceEnd
	case flags&uniseg.MaskLine == uniseg.LineDontBreak:
		return anywhere
	case strings.HasPrefix(sp.text[at:], "http"): // a link stays with what brings it in
		return word
	case strings.ContainsRune(",;:、，；：—–)）」", last):
		return clause
	}
	return word
}

// endsInLink reports that the last word of a text is a link; what begins with a
// capital behind it is a new sentence.
func endsInLink(text string) bool {
	return strings.HasPrefix(text[strings.LastIndexFunc(text, unicode.IsSpace)+1:], "http")
}

// endsSentence reports that a text ends in the mark of a sentence's end, and
// not in an abbreviation or a number of a list.
func endsSentence(text string) bool {
	bare := strings.TrimRight(text, `"'”’»)]）」』`)
	last, _ := utf8.DecodeLastRuneInString(bare)
	if last != '.' {
		return strings.ContainsRune("!?…。！？｡؟।", last)
	}
	start := strings.LastIndexFunc(bare, unicode.IsSpace) + 1
	lastWord := strings.TrimLeft(bare[start:len(bare)-1], `("'“„`)
	if abbreviations[strings.ToLower(lastWord)] || strings.Trim(lastWord, "0123456789") == "" {
		return false
	}
	return utf8.RuneCountInString(lastWord) > 1 // else an initial
}

var abbreviations = map[string]bool{
	"dr": true, "mr": true, "mrs": true, "ms": true, "st": true, "prof": true, "vs": true, "e.g": true, "i.e": true, "cf": true, "ca": true,
	"z.b": true, "d.h": true, "u.a": true, "bzw": true, "nr": true, "no": true, "vol": true, "p.s": true, "jr": true, "sr": true, "fig": true,
}

// split returns the statuses' texts.
func (sp *splitter) split() []string {
	parts, worst := sp.pass(sp.room)
	if len(parts) < 2 || sp.limits.Count(parts[len(parts)-1])*shortTail >= sp.room {
		return parts
	}
	for percent := 50; percent < 100; percent += 5 { // even out a last status that is nearly empty
		even, w := sp.pass(sp.room * percent / 100)
		if len(even) == len(parts) && w >= worst {
			return even
		}
	}
	return parts
}

// pass fills statuses of at most room characters one after the other; worst is
// the worst break that it took.
func (sp *splitter) pass(room int) (parts []string, worst quality) {
	worst = paragraphEnd
	for from := sp.skip(0); from < len(sp.units); {
		space := room - sp.mark
		if len(parts) == 0 {
			space -= sp.first
		}
		bare := sp.beginsInMention(from)
		if bare {
			space--
		}
		to := sp.fitting(from, space)
		if to < len(sp.units) {
			var q quality
			to, q = sp.best(from, to, space)
			worst = min(worst, q)
		}
		part := strings.TrimSpace(sp.text[sp.start(from):sp.units[to-1].end])
		if bare {
			part = part[:1] + string(joiner) + part[1:]
		}
		parts = append(parts, part)
		from = sp.skip(to)
	}
	return parts, worst
}

// beginsInMention reports that a status which begins with unit i begins with an
// @ that was none of a mention only for what stood before it: text that can be
// broken nowhere else.
func (sp *splitter) beginsInMention(i int) bool {
	text := sp.text[sp.start(i):]
	after, _ := utf8.DecodeRuneInString(strings.TrimPrefix(text, "@"))
	return text[0] == '@' && isNamePart(after)
}

func (sp *splitter) start(i int) int {
	if i == 0 {
		return 0
	}
	return sp.units[i-1].end
}

// skip passes blanks.
func (sp *splitter) skip(i int) int {
	for i < len(sp.units) && sp.units[i].blank {
		i++
	}
	return i
}

// fitting returns the end of the units from from on that fit into space; at
// least one does.
func (sp *splitter) fitting(from, space int) int {
	to, cost := from, 0
	for i := from; i < len(sp.units); i++ {
		cost += sp.units[i].cost
		if cost > space && !sp.units[i].blank {
			break
		}
		to = i + 1
	}
	to = max(to, from+1)
	for to > from+1 && sp.limits.Count(strings.TrimSpace(sp.text[sp.start(from):sp.units[to-1].end])) > space {
		to-- // a link was made by what came together
	}
	if sp.skip(to) == len(sp.units) {
		return len(sp.units)
	}
	return to
}

// best chooses where to break within the units [from, to).
func (sp *splitter) best(from, to, space int) (int, quality) {
	last := map[quality]int{}
	fill, cost := map[quality]int{}, 0
	for i := from; i < to; i++ {
		cost += sp.units[i].cost
		q := sp.units[i].after
		last[q], fill[q] = i+1, cost
	}
	for q := paragraphEnd; q >= anywhere; q-- {
		if last[q] > 0 && fill[q]*100 >= space*fillFor[q] {
			return last[q], q
		}
	}
	return to, never
}

// numbered marks the parts of one text.
func numbered(parts []string) []string {
	for i := range parts {
		parts[i] += markOf(i+1, len(parts))
	}
	return parts
}

func markOf(i, n int) string { return " " + strconv.Itoa(i) + "/" + strconv.Itoa(n) }
