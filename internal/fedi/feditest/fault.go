package feditest

import (
	"net/http"
	"strings"
	"time"
)

// Fault is something wrong with a host, on demand. Made by one of the functions
// below and narrowed by On, Times and After.
type Fault struct {
	kind   faultKind
	prefix string
	method string
	times  int // 0 is always
	skip   int
	wait   time.Duration
	status int
	header http.Header
	body   string
}

type faultKind int

const (
	isSlow faultKind = iota
	isLate
	isDead
	isTarpit
	isDrip
	isStatus
	isCut
	isCutAfter
	isCutMiddle
	isMalformed
	isThrottled
)

// Slow answers, but only after d.
func Slow(d time.Duration) Fault { return Fault{kind: isSlow, wait: d} }

// Late does what was asked at once and answers only after d: a client that
// gave up meanwhile does not know that it worked.
func Late(d time.Duration) Fault { return Fault{kind: isLate, wait: d} }

// Dead refuses connections. It is of the whole host, whatever On says.
func Dead() Fault { return Fault{kind: isDead} }

// Tarpit accepts a request and never answers.
func Tarpit() Fault { return Fault{kind: isTarpit} }

// Drip answers one byte of the body every d.
func Drip(d time.Duration) Fault { return Fault{kind: isDrip, wait: d} }

// Status answers with a status, an optional body and optional headers, given
// as name, value, name, value …
func Status(status int, body string, headers ...string) Fault {
	f := Fault{kind: isStatus, status: status, body: body, header: http.Header{}}
	for i := 0; i+1 < len(headers); i += 2 {
		f.header.Add(headers[i], headers[i+1])
	}
	return f
}

// Cut closes the connection before anything was done.
func Cut() Fault { return Fault{kind: isCut} }

// CutAfter does what was asked and closes the connection without an answer.
func CutAfter() Fault { return Fault{kind: isCutAfter} }

// CutMiddle does what was asked and closes the connection in the middle of the
// answer's body.
func CutMiddle() Fault { return Fault{kind: isCutMiddle} }

// Malformed does what was asked and answers with only the first half of the
// body, as if it were the whole.
func Malformed() Fault { return Fault{kind: isMalformed} }

// Throttled answers other servers with 429, so that their searches for this
// host's accounts come back empty; clients are not touched.
func Throttled() Fault { return Fault{kind: isThrottled} }

// On narrows the fault to paths that begin with prefix.
func (f Fault) On(prefix string) Fault { f.prefix = prefix; return f }

// Method narrows the fault to one HTTP method.
func (f Fault) Method(method string) Fault { f.method = method; return f }

// Times ends the fault after n requests that it met.
func (f Fault) Times(n int) Fault { f.times = n; return f }

// After lets n matching requests pass first.
func (f Fault) After(n int) Fault { f.skip = n; return f }

type fault struct {
	Fault
	met int
}

// Fault makes the host faulty. The returned function ends it.
func (h *Host) Fault(f Fault) (heal func()) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	active := &fault{Fault: f}
	h.faults = append(h.faults, active)
	return func() {
		h.world.mu.Lock()
		defer h.world.mu.Unlock()
		for i, other := range h.faults {
			if other == active {
				h.faults = append(h.faults[:i:i], h.faults[i+1:]...)
				return
			}
		}
	}
}

// Heal ends all faults of the host.
func (h *Host) Heal() {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.faults = nil
}

// meets reports whether the fault strikes this request, and counts it.
func (f *fault) meets(method, path string) bool {
	if !strings.HasPrefix(path, f.prefix) || f.method != "" && f.method != method {
		return false
	}
	f.met++
	return f.met > f.skip && (f.times == 0 || f.met <= f.skip+f.times)
}

// dead reports whether the host refuses connections; w.mu is held.
func (h *Host) dead() bool {
	for _, f := range h.faults {
		if f.kind == isDead && (f.times == 0 || f.met < f.times) {
			f.met++
			return true
		}
	}
	return false
}

// strike returns the first fault that meets a client's request; w.mu is held.
func (h *Host) strike(method, path string) *Fault {
	for _, f := range h.faults {
		if f.kind == isDead && f.times == 0 { // a connection from before it died
			return &Fault{kind: isCut}
		}
		if f.kind != isDead && f.kind != isThrottled && f.meets(method, path) {
			return &f.Fault
		}
	}
	return nil
}

// strikeServer is what a fault means for another server that asks here: whether
// it gets no use of the answer, and how long it waits; w.mu is held.
func (h *Host) strikeServer(path string) (failed bool, wait time.Duration) {
	limit := h.world.opt.RemoteTimeout
	for _, f := range h.faults {
		if !f.meets(http.MethodGet, path) {
			continue
		}
		switch f.kind {
		case isSlow, isLate:
			return f.wait >= limit, min(f.wait, limit)
		case isTarpit, isDrip:
			return true, limit
		case isStatus:
			return f.status >= http.StatusBadRequest, 0
		default:
			return true, 0
		}
	}
	return false, 0
}
