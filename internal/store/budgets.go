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

// budgetRow is a Budget as it goes into the database.
type budgetRow struct {
	Family    social.Family `json:"family"`
	Limit     int           `json:"limit"`
	Remaining int           `json:"remaining"`
	ResetsAt  int64         `json:"resets_at"`
	Window    int64         `json:"window"`
}

// isShared reports whether all who follow from a server share a Budget: the
// pace towards a target host, since it is the home server that asks there, and
// requests where a server counts them by address (GoToSocial), or bears so few
// that it makes no difference (snac).
func isShared(f social.Family, fl social.Flavour) bool {
	return strings.HasPrefix(string(f), string(social.TargetFamily(""))) ||
		f == social.RequestsFamily && (fl == social.GoToSocial || fl == social.Snac)
}

// saveBudgets writes Budgets; one that is not among them stays as it is.
func saveBudgets(ctx context.Context, x q, userID int64, destinationID int64, all []social.Budget) error {
	if len(all) == 0 {
		return nil
	}
	var host string
	var fl social.Flavour
	if err := x.row(ctx, `SELECT host, flavour FROM destinations WHERE id = $1`, destinationID).Scan(&host, &fl); err != nil {
		return err
	}
	own, shared := map[social.Family]budgetRow{}, map[social.Family]budgetRow{} // PostgreSQL writes no row twice in one statement
	for _, b := range all {
		into := own
		if isShared(b.Family, fl) {
			into = shared
		}
		into[b.Family] = budgetRow{b.Family, b.Limit, b.Remaining, micros(b.ResetsAt), b.Window.Microseconds()}
	}
	if err := saveBudgetRows(ctx, x, `budgets (destination_id, user_id, family, quota, remaining, resets_at, window_micros)
		SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), `, `(destination_id, family)`, own, destinationID, userID); err != nil {
		return err
	}
	return saveBudgetRows(ctx, x, `home_budgets (host, family, quota, remaining, resets_at, window_micros)
		SELECT CAST($1 AS TEXT), `, `(host, family)`, shared, host)
}

func saveBudgetRows(ctx context.Context, x q, into, key string, byFamily map[social.Family]budgetRow, args ...any) error {
	if len(byFamily) == 0 {
		return nil
	}
	rows := slices.SortedFunc(maps.Values(byFamily), func(a, b budgetRow) int { return strings.Compare(string(a.Family), string(b.Family)) })
	args = append(args, array(rows))
	_, err := x.exec(ctx, `INSERT INTO `+into+`e.value->>'family', CAST(e.value->>'limit' AS BIGINT),
			CAST(e.value->>'remaining' AS BIGINT), CAST(e.value->>'resets_at' AS BIGINT), CAST(e.value->>'window' AS BIGINT)
		FROM EACH(`+dollar(len(args))+`) WHERE true
		ON CONFLICT `+key+` DO UPDATE SET quota = excluded.quota, remaining = excluded.remaining,
			resets_at = excluded.resets_at, window_micros = excluded.window_micros`, args...)
	return err
}
