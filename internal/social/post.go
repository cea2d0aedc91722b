package social

import (
	"time"
	"unicode/utf8"
)

// Post is one post read from a Source, whole enough to be shown again in
// another place. Text is what its readers saw: escapes undone, short links
// replaced by their targets, links to its own media gone.
type Post struct {
	Network   Network
	ID        string // on X decimal digits, higher for newer ones
	URL       string // where it stands or stood, "" when nothing tells
	CreatedAt time.Time
	DayOnly   bool // the source lost the time of day: X before November 2010
	Text      string
	Cut       bool     // the source has only the beginning of the text
	Entities  []Entity // in the order of Text, none overlapping another
	Styles    []Style  // in the order of Text
	Language  string   // a BCP 47 tag as the source gives it, "" when unknown
	Warning   string   // the content warning before it
	Sensitive bool

	Reply  PostRef // the post that it answers
	Quote  PostRef // the post that it shows below its own text
	Repost PostRef // the post that it only shows again; then Text is at best that one's
	Thread string  // ID of the first of the chain of own posts that it belongs to, "" for one that stands alone

	Media    []Media
	Poll     []PollOption
	Audience Audience
	Likes    int
	Reposts  int
}

// PostRef names another post as far as the source tells; the zero PostRef is
// none. On X an answer may tell no author, and a repost no ID.
type PostRef struct {
	ID       string
	AuthorID string // native id of its author
	Author   string // its author's Username
	URL      string
	Own      bool // the owner of the Source wrote it, under whatever name
}

// IsZero reports whether r names no post.
func (r PostRef) IsZero() bool { return r == PostRef{} }

// EntityKind is what a piece of a Post's text is.
type EntityKind string

// The kinds of Entities.
const (
	LinkEntity    EntityKind = "link"
	MentionEntity EntityKind = "mention"
	TagEntity     EntityKind = "tag"
)

// Entity is a piece of a Post's Text with a meaning: Text[Start:End].
type Entity struct {
	Kind       EntityKind
	Start, End int    // in bytes
	URL        string // of a link: its target
	Tag        string // of a tag: its name without #
	AccountID  string // of a mention: the native id, "" when the source does not tell or the account is gone
	Username   string // of a mention
	Name       string // of a mention: the display name
}

// StyleKind is how a piece of a Post's text is set.
type StyleKind string

// The kinds of Styles.
const (
	Bold          StyleKind = "bold"
	Italic        StyleKind = "italic"
	Strikethrough StyleKind = "strikethrough"
)

// Style is a piece of a Post's Text set in its own way: Text[Start:End].
// Styles may overlap each other and Entities.
type Style struct {
	Kind       StyleKind
	Start, End int // in bytes
}

// MediaKind is what a file of a Post is.
type MediaKind string

// The kinds of Media. An animation is a video without sound that repeats.
const (
	Photo     MediaKind = "photo"
	Video     MediaKind = "video"
	Animation MediaKind = "animation"
	Audio     MediaKind = "audio"
)

// Media is one file of a Post.
type Media struct {
	Kind           MediaKind
	File           string // its name by which the Source finds it again, "" when it has none
	Missing        bool   // the Source does not hold the file
	URL            string // where it was to be had when the Source was made
	Alt            string // the description of it for those who cannot see it
	Width, Height  int    // in pixels, 0 when unknown
	Duration       time.Duration
	Size           int64   // in bytes, 0 when unknown
	FocusX, FocusY float64 // from -1 left or bottom to 1 right or top; 0, 0 is the middle
}

// PollOption is one answer of a poll, with how many chose it.
type PollOption struct {
	Title string
	Votes int
}

// Audience is who could read a Post where it was written.
type Audience string

// The Audiences. Posts ToFollowers, ToCircle or ToMentioned, and those
// ToNobody, are never planned to be shown again; those ToCommunity only when
// the person asks for it.
const (
	ToEveryone  Audience = "public"
	ToUnlisted  Audience = "unlisted" // everybody, but kept out of timelines
	ToFollowers Audience = "followers"
	ToCircle    Audience = "circle"
	ToCommunity Audience = "community"
	ToMentioned Audience = "direct"
	ToNobody    Audience = "deleted"
)

// Open reports whether everybody could read it.
func (a Audience) Open() bool { return a == ToEveryone || a == ToUnlisted }

// Sound reports whether a Post's parts fit together: it has an ID and a time,
// its text is valid UTF-8, its Entities and Styles lie within the text, on
// whole characters, and its Entities follow each other.
func (p *Post) Sound() bool {
	if p.ID == "" || p.CreatedAt.IsZero() || p.Audience == "" || !utf8.ValidString(p.Text) {
		return false
	}
	end := 0
	for _, e := range p.Entities {
		if e.Start < end || !p.piece(e.Start, e.End) {
			return false
		}
		end = e.End
	}
	for _, s := range p.Styles {
		if !p.piece(s.Start, s.End) {
			return false
		}
	}
	return true
}

// piece reports whether Text[start:end] is a piece of whole characters.
func (p *Post) piece(start, end int) bool {
	return 0 <= start && start < end && end <= len(p.Text) && utf8.RuneStart(p.Text[start]) &&
		(end == len(p.Text) || utf8.RuneStart(p.Text[end]))
}
