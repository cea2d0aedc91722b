package bridge

import (
	"context"
	"errors"
	"testing"
	"time"

	"godwit/internal/social"
)

// answers is a Server whose relationships a test wrote down by id.
type answers struct {
	script
	rels map[social.RemoteID]social.Relationship
	err  error
}

func (a *answers) Relationships(_ context.Context, ids []social.RemoteID) ([]social.Relationship, error) {
	var list []social.Relationship
	for _, id := range ids {
		if rel, known := a.rels[id]; known {
			rel.ID = id
			list = append(list, rel)
		}
	}
	return list, a.err
}

// TestConfirmCorrectsFirstWords is one later look, by what it shows.
func TestConfirmCorrectsFirstWords(t *testing.T) {
	yes, wait, none := social.Relationship{Following: true}, social.Relationship{Requested: true}, social.Relationship{}
	for _, c := range []struct {
		name    string
		fl      social.Flavour
		first   social.Outcome
		locked  bool
		checks  int
		age     time.Duration
		rel     *social.Relationship
		state   social.JobState
		outcome social.Outcome
		reason  social.Reason
		due     time.Duration
	}{
		{"optimistic and true", social.Mastodon, social.Followed, false, 0, time.Minute, &yes, social.JobDone, social.Followed, "", 0},
		{"optimistic and pending", social.Mastodon, social.Followed, false, 0, time.Minute, &wait, social.JobAsked, social.Requested, "", time.Hour},
		{"pending after an hour", social.Mastodon, social.Requested, true, 1, time.Hour, &wait, social.JobAsked, social.Requested, "", day},
		{"pending after a week", social.Mastodon, social.Requested, true, 8, 7 * day, &wait, social.JobAsked, social.Requested, "", day},
		{"pending after a month", social.Mastodon, social.Requested, true, 31, 30 * day, &wait, social.JobDone, social.Requested, "", 0},
		{"neither, at the first look", social.Mastodon, social.Followed, false, 0, time.Minute, &none, social.JobAsked, social.Deferred, social.ReasonUnclear, time.Hour},
		{"declined by a person", social.GoToSocial, social.Requested, true, 2, day, &none, social.JobDone, social.Declined, social.ReasonTookBack, 0},
		{"declined by a server", social.Mastodon, social.Deferred, false, 1, time.Hour, &none, social.JobDone, social.Declined, social.ReasonThem, 0},
		{"they block", social.Mastodon, social.Followed, false, 0, time.Minute, &social.Relationship{BlockedBy: true}, social.JobDone, social.Declined, social.ReasonThem, 0},
		{"we block", social.Mastodon, social.Followed, false, 0, time.Minute, &social.Relationship{Blocking: true}, social.JobDone, social.Declined, social.ReasonOwnBlock, 0},
		{"left out", social.Mastodon, social.Followed, false, 1, time.Hour, nil, social.JobAsked, social.Deferred, social.ReasonUnclear, day},
		{"left out for long", social.Mastodon, social.Followed, false, 5, 5 * day, nil, social.JobDone, social.Deferred, social.ReasonGaveUp, 0},
		{"snac on an open account", social.Snac, social.Followed, false, 0, time.Minute, &yes, social.JobDone, social.Followed, "", 0},
		{"snac on a locked account", social.Snac, social.Followed, true, 0, time.Minute, &yes, social.JobAsked, social.Requested, "", time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := planned(t)
			job.State, job.Outcome, job.Locked, job.Checks = social.JobAsked, c.first, c.locked, c.checks
			job.RemoteID, job.AskedAt = "42", monday.Add(-c.age)
			a := &answers{rels: map[social.RemoteID]social.Relationship{}}
			if c.rel != nil {
				a.rels["42"] = *c.rel
			}
			jobs, err := Confirm(t.Context(), a, home(t, c.fl), []social.FollowJob{job}, monday)
			if err != nil {
				t.Fatal(err)
			}
			check(t, jobs[0], c.state, c.outcome, c.reason, c.due)
		})
	}
}

// TestConfirmReadsBeforeAsking is the look at found accounts of somebody who
// follows people already.
func TestConfirmReadsBeforeAsking(t *testing.T) {
	for _, c := range []struct {
		rel     social.Relationship
		state   social.JobState
		outcome social.Outcome
		checks  int
	}{
		{social.Relationship{Following: true}, social.JobDone, social.Already, 0},
		{social.Relationship{Requested: true}, social.JobAsked, social.Requested, 0},
		{social.Relationship{Blocking: true}, social.JobDone, social.Declined, 0},
		{social.Relationship{}, social.JobPlanned, social.NoOutcome, 1},
	} {
		job := planned(t)
		job.RemoteID = "42"
		a := &answers{rels: map[social.RemoteID]social.Relationship{"42": c.rel}}
		jobs, err := Confirm(t.Context(), a, home(t, social.Mastodon), []social.FollowJob{job}, monday)
		if err != nil || jobs[0].State != c.state || jobs[0].Outcome != c.outcome || jobs[0].Checks != c.checks {
			t.Errorf("%+v: %s %s, %d checks, error %v", c.rel, jobs[0].State, jobs[0].Outcome, jobs[0].Checks, err)
		}
	}
}

// TestAlreadyFollowedAreNotAsked runs a whole list of which half is followed by hand.
func TestAlreadyFollowedAreNotAsked(t *testing.T) {
	w := newWorld(t, social.Mastodon, 1, monday)
	r := newTable(t, social.Mastodon)
	r.d.Following = 50
	people := crowd(t, w, r, 100, 10)
	for i, p := range people {
		p.follows = i%2 == 0
	}
	w.run(r, 0, monday.Add(10*day))
	got := outcomes(r)
	if got[social.Already] != 50 || got[social.Followed] != 50 || w.day.used != 50 {
		t.Errorf("outcomes %v, %d follows counted", got, w.day.used)
	}
	for _, p := range people {
		if p.again > 0 {
			t.Errorf("%s was asked though followed", p.handle)
		}
	}
	t.Logf("%d requests for 100 accounts, 50 of them followed before", w.requests)
}

// TestConfirmPutsOffABrokenBatch keeps one bad batch from holding up the rest.
func TestConfirmPutsOffABrokenBatch(t *testing.T) {
	job := planned(t)
	job.State = social.JobAsked
	for err, due := range map[error]time.Duration{errDown: time.Hour, errWeird: time.Hour, errWait: 0, errToken: 0} {
		jobs, got := Confirm(t.Context(), &answers{err: err}, home(t, social.Mastodon), []social.FollowJob{job}, monday)
		if !errors.Is(got, err) || jobs[0].DueAt.Sub(monday) != due || jobs[0].State != social.JobAsked {
			t.Errorf("%v: due after %v, error %v", err, jobs[0].DueAt.Sub(monday), got)
		}
	}
}
