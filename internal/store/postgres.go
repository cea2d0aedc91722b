package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"godwit/internal/fault"
)

var postgresDialect = dialect{
	name:     "postgres",
	each:     "jsonb_array_elements(CAST(%s AS jsonb)) AS e(value)", // jsonb, since each -> would read the whole object again
	list:     "json_array_elements_text(CAST(%s AS json)) AS e(value)",
	lock:     "SELECT pg_advisory_xact_lock(" + lockName + ")",
	keys:     "= ANY(ARRAY(SELECT value FROM json_array_elements_text(CAST(%s AS json))))",
	ids:      "= ANY(ARRAY(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(%s AS json))))",
	join:     "JOIN",
	snapshot: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	failure:  postgresFailure,
}

// lockName is the advisory lock of migrations and key checks: "godwit" in hex.
const lockName = "113728124578164" // 0x676f64776974

func postgresFailure(err error) failure {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return unknownFailure
	}
	switch e.Code {
	case "53100", "58030": // disk_full, io_error
		return diskFailure
	case "40001", "40P01", "55P03": // serialization, deadlock, lock not available
		return raceFailure
	case "23503": // foreign key
		return goneFailure
	case "42P01", "42703": // undefined table, undefined column
		return absentFailure
	}
	switch e.Code[:2] {
	case "22", "23", "54": // data exception, integrity, program limit
		return dataFailure
	}
	return unknownFailure
}

// openPostgres opens one pool. Every statement is bounded in time.
func openPostgres(url string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil { // its text holds the URL, password included
		return nil, fault.New(fault.Invalid, "database-url",
			"The database address isn't right. It looks like postgres://user:password@host/name.")
	}
	if config.RuntimeParams["statement_timeout"] == "" {
		config.RuntimeParams["statement_timeout"] = strconv.FormatInt(statementTimeout.Milliseconds(), 10)
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "godwit"
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}

// advisory is goose's lock by PostgreSQL's session lock: it waits its turn.
type advisory struct{}

// SessionLock implements lock.SessionLocker.
func (advisory) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SET statement_timeout = 0")
	if err == nil {
		_, err = conn.ExecContext(ctx, "SELECT pg_advisory_lock("+lockName+")")
	}
	return err
}

// SessionUnlock implements lock.SessionLocker.
func (advisory) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock("+lockName+")")
	_, reset := conn.ExecContext(ctx, "RESET statement_timeout")
	return errors.Join(err, reset)
}

// isPostgres reports whether a database address is one of PostgreSQL.
func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}
