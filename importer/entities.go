package importer

import (
	"path"
	"regexp"
	"strings"
	"time"

	"godwit/internal/social"
)

// What a post refers to, by the names of X's API v1.1. Since 2018 exports write
// every number as a text, before as a number: both are taken.

// mention is one of user_mentions.
type mention struct {
	id             int64 // 0 when the account is gone
	username, name []byte
	at             indices
}

// indices are where something stands in a text, in code points.
type indices struct{ from, to int }

func parseMention(v []byte) (m mention, ok bool) {
	s, ok := open(v, '{')
	if !ok {
		return m, false
	}
	var written []byte
	for {
		name, value, more := s.member()
		if !more {
			break
		}
		switch string(name) {
		case "id_str":
			written = value
		case "id":
			if written == nil {
				written = value
			}
		case "screen_name":
			m.username = value
		case "name":
			m.name = value
		case "indices":
			m.at = parseIndices(value)
		}
	}
	m.id = id(written)
	gone := len(written) == 0 || string(written) == `"-1"` || string(written) == "-1" || string(written) == "null"
	return m, m.id > 0 || gone
}

func parseIndices(v []byte) (at indices) {
	n := 0
	for x := range elementsOf(v) {
		switch n {
		case 0:
			at.from = number(x)
		case 1:
			at.to = number(x)
		}
		n++
	}
	return at
}

// mediaItem is one picture or video, its texts still as JSON.
type mediaItem struct {
	kind, short, expanded, link   []byte
	sourceUser, sourceStatus, alt []byte
	video, sizes                  []byte
	best                          string // address of the file that an export keeps
	at                            indices
}

func parseMedia(v []byte, text *mender) (m mediaItem, ok bool) {
	s, ok := open(v, '{')
	if !ok {
		return m, false
	}
	for {
		name, value, more := s.member()
		if !more {
			break
		}
		m.set(name, value)
	}
	m.best = text.text(m.link)
	return m, m.chooseVariant(text)
}

func (m *mediaItem) set(name, value []byte) {
	switch string(name) {
	case "type":
		m.kind = value
	case "url":
		m.short = value
	case "expanded_url":
		m.expanded = value
	case "media_url_https":
		m.link = value
	case "media_url":
		if m.link == nil {
			m.link = value
		}
	case "source_user_id_str":
		m.sourceUser = value
	case "source_status_id_str":
		m.sourceStatus = value
	case "ext_alt_text":
		m.alt = value
	case "video_info":
		m.video = value
	case "sizes":
		m.sizes = value
	case "indices":
		m.at = parseIndices(value)
	}
}

// chooseVariant takes the address of a video's variant with the highest
// bitrate: that is the file an export keeps, and never the video's picture.
func (m *mediaItem) chooseVariant(text *mender) bool {
	if m.video == nil {
		return true
	}
	variants := get(m.video, "variants")
	if _, ok := open(variants, '['); !ok {
		return variants == nil
	}
	best := -1
	for v := range elementsOf(variants) {
		if _, ok := open(v, '{'); !ok {
			return false
		}
		rate := max(number(get(v, "bitrate")), 0)
		if rate > best && text.text(get(v, "content_type")) == "video/mp4" {
			m.best, best = text.text(get(v, "url")), rate
		}
	}
	return true
}

var mediaName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}\.(?:jpg|jpeg|png|gif|mp4|webp)$`)

// name is the name under which an export keeps m as a file of the post, or ""
// for an address from which none can be made (ZIP-02).
func (m *mediaItem) name(post int64) string {
	base := m.best
	if end := strings.IndexAny(base, "?#"); end >= 0 {
		base = base[:end]
	}
	base = path.Base(base)
	if !mediaName.MatchString(base) {
		return ""
	}
	return decimal(post) + "-" + base
}

var mediaKinds = map[string]social.MediaKind{
	"photo": social.Photo, "video": social.Video, "animated_gif": social.Animation,
}

// media is m as a file of the post.
func (r *reading) media(m *mediaItem, post int64) social.Media {
	out := social.Media{Kind: mediaKinds[r.text.text(m.kind)], File: m.name(post), URL: m.best, Alt: r.text.text(m.alt)}
	if out.Kind == "" {
		out.Kind = social.Photo
	}
	out.Size, out.Missing = r.e.media.size(out.File)
	if ms := number(get(m.video, "duration_millis")); ms > 0 {
		out.Duration = time.Duration(ms) * time.Millisecond
	}
	for _, size := range []string{"large", "medium"} {
		if w, h := number(get(m.sizes, size, "w")), number(get(m.sizes, size, "h")); w > 0 && h > 0 && out.Width == 0 {
			out.Width, out.Height = w, h
		}
	}
	return out
}
