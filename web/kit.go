package web

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/matcher"
	"godwit/web/locale"
	"godwit/web/picture"
)

// kitTexts are what a creator may write on X, by language, shortest first. They
// are in more languages than the pages: who follows a creator reads many.
//
//go:embed kit.json
var kitTexts []byte

// announcement is the texts in one language. {handle} and {page} stand for the
// creator's own; a text with a page is left out where there is none.
type announcement struct {
	Language string   `json:"language"`
	Bio      []string `json:"bio"`
	Name     []string `json:"name"`
	Post     []string `json:"post"`
}

// kitLanguages is the order in which the languages are offered.
var kitLanguages = []string{"en", "zh-Hans", "de", "fr", "es", "ja"}

func readKit() (all map[string]announcement, err error) {
	return all, json.Unmarshal(kitTexts, &all)
}

// kitPage is the announcement kit.
type kitPage struct {
	Frame        `json:"-"`
	Registration social.Registration
	Languages    []kitLanguage
	In           string // the texts' language
	Places       []kitPlace
	Address      string // of the public page, else of the profile
	Public       bool
	Card         bool // the handle fits into a picture
	Alt          locale.Sentence
	Own          string // the creator's own words …
	Reading      locale.Sentence
	Readable     bool // … and whether programs read the handle in them
}

// kitLanguage is one language to choose.
type kitLanguage struct {
	Code, Name, Link string
	Here             bool
}

// kitPlace is a place on X with the texts that fit there.
type kitPlace struct {
	Key   string
	Limit int
	Texts []kitText
}

// kitText is one text, to be copied.
type kitText struct {
	ID     string
	Text   string
	Length int // as X counts
}

// kitPlaces are the places with X's limits and what a matcher takes them for.
var kitPlaces = []struct {
	key   string
	limit int
	kind  social.EvidenceKind
	texts func(a announcement) []string
}{
	{"bio", 160, social.InBio, func(a announcement) []string { return a.Bio }},
	{"name", 50, social.InName, func(a announcement) []string { return a.Name }},
	{"post", 280, social.InPinned, func(a announcement) []string { return a.Post }},
}

// published is the registration of the visitor, if they published it.
func (v *visit) published() (social.Registration, error) {
	r, err := v.site.Store.GetRegistration(v.r.Context(), v.user.ID)
	if err == nil && r.Audience == social.Unpublished {
		err = notFound()
	}
	return r, err
}

// kit shows the texts, the pictures, and whether own words can be read.
func (s *site) kit(v *visit) error {
	r, err := v.published()
	if fault.Is(err, fault.NotFound) {
		return v.redirect("/register")
	}
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	page := &kitPage{Registration: r, In: v.kitLanguage(q.Get("in")), Own: clip(q.Get("own"), maxTyped)}
	page.Address, page.Public = s.announcedAt(r)
	page.Places = s.kitIn(page)
	for _, code := range kitLanguages {
		page.Languages = append(page.Languages, kitLanguage{code, s.kits[code].Language, "/announce/kit?in=" + code, code == page.In})
	}
	_, err = picture.QR(page.Address)
	page.Card = err == nil
	page.Alt = v.say("kit.alt", "username", r.Username, "handle", r.Handle)
	if page.Own != "" {
		page.Readable, page.Reading = v.readOwn(page.Own, r.Handle)
	}
	page.Title, page.Here, page.Sub = v.say("kit.title"), "register", "kit"
	return v.show(http.StatusOK, "kit", page)
}

// kitLanguage is the chosen language of the texts, else the page's.
func (v *visit) kitLanguage(chosen string) string {
	for _, code := range []string{chosen, v.lang.Code} {
		if slices.Contains(kitLanguages, code) {
			return code
		}
	}
	return kitLanguages[0]
}

// announcedAt is the address to give to others, and whether it is the page here.
func (s *site) announcedAt(r social.Registration) (address string, public bool) {
	if r.Audience == social.PublicPage && s.Mode != Local {
		return s.address("/@x/" + r.Username), true
	}
	return r.ActorID, false
}

