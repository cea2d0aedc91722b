package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

func TestQUE02ReclaimAfterLease(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		ok(t, s.Ring(ctx, social.MatchTask, u.ID, now))
		first, attempts, err := s.Claim(ctx, social.MatchTask, u.ID, now, time.Minute)
		if err != nil || attempts != 1 || first.Claim != 1 {
			t.Fatal(first, attempts, err)
		}
		_, _, err = s.Claim(ctx, social.MatchTask, u.ID, now.Add(59*time.Second), time.Minute)
		wantKind(t, err, fault.Conflict)
		due, next, err := s.DueTasks(ctx, now.Add(59*time.Second), 10)
		if err != nil || len(due) != 0 || !next.Equal(now.Add(time.Minute)) {
			t.Fatal(due, next, err)
		}
		due, _, err = s.DueTasks(ctx, now.Add(time.Minute), 10)
		if err != nil || len(due) != 1 || due[0] != first {
			t.Fatal(due, err)
		}
		second, attempts, err := s.Claim(ctx, social.MatchTask, u.ID, now.Add(time.Minute), time.Minute)
		if err != nil || attempts != 2 || second.Claim != 2 {
			t.Fatal(second, attempts, err)
		}
		wantKind(t, s.SaveCandidates(ctx, first, nil, now), fault.Conflict)
		wantKind(t, s.Settle(ctx, first, time.Time{}, false), fault.Conflict)
		wantKind(t, s.Renew(ctx, first, now, time.Hour), fault.Conflict)
		ok(t, s.Renew(ctx, second, now, time.Hour))
		_, _, err = s.Claim(ctx, social.MatchTask, u.ID, now.Add(59*time.Minute), time.Minute)
		wantKind(t, err, fault.Conflict)
		ok(t, s.SaveCandidates(ctx, second, nil, now))
		ok(t, s.Settle(ctx, second, time.Time{}, false))
		wantKind(t, s.SaveCandidates(ctx, second, nil, now), fault.Conflict)
	})
}

func TestNextDue(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		want := func(at time.Time, kinds ...social.TaskKind) {
			t.Helper()
			if got := must(s.NextDue(ctx, kinds...))(t); !got.Equal(at) {
				t.Errorf("%v: %v, want %v", kinds, got, at)
			}
		}
		want(time.Time{}, social.MatchTask, social.LookUpTask)
		ok(t, s.Ring(ctx, social.MatchTask, u.ID, now.Add(time.Hour)))
		want(now.Add(time.Hour), social.LookUpTask, social.MatchTask)
		want(time.Time{}, social.LookUpTask)
		ok(t, s.Ring(ctx, social.MatchTask, u.ID, now))
		want(now, social.MatchTask)
		_, _, err := s.Claim(ctx, social.MatchTask, u.ID, now, time.Minute)
		ok(t, err)
		want(now.Add(time.Minute), social.MatchTask)
	})
}

func TestRing(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		at := func(m int) time.Time { return now.Add(time.Duration(m) * time.Minute) }
		next := func() time.Time {
			t.Helper()
			_, next, err := s.DueTasks(ctx, now.Add(-time.Hour), 10)
			ok(t, err)
			return next
		}
		wantNext := func(want time.Time) {
			t.Helper()
			if got := next(); !got.Equal(want) {
				t.Fatalf("due at %v, want %v", got, want)
			}
		}
		ok(t, s.Ring(ctx, social.MatchTask, u.ID, at(10)))
		wantNext(at(10))
		ok(t, s.Ring(ctx, social.MatchTask, u.ID, at(20))) // not later
		wantNext(at(10))
		ok(t, s.Ring(ctx, social.MatchTask, u.ID, at(5))) // but earlier
		wantNext(at(5))

		task := claim(t, s, social.MatchTask, u.ID, at(5))
		ok(t, s.Settle(ctx, task, time.Time{}, false))
		wantNext(time.Time{})

		ok(t, s.Ring(ctx, social.MatchTask, u.ID, at(6)))
		task = claim(t, s, social.MatchTask, u.ID, at(6))
		ok(t, s.Ring(ctx, social.MatchTask, u.ID, at(7))) // during the claim: kept
		wantNext(at(7))                                   // the end of the lease, by chance the same
		ok(t, s.Settle(ctx, task, time.Time{}, false))
		wantNext(at(7))
		task = claim(t, s, social.MatchTask, u.ID, at(7))
		ok(t, s.Ring(ctx, social.MatchTask, u.ID, at(9)))
		ok(t, s.Settle(ctx, task, at(30), true))
		wantNext(at(9))
		task, attempts, err := s.Claim(ctx, social.MatchTask, u.ID, at(9), time.Minute)
		if err != nil || attempts != 2 {
			t.Fatalf("attempts %d after one failure, %v", attempts, err)
		}
		ok(t, s.Settle(ctx, task, at(30), false))
		wantNext(at(30))
		_, attempts, err = s.Claim(ctx, social.MatchTask, u.ID, at(30), time.Minute)
		if err != nil || attempts != 1 {
			t.Fatalf("attempts %d after a success, %v", attempts, err)
		}
		wantKind(t, s.Ring(ctx, social.FollowTask, 99, now), fault.NotFound)
		wantKind(t, s.Ring(ctx, "'; DROP", 1, now), fault.Invalid)
		_, _, err = s.Claim(ctx, "'; DROP", -1, now, time.Minute)
		wantKind(t, err, fault.Conflict)
	})
}

