package matcher

import (
	"testing"
	"time"

	"godwit/internal/social"
)

var (
	now    = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	recent = now.Add(-10 * 24 * time.Hour)
	years  = now.Add(-3 * 365 * 24 * time.Hour)
)

func handle(t testing.TB, s string) social.Handle {
	t.Helper()
	h, err := social.ParseHandle(s, social.Public)
	if err != nil {
		t.Fatalf("ParseHandle(%q): %v", s, err)
	}
	return h
}

// person is an Account on X with this bio.
func person(id int64, username, bio string, seen time.Time) social.Account {
	return social.Account{ID: id, Network: social.X, NativeID: "10" + username, Username: username, Name: username, Bio: bio, SeenAt: seen}
}

// found is the answer of a server that knows the handle.
func found(t testing.TB, h string, links ...string) social.Resolution {
	hd := handle(t, h)
	return social.Resolution{Asked: hd, State: social.Found, Handle: hd, ActorID: "https://" + hd.Host() + "/users/" + hd.User(), Links: links, CheckedAt: recent}
}

// candidatesOf makes the Matches of accounts and looks them up in answers.
func candidatesOf(t testing.TB, answers map[string]social.Resolution, accounts ...social.Account) []social.Match {
	t.Helper()
	var group []social.Match
	for _, a := range accounts {
		for _, m := range Candidates(a, nil, social.Public, now) {
			if r, ok := answers[m.Asked.String()]; ok {
				m.Resolution = r
			}
			group = append(group, m)
		}
	}
	return group
}

func TestGradeRules(t *testing.T) {
	const h = "alice@example.social"
	back := "https://x.com/Alice_X"
	type change func(m *social.Match)
	answer := func(f func(r *social.Resolution)) change { return func(m *social.Match) { f(&m.Resolution) } }
	tests := []struct {
		name   string
		bio    string
		seen   time.Time
		links  []string
		change change
		want   social.Certainty
	}{
		{"claimed and found", "Mastodon: @" + h, recent, nil, nil, social.Likely},
		{"claimed and linked back", "Mastodon: @" + h, recent, []string{back}, nil, social.Certain},
		{"linked back by the old address of X, in other letters", "@" + h, recent, []string{"http://www.TWITTER.com/aLiCe_x/"}, nil, social.Certain},
		{"linked back to a post only", "@" + h, recent, []string{back + "/status/1"}, nil, social.Likely},
		{"linked back to somebody else", "@" + h, recent, []string{"https://x.com/alice"}, nil, social.Likely},
		{"look-alike of X", "@" + h, recent, []string{"https://x.com.evil.net/alice_x"}, nil, social.Likely},
		{"old claim", "@" + h, years, nil, nil, social.Possible},
		{"old claim, linked back to a name that may have changed hands", "@" + h, years, []string{back}, nil, social.Possible},
		{"never answered", "@" + h, recent, nil, answer(func(r *social.Resolution) { r.State = social.Ill }), ""},
		{"no such account", "@" + h, recent, nil, answer(func(r *social.Resolution) { r.State = social.Missing }), ""},
		{"gone", "@" + h, recent, nil, answer(func(r *social.Resolution) { r.State = social.GoneForGood }), ""},
		{"unconfirmed", "@" + h, recent, []string{back}, answer(func(r *social.Resolution) { r.State = social.Unconfirmed }), ""},
		{"suspended", "@" + h, recent, nil, answer(func(r *social.Resolution) { r.Suspended = true }), ""},
		{"kept in memory", "@" + h, recent, []string{back}, answer(func(r *social.Resolution) { r.Memorial = true }), social.Possible},
		{"a group", "@" + h, recent, []string{back}, answer(func(r *social.Resolution) { r.Group = true }), social.Possible},
		{"a bot", "@" + h, recent, []string{back}, answer(func(r *social.Resolution) { r.Bot = true }), social.Certain},
		{"says it moved, not confirmed", "@" + h, recent, []string{back}, answer(func(r *social.Resolution) { r.MovedClaim = "https://v.example.net/u/v" }), social.Possible},
		{"parody on X", "Parody account. @" + h, recent, []string{back}, nil, social.Possible},
		{"parody there", "@" + h, recent, []string{back}, answer(func(r *social.Resolution) { r.Name = "Alice (unofficial mirror)" }), social.Possible},
		{"blocked on X", "@" + h, recent, []string{back}, func(m *social.Match) { m.Excluded = social.Blocked }, social.Possible},
		{"muted on X", "@" + h, recent, []string{back}, func(m *social.Match) { m.Excluded = social.Muted }, social.Certain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			group := candidatesOf(t, map[string]social.Resolution{h: found(t, h, tt.links...)}, person(1, "alice_x", tt.bio, tt.seen))
			if len(group) != 1 {
				t.Fatalf("%d candidates, want 1", len(group))
			}
			if tt.change != nil {
				tt.change(&group[0])
			}
			got := Grade(group, now)[0]
			if got.Certainty != tt.want || got.Conflict {
				t.Errorf("%q conflict %v, want %q (%s)", got.Certainty, got.Conflict, tt.want, Reason(got, now))
			}
			if (got.Handle.String() == h) != (tt.want != "") {
				t.Errorf("handle %q for %q", got.Handle, tt.want)
			}
		})
	}
}

