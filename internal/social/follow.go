package social

import (
	"regexp"
	"time"

	"godwit/internal/fault"
)

// RemoteID is an id that another server gave. It comes only from
// ParseRemoteID, so that it can never change the path of a request.
type RemoteID string

var remoteID = regexp.MustCompile(`^[A-Za-z0-9_:.-]{1,128}$`)

// ParseRemoteID checks an id from outside.
func ParseRemoteID(s string) (RemoteID, error) {
	if !remoteID.MatchString(s) || s == "." || s == ".." {
		return "", fault.New(fault.Broken, "bad-remote-id", "The server's answer makes no sense. We try again later.")
	}
	return RemoteID(s), nil
}

// Flavour is a family of servers with the same manners.
type Flavour string

// The flavours. The manners of GoToSocial and snac were recorded, the others'
// are known from their sources; FlavourOther is Mastodon-compatible but not known
// closer, FlavourNone cannot be driven. Misskey has an API of its own.
const (
	Mastodon     Flavour = "mastodon"
	GoToSocial   Flavour = "gotosocial"
	Snac         Flavour = "snac"
	Pleroma      Flavour = "pleroma" // Akkoma and Rebased too
	Mitra        Flavour = "mitra"
	Misskey      Flavour = "misskey" // Sharkey too
	FlavourOther Flavour = "other"
	FlavourNone  Flavour = ""
)

// Software is what a server says of itself in NodeInfo.
type Software struct {
	Host     string
	Name     string
	Version  string
	Flavour  Flavour
	Fedi     bool // protocols hold activitypub
	OpenRegs bool
}

// Instance is what a home server says of itself in its API.
type Instance struct {
	Host        string
	Title       string
	Version     string
	MaxChars    int
	Rules       []string
	About       string // its description, as it wrote it
	Active      int    // people in a month, 0 when unknown
	FollowLimit int    // how many accounts one may follow, 0 when unknown
	Posting     PostingLimits
}

// RemoteAccount is an account as a home server's API shows it.
type RemoteAccount struct {
	ID             RemoteID
	Acct           string // as the server wrote it: user, or user@host; never trusted across hosts
	URL            string
	URI            string // actor id, where the server tells
	Name           string
	Locked         bool
	Bot            bool
	FollowingCount int
	FollowersCount int
	CreatedAt      string
	Moved          *RemoteAccount
}

// Relationship is how the home server sees the person and one account.
type Relationship struct {
	ID             RemoteID
	Following      bool
	Requested      bool
	BlockedBy      bool
	Blocking       bool
	DomainBlocking bool
	Muting         bool
}

// Family is a kind of act that a server counts on its own.
type Family string

// The families of Budgets.
const (
	FollowsFamily  Family = "follows"
	RequestsFamily Family = "requests"
	StatusesFamily Family = "statuses"
	MediaFamily    Family = "media"
	DeletesFamily  Family = "deletes"
)

// TargetFamily is the pace towards a host whose accounts are to be found: what
// home servers ask there is counted like all else. It outlives the process.
func TargetFamily(host string) Family { return Family("target:" + host) }

// RateLimit is the X-RateLimit headers of one answer.
type RateLimit struct {
	Limit     int
	Remaining int
	Reset     time.Time // by our clock: what the server said, corrected by its Date
}

// Budget is what a server still allows a Destination to do of one family.
type Budget struct {
	Family    Family
	Limit     int       // per window
	Remaining int       // of this window, head-room not subtracted
	ResetsAt  time.Time // when the window ends, by our clock
	Window    time.Duration
}

// DestinationState is whether a Destination may be acted for.
type DestinationState string

// The states of a Destination.
const (
	Active         DestinationState = "active"
	PermissionLost DestinationState = "permission-lost" // token no longer accepted: connect again
	Disabled       DestinationState = "disabled"        // the account is disabled or awaits approval
	LimitReached   DestinationState = "limit-reached"   // follows as many as the server allows
)

// Destination is the fediverse account for which a User lets us act. Its token
// never leaves internal/store but to internal/fedi.
type Destination struct {
	ID        int64
	UserID    int64
	Host      string // origin of the API, canonical host
	RemoteID  RemoteID
	Handle    Handle
	ActorID   string
	Flavour   Flavour
	Software  string // name and version, for showing
	Scopes    string
	State     DestinationState
	Follow    FollowState
	Following int  // how many accounts it follows, when last read
	ByList    bool // the person chose to have its server follow lists that are handed over
	Roll      Roll
	Born      string // day on which the server says the account was made, YYYY-MM-DD; "" unknown
	CreatedAt time.Time
}

// Roll is a reading of whom an account follows by now, page by page, and whom it
// asked where its server tells. It shows who of a list that the server works on
// has arrived, and whom the person followed by themselves.
type Roll struct {
	DueAt    time.Time // of its next page, zero when none is wanted
	Requests bool      // that page is of those who were asked
	Cursor   string    // of that page, "" for the first
}

// Present is an account on a page of a Roll.
type Present struct {
	Known
	Asked  bool      // and has not answered
	LookAt time.Time // when it is looked whether it has
}

// FollowState is where the following for a Destination stands.
type FollowState string

// The states of following.
const (
	FollowIdle    FollowState = "" // nothing was ever started
	FollowRunning FollowState = "running"
	FollowPaused  FollowState = "paused"   // by the person
	FollowStopped FollowState = "canceled" // by the person, for good
	FollowUndoing FollowState = "undoing"  // what Godwit followed is unfollowed again, or was
)

