package bridge

import (
	"fmt"
	"testing"
	"time"

	"godwit/internal/social"
)

func due(t testing.TB, id int64, h string) social.FollowJob {
	job := planned(t)
	job.ID, job.Handle = id, handle(t, h)
	return job
}

func waitingCheck(t testing.TB, n int, at time.Time) []social.FollowJob {
	jobs := make([]social.FollowJob, n)
	for i := range jobs {
		jobs[i] = due(t, int64(100+i), fmt.Sprintf("c%d@c.test", i))
		jobs[i].State, jobs[i].AskedAt, jobs[i].DueAt = social.JobAsked, at.Add(-firstCheck), at
	}
	return jobs
}

// TestNext is one decision, by what waits.
func TestNext(t *testing.T) {
	a, b := due(t, 1, "a@one.test"), due(t, 2, "b@two.test")
	found := b
	found.RemoteID = "9"
	tried := a
	tried.Attempts, tried.UpdatedAt = 1, monday.Add(-time.Second)
	noFollows := social.Budget{Family: social.FollowsFamily, Limit: 400, Remaining: 10, Window: day, ResetsAt: monday.Add(time.Hour)}
	noRequests := social.Budget{Family: social.RequestsFamily, Limit: 300, Remaining: 10, Window: requestsWindow, ResetsAt: monday.Add(time.Minute)}
	oneSpent := social.Budget{Family: "target:one.test", Limit: 10, Remaining: 0, Window: targetWindow, ResetsAt: monday.Add(50 * time.Second)}
	oneUsed := oneSpent
	oneUsed.Remaining = 9
	j, dj := jitter(requestsWindow, 7), jitter(day, 7)
	later := monday.Add(3 * time.Hour)
	for _, c := range []struct {
		name  string
		w     Work
		kind  ActKind
		job   int64
		batch int
		until time.Time
		why   social.Reason
	}{
		{"nothing", Work{}, Rest, 0, 0, time.Time{}, ""},
		{"nothing yet", Work{NextDue: later}, Rest, 0, 0, later, ""},
		{"the most certain first", Work{Due: []social.FollowJob{a, b}}, Ask, 1, 0, time.Time{}, ""},
		{"a found one before it", Work{Due: []social.FollowJob{a, found}}, Ask, 2, 0, time.Time{}, ""},
		{"the host less used", Work{Due: []social.FollowJob{a, b}, Budgets: []social.Budget{oneUsed}}, Ask, 2, 0, time.Time{}, ""},
		{"the host's turn over", Work{Due: []social.FollowJob{a}, Budgets: []social.Budget{oneSpent}}, Rest, 0, 0, oneSpent.ResetsAt, social.ReasonGentle},
		{"the day is over", Work{Due: []social.FollowJob{a}, Budgets: []social.Budget{noFollows}}, Rest, 0, 0, noFollows.ResetsAt.Add(dj), social.ReasonDay},
		{"the day is over, something is due before", Work{Due: []social.FollowJob{a}, Budgets: []social.Budget{noFollows}, NextDue: monday.Add(time.Minute)}, Rest, 0, 0, monday.Add(time.Minute), social.ReasonDay},
		{"the day is over, checks go on", Work{Due: []social.FollowJob{a}, Confirm: waitingCheck(t, 20, monday), Budgets: []social.Budget{noFollows}}, Recheck, 0, 20, time.Time{}, ""},
		{"requests used up", Work{Due: []social.FollowJob{a}, Confirm: waitingCheck(t, 20, monday), Budgets: []social.Budget{noRequests}}, Rest, 0, 0, noRequests.ResetsAt.Add(j), social.ReasonGentle},
		{"a full batch first", Work{Due: []social.FollowJob{a}, Confirm: waitingCheck(t, 25, monday)}, Recheck, 0, 20, time.Time{}, ""},
		{"a small batch waits", Work{Due: []social.FollowJob{a}, Confirm: waitingCheck(t, 5, monday)}, Ask, 1, 0, time.Time{}, ""},
		{"for an hour, while others can be asked", Work{Due: []social.FollowJob{a}, Confirm: waitingCheck(t, 5, monday.Add(time.Second-busyPatience))}, Ask, 1, 0, time.Time{}, ""},
		{"not for ever", Work{Due: []social.FollowJob{a}, Confirm: waitingCheck(t, 5, monday.Add(-busyPatience))}, Recheck, 0, 5, time.Time{}, ""},
		{"nor for long, where nobody can be asked", Work{Due: []social.FollowJob{a}, Confirm: waitingCheck(t, 5, monday.Add(-firstPatience)), Budgets: []social.Budget{noFollows}}, Recheck, 0, 5, time.Time{}, ""},
		{"the last batch", Work{Confirm: waitingCheck(t, 5, monday), NextDue: later}, Recheck, 0, 5, time.Time{}, ""},
		{"the last batch but one joins soon", Work{Confirm: waitingCheck(t, 5, monday), NextDue: monday.Add(time.Second)}, Rest, 0, 0, monday.Add(time.Second), ""},
		{"an attempt that was cut off", Work{Due: []social.FollowJob{tried}}, Rest, 0, 0, monday.Add(29 * time.Second), social.ReasonGentle},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.w.Destination = home(t, social.Mastodon)
			act, until := Next(c.w, monday)
			if act.Kind != c.kind || act.Job.ID != c.job || len(act.Batch) != c.batch || act.Why != c.why {
				t.Errorf("kind %d, job %d, batch of %d, why %q", act.Kind, act.Job.ID, len(act.Batch), act.Why)
			}
			if !until.Equal(c.until) {
				t.Errorf("until %v, want %v", until, c.until)
			}
		})
	}
}

// TestENG16NothingMovesUnlessRunning has everything due and the Destination stopped.
func TestENG16NothingMovesUnlessRunning(t *testing.T) {
	for _, state := range []social.DestinationState{social.Active, social.PermissionLost, social.Disabled, social.LimitReached} {
		for _, follow := range []social.FollowState{social.FollowIdle, social.FollowPaused, social.FollowStopped, social.FollowRunning} {
			w := Work{Destination: home(t, social.Mastodon), Due: []social.FollowJob{due(t, 1, "a@one.test")}, Confirm: waitingCheck(t, 20, monday)}
			w.Destination.State, w.Destination.Follow = state, follow
			act, until := Next(w, monday)
			runs := state == social.Active && follow == social.FollowRunning
			if (act.Kind != Rest) != runs || !runs && !until.IsZero() {
				t.Errorf("%s %s: act %d until %v", state, follow, act.Kind, until)
			}
		}
	}
}

// TestNextTakesHostsInTurn asks three hosts, a hundred accounts each, the first
// ones most certain: no host is asked more than once more than another.
func TestNextTakesHostsInTurn(t *testing.T) {
	w := Work{Destination: home(t, social.Mastodon)}
	for i := range 9 {
		w.Due = append(w.Due, due(t, int64(i+1), fmt.Sprintf("u%d@h%d.test", i, i/3)))
	}
	asked := map[string]int{}
	for range 15 {
		act, _ := Next(w, monday)
		asked[act.Job.Handle.Host()]++
		w.Budgets = Spend(w.Budgets, w.Destination, act, monday)
	}
	for host, n := range asked {
		if n != 5 {
			t.Errorf("%s asked %d times of 15", host, n)
		}
	}
}
