package social

import (
	"net/url"
	"strings"
	"time"

	"godwit/internal/fault"
)

// Rank is what an account may do on its own server, as that server tells.
type Rank string

// The Ranks. A moderator sees what an admin may change.
const (
	NoRank    Rank = ""
	Moderator Rank = "moderator"
	Admin     Rank = "admin"
)

// The permissions of a role that count, as bits of Mastodon's API. Names of
// roles say nothing: anybody may be called Owner (AUT-15).
const (
	mayAll        = 1 << 0
	maySeeDesk    = 1 << 3
	mayReport     = 1 << 4
	mayFederation = 1 << 5
	maySettings   = 1 << 6
)

// RankOf reads a role's permissions: an admin may change the server's settings
// and whom it federates with, a moderator may see its dashboard or its reports.
func RankOf(permissions uint64) Rank {
	switch {
	case permissions&mayAll != 0 || permissions&maySettings != 0 && permissions&mayFederation != 0:
		return Admin
	case permissions&(maySeeDesk|mayReport) != 0:
		return Moderator
	}
	return NoRank
}

// ServerRole is the Rank of a User on one server.
type ServerRole struct {
	UserID    int64
	Host      string // origin of the API, the only host for which it counts
	Domain    string // of handles: WebFinger there names actors on Host
	Rank      Rank
	Code      string // the line for the server's description, where it tells no roles; "" where it does
	CheckedAt time.Time
}

// WaveEntry is how newcomers get an account on the Wave's server.
type WaveEntry string

// The WaveEntries.
const (
	OpenEntry     WaveEntry = "open"
	InviteEntry   WaveEntry = "invite"
	ApprovalEntry WaveEntry = "approval"
)

// Joiners says which accounts of the server may join a Wave.
type Joiners string

// The Joiners.
const (
	AllJoin      Joiners = "all"
	NewJoin      Joiners = "new"      // made since a day before the Wave was
	ApprovedJoin Joiners = "approved" // that the server says it let in since
)

// Bounds of a Wave, as its form asks for them.
const (
	MaxWaveName  = 80    // characters
	MaxWelcome   = 500   // characters: what every server takes of a post
	MinPlaces    = 5     // fewer would tell of single people
	MaxPlaces    = 5000  // of one Wave
	MaxCapAll    = 20000 // follows an hour
	MaxWaveDays  = 366
	MaxStarters  = 50 // suggested accounts of one Wave
	MaxDailyPost = 200
)

// Wave is a cohort of newcomers that an instance brings in under one link.
type Wave struct {
	ID     int64
	UserID int64 // who made it
	WaveTerms
	Host      string
	Domain    string
	Code      string // of its link
	Opened    int    // how often the link was opened
	CreatedAt time.Time
	StartedAt time.Time // zero while it is a draft
	ClosedAt  time.Time // zero while newcomers may join
	PausedAt  time.Time // zero while it goes on
	PausedBy  Handle
	SlowAt    time.Time // when the pace was halved
	SlowUntil time.Time
	SlowBy    Handle // zero for Godwit itself
	Hooked    bool   // the server tells whom it approves
}

// WaveTerms is what an admin says about a Wave.
type WaveTerms struct {
	Name    string
	Welcome string // plain text
	Entry   WaveEntry
	Invite  string // address at the server where an account is made, of InviteEntry an invitation
	Joiners Joiners
	Places  int // at most so many may join, 0 for no bound
	Expects int // newcomers
	EndsAt  time.Time
	CapAll  int // follows an hour of all together
	CapOne  int // of one newcomer
}

// Check refuses terms that make no sense; the fault's code is bad-wave- with
// the field's name.
func (t WaveTerms) Check(host string, now time.Time) error {
	switch {
	case t.Name == "":
		return fault.New(fault.Invalid, "bad-wave-name", "Give the wave a name. Newcomers read it first.")
	case len([]rune(t.Name)) > MaxWaveName || len([]rune(t.Welcome)) > MaxWelcome:
		return fault.New(fault.Invalid, "bad-wave-welcome", "That is too long: 80 characters for the name, 500 for the welcome.")
	case t.Entry != OpenEntry && t.Entry != InviteEntry && t.Entry != ApprovalEntry:
		return fault.New(fault.Invalid, "bad-wave-entry", "Choose how people get an account.")
	case t.Entry == InviteEntry && InviteCode(t.Invite, host) == "":
		return fault.New(fault.Invalid, "bad-wave-invite", "An invite link of your server looks like https://your-server/invite/AbCd1234.")
	case t.Joiners != AllJoin && t.Joiners != NewJoin && t.Joiners != ApprovedJoin:
		return fault.New(fault.Invalid, "bad-wave-joiners", "Choose who may join.")
	case t.Places != 0 && (t.Places < MinPlaces || t.Places > MaxPlaces):
		return fault.New(fault.Invalid, "bad-wave-places", "A wave has room for 5 to 5,000 people, or no bound.")
	case !t.EndsAt.After(now) || t.EndsAt.After(now.AddDate(0, 0, MaxWaveDays)):
		return fault.New(fault.Invalid, "bad-wave-ends", "Choose a day within the next year.")
	case t.Expects < 1 || t.Expects > MaxPlaces:
		return fault.New(fault.Invalid, "bad-wave-expects", "Say how many you expect: 1 to 5,000. It is for the estimate only.")
	}
	return t.CheckCaps()
}

