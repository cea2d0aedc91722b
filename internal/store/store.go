// Package store keeps everything that Godwit knows: all SQL is here, one text
// for SQLite and PostgreSQL. Methods that pages call take the owner first, and
// an absent row and somebody else's are the same NotFound.
//
// Every method is one transaction. Methods that take a Task write under its
// claim: they are a Conflict, and change nothing, when the claim is not the
// newest one or the User was forgotten. An error that is no Fault is trouble of
// the database; a full disk is a Disk.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync/atomic"

	"godwit/internal/fault"
)

// Store is an open database. It is safe for use by many goroutines, and many
// processes may have one open on the same database.
type Store struct {
	reading     q
	readDB      *sql.DB
	writeDB     *sql.DB
	d           *dialect
	path        string // SQLite's file
	sealer      *sealer
	marks       atomic.Pointer[[]byte] // key of marks, once read
	plainPerDay int                    // see Options
}

// Options says which database to open.
type Options struct {
	URL  string // postgres://… ; "" for SQLite
	Path string // SQLite's file, when URL is ""
	Keys Keys   // seal and open tokens; without them no secret can be read or written

	// PlainPerDay bounds the follows of plain lists: PlainListsPerDay where people
	// whom the operator does not know may use it, else 0.
	PlainPerDay int
}

// Open opens the database and checks the keys against it; it does not migrate.
// A schema newer than this binary and a wrong key are refused with Denied.
func Open(ctx context.Context, o Options) (*Store, error) {
	sealer, err := newSealer(o.Keys)
	if err != nil {
		return nil, err
	}
	s := &Store{sealer: sealer, path: o.Path, d: &sqliteDialect, plainPerDay: o.PlainPerDay}
	if err := s.connect(ctx, o); err != nil {
		return nil, errors.Join(s.d.mean(err), s.Close())
	}
	s.reading = q{s.readDB, s.d}
	if err := s.check(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) connect(ctx context.Context, o Options) (err error) {
	switch {
	case o.URL == "":
		if s.writeDB, s.readDB, err = openSQLite(o.Path); err != nil {
			return err
		}
		return startWAL(ctx, s.writeDB)
	case isPostgres(o.URL):
		s.d = &postgresDialect
		if s.writeDB, err = openPostgres(o.URL); err != nil {
			return err
		}
		s.readDB = s.writeDB
		return unreachable(s.writeDB.PingContext(ctx))
	}
	return fault.New(fault.Invalid, "database-url",
		"The database address isn't right. It looks like postgres://user:password@host/name.")
}

func unreachable(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "database-unreachable",
		"The database doesn't answer. Nothing was changed; check its address and that it runs.").Because(err)
}

// check refuses a newer schema, and a wrong key when there is a schema.
func (s *Store) check(ctx context.Context) error {
	at, err := s.schemaVersion(ctx)
	if err != nil || at == 0 {
		return err
	}
	return s.checkKeys(ctx)
}

// Close closes the database. Transactions under way end first.
func (s *Store) Close() error {
	var err error
	if s.writeDB != nil {
		err = s.writeDB.Close()
	}
	if s.readDB != nil && s.readDB != s.writeDB {
		err = errors.Join(err, s.readDB.Close())
	}
	return err
}

// write runs act in a transaction, again when it lost against another one: act
// must set all it returns from the start.
func (s *Store) write(ctx context.Context, act func(q) error) error { return s.tries(ctx, s.once, act) }

// writeSoon is write for what is done again when a power cut takes it away: its
// commit does not wait for the disk, and the next one that does takes it along.
func (s *Store) writeSoon(ctx context.Context, act func(q) error) error {
	return s.tries(ctx, s.onceSoon, act)
}

func (s *Store) tries(ctx context.Context, once func(context.Context, func(q) error) error, act func(q) error) error {
	for try := 1; ; try++ {
		err := once(ctx, act)
		why := s.d.failure(err)
		if err == nil || try == maxRetries || why != raceFailure && why != goneFailure {
			return s.d.mean(err)
		}
	}
}

func (s *Store) once(ctx context.Context, act func(q) error) error {
	tx, err := s.writeDB.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	return s.inside(tx, act)
}

func (s *Store) inside(tx *sql.Tx, act func(q) error) error {
	defer tx.Rollback() // after Commit it does nothing
	if err := act(q{tx, s.d}); err != nil {
		return err
	}
	return tx.Commit()
}

// onceSoon is once without waiting for the disk. SQLite is told so by its
// connection, PostgreSQL by the transaction.
func (s *Store) onceSoon(ctx context.Context, act func(q) error) (err error) {
	if s.d != &sqliteDialect {
		return s.once(ctx, func(x q) error {
			if _, err := x.exec(ctx, `SET LOCAL synchronous_commit = off`); err != nil {
				return err
			}
			return act(x)
		})
	}
	conn, err := s.writeDB.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, waitAgain(ctx, conn), conn.Close()) }()
	if _, err := conn.ExecContext(ctx, `PRAGMA synchronous = NORMAL`); err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	return s.inside(tx, act)
}

// waitAgain lets commits of a SQLite connection wait for the disk; one that
// cannot is not used again.
func waitAgain(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA synchronous = FULL`)
	if err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return err
}

// read runs act in a transaction that sees one state of the database.
func (s *Store) read(ctx context.Context, act func(q) error) error {
	tx, err := s.readDB.BeginTx(ctx, s.d.snapshot)
	if err != nil {
		return s.d.mean(err)
	}
	defer tx.Rollback()
	return s.d.mean(act(q{tx, s.d}))
}
