package bridge

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const canary = "CANARY 48.2082N 16.3738E serial 77"

// sample is a picture whose upper left corner is red.
func sample(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		m.Set(i%width, i/width, color.RGBA{0, 0, 200, 255})
	}
	for i := range width * height / 4 {
		m.Set(i%(width/2), i/(width/2), color.RGBA{250, 0, 0, 255})
	}
	return m
}

func asJPEG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exif is a TIFF head with an orientation and words.
func exif(orientation int) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00")
	return append(append(b, byte(orientation), 0, 0, 0, 0, 0, 0, 0), canary...)
}

func segment(marker byte, body []byte) []byte {
	b := []byte{0xff, marker, 0, 0}
	binary.BigEndian.PutUint16(b[2:], uint16(len(body)+2))
	return append(b, body...)
}

func pngChunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	return append(append(append(b, kind...), body...), 0, 0, 0, 0) // nobody checks the sum of a chunk that is dropped
}

// tagged are pictures with what cameras and programs write into them.
func taggedPictures(t *testing.T, orientation int) map[string][]byte {
	j := asJPEG(t, sample(64, 48))
	p := asPNG(t, sample(64, 48))
	var g bytes.Buffer
	pal := image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.Black, color.White})
	if err := gif.EncodeAll(&g, &gif.GIF{Image: []*image.Paletted{pal, pal}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	gifBody := g.Bytes()
	comment := append([]byte{0x21, 0xfe, byte(len(canary))}, append([]byte(canary), 0)...)
	return map[string][]byte{
		"jpeg": slices.Concat(j[:2], segment(0xe1, append([]byte("Exif\x00\x00"), exif(orientation)...)), segment(0xe1, []byte("http://ns.adobe.com/xap/1.0/\x00"+canary)),
			segment(0xed, []byte(canary)), segment(0xfe, []byte(canary)), segment(0xe2, []byte("ICC_PROFILE\x00\x01\x01colours")), j[2:], []byte(canary)),
		"png": slices.Concat(p[:33], pngChunk("eXIf", exif(orientation)), pngChunk("tEXt", []byte(canary)), p[33:], []byte(canary)),
		"gif": slices.Concat(gifBody[:len(gifBody)-1], comment, []byte{0x3b}),
	}
}

// TestZIP12PicturesTellNothing: neither place nor device nor words leave with a
// picture, whatever is done to it, and the picture stays.
func TestZIP12PicturesTellNothing(t *testing.T) {
	for name, body := range taggedPictures(t, 1) {
		out, kind, err := FitPicture(body, social.PostingLimits{})
		if err != nil || kind != "image/"+name || bytes.Contains(out, []byte("CANARY")) {
			t.Errorf("%s: %s %v", name, kind, err)
		}
		if _, _, err := image.Decode(bytes.NewReader(out)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "jpeg" && !bytes.Contains(out, []byte("ICC_PROFILE\x00\x01\x01colours")) {
			t.Error("the colour profile is gone")
		}
	}
	for name, body := range taggedPictures(t, 6) {
		if name == "gif" {
			continue
		}
		out, _, err := FitPicture(body, social.PostingLimits{})
		if err != nil || bytes.Contains(out, []byte("CANARY")) {
			t.Fatalf("%s: %v", name, err)
		}
		m, _, err := image.Decode(bytes.NewReader(out))
		if err != nil || m.Bounds().Dx() != 48 || m.Bounds().Dy() != 64 {
			t.Fatalf("%s: %v %v", name, m.Bounds(), err)
		}
		if r, _, b, _ := m.At(47-4, 4).RGBA(); r < 0xc000 || b > 0x4000 { // what was left above is right above
			t.Errorf("%s: turned the wrong way", name)
		}
	}
}

// A picture that is too large is made smaller, by its area and by its bytes; one
// with holes stays so where the server takes that.
func TestPicturesAreMadeToFit(t *testing.T) {
	big := asJPEG(t, sample(400, 300))
	holes := sample(200, 150)
	holes.Set(150, 100, color.RGBA{})
	for _, c := range []struct {
		name   string
		body   []byte
		limits social.PostingLimits
		kind   string
	}{
		{"area", big, social.PostingLimits{ImagePixels: 10_000}, "image/jpeg"},
		{"bytes", big, social.PostingLimits{ImageBytes: 2_000}, "image/jpeg"},
		{"kind", asPNG(t, sample(20, 20)), social.PostingLimits{Types: []string{"image/jpeg"}}, "image/jpeg"},
		{"holes", asPNG(t, holes), social.PostingLimits{ImagePixels: 5_000, Types: []string{"image/jpeg", "image/png"}}, "image/png"},
	} {
		out, kind, err := FitPicture(c.body, c.limits)
		if err != nil || kind != c.kind {
			t.Errorf("%s: %s %v", c.name, kind, err)
			continue
		}
		got, _, err := image.DecodeConfig(bytes.NewReader(out))
		if err != nil || !takes(c.limits, kind, len(out), got.Width, got.Height) {
			t.Errorf("%s: %+v in %d bytes, %v", c.name, got, len(out), err)
		}
	}
}

// TestZIP12DecompressionBomb: what says that it is huge is never decoded.
func TestZIP12DecompressionBomb(t *testing.T) {
	bomb := asPNG(t, sample(20, 20))
	binary.BigEndian.PutUint32(bomb[16:], 60_000)
	binary.BigEndian.PutUint32(bomb[20:], 60_000)
	if _, _, err := FitPicture(bomb, social.PostingLimits{ImagePixels: 1_000}); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	if _, _, err := FitPicture([]byte("<svg onload=alert(1)>"), social.PostingLimits{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
}

func FuzzFitPicture(f *testing.F) {
	t := &testing.T{}
	for _, body := range taggedPictures(t, 6) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		out, kind, err := FitPicture(body, social.PostingLimits{ImagePixels: 1000, ImageBytes: 4000})
		if err == nil && pictureKind(out) != kind {
			t.Errorf("%s is %s", kind, pictureKind(out))
		}
	})
}

func box(kind string, inner ...[]byte) []byte {
	body := bytes.Join(inner, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8)), kind...), body...)
}

