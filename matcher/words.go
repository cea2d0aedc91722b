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
	breaks [maxWords]bool // a comma or its like stands before the word
	n      int
	comma  bool // one stands at the very end
	colon  bool // one stands at the very end
	script [maxWords]bool
}

// read cuts t[from:to] into words; of a clause with more than maxWords the
// first are dropped.
func (w *words) read(t string, from, to int) {
	for i := from; i < to; {
		r, n := rune(t[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(t[i:to])
		}
		switch {
		case isEmblem(r):
			if _, says := cuesBefore.phrases[t[i:i+n]]; says { // the others are ornaments
				w.add(t[i:i+n], false)
			}
		case isWordRune(r):
			n = wordLen(t[i:to])
			w.split(strings.Trim(t[i:i+n], "-_"), isCJK(r))
		case r == ':':
			w.colon = true
		case r == ',' || r == '、' || r == '，' || r == '・' || r < ' ':
			w.comma = true
		}
		i += n
	}
}

// split adds a word; a slash parts words unless the whole means something, as
// in "h/t", and a dash or slash by itself parts like a comma.
func (w *words) split(word string, script bool) {
	if _, says := cuesBefore.phrases[lower(word)]; says || strings.IndexByte(word, '/') < 0 {
		w.add(word, script)
		w.comma = w.comma || word == ""
		return
	}
	for part := range strings.SplitSeq(word, "/") {
		w.add(part, script)
	}
	w.comma = w.comma || strings.Trim(word, "/") == ""
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

func (w *words) add(word string, script bool) {
	if word == "" || w.size+len(word)+4 >= maxWordText {
		return
	}
	if w.n == maxWords {
		copy(w.starts[:], w.starts[1:])
		copy(w.breaks[:], w.breaks[1:])
		copy(w.script[:], w.script[1:])
		w.n--
	}
	w.starts[w.n], w.breaks[w.n], w.script[w.n] = w.size, w.comma, script
	w.comma, w.colon = false, false
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
	first int // the word with which it begins
	gap   int // words between it and the handle
}

// at returns the cue that ends with word k; the longest phrase counts.
func (w *words) at(k int) cue {
	c := cue{gap: w.n - 1 - k}
	for c.first = max(0, k-phraseWords+1); c.first <= k; c.first++ {
		if m, ok := cuesBefore.phrases[string(w.phrase(c.first, k+1))]; ok {
			c.mood = m
			return c
		}
	}
	c.first = k
	if w.script[k] {
		text := string(w.phrase(k, k+1))
		mood, end := cuesBefore.last(text)
		tail := strings.TrimRight(text[end:], "は是은는이가")
		w.colon = w.colon || tail == "" && end < len(text) && c.gap == 0 // "icon is"
		c.mood, c.gap = mood, c.gap+(utf8.RuneCountInString(tail)+1)/2   // two characters count for a word
	}
	return c
}

// last returns what the phrase says that ends nearest to the end of text, in a
// script without spaces, and where it ends.
func (c cueTable) last(text string) (found mood, end int) {
	for i := range text {
		if m, n := c.inScript(text[i:]); m != none && i+n > end {
			found, end = m, i+n
		}
	}
	return found, end
}

// leading returns what the first words say of a handle before them.
func (w *words) leading() mood {
	for to := min(w.n, phraseWords+1); to > 0; to-- {
		if m, ok := cuesAfter.phrases[string(w.phrase(0, to))]; ok {
			return m
		}
	}
	return none
}

// weigh goes back from the handle word by word; the nearest cue that says
// whose it is decides.
func (w *words) weigh() (m mood, labelled bool) {
	belongs := false // "at", "of" or its like stands directly before the handle
	for k := w.n - 1; k >= 0 && !(w.comma && k < w.n-1); {
		c := w.at(k)
		switch {
		case c.mood == fedi && c.gap == 0:
			return w.owner(c.first), true
		case c.mood == fedi:
			labelled = true
		case c.mood == of && c.gap == 0:
			belongs = true
		default:
			if m := w.says(c, belongs); m != none {
				return m, labelled
			}
		}
		if w.breaks[c.first] {
			break // beyond the comma another thing is said
		}
		k = c.first - 1
	}
	return none, labelled
}

// says returns whose the handle is by one cue, none when the cue is too far
// away to speak of it.
func (w *words) says(c cue, belongs bool) mood {
	switch c.mood {
	case theirs:
		if c.gap > nearWords {
			return when(c.gap <= farWords, could)
		}
		return theirs
	case near:
		return when(c.gap <= nearWords, theirs)
	case next:
		return when(c.gap == 0, theirs)
	case tag:
		return when(belongs && c.gap <= nearWords || c.gap == 0 && (w.colon || w.isOwn(c.first-1)), theirs)
	case job:
		return when(belongs && c.gap <= jobWords, theirs)
	case could:
		return when(c.gap <= nearWords, could)
	case old:
		return when(c.gap == 0, old)
	case mail, chat:
		return when(c.gap <= chatWords, c.mood)
	case mine:
		return mine
	}
	return none
}

func when(holds bool, m mood) mood {
	if holds {
		return m
	}
	return none
}

// isOwn reports whether word k is "my" or its like.
func (w *words) isOwn(k int) bool {
	return k >= 0 && cuesBefore.phrases[string(w.phrase(k, k+1))] == own
}

// owner says whose a "Mastodon:" is that begins with word first: neither "my
// wife's Mastodon" nor "my friend is on Mastodon" is the author's.
func (w *words) owner(first int) mood {
	for k := first - 1; k >= max(0, first-farWords); k-- {
		if c := w.at(k); c.mood == tag && w.isOwn(c.first-1) {
			return theirs
		}
	}
	if first > 0 && isPossessive(string(w.phrase(first-1, first))) {
		return theirs
	}
	return mine
}

func isPossessive(word string) bool {
	return strings.HasSuffix(word, "'s") || strings.HasSuffix(word, "’s") || word == "his" || word == "her" || word == "their"
}
