package fedi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// pipes is a listener in memory, so that waiting can be tested on a clock that
// jumps.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// pipeDoor is a Door whose every connection ends at handler, in memory. Call
// it and stop inside the bubble.
func pipeDoor(t *testing.T, w *world, handler http.Handler, pause time.Duration) (d *Door, stop func()) {
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: handler, ErrorLog: quiet()}
	go srv.Serve(tls.NewListener(p, &tls.Config{GetCertificate: w.certificate, NextProtos: []string{"http/1.1"}}))
	d = w.door(func(o *Options) { o.Pause = pause })
	d.connect = func(ctx context.Context, _ netip.AddrPort, _ bool) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case p.conns <- theirs:
			return ours, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	d.route = func(string) (netip.AddrPort, bool) { return w.at, true }
	return d, func() { d.Close(); srv.Close(); synctest.Wait() }
}

// drip answers and then goes on for ever, a byte each nine seconds.
func drip(headers bool) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if headers {
			rw.WriteHeader(http.StatusOK)
			http.NewResponseController(rw).Flush()
		}
		for {
			select {
			case <-time.After(9 * time.Second):
			case <-r.Context().Done():
				panic(http.ErrAbortHandler) // no proper end that could still arrive
			}
			if headers {
				rw.Write([]byte(" "))
				http.NewResponseController(rw).Flush()
			}
		}
	}
}

func TestNET06Tarpit(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		headers bool
		other   time.Duration
	}{"body": {true, lookUpTime}, "headers": {false, headerTime}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, stop := pipeDoor(t, w, drip(c.headers), -1)
				defer stop()
				start := time.Now()
				_, err := d.get(t.Context(), "https://tar.test/", "", 10)
				if !errors.Is(err, errSlow) || time.Since(start) != c.other {
					t.Errorf("look-up: %v after %v, want %v", err, time.Since(start), c.other)
				}
				start = time.Now()
				_, err = d.Home("tar.test", secretToken, social.Mastodon, nil).VerifyCredentials(t.Context())
				if !fault.Is(err, fault.Unavailable) || time.Since(start) != homeTime {
					t.Errorf("home: %v after %v, want %v", err, time.Since(start), homeTime)
				}
			})
		})
	}
}

// A stop in the TLS handshake ends at its own deadline.
func TestNET06SilentHandshake(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		d := w.door()
		d.route = func(string) (netip.AddrPort, bool) { return w.at, true }
		var theirs net.Conn
		d.connect = func(context.Context, netip.AddrPort, bool) (net.Conn, error) {
			ours, other := net.Pipe()
			theirs = other
			return ours, nil
		}
		start := time.Now()
		_, err := d.get(t.Context(), "https://tar.test/", "", 10)
		if err == nil || time.Since(start) != tlsTime {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		theirs.Close()
		synctest.Wait()
	})
}

// 500 tarpits beside one good host: each holds up nobody but itself.
func TestNET06GoodHostUnharmed(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		d, stop := pipeDoor(t, w, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Host == "good.test" {
				rw.Write([]byte("ok"))
				return
			}
			drip(true)(rw, r)
		}), 0)
		defer stop()
		var all sync.WaitGroup
		for i := range 500 {
			all.Go(func() { d.get(t.Context(), fmt.Sprintf("https://tar%d.test/", i), "", 10) })
		}
		start := time.Now()
		for range 3 {
			if _, err := d.get(t.Context(), "https://good.test/", "", 10); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took != 2*hostPause {
			t.Errorf("three requests took %v, want %v", took, 2*hostPause)
		}
		all.Wait()
	})
}

// NET-04: one at a time and a second apart over all sub-domains of one
// registrable domain, while others are not held up.
func TestNET04OneAtATimePerDomain(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		var busy, most atomic.Int32
		var mu sync.Mutex
		var starts []time.Time
		d, stop := pipeDoor(t, w, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			mu.Lock()
			starts = append(starts, time.Now())
			mu.Unlock()
			most.Store(max(most.Load(), busy.Add(1)))
			<-time.After(300 * time.Millisecond) // on the bubble's clock: the server's work
			busy.Add(-1)
		}), 0)
		defer stop()
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() { d.get(t.Context(), fmt.Sprintf("https://h%d.evil.test/", i%10), "", 10) })
		}
		all.Wait()
		if most.Load() != 1 || len(starts) != 20 {
			t.Errorf("%d at once, %d requests", most.Load(), len(starts))
		}
		for i := 1; i < len(starts); i++ {
			if gap := starts[i].Sub(starts[i-1]); gap < hostPause {
				t.Errorf("request %d came %v after the one before", i, gap)
			}
		}
	})
}