// CheckCaps refuses caps that make no sense.
func (t WaveTerms) CheckCaps() error {
	if t.CapAll < 1 || t.CapAll > MaxCapAll || t.CapOne < 1 || t.CapOne > t.CapAll {
		return fault.New(fault.Invalid, "bad-wave-caps", "Caps are whole numbers from 1 to 20,000, and one newcomer gets no more than all together.")
	}
	return nil
}

// Settled is the days in which the newcomers that are expected follow so many
// accounts each under the caps, rounded up.
func (t WaveTerms) Settled(each int) int {
	byAll := float64(t.Expects*each) / float64(t.CapAll)
	byOne := float64(each) / float64(t.CapOne)
	hours := max(byAll, byOne)
	return max(1, int((hours+23)/24))
}

// SuggestCaps are caps for a server on which so many are active in a month,
// 0 when it does not tell: a small one gets a tenth of what a large one bears.
func SuggestCaps(active int) (all, one int) {
	switch {
	case active >= 5000:
		return 1200, 60
	case active >= 500:
		return 600, 60
	}
	return 300, 40
}

// InviteCode is the code of an invitation of the host, "" of anything else.
func InviteCode(address, host string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host != host || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return ""
	}
	code, found := strings.CutPrefix(u.Path, "/invite/")
	if !found || code == "" || len(code) > 64 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
		return ""
	}
	return code
}

// Draft reports whether the Wave was not started yet.
func (w Wave) Draft() bool { return w.StartedAt.IsZero() }

// Over reports whether nobody may join any more, and since when.
func (w Wave) Over(now time.Time) (since time.Time, over bool) {
	switch {
	case !w.ClosedAt.IsZero():
		return w.ClosedAt, true
	case !now.Before(w.EndsAt):
		return w.EndsAt, true
	}
	return time.Time{}, false
}

// Slow reports whether the Wave goes on at half its pace.
func (w Wave) Slow(now time.Time) bool { return now.Before(w.SlowUntil) }

// Takes reports whether an account made on a day, YYYY-MM-DD or "" when its
// server does not tell, may join by its age.
func (w Wave) Takes(born string) bool {
	day, err := time.Parse(time.DateOnly, born)
	return w.Joiners != NewJoin || err == nil && !day.Before(w.CreatedAt.AddDate(0, 0, -1).Truncate(24*time.Hour))
}

// Starter is an account that a Wave would like to suggest to its newcomers.
type Starter struct {
	ID         int64
	WaveID     int64
	Code       string // of the link by which it is asked
	Handle     Handle
	ActorID    string
	Answer     string // StarterYes, StarterNo, or "" for none yet
	AskedAt    time.Time
	AnsweredAt time.Time
}

// The answers of a Starter.
const (
	StarterYes = "yes"
	StarterNo  = "no"
)

// MirrorChoice is what a server's admins say of carried-over posts.
type MirrorChoice string

// The MirrorChoices.
const (
	MirrorUnsaid MirrorChoice = ""      // nothing: what Godwit does by itself
	MirrorQuiet  MirrorChoice = "quiet" // no post wider than unlisted
	MirrorDaily  MirrorChoice = "daily" // the same, and so many a day for each account at most
	MirrorNo     MirrorChoice = "no"
)

// MirrorPolicy is a server's published word on carried-over posts. It holds for
// everybody who carries posts over to that server.
type MirrorPolicy struct {
	Host      string
	Domain    string
	Choice    MirrorChoice
	Daily     int // posts in a UTC day for each account, of MirrorDaily
	ChangedAt time.Time
}

// Allows reports whether anything may be carried over.
func (p MirrorPolicy) Allows() bool { return p.Choice != MirrorNo }

// Widest is the widest Visibility that a carried-over post may have.
func (p MirrorPolicy) Widest() Visibility {
	if p.Choice == MirrorUnsaid {
		return VisiblePublic
	}
	return VisibleUnlisted
}

// Left is how many more posts an account may carry over on a day on which it
// has carried over so many; -1 for no bound.
func (p MirrorPolicy) Left(today int) int {
	switch p.Choice {
	case MirrorNo:
		return 0
	case MirrorDaily:
		return max(0, p.Daily-today)
	}
	return -1
}

// Check refuses a policy that says nothing clear.
func (p MirrorPolicy) Check() error {
	known := p.Choice == MirrorQuiet || p.Choice == MirrorDaily || p.Choice == MirrorNo
	if !known || p.Choice == MirrorDaily && (p.Daily < 1 || p.Daily > MaxDailyPost) {
		return fault.New(fault.Invalid, "bad-policy", "Choose one, with 1 to 200 posts a day where it is a number of posts.")
	}
	return nil
}
