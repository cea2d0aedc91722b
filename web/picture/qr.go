// Package picture draws what people take away from Godwit's pages: QR codes and
// the card that announces a new handle. Pictures hold an address and names that
// are plain ASCII, no words: one picture serves every language, and no script
// can be missing from its font.
package picture

import (
	"fmt"
	"image"
	"image/color"
	"strings"

	"rsc.io/qr"

	"godwit/internal/fault"
)

// Code is a QR code.
type Code struct{ code *qr.Code }

// QR makes the code of an address; one of more than maxAddress bytes is a fault
// of kind Invalid. A tenth of it may be hidden or torn off and it still reads.
func QR(address string) (Code, error) {
	code, err := qr.Encode(address, qr.M)
	if len(address) > maxAddress || err != nil {
		return Code{}, fault.New(fault.Invalid, "address-too-long", "That address is too long for a picture.").Because(err)
	}
	return Code{code}, nil
}

// SVG is the code as a picture of its own, black on white in either scheme: a
// camera may not read the reverse.
func (c Code) SVG() []byte {
	side := c.code.Size + 2*quiet
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, side, side, side, side)
	for y := range c.code.Size {
		for x := 0; x < c.code.Size; x++ {
			from := x
			for x < c.code.Size && c.code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return []byte(b.String())
}

// PNG is the code for printing and for programs that take no SVG.
func (c Code) PNG() []byte {
	c.code.Scale = pngModule
	return c.code.PNG()
}

// drawOn draws the code into a square of the picture, white around it.
func (c Code) drawOn(to *image.RGBA, at image.Point, side int) {
	module := side / (c.code.Size + 2*quiet)
	edge := (side - module*c.code.Size) / 2
	fill(to, image.Rect(at.X, at.Y, at.X+side, at.Y+side), color.RGBA{255, 255, 255, 255})
	for y := range c.code.Size {
		for x := range c.code.Size {
			if c.code.Black(x, y) {
				corner := at.Add(image.Pt(edge+x*module, edge+y*module))
				fill(to, image.Rectangle{Min: corner, Max: corner.Add(image.Pt(module, module))}, ink)
			}
		}
	}
}