func TestHomeServerAtOnce(t *testing.T) {
	w := newWorld(t)
	for fl, want := range map[social.Flavour]int32{social.Mastodon: homeAtOnce, social.GoToSocial: homeAtOnce, social.Snac: snacAtOnce} {
		synctest.Test(t, func(t *testing.T) {
			var busy, most atomic.Int32
			d, stop := pipeDoor(t, w, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				most.Store(max(most.Load(), busy.Add(1)))
				<-time.After(time.Second)
				busy.Add(-1)
			}), 0)
			defer stop()
			h := d.Home("home.test", secretToken, fl, nil)
			var all sync.WaitGroup
			for range 6 {
				all.Go(func() { h.VerifyCredentials(t.Context()) })
			}
			all.Go(func() { d.get(t.Context(), "https://home.test/", "", 10) }) // a look-up there counts too
			all.Wait()
			if most.Load() != want {
				t.Errorf("%s: %d at once, want %d", fl, most.Load(), want)
			}
		})
	}
}

func TestSingleFlight(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		d, stop := pipeDoor(t, w, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path != webFingerPath {
				http.NotFound(rw, r)
				return
			}
			asked.Add(1)
			<-time.After(time.Second)
			writeJRD(rw, r.URL.Query().Get("resource"), "https://a.test/u")
		}), -1)
		defer stop()
		impatient, give := context.WithCancel(t.Context())
		go func() {
			if _, err := d.LookUp(impatient, handle(t, "a@a.test")); !errors.Is(err, context.Canceled) {
				t.Errorf("the one who gave up: %v", err)
			}
		}()
		synctest.Wait()
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				h := handle(t, []string{"a@a.test", "A@a.test"}[i%2])
				r, err := d.LookUp(t.Context(), h)
				if err != nil || r.State != social.Found || r.Asked != h {
					t.Errorf("%+v %v", r, err)
				}
			})
		}
		give()
		all.Wait()
		if asked.Load() != 1 {
			t.Errorf("%d WebFinger requests, want 1", asked.Load())
		}
	})
}

func TestCircuit(t *testing.T) {
	now := noon
	p := newPace(-1, func() time.Time { return now })
	want := []time.Duration{0, 0, circuitFirst, 2 * circuitFirst, 4 * circuitFirst}
	for i, wait := range want {
		pass, err := p.enterOther(t.Context(), "ill.test")
		if err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
		pass.failed(now)
		pass.done()
		_, err = p.enterOther(t.Context(), "ill.test")
		var ill *illness
		if errors.As(err, &ill) != (wait > 0) || ill != nil && ill.until.Sub(now) != wait {
			t.Errorf("after failure %d: %v", i+1, err)
		}
		if err == nil { // the probe is a request too: it failed as well
			p.hosts["ill.test"].busy, p.hosts["ill.test"].refs = 0, 0
			p.lanes["ill.test"].turn <- struct{}{}
		}
		now = now.Add(wait)
	}
	for range 40 {
		p.hosts["ill.test"].other.until = time.Time{}
		pass, _ := p.enterOther(t.Context(), "ill.test")
		pass.failed(now)
		pass.done()
	}
	if wait := p.hosts["ill.test"].other.until.Sub(now); wait != circuitMost {
		t.Errorf("longest circuit %v", wait)
	}
	if _, err := p.enterHome(t.Context(), "ill.test", 2); err != nil {
		t.Errorf("a look-up's failures closed the home server: %v", err)
	}
}

