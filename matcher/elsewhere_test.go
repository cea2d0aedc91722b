package matcher

import (
	"slices"
	"testing"
	"time"

	"godwit/internal/social"
)

// foundAt makes a look-up of a candidate that its server confirmed.
func foundAt(m social.Match, now time.Time) social.Match {
	m.Resolution = social.Resolution{Asked: m.Asked, State: social.Found, Handle: m.Asked, ActorID: "https://" + m.Asked.Host() + "/users/" + m.Asked.User(), CheckedAt: now}
	return m
}

// What accounts of other networks, and lists, lead to, and how sure that is.
func TestOtherNetworks(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	claim := func(address string) social.Claim {
		h, err := social.ParseHandle(address, social.Private)
		if err != nil {
			t.Fatal(err)
		}
		return social.Claim{Handle: h, List: "Wikidata", SeenAt: now}
	}
	for name, tc := range map[string]struct {
		account social.Account
		want    []string
	}{
		"own list":          {social.Account{Network: social.Fediverse, Username: "ida@mudflat.social"}, []string{"ida@mudflat.social certain Your own list of follows has @ida@mudflat.social."}},
		"own list, parody":  {social.Account{Network: social.Fediverse, Username: "ida@mudflat.social", Name: "parody"}, []string{"ida@mudflat.social certain Your own list of follows has @ida@mudflat.social."}},
		"Threads":           {social.Account{Network: social.Threads, Username: "ida.b"}, []string{"ida.b@threads.net likely They are @ida.b@threads.net on Threads, and Threads confirms that they share there."}},
		"Instagram":         {social.Account{Network: social.Instagram, Username: "ida.b"}, []string{"ida.b@threads.net possible An account called so on Threads would be @ida.b@threads.net."}},
		"Bluesky, bridged":  {social.Account{Network: social.Bluesky, NativeID: "did:plc:ida", Username: "ida.test"}, []string{"ida.test@bsky.brid.gy possible Bridgy Fed shows their Bluesky account as @ida.test@bsky.brid.gy, if they asked it to."}},
		"Bluesky, profile":  {social.Account{Network: social.Bluesky, NativeID: "did:plc:ida", Bio: "now at @ida@mudflat.social"}, []string{"ida@mudflat.social likely Their profile on Bluesky says @ida@mudflat.social."}},
		"TikTok":            {social.Account{Network: social.TikTok, Username: "ida"}, nil},
		"a list":            {social.Account{Network: social.X, Username: "ida_x", Claims: []social.Claim{claim("ida@mudflat.social")}}, []string{"ida@mudflat.social likely A public list says so: Wikidata, 2026-11-20."}},
		"a list of mirrors": {social.Account{Network: social.X, Username: "ida_x", Claims: []social.Claim{claim("ida_x@bird.makeup")}}, nil},
		"not of this realm": {social.Account{Network: social.Fediverse, Username: "ida@mudflat.test"}, nil},
	} {
		tc.account.SeenAt = now
		group := Candidates(tc.account, nil, social.Public, now)
		for i := range group {
			group[i] = foundAt(group[i], now)
		}
		var got []string
		for _, m := range Grade(group, now) {
			_, _, say := Say(m.Evidence[0], m.Handle)
			got = append(got, m.Handle.String()+" "+string(m.Certainty)+" "+say)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, tc.want)
		}
	}
}

// TestNamesAreNeverAssumed: a name on Threads or Instagram is a candidate to be
// checked. Threads' answer for the very account that an export names is worth
// something as long as the name can't have changed hands; the same name on
// Instagram is never chosen for anybody, and what doesn't answer is nobody.
func TestNamesAreNeverAssumed(t *testing.T) {
	for _, tc := range []struct {
		network social.Network
		seen    time.Time
		state   social.ResolutionState
		want    social.Certainty
	}{
		{social.Threads, recent, social.Found, social.Likely},
		{social.Threads, years, social.Found, social.Possible},
		{social.Threads, recent, social.Missing, ""},
		{social.Threads, recent, social.Ill, ""},
		{social.Instagram, recent, social.Found, social.Possible},
		{social.Instagram, recent, social.Missing, ""},
		{social.TikTok, recent, social.Found, ""},
	} {
		group := Candidates(social.Account{Network: tc.network, Username: "ida.b", SeenAt: tc.seen}, nil, social.Public, now)
		for i := range group {
			group[i] = foundAt(group[i], now)
			group[i].Resolution.State = tc.state
		}
		var got social.Certainty
		for _, m := range Grade(group, now) {
			got = m.Certainty
		}
		if got != tc.want {
			t.Errorf("%s, seen %s, %s: %q, want %q", tc.network, tc.seen.Format(time.DateOnly), tc.state, got, tc.want)
		}
	}
}

// Two handles that lists claim for one number are a conflict, and neither is
// certain.
func TestZIP14ListsThatDisagree(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	a := social.Account{ID: 1, Network: social.X, NativeID: "5", Username: "ida_x"}
	for _, address := range []string{"ida@mudflat.social", "ida@other.social"} {
		h, err := social.ParseHandle(address, social.Public)
		if err != nil {
			t.Fatal(err)
		}
		a.Claims = append(a.Claims, social.Claim{Handle: h, List: "Wikidata", SeenAt: now})
	}
	group := Candidates(a, nil, social.Public, now)
	for i := range group {
		group[i] = foundAt(group[i], now)
	}
	for _, m := range Grade(group, now) {
		if !m.Conflict || m.Certainty == social.Certain {
			t.Errorf("%s: conflict %v, %s", m.Handle, m.Conflict, m.Certainty)
		}
	}
	if len(group) != 2 {
		t.Errorf("%d candidates", len(group))
	}
}

// One person on several networks, or known by name and by number, is no
// conflict; two people of one network at one handle are.
func TestRivals(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	x := social.Account{ID: 1, Network: social.X, NativeID: "5", Username: "ida_x", Bio: "@ida@mudflat.social", SeenAt: now}
	for name, tc := range map[string]struct {
		other    social.Account
		conflict bool
	}{
		"other network": {social.Account{ID: 2, Network: social.Fediverse, Username: "ida@mudflat.social", SeenAt: now}, false},
		"by name":       {social.Account{ID: 2, Network: social.X, Username: "Ida_X", Bio: "@ida@mudflat.social", SeenAt: now}, false},
		"somebody else": {social.Account{ID: 2, Network: social.X, NativeID: "6", Username: "jun_x", Bio: "@ida@mudflat.social", SeenAt: now}, true},
	} {
		group := append(Candidates(x, nil, social.Public, now), Candidates(tc.other, nil, social.Public, now)...)
		for i := range group {
			group[i] = foundAt(group[i], now)
		}
		for _, m := range Grade(group, now) {
			if m.Conflict != tc.conflict {
				t.Errorf("%s: %s on %s: conflict %v", name, m.Handle, m.Account.Network, m.Conflict)
			}
		}
	}
}

// TestOwnName: where the words leave open whose a handle is, the account's own
// name tells; where they give it to somebody else, it does not.
func TestOwnName(t *testing.T) {
	for bio, want := range map[string]int{"Engineer @alice@mas.to": 1, "Engineer @firm@mas.to": 0, "art by @alice@mas.to": 0} {
		plain := 0
		for _, m := range Candidates(person(1, "Alice", bio, recent), nil, social.Public, now) {
			if !onlyMaybe(m.Evidence) {
				plain++
			}
		}
		if plain != want {
			t.Errorf("%s: %d plain, want %d", bio, plain, want)
		}
	}
}