// kitIn fills in the texts of a language; what is too long for its place is
// left out.
func (s *site) kitIn(page *kitPage) (places []kitPlace) {
	fill := strings.NewReplacer("{handle}", "@"+page.Registration.Handle.String(), "{page}", page.Address)
	for _, p := range kitPlaces {
		place := kitPlace{Key: "kit.for." + p.key, Limit: p.limit}
		for i, text := range p.texts(s.kits[page.In]) {
			if strings.Contains(text, "{page}") && !page.Public {
				continue
			}
			text = fill.Replace(text)
			if n := xLength(text, p.key == "post"); n <= p.limit {
				place.Texts = append(place.Texts, kitText{p.key + "-" + string(rune('1'+i)), text, n})
			}
		}
		places = append(places, place)
	}
	return places
}

var webAddress = regexp.MustCompile(`https?://\S+`)

// xLength is the length of a text as X counts it. In a post an address counts
// 23, and a character outside of the Latin, Greek, Cyrillic and similar scripts
// two; a profile counts characters.
func xLength(text string, post bool) int {
	if !post {
		return utf8.RuneCountInString(text)
	}
	n := 23 * len(webAddress.FindAllString(text, -1))
	for clusters := uniseg.NewGraphemes(webAddress.ReplaceAllString(text, "")); clusters.Next(); {
		for _, r := range clusters.Runes() {
			if light := r <= 4351 || r >= 8192 && r <= 8205 || r >= 8208 && r <= 8223 || r >= 8242 && r <= 8247; light {
				n++
			} else {
				n += 2
			}
		}
	}
	return n
}

// readOwn says what programs read in a text that the creator wrote.
func (v *visit) readOwn(text string, h social.Handle) (bool, locale.Sentence) {
	found := matcher.Extract([]matcher.Text{{Field: social.InBio, Text: text}}, social.Private)
	for _, f := range found {
		switch {
		case f.Handle.Same(h) && !f.Maybe && len(found) == 1:
			return true, v.say("kit.readable")
		case f.Handle.Same(h) && !f.Maybe:
			return false, v.say("kit.readable.others")
		case f.Handle.Same(h):
			return false, v.say("kit.readable.maybe", "handle", h)
		}
	}
	return false, v.say("kit.readable.not", "handle", h)
}

// kitCard, kitQR and kitQRPNG are the pictures of the kit, for the creator.
func (s *site) kitCard(v *visit) error {
	r, err := v.published()
	if err != nil {
		return err
	}
	address, _ := s.announcedAt(r)
	return v.sendCard(r, address)
}

func (s *site) kitQR(v *visit) error {
	return v.sendQR(func(c picture.Code) ([]byte, string) { return c.SVG(), "image/svg+xml" })
}

func (s *site) kitQRPNG(v *visit) error {
	return v.sendQR(func(c picture.Code) ([]byte, string) { return c.PNG(), "image/png" })
}

func (v *visit) sendQR(as func(picture.Code) ([]byte, string)) error {
	r, err := v.published()
	if err != nil {
		return err
	}
	address, _ := v.site.announcedAt(r)
	code, err := picture.QR(address)
	if err != nil {
		return err
	}
	body, kind := as(code)
	return v.sendPicture(body, kind)
}

// sendCard draws the card; who comes while another is being drawn comes again.
func (v *visit) sendCard(r social.Registration, address string) error {
	card, err := v.site.drawer.Draw(picture.Card{Username: r.Username, Handle: r.Handle.String(), Address: address})
	if fault.Is(err, fault.Wait) {
		v.w.Header().Set("Retry-After", "1")
		v.w.WriteHeader(http.StatusServiceUnavailable)
		return nil
	}
	if err != nil {
		return err
	}
	return v.sendPicture(card, "image/png")
}

func (v *visit) sendPicture(body []byte, kind string) error {
	v.w.Header().Set("Content-Type", kind)
	v.w.Header().Set("X-Robots-Tag", "noindex")
	_, err := v.w.Write(body)
	return ignoreGone(err)
}
