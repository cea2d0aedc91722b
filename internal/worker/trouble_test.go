package worker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// server is a home server with somebody in between: meddle gets each call as
// the act that makes it, and decides whether and when it is made.
type server struct {
	home
	meddle func(call string, make func())
}

func (s server) Find(ctx context.Context, h social.Handle, actorID string) (a social.RemoteAccount, err error) {
	err = errCut
	s.meddle("find "+h.String(), func() { a, err = s.home.Find(ctx, h, actorID) })
	return a, err
}

func (s server) Follow(ctx context.Context, id social.RemoteID) (rel social.Relationship, err error) {
	err = errCut
	s.meddle("follow "+string(id), func() { rel, err = s.home.Follow(ctx, id) })
	return rel, err
}

func (s server) Unfollow(ctx context.Context, id social.RemoteID) (rel social.Relationship, err error) {
	err = errCut
	s.meddle("unfollow "+string(id), func() { rel, err = s.home.Unfollow(ctx, id) })
	return rel, err
}

func (s server) Relationships(ctx context.Context, ids []social.RemoteID) (rels []social.Relationship, err error) {
	err = errCut
	s.meddle("relationships", func() { rels, err = s.home.Relationships(ctx, ids) })
	return rels, err
}

var errCut = fault.New(fault.Unavailable, "not-answering", "home.test isn't answering.")

// meddle puts somebody between a worker and every home server.
func meddle(w *Worker, with func(call string, make func())) {
	inner := w.home
	w.home = func(d social.Destination, token social.Secret, observe func(fedi.Call)) home {
		return server{inner(d, token, observe), with}
	}
}

// ready is a rig with n people found and confirmed, on hosts of their own
// kind, and a Destination whose follows are planned.
func ready(t *testing.T, hosts, each int) (*rig, *feditest.Host, social.Destination) {
	t.Helper()
	r := newRig(t)
	r.give(listName, r.crowd(social.Mastodon, hosts, each))
	r.drive(time.Hour)
	home := r.world.AddHost("home.test", social.Mastodon)
	home.AddAccount("me")
	d := r.follower(home, "me")
	r.confirmAll()
	if n := r.plan(d); n != hosts*each {
		t.Fatalf("%d follows are planned", n)
	}
	return r, home, d
}

const month = 30 * 24 * time.Hour

// undisturbed is how ready's follows end when nothing goes wrong.
func undisturbed(r *rig, d social.Destination) string {
	var lines []string
	for _, j := range r.jobs(d) {
		lines = append(lines, fmt.Sprintf("%s done followed  ", j.Handle))
	}
	return sorted(lines)
}

// TestENG07PoisonFollow: one account always breaks us. The others are done, it
// gives up after five tries in more than a day, and nothing else stops.
func TestENG07PoisonFollow(t *testing.T) {
	r, _, d := ready(t, 5, 10)
	tries := []time.Time{}
	meddle(r.Worker, func(call string, make func()) {
		if call == "find bird7@flock0.test" {
			tries = append(tries, r.clock.Now())
			panic("poison")
		}
		make()
	})
	r.drive(month)
	ends := map[string]int{}
	for _, j := range r.jobs(d) {
		ends[fmt.Sprint(j.State, " ", j.Outcome, " ", j.Reason)]++
	}
	if ends["done followed "] != 49 || ends["done deferred gave-up"] != 1 {
		t.Errorf("ends: %v", ends)
	}
	if len(tries) != 5 || tries[4].Sub(tries[0]) < 24*time.Hour {
		t.Errorf("tried at %v", tries)
	}
}

// mishap is one thing that goes wrong with a call of the home server's API.
type mishap struct {
	name string
	do   func(x *accident, make func())
}

// accident is the stage of a mishap.
type accident struct {
	*rig
	d    social.Destination
	home *feditest.Host
	dead bool // the process in which it happened
	end  context.CancelFunc
}

