package importer

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// tweet is what is needed of one element of tweets.js, still as JSON.
type tweet struct {
	id, replyStatus, replyUser            int64
	replyName, text, edit                 []byte
	mentions, urls, tags, media, allMedia []byte
	repost                                []byte // the post shown again, as it was: until 2019
	created, lang, sensitive              []byte
	likes, reposts                        []byte
	community, deleted, followersOnly     bool
}

// parseTweet finds the needed values of {"tweet":{…}} in one pass; until 2019
// the post stood there without the wrapper.
func parseTweet(v []byte) (t tweet, ok bool) {
	s, ok := open(v, '{')
	wrapped := false
	for ok {
		var name []byte
		if name, ok = s.name(); !ok {
			break
		}
		switch string(name) {
		case "tweet":
			if inner, is := open(s.b[s.at:], '{'); is && !wrapped {
				s, wrapped = inner, true
				continue
			}
		case "entities":
			s.members(t.setEntity)
			continue
		case "extended_entities":
			s.members(t.setAllMedia)
			continue
		}
		t.set(name, s.value())
	}
	return t, t.id > 0 && !s.deep
}

func (t *tweet) set(name, value []byte) {
	switch string(name) {
	case "id_str":
		t.id = id(value)
	case "full_text", "text":
		t.text = value
	case "edit_info":
		t.edit = value
	case "in_reply_to_status_id_str":
		t.replyStatus = id(value)
	case "in_reply_to_user_id_str":
		t.replyUser = id(value)
	case "in_reply_to_screen_name":
		t.replyName = value
	case "retweeted_status":
		t.repost = value
	default:
		t.setDetail(name, value)
	}
}

// setDetail takes what only the post itself needs, and who could read it.
func (t *tweet) setDetail(name, value []byte) {
	switch string(name) {
	case "created_at":
		t.created = value
	case "lang":
		t.lang = value
	case "possibly_sensitive":
		t.sensitive = value
	case "favorite_count":
		t.likes = value
	case "retweet_count":
		t.reposts = value
	case "deleted_at":
		t.deleted = t.deleted || said(value)
	case "community_id", "community_id_str":
		t.community = t.community || said(value)
	case "scopes":
		t.followersOnly = t.followersOnly || isTrue(get(value, "followers"))
	case "user":
		t.followersOnly = t.followersOnly || isTrue(get(value, "protected"))
	}
}

// said reports whether a value is a text or a number and not empty.
func said(v []byte) bool { return len(bytes.Trim(v, `"`)) > 0 && v[0] != 'n' }

func isTrue(v []byte) bool { return string(bytes.Trim(v, `"`)) == "true" }

// elsewhere reports whether the post is none of those that everybody could
// find: it was deleted, or written for a community.
func (t *tweet) elsewhere() bool { return t.community || t.deleted }

func (t *tweet) setEntity(name, value []byte) {
	switch string(name) {
	case "user_mentions":
		t.mentions = value
	case "urls":
		t.urls = value
	case "hashtags":
		t.tags = value
	case "media":
		t.media = value
	}
}

func (t *tweet) setAllMedia(name, value []byte) {
	if string(name) == "media" {
		t.allMedia = value
	}
}

// files are all the files of the post; entities name the first only.
func (t *tweet) files() []byte {
	if t.allMedia != nil {
		return t.allMedia
	}
	return t.media
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
	err := r.nameMentions(&t, replyName)
	superseded, quote := r.superseded(&t), isQuote(t.urls)
	r.notes.join(&t, superseded, quote)
	if !superseded && !t.elsewhere() && !r.private.has(t.id) && r.posts.add(t.id) {
		err = firstOf(err, r.count(&t, replyName, quote))
	}
	return err
}

