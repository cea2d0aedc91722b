// Package importertest writes exports as X and twitter-web-exporter make them,
// filled with invented people: small exact ones for tests and the demo, and
// large ones from a seed, with the counts that reading them must give.
package importertest

import "time"

// Person is one invented account on X. The zero value of a field is left out
// of exports, or empty where the format always has it.
type Person struct {
	ID        string // decimal digits
	Username  string
	Name      string
	Bio       string // with the short links as X keeps them, if any
	Location  string
	URL       string   // the profile's link, expanded
	Links     []string // links in the bio, expanded
	Following bool     // marked in a saved list as followed by the viewer
	Follows   bool     // marked in a saved list as following the viewer
}

// Tweet is one post of an Archive. Its time is in its ID unless At is set.
type Tweet struct {
	ID        int64
	At        time.Time // when it was written, for ids that tell no time
	Text      string    // as it is shown; the writer escapes it and shortens the Links in it
	Mentions  []Person  // for user_mentions; indices are looked up in Text
	Tags      []string  // hashtags of Text, without #
	ReplyTo   Reply
	Links     []string // targets of links; those that Text does not have come after it
	Media     []Media  // their common link comes last
	Versions  []int64  // ids of all versions of an edited post, oldest first
	Lang      string   // "en" when empty
	Sensitive bool
	Likes     int
	Reposts   int
	Community string // id of the community for which it was written
	Note      *Note  // its whole text, when it is long or styled
	Original  *Tweet // the post shown again; Text is made from it when empty
	Author    Person // of an Original
}

// Note is the whole text of a long post, in note-tweet.js. It is given 20
// milliseconds before the post.
type Note struct {
	Text     string
	Mentions []Person
	Tags     []string
	Links    []string
	Styles   []Style
}

// Style sets a piece of a Note's text in bold or italic letters.
type Style struct {
	Name string // Bold, Italic or Strikethrough
	Text string // the piece
}

// Reply is what a Tweet answers; the zero Reply is nothing. A Person without
// Username is one who is gone.
type Reply struct {
	Status int64
	To     Person
}

// Media is one picture or video of a Tweet.
type Media struct {
	Kind    string // photo, video or animated_gif
	File    string // base name without extension
	Missing bool   // referred to, but not in the export
	Source  Person // whose post it was first, when it was shown again
	Status  int64  // that post
	Alt     string // the description, which X has never written so far
}

// FileName is the name under which an export of X keeps the media of a post.
func (m Media) FileName(tweet int64) string {
	ext := ".mp4"
	if m.Kind == "photo" {
		ext = ".jpg"
	}
	return decimal(tweet) + "-" + m.File + ext
}

// epoch is the instant from which X counts the milliseconds in its ids.
const epoch = 1288834974657

// IDAt is the post id that X would have given at t; n tells apart those of one
// millisecond.
func IDAt(t time.Time, n int64) int64 { return (t.UnixMilli()-epoch)<<22 | n&0x3fffff }

// TimeOf is the instant in a post's id.
func TimeOf(id int64) time.Time { return time.UnixMilli(id>>22 + epoch).UTC() }

// noteGap is how much older than its post a note is, as a difference of ids.
const noteGap = 20 << 22

func (t *Tweet) at() time.Time {
	if !t.At.IsZero() {
		return t.At
	}
	return TimeOf(t.ID)
}
