package matcher

import (
	"slices"
	"testing"
	"time"

	"godwit/internal/social"
)

// TestREG01DatedNames: what a post proves is a username, while it was looked
// at. An export that saw the number under the name within that time proves the
// number too; before and after it is less, and long before nothing.
func TestREG01DatedNames(t *testing.T) {
	const h, days = "alice@example.social", 24 * time.Hour
	proof := social.Registration{Username: "alice_x", Handle: handle(t, h), ActorID: "https://example.social/users/alice", Proof: social.ProofPost,
		CreatedAt: now.Add(-20 * days), CheckedAt: now.Add(-10 * days)}
	type change func(r *social.Registration, a *social.Account)
	tests := []struct {
		name   string
		change change
		want   social.Certainty
	}{
		{"seen while it was looked at", func(*social.Registration, *social.Account) {}, social.Certain},
		{"in other letters", func(_ *social.Registration, a *social.Account) { a.Username = "ALICE_X" }, social.Certain},
		{"by an account without a number", func(_ *social.Registration, a *social.Account) { a.NativeID = "" }, social.Certain},
		{"seen a little before", func(_ *social.Registration, a *social.Account) { a.SeenAt = proof.CreatedAt.Add(-days) }, social.Likely},
		{"seen years before, when the name was another's perhaps", func(_ *social.Registration, a *social.Account) { a.SeenAt = years }, social.Possible},
		{"another name", func(_ *social.Registration, a *social.Account) { a.Username = "alice" }, "none"},
		{"no name in the export", func(_ *social.Registration, a *social.Account) { a.Username = "" }, "none"},
		{"the number that the registrant says, under another name", func(r *social.Registration, a *social.Account) {
			r.XID, a.Username = a.NativeID, "bbc"
		}, "none"},
		{"the number that the registrant says, without a name", func(r *social.Registration, a *social.Account) {
			r.XID, a.Username = a.NativeID, ""
		}, "none"},
		{"another number than the registrant says", func(r *social.Registration, _ *social.Account) { r.XID = "77" }, "none"},
		{"the same number, told by X itself, whatever the name", func(r *social.Registration, a *social.Account) {
			r.XID, r.XIDProven, a.Username = a.NativeID, true, "renamed"
		}, social.Certain},
		{"another number, told by X itself", func(r *social.Registration, _ *social.Account) { r.XID, r.XIDProven = "77", true }, "none"},
		{"a link each way, no code", func(r *social.Registration, _ *social.Account) { r.Proof = social.ProofLinks }, social.Likely},
		{"gone at the last look", func(r *social.Registration, _ *social.Account) { r.Stale = true }, social.Possible},
		{"not looked at for two months", func(r *social.Registration, a *social.Account) {
			r.CreatedAt, r.CheckedAt, a.SeenAt = now.Add(-70*days), now.Add(-60*days), now.Add(-65*days)
		}, social.Possible},
		{"by its name at a sign-in, seen about then", func(r *social.Registration, a *social.Account) {
			r.XID, r.XIDProven, r.Proof, a.NativeID = "42", true, social.ProofLogin, ""
		}, social.Certain},
		{"by its name at a sign-in long before, which nobody asked about again", func(r *social.Registration, a *social.Account) {
			r.XID, r.XIDProven, r.Proof, r.CreatedAt, a.NativeID = "42", true, social.ProofLogin, now.Add(-100*days), ""
		}, social.Likely},
		{"on another network", func(_ *social.Registration, a *social.Account) { a.Network = "bluesky" }, "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, a := proof, person(1, "alice_x", "", now.Add(-15*days))
			tt.change(&r, &a)
			group := Candidates(a, []social.Registration{r}, social.Public, now)
			led := slices.ContainsFunc(group, func(m social.Match) bool { return hasKind(m, social.Registered) })
			if led == (tt.want == "none") {
				t.Fatalf("led by the registration: %v", led)
			}
			if !led {
				return
			}
			group[0].Resolution = found(t, h)
			if got := Grade(group, now)[0]; got.Certainty != tt.want {
				t.Errorf("%q, want %q (%s)", got.Certainty, tt.want, Reason(got, now))
			}
		})
	}
}

// TestZIP14ListsContradict: two rows of public lists, one number, two handles:
// a conflict, and neither is more than likely; one by a name only is less.
func TestZIP14ListsContradict(t *testing.T) {
	a := person(1, "alice_x", "", recent)
	row := func(id, name, h string) social.Registration {
		return social.Registration{XID: id, Username: name, Handle: handle(t, h), Source: "list", Audience: social.PublicPage, CreatedAt: recent, CheckedAt: recent}
	}
	group := Candidates(a, []social.Registration{row(a.NativeID, "", "a@example.social"), row(a.NativeID, "", "b@example.net")}, social.Public, now)
	for i := range group {
		group[i].Resolution = found(t, group[i].Asked.String())
	}
	graded := Grade(group, now)
	if len(graded) != 2 {
		t.Fatalf("%d candidates", len(graded))
	}
	for _, m := range graded {
		if !m.Conflict || m.Certainty == social.Certain {
			t.Errorf("%v: %q conflict %v", m.Asked, m.Certainty, m.Conflict)
		}
	}
	named := Candidates(a, []social.Registration{row("", "Alice_X", "a@example.social")}, social.Public, now)
	named[0].Resolution = found(t, "a@example.social")
	if got := Grade(named, now)[0]; got.Certainty != social.Possible {
		t.Errorf("by a name only: %q", got.Certainty)
	}
}
