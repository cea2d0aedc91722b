package bridge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// person is an account out there, with what it will do.
type person struct {
	id       social.RemoteID
	handle   social.Handle
	uri      string
	locked   bool
	answers  time.Duration // after which a request is answered, negative for never
	rejects  bool
	blocks   bool    // answers a follow with a refusal
	movedTo  *person // says it moved there
	agreed   bool    // and the new account confirms it
	state    social.ResolutionState
	imposter bool // the home server finds somebody else under the name
	poison   bool // the home server breaks over it
	lazy     bool // the home server has to fetch it once

	askedAt   time.Time
	follows   bool // a follow or request exists
	made      int  // follows created
	posts     int  // POST …/follow seen
	unfollows int  // POST …/unfollow done
	again     int  // of them while the follow stood
	no        bool // its refusal was written down
	late      int  // of them after that
}

// settled is whether the follow was accepted at now.
func (p *person) settled(now time.Time) bool {
	return p.follows && !p.rejects && (!p.locked || p.answers >= 0) && now.Sub(p.askedAt) >= p.answers
}

func (p *person) rejected(now time.Time) bool {
	return p.follows && p.rejects && now.Sub(p.askedAt) >= p.answers
}

// count notes a POST that should not have come.
func (p *person) count(now time.Time) {
	if p.follows && !p.rejected(now) {
		p.again++
	}
	if p.no {
		p.late++
	}
}

// counter is a server's fixed window.
type counter struct {
	limit  int
	window time.Duration
	used   int
	began  time.Time
}

func (c *counter) at(now time.Time) {
	if start := now.Truncate(c.window); !start.Equal(c.began) {
		c.began, c.used = start, 0
	}
}

func (c *counter) header() social.RateLimit {
	return social.RateLimit{Limit: c.limit, Remaining: max(0, c.limit-c.used), Reset: c.began.Add(c.window)}
}

// world is a home server, everybody's servers, and their clock. It is a real
// server in small: it counts, it forgets nothing, and it lies as its flavour does.
type world struct {
	t        testing.TB
	rng      *rand.Rand
	now      time.Time // by the servers' clock
	skew     time.Duration
	fl       social.Flavour
	people   map[string]*person
	byID     map[social.RemoteID]*person
	token    counter
	day      counter
	targets  map[string]*counter
	limits   []social.RateLimit // of the answers since the last look, by our clock
	paths    []string
	requests int
	refused  int // answers 429
	overrun  int // fetches that a target host refused
	lookups  int
	trouble  float64 // how likely each call goes wrong
	busiest  map[string]int
}

func newWorld(t testing.TB, fl social.Flavour, seed uint64, start time.Time) *world {
	return &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), now: start, fl: fl,
		people: map[string]*person{}, byID: map[social.RemoteID]*person{}, targets: map[string]*counter{},
		token: counter{limit: serverRequests, window: requestsWindow}, day: counter{limit: mastodonFollows, window: day},
		busiest: map[string]int{},
	}
}

func (w *world) add(p *person) *person {
	p.id = social.RemoteID(fmt.Sprint(100 + len(w.byID)))
	if p.uri == "" {
		p.uri = "https://" + p.handle.Host() + "/users/" + p.handle.User()
	}
	if p.state == "" {
		p.state = social.Found
	}
	p.lazy = true
	w.people[p.handle.Key()], w.byID[p.id] = p, p
	return p
}

// ours is the time by Godwit's own clock.
func (w *world) ours() time.Time { return w.now.Add(w.skew) }

var (
	errDown = fault.New(fault.Unavailable, "not-answering", "home.test isn't answering.")
	errNone = fault.New(fault.NotFound, "not-found", "Nobody found.")
	errThem = fault.New(fault.Gone, codeRefused, "They don't accept it.")
	errGone = fault.New(fault.Gone, codeGone, "It is gone.")
)

// begin is what every call to the home server starts with: time passes, the
// token's window counts, and sometimes nobody answers.
func (w *world) begin(path string) error {
	w.now = w.now.Add(150 * time.Millisecond)
	w.requests++
	if w.fl == social.Snac {
		return w.maybe()
	}
	w.token.at(w.now)
	w.token.used++
	if w.token.used > w.token.limit {
		return w.tooMany(path, w.token)
	}
	w.show(path, w.token)
	return w.maybe()
}

func (w *world) maybe() error {
	if w.rng.Float64() < w.trouble {
		return errDown
	}
	return nil
}

func (w *world) show(path string, c counter) {
	l := c.header()
	l.Reset = l.Reset.Add(w.skew)
	w.limits, w.paths = append(w.limits, l), append(w.paths, path)
}

