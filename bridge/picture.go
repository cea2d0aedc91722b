package bridge

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // its head is read
	"image/jpeg"
	"image/png"
	"math"
	"slices"

	xdraw "golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // is decoded

	"godwit/internal/social"
)

// FitPicture is a picture of an export as it is sent: without all that is not
// the picture, upright, and within what the server takes; kind is its media
// type. What cannot be made so is Invalid. Nothing is decoded before its size is
// known.
func FitPicture(body []byte, l social.PostingLimits) (out []byte, kind string, err error) {
	s, err := strip(body)
	if err != nil {
		return nil, "", err
	}
	kind = pictureKind(s.body)
	c, _, err := image.DecodeConfig(bytes.NewReader(s.body))
	if err != nil {
		return nil, "", unfit()
	}
	if s.orientation <= 1 && takes(l, kind, len(s.body), c.Width, c.Height) {
		return s.body, kind, nil
	}
	if kind == "image/gif" || c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels {
		return nil, "", unfit()
	}
	m, _, err := image.Decode(bytes.NewReader(s.body))
	if err != nil {
		return nil, "", unfit()
	}
	return shrink(upright(m, s.orientation), s, kind, l)
}

// takes reports that the server takes a picture as it is.
func takes(l social.PostingLimits, kind string, size, width, height int) bool {
	return (l.ImageBytes == 0 || int64(size) <= l.ImageBytes) && (l.ImagePixels == 0 || int64(width)*int64(height) <= l.ImagePixels) &&
		(len(l.Types) == 0 || slices.Contains(l.Types, kind))
}

// shrink makes a picture smaller until the server takes it.
func shrink(m image.Image, s stripped, kind string, l social.PostingLimits) ([]byte, string, error) {
	if area := int64(m.Bounds().Dx()) * int64(m.Bounds().Dy()); l.ImagePixels > 0 && area > l.ImagePixels {
		m = scaled(m, math.Sqrt(float64(l.ImagePixels)/float64(area)))
	}
	asPNG := kind != "image/jpeg" && !opaque(m) && takes(l, "image/png", 0, 1, 1)
	for range shrinkTries {
		out, kind, err := encodePicture(m, s, asPNG)
		if err != nil {
			return nil, "", unfit()
		}
		if takes(l, kind, len(out), m.Bounds().Dx(), m.Bounds().Dy()) {
			return out, kind, nil
		}
		m = scaled(m, shrinkStep)
	}
	return nil, "", unfit()
}

func encodePicture(m image.Image, s stripped, asPNG bool) ([]byte, string, error) {
	var b bytes.Buffer
	if asPNG {
		err := png.Encode(&b, m)
		return b.Bytes(), "image/png", err
	}
	if !opaque(m) { // on white
		flat := image.NewRGBA(m.Bounds())
		draw.Draw(flat, flat.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(flat, flat.Bounds(), m, m.Bounds().Min, draw.Over)
		m = flat
	}
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, "", err
	}
	out := b.Bytes()
	if len(s.profile) > 0 { // its colours are still meant by the profile
		out = slices.Concat(out[:2], s.profile, out[2:])
	}
	return out, "image/jpeg", nil
}

func opaque(m image.Image) bool {
	o, ok := m.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

func scaled(m image.Image, by float64) image.Image {
	size := func(n int) int { return max(1, int(float64(n)*by)) }
	out := image.NewRGBA(image.Rect(0, 0, size(m.Bounds().Dx()), size(m.Bounds().Dy())))
	xdraw.CatmullRom.Scale(out, out.Bounds(), m, m.Bounds(), xdraw.Src, nil)
	return out
}

// upright turns a picture as its camera was held.
func upright(m image.Image, orientation int) image.Image {
	if orientation <= 1 {
		return m
	}
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := turned(x, y, w, h, orientation)
			out.Set(tx, ty, m.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// turned is where a point lies in an upright picture (EXIF 2.3, Orientation).
func turned(x, y, w, h, orientation int) (int, int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	}
	return x, y
}
