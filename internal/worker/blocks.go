package worker

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// blocksDue reports whether the Destination's server is to be asked whom it
// suspends: once a day for all who follow from there. An undo needs no list.
func (w *Worker) blocksDue(ctx context.Context, d social.Destination, now time.Time) (bool, error) {
	if d.State != social.Active || d.Follow == social.FollowUndoing {
		return false, nil
	}
	at, err := w.store.BlocksDue(ctx, d.Host)
	return err == nil && !now.Before(at), err
}

// readBlocks reads the list, and goes on with the following. Where it cannot be
// read the following does not wait for it.
func (r *round) readBlocks(ctx context.Context) (time.Time, error) {
	if err := r.enter(ctx); err != nil {
		return time.Time{}, err
	}
	digests, acted := r.server.Suspended(ctx)
	if fault.Is(acted, fault.Wait) {
		return r.next(acted)
	}
	var down error // what else went wrong is no matter of the following
	if fault.Is(acted, fault.Unavailable) {
		down = acted
	}
	if err := r.save(ctx, nil, down); err != nil {
		return time.Time{}, err
	}
	now := r.w.now()
	if acted != nil {
		r.w.log.Info("a server's published blocks could not be read", "task", r.t.String(), "cause", acted.Error())
		return now, r.w.store.PutOffBlocks(ctx, r.d.Host, now.Add(blocksAgain))
	}
	return now, r.w.store.SaveBlocks(ctx, r.d.Host, digests, now.Add(blocksEvery), now)
}
