package web

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"

	"godwit/internal/social"
	"godwit/web/locale"
)

// sharePage is how a Wave's link is given out.
type sharePage struct {
	Frame   `json:"-"`
	Wave    social.Wave
	Address string
	Mail    string
	Reader  string // code of the hand-out's language
}

func (v *visit) share(template string) error {
	w, err := v.wave()
	if err != nil {
		return err
	}
	if w.Draft() {
		return notFound()
	}
	page := &sharePage{Wave: w, Address: v.site.address("/w/" + w.Code), Reader: v.lang.Code}
	page.Mail = v.say("share.mail.text", "server", w.Domain, "welcome", w.Welcome, "address", page.Address).String()
	page.Title, page.Here = v.say("share.title", "name", locale.NameOf(w.Name)), "wave-share"
	return v.show(http.StatusOK, template, page)
}

func (s *site) shareWave(v *visit) error { return v.share("waveshare") }

// handout is one sheet of paper, in the language that is asked for.
func (s *site) handout(v *visit) error {
	if lang := s.langs.Get(v.r.URL.Query().Get("lang")); lang != nil {
		v.lang = lang
	}
	return v.share("handout")
}

// qrOf is the code of a Wave's link.
func (v *visit) qrOf() (image.Image, error) {
	w, err := v.wave()
	if err != nil {
		return nil, err
	}
	if w.Draft() {
		return nil, notFound()
	}
	return qr.Encode(v.site.address("/w/"+w.Code), qr.M, qr.Auto)
}

// quietZone is the white edge that readers need, in modules.
const quietZone = 4

func isDark(code image.Image, x, y int) bool {
	return color.GrayModel.Convert(code.At(x, y)).(color.Gray).Y < 128
}

// qrSVG draws it as one path: black on white, in every colour scheme.
func (s *site) qrSVG(v *visit) error {
	code, err := v.qrOf()
	if err != nil {
		return err
	}
	side := code.Bounds().Dx()
	all := strconv.Itoa(side + 2*quietZone)
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + all + ` ` + all + `" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + all + `v` + all + `H0z"/><path d="`)
	for y := range side {
		for x := range side {
			if isDark(code, x, y) {
				b.WriteString("M" + strconv.Itoa(x+quietZone) + " " + strconv.Itoa(y+quietZone) + "h1v1h-1z")
			}
		}
	}
	b.WriteString(`"/></svg>`)
	v.w.Header().Set("Content-Type", "image/svg+xml")
	_, err = v.w.Write([]byte(b.String()))
	return ignoreGone(err)
}

// qrPNG draws it for programs that take no SVG, at qrScale pixels a module.
func (s *site) qrPNG(v *visit) error {
	code, err := v.qrOf()
	if err != nil {
		return err
	}
	side := (code.Bounds().Dx() + 2*quietZone) * qrScale
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			cx, cy := x/qrScale-quietZone, y/qrScale-quietZone
			if image.Pt(cx, cy).In(code.Bounds()) && isDark(code, cx, cy) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Content-Disposition", `attachment; filename="godwit-wave.png"`)
	_, err = v.w.Write(b.Bytes())
	return ignoreGone(err)
}
