package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/store/pgtest"
)

// now is the instant at which tests begin.
var now = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

var testKeys = store.Keys{{ID: "k1", Secret: [32]byte{1, 2, 3}}}

// both runs a test on SQLite and on PostgreSQL, each with an empty database of
// the newest schema. options open further Stores on the same database.
func both(t *testing.T, test func(t *testing.T, s *store.Store, o store.Options)) {
	eachDatabase(t, func(t *testing.T, o store.Options) {
		s := open(t, o)
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		test(t, s, o)
	})
}

func eachDatabase(t *testing.T, test func(t *testing.T, o store.Options)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, store.Options{Path: filepath.Join(t.TempDir(), "data", "godwit.db"), Keys: testKeys})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, store.Options{URL: pgtest.URL(t), Keys: testKeys})
	})
}

func open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Fatalf("error is %v, want kind %v", err, kind)
	}
}

func hd(t testing.TB, s string) social.Handle {
	t.Helper()
	return must(social.ParseHandle(s, social.Private))(t)
}

func account(i int) social.Account {
	return social.Account{Network: social.X, NativeID: fmt.Sprint(1000 + i), Username: fmt.Sprintf("User%d", i),
		Name: fmt.Sprintf("Name %d", i), Bio: "a bio", Links: []string{"https://a.test"}, SeenAt: now.Add(-time.Hour)}
}

func claim(t testing.TB, s *store.Store, kind social.TaskKind, id int64, at time.Time) social.Task {
	t.Helper()
	task, _, err := s.Claim(t.Context(), kind, id, at, time.Minute)
	ok(t, err)
	return task
}

// imported makes a User who follows n Accounts, read from one Source.
func imported(t testing.TB, s *store.Store, n int) social.User {
	t.Helper()
	u := must(s.LocalUser(t.Context(), now))(t)
	importInto(t, s, u, "digest", n)
	return u
}

func importInto(t testing.TB, s *store.Store, u social.User, digest string, n int) social.Source {
	t.Helper()
	ctx := t.Context()
	src, again, err := s.CreateSource(ctx, social.Source{UserID: u.ID, Kind: social.KindXArchive, Name: "a.zip", Digest: digest, Spool: "S" + digest}, now)
	if err != nil || again {
		t.Fatal(err, again)
	}
	task := claim(t, s, social.ImportTask, src.ID, now)
	src = must(s.SourceFor(ctx, task))(t)
	var records []social.Record
	for i := range n {
		records = append(records, social.Record{Edge: social.Following, Account: account(i)})
	}
	for batch := range slices.Chunk(records, 1000) {
		ok(t, s.SaveRecords(ctx, task, batch))
	}
	src.Counts.Following = n
	ok(t, s.FinishSource(ctx, task, src, now))
	ok(t, s.Settle(ctx, task, time.Time{}, false))
	return src
}

// matched gives each of the User's unread Accounts one candidate, by handles.
func matched(t testing.TB, s *store.Store, u social.User, asked func(social.Account) string) {
	t.Helper()
	ctx := t.Context()
	task := claim(t, s, social.MatchTask, u.ID, now)
	for {
		accounts := must(s.NewAccounts(ctx, u.ID, 500))(t)
		if len(accounts) == 0 {
			break
		}
		var all []store.Candidates
		for _, a := range accounts {
			c := store.Candidates{AccountID: a.ID}
			if h := asked(a); h != "" {
				c.Matches = []social.Match{{Asked: hd(t, h), Evidence: []social.Evidence{{Kind: social.InBio, Text: "find me at " + h, SeenAt: now}}}}
			}
			all = append(all, c)
		}
		ok(t, s.SaveCandidates(ctx, task, all, now))
	}
	ok(t, s.Settle(ctx, task, time.Time{}, false))
}

// lookedUp answers every due look-up with found.
func lookedUp(t testing.TB, s *store.Store, at time.Time) (asked []social.Handle) {
	t.Helper()
	ctx := t.Context()
	due, _, err := s.DueTasks(ctx, at, 10000)
	ok(t, err)
	for _, d := range due {
		if d.Kind != social.LookUpTask {
			continue
		}
		task := claim(t, s, d.Kind, d.ID, at)
		for {
			domain, look, _, err := s.NextLookUp(ctx, task, at)
			if fault.Is(err, fault.NotFound) {
				break
			}
			ok(t, err)
			asked = append(asked, look.Handle)
			ok(t, s.SaveResolution(ctx, task, domain, found(look.Handle, at), time.Time{}, 0, at))
		}
		ok(t, s.Settle(ctx, task, time.Time{}, false))
	}
	return asked
}

