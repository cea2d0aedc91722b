package importer

import (
	"bytes"
	"errors"
	"iter"
	"math/bits"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Elements of an export come from jsontext whole and checked for their
// grammar. What follows finds the few values that are needed in one pass over
// the bytes, without looking at the others: a general decoder spends most of
// its time on what is thrown away.

var errShape = errors.New("not as X writes it")

// scanner walks the members of an object or the elements of an array. Its
// input is one value whose grammar was checked; on any other it stops early.
type scanner struct {
	b    []byte
	at   int
	deep bool // something passed nests deeper than an export may
}

// open enters a container: '{' or '['.
func open(v []byte, kind byte) (scanner, bool) {
	s := scanner{b: v}
	s.blanks()
	if s.at >= len(v) || v[s.at] != kind {
		return s, false
	}
	s.at++
	return s, true
}

// member returns the next member of an object: its name between the quotes,
// as it is written, and its value.
func (s *scanner) member() (name, value []byte, ok bool) {
	if name, ok = s.name(); !ok {
		return nil, nil, false
	}
	value = s.value()
	return name, value, len(value) > 0
}

// name returns the name of the next member and stands before its value.
func (s *scanner) name() ([]byte, bool) {
	s.comma()
	if s.at >= len(s.b) || s.b[s.at] != '"' {
		return nil, false
	}
	from := s.at
	s.text()
	to := s.at
	s.blanks()
	s.at++ // the colon
	return s.b[from+1 : max(to-1, from+1)], s.at < len(s.b)
}

// members gives the members of the object before which the scanner stands, and
// passes it; anything else is passed without a word.
func (s *scanner) members(each func(name, value []byte)) {
	inner, ok := open(s.b[s.at:], '{')
	for ok {
		var name, value []byte
		if name, value, ok = inner.member(); ok {
			each(name, value)
		}
	}
	if inner.at == 0 || inner.at >= len(inner.b) || inner.b[inner.at] != '}' {
		s.value()
		return
	}
	s.at += inner.at + 1
	s.deep = s.deep || inner.deep
}

// element returns the next element of an array.
func (s *scanner) element() ([]byte, bool) {
	s.comma()
	if s.at >= len(s.b) || s.b[s.at] == ']' {
		return nil, false
	}
	v := s.value()
	return v, len(v) > 0
}

func (s *scanner) blanks() { s.at = pastBlanks(s.b, s.at) }

func (s *scanner) comma() {
	s.blanks()
	if s.at < len(s.b) && s.b[s.at] == ',' {
		s.at++
		s.blanks()
	}
}

// value passes one value and returns it.
func (s *scanner) value() []byte {
	s.blanks()
	from := s.at
	if s.at >= len(s.b) {
		return nil
	}
	switch s.b[s.at] {
	case '"':
		s.text()
	case '{', '[':
		s.container()
	default:
		for s.at < len(s.b) && !strings.ContainsRune(",]} \t\r\n", rune(s.b[s.at])) {
			s.at++
		}
	}
	return s.b[from:s.at]
}

// text passes a string; the scanner stands on its first quote.
func (s *scanner) text() { s.at = afterText(s.b, s.at) }

// afterText is where the string that begins at a quote has ended.
func afterText(b []byte, from int) int {
	if at := pastText(b, from); at >= 0 {
		return at
	}
	return len(b)
}

// container passes an object or array with all that is in it.
func (s *scanner) container() {
	b, at, depth := s.b, s.at, 0
	for {
		if at = nextBracket(b, at); at >= len(b) {
			break
		}
		switch b[at] {
		case '"':
			at = afterText(b, at)
			continue
		case '{', '[':
			depth++
			s.deep = s.deep || depth > maxDepth
		default:
			depth--
		}
		if at++; depth == 0 {
			break
		}
	}
	s.at = min(at, len(b))
}

// nextBracket is where the next quote, brace or bracket is, or len(b). A brace
// is a bracket with one bit more.
func nextBracket(b []byte, at int) int {
	for ; at+8 <= len(b); at += 8 {
		eight := le.Uint64(b[at:])
		brace := eight | eightBlanks
		if found := zeros(eight^'"'*eachByte) | zeros(brace^'{'*eachByte) | zeros(brace^'}'*eachByte); found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for at < len(b) && b[at] != '"' && b[at]|' ' != '{' && b[at]|' ' != '}' {
		at++
	}
	return at
}

// get returns the value at a path of exact names, or nil.
func get(v []byte, path ...string) []byte {
	for _, want := range path {
		v = getOne(v, want)
	}
	return v
}

func getOne(v []byte, want string) []byte {
	s, ok := open(v, '{')
	for ok {
		var name, value []byte
		if name, value, ok = s.member(); ok && string(name) == want {
			return value
		}
	}
	return nil
}

// elementsOf gives the elements of a list; of anything else, none.
func elementsOf(v []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		s, ok := open(v, '[')
		for ok {
			var e []byte
			if e, ok = s.element(); ok && !yield(e) {
				return
			}
		}
	}
}

// tooDeep reports whether v nests deeper than an export may.
func tooDeep(v []byte) bool {
	s := scanner{b: v}
	s.value()
	return s.deep
}

// id reads an id: a string or a number of at most 19 digits that fits int64.
// Anything else is no id and gives 0; X writes -1 for accounts that are gone.
func id(v []byte) int64 {
	v = bytes.Trim(v, `"`)
	if len(v) == 0 || len(v) > maxDigits {
		return 0
	}
	var n int64
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	return max(n, 0) // 19 digits may pass the end of int64, which gives a negative number
}

// number reads a count, written as a string or a number; anything else is -1.
func number(v []byte) int {
	n, err := strconv.Atoi(string(bytes.Trim(v, `"`)))
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// mender turns JSON strings into text that can be stored, and counts those
// that were broken: bad UTF-8 and lone surrogates become U+FFFD, and so does
// U+0000, which PostgreSQL refuses.
type mender struct {
	buf    []byte
	broken int
}

// text reads a JSON string; what is none, or is too long, gives "".
func (m *mender) text(v []byte) string {
	if len(v) < 2 || v[0] != '"' || len(v) > maxText {
		return ""
	}
	raw := v[1 : len(v)-1]
	if simple(raw) {
		return string(raw)
	}
	var err error
	m.buf, err = jsontext.AppendUnquote(m.buf[:0], v)
	s := string(m.buf)
	if strings.ContainsRune(s, 0) {
		s, err = strings.ReplaceAll(s, "\x00", "\uFFFD"), errShape
	}
	if err != nil {
		m.broken++
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// simple reports whether raw holds neither escapes nor bytes beyond ASCII.
func simple(raw []byte) bool {
	for _, c := range raw {
		if c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}
