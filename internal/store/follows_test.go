package store_test

import (
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// confirmed makes a User with n confirmed Matches on hosts of one each, and a Destination.
func confirmed(t testing.TB, s *store.Store, n int) (social.User, social.Destination) {
	t.Helper()
	u := imported(t, s, n)
	matched(t, s, u, onHosts(n))
	lookedUp(t, s, now)
	graded(t, s, u, always(social.Certain))
	return u, destination(t, s, u)
}

func planned(t testing.TB, s *store.Store, u social.User, d social.Destination, want int) {
	t.Helper()
	if n := must(s.PlanFollows(t.Context(), u.ID, d.ID, now))(t); n != want {
		t.Fatalf("%d planned, want %d", n, want)
	}
}

// step sends the first due job and gives it the outcome.
func step(t testing.TB, s *store.Store, task social.Task, state social.JobState, outcome social.Outcome) social.FollowJob {
	t.Helper()
	w := must(s.FollowWorkFor(t.Context(), task, now))(t)
	if len(w.Due) == 0 {
		t.Fatal("nothing is due")
	}
	job := w.Due[0]
	ok(t, s.BeginFollow(t.Context(), task, job.ID, nil, now))
	job.State, job.Outcome = state, outcome
	ok(t, s.SaveFollows(t.Context(), task, []social.FollowJob{job}, nil, w.Destination, now))
	return job
}

func TestPlanTakesEachOnce(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, d := confirmed(t, s, 6)
		planned(t, s, u, d, 6)
		planned(t, s, u, d, 0)
		task := claim(t, s, social.FollowTask, d.ID, now)
		step(t, s, task, social.JobDone, social.Followed)
		step(t, s, task, social.JobDone, social.Declined)
		gaveUp := step(t, s, task, social.JobDone, social.Deferred)
		step(t, s, task, social.JobAsked, social.Requested)
		if n := len(must(s.Followable(ctx, u.ID, d.ID))(t)); n != 1 {
			t.Errorf("%d followable, want the one that gave up", n)
		}
		if n := len(must(s.NotFollowed(ctx, u.ID, d.ID))(t)); n != 3 {
			t.Errorf("%d for the file, want the one that gave up and two planned", n)
		}
		if n := must(s.RetryFollows(ctx, u.ID, d.ID, 0, now))(t); n != 1 {
			t.Errorf("%d tried again", n)
		}
		if job := must(s.GetFollowJob(ctx, u.ID, gaveUp.ID))(t); job.State != social.JobPlanned || job.Attempts != 0 {
			t.Errorf("%+v", job)
		}
		ok(t, s.SetFollowState(ctx, u.ID, d.ID, social.FollowStopped, now))
		counts := must(s.FollowCounts(ctx, u.ID, d.ID))(t)
		if counts.Total != 3 || counts.Waiting != 0 || counts.Asked != 1 || counts.ByOutcome[social.Declined] != 1 {
			t.Errorf("%+v", counts)
		}
		planned(t, s, u, d, 3) // those that were canceled, and nothing twice
		jobs, total, err := s.ListFollowJobs(ctx, u.ID, store.FollowFilter{DestinationID: d.ID, Limit: 2})
		if err != nil || total != 6 || len(jobs) != 2 {
			t.Errorf("%d of %d, %v", len(jobs), total, err)
		}
		jobs, total, err = s.ListFollowJobs(ctx, u.ID, store.FollowFilter{DestinationID: d.ID, Outcome: social.Followed, Limit: 10})
		if err != nil || total != 1 || len(jobs) != 1 {
			t.Errorf("%v of %d, %v", jobs, total, err)
		}
	})
}

func TestOneJobForOneHandle(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 3)
		matched(t, s, u, func(social.Account) string { return "same@x.test" })
		lookedUp(t, s, now)
		graded(t, s, u, func(m social.Match) social.Certainty {
			if m.Account.NativeID == "1002" {
				return social.Certain
			}
			return social.Likely
		})
		_, _, err := s.DecideAll(ctx, u.ID, store.MatchFilter{Group: store.GroupLikely}, 2, social.Confirmed, now)
		ok(t, err)
		if n := must(s.MatchCounts(ctx, u.ID))(t).Confirmed; n != 1 {
			t.Errorf("%d to be followed", n)
		}
		d := destination(t, s, u)
		if all := must(s.Followable(ctx, u.ID, d.ID))(t); len(all) != 1 || all[0].Certainty != social.Certain {
			t.Errorf("%+v", all)
		}
		planned(t, s, u, d, 1)
	})
}