func found(h social.Handle, at time.Time) social.Resolution {
	return social.Resolution{Asked: h, State: social.Found, Handle: h, ActorID: "https://" + h.Host() + "/users/" + h.User(),
		CheckedAt: at, FreshUntil: at.Add(24 * time.Hour)}
}

// graded grades everything ungraded with the given certainty.
func graded(t testing.TB, s *store.Store, u social.User, certainty func(social.Match) social.Certainty) {
	t.Helper()
	ctx := t.Context()
	task := claim(t, s, social.MatchTask, u.ID, now)
	for {
		group := must(s.Ungraded(ctx, u.ID, 500))(t)
		if len(group) == 0 {
			break
		}
		for i := range group {
			group[i].Handle, group[i].ActorID = group[i].Resolution.Handle, group[i].Resolution.ActorID
			group[i].Certainty = certainty(group[i])
		}
		ok(t, s.SaveGrades(ctx, task, group, now))
	}
	ok(t, s.Settle(ctx, task, time.Time{}, false))
}

func always(c social.Certainty) func(social.Match) social.Certainty {
	return func(social.Match) social.Certainty { return c }
}

// onHosts spreads handles over n hosts of one User.
func onHosts(n int) func(social.Account) string {
	return func(a social.Account) string {
		return fmt.Sprintf("%s@h%d.example.social", a.Username, a.ID%int64(n))
	}
}

// destination connects an account for the User.
func destination(t testing.TB, s *store.Store, u social.User) social.Destination {
	t.Helper()
	return must(s.SaveDestination(t.Context(), social.Destination{UserID: u.ID, Host: "home.test", RemoteID: "1",
		Handle: hd(t, "me@home.test"), Flavour: social.Mastodon, CreatedAt: now}, social.NewSecret("canary-token")))(t)
}

func TestJourney(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := context.Background()
		u := imported(t, s, 10)
		matched(t, s, u, onHosts(3))
		counts := must(s.MatchCounts(ctx, u.ID))(t)
		if counts.People != 10 || counts.Looking != 10 || counts.Found != 0 {
			t.Fatalf("before look-ups: %+v", counts)
		}
		if asked := lookedUp(t, s, now); len(asked) != 10 {
			t.Fatalf("asked %d handles", len(asked))
		}
		graded(t, s, u, func(m social.Match) social.Certainty {
			if m.Account.NativeID == "1003" {
				return social.Certain
			}
			return social.Likely
		})
		counts = must(s.MatchCounts(ctx, u.ID))(t)
		want := store.MatchCounts{People: 10, Found: 10, Certain: 1, Likely: 9, Confirmed: 1}
		if counts != want {
			t.Fatalf("counts %+v, want %+v", counts, want)
		}
		n, _, err := s.DecideAll(ctx, u.ID, store.MatchFilter{Group: store.GroupLikely}, 9, social.Confirmed, now)
		if err != nil || n != 9 {
			t.Fatal(n, err)
		}
		d := destination(t, s, u)
		if n := must(s.PlanFollows(ctx, u.ID, d.ID, now))(t); n != 10 {
			t.Fatalf("planned %d", n)
		}
		if n := must(s.PlanFollows(ctx, u.ID, d.ID, now))(t); n != 0 {
			t.Fatalf("planned %d again", n)
		}
		followAll(t, s, d, now)
		fc := must(s.FollowCounts(ctx, u.ID, d.ID))(t)
		if fc.Total != 10 || fc.ByOutcome[social.Followed] != 10 || fc.Waiting != 0 {
			t.Fatalf("%+v", fc)
		}
	})
}

// followAll sends and confirms every due job.
func followAll(t testing.TB, s *store.Store, d social.Destination, at time.Time) {
	t.Helper()
	ctx := t.Context()
	task := claim(t, s, social.FollowTask, d.ID, at)
	for {
		w := must(s.FollowWorkFor(ctx, task, at))(t)
		if w.Token.Reveal() != "canary-token" {
			t.Fatal("token does not open")
		}
		if len(w.Due) == 0 {
			break
		}
		for _, job := range w.Due {
			budgets := []social.Budget{{Family: social.FollowsFamily, Limit: 400, Remaining: 390, ResetsAt: at, Window: time.Hour}}
			ok(t, s.BeginFollow(ctx, task, job.ID, store.Changes(nil, budgets), at))
			job.State, job.Outcome, job.AskedAt = social.JobDone, social.Followed, at
			ok(t, s.SaveFollows(ctx, task, []social.FollowJob{job}, store.Changes(nil, budgets), w.Destination, at))
		}
	}
	ok(t, s.Settle(ctx, task, time.Time{}, false))
}
