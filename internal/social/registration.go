package social

import (
	"regexp"
	"time"
)

// Proof is how the X side of a Registration was proven. The fediverse side is
// proven by signing in, always.
type Proof string

// The proofs. An export proves nothing: anybody can write one (REG-01).
const (
	ProofLogin Proof = "x-login" // X itself named the account and its number
	ProofPost  Proof = "post"    // a post of the account carries the one-time code and the handle
	ProofLinks Proof = "links"   // a post of the account gives the handle as its own, and the profile there links back
)

// RegistrationAudience says who may be led to a registrant.
type RegistrationAudience string

// The audiences; the zero value is not published yet.
const (
	Unpublished   RegistrationAudience = ""
	OnlyFollowers RegistrationAudience = "followers" // people whose export follows the X account
	PublicPage    RegistrationAudience = "public"    // everybody who knows the X username
)

// Registration is a person's own published claim "I was X, I am Y", or a row of
// a public list that says so of somebody.
type Registration struct {
	ID        int64
	UserID    int64  // the registrant, 0 in a public list's row
	XID       string // "" unknown
	XIDProven bool   // X itself told the number; else it only narrows
	Username  string // the X account's, from CreatedAt to CheckedAt; "" when it has another name by now
	Handle    Handle
	ActorID   string
	Proof     Proof
	Post      string // number of the post that proves it
	Code      string // that the post carries
	Audience  RegistrationAudience
	Stale     bool   // what proved it was gone at the last look
	Source    string // "" for a proven one, else the public list it came from
	CreatedAt time.Time
	CheckedAt time.Time
	DueAt     time.Time // of the next look
}

// Pending is a proof under way: the code that a post on X is to carry. It
// holds for one X username and one actor, for a day.
type Pending struct {
	Code      string
	XID       string
	Username  string
	Handle    Handle
	ActorID   string
	CreatedAt time.Time
}

var xUsername = regexp.MustCompile(`^[A-Za-z0-9_]{1,15}$`)

// IsXUsername reports whether s can be a username on X (REG-13).
func IsXUsername(s string) bool { return xUsername.MatchString(s) }

var xNumber = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)

// IsXID reports whether s can be the number of an account or a post on X.
func IsXID(s string) bool { return xNumber.MatchString(s) }

// XAccount is an account on X, as X itself names it to whoever signs in there.
type XAccount struct {
	ID       string
	Username string // as of now
}

// XPost is a public post on X, as X itself shows it.
type XPost struct {
	ID       string
	Username string // of its author, as of now
	Text     string // links as they are shown, shortened
}
