package bridge

import (
	"time"

	"godwit/internal/social"
)

// Channel is a way to bring follows to a server.
type Channel string

// The channels.
const (
	Background Channel = "background" // one by one, over days if need be
	List       Channel = "list"       // lists that the server takes from us and follows
	File       Channel = "file"       // a file that the person uploads on the server
)

// Wish is what is to be planned.
type Wish struct {
	N           int // accounts to follow, those already followed taken out
	Already     int // those taken out
	Locked      int // of N, those that approve followers by hand
	Crowd       int // of N, the most on one host; 0 when not known
	Limit       int // how many accounts the server lets one follow, 0 when not known
	Plain       int // of N, those of plain lists of addresses
	PlainPerDay int // how many of these are followed in a UTC day, 0 for all
}

// Estimate is an honest plan: what is followed when, by which channel, and why
// it takes so long. Instants are in UTC.
type Estimate struct {
	N         int       // that will be followed: the Wish's, or less by the follow limit
	Already   int       // followed before
	Left      int       // of the Wish, beyond the follow limit
	Limit     int       // the follow limit, 0 when there is none
	Locked    int       // at most N
	Channels  []Channel // the better one first; empty when there is nothing to do
	Start     time.Time // of the background, after now when today's share is used up
	Finish    time.Time // of the background, zero when not known
	ResetsAt  time.Time // of the daily count, zero when there is none
	Split     []int     // follows of each of the server's days that it takes, the first one may be today's rest
	PerDay    int       // follows a day, head-room left; 0 without a daily count
	DayLimit  int       // what the server allows a day
	Listed    time.Time // finish of the lists, zero when the server takes none
	FileRows  int       // rows of the file
	Plain     int       // of plain lists, of which PlainDay are followed a day and that takes longest; else 0
	PlainDay  int
	Unknown   bool // the server's limits are not known yet
	Server    string
	PlannedAt time.Time
}

// Plan estimates the following of n accounts from d. It changes nothing. The
// same jitter that Next will keep is in it, so that it holds.
func Plan(d social.Destination, budgets []social.Budget, wish Wish, now time.Time) Estimate {
	e := Estimate{N: wish.N, Already: wish.Already, Server: d.Host, PlannedAt: now, Limit: followLimit(d.Flavour, wish.Limit)}
	if room := max(0, e.Limit-d.Following); e.Limit > 0 && e.N > room {
		e.N, e.Left = room, e.N-room
	}
	e.Locked = min(wish.Locked, e.N)
	e.FileRows = min(e.N, FileRows)
	if e.Channels = channels(d, e.N); len(e.Channels) == 0 || e.Channels[0] == File && len(e.Channels) == 1 {
		return e
	}
	b := rolled(budgets, d, now)
	e.Unknown = isUnknown(d.Flavour, b)
	e.schedule(d, b, min(wish.Crowd, e.N), now)
	e.holdPlain(wish, now)
	if e.Channels[0] == List {
		e.Listed = now.Add(e.handing(min(wish.Crowd, e.N)) + firstRoll)
	}
	return e
}

func followLimit(fl social.Flavour, told int) int {
	if told == 0 && fl == social.Mastodon {
		return mastodonFollowing
	}
	return told
}

// channels orders the ways: the file first where it is much faster, the file
// alone where the server cannot be driven, a list where it takes one. Only Mastodon takes the file from
// an account of any software's API; others are offered it second.
func channels(d social.Destination, n int) []Channel {
	fl := d.Flavour
	switch {
	case n == 0:
		return nil
	case TakesLists(d):
		return []Channel{List, Background, File}
	case fl == social.FlavourNone:
		return []Channel{File}
	case fl == social.Mastodon && n >= fileFrom:
		return []Channel{File, Background}
	case fl == social.Snac: // imports on its own command line only
		return []Channel{Background}
	}
	return []Channel{Background, File}
}

// isUnknown reports that the server's own figures have not replaced ours.
func isUnknown(fl social.Flavour, b []social.Budget) bool {
	i := at(b, social.RequestsFamily)
	return fl == social.FlavourOther && i >= 0 && b[i].Limit == unknownRequests
}

// schedule walks over the windows of the follow Budget until all are placed.
func (e *Estimate) schedule(d social.Destination, b []social.Budget, crowd int, now time.Time) {
	e.Start = now
	i := at(b, social.FollowsFamily)
	if i < 0 {
		e.Split, e.Finish = []int{e.N}, now.Add(e.lasts(e.N, crowd))
		return
	}
	f := b[i]
	per := max(1, f.Limit-left(f.Limit))
	if f.Window >= day {
		e.PerDay, e.DayLimit, e.ResetsAt = per, f.Limit, f.ResetsAt
	}
	now = e.firstWindow(f, d, crowd, now)
	rest := e.N - sum(e.Split)
	for at := reopens(f, d.ID); rest > 0; at = at.Add(f.Window) {
		n := min(rest, per)
		if sum(e.Split) == 0 {
			e.Start = at
		}
		e.Split = append(e.Split, n)
		now = at.Add(e.lasts(n, crowd))
		rest -= n
	}
	e.Finish = now
}

// firstWindow places what still goes into the present window.
func (e *Estimate) firstWindow(f social.Budget, d social.Destination, crowd int, now time.Time) time.Time {
	fits := int(f.ResetsAt.Sub(now) / pace)
	n := min(e.N, usable(f), max(0, fits))
	if n <= 0 {
		return now
	}
	e.Split = []int{n}
	return now.Add(e.lasts(n, crowd))
}

// lasts is how long n accounts take in one go, with their fair part of the
// most crowded host, which is asked at its own pace.
func (e *Estimate) lasts(n, crowd int) time.Duration {
	t := time.Duration(n) * pace
	if e.N > 0 {
		bursts := (n*crowd/e.N - 1) / targetBurst
		t = max(t, time.Duration(bursts)*targetWindow)
	}
	return t
}

// holdPlain ends the plan no sooner than plain lists may.
func (e *Estimate) holdPlain(wish Wish, now time.Time) {
	if wish.PlainPerDay == 0 || wish.Plain <= wish.PlainPerDay {
		return
	}
	last := now.Truncate(day).Add(time.Duration((wish.Plain-1)/wish.PlainPerDay) * day)
	if last.After(e.Finish) {
		e.Finish, e.Plain, e.PlainDay = last, wish.Plain, wish.PlainPerDay
	}
}

// handing is how long lists of all take: each host gets as many at once as it
// is asked for otherwise.
func (e *Estimate) handing(crowd int) time.Duration {
	return time.Duration(max(0, crowd-1)/targetBurst) * targetWindow
}

func sum(list []int) (total int) {
	for _, n := range list {
		total += n
	}
	return total
}
