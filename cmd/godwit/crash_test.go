package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"godwit/importer/importertest"
	"godwit/internal/config"
	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
	"godwit/internal/jobs/redistest"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/store/pgtest"
)

// storm is some people of a few servers who all follow the same accounts, by
// three workers on a PostgreSQL and a Redis that all crash again and again.
type storm struct {
	t        *testing.T
	world    *feditest.World
	p        *program
	postgres *pgtest.Cluster
	redis    *redistest.Server
	store    *store.Store
	door     *fedi.Door
	homes    []*feditest.Host
	workers  [3]*hand
	people   []*mover
	each     int // accounts that each follows
	crashed  map[string]int
}

// mover is one of the people.
type mover struct {
	handle social.Handle
	user   social.User
	d      social.Destination
}

// stormHomes are the flavours of the home servers.
var stormHomes = []social.Flavour{social.Mastodon, social.GoToSocial}

func newStorm(t *testing.T, people, each int) *storm {
	t.Helper()
	s := &storm{t: t, each: each, crashed: map[string]int{}, postgres: pgtest.Own(t), redis: redistest.Start(t),
		world: feditest.New(feditest.Options{LogCap: -1})}
	t.Cleanup(s.world.Close)
	s.p = newProgram(t, s.world, "GODWIT_DATABASE_URL="+s.postgres.URL(), "GODWIT_REDIS_URL="+s.redis.URL().Reveal())
	s.p.must("", "migrate", "up")
	s.open()
	for i := range s.workers {
		s.workers[i] = s.hire()
	}
	s.arrive(people)
	return s
}

// open opens the workers' database and a door, in the test's own process.
func (s *storm) open() {
	s.t.Helper()
	flags := pflag.NewFlagSet("", pflag.PanicOnError)
	config.AddFlags(flags)
	if err := flags.Parse([]string{"--data-dir", s.p.dataDir(), "--database-url", s.postgres.URL()}); err != nil {
		s.t.Fatal(err)
	}
	cfg, err := config.Load(flags, config.Places{})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.store, err = (&app{cfg: cfg}).openStore(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = s.store.Close() })
	s.door, err = fedi.Open(fedi.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		RootCAs: s.world.RootCAs(), Route: s.world.Route, Pause: -1})
	s.check(err)
	s.t.Cleanup(s.door.Close)
}

// hand is a worker process.
type hand struct {
	cmd   *exec.Cmd
	said  strings.Builder
	ended chan struct{}
}

func (s *storm) hire() *hand {
	s.t.Helper()
	h := &hand{cmd: exec.Command(s.p.path, "work"), ended: make(chan struct{})}
	h.cmd.Env, h.cmd.Stderr = s.p.env, &h.said
	s.check(h.cmd.Start())
	go func() { defer close(h.ended); _ = h.cmd.Wait() }()
	s.t.Cleanup(func() {
		_ = h.cmd.Process.Signal(os.Interrupt)
		<-h.ended
		if strings.Contains(h.said.String(), "panic") {
			s.t.Errorf("a worker panicked:\n%s", h.said.String())
		}
	})
	return h
}

// arrive brings everybody in, with their list and their account.
func (s *storm) arrive(people int) {
	s.t.Helper()
	list := filepath.Join(s.t.TempDir(), "twitter-Following-people.json")
	if err := writeListFile(list, s.circle()); err != nil {
		s.t.Fatal(err)
	}
	for k, flavour := range stormHomes {
		s.homes = append(s.homes, s.world.AddHost(fmt.Sprintf("home%d.test", k), flavour))
	}
	for i := range people {
		s.people = append(s.people, s.newcomer(fmt.Sprint("mover", i), i%len(stormHomes), list))
	}
}

// circle makes the accounts to be followed, each on a host of its own, and
// returns the same people as X shows them.
func (s *storm) circle() (people []importertest.Person) {
	for i := range s.each {
		a := s.world.AddHost(fmt.Sprintf("roost%d.test", i), social.Mastodon).AddAccount("bird")
		people = append(people, importertest.Person{ID: fmt.Sprint(9_000_000_000_000 + i), Username: fmt.Sprintf("bird_%d", i),
			Bio: "now at @" + a.Handle(), Following: true})
	}
	return people
}

func (s *storm) newcomer(name string, at int, list string) *mover {
	s.t.Helper()
	ctx, now := s.t.Context(), time.Now().UTC()
	home, flavour := fmt.Sprintf("home%d.test", at), stormHomes[at]
	handle, err := social.ParseHandle(name+"@"+home, social.Private)
	s.check(err)
	m := &mover{handle: handle}
	s.homes[at].AddAccount(name)
	m.user, err = s.store.SaveUser(ctx, social.User{Host: home, RemoteID: social.RemoteID(name), Handle: handle, CreatedAt: now})
	s.check(err)
	_, _, err = s.store.CreateSource(ctx, social.Source{UserID: m.user.ID, State: social.SourceReceived, Name: filepath.Base(list), Digest: name, Spool: list, Keep: true}, now)
	s.check(err)
	token := s.homes[at].Token(name)
	account, err := s.door.Home(home, token, flavour, nil).VerifyCredentials(ctx)
	s.check(err)
	m.d, err = s.store.SaveDestination(ctx, social.Destination{UserID: m.user.ID, Host: home, RemoteID: account.ID, Handle: handle, Flavour: flavour, CreatedAt: now}, token)
	s.check(err)
	return m
}

