// Package feditest is a simulated fediverse for tests, the demo and benchmarks:
// any number of hosts behind one TLS listener, in the flavours mastodon,
// gotosocial and snac, which behave as real servers were recorded to, traps
// included. What is an assumption and was not recorded says so where it is
// written, with its source.
//
// Not as on real servers: signing in is a choice among the host's accounts
// instead of a password, and needs no cookie, so that the same pages work when
// the demo shows them under another address; hosts ask each other in memory and
// not over sockets, at the price, in requests, that was measured.
//
// State changes with the clock of Options.Now only when it is looked at: there
// are no timers, and moving the clock on is all it takes for an Accept to have
// come in. Faults that take time (Slow, Tarpit, Drip, Late) take real time.
package feditest

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Options say how a World is; the zero Options are those of a usual test.
type Options struct {
	Now           func() time.Time // the clock of all hosts; time.Now
	LogCap        int              // how many requests Log keeps, 10,000; below zero none
	AcceptAfter   time.Duration    // until an unlocked account's Accept is back; as recorded: 0.3 s, from snac 3 s
	RemoteTimeout time.Duration    // how long a home server waits for a remote that does not answer; 10 s
}

// World is a fediverse. Its methods, and those of its hosts and accounts, are
// safe for concurrent use.
type World struct {
	opt    Options
	ca     *authority
	addr   netip.AddrPort
	server *http.Server
	closed chan struct{}
	once   sync.Once

	mu      sync.Mutex // guards all below, and everything in hosts and accounts
	hosts   map[string]*Host
	domains map[string]*Host // handle domains that are not the host itself
	follows map[pair]*follow
	stats   map[string]*Stats
	log     ring
	serial  int64
}

// New makes an empty World that listens on a free port of 127.0.0.1. It panics
// when it cannot, as httptest.NewServer does. Close ends it.
func New(o Options) *World {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LogCap == 0 {
		o.LogCap = defaultLogCap
	}
	if o.RemoteTimeout == 0 {
		o.RemoteTimeout = remoteTimeout
	}
	ca, err := newAuthority()
	if err != nil {
		panic("feditest: " + err.Error())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic("feditest: " + err.Error())
	}
	w := &World{opt: o, ca: ca, closed: make(chan struct{}), log: ring{cap: o.LogCap},
		addr:  listener.Addr().(*net.TCPAddr).AddrPort(),
		hosts: map[string]*Host{}, domains: map[string]*Host{}, follows: map[pair]*follow{}, stats: map[string]*Stats{}}
	w.server = &http.Server{Handler: w, TLSConfig: w.tlsConfig(), ErrorLog: quiet()}
	go w.server.ServeTLS(listener, "", "") // returns when Close closes the listener
	return w
}

// Close stops the listener and ends every request at work. Again it does
// nothing.
func (w *World) Close() {
	w.once.Do(func() {
		close(w.closed)
		w.server.Close()
	})
}

// Addr is where all hosts listen.
func (w *World) Addr() netip.AddrPort { return w.addr }

// refused is an address where nobody listens.
var refused = netip.MustParseAddrPort("127.0.0.1:1")

// Route tells where port 443 of a host really is; false for a name that is not
// in the world. A dead host's address refuses connections.
func (w *World) Route(host string) (netip.AddrPort, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.at(host)
	if h == nil {
		return netip.AddrPort{}, false
	}
	if h.dead() {
		w.count(h.name, func(s *Stats) { s.Refused++ })
		return refused, true
	}
	return w.addr, true
}

// Client is a plain client into the world: it dials every host by Route, trusts
// the world's roots and follows no redirect, so that a test sees each answer.
func (w *World) Client() *http.Client {
	transport := &http.Transport{
		TLSClientConfig: clientTLS(w.RootCAs()),
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			to, ok := w.Route(host)
			if !ok {
				return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
			}
			return new(net.Dialer).DialContext(ctx, network, to.String())
		},
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (w *World) now() time.Time { return w.opt.Now().UTC() }

// at finds the host that answers under a name, a handle domain included; w.mu
// is held.
func (w *World) at(name string) *Host {
	name = canonical(name)
	if h := w.hosts[name]; h != nil {
		return h
	}
	return w.domains[name]
}

// canonical is the form of the world's own names: lower case, no port.
func canonical(name string) string {
	host, _, _ := strings.Cut(strings.ToLower(name), ":")
	return strings.TrimSuffix(host, ".")
}

// find returns the account behind user@domain, an alias included; w.mu is held.
func (w *World) find(handle string) *Account {
	user, domain, _ := strings.Cut(strings.TrimPrefix(handle, "@"), "@")
	h := w.at(domain)
	if h == nil {
		return nil
	}
	if a := h.accounts[strings.ToLower(user)]; a != nil {
		return a
	}
	return h.aliases[strings.ToLower(user)]
}

// must is find for the setting up of a world, where a handle that is not there
// is a mistake in the test; w.mu is held.
func (w *World) must(handle string) *Account {
	a := w.find(handle)
	if a == nil {
		panic("feditest: no account " + handle)
	}
	return a
}
