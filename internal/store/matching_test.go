package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// Look-ups are shared: what one User asked is not asked again for another
// while it is fresh.
func TestLookUpsAreShared(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		same := func(a social.Account) string { return "Alice@Example.Social" }
		a := imported(t, s, 2)
		matched(t, s, a, same)
		if asked := lookedUp(t, s, now); len(asked) != 1 {
			t.Fatalf("asked %v", asked)
		}
		b := must(s.SaveUser(ctx, social.User{Host: "b.test", RemoteID: "1", CreatedAt: now}))(t)
		importInto(t, s, b, "d", 1)
		matched(t, s, b, func(social.Account) string { return "alice@example.social" })
		if asked := lookedUp(t, s, now); len(asked) != 0 {
			t.Fatalf("asked again: %v", asked)
		}
		if got := must(s.MatchCounts(ctx, b.ID))(t); got.Looking != 0 {
			t.Errorf("still looking: %+v", got)
		}
		graded(t, s, b, always(social.Likely))
		if got := must(s.MatchCounts(ctx, b.ID))(t); got.Likely != 1 || got.Found != 1 {
			t.Errorf("%+v", got)
		}
		// Two days later the answer is stale: the next one who wants it asks.
		ok(t, s.Ring(ctx, social.MatchTask, b.ID, now))
		task := claim(t, s, social.MatchTask, b.ID, now.Add(48*time.Hour))
		id := matches(t, s, b, store.MatchFilter{})[0].Account.ID
		ok(t, s.SaveCandidates(ctx, task, []store.Candidates{{AccountID: id, Matches: []social.Match{{Asked: hd(t, "alice@example.social")}}}}, now.Add(48*time.Hour)))
		if asked := lookedUp(t, s, now.Add(48*time.Hour)); len(asked) != 1 {
			t.Fatalf("asked %v", asked)
		}
	})
}

func matches(t testing.TB, s *store.Store, u social.User, f store.MatchFilter) []social.Match {
	t.Helper()
	if f.Limit == 0 {
		f.Limit = 200
	}
	all, total, err := s.ListMatches(t.Context(), u.ID, f)
	ok(t, err)
	if f.Offset == 0 && total <= f.Limit && len(all) != total {
		t.Fatalf("%d rows, but a total of %d", len(all), total)
	}
	return all
}

// NET-04: one domain is asked 2,000 handles a day, whatever its subdomains and
// ports are, and a User causes 20,000 look-ups a day.
func TestNET04Days(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 1)
		task := claim(t, s, social.MatchTask, u.ID, now)
		accounts := must(s.NewAccounts(ctx, u.ID, 1))(t)
		c := store.Candidates{AccountID: accounts[0].ID}
		for i := range 20003 {
			h := fmt.Sprintf("u%d@d%d.test", i, i/4)
			if i < 2100 {
				h = fmt.Sprintf("u%d@s%d.many.example.social:%d", i, i%7, 8000+i%3)
			}
			c.Matches = append(c.Matches, social.Match{Asked: hd(t, h)})
		}
		ok(t, s.SaveCandidates(ctx, task, []store.Candidates{c}, now))
		tomorrow := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
		var today, later int
		row := s.WriteDB().QueryRowContext(ctx, `SELECT count(CASE WHEN due_at = $1 THEN 1 END), count(CASE WHEN due_at = $2 THEN 1 END) FROM lookups`,
			now.UnixMicro(), tomorrow.UnixMicro())
		if ok(t, row.Scan(&today, &later)); today != 20000 || later != 3 {
			t.Errorf("%d due today, %d tomorrow", today, later)
		}
		var id int64
		ok(t, s.WriteDB().QueryRowContext(ctx, `SELECT id FROM domains WHERE name = 'example.social'`).Scan(&id))
		look := claim(t, s, social.LookUpTask, id, now)
		must(s.WriteDB().ExecContext(ctx, `UPDATE domains SET day = '2026-11-20', day_count = 1990`))(t)
		asked := 0
		for {
			d, l, next, err := s.NextLookUp(ctx, look, now)
			if fault.Is(err, fault.NotFound) {
				if !next.Equal(tomorrow) {
					t.Errorf("the next one is due at %v", next)
				}
				break
			}
			ok(t, err)
			asked++
			ok(t, s.SaveResolution(ctx, look, d, found(l.Handle, now), time.Time{}, 0, now))
		}
		if asked != 10 {
			t.Errorf("%d handles asked after 1990 of the day", asked)
		}
		if _, _, _, err := s.NextLookUp(ctx, look, tomorrow); err != nil {
			t.Error(err)
		}
	})
}

