package worker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
)

// weeks is several people on servers of several kinds, over simulated weeks in
// which all goes wrong that can.
type weeks struct {
	*rig
	random  *rand.Rand
	hosts   []*feditest.Host // where the followed live
	homes   []*feditest.Host
	people  []social.Destination
	ends    map[string]social.Outcome // by handle
	queue   []social.Task             // what was rung for: a nudge, which may be lost
	paused  *social.Destination
	quietAt int // entries of the log when it was paused
	heal    []func()
	killIn  int // calls until the process is killed, 0 for never
	victim  *Worker
	victims *store.Store
	end     context.CancelFunc
	alone   string
	aloneAt int // entries of the log when it wished to be left alone
}

// settled are the kinds of servers that the people moved to.
var settled = []social.Flavour{social.Mastodon, social.GoToSocial, social.Misskey, social.Pleroma}

func newWeeks(t *testing.T, seed uint64) *weeks {
	x := &weeks{rig: newRig(t), random: rand.New(rand.NewPCG(seed, 19)), ends: map[string]social.Outcome{}}
	var export []importertest.Person
	add := func(h *feditest.Host, user string, end social.Outcome, shape ...feditest.AccountOption) *feditest.Account {
		a := h.AddAccount(user)
		export = append(export, follows(len(export), "I am @"+a.Handle()+" now"))
		x.ends[a.Handle()] = end
		a.Change(shape...)
		return a
	}
	var changes []func()
	for i := range 8 {
		h := x.world.AddHost(fmt.Sprintf("flock%d.test", i), social.Mastodon)
		x.hosts = append(x.hosts, h)
		for j := range 3 {
			add(h, fmt.Sprintf("bird%d", j), social.Followed)
		}
		switch i { // they change once they are found
		case 0:
			a := add(h, "shy", social.Requested)
			changes = append(changes, func() { a.Change(feditest.Locked(), feditest.Silent()) })
		case 1:
			a := add(h, "late", social.Gone)
			changes = append(changes, func() { a.Change(feditest.Gone()) })
		case 2:
			a := add(h, "cross", social.Declined)
			changes = append(changes, func() {
				for _, d := range x.people {
					a.Change(feditest.Blocking(d.Handle.String()))
				}
			})
		}
	}
	body := x.list(export)
	for i, flavour := range settled {
		home := x.world.AddHost(fmt.Sprintf("home%d.test", i), flavour, feditest.Limited(feditest.Limits{Follows: 30}))
		x.homes = append(x.homes, home)
		d := x.neighbour(home, "me", body)
		if flavour == social.GoToSocial || flavour == social.Pleroma {
			d.Scopes = "read write follow"
			var err error
			d, err = x.rig.store.SaveDestination(t.Context(), d, home.Token("me"))
			x.ok(err)
			x.ok(x.rig.store.FollowByList(t.Context(), d.UserID, d.ID, true, x.clock.Now()))
		}
		x.people = append(x.people, d)
	}
	for _, change := range changes {
		change()
	}
	for _, d := range x.people {
		_, err := x.rig.store.PlanFollows(t.Context(), d.UserID, d.ID, x.clock.Now())
		x.ok(err)
	}
	x.world.Reset()
	return x
}

// happen lets one thing go wrong, or one person do something.
func (x *weeks) happen() {
	far, home := x.hosts[x.random.IntN(len(x.hosts))], x.homes[x.random.IntN(len(x.homes))]
	times := 1 + x.random.IntN(6)
	spoil := func(h *feditest.Host, f feditest.Fault) {
		x.heal = append(x.heal, h.Fault(f))
	}
	switch x.random.IntN(10) {
	case 0:
		spoil(home, feditest.Status(500, "{}").Times(times))
	case 1:
		spoil(home, feditest.CutAfter().Method("POST").Times(times))
	case 2:
		spoil(home, feditest.Malformed().Times(times))
	case 3:
		x.heal = append(x.heal, home.Fault(feditest.Dead()))
	case 4:
		x.heal = append(x.heal, far.Fault(feditest.Throttled()))
	case 5:
		x.heal = append(x.heal, far.Fault(feditest.Dead()))
	case 6, 7:
		x.killIn = 1 + x.random.IntN(4)
	case 8:
		x.pause(&x.people[x.random.IntN(len(x.people))])
	case 9:
		for _, d := range x.people {
			_, err := x.rig.store.RetryFollows(x.t.Context(), d.UserID, d.ID, 0, x.clock.Now())
			x.ok(err)
		}
	}
}

// better ends what went wrong before.
func (x *weeks) better() {
	for _, heal := range x.heal {
		heal()
	}
	x.heal = nil
	x.resume()
}

func (x *weeks) pause(d *social.Destination) {
	x.resume()
	x.ok(x.rig.store.SetFollowState(x.t.Context(), d.UserID, d.ID, social.FollowPaused, x.clock.Now()))
	x.paused, x.quietAt = d, len(x.world.Log())
}

func (x *weeks) resume() {
	if x.paused == nil {
		return
	}
	for _, q := range x.world.Log()[x.quietAt:] {
		if q.Host == x.paused.Host && (strings.HasSuffix(q.Path, "/follow") || strings.Contains(q.Path, "import") || strings.HasSuffix(q.Path, "following/create")) {
			x.t.Errorf("%s %s%s while paused", q.Method, q.Host, q.Path)
		}
	}
	x.ok(x.rig.store.SetFollowState(x.t.Context(), x.paused.UserID, x.paused.ID, social.FollowRunning, x.clock.Now()))
	x.paused = nil
}

