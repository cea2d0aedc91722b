package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"godwit/internal/fault"
)

// Card is what the picture says: this name there is now that handle, and where
// one can read so.
type Card struct {
	Username string // on X, without the @
	Handle   string // user@host
	Address  string // in the QR code
}

// The colours of the light scheme: a picture does not know the dark one.
var (
	ground = color.RGBA{0xFB, 0xFA, 0xF6, 0xFF}
	sky    = color.RGBA{0xEA, 0xF3, 0xF3, 0xFF}
	near   = color.RGBA{0xE4, 0xDC, 0xC8, 0xFF}
	far    = color.RGBA{0xCF, 0xE3, 0xE4, 0xFF}
	sun    = color.RGBA{0xF6, 0xDD, 0xB0, 0xFF}
	ink    = color.RGBA{0x1B, 0x23, 0x27, 0xFF}
	faint  = color.RGBA{0x55, 0x60, 0x6A, 0xFF}
	accent = color.RGBA{0x0B, 0x61, 0x70, 0xFF}
)

// The Go fonts, © 2016 Bigelow & Holmes, under a BSD licence.
var regular, bold = parsed(goregular.TTF), parsed(gobold.TTF)

func parsed(ttf []byte) *opentype.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic("picture: a font of its own does not parse: " + err.Error())
	}
	return f
}

// draw makes the PNG. A handle too long to be read is a fault of kind Invalid.
func (c Card) draw() ([]byte, error) {
	code, err := QR(c.Address)
	if err != nil {
		return nil, err
	}
	width := Width - 2*margin
	name, nameFace, fits := fitted(bold, "@"+c.Handle, width, maxLines)
	if !fits {
		return nil, fault.New(fault.Invalid, "address-too-long", "That address is too long for a picture.")
	}
	to := image.NewRGBA(image.Rect(0, 0, Width, Height))
	landscape(to)
	drawBird(to, 812, 44, 3.7, accent)
	drawBird(to, 700, 60, 2.1, thinned(accent, 190))
	drawBird(to, 716, 162, 1.5, thinned(accent, 150))
	old, oldFace, _ := fitted(regular, "x.com/"+c.Username, 600, 1)
	y := write(to, old, oldFace, image.Pt(margin, 128), faint)
	fillPaths(to, image.Rect(margin, y-14, margin+64, y+50), []string{arrow}, margin, float32(y)-14, 1, accent)
	write(to, name, nameFace, image.Pt(margin, y+148), ink)
	code.drawOn(to, image.Pt(Width-margin-codeSide+24, Height-36-codeSide), codeSide)
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	err = encoder.Encode(&b, to)
	return b.Bytes(), err
}

// arrow points from the old name down to the new one, in a box of 64 × 64.
const arrow = "M27 0L37 0 37 40 54 40 32 64 10 40 27 40Z"

// landscape is the tidal flat under an evening sky.
func landscape(to *image.RGBA) {
	fill(to, to.Bounds(), ground)
	all := to.Bounds()
	fillPaths(to, all, []string{"M0 470C300 440 500 440 700 452 900 462 1050 446 1200 432L1200 630 0 630Z"}, 0, 0, 1, sky)
	fillPaths(to, all, []string{"M590 452C590 362 770 362 770 452Z"}, 0, 0, 1, sun)
	fillPaths(to, all, []string{"M0 500C200 470 420 520 640 500 860 482 1000 510 1200 486L1200 630 0 630Z"}, 0, 0, 1, far)
	fillPaths(to, all, []string{"M0 566C240 540 420 590 640 568 860 550 1000 580 1200 556L1200 630 0 630Z"}, 0, 0, 1, near)
}

// fitted breaks a name into lines, at most so many, at the largest size at which
// it fits.
func fitted(f *opentype.Font, text string, width, most int) (lines []string, face font.Face, fits bool) {
	one := advances(f, text)
	for size := largest; size >= smallest; size -= 2 {
		lines := broken(text, one, float64(width)/float64(size))
		if len(lines) > 1 && size > largest*2/3 || len(lines) > most {
			continue
		}
		face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
		return lines, face, err == nil
	}
	return nil, nil, false
}

// advances are the widths of the text's bytes, all ASCII, at a size of 1.
func advances(f *opentype.Font, text string) []float64 {
	const size = 64
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return make([]float64, len(text))
	}
	all := make([]float64, len(text))
	for i := range text {
		n, _ := face.GlyphAdvance(rune(text[i]))
		all[i] = float64(n) / 64 / size
	}
	return all
}

// broken breaks a text into lines of a width, before an @ or a dot where that
// leaves the line at least half full.
func broken(text string, one []float64, width float64) (lines []string) {
	for text != "" {
		end, used := 0, 0.0
		for end < len(text) && (end == 0 || used+one[end] <= width) {
			used += one[end]
			end++
		}
		if end < len(text) {
			if at := strings.LastIndexAny(text[1:end], "@."); at+1 > end/2 {
				end = at + 1
			}
		}
		lines, text, one = append(lines, text[:end]), text[end:], one[end:]
	}
	return lines
}

// write draws lines from the baseline of the first on and returns where the
// next thing may begin.
func write(to *image.RGBA, lines []string, face font.Face, at image.Point, c color.RGBA) int {
	step := face.Metrics().Height.Ceil()
	for _, line := range lines {
		d := font.Drawer{Dst: to, Src: image.NewUniform(c), Face: face, Dot: fixed.P(at.X, at.Y)}
		d.DrawString(line)
		at.Y += step
	}
	return at.Y - step + 40
}
