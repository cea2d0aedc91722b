package worker

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// neighbour brings another User in, who moves to the same home server and
// follows the same people.
func (r *rig) neighbour(home *feditest.Host, name string, export []byte) social.Destination {
	r.t.Helper()
	home.AddAccount(name)
	var err error
	r.user, err = r.store.SaveUser(r.t.Context(), social.User{Host: home.Name(), RemoteID: social.RemoteID(name), Handle: r.handle(name + "@" + home.Name())})
	r.ok(err)
	r.give(listName, export)
	r.drive(time.Hour)
	r.confirmAll()
	return r.follower(home, name)
}

const day = 24 * time.Hour

// TestSecondPersonCostsOneRequest: what one person's search found serves the
// others of the same server, so that a follow costs them a request and its
// share of the checks.
func TestSecondPersonCostsOneRequest(t *testing.T) {
	for _, flavour := range []social.Flavour{social.Mastodon, social.GoToSocial} {
		t.Run(string(flavour), func(t *testing.T) {
			r := newRig(t)
			export := r.crowd(social.Mastodon, 8, 5)
			home := r.world.AddHost("home.test", flavour)
			for i, name := range []string{"first", "second"} {
				d := r.neighbour(home, name, export)
				r.world.Reset()
				r.plan(d)
				r.drive(day)
				if got, want := r.digest(d), undisturbed(r, d); got != want {
					t.Fatalf("%s:\n%s", name, got)
				}
				spent := r.world.Stats("home.test").Requests
				t.Logf("%s: %d requests for 40 follows", name, spent)
				if most := []int{86, 46}[i]; spent > most { // 40 (and 40 searches), two checks, and what comes once a day
					t.Errorf("%s: %d requests", name, spent)
				}
			}
			if n, err := r.store.Knows(t.Context(), "home.test"); n != 40 || err != nil {
				t.Errorf("%d ids are shared: %v", n, err)
			}
		})
	}
}

