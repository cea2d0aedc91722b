package bridge

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// TestSendUndoes is one try to unfollow, by what the home server answers.
func TestSendUndoes(t *testing.T) {
	errNo := fault.New(fault.Gone, codeRefused, "Not allowed.")
	for _, c := range []struct {
		name     string
		s        script
		was      social.Outcome
		attempts int
		state    social.JobState
		outcome  social.Outcome
		reason   social.Reason
		due      time.Duration
		err      error
	}{
		{"unfollowed", script{}, social.Followed, 0, social.JobDone, social.Undone, "", 0, nil},
		{"a request", script{}, social.Requested, 0, social.JobDone, social.Undone, social.ReasonRequest, 0, nil},
		{"the new account of one that moved", script{}, social.Moved, 0, social.JobDone, social.Undone, "", 0, nil},
		{"never known to be followed", script{}, social.NoOutcome, 0, social.JobDone, social.Undone, "", 0, nil},
		{"the account is gone", script{unErr: errGone}, social.Followed, 0, social.JobDone, social.Undone, "", 0, nil},
		{"429", script{unErr: errWait}, social.Followed, 2, social.JobUndoing, social.Followed, "", 0, errWait},
		{"token revoked", script{unErr: errToken}, social.Followed, 0, social.JobUndoing, social.Followed, "", 0, errToken},
		{"no answer", script{unErr: errDown}, social.Followed, 0, social.JobUndoing, social.Followed, "", 30 * time.Second, errDown},
		{"still there", script{unfollowed: followed}, social.Followed, 1, social.JobUndoing, social.Followed, "", time.Hour, nil},
		{"still asked, five times", script{unfollowed: asked}, social.Requested, 4, social.JobDone, social.Requested, social.ReasonStays, 0, nil},
		{"no answer, five times", script{unErr: errDown}, social.NoOutcome, 4, social.JobDone, social.Followed, social.ReasonStays, 0, errDown},
		{"cut off five times", script{}, social.Followed, 5, social.JobDone, social.Followed, social.ReasonStays, 0, nil},
		{"not allowed", script{unErr: errNo}, social.Moved, 0, social.JobDone, social.Moved, social.ReasonStays, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := planned(t)
			job.State, job.RemoteID, job.Outcome, job.Attempts = social.JobUndoing, "42", c.was, c.attempts
			got, err := Send(t.Context(), &c.s, &c.s, home(t, social.Mastodon), job, monday)
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			check(t, got, c.state, c.outcome, c.reason, c.due)
			if answered(c.err) && got != job {
				t.Errorf("something was burned: %+v", got)
			}
		})
	}
}

// TestOwnRequestsStayOwn: what the person had asked before is never taken for
// Godwit's, however often it is looked at.
func TestOwnRequestsStayOwn(t *testing.T) {
	d := home(t, social.Mastodon)
	job := planned(t)
	job.RemoteID, job.Locked = "42", true
	a := &answers{rels: map[social.RemoteID]social.Relationship{"42": {Requested: true}}}
	look := func(at time.Time) {
		t.Helper()
		jobs, err := Confirm(t.Context(), a, d, []social.FollowJob{job}, at)
		if err != nil {
			t.Fatal(err)
		}
		job = jobs[0]
	}
	look(monday)
	for n := range 9 {
		check(t, job, social.JobAsked, social.Requested, social.ReasonOwnAsk, job.DueAt.Sub(monday))
		if code, _, _ := Say(job, d.Host, monday); code != "outcome-own-ask" {
			t.Errorf("it says %s", code)
		}
		if n == 4 {
			delete(a.rels, "42") // left out of an answer
		}
		look(monday.Add(time.Duration(n) * day))
	}
	accepted := job
	a.rels["42"] = social.Relationship{Following: true}
	look(monday.Add(10 * day))
	check(t, job, social.JobDone, social.Already, "", 0)
	job = accepted
	a.rels["42"] = social.Relationship{}
	look(monday.Add(10 * day))
	check(t, job, social.JobDone, social.Declined, social.ReasonTookBack, 0)
}

// undoing puts the rows that Godwit followed up for undo, as the store does.
func (r *table) undoing(now time.Time) {
	r.d.Follow = social.FollowUndoing
	for i := range r.jobs {
		job := &r.jobs[i]
		sent := job.State == social.JobAsked || job.Outcome == social.Followed || job.Outcome == social.Requested ||
			job.Reason == social.ReasonMoved || attempted(*job)
		switch {
		case job.RemoteID != "" && sent && job.Reason != social.ReasonOwnAsk:
			job.State, job.Attempts, job.DueAt = social.JobUndoing, 0, now
		case job.State == social.JobPlanned:
			job.State = social.JobDone
		}
	}
}

// TestUndoLeavesWhatWasThereBefore: whatever goes wrong while following and
// while undoing, and whenever the undo is pressed, the follows that stood
// before Godwit stand at the end, and no other.
func TestUndoLeavesWhatWasThereBefore(t *testing.T) {
	for _, fl := range []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac} {
		for seed := range uint64(40) {
			t.Run(fmt.Sprint(fl, seed), func(t *testing.T) {
				w := newWorld(t, fl, seed, monday)
				w.trouble = 0.03
				r := newTable(t, fl)
				before := w.withFriends(t, r, seed%2 == 0)
				w.run(r, w.trouble/2, monday.Add(time.Duration(w.rng.Int64N(int64(4*day)))))
				r.undoing(w.ours())
				w.run(r, w.trouble/2, w.now.Add(90*day))
				for _, p := range w.people {
					if p.follows != before[p] && !p.rejects {
						t.Errorf("%s: followed %v, before Godwit %v", p.handle, p.follows, before[p])
					}
				}
				for _, job := range r.jobs {
					if job.State == social.JobUndoing {
						t.Errorf("%s is still to be unfollowed", job.Handle)
					}
				}
				if w.refused > 0 {
					t.Errorf("%d answers 429", w.refused)
				}
			})
		}
	}
}

// withFriends plans people of all fates, of whom the person has asked some by
// hand before: follows that stand, if any, and requests that wait.
func (w *world) withFriends(t *testing.T, r *table, follows bool) map[*person]bool {
	for round := range 3 {
		cast(t, w, r, round)
	}
	crowd(t, w, r, 40, 4)
	before := map[*person]bool{}
	for _, p := range w.people {
		waits := p.locked && p.answers < 0
		if waits && w.rng.IntN(2) == 0 || follows && !p.locked && !p.rejects && !p.blocks && w.rng.IntN(3) == 0 {
			p.follows, p.askedAt, before[p] = true, w.now.Add(-day), true
			r.d.Following++
		}
	}
	if !follows {
		r.d.Following = 0 // requests are no follows
	}
	return before
}

// TestUndoIsGentle: no host is told of more than its share at a time, and the
// home server's requests keep their limit.
func TestUndoIsGentle(t *testing.T) {
	w := newWorld(t, social.Mastodon, 5, monday)
	r := newTable(t, social.Mastodon)
	people := crowd(t, w, r, 120, 2)
	w.run(r, 0, monday.Add(10*day))
	r.undoing(w.ours())
	began := w.now
	w.run(r, 0, w.now.Add(10*day))
	for _, p := range people {
		if p.follows || p.unfollows != 1 {
			t.Fatalf("%s: followed %v, unfollowed %d times", p.handle, p.follows, p.unfollows)
		}
	}
	// 60 on each host, ten in 100 seconds
	if took := w.now.Sub(began); took < 5*targetWindow || took > 7*targetWindow || w.refused > 0 {
		t.Errorf("took %v, %d answers 429", took, w.refused)
	}
}