// nameMentions takes the names that the post's mentions tell.
func (r *reading) nameMentions(t *tweet, replyName string) error {
	var err error
	for v := range elementsOf(t.mentions) {
		m, ok := parseMention(v)
		if !ok {
			err = errShape
			continue
		}
		username := r.text.text(m.username)
		// The same name with another id than the one answered: the name was
		// given to somebody else, and the reply knows better.
		if t.replyUser > 0 && m.id != t.replyUser && strings.EqualFold(username, replyName) {
			continue
		}
		r.names.add(m.id, username, r.text.text(m.name), byMention, t.id)
	}
	return err
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

var versionsKey = []byte(`"editTweetIds"`)

// superseded reports whether a newer version of the post exists. The first
// version lists all of them under initial, the later ones under edit.
func (r *reading) superseded(t *tweet) bool {
	at := bytes.Index(t.edit, versionsKey)
	if at < 0 {
		return false
	}
	var versions [maxVersions]int64
	n, last := 0, t.id
	for v := range elementsOf(bytes.TrimLeft(t.edit[at+len(versionsKey):], ": \t\r\n")) {
		if n == maxVersions {
			break
		}
		versions[n] = id(v)
		last = max(last, versions[n])
		n++
	}
	for _, v := range versions[:n] {
		if v != last && v > 0 {
			r.posts.supersede(v, last)
		}
	}
	return last != t.id
}

// count counts one post under every name it has.
func (r *reading) count(t *tweet, replyName string, quote bool) error {
	c := &r.counts
	repost := t.isRepost()
	switch {
	case repost:
		c.Reposts++
	case t.answers(replyName):
		r.countReply(t, replyName)
	}
	if !repost && quote {
		c.Quotes++
	}
	return r.countMedia(t)
}

// answers reports whether the post answers another.
func (t *tweet) answers(replyName string) bool {
	return t.replyUser > 0 || replyName != "" || t.replyStatus > 0
}

// countReply tells an answer to others from one of the owner's own chains,
// under whatever name the owner had.
func (r *reading) countReply(t *tweet, replyName string) {
	own, known := r.e.wrote(t.replyUser, replyName)
	switch {
	case !known: // only the parent's presence will tell
		r.posts.answers.add(answer{t.id, t.replyStatus, false})
	case !own:
		r.counts.Replies++
	case t.replyStatus > 0:
		r.posts.answers.add(answer{t.id, t.replyStatus, true})
	}
}

// wrote reports whether the owner is the author with this id and name, either
// of which may be missing; known is false when they tell nothing.
func (e *Export) wrote(author int64, username string) (own, known bool) {
	switch {
	case author > 0 && e.owner.NativeID != "":
		return decimal(author) == e.owner.NativeID, true
	case username != "" && e.owner.Username != "":
		return e.isOwner(username), true
	}
	return false, false
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

// isRepost reports whether a post only shows another: its text begins with
// "RT @name: ", which is all that tells since 2018, or the other is in it.
func (t *tweet) isRepost() bool {
	if s, ok := open(t.repost, '{'); ok && !s.deep {
		return true
	}
	text, ok := bytes.CutPrefix(t.text, []byte(`"`))
	return ok && repostOf(text) != ""
}

const repostPrefix = "RT @"

// repostOf is whose post a text beginning with "RT @name: " shows, or "".
func repostOf(text []byte) string {
	rest, ok := bytes.CutPrefix(text, []byte(repostPrefix))
	if !ok {
		return ""
	}
	name, _, ok := bytes.Cut(rest, []byte(": "))
	if !ok || len(name) > maxUsername {
		return ""
	}
	return usernameOf(string(name))
}

var status = regexp.MustCompile(`^https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/([A-Za-z0-9_]{1,20})/status(?:es)?/([0-9]{1,19})(?:[/?#].*)?$`)

// isStatus reports whether a JSON text is the address of a post.
func isStatus(v []byte) bool {
	if !bytes.Contains(v, []byte("status")) {
		return false
	}
	return status.Match(bytes.ReplaceAll(bytes.Trim(v, `"`), []byte(`\/`), []byte(`/`)))
}

// isQuote reports whether one of the links of a post is another post.
func isQuote(urls []byte) bool {
	for u := range elementsOf(urls) {
		if isStatus(get(u, "expanded_url")) {
			return true
		}
	}
	return false
}

// countMedia counts the files that a post refers to, and those that are not there.
func (r *reading) countMedia(t *tweet) error {
	var err error
	for v := range elementsOf(t.files()) {
		m, ok := parseMedia(v, &r.text)
		if !ok {
			err = errShape
			continue
		}
		r.counts.Media++
		if !r.e.media.has(m.name(t.id)) {
			r.counts.MediaMissing++
		}
		if n := id(m.sourceUser); n > 0 {
			r.names.add(n, usernameIn(r.text.text(m.expanded)), "", byMedia, t.id)
		}
	}
	return err
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
var plainNumbers = json.JoinOptions(decodeOptions...)

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
