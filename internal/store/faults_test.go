package store_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// noBytes checks that neither the database file nor its journal holds text.
func noBytes(t testing.TB, path, text string) {
	t.Helper()
	for _, file := range must(filepath.Glob(path + "*"))(t) {
		if bytes.Contains(must(os.ReadFile(file))(t), []byte(text)) {
			t.Errorf("%s still holds %q", filepath.Base(file), text)
		}
	}
}

// STO-06: a full disk is said so, loses nothing that was stored, stops no
// reading, and is over when there is room again.
func TestSTO06DiskFull(t *testing.T) {
	s := open(t, store.Options{Path: filepath.Join(t.TempDir(), "godwit.db"), Keys: testKeys})
	ctx := t.Context()
	ok(t, s.Migrate(ctx))
	u := imported(t, s, 100)
	task, src := reading(t, s, u, "big")
	var pages int
	ok(t, s.WriteDB().QueryRowContext(ctx, `PRAGMA page_count`).Scan(&pages))
	must(s.WriteDB().ExecContext(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+20)))(t)
	var records []social.Record
	for i := range 5000 {
		records = append(records, following(account(1000+i)))
	}
	err := s.SaveRecords(ctx, task, records)
	wantKind(t, err, fault.Disk)
	if say := fault.Say(err); !strings.HasPrefix(say, "We have no room for this at the moment.") {
		t.Error(say)
	}
	if n := must(s.MatchCounts(ctx, u.ID))(t).People; n != 100 {
		t.Errorf("%d people after the failed batch", n)
	}
	must(s.WriteDB().ExecContext(ctx, `PRAGMA max_page_count = 1000000`))(t)
	ok(t, s.SaveRecords(ctx, task, records))
	ok(t, s.FinishSource(ctx, task, src, now))
	if n := must(s.MatchCounts(ctx, u.ID))(t).People; n != 5100 {
		t.Errorf("%d people after there was room again", n)
	}
	var check string
	ok(t, s.WriteDB().QueryRowContext(ctx, `PRAGMA integrity_check`).Scan(&check))
	if check != "ok" {
		t.Error(check)
	}
}

func TestSTO06DiskErrorsOfPostgres(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o store.Options) {
		s := open(t, o)
		if !s.IsSQLite() {
			wantKind(t, s.Means(fmt.Errorf("commit: %w", &pgconn.PgError{Code: "53100"})), fault.Disk)
		}
		wantKind(t, s.Means(fmt.Errorf("write: %w", syscall.ENOSPC)), fault.Disk)
		if err := s.Means(errors.New("odd")); fault.KindOf(err) != fault.Broken || strings.Contains(fault.Say(err), "odd") {
			t.Errorf("%v", err)
		}
	})
}

// STO-06: a reader that stays open does not let the journal grow without bound
// once it is gone.
func TestSTO06JournalIsCutBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "godwit.db")
	s := open(t, store.Options{Path: path, Keys: testKeys})
	ok(t, s.Migrate(t.Context()))
	imported(t, s, 20000)
	must(s.Sweep(t.Context(), now))(t)
	if size := must(os.Stat(path + "-wal"))(t).Size(); size != 0 {
		t.Errorf("the journal has %d bytes after a sweep", size)
	}
}

