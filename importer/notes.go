package importer

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/social"
)

// A post of more than 280 characters, or with styles, is cut in tweets.js; its
// whole text lies in note-tweet.js under an id of its own, and nothing tells
// which belongs to which. X writes the note 13 to 41 milliseconds before the
// post: the post is the one with the smallest id above the note's.

// maxNoteGap is how much younger than its note a post may be, in milliseconds.
// Where the post itself is gone, the next one is further away.
const maxNoteGap = 2_000

// notes are the whole texts of long posts, in the order of ids once sorted.
type notes struct {
	all   []note
	cores [][]byte // JSON with the texts, kept when the posts are asked for
	size  int      // bytes of them
}

// note is one long text and the post that it belongs to.
type note struct {
	id, post   int64
	superseded bool  // the post is an older version of another
	quotes     bool  // it links to a post
	quoted     bool  // the post itself links to one as well
	core       int32 // place of its text among those kept, from 1
}

// note reads {"noteTweet":{"noteTweetId":…,"core":{"text":…}}}.
func (r *reading) note(v jsontext.Value) error {
	v = get(v, "noteTweet")
	n := note{id: id(get(v, "noteTweetId"))}
	core := get(v, "core")
	if n.id == 0 || core == nil || tooDeep(v) || len(r.notes.all) >= maxPosts {
		return errShape
	}
	for u := range elementsOf(get(core, "urls")) {
		n.quotes = n.quotes || isStatus(get(u, "expandedUrl"))
	}
	if r.e.givePosts {
		if r.notes.size += len(core); r.notes.size > maxNotes {
			r.notes.size -= len(core)
			r.saidNotes = true
		} else {
			r.notes.cores = append(r.notes.cores, slices.Clone(core))
			n.core = int32(len(r.notes.cores))
		}
	}
	r.notes.all = append(r.notes.all, n)
	return nil
}

// sort makes the notes ready for joining; all are read before the first post.
func (s *notes) sort() {
	slices.SortFunc(s.all, func(a, b note) int { return cmp.Compare(a.id, b.id) })
}

// below is the place of the newest note that is older than the post and not too
// old, or -1.
func (s *notes) below(post int64) int {
	at, _ := slices.BinarySearchFunc(s.all, post, func(n note, post int64) int { return cmp.Compare(n.id, post) })
	if at--; at < 0 || post>>22-s.all[at].id>>22 > maxNoteGap {
		return -1
	}
	return at
}

// join notes that the post may be the one of the note before it. Posts come in
// any order, so that a later one may prove nearer.
func (s *notes) join(t *tweet, superseded, quoted bool) {
	at := s.below(t.id)
	if at < 0 {
		return
	}
	if n := &s.all[at]; n.post == 0 || t.id < n.post {
		n.post, n.superseded, n.quoted = t.id, superseded || t.elsewhere(), quoted
	}
}

// quotes counts the posts of which only the note tells that they quote.
func (s *notes) quotes() (count int) {
	for _, n := range s.all {
		if n.post > 0 && n.quotes && !n.quoted && !n.superseded {
			count++
		}
	}
	return count
}

// of is the whole text of a post as JSON, or nil.
func (s *notes) of(post int64) []byte {
	at := s.below(post)
	if at < 0 || s.all[at].post != post || s.all[at].core == 0 {
		return nil
	}
	return s.cores[s.all[at].core-1]
}

// noteText is the whole text of a post, which is not escaped, with its styles.
// A note tells no ids of those it mentions; the post does for the first ones.
func (r *reading) noteText(core []byte, t *tweet) ([]social.Style, *composer) {
	var all []stretch
	for v := range elementsOf(get(core, "urls")) {
		all = appendLink(all, r.text.text(get(v, "shortUrl")), r.text.text(get(v, "expandedUrl")), noteIndices(v))
	}
	for v := range elementsOf(get(core, "hashtags")) {
		all = append(all, tagStretch(r.text.text(get(v, "text")), noteIndices(v)))
	}
	for v := range elementsOf(get(core, "mentions")) {
		m := mention{username: get(v, "screenName"), at: noteIndices(v)}
		for w := range elementsOf(t.mentions) {
			if known, ok := parseMention(w); ok && strings.EqualFold(r.text.text(known.username), r.text.text(m.username)) {
				m.id, m.name = known.id, known.name
			}
		}
		all = append(all, r.mentionStretch(&m, t))
	}
	if m, ok := firstMedia(t, &r.text); ok {
		all = append(all, stretch{literal: r.text.text(m.short)})
	}
	c := compose(r.text.text(get(core, "text")), false, all)
	return noteStyles(core, c, &r.text), c
}

func noteIndices(v []byte) indices {
	return indices{number(get(v, "fromIndex")), number(get(v, "toIndex"))}
}

var noteStyleKinds = map[string]social.StyleKind{
	"bold": social.Bold, "italic": social.Italic, "strikethrough": social.Strikethrough,
}

func noteStyles(core []byte, c *composer, text *mender) (styles []social.Style) {
	for v := range elementsOf(get(core, "styletags")) {
		start, end := c.moved(noteIndices(v))
		for k := range elementsOf(get(v, "styleTypes")) {
			kind := noteStyleKinds[strings.ToLower(text.text(get(k, "name")))]
			if kind != "" && 0 <= start && start < end {
				styles = append(styles, social.Style{Kind: kind, Start: start, End: end})
			}
		}
	}
	slices.SortStableFunc(styles, func(a, b social.Style) int { return cmp.Compare(a.Start, b.Start) })
	return styles
}

// beginning is how many letters of two texts must be the same.
const beginning = 24

// sameBeginning reports whether short is the beginning of the long text, but
// for the names before an answer, blanks, signs and links. It keeps a note from
// a post to which it does not belong.
func sameBeginning(short, long string) bool {
	for strings.HasPrefix(short, "@") {
		_, rest, _ := strings.Cut(short, " ")
		short = strings.TrimLeft(rest, " \n")
	}
	a, b := letters(short), letters(long)
	n := min(len(a), len(b))
	return a[:n] == b[:n] && (n > 0 || a == b)
}

// letters are the first letters and digits of a text before its first link.
func letters(s string) string {
	var b strings.Builder
	s, _, _ = strings.Cut(s, "http")
	n := 0
	for _, r := range s {
		if n == beginning {
			break
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
			n++
		}
	}
	return b.String()
}

// cutFrom is the length, as X counts it, from which a text that ends with … may
// be cut: at 280, with room for a link.
const cutFrom = 230

// looksCut reports whether a text is as long as X shows of a longer one.
func looksCut(s string) bool {
	if !strings.HasSuffix(s, "…") {
		return false
	}
	n := 0
	for _, r := range s {
		n++
		if r >= 0x1100 && (r < 0x2000 || r > 0x206f) { // X counts letters of the Far East double
			n++
		}
	}
	return n >= cutFrom
}
