package fedi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"godwit/internal/social"
)

const acceptActor = typeAS + `, application/ld+json; profile="` + profileAS + `"`

// optOuts are the markers by which people say in their profile that they do
// not want to be handled by machines. Who wears one is never listed, suggested
// or mirrored; a follow by a person stays a request that they may refuse.
var optOuts = []string{"#nobot", "#nobots", "#noindex", "#noarchive", "#nosearch", "#nobridge", "#notagspub"}

// actor is the part of an ActivityPub actor that is read.
type actor struct {
	ID          string     `json:"id"`
	Type        texts      `json:"type"`
	User        string     `json:"preferredUsername"`
	Name        string     `json:"name"`
	Summary     string     `json:"summary"`
	URL         texts      `json:"url"`
	Locked      bool       `json:"manuallyApprovesFollowers"`
	Suspended   bool       `json:"suspended"`
	Memorial    bool       `json:"memorial"`
	MovedTo     texts      `json:"movedTo"`
	AlsoKnownAs texts      `json:"alsoKnownAs"`
	Tags        named      `json:"tag"`
	Attachment  properties `json:"attachment"`
}

// texts is a value that ActivityPub lets be a string, an object with an
// address, or a list of them.
type texts []string

// UnmarshalJSON takes every shape and skips what holds no text.
func (t *texts) UnmarshalJSON(data []byte) error {
	*t = nil
	for _, item := range oneOrMany(data) {
		var s string
		var o struct{ ID, Href string }
		switch {
		case json.Unmarshal(item, &s) == nil && s != "":
			*t = append(*t, s)
		case json.Unmarshal(item, &o) == nil && o.Href+o.ID != "":
			*t = append(*t, cmpOr(o.Href, o.ID))
		}
	}
	return nil
}

// named is a list of objects of which only the name matters.
type named []string

// UnmarshalJSON skips what has no name.
func (n *named) UnmarshalJSON(data []byte) error {
	*n = nil
	for _, item := range oneOrMany(data) {
		var o struct{ Name string }
		if json.Unmarshal(item, &o) == nil && o.Name != "" {
			*n = append(*n, o.Name)
		}
	}
	return nil
}

// properties are profile fields; only their values are kept.
type properties []string

// UnmarshalJSON skips what is no field.
func (p *properties) UnmarshalJSON(data []byte) error {
	*p = nil
	for _, item := range oneOrMany(data) {
		var o struct{ Type, Value, Href string }
		if json.Unmarshal(item, &o) != nil {
			continue
		}
		if value := cmpOr(o.Value, o.Href); value != "" && o.Type != "Image" {
			*p = append(*p, value)
		}
	}
	return nil
}

// oneOrMany returns the items of a JSON list of strangers, or the one value.
func oneOrMany(data []byte) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) != nil {
		return []json.RawMessage{data}
	}
	return list[:min(len(list), 4*maxLinks)]
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

var errNotActor = errors.New("no actor there")

// parseActor reads an actor document whose id must be id.
func parseActor(body []byte, id string) (actor, error) {
	var a actor
	if !utf8.Valid(body) || json.Unmarshal(body, &a) != nil || a.ID == "" {
		return actor{}, errNotActor
	}
	if a.ID != id {
		return actor{}, errMalformed
	}
	return a, nil
}

func (a actor) is(kinds ...string) bool {
	return slices.ContainsFunc(kinds, func(k string) bool { return slices.Contains(a.Type, k) })
}

// actorAt fetches an actor without a signature, as far as its server lets
// everybody see it: GoToSocial and servers in secure mode never do.
func (d *Door) actorAt(ctx context.Context, id string) (actor, error) {
	a, err := d.get(ctx, id, acceptActor, maxActor)
	switch {
	case err != nil:
		return actor{}, err
	case a.status == http.StatusGone:
		return actor{}, ending{state: social.GoneForGood}
	case a.status != http.StatusOK:
		return actor{}, errNotActor
	}
	return parseActor(a.body, id)
}

// describe puts what the actor shows of itself into r.
func (a actor) describe(r *social.Resolution) {
	r.Name = social.Clean(a.Name, social.MaxName)
	r.Locked, r.Suspended, r.Memorial = a.Locked, a.Suspended, a.Memorial
	r.Bot = a.is("Service", "Application")
	r.Group = a.is("Group")
	if len(a.URL) > 0 && strings.HasPrefix(a.URL[0], "https://") && len(a.URL[0]) <= maxURL {
		r.Profile = a.URL[0]
	}
	text, links := readHTML(a.Summary)
	for _, field := range a.Attachment {
		more, found := readHTML(field)
		text, links = text+" "+more, append(links, found...)
	}
	r.Links = slices.Compact(links[:min(len(links), maxLinks)])
	r.NoBot = optsOut(text + " " + a.Name + " " + strings.Join(a.Tags, " "))
}

func optsOut(text string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		if slices.Contains(optOuts, strings.TrimRight(word, ".,;:!?)]")) {
			return true
		}
	}
	return false
}

// readHTML returns the text of a piece of HTML and the https or http links in
// it. It is a tokenizer's pass: no tree, no nesting to get lost in.
func readHTML(s string) (text string, links []string) {
	s = strings.ToValidUTF8(s[:min(len(s), maxProfile)], "")
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String(), append(links, bareLinks(b.String())...)
		case html.TextToken:
			b.Write(z.Text())
		case html.StartTagToken, html.SelfClosingTagToken:
			name, attributes := z.TagName()
			if string(name) == "br" || string(name) == "p" {
				b.WriteByte(' ')
			}
			if string(name) == "a" && attributes {
				links = appendLink(links, href(z))
			}
		}
	}
}

func href(z *html.Tokenizer) string {
	for {
		key, value, more := z.TagAttr()
		if string(key) == "href" {
			return string(value)
		}
		if !more {
			return ""
		}
	}
}

// bareLinks finds addresses that were written as plain text, for fields that
// hold no HTML.
func bareLinks(text string) (links []string) {
	for word := range strings.FieldsSeq(text) {
		links = appendLink(links, strings.TrimRight(word, ".,;:!?)]"))
	}
	return links
}

func appendLink(links []string, s string) []string {
	if len(links) >= maxLinks || len(s) > maxLink || slices.Contains(links, s) {
		return links
	}
	if strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		return append(links, s)
	}
	return links
}
