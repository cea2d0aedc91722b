package bridge

import (
	"fmt"
	"testing"
	"time"

	"godwit/internal/social"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// newTable is one Destination's rows, with nothing planned yet.
func newTable(t testing.TB, fl social.Flavour) *table { return &table{d: home(t, fl)} }

// crowd adds n plain accounts spread over hosts.
func crowd(t testing.TB, w *world, r *table, n, hosts int) []*person {
	t.Helper()
	list := make([]*person, n)
	for i := range list {
		p := w.add(&person{handle: handle(t, fmt.Sprintf("user%d@host%d.test", i, i%hosts))})
		r.plan(p.handle, p.uri, w.ours())
		list[i] = p
	}
	return list
}

// TestENG05BudgetsHoldOverDays follows 1,000 accounts over simulated days and
// counts as the server does.
func TestENG05BudgetsHoldOverDays(t *testing.T) {
	for _, skew := range []time.Duration{0, 6 * time.Hour, -6 * time.Hour, day, -day} {
		t.Run(skew.String(), func(t *testing.T) {
			w := newWorld(t, social.Mastodon, 1, monday)
			w.skew = skew
			r := newTable(t, social.Mastodon)
			people := crowd(t, w, r, 1000, 40)
			perDay := map[string]int{}
			w.run(r, 0, monday.Add(30*day))
			for _, p := range people {
				perDay[p.askedAt.Format(time.DateOnly)] += p.made
				if p.made != 1 || p.posts != 1 {
					t.Fatalf("%s followed %d times by %d requests", p.handle, p.made, p.posts)
				}
			}
			for date, n := range perDay {
				if n > 390 {
					t.Errorf("%d follows on %s", n, date)
				}
			}
			if w.refused > 0 || w.overrun > 0 {
				t.Errorf("%d answers 429, %d refused by target hosts", w.refused, w.overrun)
			}
			t.Logf("%d requests, %.3f for each, done after %v, busiest target %d", w.requests, float64(w.requests)/1000, w.now.Sub(monday), maxOf(w.busiest))
		})
	}
}

func maxOf(m map[string]int) (most int) {
	for _, n := range m {
		most = max(most, n)
	}
	return most
}

// TestRequestsForEachFollow measures what the benchmark is about: requests to
// a Mastodon home server for each completed follow. In the longer lists a tenth
// of the accounts approve by hand within two days.
func TestRequestsForEachFollow(t *testing.T) {
	for _, n := range []int{40, 600, 1500} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t, social.Mastodon, 2, monday)
			r := newTable(t, social.Mastodon)
			for i, p := range crowd(t, w, r, n, 1+n/20) {
				if i%10 == 0 && n > 40 {
					p.locked, p.answers = true, time.Duration(w.rng.Int64N(int64(2*day)))
				} else {
					p.answers = time.Duration(w.rng.Int64N(int64(20 * time.Second)))
				}
			}
			w.run(r, 0, monday.Add(60*day))
			done := outcomes(r)[social.Followed]
			each := float64(w.requests) / float64(done)
			t.Logf("%d follows, %d requests, %.3f for each, %d answers 429", done, w.requests, each, w.refused)
			if done != n || each > 2.1 || w.refused > 0 {
				t.Errorf("%d of %d followed, %.3f requests for each, %d answers 429", done, n, each, w.refused)
			}
		})
	}
}

func outcomes(r *table) map[social.Outcome]int {
	counts := map[social.Outcome]int{}
	for _, job := range r.jobs {
		counts[job.Outcome]++
	}
	return counts
}

// TestENG08CrowdedHostIsAskedSlowly has everybody on one host: its 300 requests in five
// minutes are never exceeded, and nobody is taken for missing (ENG-08).
func TestENG08CrowdedHostIsAskedSlowly(t *testing.T) {
	w := newWorld(t, social.GoToSocial, 3, monday)
	r := newTable(t, social.GoToSocial)
	crowd(t, w, r, 500, 1)
	w.run(r, 0, monday.Add(10*day))
	if w.overrun > 0 || outcomes(r)[social.Followed] != 500 {
		t.Errorf("%d fetches refused, outcomes %v", w.overrun, outcomes(r))
	}
	t.Logf("500 on one host in %v, busiest five minutes %d requests", w.now.Sub(monday), maxOf(w.busiest))
}

