package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"godwit/internal/fault"
)

var sqliteDialect = dialect{
	name:    "sqlite",
	each:    "json_each(%s) AS e",
	list:    "json_each(%s) AS e",
	keys:    "IN (SELECT value FROM json_each(%s))",
	ids:     "IN (SELECT CAST(value AS BIGINT) FROM json_each(%s))",
	join:    "CROSS JOIN",
	failure: sqliteFailure,
}

func sqliteFailure(err error) failure {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return unknownFailure
	}
	if e.Code() == lib.SQLITE_CONSTRAINT_FOREIGNKEY {
		return goneFailure
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_FULL, lib.SQLITE_IOERR:
		return diskFailure
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return raceFailure
	case lib.SQLITE_ERROR:
		if strings.Contains(e.Error(), "no such table") || strings.Contains(e.Error(), "no such column") {
			return absentFailure
		}
	case lib.SQLITE_CONSTRAINT, lib.SQLITE_TOOBIG, lib.SQLITE_MISMATCH:
		return dataFailure
	case lib.SQLITE_NOTADB, lib.SQLITE_CORRUPT:
		return foreignFailure
	}
	return unknownFailure
}

// openSQLite opens two pools on one file: a single connection that writes, so
// that this process never waits for itself, and several that read. Another
// process's transaction is waited for.
//
// The journal is a WAL with synchronous=FULL: a row that says "about to be
// sent" must outlive a power cut, and the few commits a second do not feel it.
func openSQLite(path string) (write, read *sql.DB, err error) {
	if err := private(path); err != nil {
		return nil, nil, err
	}
	write, err = openPrepared(sqliteDSN(path, "immediate"))
	if err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	read, err = openPrepared(sqliteDSN(path, "deferred", "query_only(1)"))
	if err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return write, read, nil
}

func sqliteDSN(path, begin string, pragmas ...string) string {
	pragmas = append(pragmas,
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"foreign_keys(1)", "synchronous(FULL)", "secure_delete(1)", "cache_size(-8192)",
		fmt.Sprintf("journal_size_limit(%d)", journalLimit), fmt.Sprintf("wal_autocheckpoint(%d)", journalPages))
	query := url.Values{"_txlock": {begin}, "_pragma": pragmas}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String()
}

// private makes the file before SQLite does, for its owner alone; WAL and shm
// take over its mode.
func private(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return unusable(path, err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return unusable(path, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = file.Chmod(0o600)
	}
	if err != nil {
		return unusable(path, err)
	}
	return nil
}

func unusable(path string, cause error) error {
	if outOfRoom(cause) {
		return noRoom(cause)
	}
	return fault.New(fault.Denied, "database-file",
		"The database {path} can't be opened. Check that the folder exists and belongs to you.", "path", path).Because(cause)
}

// startWAL turns the journal on, which stays so in the file. SQLite's busy
// handler does not cover the switch, hence the tries.
func startWAL(ctx context.Context, db *sql.DB) error {
	deadline := time.Now().Add(busyTimeout)
	for {
		var mode string
		err := db.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode)
		if err == nil && mode != "wal" {
			err = fault.New(fault.Denied, "database-file",
				"The database lies where SQLite can't keep its journal, a network folder perhaps. Choose a folder on this machine's own disk.")
		}
		if sqliteFailure(err) != raceFailure || time.Now().After(deadline) {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// lockSQLite lets one process at a time migrate: it holds a lock on a second
// file, which the operating system takes back when the process ends.
func lockSQLite(ctx context.Context, path string) (unlock func() error, err error) {
	if err := private(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", sqliteDSN(path, "exclusive"))
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return func() error { return errors.Join(tx.Rollback(), db.Close()) }, nil
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
