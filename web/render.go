package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"godwit/internal/social"
	"godwit/web/locale"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pages are the templates, one set for each page.
type pages map[string]*template.Template

// loadPages parses layout and parts together with each page.
func loadPages() (pages, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	shared := []string{"templates/layout.html", "templates/parts.html"}
	all := pages{}
	for _, name := range names {
		if name == shared[0] || name == shared[1] {
			continue
		}
		t, err := template.New("layout.html").Funcs(helpers).ParseFS(templateFiles, append(shared, name)...)
		if err != nil {
			return nil, err
		}
		all[strings.TrimSuffix(path.Base(name), ".html")] = t
	}
	return all, nil
}

// helpers are the few functions of the templates.
var helpers = template.FuncMap{
	"host": func(h string) locale.HostOf { return locale.HostOf(h) },
	"name": func(n string) locale.NameOf { return locale.NameOf(n) },
	"bare": func(h social.Handle) string { return h.String() },
	"iota": func(n int) []int { return make([]int, n) },
	"inc":  func(n int) int { return n + 1 },
}

// Frame is what every page has around its content.
type Frame struct {
	Title   locale.Sentence // of the page: its h1
	PageNo  int             // of a list in pages
	Wide    bool            // a list, wider than a reading column
	Here    string          // the entry of the header's navigation
	Sub     string          // the entry of the creator's own navigation
	Problem []problem       // what is wrong with the form
	Live    string          // address of the event stream beside the page
	Shape   string          // changes when more than live texts changed

	Lang     *locale.Lang
	Langs    []*locale.Lang
	Clock    locale.Clock
	Scheme   string
	SignedIn bool
	Local    bool
	Handle   social.Handle
	Samples  []Sample // of the demonstration
	Demo     bool
	Banner   *banner
	Form     string // the hidden number of this page's forms
	Back     string // this page, for the language form
	assets   assets
}

// problem is one thing wrong with a form, and at which field.
type problem struct {
	Field string
	Text  locale.Sentence
}

// banner is the one sentence above a page.
type banner struct {
	Text locale.Sentence
	Bad  bool
	Undo string
}

func (f *Frame) frame() *Frame { return f }

// page is a struct with a Frame.
type page interface{ frame() *Frame }

// T is a message of the catalogue.
func (f *Frame) T(key string, values ...any) locale.Sentence { return f.Lang.Say(key, values...) }

// Gap is what stands between two sentences.
func (f *Frame) Gap() string { return f.Lang.Gap() }

// N writes a number.
func (f *Frame) N(n int) string { return f.Lang.Number(n) }

// Asset is the address of a static file, which changes with its content.
func (f *Frame) Asset(name string) string { return "/static/" + name + "?v=" + f.assets[name].version }

// Error is what is wrong with one field.
func (f *Frame) Error(field string) locale.Sentence {
	for _, p := range f.Problem {
		if p.Field == field {
			return p.Text
		}
	}
	return nil
}

// show renders a page into a buffer and sends it with the status.
func (v *visit) show(status int, name string, p page) error {
	t := v.site.pages[name]
	if t == nil {
		return fmt.Errorf("no template %q", name)
	}
	v.fill(p.frame())
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", p); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.lang.Code)
	h.Add("Vary", "Accept-Language, Cookie")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(b.Bytes()) // an error means that nobody reads any more
	}
	return nil
}

func (v *visit) fill(f *Frame) {
	f.Lang, f.Langs, f.Clock = v.lang, v.site.langs.All(), v.clock()
	f.Scheme = v.scheme()
	f.Local = v.site.Mode == Local
	f.SignedIn, f.Handle = v.user.ID != 0, v.user.Handle
	if f.Demo = v.site.Demo != nil; f.Demo {
		f.Samples = v.site.Demo.Samples
	}
	f.assets = v.site.static
	f.Back = v.back()
	if f.Banner == nil {
		f.Banner = v.takeFlash()
	}
	if v.token != "" || v.site.Mode != Local {
		f.Form = v.newForm()
	}
}

// back is the address of this page for the language form: GET pages only.
func (v *visit) back() string {
	if v.r.Method != http.MethodGet || v.route == nil {
		return "/"
	}
	return v.r.URL.RequestURI()
}

// byteUnits are the names of the units of 1, 1024, 1024² … bytes, by language.
var byteUnits = map[string][]string{
	"":   {"B", "kB", "MB", "GB", "TB"},
	"en": {"bytes", "kB", "MB", "GB", "TB"},
	"fr": {"octets", "ko", "Mo", "Go", "To"},
}

// size writes a number of bytes for people.
func (v *visit) size(n int64) string {
	units := byteUnits[v.lang.Code]
	if units == nil {
		units = byteUnits[""]
	}
	value, unit, digits := float64(n), 0, 0
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	if value < 10 && unit > 0 {
		digits = 1
	}
	return v.lang.Decimal(value, digits) + " " + units[unit]
}
