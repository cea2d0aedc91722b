package social

import (
	"slices"
	"time"
)

// Visibility is who can read a status, in the words of the client API.
type Visibility string

// The Visibilities, widest first.
const (
	VisiblePublic    Visibility = "public"
	VisibleUnlisted  Visibility = "unlisted" // everybody, but kept out of public timelines
	VisibleFollowers Visibility = "private"
	VisibleMentioned Visibility = "direct"
)

var byWidth = []Visibility{VisibleMentioned, VisibleFollowers, VisibleUnlisted, VisiblePublic}

// WiderThan reports whether more people can read v than o. A Visibility that
// is not known is wider than every other: nothing proves that it is not.
func (v Visibility) WiderThan(o Visibility) bool {
	i := slices.Index(byWidth, v)
	return i < 0 || i > slices.Index(byWidth, o)
}

// PostingLimits is what a server takes of a status and its files, as its
// instance tells. A zero figure is one that it does not tell.
type PostingLimits struct {
	Characters     int      // of the content warning and the text together
	LinkCharacters int      // that each link counts as, whatever its length
	Files          int      // of one status
	Description    int      // characters of one file's description
	Types          []string // media types, such as image/png
	ImageBytes     int64
	ImagePixels    int64 // width times height
	VideoBytes     int64
	VideoPixels    int64 // width times height of a frame
}

// DatePlace is where in a status the line with the original date stands.
type DatePlace string

// The DatePlaces.
const (
	DateNowhere DatePlace = ""
	DateFirst   DatePlace = "top"
	DateLast    DatePlace = "bottom"
)

// MentionForm is how a person whom no Match knows is named in a status.
type MentionForm string

// The MentionForms.
const (
	MentionLink MentionForm = "link" // with the address of the profile, the first time
	MentionName MentionForm = "name" // by the name alone
)

// MirrorRules is what a person chose for a Mirror: which Posts, and how they
// are written. A new Mirror starts with DefaultRules.
type MirrorRules struct {
	// Beyond the person's own posts and the threads they made of them.
	Replies   bool // to other people, and threads that begin with one
	Reposts   bool
	Quotes    bool // of other people; quotes of one's own posts belong to the own posts
	Sensitive bool
	Community bool
	Followers bool // the person's yes to carrying over a protected archive, for followers only

	From, Until  time.Time // the first instant that is in and the first that is out, zero for no bound
	WithTags     []string  // at least one of them, without #; of a thread in any of its posts
	WithoutTags  []string  // none of them
	WithWords    []string  // at least one of them
	WithoutWords []string  // none of them
	Languages    []string  // BCP 47 tags; a post without a language is in
	Likes        int       // at least so many
	Reposted     int       // reposts, at least so many

	Visibility       Visibility
	DatePlace        DatePlace
	Zone             string // of the dates, an IANA name; "" is UTC
	Numbered         bool   // the statuses of one long Post are marked 1/3
	Mentions         MentionForm
	Warnings         []WarningRule
	SensitiveWarning string // before sensitive Posts that have no warning; "" only hides their files
	Words            MirrorWords
}

// WarningRule puts a content warning before Posts with a word or a tag.
type WarningRule struct {
	Word    string // a whole word or phrase, without regard to case; with # a tag
	Warning string
}

// MirrorWords are the lines that a Mirror adds to what the person wrote, in
// words of their own. Names in braces stand for values.
type MirrorWords struct {
	Date    string // {date}, {link}
	DateAs  string // the layout of {date}, as for time.Format
	Reply   string // to somebody else: {name}, {link}
	Torn    string // to a post of one's own that is not carried over
	Quote   string // {link}
	Repost  string // {name}, {link}
	More    string // where the Source has only the beginning: {link}
	File    string // one that the server does not take: {what}, {link}
	Absent  string // one that is nowhere to be had: {what}
	Photo   string // the words for {what}
	Video   string
	Audio   string
	Votes   string // of an answer of a poll: {option}, {share}, {n}
	Mention string // somebody whom no Match knows: {name}, {link}
	Someone string // for {name}, where nothing tells it
}

// Draft is one status as it is to be sent, whole. Always as plain text.
type Draft struct {
	Text       string
	Warning    string // spoiler_text
	Sensitive  bool
	Language   string // ISO 639-1, "" to leave it to the server
	Visibility Visibility
	At         time.Time // the date that it is to carry, zero for now
	Files      []DraftFile
}

// Outgoing is a Draft as it leaves for a home server.
type Outgoing struct {
	Draft
	FileIDs   []RemoteID
	InReplyTo RemoteID
	Key       string // the Idempotency-Key
}

// DraftFile is one file of a Draft.
type DraftFile struct {
	Media  Media
	Alt    string // the description, within the server's bound
	Shrink bool   // a picture that must be made smaller, or into another type, to be taken
}

// MirrorState is where a Mirror stands.
type MirrorState string

// The states of a Mirror.
const (
	MirrorIdle    MirrorState = "" // planned, nothing sent
	MirrorRunning MirrorState = "running"
	MirrorPaused  MirrorState = "paused"
	MirrorStopped MirrorState = "canceled" // by the person, for good
	MirrorUndoing MirrorState = "undoing"  // what Godwit posted is deleted again, or was
)

