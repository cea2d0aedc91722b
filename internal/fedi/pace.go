package fedi

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/publicsuffix"
)

// evictSample is how many entries are looked at to find one to forget.
const evictSample = 16

// pace keeps the manners towards other servers: how many requests at a time,
// how far apart, and which hosts are ill and left alone.
type pace struct {
	pause time.Duration
	now   func() time.Time
	ramp  ramp

	mu    sync.Mutex
	hosts map[string]*host
	lanes map[string]*lane
}

// host is what is remembered of one host. As a home server it is asked for
// one person with a token, as a foreign one for a look-up; its health is kept
// apart for the two, as a home server's people wait for it.
type host struct {
	refs  int       // requests under way or waiting, guarded by pace.mu
	used  time.Time // guarded by pace.mu
	mu    sync.Mutex
	busy  int
	most  int
	freed chan struct{} // closed when a place becomes free
	home  health
	other health
}

// lane spaces the look-ups in one registrable domain.
type lane struct {
	refs int
	used time.Time
	turn chan struct{} // holds one token while nobody is under way
	next time.Time     // the earliest start of the next one; owned by the holder of turn
}

// health is a circuit: closed, or open until an instant.
type health struct {
	failures int
	until    time.Time
	asked    bool  // until was the host's own wish
	nowhere  error // until then the name leads to no address that may be contacted
}

func newPace(pause time.Duration, now func() time.Time) *pace {
	if pause == 0 {
		pause = hostPause
	}
	return &pace{pause: max(pause, 0), now: now, hosts: map[string]*host{}, lanes: map[string]*lane{}}
}

// pass is the right to make one request; done gives it back.
type pass struct {
	host *host
	home bool
	done func()
}

// enterOther waits for the turn of a look-up at name: one at a time and a
// pause apart in its registrable domain.
func (p *pace) enterOther(ctx context.Context, name string) (*pass, error) {
	h, l := p.borrow(name, registrable(name))
	back := func() { p.giveBack(h, l) }
	if err := h.open(false, p.now()); err != nil {
		back()
		return nil, err
	}
	if err := l.take(ctx, p.pause); err != nil {
		back()
		return nil, err
	}
	if err := p.enter(ctx, h); err != nil {
		l.turn <- struct{}{}
		back()
		return nil, err
	}
	return &pass{host: h, done: func() { h.leave(); l.turn <- struct{}{}; back() }}, nil
}

// enterHome waits for a place at a home server, where most requests may be
// under way at once.
func (p *pace) enterHome(ctx context.Context, name string, most int) (*pass, error) {
	h, _ := p.borrow(name, "")
	back := func() { p.giveBack(h, nil) }
	if err := h.open(true, p.now()); err != nil {
		back()
		return nil, err
	}
	if !p.ramp.climbs() {
		h.admit(most)
	}
	if err := p.enter(ctx, h); err != nil {
		back()
		return nil, err
	}
	return &pass{host: h, home: true, done: func() { h.leave(); back() }}, nil
}

// enter waits for a place at the host, and while the process starts also for
// its turn among all.
func (p *pace) enter(ctx context.Context, h *host) error {
	if err := h.enter(ctx); err != nil {
		return err
	}
	if err := p.ramp.wait(ctx); err != nil {
		h.leave()
		return err
	}
	return nil
}

// ramp spaces the starts of all requests while a process starts. It begins
// empty: nothing is saved up from before. Processes that start at the same time
// share one pace.
type ramp struct {
	until time.Time     // set before the first request
	turn  chan struct{} // holds one token while nobody waits for the next start; nil without a ramp
	last  time.Time     // the latest start; owned by the holder of turn
	crowd atomic.Int64  // processes that start, this one included
}

// begin makes the process start slowly for d. Its first request waits until
// others that start know of it.
func (r *ramp) begin(d time.Duration) {
	if d <= 0 {
		return
	}
	r.until, r.last = time.Now().Add(d), time.Now().Add(rampNotice)
	r.crowd.Store(1)
	r.turn = make(chan struct{}, 1)
	r.turn <- struct{}{}
}

// climbs reports whether the process is still starting.
func (r *ramp) climbs() bool { return time.Now().Before(r.until) }