var mishaps = []mishap{
	{"K before the call", func(x *accident, _ func()) { x.kill() }},
	{"K after the call", func(x *accident, make func()) { make(); x.kill() }},
	{"D database gone for the result", func(x *accident, make func()) { make(); x.kill() }},
	{"T no answer, nothing done", func(*accident, func()) {}},
	{"T no answer, but done", func(x *accident, make func()) { x.strike(feditest.CutAfter()); make() }},
	{"T cut in the middle", func(x *accident, make func()) { x.strike(feditest.CutMiddle()); make() }},
	{"malformed", func(x *accident, make func()) { x.strike(feditest.Malformed()); make() }},
	{"500", func(x *accident, make func()) { x.strike(feditest.Status(500, "{}")); make() }},
	{"502", func(x *accident, make func()) { x.strike(feditest.Status(502, "")); make() }},
	{"503", func(x *accident, make func()) { x.strike(feditest.Status(503, "", "Retry-After", "120")); make() }},
	{"4 429", func(x *accident, make func()) { x.strike(feditest.Status(429, "{}", "Retry-After", "60")); make() }},
	{"A token revoked", func(x *accident, make func()) { x.revoke(); make() }},
	{"P panic before", func(*accident, func()) { panic("before") }},
	{"P panic after", func(_ *accident, make func()) { make(); panic("after") }},
	{"C clock on by two hours", func(x *accident, make func()) { x.clock.Advance(2 * time.Hour); make() }},
	{"2 second worker before", func(x *accident, make func()) { x.second(); make() }},
	{"2 second worker after", func(x *accident, make func()) { make(); x.second() }},
	{"X pause and resume", func(x *accident, make func()) { x.pauseAndResume(); make() }},
}

// strike makes the home server's next answer go wrong.
func (x *accident) strike(f feditest.Fault) { x.home.Fault(f.Times(1)) }

// kill is kill -9: the process writes nothing any more, and its claim runs out.
func (x *accident) kill() {
	x.dead = true
	_ = x.Worker.store.Close()
	x.end() // so that nobody waits for what never comes
}

// second is another process that finds the claim's lease over, because this
// one stood still for forty seconds, and does the step.
func (x *accident) second() {
	x.clock.Advance(40 * time.Second)
	other := x.process(x.rig.store)
	if err := other.Handle(x.t.Context(), social.Task{Kind: social.FollowTask, ID: x.d.ID}); err != nil && !fault.Is(err, fault.Conflict) {
		x.t.Errorf("the second worker: %v", err)
	}
}

// revoke takes the permission away; the person connects again, later.
func (x *accident) revoke() {
	token, err := x.rig.store.DestinationToken(x.t.Context(), x.user.ID, x.d.ID)
	x.ok(err)
	x.home.Revoke(token)
}

func (x *accident) pauseAndResume() {
	for _, state := range []social.FollowState{social.FollowPaused, social.FollowRunning} {
		x.ok(x.rig.store.SetFollowState(x.t.Context(), x.user.ID, x.d.ID, state, x.clock.Now()))
	}
}

// restart replaces the process that died.
func (x *accident) restart() {
	if !x.dead {
		return
	}
	x.dead = false
	x.Worker = x.process(x.open())
}

// TestENG01FollowMatrix: whatever goes wrong in the middle of following, the end
// state equals that of an undisturbed run, and nobody is asked twice. Each
// mishap alone, at each of the first calls.
func TestENG01FollowMatrix(t *testing.T) {
	for _, m := range mishaps {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			at := []int{1, 2, 4, 7}
			if soak() {
				at = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
			}
			for _, n := range at {
				calls := 0
				disturbed(t, func() *mishap {
					if calls++; calls == n+1 {
						return &m
					}
					return nil
				})
				if calls <= n {
					t.Errorf("there were only %d calls", calls)
				}
			}
		})
	}
}

// TestENG01FollowMatrixCrossed: several mishaps, at random, as seeds have it.
func TestENG01FollowMatrixCrossed(t *testing.T) {
	seeds := 6
	if soak() {
		seeds = 400
	}
	base := uint64(time.Now().UnixNano()) % 1_000_000
	for i := range seeds {
		seed := base + uint64(i)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random, left := rand.New(rand.NewPCG(seed, 7)), 4
			disturbed(t, func() *mishap {
				if left == 0 || random.IntN(4) > 0 {
					return nil
				}
				left--
				return &mishaps[random.IntN(len(mishaps))]
			})
		})
	}
}

