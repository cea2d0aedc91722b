package matcher

import (
	"testing"

	"godwit/internal/social"
)

// TestREG06Impostors is the row's table: a copy with the same bio, a recycled
// X name, a mirror, a link back one way only.
func TestREG06Impostors(t *testing.T) {
	const real, copied = "alice@example.social", "alice@evil.example.net"
	answers := map[string]social.Resolution{real: found(t, real, "https://x.com/alice"), copied: found(t, copied)}

	t.Run("two live candidates, none linked back", func(t *testing.T) {
		plain := map[string]social.Resolution{real: found(t, real), copied: found(t, copied)}
		for _, m := range Grade(candidatesOf(t, plain, person(1, "alice", "@"+real+" @"+copied, recent)), now) {
			if !m.Conflict || m.Certainty != social.Likely {
				t.Errorf("%v: %q conflict %v", m.Asked, m.Certainty, m.Conflict)
			}
		}
	})
	t.Run("the one linked back wins", func(t *testing.T) {
		got := Grade(candidatesOf(t, answers, person(1, "alice", "@"+real+" @"+copied, recent)), now)
		if got[0].Certainty != social.Certain || got[0].Conflict || got[1].Certainty != social.Possible || got[1].Conflict {
			t.Errorf("%q %v, %q %v", got[0].Certainty, got[0].Conflict, got[1].Certainty, got[1].Conflict)
		}
	})
	t.Run("both linked back", func(t *testing.T) {
		both := map[string]social.Resolution{real: found(t, real, "https://x.com/alice"), copied: found(t, copied, "https://x.com/alice")}
		for _, m := range Grade(candidatesOf(t, both, person(1, "alice", "@"+real+" @"+copied, recent)), now) {
			if !m.Conflict || m.Certainty == social.Certain {
				t.Errorf("%v: %q conflict %v", m.Asked, m.Certainty, m.Conflict)
			}
		}
	})
	t.Run("two accounts claim one handle", func(t *testing.T) {
		plain := map[string]social.Resolution{real: found(t, real)}
		got := Grade(candidatesOf(t, plain, person(1, "alice", "@"+real, recent), person(2, "alice_real", "@"+real, recent)), now)
		if !got[0].Conflict || !got[1].Conflict {
			t.Errorf("conflicts %v %v", got[0].Conflict, got[1].Conflict)
		}
	})
	t.Run("a copied bio, and the handle links back to the original", func(t *testing.T) {
		got := Grade(candidatesOf(t, answers, person(1, "alice", "@"+real, recent), person(2, "al1ce", "@"+real, recent)), now)
		if got[0].Certainty != social.Certain || got[0].Conflict || got[1].Certainty != social.Possible {
			t.Errorf("%q %v, %q", got[0].Certainty, got[0].Conflict, got[1].Certainty)
		}
	})
	t.Run("X name recycled since it was seen", func(t *testing.T) {
		got := Grade(candidatesOf(t, answers, person(1, "alice", "@"+real, years)), now)
		if got[0].Certainty != social.Possible {
			t.Errorf("%q", got[0].Certainty)
		}
	})
	t.Run("mirrors are no candidates", func(t *testing.T) {
		if got := Candidates(person(1, "bbc", "@bbc@bird.makeup", recent), nil, social.Public, now); len(got) != 0 {
			t.Errorf("%v", got)
		}
		m := candidatesOf(t, answers, person(1, "alice", "@"+real, recent))
		m[0].Resolution.MovedTo = handle(t, "alice@bird.makeup")
		if got := Grade(m, now)[0]; !got.Handle.IsZero() || got.Certainty != "" {
			t.Errorf("moved to a mirror: %v %q", got.Handle, got.Certainty)
		}
	})
	t.Run("a maybe does not contest a plain claim", func(t *testing.T) {
		const address = "alice@alice-writes.net"
		both := map[string]social.Resolution{real: found(t, real), address: found(t, address)}
		alice := person(1, "alice", "@"+real, recent)
		alice.Location = address
		got := Grade(candidatesOf(t, both, alice), now)
		if got[0].Certainty != social.Likely || got[0].Conflict || got[1].Certainty != social.Possible || got[1].Conflict {
			t.Errorf("%q %v, %q %v", got[0].Certainty, got[0].Conflict, got[1].Certainty, got[1].Conflict)
		}
	})
}

// TestREG05Unconfirmed: an alias that its own server does not confirm gives no
// handle to follow, whatever speaks for it.
func TestREG05Unconfirmed(t *testing.T) {
	const alias = "alice@bank.example.net"
	r := found(t, alias, "https://x.com/alice")
	r.State = social.Unconfirmed
	got := Grade(candidatesOf(t, map[string]social.Resolution{alias: r}, person(1, "alice", "@"+alias, recent)), now)[0]
	if !got.Handle.IsZero() || got.ActorID != "" || got.Certainty != "" {
		t.Errorf("%v %q %q", got.Handle, got.ActorID, got.Certainty)
	}
	// The handle that is shown is the confirmed one, not the one asked for.
	r = found(t, "alice@example.social")
	got = Grade(candidatesOf(t, map[string]social.Resolution{alias: r}, person(1, "alice", "@"+alias, recent)), now)[0]
	if got.Handle.String() != "alice@example.social" || got.Certainty != social.Likely {
		t.Errorf("%v %q", got.Handle, got.Certainty)
	}
}

// TestREG07Moves: a move counts only when both sides say so, which is what
// MovedTo holds.
func TestREG07Moves(t *testing.T) {
	const old, next = "alice@old.example.net", "alice@new.example.net"
	moved := found(t, old)
	moved.MovedTo = handle(t, next)
	t.Run("confirmed", func(t *testing.T) {
		got := Grade(candidatesOf(t, map[string]social.Resolution{old: moved}, person(1, "alice", "@"+old, recent)), now)[0]
		if got.Handle.String() != next || got.Certainty != social.Likely || !hasKind(got, social.MovedFrom) {
			t.Fatalf("%v %q %v", got.Handle, got.Certainty, got.Evidence)
		}
		e := got.Evidence[len(got.Evidence)-1]
		if _, _, say := Say(e, got.Handle); say != "@alice@old.example.net has moved; this is the account it moved to." {
			t.Errorf("said %q", say)
		}
	})
	t.Run("both named: one candidate", func(t *testing.T) {
		answers := map[string]social.Resolution{old: moved, next: found(t, next, "https://x.com/alice")}
		got := Grade(candidatesOf(t, answers, person(1, "alice", "@"+old+" @"+next, recent)), now)
		if !got[0].Handle.IsZero() || got[0].Certainty != "" {
			t.Errorf("the old one: %v %q", got[0].Handle, got[0].Certainty)
		}
		if got[1].Certainty != social.Certain || got[1].Conflict || !hasKind(got[1], social.MovedFrom) {
			t.Errorf("the new one: %q %v", got[1].Certainty, got[1].Conflict)
		}
	})
	t.Run("claimed by one side: nobody is sent to the victim", func(t *testing.T) {
		claim := found(t, old)
		claim.MovedClaim = "https://victim.example.net/users/v"
		got := Grade(candidatesOf(t, map[string]social.Resolution{old: claim}, person(1, "alice", "@"+old, recent)), now)[0]
		if got.Handle.String() != old || got.Certainty != social.Possible {
			t.Errorf("%v %q", got.Handle, got.Certainty)
		}
	})
}