// JobState is where a FollowJob stands between its steps.
type JobState string

// The states of a FollowJob.
const (
	JobPlanned  JobState = "planned"  // not sent yet
	JobAsked    JobState = "asked"    // sent, to be confirmed by a relationship
	JobDone     JobState = "done"     // has its final Outcome
	JobCanceled JobState = "canceled" // the person stopped it before it was sent
	JobUndoing  JobState = "undoing"  // to be unfollowed again; keeps its Outcome until that is done
)

// Outcome is how the follow of one account went.
type Outcome string

// The outcomes; the zero value is none yet.
const (
	NoOutcome Outcome = ""
	Followed  Outcome = "followed"
	Requested Outcome = "requested"
	Already   Outcome = "already"
	Moved     Outcome = "moved"
	Gone      Outcome = "gone"
	Declined  Outcome = "refused"
	Deferred  Outcome = "deferred"
	Applied   Outcome = "applied" // of an EdgeJob: it is there now
	Undone    Outcome = "undone"  // Godwit followed it and unfollowed it again, as the person wished
)

// Reason is why an Outcome is so; the page has a sentence for each.
type Reason string

// The reasons, as the page's table of Outcomes lists them.
const (
	ReasonNone        Reason = ""
	ReasonMoved       Reason = "moved"        // followed the account it moved to; Args new
	ReasonMovedClaim  Reason = "moved-claim"  // says it moved, the target doesn't confirm
	ReasonGone        Reason = "gone"         // the account
	ReasonGoneServer  Reason = "gone-server"  // the server
	ReasonThem        Reason = "them"         // they don't accept the follow
	ReasonTookBack    Reason = "took-back"    // they declined the request
	ReasonOurServer   Reason = "our-server"   // the home server blocks theirs
	ReasonTheirServer Reason = "their-server" // theirs doesn't accept follows from the home server
	ReasonOwnBlock    Reason = "own-block"
	ReasonSelf        Reason = "self" // the person's own account
	ReasonDay         Reason = "day"  // deferred: the server's daily limit
	ReasonHost        Reason = "host" // deferred: their host isn't answering
	ReasonGentle      Reason = "gentle"
	ReasonCrowd       Reason = "crowd"        // deferred: very many follow the account today
	ReasonPlain       Reason = "plain-list"   // deferred: of a plain list of addresses so many a day
	ReasonUnclear     Reason = "unclear"      // the home server didn't say whether it worked
	ReasonGaveUp      Reason = "gave-up"      // tried as often as we try
	ReasonMismatch    Reason = "mismatch"     // the home server found somebody else under the name
	ReasonOwnAsk      Reason = "own-ask"      // the person had asked before Godwit did; never undone
	ReasonStays       Reason = "stays"        // the home server did not unfollow it
	ReasonRequest     Reason = "request"      // of an undone one: it was a request that was taken back
	ReasonNotFollowed Reason = "not-followed" // a list takes only whom the account follows
	ReasonListFull    Reason = "list-full"    // the home server allows no more lists
	ReasonHanded      Reason = "handed"       // in a list that the home server works on; whether it arrived is read later
)

// FollowJob is one Destination to follow one Handle.
type FollowJob struct {
	ID            int64
	UserID        int64
	DestinationID int64
	MatchID       int64
	Handle        Handle
	ActorID       string
	State         JobState
	Outcome       Outcome
	Reason        Reason
	NewHandle     Handle   // where it moved to
	RemoteID      RemoteID // the account's id on the home server, once found
	Locked        bool
	Attempts      int // steps that failed or were cut off, in a row; counted before each and given back after a clear answer
	Empty         int // empty searches in a row
	Checks        int // relationship checks since asked; before that 1 when it was read whether the person follows already
	DueAt         time.Time
	AskedAt       time.Time
	UpdatedAt     time.Time
}

// EdgeJob is one Destination to mute, block or list one Handle, as the person
// did elsewhere and wishes here. One of kind Listed without a Handle is the list
// itself, made before its members are put in.
type EdgeJob struct {
	ID            int64
	UserID        int64
	DestinationID int64
	Kind          EdgeKind
	List          string // title
	Handle        Handle
	ActorID       string
	RemoteID      RemoteID
	ListID        RemoteID
	State         JobState // planned, done, undoing or canceled
	Outcome       Outcome  // applied, already, gone, refused, deferred or undone
	Reason        Reason
	Attempts      int
	DueAt         time.Time
	UpdatedAt     time.Time
}

// Home is a home server as all who follow from there share it.
type Home struct {
	Host        string
	OpenAt      time.Time // no request before
	Cap         int       // requests in five minutes, as the operator wishes; 0 for what its software bears
	Quiet       Quiet     // no request in these hours, as the operator wishes
	Alone       bool      // its admins asked the operator to be left alone
	Shut        bool      // its robots.txt asks for it
	RobotsAt    time.Time // when that is read again
	Ill         bool      // the last request found nobody
	GentleUntil time.Time // until then at half the pace
}

// LeftAlone reports that nothing may be asked of the server.
func (h Home) LeftAlone() bool { return h.Alone || h.Shut }

// Known is the id of an account on one home server, found for one person and
// shared by all who follow from there.
type Known struct {
	Handle  Handle
	ActorID string // that was verified; "" when it was by the address alone
	ID      RemoteID
	Locked  bool
}
