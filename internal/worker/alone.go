package worker

import (
	"context"
	"time"

	"godwit/bridge"
	"godwit/internal/social"
	"godwit/internal/store"
)

// rests is until when nothing is asked of a server, zero when it may be: its
// admins asked the operator to be left alone, or these are its quiet hours.
func rests(h social.Home, now time.Time) time.Time {
	if h.Alone {
		return now.Add(aloneRest)
	}
	return h.Quiet.Until(now)
}

// readRobots reads whether the home server's robots.txt shuts us out, which is
// how its admins ask to be left alone without asking anybody (OPS-08): hourly
// while somebody follows from there, before anything else is asked.
func (r *round) readRobots(ctx context.Context) (time.Time, error) {
	if err := r.enterFor(ctx, true); err != nil {
		return time.Time{}, err
	}
	shut, err := r.w.forbids(ctx, r.d.Host)
	if err != nil {
		return time.Time{}, err
	}
	now := r.w.now()
	if shut && !r.home.Shut {
		r.w.log.Warn("a server's robots.txt asks to be left alone; nothing is sent there any more", "host", r.d.Host)
	}
	return now, r.w.store.SaveRobots(ctx, r.d.Host, shut, now.Add(robotsEvery))
}

// asker asks accounts' own servers, apart from those that are to be left alone.
type asker struct {
	bridge.Mover
	store *store.Store
	now   func() time.Time
}

// LookUp implements bridge.Mover.
func (a asker) LookUp(ctx context.Context, h social.Handle) (social.Resolution, error) {
	home, err := a.store.GetHome(ctx, h.Host())
	if err != nil {
		return social.Resolution{}, err
	}
	if home.LeftAlone() {
		return social.Resolution{State: social.Refused, Asked: h, CheckedAt: a.now()}, nil
	}
	return a.Mover.LookUp(ctx, h)
}
