package store_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"godwit/internal/store"
)

// TestPrepared: a statement whose rows are being read serves nobody else, more
// texts than are kept do no harm, and a kept statement sees a changed schema.
func TestPrepared(t *testing.T) {
	s := open(t, store.Options{Path: filepath.Join(t.TempDir(), "godwit.db"), Keys: testKeys})
	db := s.WriteDB()
	ctx := t.Context()
	for _, text := range []string{`CREATE TABLE birds (n BIGINT)`, `INSERT INTO birds VALUES (1), (2), (3)`} {
		must(db.ExecContext(ctx, text))(t)
	}
	tx := must(db.BeginTx(ctx, nil))(t)
	const all = `SELECT n FROM birds ORDER BY n`
	outer := must(tx.QueryContext(ctx, all))(t)
	pairs := 0
	for outer.Next() {
		inner := must(tx.QueryContext(ctx, all))(t)
		for inner.Next() {
			pairs++
		}
		ok(t, inner.Err())
		ok(t, inner.Close())
	}
	ok(t, outer.Err())
	ok(t, tx.Commit())
	if pairs != 9 {
		t.Errorf("%d pairs, want 9", pairs)
	}
	for i := range 600 {
		var n int
		ok(t, db.QueryRowContext(ctx, fmt.Sprintf(`SELECT %d + max(n) FROM birds`, i)).Scan(&n))
		if n != i+3 {
			t.Fatalf("%d, want %d", n, i+3)
		}
	}
	const whole = `SELECT * FROM birds WHERE n = $1`
	for want, change := range []string{``, `ALTER TABLE birds ADD COLUMN name TEXT`} {
		must(db.ExecContext(ctx, change))(t)
		rows := must(db.QueryContext(ctx, whole, 1))(t)
		if got := must(rows.Columns())(t); len(got) != want+1 {
			t.Errorf("columns %q", got)
		}
		ok(t, rows.Close())
	}
}