// Mirror is the carrying over of the Posts of one Source's owner to a
// Destination.
type Mirror struct {
	ID            int64
	UserID        int64
	DestinationID int64
	SourceID      int64
	Live          bool // it goes on with new Posts; there is a Live of its ID
	State         MirrorState
	FaultCode     string // why it could not be planned, or is paused; "" when the person paused it
	FaultArgs     map[string]string
	FaultSay      string
	Protected     bool     // the account was protected when the Source was made
	Network       Network  // where the Posts come from
	Names         []string // ids and Usernames that the Posts' author ever had there
	Rules         MirrorRules
	Limits        PostingLimits // of the server, when it was planned
	Version       string        // of the server's software, then
	ServerRules   []string      // that the server asks its people to keep
	Plan          MirrorSummary
	PlannedAt     time.Time // zero while it waits to be planned
	StartedAt     time.Time
	LastAt        time.Time // of the last act at the server
	CreatedAt     time.Time
}

// MirrorSummary is what planning came to.
type MirrorSummary struct {
	Posts    int            `json:"posts"`
	Statuses int            `json:"statuses"`
	Files    int            `json:"files"`
	Threads  int            `json:"threads"`         // of more than one Post
	Left     map[string]int `json:"left,omitempty"`  // Posts left out, by why
	Notes    map[string]int `json:"notes,omitempty"` // Posts of which something is to be known
	Asks     bool           `json:"asks,omitempty"`  // the account was protected, and the person has not said yes to followers only
}

// MirrorPost is one Post in the plan of a Mirror, with the statuses that it
// becomes.
type MirrorPost struct {
	Post       Post
	Position   int        // in the plan
	Answers    string     // ID of the own post, also carried over, that it answers
	Torn       bool       // it answers an own post that is not carried over
	Visibility Visibility // "" for the rules' own
	Notes      []string
	Jobs       []StatusJob
}

// MirrorReason is why a status, or a whole Mirror, stands as it does.
type MirrorReason string

// The reasons.
const (
	MirrorFine        MirrorReason = ""
	MirrorUnclear     MirrorReason = "unclear"      // the server did not say whether it was posted
	MirrorBusy        MirrorReason = "busy"         // a file is being worked on by the server
	MirrorGaveUp      MirrorReason = "gave-up"      // tried as often as we try
	MirrorRefused     MirrorReason = "refused"      // the server does not take it
	MirrorFileRefused MirrorReason = "file-refused" // the server does not take a file of it
	MirrorFileAbsent  MirrorReason = "file-absent"  // the Source no longer has a file of it
	MirrorTooLong     MirrorReason = "too-long"     // the server takes less than it said
	MirrorTooOpen     MirrorReason = "too-open"     // the server showed it to more people than asked: deleted
	MirrorPinged      MirrorReason = "pinged"       // the server took a name for a mention: deleted
	MirrorNotDated    MirrorReason = "not-dated"    // the server did not keep the date: deleted
	MirrorTorn        MirrorReason = "torn"         // sent, as a thread of its own: what it answered is gone
	MirrorVanished    MirrorReason = "vanished"     // undone: it was not there any more
	MirrorNotOurs     MirrorReason = "not-ours"     // not undone: under the id stands somebody else's
	MirrorChanged     MirrorReason = "changed"      // not undone: it was edited by hand
	MirrorStays       MirrorReason = "stays"        // not undone: the server did not delete it
)

// StatusState is where a row of a Mirror's ledger stands.
type StatusState string

// The states of a StatusJob.
const (
	StatusPlanned  StatusState = "planned"
	StatusSending  StatusState = "sending" // written before the call: whoever finds it later knows nothing of its end
	StatusUnknown  StatusState = "unknown" // the call's end is not known: read back before anything else
	StatusSent     StatusState = "sent"
	StatusFailed   StatusState = "failed"
	StatusCanceled StatusState = "canceled" // before it was sent
	StatusExposed  StatusState = "exposed"  // sent, and not as asked: to be deleted at once
	StatusUndoing  StatusState = "undoing"
	StatusDeleted  StatusState = "deleted"
)

// StatusJob is one row of a Mirror's ledger: one status that a Post becomes.
// A long Post becomes several, each answering the one before.
type StatusJob struct {
	ID            int64
	UserID        int64
	MirrorID      int64
	DestinationID int64
	PostID        string
	Part, Parts   int // from 1
	ParentID      int64
	Draft         Draft
	Files         []MirrorFile // one for each of Draft.Files

	State     StatusState
	Reason    MirrorReason
	Key       string    // the Idempotency-Key, the same at every try
	Print     string    // of what was sent, to know it again
	ParentAt  time.Time // when the parent was last seen to stand
	SentAt    time.Time // of the first byte of the last try
	TriedAt   time.Time // of the first byte of the first try
	Misses    int       // read-backs in a row that did not find it
	MissedAt  time.Time // when the first of them was
	RemoteID  RemoteID
	URL       string
	Attempts  int
	DueAt     time.Time
	UpdatedAt time.Time
}

// FileState is where a file of a StatusJob stands.
type FileState string

// The states of a MirrorFile.
const (
	FilePlanned FileState = "planned"
	FileSending FileState = "sending" // written before the upload
	FileWorking FileState = "working" // the server works on it: asked again later
	FileReady   FileState = "ready"
	FileFailed  FileState = "failed"
)

// MirrorFile is one file of a StatusJob on its way.
type MirrorFile struct {
	State    FileState
	RemoteID RemoteID
	SentAt   time.Time
	Asked    int // how often the server was asked whether it is done
	Attempts int
}

// RemoteStatus is a status as a home server's API shows it.
type RemoteStatus struct {
	ID         RemoteID
	URI        string
	URL        string
	AccountID  RemoteID
	Content    string // HTML
	Source     string // the text as it was sent, where the server tells
	Visibility Visibility
	CreatedAt  time.Time
	EditedAt   time.Time
	InReplyTo  RemoteID
	Files      int
	Mentions   int
}

// RemoteFile is an uploaded file as a home server's API shows it.
type RemoteFile struct {
	ID    RemoteID
	Ready bool // false while the server works on it
}
