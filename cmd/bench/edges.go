package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/store/pgtest"
)

// crowd is how many accounts a User knows, and through how many edges each.
type crowd struct{ accounts int }

// ways are the edges that lead to each account of a crowd.
var ways = []social.EdgeKind{social.Following, social.Follower, social.Blocked, social.Muted, social.Listed}

// recordBatch is how many records go into one transaction, as in an import.
const recordBatch = 1000

// edgeRows compares saving a large graph with writing the same rows without
// any care, into the same tables.
func edgeRows(ctx context.Context, b *bench) ([]row, error) {
	lite, err := b.edgesIn(ctx, "SQLite", "a prepared insert", b.sqlite)
	if err != nil {
		return nil, err
	}
	server, err := pgtest.Server()
	if err != nil {
		return []row{lite, {name: "save edges, PostgreSQL", measured: "no PostgreSQL here", beside: "nothing"}}, nil
	}
	full, err := b.edgesIn(ctx, "PostgreSQL", "COPY", func(ctx context.Context, name string) (database, error) {
		return b.postgres(ctx, server, name)
	})
	return []row{lite, full}, err
}

// database is one new database: how the store opens it, and how rows come in
// without the store.
type database struct {
	options store.Options
	bare    func(ctx context.Context, user, source int64, c crowd) error
	drop    func() error
}

// edgesIn measures one kind of database, each way in a new one.
func (b *bench) edgesIn(ctx context.Context, name, bareName string, make func(context.Context, string) (database, error)) (r row, err error) {
	var careful, bare time.Duration
	for i, how := range []func(ctx context.Context, d database, s *store.Store, t social.Task, user int64) error{
		func(ctx context.Context, _ database, s *store.Store, t social.Task, _ int64) error {
			return saveCrowd(ctx, s, t, b.crowd)
		},
		func(ctx context.Context, d database, _ *store.Store, t social.Task, user int64) error {
			return d.bare(ctx, user, t.ID, b.crowd)
		},
	} {
		d, err := make(ctx, fmt.Sprintf("edges%d", i))
		if err != nil {
			return r, err
		}
		took, err := inNew(ctx, d, how)
		if err := errors.Join(err, d.drop()); err != nil {
			return r, err
		}
		if i == 0 {
			careful = took
		} else {
			bare = took
		}
	}
	edges := b.crowd.accounts * len(ways)
	ratio := over(bare, careful)
	return row{name: "save edges, " + name, measured: fmt.Sprintf("%.1f s for %d edges to %d accounts", careful.Seconds(), edges, b.crowd.accounts),
		beside: fmt.Sprintf("%.1f s by %s", bare.Seconds(), bareName), ratio: ratio, got: ratio}, nil
}

// inNew migrates a new database, makes a Source in it and measures how it is filled.
func inNew(ctx context.Context, d database, how func(context.Context, database, *store.Store, social.Task, int64) error) (took time.Duration, err error) {
	s, err := store.Open(ctx, d.options)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Migrate(ctx); err != nil {
		return 0, err
	}
	user, err := s.LocalUser(ctx, time.Now())
	if err != nil {
		return 0, err
	}
	source, err := giveSource(ctx, s, user, "crowd", time.Now())
	if err != nil {
		return 0, err
	}
	task, _, err := s.Claim(ctx, social.ImportTask, source.ID, time.Now(), time.Hour)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	err = how(ctx, d, s, task, user.ID)
	return time.Since(began), err
}

