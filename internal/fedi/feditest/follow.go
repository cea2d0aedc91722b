package feditest

import (
	"maps"
	"strings"
	"time"
)

type pair struct{ follower, target *Account }

// follow is one row "follower wants to follow target". It is there as long as
// it is asked for or accepted.
type follow struct {
	follower, target *Account
	id               int64 // orders the pages of a following list
	active           bool
	delivered        bool // the Follow reached the target's server
	retryAt          time.Time
	acceptAt         time.Time // zero: never by itself
	declineAt        time.Time
	posts, made      int
	reblogs, notify  bool
}

// FollowState is how a follow stands on the servers, not in anybody's answer.
type FollowState string

// The states of a follow.
const (
	NotFollowing FollowState = ""
	Pending      FollowState = "pending"
	Accepted     FollowState = "accepted"
	Declined     FollowState = "declined"
)

// Follow is the truth about one follower and one account.
type Follow struct {
	Handle string // of the account followed
	State  FollowState
	Posts  int // POSTs of a follow that reached the home server's own code
	Made   int // how often a row was made, so how often the account was really asked
}

// stateOf is how a follow stands now; w.mu is held.
func (w *World) stateOf(f *follow) FollowState {
	if f == nil || !f.active {
		return NotFollowing
	}
	now := w.now()
	if !f.delivered && !now.Before(f.retryAt) {
		w.deliver(f, now)
	}
	switch {
	case !f.declineAt.IsZero() && !now.Before(f.declineAt):
		return Declined
	case !f.acceptAt.IsZero() && !now.Before(f.acceptAt):
		return Accepted
	}
	return Pending
}

func (w *World) between(follower, target *Account) *follow { return w.follows[pair{follower, target}] }

func (w *World) isFollowing(follower, target *Account) bool {
	return w.stateOf(w.between(follower, target)) == Accepted
}

// row returns the follow of a pair, made when it is not there; w.mu is held.
func (w *World) row(follower, target *Account) *follow {
	f := w.between(follower, target)
	if f == nil {
		f = &follow{follower: follower, target: target, reblogs: true}
		w.follows[pair{follower, target}] = f
		follower.following = append(follower.following, f)
		target.followers = append(target.followers, f)
	}
	return f
}

// ask makes the row of a follow and sends it to the target's server; w.mu is
// held. It does nothing when the target was asked already.
func (w *World) ask(f *follow) {
	if s := w.stateOf(f); s == Pending || s == Accepted {
		return
	}
	w.serial++
	f.id, f.active, f.made = w.serial, true, f.made+1
	f.follower.days[w.now().Format(time.DateOnly)]++
	f.acceptAt, f.declineAt, f.delivered = time.Time{}, time.Time{}, false
	w.deliver(f, w.now())
}

// deliver brings a Follow to the target's server and notes when its answer will
// be back; w.mu is held.
func (w *World) deliver(f *follow, now time.Time) {
	from, to := f.follower.host, f.target.host
	after := time.Duration(0)
	if from != to {
		if from.shuns(to) || f.target.gone {
			f.retryAt = now.Add(retryDelivery)
			return
		}
		if ok, _ := to.askedBy(from, "/inbox", followCost, now); !ok {
			f.retryAt = now.Add(retryDelivery)
			return
		}
		after = w.acceptTime(to)
	}
	f.delivered = true
	switch {
	case f.target.silent:
	case f.target.declines || f.target.blocks[strings.ToLower(f.follower.handle())]:
		f.declineAt = now.Add(after)
	case !f.target.locked:
		f.acceptAt = now.Add(after)
	}
	if from.ways.threads > 0 && w.tally(from.name).inFlight > from.ways.threads && from != to && !f.acceptAt.IsZero() {
		f.acceptAt = f.acceptAt.Add(requeueAfter)
	}
}

func (w *World) acceptTime(target *Host) time.Duration {
	if w.opt.AcceptAfter > 0 {
		return w.opt.AcceptAfter
	}
	return target.ways.acceptAfter
}

// Follows is the truth about whom user@domain asked to follow, in order, those
// it unfollowed included.
func (w *World) Follows(handle string) []Follow {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.workImports()
	a := w.must(handle)
	out := make([]Follow, 0, len(a.following))
	for _, f := range a.following {
		out = append(out, Follow{Handle: f.target.handle(), State: w.stateOf(f), Posts: f.posts, Made: f.made})
	}
	return out
}

// Between is the truth about one follower and one account, both by handle.
func (w *World) Between(follower, target string) Follow {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.workImports()
	to := w.must(target)
	f := w.between(w.must(follower), to)
	if f == nil {
		return Follow{Handle: to.handle()}
	}
	return Follow{Handle: to.handle(), State: w.stateOf(f), Posts: f.posts, Made: f.made}
}

// FollowDays counts the accounts that user@domain newly asked to follow on each
// UTC day, such as "2026-11-23".
func (w *World) FollowDays(handle string) map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.must(handle).days)
}

// SetFollowing makes follower follow target as if it always had.
func (w *World) SetFollowing(follower, target string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	from, to := w.must(follower), w.must(target)
	from.host.learn(to)
	f := w.row(from, to)
	w.serial++
	f.id, f.active, f.delivered = w.serial, true, true
	f.acceptAt, f.declineAt = w.now(), time.Time{}
}

// Accept lets a locked account accept a follower's request, now.
func (w *World) Accept(follower, target string) { w.settle(follower, target, true) }

// Decline lets an account refuse a follower's request, or throw out a follower,
// now.
func (w *World) Decline(follower, target string) { w.settle(follower, target, false) }

func (w *World) settle(follower, target string, accept bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.between(w.must(follower), w.must(target))
	if f == nil || !f.active {
		panic("feditest: " + follower + " did not ask to follow " + target)
	}
	f.delivered, f.acceptAt, f.declineAt = true, time.Time{}, time.Time{}
	if accept {
		f.acceptAt = w.now()
	} else {
		f.declineAt = w.now()
	}
}
