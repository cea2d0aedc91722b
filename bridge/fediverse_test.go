package bridge

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

// fediverse drives the bridge against simulated servers through the real door.
type fediverse struct {
	t     *testing.T
	world *feditest.World
	clock *feditest.Clock
	door  *fedi.Door
	home  *fedi.Home
	rows  *table
	calls []fedi.Call
	want  map[string]social.FollowJob
}

func newFediverse(t *testing.T, fl social.Flavour) *fediverse {
	clock := feditest.NewClock(monday)
	f := &fediverse{t: t, clock: clock, world: feditest.New(feditest.Options{Now: clock.Now}), want: map[string]social.FollowJob{}}
	t.Cleanup(f.world.Close)
	door, err := fedi.Open(fedi.Options{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: f.world.RootCAs(), Route: f.world.Route, Pause: -1, Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(door.Close)
	h := f.world.AddHost("home.test", fl)
	me := h.AddAccount("me")
	f.door = door
	f.home = door.Home("home.test", h.Token("me"), fl, func(c fedi.Call) { f.calls = append(f.calls, c) })
	f.rows = newTable(t, fl)
	f.rows.d.RemoteID, f.rows.d.ActorID = social.RemoteID(me.RemoteID(h)), me.ActorID()
	return f
}

// plan adds an account to be followed, and how it must end.
func (f *fediverse) plan(a *feditest.Account, o social.Outcome, r social.Reason) {
	f.rows.plan(handle(f.t, a.Handle()), a.ActorID(), f.clock.Now())
	f.want[a.Handle()] = social.FollowJob{Outcome: o, Reason: r}
}

// run is the worker's loop, on the world's clock.
func (f *fediverse) run(end time.Time) {
	for f.clock.Now().Before(end) {
		now := f.clock.Now()
		act, until := Next(f.rows.work(now), now)
		if act.Kind == Rest && until.IsZero() {
			return
		}
		if act.Kind == Rest {
			f.clock.Advance(until.Sub(now))
			continue
		}
		err := f.step(act, now)
		switch {
		case fault.Is(err, fault.Wait):
			f.clock.Advance(fault.Until(err).Sub(f.clock.Now()))
		case err != nil:
			f.clock.Advance(time.Minute)
		}
		f.clock.Advance(200 * time.Millisecond)
	}
}

func (f *fediverse) step(act Act, now time.Time) error {
	d := f.rows.d
	budgets := Spend(f.rows.budgets, d, act, now)
	if act.Kind == Recheck {
		jobs, err := Confirm(f.t.Context(), f.home, d, act.Batch, now)
		for _, job := range jobs {
			f.rows.jobs[job.ID-1] = job
		}
		f.rows.budgets = f.learn(budgets)
		return err
	}
	f.rows.begin(act.Job.ID, budgets, now)
	job, err := Send(f.t.Context(), f.home, f.door, d, act.Job, now)
	f.rows.jobs[job.ID-1] = job
	f.rows.budgets = Reckon(f.learn(budgets), act, job, err, now)
	return err
}

func (f *fediverse) learn(b []social.Budget) []social.Budget {
	for _, c := range f.calls {
		if c.Limit != nil {
			b = Learn(b, f.rows.d.Flavour, *c.Limit, c.Path, c.At)
		}
	}
	f.calls = nil
	return b
}

// TestBridgeInTheSimulatedFediverse follows accounts of every fate from each
// flavour of home server, sixty of them on one host that allows few requests.
func TestBridgeInTheSimulatedFediverse(t *testing.T) {
	for _, fl := range []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac} {
		t.Run(string(fl), func(t *testing.T) {
			f := newFediverse(t, fl)
			f.people(fl)
			f.run(monday.Add(40 * day))
			f.verify()
			s := f.world.Stats("home.test")
			t.Logf("%d requests for %d accounts, %d answers 429", s.Requests, len(f.rows.jobs), s.RateLimited)
			if s.RateLimited > 0 {
				t.Errorf("%d answers 429", s.RateLimited)
			}
		})
	}
}

func (f *fediverse) people(fl social.Flavour) {
	one, two := f.world.AddHost("one.test", social.Mastodon), f.world.AddHost("two.test", social.Snac)
	crowded := f.world.AddHost("crowded.test", social.GoToSocial)
	for i := range 60 {
		f.plan(crowded.AddAccount(fmt.Sprintf("user%d", i)), social.Followed, "")
	}
	for i := range 20 {
		f.plan(one.AddAccount(fmt.Sprintf("user%d", i)), social.Followed, "")
	}
	f.plan(two.AddAccount("dave"), social.Followed, "")
	f.plan(one.AddAccount("locked", feditest.Locked()), social.Requested, "")
	if fl != social.Snac { // snac says "following" of these too
		f.plan(one.AddAccount("no", feditest.Declines()), social.Declined, social.ReasonThem)
	}
	f.plan(one.AddAccount("left", feditest.Gone()), social.Gone, social.ReasonGone)
	one.AddAccount("new", feditest.AlsoKnownAs("old@two.test"))
	moved, why := social.Moved, social.ReasonMoved
	if fl != social.Mastodon { // these don't tell that a remote account moved; the look-up before the plan does
		moved, why = social.Followed, social.ReasonNone
	}
	f.plan(two.AddAccount("old", feditest.MovedTo("new@one.test")), moved, why)
}

func (f *fediverse) verify() {
	for _, job := range f.rows.jobs {
		want := f.want[job.Handle.String()]
		if job.Outcome != want.Outcome || job.Reason != want.Reason || job.State != social.JobDone {
			f.t.Errorf("%s ended %s %s/%s, %d empty; want %s/%s", job.Handle, job.State, job.Outcome, job.Reason, job.Empty, want.Outcome, want.Reason)
		}
	}
	for _, follow := range f.world.Follows("me@home.test") {
		if follow.Posts != 1 || follow.Made != 1 {
			f.t.Errorf("%s was asked %d times", follow.Handle, follow.Posts)
		}
	}
}