func TestIllDomains(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 2)
		matched(t, s, u, func(a social.Account) string { return a.Username + "@a.test" })
		due, _, err := s.DueTasks(ctx, now, 10)
		ok(t, err)
		task := claim(t, s, social.LookUpTask, due[len(due)-1].ID, now)
		d, look, _, err := s.NextLookUp(ctx, task, now)
		ok(t, err)
		again := now.Add(time.Hour)
		d.Failures, d.OpenUntil = 3, now.Add(5*time.Minute)
		ok(t, s.SaveResolution(ctx, task, d, social.Resolution{Asked: look.Handle, State: social.Ill, CheckedAt: now}, again, 1, now))
		_, _, next, err := s.NextLookUp(ctx, task, now)
		wantKind(t, err, fault.NotFound)
		if !next.Equal(d.OpenUntil) {
			t.Errorf("next at %v", next)
		}
		counts := must(s.MatchCounts(ctx, u.ID))(t)
		if counts.Ill != 1 || counts.IllHosts != 1 || counts.Looking != 1 || counts.NotFound != 1 {
			t.Errorf("%+v", counts)
		}
		d, second, next, err := s.NextLookUp(ctx, task, d.OpenUntil)
		ok(t, err)
		if second.Handle == look.Handle || d.Failures != 3 || !next.Equal(again) {
			t.Errorf("%+v %+v %v", d, second, next)
		}
		ok(t, s.SaveResolution(ctx, task, d, found(second.Handle, now), time.Time{}, 0, now))
		// Found before, no answer now: what was found stays.
		d.Failures = 0
		ok(t, s.SaveResolution(ctx, task, d, social.Resolution{Asked: second.Handle, State: social.Ill}, again, 1, now))
		graded(t, s, u, always(social.Likely))
		if counts := must(s.MatchCounts(ctx, u.ID))(t); counts.Ill != 1 || counts.Found != 1 {
			t.Errorf("%+v", counts)
		}
		_, third, _, err := s.NextLookUp(ctx, task, again)
		ok(t, err)
		if third.Attempts != 1 {
			t.Errorf("attempts %d", third.Attempts)
		}
	})
}

// A long list lets short ones pass: the look-ups of a User who comes later do
// not wait behind all of an earlier one's.
func TestQUE05LookUpsTakeTurns(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		many := imported(t, s, 50)
		matched(t, s, many, func(a social.Account) string { return "many" + a.NativeID + "@big.test" })
		few := must(s.SaveUser(ctx, social.User{Host: "b.test", RemoteID: "1", CreatedAt: now}))(t)
		importInto(t, s, few, "d", 3)
		matched(t, s, few, func(a social.Account) string { return "few" + a.NativeID + "@big.test" })
		asked := lookedUp(t, s, now)
		last := 0
		for i, h := range asked {
			if h.User()[:3] == "few" {
				last = i
			}
		}
		if len(asked) != 53 || last > 6 {
			t.Errorf("the last of the short list was number %d of %d", last+1, len(asked))
		}
	})
}