// TestGradeNatures: what kind of account answers is told, each kind by itself,
// and anew with each answer.
func TestGradeNatures(t *testing.T) {
	const h = "alice@example.social"
	for kind, change := range map[social.EvidenceKind]func(r *social.Resolution){
		social.IsMemorial:  func(r *social.Resolution) { r.Memorial = true },
		social.IsGroup:     func(r *social.Resolution) { r.Group = true },
		social.IsSuspended: func(r *social.Resolution) { r.Suspended = true },
		social.IsBot:       func(r *social.Resolution) { r.Bot = true },
	} {
		plain := found(t, h)
		told := plain
		change(&told)
		group := candidatesOf(t, map[string]social.Resolution{h: told}, person(1, "alice_x", "@"+h, recent))
		graded := Grade(group, now)
		for _, other := range []social.EvidenceKind{social.IsMemorial, social.IsGroup, social.IsSuspended, social.IsBot} {
			if hasKind(graded[0], other) != (other == kind) {
				t.Errorf("%s: told %s: %v", kind, other, hasKind(graded[0], other))
			}
		}
		if _, _, english := Say(social.Evidence{Kind: kind}, handle(t, h)); english == "" {
			t.Errorf("%s has no sentence", kind)
		}
		graded[0].Resolution = plain
		if again := Grade(graded, now); hasKind(again[0], kind) || again[0].Certainty != social.Likely {
			t.Errorf("%s stays when it is over", kind)
		}
	}
}

// TestGradeMovedActor: who moved is known by the identity of where they went.
func TestGradeMovedActor(t *testing.T) {
	r := found(t, "alice@old.example.social")
	r.MovedTo, r.MovedActor = handle(t, "alice@new.example.social"), "https://new.example.social/users/alice"
	got := Grade(candidatesOf(t, map[string]social.Resolution{"alice@old.example.social": r}, person(1, "alice_x", "@alice@old.example.social", recent)), now)[0]
	if got.ActorID != r.MovedActor || got.Handle != r.MovedTo {
		t.Errorf("%s %s", got.Handle, got.ActorID)
	}
}

func TestGradeMaybe(t *testing.T) {
	const h = "bob@bob-builds.net"
	a := person(1, "bob", "reach me: "+h, recent)
	tests := []struct {
		name    string
		answer  social.Resolution
		want    social.Certainty
		against bool
	}{
		{"an account answers", found(t, h), social.Possible, false},
		{"an account answers and links back", found(t, h, "https://x.com/bob"), social.Likely, false},
		{"nobody answers", social.Resolution{State: social.Missing, CheckedAt: recent}, "", true},
		{"no fediverse server", social.Resolution{State: social.NotFedi, CheckedAt: recent}, "", true},
		{"no answer yet", social.Resolution{State: social.Ill}, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Grade(candidatesOf(t, map[string]social.Resolution{h: tt.answer}, a), now)[0]
			if got.Certainty != tt.want || hasKind(got, social.MaybeMail) != tt.against {
				t.Errorf("%q against %v, want %q, %v", got.Certainty, hasKind(got, social.MaybeMail), tt.want, tt.against)
			}
		})
	}
}

func hasKind(m social.Match, k social.EvidenceKind) bool {
	for _, e := range m.Evidence {
		if e.Kind == k {
			return true
		}
	}
	return false
}

