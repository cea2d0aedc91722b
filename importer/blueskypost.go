package importer

import (
	"slices"
	"strings"

	"godwit/internal/social"
)

// post reads a post or a repost: counted first, given the second time.
func (w *repository) post(collection, rkey string, m cborMap) error {
	p := w.build(collection, rkey, m)
	n := tidNumber(rkey)
	if n == 0 {
		n = hashNumber(rkey)
	}
	if p == nil || !p.Sound() {
		return nil
	}
	if w.again {
		if w.given.n >= maxPosts || !w.given.add(n) {
			return nil
		}
		if root := w.chains.root(n); root != "" {
			p.Thread = tidText(id([]byte(root)))
		}
		return w.give(social.Record{Post: p})
	}
	if !w.posts.add(n) {
		return nil
	}
	if p.CreatedAt.After(w.newest) {
		w.newest = p.CreatedAt
	}
	w.countPost(p, n)
	return nil
}

func (w *repository) countPost(p *social.Post, n int64) {
	c := &w.counts
	switch {
	case !p.Repost.IsZero():
		c.Reposts++
	case p.Reply.Own:
		w.posts.answers.add(answer{n, tidNumber(p.Reply.ID), true})
	case !p.Reply.IsZero():
		c.Replies++
	}
	if !p.Quote.IsZero() {
		c.Quotes++
	}
	c.Media += len(p.Media)
	c.MediaMissing += len(p.Media) // a repository holds no files
}

func (w *repository) build(collection, rkey string, m cborMap) *social.Post {
	p := &social.Post{Network: social.Bluesky, ID: social.Clean(rkey, maxLink), URL: postAddress(w.owner, rkey), CreatedAt: moment(m.text("createdAt")), Audience: social.ToEveryone}
	if collection == bskyRepost {
		if p.Repost = w.ref(m.object("subject")); p.Repost.IsZero() {
			return nil
		}
		p.URL = ""
		return p
	}
	if langs := m.list("langs"); len(langs) > 0 {
		tag, _ := langs[0].(string)
		p.Language = social.Clean(tag, maxTag)
	}
	p.Reply = w.ref(m.object("reply").object("parent"))
	p.Sensitive = labelled(m.object("labels"))
	fillFacets(p, m.text("text"), m.list("facets"))
	w.embed(p, m.object("embed"))
	return p
}

// postAddress is where a post is shown.
func postAddress(did, rkey string) string { return "https://bsky.app/profile/" + did + "/post/" + rkey }

// ref reads a reference to a post: at://did/app.bsky.feed.post/key.
func (w *repository) ref(m cborMap) social.PostRef {
	rest, ok := strings.CutPrefix(m.text("uri"), "at://")
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 || parts[1] != bskyPost || !didForm.MatchString(parts[0]) || len(parts[2]) > maxDigits+13 || parts[2] == "" {
		return social.PostRef{}
	}
	return social.PostRef{ID: parts[2], AuthorID: parts[0], URL: postAddress(parts[0], parts[2]), Own: parts[0] == w.owner}
}

// embed adds what hangs on a post: pictures, a video, another post, or a card
// for a link that the text need not have.
func (w *repository) embed(p *social.Post, m cborMap) {
	switch kind, _, _ := strings.Cut(m.text("$type"), "#"); kind {
	case "app.bsky.embed.images":
		for _, x := range m.list("images") {
			image, _ := x.(cborMap)
			p.Media = append(p.Media, blob(social.Photo, image, "image"))
		}
	case "app.bsky.embed.video":
		p.Media = append(p.Media, blob(social.Video, m, "video"))
	case "app.bsky.embed.external":
		addCard(p, webLink(m.object("external").text("uri")))
	case "app.bsky.embed.record":
		p.Quote = w.ref(m.object("record"))
	case "app.bsky.embed.recordWithMedia":
		p.Quote = w.ref(m.object("record").object("record"))
		w.embed(p, withoutMore(m.object("media")))
	}
	p.Media = p.Media[:min(len(p.Media), maxPostMedia)]
}

// withoutMore keeps an embed in an embed from holding a third.
func withoutMore(m cborMap) cborMap {
	if strings.HasPrefix(m.text("$type"), "app.bsky.embed.record") {
		return nil
	}
	return m
}

