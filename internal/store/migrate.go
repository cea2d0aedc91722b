package store

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"godwit/internal/fault"
	"godwit/migrations"
)

// Migration is one step of the schema.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero when pending
}

// Migrate brings the schema up to this binary's version, once, however many
// processes start at the same time, and then checks the keys. A schema newer
// than this binary is refused with Denied.
func (s *Store) Migrate(ctx context.Context) (err error) {
	if s.d == &sqliteDialect {
		unlock, busy := lockSQLite(ctx, s.path+".lock")
		if busy != nil {
			return s.d.mean(busy)
		}
		defer func() { err = errors.Join(err, unlock()) }()
	}
	steps, err := s.provider()
	if err != nil {
		return err
	}
	if _, err := steps.Up(ctx); err != nil {
		return s.d.mean(err)
	}
	return s.check(ctx)
}

// Migrations lists all steps of the schema in order.
func (s *Store) Migrations(ctx context.Context) ([]Migration, error) {
	steps, err := s.provider()
	if err != nil {
		return nil, err
	}
	states, err := steps.Status(ctx)
	if err != nil {
		return nil, s.d.mean(err)
	}
	var all []Migration
	for _, state := range states {
		all = append(all, Migration{Version: state.Source.Version, Name: state.Source.Path, AppliedAt: state.AppliedAt.UTC()})
	}
	return all, nil
}

func (s *Store) provider() (*goose.Provider, error) {
	folder, err := fs.Sub(migrations.FS, s.d.name)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.d == &sqliteDialect {
		return goose.NewProvider(goose.DialectSQLite3, s.writeDB, folder, options...)
	}
	return goose.NewProvider(goose.DialectPostgres, s.writeDB, folder, append(options, goose.WithSessionLocker(advisory{}))...)
}

// schemaVersion reads the version of the database, 0 for an empty one, and
// refuses one that is newer than this binary.
func (s *Store) schemaVersion(ctx context.Context) (int64, error) {
	at, err := scalar[int64](s.reading.row(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`))
	if s.d.failure(err) == absentFailure {
		return 0, nil
	}
	if err != nil {
		return 0, s.d.mean(err)
	}
	newest, err := newestStep(s.d.name)
	if err == nil && at > newest {
		err = fault.New(fault.Denied, "schema-new",
			"The database was last used by a newer godwit, and this older one could harm it. Nothing was changed; install the newer version.")
	}
	return at, err
}

func newestStep(dialect string) (newest int64, err error) {
	files, err := fs.ReadDir(migrations.FS, dialect)
	for _, file := range files {
		version, err := goose.NumericComponent(file.Name())
		if err != nil {
			return 0, err
		}
		newest = max(newest, version)
	}
	return newest, err
}
