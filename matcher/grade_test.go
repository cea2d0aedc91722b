package matcher

import (
	"os"
	"strings"
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

// TestRulesAreDocumented: docs/matching.md has the table as it is, in its order.
func TestRulesAreDocumented(t *testing.T) {
	data, err := os.ReadFile("../docs/matching.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| grade") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	for i, r := range rules {
		if want := "| " + string(r.grade) + " | " + r.reason + " |"; i >= len(rows) || rows[i] != want {
			t.Errorf("row %d of the table is not %q", i+1, want)
		}
	}
	if len(rows) != len(rules) {
		t.Errorf("%d rows, %d rules", len(rows), len(rules))
	}
}

func TestRulesHaveReasons(t *testing.T) {
	for i, r := range rules {
		if r.reason == "" || r.grade == "" {
			t.Errorf("rule %d says nothing", i)
		}
	}
	if r := gradeOf(facts{}); r.grade != social.Possible {
		t.Errorf("without any fact: %q", r.grade)
	}
}

func TestSay(t *testing.T) {
	h := handle(t, "alice@example.social")
	seen := time.Date(2026, 3, 1, 23, 0, 0, 0, time.FixedZone("", 5*3600))
	tests := []struct {
		e    social.Evidence
		want string
	}{
		{social.Evidence{Kind: social.InBio}, "Their X profile says @alice@example.social."},
		{social.Evidence{Kind: social.InName}, "Their X name says @alice@example.social."},
		{social.Evidence{Kind: social.InLocation}, "Their X location says @alice@example.social."},
		{social.Evidence{Kind: social.InLink}, "Their X link says @alice@example.social."},
		{social.Evidence{Kind: social.InPinned}, "Their pinned post on X says @alice@example.social."},
		{social.Evidence{Kind: social.LinkBack, Source: "alice_x"}, "The profile @alice@example.social links back to @alice_x on X."},
		{social.Evidence{Kind: social.Registered}, "They registered this move here and proved both accounts."},
		{social.Evidence{Kind: social.PublicList, Source: "Wikidata", SeenAt: seen}, "A public list says so: Wikidata, 2026-03-01."},
		{social.Evidence{Kind: social.MovedFrom, Source: "alice@old.example.net"}, "@alice@old.example.net has moved; this is the account it moved to."},
		{social.Evidence{Kind: social.MaybeMail}, "This may be an e-mail address. No fediverse account answers there."},
		{social.Evidence{Kind: social.ParodyMirror}, "The profile calls itself a fan, parody or mirror account."},
		{social.Evidence{Kind: "unheard-of"}, ""},
	}
	for _, tt := range tests {
		if _, _, got := Say(tt.e, h); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.e.Kind, got, tt.want)
		}
	}
	if code, args, say := SayOld(social.Evidence{SeenAt: seen}); code != "evidence-old" || say != "Seen 2026-03-01; it may have changed." || args["date"] != "2026-03-01" {
		t.Errorf("%q %v %q", code, args, say)
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
