package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/worker"
)

const (
	homeHost = "home.test"
	// lookUps is how long matching may take, longest how long following, by the
	// stage's clock.
	lookUps = 6 * time.Hour
	longest = 60 * day
	// patience bounds how often something may be due: a task that always is, is
	// a defect.
	patience = 1_000_000
	// logged are the world's newest requests that are kept: those of one step.
	logged = 64
	// listName is how twitter-web-exporter calls what a person follows.
	listName = "twitter-Following-1764100000000.json"
)

// morning is when every scene begins: by then a UTC day has fifteen hours left.
var morning = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// stage is a whole Godwit but for its faces: a database, the door, and a
// simulated fediverse, all by one clock that jumps to what is due next.
type stage struct {
	dir      string
	clock    *feditest.Clock
	world    *feditest.World
	door     *fedi.Door
	store    *store.Store
	worker   *worker.Worker
	user     social.User
	asked    map[int64]time.Time // when each FollowJob's account was asked to be followed
	followed map[int64]bool      // FollowJobs that ended well
	told     func(social.FollowJob)
}

func newStage(ctx context.Context, dir string) (*stage, error) {
	st := &stage{dir: dir, clock: feditest.NewClock(morning), asked: map[int64]time.Time{}, followed: map[int64]bool{}}
	st.told = st.note
	st.world = feditest.New(feditest.Options{Now: st.clock.Now, LogCap: logged})
	if err := st.open(ctx); err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

// open opens all but the world.
func (st *stage) open(ctx context.Context) (err error) {
	st.door, err = fedi.Open(fedi.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		RootCAs: st.world.RootCAs(), Route: st.world.Route, Pause: -1, Now: st.clock.Now})
	if err != nil {
		return err
	}
	if st.store, err = openStore(ctx, st.dir); err != nil {
		return err
	}
	st.worker = worker.New(worker.Deps{Store: st.store, Door: st.door, Now: st.clock.Now, Log: silence, Outcome: func(job social.FollowJob) { st.told(job) }})
	st.user, err = st.store.LocalUser(ctx, st.clock.Now())
	return err
}

func (st *stage) close() {
	if st.store != nil {
		_ = st.store.Close() // the folder is deleted next
	}
	if st.door != nil {
		st.door.Close()
	}
	st.world.Close()
}

// note keeps when a follow was sent, which is when its first Outcome comes in,
// and whether it is one in the end.
func (st *stage) note(job social.FollowJob) {
	if _, known := st.asked[job.ID]; !known {
		st.asked[job.ID] = st.clock.Now()
	}
	st.followed[job.ID] = job.Outcome == social.Followed
}

// drive works on what is due and moves the clock to what is due next, until
// nothing is, or limit is over.
func (st *stage) drive(ctx context.Context, limit time.Duration) error {
	end := st.clock.Now().Add(limit)
	for range patience {
		due, next, err := st.store.DueTasks(ctx, st.clock.Now(), 100)
		if err != nil {
			return err
		}
		for _, task := range due {
			if err := st.worker.Handle(ctx, task); err != nil && !fault.Is(err, fault.Conflict) {
				return fmt.Errorf("%s: %w", task, err)
			}
		}
		if len(due) > 0 {
			continue
		}
		if next.IsZero() || next.After(end) {
			return nil
		}
		st.clock.Advance(next.Sub(st.clock.Now()))
	}
	return errors.New("there is always something due")
}

// match brings the scene's people in: they tell their handles in their bios on
// X, and every Match found is confirmed.
func (st *stage) match(ctx context.Context, s scene) error {
	path := filepath.Join(st.dir, listName)
	if err := writeList(path, st.crowd(s)); err != nil {
		return err
	}
	if _, err := giveSource(ctx, st.store, st.user, path, st.clock.Now()); err != nil {
		return err
	}
	if err := st.drive(ctx, lookUps); err != nil {
		return err
	}
	return st.confirm(ctx)
}

// crowd makes the scene's accounts and returns the same people as X shows them.
func (st *stage) crowd(s scene) (people []importertest.Person) {
	hosts := make([]*feditest.Host, s.hosts)
	for i := range hosts {
		hosts[i] = st.world.AddHost(fmt.Sprintf("flock%d.test", i), social.Mastodon)
	}
	for i := range s.people {
		a := hosts[i%s.hosts].AddAccount(fmt.Sprintf("bird%d", i))
		people = append(people, importertest.Person{ID: fmt.Sprint(9_000_000_000 + i), Username: fmt.Sprintf("wader_%d", i),
			Name: fmt.Sprintf("Wader %d", i), Bio: "I am @" + a.Handle() + " now", Following: true})
	}
	return people
}

func writeList(path string, people []importertest.Person) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(importertest.WriteWebExporter(f, people), f.Close())
}

// confirm decides for every Match.
func (st *stage) confirm(ctx context.Context) error {
	const page = 200
	for offset, total := 0, 1; offset < total; offset += page {
		var matches []social.Match
		var err error
		matches, total, err = st.store.ListMatches(ctx, st.user.ID, store.MatchFilter{Offset: offset, Limit: page})
		if err != nil {
			return err
		}
		ids := make([]int64, len(matches))
		for i, m := range matches {
			ids[i] = m.ID
		}
		if _, err := st.store.Decide(ctx, st.user.ID, ids, social.Confirmed, st.clock.Now()); err != nil {
			return err
		}
	}
	return nil
}

// connect makes the home server and an account on it, as after a login.
func (st *stage) connect(ctx context.Context, flavour social.Flavour) (d social.Destination, err error) {
	home := st.world.AddHost(homeHost, flavour)
	home.AddAccount("me")
	token := home.Token("me")
	account, err := st.door.Home(homeHost, token, flavour, nil).VerifyCredentials(ctx)
	if err != nil {
		return d, err
	}
	me, err := social.ParseHandle("me@"+homeHost, social.Private)
	if err != nil {
		return d, err
	}
	return st.store.SaveDestination(ctx, social.Destination{UserID: st.user.ID, Host: homeHost, RemoteID: account.ID,
		Handle: me, Flavour: flavour, CreatedAt: st.clock.Now()}, token)
}

// plan starts the following; all of want have to be in it.
func (st *stage) plan(ctx context.Context, d social.Destination, want int) error {
	n, err := st.store.PlanFollows(ctx, st.user.ID, d.ID, st.clock.Now())
	if err == nil && n != want {
		err = fmt.Errorf("%d of %d were found and planned", n, want)
	}
	return err
}
