package matcher

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed lists/cues.txt
var cueList string

// mood is whose a handle is, by the words around it.
type mood uint8

const (
	none   mood = iota // the words say nothing: the author's, as bios are
	mine               // the author's own
	theirs             // somebody else's
	could              // cannot be told
	old                // the author's former one
	mail               // an e-mail address
	chat               // an address of another service
	desk               // where to write to: an address, of mail unless the host says otherwise
	invite             // the reader is to follow it: an own account or a favourite
	post               // who holds a post, "author:": an address of mail, or a person who may be another
	// What the words of a clause are besides; none of them is an answer.
	fedi   // names the fediverse
	near   // somebody else's, when close
	maker  // somebody else's, with a few words more between
	next   // somebody else's, when directly before
	tag    // somebody else's, with "my" before or a colon after it
	dear   // as tag, and directly before too: nobody calls themselves "hubby"
	pair   // an emoji of a couple: as next; a heart only opens an item
	job    // a role, which gives "at" and "of" their meaning
	of     // such a word
	own    // such a "my"
	praise // recommends what it follows
)

var moods = map[string]mood{"mine": mine, "theirs": theirs, "could": could, "old": old, "mail": mail, "chat": chat, "desk": desk, "invite": invite, "fedi": fedi, "near": near, "maker": maker, "next": next, "tag": tag, "dear": dear, "heart": pair, "job": job, "of": of, "own": own, "praise": praise}

// cueTable holds phrases with what they say.
type cueTable struct {
	phrases map[string]mood // words joined by single spaces, or a phrase in a script without spaces
	firsts  map[rune]bool   // the first characters of the latter
	lasts   map[string]last // the words that end phrases, and those that name a maker
}

// last is what is known of the last word of a phrase.
type last struct {
	words int // of the longest phrase that it ends
	by    bool
}

var cuesBefore, cuesAfter = readCues(cueList)

func readCues(list string) (before, after cueTable) {
	before = cueTable{map[string]mood{}, map[rune]bool{}, map[string]last{}}
	after = cueTable{map[string]mood{}, map[rune]bool{}, map[string]last{}}
	for word := range byWords {
		before.lasts[word] = last{by: true}
	}
	for line := range listLines(list) {
		word, phrases, _ := strings.Cut(line, " ")
		table := before
		if rest, found := strings.CutPrefix(word, ">"); found {
			word, table = rest, after
		}
		for phrase := range strings.SplitSeq(phrases, " | ") {
			table.add(phrase, moods[word])
		}
	}
	return before, after
}

func (c cueTable) add(phrase string, m mood) {
	c.phrases[phrase] = m
	word := phrase[strings.LastIndexByte(phrase, ' ')+1:]
	l := c.lasts[word]
	l.words = max(l.words, 1+strings.Count(phrase, " "))
	c.lasts[word] = l
	if r, _ := utf8.DecodeRuneInString(phrase); isCJK(r) {
		c.firsts[r] = true
	}
}

// Distances in words between a cue and the handle.
const (
	farWords  = 5 // for a cue that names somebody else, beyond nearWords with doubt
	jobWords  = 3 // for the role in "professor of physics at"
	chatWords = 3 // for the name of another service
	nearWords = 2 // for one that does so only when close
	byReach   = 6 // for one that does so with a "by" after it: "drawn by the great and kind"
)

// wording weighs the words around c: whose it is, and whether they call it a
// fediverse handle.
func (s *scanner) wording(c candidate) (m mood, labelled bool) {
	if m, labelled = s.after(c.end); m != none {
		return m, labelled
	}
	from := max(s.used, s.clauseStart(c.start))
	if listed, last := s.continues(c.start); listed && last {
		return s.last, labelled
	} else if listed {
		from = c.start
	} else if s.attributed(c.start) || s.used > 0 && s.belongs(s.t[s.used:c.start]) {
		return theirs, labelled
	}
	var w words
	w.opens = from == 0 || s.opensItem(from)
	w.read(s.t, from, c.start)
	m, before := w.weigh()
	return m, labelled || before
}

// sentence returns which of mine, fedi, mail and chat is named nearest before
// start in its sentence, commas or not; none when none of them is.
func (s *scanner) sentence(start int) mood {
	from := s.sentenceStart(start)
	var w words
	w.read(s.t, from, start)
	own := none
	for k := w.n - 1; k >= 0; {
		c := w.at(k, 0)
		switch c.mood {
		case mail, chat:
			return c.mood
		case fedi:
			if !c.brief {
				return fedi
			}
		case mine:
			own = mine
		}
		k = c.first - 1
	}
	return own
}

