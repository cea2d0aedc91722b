package matcher

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"

	"godwit/internal/social"
)

//go:embed lists/pages.txt
var pageList string

var pageSites = func() map[string]bool {
	m := map[string]bool{}
	for host := range listLines(pageList) {
		m[host] = true
	}
	return m
}()

// formMe marks Evidence of a page that says by rel="me" that the handle is its
// owner's.
const formMe = "me"

// Pages returns the addresses, at most two, of pages that a's profile on X
// links to and that may link to its owner's other profiles: link pages, and the
// front of a site of their own. Whose profile claims a handle plainly needs none.
func Pages(a social.Account, found []social.Match) (pages []string) {
	if a.Network != social.X && a.Network != "" || a.Username == "" {
		return nil
	}
	if slices.ContainsFunc(found, func(m social.Match) bool { return !onlyMaybe(m.Evidence) }) {
		return nil
	}
	for _, link := range append([]string{a.URL}, a.Links...) {
		if page := pageAddress(link); page != "" && !slices.Contains(pages, page) && len(pages) < maxPages {
			pages = append(pages, page)
		}
	}
	return pages
}

// pageAddress is where the page that a link leads to is read, "" where it is
// none that somebody has for themselves.
func pageAddress(link string) string {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Port() != "" || len(link) > maxPageAddress {
		return ""
	}
	host := strings.ToLower(strings.TrimPrefix(strings.ToLower(u.Hostname()), "www."))
	path := strings.Trim(u.EscapedPath(), "/")
	if !isPage(host, path) {
		return ""
	}
	return (&url.URL{Scheme: "https", Host: strings.ToLower(u.Host), Path: u.Path, RawPath: u.RawPath}).String()
}

func isPage(host, path string) bool {
	if pageSites[host] {
		return path != "" && !strings.Contains(path, "/")
	}
	if _, site, _ := strings.Cut(host, "."); pageSites[site] {
		return path == ""
	}
	return placeOf(host).standing == unknownHost && (path == "" || ownPaths[strings.ToLower(path)])
}

// ownPaths are where on a site of their own people tell who they are.
var ownPaths = set("about about-me contact links link me now bio social index.html")

// PageLinks keeps of a page's links those that say something here: profiles on
// X, and what is written as a Handle.
func PageLinks(links []social.PageLink, realm social.Realm) (kept []social.PageLink) {
	for _, l := range links {
		handle := len(extractOne(Text{social.OnPage, l.URL}, realm, nil)) > 0
		if (handle || profileOnX(l.URL) != "") && len(kept) < maxPageLinks {
			kept = append(kept, l)
		}
	}
	return kept
}

// addPages adds the Handles on pages that an Account's profile links to. A page
// with a single profile on X, the Account's own, is the page of whoever holds
// that; one without any, or with several, leaves it open; one with others' is
// not theirs. As do many Handles: a page is read for its owner's, not for their
// friends'.
func addPages(matches []social.Match, a social.Account, realm social.Realm, seen time.Time) []social.Match {
	for _, p := range a.Pages {
		names := namesOnX(p.Links)
		own := slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, a.Username) })
		if len(names) > 0 && !own {
			continue
		}
		for _, c := range pageClaims(p.Links, realm) {
			e := social.Evidence{Kind: social.OnPage, Source: pageHost(p.URL), Maybe: c.Maybe || len(names) != 1, Form: c.Form,
				Text: social.Clean(p.URL, social.MaxSay), Hash: pageKey(p.URL), SeenAt: older(seen, p.CheckedAt)}
			matches = add(matches, a, c.Handle, e)
		}
	}
	return matches
}

// older is the earlier of two instants: a profile that was seen long ago may
// not link to the page any more, whatever that says today.
func older(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// pageClaims are the Handles that a page's links give as its owner's: those
// marked rel="me" where there are any. Too many are nobody's in particular.
func pageClaims(links []social.PageLink, realm social.Realm) []Finding {
	var marked, plain []Finding
	for _, l := range links {
		for _, f := range extractOne(Text{social.OnPage, l.URL}, realm, nil) {
			if l.Me {
				f.Form = formMe
				marked = append(marked, f)
			} else {
				f.Form = ""
				plain = append(plain, f)
			}
		}
	}
	claims := merge(plain)
	if len(marked) > 0 {
		claims = merge(marked)
	}
	if len(claims) > maxPageHandles {
		return nil
	}
	return claims
}

// namesOnX lists the accounts on X whose profiles the links lead to, each once.
func namesOnX(links []social.PageLink) (names []string) {
	for _, l := range links {
		name := profileOnX(l.URL)
		if name != "" && !slices.ContainsFunc(names, func(had string) bool { return strings.EqualFold(had, name) }) {
			names = append(names, name)
		}
	}
	return names
}

// pagesOfX are addresses at X that look like a username and are none.
var pagesOfX = set("share intent home search hashtag i login signup settings explore privacy tos about jobs download")

// profileOnX is the username whose profile on X a link is, "" when it is none.
func profileOnX(link string) string {
	name := pageOnX(link)
	if !social.IsXUsername(name) || pagesOfX[strings.ToLower(name)] {
		return ""
	}
	return name
}

// pageKey is the same for each way of writing a page's address.
func pageKey(link string) string {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Host == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.TrimPrefix(strings.ToLower(u.Host), "www.") + strings.ToLower(strings.TrimRight(u.Path, "/"))))
	return hex.EncodeToString(sum[:])
}

func pageHost(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Hostname(), "www.")
}

// backToPage is the Evidence that a fediverse profile links to one of the pages
// on which it was found.
func backToPage(m social.Match) (back []social.Evidence) {
	for _, e := range m.Evidence {
		links := func(link string) bool { return pageKey(link) == e.Hash }
		if e.Kind == social.OnPage && e.Hash != "" && slices.ContainsFunc(m.Resolution.Links, links) {
			back = append(back, social.Evidence{Kind: social.PageBack, Source: e.Source, SeenAt: m.Resolution.CheckedAt})
		}
	}
	return back
}
