package worker

import (
	"context"
	"time"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/social"
)

// handOver gives the home server a list to follow. That its accounts are in it
// is written first, so that a crash leaves them to be looked for, and not to be
// handed over again at once.
func (r *round) handOver(ctx context.Context) (time.Time, error) {
	if err := r.enter(ctx); err != nil {
		return time.Time{}, err
	}
	handed := make([]social.FollowJob, len(r.plan.Batch))
	for i, job := range r.plan.Batch {
		handed[i] = bridge.Handed(job, r.now)
	}
	r.budgets = bridge.Spend(r.budgets, r.d, r.plan, r.now)
	kept, err := r.w.store.BeginHandOver(ctx, r.t, handed, r.changed(), bridge.NextRoll(r.now, r.now), r.now)
	if err != nil {
		return time.Time{}, err
	}
	r.tell(kept)
	back, refused, acted := bridge.Hand(ctx, r.server, kept, r.w.now())
	if refused {
		r.d.ByList = false
		r.w.log.Warn("a server takes no lists from an account; its accounts are followed one by one", "host", r.d.Host)
	}
	if err := r.save(ctx, back, acted); err != nil {
		return time.Time{}, err
	}
	return r.next(acted)
}

// callRoll reads a page of whom the account follows by now. handed is when the
// last list was handed over of which some are missing. A server that shows no
// such list leaves each account to be looked at by itself.
func (r *round) callRoll(ctx context.Context, handed time.Time) (time.Time, error) {
	if err := r.enter(ctx); err != nil {
		return time.Time{}, err
	}
	r.budgets = bridge.Spend(r.budgets, r.d, r.plan, r.now)
	page, next, acted := bridge.CallRoll(ctx, r.server, r.d, handed, r.w.now())
	if fault.Is(acted, fault.Gone) || fault.Is(acted, fault.Broken) {
		next, acted = social.Roll{}, nil
	}
	if acted == nil {
		changed, err := r.w.store.SaveRoll(ctx, r.t, page, next, r.w.now())
		if err != nil {
			return time.Time{}, err
		}
		r.tell(changed)
	}
	if err := r.save(ctx, nil, acted); err != nil {
		return time.Time{}, err
	}
	return r.next(acted)
}
