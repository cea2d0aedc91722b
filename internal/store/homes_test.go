package store_test

import (
	"fmt"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// neighbours are n Users who follow from one server, their tasks due.
func neighbours(t testing.TB, s *store.Store, n int) (all []social.Destination) {
	t.Helper()
	for i := range n {
		id := social.RemoteID(fmt.Sprint(i))
		u := must(s.SaveUser(t.Context(), social.User{Host: "home.test", RemoteID: id, CreatedAt: now}))(t)
		all = append(all, must(s.SaveDestination(t.Context(), social.Destination{UserID: u.ID, Host: "home.test", RemoteID: id,
			Handle: hd(t, fmt.Sprintf("u%d@home.test", i)), Flavour: social.Mastodon, CreatedAt: now}, social.NewSecret("canary-token")))(t))
	}
	return all
}

func dueFollows(t testing.TB, s *store.Store, at time.Time) (ids []int64, next time.Time) {
	t.Helper()
	due, next, err := s.DueTasks(t.Context(), at, 100)
	ok(t, err)
	for _, task := range due {
		if task.Kind == social.FollowTask {
			ids = append(ids, task.ID)
		}
	}
	return ids, next
}

// TestHomesTakeTurns: of those who follow from one server, whoever was served
// least today is next, two at a time and no more than its pace has places for.
func TestHomesTakeTurns(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		all := neighbours(t, s, 5)
		entry := store.Entry{Requests: 1, Each: time.Second, Burst: 0}
		served := map[int64]int{}
		at, places := now, 2
		for range 25 {
			ids, _ := dueFollows(t, s, at)
			if len(ids) != places {
				t.Fatalf("%d are due, there are %d places", len(ids), places)
			}
			places = 1 // from now on its pace is known
			task := claim(t, s, social.FollowTask, ids[0], at)
			ok(t, s.EnterHome(ctx, task, "home.test", entry, at))
			served[ids[0]]++
			err := s.EnterHome(ctx, task, "home.test", entry, at)
			if wantKind(t, err, fault.Wait); !fault.Until(err).Equal(at.Add(time.Second)) {
				t.Fatalf("the next place is free at %v", fault.Until(err))
			}
			ok(t, s.Settle(ctx, task, at, false))
			if ids, next := dueFollows(t, s, at); len(ids) != 0 || !next.Equal(at.Add(time.Second)) {
				t.Fatalf("%d are due while the door is shut, then at %v", len(ids), next)
			}
			at = at.Add(time.Second)
		}
		for _, d := range all {
			if served[d.ID] != 5 {
				t.Errorf("served %v", served)
			}
		}
		if ids, _ := dueFollows(t, s, at.Add(time.Second)); len(ids) != 2 {
			t.Errorf("%d are due where two places are free", len(ids))
		}
		// A newcomer has them all pass behind.
		newest := must(s.SaveUser(ctx, social.User{Host: "home.test", RemoteID: "new", CreatedAt: now}))(t)
		d := must(s.SaveDestination(ctx, social.Destination{UserID: newest.ID, Host: "home.test", RemoteID: "new",
			Handle: hd(t, "new@home.test"), Flavour: social.Mastodon, CreatedAt: now}, social.NewSecret("canary-token")))(t)
		if ids, _ := dueFollows(t, s, at); ids[0] != d.ID {
			t.Errorf("%v are due, the newcomer is %d", ids, d.ID)
		}
	})
}

// TestHomesAreNotCrowded: no more than two are worked on at once, by however
// many processes.
func TestHomesAreNotCrowded(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		all := neighbours(t, s, 4)
		first := claim(t, s, social.FollowTask, all[0].ID, now)
		claim(t, s, social.FollowTask, all[1].ID, now)
		if ids, _ := dueFollows(t, s, now); len(ids) != 0 {
			t.Errorf("%v are due", ids)
		}
		_, _, err := s.Claim(ctx, social.FollowTask, all[2].ID, now, time.Minute)
		wantKind(t, err, fault.Conflict)
		ok(t, s.Settle(ctx, first, time.Time{}, false))
		claim(t, s, social.FollowTask, all[2].ID, now)
		if _, _, err := s.Claim(ctx, social.FollowTask, all[3].ID, now, time.Minute); err == nil {
			t.Error("a third one")
		}
		claim(t, s, social.FollowTask, all[3].ID, now.Add(2*time.Minute)) // the claims of the others are over
	})
}