// disturbed runs a small following in which next says what goes wrong with
// each call, and checks its end.
func disturbed(t *testing.T, next func() *mishap) {
	t.Helper()
	r, home, d := ready(t, 3, 2)
	x := &accident{rig: r, d: d, home: home}
	names := x.drive(next)
	if got, want := r.digest(d), undisturbed(r, d); got != want {
		t.Errorf("after %s:\n%s\nwant\n%s", strings.Join(names, ", "), got, want)
	}
	r.once("me@home.test")
	if s := r.world.Stats("home.test"); s.MaxInFlight > 2 {
		t.Errorf("%d requests at work at the home server", s.MaxInFlight)
	}
}

// drive works until nothing is left to do, while next says what goes wrong
// with each call, and returns what did.
func (x *accident) drive(next func() *mishap) (names []string) {
	r := x.rig
	r.t.Helper()
	arm := func() {
		meddle(r.Worker, func(_ string, make func()) {
			m := next()
			if m == nil {
				make()
				return
			}
			names = append(names, m.name)
			m.do(x, make)
		})
	}
	arm()
	r.Worker.store = r.open()
	handle := func(task social.Task) error {
		var ctx context.Context
		ctx, x.end = context.WithCancel(r.t.Context())
		defer x.end()
		err := r.Worker.Handle(ctx, task)
		if x.dead {
			x.restart()
			arm()
			return nil
		}
		return err
	}
	for range 5 { // a lost permission stops everything until the person connects again
		r.driveWith(month, handle)
		got, err := r.store.GetDestination(r.t.Context(), r.user.ID, x.d.ID)
		r.ok(err)
		if got.State == social.Active {
			break
		}
		r.follower(x.home, "me")
	}
	return names
}

// TestENG16Cancel: after the click no further follow is sent but the one that
// is under way.
func TestENG16Cancel(t *testing.T) {
	for _, state := range []social.FollowState{social.FollowPaused, social.FollowStopped} {
		for n := range 12 {
			r, home, d := ready(t, 3, 2)
			calls := 0
			sent := -1
			meddle(r.Worker, func(_ string, make func()) {
				if calls++; calls == n+1 {
					r.ok(r.store.SetFollowState(t.Context(), r.user.ID, d.ID, state, r.clock.Now()))
					sent = r.world.Stats(home.Name()).FollowPosts
				}
				make()
			})
			r.drive(time.Hour)
			if sent < 0 {
				t.Fatalf("there were only %d calls", calls)
			}
			if now := r.world.Stats(home.Name()).FollowPosts; now > sent+1 {
				t.Errorf("%s at call %d: %d follows were sent after it", state, n+1, now-sent)
			}
			for _, j := range r.jobs(d) {
				if state == social.FollowStopped && j.State == social.JobPlanned {
					t.Errorf("%s is still planned", j.Handle)
				}
			}
		}
	}
}

// TestSTO08Forget: forgetting in the middle leaves no row to be followed, and
// no request comes after the one under way.
func TestSTO08Forget(t *testing.T) {
	for n := range 10 {
		r, _, d := ready(t, 3, 2)
		calls := 0
		meddle(r.Worker, func(_ string, make func()) {
			if calls++; calls == n+1 {
				_, err := r.store.Forget(t.Context(), r.user.ID)
				r.ok(err)
			}
			make()
		})
		r.drive(month)
		if calls > n+1 {
			t.Errorf("%d calls after everything was forgotten", calls-n-1)
		}
		if _, err := r.store.GetDestination(t.Context(), r.user.ID, d.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the Destination is %v", err)
		}
	}
}

