package jobs

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/jobs/redistest"
	"godwit/internal/social"
)

var quietLog = slog.New(slog.DiscardHandler)

// limit is how long a test waits for what should come at once: only a broken
// dispatcher ever uses it up.
const limit = 60 * time.Second

// open makes a dispatcher for one test.
type open func(t *testing.T, rows Rows, h Handler) Dispatcher

// both runs a behaviour on both dispatchers.
func both(t *testing.T, behaviour func(t *testing.T, open open)) {
	t.Run("embedded", func(t *testing.T) {
		behaviour(t, func(t *testing.T, rows Rows, h Handler) Dispatcher {
			return NewEmbedded(rows, h, Options{Log: quietLog})
		})
	})
	t.Run("asynq", func(t *testing.T) {
		server := redistest.Start(t)
		behaviour(t, func(t *testing.T, rows Rows, h Handler) Dispatcher {
			return openTest(t, server, rows, h)
		})
	})
}

func openTest(t *testing.T, server *redistest.Server, rows Rows, h Handler) *Asynq {
	t.Helper()
	a, err := OpenAsynq(server.URL(), rows, h, Options{Log: quietLog})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// running runs d until the returned stop, which waits for Run's end.
func running(t *testing.T, d Dispatcher) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

func await(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	if !within(done, limit) {
		t.Fatalf("waited in vain for %s", what)
	}
}

// TestEveryDueRowIsWorkedToItsEnd: rows of several steps, kinds and waits.
func TestEveryDueRowIsWorkedToItsEnd(t *testing.T) {
	both(t, func(t *testing.T, open open) {
		rows := newTable(time.Now)
		var steps sync.Map
		var left atomic.Int64
		done := make(chan struct{})
		kinds := []social.TaskKind{social.ImportTask, social.MatchTask, social.LookUpTask, social.FollowTask, social.MailTask}
		for i := range 40 {
			rows.add(kinds[i%len(kinds)], int64(i+1), time.Now())
			left.Add(1)
		}
		d := open(t, rows, rows.worker(func(_ context.Context, task social.Task) (time.Time, error) {
			n, _ := steps.LoadOrStore(row{task.Kind, task.ID}, new(atomic.Int64))
			switch n.(*atomic.Int64).Add(1) {
			case 1:
				return time.Now(), nil
			case 2:
				return time.Time{}, fault.WaitUntil(time.Now().Add(time.Millisecond), "wait", "")
			}
			if left.Add(-1) == 0 {
				close(done)
			}
			return time.Time{}, nil
		}))
		stop := running(t, d)
		await(t, done, "all rows")
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if n := rows.undone(); n != 0 {
			t.Errorf("%d rows are undone", n)
		}
		steps.Range(func(r, n any) bool {
			if got := n.(*atomic.Int64).Load(); got != 3 {
				t.Errorf("%v took %d steps", r, got)
			}
			return true
		})
	})
}

// TestENG07Panic: one row's handler panics, the others are done, the process
// lives, and the row keeps its count.
func TestENG07Panic(t *testing.T) {
	both(t, func(t *testing.T, open open) {
		rows := newTable(time.Now)
		var left atomic.Int64
		left.Store(49)
		done, panicked := make(chan struct{}), make(chan struct{})
		for i := range 50 {
			rows.add(social.FollowTask, int64(i+1), time.Now())
		}
		d := open(t, rows, rows.worker(func(_ context.Context, task social.Task) (time.Time, error) {
			if task.ID == 7 {
				defer close(panicked)
				panic("poison")
			}
			if left.Add(-1) == 0 {
				close(done)
			}
			return time.Time{}, nil
		}))
		stop := running(t, d)
		await(t, done, "the other rows")
		await(t, panicked, "the poison row")
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		l := rows.rows[row{social.FollowTask, 7}]
		if l.attempts != 1 || time.Until(l.due) < 20*time.Second || rows.undone() != 1 {
			t.Errorf("the poison row has %d attempts and is due at %s; %d undone", l.attempts, l.due, rows.undone())
		}
	})
}

// TestHandlerPanicBeforeItsRow: even a handler that panics itself ends nothing.
func TestHandlerPanicBeforeItsRow(t *testing.T) {
	both(t, func(t *testing.T, open open) {
		rows := newTable(time.Now)
		rows.add(social.FollowTask, 1, time.Now())
		rows.add(social.FollowTask, 2, time.Now())
		done := make(chan struct{})
		good := rows.worker(func(context.Context, social.Task) (time.Time, error) {
			close(done)
			return time.Time{}, nil
		})
		stop := running(t, open(t, rows, func(ctx context.Context, task social.Task) error {
			if task.ID == 1 {
				panic("poison")
			}
			return good(ctx, task)
		}))
		await(t, done, "the good row")
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestQUE04Shutdown: calls under way end, nothing new is claimed.
func TestQUE04Shutdown(t *testing.T) {
	both(t, func(t *testing.T, open open) {
		rows := newTable(time.Now)
		for i := range shares[social.ImportTask] + 3 {
			rows.add(social.ImportTask, int64(i+1), time.Now())
		}
		var began, ended atomic.Int64
		full, release := make(chan struct{}), make(chan struct{})
		d := open(t, rows, rows.worker(func(ctx context.Context, _ social.Task) (time.Time, error) {
			if began.Add(1) == int64(shares[social.ImportTask]) {
				close(full)
			}
			<-release
			if ctx.Err() == nil {
				ended.Add(1)
			}
			return time.Time{}, nil
		}))
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- d.Run(ctx) }()
		await(t, full, "all places taken")
		cancel()
		close(release)
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		if b, e := began.Load(), ended.Load(); b != e || b != int64(shares[social.ImportTask]) {
			t.Errorf("%d began and %d ended undisturbed, want %d", b, e, shares[social.ImportTask])
		}
	})
}

// TestQUE05ShareOfImports: no more at once than the share, however many are due.
func TestQUE05ShareOfImports(t *testing.T) {
	both(t, func(t *testing.T, open open) {
		rows := newTable(time.Now)
		for i := range 12 {
			rows.add(social.ImportTask, int64(i+1), time.Now())
		}
		rows.add(social.FollowTask, 1, time.Now())
		var now, most, left atomic.Int64
		left.Store(13)
		done, followed := make(chan struct{}), make(chan struct{})
		d := open(t, rows, rows.worker(func(_ context.Context, task social.Task) (time.Time, error) {
			if task.Kind == social.FollowTask {
				close(followed)
			} else {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				<-followed // imports hold their places until somebody else had a turn
				now.Add(-1)
			}
			if left.Add(-1) == 0 {
				close(done)
			}
			return time.Time{}, nil
		}))
		running(t, d)
		await(t, done, "all rows")
		if most.Load() > int64(shares[social.ImportTask]) {
			t.Errorf("%d imports at once", most.Load())
		}
	})
}

// TestENG04SeveralProcesses: five dispatchers on the same rows do no step twice.
func TestENG04SeveralProcesses(t *testing.T) {
	both(t, func(t *testing.T, open open) {
		rows := newTable(time.Now)
		const n, steps = 30, 5
		for i := range n {
			rows.add(social.FollowTask, int64(i+1), time.Now())
		}
		var busy, counts [n + 1]atomic.Int64
		var left atomic.Int64
		left.Store(n * steps)
		done := make(chan struct{})
		h := rows.worker(func(_ context.Context, task social.Task) (time.Time, error) {
			if busy[task.ID].Add(1) != 1 {
				t.Errorf("%s is worked on twice at once", task)
			}
			defer busy[task.ID].Add(-1)
			n := counts[task.ID].Add(1)
			if left.Add(-1) == 0 {
				close(done)
			}
			if n == steps {
				return time.Time{}, nil
			}
			return time.Now(), nil
		})
		for range 5 {
			running(t, open(t, rows, h))
		}
		await(t, done, "all steps")
		for id := 1; id <= n; id++ {
			if got := counts[id].Load(); got != steps {
				t.Errorf("row %d took %d steps", id, got)
			}
		}
	})
}

// TestRing: a ring saves the wait for the next sweep's turn, and one for
// nothing does nothing.
func TestRing(t *testing.T) {
	both(t, func(t *testing.T, open open) {
		rows := newTable(time.Now)
		done := make(chan struct{})
		d := open(t, rows, rows.worker(func(context.Context, social.Task) (time.Time, error) {
			close(done)
			return time.Time{}, nil
		}))
		stop := running(t, d)
		if err := d.Ring(t.Context(), social.Task{Kind: social.FollowTask, ID: 404}); err != nil {
			t.Fatal(err)
		}
		rows.add(social.FollowTask, 1, time.Now())
		if err := d.Ring(t.Context(), social.Task{Kind: social.FollowTask, ID: 1}); err != nil {
			t.Fatal(err)
		}
		await(t, done, "the row")
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	})
}