// Three failures, then the host is left alone: nothing is sent any more.
func TestCircuitStopsRequests(t *testing.T) {
	w := newWorld(t)
	w.host("ill.test", status(http.StatusBadGateway))
	d := w.door()
	for i := range 6 {
		r, err := d.LookUp(t.Context(), handle(t, fmt.Sprintf("u%d@ill.test", i)))
		if err != nil || r.State != social.Ill || i >= circuitAfter && !r.FreshUntil.After(r.CheckedAt) {
			t.Errorf("%+v %v", r, err)
		}
	}
	if n := len(w.requests("ill.test")); n != circuitAfter {
		t.Errorf("%d requests, want %d", n, circuitAfter)
	}
	h := d.Home("ill.test", secretToken, social.Mastodon, nil)
	for range 5 {
		h.VerifyCredentials(t.Context())
	}
	if n := len(w.requests("ill.test")); n != 2*circuitAfter {
		t.Errorf("%d requests with the home calls, want %d", n, 2*circuitAfter)
	}
	if _, err := h.VerifyCredentials(t.Context()); !fault.Is(err, fault.Wait) || !fault.Until(err).After(time.Now()) {
		t.Errorf("open circuit: %v", err)
	}
}

// A host that asks for time gets it, up to an hour.
func TestNET08ForeignHostIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.host("busy.test", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Retry-After", "9999999999")
		rw.WriteHeader(http.StatusTooManyRequests)
	})
	d := w.door(func(o *Options) { o.Now = func() time.Time { return noon } })
	for i := range 3 {
		r, err := d.LookUp(t.Context(), handle(t, fmt.Sprintf("u%d@busy.test", i)))
		if err != nil || r.State != social.Ill || !r.FreshUntil.Equal(noon.Add(maxWaitForeign)) {
			t.Errorf("%+v %v", r, err)
		}
	}
	if n := len(w.requests("busy.test")); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	if _, _, _, err := d.FindHome(t.Context(), "busy.test"); !hasCode(err, CodeSlowDown) {
		t.Errorf("FindHome: %v", err)
	}
}

// A name without an address is asked of the DNS once in a while only, and is
// no trouble of its host.
func TestNoSuchHostIsRemembered(t *testing.T) {
	w := newWorld(t)
	dns := &counting{}
	d := w.door(func(o *Options) { o.Resolver = dns })
	for i := range 5 {
		if r, err := d.LookUp(t.Context(), handle(t, fmt.Sprintf("u%d@nowhere.test", i))); err != nil || r.State != social.NotFedi {
			t.Errorf("%+v %v", r, err)
		}
	}
	if dns.asked != 1 {
		t.Errorf("%d DNS questions", dns.asked)
	}
}

type counting struct{ asked int }

func (c *counting) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	c.asked++
	return noNames{}.LookupNetIP(ctx, network, host)
}

func TestQUE06MemoryIsBounded(t *testing.T) {
	p := newPace(-1, time.Now)
	for i := range maxHosts + 500 {
		pass, err := p.enterOther(t.Context(), fmt.Sprintf("h%d.d%d.test", i, i))
		if err != nil {
			t.Fatal(err)
		}
		pass.done()
	}
	if len(p.hosts) > maxHosts || len(p.lanes) > maxHosts {
		t.Errorf("%d hosts, %d lanes", len(p.hosts), len(p.lanes))
	}
	s := newShelf[int](10)
	for i := range 100 {
		s.put(fmt.Sprint(i), i, noon.Add(time.Hour))
	}
	if len(s.items) != 10 {
		t.Errorf("%d on the shelf", len(s.items))
	}
	if _, _, ok := s.get("99", noon.Add(time.Hour)); ok {
		t.Error("a value outlived its time")
	}
}

// A handle whose turn does not come in time is nobody's fault: it waits.
func TestTurnThatDoesNotCome(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		d, stop := pipeDoor(t, w, drip(true), 0)
		defer stop()
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() { d.get(t.Context(), fmt.Sprintf("https://h%d.tar.test/", i), "", 10) })
		}
		synctest.Wait()
		if _, err := d.LookUp(t.Context(), handle(t, "late@h9.tar.test")); !fault.Is(err, fault.Wait) || !fault.Until(err).After(time.Now()) {
			t.Errorf("got %v", err)
		}
		all.Wait()
	})
}