// wait waits for the next start. How far off that is may change meanwhile.
func (r *ramp) wait(ctx context.Context) error {
	if !r.climbs() {
		return nil
	}
	select {
	case <-r.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { r.turn <- struct{}{} }()
	if !r.climbs() {
		return nil
	}
	gap := time.Duration(r.crowd.Load()) * rampGap
	timer := time.NewTimer(time.Until(r.last.Add(gap)))
	defer timer.Stop()
	select {
	case <-timer.C:
		r.last = time.Now()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// registrable is the public suffix and one label: the unit that one person can
// hold, so that endless sub-domains do not get endless turns.
func registrable(name string) string {
	if domain, err := publicsuffix.EffectiveTLDPlusOne(bare(name)); err == nil {
		return domain
	}
	return bare(name)
}

// borrow returns the host, and the lane when domain is given, marked as in use.
func (p *pace) borrow(name, domain string) (*host, *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hosts[name]
	if h == nil {
		forgetOne(p.hosts, func(h *host) (bool, time.Time) { return h.refs == 0, h.used })
		h = &host{most: foreignAtOnce, freed: make(chan struct{})}
		p.hosts[name] = h
	}
	h.refs, h.used = h.refs+1, time.Now()
	if domain == "" {
		return h, nil
	}
	l := p.lanes[domain]
	if l == nil {
		forgetOne(p.lanes, func(l *lane) (bool, time.Time) { return l.refs == 0, l.used })
		l = &lane{turn: make(chan struct{}, 1)}
		l.turn <- struct{}{}
		p.lanes[domain] = l
	}
	l.refs, l.used = l.refs+1, time.Now()
	return h, l
}

func (p *pace) giveBack(h *host, l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h.refs--
	if l != nil {
		l.refs--
	}
}

// forgetOne makes room in a full map: of a few entries that are not in use the
// one used longest ago goes.
func forgetOne[V any](m map[string]V, look func(V) (idle bool, used time.Time)) {
	if len(m) < maxHosts {
		return
	}
	victim, oldest, seen := "", time.Time{}, 0
	for key, v := range m {
		idle, used := look(v)
		if idle && (victim == "" || used.Before(oldest)) {
			victim, oldest = key, used
		}
		if seen++; seen >= evictSample {
			break
		}
	}
	delete(m, victim)
}

// take waits until nobody else is under way in the lane and the pause is over.
func (l *lane) take(ctx context.Context, pause time.Duration) error {
	select {
	case <-l.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	if wait := time.Until(l.next); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			l.turn <- struct{}{}
			return ctx.Err()
		}
	}
	l.next = time.Now().Add(pause)
	return nil
}

// admit raises how many requests may be under way at a home server.
func (h *host) admit(most int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.most = max(h.most, most)
}

func (h *host) enter(ctx context.Context) error {
	for {
		h.mu.Lock()
		if h.busy < h.most {
			h.busy++
			h.mu.Unlock()
			return nil
		}
		freed := h.freed
		h.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (h *host) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy--
	close(h.freed)
	h.freed = make(chan struct{})
}

// open returns an illness while the circuit is open.
func (h *host) open(home bool, now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	state := h.health(home)
	if !now.Before(state.until) {
		return nil
	}
	if state.nowhere != nil {
		return state.nowhere
	}
	return &illness{until: state.until, asked: state.asked}
}

func (h *host) health(home bool) *health {
	if home {
		return &h.home
	}
	return &h.other
}

// answered notes that the host is well; what it asked for with told stands.
func (p *pass) answered() {
	p.host.mu.Lock()
	defer p.host.mu.Unlock()
	p.host.health(p.home).failures = 0
}

// failed notes a failure; from the third in a row the host is left alone, each
// time twice as long.
func (p *pass) failed(now time.Time) {
	p.host.mu.Lock()
	defer p.host.mu.Unlock()
	h, most := p.host.health(p.home), circuitMost
	if p.home {
		most = circuitMostFor
	}
	h.failures++
	h.nowhere = nil
	if over := h.failures - circuitAfter; over >= 0 {
		h.until, h.asked = now.Add(min(circuitFirst<<min(over, 16), most)), false
	}
}

// told notes that the host itself asked to be left alone until an instant.
func (p *pass) told(until time.Time) {
	p.host.mu.Lock()
	defer p.host.mu.Unlock()
	if h := p.host.health(p.home); until.After(h.until) {
		h.until, h.asked, h.nowhere = until, true, nil
	}
}

// leadsNowhere notes that the name has no address, or none that may be
// contacted, so that the DNS is not asked again for every handle there.
func (p *pass) leadsNowhere(err error, now time.Time) {
	p.host.mu.Lock()
	defer p.host.mu.Unlock()
	*p.host.health(p.home) = health{until: now.Add(circuitFirst), nowhere: err}
}

// troubled notes what went wrong on the way to the host.
func (p *pass) troubled(err error, now time.Time) {
	if errors.Is(err, errNoHost) || errors.Is(err, errAddress) {
		p.leadsNowhere(err, now)
		return
	}
	p.failed(now)
}
