package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// reading begins the reading of a new Source.
func reading(t testing.TB, s *store.Store, u social.User, digest string) (social.Task, social.Source) {
	t.Helper()
	src, _, err := s.CreateSource(t.Context(), social.Source{UserID: u.ID, Kind: social.KindXArchive, Digest: digest, Spool: "S" + digest}, now)
	ok(t, err)
	task := claim(t, s, social.ImportTask, src.ID, now)
	return task, must(s.SourceFor(t.Context(), task))(t)
}

func following(a social.Account) social.Record {
	return social.Record{Edge: social.Following, Account: a}
}

// STO-05: what strangers write is kept, cleaned, and the same on both databases.
func TestSTO05Strings(t *testing.T) {
	cases := []struct{ in, want string }{
		{"plain", "plain"},
		{"a\x00b", "ab"},
		{"\x00", ""},
		{"a\xffb", "a\uFFFDb"},
		{"\xed\xa0\x80", "\uFFFD"}, // U+D800 as bytes
		{`a\u0000b`, `a\u0000b`},   // a backslash, not a NUL
		{`"quoted" \ <b>`, `"quoted" \ <b>`},
		{"𝕳𝖊 鹬 \u202e", "𝕳𝖊 鹬 \u202e"},
		{strings.Repeat("x", 1<<20), strings.Repeat("x", 64<<10)},
	}
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		task, _ := reading(t, s, u, "d")
		var records []social.Record
		for i, c := range cases {
			records = append(records, following(social.Account{Network: social.X, NativeID: fmt.Sprint(i + 1), Username: "u",
				Name: c.in, Bio: c.in, Links: []string{c.in}, Pinned: c.in}))
		}
		ok(t, s.SaveRecords(ctx, task, records))
		got := must(s.NewAccounts(ctx, u.ID, 100))(t)
		if len(got) != len(cases) {
			t.Fatalf("%d of %d stored", len(got), len(cases))
		}
		for i, c := range cases {
			if got[i].Name != c.want || got[i].Bio != c.want || got[i].Pinned != c.want {
				t.Errorf("%.40q became %.40q, want %.40q", c.in, got[i].Name, c.want)
			}
			if len(c.in) < 100 && got[i].Links[0] != c.want {
				t.Errorf("link %q became %q", c.in, got[i].Links[0])
			}
		}
	})
}

func TestSTO05BadRowsAreLeftOut(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		poison(t, s)
		task, src := reading(t, s, u, "d")
		var records []social.Record
		for i := range 1000 {
			records = append(records, following(account(i)))
		}
		records[10].Bio = "a\x00\xff"
		records[20].SeenAt = time.Time{}
		records[30].SeenAt = time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)
		records[40].SeenAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
		records[50].NativeID = strings.Repeat("9", 5000)
		records[60].NativeID, records[60].Username = "", ""
		records[70].NativeID = "9223372036854775808"
		records[499].Username = "poison"
		ok(t, s.SaveRecords(ctx, task, records))
		if got := must(s.NewAccounts(ctx, u.ID, 2000))(t); len(got) != 997 {
			t.Errorf("%d stored", len(got))
		}
		src.Warnings = []string{"one"}
		ok(t, s.FinishSource(ctx, task, src, now))
		src = must(s.GetSource(ctx, u.ID, src.ID))(t)
		if len(src.Warnings) != 2 || !strings.HasPrefix(src.Warnings[1], "3 entries could not be stored") {
			t.Errorf("warnings %q", src.Warnings)
		}
	})
}

// poison makes the database refuse one username.
func poison(t *testing.T, s *store.Store) {
	t.Helper()
	text := `ALTER TABLE accounts ADD CONSTRAINT poison CHECK (username <> 'poison')`
	if s.IsSQLite() {
		text = `CREATE TRIGGER poison BEFORE INSERT ON accounts WHEN new.username = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END`
	}
	must(s.WriteDB().ExecContext(t.Context(), text))(t)
}

func TestNewerFactsWin(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		task, _ := reading(t, s, u, "d")
		at := func(h int) time.Time { return now.Add(time.Duration(h) * time.Hour) }
		rec := func(h int, edge social.EdgeKind, name, bio string) social.Record {
			return social.Record{Edge: edge, Account: social.Account{Network: social.X, NativeID: "7", Username: name, Bio: bio, SeenAt: at(h)}}
		}
		ok(t, s.SaveRecords(ctx, task, []social.Record{rec(5, "", "new", ""), rec(1, social.Following, "old", "old bio"), rec(3, social.Blocked, "mid", "")}))
		got := must(s.NewAccounts(ctx, u.ID, 10))(t)
		if len(got) != 1 || got[0].Username != "new" || got[0].Bio != "old bio" || !got[0].SeenAt.Equal(at(1)) {
			t.Fatalf("%+v", got)
		}
		ok(t, s.SaveRecords(ctx, task, []social.Record{rec(4, "", "older", "older bio"), rec(6, "", "", "newest bio"),
			rec(9, social.Follower, "", "")})) // says nothing of names and texts
		got = must(s.NewAccounts(ctx, u.ID, 10))(t)
		if got[0].Username != "new" || got[0].Bio != "newest bio" {
			t.Fatalf("%+v", got)
		}
		ok(t, s.SaveRecords(ctx, task, []social.Record{rec(7, "", "newest", "")}))
		if got = must(s.NewAccounts(ctx, u.ID, 10))(t); got[0].Username != "newest" || !got[0].SeenAt.Equal(at(6)) {
			t.Fatalf("%+v", got)
		}
		counts := must(s.CountAccounts(ctx, u.ID))(t)
		if counts[social.Following] != 1 || counts[social.Blocked] != 1 {
			t.Errorf("%v", counts)
		}
	})
}

