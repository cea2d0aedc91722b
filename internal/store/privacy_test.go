package store_test

import (
	"fmt"
	"testing"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
)

// REG-03: no table but registrations links an X id to a handle without a User.
func TestREG03NoReverseTable(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		has := map[string]map[string]bool{}
		for _, c := range columns(t, s) {
			if has[c.table] == nil {
				has[c.table] = map[string]bool{}
			}
			has[c.table][c.name] = true
		}
		for table, column := range has {
			linksX := column["xid"] || column["native_id"] || column["account_id"] || column["username"]
			linksFedi := column["handle"] || column["handle_key"] || column["actor_id"] || column["lookup_id"]
			if linksX && linksFedi && !column["user_id"] && table != "registrations" {
				t.Errorf("table %s links X accounts to handles without a User", table)
			}
		}
		if !has["matches"]["user_id"] || !has["registrations"]["xid"] || has["lookups"]["user_id"] {
			t.Error("the schema is not read right")
		}
	})
}

// REG-11: texts live a day, in rows, in the file and in its journal.
func TestREG11TextsEnd(t *testing.T) {
	const canary = "canary-bio-7f3a"
	both(t, func(t *testing.T, s *store.Store, o store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		task, src := reading(t, s, u, "d")
		a := account(1)
		a.Bio, a.Pinned, a.Location = canary, canary, canary
		follower := account(2) // never read for handles, so its age alone counts
		follower.Bio = canary
		ok(t, s.SaveRecords(ctx, task, []social.Record{following(a), {Edge: social.Follower, Account: follower}}))
		ok(t, s.FinishSource(ctx, task, src, now))
		matched(t, s, u, func(social.Account) string { return "someone@x.test" })
		lookedUp(t, s, now)
		graded(t, s, u, always(social.Likely))
		before := matches(t, s, u, store.MatchFilter{})[0]
		must(s.Sweep(ctx, now.Add(23*time.Hour)))(t)
		if m := matches(t, s, u, store.MatchFilter{})[0]; m.Evidence[0].Text == "" || m.Account.Bio == "" {
			t.Error("texts ended too early")
		}
		if n := must(s.Sweep(ctx, now.Add(25*time.Hour)))(t); n != 3 {
			t.Errorf("%d rows touched", n)
		}
		m := matches(t, s, u, store.MatchFilter{})[0]
		before.Evidence[0].Text, before.Account.Bio, before.Account.Pinned, before.Account.Location = "", "", "", ""
		if fmt.Sprint(m) != fmt.Sprint(before) {
			t.Errorf("%+v\nwant %+v", m, before)
		}
		if s.IsSQLite() {
			noBytes(t, o.Path, canary)
			noBytes(t, o.Path, "find me at") // the words around the handle
		}
		// A newer reading that finds no text keeps what was found before.
		published(t, s, social.Registration{XID: a.NativeID, XIDProven: true, Handle: hd(t, "z@z.test")}, social.PublicPage)
		matched(t, s, u, func(social.Account) string { return "" })
		if n := len(matches(t, s, u, store.MatchFilter{})); n != 1 {
			t.Error("the Match was lost with its text")
		}
	})
}
