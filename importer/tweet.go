package importer

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"github.com/dghubble/go-twitter/twitter"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// tweet is what is needed of one element of tweets.js, still as JSON.
type tweet struct {
	id, replyStatus, replyUser      int64
	replyName, text, edit           []byte
	mentions, urls, media, allMedia []byte
}

// parseTweet finds the needed values of {"tweet":{…}} in one pass.
func parseTweet(v []byte) (t tweet, ok bool) {
	outer, ok := open(v, '{')
	if !ok {
		return t, false
	}
	s, ok := outer.enter("tweet", '{')
	for ok {
		var name, value []byte
		if name, value, ok = s.member(); ok {
			t.set(name, value)
		}
	}
	return t, t.id > 0 && !s.deep
}

func (t *tweet) set(name, value []byte) {
	switch string(name) {
	case "id_str":
		t.id = id(value)
	case "full_text":
		t.text = value
	case "entities":
		t.setEntities(value)
	case "extended_entities":
		t.allMedia = get(value, "media")
	case "edit_info":
		t.edit = value
	case "in_reply_to_status_id_str":
		t.replyStatus = id(value)
	case "in_reply_to_user_id_str":
		t.replyUser = id(value)
	case "in_reply_to_screen_name":
		t.replyName = value
	}
}

func (t *tweet) setEntities(v []byte) {
	s, ok := open(v, '{')
	for ok {
		var name, value []byte
		if name, value, ok = s.member(); !ok {
			return
		}
		switch string(name) {
		case "user_mentions":
			t.mentions = value
		case "urls":
			t.urls = value
		case "media":
			t.media = value
		}
	}
}

