package worker

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fedi/feditest"
	"godwit/internal/jobs"
	"godwit/internal/jobs/redistest"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/store/pgtest"
)

// speed is how much faster than the wall the clock of these tests runs: half a
// minute until a follow is confirmed becomes a second and a half.
const speed = 20

// run starts n processes that work on the rig's data until the returned stop.
func (r *rig) run(n int, open func(s *store.Store, h jobs.Handler) jobs.Dispatcher, log *slog.Logger) (stop func()) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	var group sync.WaitGroup
	for range n {
		s := r.open()
		w := New(Deps{Store: s, Door: r.door, Spool: r.spool, Now: r.clock.Now, Log: log})
		d := open(s, w.Handle)
		group.Go(func() {
			if err := d.Run(ctx); err != nil {
				r.t.Error(err)
			}
		})
	}
	group.Go(func() { r.tick(ctx) })
	return func() {
		cancel()
		group.Wait()
	}
}

// tick moves the rig's clock along with the wall's, faster.
func (r *rig) tick(ctx context.Context) {
	every := 5 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.clock.Advance(speed * every)
		}
	}
}

// await looks until done, which only a defect makes long.
func (r *rig) await(what string, done func() bool) {
	r.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(2 * time.Minute); !done(); <-tick.C {
		if time.Now().After(end) {
			r.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestDispatchedJourney: the main job with several processes on the same data,
// dispatched from the database and through Redis, which forgets everything now
// and then. The end is that of a single undisturbed process.
func TestDispatchedJourney(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		r := newRig(t)
		r.dispatched(func(s *store.Store, h jobs.Handler) jobs.Dispatcher {
			return jobs.NewEmbedded(s, h, jobs.Options{Log: silence, Now: r.clock.Now})
		}, func() {})
	})
	for name, database := range map[string]func(t *testing.T) store.Options{
		"asynq": func(t *testing.T) store.Options {
			return store.Options{Path: filepath.Join(t.TempDir(), "godwit.db"), Keys: keys}
		},
		"asynq on PostgreSQL": func(t *testing.T) store.Options { return store.Options{URL: pgtest.URL(t), Keys: keys} },
	} {
		t.Run(name, func(t *testing.T) { dispatchedByRedis(t, database(t)) })
	}
}

func dispatchedByRedis(t *testing.T, database store.Options) {
	server := redistest.Start(t)
	r := newRigOn(t, database)
	r.dispatched(func(s *store.Store, h jobs.Handler) jobs.Dispatcher {
		d, err := jobs.OpenAsynq(server.URL(), s, h, jobs.Options{Log: silence, Now: r.clock.Now})
		r.ok(err)
		t.Cleanup(func() { _ = d.Close() })
		return d
	}, func() {
		if rand.IntN(10) == 0 {
			server.Wipe(t)
		}
	})
}

func (r *rig) dispatched(open func(s *store.Store, h jobs.Handler) jobs.Dispatcher, disturb func()) {
	r.t.Helper()
	var log bytes.Buffer
	var mu sync.Mutex
	stop := r.run(2, open, slog.New(slog.NewJSONHandler(locked{&mu, &log}, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer stop()
	x := r.give(listName, r.crowd(social.Mastodon, 4, 6))
	r.await("the matches", func() bool {
		disturb()
		c, err := r.store.MatchCounts(r.t.Context(), r.user.ID)
		r.ok(err)
		return c.Found == 24
	})
	home := r.world.AddHost("home.test", social.GoToSocial)
	home.AddAccount("me")
	d := r.follower(home, "me")
	r.confirmAll()
	r.plan(d)
	r.await("the follows", func() bool {
		disturb()
		c, err := r.store.FollowCounts(r.t.Context(), r.user.ID, d.ID)
		r.ok(err)
		return c.Total == 24 && c.Waiting+c.Asked == 0
	})
	stop()
	if got, want := r.digest(d), undisturbed(r, d); got != want {
		r.t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.once("me@home.test")
	r.manners()
	if s := r.world.Stats("home.test"); s.RateLimited != 0 || s.MaxInFlight > 1 {
		r.t.Errorf("the home server saw %+v", s)
	}
	token, err := r.store.DestinationToken(r.t.Context(), r.user.ID, d.ID)
	r.ok(err)
	for _, canary := range []string{token.Reveal(), "I am @", r.source(x.ID).Spool} {
		if strings.Contains(log.String(), canary) {
			r.t.Errorf("the log holds %q (STO-04)", canary)
		}
	}
}

// locked lets several processes write one log.
type locked struct {
	mu  *sync.Mutex
	log *bytes.Buffer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.Write(p)
}

// TestENG04ManyProcesses: several workers on many Destinations of many users,
// of which some stand still for longer than their lease in the middle of a
// call. Each handle is followed once by each.
func TestENG04ManyProcesses(t *testing.T) {
	users, people := 3, 12
	if soak() {
		users, people = 20, 100
	}
	seed := uint64(time.Now().UnixNano())
	t.Log("seed ", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	r := newRig(t)
	body := r.crowd(social.Mastodon, 4, people/4)
	homes := []*feditest.Host{r.world.AddHost("home.test", social.Mastodon), r.world.AddHost("other.test", social.GoToSocial)}
	type mover struct {
		user social.User
		d    social.Destination
	}
	var movers []mover
	for i := range users {
		var err error
		home, name := homes[i%2], "me"+string(rune('a'+i))
		home.AddAccount(name)
		r.user, err = r.store.SaveUser(t.Context(), social.User{Host: home.Name(), RemoteID: social.RemoteID(name), Handle: r.handle(name + "@" + home.Name())})
		r.ok(err)
		r.give(listName, body)
		r.drive(time.Hour)
		r.confirmAll()
		d := r.follower(home, name)
		r.plan(d)
		movers = append(movers, mover{r.user, d})
	}
	processes := make([]*Worker, 4)
	depth := 0
	for i := range processes {
		processes[i] = r.process(r.store)
		meddle(processes[i], func(_ string, make func()) {
			if depth > 2 || random.IntN(8) > 0 {
				make()
				return
			}
			depth++
			defer func() { depth-- }()
			before := random.IntN(2) == 0
			if before {
				make()
			}
			r.clock.Advance(40 * time.Second) // longer than the lease, while others go on
			r.others(processes, random)
			if !before {
				make()
			}
		})
	}
	r.driveWith(month, func(task social.Task) error {
		return processes[random.IntN(len(processes))].Handle(t.Context(), task)
	})
	for _, m := range movers {
		r.user = m.user
		if got, want := r.digest(m.d), undisturbed(r, m.d); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", m.d.Handle, got, want)
		}
		r.once(m.d.Handle.String())
	}
	for _, home := range homes {
		if s := r.world.Stats(home.Name()); s.RateLimited != 0 {
			t.Errorf("%s answered 429 %d times", home.Name(), s.RateLimited)
		}
	}
}

// others lets other processes work on what is due now.
func (r *rig) others(processes []*Worker, random *rand.Rand) {
	due, _, err := r.store.DueTasks(r.t.Context(), r.clock.Now(), 5)
	r.ok(err)
	for _, task := range due {
		_ = processes[random.IntN(len(processes))].Handle(r.t.Context(), task) // a Conflict is as good as any end
	}
}

// TestQUE04Deploys: a process that is told to stop again and again, at random
// moments, ends in time each time; the end state is the usual one.
func TestQUE04Deploys(t *testing.T) {
	t.Parallel()
	most := 25
	if soak() {
		most = 200
	}
	seed := uint64(time.Now().UnixNano())
	t.Log("seed ", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	r, home, d := ready(t, 4, 4)
	stops := 0
	for ; stops < most && r.waiting(d) > 0; stops++ {
		stop := r.run(1, func(s *store.Store, h jobs.Handler) jobs.Dispatcher {
			return jobs.NewEmbedded(s, h, jobs.Options{Log: silence, Now: r.clock.Now})
		}, silence)
		pause := time.NewTimer(time.Duration(random.IntN(120)) * time.Millisecond)
		<-pause.C
		stop()
	}
	t.Logf("stopped %d times", stops)
	r.drive(month)
	if got, want := r.digest(d), undisturbed(r, d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.once("me@home.test")
	if s := r.world.Stats(home.Name()); s.RateLimited != 0 || s.FollowPosts != 16 {
		t.Errorf("the home server saw %+v", s)
	}
}

func (r *rig) waiting(d social.Destination) int {
	r.t.Helper()
	c, err := r.store.FollowCounts(r.t.Context(), r.user.ID, d.ID)
	r.ok(err)
	return c.Waiting + c.Asked
}

// TestQUE05OneUserOfMany: a User with very many handles to look up on one
// domain does not hold up others there for longer than their turns.
func TestQUE05OneUserOfMany(t *testing.T) {
	r := newRig(t)
	host := r.world.AddHost("big.test", social.Mastodon)
	var many, few []importertest.Person
	for i := range 300 {
		many = append(many, follows(i, "@"+host.AddAccount(fmt.Sprint("a", i)).Handle()))
	}
	for i := range 10 {
		few = append(few, follows(1000+i, "@"+host.AddAccount(fmt.Sprint("b", i)).Handle()))
	}
	r.give("first.json", r.list(many))
	r.drive(5 * time.Second)
	var err error
	r.user, err = r.store.SaveUser(t.Context(), social.User{Host: "other.test", RemoteID: "1", Handle: r.handle("b@other.test")})
	r.ok(err)
	began := r.clock.Now()
	r.give("second.json", r.list(few))
	r.until(func() bool {
		c, err := r.store.MatchCounts(t.Context(), r.user.ID)
		r.ok(err)
		return c.Found == 10
	})
	if took := r.clock.Now().Sub(began); took > 60*time.Second {
		t.Errorf("ten handles took %s beside three hundred", took)
	}
}
