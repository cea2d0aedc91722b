package store_test

import (
	"fmt"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// withPages reads n Accounts of which each names a page of its own.
func withPages(t *testing.T, s *store.Store, u social.User, page func(social.Account) string) {
	t.Helper()
	task := claim(t, s, social.MatchTask, u.ID, now)
	for {
		accounts := must(s.NewAccounts(t.Context(), u.ID, 500))(t)
		if len(accounts) == 0 {
			break
		}
		var all []store.Candidates
		for _, a := range accounts {
			all = append(all, store.Candidates{AccountID: a.ID, Pages: []string{page(a)}})
		}
		ok(t, s.SaveCandidates(t.Context(), task, all, now))
	}
	ok(t, s.Settle(t.Context(), task, time.Time{}, false))
}

// TestPagesAreAskedFor: no page is read before its User asks; then so many in a
// day, each again after a month; what a page told reaches the Account.
func TestPagesAreAskedFor(t *testing.T) {
	const people, perDay = 250, 200
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, people)
		withPages(t, s, u, func(a social.Account) string { return fmt.Sprintf("https://linktr.ee/%d", a.ID) })
		if c := must(s.PageCounts(ctx, u.ID))(t); c != (store.PageCounts{Unread: people}) {
			t.Errorf("%+v", c)
		}
		due, _, err := s.DueTasks(ctx, now, 10)
		if err != nil || len(due) != 0 {
			t.Errorf("something is due before anybody asked: %v %v", due, err)
		}
		if n, again := must(s.AskPages(ctx, u.ID, now))(t), must(s.AskPages(ctx, u.ID, now.Add(time.Hour)))(t); n != perDay || again != 0 {
			t.Errorf("%d pages, then %d", n, again)
		}
		due, _, err = s.DueTasks(ctx, now, 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("%v %v", due, err)
		}
		task := claim(t, s, social.LookUpTask, due[0].ID, now)
		at := now.Add(time.Second)
		d, p, next, err := s.NextPage(ctx, task, at)
		if err != nil || d.DayCount != 1 || !next.Equal(at) && !next.Equal(now) {
			t.Fatalf("%+v %v %v", d, next, err)
		}
		links := []social.PageLink{{URL: "https://mudflat.test/@a", Me: true}}
		ok(t, s.SaveLinkPage(ctx, task, d, p, social.LinkPage{State: social.Found, Links: links, CheckedAt: at}, time.Time{}, at))
		told := must(s.NewAccounts(ctx, u.ID, 10))(t)
		if len(told) != 1 || len(told[0].Pages) != 1 || told[0].Pages[0].URL != p.URL || fmt.Sprint(told[0].Pages[0].Links) != fmt.Sprint(links) {
			t.Errorf("%+v", told)
		}
		d, p, _, err = s.NextPage(ctx, task, at)
		ok(t, err)
		ok(t, s.SaveLinkPage(ctx, task, d, p, social.LinkPage{State: social.Ill}, at.Add(time.Hour), at))
		if c := must(s.PageCounts(ctx, u.ID))(t); c != (store.PageCounts{Unread: people - perDay, Due: perDay - 1, Read: 1}) {
			t.Errorf("%+v", c)
		}
		if n := must(s.AskPages(ctx, u.ID, now.Add(25*time.Hour)))(t); n != people-perDay {
			t.Errorf("%d pages the day after", n)
		}
		if n := must(s.AskPages(ctx, u.ID, now.Add(32*24*time.Hour)))(t); n != 1 {
			t.Errorf("%d pages a month later", n)
		}
		must(s.Forget(ctx, u.ID))(t)
		if _, _, _, err := s.NextPage(ctx, task, at); !fault.Is(err, fault.NotFound) {
			t.Errorf("a page outlives its User: %v", err)
		}
	})
}
