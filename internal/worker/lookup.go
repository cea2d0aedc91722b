package worker

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/jobs"
	"godwit/internal/social"
	"godwit/internal/store"
)

// lookUpOne asks about one handle of a domain, or reads a page there when no
// handle waits; the next one is due a pause later (NET-04).
func (w *Worker) lookUpOne(ctx context.Context, t social.Task, _ int) (time.Time, error) {
	domain, look, next, err := w.store.NextLookUp(ctx, t, w.now())
	if fault.Is(err, fault.NotFound) {
		return w.readPage(ctx, t)
	}
	if err != nil {
		return time.Time{}, err
	}
	r, err := w.ask(ctx, look.Handle)
	if err != nil {
		return time.Time{}, err
	}
	now := w.now()
	verdict := judgeAnswer(&r, look.Attempts, now)
	health(&domain, r, now)
	if err := w.store.SaveResolution(ctx, t, domain, r, verdict.again, verdict.attempts, now); err != nil {
		return time.Time{}, err
	}
	if next.IsZero() {
		return next, nil
	}
	return latest(next, now.Add(lookUpPause), domain.OpenUntil), nil
}

// ask looks the handle up. A handle whose answer breaks us counts as one
// without an answer, so that the others of its domain go on.
func (w *Worker) ask(ctx context.Context, h social.Handle) (r social.Resolution, err error) {
	panicked := jobs.Safely(w.log, func() error {
		r, err = w.mover.LookUp(ctx, h)
		return nil
	})
	if panicked != nil {
		return social.Resolution{State: social.Ill, Asked: h, CheckedAt: w.now()}, nil
	}
	r.Asked = h
	return r, err
}

// answerVerdict is when to ask about a handle again, zero for not by itself,
// and how often in a row there was nothing to be had.
type answerVerdict struct {
	again    time.Time
	attempts int
}

// judgeAnswer sets how long the answer is believed. A "no" is believed longer
// each time it is heard, and so is no answer; only the latter is asked about
// again by itself.
func judgeAnswer(r *social.Resolution, attempts int, now time.Time) answerVerdict {
	switch r.State {
	case social.Found, social.GoneForGood:
		return answerVerdict{}
	}
	attempts++
	if r.State != social.Ill {
		r.FreshUntil = now.Add(doubled(askAgain, attempts-1, askAgainMost))
		return answerVerdict{attempts: attempts}
	}
	pause := askSoon
	if attempts > 1 {
		pause = doubled(askAgain, attempts-2, askAgainMost)
	}
	r.FreshUntil = latest(r.FreshUntil, now.Add(pause))
	if attempts >= maxAsks {
		return answerVerdict{attempts: attempts}
	}
	return answerVerdict{again: r.FreshUntil, attempts: attempts}
}

// health counts a domain's failures in a row; from the third on it is left
// alone, each time twice as long, whatever other handles it has.
func health(d *store.Domain, r social.Resolution, now time.Time) {
	if r.State != social.Ill {
		d.Failures, d.OpenUntil = 0, time.Time{}
		return
	}
	d.Failures++
	if over := d.Failures - circuitAfter; over >= 0 {
		d.OpenUntil = now.Add(doubled(circuitFirst, over, circuitMost))
	}
}

// doubled is first, doubled n times, at most most.
func doubled(first time.Duration, n int, most time.Duration) time.Duration {
	return min(first<<min(n, 20), most)
}

// soonest is the earlier of two instants; a zero one does not count.
func soonest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(times ...time.Time) (last time.Time) {
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}