// sentenceStart returns where the sentence that leads to start begins, or what
// is still of interest of it.
func (s *scanner) sentenceStart(start int) int {
	i := start
	for i > s.used && start-i < maxSentence {
		r, n := utf8.DecodeLastRuneInString(s.t[:i])
		if parts(r) || (r == '.' || r == '!' || r == '?') && i < len(s.t) && (s.t[i] == ' ' || s.t[i] == '\n') {
			break
		}
		i -= n
	}
	s.sightings += start - i
	return i
}

// parts reports whether r parts the sentences or items of a text.
func parts(r rune) bool {
	return strings.ContainsRune("\n|•·。！？★☆♦▪►", r)
}

// praised reports whether the words after a handle recommend it, as one does
// with somebody else's.
func (s *scanner) praised(end int) bool {
	rest := strings.TrimLeft(s.t[end:min(len(s.t), end+maxAfter)], " ,-–—:!")
	var w words
	w.read(rest, 0, len(rest))
	m, _ := w.leading()
	return m == praise || startsWith(cuesAfter, rest) == praise
}

func startsWith(c cueTable, text string) mood {
	m, _ := c.inScript(text)
	return m
}

// joiners stand between the handles of one list.
var joiners = set("and & + or to und oder an et ou à y e o a en of aan i och till и と や 和 与 與 및 와 과")

// continues reports whether only a comma or an "and" stands between the last
// candidate and the one at start: a list, one mood for all. last says that the
// mood is more than the author's own or an old one.
func (s *scanner) continues(start int) (listed, last bool) {
	const longest = 12
	if s.used == 0 || start-s.used > longest {
		return false, false
	}
	between := strings.Trim(s.t[s.used:start], " ,;/、・")
	for word := range strings.FieldsFuncSeq(between, func(r rune) bool { return r == ' ' || r == ',' }) {
		if !joiners[lower(word)] {
			return false, false
		}
	}
	if strings.Contains(between, "\n") {
		return false, false
	}
	last = s.last != none && s.last != mine && s.last != old
	return last || between != "", last
}

// opensItem reports whether an item of a profile begins at i, after a line end,
// a bar or a bracket, not after the end of a sentence.
func (s *scanner) opensItem(i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s.t[:i])
	return parts(r) && r != '。' || r == '(' || r == '['
}

// clauseStart returns where the clause that leads to start begins.
func (s *scanner) clauseStart(start int) int {
	i := start
	if i > 0 && (s.t[i-1] == '(' || s.t[i-1] == '[') {
		i-- // "Email (u@host)": the label stands before the bracket
	}
	i = dashBefore(s.t, i)
	for i > 0 && start-i < maxBefore {
		r, n := utf8.DecodeLastRuneInString(s.t[:i])
		if ends(r) || (r == '.' || r == '!' || r == '?') && i < len(s.t) && (s.t[i] == ' ' || s.t[i] == '\n') {
			break
		}
		i -= n
	}
	s.sightings += start - i
	return i
}

// dashBefore returns where the long dash before t[i], and its spaces, start,
// when there is one: "header — @u@host".
func dashBefore(t string, i int) int {
	rest := strings.TrimRight(t[max(0, i-maxAfter):i], " ")
	for _, dash := range [...]string{"—", "–"} {
		if cut, found := strings.CutSuffix(rest, dash); found {
			return i - (min(i, maxAfter) - len(cut))
		}
	}
	return i
}

// ends reports whether r ends a clause wherever it stands.
func ends(r rune) bool {
	if r < utf8.RuneSelf {
		return letters[r]&endsClause != 0
	}
	return strings.ContainsRune("“”«»„•·。・！？「」『』【】★☆♦▪►—–…", r)
}

// after looks at what follows the handle directly.
func (s *scanner) after(end int) (m mood, labelled bool) {
	rest := s.t[end:min(len(s.t), end+maxAfter)]
	rest, aside := trimAside(rest)
	if rest == "" {
		return none, false
	}
	if r, n := utf8.DecodeRuneInString(rest); isCJK(r) {
		if joiners[rest[:n]] && strings.HasPrefix(strings.TrimLeft(rest[n:], " "), "@") {
			return none, false // a list
		}
		return answer(startsWith(cuesAfter, rest))
	}
	if s.shared(rest) {
		return theirs, false
	}
	if c := rest[0]; c < utf8.RuneSelf && !isLetter(c) && c != '\'' {
		return none, s.tagged(rest)
	}
	var w words
	w.read(rest, 0, len(rest))
	if aside && w.calls() {
		return theirs, false
	}
	m, length := w.leading()
	if length < len(rest) && rest[length] == ':' {
		return none, false // the label of what comes next
	}
	return answer(m)
}

