package main

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"godwit/internal/fedi/feditest"
)

// visitor is somebody with a browser without JavaScript, in a simulated
// fediverse.
type visitor struct {
	t      *testing.T
	client *http.Client
	at     *url.URL
	status int
	doc    *goquery.Document
}

func newVisitor(t *testing.T, world *feditest.World) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := world.Client()
	transport := client.Transport.(*http.Transport)
	inWorld := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "127.0.0.1:") {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		return inWorld(ctx, network, address)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{t: t, client: &http.Client{Transport: transport, Jar: jar}}
}

// send does a request as a browser does, follows where it leads, and shows the
// page.
func (v *visitor) send(method, address string, body io.Reader, kind string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, address, body)
	if err != nil {
		v.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	a, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer a.Body.Close()
	v.at, v.status = a.Request.URL, a.StatusCode
	if v.doc, err = goquery.NewDocumentFromReader(a.Body); err != nil {
		v.t.Fatal(err)
	}
}

// open goes to an address, which may be relative to where the visitor is.
func (v *visitor) open(address string) {
	v.t.Helper()
	if v.at != nil {
		to, err := v.at.Parse(address)
		if err != nil {
			v.t.Fatal(err)
		}
		address = to.String()
	}
	v.send(http.MethodGet, address, nil, "")
	v.good("open " + address)
}

func (v *visitor) good(what string) {
	v.t.Helper()
	if v.status != http.StatusOK {
		v.t.Fatalf("%s: status %d at %s: %s", what, v.status, v.at, v.text("main"))
	}
}

func (v *visitor) text(selector string) string {
	return strings.Join(strings.Fields(v.doc.Find(selector).First().Text()), " ")
}

// one finds what must be there.
func (v *visitor) one(selector string) *goquery.Selection {
	v.t.Helper()
	found := v.doc.Find(selector).First()
	if found.Length() == 0 {
		v.t.Fatalf("%s has no %s: %s", v.at, selector, v.text("body"))
	}
	return found
}

// click follows a link.
func (v *visitor) click(selector string) {
	v.t.Helper()
	v.open(v.one(selector).AttrOr("href", ""))
}

// press sends the form of a button, filled in with pairs of name and value.
func (v *visitor) press(selector string, filled ...string) {
	v.t.Helper()
	button := v.one(selector)
	form := button.Closest("form")
	values := formFields(form)
	if name := button.AttrOr("name", ""); name != "" {
		values.Set(name, button.AttrOr("value", ""))
	}
	for i := 0; i+1 < len(filled); i += 2 {
		values.Set(filled[i], filled[i+1])
	}
	to, err := v.at.Parse(form.AttrOr("action", v.at.String()))
	if err != nil {
		v.t.Fatal(err)
	}
	v.send(http.MethodPost, to.String(), strings.NewReader(values.Encode()), "application/x-www-form-urlencoded")
	v.good("press " + selector)
}

// formFields are what a form would send of itself.
func formFields(form *goquery.Selection) url.Values {
	values := url.Values{}
	form.Find("input[name]").Each(func(_ int, in *goquery.Selection) {
		_, checked := in.Attr("checked")
		switch in.AttrOr("type", "text") {
		case "radio", "checkbox":
			if !checked {
				return
			}
		}
		values.Add(in.AttrOr("name", ""), in.AttrOr("value", ""))
	})
	return values
}

// give sends a file by the form for exports.
func (v *visitor) give(path string) {
	v.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("files", filepath.Base(path))
	if err != nil {
		v.t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		v.t.Fatal(err)
	}
	if _, err := part.Write(text); err != nil {
		v.t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		v.t.Fatal(err)
	}
	to, _ := v.at.Parse(v.one("form[data-give]").AttrOr("action", ""))
	v.send(http.MethodPost, to.String(), &body, form.FormDataContentType())
	v.good("give " + path)
}

// until reloads a page until it shows what is waited for.
func (v *visitor) until(address, what string, there func() bool) {
	v.t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for range 600 { // five minutes at least
		v.open(address)
		if there() {
			return
		}
		<-tick.C
	}
	v.t.Fatalf("%s never came; the page says: %s", what, v.text("main"))
}
