package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// TestSTO09Backup takes a copy while records are being written: it is whole,
// of one moment, for its owner only, without the key, and opens.
func TestSTO09Backup(t *testing.T) {
	ctx := t.Context()
	o := store.Options{Path: filepath.Join(t.TempDir(), "godwit.db"), Keys: testKeys}
	s := open(t, o)
	ok(t, s.Migrate(ctx))
	u := imported(t, s, 100)
	destination(t, s, u)
	task, _ := reading(t, s, u, "more")

	writing, stop := context.WithCancel(ctx)
	var batches int
	var done sync.WaitGroup
	done.Go(func() {
		for writing.Err() == nil { // each batch is ten people, in one transaction
			var records []social.Record
			for i := range 10 {
				records = append(records, following(account(1000+10*batches+i)))
			}
			ok(t, s.SaveRecords(ctx, task, records))
			batches++
		}
	})
	path := filepath.Join(t.TempDir(), "copy.db")
	ok(t, s.Backup(ctx, path))
	stop()
	done.Wait()

	info := must(os.Stat(path))(t)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	if bytes.Contains(must(os.ReadFile(path))(t), testKeys[0].Secret[:]) {
		t.Error("the key is in the copy")
	}
	check := "none"
	db := must(sql.Open("sqlite", path))(t)
	ok(t, db.QueryRowContext(ctx, `PRAGMA integrity_check`).Scan(&check))
	ok(t, db.Close())
	if check != "ok" {
		t.Error(check)
	}
	o.Path = path
	copied := open(t, o)
	ok(t, copied.Migrate(ctx))
	n := must(copied.MatchCounts(ctx, u.ID))(t).People
	if n < 100 || n%10 != 0 || n > 100+10*batches {
		t.Errorf("%d people in the copy, after %d batches", n, batches)
	}
	must(copied.DestinationToken(ctx, u.ID, must(copied.ListDestinations(ctx, u.ID))(t)[0].ID))(t)

	wantKind(t, s.Backup(ctx, path), fault.Invalid)
	if again := must(os.Stat(path))(t); again.Size() != info.Size() {
		t.Error("a file that was there was changed")
	}
	wantKind(t, s.Backup(ctx, filepath.Join(t.TempDir(), "no", "such")), fault.Disk)
}
