package store_test

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
)

// readsAll is a step of a plan that reads a whole table which grows.
var readsAll = regexp.MustCompile(`^SCAN (accounts|a|edges|matches|m|n|lookups|l|k|domains|d|follow_jobs|j|registrations|g|tasks)\b`)

// placeholder is where a value stands in a text.
var placeholder = regexp.MustCompile(`\$(\d+)`)

// A batch costs what its rows cost, however much is stored beside: no
// statement with an array reads a whole table.
func TestBatchesReadNoWholeTable(t *testing.T) {
	ctx := t.Context()
	s := open(t, store.Options{Path: filepath.Join(t.TempDir(), "godwit.db"), Keys: testKeys})
	ok(t, s.Migrate(ctx))
	u := imported(t, s, 10)
	matched(t, s, u, onHosts(3))
	lookedUp(t, s, now)
	graded(t, s, u, always(social.Likely))
	reread(t, s, u, account(1))
	matched(t, s, u, func(social.Account) string { return "" })
	n, undo, err := s.DecideAll(ctx, u.ID, store.MatchFilter{}, 9, social.Confirmed, now)
	if err != nil || n != 9 {
		t.Fatal(n, err)
	}
	must(s.UndoDecide(ctx, u.ID, undo))(t)
	must(s.Registrations(ctx, []string{"1"}))(t)
	must(s.PlanFollows(ctx, u.ID, destination(t, s, u).ID, now))(t)
	texts := store.SpelledTexts()
	if len(texts) < 20 {
		t.Fatalf("only %d texts were run", len(texts))
	}
	for _, text := range texts {
		explain(t, s, text)
	}
	must(s.Sweep(ctx, now.Add(time.Hour)))(t)
}

func explain(t *testing.T, s *store.Store, text string) {
	t.Helper()
	rows := must(s.WriteDB().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, make([]any, highest(text))...))(t)
	defer rows.Close()
	begun := map[int]bool{} // joins, by their place in the plan, that read something
	for rows.Next() {
		var id, parent, unused int
		var step string
		ok(t, rows.Scan(&id, &parent, &unused, &step))
		again := strings.HasPrefix(step, "SCAN e ") && begun[parent] // the array, once for each row before it
		if readsAll.MatchString(step) || again {
			t.Errorf("%s\nin the plan of\n%s", step, text)
		}
		begun[parent] = begun[parent] || strings.HasPrefix(step, "SEARCH ")
	}
	ok(t, rows.Err())
}

// highest is the number of the text's last placeholder.
func highest(text string) (n int) {
	for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
		number, err := strconv.Atoi(found[1])
		if err != nil {
			panic("a placeholder of more digits than an int holds: " + err.Error())
		}
		n = max(n, number)
	}
	return n
}
