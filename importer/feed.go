package importer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/rss"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Feed is an RSS, Atom or JSON feed as it was read.
type Feed struct {
	Title  string
	Page   string        // where people read it, "" when nothing tells
	Posts  []social.Post // without a time where the feed tells none
	Period time.Duration // for which the feed asks to be left alone, 0 for unsaid
}

// The codes of what can be wrong with a feed.
const (
	CodeNotFeed  = "not-a-feed"
	CodeFeedTrap = "feed-trap"
)

// ReadFeed reads a feed that was found at an address: of an article its title,
// how it begins and its link; of an entry without a title the whole text. HTML
// becomes plain text. Invalid with the code not-a-feed when it is none.
func ReadFeed(body []byte, address string) (Feed, error) {
	body = visible(body)
	if err := notDeep(body); err != nil {
		return Feed{}, err
	}
	parser := gofeed.NewParser()
	parser.KeepOriginalFeed = true
	read, err := parser.Parse(bytes.NewReader(body))
	if err != nil {
		return Feed{}, fault.New(fault.Invalid, CodeNotFeed, "That is no feed that we can read: it has to be RSS, Atom or JSON Feed.").Because(err)
	}
	f := &feedReader{language: social.Clean(read.Language, maxTag)}
	f.base, _ = url.Parse(address)
	out := Feed{Title: clip(shownText(read.Title), feedTitle), Page: f.link(read.Link)}
	if old, ok := read.OriginalFeed().(*rss.Feed); ok {
		minutes, _ := strconv.Atoi(strings.TrimSpace(old.TTL))
		out.Period = time.Duration(min(max(minutes, 0), feedPeriod)) * time.Minute
	}
	seen := map[string]bool{}
	for _, item := range read.Items[:min(len(read.Items), feedItems)] {
		if p := f.post(item); p.ID != "" && !seen[p.ID] {
			seen[p.ID] = true
			out.Posts = append(out.Posts, p)
		}
	}
	return out, nil
}

// visible blanks the control characters that XML forbids and feeds contain.
func visible(body []byte) []byte {
	clean := bytes.Clone(body)
	for i, b := range clean {
		if b < ' ' && b != '\t' && b != '\n' && b != '\r' {
			clean[i] = ' '
		}
	}
	return clean
}

// notDeep refuses XML whose elements lie so deep in each other that reading it
// would take the stack, and XML that declares entities of its own, which are not
// read but promise nothing good (NET-14). It stops where the parser will.
func notDeep(body []byte) error {
	if trimmed := bytes.TrimLeft(body, " \t\r\n\xef\xbb\xbf"); len(trimmed) > 0 && trimmed[0] != '<' {
		return nil // JSON, which has its own bound
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict, d.CharsetReader = false, charset.NewReaderLabel
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			return nil
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.Directive:
			if bytes.Contains(bytes.ToUpper(t), []byte("<!ENTITY")) {
				return feedTrap()
			}
		}
		if depth > feedDepth {
			return feedTrap()
		}
	}
}

func feedTrap() error {
	return fault.New(fault.Invalid, CodeFeedTrap, "That feed is built to make its readers fall over, so we don't read it.")
}

// feedReader makes Posts of a feed's entries.
type feedReader struct {
	base     *url.URL
	language string
}

// link is an address in the feed, whole; "" when it may not be shown.
func (f *feedReader) link(raw string) string {
	ref, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || raw == "" {
		return ""
	}
	if f.base != nil {
		ref = f.base.ResolveReference(ref)
	}
	return webLink(ref.String())
}

func (f *feedReader) post(item *gofeed.Item) social.Post {
	p := social.Post{Network: social.Web, URL: f.link(item.Link), Audience: social.ToEveryone, Language: f.language}
	if p.URL == "" && strings.HasPrefix(item.GUID, "https://") {
		p.URL = webLink(item.GUID)
	}
	for _, at := range []*time.Time{item.PublishedParsed, item.UpdatedParsed} {
		if p.CreatedAt.IsZero() && at != nil && at.Year() >= 1970 && at.Year() <= 9999 {
			p.CreatedAt = at.UTC()
		}
	}
	p.ID = feedIDOf(item)
	body := item.Content
	if body == "" {
		body = item.Description
	}
	title := clip(shownText(item.Title), feedTitle)
	if article := title != "" && !begins(shownText(body), title); article {
		f.article(&p, item, title)
		return p
	}
	f.note(&p, item, body)
	return p
}

// feedIDOf is by what an entry is known: its id, else its address, else what it
// says.
func feedIDOf(item *gofeed.Item) string {
	id := strings.TrimSpace(item.GUID)
	if id == "" {
		id = strings.TrimSpace(item.Link)
	}
	if id == "" && item.Title+item.Description+item.Content == "" {
		return ""
	}
	if id == "" || len(id) > feedID || !utf8.ValidString(id) {
		sum := sha256.Sum256([]byte(id + "\x00" + item.Title + "\x00" + item.Description + item.Content))
		return hex.EncodeToString(sum[:])
	}
	return social.Clean(id, feedID)
}

