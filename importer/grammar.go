package importer

import (
	"bytes"
	"math/bits"
)

// The grammar of JSON, checked over bytes of which the end may be missing.
// What is passed is what encoding/json calls valid, and nothing is decoded: of
// an export's bytes only one in ten is ever needed. A general decoder took a
// quarter of the time of an import for this.

// What a value is that cannot be passed, in place of where it ended.
const (
	unfinished = -1 // the bytes end before the value does
	wrong      = -2 // it breaks the grammar, or nests deeper than maxNesting
)

// pastValue is where the value that begins at b[at] has ended, which may be
// within depth containers more. A number needs a byte after it to have ended.
func pastValue(b []byte, at, depth int) int {
	if at >= len(b) {
		return unfinished
	}
	switch b[at] {
	case '"':
		return pastText(b, at)
	case '{':
		return pastObject(b, at+1, depth-1)
	case '[':
		return pastArray(b, at+1, depth-1)
	case 't':
		return pastWord(b, at, "true")
	case 'f':
		return pastWord(b, at, "false")
	case 'n':
		return pastWord(b, at, "null")
	}
	return pastNumber(b, at)
}

// pastObject passes an object from the byte after its brace.
func pastObject(b []byte, at, depth int) int {
	if depth < 0 {
		return wrong
	}
	at = pastBlanks(b, at)
	if at < len(b) && b[at] == '}' {
		return at + 1
	}
	for {
		if at = pastName(b, at); at < 0 {
			return at
		}
		if at = pastValue(b, at, depth); at < 0 {
			return at
		}
		var ended bool
		if at, ended = pastComma(b, at, '}'); at < 0 || ended {
			return at
		}
	}
}

// pastName passes the name of a member with its colon and the blanks behind.
func pastName(b []byte, at int) int {
	if at >= len(b) {
		return unfinished
	}
	if b[at] != '"' {
		return wrong
	}
	if at = pastText(b, at); at < 0 {
		return at
	}
	if at = pastBlanks(b, at); at >= len(b) {
		return unfinished
	}
	if b[at] != ':' {
		return wrong
	}
	return pastBlanks(b, at+1)
}

// pastArray passes a list from the byte after its bracket.
func pastArray(b []byte, at, depth int) int {
	if depth < 0 {
		return wrong
	}
	at = pastBlanks(b, at)
	if at < len(b) && b[at] == ']' {
		return at + 1
	}
	for {
		if at = pastValue(b, at, depth); at < 0 {
			return at
		}
		var ended bool
		if at, ended = pastComma(b, at, ']'); at < 0 || ended {
			return at
		}
	}
}

// pastComma passes what follows a value: a comma and the blanks around it, or
// the end of the container.
func pastComma(b []byte, at int, end byte) (next int, ended bool) {
	if at = pastBlanks(b, at); at >= len(b) {
		return unfinished, false
	}
	switch b[at] {
	case ',':
		return pastBlanks(b, at+1), false
	case end:
		return at + 1, true
	}
	return wrong, false
}

// eightBlanks is what most of an export consists of.
const eightBlanks = 0x2020202020202020

// pastBlanks passes blanks, if there are any.
func pastBlanks(b []byte, at int) int {
	for at < len(b) {
		switch b[at] {
		case ' ':
			at = pastIndent(b, at+1)
		case '\n', '\r', '\t':
			at++
		default:
			return at
		}
	}
	return at
}

// pastIndent passes spaces, of which there are many or none.
func pastIndent(b []byte, at int) int {
	for at+8 <= len(b) && b[at] == ' ' {
		other := le.Uint64(b[at:]) ^ eightBlanks
		if other != 0 {
			return at + bits.TrailingZeros64(other)/8
		}
		at += 8
	}
	return at
}

// pastText passes a text from its first quote.
func pastText(b []byte, at int) int {
	at++
	for {
		if at = plainUntil(b, at); at >= len(b) {
			return unfinished
		}
		switch b[at] {
		case '"':
			return at + 1
		case '\\':
			if at = pastEscape(b, at+1); at < 0 {
				return at
			}
		default:
			return wrong
		}
	}
}

// plainUntil is where the first quote, backslash or control is, or len(b).
func plainUntil(b []byte, at int) int {
	for ; at+8 <= len(b); at += 8 {
		if found := special(le.Uint64(b[at:])); found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for at < len(b) && b[at] != '"' && b[at] != '\\' && b[at] >= ' ' {
		at++
	}
	return at
}

const (
	eachByte = 0x0101010101010101
	eachTop  = 0x8080808080808080
)

// special marks the bytes of eight that are quotes, backslashes or controls.
// Above the first one of them, marks may be wrong.
func special(eight uint64) uint64 {
	return zeros(eight^'"'*eachByte) | zeros(eight^'\\'*eachByte) | (eight-' '*eachByte)&^eight&eachTop
}

// zeros marks the bytes of eight that are 0.
func zeros(eight uint64) uint64 { return (eight - eachByte) &^ eight & eachTop }

// pastEscape passes what follows a backslash.
func pastEscape(b []byte, at int) int {
	if at >= len(b) {
		return unfinished
	}
	switch b[at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at + 1
	case 'u':
		return pastHex(b, at+1)
	}
	return wrong
}

func pastHex(b []byte, at int) int {
	for end := at + 4; at < end; at++ {
		if at >= len(b) {
			return unfinished
		}
		if c := b[at] | 0x20; !isDigit(b[at]) && (c < 'a' || c > 'f') {
			return wrong
		}
	}
	return at
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func pastWord(b []byte, at int, word string) int {
	rest := b[at:min(at+len(word), len(b))]
	switch {
	case string(rest) == word:
		return at + len(word)
	case bytes.HasPrefix([]byte(word), rest):
		return unfinished
	}
	return wrong
}

// pastNumber passes a number: an optional sign, digits without a zero before
// them, and optional decimals and power of ten.
func pastNumber(b []byte, at int) int {
	if b[at] == '-' {
		at++
	}
	if at < len(b) && b[at] == '0' {
		at++
	} else if at = pastDigits(b, at); at < 0 {
		return at
	}
	if at < len(b) && b[at] == '.' {
		if at = pastDigits(b, at+1); at < 0 {
			return at
		}
	}
	if at < len(b) && b[at]|0x20 == 'e' {
		if at++; at < len(b) && (b[at] == '+' || b[at] == '-') {
			at++
		}
		if at = pastDigits(b, at); at < 0 {
			return at
		}
	}
	if at >= len(b) {
		return unfinished
	}
	return at
}

// pastDigits passes one digit or more.
func pastDigits(b []byte, at int) int {
	if at >= len(b) {
		return unfinished
	}
	if !isDigit(b[at]) {
		return wrong
	}
	for at < len(b) && isDigit(b[at]) {
		at++
	}
	return at
}
