package store_test

import (
	"slices"
	"testing"

	"godwit/internal/social"
	"godwit/internal/store"
)

// ZIP-14: what a list claims is kept for the User who gave it, with the Source
// that brought it, and holds by number before it holds by name.
func TestZIP14Claims(t *testing.T) {
	claims := func(addresses ...string) (all []social.Claim) {
		for _, address := range addresses {
			all = append(all, social.Claim{Handle: hd(t, address), List: "Wikidata"})
		}
		return all
	}
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		task, src := reading(t, s, u, "archive")
		ida := social.Account{Network: social.X, NativeID: "5", Username: "ida_x"}
		jun := social.Account{Network: social.X, Username: "jun_x"}
		ok(t, s.SaveRecords(ctx, task, []social.Record{following(ida), following(jun)}))
		ok(t, s.FinishSource(ctx, task, src, now))
		matched(t, s, u, func(social.Account) string { return "" })

		task, src = reading(t, s, u, "list")
		ok(t, s.SaveRecords(ctx, task, []social.Record{
			{Account: social.Account{Network: social.X, NativeID: "5", Claims: claims("ida@mudflat.test", "ida@mudflat.test", "ida@other.test")}},
			{Account: social.Account{Network: social.X, Username: "JUN_x", Claims: claims("jun@tide.test")}},
			{Account: social.Account{Network: social.X, NativeID: "6", Username: "jun_x", Claims: claims("stranger@tide.test")}},
			{Account: social.Account{Network: social.Bluesky, NativeID: "5", Claims: claims("stranger@tide.test")}},
		}))
		ok(t, s.FinishSource(ctx, task, src, now))
		got := map[string][]string{}
		for _, a := range must(s.NewAccounts(ctx, u.ID, 10))(t) {
			for _, c := range a.Claims {
				got[a.Username] = append(got[a.Username], c.Handle.String()+" "+c.List)
				if !c.SeenAt.Equal(now) {
					t.Errorf("claimed as of %v, imported %v", c.SeenAt, now)
				}
			}
		}
		if !slices.Equal(got["ida_x"], []string{"ida@mudflat.test Wikidata", "ida@other.test Wikidata"}) || !slices.Equal(got["jun_x"], []string{"jun@tide.test Wikidata"}) {
			t.Errorf("claims %v", got)
		}
		if n := len(must(s.Unmatched(ctx, u.ID, 0, 10))(t)); n != 2 {
			t.Errorf("a list of claims made accounts: %d", n)
		}
	})
}

// Of a list that broke nothing is kept.
func TestZIP14NothingOfABrokenList(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		task, src := reading(t, s, u, "archive")
		ok(t, s.SaveRecords(ctx, task, []social.Record{following(social.Account{Network: social.X, NativeID: "5"})}))
		ok(t, s.FinishSource(ctx, task, src, now))
		task, src = reading(t, s, u, "list")
		ok(t, s.SaveRecords(ctx, task, []social.Record{{Account: social.Account{Network: social.X, NativeID: "5", Claims: []social.Claim{{Handle: hd(t, "ida@mudflat.test"), List: "Wikidata"}}}}}))
		src.State = social.SourceBroken
		ok(t, s.FinishSource(ctx, task, src, now))
		for _, a := range must(s.NewAccounts(ctx, u.ID, 10))(t) {
			if len(a.Claims) > 0 {
				t.Errorf("kept %v", a.Claims)
			}
		}
	})
}
