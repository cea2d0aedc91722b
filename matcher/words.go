package matcher

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxWords    = 16 // of a clause that are weighed, the nearest
	maxWordText = 2 * maxBefore
	phraseWords = 3 // of the longest phrase
)

// words is a clause cut into lower-case words, in memory of its own size.
type words struct {
	text   [maxWordText]byte // the words, a space after each
	size   int
	starts [maxWords]int
	breaks [maxWords]bool  // a comma or its like stands before the word
	weight [maxWords]uint8 // for how many words it counts as a distance
	script [maxWords]bool  // of a script without spaces
	n      int
	comma  bool // one stands at the very end
	colon  bool // one stands at the very end
	dash   bool // one stands at the very end
	apart  bool // something besides spaces stands at the very end
	opens  bool // the clause opens an item of a profile
}

// read cuts t[from:to] into words; of a clause with more than maxWords the
// first are dropped.
func (w *words) read(t string, from, to int) {
	for i := from; i < to; {
		r, n := rune(t[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(t[i:to])
		}
		w.apart = w.apart || r != ' '
		switch {
		case isArrow(r):
			w.colon = true
		case isEmblem(r):
			if m, says := cuesBefore.phrases[t[i:i+n]]; says && m == pair {
				w.add(t[i:i+n], 0)
			} else if says { // the others are ornaments
				w.add(t[i:i+n], 1)
			}
		case isWordRune(r):
			n = wordLen(t[i:to])
			if isCJK(r) {
				w.cut(t[i : i+n])
			} else {
				w.split(trimDashes(t[i : i+n]))
			}
		case r == ':':
			w.colon = true
		case r == '@' && i+1 < to && t[i+1] == ' ':
			w.add("@", 1) // "works @ @u@host"
		case r == '–' || r == '—':
			w.comma, w.dash = true, true
		case r == ',' || r == '、' || r == '，' || r == '・' || r < ' ':
			w.comma = true
		}
		i += n
	}
	if w.n > 1 && !w.apart && articles[string(w.phrase(w.n-1, w.n))] {
		w.weight[w.n-1] = 0 // "in the @u@host"
	}
}

// articles stand before what is no person's name.
var articles = set("the a our das die der den dem le la les l' el los las o os il lo i gli het de")

// split adds a word; a slash parts words unless the whole means something, as
// in "h/t", and a dash or slash by itself parts like a comma.
func (w *words) split(word string) {
	if strings.IndexByte(word, '/') < 0 {
		w.add(word, 1)
		w.comma, w.dash = w.comma || word == "", w.dash || word == ""
		return
	}
	if _, says := cuesBefore.phrases[lower(word)]; says {
		w.add(word, 1)
		return
	}
	for part := range strings.SplitSeq(word, "/") {
		w.add(part, 1)
	}
	w.comma = w.comma || strings.Trim(word, "/") == ""
}

func trimDashes(word string) string {
	for word != "" && (word[0] == '-' || word[0] == '_') {
		word = word[1:]
	}
	for word != "" && (word[len(word)-1] == '-' || word[len(word)-1] == '_') {
		word = word[:len(word)-1]
	}
	return word
}

// topics are particles that do for a colon: "icon is".
const topics = "は是은는이가"

// cut takes a run of a script without spaces apart into the phrases that say
// something, the longest first, and what lies between. Two characters count
// for a word.
func (w *words) cut(run string) {
	rest := 0
	for i := 0; i < len(run); {
		_, n := cuesBefore.inScript(run[i:])
		if n == 0 {
			_, n = utf8.DecodeRuneInString(run[i:])
			i += n
			continue
		}
		w.addScript(run[rest:i])
		w.addScript(run[i : i+n])
		i += n
		rest = i
	}
	tail := strings.TrimRight(run[rest:], topics)
	w.addScript(tail)
	w.colon = w.colon || len(tail) < len(run)-rest
}

func (w *words) addScript(part string) {
	if part == "" {
		return
	}
	w.add(part, min(uint8(utf8.RuneCountInString(part)+1)/2, maxWords))
	if w.n > 0 {
		w.script[w.n-1] = true
	}
}

// wordLen returns the length of the word at the start of t; a change between
// scripts ends it.
func wordLen(t string) int {
	first, _ := utf8.DecodeRuneInString(t)
	script := isCJK(first)
	for i, r := range t {
		if !isWordRune(r) || r >= utf8.RuneSelf && isEmblem(r) || isCJK(r) != script && r != '-' {
			return i
		}
	}
	return len(t)
}

func (w *words) add(word string, weight uint8) {
	if word == "" || w.size+len(word)+4 >= maxWordText {
		return
	}
	if w.n == maxWords {
		copy(w.starts[:], w.starts[1:])
		copy(w.breaks[:], w.breaks[1:])
		copy(w.weight[:], w.weight[1:])
		copy(w.script[:], w.script[1:])
		w.n--
	}
	w.starts[w.n], w.breaks[w.n], w.weight[w.n], w.script[w.n] = w.size, w.comma, weight, false
	w.comma, w.colon, w.dash, w.apart = false, false, false, false
	w.n++
	for _, r := range word {
		if r < utf8.RuneSelf {
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			}
			w.text[w.size] = byte(r)
			w.size++
			continue
		}
		w.size += utf8.EncodeRune(w.text[w.size:w.size+4], unicode.ToLower(r))
		if w.size+6 >= maxWordText {
			break
		}
	}
	w.text[w.size] = ' '
	w.size++
}

