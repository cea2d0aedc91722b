package worker

import (
	"testing"
	"time"

	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// TestJourney walks the main job on each flavour of home server: an upload to
// followed accounts, with the manners and the cost that were promised.
func TestJourney(t *testing.T) {
	for flavour, most := range map[social.Flavour]float64{social.Mastodon: 2.1, social.GoToSocial: 2.1, social.Snac: 3.1} { // snac tells of one relationship at a time
		t.Run(string(flavour), func(t *testing.T) {
			r := newRig(t)
			x := r.give(listName, r.crowd(social.Mastodon, 6, 10))
			r.drive(time.Hour)
			if x = r.source(x.ID); x.State != social.SourceDone || x.Counts.Following != 60 {
				t.Fatalf("the import ended as %+v", x)
			}
			home := r.world.AddHost("home.test", flavour)
			home.AddAccount("me")
			d := r.follower(home, "me")
			r.confirmAll()
			if n := r.plan(d); n != 60 {
				t.Fatalf("%d follows are planned", n)
			}
			r.world.Reset()
			before := r.Traffic()
			r.drive(30 * 24 * time.Hour)
			for _, j := range r.jobs(d) {
				if j.State != social.JobDone || j.Outcome != social.Followed {
					t.Errorf("%s ended as %s %s %s", j.Handle, j.State, j.Outcome, j.Reason)
				}
			}
			r.once("me@home.test")
			stats := r.world.Stats("home.test")
			if stats.RateLimited != 0 || stats.FollowPosts != 60 {
				t.Errorf("%d answers 429, %d follows sent", stats.RateLimited, stats.FollowPosts)
			}
			each := float64(stats.Requests) / 60
			t.Logf("%.3f requests per completed follow in %s", each, r.clock.Now().Sub(start))
			if each > most {
				t.Errorf("%.3f requests per completed follow, want at most %.1f", each, most)
			}
			saw := stats.Requests - r.asked("/robots.txt") // that is read on the server's behalf, not on a Destination's
			if now := r.Traffic(); now.Requests-before.Requests != int64(saw) || now.Limited != 0 {
				t.Errorf("counted %+v, the server saw %d", now, saw)
			}
			r.manners()
		})
	}
}

// manners checks that no host that is not the home server ever had two
// requests at work.
func (r *rig) manners() {
	r.t.Helper()
	for _, q := range r.world.Log() {
		if q.Host != "home.test" && q.InFlight > 1 {
			r.t.Fatalf("%s had %d requests at work", q.Host, q.InFlight)
		}
	}
}

// TestSampleWorld takes the demo's cast, with all the fates that people have,
// from its export to the end.
func TestSampleWorld(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	sample := feditest.Sample(r.world)
	x := r.give(listName, r.list(cast(sample)))
	r.drive(3 * 24 * time.Hour)
	if x = r.source(x.ID); x.State != social.SourceDone {
		t.Fatalf("the import ended as %+v", x)
	}
	d := r.follower(sample.Home, "wanderer")
	r.confirmAll()
	planned := r.plan(d)
	if planned < len(sample.People)/2 {
		t.Fatalf("only %d of %d people are to be followed", planned, len(sample.People))
	}
	r.drive(60 * 24 * time.Hour)
	ends := map[social.Outcome]int{}
	for _, j := range r.jobs(d) {
		ends[j.Outcome]++
		if j.State != social.JobDone {
			t.Errorf("%s is still %s %s %s, due %s", j.Handle, j.State, j.Outcome, j.Reason, j.DueAt)
		}
	}
	t.Logf("%d planned: %v", planned, ends)
	if ends[social.Followed] == 0 || ends[social.Requested]+ends[social.Moved] == 0 {
		t.Errorf("outcomes: %v", ends)
	}
	r.once(sample.Wanderer.Handle())
	if s := r.world.Stats("*"); s.RateLimited != 0 {
		t.Errorf("%d answers were 429", s.RateLimited)
	}
}
