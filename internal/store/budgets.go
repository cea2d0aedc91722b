package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"godwit/internal/social"
)

// Budgets lists what the Destination's server still allows, by family: its own
// and those that all share who follow from there.
func (s *Store) Budgets(ctx context.Context, destinationID int64) (all []social.Budget, err error) {
	err = s.read(ctx, func(x q) error {
		if all, err = ownBudgets(ctx, x, destinationID); err != nil {
			return err
		}
		shared, err := list(ctx, x, scanBudget, `SELECT family, quota, remaining, resets_at, window_micros FROM home_budgets
			WHERE host = (SELECT host FROM destinations WHERE id = $1) ORDER BY family`, destinationID)
		all = append(all, shared...)
		return err
	})
	return all, err
}

// budgetsFor are the Budgets that the next act for d may touch.
func budgetsFor(ctx context.Context, x q, d social.Destination, due []social.FollowJob) ([]social.Budget, error) {
	all, err := ownBudgets(ctx, x, d.ID)
	if err != nil {
		return nil, err
	}
	families := []string{string(social.RequestsFamily)}
	for _, j := range due {
		families = append(families, string(social.TargetFamily(targetHost(j))))
	}
	shared, err := list(ctx, x, scanBudget, `SELECT family, quota, remaining, resets_at, window_micros FROM home_budgets
		WHERE host = $1 AND family IN KEYS($2) ORDER BY family`, d.Host, array(sortedUnique(families)))
	return append(all, shared...), err
}

func ownBudgets(ctx context.Context, x q, destinationID int64) ([]social.Budget, error) {
	return list(ctx, x, scanBudget, `SELECT family, quota, remaining, resets_at, window_micros FROM budgets
		WHERE destination_id = $1 ORDER BY family`, destinationID)
}

func scanBudget(r scanner) (b social.Budget, err error) {
	var window int64
	err = r.Scan(&b.Family, &b.Limit, &b.Remaining, moment{&b.ResetsAt}, &window)
	b.Window = time.Duration(window) * time.Microsecond
	return b, err
}

// BudgetChange is a Budget as it is to be written, and as it was read.
type BudgetChange struct{ Before, After social.Budget }

// Changes are the Budgets that are not as they were read.
func Changes(before, after []social.Budget) (some []BudgetChange) {
	for _, b := range after {
		i := slices.IndexFunc(before, func(x social.Budget) bool { return x.Family == b.Family })
		switch {
		case i < 0:
			some = append(some, BudgetChange{After: b})
		case before[i] != b:
			some = append(some, BudgetChange{before[i], b})
		}
	}
	return some
}

// Taken are the changes that may be written twice, as after a commit of which
// nobody knows whether it was made: they leave less of a Budget, never more.
func Taken(all []BudgetChange) (some []BudgetChange) {
	for _, c := range all {
		if r := c.row(); r.Remaining <= r.Base {
			some = append(some, c)
		}
	}
	return some
}

// budgetRow is a BudgetChange as it goes into the database.
type budgetRow struct {
	Family    social.Family
	Limit     int
	Remaining int
	ResetsAt  int64
	Window    int64
	Was       int64 // when the window ended that was read
	Opened    bool  // it is another window than the one that was read
	Base      int   // what there was before the change
}

func (c BudgetChange) row() budgetRow {
	a := c.After
	r := budgetRow{Family: a.Family, Limit: a.Limit, Remaining: a.Remaining, ResetsAt: micros(a.ResetsAt), Window: a.Window.Microseconds(),
		Was: micros(c.Before.ResetsAt), Base: c.Before.Remaining}
	if c.Before.Family == "" || a.ResetsAt.Sub(c.Before.ResetsAt).Abs() > a.Window/2 {
		r.Opened, r.Base = true, a.Limit
	}
	return r
}

// isShared reports whether all who follow from a server share a Budget: the
// pace towards a target host, since it is the home server that asks there, and
// requests where a server counts them by address (GoToSocial), or bears so few
// that it makes no difference (snac).
func isShared(f social.Family, fl social.Flavour) bool {
	return strings.HasPrefix(string(f), string(social.TargetFamily(""))) ||
		f == social.RequestsFamily && (fl == social.GoToSocial || fl == social.Snac)
}

// saveBudgets writes what changed of Budgets. Those who share one write at the
// same time: each takes from it what it used itself, and none undoes another's
// (ENG-05). One that is not among them stays as it is.
func saveBudgets(ctx context.Context, x q, userID int64, destinationID int64, all []BudgetChange) error {
	if len(all) == 0 {
		return nil
	}
	var host string
	var fl social.Flavour
	if err := x.row(ctx, `SELECT host, flavour FROM destinations WHERE id = $1`, destinationID).Scan(&host, &fl); err != nil {
		return err
	}
	own, shared := map[social.Family]budgetRow{}, map[social.Family]budgetRow{} // PostgreSQL writes no row twice in one statement
	for _, c := range all {
		into := own
		if isShared(c.After.Family, fl) {
			into = shared
		}
		into[c.After.Family] = c.row()
	}
	if err := saveBudgetRows(ctx, x, "budgets", "destination_id", "user_id, ", own, destinationID, userID); err != nil {
		return err
	}
	return saveBudgetRows(ctx, x, "home_budgets", "host", "", shared, host)
}

// saveBudgetRows writes rows of a table whose key is owner and family; more names
// the columns that a row has besides, in the order of args after the owner.
func saveBudgetRows(ctx context.Context, x q, table, owner, more string, byFamily map[social.Family]budgetRow, args ...any) error {
	rows := slices.SortedFunc(maps.Values(byFamily), func(a, b budgetRow) int { return strings.Compare(string(a.Family), string(b.Family)) })
	text := upsertBudget(table, owner, more, len(args))
	for _, r := range rows {
		_, err := x.exec(ctx, text, append([]any{string(r.Family), r.Limit, r.Remaining, r.ResetsAt, r.Window, r.Was, r.Opened, r.Base}, args...)...)
		if err != nil {
			return err
		}
	}
	return nil
}

func upsertBudget(table, owner, more string, args int) string {
	values := []string{}
	for i := range args {
		values = append(values, dollar(9+i))
	}
	changed := table + `.remaining + excluded.remaining - $8`
	return `INSERT INTO ` + table + ` (` + owner + `, ` + more + `family, quota, remaining, resets_at, window_micros)
		VALUES (` + strings.Join(values, ", ") + `, $1, $2, $3, $4, $5)
		ON CONFLICT (` + owner + `, family) DO UPDATE SET quota = excluded.quota, window_micros = excluded.window_micros,
			remaining = CASE WHEN ` + table + `.resets_at = $6 AND $7 THEN excluded.remaining
				WHEN ` + changed + ` < 0 THEN 0 WHEN ` + changed + ` > excluded.quota THEN excluded.quota ELSE ` + changed + ` END,
			resets_at = CASE WHEN ` + table + `.resets_at <> $6 AND ` + table + `.resets_at > excluded.resets_at THEN ` + table + `.resets_at
				ELSE excluded.resets_at END`
}
