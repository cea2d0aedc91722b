// Package jobs hands due tasks to a handler: straight from the database in one
// process (Embedded), or through asynq on Redis to any number of processes.
// The rows in the database are the truth; whatever this package loses is rung
// for again by the next sweep.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Rows are the rows that say what is due.
type Rows interface {
	// DueTasks lists up to limit tasks of each kind that are due and not
	// claimed, and when the next one after these is due.
	DueTasks(ctx context.Context, now time.Time, limit int) (due []social.Task, next time.Time, err error)
}

// Handler claims a task, works one step of it and writes how it went into its
// row. It returns nil when that is done, Conflict when the task is not to be
// had, and any other error when the row could not be written. It believes
// nothing of the task but its kind and id.
type Handler func(ctx context.Context, t social.Task) error

// Options are what both dispatchers take.
type Options struct {
	Log *slog.Logger     // default: slog.Default()
	Now func() time.Time // default: time.Now
}

func (o Options) filled() Options {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Dispatcher is what Embedded and Asynq have in common.
type Dispatcher interface {
	// Run works until ctx ends; then it claims nothing more and lets calls
	// under way end. It returns an error when some would not.
	Run(ctx context.Context) error
	// Ring says that a task may be due now, so that it does not wait for the
	// next sweep.
	Ring(ctx context.Context, t social.Task) error
	// Trouble is the full or failing disk that keeps this process from
	// working, or nil.
	Trouble() error
}

// Safely runs f and turns a panic into a Broken fault. The log gets the stack
// but not the panic's value, which may hold a stranger's words, unless it is
// the runtime's own.
func Safely(log *slog.Logger, f func() error) (err error) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		cause := fmt.Errorf("panic of type %T", value)
		if own, ok := value.(runtime.Error); ok {
			cause = fmt.Errorf("panic: %w", own)
		}
		log.Error("a task panicked", "cause", cause.Error(), "stack", string(debug.Stack()))
		err = fault.New(fault.Broken, "panic", "").Because(cause)
	}()
	return f()
}

// crew is the handlers under way in one process.
type crew struct {
	Options
	desk   *desk
	handle Handler
	ctx    context.Context // of the handlers; outlives Run's by the grace
	stop   context.CancelFunc
}

func newCrew(h Handler, o Options) *crew {
	o = o.filled()
	ctx, stop := context.WithCancel(context.Background())
	return &crew{Options: o, desk: newDesk(), handle: h, ctx: ctx, stop: stop}
}

// Trouble is the full or failing disk that keeps this process from working.
func (c *crew) Trouble() error { return c.desk.trouble(c.Now()) }

// work handles a task whose place was taken by desk.start, and frees the place.
func (c *crew) work(t social.Task) {
	began := c.Now()
	err := Safely(c.Log, func() error { return c.handle(c.ctx, t) })
	c.desk.end(t, err, began, c.Now())
	if err != nil && !fault.Is(err, fault.Conflict) {
		c.Log.Warn("a task could not be worked on", "task", t.String(), "cause", err.Error())
	}
}

var errAbandoned = errors.New("jobs: some calls did not end in time")

// drain lets handlers end, then tells them to, then leaves them.
func (c *crew) drain() error {
	ended := c.desk.close()
	defer c.stop()
	if within(ended, grace) {
		return nil
	}
	c.stop()
	if within(ended, abandon) {
		return nil
	}
	return errAbandoned
}

func within(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// bell wakes a sweep; ringing it twice before it is heard is ringing it once.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// wait returns when the bell rings, after d, or when ctx ends.
func (b bell) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-b:
	case <-timer.C:
	case <-ctx.Done():
	}
}
