package bridge

import (
	"fmt"
	"testing"
	"time"

	"godwit/internal/social"
)

const (
	followPath = "/api/v1/accounts/{id}/follow"
	searchPath = "/api/v1/accounts/search"
)

func budget(b []social.Budget, f social.Family) social.Budget {
	if i := at(b, f); i >= 0 {
		return b[i]
	}
	return social.Budget{}
}

// TestLearnTellsFamiliesApart reads the same headers as Mastodon and others
// send them on different answers.
func TestLearnTellsFamiliesApart(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 1, 0, 0, time.UTC)
	midnight, soon := noon.Truncate(day).Add(day), noon.Truncate(requestsWindow).Add(requestsWindow)
	late := midnight.Add(-2 * time.Minute)
	for _, c := range []struct {
		name     string
		fl       social.Flavour
		l        social.RateLimit
		path     string
		now      time.Time
		follows  int
		requests int
	}{
		{"the token's, on a search", social.Mastodon, social.RateLimit{Limit: 300, Remaining: 290, Reset: soon}, searchPath, noon, 400, 290},
		{"the token's, on a follow", social.Mastodon, social.RateLimit{Limit: 300, Remaining: 12, Reset: soon}, followPath, noon, 400, 12},
		{"the day's", social.Mastodon, social.RateLimit{Limit: 400, Remaining: 77, Reset: midnight}, followPath, noon, 77, 300},
		{"the day's, just before its end", social.Mastodon, social.RateLimit{Limit: 400, Remaining: 77, Reset: midnight}, followPath, late, 77, 300},
		{"a fork's day", social.Mastodon, social.RateLimit{Limit: 200, Remaining: 50, Reset: midnight}, followPath, noon, 50, 300},
		{"the user's over all tokens", social.Mastodon, social.RateLimit{Limit: 1500, Remaining: 20, Reset: soon}, searchPath, noon, 400, 20},
		{"paging", social.Mastodon, social.RateLimit{Limit: 300, Remaining: 3, Reset: noon.Add(14 * time.Minute)}, "/api/v1/accounts/{id}/following", noon, 400, 300},
		{"an address's", social.GoToSocial, social.RateLimit{Limit: 300, Remaining: 100, Reset: noon.Add(3 * time.Minute)}, followPath, noon, 0, 100},
		{"a generous server", social.FlavourOther, social.RateLimit{Limit: 5000, Remaining: 4999, Reset: soon}, searchPath, noon, 100, 300},
		{"an unknown server's day", social.FlavourOther, social.RateLimit{Limit: 400, Remaining: 399, Reset: midnight}, followPath, noon, 399, 60},
		{"negative", social.Mastodon, social.RateLimit{Limit: 300, Remaining: -1, Reset: soon}, searchPath, noon, 400, 300},
		{"more left than there is", social.Mastodon, social.RateLimit{Limit: 300, Remaining: 301, Reset: soon}, searchPath, noon, 400, 300},
		{"long ago", social.Mastodon, social.RateLimit{Limit: 300, Remaining: 0, Reset: noon.Add(-time.Hour)}, searchPath, noon, 400, 300},
		{"in a year", social.Mastodon, social.RateLimit{Limit: 300, Remaining: 0, Reset: noon.Add(365 * day)}, followPath, noon, 400, 300},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := Learn(Starting(c.fl, c.now), c.fl, c.l, c.path, c.now)
			f, r := budget(b, social.FollowsFamily), budget(b, social.RequestsFamily)
			if f.Remaining != c.follows || r.Remaining != c.requests {
				t.Errorf("follows %d, requests %d left; want %d and %d", f.Remaining, r.Remaining, c.follows, c.requests)
			}
			if f.Remaining > f.Limit || r.Remaining > r.Limit || f.Limit > 0 && f.Window != day && f.Window != time.Hour {
				t.Errorf("budgets %+v %+v", f, r)
			}
		})
	}
}

// TestENG06JitterIsFixedAndSpread looks at ten thousand Destinations after a
// day's and a short window's reset.
func TestENG06JitterIsFixedAndSpread(t *testing.T) {
	minutes := map[int]int{}
	for id := range int64(10_000) {
		short, long := jitter(requestsWindow, id), jitter(day, id)
		if short != jitter(requestsWindow, id) || long != jitter(day, id) {
			t.Fatal("jitter is not fixed")
		}
		if short < leastJitter || short > mostJitter || long < leastJitter || long > mostJitter+dayJitter {
			t.Fatalf("jitter %v and %v", short, long)
		}
		minutes[int(long/time.Minute)]++
	}
	for m, n := range minutes {
		if n > 10_000/25 {
			t.Errorf("%d of 10,000 begin in minute %d", n, m)
		}
	}
	if jitter(snacWindow, 7) != 0 {
		t.Error("a window of a second needs no jitter")
	}
}