func TestBlockedAreLeftOut(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, d := confirmed(t, s, 3)
		task, src := reading(t, s, u, "blocks")
		ok(t, s.SaveRecords(ctx, task, []social.Record{{Edge: social.Blocked, Account: account(1)}}))
		ok(t, s.FinishSource(ctx, task, src, now))
		if c := must(s.MatchCounts(ctx, u.ID))(t); c.Confirmed != 2 || c.Found != 3 {
			t.Errorf("%+v", c)
		}
		excluded := 0
		for _, m := range matches(t, s, u, store.MatchFilter{}) {
			if m.Excluded == social.Blocked {
				excluded++
			}
		}
		if excluded != 1 {
			t.Errorf("%d shown as excluded", excluded)
		}
		planned(t, s, u, d, 2)
	})
}

// ENG-16: after the answer to a pause or a cancel nothing is sent any more,
// and a result that was under way does not plan it again.
func TestENG16StopMeansStop(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, d := confirmed(t, s, 3)
		planned(t, s, u, d, 3)
		task := claim(t, s, social.FollowTask, d.ID, now)
		w := must(s.FollowWorkFor(ctx, task, now))(t)
		ok(t, s.BeginFollow(ctx, task, w.Due[0].ID, nil, now)) // in flight
		ok(t, s.SetFollowState(ctx, u.ID, d.ID, social.FollowPaused, now))
		wantKind(t, s.BeginFollow(ctx, task, w.Due[1].ID, nil, now), fault.Conflict)
		if w := must(s.FollowWorkFor(ctx, task, now))(t); len(w.Due) != 0 || !w.NextDue.IsZero() {
			t.Errorf("due while paused: %+v", w)
		}
		ok(t, s.SetFollowState(ctx, u.ID, d.ID, social.FollowRunning, now))
		ok(t, s.BeginFollow(ctx, task, w.Due[1].ID, nil, now))
		ok(t, s.SetFollowState(ctx, u.ID, d.ID, social.FollowStopped, now))
		wantKind(t, s.BeginFollow(ctx, task, w.Due[2].ID, nil, now), fault.Conflict)
		late, asked := w.Due[0], w.Due[1]
		late.Outcome, late.DueAt = social.Deferred, now.Add(time.Hour)
		asked.State, asked.Outcome = social.JobAsked, social.Followed
		ok(t, s.SaveFollows(ctx, task, []social.FollowJob{late, asked}, nil, w.Destination, now))
		if got := must(s.GetFollowJob(ctx, u.ID, late.ID))(t); got.State != social.JobCanceled {
			t.Errorf("a canceled job is %s again", got.State)
		}
		if got := must(s.GetFollowJob(ctx, u.ID, asked.ID))(t); got.State != social.JobAsked {
			t.Errorf("what was sent is %s", got.State)
		}
		if got := must(s.GetDestination(ctx, u.ID, d.ID))(t); got.Follow != social.FollowStopped {
			t.Errorf("the worker's result changed the person's stop to %q", got.Follow)
		}
	})
}

// ENG-05, ENG-07: attempt and budgets are stored before anything is sent, and
// survive the process.
func TestENG05BudgetsAreStoredFirst(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, o store.Options) {
		ctx := t.Context()
		u, d := confirmed(t, s, 1)
		planned(t, s, u, d, 1)
		task := claim(t, s, social.FollowTask, d.ID, now)
		w := must(s.FollowWorkFor(ctx, task, now))(t)
		want := social.Budget{Family: social.FollowsFamily, Limit: 400, Remaining: 17, ResetsAt: now.Add(time.Hour), Window: 24 * time.Hour}
		ok(t, s.BeginFollow(ctx, task, w.Due[0].ID, store.Changes(nil, []social.Budget{want}), now))
		other := open(t, o)
		task = claim(t, other, social.FollowTask, d.ID, now.Add(2*time.Minute)) // the first process died
		w = must(other.FollowWorkFor(ctx, task, now.Add(2*time.Minute)))(t)
		if len(w.Budgets) != 1 || w.Budgets[0] != want || w.Due[0].Attempts != 1 {
			t.Errorf("%+v", w)
		}
	})
}