// Groups are whole: Accounts that share a Handle, and all their other Matches,
// are graded together.
func TestUngradedGroups(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 5)
		asked := map[string][]string{"1000": {"a@x.test", "b@x.test"}, "1001": {"b@x.test", "c@x.test"}, "1002": {"c@x.test"}, "1003": {"d@x.test"}}
		candidates := func(a social.Account) (c store.Candidates) {
			c.AccountID = a.ID
			for _, h := range asked[a.NativeID] {
				c.Matches = append(c.Matches, social.Match{Asked: hd(t, h), Evidence: []social.Evidence{{Kind: social.InBio}}})
			}
			return c
		}
		task := claim(t, s, social.MatchTask, u.ID, now)
		var all []store.Candidates
		accounts := must(s.NewAccounts(ctx, u.ID, 10))(t)
		for _, a := range accounts {
			all = append(all, candidates(a))
		}
		ok(t, s.SaveCandidates(ctx, task, all, now))
		lookedUp(t, s, now)
		group := must(s.Ungraded(ctx, u.ID, 1))(t)
		if len(group) != 5 {
			t.Fatalf("the group of the first Account has %d Matches", len(group))
		}
		for i := range group {
			group[i].Handle, group[i].Certainty = group[i].Resolution.Handle, social.Certain
			group[i].Conflict = true
			group[i].Evidence = append(group[i].Evidence, social.Evidence{Kind: social.LinkBack, Text: "said"})
		}
		ok(t, s.SaveGrades(ctx, task, group, now))
		if again := must(s.Ungraded(ctx, u.ID, 1))(t); len(again) != 1 || again[0].Asked.User() != "d" {
			t.Fatalf("then: %+v", again)
		}
		live := matches(t, s, u, store.MatchFilter{Group: store.GroupConflict})
		if len(live) != 5 || live[0].Decision != social.Undecided || live[0].Evidence[1].Text != "said" {
			t.Fatalf("a Conflict is not confirmed by itself: %+v", live)
		}
		// The second Account's text changed: it no longer names b.
		asked["1001"] = []string{"c@x.test"}
		reread(t, s, u, account(1))
		for _, a := range must(s.NewAccounts(ctx, u.ID, 10))(t) {
			ok(t, s.SaveCandidates(ctx, task, []store.Candidates{candidates(a)}, now))
		}
		var names []string
		for _, m := range must(s.Ungraded(ctx, u.ID, 10))(t) {
			names = append(names, m.Account.NativeID+m.Asked.User())
		}
		slices.Sort(names)
		if fmt.Sprint(names) != "[1000a 1000b 1001c 1002c 1003d]" {
			t.Errorf("graded again: %v", names)
		}
	})
}

// reread makes an Account's text change.
func reread(t testing.TB, s *store.Store, u social.User, a social.Account) {
	t.Helper()
	a.Bio, a.SeenAt = "changed", now
	task, src := reading(t, s, u, "changed "+a.NativeID)
	ok(t, s.SaveRecords(t.Context(), task, []social.Record{following(a)}))
	ok(t, s.FinishSource(t.Context(), task, src, now))
}

func TestOwnConfirmationsFollowTheGrade(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 2)
		matched(t, s, u, onHosts(1))
		lookedUp(t, s, now)
		graded(t, s, u, always(social.Certain))
		all := matches(t, s, u, store.MatchFilter{Group: store.GroupCertain})
		if len(all) != 2 || all[0].Decision != social.Confirmed || !all[0].DecidedAt.IsZero() {
			t.Fatalf("%+v", all)
		}
		_, err := s.Decide(ctx, u.ID, []int64{all[0].ID}, social.Confirmed, now)
		ok(t, err)
		ok(t, s.Ring(ctx, social.MatchTask, u.ID, now))
		task := claim(t, s, social.MatchTask, u.ID, now)
		for i := range all {
			all[i].Certainty = social.Likely
		}
		ok(t, s.SaveGrades(ctx, task, all, now))
		all = matches(t, s, u, store.MatchFilter{})
		if all[0].Decision != social.Confirmed || all[1].Decision != social.Undecided {
			t.Errorf("the person's is %q, Godwit's own %q", all[0].Decision, all[1].Decision)
		}
		if n := len(matches(t, s, u, store.MatchFilter{Group: store.GroupDecided})); n != 1 {
			t.Errorf("%d decided", n)
		}
	})
}