// Searches that hang because the server asks a tarpit don't make the home
// server ill.
func TestSlowSearchIsNotTheHomeServersIllness(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		d, stop := pipeDoor(t, w, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/search") {
				drip(false)(rw, r)
			}
			saying(200, `{"id":"7","following":true}`)(rw, r)
		}), -1)
		defer stop()
		h := d.Home("home.test", secretToken, social.GoToSocial, nil)
		for i := range 2 * circuitAfter {
			if _, err := h.Find(t.Context(), handle(t, fmt.Sprintf("u%d@tar.test", i)), ""); !fault.Is(err, fault.Unavailable) {
				t.Errorf("search %d: %v", i, err)
			}
		}
		if _, err := h.Follow(t.Context(), "7"); err != nil {
			t.Errorf("follow: %v", err)
		}
	})
}

// TestENG06StartUp: 100,000 requests are due when a process starts, to 500
// hosts. In the first minute at most 20 begin in any second and one is under way
// at each host, home servers too; afterwards they go as usual.
func TestENG06StartUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(-1, time.Now)
		p.ramp.begin(time.Minute)
		began := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), 90*time.Second)
		defer stop()
		var mu sync.Mutex
		seconds, busy, most, late := map[int]int{}, map[string]int{}, 0, 0
		one := func(name string) bool {
			pass, err := p.enterHome(ctx, name, homeAtOnce)
			if err != nil {
				return false
			}
			mu.Lock()
			at := time.Since(began)
			seconds[int(at/time.Second)]++
			busy[name]++
			if at < time.Minute {
				most = max(most, busy[name])
			} else {
				late = max(late, busy[name])
			}
			mu.Unlock()
			time.Sleep(200 * time.Millisecond)
			mu.Lock()
			busy[name]--
			mu.Unlock()
			pass.done()
			return true
		}
		var group sync.WaitGroup
		for worker := range 1000 { // as many as there may ever be places; each has 100 to do
			group.Go(func() {
				for range 100 {
					if !one(fmt.Sprintf("home%d.test", worker%500)) {
						return
					}
				}
			})
		}
		group.Wait()
		for second := range 60 {
			if seconds[second] > 20 {
				t.Errorf("%d requests began in second %d", seconds[second], second)
			}
		}
		if most != 1 || seconds[30] == 0 || late != homeAtOnce || seconds[75] < 1000 {
			t.Errorf("%d under way at one host in the first minute, %d afterwards; %d began in second 30, %d in second 75", most, late, seconds[30], seconds[75])
		}
	})
}

// TestENG06StartUpTogether: five processes start, one after the other and
// within a few seconds, as after an outage. All together begin at most 20
// requests in any second, and none of them is left out.
func TestENG06StartUpTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const processes = 5
		ctx, stop := context.WithTimeout(t.Context(), 55*time.Second)
		defer stop()
		began := time.Now()
		var mu sync.Mutex
		starts, of := []time.Duration{}, [processes]int{}
		var started []*pace
		join := func(p *pace) {
			mu.Lock()
			defer mu.Unlock()
			started = append(started, p)
			p.ramp.crowd.Store(int64(len(started)))
		}
		var group sync.WaitGroup
		watch := func(p *pace) { // as the process reads it from the rows
			for ctx.Err() == nil {
				mu.Lock()
				p.ramp.crowd.Store(int64(len(started)))
				mu.Unlock()
				time.Sleep(time.Second)
			}
		}
		for i := range processes {
			p := newPace(-1, time.Now)
			p.ramp.begin(time.Minute)
			join(p)
			group.Go(func() { watch(p) })
			for j := range 50 {
				group.Go(func() {
					for {
						pass, err := p.enterHome(ctx, fmt.Sprintf("home%d.test", j), homeAtOnce)
						if err != nil {
							return
						}
						mu.Lock()
						starts, of[i] = append(starts, time.Since(began)), of[i]+1
						mu.Unlock()
						pass.done()
					}
				})
			}
			time.Sleep(1700 * time.Millisecond)
		}
		group.Wait()
		slices.Sort(starts)
		for i := range starts {
			if i >= 20 && starts[i]-starts[i-20] < time.Second-rampGap {
				t.Errorf("21 requests began between %s and %s", starts[i-20], starts[i])
			}
		}
		if len(starts) < 900 || slices.Min(of[:]) < 100 {
			t.Errorf("%d requests began, by each %v", len(starts), of)
		}
	})
}
