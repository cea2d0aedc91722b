package worker

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
)

// TestENG09PlainLists: on a Godwit for many, a list of nothing but addresses is
// followed so many a day and no more, whatever the server allows and however often it is tried
// again, while people from the person's own export go on as usual. On one's own
// machine nobody holds it up.
func TestENG09PlainLists(t *testing.T) {
	for _, forMany := range []bool{true, false} {
		t.Run(fmt.Sprint("for many ", forMany), func(t *testing.T) {
			t.Parallel()
			perDay := 0
			if forMany {
				perDay = 20
			}
			r := newRigOn(t, store.Options{Path: filepath.Join(t.TempDir(), "godwit.db"), Keys: keys, PlainPerDay: perDay})
			own := r.crowd(social.Mastodon, 2, 5)
			var plain strings.Builder
			plain.WriteString("handle\n")
			for h := range 5 {
				host := r.world.AddHost(fmt.Sprintf("plain%d.test", h), social.Mastodon)
				for i := range 5 {
					fmt.Fprintln(&plain, host.AddAccount(fmt.Sprintf("who%d", i)).Handle())
				}
			}
			home := r.world.AddHost("home.test", social.Mastodon)
			home.AddAccount("me")
			r.give("list.csv", []byte(plain.String()))
			r.give(listName, own)
			r.drive(2 * time.Hour)
			d := r.follower(home, "me")
			r.confirmAll()
			if n := r.plan(d); n != 35 {
				t.Fatalf("%d planned", n)
			}
			r.drive(10 * time.Hour)
			_, err := r.store.RetryFollows(t.Context(), r.user.ID, d.ID, 0, r.clock.Now())
			r.ok(err)
			r.plan(d)
			r.drive(72 * time.Hour)
			days := map[string]int{}
			followed := 0
			for _, f := range r.world.Follows("me@home.test") {
				if f.State == feditest.Accepted {
					followed++
				}
			}
			for day, n := range r.world.FollowDays("me@home.test") {
				days[day] = n
			}
			first := days[start.Format(time.DateOnly)]
			if followed != 35 || forMany && first != 30 || !forMany && first != 35 {
				t.Errorf("%d followed, by days %v", followed, days)
			}
		})
	}
}
