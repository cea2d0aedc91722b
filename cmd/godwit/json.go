package main

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"godwit/internal/social"
)

// encoder writes JSON that a terminal only shows: encoding/json leaves the
// upper control characters and those that turn text around as they are.
func encoder(out io.Writer) *json.Encoder { return json.NewEncoder(&escaping{out: out}) }

// escaping passes JSON on and writes what is not printable as \uXXXX, which
// means the same. Outside of strings JSON has nothing of that kind.
type escaping struct {
	out  io.Writer
	rest []byte // of a character that the last Write cut
}

// Write implements io.Writer.
func (e *escaping) Write(p []byte) (int, error) {
	text := append(e.rest, p...)
	e.rest = nil
	escaped := make([]byte, 0, len(text))
	for len(text) > 0 {
		if !utf8.FullRune(text) {
			e.rest = text
			break
		}
		r, size := utf8.DecodeRune(text)
		if r == '\n' || r == '\t' || r == '\r' || social.IsPrintable(r) {
			escaped = append(escaped, text[:size]...)
		} else {
			escaped = fmt.Appendf(escaped, "\\u%04x", r)
		}
		text = text[size:]
	}
	if _, err := e.out.Write(escaped); err != nil {
		return 0, err
	}
	return len(p), nil
}