// tweet reads one post: the names it tells, and what it counts as.
func (r *reading) tweet(v jsontext.Value) error {
	t, ok := parseTweet(v)
	if !ok {
		return errShape
	}
	replyName := usernameOf(r.text.text(t.replyName))
	if replyName != "" {
		r.names.add(t.replyUser, replyName, "", byReply, t.id)
	}
	mentions, err := decodeList[twitter.MentionEntity](t.mentions, textedNumbers)
	for _, m := range mentions {
		// The same name with another id than the one answered: the name was
		// given to somebody else, and the reply knows better.
		if strings.EqualFold(m.ScreenName, replyName) && t.replyUser > 0 && m.ID != t.replyUser {
			continue
		}
		if strings.ContainsAny(m.Name, "\x00\uFFFD") {
			r.text.broken++
		}
		r.names.add(m.ID, m.ScreenName, m.Name, byMention, t.id)
	}
	if !r.superseded(t) && r.posts.add(t.id) {
		err = firstOf(err, r.count(t, replyName))
	}
	return err
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// superseded reports whether a newer version of the post exists.
func (r *reading) superseded(t tweet) bool {
	control := get(t.edit, "initial")
	if control == nil {
		control = get(t.edit, "edit", "editControlInitial")
	}
	var versions [maxVersions]int64
	n, last := 0, t.id
	s, ok := open(get(control, "editTweetIds"), '[')
	for ok && n < maxVersions {
		var v []byte
		if v, ok = s.element(); ok {
			versions[n] = id(v)
			last = max(last, versions[n])
			n++
		}
	}
	for _, v := range versions[:n] {
		if v != last && v > 0 {
			r.posts.supersede(v, last)
		}
	}
	return last != t.id
}

// count counts one post under every name it has.
func (r *reading) count(t tweet, replyName string) error {
	c := &r.counts
	repost := isRepost(t.text)
	switch {
	case repost:
		c.Reposts++
	case t.replyUser > 0 || replyName != "" || t.replyStatus > 0:
		r.countReply(t, replyName)
	}
	if !repost && isQuote(t.urls) {
		c.Quotes++
	}
	if t.allMedia == nil {
		t.allMedia = t.media
	}
	return r.countMedia(t)
}

// countReply tells an answer to others from one of the owner's own chains,
// under whatever name the owner had.
func (r *reading) countReply(t tweet, replyName string) {
	own := false
	switch {
	case t.replyUser > 0 && r.e.owner.NativeID != "":
		own = decimal(t.replyUser) == r.e.owner.NativeID
	case replyName != "" && r.e.owner.Username != "":
		own = r.e.isOwner(replyName)
	default: // nobody is named, or the owner is not known: only the parent's presence tells
		r.posts.answers = append(r.posts.answers, answer{t.id, t.replyStatus, false})
		return
	}
	if !own {
		r.counts.Replies++
	} else if t.replyStatus > 0 {
		r.posts.answers = append(r.posts.answers, answer{t.id, t.replyStatus, true})
	}
}

func (e *Export) isOwner(name string) bool {
	if strings.EqualFold(name, e.owner.Username) {
		return true
	}
	for _, old := range e.oldNames {
		if strings.EqualFold(name, old) {
			return true
		}
	}
	return false
}

// isRepost reports whether a text begins with "RT @name: ", which is all that
// tells a repost in an export.
func isRepost(text []byte) bool {
	rest, ok := bytes.CutPrefix(text, []byte(`"RT @`))
	if !ok {
		return false
	}
	name, _, ok := bytes.Cut(rest, []byte(": "))
	return ok && len(name) <= maxUsername && usernameOf(string(name)) != ""
}

var status = regexp.MustCompile(`^https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/[A-Za-z0-9_]{1,20}/status(?:es)?/[0-9]{1,19}(?:[/?#].*)?$`)

// isQuote reports whether one of the links of a post is another post.
func isQuote(urls []byte) bool {
	s, ok := open(urls, '[')
	for ok {
		var u []byte
		if u, ok = s.element(); !ok {
			break
		}
		link := bytes.ReplaceAll(bytes.Trim(get(u, "expanded_url"), `"`), []byte(`\/`), []byte(`/`))
		if status.Match(link) {
			return true
		}
	}
	return false
}

// mediaItem is one picture or video; the v1.1 type lacks whose it was first.
type mediaItem struct {
	twitter.MediaEntity
	SourceUser string `json:"source_user_id_str"`
}

// countMedia counts the files that a post refers to, and those that are not there.
func (r *reading) countMedia(t tweet) error {
	items, err := decodeList[mediaItem](t.allMedia, textedNumbers)
	for _, m := range items {
		r.counts.Media++
		if !r.e.media.has([]byte(decimal(t.id) + "-" + m.file())) {
			r.counts.MediaMissing++
		}
		if n := id([]byte(m.SourceUser)); n > 0 {
			r.names.add(n, usernameIn(m.ExpandedURL), "", byMedia, t.id)
		}
	}
	return err
}

// file is the base name under which the export keeps m: that of the picture, or
// of the video's variant with the highest bitrate. A video's picture is never kept.
func (m mediaItem) file() string {
	link, best := m.MediaURLHttps, -1
	if link == "" {
		link = m.MediaURL
	}
	for _, v := range m.VideoInfo.Variants {
		if v.ContentType == "video/mp4" && v.Bitrate > best {
			link, best = v.URL, v.Bitrate
		}
	}
	link, _, _ = strings.Cut(link, "?")
	return path.Base(link)
}

var onX = regexp.MustCompile(`^https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/([A-Za-z0-9_]{2,20})/status/`)

// usernameIn is the name in the address of a post, or "".
func usernameIn(link string) string {
	if m := onX.FindStringSubmatch(link); m != nil {
		return m[1]
	}
	return ""
}

// Exports of X write every number as a string, everybody else as a number.
var (
	plainNumbers  = json.JoinOptions(decodeOptions...)
	textedNumbers = json.JoinOptions(plainNumbers, json.StringifyNumbers(true))
)

// decodeList decodes a list of v1.1 objects.
func decodeList[T any](v []byte, numbers json.Options) ([]T, error) {
	if s, ok := open(v, '['); !ok {
		return nil, nil
	} else if s.blanks(); s.b[s.at] == ']' {
		return nil, nil
	}
	var list []T
	if err := json.Unmarshal(v, &list, numbers); err != nil {
		return nil, errShape
	}
	return list, nil
}