// begins reports that a text begins with its title, which then is none: many
// write what has no title so.
func begins(text, title string) bool {
	title = strings.TrimRight(title, ". …")
	return title == "" || strings.HasPrefix(wordLetters(text), wordLetters(title))
}

// wordLetters are the letters and digits of a text.
func wordLetters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// article is the title, how it begins, and where it stands.
func (f *feedReader) article(p *social.Post, item *gofeed.Item, title string) {
	about := item.Description
	if about == "" {
		about = item.Content
	}
	p.Text = title
	if text := clip(shownText(about), feedExcerpt); text != "" {
		p.Text += "\n\n" + text
	}
	addCard(p, p.URL)
	for _, m := range f.attached(item) {
		if m.Kind == social.Photo {
			p.Media = []social.Media{m}
			break
		}
	}
}

// note is a whole entry without a title.
func (f *feedReader) note(p *social.Post, item *gofeed.Item, body string) {
	p.Text, p.Entities, p.Styles = textOf(body, nil)
	if utf8.RuneCountInString(p.Text) > feedText {
		p.Text, p.Entities, p.Styles, p.Cut = clip(p.Text, feedText), nil, nil, true
	}
	for _, m := range append(f.attached(item), f.shown(body)...) {
		if len(p.Media) < maxPostMedia && !hasFile(p.Media, m.URL) {
			p.Media = append(p.Media, m)
		}
	}
}

func hasFile(all []social.Media, address string) bool {
	for _, m := range all {
		if m.URL == address {
			return true
		}
	}
	return false
}

// attached are the pictures and videos that an entry says belong to it.
func (f *feedReader) attached(item *gofeed.Item) (all []social.Media) {
	for _, e := range item.Enclosures {
		size, _ := strconv.ParseInt(strings.TrimSpace(e.Length), 10, 64)
		all = f.addFile(all, e.URL, e.Type, "", size)
	}
	for _, e := range item.Extensions["media"]["content"] {
		kind := e.Attrs["type"]
		if kind == "" {
			kind = e.Attrs["medium"] + "/"
		}
		alt := ""
		for _, name := range []string{"description", "title"} {
			if about := e.Children[name]; alt == "" && len(about) > 0 {
				alt = about[0].Value
			}
		}
		all = f.addFile(all, e.Attrs["url"], kind, alt, 0)
	}
	return all
}

func (f *feedReader) addFile(all []social.Media, address, kind, alt string, size int64) []social.Media {
	kinds := map[string]social.MediaKind{"image": social.Photo, "video": social.Video}
	m := social.Media{URL: f.link(address), Alt: social.Clean(shownText(alt), maxAlt), Size: max(size, 0)}
	class, _, _ := strings.Cut(strings.ToLower(kind), "/")
	if m.Kind = kinds[class]; m.Kind == "" || m.URL == "" || hasFile(all, m.URL) {
		return all
	}
	m.File = m.URL
	return append(all, m)
}

// shown are the pictures in the HTML of an entry.
func (f *feedReader) shown(body string) (all []social.Media) {
	z := html.NewTokenizer(strings.NewReader(body))
	for len(all) < maxPostMedia {
		switch z.Next() {
		case html.ErrorToken:
			return all
		case html.StartTagToken, html.SelfClosingTagToken:
			if tag := z.Token(); tag.Data == "img" {
				all = f.addFile(all, attribute(tag, "src"), "image/", attribute(tag, "alt"), 0)
			}
		}
	}
	return all
}

// shownText is what a reader sees of HTML, or of text that is none.
func shownText(source string) string { return strings.TrimSpace(wordsOf(source)) }

// clip cuts a text at a word so that it has at most so many characters.
func clip(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	cut := string(runes[:most-1])
	if i := strings.LastIndexAny(cut, " \n"); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " \n,;:–-") + "…"
}

// FeedsIn are the feeds that a page names, in its order.
func FeedsIn(page []byte, address string) (feeds []string) {
	f := &feedReader{}
	f.base, _ = url.Parse(address)
	z := html.NewTokenizer(bytes.NewReader(page))
	for len(feeds) < feedLinks {
		switch z.Next() {
		case html.ErrorToken:
			return feeds
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := z.Token()
			if tag.Data != "link" || !strings.Contains(" "+strings.ToLower(attribute(tag, "rel"))+" ", " alternate ") {
				continue
			}
			if link := f.link(attribute(tag, "href")); feedTypes[strings.ToLower(attribute(tag, "type"))] && link != "" {
				feeds = append(feeds, link)
			}
		}
	}
	return feeds
}

var feedTypes = map[string]bool{"application/rss+xml": true, "application/atom+xml": true, "application/feed+json": true}
