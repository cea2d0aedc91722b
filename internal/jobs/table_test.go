package jobs

import (
	"context"
	"sync"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// table is rows in memory that behave as the store's: claims, leases, attempts.
type table struct {
	mu    sync.Mutex
	rows  map[row]*line
	order []row
	asked int   // DueTasks calls
	fail  error // of every call, while set
	now   func() time.Time
}

type line struct {
	due      time.Time // zero: only when rung for
	claim    int64
	lease    time.Time
	attempts int
}

func newTable(now func() time.Time) *table {
	return &table{rows: map[row]*line{}, now: now}
}

func (t *table) add(kind social.TaskKind, id int64, due time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[row{kind, id}] = &line{due: due}
	t.order = append(t.order, row{kind, id})
}

func (t *table) setFail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fail = err
}

func (l *line) ready(now time.Time) bool {
	return !l.due.IsZero() && !l.due.After(now) && !l.lease.After(now)
}

func (t *table) DueTasks(_ context.Context, now time.Time, limit int) (due []social.Task, next time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked++
	if t.fail != nil {
		return nil, time.Time{}, t.fail
	}
	for _, r := range t.order {
		l := t.rows[r]
		switch {
		case l.ready(now) && len(due) < limit:
			due = append(due, social.Task{Kind: r.kind, ID: r.id, Claim: l.claim})
		case !l.due.IsZero() && (next.IsZero() || l.due.Before(next)):
			next = l.due
		}
	}
	return due, next, nil
}

func (t *table) claim(asked social.Task, lease time.Duration) (social.Task, int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, now := t.rows[row{asked.Kind, asked.ID}], t.now()
	switch {
	case t.fail != nil:
		return social.Task{}, 0, t.fail
	case l == nil || !l.ready(now):
		return social.Task{}, 0, fault.New(fault.Conflict, "not-due", "")
	}
	l.claim++
	l.attempts++
	l.lease = now.Add(lease)
	return social.Task{Kind: asked.Kind, ID: asked.ID, Claim: l.claim}, l.attempts, nil
}

func (t *table) settle(claimed social.Task, next time.Time, failed bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.rows[row{claimed.Kind, claimed.ID}]
	switch {
	case t.fail != nil:
		return t.fail
	case l.claim != claimed.Claim:
		return fault.New(fault.Conflict, "stale-claim", "")
	}
	l.due, l.lease = next, time.Time{}
	if !failed {
		l.attempts = 0
	}
	return nil
}

// undone counts rows that are still due some time.
func (t *table) undone() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.rows {
		if !l.due.IsZero() {
			n++
		}
	}
	return n
}

// worker makes a Handler of step, as internal/worker does: claim, step, settle.
// Its panics count as failures. step returns when the row is due again.
func (t *table) worker(step func(ctx context.Context, task social.Task) (time.Time, error)) Handler {
	return func(ctx context.Context, asked social.Task) error {
		task, attempts, err := t.claim(asked, 3*time.Second)
		if err != nil {
			return err
		}
		var next time.Time
		err = Safely(quietLog, func() (err error) {
			next, err = step(ctx, task)
			return err
		})
		if err == nil {
			return t.settle(task, next, false)
		}
		v := Judge(err, attempts, t.now())
		if v.Lost {
			return err
		}
		return t.settle(task, v.Next, v.Failed)
	}
}
