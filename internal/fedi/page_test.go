package fedi

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"

	"godwit/internal/social"
)

// pageIn reads https://site.test/me with a fresh Door.
func pageIn(t *testing.T, w *world) social.LinkPage {
	t.Helper()
	p, err := w.door().Page(t.Context(), "https://site.test/me")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func htmlPage(body string) http.HandlerFunc { return reply200("text/html; charset=utf-8", body) }

func TestPageLinks(t *testing.T) {
	w := newWorld(t)
	w.pages("site.test", map[string]http.HandlerFunc{"/me": htmlPage(`<!doctype html><head>
		<link rel="stylesheet" href="https://cdn.test/a.css"><link rel="ME nofollow" href="https://a.test/@alice"></head>
		<a href="/about">About</a> <a href="/@local">here</a> <a href="https://x.com/alice_x">X</a>
		<A HREF='https://b.test/@bob?a=1&amp;b=2' REL=noopener>Bob</A> <a rel="me" href="//c.test/@carol">C</a>
		<script>document.write('<a href="https://evil.test/@e">')</script> <a href="javascript:alert(1)">no</a> <a href="https://u@d.test/@d">no</a>
		<!-- <a href="https://evil.test/@f">no</a> --> <a href="https://x.com/alice_x">again</a>`)})
	got := pageIn(t, w)
	want := []social.PageLink{{URL: "https://a.test/@alice", Me: true}, {URL: "https://c.test/@carol", Me: true},
		{URL: "https://site.test/@local"}, {URL: "https://x.com/alice_x"}, {URL: "https://b.test/@bob?a=1&b=2"}}
	if got.State != social.Found || !slices.Equal(got.Links, want) {
		t.Errorf("%+v", got)
	}
}

// TestPageManners: what a site says to robots, in each place where it may say
// it, is heard before a page is read, and asked about once.
func TestPageManners(t *testing.T) {
	page := htmlPage(`<a href="https://a.test/@alice">me</a>`)
	robots := func(text string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/robots.txt": reply200("text/plain", text), "/me": page}
	}
	for name, tc := range map[string]struct {
		pages map[string]http.HandlerFunc
		want  social.ResolutionState
		asked bool // for the page itself
	}{
		"no rules":          {map[string]http.HandlerFunc{"/me": page}, social.Found, true},
		"everything shut":   {robots("User-agent: *\nDisallow: /\n"), social.Refused, false},
		"shut for us":       {robots("User-agent: Godwit\nDisallow: /me\n\nUser-agent: *\nDisallow:\n"), social.Refused, false},
		"open for us":       {robots("User-agent: godwit\nAllow: /\n\nUser-agent: *\nDisallow: /\n"), social.Found, true},
		"rules not for us":  {robots("User-agent: otherbot\nDisallow: /\n"), social.Found, true},
		"rules not shown":   {map[string]http.HandlerFunc{"/robots.txt": status(403), "/me": page}, social.Refused, false},
		"rules not to read": {robots("User-agent: *\n" + strings.Repeat("#", maxRobots)), social.Refused, false},
		"no answer":         {map[string]http.HandlerFunc{"/robots.txt": status(500), "/me": page}, social.Ill, false},
		"marked page":       {map[string]http.HandlerFunc{"/me": htmlPage(`<meta name=Robots content="max-snippet:1, NOINDEX"><a href="https://a.test/@alice">me</a>`)}, social.Refused, true},
		"marked for us":     {map[string]http.HandlerFunc{"/me": htmlPage(`<meta name=godwit content=none><a href="https://a.test/@alice">me</a>`)}, social.Refused, true},
		"marked answer": {map[string]http.HandlerFunc{"/me": func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("X-Robots-Tag", "noindex")
			page(rw, r)
		}}, social.Refused, true},
		"marked for another": {map[string]http.HandlerFunc{"/me": func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("X-Robots-Tag", "otherbot: noindex")
			page(rw, r)
		}}, social.Found, true},
		"opted out":     {map[string]http.HandlerFunc{"/me": htmlPage(`<p>Hello. #nobot</p><a href="https://a.test/@alice">me</a>`)}, social.Refused, true},
		"signed in":     {map[string]http.HandlerFunc{"/me": status(401)}, social.Refused, true},
		"forbidden":     {map[string]http.HandlerFunc{"/me": status(403)}, social.Refused, true},
		"not there":     {map[string]http.HandlerFunc{"/me": status(404)}, social.Missing, true},
		"gone":          {map[string]http.HandlerFunc{"/me": status(410)}, social.GoneForGood, true},
		"no HTML":       {map[string]http.HandlerFunc{"/me": reply200("application/json", `{}`)}, social.Missing, true},
		"busy":          {map[string]http.HandlerFunc{"/me": status(429)}, social.Ill, true},
		"broken":        {map[string]http.HandlerFunc{"/me": status(502)}, social.Ill, true},
		"led to shut":   {map[string]http.HandlerFunc{"/me": redirectTo(302, "https://shut.test/me")}, social.Refused, true},
		"led round":     {map[string]http.HandlerFunc{"/me": redirectTo(302, "https://site.test/me")}, social.Refused, true},
		"led to http":   {map[string]http.HandlerFunc{"/me": redirectTo(302, "http://site.test/me2")}, social.Refused, true},
		"led inside":    {map[string]http.HandlerFunc{"/me": redirectTo(302, "https://127.0.0.1/")}, social.Refused, true},
		"led to a file": {map[string]http.HandlerFunc{"/me": redirectTo(302, "file:///etc/passwd")}, social.Refused, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.pages("site.test", tc.pages)
			w.pages("shut.test", robots("User-agent: *\nDisallow: /"))
			d := w.door()
			for range 2 {
				p, err := d.Page(t.Context(), "https://site.test/me")
				if err != nil || p.State != tc.want || (len(p.Links) > 0) != (tc.want == social.Found) {
					t.Errorf("%v %+v", err, p)
				}
			}
			asked, rules := 0, 0
			for _, r := range w.requests("") {
				switch {
				case r.uri == "/robots.txt" && r.host == "site.test":
					rules++
				case r.uri == "/me" && r.host == "shut.test":
					t.Error("a page was asked for that its host forbids")
				case r.uri == "/me":
					asked++
				}
			}
			if (asked > 0) != tc.asked || tc.want != social.Ill && (rules != 1 || asked > 4) {
				t.Errorf("asked %d times for the page, %d times for the rules", asked, rules)
			}
		})
	}
}