func (w *world) tooMany(path string, c counter) error {
	w.refused++
	w.show(path, c)
	return fault.WaitUntil(c.began.Add(c.window).Add(w.skew), "slow-down", "Too many requests.")
}

func (w *world) Find(_ context.Context, h social.Handle, _ string) (social.RemoteAccount, error) {
	if err := w.begin("/api/v2/search"); err != nil {
		return social.RemoteAccount{}, err
	}
	p := w.people[h.Key()]
	if p == nil || p.state != social.Found || !w.fetch(p) {
		return social.RemoteAccount{}, errNone
	}
	acct := social.RemoteAccount{ID: p.id, Acct: p.handle.String(), URI: p.uri, Locked: p.locked}
	if p.imposter {
		acct.Acct, acct.URI = "x"+acct.Acct, acct.URI+"x"
	}
	if p.movedTo != nil {
		acct.Moved = &social.RemoteAccount{ID: p.movedTo.id, Acct: p.movedTo.handle.String(), URI: p.movedTo.uri}
	}
	return acct, nil
}

// fetch is the seven requests to the account's host, which allows 300 in five
// minutes; it counts sliding, as the strictest would.
func (w *world) fetch(p *person) bool {
	if !p.lazy {
		return true
	}
	host := p.handle.Host()
	c := w.targets[host]
	if c == nil {
		c = &counter{limit: 300, window: 5 * time.Minute}
		w.targets[host] = c
	}
	if w.now.Sub(c.began) >= c.window {
		c.began, c.used = w.now, 0
	}
	c.used += 7
	w.busiest[host] = max(w.busiest[host], c.used)
	if c.used > c.limit {
		w.overrun++
		return false
	}
	p.lazy = false
	return true
}

func (w *world) Follow(_ context.Context, id social.RemoteID) (social.Relationship, error) {
	const path = "/api/v1/accounts/:id/follow"
	if err := w.begin(path); err != nil {
		return social.Relationship{}, err
	}
	p := w.byID[id]
	if p == nil {
		return social.Relationship{}, errGone
	}
	p.posts++
	p.count(w.now)
	switch {
	case p.poison:
		return social.Relationship{}, errDown
	case p.blocks:
		return social.Relationship{}, errThem
	}
	if err := w.create(p, path); err != nil {
		return social.Relationship{}, err
	}
	if err := w.maybe(); err != nil { // cut after it was done
		return social.Relationship{}, err
	}
	return w.firstAnswer(p), nil
}

func (w *world) Unfollow(_ context.Context, id social.RemoteID) (social.Relationship, error) {
	if err := w.begin("/api/v1/accounts/:id/unfollow"); err != nil {
		return social.Relationship{}, err
	}
	p := w.byID[id]
	if p == nil {
		return social.Relationship{}, errGone
	}
	p.follows = false
	p.unfollows++
	return social.Relationship{ID: id}, w.maybe()
}

func (w *world) create(p *person, path string) error {
	if p.follows {
		return nil
	}
	if w.fl == social.Mastodon {
		w.day.at(w.now)
		if w.day.used >= w.day.limit {
			return w.tooMany(path, w.day)
		}
		w.day.used++
		if w.day.header().Remaining <= w.token.header().Remaining {
			w.show(path, w.day)
		}
	}
	p.follows, p.askedAt = true, w.now
	p.made++
	return nil
}

// firstAnswer is the flavour's: optimistic, pessimistic, or a lie.
func (w *world) firstAnswer(p *person) social.Relationship {
	rel := social.Relationship{ID: p.id}
	rel.Following = w.fl == social.Snac || w.fl == social.Mastodon && !p.locked
	rel.Requested = !rel.Following
	return rel
}

func (w *world) Relationships(_ context.Context, ids []social.RemoteID) ([]social.Relationship, error) {
	if err := w.begin("/api/v1/accounts/relationships"); err != nil {
		return nil, err
	}
	if len(ids) > BatchSize(w.fl) {
		w.t.Errorf("asked for %d relationships at once", len(ids))
	}
	var rels []social.Relationship
	for _, id := range ids {
		p := w.byID[id]
		rel := social.Relationship{ID: id}
		if p.follows && !p.rejected(w.now) {
			rel.Following = p.settled(w.now) || w.fl == social.Snac
			rel.Requested = !rel.Following
		}
		rels = append(rels, rel)
	}
	return rels, nil
}

func (w *world) LookUp(_ context.Context, h social.Handle) (social.Resolution, error) {
	w.lookups++
	p := w.people[h.Key()]
	if p == nil {
		return social.Resolution{Asked: h, State: social.Missing}, nil
	}
	res := social.Resolution{Asked: h, Handle: p.handle, ActorID: p.uri, State: p.state}
	if p.movedTo != nil && p.agreed {
		res.MovedTo = p.movedTo.handle
	}
	return res, nil
}