// An Account is read once, again when it changed, and also when it changed
// while it was being read.
func TestAccountsAreReadAgain(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 3)
		matchTask := claim(t, s, social.MatchTask, u.ID, now)
		all := must(s.NewAccounts(ctx, u.ID, 10))(t)
		if again := must(s.NewAccounts(ctx, u.ID, 10))(t); len(all) != 3 || len(again) != 3 {
			t.Fatalf("handed out %d, then %d before they were read", len(all), len(again))
		}
		task, src := reading(t, s, u, "second")
		changed := account(1)
		changed.Bio, changed.SeenAt = "new bio", now
		ok(t, s.SaveRecords(ctx, task, []social.Record{following(account(0)), following(changed)}))
		ok(t, s.FinishSource(ctx, task, src, now))
		var c []store.Candidates
		for _, a := range all {
			c = append(c, store.Candidates{AccountID: a.ID})
		}
		ok(t, s.SaveCandidates(ctx, matchTask, c, now))
		left := must(s.NewAccounts(ctx, u.ID, 10))(t)
		if len(left) != 1 || left[0].Bio != "new bio" {
			t.Fatalf("to be read again: %+v", left)
		}
	})
}

func TestSourceAgain(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 1)
		x, again, err := s.CreateSource(ctx, social.Source{UserID: u.ID, Digest: "digest", Spool: "other"}, now)
		if err != nil || !again || x.Spool != "Sdigest" || x.State != social.SourceDone {
			t.Fatal(x, again, err)
		}
		other := must(s.SaveUser(ctx, social.User{Host: "b.test", RemoteID: "1", CreatedAt: now}))(t)
		_, again, err = s.CreateSource(ctx, social.Source{UserID: other.ID, Digest: "digest"}, now)
		if err != nil || again {
			t.Fatal("another User's file was recognised", err)
		}
		_, err = s.GetSource(ctx, other.ID, x.ID)
		wantKind(t, err, fault.NotFound)
		ok(t, s.Ring(ctx, social.ImportTask, x.ID, now))
		task := claim(t, s, social.ImportTask, x.ID, now)
		_, err = s.SourceFor(ctx, task)
		wantKind(t, err, fault.Gone) // done already, its bytes may be deleted
		wantKind(t, s.FinishSource(ctx, task, x, now), fault.Conflict)
	})
}

func TestBrokenSourceTakesItsOwnAway(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := imported(t, s, 3)
		task, src := reading(t, s, u, "bad")
		blocked := social.Record{Edge: social.Blocked, Account: account(1)}
		ok(t, s.SaveRecords(ctx, task, []social.Record{following(account(0)), following(account(7)), blocked}))
		if spools := must(s.Spools(ctx))(t); len(spools) != 1 || spools[0] != "Sbad" {
			t.Errorf("spools needed: %v", spools)
		}
		src.State, src.FaultCode, src.FaultSay, src.FaultArgs = social.SourceBroken, "cut-off", "It ends in the middle.", map[string]string{"n": "1"}
		ok(t, s.FinishSource(ctx, task, src, now))
		counts := must(s.CountAccounts(ctx, u.ID))(t)
		if counts[social.Following] != 3 || counts[social.Blocked] != 0 {
			t.Errorf("left: %v", counts)
		}
		if n := must(s.MatchCounts(ctx, u.ID))(t).People; n != 3 {
			t.Errorf("%d people left", n)
		}
		got := must(s.GetSource(ctx, u.ID, src.ID))(t)
		if got.State != social.SourceBroken || got.FaultSay != src.FaultSay || got.FaultArgs["n"] != "1" {
			t.Errorf("%+v", got)
		}
		if spools := must(s.Spools(ctx))(t); len(spools) != 0 {
			t.Errorf("spools needed: %v", spools)
		}
		_, again, err := s.CreateSource(ctx, social.Source{UserID: u.ID, Digest: "bad"}, now)
		if err != nil || again {
			t.Fatal("a broken file may be given again", err)
		}
	})
}

func TestNamedAccounts(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		task, _ := reading(t, s, u, "d")
		ok(t, s.SaveRecords(ctx, task, []social.Record{
			following(social.Account{Network: social.X, Username: "Alice"}), following(social.Account{Network: social.X, Username: "alice"}),
			following(social.Account{Network: social.X, NativeID: "5", Username: "alice"})}))
		got := must(s.NewAccounts(ctx, u.ID, 10))(t)
		if len(got) != 2 {
			t.Fatalf("an Account without id is known by its name, one with id by that: %+v", got)
		}
	})
}
