package web_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/social"
	"godwit/web"
)

func TestGive(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	page := b.page("/sources/new")
	page.want(t, "Give us your export", "direct messages", "whom you follow")
	zip := sampleZip(t)
	a := b.upload(map[string]string{"twitter-2026.zip": zip})
	source := b.follow(a)
	source.want(t, "Reading your export", "It's here.")
	all := must[[]social.Source](t)(h.store.ListSources(t.Context(), h.userOf(b).ID))
	if len(all) != 1 || all[0].Kind != social.KindXArchive || all[0].State != social.SourceReceived || all[0].Name != "twitter-2026.zip" || all[0].Digest == "" || all[0].Bytes != int64(len(zip)) {
		t.Errorf("sources %+v", all)
	}
	if len(h.rung) != 1 || h.rung[0].Kind != social.ImportTask || h.rung[0].ID != all[0].ID {
		t.Errorf("rung %v", h.rung)
	}
	again := b.upload(map[string]string{"twitter-2026.zip": zip})
	if again.Header.Get("Location") != a.Header.Get("Location") {
		t.Errorf("the same file led to %s", again.Header.Get("Location"))
	}
	b.follow(again).want(t, "You gave us this same file on 20 November. Nothing changed.")
	if n := spooled(t, h); n != 1 {
		t.Errorf("%d uploads are kept", n)
	}
	b.page("/sources/new").want(t, "What you gave us", "twitter-2026.zip")
}

// spooled counts what lies in the spool folder.
func spooled(t *testing.T, h *house) (n int) {
	t.Helper()
	for _, e := range must[[]os.DirEntry](t)(os.ReadDir(filepath.Join(h.dir, "spool"))) {
		if e.IsDir() {
			n++
		}
	}
	return n
}

func TestGiveRejects(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	zip := sampleZip(t)
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"nothing":    {nil, "Choose a file first."},
		"no export":  {map[string]string{"photo.zip": "PK\x05\x06" + strings.Repeat("\x00", 18)}, "This file isn't an X export."},
		"cut zip":    {map[string]string{"twitter-x.zip": zip[:len(zip)/2]}, "The .zip ends in the middle"},
		"the page":   {map[string]string{"Your archive.html": "<!doctype html><html>"}, "This is the page for reading the archive"},
		"other file": {map[string]string{"notes.txt": "hello"}, "none of the kinds we can read"},
	} {
		a := b.upload(c.files)
		if a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.main())
			continue
		}
		a.want(t, c.want)
		if a.doc.Find("#files[aria-invalid]").Length() != 1 {
			t.Errorf("%s: the field is not marked", name)
		}
	}
	if n := spooled(t, h); n != 0 {
		t.Errorf("%d rejected uploads are kept", n)
	}
	if all := must[[]social.Source](t)(h.store.ListSources(t.Context(), h.userOf(b).ID)); len(all) != 0 {
		t.Errorf("%d sources", len(all))
	}
}

// ZIP-11: too many parts, oversized forms.
func TestZIP11Form(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := range 10_001 {
		part := must[io.Writer](t)(w.CreateFormFile("files", fmt.Sprintf("tweets-part%d.js", i)))
		io.WriteString(part, "[]")
	}
	w.Close()
	r := b.request(http.MethodPost, "/sources", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	a := b.do(r)
	if a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("10,001 parts: %d", a.StatusCode)
	}
	a.want(t, "That is too many files at once.")
	if n := spooled(t, h); n != 0 {
		t.Errorf("%d uploads are kept", n)
	}

	r = b.request(http.MethodPost, "/connect", strings.NewReader(strings.Repeat("a&", 1<<19)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a := b.do(r); a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a form of 1 MiB: %d", a.StatusCode)
	}
	r = b.request(http.MethodPost, "/matches/decide", strings.NewReader(strings.Repeat("a&", 1_001)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a := b.do(r); a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("1,001 fields: %d", a.StatusCode)
	}
	r = b.request(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", strings.Repeat("a=b; ", 100_000))
	if a := b.do(r); a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("100,000 cookies: %d", a.StatusCode)
	}
	if a := b.post("/sources", "x", "y"); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("no multipart: %d", a.StatusCode)
	}
}

// ZIP-05: an upload larger than there is room for is refused before it is stored.
func TestZIP05TooLarge(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	r := b.request(http.MethodPost, "/sources", strings.NewReader("x"))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	r.ContentLength = 2 << 30 // the test's spool holds 1 GiB
	r.Body = io.NopCloser(&endless{})
	a := b.do(r)
	if a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("2 GiB: %d", a.StatusCode)
	}
	a.want(t, "Use the single files instead")
	if n := spooled(t, h); n != 0 {
		t.Errorf("%d uploads are kept", n)
	}
}

// endless is a body that never ends; the server answers before it is read.
type endless struct{}

func (*endless) Read(p []byte) (int, error) { return len(p), nil }
