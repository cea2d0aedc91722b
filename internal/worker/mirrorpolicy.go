package worker

import (
	"context"
	"time"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/social"
)

// policy is the server's published word on carried-over posts. Whatever a Mirror
// was planned with, it holds for what leaves now.
func (r *turn) policy(ctx context.Context) (social.MirrorPolicy, error) {
	return r.w.store.MirrorPolicy(ctx, r.d.Host)
}

func notWanted(kind fault.Kind, host string) *fault.Fault {
	return fault.New(kind, "mirror-not-wanted", "{host} does not want carried-over posts. We respect that: nothing was sent.", "host", host)
}

// heed holds a status against the policy before it leaves: acted is that the
// server wants none, until when its allowance for the day is used up.
func (r *turn) heed(ctx context.Context, a *bridge.MirrorAct) (until time.Time, acted, err error) {
	p, err := r.policy(ctx)
	if err != nil || p.Choice == social.MirrorUnsaid {
		return time.Time{}, nil, err
	}
	if !p.Allows() {
		return time.Time{}, notWanted(fault.Paused, r.d.Host), nil
	}
	if a.Job.Draft.Visibility.WiderThan(p.Widest()) {
		a.Job.Draft.Visibility = p.Widest()
	}
	if p.Choice != social.MirrorDaily || a.Job.Part > 1 || !a.Job.TriedAt.IsZero() {
		return time.Time{}, nil, nil
	}
	day := r.now.UTC().Truncate(24 * time.Hour)
	sent, err := r.w.store.PostedSince(ctx, r.d.ID, day)
	if err == nil && p.Left(sent) == 0 {
		until = day.Add(24 * time.Hour)
	}
	return until, nil, err
}

// quieter gives rules the widest visibility that a policy allows.
func quieter(r social.MirrorRules, p social.MirrorPolicy) social.MirrorRules {
	if r.Visibility != "" && r.Visibility.WiderThan(p.Widest()) {
		r.Visibility = p.Widest()
	}
	return r
}