// TestAUT09RevokedToken: the following stops at once, says so, and goes on where it
// stopped when the person connects again.
func TestAUT09RevokedToken(t *testing.T) {
	r, home, d := ready(t, 3, 4)
	x := &accident{rig: r, d: d, home: home}
	calls := 0
	meddle(r.Worker, func(_ string, make func()) {
		if calls++; calls == 9 {
			x.revoke()
		}
		make()
	})
	r.drive(month)
	got, err := r.store.GetDestination(t.Context(), r.user.ID, d.ID)
	r.ok(err)
	if got.State != social.PermissionLost || calls > 10 {
		t.Fatalf("the Destination is %s after %d calls", got.State, calls)
	}
	r.follower(home, "me")
	r.drive(month)
	if got, want := r.digest(d), undisturbed(r, d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestAUT09BrokenProxy: a 401 that is not the server's own stops nothing, as the
// token is seen to be good.
func TestAUT09BrokenProxy(t *testing.T) {
	r, home, d := ready(t, 3, 4)
	x := &accident{rig: r, d: d, home: home}
	calls := 0
	meddle(r.Worker, func(_ string, make func()) {
		if calls++; calls%5 == 0 {
			x.strike(feditest.Status(401, "<html>proxy"))
		}
		make()
	})
	r.drive(month)
	got, err := r.store.GetDestination(t.Context(), r.user.ID, d.ID)
	r.ok(err)
	if got.State != social.Active {
		t.Errorf("the Destination is %s", got.State)
	}
	if got, want := r.digest(d), undisturbed(r, d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.once("me@home.test")
}

// TestDisabledAccount: the same for an account that its server disabled.
func TestDisabledAccount(t *testing.T) {
	r := newRig(t)
	r.give(listName, r.crowd(social.Mastodon, 1, 3))
	r.drive(time.Hour)
	home := r.world.AddHost("home.test", social.Mastodon)
	me := home.AddAccount("me")
	d := r.follower(home, "me")
	r.confirmAll()
	r.plan(d)
	me.Change(feditest.LoginTrouble("disabled"))
	r.drive(month)
	got, err := r.store.GetDestination(t.Context(), r.user.ID, d.ID)
	r.ok(err)
	if got.State != social.Disabled {
		t.Errorf("the Destination is %s", got.State)
	}
}

// TestHomeServerDown: six hours of outage cost few requests, and all is done
// after it.
func TestHomeServerDown(t *testing.T) {
	r, home, d := ready(t, 3, 4)
	heal := home.Fault(feditest.Dead())
	r.world.Reset()
	r.drive(6 * time.Hour)
	if n := r.world.Stats("home.test").Refused; n > 30 {
		t.Errorf("knocked %d times in six hours", n)
	}
	heal()
	r.drive(month)
	if got, want := r.digest(d), undisturbed(r, d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.once("me@home.test")
}

// TestOutcomeIsTold: whoever asked is told of each Outcome as it happens.
func TestOutcomeIsTold(t *testing.T) {
	r, _, _ := ready(t, 2, 3)
	told := map[string]social.Outcome{}
	r.Worker = New(Deps{Store: r.store, Door: r.door, Spool: r.spool, Now: r.clock.Now, Log: silence,
		Outcome: func(j social.FollowJob) { told[j.Handle.String()] = j.Outcome }})
	r.drive(month)
	if len(told) != 6 || told["bird0@flock0.test"] != social.Followed {
		t.Errorf("told: %v", told)
	}
}

// TestENG09RejectIsFinal: somebody declines a request. Neither "retry all" nor
// planning, pausing, canceling and beginning again asks them a second time; nor
// is anybody followed again whom the person had unfollowed.
func TestENG09RejectIsFinal(t *testing.T) {
	r := newRig(t)
	r.give(listName, r.crowd(social.Mastodon, 1, 2, feditest.Locked()))
	r.drive(time.Hour)
	home := r.world.AddHost("home.test", social.Mastodon)
	home.AddAccount("me")
	d := r.follower(home, "me")
	r.confirmAll()
	r.plan(d)
	r.drive(time.Minute)
	r.world.Decline("me@home.test", "bird0@flock0.test")
	r.world.Accept("me@home.test", "bird1@flock0.test")
	r.drive(month)
	again := func(states ...social.FollowState) {
		for _, state := range states {
			r.ok(r.store.SetFollowState(t.Context(), r.user.ID, d.ID, state, r.clock.Now()))
			r.drive(day)
		}
		if _, err := r.store.RetryFollows(t.Context(), r.user.ID, d.ID, 0, r.clock.Now()); err != nil {
			t.Fatal(err)
		}
		if n := r.plan(d); n != 0 {
			t.Errorf("%d were planned again", n)
		}
		r.drive(month)
	}
	again()
	again(social.FollowPaused, social.FollowRunning)
	again(social.FollowStopped)
	_, err := r.store.UndoFollows(t.Context(), r.user.ID, d.ID, r.clock.Now())
	r.ok(err)
	r.drive(day)
	again()
	for _, f := range r.world.Follows("me@home.test") {
		if f.Posts != 1 {
			t.Errorf("%s was asked %d times", f.Handle, f.Posts)
		}
	}
	ends := r.digest(d)
	if !strings.Contains(ends, "bird0@flock0.test done refused took-back") || !strings.Contains(ends, "bird1@flock0.test done undone") {
		t.Error(ends)
	}
}