// saveCrowd saves a crowd as an import does.
func saveCrowd(ctx context.Context, s *store.Store, t social.Task, c crowd) error {
	batch := make([]social.Record, 0, recordBatch)
	for _, way := range ways {
		for i := range c.accounts {
			batch = append(batch, social.Record{Edge: way, Account: someone(i)})
			if len(batch) < recordBatch && i < c.accounts-1 {
				continue
			}
			if err := s.SaveRecords(ctx, t, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

// someone is the i-th account of a crowd.
func someone(i int) social.Account {
	return social.Account{Network: social.X, NativeID: strconv.Itoa(9_000_000_000 + i), Username: fmt.Sprintf("wader_%d", i), Name: fmt.Sprintf("Wader %d", i), SeenAt: morning}
}

// accountColumns are those of the table of accounts, in the order of accountValues.
var accountColumns = []string{"id", "user_id", "network", "native_id", "username", "username_key", "name", "name_key", "bio", "location", "url", "links",
	"pinned", "pinned_links", "named_at", "texts_at", "following", "blocked", "read_at", "stored_at", "texts_gone"}

func accountValues(user int64, i int) []any {
	a := someone(i)
	return []any{int64(i + 1), user, string(a.Network), a.NativeID, a.Username, strings.ToLower(a.Username), a.Name, strings.ToLower(a.Name),
		"", "", "", "", "", "", morning.UnixMicro(), int64(0), true, true, int64(0), int64(0), false}
}

var edgeColumns = []string{"source_id", "kind", "account_id"}

func edgeValues(source int64, n int, c crowd) []any {
	return []any{source, string(ways[n/c.accounts]), int64(n%c.accounts + 1)}
}

// sqlite makes a file of its own.
func (b *bench) sqlite(_ context.Context, name string) (database, error) {
	dir, err := os.MkdirTemp(b.dir, name)
	if err != nil {
		return database{}, err
	}
	path := filepath.Join(dir, "godwit.db")
	bare := func(ctx context.Context, user, source int64, c crowd) error {
		return prepared(ctx, path, user, source, c)
	}
	return database{store.Options{Path: path}, bare, func() error { return os.RemoveAll(dir) }}, nil
}

// prepared writes a crowd by prepared statements in one transaction.
func prepared(ctx context.Context, path string, user, source int64, c crowd) (err error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if err := insertAll(ctx, tx, "accounts", accountColumns, c.accounts, func(i int) []any { return accountValues(user, i) }); err != nil {
		return err
	}
	if err := insertAll(ctx, tx, "edges", edgeColumns, c.accounts*len(ways), func(i int) []any { return edgeValues(source, i, c) }); err != nil {
		return err
	}
	return tx.Commit()
}

func insertAll(ctx context.Context, tx *sql.Tx, table string, columns []string, n int, values func(int) []any) error {
	places := strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",")
	insert, err := tx.PrepareContext(ctx, "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES ("+places+")")
	if err != nil {
		return err
	}
	defer insert.Close()
	for i := range n {
		if _, err := insert.ExecContext(ctx, values(i)...); err != nil {
			return err
		}
	}
	return nil
}

// postgres makes a database of its own on a server.
func (b *bench) postgres(ctx context.Context, server *url.URL, name string) (database, error) {
	name = fmt.Sprintf("godwit_bench_%s_%d", name, os.Getpid())
	own := *server
	own.Path = "/" + name
	if err := statement(ctx, server, "CREATE DATABASE "+name); err != nil {
		return database{}, err
	}
	bare := func(ctx context.Context, user, source int64, c crowd) error {
		return copied(ctx, own.String(), user, source, c)
	}
	drop := func() error { return statement(ctx, server, "DROP DATABASE "+name+" WITH (FORCE)") }
	return database{store.Options{URL: own.String()}, bare, drop}, nil
}

func statement(ctx context.Context, server *url.URL, text string) error {
	conn, err := pgx.Connect(ctx, server.String())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, text)
	return errors.Join(err, conn.Close(ctx))
}

// copied writes a crowd by COPY.
func copied(ctx context.Context, address string, user, source int64, c crowd) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"accounts"}, accountColumns,
		pgx.CopyFromSlice(c.accounts, func(i int) ([]any, error) { return accountValues(user, i), nil }))
	if err == nil {
		_, err = conn.CopyFrom(ctx, pgx.Identifier{"edges"}, edgeColumns,
			pgx.CopyFromSlice(c.accounts*len(ways), func(i int) ([]any, error) { return edgeValues(source, i, c), nil }))
	}
	return errors.Join(err, conn.Close(ctx))
}
