package jobs

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// embedded runs an Embedded in a bubble with a clock of its own.
func embedded(t *testing.T, behaviour func(t *testing.T, rows *table, start func(Handler) (*Embedded, func() error))) {
	synctest.Test(t, func(t *testing.T) {
		rows := newTable(time.Now)
		behaviour(t, rows, func(h Handler) (*Embedded, func() error) {
			d := NewEmbedded(rows, h, Options{Log: quietLog})
			return d, running(t, d)
		})
	})
}

// TestDueRowsWaitForTheirInstant: a row is worked on at its instant, not at the
// next full second, and not before.
func TestDueRowsWaitForTheirInstant(t *testing.T) {
	embedded(t, func(t *testing.T, rows *table, start func(Handler) (*Embedded, func() error)) {
		began := time.Now()
		rows.add(social.FollowTask, 1, began.Add(90*time.Minute+300*time.Millisecond))
		var at time.Duration
		start(rows.worker(func(context.Context, social.Task) (time.Time, error) {
			at = time.Since(began)
			return time.Time{}, nil
		}))
		time.Sleep(2 * time.Hour) // the bubble's clock
		synctest.Wait()
		if at != 90*time.Minute+300*time.Millisecond {
			t.Errorf("worked on after %s", at)
		}
	})
}

// TestBackoff: a failing row is tried at growing distances and never lost.
func TestBackoff(t *testing.T) {
	embedded(t, func(t *testing.T, rows *table, start func(Handler) (*Embedded, func() error)) {
		rows.add(social.FollowTask, 1, time.Now())
		var tries []time.Time
		start(rows.worker(func(context.Context, social.Task) (time.Time, error) {
			tries = append(tries, time.Now())
			return time.Time{}, errors.New("broken")
		}))
		time.Sleep(7 * 24 * time.Hour)
		synctest.Wait()
		if len(tries) < MaxAttempts || len(tries) > 12 {
			t.Fatalf("%d tries in a week", len(tries))
		}
		if span := tries[MaxAttempts-1].Sub(tries[0]); span < 24*time.Hour {
			t.Errorf("the first five tries took %s", span)
		}
	})
}

// TestSTO06DiskFull: while rows cannot be written nothing is claimed but for a
// try now and then; the process says so, and goes on by itself.
func TestSTO06DiskFull(t *testing.T) {
	embedded(t, func(t *testing.T, rows *table, start func(Handler) (*Embedded, func() error)) {
		for i := range 20 {
			rows.add(social.MatchTask, int64(i+1), time.Now())
		}
		var tries atomic.Int64
		var full atomic.Bool
		full.Store(true)
		good := rows.worker(func(context.Context, social.Task) (time.Time, error) { return time.Time{}, nil })
		d, _ := start(func(ctx context.Context, task social.Task) error {
			tries.Add(1)
			if full.Load() {
				return fault.New(fault.Disk, "disk", "We have no room.")
			}
			return good(ctx, task)
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := tries.Load(); n > int64(60/5*(shares[social.MatchTask]+1)) {
			t.Errorf("%d tries in a minute with a full disk", n)
		}
		if !fault.Is(d.Trouble(), fault.Disk) {
			t.Errorf("the trouble is %v", d.Trouble())
		}
		full.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		if rows.undone() != 0 || d.Trouble() != nil {
			t.Errorf("after the trouble %d rows are undone, and it says %v", rows.undone(), d.Trouble())
		}
	})
}

// TestDatabaseAway: no storm of questions while it is away, all done when back.
func TestDatabaseAway(t *testing.T) {
	embedded(t, func(t *testing.T, rows *table, start func(Handler) (*Embedded, func() error)) {
		rows.add(social.MatchTask, 1, time.Now())
		rows.setFail(errors.New("connection refused"))
		start(rows.worker(func(context.Context, social.Task) (time.Time, error) { return time.Time{}, nil }))
		time.Sleep(time.Hour)
		synctest.Wait()
		if rows.asked > 3601 {
			t.Errorf("asked %d times in an hour", rows.asked)
		}
		rows.setFail(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		if rows.undone() != 0 {
			t.Error("the row is undone after the database is back")
		}
	})
}

// TestConflictIsNoStorm: a due row whose claim is never to be had.
func TestConflictIsNoStorm(t *testing.T) {
	embedded(t, func(t *testing.T, rows *table, start func(Handler) (*Embedded, func() error)) {
		rows.add(social.MatchTask, 1, time.Now())
		tries := 0
		start(func(context.Context, social.Task) error {
			tries++
			return fault.New(fault.Conflict, "not-due", "")
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		if tries > 61 {
			t.Errorf("%d tries in a minute", tries)
		}
	})
}

// TestQUE04Grace: a call that does not end gets its fifteen seconds, is then
// told to stop, and one that will not is left; Run ends within twenty.
func TestQUE04Grace(t *testing.T) {
	for name, r := range map[string]struct {
		obeys bool
		took  time.Duration
		err   error
	}{
		"obeys":    {true, grace, nil},
		"does not": {false, grace + abandon, errAbandoned},
	} {
		t.Run(name, func(t *testing.T) {
			embedded(t, func(t *testing.T, rows *table, start func(Handler) (*Embedded, func() error)) {
				rows.add(social.FollowTask, 1, time.Now())
				release := make(chan struct{})
				_, stop := start(rows.worker(func(ctx context.Context, _ social.Task) (time.Time, error) {
					if !r.obeys {
						<-release
					}
					<-ctx.Done()
					return time.Time{}, ctx.Err()
				}))
				synctest.Wait()
				began := time.Now()
				if err := stop(); !errors.Is(err, r.err) {
					t.Errorf("Run ended with %v", err)
				}
				if took := time.Since(began); took != r.took {
					t.Errorf("Run ended after %s, want %s", took, r.took)
				}
				close(release)
			})
		})
	}
}

// TestNET06TarpitsLeaveRoom: five hundred hosts that hold every call for ten
// seconds; a good one goes on at its pace.
func TestNET06TarpitsLeaveRoom(t *testing.T) {
	embedded(t, func(t *testing.T, rows *table, start func(Handler) (*Embedded, func() error)) {
		for i := range 500 {
			rows.add(social.LookUpTask, int64(i+2), time.Now())
		}
		rows.add(social.LookUpTask, 1, time.Now().Add(3*time.Minute)) // tarpits are known by then
		good := 0
		start(rows.worker(func(ctx context.Context, task social.Task) (time.Time, error) {
			if task.ID == 1 {
				good++
				return time.Now().Add(time.Second), nil
			}
			select {
			case <-time.After(10 * time.Second):
			case <-ctx.Done():
			}
			return time.Now(), nil // due again at once: worse than any real host
		}))
		time.Sleep(13 * time.Minute)
		synctest.Wait()
		if good < 540 {
			t.Errorf("the good host had %d look-ups in ten minutes, want one a second", good)
		}
	})
}
