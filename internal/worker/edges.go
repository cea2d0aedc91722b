package worker

import (
	"context"
	"time"

	"godwit/bridge"
	"godwit/internal/social"
	"godwit/internal/store"
)

// edgeTurn is when the Destination's next mute, block or list may be carried
// over, zero when there is none.
func edgeTurn(x store.FollowWork, now time.Time) time.Time {
	if x.Edge.ID == 0 {
		return time.Time{}
	}
	return bridge.EdgeTurn(x.Budgets, x.Destination, x.Edge, now)
}

// carry does one step of a mute, block or list, when no follow has its turn.
func (r *round) carry(ctx context.Context, job social.EdgeJob) (time.Time, error) {
	each, burst := bridge.HomePace(r.home, r.d.Flavour, r.now)
	err := r.w.store.EnterHome(ctx, r.t, r.d.Host, store.Entry{Requests: bridge.EdgeRequests(job), Each: each, Burst: burst}, r.now)
	if err != nil {
		return time.Time{}, err
	}
	r.budgets = bridge.SpendEdge(r.budgets, r.d, job, r.now)
	if err := r.w.store.BeginEdge(ctx, r.t, job, r.changed(), r.now); err != nil {
		return time.Time{}, err
	}
	after, acted := bridge.Carry(ctx, r.server, r.d, job, r.w.now())
	if state, stopped := bridge.StateAfter(acted); stopped {
		r.d.State = state
	}
	budgets := r.changed()
	err = r.w.keep(ctx, func(ctx context.Context) error {
		return r.w.store.SaveEdge(ctx, r.t, job.State, after, budgets, r.d, r.w.now())
	})
	if err != nil {
		return time.Time{}, err
	}
	if err := r.noteHealth(ctx, acted); err != nil {
		return time.Time{}, err
	}
	return r.next(acted)
}