// phrase returns words from to to, without the last space.
func (w *words) phrase(from, to int) []byte {
	end := w.size
	if to < w.n {
		end = w.starts[to]
	}
	return w.text[w.starts[from] : end-1]
}

// cue is what one phrase of a clause says.
type cue struct {
	mood  mood
	first int  // the word with which it begins
	gap   int  // words between it and the handle
	by    bool // its last word says that what follows is a maker: "drawn by"
	brief bool // a single character of a script without spaces, which may be part of any word
}

// byWords name a maker.
var byWords = set("by von vom par por pelo pela da di de dal door av af od przez от by: 由")

// at returns the cue that ends with word k, gap words before the handle; the
// longest phrase counts.
func (w *words) at(k, gap int) cue {
	word := w.phrase(k, k+1)
	last := cuesBefore.lasts[string(word)]
	c := cue{gap: gap, by: last.by}
	for c.first = max(0, k-last.words+1); c.first <= k && last.words > 0; c.first++ {
		text := w.phrase(c.first, k+1)
		if m, ok := cuesBefore.phrases[string(text)]; ok {
			c.mood, c.brief = m, w.script[k] && utf8.RuneCount(text) == 1
			return c
		}
	}
	c.first = k
	switch {
	case begins(word, fediStems[:]):
		c.mood = fedi
	case begins(word, imageStems[:]):
		c.mood = near
	}
	return c
}

// fediStems begin the words that languages make of the fediverse's names:
// Mastodon-Adresse, mastodonissa, w Fediversum.
var fediStems = [...]string{"mastodon", "fediver", "мастодон", "федивер"}

// imageStems begin the words for what others draw or photograph for a profile:
// Headerfoto, bannerbild, аватарка.
var imageStems = [...]string{"header", "banner", "avatar", "аватар", "profilbild", "profilfoto", "titelbild", "profielfoto"}

func begins(word []byte, stems []string) bool {
	for _, stem := range stems {
		if len(word) >= len(stem) && string(word[:len(stem)]) == stem {
			return true
		}
	}
	return false
}

// isArrow tells the arrows and hands that point at what follows, as a colon
// does.
func isArrow(r rune) bool {
	return r == '→' || r == '⇒' || r == '➡' || r == '➜' || r == '➔' || r == '⟶' || r == '👉' || r == '▶' || r == '↳' || r == '↪'
}

// leading returns what the first words say of a handle before them, and how
// many octets they take.
func (w *words) leading() (m mood, length int) {
	for to := min(w.n, phraseWords+1); to > 0; to-- {
		phrase := w.phrase(0, to)
		if m, ok := cuesAfter.phrases[string(phrase)]; ok {
			return m, len(phrase)
		}
	}
	return none, 0
}

// calls reports whether the first words are "my" and a relation.
func (w *words) calls() bool {
	for k := 1; k < min(w.n, phraseWords) && w.isOwn(0); k++ {
		if m := w.at(k, 0).mood; m == tag || m == dear || m == near {
			return true
		}
	}
	return false
}

// reading is what the words before a handle amount to so far.
type reading struct {
	mood     mood
	labelled bool
	belongs  bool // "at", "of" or its like stands directly before the handle
	by       bool // a word for a maker stands before it
}

// weigh goes back from the handle word by word. The nearest cue that says
// whose it is decides; beyond it only the fediverse's name is looked for, and
// beyond a doubt also somebody else's.
func (w *words) weigh() (m mood, labelled bool) {
	var r reading
	gap := 0
	for k := w.n - 1; k >= 0 && !(w.comma && k < w.n-1); {
		c := w.at(k, gap)
		if done := w.hear(&r, c); done || w.breaks[c.first] {
			break // beyond the comma another thing is said
		}
		for ; k >= c.first; k-- {
			gap += int(w.weight[k])
		}
	}
	return r.mood, r.labelled
}