// TestSharedIdThatIsOld: the home server has given an account a new id since
// it was found. It is found anew, and followed.
func TestSharedIdThatIsOld(t *testing.T) {
	r := newRig(t)
	export := r.crowd(social.Mastodon, 2, 2)
	home := r.world.AddHost("home.test", social.Mastodon)
	d := r.neighbour(home, "first", export)
	m := r.jobsOf(d)[0]
	r.ok(r.store.SaveKnown(t.Context(), "home.test", social.Known{Handle: m.Handle, ActorID: m.ActorID, ID: "999999"}, r.clock.Now()))
	r.plan(d)
	r.drive(month)
	if got, want := r.digest(d), undisturbed(r, d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.once("first@home.test")
}

// jobsOf plans, and gives the jobs before any of them is worked on.
func (r *rig) jobsOf(d social.Destination) []social.FollowJob {
	r.t.Helper()
	r.plan(d)
	all := r.jobs(d)
	r.ok(r.store.SetFollowState(r.t.Context(), r.user.ID, d.ID, social.FollowStopped, r.clock.Now()))
	return all
}

// TestQUE05NewcomersAreServed: one person with very many follows and others
// with few, on one server with a small cap: none of those waits for the many.
func TestQUE05NewcomersAreServed(t *testing.T) {
	r := newRig(t)
	home := r.world.AddHost("home.test", social.Mastodon)
	var many []importertest.Person
	for h := range 20 {
		host := r.world.AddHost(fmt.Sprintf("flock%d.test", h), social.Mastodon)
		for i := range 10 {
			many = append(many, follows(len(many), "I am @"+host.AddAccount(fmt.Sprint("bird", i)).Handle()))
		}
	}
	r.ok(r.store.SaveWishes(t.Context(), social.Home{Host: "home.test", Cap: 150})) // one in two seconds
	first := r.neighbour(home, "many", r.list(many))
	r.plan(first)
	r.drive(time.Minute)
	began := r.clock.Now()
	var few []social.Destination
	for i := range 3 {
		name := fmt.Sprint("few", i)
		home.AddAccount(name)
		var err error
		r.user, err = r.store.SaveUser(t.Context(), social.User{Host: home.Name(), RemoteID: social.RemoteID(name), Handle: r.handle(name + "@home.test")})
		r.ok(err)
		r.give(listName, r.list(many[i*10:i*10+10]))
		d := r.follower(home, name)
		few = append(few, d)
		r.until(func() bool {
			c, err := r.store.MatchCounts(t.Context(), r.user.ID)
			r.ok(err)
			return c.Found == 10
		})
		r.confirmAll()
		r.plan(d)
	}
	r.until(func() bool {
		for _, d := range few {
			c, err := r.store.FollowCounts(t.Context(), d.UserID, d.ID)
			r.ok(err)
			if c.Waiting > 0 {
				return false
			}
		}
		return true
	})
	// Three times ten follows at one in two seconds, and what comes once for each.
	if took := r.clock.Now().Sub(began); took > 3*time.Minute {
		t.Errorf("thirty follows beside two hundred took %s", took)
	}
	c, err := r.store.FollowCounts(t.Context(), first.UserID, first.ID)
	r.ok(err)
	if c.Waiting == 0 {
		t.Error("the many are done: nothing was shared")
	}
}

// TestOPS08StopsARun: a home server is to be left alone in the middle of a run
// with three workers; nothing is sent to it any more, until it may be again.
func TestOPS08StopsARun(t *testing.T) {
	r, home, d := ready(t, 4, 5)
	var workers []*Worker
	for range 3 {
		workers = append(workers, r.process(r.open()))
	}
	n := 0
	turn := func(task social.Task) error { n++; return workers[n%3].Handle(t.Context(), task) }
	r.driveWith(2*time.Second, turn)
	r.ok(r.store.SaveWishes(t.Context(), social.Home{Host: home.Name(), Alone: true}))
	r.world.Reset()
	r.driveWith(month, turn)
	if s := r.world.Stats(home.Name()); s.Requests != 0 {
		t.Errorf("%d requests after it was to be left alone", s.Requests)
	}
	r.ok(r.store.SaveWishes(t.Context(), social.Home{Host: home.Name()}))
	r.driveWith(month, turn)
	if got, want := r.digest(d), undisturbed(r, d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.once("me@home.test")
}

// TestOPS08RobotsTxt: the admins of a home server ask to be left alone by its
// robots.txt, and later no more. Within the hour nothing but that file is asked.
func TestOPS08RobotsTxt(t *testing.T) {
	r, home, d := ready(t, 6, 15)
	r.ok(r.store.SaveWishes(t.Context(), social.Home{Host: home.Name(), Cap: 5})) // it takes hours
	away := false
	home.Handle("/robots.txt", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		if away {
			_, _ = io.WriteString(w, "User-agent: Godwit\nDisallow: /\n")
		}
	}))
	r.drive(time.Minute)
	away = true
	r.drive(time.Hour)
	r.world.Reset()
	r.drive(12 * time.Hour)
	for _, req := range r.world.Log() {
		if req.Host == home.Name() && req.Path != "/robots.txt" {
			t.Fatalf("%s %s after it was to be left alone", req.Method, req.Path)
		}
	}
	if n := r.world.Stats(home.Name()).Requests; n < 11 || n > 13 {
		t.Errorf("robots.txt was read %d times in twelve hours", n)
	}
	away = false
	r.drive(month)
	if got, want := r.digest(d), undisturbed(r, d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestOPS08TargetHost: nothing is looked up at a host that is to be left
// alone, and nobody is followed there.
func TestOPS08TargetHost(t *testing.T) {
	r := newRig(t)
	r.ok(r.store.SaveWishes(t.Context(), social.Home{Host: "flock1.test", Alone: true}))
	r.give(listName, r.crowd(social.Mastodon, 3, 2))
	r.drive(time.Hour)
	home := r.world.AddHost("home.test", social.Mastodon)
	home.AddAccount("me")
	d := r.follower(home, "me")
	r.confirmAll()
	if n := r.plan(d); n != 4 {
		t.Errorf("%d are planned", n)
	}
	r.ok(r.store.SaveWishes(t.Context(), social.Home{Host: "flock2.test", Alone: true}))
	r.drive(month)
	if n := r.world.Stats("flock1.test").Requests; n != 0 {
		t.Errorf("%d requests to a host that is to be left alone", n)
	}
	ends := map[string]int{}
	for _, j := range r.jobs(d) {
		ends[fmt.Sprint(j.Handle.Host(), " ", j.Outcome, " ", j.Reason)]++
	}
	if fmt.Sprint(ends) != "map[flock0.test followed :2 flock2.test refused their-server:2]" {
		t.Error(ends)
	}
}

// TestOPS08MovedAway: an account that says it moved to a host which is to be
// left alone is not checked there, wherever the word of the move comes from.
func TestOPS08MovedAway(t *testing.T) {
	r := newRig(t)
	quiet := r.world.AddHost("quiet.test", social.Mastodon)
	old := r.world.AddHost("old.test", social.Mastodon)
	was := old.AddAccount("ida")
	now := quiet.AddAccount("ida", feditest.AlsoKnownAs(was.ActorID()))
	r.give(listName, r.list([]importertest.Person{follows(1, "I am @"+was.Handle()+" now")}))
	r.drive(time.Hour)
	home := r.world.AddHost("home.test", social.Mastodon)
	home.AddAccount("me")
	d := r.follower(home, "me")
	r.confirmAll()
	r.plan(d)
	r.ok(r.store.SaveWishes(t.Context(), social.Home{Host: "quiet.test", Alone: true}))
	was.Change(feditest.MovedTo(now.ActorID()))
	if _, err := r.mover.ConfirmMove(t.Context(), was.ActorID(), now.ActorID()); !fault.Is(err, fault.Denied) {
		t.Errorf("the move was checked: %v", err)
	}
	look, err := r.mover.LookUp(t.Context(), r.handle(was.Handle()))
	if err != nil || !look.MovedTo.IsZero() {
		t.Errorf("the look-up found the new account %s, %v", look.MovedTo, err)
	}
	for _, x := range r.world.Log() {
		if x.Host == "quiet.test" {
			t.Errorf("%s %s was asked there", x.Method, x.Path)
		}
	}
}

// TestQuietHours: no request in the hours that the operator set.
func TestQuietHours(t *testing.T) {
	r, home, d := ready(t, 4, 5)
	quiet, err := social.ParseQuiet("09:00-23:00", "UTC")
	r.ok(err)
	r.ok(r.store.SaveWishes(t.Context(), social.Home{Host: home.Name(), Quiet: quiet}))
	r.world.Reset()
	r.drive(month)
	for _, req := range r.world.Log() {
		if req.Host == home.Name() && (req.At.Hour() >= 9 && req.At.Hour() < 23) {
			t.Fatalf("%s %s at %s", req.Method, req.Path, req.At)
		}
	}
	if got, want := r.digest(d), undisturbed(r, d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestENG06HomeComesBack: after six hours without a home server all who follow
// from there are due. In its first five minutes it gets no more than half of
// what it usually would.
func TestENG06HomeComesBack(t *testing.T) {
	r := newRig(t)
	export := r.crowd(social.Mastodon, 20, 6)
	home := r.world.AddHost("home.test", social.Mastodon)
	r.ok(r.store.SaveWishes(t.Context(), social.Home{Host: "home.test", Cap: 100}))
	for i := range 4 {
		d := r.neighbour(home, fmt.Sprint("me", i), export)
		defer func() { r.once(d.Handle.String()) }()
		r.plan(d)
	}
	home.Fault(feditest.Status(500, ""))
	r.drive(6 * time.Hour)
	home.Heal()
	back := r.clock.Now()
	r.drive(3 * time.Hour)
	var first time.Time
	n := 0
	for _, req := range r.world.Log() {
		if req.Host != home.Name() || req.At.Before(back) {
			continue
		}
		if first.IsZero() {
			first = req.At
		}
		if req.At.Before(first.Add(5 * time.Minute)) {
			n++
		}
	}
	if n == 0 || n > 50 {
		t.Errorf("%d requests in the first five minutes, of 100 at most usually", n)
	}
}
