package importer

import (
	"bufio"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
)

// errChecksum is a file of a zip that is shorter or other than when it was packed.
var errChecksum = errors.New("length or checksum differ from the index")

const (
	stored   = 0
	deflated = 8
)

// addZip lists the files of a zip that may be read. Nothing of it is inflated.
func (c *container) addZip(f File) error {
	r := disk{f.ReaderAt}
	end, found, err := findEnd(r, f.Size)
	if err != nil {
		return err
	}
	if !found {
		return zipTruncated()
	}
	z := &zipArchive{r: r, room: room(f.Size), end: end.start, base: end.base}
	c.media.stores = append(c.media.stores, z)
	l := &listing{media: c.media}
	if err := readIndex(r, end, func(e entry) error { return z.add(l, e) }); err != nil {
		return err
	}
	if z.spans.overlap(z.end) || z.declared > uint64(z.room.Load()) {
		return unsafeArchive()
	}
	return c.take(l, z.part)
}

// zipArchive is one zip while it is read.
type zipArchive struct {
	r        io.ReaderAt
	end      int64         // where its index begins
	base     int64         // bytes before the zip itself
	room     *atomic.Int64 // bytes that may still be inflated
	spans    spans
	declared uint64
	wanted   []entry
}

// room is how much text a zip of the given size may hold.
func room(size int64) *atomic.Int64 {
	r := new(atomic.Int64)
	r.Store(min(max(totalFactor*min(size, maxTotal), minTotal), maxTotal))
	return r
}

// add notes one entry of the index.
func (z *zipArchive) add(l *listing, e entry) error {
	z.spans.add(e)
	if z.declared += e.size; z.declared > maxTotal {
		return unsafeArchive()
	}
	if strings.HasSuffix(e.name, "/") {
		return nil // a folder
	}
	if !validName(e.name) {
		l.skipped++
		return nil
	}
	if at, twice := l.add(e.name, len(z.wanted), e.place); twice {
		if first := z.wanted[at]; first.crc != e.crc || first.size != e.size || first.packed != e.packed || first.method != e.method {
			return zipTwice(e.name)
		}
	} else if at >= 0 {
		z.wanted = append(z.wanted, e)
	}
	return l.full()
}

// validName refuses names that no honest export has: absolute, with .. or
// empty elements, with backslashes, controls or broken UTF-8 (ZIP-03).
func validName(name string) bool {
	return len(name) <= maxName && utf8.ValidString(name) && fs.ValidPath(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f })
}

// part checks an entry's own header and makes it readable.
func (z *zipArchive) part(at int) (part, error) { return z.readable(z.wanted[at]) }

func (z *zipArchive) readable(e entry) (part, error) {
	switch {
	case e.flags&(encryptedFlag|maskedFlag) != 0:
		return part{}, zipEncrypted(e.name)
	case e.method != stored && e.method != deflated:
		return part{}, zipMethod(e.name)
	}
	from, err := z.dataOffset(e)
	if err != nil {
		return part{}, err
	}
	return part{name: e.name, size: int64(e.size), open: func() (io.ReadCloser, error) { return z.open(e, from), nil }}, nil
}

// dataOffset is where an entry's packed bytes begin; its own header must tell
// the same name and method as the index.
func (z *zipArchive) dataOffset(e entry) (int64, error) {
	h := make([]byte, localSize+len(e.name))
	if _, err := z.r.ReadAt(h, int64(e.offset)); err != nil {
		return 0, damaged(err)
	}
	n := int(le.Uint16(h[26:]))
	if string(h[:4]) != "PK\x03\x04" || n != len(e.name) || string(h[localSize:]) != e.name || le.Uint16(h[8:]) != e.method {
		return 0, zipMismatch(e.name)
	}
	from := int64(e.offset) + localSize + int64(n) + int64(le.Uint16(h[28:]))
	if from+int64(e.packed) > z.end {
		return 0, zipDamaged()
	}
	return from, nil
}

// open inflates an entry under all bounds.
func (z *zipArchive) open(e entry, from int64) io.ReadCloser {
	in := &counted{r: io.NewSectionReader(z.r, from, int64(e.packed))}
	g := &guard{in: in, entry: e, room: z.room, sum: crc32.NewIEEE(), out: in}
	if e.method == deflated {
		g.inflate = flate.NewReader(bufio.NewReaderSize(in, 64<<10))
		g.out = g.inflate
	}
	return g
}

type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// guard hands out an entry's text and stops at the first byte that breaks a
// bound: more than the index declared, more than its packed bytes can make,
// more than the archive may hold (ZIP-01). Real bytes are counted.
type guard struct {
	in      *counted
	out     io.Reader
	inflate io.ReadCloser
	entry   entry
	room    *atomic.Int64
	sum     hash.Hash32
	n       int64
}

func (g *guard) Read(p []byte) (int, error) {
	if left := int64(g.entry.size) - g.n; int64(len(p)) > left+1 {
		p = p[:left+1] // one more than declared is enough to know
	}
	n, err := g.out.Read(p)
	g.n += int64(n)
	g.sum.Write(p[:n])
	switch {
	case g.n > int64(g.entry.size), g.room.Add(-int64(n)) < 0, g.n > ratioFrom+maxRatio*g.in.n:
		return 0, unsafeArchive()
	case err == io.EOF && (g.n < int64(g.entry.size) || g.sum.Sum32() != g.entry.crc):
		return n, errChecksum
	}
	return n, err
}

// Close ends the inflating.
func (g *guard) Close() error {
	if g.inflate != nil {
		return g.inflate.Close()
	}
	return nil
}
