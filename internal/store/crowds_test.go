package store_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// fan is one of very many who want to follow one account.
type fan struct {
	d   social.Destination
	job social.FollowJob
}

// fans have planned to follow one account, one after the other, and found it.
func fans(t *testing.T, s *store.Store, n int) (all []*fan) {
	t.Helper()
	for i, d := range neighbours(t, s, n) {
		u := must(s.GetUser(t.Context(), d.UserID))(t)
		importInto(t, s, u, fmt.Sprint("list", i), 1)
		matched(t, s, u, onHosts(1))
		if i == 0 {
			lookedUp(t, s, now)
		}
		graded(t, s, u, always(social.Certain))
		planned(t, s, u, d, 1)
		jobs, _, err := s.ListFollowJobs(t.Context(), u.ID, store.FollowFilter{DestinationID: d.ID, Limit: 1})
		ok(t, err)
		f := &fan{d, jobs[0]}
		f.job.RemoteID = "77"
		f.act(t, s, now, func(task social.Task) {
			ok(t, s.SaveFollows(t.Context(), task, []social.FollowJob{f.job}, nil, d, now))
		})
		all = append(all, f)
	}
	return all
}

func (f *fan) act(t *testing.T, s *store.Store, at time.Time, act func(social.Task)) {
	t.Helper()
	ok(t, s.Ring(t.Context(), social.FollowTask, f.d.ID, at))
	task := claim(t, s, social.FollowTask, f.d.ID, at)
	act(task)
	ok(t, s.Settle(t.Context(), task, time.Time{}, false))
}

// ask sends the follow, if it may be sent now.
func (f *fan) ask(t *testing.T, s *store.Store, at time.Time) (sent bool) {
	t.Helper()
	f.act(t, s, at, func(task social.Task) {
		w := must(s.FollowWorkFor(t.Context(), task, at))(t)
		if len(w.Due) == 0 {
			return
		}
		if err := s.BeginFollow(t.Context(), task, f.job.ID, nil, at); fault.Is(err, fault.Conflict) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		job := w.Due[0]
		job.State, job.Outcome, job.AskedAt = social.JobAsked, social.Followed, at
		ok(t, s.SaveFollows(t.Context(), task, []social.FollowJob{job}, nil, w.Destination, at))
		sent = true
	})
	return sent
}

// TestENG09Crowd: very many people follow one account. It gets 200 new follows
// a day, those who planned first come first, and who presses "retry all" or
// comes late overtakes nobody.
func TestENG09Crowd(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		n, days := 215, []int{200, 15}
		if os.Getenv("GODWIT_SOAK") == "1" {
			n, days = 420, []int{200, 200, 20}
		}
		all := fans(t, s, n)
		for day, want := range days {
			at := now.Add(time.Duration(day) * 24 * time.Hour)
			sent := 0
			for i := range all {
				f := all[i]
				if day == 1 { // in the opposite order
					f = all[len(all)-1-i]
				}
				sentNow := f.ask(t, s, at)
				if sentNow {
					sent++
				}
				if day == 0 && !sentNow {
					must(s.RetryFollows(t.Context(), f.d.UserID, f.d.ID, 0, at))(t)
					if f.ask(t, s, at) {
						t.Error("a retry made room for one more")
					}
				}
			}
			if sent != want {
				t.Errorf("day %d: %d were sent, want %d", day, sent, want)
			}
		}
	})
}