// TestOPS08LeftAlone: a server that is to be left alone is asked nothing from
// the moment on at which that is written down.
func TestOPS08LeftAlone(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		all := neighbours(t, s, 2)
		task := claim(t, s, social.FollowTask, all[0].ID, now)
		entry := store.Entry{Requests: 1, Each: time.Second}
		ok(t, s.SaveWishes(ctx, social.Home{Host: "home.test", Alone: true, Cap: 60, Quiet: social.Quiet{From: 60, To: 120, Zone: "Europe/Berlin"}}))
		wantKind(t, s.EnterHome(ctx, task, "home.test", entry, now), fault.Conflict)
		if ids, _ := dueFollows(t, s, now); len(ids) != 0 {
			t.Errorf("%v are due", ids)
		}
		_, _, err := s.Claim(ctx, social.FollowTask, all[1].ID, now, time.Minute)
		wantKind(t, err, fault.Conflict)
		if homes := must(s.ListHomes(ctx))(t); len(homes) != 1 || homes[0].Cap != 60 || homes[0].Quiet.String() != "01:00-02:00" || !homes[0].LeftAlone() {
			t.Errorf("%+v", homes)
		}
		ok(t, s.SaveWishes(ctx, social.Home{Host: "home.test"}))
		ok(t, s.EnterHome(ctx, task, "home.test", entry, now))
		ok(t, s.SaveRobots(ctx, "home.test", true, now.Add(time.Hour)))
		wantKind(t, s.EnterHome(ctx, task, "home.test", entry, now.Add(time.Minute)), fault.Conflict)
		if h := must(s.GetHome(ctx, "home.test"))(t); !h.Shut || !h.RobotsAt.Equal(now.Add(time.Hour)) {
			t.Errorf("%+v", h)
		}
		if h := must(s.GetHome(ctx, "nobody.test"))(t); h != (social.Home{Host: "nobody.test"}) {
			t.Errorf("%+v", h)
		}
	})
}

// TestBudgetsAreShared: the pace towards target hosts, and requests where the
// server counts our address, are one for all who follow from there.
func TestBudgetsAreShared(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		all := neighbours(t, s, 2)
		task := claim(t, s, social.FollowTask, all[0].ID, now)
		save := func(fl social.Flavour, families ...social.Family) {
			t.Helper()
			all[0].Flavour = fl
			must(s.SaveDestination(ctx, all[0], social.NewSecret("canary-token")))(t)
			var list []social.Budget
			for i, f := range families {
				list = append(list, social.Budget{Family: f, Limit: 10, Remaining: 9 - i, ResetsAt: now, Window: time.Minute})
			}
			ok(t, s.SaveFollows(ctx, task, nil, store.Changes(nil, list), all[0], now))
		}
		sees := func(d social.Destination) (families []social.Family) {
			for _, b := range must(s.Budgets(ctx, d.ID))(t) {
				families = append(families, b.Family)
			}
			return families
		}
		save(social.Mastodon, "follows", "requests", "target:a.test")
		if got := fmt.Sprint(sees(all[0]), sees(all[1])); got != "[follows requests target:a.test] [target:a.test]" {
			t.Errorf("mastodon: %s", got)
		}
		save(social.GoToSocial, "requests", "target:b.test")
		if got := fmt.Sprint(sees(all[1])); got != "[requests target:a.test target:b.test]" {
			t.Errorf("gotosocial: %s", got)
		}
		must(s.Sweep(ctx, now.Add(25*time.Hour)))(t)
		if got := sees(all[1]); len(got) != 0 {
			t.Errorf("%v are kept", got)
		}
	})
}

// TestENG05SharedBudgetsAtOnce: two who share a Budget read it, spend of it and
// write it back at the same time. What each used is gone from it, whoever
// writes last, also where both open the next window or make the first row.
func TestENG05SharedBudgetsAtOnce(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		all := neighbours(t, s, 2)
		tasks := []social.Task{claim(t, s, social.FollowTask, all[0].ID, now), claim(t, s, social.FollowTask, all[1].ID, now)}
		const family = "target:a.test"
		read := func() (b social.Budget) {
			for _, x := range must(s.Budgets(ctx, all[0].ID))(t) {
				if x.Family == family {
					b = x
				}
			}
			return b
		}
		write := func(i int, before, after social.Budget) {
			t.Helper()
			var had []social.Budget
			if before.Family != "" {
				had = append(had, before)
			}
			ok(t, s.SaveFollows(ctx, tasks[i], nil, store.Changes(had, []social.Budget{after}), all[i], now))
		}
		for _, step := range []struct {
			name   string
			opens  time.Duration // how far the window moves
			remain [2]int        // as each of the two believes after its act
			want   int
		}{
			{"first row", time.Minute, [2]int{9, 9}, 8},
			{"same window", 0, [2]int{7, 6}, 5},
			{"next window", time.Minute, [2]int{9, 7}, 6},
			{"the server says more", 0, [2]int{5, 9}, 8},
			{"given back", 0, [2]int{9, 9}, 10},
		} {
			before := read()
			for i, remaining := range step.remain {
				after := social.Budget{Family: family, Limit: 10, Remaining: remaining, ResetsAt: before.ResetsAt.Add(step.opens), Window: time.Minute}
				if before.Family == "" {
					after.ResetsAt = now.Add(time.Minute)
				}
				write(i, before, after)
			}
			if got := read(); got.Remaining != step.want {
				t.Errorf("%s: %d remain, want %d", step.name, got.Remaining, step.want)
			}
		}
	})
}
