package importer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/fault"
)

// decodeOptions take what real exports hold: names twice, lone surrogates.
var decodeOptions = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// cut says where a file stopped making sense; everything before was read.
type cut struct {
	at    int64
	cause error
}

func (c *cut) Error() string { return "cut: " + c.cause.Error() }
func (c *cut) Unwrap() error { return c.cause }

var (
	errNoWrapper = errors.New("no = and no list in the first bytes")
	errTooLong   = errors.New("an element is longer than any of an export")
	errTrailing  = errors.New("something follows the end of the list")
	errGrammar   = errors.New("not JSON")
)

// stream reads a file of the form window.YTD.name.part0 = [ … ] and gives each
// element, which is valid until the next. The prefix is not matched: it has
// changed before. A plain list without prefix is taken too.
func stream(r io.Reader, each func(jsontext.Value) error) error {
	c, b := newCutter(r), newBatch()
	for {
		end := c.fill(b)
		if err := b.each(each); err != nil {
			return err
		}
		if end == io.EOF {
			return nil
		}
		if end != nil {
			return end
		}
	}
}

// bounded ends a stream within which more than left bytes are asked for at
// once: the decoder keeps a whole element in memory.
type bounded struct {
	r    io.Reader
	left int
}

// Read reads on.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

// header passes the text before the data.
type header struct {
	r    io.Reader
	rest []byte
}

// Read gives what was read too far, then the stream.
func (h *header) Read(p []byte) (int, error) {
	if len(h.rest) > 0 {
		n := copy(p, h.rest)
		h.rest = h.rest[n:]
		return n, nil
	}
	return h.r.Read(p)
}

// skip reads to the first list or object after the first '='; without a '=',
// the text must begin with a list. It returns how many bytes were passed.
func (h *header) skip() (int64, error) {
	b := make([]byte, maxHead)
	n, err := io.ReadFull(h.r, b)
	if n == 0 && err != io.EOF || fatal(err) != nil {
		return 0, err
	}
	b = b[:n] // other trouble than a fault comes again with the next read
	rest := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	if !bytes.HasPrefix(rest, []byte("[")) && !bytes.HasPrefix(rest, []byte("{")) {
		at := bytes.IndexByte(rest, '=')
		if at < 0 {
			return 0, errNoWrapper
		}
		rest = bytes.TrimLeft(rest[at+1:], " \t\r\n")
	}
	h.rest = rest
	return int64(n - len(rest)), nil
}

// ahead reads a stream in a goroutine of its own, so that inflating and
// decoding share two cores. It counts the bytes handed on.
type ahead struct {
	full, free chan []byte
	stop       chan struct{}
	done       *atomic.Int64
	now, whole []byte
	err        error
}

const (
	chunkSize = 128 << 10
	chunks    = 4
)

func readAhead(ctx context.Context, r io.ReadCloser, done *atomic.Int64) *ahead {
	a := &ahead{full: make(chan []byte, chunks), free: make(chan []byte, chunks), stop: make(chan struct{}), done: done}
	for range chunks {
		a.free <- make([]byte, chunkSize)
	}
	go a.fill(ctx, r)
	return a
}

// fill reads until the end, an error, or until nobody wants more.
func (a *ahead) fill(ctx context.Context, r io.ReadCloser) {
	defer close(a.full)
	defer r.Close()
	for a.err == nil {
		select {
		case <-a.stop:
			return
		case <-ctx.Done():
			a.err = stopped(ctx)
		case b := <-a.free:
			n := 0
			for n < len(b) && a.err == nil {
				var m int
				m, a.err = r.Read(b[n:])
				n += m
			}
			a.full <- b[:n] // never waits: there are as many places as chunks
		}
	}
}

// Read hands on what was read.
func (a *ahead) Read(p []byte) (int, error) {
	if len(a.now) == 0 {
		if a.whole != nil {
			a.free <- a.whole[:chunkSize]
			a.whole = nil
		}
		b, ok := <-a.full
		if !ok {
			return 0, a.err // set before the channel was closed
		}
		a.now, a.whole = b, b
	}
	n := copy(p, a.now)
	a.now = a.now[n:]
	a.done.Add(int64(n))
	return n, nil
}

// close ends the goroutine and waits for it, so that the file may be closed.
func (a *ahead) close() {
	close(a.stop)
	for range a.full {
	}
}

// fatal returns the failure that must end the reading: a Fault, as a bound
// broken, a failing disk or a stop from outside are. Anything else is only the
// trouble of one file.
func fatal(err error) *fault.Fault {
	f, _ := errors.AsType[*fault.Fault](err)
	return f
}

// asFault is fatal for a failure that ends the reading whatever it is.
func asFault(err error) error {
	if f := fatal(err); f != nil {
		return f
	}
	return unreadable(err)
}