func track(handler string, more ...[]byte) []byte {
	hdlr := box("hdlr", []byte("\x00\x00\x00\x00\x00\x00\x00\x00"+handler+"\x00\x00"))
	return box("trak", append([][]byte{box("mdia", hdlr)}, more...)...)
}

// video is an MP4 with places in all corners.
func video() []byte {
	secret := []byte(canary)
	return bytes.Join([][]byte{box("ftyp", []byte("isom")), box("uuid", secret), box("mdat", []byte("pictures and sound")),
		box("moov", box("mvhd", []byte("head")), track("vide", box("udta", box("\xa9xyz", secret))), track("soun"), track("meta", secret),
			box("udta", box("meta", secret)), box("meta", secret)), box("meta", secret)}, nil)
}

// TestZIP12VideosTellNothing: boxes that tell of place, device or person are
// emptied, and not one byte of the rest moves.
func TestZIP12VideosTellNothing(t *testing.T) {
	body := video()
	blanks, err := VideoBlanks(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(Blanked(bytes.NewReader(body), blanks))
	if err != nil || len(out) != len(body) || bytes.Contains(out, []byte("CANARY")) {
		t.Fatalf("%d bytes of %d, %v", len(out), len(body), err)
	}
	for _, kept := range []string{"pictures and sound", "mvhdhead", "vide", "soun"} {
		if bytes.Index(out, []byte(kept)) != bytes.Index(body, []byte(kept)) {
			t.Errorf("%s moved", kept)
		}
	}
	if again, err := VideoBlanks(bytes.NewReader(out)); err != nil || len(again) != 0 {
		t.Errorf("%v, %v", again, err)
	}
	for _, bad := range []string{"", "no video at all", string(body[:len(body)-3]), strings.Repeat("\x00\x00\x00\x10moov", 4)} {
		if _, err := VideoBlanks(strings.NewReader(bad)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

func FuzzVideoBlanks(f *testing.F) {
	f.Add(video())
	f.Fuzz(func(t *testing.T, body []byte) {
		blanks, err := VideoBlanks(bytes.NewReader(body))
		if err != nil {
			return
		}
		out, err := io.ReadAll(Blanked(bytes.NewReader(body), blanks))
		if err != nil || len(out) != len(body) {
			t.Errorf("%d bytes of %d, %v", len(out), len(body), err)
		}
	})
}
