package worker

import (
	"fmt"
	"testing"
	"time"

	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// TestBlocksAreReadFirst: whoever lives on a host that the home server suspends
// is refused without a request, however the list is published; one that is
// only limited is followed, and the list is asked for once a day for all.
func TestBlocksAreReadFirst(t *testing.T) {
	for _, how := range []feditest.Publicity{feditest.Plain, feditest.Obfuscated, feditest.Hidden} {
		t.Run(fmt.Sprint(how), func(t *testing.T) {
			r := newRig(t)
			r.give(listName, r.crowd(social.Mastodon, 3, 3))
			r.drive(time.Hour)
			home := r.world.AddHost("home.test", social.Mastodon)
			home.Defederate("flock1.test", "elsewhere.test")
			home.PublishBlocks(how, "flock2.test")
			home.AddAccount("me")
			home.AddAccount("you")
			d, other := r.follower(home, "me"), r.follower(home, "you")
			r.drive(time.Minute) // as soon as the account is connected
			r.confirmAll()
			want := 6
			if how == feditest.Hidden {
				want = 9
			}
			r.world.Reset()
			if n := r.plan(d); n != want {
				t.Errorf("%d are planned", n)
			}
			r.plan(other)
			r.drive(20 * time.Hour)
			if n := r.asked("/api/v1/instance/domain_blocks"); n != 0 {
				t.Errorf("the list was read %d times on the same day", n)
			}
			r.drive(10 * 24 * time.Hour)
			ends := map[string]int{}
			for _, j := range r.jobs(d) {
				ends[fmt.Sprint(j.Handle.Host(), " ", j.Outcome, " ", j.Reason)]++
			}
			if ends["flock0.test followed "] != 3 || ends["flock2.test followed "] != 3 {
				t.Errorf("ends: %v", ends)
			}
			if how == feditest.Hidden {
				return
			}
			if ends["flock1.test refused our-server"] != 3 {
				t.Errorf("ends: %v", ends)
			}
			for _, q := range r.world.Log() {
				if q.Host == "flock1.test" {
					t.Errorf("flock1.test was asked for %s", q.Path)
				}
			}
		})
	}
}

// asked counts the requests for a path.
func (r *rig) asked(path string) (n int) {
	for _, q := range r.world.Log() {
		if q.Path == path {
			n++
		}
	}
	return n
}

// TestBlocksMayBeIll: a list that cannot be read holds up nothing.
func TestBlocksMayBeIll(t *testing.T) {
	for _, f := range []feditest.Fault{feditest.Status(500, "{}"), feditest.Status(401, "{}"), feditest.Malformed(), feditest.Status(429, "{}", "Retry-After", "60")} {
		r, home, d := ready(t, 2, 2)
		home.Fault(f.On("/api/v1/instance/domain_blocks").Times(1))
		r.drive(month)
		if got, want := r.digest(d), undisturbed(r, d); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}