func (w *world) ConfirmMove(_ context.Context, from, to string) (social.Handle, error) {
	for _, p := range w.people {
		if p.uri == from && p.movedTo != nil && p.movedTo.uri == to && p.agreed {
			return p.movedTo.handle, nil
		}
	}
	return social.Handle{}, fault.New(fault.Denied, "move-unconfirmed", "It doesn't confirm it.")
}

// table is the rows of one Destination, as the store keeps them.
type table struct {
	d       social.Destination
	jobs    []social.FollowJob // by rank
	budgets []social.Budget
}

func (r *table) plan(h social.Handle, actor string, now time.Time) {
	r.jobs = append(r.jobs, social.FollowJob{
		ID: int64(len(r.jobs) + 1), DestinationID: r.d.ID, Handle: h, ActorID: actor, State: social.JobPlanned, DueAt: now, UpdatedAt: now,
	})
}

// work is what FollowWorkFor returns.
func (r *table) work(now time.Time) Work {
	w := Work{Destination: r.d, Budgets: r.budgets}
	perHost := map[string]int{}
	for _, job := range r.jobs {
		switch {
		case job.State == social.JobDone, (job.State == social.JobUndoing) != (r.d.Follow == social.FollowUndoing):
		case job.DueAt.After(now):
			w.NextDue = earliest(w.NextDue, job.DueAt)
		case job.State == social.JobAsked && len(w.Confirm) < 40:
			w.Confirm = append(w.Confirm, job)
		case job.State != social.JobAsked && perHost[targetOf(job)] < 3:
			perHost[targetOf(job)]++
			w.Due = append(w.Due, job)
		}
	}
	return w
}

// save is SaveFollows; it notes that a refusal was written down.
func (w *world) save(r *table, job social.FollowJob) {
	r.jobs[job.ID-1] = job
	if p := w.people[job.Handle.Key()]; p != nil && job.Outcome == social.Declined {
		p.no = true
	}
}

// begin is BeginFollow.
func (r *table) begin(id int64, budgets []social.Budget, now time.Time) {
	r.jobs[id-1].Attempts++
	r.jobs[id-1].UpdatedAt = now
	r.budgets = budgets
}

// run works on the rows as the worker does, until nothing waits or end. crash
// is how likely the process dies before and after each call.
func (w *world) run(r *table, crash float64, end time.Time) {
	backoff := time.Minute
	for w.now.Before(end) {
		now := w.ours()
		act, until := Next(r.work(now), now)
		if act.Kind == Rest {
			if until.IsZero() {
				return
			}
			if !until.After(now) {
				w.t.Fatalf("rest at %v until %v", now, until)
			}
			w.now = until.Add(-w.skew)
			continue
		}
		err := w.step(r, act, crash, now)
		switch {
		case errors.Is(err, errCrash):
			w.now = w.now.Add(2 * time.Second)
		case fault.Is(err, fault.Wait):
			w.now = fault.Until(err).Add(-w.skew)
		case err != nil:
			w.now = w.now.Add(backoff)
			backoff = min(2*backoff, time.Hour)
		default:
			backoff = time.Minute
		}
	}
}

var errCrash = errors.New("the process died")

func (w *world) dies(crash float64) bool { return w.rng.Float64() < crash }

func (w *world) step(r *table, act Act, crash float64, now time.Time) error {
	ctx := w.t.Context()
	budgets := Spend(r.budgets, r.d, act, now)
	if act.Kind == Recheck {
		r.budgets = budgets
		jobs, err := Confirm(ctx, w, r.d, act.Batch, now)
		if w.dies(crash) {
			return errCrash
		}
		for _, job := range jobs {
			w.save(r, job)
		}
		r.budgets = w.learn(r.budgets)
		return err
	}
	r.begin(act.Job.ID, budgets, now)
	if w.dies(crash) {
		return errCrash
	}
	job, err := Send(ctx, w, w, r.d, act.Job, w.ours())
	if w.dies(crash) {
		w.learn(nil) // what was seen is lost
		return errCrash
	}
	w.save(r, job)
	r.budgets = Reckon(w.learn(r.budgets), act, job, err, w.ours())
	return err
}

// learn hands the headers seen since the last time to Learn.
func (w *world) learn(b []social.Budget) []social.Budget {
	for i, l := range w.limits {
		b = Learn(b, w.fl, l, w.paths[i], w.ours())
	}
	w.limits, w.paths = nil, nil
	return b
}