// TestPageHostile: pages made to harm end within their bounds of time and memory.
func TestPageHostile(t *testing.T) {
	const end = `<a rel=me href="https://a.test/@alice">`
	many := func(n int, f string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, f, i)
		}
		return b.String()
	}
	for name, tc := range map[string]struct {
		body string
		want social.ResolutionState
		max  int // links
	}{
		"nested":          {strings.Repeat("<div>", maxPageHTML/5-20) + end, social.Found, 1},
		"foreign":         {strings.Repeat("<svg><math>", maxPageHTML/11-10) + end, social.Found, 1},
		"one attribute":   {`<a rel=me href="` + strings.Repeat("a", maxPageHTML-100) + `">` + end, social.Found, 0},
		"many marked":     {many(9000, `<a rel=me href="https://h%d.test/@a">`), social.Found, maxPageLinks},
		"many links":      {many(9000, `<a href="https://h%d.test/@abcdef">`), social.Found, maxPageLinks},
		"many attributes": {"<a " + many(30000, `a%d=1 `) + `href="https://a.test/@alice">`, social.Found, 1},
		"too large":       {strings.Repeat("a", maxPageHTML+1), social.Missing, 0},
		"no UTF-8":        {strings.Repeat("\xff\xfe\xc0", 1e5) + end, social.Found, 1},
		"open comment":    {"<!--" + strings.Repeat("-", 1e5) + end, social.Found, 0},
		"open script":     {"<script>" + strings.Repeat("<a href=https://a.test/@b>", 1000), social.Found, 0},
		"entities":        {`<a href="` + strings.Repeat("&amp;", 100) + `https://a.test">` + strings.Repeat("&#x26;", 5e4) + end, social.Found, 0},
		"long addresses":  {many(500, `<a href="https://a.test/%d`+strings.Repeat("a", 600)+`">`), social.Found, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.pages("site.test", map[string]http.HandlerFunc{"/me": htmlPage(tc.body)})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			p := pageIn(t, w)
			runtime.ReadMemStats(&after)
			if p.State != tc.want || len(p.Links) > tc.max || tc.max == 1 && len(p.Links) == 0 && name != "many attributes" {
				t.Errorf("%s with %d links", p.State, len(p.Links))
			}
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 32 {
				t.Errorf("%d MiB were needed", used)
			}
		})
	}
}

