package bridge

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"godwit/internal/fault"
)

// What cameras and programs write into pictures beside the picture (where it was
// taken, by whom, with which device, and small copies of it) is left out by
// lists of what is kept (ZIP-12). The picture itself is not touched.

// pictureKind tells a picture by its first bytes, "" for none that is sent.
func pictureKind(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(b, []byte("GIF87a")), bytes.HasPrefix(b, []byte("GIF89a")):
		return "image/gif"
	case len(b) > 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return "image/webp"
	}
	return ""
}

// stripped is a picture without what is not the picture.
type stripped struct {
	body        []byte
	orientation int    // 1 to 8 as in EXIF, 0 when nothing tells
	profile     []byte // of a JPEG: the segments with its colour profile
}

func strip(b []byte) (stripped, error) {
	switch pictureKind(b) {
	case "image/jpeg":
		return stripJPEG(b)
	case "image/png":
		return stripPNG(b)
	case "image/gif":
		return stripGIF(b)
	case "image/webp":
		return stripWebP(b)
	}
	return stripped{}, unfit()
}

func unfit() error {
	return fault.New(fault.Invalid, "picture-unfit", "This picture can't be read or made to fit. It was not sent.")
}

// stripJPEG keeps the segments that a decoder needs, to the end of the image.
func stripJPEG(b []byte) (s stripped, err error) {
	out := bytes.NewBuffer(make([]byte, 0, len(b)))
	out.Write(b[:2])
	for b = b[2:]; ; {
		if len(b) < 2 || b[0] != 0xff {
			return s, unfit()
		}
		marker := b[1]
		switch {
		case marker == 0xd9: // the end: what follows is no part of the picture
			out.Write(b[:2])
			s.body = out.Bytes()
			return s, nil
		case marker == 0xff: // padding
			b = b[1:]
			continue
		case len(b) < 4:
			return s, unfit()
		}
		n := 2 + int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) {
			return s, unfit()
		}
		if s.keeps(marker, b[:n]) {
			out.Write(b[:n])
		}
		b = b[n:]
		if marker == 0xda {
			scan := scanLength(b)
			out.Write(b[:scan])
			b = b[scan:]
		}
	}
}

// keeps decides over one segment of a JPEG, and learns from it.
func (s *stripped) keeps(marker byte, segment []byte) bool {
	if len(segment) < 4 {
		return false
	}
	body := segment[4:]
	switch {
	case marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
		if o := orientation(body[6:]); s.orientation == 0 {
			s.orientation = o
		}
		return false
	case marker == 0xe2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")):
		s.profile = append(s.profile, segment...)
		return true
	case marker == 0xe0: // with a small copy it is longer
		return bytes.HasPrefix(body, []byte("JFIF\x00")) && len(body) == 14
	case marker == 0xee:
		return bytes.HasPrefix(body, []byte("Adobe")) && len(body) == 12
	}
	return marker < 0xe0
}

// scanLength is how long the coded data before the next marker are.
func scanLength(b []byte) int {
	for i := 0; i+1 < len(b); i++ {
		if b[i] == 0xff && b[i+1] != 0 && (b[i+1] < 0xd0 || b[i+1] > 0xd7) {
			return i
		}
	}
	return len(b)
}

// orientation reads it out of the first directory of a TIFF header.
func orientation(b []byte) int {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case len(b) < 14:
		return 0
	case string(b[:2]) == "MM":
		order = binary.BigEndian
	}
	at := int(order.Uint32(b[4:]))
	if at < 8 || at+2 > len(b) {
		return 0
	}
	for i := range int(order.Uint16(b[at:])) {
		entry := at + 2 + 12*i
		if entry+12 > len(b) {
			return 0
		}
		if order.Uint16(b[entry:]) == 0x0112 {
			if o := int(order.Uint16(b[entry+8:])); o >= 1 && o <= 8 {
				return o
			}
			return 0
		}
	}
	return 0
}

// keptChunks are those of a PNG that are the picture, its colours or its motion.
var keptChunks = strings.Fields("IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD pHYs acTL fcTL fdAT cICP")

