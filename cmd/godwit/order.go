package main

import (
	"context"
	"fmt"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// order pauses, resumes, cancels or retries, as the pages do. It sends nothing
// itself.
func (f *following) order(ctx context.Context) error {
	if f.destination.Follow == social.FollowIdle || f.destination.Follow == social.FollowUndoing {
		return fault.New(fault.Invalid, "not-following", "Nothing is being followed from @{handle} at the moment. Nothing was changed.", "handle", f.destination.Handle.String())
	}
	if f.options.retry {
		return f.retry(ctx)
	}
	state := social.FollowRunning
	switch {
	case f.options.pause:
		state = social.FollowPaused
	case f.options.cancel:
		state = social.FollowStopped
	}
	if f.destination.Follow == social.FollowStopped && state != social.FollowStopped {
		return fault.New(fault.Invalid, "follow-canceled", "The following from @{handle} was canceled. Run godwit follow to begin again.", "handle", f.destination.Handle.String())
	}
	if err := f.store.SetFollowState(ctx, f.user.ID, f.destination.ID, state, time.Now().UTC()); err != nil {
		return err
	}
	return f.ordered(ctx, state, 0)
}

func (f *following) retry(ctx context.Context) error {
	n, err := f.store.RetryFollows(ctx, f.user.ID, f.destination.ID, 0, time.Now().UTC())
	if err != nil {
		return err
	}
	return f.ordered(ctx, f.destination.Follow, n)
}

// ordered says how things stand after an order.
func (f *following) ordered(ctx context.Context, state social.FollowState, retried int) error {
	c, err := f.store.FollowCounts(ctx, f.user.ID, f.destination.ID)
	if err != nil {
		return err
	}
	if f.options.json {
		return encoder(f.stdout).Encode(map[string]any{"state": state, "waiting": c.Waiting, "retried": retried})
	}
	from := "@" + f.destination.Handle.String()
	switch {
	case f.options.retry:
		fmt.Fprintf(f.stdout, "%d accounts are tried again from %s; run godwit follow, or leave \"godwit serve\" running.\n", retried, from)
	case f.options.pause:
		fmt.Fprintf(f.stdout, "Paused: %d accounts wait. Go on with godwit follow --resume.\n", c.Waiting)
	case f.options.resume:
		fmt.Fprintf(f.stdout, "Resumed: %d accounts wait; run godwit follow, or leave \"godwit serve\" running.\n", c.Waiting)
	default:
		fmt.Fprintf(f.stdout, "Canceled: nobody else is followed from %s. Whom you follow already, you still follow.\n", from)
	}
	return nil
}
