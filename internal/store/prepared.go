package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"regexp"

	"modernc.org/sqlite"
)

// maxPrepared bounds the statements that one connection keeps. The texts of
// this package are some hundreds, and a process uses some dozens of them.
const maxPrepared = 256

// reusable are the texts that are worth keeping: one statement that reads or
// writes rows. Others change the schema or the transaction.
var reusable = regexp.MustCompile(`(?i)^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b`)

// openPrepared opens a pool of connections to SQLite that keep their statements
// prepared: parsing and planning took a third of a process's time. pgx does the
// same on PostgreSQL by itself.
func openPrepared(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(preparing{c}), nil
}

type preparing struct{ driver.Connector }

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := conn.(sqliteConn)
	if !ok {
		return nil, errors.Join(errors.New("the SQLite driver's connection lacks a method"), conn.Close())
	}
	return &preparedConn{sqliteConn: inner, kept: map[string]*preparedStmt{}}, nil
}

// sqliteConn is what the driver's connections can do.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparedConn is a connection with its statements. database/sql uses it from
// one goroutine at a time.
type preparedConn struct {
	sqliteConn
	kept map[string]*preparedStmt
}

// preparedStmt is a kept statement; it is busy while its rows are read.
type preparedStmt struct {
	driver.Stmt
	busy bool
}

// statement returns the kept statement of a text, nil when there is none that
// is free.
func (c *preparedConn) statement(ctx context.Context, text string) (*preparedStmt, error) {
	if s, ok := c.kept[text]; ok {
		if s.busy {
			return nil, nil
		}
		return s, nil
	}
	if len(c.kept) == maxPrepared || !reusable.MatchString(text) {
		return nil, nil
	}
	made, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s := &preparedStmt{Stmt: made}
	c.kept[text] = s
	return s, nil
}

// ExecContext implements driver.ExecerContext.
func (c *preparedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, text)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return c.sqliteConn.ExecContext(ctx, text, args)
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *preparedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, text)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return c.sqliteConn.QueryContext(ctx, text, args)
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &preparedRows{rows, s}, nil
}

// Close implements driver.Conn.
func (c *preparedConn) Close() error {
	var errs []error
	for _, s := range c.kept {
		errs = append(errs, s.Stmt.Close())
	}
	return errors.Join(append(errs, c.sqliteConn.Close())...)
}

// Unwrap gives the driver its own connection.
func (c *preparedConn) Unwrap() driver.Conn { return c.sqliteConn }

// preparedRows give their statement back when they are closed.
type preparedRows struct {
	driver.Rows
	of *preparedStmt
}

// Close implements driver.Rows.
func (r *preparedRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}
