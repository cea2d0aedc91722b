package store_test

import (
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

func pages(t *testing.T, s *store.Store, p social.Pull) (all []string) {
	t.Helper()
	ok(t, s.PullPages(t.Context(), p, func(body string) error { all = append(all, body); return nil }))
	return all
}

// A reading over an API goes on where it stopped, and what it may have cost is
// never forgotten.
func TestPulls(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		wish := social.Pull{UserID: u.ID, Host: "api.x.test", AccountID: "700", Kind: social.PullFollowing}
		p := must(s.BeginPull(ctx, wish, now))(t)
		p = must(s.ReservePull(ctx, p, 1000, now))(t)
		p = must(s.SavePage(ctx, p, social.PullPage{Body: []byte("{\"a\":\"\xff\x00\"}"), Next: "T2", Entries: 2}, 600, now))(t)
		if p.Cursor != "T2" || p.Pages != 1 || p.Entries != 2 || p.Spent != 400 || p.Done {
			t.Errorf("after a page: %+v", p)
		}
		again := must(s.BeginPull(ctx, wish, now.Add(time.Hour)))(t)
		if again != p {
			t.Errorf("begun again: %+v, want %+v", again, p)
		}
		late := must(s.ReservePull(ctx, p, 500, now))(t)
		until := now.Add(15 * time.Minute)
		if late = must(s.DelayPull(ctx, late, 500, until, now))(t); late.Spent != 400 || !late.DueAt.Equal(until) {
			t.Errorf("after a refusal: %+v", late)
		}
		if sum := must(s.PullsSpent(ctx, u.ID, "api.x.test", []social.PullKind{social.PullFollowing, social.PullPosts}))(t); sum != 400 {
			t.Errorf("spent %v", sum)
		}
		if sum := must(s.PullsSpent(ctx, u.ID, "api.x.test", []social.PullKind{social.PullPosts}))(t); sum != 0 {
			t.Errorf("spent for others %v", sum)
		}
		old := p
		p = must(s.SavePage(ctx, p, social.PullPage{Body: []byte("[]"), Entries: 1}, -100, now))(t)
		if !p.Done || p.Spent != 500 || p.Entries != 3 || !p.DueAt.IsZero() {
			t.Errorf("after the last page: %+v", p)
		}
		for _, err := range []error{
			func() error {
				_, err := s.SavePage(ctx, old, social.PullPage{Body: []byte("late")}, 0, now)
				return err
			}(),
			func() error { _, err := s.ReservePull(ctx, old, 5, now); return err }(),
		} {
			wantKind(t, err, fault.Conflict)
		}
		if all := pages(t, s, p); len(all) != 2 || all[0] != "{\"a\":\"\uFFFD\"}" || all[1] != "[]" {
			t.Errorf("pages %q", all)
		}
		if n, size, err := s.PullSize(ctx, p); err != nil || n != 2 || size != int64(len("{\"a\":\"\uFFFD\"}[]")) {
			t.Errorf("size %d, %d, %v", n, size, err)
		}
		ok(t, s.DropPages(ctx, p))
		if all := pages(t, s, p); len(all) != 0 {
			t.Errorf("still there: %q", all)
		}
		if p = must(s.RestartPull(ctx, p, now))(t); p.Done || p.Spent != 0 || p.Cursor != "" || p.Pages != 2 {
			t.Errorf("anew: %+v", p)
		}
	})
}

// What strangers write of themselves does not lie about: pages that nobody comes
// back for are gone after a day, the place at which they stopped after a month.
func TestREG11PullPagesEnd(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		begin := func(kind social.PullKind) social.Pull {
			return must(s.BeginPull(ctx, social.Pull{UserID: u.ID, Host: "api.x.test", AccountID: "700", Kind: kind}, now))(t)
		}
		kept, bare := begin(social.PullFollowing), begin(social.PullPosts)
		must(s.SavePage(ctx, kept, social.PullPage{Body: []byte("canary"), Next: "T1"}, 0, now))(t)
		bare = must(s.SavePage(ctx, bare, social.PullPage{Body: []byte("canary"), Next: "T1"}, 0, now))(t)
		ok(t, s.DropPages(ctx, bare))
		for _, step := range []struct {
			after time.Duration
			gone  int
		}{{23 * time.Hour, 0}, {25 * time.Hour, 1}, {29 * 24 * time.Hour, 0}, {31 * 24 * time.Hour, 1}} {
			if n := must(s.Sweep(ctx, now.Add(step.after)))(t); n != step.gone {
				t.Errorf("after %v: %d rows went, want %d", step.after, n, step.gone)
			}
		}
		kept = begin(social.PullFollowing)
		must(s.SavePage(ctx, kept, social.PullPage{Body: []byte("canary"), Next: "T1"}, 0, now))(t)
		var out strings.Builder
		ok(t, s.ExportUser(ctx, u.ID, &out))
		if !strings.Contains(out.String(), `"canary"`) || !strings.Contains(out.String(), `"api.x.test"`) {
			t.Error("not in the User's export")
		}
		must(s.Forget(ctx, u.ID))(t)
		if n, _, err := s.PullSize(ctx, social.Pull{ID: kept.ID, Pages: 9}); err != nil || n != 0 {
			t.Errorf("%d pages outlived the User, %v", n, err)
		}
	})
}

func TestUnnamed(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		task, src := reading(t, s, u, "d")
		nameless := func(i int) social.Account { a := account(i); a.Username = ""; return a }
		elsewhere := nameless(5)
		elsewhere.Network = social.Bluesky
		ok(t, s.SaveRecords(ctx, task, []social.Record{following(account(1)), following(nameless(2)), following(nameless(3)), following(elsewhere),
			{Edge: social.Follower, Account: nameless(4)}}))
		ok(t, s.FinishSource(ctx, task, src, now))
		first := must(s.Unnamed(ctx, u.ID, 0, 1))(t)
		if n := must(s.CountUnnamed(ctx, u.ID, 0))(t); n != 2 || len(first) != 1 || first[0].NativeID != "1002" {
			t.Errorf("%d, %+v", n, first)
		}
		rest := must(s.Unnamed(ctx, u.ID, first[0].ID, 9))(t)
		if len(rest) != 1 || rest[0].NativeID != "1003" {
			t.Errorf("the rest is %+v", rest)
		}
	})
}
