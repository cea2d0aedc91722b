package store_test

import (
	"testing"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
)

func TestStock(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u, d := confirmed(t, s, 3)
		planned(t, s, u, d, 3)
		ok(t, s.Ring(ctx, social.MatchTask, u.ID, now.Add(time.Hour)))
		k := must(s.Stock(ctx, now))(t)
		if k.Users != 1 || k.Destinations[social.Active] != 1 || k.Jobs[social.JobPlanned] != 3 || k.Tasks[social.FollowTask].Due != 1 || k.LeftAlone != 0 {
			t.Errorf("%+v", k)
		}
		claim(t, s, social.FollowTask, d.ID, now)
		ok(t, s.SaveWishes(ctx, social.Home{Host: "rest.test", Alone: true}))
		if k = must(s.Stock(ctx, now))(t); k.Tasks[social.FollowTask].Claimed != 1 || k.Tasks[social.FollowTask].Due != 0 || k.LeftAlone != 1 {
			t.Errorf("%+v", k)
		}
	})
}