// stage is a moment of a User's journey at which it may be forgotten.
var stages = []func(t *testing.T, s *store.Store, u social.User) social.Task{
	func(t *testing.T, s *store.Store, u social.User) social.Task { // while a Source is read
		task, _ := reading(t, s, u, "unfinished")
		return task
	},
	func(t *testing.T, s *store.Store, u social.User) social.Task { // while matching
		importInto(t, s, u, "x", 5)
		return claim(t, s, social.MatchTask, u.ID, now)
	},
	func(t *testing.T, s *store.Store, u social.User) social.Task { // while following
		importInto(t, s, u, "y", 5)
		matched(t, s, u, onHosts(2))
		lookedUp(t, s, now)
		graded(t, s, u, always(social.Certain))
		d := destination(t, s, u)
		must(s.PlanFollows(t.Context(), u.ID, d.ID, now))(t)
		all := matches(t, s, u, store.MatchFilter{})
		must(s.Decide(t.Context(), u.ID, []int64{all[0].ID}, social.Rejected, now))(t)
		ok(t, s.SaveSession(t.Context(), store.Session{Hash: "h" + u.Host, UserID: u.ID, CreatedAt: now, SeenAt: now}))
		ok(t, s.SaveFlow(t.Context(), store.Flow{ID: "f" + u.Host, UserID: u.ID, CreatedAt: now}))
		task := claim(t, s, social.FollowTask, d.ID, now)
		w := must(s.FollowWorkFor(t.Context(), task, now))(t)
		ok(t, s.BeginFollow(t.Context(), task, w.Due[0].ID, store.Changes(nil, []social.Budget{{Family: social.FollowsFamily}}), now))
		return task
	},
}

// STO-08: after Forget no row of the User is left anywhere, nobody else's is
// missing, and a worker that was under way cannot bring one back.
func TestSTO08Forget(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		for i, stage := range stages {
			kept := must(s.SaveUser(ctx, social.User{Host: fmt.Sprintf("kept%d.test", i), RemoteID: "1", CreatedAt: now}))(t)
			stage(t, s, kept)
			before := rowsOf(t, s, kept.ID)
			u := must(s.SaveUser(ctx, social.User{Host: fmt.Sprintf("gone%d.test", i), RemoteID: "1", CreatedAt: now}))(t)
			task := stage(t, s, u)
			if rowsOf(t, s, u.ID) != before {
				t.Fatalf("stage %d: the two Users differ", i)
			}
			spools := must(s.Forget(ctx, u.ID))(t)
			if len(spools) != 1 {
				t.Errorf("stage %d: spools %v", i, spools)
			}
			late(t, s, task)
			if left := rowsOf(t, s, u.ID); left != strings.Repeat("0 ", strings.Count(left, " ")) {
				t.Errorf("stage %d: rows left: %s", i, left)
			}
			if after := rowsOf(t, s, kept.ID); after != before {
				t.Errorf("stage %d: the other User's rows became %s, were %s", i, after, before)
			}
			_, err := s.Forget(ctx, u.ID)
			wantKind(t, err, fault.NotFound)
		}
	})
}

// late is what a worker writes that has not heard yet.
func late(t *testing.T, s *store.Store, task social.Task) {
	t.Helper()
	ctx := t.Context()
	wantKind(t, s.SaveRecords(ctx, task, []social.Record{following(account(1))}), fault.Conflict)
	wantKind(t, s.FinishSource(ctx, task, social.Source{}, now), fault.Conflict)
	wantKind(t, s.SaveCandidates(ctx, task, []store.Candidates{{AccountID: 1}}, now), fault.Conflict)
	wantKind(t, s.SaveGrades(ctx, task, []social.Match{{ID: 1}}, now), fault.Conflict)
	wantKind(t, s.BeginFollow(ctx, task, 1, nil, now), fault.Conflict)
	wantKind(t, s.SaveFollows(ctx, task, []social.FollowJob{{ID: 1}}, nil, social.Destination{}, now), fault.Conflict)
	wantKind(t, s.Settle(ctx, task, now, true), fault.Conflict)
	wantKind(t, s.Renew(ctx, task, now, time.Hour), fault.Conflict)
	wantKind(t, s.Ring(ctx, task.Kind, task.ID, now), fault.NotFound)
	wantKind(t, must2(s.Claim(ctx, task.Kind, task.ID, now.Add(time.Hour), time.Hour)), fault.Conflict)
}

func must2[A, B any](_ A, _ B, err error) error { return err }

