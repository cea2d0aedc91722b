package feditest

import (
	"net/http"
	"strings"
	"time"
)

// Request is one request that a host of the world was sent by a client. What
// hosts ask of each other is only counted (Stats.Federated).
type Request struct {
	At       time.Time // by the world's clock
	Host     string
	Method   string
	Path     string
	RawQuery string
	Header   http.Header // all of it, tokens included: the simulation has no secrets
	Body     string      // the first bytes of a form or JSON body
	Status   int         // of the answer; 0 while at work, or when the connection was cut
	InFlight int         // requests to this host at work when it arrived, itself included
}

// Stats are exact counts since the start or the last Reset.
type Stats struct {
	Requests    int // from clients
	MaxInFlight int // at once
	RateLimited int // 429 answers to clients
	FollowPosts int // POSTs of a follow that reached the server's own code
	StatusPosts int // POSTs of a status that reached the server's own code
	Federated   int // requests of other hosts' servers
	Refused     int // dials refused because the host was dead

	inFlight int
}

// ring keeps the newest requests.
type ring struct {
	cap  int
	next int
	kept []*Request
}

func (l *ring) add(r *Request) {
	if l.cap <= 0 {
		return
	}
	if len(l.kept) < l.cap {
		l.kept = append(l.kept, r)
		return
	}
	l.kept[l.next] = r
	l.next = (l.next + 1) % l.cap
}

// scopesOf names the counters that a request to host is counted under: its own,
// those of its registrable domain (the last two labels, which is right for the
// names of tests), and those of the world.
func scopesOf(host string) [3]string {
	labels := strings.Split(host, ".")
	site := strings.Join(labels[max(0, len(labels)-2):], ".")
	return [3]string{host, "*." + site, "*"}
}

// tally is the counter of one host; w.mu is held.
func (w *World) tally(scope string) *Stats {
	s := w.stats[scope]
	if s == nil {
		s = &Stats{}
		w.stats[scope] = s
	}
	return s
}

// arrive counts and logs a request. The returned function ends it.
func (w *World) arrive(r *http.Request, host string, body []byte) (*Request, func(status int)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	entry := &Request{At: w.now(), Host: host, Method: r.Method, Path: r.URL.Path, RawQuery: r.URL.RawQuery,
		Header: r.Header.Clone(), Body: string(body[:min(len(body), maxLoggedBody)])}
	for i, scope := range scopesOf(host) {
		s := w.tally(scope)
		s.Requests++
		s.inFlight++
		s.MaxInFlight = max(s.MaxInFlight, s.inFlight)
		if i == 0 {
			entry.InFlight = s.inFlight
		}
	}
	w.log.add(entry)
	return entry, func(status int) { w.leave(entry, status) }
}

func (w *World) leave(entry *Request, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	entry.Status = status
	for _, scope := range scopesOf(entry.Host) {
		s := w.tally(scope)
		s.inFlight--
		if status == http.StatusTooManyRequests {
			s.RateLimited++
		}
	}
}

// count adds to one exact count under all scopes of host; w.mu is held.
func (w *World) count(host string, add func(*Stats)) {
	for _, scope := range scopesOf(host) {
		add(w.tally(scope))
	}
}

// Log returns copies of the newest requests, oldest first; at most
// Options.LogCap of them.
func (w *World) Log() []Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Request, 0, len(w.log.kept))
	for i := range w.log.kept {
		out = append(out, *w.log.kept[(w.log.next+i)%len(w.log.kept)])
	}
	return out
}

// Stats returns the counts of one host; "*.example.test" those of all hosts
// under that registrable domain together, "*" those of the whole world.
func (w *World) Stats(host string) Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return *w.tally(host)
}

// Reset empties the log and sets the counts to zero. What hosts know, follow
// and have counted against their limits stays.
func (w *World) Reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = ring{cap: w.log.cap}
	for _, s := range w.stats {
		*s = Stats{inFlight: s.inFlight}
	}
}