// TestSpentBudgetWaitsOutItsJitter follows one Budget over its reset.
func TestSpentBudgetWaitsOutItsJitter(t *testing.T) {
	d := home(t, social.Mastodon)
	spent := social.Budget{Family: social.FollowsFamily, Limit: 400, Remaining: 10, Window: day, ResetsAt: monday}
	some := spent
	some.Remaining = 200
	for _, c := range []struct {
		b    social.Budget
		at   time.Time
		left int
	}{
		{spent, monday.Add(-time.Second), 10},
		{spent, monday, 10},
		{spent, reopens(spent, d.ID).Add(-time.Second), 10},
		{spent, reopens(spent, d.ID), 400},
		{some, monday, 400}, // it was not waiting for the reset
		{spent, monday.Add(70 * day), 400},
	} {
		got := roll(c.b, d.ID, c.at)
		if got.Remaining != c.left || got.Remaining == 400 && (!got.ResetsAt.After(c.at) || got.ResetsAt.Sub(c.at) > day) {
			t.Errorf("at %v: %d left until %v", c.at, got.Remaining, got.ResetsAt)
		}
	}
}

// TestReckonGivesBackWhatWasNotMade counts follows that the server refused.
func TestReckonGivesBackWhatWasNotMade(t *testing.T) {
	d, job := home(t, social.Mastodon), planned(t)
	job.RemoteID = "42"
	act := Act{Kind: Ask, Job: job}
	after := func(state social.JobState, o social.Outcome) social.FollowJob {
		x := job
		x.State, x.Outcome = state, o
		return x
	}
	for _, c := range []struct {
		name string
		job  social.FollowJob
		err  error
		left int
	}{
		{"made", after(social.JobAsked, social.Followed), nil, 399},
		{"refused", after(social.JobDone, social.Declined), nil, 400},
		{"gone", after(social.JobDone, social.Gone), nil, 400},
		{"429", job, errWait, 400},
		{"not known", after(social.JobPlanned, social.Deferred), errDown, 399},
		{"not known, for the last time", after(social.JobDone, social.Deferred), errDown, 399},
	} {
		b := Reckon(Spend(nil, d, act, monday), act, c.job, c.err, monday)
		if got := budget(b, social.FollowsFamily).Remaining; got != c.left {
			t.Errorf("%s: %d left, want %d", c.name, got, c.left)
		}
	}
}

// TestReckonBelievesAServerThatIsFull gives nothing back after the server said
// that the day is used up.
func TestReckonBelievesAServerThatIsFull(t *testing.T) {
	d, job := home(t, social.Mastodon), planned(t)
	job.RemoteID = "42"
	act := Act{Kind: Ask, Job: job}
	b := Learn(Spend(nil, d, act, monday), d.Flavour, social.RateLimit{Limit: 400, Reset: monday.Add(15 * time.Hour)}, followPath, monday)
	if got := budget(Reckon(b, act, job, errWait, monday), social.FollowsFamily); got.Remaining != 0 {
		t.Errorf("%d left", got.Remaining)
	}
}

// TestENG06IllTargetIsAskedEverMoreSlowly finds nobody on one host, again and
// again, and then somebody.
func TestENG06IllTargetIsAskedEverMoreSlowly(t *testing.T) {
	d, job := home(t, social.Mastodon), planned(t)
	act := Act{Kind: Ask, Job: job}
	nobody := job
	nobody.Empty = 1
	var b []social.Budget
	now, gaps := monday, []time.Duration(nil)
	for range 14 {
		b = Reckon(Spend(b, d, act, now), act, nobody, nil, now)
		row := budget(b, "target:there.test")
		gaps, now = append(gaps, row.ResetsAt.Sub(now)), row.ResetsAt
	}
	want := []time.Duration{100, 100, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 21600, 21600, 21600, 21600}
	for i := range want {
		if gaps[i] != want[i]*time.Second {
			t.Fatalf("gaps %v", gaps)
		}
	}
	found := job
	found.RemoteID = "42"
	for range 4 {
		b = Reckon(Spend(b, d, act, now), act, found, nil, now)
		now = now.Add(targetWindow)
	}
	if row := budget(b, "target:there.test"); row.Limit != targetBurst || row.Window != targetWindow {
		t.Errorf("after answers: %+v", row)
	}
}

// TestSpendForgetsHostsThatAreWell keeps the rows few.
func TestSpendForgetsHostsThatAreWell(t *testing.T) {
	d := home(t, social.Mastodon)
	var b []social.Budget
	now := monday
	for i := range 1000 {
		job := planned(t)
		job.Handle = handle(t, fmt.Sprintf("a@h%d.test", i))
		b = Spend(b, d, Act{Kind: Ask, Job: job}, now)
		now = now.Add(3 * time.Second)
	}
	if len(b) > 2+int(targetWindow/(3*time.Second))+1 {
		t.Errorf("%d rows", len(b))
	}
}
