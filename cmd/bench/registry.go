package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"godwit/internal/store"
	"godwit/internal/store/pgtest"
)

// registry is how many people are registered, and how many numbers of a
// following list are looked up among them at once: every other one is there.
type registry struct{ people, asked int }

// mostLookUp bounds one such look-up, in seconds.
const mostLookUp = 0.2

// firstXID is the smallest number on X in the registry; all have as many
// digits, so that they lie in the order of their rows.
const firstXID = 1_000_000_000

// registered fills the table with people, $1 of them less one.
const registered = `INSERT INTO registrations (user_id, import_id, xid, xid_proven, username, username_key, handle, handle_key, actor_id, proof, post, code,
		audience, stale, source, created_at, checked_at, due_at)
	WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
	SELECT CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(1000000000 + i * 2 AS TEXT), true, 'wader_' || i, 'wader_' || i, 'wader_' || i || '@flock.example',
		'wader_' || i || '@flock.example', 'https://flock.example/users/' || i, 'x-login', '', '', 'public', false, '', 0, 0, 0 FROM n`

// registryRows measures looking a following list up in a large registry, beside
// the barest query for the same rows.
func registryRows(ctx context.Context, b *bench) ([]row, error) {
	lite, err := b.sqlite(ctx, "registry")
	if err != nil {
		return nil, err
	}
	r, err := b.registryIn(ctx, "SQLite", lite.options, bareLite)
	rows := []row{r}
	if err := errors.Join(err, lite.drop()); err != nil {
		return nil, err
	}
	server, err := pgtest.Server()
	if err != nil {
		return append(rows, row{name: "registry, PostgreSQL", measured: "no PostgreSQL here", beside: "nothing"}), nil
	}
	full, err := b.postgres(ctx, server, "registry")
	if err != nil {
		return rows, err
	}
	r, err = b.registryIn(ctx, "PostgreSQL", full.options, bareFull)
	return append(rows, r), errors.Join(err, full.drop())
}

// bareWay opens a plain way to the database: a function that runs a statement,
// and one that looks numbers up and counts the rows.
type bareWay func(ctx context.Context, o store.Options) (run func(string, ...any) error, look func(ids []string) (int, error), end func() error, err error)

func (b *bench) registryIn(ctx context.Context, name string, o store.Options, way bareWay) (r row, err error) {
	s, err := store.Open(ctx, o)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Migrate(ctx); err != nil {
		return r, err
	}
	run, look, end, err := way(ctx, o)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err := run(registered, b.registry.people-1); err != nil {
		return r, err
	}
	if err := run("ANALYZE registrations"); err != nil {
		return r, err
	}
	ids := b.registry.ids()
	ours, bare, err := b.lookUps(ctx, s, ids, look)
	if err != nil {
		return r, err
	}
	return row{name: "registry, " + name, aim: atMost(mostLookUp, "s"), got: ours.Seconds(), ratio: over(ours, bare),
		measured: fmt.Sprintf("%.3f s for %d numbers among %d people", ours.Seconds(), len(ids), b.registry.people),
		beside:   fmt.Sprintf("%.3f s by a bare query", bare.Seconds())}, nil
}

// ids are the numbers that are asked for, spread over the whole registry.
func (r registry) ids() []string {
	ids := make([]string, r.asked)
	for i := range ids {
		ids[i] = strconv.Itoa(firstXID + i*(2*r.people/r.asked) + i%2)
	}
	return ids
}

// lookUps measures both ways in turn; the best of each counts.
func (b *bench) lookUps(ctx context.Context, s *store.Store, ids []string, look func([]string) (int, error)) (ours, bare time.Duration, err error) {
	var mine, theirs span
	for range b.passes {
		got := 0
		took, err := timed(func() error {
			all, err := s.Registrations(ctx, ids)
			got = len(all)
			return err
		})
		if err != nil {
			return 0, 0, err
		}
		mine.least(took)
		want := 0
		took, err = timed(func() (err error) {
			want, err = look(ids)
			return err
		})
		if err != nil {
			return 0, 0, err
		}
		theirs.least(took)
		if got != want || got != (len(ids)+1)/2 {
			return 0, 0, fmt.Errorf("%d registrations by the store, %d by a bare query, of %d", got, want, len(ids))
		}
	}
	return mine.wall, theirs.wall, nil
}

func bareLite(ctx context.Context, o store.Options) (func(string, ...any) error, func([]string) (int, error), func() error, error) {
	db, err := sql.Open("sqlite", "file:"+o.Path+"?_pragma=synchronous(OFF)&_pragma=cache_size(-200000)")
	if err != nil {
		return nil, nil, nil, err
	}
	db.SetMaxOpenConns(1)
	run := func(text string, args ...any) error {
		_, err := db.ExecContext(ctx, text, args...)
		return err
	}
	look := func(ids []string) (n int, err error) {
		rows, err := db.QueryContext(ctx, `SELECT g.xid, g.handle FROM json_each($1) AS e CROSS JOIN registrations AS g ON g.xid = e.value`, quoted(ids))
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		for ; rows.Next(); n++ {
			var xid, handle string
			if err := rows.Scan(&xid, &handle); err != nil {
				return n, err
			}
		}
		return n, rows.Err()
	}
	return run, look, db.Close, nil
}

// quoted writes plain numbers as a JSON list of texts.
func quoted(ids []string) string {
	text := []byte{'['}
	for i, id := range ids {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendQuote(text, id)
	}
	return string(append(text, ']'))
}

func bareFull(ctx context.Context, o store.Options) (func(string, ...any) error, func([]string) (int, error), func() error, error) {
	conn, err := pgx.Connect(ctx, o.URL)
	if err != nil {
		return nil, nil, nil, err
	}
	run := func(text string, args ...any) error {
		_, err := conn.Exec(ctx, text, args...)
		return err
	}
	look := func(ids []string) (n int, err error) {
		rows, err := conn.Query(ctx, `SELECT xid, handle FROM registrations WHERE xid = ANY($1)`, ids)
		if err != nil {
			return 0, err
		}
		var xid, handle string
		_, err = pgx.ForEachRow(rows, []any{&xid, &handle}, func() error { n++; return nil })
		return n, err
	}
	return run, look, func() error { return conn.Close(ctx) }, nil
}
