package feditest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Site is a web site with a feed: it answers conditional requests, as sites do.
type Site struct {
	host *Host

	mu    sync.Mutex
	pages map[string]Page
}

// Page is one document of a Site.
type Page struct {
	Type   string
	Body   string
	Header http.Header // besides its ETag
	Status int         // 0 is 200
}

// AddSite adds a web site to the world.
func (w *World) AddSite(name string) *Site {
	s := &Site{host: w.AddHost(name, ""), pages: map[string]Page{}}
	s.host.Handle("/", http.HandlerFunc(s.serve))
	return s
}

// Host is where the site is, for Faults.
func (s *Site) Host() *Host { return s.host }

// Put publishes or replaces a document.
func (s *Site) Put(path string, p Page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = p
}

func (s *Site) serve(rw http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p, ok := s.pages[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		http.NotFound(rw, r)
		return
	}
	sum := sha256.Sum256([]byte(p.Body))
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	for name, values := range p.Header {
		rw.Header()[name] = values
	}
	rw.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag && p.Status == 0 {
		rw.WriteHeader(http.StatusNotModified)
		return
	}
	rw.Header().Set("Content-Type", p.Type)
	if p.Status != 0 {
		rw.WriteHeader(p.Status)
	}
	_, _ = rw.Write([]byte(p.Body))
}

// Entry is one entry of a feed.
type Entry struct {
	ID, Title, Link, HTML string
	At                    time.Time // zero for an entry without a date
	Picture               string    // an enclosure
}

// RSS is a feed of entries, newest first as it is given.
func RSS(title string, entries []Entry) Page {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>` + escape(title) + `</title><link>/</link><language>en</language>`)
	for _, e := range entries {
		b.WriteString(`<item><guid isPermaLink="false">` + escape(e.ID) + `</guid>`)
		for _, part := range [][2]string{{"title", e.Title}, {"link", e.Link}, {"description", e.HTML}} {
			if part[1] != "" {
				fmt.Fprintf(&b, "<%s>%s</%s>", part[0], escape(part[1]), part[0])
			}
		}
		if !e.At.IsZero() {
			b.WriteString(`<pubDate>` + e.At.UTC().Format(time.RFC1123Z) + `</pubDate>`)
		}
		if e.Picture != "" {
			b.WriteString(`<enclosure url="` + escape(e.Picture) + `" type="image/jpeg" length="0"/>`)
		}
		b.WriteString(`</item>`)
	}
	b.WriteString(`</channel></rss>`)
	return Page{Type: "application/rss+xml; charset=utf-8", Body: b.String()}
}

func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(text)
}