// blob is a file of a post. In a repository it is named by a link that nothing
// here follows; an answer in JSON tells the name by which a server has it.
func blob(kind social.MediaKind, m cborMap, member string) social.Media {
	ratio, file := m.object("aspectRatio"), m.object(member)
	name := social.Clean(file.object("ref").text("$link"), maxLink)
	return social.Media{Kind: kind, File: name, Missing: name == "", Alt: social.Clean(m.text("alt"), maxAlt), Size: max(file.number("size"), 0),
		Width: int(clamp(ratio.number("width"))), Height: int(clamp(ratio.number("height")))}
}

func clamp(n int64) int64 { return min(max(n, 0), 1<<20) }

func addCard(p *social.Post, link string) {
	if link == "" || strings.Contains(p.Text, link) {
		return
	}
	if p.Text != "" {
		p.Text += "\n\n"
	}
	p.Entities = append(p.Entities, social.Entity{Kind: social.LinkEntity, Start: len(p.Text), End: len(p.Text) + len(link), URL: link})
	p.Text += link
}

// warningLabels are the labels that people put on their own posts.
var warningLabels = []string{"porn", "sexual", "nudity", "graphic-media"}

func labelled(m cborMap) bool {
	return slices.ContainsFunc(m.list("values"), func(v any) bool {
		label, _ := v.(cborMap)
		return slices.Contains(warningLabels, label.text("val"))
	})
}

// facet is a piece of a text with a meaning, by its bytes.
type facet struct {
	start, end int
	feature    cborMap
}

// fillFacets makes the text of a post and its Entities. Links are shown with
// their whole targets, which clients shorten in the text.
func fillFacets(p *social.Post, text string, list []any) {
	var b strings.Builder
	at := 0
	for _, f := range facetsOf(text, list) {
		b.WriteString(text[at:f.start])
		at = f.end
		words := text[f.start:f.end]
		e := social.Entity{Start: b.Len()}
		switch _, kind, _ := strings.Cut(f.feature.text("$type"), "#"); kind {
		case "link":
			if e.URL = webLink(f.feature.text("uri")); e.URL != "" {
				e.Kind, words = social.LinkEntity, e.URL
			}
		case "mention":
			if did := f.feature.text("did"); didForm.MatchString(did) {
				e.Kind, e.AccountID, e.Username = social.MentionEntity, did, strings.TrimPrefix(words, "@")
			}
		case "tag":
			e.Kind, e.Tag = social.TagEntity, social.Clean(f.feature.text("tag"), social.MaxName)
		}
		b.WriteString(words)
		if e.End = b.Len(); e.Kind != "" {
			p.Entities = append(p.Entities, e)
		}
	}
	b.WriteString(text[at:])
	p.Text = strings.ReplaceAll(b.String(), "\x00", "?") // one byte for one, so that places stay
}

// facetsOf are the facets that lie within the text, on whole characters, in
// order and without overlapping.
func facetsOf(text string, list []any) (all []facet) {
	for _, x := range list[:min(len(list), maxFacets)] {
		m, _ := x.(cborMap)
		index, features := m.object("index"), m.list("features")
		start, end := index.number("byteStart"), index.number("byteEnd")
		if len(features) == 0 || start < 0 || start >= end || end > int64(len(text)) || !wholeRunes(text, int(start), int(end)) {
			continue
		}
		feature, _ := features[0].(cborMap)
		all = append(all, facet{int(start), int(end), feature})
	}
	slices.SortStableFunc(all, func(a, b facet) int { return a.start - b.start })
	last := 0
	return slices.DeleteFunc(all, func(f facet) bool {
		if f.start < last {
			return true
		}
		last = f.end
		return false
	})
}

func wholeRunes(text string, start, end int) bool {
	mid := func(i int) bool { return i < len(text) && text[i]&0xc0 == 0x80 }
	return !mid(start) && !mid(end)
}

// A TID is a key made of the time: 13 letters of this alphabet, 64 bits.
const tidLetters = "234567abcdefghijklmnopqrstuvwxyz"

// tidNumber is the number of a TID; 0 for what is none.
func tidNumber(text string) (n int64) {
	if len(text) != 13 || strings.IndexByte(tidLetters, text[0]) >= 8 {
		return 0
	}
	for i := range len(text) {
		at := strings.IndexByte(tidLetters, text[i])
		if at < 0 {
			return 0
		}
		n = n<<5 | int64(at)
	}
	return n
}

// tidText is the TID of a number.
func tidText(n int64) string {
	var b [13]byte
	for i := range b {
		b[len(b)-1-i] = tidLetters[n&31]
		n >>= 5
	}
	return string(b[:])
}
