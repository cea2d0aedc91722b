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

// Tweet is one post of an Archive. Its time is in its ID.
type Tweet struct {
	ID       int64
	Text     string   // not escaped; the writer escapes &, < and >
	Mentions []Person // for user_mentions; indices are looked up in Text
	ReplyTo  Reply
	Links    []string // expanded targets of links
	Media    []Media
	Versions []int64 // ids of all versions of an edited post, oldest first
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