// rowsOf counts, for every table of the schema with a user_id, and for edges,
// the User's rows.
func rowsOf(t testing.TB, s *store.Store, id int64) string {
	t.Helper()
	var counts strings.Builder
	count := func(text string, args ...any) {
		var n int
		ok(t, s.WriteDB().QueryRowContext(t.Context(), text, args...).Scan(&n))
		fmt.Fprint(&counts, n, " ")
	}
	tables := 0
	for _, c := range columns(t, s) {
		if c.name == "user_id" {
			count(`SELECT count(*) FROM `+c.table+` WHERE user_id = $1`, id)
			tables++
		}
	}
	if tables < 10 {
		t.Fatalf("only %d tables with a user_id", tables)
	}
	count(`SELECT count(*) FROM users WHERE id = $1`, id)
	count(`SELECT count(*) FROM edges WHERE source_id IN (SELECT id FROM sources WHERE user_id = $1) OR
		account_id IN (SELECT id FROM accounts WHERE user_id = $1)`, id)
	count(`SELECT count(*) FROM edges WHERE source_id NOT IN (SELECT id FROM sources) OR account_id NOT IN (SELECT id FROM accounts)`)
	return counts.String()
}

// STO-10: eight processes that start at once migrate once; here eight Stores,
// each with its own connections. (One process or eight is the same to a database.)
func TestSTO10MigrateOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o store.Options) {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				s, err := store.Open(t.Context(), o)
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				if err := s.Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		s := open(t, o)
		steps := must(s.Migrations(t.Context()))(t)
		if len(steps) == 0 || steps[0].AppliedAt.IsZero() || steps[0].Name != "0001_first.sql" {
			t.Errorf("%+v", steps)
		}
		var n int
		ok(t, s.WriteDB().QueryRowContext(t.Context(), `SELECT count(*) FROM goose_db_version WHERE version_id = 1`).Scan(&n))
		if n != 1 {
			t.Errorf("step 1 ran %d times", n)
		}
	})
}

