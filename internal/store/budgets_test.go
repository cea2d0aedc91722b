package store_test

import (
	"testing"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
)

// TestBudgetsAreReplacedAsAWhole drops the families that a save no longer
// names, and keeps all when it names none.
func TestBudgetsAreReplacedAsAWhole(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx, now := t.Context(), time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
		u := must(s.LocalUser(ctx, now))(t)
		d := destination(t, s, u)
		ok(t, s.Ring(ctx, social.FollowTask, d.ID, now))
		task := claim(t, s, social.FollowTask, d.ID, now)
		save := func(families ...social.Family) int {
			var list []social.Budget
			for _, f := range families {
				list = append(list, social.Budget{Family: f, Limit: 10, Remaining: 9, ResetsAt: now, Window: time.Minute})
			}
			ok(t, s.SaveFollows(ctx, task, nil, list, d, now))
			return len(must(s.Budgets(ctx, d.ID))(t))
		}
		for i, families := range [][]social.Family{{"follows", "requests", "target:a.test"}, {"follows", "target:b.test"}, nil} {
			if n, want := save(families...), []int{3, 2, 2}[i]; n != want {
				t.Errorf("%v: %d budgets, want %d", families, n, want)
			}
		}
	})
}
