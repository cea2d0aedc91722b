package importer

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Version 2 of X's API tells the same of a post as an export does, in another
// form. It is turned into the export's, so that both are understood by the same
// code: threads, old versions, long texts and all.

// exported is a post as exports hold it, as far as version 2 tells it. A value
// that stays as it came is JSON.
type exported struct {
	ID        jsontext.Value    `json:"id_str"`
	Text      jsontext.Value    `json:"full_text,omitempty"`
	Created   string            `json:"created_at,omitempty"`
	Lang      jsontext.Value    `json:"lang,omitempty"`
	Sensitive jsontext.Value    `json:"possibly_sensitive,omitempty"`
	Likes     jsontext.Value    `json:"favorite_count,omitempty"`
	Reposts   jsontext.Value    `json:"retweet_count,omitempty"`
	ReplyTo   jsontext.Value    `json:"in_reply_to_status_id_str,omitempty"`
	ReplyUser jsontext.Value    `json:"in_reply_to_user_id_str,omitempty"`
	ReplyName jsontext.Value    `json:"in_reply_to_screen_name,omitempty"`
	Repost    *shownAgain       `json:"retweeted_status,omitempty"`
	Edits     *editInfo         `json:"edit_info,omitempty"`
	Entities  exportedEntities  `json:"entities"`
	Media     *exportedEntities `json:"extended_entities,omitempty"`
}

type shownAgain struct {
	ID jsontext.Value `json:"id_str"`
}

type editInfo struct {
	Initial struct {
		Versions jsontext.Value `json:"editTweetIds"`
	} `json:"initial"`
}

type exportedEntities struct {
	Mentions []exportedEntity `json:"user_mentions,omitempty"`
	URLs     []exportedEntity `json:"urls,omitempty"`
	Tags     []exportedEntity `json:"hashtags,omitempty"`
	Media    []exportedMedia  `json:"media,omitempty"`
}

type exportedEntity struct {
	ID       jsontext.Value    `json:"id_str,omitempty"`
	Username jsontext.Value    `json:"screen_name,omitempty"`
	Tag      jsontext.Value    `json:"text,omitempty"`
	URL      jsontext.Value    `json:"url,omitempty"`
	Target   jsontext.Value    `json:"expanded_url,omitempty"`
	Indices  [2]jsontext.Value `json:"indices"`
}

type exportedMedia struct {
	exportedEntity
	Kind  jsontext.Value `json:"type,omitempty"`
	Link  jsontext.Value `json:"media_url_https,omitempty"`
	Alt   jsontext.Value `json:"ext_alt_text,omitempty"`
	Sizes *struct {
		Large struct {
			W jsontext.Value `json:"w"`
			H jsontext.Value `json:"h"`
		} `json:"large"`
	} `json:"sizes,omitempty"`
	Video *struct {
		Millis   jsontext.Value    `json:"duration_millis,omitempty"`
		Variants []exportedVariant `json:"variants"`
	} `json:"video_info,omitempty"`
}

type exportedVariant struct {
	Bitrate jsontext.Value `json:"bitrate,omitempty"`
	Type    jsontext.Value `json:"content_type,omitempty"`
	URL     jsontext.Value `json:"url,omitempty"`
}

// asExported turns a post of version 2 into the export's form. media are the
// files of its page by their keys.
func asExported(v []byte, media map[string][]byte) jsontext.Value {
	entities := get(v, "entities")
	x := exported{
		ID: get(v, "id"), Text: get(v, "text"), Created: exportedTime(get(v, "created_at")), Lang: get(v, "lang"), Sensitive: get(v, "possibly_sensitive"),
		Likes: get(v, "public_metrics", "like_count"), Reposts: get(v, "public_metrics", "retweet_count"), ReplyUser: get(v, "in_reply_to_user_id"),
	}
	for ref := range elementsOf(get(v, "referenced_tweets")) {
		switch string(get(ref, "type")) {
		case `"replied_to"`:
			x.ReplyTo = get(ref, "id")
		case `"retweeted"`:
			x.Repost = &shownAgain{get(ref, "id")}
		}
	}
	if versions := get(v, "edit_history_tweet_ids"); versions != nil {
		x.Edits = &editInfo{}
		x.Edits.Initial.Versions = versions
	}
	x.addEntities(entities)
	x.addMedia(v, entities, media)
	out, err := json.Marshal(x, decodeOptions...)
	if err != nil {
		return nil // a value that is no JSON; it has no shape
	}
	return out
}

// exportedTime is a time as exports write it.
func exportedTime(v []byte) string {
	var t mender
	at, err := time.Parse(time.RFC3339, t.text(v))
	if err != nil {
		return ""
	}
	return at.UTC().Format(time.RubyDate)
}

