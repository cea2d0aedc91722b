package fedi

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"godwit/internal/social"
)

const acceptPage = "text/html, application/xhtml+xml"

// errNoPage says that nothing is there that could be read.
var errNoPage = errors.New("no page there")

// Page reads the links of a page for people, as its host's robots.txt, its own
// robots marks and the opt-out markers in its text let us: on the way through
// redirects each host is asked for its rules. Every ending is a LinkPage, and
// what was read is remembered for a day; the error is only ever that the caller
// gave up. Calls for one page that run at the same time share one request.
func (d *Door) Page(ctx context.Context, raw string) (social.LinkPage, error) {
	if known, _, ok := d.pages.get(raw, d.now()); ok {
		return known, nil
	}
	done := d.flights.DoChan("page "+raw, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wholeLookUp)
		defer cancel()
		return d.readPage(ctx, raw), nil
	})
	select {
	case <-ctx.Done():
		return social.LinkPage{}, context.Cause(ctx)
	case out := <-done:
		return out.Val.(social.LinkPage), nil
	}
}

func (d *Door) readPage(ctx context.Context, raw string) social.LinkPage {
	links, err := d.pageLinks(ctx, raw)
	now := d.now().UTC()
	p := social.LinkPage{URL: raw, State: social.Found, Links: links, CheckedAt: now}
	if err != nil {
		p.State, p.Again = pageEnding(err)
	}
	if p.State != social.Ill {
		d.pages.put(raw, p, now.Add(pageFresh))
	}
	return p
}

// pageLinks follows raw to a page, a few redirects far, and reads it.
func (d *Door) pageLinks(ctx context.Context, raw string) ([]social.PageLink, error) {
	u, host, err := d.parseURL(raw)
	for hop := 0; err == nil; hop++ {
		var a answer
		if a, err = d.askPage(ctx, u, host); err != nil {
			break
		}
		if !redirects(a.status) {
			return readPage(u, a)
		}
		if hop == maxRedirects {
			return nil, errRefusedURL
		}
		u, host, err = d.follow(u, a.header.Get("Location"))
	}
	return nil, err
}

// askPage makes one request for a page, if the host's robots.txt allows it.
func (d *Door) askPage(ctx context.Context, u *url.URL, host string) (answer, error) {
	said, err := d.robotsOf(ctx, host)
	if err != nil {
		return answer{}, err
	}
	if !said.allow(u) {
		return answer{}, errRefusedURL
	}
	return d.once(ctx, host, u, acceptPage, maxPageHTML)
}

// pageEnding is what trouble on the way means for a page.
func pageEnding(err error) (social.ResolutionState, time.Time) {
	if errors.Is(err, errNoPage) || errors.Is(err, errTooLarge) {
		return social.Missing, time.Time{}
	}
	e, ok := errors.AsType[ending](toEnding(err))
	switch {
	case !ok: // the time for all of it was over
		return social.Ill, time.Time{}
	case e.state == social.NotFedi:
		return social.Missing, time.Time{}
	}
	return e.state, e.again
}

// readPage judges an answer and reads its links.
func readPage(at *url.URL, a answer) ([]social.PageLink, error) {
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	switch {
	case a.status == http.StatusGone:
		return nil, ending{state: social.GoneForGood}
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden, a.status == http.StatusUnavailableForLegalReasons:
		return nil, errRefusedURL
	case a.status != http.StatusOK, kind != "text/html" && kind != "application/xhtml+xml":
		return nil, errNoPage
	case slices.ContainsFunc(a.header.Values("X-Robots-Tag"), shutsOut):
		return nil, errRefusedURL
	}
	r := pageReader{at: at}
	if !r.read(a.body) {
		return nil, errRefusedURL
	}
	return append(r.me, r.others...), nil
}

// shutsOut reads the value of a robots mark: whoever wants a page indexed by
// nobody, or its links followed by nobody, has it read by nobody. A mark for
// another robot by name says nothing to us.
func shutsOut(value string) bool {
	value = strings.ToLower(value)
	if agent, rest, named := strings.Cut(value, ":"); named && !strings.ContainsAny(agent, ", ") && !strings.HasPrefix(agent, "max-") && agent != "unavailable_after" {
		if strings.TrimSpace(agent) != robotName {
			return false
		}
		value = rest
	}
	return slices.ContainsFunc(strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }), func(word string) bool {
		return word == "noindex" || word == "none" || word == "nofollow"
	})
}

// pageReader collects the links of a page, a token at a time: there is no tree
// to get lost in. Those marked rel="me" go before the others.
type pageReader struct {
	at         *url.URL
	me, others []social.PageLink
	seen       int
	silent     bool // inside of a script or style
}

// read goes through a page as far as its bounds let it. It reports false when
// the page says that it is not for machines.
func (r *pageReader) read(body []byte) bool {
	z := html.NewTokenizer(bytes.NewReader(bytes.ToValidUTF8(body, nil)))
	z.SetMaxBuf(maxPageToken)
	for r.seen < maxPageTags {
		switch z.Next() {
		case html.ErrorToken:
			return true
		case html.TextToken:
			if !r.silent && optsOut(string(z.Text())) {
				return false
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			if !r.tag(z) {
				return false
			}
		case html.EndTagToken:
			r.silent = false
		}
	}
	return true
}

// tag reads one tag; false as read.
func (r *pageReader) tag(z *html.Tokenizer) bool {
	tagName, attributes := z.TagName()
	name := string(tagName)
	r.silent = name == "script" || name == "style"
	if !attributes || name != "a" && name != "link" && name != "meta" && name != "area" {
		return true
	}
	r.seen++
	var target, rel, meta, content string
	for more := true; more; {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch string(key) {
		case "href":
			target = string(value)
		case "rel":
			rel = string(value)
		case "name":
			meta = strings.ToLower(string(value))
		case "content":
			content = string(value)
		}
	}
	if name == "meta" {
		return meta != "robots" && meta != robotName || !shutsOut(content)
	}
	me := slices.Contains(strings.Fields(strings.ToLower(rel)), "me")
	if me || name != "link" {
		r.link(target, me)
	}
	return true
}

// link keeps a link to an address elsewhere, or to a profile on the same host.
func (r *pageReader) link(target string, me bool) {
	u, err := r.at.Parse(strings.TrimSpace(target))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || len(target) > maxLink {
		return
	}
	if u.Host == r.at.Host && !me && !strings.HasPrefix(u.Path, "/@") {
		return
	}
	list := &r.others
	if me {
		list = &r.me
	}
	one := social.PageLink{URL: u.String(), Me: me}
	if len(*list) < maxPageLinks && len(one.URL) <= maxLink && !slices.Contains(*list, one) {
		*list = append(*list, one)
	}
}
