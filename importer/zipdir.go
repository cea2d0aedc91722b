package importer

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"slices"
)

// The index of a zip is read here rather than by archive/zip, because what
// makes an archive safe must be known before anything of it is inflated: how
// many entries its end record claims, whether they overlap, whether two have
// one name. archive/zip keeps no header offsets, holds an entry for every one
// of a hundred thousand pictures, and tells none of this (ZIP-01, -03, -04, -07).

// entry is what the index of a zip says of one file.
type entry struct {
	name   string // as written, may be anything
	flags  uint16
	method uint16
	crc    uint32
	packed uint64
	size   uint64
	offset uint64 // of its local header, from the start of the file
	header int64  // bytes of its header in the index
	place  int64  // of its header in the index, from the start of the file
}

// endRecord says where a zip's index lies.
type endRecord struct {
	entries uint64
	start   int64 // of the index, from the start of the file
	length  int64
	base    int64 // bytes before the zip itself
	wide    bool  // a zip64 record was there
}

const (
	endSize       = 22
	end64Size     = 56
	locatorSize   = 20
	headerSize    = 46
	localSize     = 30
	maxComment    = 1<<16 - 1
	wideExtra     = 0x0001
	encryptedFlag = 0x0001
	maskedFlag    = 0x2000 // strong encryption hides the local header's values
)

var le = binary.LittleEndian

// findEnd reads the end record. It reports false when there is none: the file
// is cut, or no zip.
func findEnd(r io.ReaderAt, size int64) (endRecord, bool, error) {
	tail := make([]byte, min(size, endSize+maxComment))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return endRecord{}, false, err
	}
	at := lastEnd(tail)
	if at < 0 {
		return endRecord{}, false, nil
	}
	b := tail[at:]
	pos := size - int64(len(tail)) + int64(at)
	end := endRecord{entries: uint64(le.Uint16(b[10:]))}
	length, offset := uint64(le.Uint32(b[12:])), uint64(le.Uint32(b[16:]))
	if end.entries == 1<<16-1 || length == 1<<32-1 || offset == 1<<32-1 {
		if w, at, err := findWide(r, pos); err != nil {
			return endRecord{}, false, err
		} else if w != nil {
			end.wide, pos = true, at
			end.entries, length, offset = le.Uint64(w[32:]), le.Uint64(w[40:]), le.Uint64(w[48:])
		}
	}
	if end.entries > maxEntries || length > maxDirectory {
		return endRecord{}, false, tooManyFiles()
	}
	if offset > uint64(pos) || length > uint64(pos)-offset {
		return endRecord{}, false, zipDamaged()
	}
	end.length = int64(length)
	end.start = pos - end.length
	end.base = end.start - int64(offset)
	return end, true, end.settle(r)
}

// lastEnd is where the last end record with a fitting comment begins.
func lastEnd(tail []byte) int {
	for at := len(tail) - endSize; at >= 0; at-- {
		if bytes.HasPrefix(tail[at:], []byte("PK\x05\x06")) && at+endSize+int(le.Uint16(tail[at+20:])) <= len(tail) {
			return at
		}
	}
	return -1
}

// findWide reads the zip64 end record whose locator lies before pos; nil when
// there is none. Where bytes were put before the zip, the record is not where
// the locator says, but still right before the locator.
func findWide(r io.ReaderAt, pos int64) ([]byte, int64, error) {
	locator := make([]byte, locatorSize)
	if pos < locatorSize {
		return nil, 0, nil
	}
	if _, err := r.ReadAt(locator, pos-locatorSize); err != nil {
		return nil, 0, err
	}
	if !bytes.HasPrefix(locator, []byte("PK\x06\x07")) {
		return nil, 0, nil
	}
	for _, at := range []uint64{le.Uint64(locator[8:]), uint64(pos - locatorSize - end64Size)} {
		if at > uint64(pos) {
			continue
		}
		record := make([]byte, end64Size)
		if _, err := r.ReadAt(record, int64(at)); err != nil && err != io.EOF {
			return nil, 0, err
		}
		if bytes.HasPrefix(record, []byte("PK\x06\x06")) {
			return record, int64(at), nil
		}
	}
	return nil, 0, zipDamaged()
}