// QUE-05: one User with many tasks does not hide those of others, and look-ups
// do not hide anything.
func TestQUE05Fair(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		many := must(s.SaveUser(ctx, social.User{Host: "a.test", RemoteID: "1", CreatedAt: now}))(t)
		for i := range 20 {
			_, _, err := s.CreateSource(ctx, social.Source{UserID: many.ID, Digest: fmt.Sprint(i)}, now)
			ok(t, err)
		}
		few := must(s.SaveUser(ctx, social.User{Host: "a.test", RemoteID: "2", CreatedAt: now}))(t)
		src, _, err := s.CreateSource(ctx, social.Source{UserID: few.ID, Digest: "x"}, now.Add(time.Second))
		ok(t, err)
		due, _, err := s.DueTasks(ctx, now.Add(time.Minute), 2)
		ok(t, err)
		if len(due) != 2 || due[1].ID != src.ID {
			t.Fatalf("due %v, want the second User's %d second", due, src.ID)
		}
	})
}

// ENG-04: workers on several handles of one database, some of them slower than
// their lease; each job is begun once for each claim that holds, and a stale
// worker's result is dropped.
func TestENG04Claims(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, o store.Options) {
		const jobs, stores, workers = 40, 3, 4
		u := imported(t, s, jobs)
		matched(t, s, u, onHosts(jobs)) // ids are in a row: every job has its own domain
		lookedUp(t, s, now)
		graded(t, s, u, always(social.Certain))
		d := destination(t, s, u)
		if n := must(s.PlanFollows(t.Context(), u.ID, d.ID, now))(t); n != jobs {
			t.Fatalf("planned %d", n)
		}
		clock := &atomic.Int64{} // one tick is a minute; a lease lasts one
		results := &sync.Map{}   // job id → *atomic.Int64, results that were taken
		var group sync.WaitGroup
		for range stores {
			other := open(t, o)
			for range workers {
				group.Go(func() { followOne(t, other, d.ID, clock, results) })
			}
		}
		group.Wait()
		for i := range must(s.FollowCounts(t.Context(), u.ID, d.ID))(t).ByOutcome {
			if i != social.Followed {
				t.Errorf("outcome %s", i)
			}
		}
		n := 0
		results.Range(func(id, count any) bool {
			if n++; count.(*atomic.Int64).Load() != 1 {
				t.Errorf("job %d has %d results", id, count.(*atomic.Int64).Load())
			}
			return true
		})
		if n != jobs {
			t.Errorf("%d of %d jobs have a result", n, jobs)
		}
	})
}

// followOne works until nothing is planned; every third claim outlives its lease.
func followOne(t *testing.T, s *store.Store, id int64, clock *atomic.Int64, results *sync.Map) {
	ctx := context.Background()
	for {
		at := now.Add(time.Duration(clock.Add(1)) * 10 * time.Second)
		task, _, err := s.Claim(ctx, social.FollowTask, id, at, time.Minute)
		if fault.Is(err, fault.Conflict) {
			due, next, err := s.DueTasks(ctx, at, 10)
			if err != nil {
				t.Error(err)
				return
			}
			if len(due) == 0 && next.IsZero() {
				return // nothing is left
			}
			continue
		}
		if err != nil {
			t.Error(err)
			return
		}
		if done, err := followStep(ctx, s, task, at, clock, results); err != nil && !fault.Is(err, fault.Conflict) {
			t.Error(err)
			return
		} else if done {
			return
		}
	}
}

func followStep(ctx context.Context, s *store.Store, task social.Task, at time.Time, clock *atomic.Int64, results *sync.Map) (done bool, err error) {
	w, err := s.FollowWorkFor(ctx, task, at)
	if err != nil {
		return false, err
	}
	if len(w.Due) == 0 {
		return true, s.Settle(ctx, task, time.Time{}, false)
	}
	job := w.Due[0]
	if err := s.BeginFollow(ctx, task, job.ID, nil, at); err != nil {
		return false, err
	}
	if task.Claim%3 == 0 {
		clock.Add(7) // the call took longer than the lease: anybody may take over
		if _, _, err := s.Claim(ctx, task.Kind, task.ID, now.Add(time.Duration(clock.Load())*10*time.Second), 0); err != nil {
			return false, err
		}
	}
	job.State, job.Outcome = social.JobDone, social.Followed
	if err := s.SaveFollows(ctx, task, []social.FollowJob{job}, nil, w.Destination, at); err != nil {
		return false, err
	}
	count, _ := results.LoadOrStore(job.ID, &atomic.Int64{})
	count.(*atomic.Int64).Add(1)
	return false, s.Settle(ctx, task, at, false)
}

// STO-07: a cancelled query never gives another one's row.
func TestSTO07CancelledQueries(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		var users []social.User
		for i := range 20 {
			users = append(users, must(s.SaveUser(ctx, social.User{Host: "a.test", RemoteID: social.RemoteID(fmt.Sprint(i)), CreatedAt: now}))(t))
		}
		var group sync.WaitGroup
		for i := range 500 {
			group.Go(func() {
				want := users[i%len(users)]
				ctx, cancel := context.WithCancel(ctx)
				if i%2 == 0 {
					go cancel()
				}
				defer cancel()
				got, err := s.GetUser(ctx, want.ID)
				if err == nil && got.ID != want.ID {
					t.Errorf("asked for %d, got %d", want.ID, got.ID)
				}
			})
		}
		group.Wait()
		for _, u := range users {
			if got := must(s.GetUser(ctx, u.ID))(t); got != u {
				t.Errorf("%+v became %+v", u, got)
			}
		}
	})
}
