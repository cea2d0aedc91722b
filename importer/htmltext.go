package importer

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"godwit/internal/social"
)

// plainText turns a post's HTML, as servers of the fediverse write it, into
// the text that its readers saw, with its links, mentions, tags and styles.
type plainText struct {
	mentions map[string]string // page or actor of somebody to user@host
	b        strings.Builder
	entities []social.Entity
	styles   []social.Style
	link     *openLink
	open     []openStyle
	hidden   int  // depth of what is not shown
	words    bool // links are shown by their words, not by their targets
	depth    int
}

type openLink struct {
	href, class string
	start       int
}

type openStyle struct {
	kind  social.StyleKind
	start int
}

var styleTags = map[string]social.StyleKind{"b": social.Bold, "strong": social.Bold, "i": social.Italic, "em": social.Italic, "del": social.Strikethrough, "s": social.Strikethrough}

// textOf reads the HTML of a post. Links are shown with their whole targets.
func textOf(source string, mentions map[string]string) (string, []social.Entity, []social.Style) {
	return (&plainText{mentions: mentions}).read(source)
}

// wordsOf is the text of HTML with the words of its links, which in a profile
// often are a handle.
func wordsOf(source string) string {
	text, _, _ := (&plainText{words: true}).read(source)
	return text
}

func (t *plainText) read(source string) (string, []social.Entity, []social.Style) {
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return t.end()
		case html.TextToken:
			t.text(string(z.Text()))
		case html.StartTagToken:
			t.start(z.Token())
		case html.SelfClosingTagToken:
			if name, _ := z.TagName(); string(name) == "br" {
				t.line()
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			t.stop(string(name))
		}
	}
}

func (t *plainText) line() { t.b.WriteByte('\n') }

// text takes a run of text; white space in HTML is one blank.
func (t *plainText) text(s string) {
	if t.hidden > 0 || t.link != nil && !t.keeps() {
		return
	}
	s = strings.NewReplacer("\r", " ", "\n", " ", "\t", " ", "\x00", "").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	t.b.WriteString(s)
}

// keeps reports whether the open link is shown by its words and not by its
// target: mentions and tags are.
func (t *plainText) keeps() bool {
	return t.words || t.b.Len() > t.link.start || strings.Contains(t.link.class, "mention") || strings.Contains(t.link.class, "hashtag") || t.link.href == ""
}

func (t *plainText) start(tag html.Token) {
	if t.hidden > 0 {
		if tag.Data == "script" || tag.Data == "style" {
			t.hidden++
		}
		return
	}
	switch tag.Data {
	case "script", "style":
		t.hidden++
	case "br":
		t.line()
	case "p", "blockquote", "ul", "ol", "pre", "h1", "h2", "h3":
		t.paragraph()
	case "li":
		t.newLine()
		t.b.WriteString("• ")
	case "a":
		if t.link == nil {
			t.link = &openLink{href: webLink(attribute(tag, "href")), class: attribute(tag, "class"), start: t.b.Len()}
		}
	}
	if kind, ok := styleTags[tag.Data]; ok && len(t.open) < maxDepth {
		t.open = append(t.open, openStyle{kind, t.b.Len()})
	}
}

// paragraph leaves one blank line after what was written.
func (t *plainText) paragraph() {
	if t.b.Len() > 0 {
		t.newLine()
		t.line()
	}
}

func (t *plainText) newLine() {
	if s := t.b.String(); s != "" && !strings.HasSuffix(s, "\n") {
		t.line()
	}
}

func (t *plainText) stop(name string) {
	if t.hidden > 0 {
		if name == "script" || name == "style" {
			t.hidden--
		}
		return
	}
	if name == "a" && t.link != nil {
		t.endLink()
	}
	kind, ok := styleTags[name]
	for i := len(t.open) - 1; ok && i >= 0; i-- {
		if t.open[i].kind == kind {
			if t.b.Len() > t.open[i].start {
				t.styles = append(t.styles, social.Style{Kind: kind, Start: t.open[i].start, End: t.b.Len()})
			}
			t.open = append(t.open[:i], t.open[i+1:]...)
			break
		}
	}
}

func (t *plainText) endLink() {
	l := t.link
	t.link = nil
	if t.words {
		return
	}
	if !strings.Contains(l.class, "mention") && !strings.Contains(l.class, "hashtag") {
		t.b.WriteString(l.href)
	}
	words := strings.TrimSpace(t.b.String()[l.start:])
	if words == "" {
		return
	}
	start := l.start + strings.Index(t.b.String()[l.start:], words)
	e := social.Entity{Start: start, End: start + len(words)}
	switch {
	case words[0] == '#' && len(words) > 1:
		e.Kind, e.Tag = social.TagEntity, words[1:]
	case words[0] == '@' && len(words) > 1:
		e.Kind, e.AccountID, e.Username = social.MentionEntity, l.href, t.mentions[l.href]
		if e.Username == "" {
			e.Username = mentionOf(words[1:], l.href)
		}
	case l.href == words:
		e.Kind, e.URL = social.LinkEntity, l.href
	default:
		return
	}
	t.entities = append(t.entities, e)
}

// mentionOf is user@host of a mention that the post's tags do not tell.
func mentionOf(name, href string) string {
	if strings.Contains(name, "@") {
		return name
	}
	u, err := url.Parse(href)
	if err != nil || u.Host == "" {
		return name
	}
	return name + "@" + u.Host
}

// end gives the text without blanks at its end.
func (t *plainText) end() (string, []social.Entity, []social.Style) {
	text := strings.TrimRight(t.b.String(), " \n")
	var entities []social.Entity
	for _, e := range t.entities {
		if e.End <= len(text) {
			entities = append(entities, e)
		}
	}
	var styles []social.Style
	for _, s := range t.styles {
		if s.End = min(s.End, len(text)); s.Start < s.End {
			styles = append(styles, s)
		}
	}
	return text, entities, styles
}

func attribute(tag html.Token, name string) string {
	for _, a := range tag.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// webLink is an address that may be shown: https or http, of bounded length.
func webLink(s string) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "")
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || len(s) > maxLink || strings.ContainsAny(s, " \n\r\t") {
		return ""
	}
	return s
}
