package web

import (
	"net/http"

	"godwit/internal/social"
	"godwit/web/locale"
	"godwit/web/picture"
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

// waveQR draws the code of a Wave's link.
func (v *visit) waveQR(as func(picture.Code) ([]byte, string)) error {
	w, err := v.wave()
	if err != nil {
		return err
	}
	if w.Draft() {
		return notFound()
	}
	code, err := picture.QR(v.site.address("/w/" + w.Code))
	if err != nil {
		return err
	}
	body, kind := as(code)
	return v.sendPicture(body, kind)
}

func (s *site) waveQRSVG(v *visit) error {
	return v.waveQR(func(c picture.Code) ([]byte, string) { return c.SVG(), "image/svg+xml" })
}

func (s *site) waveQRPNG(v *visit) error {
	return v.waveQR(func(c picture.Code) ([]byte, string) { return c.PNG(), "image/png" })
}
