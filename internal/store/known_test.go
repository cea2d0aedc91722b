package store_test

import (
	"testing"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
)

// jobs lists all the Destination's FollowJobs by their ids.
func jobs(t testing.TB, s *store.Store, d social.Destination) map[int64]social.FollowJob {
	t.Helper()
	all, _, err := s.ListFollowJobs(t.Context(), d.UserID, store.FollowFilter{DestinationID: d.ID, Limit: 200})
	ok(t, err)
	byID := map[int64]social.FollowJob{}
	for _, j := range all {
		byID[j.ID] = j
	}
	return byID
}

func work(t testing.TB, s *store.Store, d social.Destination) store.FollowWork {
	t.Helper()
	task := claim(t, s, social.FollowTask, d.ID, now)
	w := must(s.FollowWorkFor(t.Context(), task, now))(t)
	ok(t, s.Settle(t.Context(), task, now, false))
	return w
}

// TestKnownIdsAreShared: an id that was found once is in every job of the
// server that wants the same identity, and in no other.
func TestKnownIdsAreShared(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, d := confirmed(t, s, 6)
		planned(t, s, u, d, 6)
		jobs := work(t, s, d).Due // three, since they are of one domain
		mine := social.Known{Handle: jobs[0].Handle, ActorID: jobs[0].ActorID, ID: "100", Locked: true}
		ok(t, s.SaveKnown(ctx, d.Host, mine, now))
		ok(t, s.SaveKnown(ctx, d.Host, social.Known{Handle: jobs[1].Handle, ActorID: "https://else.test/1", ID: "101"}, now))
		ok(t, s.SaveKnown(ctx, d.Host, social.Known{Handle: jobs[2].Handle, ID: "102"}, now)) // verified by its name alone
		ok(t, s.SaveKnown(ctx, "other.test", social.Known{Handle: jobs[2].Handle, ActorID: jobs[2].ActorID, ID: "103"}, now))
		for _, again := range []string{"as read", "as stored"} {
			byID := map[int64]social.FollowJob{}
			for _, j := range work(t, s, d).Due {
				byID[j.ID] = j
			}
			if j := byID[jobs[0].ID]; j.RemoteID != "100" || !j.Locked {
				t.Errorf("%s: the known one is %+v", again, j)
			}
			for _, other := range jobs[1:] {
				if j := byID[other.ID]; j.RemoteID != "" {
					t.Errorf("%s: %s got %s", again, j.Handle, j.RemoteID)
				}
			}
		}
		ok(t, s.ForgetKnown(ctx, d.Host, social.Known{Handle: mine.Handle, ID: "99"})) // a newer one stands
		if n := must(s.Knows(ctx, d.Host))(t); n != 3 {
			t.Errorf("%d known", n)
		}
		ok(t, s.ForgetKnown(ctx, d.Host, mine))
		if j := must(s.GetFollowJob(ctx, d.UserID, jobs[0].ID))(t); j.RemoteID != "" {
			t.Errorf("a job keeps an id that is gone: %+v", j)
		}
		must(s.Sweep(ctx, now.Add(31*24*time.Hour)))(t)
		if n := must(s.Knows(ctx, d.Host))(t); n != 0 {
			t.Errorf("%d known after a month", n)
		}
	})
}

// TestKnownIdsWhenPlanned: those who plan later have all known ids at once.
func TestKnownIdsWhenPlanned(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, d := confirmed(t, s, 6)
		planned(t, s, u, d, 6)
		for _, j := range jobs(t, s, d) {
			ok(t, s.SaveKnown(ctx, d.Host, social.Known{Handle: j.Handle, ActorID: j.ActorID, ID: "7" + social.RemoteID(j.Handle.User()), Locked: j.Handle.User() == "user1"}, now))
		}
		ok(t, s.SetFollowState(ctx, u.ID, d.ID, social.FollowStopped, now))
		planned(t, s, u, d, 6)
		for _, j := range jobs(t, s, d) {
			if j.RemoteID != "7"+social.RemoteID(j.Handle.User()) || j.Locked != (j.Handle.User() == "user1") {
				t.Errorf("%s has %q, locked %v", j.Handle, j.RemoteID, j.Locked)
			}
		}
	})
}
