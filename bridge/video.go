package bridge

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
)

// Blank is a piece of a video that is sent as an empty box: what it says of the
// place, the device and the person is overwritten, and nothing else moves.
type Blank struct {
	At, Size int64 // of the whole box
	head     int64 // of its length and its kind
}

// VideoBlanks reads an MP4 or a QuickTime file to its end and finds what is not
// its pictures and its sound: udta, meta and uuid boxes, and tracks of data,
// where positions are kept (ZIP-12). Invalid when it is no such file, or one
// that is not put together right.
func VideoBlanks(r io.Reader) (all []Blank, err error) {
	sawHead := false
	for at := int64(0); ; {
		head := make([]byte, 16)
		n, err := io.ReadFull(r, head[:8])
		if errors.Is(err, io.EOF) && n == 0 && sawHead {
			return all, nil
		}
		if err != nil {
			return nil, unfit()
		}
		size, width := int64(binary.BigEndian.Uint32(head)), int64(8)
		if size == 1 {
			if _, err := io.ReadFull(r, head[8:]); err != nil {
				return nil, unfit()
			}
			size, width = int64(binary.BigEndian.Uint64(head[8:])), 16
		}
		kind := string(head[4:8])
		if size == 0 && kind == "mdat" { // to the end of the file
			_, err := io.Copy(io.Discard, r)
			return all, err
		}
		if at == 0 && kind != "ftyp" || size < width {
			return nil, unfit()
		}
		sawHead = true
		if kind != "moov" && kind != "moof" {
			if isBlankBox(kind) {
				all = append(all, Blank{at, size, width})
			}
			if n, err := io.CopyN(io.Discard, r, size-width); n < size-width || err != nil {
				return nil, unfit()
			}
		} else {
			some, err := readBoxes(r, size-width, at+width)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		at += size
	}
}

var (
	blankBoxes  = strings.Fields("udta meta uuid ilst")
	outerBoxes  = strings.Fields("moov moof traf mdia minf edts")
	knownTracks = strings.Fields("vide soun text subt sbtl clcp")
)

func isBlankBox(kind string) bool { return slices.Contains(blankBoxes, kind) }

// readBoxes finds blanks within a box that is read whole.
func readBoxes(r io.Reader, size, at int64) ([]Blank, error) {
	if size > maxMoov {
		return nil, unfit()
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, unfit()
	}
	return blanksIn(body, at, 0)
}

func blanksIn(body []byte, at int64, depth int) (all []Blank, err error) {
	if depth > maxBoxes {
		return nil, unfit()
	}
	err = eachBox(body, func(kind string, from int, box, inner []byte) error {
		where := at + int64(from)
		switch {
		case isBlankBox(kind), kind == "trak" && !isShown(inner):
			all = append(all, Blank{where, int64(len(box)), 8})
		case kind == "trak" || slices.Contains(outerBoxes, kind):
			some, err := blanksIn(inner, where+8, depth+1)
			all = append(all, some...)
			return err
		}
		return nil
	})
	return all, err
}

// eachBox visits the boxes in a row of them.
func eachBox(body []byte, visit func(kind string, from int, box, inner []byte) error) error {
	for from := 0; from < len(body); {
		left := body[from:]
		if len(left) < 8 {
			if bytes.Count(left, []byte{0}) == len(left) { // QuickTime ends a list with zeros
				return nil
			}
			return unfit()
		}
		size := int(binary.BigEndian.Uint32(left))
		if size < 8 || size > len(left) {
			if size == 0 && len(bytes.TrimLeft(left, "\x00")) == 0 {
				return nil
			}
			return unfit()
		}
		if err := visit(string(left[4:8]), from, left[:size], left[8:size]); err != nil {
			return err
		}
		from += size
	}
	return nil
}

// isShown reports whether a track is seen, heard or read.
func isShown(trak []byte) bool {
	shown := false
	_ = eachBox(trak, func(kind string, _ int, _, mdia []byte) error {
		if kind != "mdia" {
			return nil
		}
		return eachBox(mdia, func(kind string, _ int, _, hdlr []byte) error {
			shown = shown || kind == "hdlr" && len(hdlr) >= 12 && slices.Contains(knownTracks, string(hdlr[8:12]))
			return nil
		})
	})
	return shown
}

// Blanked is a video with its Blanks, which lie in the order of the file.
func Blanked(r io.Reader, blanks []Blank) io.Reader { return &blanked{r: r, blanks: blanks} }

type blanked struct {
	r      io.Reader
	at     int64
	blanks []Blank
}

// Read implements io.Reader.
func (b *blanked) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if len(b.blanks) > 0 && b.at+int64(n) > b.blanks[0].At {
		for i := range n {
			b.blank(&p[i], b.at+int64(i))
		}
	}
	b.at += int64(n)
	return n, err
}

// blank writes the byte at a place anew if it lies in a Blank: the length of the
// box stays, its kind becomes "free", and the rest is zeros.
func (b *blanked) blank(c *byte, at int64) {
	for len(b.blanks) > 0 && at >= b.blanks[0].At+b.blanks[0].Size {
		b.blanks = b.blanks[1:]
	}
	if len(b.blanks) == 0 || at < b.blanks[0].At {
		return
	}
	switch i := at - b.blanks[0].At; {
	case i < 4:
	case i < 8:
		*c = "free"[i-4]
	case i < b.blanks[0].head:
	default:
		*c = 0
	}
}