func TestSTO10NewerSchema(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, o store.Options) {
		ctx := t.Context()
		must(s.WriteDB().ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`))(t)
		_, err := store.Open(ctx, o)
		wantKind(t, err, fault.Denied)
		if !strings.HasPrefix(fault.Say(err), "The database was last used by a newer godwit") {
			t.Error(fault.Say(err))
		}
		wantKind(t, s.Migrate(ctx), fault.Denied)
	})
}

func TestOlderSchema(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o store.Options) {
		s := open(t, o)
		_, err := s.LocalUser(t.Context(), now)
		wantKind(t, err, fault.Denied)
		if !strings.Contains(fault.Say(err), "godwit migrate up") {
			t.Error(fault.Say(err))
		}
	})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	ok(t, os.WriteFile(file, nil, 0o600))
	text := filepath.Join(t.TempDir(), "letter.txt")
	ok(t, os.WriteFile(text, bytes.Repeat([]byte("dear reader "), 1000), 0o600))
	for _, c := range []struct {
		o    store.Options
		kind fault.Kind
		say  string
	}{
		{store.Options{URL: "mysql://x"}, fault.Invalid, "The database address isn't right."},
		{store.Options{URL: "postgres://user:hunter2@[::1"}, fault.Invalid, "The database address isn't right."},
		{store.Options{URL: "postgres://user:hunter2@127.0.0.1:1/x"}, fault.Unavailable, "The database doesn't answer."},
		{store.Options{Path: filepath.Join(file, "godwit.db")}, fault.Denied, "The database "},
		{store.Options{Path: text}, fault.Denied, "The database file is damaged, or is none of Godwit's."},
	} {
		_, err := store.Open(t.Context(), c.o)
		wantKind(t, err, c.kind)
		if say := fault.Say(err); !strings.HasPrefix(say, c.say) || strings.Contains(say, "hunter2") {
			t.Error(say)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is in %v", err)
		}
	}
}

func TestExportUser(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		u := imported(t, s, 20)
		matched(t, s, u, onHosts(2))
		lookedUp(t, s, now)
		graded(t, s, u, always(social.Certain))
		d := destination(t, s, u)
		must(s.PlanFollows(t.Context(), u.ID, d.ID, now))(t)
		other := must(s.SaveUser(t.Context(), social.User{Host: "stranger.test", RemoteID: "1", CreatedAt: now}))(t)
		importInto(t, s, other, "strange", 3)
		var out bytes.Buffer
		ok(t, s.ExportUser(t.Context(), u.ID, &out))
		var got map[string][]map[string]any
		ok(t, json.Unmarshal(out.Bytes(), &got))
		if len(got["accounts"]) != 20 || len(got["edges"]) != 20 || len(got["matches"]) != 20 || len(got["follow_jobs"]) != 20 {
			t.Errorf("%d bytes: %v accounts, %v edges", out.Len(), len(got["accounts"]), len(got["edges"]))
		}
		if got["matches"][0]["evidence"].([]any)[0].(map[string]any)["kind"] != "bio" || got["accounts"][0]["texts_at"] != "2026-11-20T08:00:00Z" {
			t.Errorf("%v %v", got["matches"][0], got["accounts"][0])
		}
		for _, c := range columns(t, s) {
			if _, there := got[c.table]; c.name == "user_id" && !there {
				t.Errorf("table %s is not exported", c.table)
			}
		}
		if strings.Contains(out.String(), "strange") {
			t.Error("somebody else's rows are in the export")
		}
		wantKind(t, s.ExportUser(t.Context(), 99, &out), fault.NotFound)
	})
}

func TestUsersAndSessions(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		if again := must(s.LocalUser(ctx, now.Add(time.Hour)))(t); again != u {
			t.Errorf("%+v, then %+v", u, again)
		}
		ok(t, s.SetLocale(ctx, u.ID, "zh-CN"))
		if got := must(s.GetUser(ctx, u.ID))(t); got.Locale != "zh-CN" {
			t.Errorf("%+v", got)
		}
		wantKind(t, s.SetLocale(ctx, 99, "x"), fault.NotFound)
		wantKind(t, s.SaveSession(ctx, store.Session{Hash: "h", UserID: 99, CreatedAt: now, SeenAt: now}), fault.NotFound)
		wantKind(t, must2(s.CreateSource(ctx, social.Source{UserID: 99}, now)), fault.NotFound)
		for i := range 12 {
			at := now.Add(time.Duration(i) * time.Minute)
			ok(t, s.SaveSession(ctx, store.Session{Hash: fmt.Sprintf("h%d", i), UserID: u.ID, CreatedAt: at, SeenAt: at}))
		}
		_, err := s.GetSession(ctx, "h1", now)
		wantKind(t, err, fault.NotFound) // the eleventh ended the oldest
		got := must(s.GetSession(ctx, "h2", now.Add(13*24*time.Hour)))(t)
		if got.UserID != u.ID {
			t.Errorf("%+v", got)
		}
		_, err = s.GetSession(ctx, "h2", now.Add(15*24*time.Hour))
		wantKind(t, err, fault.NotFound)
		got.SeenAt = now.Add(59 * 24 * time.Hour)
		ok(t, s.SaveSession(ctx, got))
		must(s.GetSession(ctx, "h2", now.Add(59*24*time.Hour)))(t)
		_, err = s.GetSession(ctx, "h2", now.Add(61*24*time.Hour))
		wantKind(t, err, fault.NotFound)
		ok(t, s.DeleteSession(ctx, "h3"))
		_, err = s.GetSession(ctx, "h3", now)
		wantKind(t, err, fault.NotFound)
		ok(t, s.DeleteSessions(ctx, u.ID))
		_, err = s.GetSession(ctx, "h4", now)
		wantKind(t, err, fault.NotFound)
	})
}