// addEntities takes the mentions, tags and links. Whoever is answered has a
// name only among the mentions.
func (x *exported) addEntities(entities []byte) {
	for m := range elementsOf(get(entities, "mentions")) {
		e := exportedEntity{ID: get(m, "id"), Username: get(m, "username"), Indices: place2(m)}
		if e.ID != nil && string(e.ID) == string(x.ReplyUser) {
			x.ReplyName = e.Username
		}
		x.Entities.Mentions = append(x.Entities.Mentions, e)
	}
	for h := range elementsOf(get(entities, "hashtags")) {
		x.Entities.Tags = append(x.Entities.Tags, exportedEntity{Tag: get(h, "tag"), Indices: place2(h)})
	}
	for u := range elementsOf(get(entities, "urls")) {
		if get(u, "media_key") == nil {
			x.Entities.URLs = append(x.Entities.URLs, exportedEntity{URL: get(u, "url"), Target: get(u, "expanded_url"), Indices: place2(u)})
		}
	}
}

// addMedia takes the files. The link that stands for them in the text is among
// the links, with the key of a file.
func (x *exported) addMedia(v, entities []byte, media map[string][]byte) {
	var link exportedEntity
	for u := range elementsOf(get(entities, "urls")) {
		if get(u, "media_key") != nil {
			link = exportedEntity{URL: get(u, "url"), Target: get(u, "expanded_url"), Indices: place2(u)}
		}
	}
	if link.Indices[0] == nil {
		link.Indices = place2(nil)
	}
	for key := range elementsOf(get(v, "attachments", "media_keys")) {
		file, ok := media[string(key)]
		if !ok {
			continue
		}
		if x.Media == nil {
			x.Media = &exportedEntities{}
		}
		x.Media.Media = append(x.Media.Media, fileOf(file, link))
	}
}

func fileOf(v []byte, link exportedEntity) exportedMedia {
	m := exportedMedia{exportedEntity: link, Kind: get(v, "type"), Link: get(v, "url"), Alt: get(v, "alt_text")}
	if m.Link == nil {
		m.Link = get(v, "preview_image_url")
	}
	if w, h := get(v, "width"), get(v, "height"); w != nil && h != nil {
		m.Sizes = new(struct {
			Large struct {
				W jsontext.Value `json:"w"`
				H jsontext.Value `json:"h"`
			} `json:"large"`
		})
		m.Sizes.Large.W, m.Sizes.Large.H = w, h
	}
	for variant := range elementsOf(get(v, "variants")) {
		if m.Video == nil {
			m.Video = new(struct {
				Millis   jsontext.Value    `json:"duration_millis,omitempty"`
				Variants []exportedVariant `json:"variants"`
			})
			m.Video.Millis = get(v, "duration_ms")
		}
		m.Video.Variants = append(m.Video.Variants, exportedVariant{get(variant, "bit_rate"), get(variant, "content_type"), get(variant, "url")})
	}
	return m
}

var nowhere = jsontext.Value("0")

// place2 is where an entity stands, as the two numbers of an export.
func place2(v []byte) [2]jsontext.Value {
	at := [2]jsontext.Value{get(v, "start"), get(v, "end")}
	for i := range at {
		if at[i] == nil {
			at[i] = nowhere
		}
	}
	return at
}

// mediaOf are the files of a page by their keys, as JSON.
func mediaOf(page []byte) map[string][]byte {
	media := map[string][]byte{}
	for m := range elementsOf(get(page, "includes", "media")) {
		if key := get(m, "media_key"); key != nil && len(media) < maxSampled*maxPostMedia {
			media[string(key)] = m
		}
	}
	return media
}

// noteOf is the whole text of a long post in the form of note-tweet.js. A note
// is known by a number just below its post's.
func noteOf(v, long []byte) jsontext.Value {
	n := id(get(v, "id"))
	var core struct {
		Text     jsontext.Value `json:"text"`
		URLs     []noteEntity   `json:"urls,omitempty"`
		Tags     []noteEntity   `json:"hashtags,omitempty"`
		Mentions []noteEntity   `json:"mentions,omitempty"`
	}
	core.Text = get(long, "text")
	entities := get(long, "entities")
	for u := range elementsOf(get(entities, "urls")) {
		core.URLs = append(core.URLs, noteEntity{Short: get(u, "url"), Target: get(u, "expanded_url"), From: place2(u)[0], To: place2(u)[1]})
	}
	for h := range elementsOf(get(entities, "hashtags")) {
		core.Tags = append(core.Tags, noteEntity{Text: get(h, "tag"), From: place2(h)[0], To: place2(h)[1]})
	}
	for m := range elementsOf(get(entities, "mentions")) {
		core.Mentions = append(core.Mentions, noteEntity{Username: get(m, "username"), From: place2(m)[0], To: place2(m)[1]})
	}
	text, err := json.Marshal(core, decodeOptions...)
	if err != nil || n <= 1 || core.Text == nil {
		return nil
	}
	var b strings.Builder
	b.WriteString(`{"noteTweet":{"noteTweetId":"` + decimal(n-1) + `","core":`)
	b.Write(text)
	b.WriteString(`}}`)
	return jsontext.Value(b.String())
}

type noteEntity struct {
	Short    jsontext.Value `json:"shortUrl,omitempty"`
	Target   jsontext.Value `json:"expandedUrl,omitempty"`
	Text     jsontext.Value `json:"text,omitempty"`
	Username jsontext.Value `json:"screenName,omitempty"`
	From     jsontext.Value `json:"fromIndex"`
	To       jsontext.Value `json:"toIndex"`
}
