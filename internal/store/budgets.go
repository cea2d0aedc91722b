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

// budgetRow is a BudgetChange as it goes into the database.
type budgetRow struct {
	Family    social.Family `json:"family"`
	Limit     int           `json:"limit"`
	Remaining int           `json:"remaining"`
	ResetsAt  int64         `json:"resets_at"`
	Window    int64         `json:"window"`
	Was       int64         `json:"was"`    // when the window ended that was read
	Opened    bool          `json:"opened"` // it is another window than the one that was read
	Base      int           `json:"base"`   // what there was before the change
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

// saveBudgetRows writes rows of a table whose key is owner ($2) and family; more
// names the columns that a new row has besides, from $3 on.
func saveBudgetRows(ctx context.Context, x q, table, owner, more string, byFamily map[social.Family]budgetRow, args ...any) error {
	if len(byFamily) == 0 {
		return nil
	}
	rows := slices.SortedFunc(maps.Values(byFamily), func(a, b budgetRow) int { return strings.Compare(string(a.Family), string(b.Family)) })
	const changed = `remaining + CAST(e.value->>'remaining' AS BIGINT) - CAST(e.value->>'base' AS BIGINT)`
	n, err := x.exec(ctx, `UPDATE `+table+` SET quota = CAST(e.value->>'limit' AS BIGINT), window_micros = CAST(e.value->>'window' AS BIGINT),
			remaining = CASE WHEN resets_at = CAST(e.value->>'was' AS BIGINT) AND CAST(e.value->>'opened' AS BOOLEAN) THEN CAST(e.value->>'remaining' AS BIGINT)
				WHEN `+changed+` < 0 THEN 0
				WHEN `+changed+` > CAST(e.value->>'limit' AS BIGINT) THEN CAST(e.value->>'limit' AS BIGINT)
				ELSE `+changed+` END,
			resets_at = CASE WHEN resets_at <> CAST(e.value->>'was' AS BIGINT) AND resets_at > CAST(e.value->>'resets_at' AS BIGINT) THEN resets_at
				ELSE CAST(e.value->>'resets_at' AS BIGINT) END
		FROM EACH($1) WHERE `+table+`.`+owner+` = $2 AND `+table+`.family = e.value->>'family'`, array(rows), args[0])
	if err != nil || n == len(rows) {
		return err
	}
	values := []string{}
	for i := range args {
		values = append(values, `CAST(`+dollar(i+2)+` AS `+sqlType(args[i])+`)`)
	}
	_, err = x.exec(ctx, `INSERT INTO `+table+` (`+owner+`, `+more+`family, quota, remaining, resets_at, window_micros)
		SELECT `+strings.Join(values, ", ")+`, e.value->>'family', CAST(e.value->>'limit' AS BIGINT),
			CAST(e.value->>'remaining' AS BIGINT), CAST(e.value->>'resets_at' AS BIGINT), CAST(e.value->>'window' AS BIGINT)
		FROM EACH($1) WHERE true
		ON CONFLICT (`+owner+`, family) DO NOTHING`, append([]any{array(rows)}, args...)...)
	return err
}

// sqlType is the type of a key in both databases.
func sqlType(v any) string {
	if _, text := v.(string); text {
		return "TEXT"
	}
	return "BIGINT"
}
