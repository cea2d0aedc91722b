package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"

	"godwit/internal/fault"
)

// Backup writes a whole and consistent copy of the database to a new file, mode
// 0600, while others go on writing. The file holds no key: tokens in it open
// only where the key is. A plain copy of the file is none, since what was
// written last is in the journal beside it (sqlite.org, "How To Corrupt").
//
// A file that exists already is Invalid with code file-exists, and PostgreSQL
// Invalid with code backup-postgres: it has tools of its own.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	if s.d != &sqliteDialect {
		return fault.New(fault.Invalid, "backup-postgres",
			"This Godwit keeps its data in PostgreSQL, which has tools of its own for that. Use pg_dump, and keep the key file apart from the copy.")
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Invalid, "file-exists", "There is a file {path} already, and it was left as it is. Name another one.", "path", path)
	}
	if err != nil {
		return cannotBackUp(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err := file.Close(); err != nil {
		return cannotBackUp(err)
	}
	if err := vacuumInto(ctx, s.path, path); err != nil {
		return cannotBackUp(err)
	}
	return nil
}

// vacuumInto needs a connection of its own: the writing one would be held up
// for as long as it takes, and the reading ones may not write anywhere.
func vacuumInto(ctx context.Context, from, to string) error {
	db, err := sql.Open("sqlite", sqliteDSN(from, "deferred"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, to)
	return errors.Join(err, db.Close())
}

func cannotBackUp(cause error) error {
	return fault.New(fault.Disk, "cannot-write",
		"The file could not be written to its end. Nothing else was changed; check the free space and try again.").Because(cause)
}
