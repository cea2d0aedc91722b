package worker

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// wrong is a Godwit whose clock is off, and which is started again all the time.
type wrong struct {
	*rig
	skew    func(since time.Duration) time.Duration // of its clock, by how long it has run
	began   time.Time
	started time.Time
}

func (x *wrong) now() time.Time {
	at := x.clock.Now()
	return at.Add(x.skew(at.Sub(x.began)))
}

// again starts the process anew if it has run for ten seconds.
func (x *wrong) again() {
	if x.clock.Now().Before(x.started.Add(10 * time.Second)) {
		return
	}
	x.started = x.clock.Now()
	door, err := fedi.Open(fedi.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		RootCAs: x.world.RootCAs(), Route: x.world.Route, Pause: -1, Now: x.now})
	x.ok(err)
	if x.door != nil {
		x.door.Close()
	}
	x.ok(x.store.Close())
	x.door, x.store = door, x.open()
	x.Worker = New(Deps{Store: x.store, Door: door, Spool: x.spool, Now: x.now, Log: silence})
}

// runs works for so long by the servers' clock.
func (x *wrong) runs(limit time.Duration) {
	for end := x.clock.Now().Add(limit); x.clock.Now().Before(end); {
		x.again()
		due, next, err := x.store.DueTasks(x.t.Context(), x.now(), 100)
		x.ok(err)
		for _, task := range due {
			if err := x.Worker.Handle(x.t.Context(), task); err != nil && !fault.Is(err, fault.Conflict) {
				x.t.Fatalf("%s: %v", task, err)
			}
		}
		if len(due) == 0 && next.IsZero() {
			return
		}
		if len(due) == 0 {
			x.clock.Advance(max(time.Millisecond, next.Sub(x.now())))
		}
	}
}

// TestENG05RestartsAndClocks: the process is started again every ten seconds,
// and its clock is hours and days off, or is set back in the middle (ENG-13). By
// the servers' own count no day has more follows than what is left after the
// head-room, and there is no answer 429.
func TestENG05RestartsAndClocks(t *testing.T) {
	limit, people, most := 40, 48, 36
	if soak() {
		limit, people, most = 400, 800, 390
	}
	fixed := func(d time.Duration) func(time.Duration) time.Duration {
		return func(time.Duration) time.Duration { return d }
	}
	for name, skew := range map[string]func(time.Duration) time.Duration{
		"right": fixed(0), "6h on": fixed(6 * time.Hour), "6h back": fixed(-6 * time.Hour), "1d on": fixed(day), "1d back": fixed(-day),
		"set back by 2h": func(since time.Duration) time.Duration {
			if since > 15*time.Second {
				return -2 * time.Hour
			}
			return 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			home := r.world.AddHost("home.test", social.Mastodon, feditest.Limited(feditest.Limits{Follows: limit}))
			d := r.neighbour(home, "me", r.crowd(social.Mastodon, people/4, 4))
			r.plan(d)
			x := &wrong{rig: r, skew: skew, began: r.clock.Now()}
			x.runs(8 * day)
			for day, n := range r.world.FollowDays("me@home.test") {
				if n > most {
					t.Errorf("%d follows on %s, at most %d", n, day, most)
				}
			}
			if got, want := r.digest(d), undisturbed(r, d); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			r.once("me@home.test")
			if s := r.world.Stats("home.test"); s.RateLimited != 0 {
				t.Errorf("%d answers 429", s.RateLimited)
			}
			t.Log(fmt.Sprint(r.world.FollowDays("me@home.test")))
		})
	}
}
