package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// wave is many people who move to one server within an hour, and know the same
// circle.
type wave struct {
	newcomers int
	each      int // matches of each
	handles   int // out of so many
	hosts     int // that these are on
}

const (
	waveHour  = time.Hour
	waveMost  = 1.15 // requests to the home server for each follow
	waveLate  = 1.1  // of the fastest newcomer's time, for the slowest
	hostShare = 300  // requests that a host bears from one address in five minutes
)

// newcomer is one of them.
type newcomer struct {
	user    social.User
	d       social.Destination
	people  []importertest.Person
	arrives time.Time
	planned bool
	last    time.Time // when the last follow was sent
}

// tide is a wave under way.
type tide struct {
	*stage
	wave
	home    *feditest.Host
	all     []*newcomer
	byUser  map[int64]*newcomer
	ended   map[int64]bool // FollowJobs that were sent, to whether they ended well
	finger  int            // WebFinger requests
	hosted  map[string]int // what target hosts were asked by the home server, when last looked at
	busiest int            // the most in five minutes of one of them
	looked  time.Time
}

// waveRows tells how a wave settles.
func waveRows(ctx context.Context, b *bench) ([]row, error) {
	dir, err := os.MkdirTemp(b.dir, "wave-")
	if err != nil {
		return nil, err
	}
	st, err := newStage(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer st.close()
	x, err := b.wave.begin(ctx, st)
	if err != nil {
		return nil, err
	}
	if err := x.roll(ctx, longest); err != nil {
		return nil, err
	}
	return x.rows(), nil
}

// begin makes the circle, and the exports of those who will come.
func (w wave) begin(ctx context.Context, st *stage) (*tide, error) {
	x := &tide{stage: st, wave: w, byUser: map[int64]*newcomer{}, ended: map[int64]bool{}, hosted: map[string]int{}, looked: morning}
	st.told = x.note
	people := st.crowd(scene{people: w.handles, hosts: w.hosts})
	x.home = st.world.AddHost(homeHost, social.Mastodon)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range w.newcomers {
		n := &newcomer{arrives: morning.Add(time.Duration(i) * waveHour / time.Duration(w.newcomers))}
		for _, j := range random.Perm(len(people))[:w.each] {
			n.people = append(n.people, people[j])
		}
		x.all = append(x.all, n)
	}
	return x, ctx.Err()
}

func (x *tide) note(job social.FollowJob) {
	n := x.byUser[job.UserID]
	if _, known := x.ended[job.ID]; !known {
		n.last = x.clock.Now()
	}
	x.ended[job.ID] = job.Outcome == social.Followed
}

// good counts the follows that ended well.
func (x *tide) good() (n int) {
	for _, well := range x.ended {
		if well {
			n++
		}
	}
	return n
}

// arrive brings one newcomer in, with their export and their account.
func (x *tide) arrive(ctx context.Context, i int) error {
	n, name := x.all[i], fmt.Sprint("new", i)
	handle, err := social.ParseHandle(name+"@"+homeHost, social.Private)
	if err != nil {
		return err
	}
	x.home.AddAccount(name)
	if n.user, err = x.store.SaveUser(ctx, social.User{Host: homeHost, RemoteID: social.RemoteID(name), Handle: handle, CreatedAt: x.clock.Now()}); err != nil {
		return err
	}
	x.byUser[n.user.ID] = n
	dir := filepath.Join(x.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := writeList(filepath.Join(dir, listName), n.people); err != nil {
		return err
	}
	n.people = nil
	if _, err := giveSource(ctx, x.store, n.user, filepath.Join(dir, listName), x.clock.Now()); err != nil {
		return err
	}
	token := x.home.Token(name)
	account, err := x.door.Home(homeHost, token, social.Mastodon, nil).VerifyCredentials(ctx)
	if err != nil {
		return err
	}
	n.d, err = x.store.SaveDestination(ctx, social.Destination{UserID: n.user.ID, Host: homeHost, RemoteID: account.ID,
		Handle: handle, Flavour: social.Mastodon, CreatedAt: x.clock.Now()}, token)
	return err
}

// confirmed decides for a newcomer whose matches are all found, and starts the
// following.
func (x *tide) confirmed(ctx context.Context, n *newcomer) error {
	counts, err := x.store.MatchCounts(ctx, n.user.ID)
	if err != nil || n.planned || counts.Found < x.each {
		return err
	}
	n.planned = true
	x.user = n.user
	if err := x.confirm(ctx); err != nil {
		return err
	}
	_, err = x.store.PlanFollows(ctx, n.user.ID, n.d.ID, x.clock.Now())
	return err
}

// roll lets everybody arrive, and works on what is due until nothing is.
func (x *tide) roll(ctx context.Context, limit time.Duration) error {
	end, arrived := x.clock.Now().Add(limit), 0
	for {
		for arrived < len(x.all) && !x.clock.Now().Before(x.all[arrived].arrives) {
			if err := x.arrive(ctx, arrived); err != nil {
				return err
			}
			arrived++
		}
		due, next, err := x.store.DueTasks(ctx, x.clock.Now(), 100)
		if err != nil {
			return err
		}
		for _, task := range due {
			if err := x.do(ctx, task); err != nil {
				return err
			}
		}
		x.look()
		if len(due) > 0 {
			continue
		}
		if arrived < len(x.all) && (next.IsZero() || x.all[arrived].arrives.Before(next)) {
			next = x.all[arrived].arrives
		}
		if next.IsZero() || next.After(end) {
			return nil
		}
		x.clock.Advance(next.Sub(x.clock.Now()))
	}
}

func (x *tide) do(ctx context.Context, task social.Task) error {
	before := x.world.Stats("*").Requests
	if err := x.worker.Handle(ctx, task); err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("%s: %w", task, err)
	}
	switch task.Kind {
	case social.MatchTask:
		return x.confirmed(ctx, x.byUser[task.ID])
	case social.LookUpTask:
		x.fingers(x.world.Stats("*").Requests - before)
	}
	return nil
}

// fingers counts the WebFinger requests among the newest of the log.
func (x *tide) fingers(newest int) {
	log := x.world.Log()
	for _, r := range log[max(0, len(log)-newest):] {
		if strings.HasPrefix(r.Path, "/.well-known/webfinger") {
			x.finger++
		}
	}
}

// look notes every five minutes what each target host was asked since.
func (x *tide) look() {
	if x.clock.Now().Before(x.looked.Add(5 * time.Minute)) {
		return
	}
	x.looked = x.clock.Now()
	for i := range x.hosts {
		host := fmt.Sprintf("flock%d.test", i)
		s := x.world.Stats(host)
		asked := s.Requests + s.Federated
		x.busiest = max(x.busiest, asked-x.hosted[host])
		x.hosted[host] = asked
	}
}

func (x *tide) rows() []row {
	want := x.newcomers * x.each
	requests := x.world.Stats(homeHost).Requests
	each := float64(requests) / float64(max(x.good(), 1))
	fingers := float64(x.finger) / float64(x.handles)
	var ends, took []time.Duration
	for _, n := range x.all {
		ends, took = append(ends, n.last.Sub(morning)), append(took, n.last.Sub(n.arrives))
	}
	late := over(slices.Max(ends), slices.Min(ends))
	return []row{{
		name: "wave: requests", measured: fmt.Sprintf("%.3f for each follow", each),
		beside: fmt.Sprintf("%d of %d followed, %d answers 429", x.good(), want, x.world.Stats(homeHost).RateLimited),
		aim:    atMost(waveMost, ""), got: each,
	}, {
		name: "wave: WebFinger", measured: fmt.Sprintf("%.3f for each handle", fingers), beside: fmt.Sprintf("%d handles", x.handles),
		aim: atMost(1, ""), got: fingers,
	}, {
		name: "wave: target hosts", measured: fmt.Sprintf("%d requests in 5 minutes at most", x.busiest),
		beside: fmt.Sprintf("%d hosts", x.hosts), aim: atMost(hostShare, ""), got: float64(x.busiest),
	}, {
		name: "wave: slowest newcomer", measured: "after " + slices.Max(ends).Round(time.Second).String(),
		beside: "the fastest after " + slices.Min(ends).Round(time.Second).String(), ratio: late, aim: atMost(waveLate, ""), got: late,
	}, {
		name: "wave: longest stay", measured: slices.Max(took).Round(time.Second).String() + " from arrival",
		beside: "the shortest " + slices.Min(took).Round(time.Second).String(), ratio: over(slices.Max(took), slices.Min(took)),
		got: slices.Max(took).Seconds(),
	}}
}
