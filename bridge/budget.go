package bridge

import (
	"slices"
	"strings"
	"time"

	"godwit/internal/social"
)

// Starting returns the Budgets of a Destination before its server has said
// anything. Windows are aligned to the epoch, as Mastodon's are.
func Starting(fl social.Flavour, now time.Time) []social.Budget {
	switch fl {
	case social.Mastodon:
		return []social.Budget{
			fresh(social.FollowsFamily, mastodonFollows, day, now),
			fresh(social.RequestsFamily, serverRequests, requestsWindow, now),
		}
	case social.GoToSocial:
		return []social.Budget{fresh(social.RequestsFamily, serverRequests, requestsWindow, now)}
	case social.Snac:
		return []social.Budget{fresh(social.RequestsFamily, 1, snacWindow, now)}
	case social.Pleroma:
		return []social.Budget{
			fresh(social.FollowsFamily, pleromaFollows, pleromaWindow, now),
			fresh(social.RequestsFamily, serverRequests, requestsWindow, now),
		}
	case social.Misskey:
		return []social.Budget{
			fresh(social.FollowsFamily, misskeyFollows, misskeyWindow, now),
			fresh(social.RequestsFamily, unknownRequests, requestsWindow, now),
		}
	case social.Mitra: // has no limits of its own for this
		return []social.Budget{fresh(social.RequestsFamily, serverRequests, requestsWindow, now)}
	case social.FlavourOther:
		return []social.Budget{
			fresh(social.FollowsFamily, unknownFollows, unknownWindow, now),
			fresh(social.RequestsFamily, unknownRequests, requestsWindow, now),
		}
	}
	return nil
}

func fresh(f social.Family, limit int, window time.Duration, now time.Time) social.Budget {
	return social.Budget{Family: f, Limit: limit, Remaining: limit, Window: window, ResetsAt: now.Truncate(window).Add(window)}
}

// complete fills the families that a flavour starts with and b lacks.
func complete(b []social.Budget, fl social.Flavour, now time.Time) []social.Budget {
	all := slices.Clone(b)
	for _, s := range Starting(fl, now) {
		if at(all, s.Family) < 0 {
			all = append(all, s)
		}
	}
	return all
}

func at(b []social.Budget, f social.Family) int {
	return slices.IndexFunc(b, func(x social.Budget) bool { return x.Family == f })
}

// left is how much of a limit is never used.
func left(limit int) int { return min(headRoom, limit/10) }

// usable is how many acts b still allows, head-room kept.
func usable(b social.Budget) int { return b.Remaining - left(b.Limit) }

// reopens is when a spent Budget is used again.
func reopens(b social.Budget, destination int64) time.Time {
	return b.ResetsAt.Add(jitter(b.Window, destination))
}

// jitter is fixed for a Destination, so that its estimate holds.
func jitter(window time.Duration, destination int64) time.Duration {
	if window < requestsWindow {
		return 0
	}
	h := mix(uint64(destination))
	j := leastJitter + time.Duration(h%uint64((mostJitter-leastJitter)/time.Second+1))*time.Second
	if window >= day {
		j += time.Duration(h>>32%uint64(dayJitter/time.Second+1)) * time.Second
	}
	return j
}

// mix spreads consecutive ids evenly (the finalizer of splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// roll opens the window that now lies in. A spent Budget stays spent until its
// jitter has passed.
func roll(b social.Budget, destination int64, now time.Time) social.Budget {
	if b.Window <= 0 || now.Before(b.ResetsAt) || usable(b) <= 0 && now.Before(reopens(b, destination)) {
		return b
	}
	b.ResetsAt = b.ResetsAt.Add((now.Sub(b.ResetsAt)/b.Window + 1) * b.Window)
	b.Remaining = b.Limit
	return b
}

// rolled returns all of a Destination's Budgets as they stand at now. Target
// hosts keep their own windows.
func rolled(b []social.Budget, d social.Destination, now time.Time) []social.Budget {
	all := complete(b, d.Flavour, now)
	for i := range all {
		if !isTarget(all[i].Family) {
			all[i] = roll(all[i], d.ID, now)
		}
	}
	return all
}

