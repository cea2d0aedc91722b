package social

import "time"

// LiveKind is where a live Mirror finds new Posts.
type LiveKind string

// The LiveKinds.
const (
	LiveFeed     LiveKind = "feed"     // an RSS, Atom or JSON feed
	LiveMastodon LiveKind = "mastodon" // an account at a server with Mastodon's API, by its token
	LiveBluesky  LiveKind = "bluesky"  // the public repository of an account
	LiveX        LiveKind = "x"        // X's API, with an app of the person's own
)

// Live is what makes a Mirror go on: where its Source is looked at for new
// Posts, and how far that is.
type Live struct {
	MirrorID int64
	UserID   int64
	Kind     LiveKind
	Network  Network
	Host     string // that is asked, one request at a time for all Users
	Address  string // of the feed, or what the API calls the account
	Name     string // of the feed or the account, for showing
	Page     string // where people see it, "" when nothing tells
	Self     string // what an API says of the account, JSON
	Since    time.Time
	Delay    time.Duration // before a Post is carried over; one that is gone by then never is
	ByHand   bool          // the Mirror is paused when the person posts at the Destination
	Most     Cost          // that the looks may cost in all
	Spent    Cost

	Tag, Modified string // of the feed as it was last read, for the next look
	Cursor        string // the newest Post that was seen, where an API asks for it
	Quiet         int    // looks in a row that found nothing new
	Failures      int    // looks in a row that failed
	FaultCode     string // why the last look failed
	FaultArgs     map[string]string
	FaultSay      string
	LookedAt      time.Time // the last look that came to an end
	NextAt        time.Time // of the next
	HandAt        time.Time // when it was last looked if the person posts at the Destination
	CreatedAt     time.Time
}

// LiveState is what became of a Post that a look found.
type LiveState string

// The states of a LivePost.
const (
	LiveOld     LiveState = "old"     // there before the Mirror began
	LiveWaiting LiveState = "waiting" // until its delay is over
	LiveHeld    LiveState = "held"    // one of too many at once: a person decides
	LiveTaken   LiveState = "taken"   // in the ledger
	LiveLeft    LiveState = "left"    // not carried over
	LiveGone    LiveState = "gone"    // deleted before its delay was over
)

// LivePost is one Post that a look found.
type LivePost struct {
	Post    Post // whole while it waits or is held, else only its ID
	State   LiveState
	Why     string    // of one that is left
	FirstAt time.Time // when it was first seen
	DueAt   time.Time // of one that waits
	Print   string    // of what it says, to notice that it was changed
}

// LiveChange is a Post that is carried over and that is no longer as it was
// then at its Source.
type LiveChange struct {
	PostID    string
	Fresh     Post // as the Source has it now, without an ID when it is gone there
	ChangedAt time.Time
}
