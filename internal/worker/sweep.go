package worker

import (
	"context"
	"time"
)

// Sweep deletes what has outlived its days, looks again at what proves
// registrations, and writes down where waves stand, now and every ten minutes, until ctx ends. Several processes may sweep the same data.
func (w *Worker) Sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := w.SweepOnce(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("old things could not be deleted; the next sweep tries again", "cause", err.Error())
		}
		if err := w.CheckRegistrations(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("registrations could not be checked; the next sweep tries again", "cause", err.Error())
		}
		if err := w.store.CountWaves(ctx, w.now()); err != nil && ctx.Err() == nil {
			w.log.Warn("waves could not be counted; the next sweep tries again", "cause", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// SweepOnce deletes old rows, and uploads that no Source needs any more.
func (w *Worker) SweepOnce(ctx context.Context) error {
	if _, err := w.store.Sweep(ctx, w.now()); err != nil {
		return err
	}
	needed, err := w.store.Spools(ctx)
	if err != nil {
		return err
	}
	_, err = w.spool.Sweep(needed, w.now())
	return err
}
