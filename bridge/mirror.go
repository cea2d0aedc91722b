package bridge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"godwit/internal/social"
)

// Mirroring carries Posts over to a Destination. Choose says which ones and in
// what order, Render makes the statuses out of one Post, MirrorNext says what
// to do now for a Mirror, and Begin, Post, Lost and ReadBack take one row of
// its ledger through the call that must not be made twice.

// Limits is what a server takes of a status, and its manners, as far as
// rendering needs them.
type Limits struct {
	social.PostingLimits
	Flavour   social.Flavour
	Backdates bool // it dates a status as it is asked to, and shows it to nobody's timeline
}

// LimitsOf completes what an instance tells by what is known of its software.
func LimitsOf(fl social.Flavour, in social.Instance) Limits {
	l := Limits{PostingLimits: in.Posting, Flavour: fl}
	d := defaultLimits(fl)
	l.Characters = cmp.Or(max(l.Characters, 0), max(in.MaxChars, 0), d.Characters)
	l.LinkCharacters = cmp.Or(max(l.LinkCharacters, 0), d.LinkCharacters)
	l.Files = cmp.Or(max(l.Files, 0), d.Files)
	l.Description = cmp.Or(max(l.Description, 0), d.Description)
	l.Backdates = fl == social.GoToSocial && !before(in.Version, 0, 18) || fl == social.Snac
	if fl == social.Snac {
		l.Characters = min(l.Characters, snacCharacters)
	}
	return l
}

func defaultLimits(fl social.Flavour) social.PostingLimits {
	switch fl {
	case social.Mastodon:
		return social.PostingLimits{Characters: mastodonCharacters, LinkCharacters: mastodonLink, Files: mastodonFiles, Description: mastodonDescription}
	case social.GoToSocial:
		return social.PostingLimits{Characters: gotosocialCharacters, Files: gotosocialFiles, Description: mastodonDescription}
	case social.Snac:
		return social.PostingLimits{Characters: snacCharacters, Files: mastodonFiles, Description: mastodonDescription}
	}
	return social.PostingLimits{Characters: unknownCharacters, Files: mastodonFiles, Description: unknownDescription}
}

// before reports that a version such as 0.17.3 is before major.minor; one that
// cannot be read is not.
func before(version string, major, minor int) bool {
	digits := strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) < 2 {
		return false
	}
	return slices.Compare([]int{atoi(digits[0]), atoi(digits[1])}, []int{major, minor}) < 0
}

func atoi(digits string) (n int) {
	for _, d := range digits {
		n = min(n*10+int(d-'0'), 1<<20)
	}
	return n
}

// DefaultRules are what a new Mirror starts with: the person's own posts and
// threads, quietly, with their dates written in the language of the pages
// where the server cannot keep them.
func DefaultRules(locale string) social.MirrorRules {
	return social.MirrorRules{
		Visibility: social.VisibleUnlisted, DatePlace: social.DateLast, Mentions: social.MentionLink,
		Words: WordsIn(locale),
	}
}

// WordsIn returns the lines that a Mirror adds, in a language of the pages;
// English where there are none in it.
func WordsIn(locale string) social.MirrorWords {
	if strings.HasPrefix(strings.ToLower(locale), "zh") {
		return chineseWords
	}
	return englishWords
}

var englishWords = social.MirrorWords{
	Date: "(Originally posted {date}.)", DateAs: "2 January 2006",
	Reply: "In reply to {name}: {link}", Torn: "(In reply to a post that isn't here.)",
	Quote: "RE: {link}", Repost: "Reposted from {name}: {link}", More: "(Cut here. The whole post: {link})",
	File: "({what}: {link})", Absent: "({what} missing.)", Photo: "Picture", Video: "Video", Audio: "Audio",
	Votes: "• {option} – {share}%", Mention: "{name} ({link})", Someone: "somebody",
}

var chineseWords = social.MirrorWords{
	Date: "（原发布于 {date}）", DateAs: "2006年1月2日",
	Reply: "回复 {name}：{link}", Torn: "（所回复的帖子不在这里。）",
	Quote: "RE: {link}", Repost: "转发自 {name}：{link}", More: "（此处截断，全文：{link} ）",
	File: "（{what}：{link} ）", Absent: "（{what}已缺失。）", Photo: "图片", Video: "视频", Audio: "音频",
	Votes: "• {option} – {share}%", Mention: "{name} ({link})", Someone: "某人",
}

// Canvas is all that rendering needs besides the Post.
type Canvas struct {
	Limits Limits
	Rules  social.MirrorRules
	Zone   *time.Location // of dates, nil for UTC
	// Handle is the fediverse address of somebody mentioned or answered, by a
	// Match that the person confirmed; zero when there is none. nil knows nobody.
	Handle func(accountID, username string) social.Handle
	// Status is the address of the status that one of the person's own posts
	// became, "" when it became none. nil knows none.
	Status func(postID string) string
}

// Place is where a Post stands in the plan.
type Place struct {
	Answers    string            // ID of the own post, also carried over, that it answers; "" for none
	Torn       bool              // it answers an own post that is not carried over
	Visibility social.Visibility // "" for the rules' own
}

// Note is something about a rendered Post that the person should know.
type Note string

// The Notes.
const (
	NoteSplit     Note = "split"      // it becomes several statuses
	NoteCut       Note = "cut"        // the Source has only the beginning of it
	NoteTorn      Note = "torn"       // it answers a post that is not carried over
	NoteNoAlt     Note = "no-alt"     // a picture has no description
	NoteAltCut    Note = "alt-cut"    // a description was too long
	NoteShrink    Note = "shrink"     // a picture must be made smaller
	NoteFileLink  Note = "file-link"  // a file that is too large or of the wrong kind is linked
	NoteAbsent    Note = "absent"     // a file is missing in the Source
	NoteFollowUp  Note = "follow-up"  // files follow in a further status
	NoteLongLink  Note = "long-link"  // a link is too long for the server and only its beginning stands
	NoteSensitive Note = "sensitive"  // it is marked as sensitive
	NoteWarned    Note = "warned"     // one of the person's own rules put a warning before it
	NoteDateless  Note = "no-time"    // only the day is known
	NotePoll      Note = "poll"       // a poll, shown with its result
	NoteHandles   Note = "handle"     // somebody is named with their fediverse address
	NoteNoQuote   Note = "quote-link" // the quoted post is linked
)

// Rendered is what a Post becomes.
type Rendered struct {
	Drafts []social.Draft // each answers the one before; none when nothing is left of the Post
	Notes  []Note         // each once
}

func (r *Rendered) note(n Note) {
	if !slices.Contains(r.Notes, n) {
		r.Notes = append(r.Notes, n)
	}
}