func TestMatchFilters(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		u := imported(t, s, 30)
		matched(t, s, u, onHosts(3))
		lookedUp(t, s, now)
		graded(t, s, u, always(social.Likely))
		for _, c := range []struct {
			f    store.MatchFilter
			want int
		}{
			{store.MatchFilter{}, 30},
			{store.MatchFilter{Group: store.GroupLikely}, 30},
			{store.MatchFilter{Group: store.GroupCertain}, 0},
			{store.MatchFilter{Group: "'; DROP"}, 0},
			{store.MatchFilter{Query: "NAME 2"}, 11},
			{store.MatchFilter{Query: "@user29"}, 1},
			{store.MatchFilter{Query: "user7@h"}, 1},
			{store.MatchFilter{Query: "%"}, 0},
			{store.MatchFilter{Query: "_"}, 0},
			{store.MatchFilter{Query: "!"}, 0},
			{store.MatchFilter{Query: "\x00\xff"}, 0},
			{store.MatchFilter{Host: "h1.example.social"}, 10},
			{store.MatchFilter{Host: "h1.example.social", Query: "name 1", Group: store.GroupLikely}, 3},
			{store.MatchFilter{Undecided: true}, 30},
		} {
			if got := matches(t, s, u, c.f); len(got) != c.want {
				t.Errorf("%+v: %d, want %d", c.f, len(got), c.want)
			}
		}
		page := matches(t, s, u, store.MatchFilter{Offset: 28, Limit: 5})
		if len(page) != 2 || page[0].Account.Name != "Name 28" || page[0].UserID != u.ID {
			t.Errorf("%+v", page)
		}
		if n := len(must(s.Unmatched(t.Context(), u.ID, 0, 10))(t)); n != 0 {
			t.Errorf("%d unmatched", n)
		}
	})
}

func TestDecide(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 10)
		matched(t, s, u, onHosts(2))
		lookedUp(t, s, now)
		graded(t, s, u, func(m social.Match) social.Certainty {
			if m.Account.NativeID < "1003" {
				return social.Possible
			}
			return social.Likely
		})
		all := matches(t, s, u, store.MatchFilter{})
		_, err := s.Decide(ctx, u.ID, []int64{all[0].ID, 99999}, social.Confirmed, now)
		wantKind(t, err, fault.NotFound)
		if must(s.GetMatch(ctx, u.ID, all[0].ID))(t).Decision != social.Undecided {
			t.Fatal("all or none")
		}
		reject := must(s.Decide(ctx, u.ID, []int64{all[5].ID, all[5].ID}, social.Rejected, now))(t)
		_, _, err = s.DecideAll(ctx, u.ID, store.MatchFilter{}, 7, social.Confirmed, now)
		wantKind(t, err, fault.Conflict)
		if say := fault.Say(err); say != "The list changed while you looked: it is 6 now, not 7. Look again, then confirm." {
			t.Error(say)
		}
		n, confirm, err := s.DecideAll(ctx, u.ID, store.MatchFilter{}, 6, social.Confirmed, now.Add(time.Second))
		if err != nil || n != 6 {
			t.Fatal(n, err)
		}
		counts := must(s.MatchCounts(ctx, u.ID))(t)
		if counts.Confirmed != 6 || counts.Rejected != 1 || counts.Decided != 7 || counts.Possible != 3 {
			t.Errorf("%+v", counts)
		}
		_, err = s.Decide(ctx, u.ID, []int64{all[9].ID}, social.Rejected, now.Add(2*time.Second))
		ok(t, err)
		if n := must(s.UndoDecide(ctx, u.ID, confirm))(t); n != 5 {
			t.Errorf("%d taken back, the one decided anew since stays", n)
		}
		_, err = s.UndoDecide(ctx, u.ID, confirm)
		wantKind(t, err, fault.NotFound)
		if n := must(s.UndoDecide(ctx, u.ID, reject))(t); n != 1 {
			t.Errorf("%d taken back", n)
		}
		counts = must(s.MatchCounts(ctx, u.ID))(t)
		if counts.Confirmed != 0 || counts.Rejected != 1 || counts.Decided != 1 {
			t.Errorf("%+v", counts)
		}
		other := must(s.SaveUser(ctx, social.User{Host: "b.test", RemoteID: "1", CreatedAt: now}))(t)
		_, err = s.GetMatch(ctx, other.ID, all[0].ID)
		wantKind(t, err, fault.NotFound)
		_, err = s.Decide(ctx, other.ID, []int64{all[0].ID}, social.Confirmed, now)
		wantKind(t, err, fault.NotFound)
	})
}
