package importer

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// cutter cuts a list into its elements and checks their grammar, in the bytes
// as they were read: only the element within which a batch ends is copied.
type cutter struct {
	r     *header
	rest  []byte // what was read and not passed yet, in the batch filled last
	at    int64  // of the batch's first byte, in the file
	end   int64  // of the last element, or what else was passed
	stage stage
	err   error // that ended the reading
}

// stage is what has to come next.
type stage int

const (
	atPrefix  stage = iota // what stands before the list
	atBracket              // the beginning of the list
	atFirst                // an element, or the end of the list
	atElement              // an element, after a comma
	atComma                // a comma, or the end of the list
	atTrailer              // blanks and semicolons up to the end of the file
)

func newCutter(r io.Reader) *cutter { return &cutter{r: &header{r: r}} }

// fill implements splitter.
func (c *cutter) fill(b *batch) error {
	if c.stage == atPrefix {
		skipped, err := c.r.skip()
		if err != nil {
			return &cut{0, err}
		}
		c.at, c.end, c.stage = skipped, skipped, atBracket
	}
	b.elements = b.elements[:0]
	b.text = append(b.text[:0], c.rest...)
	for {
		c.read(b)
		if err := c.pass(b); err != nil || len(b.elements) > 0 {
			return err
		}
	}
}

// read fills a batch up; one that was full becomes larger.
func (c *cutter) read(b *batch) {
	if len(b.text) == cap(b.text) {
		b.text = slices.Grow(b.text, len(b.text))
	}
	for len(b.text) < cap(b.text) && c.err == nil {
		n, err := c.r.Read(b.text[len(b.text):cap(b.text)])
		b.text, c.err = b.text[:len(b.text)+n], err
	}
}

// pass notes the elements of a batch that are whole, and tells why there are no
// more of them: io.EOF at the end of the file, nil if more is to be read.
func (c *cutter) pass(b *batch) error {
	at, next := 0, 0
	for next >= 0 {
		at = next
		next = c.step(b, at)
	}
	c.rest, c.at = b.text[at:], c.at+int64(at)
	if next == wrong {
		return &cut{c.end, c.misfit()}
	}
	return c.missing()
}

// step passes one element, or what stands between two of them, and returns
// where that ended, or what is the matter with it.
func (c *cutter) step(b *batch, at int) (next int) {
	switch c.stage {
	case atBracket, atFirst:
		return c.start(b.text, at)
	case atComma:
		next, ended := pastComma(b.text, at, ']')
		if ended {
			c.goOn(next, atTrailer)
		} else if next >= 0 {
			c.stage = atElement
		}
		return next
	case atElement:
		from := pastBlanks(b.text, at)
		if next = pastValue(b.text, from, maxNesting); next >= 0 {
			b.elements = append(b.elements, indices{from, next})
			c.goOn(next, atComma)
		}
		return next
	}
	return trailer(b.text, at)
}

// start passes the bracket, and the blanks before the first element.
func (c *cutter) start(text []byte, at int) int {
	at = pastBlanks(text, at)
	switch {
	case at == len(text):
		return unfinished
	case c.stage == atBracket && text[at] != '[':
		return wrong
	case c.stage == atBracket:
		at++
		c.goOn(at, atFirst)
	case text[at] == ']':
		at++
		c.goOn(at, atTrailer)
	default:
		c.stage = atElement
	}
	return at
}

// trailer passes what may follow the list. The file is read to its end, so that
// its checksum is tested.
func trailer(text []byte, at int) int {
	if len(bytes.Trim(text[at:], "; \t\r\n")) > 0 {
		return wrong
	}
	if at == len(text) {
		return unfinished
	}
	return len(text)
}

// goOn notes that the file made sense up to text[at].
func (c *cutter) goOn(at int, next stage) { c.end, c.stage = c.at+int64(at), next }

// misfit is what is the matter where something else should have come.
func (c *cutter) misfit() error {
	switch c.stage {
	case atBracket:
		return errNoWrapper
	case atTrailer:
		return errTrailing
	}
	return errGrammar
}

// missing is what is the matter where more should have come, if anything is.
func (c *cutter) missing() error {
	switch {
	case c.err == nil && len(c.rest) > maxRecord:
		return &cut{c.end, errTooLong}
	case c.err == nil:
		return nil
	case c.err == io.EOF && c.stage == atTrailer:
		return io.EOF
	case c.err == io.EOF && c.stage == atBracket:
		return &cut{c.end, errors.Join(errNoWrapper, io.EOF)}
	case c.err == io.EOF:
		return &cut{c.end, io.ErrUnexpectedEOF}
	}
	return &cut{c.end, c.err}
}