// A job waits for its time, and one domain does not take all places.
func TestFollowWork(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 20)
		matched(t, s, u, func(a social.Account) string {
			if a.NativeID < "1015" {
				return a.Username + "@s" + a.NativeID + ".big.test"
			}
			return a.Username + "@" + a.NativeID + "small.test"
		})
		lookedUp(t, s, now)
		graded(t, s, u, always(social.Certain))
		d := destination(t, s, u)
		planned(t, s, u, d, 20)
		task := claim(t, s, social.FollowTask, d.ID, now)
		w := must(s.FollowWorkFor(ctx, task, now))(t)
		if len(w.Due) != 8 {
			t.Errorf("%d due, want 3 of big.test and 5 others", len(w.Due))
		}
		var jobs []social.FollowJob
		for _, job := range w.Due {
			job.State, job.DueAt = social.JobAsked, now.Add(time.Minute)
			jobs = append(jobs, job)
		}
		jobs[0].State, jobs[0].DueAt = social.JobPlanned, now.Add(time.Second)
		ok(t, s.SaveFollows(ctx, task, jobs, nil, w.Destination, now))
		w = must(s.FollowWorkFor(ctx, task, now))(t)
		if len(w.Due) != 3 || len(w.Confirm) != 0 || !w.NextDue.Equal(now.Add(time.Second)) {
			t.Errorf("%d due, %d to confirm, next %v", len(w.Due), len(w.Confirm), w.NextDue)
		}
		w = must(s.FollowWorkFor(ctx, task, now.Add(time.Minute)))(t)
		if len(w.Confirm) != 7 || !w.NextDue.IsZero() {
			t.Errorf("%d to confirm, next %v", len(w.Confirm), w.NextDue)
		}
	})
}

func TestDestinations(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, d := confirmed(t, s, 2)
		planned(t, s, u, d, 2)
		task := claim(t, s, social.FollowTask, d.ID, now)
		lost := d
		lost.State, lost.Following = social.PermissionLost, 7
		ok(t, s.SaveFollows(ctx, task, nil, nil, lost, now))
		ok(t, s.Settle(ctx, task, time.Time{}, false))
		wantKind(t, must2(s.Claim(ctx, social.FollowTask, d.ID, now, time.Minute)), fault.Conflict)
		again := must(s.SaveDestination(ctx, social.Destination{UserID: u.ID, Host: "home.test", RemoteID: "1",
			Handle: hd(t, "me@home.test"), CreatedAt: now}, social.NewSecret("canary-token")))(t)
		if again.ID != d.ID || again.State != social.Active || again.Following != 7 || again.Follow != social.FollowRunning {
			t.Errorf("%+v", again)
		}
		followAll(t, s, d, now) // it goes on where it stopped
		if all := must(s.ListDestinations(ctx, u.ID))(t); len(all) != 1 {
			t.Errorf("%+v", all)
		}
		other := must(s.SaveUser(ctx, social.User{Host: "b.test", RemoteID: "1", CreatedAt: now}))(t)
		_, err := s.GetDestination(ctx, other.ID, d.ID)
		wantKind(t, err, fault.NotFound)
		_, err = s.PlanFollows(ctx, other.ID, d.ID, now)
		wantKind(t, err, fault.NotFound)
		_, err = s.FollowCounts(ctx, other.ID, d.ID)
		wantKind(t, err, fault.NotFound)
		wantKind(t, s.SetFollowState(ctx, other.ID, d.ID, social.FollowPaused, now), fault.NotFound)
		wantKind(t, s.DeleteDestination(ctx, other.ID, d.ID), fault.NotFound)
		ok(t, s.DeleteDestination(ctx, u.ID, d.ID))
		wantKind(t, s.Ring(ctx, social.FollowTask, d.ID, now), fault.NotFound)
		if n := len(must(s.Budgets(ctx, d.ID))(t)); n != 0 {
			t.Errorf("%d budgets left", n)
		}
	})
}
