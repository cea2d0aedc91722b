package worker

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// askServer asks one server what it says of itself. A server that says nothing
// is no failure: it is asked again when somebody wants to know later on.
func (w *Worker) askServer(ctx context.Context, t social.Task, _ int) (time.Time, error) {
	host, err := w.store.ServerFor(ctx, t)
	if fault.Is(err, fault.NotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	about, err := w.about(ctx, host)
	if err != nil && ctx.Err() != nil {
		return time.Time{}, ctx.Err()
	}
	return time.Time{}, w.store.SaveServer(ctx, t, about, err == nil, w.now())
}