func TestGradeRegistrations(t *testing.T) {
	const h = "alice@example.social"
	a := person(1, "alice_x", "nothing here", recent)
	proven := social.Registration{XID: a.NativeID, XIDProven: true, Proof: social.ProofLogin, Handle: handle(t, h), ActorID: "https://example.social/users/alice", CheckedAt: recent}
	list := proven
	list.Source, list.CreatedAt = "Wikidata", years
	foreign := proven
	foreign.XID, foreign.Username = "999", "alice_x"
	taken := proven
	taken.ActorID = "https://example.social/users/1"
	tests := []struct {
		name string
		reg  social.Registration
		want social.Certainty
	}{
		{"proven", proven, social.Certain},
		{"public list alone", list, social.Likely},
		{"of the same name, another id", foreign, "none"},
		{"handle taken again by another actor", taken, social.Possible},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			group := Candidates(a, []social.Registration{tt.reg}, social.Public, now)
			if tt.want == "none" {
				if len(group) != 0 {
					t.Fatalf("%d candidates, want none", len(group))
				}
				return
			}
			if got := group[0].Resolution.State; (got == social.Found) != (tt.reg.Source == "" && now.Sub(tt.reg.CheckedAt) < registrationFresh) {
				t.Errorf("resolution %q", got)
			}
			group[0].Resolution = found(t, h)
			if got := Grade(group, now)[0]; got.Certainty != tt.want {
				t.Errorf("%q, want %q (%s)", got.Certainty, tt.want, Reason(got, now))
			}
		})
	}
}

// TestGradeAliases: two handles of one actor are one candidate.
func TestGradeAliases(t *testing.T) {
	const a, b = "alice@example.social", "alice@social.example.net"
	answers := map[string]social.Resolution{a: found(t, a), b: found(t, a)}
	got := Grade(candidatesOf(t, answers, person(1, "alice", "@"+b+" @"+a, recent)), now)
	if got[0].Certainty != "" || got[1].Certainty != social.Likely || got[1].Conflict {
		t.Errorf("%q, %q conflict %v", got[0].Certainty, got[1].Certainty, got[1].Conflict)
	}
}

// TestGradePure: grading again changes nothing, and the input is left alone.
func TestGradePure(t *testing.T) {
	const h, o = "alice@example.social", "alice@old.example.net"
	moved := found(t, o)
	moved.MovedTo = handle(t, h)
	group := candidatesOf(t, map[string]social.Resolution{h: found(t, h, "https://x.com/alice"), o: moved},
		person(1, "alice", "@"+h+" @"+o+" parody account", recent))
	evidence := len(group[0].Evidence)
	once := Grade(group, now)
	twice := Grade(once, now)
	for i := range once {
		if once[i].Certainty != twice[i].Certainty || once[i].Handle != twice[i].Handle || len(once[i].Evidence) != len(twice[i].Evidence) {
			t.Errorf("%d: %v %q %d, then %v %q %d", i, once[i].Handle, once[i].Certainty, len(once[i].Evidence), twice[i].Handle, twice[i].Certainty, len(twice[i].Evidence))
		}
	}
	if len(group[0].Evidence) != evidence || group[0].Certainty != "" {
		t.Error("Grade changed its input")
	}
}

func TestCandidatesEvidence(t *testing.T) {
	a := person(1, "alice", "Find me: @alice@example.social", recent)
	a.URL, a.Pinned = "https://example.social/@alice", "I moved! @alice@example.social"
	got := Candidates(a, nil, social.Public, now)
	if len(got) != 1 || len(got[0].Evidence) != 3 {
		t.Fatalf("%d matches: %+v", len(got), got)
	}
	kinds := []social.EvidenceKind{social.InBio, social.InLink, social.InPinned}
	for i, e := range got[0].Evidence {
		if e.Kind != kinds[i] || e.Maybe || e.SeenAt != recent || len(e.Hash) != 64 || e.Text == "" || e.Form == "" {
			t.Errorf("%d: %+v", i, e)
		}
	}
	if got[0].Asked.String() != "alice@example.social" || !got[0].Handle.IsZero() || got[0].Account.ID != 1 {
		t.Errorf("%+v", got[0])
	}
}