// cast is one account of each fate, and how it must end.
func cast(t testing.TB, w *world, r *table, round int) map[int64]social.FollowJob {
	at := func(user, host string) social.Handle { return handle(t, fmt.Sprintf("%s%d@%s", user, round, host)) }
	ends := map[int64]social.FollowJob{}
	add := func(p *person, o social.Outcome, reason social.Reason) {
		w.add(p)
		r.plan(p.handle, p.uri, w.ours())
		ends[int64(len(r.jobs))] = social.FollowJob{Outcome: o, Reason: reason}
	}
	add(&person{handle: at("plain", "a.test")}, social.Followed, "")
	add(&person{handle: at("slow", "a.test"), answers: 3 * time.Hour}, social.Followed, "")
	accepted := social.Followed
	if w.fl == social.Snac { // it says "following" all the time, so that an approval can't be seen
		accepted = social.Requested
	}
	add(&person{handle: at("yes", "b.test"), locked: true, answers: 5 * day}, accepted, "")
	add(&person{handle: at("no", "b.test"), locked: true, answers: 2 * day, rejects: true}, social.Declined, social.ReasonTookBack)
	add(&person{handle: at("auto", "b.test"), answers: 0, rejects: true}, social.Declined, social.ReasonThem)
	add(&person{handle: at("silent", "c.test"), locked: true, answers: -1}, social.Requested, "")
	add(&person{handle: at("block", "c.test"), blocks: true}, social.Declined, social.ReasonThem)
	add(&person{handle: at("missing", "c.test"), state: social.Missing}, social.Gone, social.ReasonGone)
	add(&person{handle: at("left", "d.test"), state: social.GoneForGood}, social.Gone, social.ReasonGone)
	add(&person{handle: at("dead", "dead.test"), state: social.Ill}, social.Gone, social.ReasonGoneServer)
	add(&person{handle: at("fake", "d.test"), imposter: true}, social.Deferred, social.ReasonMismatch)
	add(&person{handle: at("poison", "d.test"), poison: true}, social.Deferred, social.ReasonGaveUp)
	to := w.add(&person{handle: at("new", "e.test")})
	add(&person{handle: at("old", "d.test"), movedTo: to, agreed: true}, social.Moved, social.ReasonMoved)
	add(&person{handle: at("liar", "d.test"), movedTo: to}, social.Moved, social.ReasonMovedClaim)
	return ends
}

// TestENG08EveryFateEndsRight runs weeks with faults and crashes: everybody
// ends as they must, is followed once, and never asked again after a "no".
func TestENG08EveryFateEndsRight(t *testing.T) {
	for _, fl := range []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac} {
		for seed := range uint64(40) {
			t.Run(fmt.Sprint(fl, seed), func(t *testing.T) {
				w := newWorld(t, fl, seed, monday)
				if seed > 0 {
					w.trouble = 0.03
				}
				r := newTable(t, fl)
				ends := map[int64]social.FollowJob{}
				for round := range 5 {
					for id, end := range cast(t, w, r, round) {
						ends[id] = end
					}
				}
				w.run(r, w.trouble/2, monday.Add(90*day))
				w.verify(r, ends)
			})
		}
	}
}

func (w *world) verify(r *table, ends map[int64]social.FollowJob) {
	w.t.Helper()
	for id, end := range ends {
		job := r.jobs[id-1]
		p := w.people[job.Handle.Key()]
		if job.State != social.JobDone || job.Outcome != end.Outcome || job.Reason != end.Reason {
			w.t.Errorf("%s ended %s %s/%s after %d attempts, %d empty; want %s/%s", job.Handle, job.State, job.Outcome, job.Reason, job.Attempts, job.Empty, end.Outcome, end.Reason)
		}
		if p.again > 0 || p.late > 0 {
			w.t.Errorf("%s asked again %d times while the follow stood, %d times after a refusal", job.Handle, p.again, p.late)
		}
	}
	if w.refused > 0 {
		w.t.Errorf("%d answers 429", w.refused)
	}
}