// trimAside takes the spaces, the opening bracket or the dash off what follows
// a handle; aside says that there was more than spaces.
func trimAside(rest string) (trimmed string, aside bool) {
	trimmed = strings.TrimLeft(rest, " (")
	aside = strings.Contains(rest[:len(rest)-len(trimmed)], "(")
	for _, dash := range [...]string{"– ", "— ", "- ", "= "} {
		if after, found := strings.CutPrefix(trimmed, dash); found && after != "" && isLetter(after[0]) {
			return after, true
		}
	}
	return trimmed, aside
}

// pluralVerbs say something of all handles of a list before them.
var pluralVerbs = set("are sind sont son são sao sono zijn är")

// shared reports whether a list of handles goes on that ends in "are my kids".
func (s *scanner) shared(rest string) bool {
	const most = 4
	if strings.IndexByte(rest, '@') < 0 {
		return false
	}
	listed := false
	for range most {
		rest = strings.TrimLeft(rest, " ,")
		word, after, _ := strings.Cut(rest, " ")
		switch {
		case strings.HasPrefix(word, "@"):
			listed = true
		case !joiners[lower(word)]:
			var w words
			w.read(rest, 0, len(rest))
			m, _ := w.leading()
			return listed && pluralVerbs[lower(word)] && m == theirs
		}
		rest = after
	}
	return false
}

// answer splits a cue into the mood and the label.
func answer(cue mood) (m mood, labelled bool) {
	switch cue {
	case fedi:
		return none, true
	case praise:
		return none, false
	}
	return cue, false
}

// tagged reports whether the fediverse's name stands after a handle in a
// bracket or behind a dash, and labels nothing that follows: "u@host [fedi]".
func (s *scanner) tagged(rest string) bool {
	label := strings.TrimLeft(rest, " [-–—<←=")
	n := 0
	for n < len(label) && isLetter(label[n]) {
		n++
	}
	if n == 0 || cuesBefore.phrases[lower(label[:n])] != fedi {
		return false
	}
	after := strings.TrimLeft(label[n:], " ")
	return after == "" || strings.IndexByte(":@=", after[0]) < 0
}

// inScript returns what the phrase at the start of text says, in a script
// without spaces, and its length; the longest phrase counts.
func (c cueTable) inScript(text string) (found mood, length int) {
	const longest = 8
	if r, _ := utf8.DecodeRuneInString(text); !c.firsts[r] {
		return none, 0
	}
	end := 0
	for n := 0; n < longest && end < len(text); n++ {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
		if m, ok := c.phrases[text[:end]]; ok {
			found, length = m, end
		}
	}
	return found, length
}

// names reports whether a whole text has a cue of one of two moods, in words
// that are not part of a handle or a link.
func names(t string, one, other mood) bool {
	for t = blankAddresses(t); len(t) > 0; {
		n := min(len(t), maxBefore)
		var w words
		w.read(t, 0, n)
		for k := range w.n {
			if c := w.at(k, 0); (c.mood == one || c.mood == other) && !c.brief {
				return true
			}
		}
		t = t[n:]
	}
	return false
}

// blankAddresses puts a space in the place of every run of ASCII that holds an
// at sign or a slash.
func blankAddresses(t string) string {
	var b strings.Builder
	b.Grow(len(t))
	for i := 0; i < len(t); {
		end := i
		for end < len(t) && (isUserByte(t[end]) || strings.IndexByte("@/:", t[end]) >= 0) {
			end++
		}
		switch {
		case end == i:
			b.WriteByte(t[i])
			end++
		case strings.ContainsAny(t[i:end], "@/"):
			b.WriteByte(' ')
		default:
			b.WriteString(t[i:end])
		}
		i = end
	}
	return b.String()
}

// What an ASCII character is to the words around a handle.
const (
	inWord     = 1 << iota // letters, digits and what stands inside words
	endsClause             // ends a clause wherever it stands
	inPath                 // may stand in the path of a URL
)

var letters = func() (table [utf8.RuneSelf]uint8) {
	for c := range table {
		if isUserByte(byte(c)) && c != '.' {
			table[c] = inWord
		}
	}
	for _, c := range "'/#" {
		table[c] |= inWord
	}
	for c := range table {
		if isUserByte(byte(c)) || strings.ContainsRune("@~:+=?#%&!$*';,", rune(c)) {
			table[c] |= inPath
		}
	}
	for _, c := range "\n|;()[]{}\"" {
		table[c] |= endsClause
	}
	return table
}()

// isWordRune tells what words are made of; an emoji is a word by itself.
func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return letters[r]&inWord != 0
	}
	return r == '’' || !isEmblem(r) && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r))
}

// isEmblem tells emojis and dingbats that stand for a word.
func isEmblem(r rune) bool {
	return r >= 0x2190 && r <= 0x2bff || r >= 0x1f000 && r <= 0x1faff || r == '⁂' || r == '©'
}
