package worker

import (
	"context"
	"time"

	"godwit/bridge"
	"godwit/internal/fedi"
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
func (v *visit) readRobots(ctx context.Context) (time.Time, error) {
	if err := v.enterFor(ctx, 1, true); err != nil {
		return time.Time{}, err
	}
	shut, err := v.w.forbids(ctx, v.d.Host)
	if err != nil {
		return time.Time{}, err
	}
	now := v.w.now()
	if shut && !v.home.Shut {
		v.w.log.Warn("a server's robots.txt asks to be left alone; nothing is sent there any more", "host", v.d.Host)
	}
	return now, v.w.store.SaveRobots(ctx, v.d.Host, shut, now.Add(robotsEvery))
}

// far is what is asked of servers that are nobody's home server.
type far interface {
	bridge.Mover
	posts
	pages
	About(ctx context.Context, host string) (social.Server, error)
}

// asker asks servers other than home servers, apart from those that are to be
// left alone: these are asked nothing, whichever way leads to them.
type asker struct {
	door  far
	store *store.Store
	now   func() time.Time
}

// LookUp implements bridge.Mover.
func (a asker) LookUp(ctx context.Context, h social.Handle) (social.Resolution, error) {
	alone, err := a.spared(ctx, h.Host())
	if err != nil {
		return social.Resolution{}, err
	}
	if alone {
		return social.Resolution{State: social.Refused, Asked: h, CheckedAt: a.now()}, nil
	}
	return a.door.LookUp(fedi.Sparing(ctx, a.spared), h)
}

// ConfirmMove implements bridge.Mover. A move to a server that is to be left
// alone stays a claim.
func (a asker) ConfirmMove(ctx context.Context, from, to string) (social.Handle, error) {
	return a.door.ConfirmMove(fedi.Sparing(ctx, a.spared), from, to)
}

// XPost implements posts.
func (a asker) XPost(ctx context.Context, username, number string) (social.XPost, error) {
	return a.door.XPost(fedi.Sparing(ctx, a.spared), username, number)
}

// Page implements pages.
func (a asker) Page(ctx context.Context, address string) (social.LinkPage, error) {
	return a.door.Page(fedi.Sparing(ctx, a.spared), address)
}

// About asks a server what it says of itself.
func (a asker) About(ctx context.Context, host string) (social.Server, error) {
	return a.door.About(fedi.Sparing(ctx, a.spared), host)
}

func (a asker) spared(ctx context.Context, host string) (bool, error) {
	home, err := a.store.GetHome(ctx, host)
	return home.LeftAlone(), err
}