func TestRobotRules(t *testing.T) {
	for _, tc := range []struct {
		robots, target string
		want           bool
	}{
		{"", "/", true},
		{"User-agent: *\nDisallow:", "/a", true},
		{"User-agent: *\nDisallow: /a", "/abc", false},
		{"User-agent: *\nDisallow: /a\nAllow: /ab", "/abc", true},
		{"User-agent: *\nAllow: /a\nDisallow: /a", "/abc", true},
		{"User-agent: *\nDisallow: /*.html$", "/x/me.html", false},
		{"User-agent: *\nDisallow: /*.html$", "/me.html?q", true},
		{"User-agent: *\nDisallow: /*?", "/me?q=1", false},
		{"User-agent: *\nDisallow: /$", "/", false},
		{"User-agent: *\nDisallow: /$", "/me", true},
		{"User-agent: *\nDisallow: *", "/me", false},
		{"user-AGENT : a\nUser-agent:*\n disallow :/ # all\n", "/me", false},
		{"User-agent: a\nDisallow: /\n\nUser-agent: b\nAllow: /", "/me", true},
		{"User-agent: *\nDisallow: /\nUser-agent: GODWIT\nDisallow: /x", "/me", true},
		{"User-agent: godwit\nUser-agent: b\nDisallow: /me", "/me", false},
		{"User-agent: godwitness\nDisallow: /", "/me", true},
		{"Disallow: /", "/me", true},
	} {
		u, err := url.Parse("https://site.test" + tc.target)
		if err != nil {
			t.Fatal(err)
		}
		if got := readRobots(tc.robots).allow(u); got != tc.want {
			t.Errorf("%q for %s: %v", tc.robots, tc.target, got)
		}
	}
}

// FuzzRobots: any robots.txt and any path end, and rules for nobody forbid nothing.
func FuzzRobots(f *testing.F) {
	f.Add("User-agent: *\nDisallow: /*a*b$", "/xaxb")
	f.Add("user-agent: godwit\nallow: /$", "/")
	f.Fuzz(func(t *testing.T, text, path string) {
		u := &url.URL{Scheme: "https", Host: "site.test", Path: path}
		readRobots(text).allow(u)
		if !readRobots("Disallow: /\n").allow(u) {
			t.Error("a rule without an agent counts")
		}
	})
}

// FuzzPage: every page ends within the bounds of what is kept.
func FuzzPage(f *testing.F) {
	f.Add(`<a rel=me href="https://a.test/@alice">`)
	f.Add("<svg><a href=//b.test/@b><!--")
	at := &url.URL{Scheme: "https", Host: "site.test", Path: "/"}
	f.Fuzz(func(t *testing.T, body string) {
		r := pageReader{at: at}
		r.read([]byte(body))
		if len(r.me) > maxPageLinks || len(r.others) > maxPageLinks {
			t.Errorf("%d and %d links", len(r.me), len(r.others))
		}
		for _, l := range append(r.me, r.others...) {
			if len(l.URL) > maxLink || !strings.HasPrefix(l.URL, "http") {
				t.Errorf("kept %q", l.URL)
			}
		}
	})
}
