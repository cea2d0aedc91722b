package jobs

import (
	"sync"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// row is a task without its claim.
type row struct {
	kind social.TaskKind
	id   int64
}

// desk knows what one process is working on and what it leaves alone for a
// moment. It is a matter of manners only: that no task is worked on twice is
// the claim's business.
type desk struct {
	mu      sync.Mutex
	group   sync.WaitGroup
	closed  bool
	busy    map[row]bool // to whether it is slow
	places  map[social.TaskKind]int
	slowNow map[social.TaskKind]int
	slow    map[row]bool      // took long last time
	rest    map[row]time.Time // not before then
	disk    time.Time         // nothing is claimed before then
	fault   error             // why
}

func newDesk() *desk {
	return &desk{
		busy: map[row]bool{}, places: map[social.TaskKind]int{}, slowNow: map[social.TaskKind]int{},
		slow: map[row]bool{}, rest: map[row]time.Time{},
	}
}

// free reports whether the task may be begun now.
func (d *desk) free(t social.Task, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open(t, now)
}

// start takes a place for the task, if it may be begun now.
func (d *desk) start(t social.Task, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open(t, now) {
		return false
	}
	r := row{t.Kind, t.ID}
	d.busy[r] = d.slow[r]
	d.places[t.Kind]++
	d.group.Add(1)
	if d.slow[r] {
		d.slowNow[t.Kind]++
	}
	return true
}

func (d *desk) open(t social.Task, now time.Time) bool {
	r := row{t.Kind, t.ID}
	if _, busy := d.busy[r]; busy || d.closed || now.Before(d.disk) || d.places[t.Kind] >= shares[t.Kind] {
		return false
	}
	if now.Before(d.rest[r]) {
		return false
	}
	delete(d.rest, r)
	return !d.slow[r] || d.slowNow[t.Kind] < max(1, shares[t.Kind]/2)
}

// end frees the task's place and remembers how it went.
func (d *desk) end(t social.Task, err error, began, now time.Time) {
	defer d.group.Done()
	d.mu.Lock()
	defer d.mu.Unlock()
	r := row{t.Kind, t.ID}
	if d.busy[r] {
		d.slowNow[t.Kind]--
	}
	delete(d.busy, r)
	d.places[t.Kind]--
	d.remember(r, now.Sub(began))
	switch {
	case err == nil:
	case fault.Is(err, fault.Disk):
		d.disk, d.fault = now.Add(restDisk), err
	case fault.Is(err, fault.Conflict):
		d.rest[r] = now.Add(restClaim)
	default:
		d.rest[r] = now.Add(restError)
	}
	d.forget(now)
}

// close gives out no more places; the channel is closed once all are free.
func (d *desk) close() <-chan struct{} {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		d.group.Wait()
		close(ended)
	}()
	return ended
}

// remember notes whether a task was slow, of imports never: they are long by nature.
func (d *desk) remember(r row, took time.Duration) {
	if took < slowTask || r.kind == social.ImportTask {
		delete(d.slow, r)
		return
	}
	if len(d.slow) < slowKept {
		d.slow[r] = true
	}
}

// forget drops rests that are over once there are many.
func (d *desk) forget(now time.Time) {
	if len(d.rest) < slowKept {
		return
	}
	for r, until := range d.rest {
		if !now.Before(until) {
			delete(d.rest, r)
		}
	}
}

func (d *desk) trouble(now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Before(d.disk.Add(restDisk)) { // one more round, in which it is tried again
		return d.fault
	}
	return nil
}
