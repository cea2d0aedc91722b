package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/store/pgtest"
)

const many = 100_000

func benchBoth(b *testing.B, bench func(b *testing.B, s *store.Store)) {
	for _, name := range []string{"sqlite", "postgres"} {
		b.Run(name, func(b *testing.B) {
			o := store.Options{Path: filepath.Join(b.TempDir(), "godwit.db"), Keys: testKeys}
			if name == "postgres" {
				o = store.Options{URL: pgtest.URL(b), Keys: testKeys}
			}
			s := open(b, o)
			ok(b, s.Migrate(b.Context()))
			bench(b, s)
		})
	}
}

// BenchmarkSaveRecords saves 100,000 Accounts that one User follows, in
// batches of 1,000, from first to last.
func BenchmarkSaveRecords(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *store.Store) {
		n := 0
		for b.Loop() {
			u := must(s.SaveUser(b.Context(), social.User{Host: fmt.Sprintf("h%d.test", n), RemoteID: "1", CreatedAt: now}))(b)
			importInto(b, s, u, "d", many)
			n++
		}
		perSecond(b, many)
	})
}

func perSecond(b *testing.B, rows int) {
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkRegistrations looks 10,000 X ids up among 100,000.
func BenchmarkRegistrations(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *store.Store) {
		registered(b, s)
		var ids []string
		for i := range 10_000 {
			ids = append(ids, fmt.Sprint(1000+i*20))
		}
		for b.Loop() {
			if got := must(s.Registrations(b.Context(), ids))(b); len(got) != 5000 {
				b.Fatalf("%d found", len(got))
			}
		}
		perSecond(b, len(ids))
	})
}

func registered(b *testing.B, s *store.Store) {
	const row = `'u', '', 'u@x.test', 'u@x.test', '', 'x-login', '', '', 'public', false, '', 0, 0, 0`
	text := `INSERT INTO registrations (user_id, import_id, xid, xid_proven, username, username_key, handle, handle_key, actor_id, proof, post, code,
			audience, stale, source, created_at, checked_at, due_at)
		WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		SELECT CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(1000 + i AS TEXT), true, ` + row + ` FROM n`
	must(s.WriteDB().ExecContext(b.Context(), text, many-1))(b)
	analyze(b, s)
}

// analyze does what PostgreSQL's autovacuum does by itself a minute later.
func analyze(b *testing.B, s *store.Store) {
	if !s.IsSQLite() {
		must(s.WriteDB().ExecContext(b.Context(), "VACUUM ANALYZE"))(b)
	}
}

// reviewed gives a User 100,000 live Matches, and says how long that took.
func reviewed(b *testing.B, s *store.Store) social.User {
	ctx := b.Context()
	u := imported(b, s, many)
	task := claim(b, s, social.MatchTask, u.ID, now)
	begin := time.Now()
	for {
		accounts := must(s.NewAccounts(ctx, u.ID, 500))(b)
		if len(accounts) == 0 {
			break
		}
		var all []store.Candidates
		for _, a := range accounts {
			h := hd(b, fmt.Sprintf("%s@h%d.example.social", a.Username, a.ID%997))
			all = append(all, store.Candidates{AccountID: a.ID, Matches: []social.Match{{Asked: h, Resolution: found(h, now),
				Evidence: []social.Evidence{{Kind: social.InBio, Text: "some twenty words of a bio that names " + h.String(), Hash: "0123456789abcdef", SeenAt: now}}}}})
		}
		ok(b, s.SaveCandidates(ctx, task, all, now))
	}
	b.Logf("candidates of %d Accounts saved in %v", many, time.Since(begin))
	begin = time.Now()
	ok(b, s.Settle(ctx, task, now, false))
	graded(b, s, u, func(m social.Match) social.Certainty {
		return []social.Certainty{social.Certain, social.Likely, social.Possible}[m.ID%3]
	})
	b.Logf("graded in %v", time.Since(begin))
	analyze(b, s)
	return u
}

// BenchmarkReview reads what the review page shows at 100,000 Matches.
func BenchmarkReview(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *store.Store) {
		u := reviewed(b, s)
		ctx := b.Context()
		b.Run("counts", func(b *testing.B) {
			for b.Loop() {
				if c := must(s.MatchCounts(ctx, u.ID))(b); c.Found != many {
					b.Fatalf("%+v", c)
				}
			}
		})
		for name, f := range map[string]store.MatchFilter{
			"first page": {Group: store.GroupLikely, Limit: 50}, "last page": {Group: store.GroupLikely, Limit: 50, Offset: many/3 - 50},
			"search": {Query: "user7777", Limit: 50}, "host": {Host: "h7.example.social", Limit: 50},
		} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if all := matches(b, s, u, f); len(all) == 0 {
						b.Fatal("no rows")
					}
				}
			})
		}
		d := destination(b, s, u)
		b.Run("plan", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.PlanFollows(ctx, u.ID, d.ID, now); err != nil {
					b.Fatal(err)
				}
			}
		})
		task := claim(b, s, social.FollowTask, d.ID, now)
		b.Run("follow step", func(b *testing.B) {
			for b.Loop() {
				if w := must(s.FollowWorkFor(ctx, task, now))(b); len(w.Due) == 0 {
					b.Fatal("nothing is due")
				}
			}
		})
	})
}

// BenchmarkDueTasks lists what is due among 100,000 look-ups.
func BenchmarkDueTasks(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *store.Store) {
		text := `INSERT INTO tasks (kind, subject, user_id, due_at, claimed_until, ready_at, claim_no, attempts)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			SELECT 'lookup', i, NULL, CAST($2 AS BIGINT), 0, CAST($2 AS BIGINT), 0, 0 FROM n`
		must(s.WriteDB().ExecContext(b.Context(), text, many, now.UnixMicro()))(b)
		analyze(b, s)
		for b.Loop() {
			due, _, err := s.DueTasks(b.Context(), now, 100)
			if err != nil || len(due) != 100 {
				b.Fatal(len(due), err)
			}
		}
	})
}

// BenchmarkClaim claims and settles one task.
func BenchmarkClaim(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *store.Store) {
		u := must(s.LocalUser(b.Context(), now))(b)
		ok(b, s.Ring(b.Context(), social.MatchTask, u.ID, now))
		for b.Loop() {
			ok(b, s.Settle(b.Context(), claim(b, s, social.MatchTask, u.ID, now), now, false))
		}
	})
}
