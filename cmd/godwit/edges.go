package main

import (
	"context"
	"fmt"
	"time"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/social"
)

// edgeKinds are what --also may name.
var edgeKinds = map[string]social.EdgeKind{"lists": social.Listed, "mutes": social.Muted, "blocks": social.Blocked}

// planEdges plans what the person wants carried over besides follows.
func (f *following) planEdges(ctx context.Context) error {
	var kinds []social.EdgeKind
	for _, name := range f.options.also {
		kind, ok := edgeKinds[name]
		if !ok {
			return usage("no-such-edge", "--also takes lists, mutes and blocks.")
		}
		if now, wider := bridge.Carries(f.destination, kind); !now && wider {
			return fault.New(fault.Invalid, "too-narrow", "For {what} {host} has to give more permission: godwit login @{handle} --also {what}. Nothing was changed.",
				"what", name, "host", f.destination.Host, "handle", f.destination.Handle.String())
		} else if !now {
			return fault.New(fault.Invalid, "not-carried", "We can't carry mutes, blocks and lists over to {host}.", "host", f.destination.Host)
		}
		kinds = append(kinds, kind)
	}
	if len(kinds) == 0 {
		return nil
	}
	n, err := f.store.PlanEdges(ctx, f.user.ID, f.destination.ID, kinds, time.Now().UTC())
	if err == nil && !f.options.json {
		fmt.Fprintf(f.stderr, "%d mutes, blocks and list entries to carry over.\n", n)
	}
	return err
}

// edges counts what was planned of mutes, blocks and lists by their Outcomes,
// and those that still wait.
func (f *following) edges(ctx context.Context) (byOutcome map[social.Outcome]int, waiting int, err error) {
	all, err := f.store.ListEdgeJobs(ctx, f.user.ID, f.destination.ID)
	byOutcome = map[social.Outcome]int{}
	for _, j := range all {
		if j.State == social.JobPlanned || j.State == social.JobUndoing {
			waiting++
			continue
		}
		byOutcome[j.Outcome]++
	}
	return byOutcome, waiting, err
}

// printEdges says what became of them, if there are any.
func (f *following) printEdges(ctx context.Context) error {
	n, waiting, err := f.edges(ctx)
	total := waiting
	for _, k := range n {
		total += k
	}
	if err != nil || total == 0 || f.options.json {
		return err
	}
	fmt.Fprintf(f.stdout, "Mutes, blocks and lists: %d carried over, %d there already, %d taken back, %d not, %d waiting.\n",
		n[social.Applied], n[social.Already], n[social.Undone], n[social.Gone]+n[social.Declined]+n[social.Deferred], waiting)
	return nil
}
