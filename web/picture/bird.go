package picture

import (
	"image"
	"image/color"
	"image/draw"
	"strconv"
	"strings"

	"golang.org/x/image/vector"
)

// bird is the logo, in a box of 64 × 48: body, bill, near wing, feet, and the
// far wing that stands back.
var (
	bird = []string{
		"M7 33.2C15 30 23 27.6 31 27.4 36 27.2 39.6 26 42.6 23.6 44.4 22.2 46.8 21.8 48.6 22.7 49.8 23.3 50.5 24.3 50.6 25.5 50 27.3 48.2 28.4 46.2 29.3 41 33.4 34.6 36 27 35.8 19.6 35.6 13.4 34.6 7 33.2Z",
		"M49.6 23.6C54 24.2 58.6 23.2 63.4 20.2 59.8 24.2 55.2 26.2 50.2 26Z",
		"M37.6 28.4C34 19 26.6 9.4 12.6 1 17.8 10.4 21.2 19.4 24.4 29Z",
		"M10 32.9 1.2 35.6 11 34.3Z",
	}
	farWing = []string{"M43.6 25.4C43.4 16.8 40.4 9 33.4 2 44 7.2 48.6 14.6 48.4 22.6Z"}
)

// drawBird draws the logo with its box's corner at x, y.
func drawBird(to *image.RGBA, x, y, scale float32, c color.RGBA) {
	in := image.Rect(int(x), int(y), int(x+64*scale)+1, int(y+48*scale)+1)
	fillPaths(to, in, farWing, x, y, scale, thinned(c, 140))
	fillPaths(to, in, bird, x, y, scale, c)
}

// thinned is a colour that lets some of the ground through, as premultiplied.
func thinned(c color.RGBA, alpha uint32) color.RGBA {
	part := func(v uint8) uint8 { return uint8(uint32(v) * alpha / 255) }
	return color.RGBA{part(c.R), part(c.G), part(c.B), uint8(alpha)}
}

// fillPaths fills paths that lie within a part of the picture. They are written
// as in SVG, of the absolute commands M, L, C and Z.
func fillPaths(to *image.RGBA, in image.Rectangle, paths []string, x, y, scale float32, c color.RGBA) {
	r := vector.NewRasterizer(in.Dx(), in.Dy())
	for _, path := range paths { // one by one: where two overlap, opposite directions would cancel out
		r.Reset(in.Dx(), in.Dy())
		trace(r, path, x-float32(in.Min.X), y-float32(in.Min.Y), scale)
		r.Draw(to, in, image.NewUniform(c), image.Point{})
	}
}

var spaced = strings.NewReplacer("M", " M ", "L", " L ", "C", " C ", "Z", " Z ")

// trace gives one path to the rasterizer. Coordinates after a pair of M are
// those of L, as SVG says.
func trace(r *vector.Rasterizer, path string, x, y, scale float32) {
	command, args := "", []float32(nil)
	for _, word := range strings.Fields(spaced.Replace(path)) {
		if strings.Contains("MLCZ", word) {
			if command = word; word == "Z" {
				r.ClosePath()
			}
			continue
		}
		n, _ := strconv.ParseFloat(word, 32) // our own paths
		offset := x
		if len(args)%2 == 1 {
			offset = y
		}
		args = append(args, offset+float32(n)*scale)
		switch {
		case command == "M" && len(args) == 2:
			r.MoveTo(args[0], args[1])
			command, args = "L", nil
		case command == "L" && len(args) == 2:
			r.LineTo(args[0], args[1])
			args = nil
		case command == "C" && len(args) == 6:
			r.CubeTo(args[0], args[1], args[2], args[3], args[4], args[5])
			args = nil
		}
	}
}

func fill(to *image.RGBA, r image.Rectangle, c color.RGBA) {
	draw.Draw(to, r, image.NewUniform(c), image.Point{}, draw.Src)
}