// leave has one of the servers that accounts live on left alone from now on.
func (x *weeks) leave(h *feditest.Host) {
	x.alone = h.Name()
	x.ok(x.rig.store.SaveWishes(x.t.Context(), social.Home{Host: x.alone, Alone: true}))
	x.aloneAt = len(x.world.Log())
}

// work does what was rung for. The queue may be wiped at any moment, and the
// process killed in any call.
func (x *weeks) work() {
	due, next, err := x.rig.store.DueTasks(x.t.Context(), x.clock.Now(), 100)
	x.ok(err)
	if x.queue = append(x.queue, due...); x.random.IntN(20) == 0 {
		x.queue = nil
	}
	for _, task := range x.queue {
		x.one(task)
	}
	x.queue = nil
	if len(due) == 0 {
		step := time.Hour
		if !next.IsZero() {
			step = min(step, max(time.Second, next.Sub(x.clock.Now())))
		}
		x.clock.Advance(step)
	}
}

func (x *weeks) one(task social.Task) {
	if x.killIn == 0 {
		x.handled(task, x.Worker.Handle(x.t.Context(), task))
		return
	}
	ctx, end := context.WithCancel(x.t.Context())
	defer end()
	if x.victim == nil {
		x.victims = x.open()
		x.victim = x.process(x.victims)
		meddle(x.victim, func(_ string, make func()) { x.strike(make) })
	}
	x.end = end
	if err := x.victim.Handle(ctx, task); x.killIn > 0 {
		x.handled(task, err)
		return
	}
	x.victim = nil
}

func (x *weeks) handled(task social.Task, err error) {
	if err != nil && !fault.Is(err, fault.Conflict) {
		x.t.Fatalf("%s: %v", task, err)
	}
}

// strike kills the process in the call that is its last, before or after that
// reached the server.
func (x *weeks) strike(make func()) {
	if x.killIn > 1 {
		x.killIn--
		make()
		return
	}
	if x.random.IntN(2) == 0 {
		make()
	}
	x.killIn = 0
	_ = x.victims.Close()
	x.end()
}

// TestWeeks: at random moments of two simulated weeks servers fall ill, lose
// answers and lie down, processes are killed, the queue is wiped, people pause
// and try again, and one server asks to be left alone. Everybody ends as they
// must, was asked once, no server's limit was ever broken, and that one got no
// request more.
func TestWeeks(t *testing.T) {
	seeds := 2
	if soak() {
		seeds = 60
	}
	base := uint64(time.Now().UnixNano()) % 1_000_000
	for i := range seeds {
		seed := base + uint64(i)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			x := newWeeks(t, seed)
			began := x.clock.Now()
			for x.clock.Now().Before(began.Add(15 * day)) {
				until := x.clock.Now().Add(time.Duration(1+x.random.IntN(12)) * time.Hour)
				if x.clock.Now().Sub(began) < 9*day {
					x.happen()
				}
				for x.clock.Now().Before(until) {
					x.work()
				}
				x.better()
				if x.alone == "" && x.clock.Now().Sub(began) > 6*time.Hour && x.random.IntN(4) == 0 {
					x.leave(x.hosts[7])
				}
			}
			x.judge()
		})
	}
}

func (x *weeks) judge() {
	for _, d := range x.people {
		x.once(d.Handle.String())
		_, err := x.rig.store.RetryFollows(x.t.Context(), d.UserID, d.ID, 0, x.clock.Now())
		x.ok(err)
	}
	x.drive(40 * day)
	for _, d := range x.people {
		x.once(d.Handle.String())
		x.user.ID = d.UserID
		for _, j := range x.jobs(d) {
			want := x.ends[j.Handle.String()]
			spared := j.Handle.Host() == x.alone && j.Reason == social.ReasonTheirServer
			own := j.Outcome == social.Already && want == social.Followed // a list had arrived before it was looked at by itself
			if (j.State != social.JobDone || j.Outcome != want) && !spared && !own {
				x.t.Errorf("%s from %s (%s) ended %s %s %s, want %s", j.Handle, d.Handle, d.Flavour, j.State, j.Outcome, j.Reason, want)
			}
		}
	}
	x.limits()
}

// limits holds the servers' own logs against what was promised.
func (x *weeks) limits() {
	for _, q := range x.world.Log() {
		if q.Status == 429 {
			x.t.Errorf("429 from %s for %s %s at %s", q.Host, q.Method, q.Path, q.At)
		}
	}
	for day, n := range x.world.FollowDays("me@home0.test") {
		if n > 27 { // of 30, a tenth left
			x.t.Errorf("%d follows on %s", n, day)
		}
	}
	for i, q := range x.world.Log() {
		if x.alone != "" && i >= x.aloneAt && (q.Host == x.alone || strings.Contains(q.RawQuery+q.Body, x.alone)) {
			x.t.Errorf("%s %s%s?%s after %s asked to be left alone", q.Method, q.Host, q.Path, q.RawQuery, x.alone)
		}
	}
}
