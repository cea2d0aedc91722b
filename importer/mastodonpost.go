package importer

import (
	"crypto/sha256"
	"encoding/binary"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/social"
)

// publicCollection is who everybody is in ActivityPub, with its short forms.
var publicCollection = map[string]bool{"https://www.w3.org/ns/activitystreams#Public": true, "as:Public": true, "Public": true}

// activity turns one activity of an outbox into a Post, with the number under
// which it is counted.
func (o *outbox) activity(v jsontext.Value) (p *social.Post, n int64, ok bool) {
	object := get(v, "object")
	if o.actor == "" { // a .tar.gz tells last whose it is
		o.actor = social.Clean(o.text.text(get(v, "actor")), maxLink)
	}
	switch o.text.text(get(v, "type")) {
	case "Create":
		p = o.note(object)
	case "Announce":
		p = &social.Post{Network: social.Fediverse, Repost: social.PostRef{ID: webLink(o.text.text(object)), URL: webLink(o.text.text(object))}}
		if p.Repost.IsZero() {
			return nil, 0, false
		}
		p.ID, p.Audience = o.text.text(get(v, "id")), o.audience(v)
		p.CreatedAt = moment(o.text.text(get(v, "published")))
	default:
		return nil, 0, false
	}
	if p == nil || p.CreatedAt.IsZero() || p.ID == "" {
		return nil, 0, false
	}
	if n = statusNumber(p.ID); n > 0 {
		p.ID = decimal(n)
	}
	return p, postNumber(p.ID), true
}

// note reads a Note or Question; nil when it is none.
func (o *outbox) note(v []byte) *social.Post {
	switch o.text.text(get(v, "type")) {
	case "Note", "Question", "Article", "Page":
	default:
		return nil
	}
	p := &social.Post{
		Network: social.Fediverse, ID: social.Clean(o.text.text(get(v, "id")), maxLink), URL: webLink(o.text.text(get(v, "url"))),
		CreatedAt: moment(o.text.text(get(v, "published"))), Warning: social.Clean(o.text.text(get(v, "summary")), social.MaxBio),
		Sensitive: string(get(v, "sensitive")) == "true", Audience: o.audience(v), Language: o.noteLanguage(v),
	}
	p.Text, p.Entities, p.Styles = textOf(o.text.text(get(v, "content")), o.mentioned(v))
	if to := o.text.text(get(v, "inReplyTo")); to != "" {
		p.Reply = o.reply(to)
	}
	for _, key := range []string{"quote", "quoteUrl", "quoteUri", "_misskey_quote"} {
		if to := webLink(o.text.text(get(v, key))); to != "" {
			p.Quote = social.PostRef{ID: to, URL: to}
			break
		}
	}
	for a := range elementsOf(get(v, "attachment")) {
		if m, ok := o.attachment(a); ok && len(p.Media) < maxPostMedia {
			p.Media = append(p.Media, m)
		}
	}
	p.Poll = o.poll(v)
	return p
}

// audience tells by the addressees who could read a post: everybody if the
// public is addressed, with or without timelines; the followers if their
// collection is; else only those mentioned.
func (o *outbox) audience(v []byte) social.Audience {
	for _, to := range o.texts(get(v, "to"), maxDepth) {
		if publicCollection[to] {
			return social.ToEveryone
		}
	}
	for _, cc := range o.texts(get(v, "cc"), maxDepth) {
		if publicCollection[cc] {
			return social.ToUnlisted
		}
	}
	for _, to := range append(o.texts(get(v, "to"), maxDepth), o.texts(get(v, "cc"), maxDepth)...) {
		if strings.HasSuffix(to, "/followers") {
			return social.ToFollowers
		}
	}
	return social.ToMentioned
}

// mentioned maps the pages and actors of those mentioned to their addresses.
func (o *outbox) mentioned(v []byte) map[string]string {
	m := map[string]string{}
	for tag := range elementsOf(get(v, "tag")) {
		name := strings.TrimPrefix(o.text.text(get(tag, "name")), "@")
		if o.text.text(get(tag, "type")) == "Mention" && len(m) < maxColumns {
			m[o.text.text(get(tag, "href"))] = social.Clean(name, social.MaxName)
		}
	}
	return m
}

func (o *outbox) noteLanguage(v []byte) string {
	s, ok := open(get(v, "contentMap"), '{')
	if !ok {
		return ""
	}
	name, _ := s.name()
	return social.Clean(string(name), maxTag)
}

// reply is the post that is answered; one of the owner's is known by its actor.
func (o *outbox) reply(to string) social.PostRef {
	ref := social.PostRef{ID: social.Clean(to, maxLink), URL: webLink(to)}
	ref.Own = o.actor != "" && strings.HasPrefix(to, o.actor+"/")
	if n := statusNumber(to); ref.Own && n > 0 {
		ref.ID = decimal(n)
	}
	return ref
}

// attachment reads one picture, video or sound. Its address begins as the
// server's storage does; from media_attachments/ on it is the archive's path,
// of which only the name is used.
func (o *outbox) attachment(v []byte) (m social.Media, ok bool) {
	kind, _, _ := strings.Cut(o.text.text(get(v, "mediaType")), "/")
	switch kind {
	case "image":
		m.Kind = social.Photo
	case "video":
		m.Kind = social.Video
	case "audio":
		m.Kind = social.Audio
	default:
		return m, false
	}
	address := o.text.text(get(v, "url"))
	m.URL, m.Alt = webLink(address), social.Clean(o.text.text(get(v, "name")), maxAlt)
	m.Width, m.Height = max(number(get(v, "width")), 0), max(number(get(v, "height")), 0)
	if strings.Contains(address, "media_attachments/") {
		m.File = path.Base(address)
	}
	m.Size, m.Missing = o.e.media.size(m.File)
	if m.Missing {
		m.File = ""
	}
	focus := 0
	for x := range elementsOf(get(v, "focalPoint")) {
		if at := fraction(x); focus == 0 {
			m.FocusX = at
		} else if focus == 1 {
			m.FocusY = at
		}
		focus++
	}
	return m, true
}

// poll reads the answers of a Question.
func (o *outbox) poll(v []byte) (all []social.PollOption) {
	for _, key := range []string{"oneOf", "anyOf"} {
		for x := range elementsOf(get(v, key)) {
			if len(all) < maxPollOptions {
				all = append(all, social.PollOption{Title: social.Clean(o.text.text(get(x, "name")), social.MaxName), Votes: max(number(get(x, "replies", "totalItems")), 0)})
			}
		}
	}
	return all
}

// statusNumber is the number of a post of Mastodon, which ends its address; 0
// for one of other software.
func statusNumber(address string) int64 {
	address = strings.TrimSuffix(address, "/activity")
	return id([]byte(address[strings.LastIndexByte(address, '/')+1:]))
}

// postNumber is the number under which a post with that id is counted.
func postNumber(of string) int64 {
	if n := id([]byte(of)); n > 0 {
		return n
	}
	return hashNumber(of)
}

// hashNumber stands for the id of a post that has no number.
func hashNumber(id string) int64 {
	sum := sha256.Sum256([]byte(id))
	return max(int64(binary.BigEndian.Uint64(sum[:])>>1), 1)
}

// fraction reads a number between -1 and 1; anything else is 0.
func fraction(v []byte) float64 {
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || !(f >= -1 && f <= 1) {
		return 0
	}
	return f
}

func moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < 1970 || at.Year() > 9999 {
		return time.Time{}
	}
	return at.UTC()
}