// settle tells apart the three causes of bytes before the zip: really put
// there; between index and end record; and offsets wrapped at 4 GiB, which is
// how a Mac packs what is larger.
func (e *endRecord) settle(r io.ReaderAt) error {
	if e.base == 0 {
		return nil
	}
	sig := make([]byte, 4)
	if _, err := r.ReadAt(sig, e.start-e.base); err == nil && string(sig) == "PK\x01\x02" {
		e.start, e.base = e.start-e.base, 0
		return nil
	}
	if !e.wide && e.base%(1<<32) == 0 {
		return zipFromMac()
	}
	return nil
}

// readIndex gives each entry of the index. What the end record claims must be
// what is there.
func readIndex(r io.ReaderAt, end endRecord, each func(entry) error) error {
	b := bufio.NewReaderSize(io.NewSectionReader(r, end.start, end.length), 64<<10)
	n, place := uint64(0), end.start
	for {
		e, err := readEntry(b)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if n++; n > maxEntries {
			return tooManyFiles()
		}
		e.offset += uint64(end.base)
		e.place, place = place, place+e.header
		if err := each(e); err != nil {
			return err
		}
	}
	if n != end.entries && (end.wide || n%(1<<16) != end.entries) {
		return zipDamaged()
	}
	return nil
}

// readEntry reads one header of the index; io.EOF is its end.
func readEntry(b *bufio.Reader) (entry, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(b, h[:]); err == io.EOF {
		return entry{}, io.EOF
	} else if err != nil || string(h[:4]) != "PK\x01\x02" {
		return entry{}, damaged(err)
	}
	e := entry{
		flags: le.Uint16(h[8:]), method: le.Uint16(h[10:]), crc: le.Uint32(h[16:]),
		packed: uint64(le.Uint32(h[20:])), size: uint64(le.Uint32(h[24:])), offset: uint64(le.Uint32(h[42:])),
	}
	rest := make([]byte, int(le.Uint16(h[28:]))+int(le.Uint16(h[30:])))
	if _, err := io.ReadFull(b, rest); err != nil {
		return entry{}, damaged(err)
	}
	if _, err := b.Discard(int(le.Uint16(h[32:]))); err != nil {
		return entry{}, damaged(err)
	}
	e.header = int64(headerSize + len(rest) + int(le.Uint16(h[32:])))
	name := rest[:le.Uint16(h[28:])]
	e.name = string(name)
	return e, e.widen(rest[len(name):])
}

// damaged keeps a failure of the disk apart from an index that ends too early.
func damaged(err error) error {
	if err == nil || err == io.EOF || err == io.ErrUnexpectedEOF {
		return zipDamaged()
	}
	return err
}

// widen takes the 64-bit values from the zip64 extra field; each is there only
// if its 32-bit place is full.
func (e *entry) widen(extra []byte) error {
	wide := extraField(extra)
	for _, v := range []*uint64{&e.size, &e.packed, &e.offset} {
		if *v != 1<<32-1 {
			continue
		}
		if len(wide) < 8 {
			return nil // exactly 4 GiB less one byte, or a lie that reading will find
		}
		*v, wide = le.Uint64(wide), wide[8:]
	}
	if e.packed >= 1<<62 || e.offset >= 1<<62 || e.size >= 1<<62 {
		return zipDamaged()
	}
	return nil
}

func extraField(extra []byte) []byte {
	for len(extra) >= 4 {
		tag, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if n > len(extra)-4 {
			return nil
		}
		if tag == wideExtra {
			return extra[4 : 4+n]
		}
		extra = extra[4+n:]
	}
	return nil
}

// spans collects where entries lie and finds any two that overlap: the sign
// of a bomb, in which one packed piece is claimed many times (ZIP-01).
type spans []span

type span struct{ from, to uint64 }

func (s *spans) add(e entry) {
	*s = append(*s, span{e.offset, e.offset + localSize + uint64(len(e.name)) + e.packed})
}

// overlap reports whether two entries share bytes, or one reaches into the
// index, which begins at end.
func (s spans) overlap(end int64) bool {
	slices.SortFunc(s, func(a, b span) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	for i := range s {
		limit := uint64(end)
		if i+1 < len(s) {
			limit = s[i+1].from
		}
		if s[i].to > limit {
			return true
		}
	}
	return false
}
