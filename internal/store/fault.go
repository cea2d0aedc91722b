package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"syscall"

	"godwit/internal/fault"
)

// failure is what an error of a database means for the transaction.
type failure int

const (
	unknownFailure failure = iota
	raceFailure            // lost against another transaction: run it again
	dataFailure            // a row that the database refuses: leave it out
	diskFailure            // no room, or the disk is failing
	absentFailure          // a table or column that is not there yet
	goneFailure            // what the row refers to was deleted, perhaps this moment
	foreignFailure         // the file is no database, or a damaged one
)

// mean turns an error of database/sql into a Fault where people can do
// something about it. Faults and the caller's own cancelling pass unchanged.
func (d *dialect) mean(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return notFound()
	}
	if outOfRoom(err) {
		return noRoom(err)
	}
	switch d.failure(err) {
	case diskFailure:
		return noRoom(err)
	case goneFailure:
		return notFound()
	case foreignFailure:
		return fault.New(fault.Denied, "database-damaged",
			"The database file is damaged, or is none of Godwit's. Nothing was changed; put a backup in its place, or choose another data folder.").Because(err)
	case absentFailure:
		return fault.New(fault.Denied, "schema-old",
			"The database's schema is older than this godwit. Nothing was changed; run \"godwit migrate up\" first.").Because(err)
	}
	return fmt.Errorf("store: %w", err)
}

func outOfRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func noRoom(cause error) error {
	return fault.New(fault.Disk, "disk",
		"We have no room for this at the moment. It is our fault; the operator has been told. Try again tomorrow.").Because(cause)
}

func notFound() error {
	return fault.New(fault.NotFound, "not-found", "There is nothing here. It may have been deleted.")
}

// stale says that a claim is not the newest one, or that its User is gone.
func stale() error {
	return fault.New(fault.Conflict, "stale-claim", "This was taken over in the meantime. Nothing was changed.")
}
