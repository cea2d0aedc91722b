package fedi

import (
	"context"
	"errors"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// LookUp asks h's own server who h is: WebFinger with the loop-back check and
// one hop at most, then one unsigned fetch of the actor for what its profile
// shows, as far as its server lets everybody see it. Every ending is a
// Resolution; FreshUntil is when it is worth asking again (an ill host's is
// the instant that it named itself, else now: how long to wait is the
// caller's to choose). The error is only ever that the caller gave up,
// or a fault of kind Wait when the host's turn did not come in time.
//
// Look-ups of one handle that run at the same time share one set of requests.
func (d *Door) LookUp(ctx context.Context, h social.Handle) (social.Resolution, error) {
	done := d.flights.DoChan(h.Key(), func() (any, error) {
		// One caller's giving up must not end the others' look-up.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wholeLookUp)
		defer cancel()
		return d.lookUp(ctx, h)
	})
	select {
	case <-ctx.Done():
		return social.Resolution{}, context.Cause(ctx)
	case out := <-done:
		r, _ := out.Val.(social.Resolution)
		r.Asked = h
		return r, out.Err
	}
}

func (d *Door) lookUp(ctx context.Context, h social.Handle) (social.Resolution, error) {
	c, err := d.confirm(ctx, h)
	now := d.now().UTC()
	if e, ok := errors.AsType[ending](err); ok {
		return ended(h, e, now), nil
	}
	if err != nil {
		return social.Resolution{}, slowDown(h.Host(), now.Add(minWait)).Because(err)
	}
	r := social.Resolution{Asked: h, State: social.Found, Handle: c.subject, ActorID: c.actor, Profile: c.profile,
		CheckedAt: now, FreshUntil: now.Add(c.fresh)}
	return d.describe(ctx, r), nil
}

// ended is the Resolution of a look-up without a confirmed handle.
func ended(h social.Handle, e ending, now time.Time) social.Resolution {
	r := social.Resolution{Asked: h, State: e.state, CheckedAt: now, FreshUntil: now.Add(negativeFresh)}
	switch e.state {
	case social.Ill:
		r.FreshUntil = now
		if e.again.After(now) {
			r.FreshUntil = e.again
		}
	case social.GoneForGood:
		r.FreshUntil = now.Add(maxFresh)
	}
	return r
}

// describe adds what the actor shows, best effort: a server that keeps it to
// itself changes nothing about the confirmed handle. An actor that calls itself
// something else than its server's WebFinger did is not confirmed.
func (d *Door) describe(ctx context.Context, r social.Resolution) social.Resolution {
	a, err := d.actorAt(ctx, r.ActorID)
	if e, ok := errors.AsType[ending](err); ok {
		return ended(r.Asked, e, r.CheckedAt)
	}
	if errors.Is(err, errMalformed) {
		return ended(r.Asked, ending{state: social.Unconfirmed}, r.CheckedAt)
	}
	if err != nil {
		return r
	}
	if a.is("Tombstone") {
		return ended(r.Asked, ending{state: social.GoneForGood}, r.CheckedAt)
	}
	a.describe(&r)
	if len(a.MovedTo) > 0 && a.MovedTo[0] != a.ID {
		r.MovedTo, r.MovedClaim, _ = d.moved(ctx, a.ID, a.MovedTo[0])
		if !r.MovedTo.IsZero() {
			r.MovedActor = a.MovedTo[0]
		}
	}
	return r
}

// ConfirmMove checks that the account with the actor id to says itself that it
// was from before, and returns its confirmed handle. A move that is not
// confirmed is Denied with the code "move-unconfirmed", also where the new
// account's server shows nothing without a signature; a host in trouble is
// Unavailable, Broken or a Wait.
func (d *Door) ConfirmMove(ctx context.Context, from, to string) (social.Handle, error) {
	within, cancel := context.WithTimeout(ctx, wholeLookUp)
	defer cancel()
	h, _, err := d.moved(within, from, to)
	e, isEnding := errors.AsType[ending](err)
	switch {
	case err == nil:
		return h, nil
	case stopped(ctx):
		return social.Handle{}, context.Cause(ctx)
	case isEnding && e.state == social.Ill:
		return social.Handle{}, explain(hostOf(to), e.cause)
	}
	return social.Handle{}, fault.New(fault.Denied, CodeMoveUnconfirmed, sayMoveUnconfirmed).Because(err)
}

// moved follows the claim that from is now to: the confirmed handle, when to
// names from as its own earlier account, and how to call what was claimed. One
// hop only: an account that moved on itself confirms nothing, nor does one that
// opted out. Without the check, the followers of a dead account could be sent
// to any stranger. The error is an ending.
func (d *Door) moved(ctx context.Context, from, to string) (confirmed social.Handle, claimed string, err error) {
	unconfirmed := ending{state: social.Unconfirmed}
	_, at, err := d.parseURL(to)
	if err != nil || from == to || from == "" {
		return social.Handle{}, "", unconfirmed
	}
	a, err := d.actorAt(ctx, to)
	if err != nil {
		return social.Handle{}, to, toEnding(err)
	}
	h, err := social.ParseHandle(a.User+"@"+at, d.realm)
	if err != nil {
		return social.Handle{}, to, unconfirmed
	}
	if !a.takesOver(from) {
		return social.Handle{}, h.String(), unconfirmed
	}
	c, err := d.confirm(ctx, h)
	if err == nil && c.actor != to {
		err = unconfirmed
	}
	if err != nil {
		return social.Handle{}, h.String(), err
	}
	return c.subject, c.subject.String(), nil
}

// takesOver reports whether a confirms that it was from, is still there and
// did not opt out.
func (a actor) takesOver(from string) bool {
	var r social.Resolution
	a.describe(&r)
	known := false
	for _, id := range a.AlsoKnownAs {
		known = known || id == from
	}
	return known && len(a.MovedTo) == 0 && !r.NoBot && !r.Suspended && !r.Memorial && !a.is("Tombstone")
}
