package store_test

import (
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// An arrival is what is found after the first look for the person, and is told
// once; what the first look finds is none.
func TestArrivals(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 3)
		matched(t, s, u, func(a social.Account) string {
			if a.NativeID == "1000" {
				return "zero@x.test"
			}
			return ""
		})
		lookedUp(t, s, now)
		graded(t, s, u, always(social.Likely))
		settled(t, s, u)
		if n := must(s.CountArrivals(ctx, u.ID))(t); n != 0 {
			t.Fatalf("%d arrivals at first", n)
		}
		published(t, s, social.Registration{XID: "1001", XIDProven: true, Handle: hd(t, "me@x.test")}, social.PublicPage)
		matched(t, s, u, func(social.Account) string { return "me@x.test" })
		lookedUp(t, s, now)
		graded(t, s, u, always(social.Certain))
		all := must(s.Arrivals(ctx, u.ID))(t)
		if len(all) != 1 || !all[0].New || all[0].Match.Account.NativeID != "1001" || all[0].Match.Handle.String() != "me@x.test" {
			t.Fatalf("%+v", all)
		}
		ok(t, s.SeenArrivals(ctx, u.ID, all[0].FoundAt, now))
		if n := must(s.CountArrivals(ctx, u.ID))(t); n != 0 {
			t.Errorf("told %d once more", n)
		}
		ok(t, s.SetWatch(ctx, u.ID, store.Watch{On: false, Auto: true}))
		published(t, s, social.Registration{XID: "1002", XIDProven: true, Handle: hd(t, "me@y.test")}, social.PublicPage)
		matched(t, s, u, func(social.Account) string { return "me@y.test" })
		lookedUp(t, s, now)
		graded(t, s, u, always(social.Certain))
		if n := len(must(s.Arrivals(ctx, u.ID))(t)); n != 1 {
			t.Errorf("%d arrivals of somebody who wants none", n)
		}
	})
}

// settled says that matching rests.
func settled(t testing.TB, s *store.Store, u social.User) {
	t.Helper()
	ok(t, s.Ring(t.Context(), social.MatchTask, u.ID, now))
	task := claim(t, s, social.MatchTask, u.ID, now)
	ok(t, s.WatchSettled(t.Context(), task, now))
	ok(t, s.Settle(t.Context(), task, time.Time{}, false))
}

// A feed has a name that nobody can guess, that a copy of the database does not
// tell, and that ends when the person says so.
func TestFeedNames(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		if name := must(s.FeedName(ctx, u.ID))(t); name != "" {
			t.Fatal(name)
		}
		_, err := s.FeedOwner(ctx, "1-")
		wantKind(t, err, fault.NotFound)
		ok(t, s.RenewFeed(ctx, u.ID))
		first := must(s.FeedName(ctx, u.ID))(t)
		if owner := must(s.FeedOwner(ctx, first))(t); owner != u.ID || len(first) < 40 {
			t.Errorf("%q is %d's", first, owner)
		}
		var salt string
		ok(t, s.WriteDB().QueryRowContext(ctx, `SELECT feed_salt FROM users`).Scan(&salt))
		if strings.Contains(first, salt) {
			t.Error("the database tells the name")
		}
		ok(t, s.RenewFeed(ctx, u.ID))
		_, err = s.FeedOwner(ctx, first)
		wantKind(t, err, fault.NotFound)
		second := must(s.FeedName(ctx, u.ID))(t)
		ok(t, s.EndFeed(ctx, u.ID))
		for _, name := range []string{first, second, "", "x", "99-" + second, "9" + second} {
			_, err := s.FeedOwner(ctx, name)
			wantKind(t, err, fault.NotFound)
		}
	})
}

// A public list replaces what its source said before, all of it.
func TestLists(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 3)
		matched(t, s, u, func(social.Account) string { return "" })
		rows := []store.ListedRow{{XID: "1001", Handle: hd(t, "a@x.test")}, {XID: "1001", Handle: hd(t, "b@x.test")}, {Username: "user2", Handle: hd(t, "c@x.test")}}
		must(s.SaveList(ctx, store.PublicList{Source: "Wikidata", File: "q.json", Digest: "d", ImportedBy: "op", Rows: 3, ImportedAt: now}, rows))(t)
		if known, _ := asked(t, s, u, now); len(known) != 2 || known["1002"] != "c@x.test" {
			t.Errorf("%v", known)
		}
		must(s.SaveList(ctx, store.PublicList{Source: "Wikidata", Rows: 1, ImportedBy: "op2", ImportedAt: now.Add(time.Hour)}, rows[:1]))(t)
		lists := must(s.PublicLists(ctx))(t)
		if len(lists) != 1 || lists[0].Rows != 1 || lists[0].ImportedBy != "op2" {
			t.Errorf("%+v", lists)
		}
		if got := must(s.Registrations(ctx, []string{"1001"}))(t); len(got) != 1 || got[0].Source != "Wikidata" || got[0].XIDProven {
			t.Errorf("%+v", got)
		}
		ok(t, s.DeleteList(ctx, "Wikidata"))
		wantKind(t, s.DeleteList(ctx, "Wikidata"), fault.NotFound)
		if got := must(s.Registrations(ctx, []string{"1001"}))(t); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
}
