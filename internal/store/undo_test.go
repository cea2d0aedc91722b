package store_test

import (
	"fmt"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// TestUndoTakesExactlyOurs: what Godwit followed or may have followed is undone,
// and nothing else, whatever state it is in.
func TestUndoTakesExactlyOurs(t *testing.T) {
	rows := []struct {
		job  social.FollowJob
		ours bool
	}{
		{social.FollowJob{State: social.JobAsked, Outcome: social.Followed}, true},
		{social.FollowJob{State: social.JobAsked, Outcome: social.Requested}, true},
		{social.FollowJob{State: social.JobAsked, Outcome: social.Deferred, Reason: social.ReasonUnclear}, true},
		{social.FollowJob{State: social.JobAsked, Outcome: social.Requested, Reason: social.ReasonOwnAsk}, false},
		{social.FollowJob{State: social.JobDone, Outcome: social.Followed}, true},
		{social.FollowJob{State: social.JobDone, Outcome: social.Followed, Reason: social.ReasonStays}, true},
		{social.FollowJob{State: social.JobDone, Outcome: social.Requested}, true},
		{social.FollowJob{State: social.JobDone, Outcome: social.Moved, Reason: social.ReasonMoved}, true},
		{social.FollowJob{State: social.JobDone, Outcome: social.Moved, Reason: social.ReasonMovedClaim}, false},
		{social.FollowJob{State: social.JobDone, Outcome: social.Already}, false},
		{social.FollowJob{State: social.JobDone, Outcome: social.Declined, Reason: social.ReasonThem}, false},
		{social.FollowJob{State: social.JobDone, Outcome: social.Gone, Reason: social.ReasonGone}, false},
		{social.FollowJob{State: social.JobDone, Outcome: social.Deferred, Reason: social.ReasonGaveUp}, true},
		{social.FollowJob{State: social.JobDone, Outcome: social.Deferred, Reason: social.ReasonMismatch}, false},
		{social.FollowJob{State: social.JobDone, Outcome: social.Undone}, false},
		{social.FollowJob{State: social.JobPlanned}, false},
		{social.FollowJob{State: social.JobPlanned, Attempts: 1}, true}, // a follow may be on its way
		{social.FollowJob{State: social.JobPlanned, Outcome: social.Deferred, Reason: social.ReasonHost}, false},
	}
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, d := confirmed(t, s, len(rows))
		planned(t, s, u, d, len(rows))
		task := claim(t, s, social.FollowTask, d.ID, now)
		jobs, _, err := s.ListFollowJobs(ctx, u.ID, store.FollowFilter{DestinationID: d.ID, Limit: 100})
		ok(t, err)
		want := 0
		ours := map[int64]bool{}
		for i, row := range rows {
			job := row.job
			job.ID, job.RemoteID, job.Checks, job.DueAt = jobs[i].ID, social.RemoteID(fmt.Sprint(i+1)), 1, now
			if job.State == social.JobAsked || job.State == social.JobDone {
				job.AskedAt = now
			}
			ok(t, s.SaveFollows(ctx, task, []social.FollowJob{job}, nil, d, now))
			if ours[job.ID] = row.ours; row.ours {
				want++
			}
		}
		if n := must(s.Undoable(ctx, u.ID, d.ID))(t); n != want {
			t.Errorf("%d can be undone, want %d", n, want)
		}
		if n := must(s.UndoFollows(ctx, u.ID, d.ID, now))(t); n != want {
			t.Errorf("%d are to be undone, want %d", n, want)
		}
		for i, row := range rows {
			job := must(s.GetFollowJob(ctx, u.ID, jobs[i].ID))(t)
			if (job.State == social.JobUndoing) != row.ours || job.Outcome != row.job.Outcome || job.State == social.JobPlanned {
				t.Errorf("%+v became %s %s", row.job, job.State, job.Outcome)
			}
		}
		due := 0
		for _, job := range must(s.FollowWorkFor(ctx, task, now.Add(time.Hour)))(t).Due {
			if due++; !ours[job.ID] || job.State != social.JobUndoing {
				t.Errorf("handed out: %+v", job)
			}
		}
		if due == 0 {
			t.Errorf("%d handed out", due)
		}
	})
}

// TestUndoAgainstLateAnswers: an answer that was under way when the person
// pressed undo, or stopped it, does not turn their wish around.
func TestUndoAgainstLateAnswers(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, d := confirmed(t, s, 3)
		planned(t, s, u, d, 3)
		task := claim(t, s, social.FollowTask, d.ID, now)
		late := must(s.FollowWorkFor(ctx, task, now))(t).Due[0]
		late.RemoteID = "7"
		ok(t, s.SaveFollows(ctx, task, []social.FollowJob{late}, nil, d, now))
		ok(t, s.BeginFollow(ctx, task, late.ID, nil, now))
		must(s.UndoFollows(ctx, u.ID, d.ID, now))(t)
		sent := late
		sent.State, sent.Outcome, sent.AskedAt, sent.DueAt = social.JobAsked, social.Followed, now, now.Add(24*time.Hour)
		ok(t, s.SaveFollows(ctx, task, []social.FollowJob{sent}, nil, d, now))
		w := must(s.FollowWorkFor(ctx, task, now.Add(time.Minute)))(t)
		if len(w.Due) != 1 || w.Due[0].State != social.JobUndoing || w.Due[0].Outcome != social.Followed {
			t.Fatalf("to be undone: %+v", w.Due)
		}
		ok(t, s.BeginFollow(ctx, task, late.ID, nil, now))
		ok(t, s.SetFollowState(ctx, u.ID, d.ID, social.FollowStopped, now))
		wantKind(t, s.BeginFollow(ctx, task, late.ID, nil, now), fault.Conflict)
		again := w.Due[0]
		again.Attempts, again.DueAt = 1, now.Add(time.Hour)
		ok(t, s.SaveFollows(ctx, task, []social.FollowJob{again}, nil, d, now))
		if job := must(s.GetFollowJob(ctx, u.ID, late.ID))(t); job.State != social.JobAsked {
			t.Errorf("after the stop it is %s", job.State)
		}
		must(s.UndoFollows(ctx, u.ID, d.ID, now))(t)
		done := again
		done.State, done.Outcome = social.JobDone, social.Undone
		ok(t, s.SetFollowState(ctx, u.ID, d.ID, social.FollowStopped, now))
		ok(t, s.SaveFollows(ctx, task, []social.FollowJob{done}, nil, d, now))
		if job := must(s.GetFollowJob(ctx, u.ID, late.ID))(t); job.Outcome != social.Undone {
			t.Errorf("it was undone, and is %s %s", job.State, job.Outcome)
		}
		planned(t, s, u, d, 2) // the two that were never sent; nobody is followed anew right after
		_, err := s.UndoFollows(ctx, u.ID+1, d.ID, now)
		wantKind(t, err, fault.NotFound)
	})
}