func stripPNG(b []byte) (s stripped, err error) {
	out := bytes.NewBuffer(make([]byte, 0, len(b)))
	out.Write(b[:8])
	for b = b[8:]; len(b) >= 12; {
		n := int64(binary.BigEndian.Uint32(b)) + 12
		if n > int64(len(b)) {
			return s, unfit()
		}
		kind := string(b[4:8])
		if kind == "eXIf" {
			s.orientation = orientation(b[8 : n-4])
		}
		if slices.Contains(keptChunks, kind) {
			out.Write(b[:n])
		}
		if kind == "IEND" {
			s.body = out.Bytes()
			return s, nil
		}
		b = b[n:]
	}
	return s, unfit()
}

// stripWebP keeps what is shown, and says in the head that the rest is gone.
func stripWebP(b []byte) (s stripped, err error) {
	kept := strings.Fields("VP8 VP8L VP8X ALPH ANIM ANMF ICCP")
	out := bytes.NewBuffer(make([]byte, 0, len(b)))
	out.Write(b[:12])
	for b = b[12:]; len(b) >= 8; {
		size := int64(binary.LittleEndian.Uint32(b[4:]))
		n := 8 + size + size&1
		if 8+size > int64(len(b)) {
			return s, unfit()
		}
		chunk := b[:min(n, int64(len(b)))]
		kind := strings.TrimRight(string(b[:4]), " ")
		if kind == "EXIF" {
			s.orientation = orientation(bytes.TrimPrefix(chunk[8:], []byte("Exif\x00\x00")))
		}
		if slices.Contains(kept, kind) {
			at := out.Len()
			out.Write(chunk)
			if kind == "VP8X" && size > 0 {
				out.Bytes()[at+8] &^= 0x0c // no EXIF and no XMP any more
			}
		}
		b = b[len(chunk):]
	}
	s.body = out.Bytes()
	binary.LittleEndian.PutUint32(s.body[4:], uint32(len(s.body)-8))
	return s, nil
}

// stripGIF leaves out comments, texts and what programs added, but for how
// often it repeats.
func stripGIF(b []byte) (s stripped, err error) {
	if len(b) < 13 {
		return s, unfit()
	}
	head := 13
	if b[10]&0x80 != 0 {
		head += 3 << (b[10]&7 + 1)
	}
	g := &gifReader{b: b, at: head}
	for !g.bad && g.at < len(b) && b[g.at] != 0x3b {
		g.block()
	}
	if g.bad || g.at >= len(b) {
		return s, unfit()
	}
	s.body = slices.Concat(b[:head], g.out, []byte{0x3b})
	return s, nil
}

// gifReader reads the blocks of a GIF.
type gifReader struct {
	b   []byte
	at  int
	out []byte
	bad bool
}

func (g *gifReader) block() {
	from, keep := g.at, true
	switch g.b[g.at] {
	case 0x2c: // an image
		if g.at+10 > len(g.b) {
			g.bad = true
			return
		}
		flags := g.b[g.at+9]
		g.at += 11 // and the code size
		if flags&0x80 != 0 {
			g.at += 3 << (flags&7 + 1)
		}
	case 0x21: // an extension
		if g.at+2 >= len(g.b) {
			g.bad = true
			return
		}
		label := g.b[g.at+1]
		repeats := bytes.HasPrefix(g.b[g.at+2:], []byte("\x0bNETSCAPE2.0")) || bytes.HasPrefix(g.b[g.at+2:], []byte("\x0bANIMEXTS1.0"))
		keep = label == 0xf9 || label == 0xff && repeats
		g.at += 2
	default:
		g.bad = true
		return
	}
	g.subBlocks()
	if keep && !g.bad {
		g.out = append(g.out, g.b[from:g.at]...)
	}
}

// subBlocks passes over a chain of them and its end.
func (g *gifReader) subBlocks() {
	for g.at < len(g.b) {
		n := int(g.b[g.at])
		g.at += n + 1
		if n == 0 {
			return
		}
	}
	g.bad = true
}
