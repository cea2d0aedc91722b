package store_test

import (
	"fmt"
	"testing"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
)

// TestENG06StartsAreShared: processes that start know how many they are, and one
// task of a home server is worked on at once until a minute after the last of
// them began.
func TestENG06StartsAreShared(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		all := neighbours(t, s, 3)
		for i := range 3 {
			ok(t, s.NoteStart(ctx, fmt.Sprint("p", i), now.Add(time.Duration(i)*20*time.Second)))
		}
		ok(t, s.NoteStart(ctx, "p2", now.Add(40*time.Second))) // is one, however often it says so
		for after, want := range map[time.Duration]int{40 * time.Second: 3, 61 * time.Second: 2, 99 * time.Second: 1, 100 * time.Second: 0} {
			if n := must(s.Starting(ctx, now.Add(after)))(t); n != want {
				t.Errorf("%d are starting after %s, want %d", n, after, want)
			}
		}
		last, later := now.Add(99*time.Second), now.Add(100*time.Second)
		if ids, _ := dueFollows(t, s, last); len(ids) != 1 {
			t.Errorf("%d tasks are listed while a process starts", len(ids))
		}
		claim(t, s, social.FollowTask, all[0].ID, last)
		if _, _, err := s.Claim(ctx, social.FollowTask, all[1].ID, last, time.Minute); err == nil {
			t.Error("a second one is worked on while a process starts")
		}
		claim(t, s, social.FollowTask, all[1].ID, later)
	})
}