// hear adds one cue, farther away than those before, to what was read; done
// says that nothing beyond it matters.
func (w *words) hear(r *reading, c cue) (done bool) {
	r.by = r.by || c.by
	switch {
	case c.mood == fedi && c.gap == 0:
		r.mood, r.labelled = w.owner(c.first), true
		return true
	case c.mood == fedi:
		r.labelled = r.labelled || !c.brief
	case c.mood == of && c.gap == 0:
		r.belongs = true
	case c.mood == none && r.belongs && c.gap <= jobWords && isRole(w.phrase(c.first, c.first+1)):
		return w.settle(r, theirs, c)
	case c.mood == none && c.gap == 0 && w.isObject(c.first):
		return w.settle(r, could, c)
	case w.isAbout(c, *r):
		r.mood = theirs // whatever verb lies between: "my wife toots at"
		return true
	default:
		return w.settle(r, w.says(c, *r), c)
	}
	return false
}

// settle weighs what a cue says of the handle against what was read before.
func (w *words) settle(r *reading, m mood, c cue) (done bool) {
	switch {
	case m == none:
		return false
	case (m == mail || m == chat || m == desk || m == post) && r.mood == none && w.namesFedi(c.first-1):
		r.mood, r.labelled = w.owner(c.first-1), true // "Fedi + XMPP:", "Mastodon/email:"
		return true
	case r.mood == none, r.mood == could && m == theirs:
		r.mood = m
		return m != mine && m != could && m != invite
	}
	return m != mine && m != could // "mail me …, I am": no label lies beyond
}

// namesFedi reports whether word k, and no comma after it, names the
// fediverse.
func (w *words) namesFedi(k int) bool {
	return k >= 0 && !w.breaks[k+1] && w.at(k, 0).mood == fedi
}

// says returns whose the handle is by one cue, none when the cue is too far
// away to speak of it.
func (w *words) says(c cue, r reading) mood {
	switch c.mood {
	case theirs:
		if c.gap > nearWords {
			return when(c.gap <= farWords, could)
		}
		return theirs
	case near:
		return when(c.gap <= nearWords || r.by && c.gap <= byReach, theirs)
	case maker:
		return when(c.gap <= byReach, theirs)
	case next:
		return when(c.gap == 0, theirs)
	case tag:
		if !w.tags(c, r) {
			return when(c.gap == 0 && w.script[c.first] && w.opens && !w.apart, could) // a space does for the colon
		}
		return theirs
	case dear:
		return when(c.gap == 0 || w.tags(c, r), theirs)
	case pair:
		if c.gap == 0 && w.colon {
			return theirs
		}
		return when(c.gap == 0 && w.n == 1 && w.opens, could)
	case job:
		return w.post(c, r)
	case could:
		return when(c.gap <= nearWords, could)
	case invite:
		if c.gap == 0 && w.colon {
			return mine
		}
		return when(c.gap == 0, invite)
	case old:
		return when(c.gap == 0, old)
	case mail, chat, desk:
		return when(c.gap <= chatWords, c.mood)
	case mine:
		return mine
	}
	return none
}

// tags reports whether a word for a person or a work labels the handle: by "my"
// before it, a colon after it, or "of" or its like.
func (w *words) tags(c cue, r reading) bool {
	return (r.belongs || w.colon && !w.isEmblem(c.first)) && c.gap <= nearWords || c.gap == 0 && (w.points() || w.isOwn(c.first-1))
}

// points reports whether a colon leads to the handle, or a dash after a word or
// two.
func (w *words) points() bool { return w.colon || w.dash && w.n <= 2 && w.opens }

func when(holds bool, m mood) mood {
	if holds {
		return m
	}
	return none
}

// isEmblem reports whether word k is an emoji.
func (w *words) isEmblem(k int) bool {
	r, _ := utf8.DecodeRune(w.phrase(k, k+1))
	return isEmblem(r)
}

// isOwn reports whether word k is "my" or its like.
func (w *words) isOwn(k int) bool {
	return k >= 0 && cuesBefore.phrases[string(w.phrase(k, k+1))] == own
}

// owner says whose a "Mastodon:" is that begins with word first: neither "my
// wife's Mastodon" nor "my friend is on Mastodon" is the author's.
func (w *words) owner(first int) mood {
	for k := first - 1; k >= max(0, first-farWords); k-- {
		if c := w.at(k, 0); (c.mood == tag || c.mood == dear) && w.isOwn(c.first-1) {
			return theirs
		}
	}
	if first == 0 {
		return mine
	}
	switch before := string(w.phrase(first-1, first)); {
	case isPossessive(before):
		return theirs
	case formerWords[before]:
		return old // "Old Mastodon:"
	}
	return mine
}

// formerWords stand before the name of what one had.
var formerWords = set("old former previous ex dead defunct alter altes altem früherer ehemaliges ancien ancienne antiguo antigua viejo antigo velho vecchio oud oude stary старый gammal gammel")

func isPossessive(word string) bool {
	return strings.HasSuffix(word, "'s") || strings.HasSuffix(word, "’s") || word == "his" || word == "her" || word == "their"
}