func (s *storm) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// decide waits until everybody's matches are found, confirms them, and starts
// the following.
func (s *storm) decide(limit time.Duration) {
	s.t.Helper()
	ctx := s.t.Context()
	for _, m := range s.people {
		s.until(limit, "matches of "+m.handle.String(), func() bool {
			counts, err := s.store.MatchCounts(ctx, m.user.ID)
			s.check(err)
			return counts.Found == s.each
		})
		_, _, err := s.store.DecideAll(ctx, m.user.ID, store.MatchFilter{}, s.each, social.Confirmed, time.Now().UTC())
		s.check(err)
	}
	for _, m := range s.people {
		n, err := s.store.PlanFollows(ctx, m.user.ID, m.d.ID, time.Now().UTC())
		s.check(err)
		if n != s.each {
			s.t.Fatalf("%d of %d are planned for %s", n, s.each, m.handle)
		}
	}
}

func (s *storm) until(limit time.Duration, what string, done func() bool) {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), limit)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		s.tend()
		select {
		case <-ctx.Done():
			s.t.Fatalf("after %s still no %s: %v", limit, what, s.standing())
		case <-tick.C:
		}
	}
}

// tend starts a worker that has ended again, as a service manager does.
func (s *storm) tend() {
	for i, w := range s.workers {
		select {
		case <-w.ended:
			s.crashed["worker by itself"]++
			s.t.Logf("a worker ended and said: %s", w.said.String())
			s.workers[i] = s.hire()
		default:
		}
	}
}

// made counts the follows that the home servers have been sent.
func (s *storm) made() (n int) {
	for _, m := range s.people {
		n += posts(s.world, m.handle.String())
	}
	return n
}

// crash takes one of the parts down and brings it back.
func (s *storm) crash(random *rand.Rand) {
	switch random.IntN(4) {
	case 0:
		s.crashed["Redis"]++
		s.redis.Restart(s.t)
	case 1:
		s.crashed["PostgreSQL"]++
		s.postgres.Restart(s.t)
	default:
		s.crashed["worker"]++
		i := random.IntN(len(s.workers))
		_ = s.workers[i].cmd.Process.Kill()
		<-s.workers[i].ended
		s.workers[i] = s.hire()
	}
}

// standing says how far everybody is.
func (s *storm) standing() (all map[string]int) {
	all = map[string]int{}
	for _, m := range s.people {
		c, err := s.store.FollowCounts(s.t.Context(), m.user.ID, m.d.ID)
		if err != nil {
			return map[string]int{err.Error(): 1}
		}
		all["waiting"] += c.Waiting
		for outcome, n := range c.ByOutcome {
			all[string(outcome)] += n
		}
	}
	return all
}

// judge holds what the rows say against the truth on the servers.
func (s *storm) judge() {
	s.t.Helper()
	for _, m := range s.people {
		once(s.t, s.world, m.handle.String())
		if n := len(s.world.Follows(m.handle.String())); n != s.each {
			s.t.Errorf("%s follows %d of %d", m.handle, n, s.each)
		}
	}
	for k := range stormHomes {
		if n := s.world.Stats(fmt.Sprintf("home%d.test", k)).RateLimited; n > 0 {
			s.t.Errorf("home%d.test answered 429 %d times", k, n)
		}
	}
}

// TestCrashes lets people follow the same accounts from two servers by three
// worker processes, while workers, Redis and PostgreSQL crash at random
// moments of the work: no follow is lost, none is made twice, no limit is
// broken (QUE-01, QUE-02, ENG-01). GODWIT_SOAK=1 is 20 people, 2,000 follows
// and 200 crashes.
func TestCrashes(t *testing.T) {
	t.Parallel()
	people, each, crashes, limit := 4, 12, 6, 5*time.Minute
	if os.Getenv("GODWIT_SOAK") == "1" {
		people, each, crashes, limit = 20, 100, 200, 2*time.Hour
	}
	s := newStorm(t, people, each)
	s.decide(limit)
	random := rand.New(rand.NewPCG(20, 2000))
	for i := range crashes {
		at := i * people * each / crashes
		more := random.IntN(people*each/crashes) + 1
		s.until(limit, "next follow", func() bool { return s.made() >= min(at+more, people*each-1) })
		s.crash(random)
	}
	s.until(limit, "end", func() bool { return s.standing()["followed"] == people*each })
	s.judge()
	t.Logf("crashes: %v; %d follows of %d people", s.crashed, s.made(), people)
}