// Spend takes from the Budgets what the Act will use. It is written down
// before the first byte is sent, so that a crash can only waste, never exceed.
func Spend(b []social.Budget, d social.Destination, a Act, now time.Time) []social.Budget {
	all := rolled(b, d, now)
	switch {
	case a.Kind == Recheck || a.Kind == Roll:
		take(all, social.RequestsFamily, 1)
	case a.Kind == HandOver:
		take(all, social.RequestsFamily, 1)
		for _, job := range a.Batch {
			all = spendTarget(all, targetOf(job), now)
		}
	case a.Kind == Ask && (a.Job.State == social.JobUndoing || a.Job.RemoteID == ""):
		take(all, social.RequestsFamily, 1)
		all = spendTarget(all, targetOf(a.Job), now)
		if a.Job.State == social.JobUndoing && countsUnfollows(d.Flavour) {
			take(all, social.FollowsFamily, 1)
		}
	case a.Kind == Ask:
		take(all, social.RequestsFamily, sendRequests(a.Job))
		take(all, social.FollowsFamily, 1)
	}
	return prune(all, now)
}

func take(b []social.Budget, f social.Family, n int) {
	if i := at(b, f); i >= 0 {
		b[i].Remaining = max(0, b[i].Remaining-n)
	}
}

// sendRequests is how many requests the sending of a found account takes.
func sendRequests(job social.FollowJob) int {
	if attempted(job) {
		return 2 // its relationship is read first
	}
	return 1
}

// Reckon draws from the end of an Ask what its headers do not tell: a follow
// that the server did not make is given back, and a target host that gave no
// answer is asked more slowly. job and err are what Send returned.
func Reckon(b []social.Budget, a Act, job social.FollowJob, err error, now time.Time) []social.Budget {
	all := slices.Clone(b)
	if a.Kind != Ask || a.Job.State == social.JobUndoing {
		return all
	}
	if a.Job.RemoteID == "" {
		return reckonTarget(all, targetOf(a.Job), a.Job, job, now)
	}
	notMade := job.State == social.JobDone && job.Outcome != social.Deferred || answered(err)
	if i := at(all, social.FollowsFamily); notMade && i >= 0 && !exhausted(all[i]) {
		all[i].Remaining = min(all[i].Limit, all[i].Remaining+1)
	}
	return all
}

// exhausted says that the server itself said there is nothing left.
func exhausted(b social.Budget) bool { return b.Remaining == 0 }

// Learn corrects the Budgets by the X-RateLimit headers of one answer, whose
// Reset is by our clock. path is the route without ids. Mastodon shows the
// smallest of several limits, so what is shown is told apart by the limit and
// by how far off its reset is; the follows of a day are mostly hidden behind
// the token's requests, and are counted by Spend.
func Learn(b []social.Budget, fl social.Flavour, l social.RateLimit, path string, now time.Time) []social.Budget {
	all := complete(b, fl, now)
	ahead := l.Reset.Sub(now)
	if l.Limit <= 0 || l.Remaining < 0 || l.Remaining > l.Limit || ahead < -resetSlack || ahead > maxReset {
		return all // makes no sense
	}
	switch {
	case isDayLimit(all, l, path, ahead):
		learnFollows(&all, l, ahead)
	case ahead <= requestsWindow+resetSlack:
		learnRequests(&all, l)
	}
	return all
}

// isDayLimit tells the follows' limit from the token's on the answer to a follow.
func isDayLimit(b []social.Budget, l social.RateLimit, path string, ahead time.Duration) bool {
	if !strings.HasSuffix(path, "/follow") {
		return false
	}
	if ahead > requestsWindow+resetSlack {
		return true
	}
	i, j := at(b, social.FollowsFamily), at(b, social.RequestsFamily)
	return i >= 0 && b[i].Limit == l.Limit && (j < 0 || b[j].Limit != l.Limit)
}

func learnFollows(all *[]social.Budget, l social.RateLimit, ahead time.Duration) {
	i := at(*all, social.FollowsFamily)
	if i < 0 {
		*all = append(*all, social.Budget{Family: social.FollowsFamily})
		i = len(*all) - 1
	}
	x := &(*all)[i]
	if x.Limit != l.Limit || ahead > x.Window+resetSlack {
		x.Window = windowFor(ahead)
	}
	x.Limit, x.Remaining, x.ResetsAt = l.Limit, l.Remaining, l.Reset
}

// windowFor guesses the length of a window from how far off its end is.
func windowFor(ahead time.Duration) time.Duration {
	if ahead <= unknownWindow+resetSlack {
		return unknownWindow
	}
	return day
}

// learnRequests never believes in more than 300 requests: a server that allows
// more has no need of them from us.
func learnRequests(all *[]social.Budget, l social.RateLimit) {
	i := at(*all, social.RequestsFamily)
	if i < 0 {
		*all = append(*all, social.Budget{Family: social.RequestsFamily})
		i = len(*all) - 1
	}
	(*all)[i] = social.Budget{
		Family: social.RequestsFamily, Limit: min(l.Limit, serverRequests), Remaining: min(l.Remaining, serverRequests),
		ResetsAt: l.Reset, Window: requestsWindow,
	}
}
