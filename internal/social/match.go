package social

import "time"

// EvidenceKind is what kind of reason an Evidence is.
type EvidenceKind string

// The kinds of Evidence, each with the sentence of the page in design order.
const (
	InBio        EvidenceKind = "bio"
	InName       EvidenceKind = "name"
	InLocation   EvidenceKind = "location"
	InLink       EvidenceKind = "link"
	InPinned     EvidenceKind = "pinned"
	InPost       EvidenceKind = "post"        // an old post of the person
	LinkBack     EvidenceKind = "link-back"   // the fediverse profile links to the X account
	Registered   EvidenceKind = "registered"  // a proven Registration
	PublicList   EvidenceKind = "public-list" // an imported public mapping
	OwnList      EvidenceKind = "own-list"    // the person's own list of follows names the Handle itself
	SameName     EvidenceKind = "same-name"   // the Handle that the account's network would give it; Source is the network
	OnPage       EvidenceKind = "page"        // a page that the X profile links to links to the Handle; Source is its host
	PageBack     EvidenceKind = "page-back"   // the fediverse profile links to that page
	MovedFrom    EvidenceKind = "moved"       // the Handle found said it moved here
	MaybeMail    EvidenceKind = "maybe-mail"  // against: may be an e-mail address
	ParodyMirror EvidenceKind = "parody"      // against: fan, parody or mirror account
	IsMemorial   EvidenceKind = "memorial"    // against: kept in memory of somebody who died
	IsGroup      EvidenceKind = "group"       // against: a group, not a person
	IsSuspended  EvidenceKind = "suspended"   // against: its own server suspended it
	IsBot        EvidenceKind = "bot"         // it calls itself automated
)

// Evidence is one reason to believe that an Account and a Handle are one
// person, or not.
type Evidence struct {
	Kind   EvidenceKind `json:"kind"`
	Text   string       `json:"text,omitempty"`   // the words around the handle, at most MaxSay; deleted after 24 h
	Hash   string       `json:"hash,omitempty"`   // SHA-256 of the whole field, kept instead of it
	Form   string       `json:"form,omitempty"`   // how it was written, a matcher's form name
	Maybe  bool         `json:"maybe,omitempty"`  // only a look-up could tell it from an e-mail address
	Source string       `json:"source,omitempty"` // a public list's name, an old handle, an X username
	SeenAt time.Time    `json:"seen_at"`
}

// Certainty is the worded grade of a Match.
type Certainty string

// The grades. Only Certain and Likely are ever pre-selected.
const (
	Certain  Certainty = "certain"
	Likely   Certainty = "likely"
	Possible Certainty = "possible"
)

// Decision is a person's confirm or reject of a Match.
type Decision string

// The decisions; Undecided is the zero value.
const (
	Undecided Decision = ""
	Confirmed Decision = "confirmed"
	Rejected  Decision = "rejected"
)

// ResolutionState is how a look-up ended.
type ResolutionState string

// The states of a Resolution. The zero value is a look-up still to be done.
const (
	Unresolved  ResolutionState = ""
	Found       ResolutionState = "found"       // the handle is confirmed by its own server
	Missing     ResolutionState = "missing"     // its server says there is no such account
	GoneForGood ResolutionState = "gone"        // its server says 410
	Unconfirmed ResolutionState = "unconfirmed" // the loop-back check failed: somebody else's alias
	NotFedi     ResolutionState = "not-fedi"    // the host is no fediverse server
	Ill         ResolutionState = "ill"         // no answer, asked again later
	Refused     ResolutionState = "refused"     // the host does not want to be asked, or may not be
)

// Resolution is what asking the servers about a Handle brought. It is a public
// fact and shared between users; it never says who asked.
type Resolution struct {
	Asked      Handle          `json:"asked"`
	State      ResolutionState `json:"state"`
	Handle     Handle          `json:"handle"`   // confirmed, when Found
	ActorID    string          `json:"actor_id"` // the identity, when Found
	Profile    string          `json:"profile"`  // the page for people, https only
	Name       string          `json:"name"`
	Locked     bool            `json:"locked"` // approves followers by hand
	Bot        bool            `json:"bot"`
	Group      bool            `json:"group"`
	Suspended  bool            `json:"suspended"`
	Memorial   bool            `json:"memorial"`
	NoBot      bool            `json:"no_bot"`                // an opt-out marker in its profile
	Links      []string        `json:"links"`                 // links in its profile fields and text, for the link-back
	MovedTo    Handle          `json:"moved_to"`              // set only when the target's alsoKnownAs confirms it
	MovedActor string          `json:"moved_actor,omitempty"` // the identity of MovedTo
	MovedClaim string          `json:"moved_claim"`
	CheckedAt  time.Time       `json:"checked_at"`
	FreshUntil time.Time       `json:"fresh_until"`
}

// Match is an Account, its candidate Handle, the Evidence and the Decision.
type Match struct {
	ID         int64
	UserID     int64
	Account    Account
	Asked      Handle // as the person wrote it
	Handle     Handle // to be followed: confirmed, or moved to; zero until Found
	ActorID    string
	Evidence   []Evidence
	Certainty  Certainty
	Conflict   bool // another candidate for the Account, or another Account for the Handle
	Resolution Resolution
	Decision   Decision
	DecidedAt  time.Time
	Excluded   EdgeKind // Blocked when the person blocked the Account on X
}
