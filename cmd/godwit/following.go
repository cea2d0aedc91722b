package main

import (
	"context"
	"fmt"
	"time"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// following is one run of `godwit follow`.
type following struct {
	*house
	destination social.Destination
	options     followOptions
	started     time.Time
	before      map[int64]social.Outcome // of the jobs that were sent before this run
}

// run plans what is not planned yet and works until nothing more can be done
// now.
func (f *following) run(ctx context.Context, wanted int) error {
	if err := f.remember(ctx); err != nil {
		return err
	}
	if err := f.chooseWay(ctx); err != nil {
		return err
	}
	if err := f.planEdges(ctx); err != nil {
		return err
	}
	planned, err := f.store.PlanFollows(ctx, f.user.ID, f.destination.ID, time.Now().UTC())
	if err != nil {
		return err
	}
	counts, err := f.store.FollowCounts(ctx, f.user.ID, f.destination.ID)
	if err != nil {
		return err
	}
	unchecked, err := f.store.Unchecked(ctx, f.user.ID, f.destination.ID, time.Now().Add(patience))
	if err != nil {
		return err
	}
	_, edges, err := f.edges(ctx)
	if err != nil {
		return err
	}
	if counts.Waiting == 0 && planned == 0 && unchecked == 0 && edges == 0 {
		return f.nothingLeft(ctx, counts)
	}
	if !f.options.json && counts.Waiting > 0 {
		fmt.Fprintln(f.stderr, f.estimate(ctx, counts.Waiting))
	}
	worked := f.untilRest(ctx)
	if worked != nil && worked != errStopped {
		return worked
	}
	ended, err := f.report(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	if worked != nil || !ended {
		return errStopped
	}
	return nil
}

// chooseWay says whether the server is to follow lists, and has it read who
// arrived by a file.
func (f *following) chooseWay(ctx context.Context) error {
	d, now := f.destination, time.Now().UTC()
	if f.options.list && !bridge.TakesLists(d) {
		return fault.New(fault.Invalid, "no-import-here", "{host} takes no lists from this account. GoToSocial takes them with a wider permission: godwit login @{handle} --also import. Nothing was changed.",
			"host", d.Host, "handle", d.Handle.String())
	}
	if f.options.check {
		return f.store.CallRoll(ctx, f.user.ID, d.ID, now)
	}
	if !f.options.list && !d.ByList {
		return nil
	}
	return f.store.FollowByList(ctx, f.user.ID, d.ID, f.options.list, now)
}

// remember notes how the jobs that were sent before stand, so that this run
// reports only what is new.
func (f *following) remember(ctx context.Context) error {
	return f.eachJob(ctx, func(j social.FollowJob) {
		if j.State == social.JobDone || j.State == social.JobAsked {
			f.before[j.ID] = j.Outcome
		}
	})
}

// old reports whether nothing became of j in this run.
func (f *following) old(j social.FollowJob) bool {
	outcome, sent := f.before[j.ID]
	return sent && !waits(j) && j.Outcome == outcome
}

// waits reports that something is still to be done for j.
func waits(j social.FollowJob) bool {
	return j.State == social.JobPlanned || j.State == social.JobUndoing
}

// nothingLeft says why there is nothing to send.
func (f *following) nothingLeft(ctx context.Context, c store.FollowCounts) error {
	if f.options.json {
		return f.summary(nil, nil)
	}
	if c.Total > 0 {
		fmt.Fprintf(f.stdout, "Nothing to do: all %d accounts were handled before. Nothing was sent.\n", c.Total)
		return nil
	}
	m, err := f.store.MatchCounts(ctx, f.user.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(f.stdout, "Nothing to follow: no match is confirmed. %d likely, %d possible and %d in conflict wait for you in the pages of \"godwit serve\".\n",
		m.Likely, m.Possible, m.Conflict)
	return nil
}

func (f *following) estimate(ctx context.Context, n int) string {
	budgets, err := f.store.Budgets(ctx, f.destination.ID)
	if err != nil || len(budgets) == 0 {
		budgets = bridge.Starting(f.destination.Flavour, time.Now().UTC())
	}
	plan := bridge.Plan(f.destination, budgets, bridge.Wish{N: n}, time.Now().UTC())
	way := bridge.Background
	if f.options.list {
		way = bridge.List
	}
	return fmt.Sprintf("Following %d accounts from @%s. %s", n, f.destination.Handle, plan.For(way, time.Local).English)
}

// untilRest works until all that can be sent is sent and was looked at once,
// or what is left waits for longer than this run does.
func (f *following) untilRest(ctx context.Context) error {
	p := f.progress("Following")
	defer p.end("")
	return f.work(ctx, only{f.store, []social.TaskKind{social.FollowTask}}, func(ctx context.Context) (bool, error) {
		c, err := f.store.FollowCounts(ctx, f.user.ID, f.destination.ID)
		if err != nil {
			return false, err
		}
		p.set(int64(c.Total-c.Waiting), int64(c.Total), fmt.Sprintf("%d of %d", c.Total-c.Waiting, c.Total))
		return f.rests(ctx, c)
	})
}

func (f *following) rests(ctx context.Context, c store.FollowCounts) (bool, error) {
	unchecked, err := f.store.Unchecked(ctx, f.user.ID, f.destination.ID, time.Now().Add(patience))
	if err != nil {
		return true, err
	}
	_, edges, err := f.edges(ctx)
	if err != nil || c.Waiting == 0 && unchecked == 0 && edges == 0 {
		return true, err
	}
	return f.pauses(ctx, social.FollowRunning)
}

// pauses reports whether nothing goes on for now: somebody or something
// stopped it, or the next step is due later than this run waits for.
func (f *following) pauses(ctx context.Context, state social.FollowState) (bool, error) {
	d, err := f.store.GetDestination(ctx, f.user.ID, f.destination.ID)
	if err != nil || d.State != social.Active || d.Follow != state {
		return true, err
	}
	due, err := f.store.DueAt(ctx, social.FollowTask, d.ID)
	return err == nil && !f.options.wait && time.Until(due) > patience, err
}

func (f *following) eachJob(ctx context.Context, visit func(social.FollowJob)) error {
	for offset := 0; ; offset += matchPage {
		page, _, err := f.store.ListFollowJobs(ctx, f.user.ID, store.FollowFilter{DestinationID: f.destination.ID, Offset: offset, Limit: matchPage})
		if err != nil {
			return err
		}
		for _, j := range page {
			visit(j)
		}
		if len(page) < matchPage {
			return nil
		}
	}
}

// followed is the JSON line of one account.
type followed struct {
	Handle  string         `json:"handle"`
	Outcome social.Outcome `json:"outcome"`
	Reason  string         `json:"reason,omitempty"`
	Until   string         `json:"until,omitempty"`
}

// report says how each account of this run went; ended is false when some
// still wait.
func (f *following) report(ctx context.Context) (ended bool, err error) {
	d, err := f.store.GetDestination(ctx, f.user.ID, f.destination.ID)
	if err != nil {
		return false, err
	}
	var lines []followed
	ended = true
	err = f.eachJob(ctx, func(j social.FollowJob) {
		if f.old(j) || j.State == social.JobCanceled {
			return
		}
		if waits(j) {
			ended = false
		}
		lines = append(lines, f.line(j))
	})
	if err != nil {
		return false, err
	}
	carried, waiting, err := f.edges(ctx)
	ended = ended && waiting == 0
	switch {
	case err != nil:
	case f.options.json:
		err = f.summary(lines, carried)
	case f.options.undo:
		err = f.printUndone(d, lines)
	default:
		err = f.print(d, lines)
	}
	if err == nil {
		err = f.printEdges(ctx)
	}
	return ended, err
}

func (f *following) line(j social.FollowJob) followed {
	_, _, english := bridge.Say(j, f.destination.Host, time.Now())
	l := followed{Handle: j.Handle.String(), Outcome: j.Outcome, Reason: english}
	if waits(j) {
		l.Outcome, l.Until = social.Deferred, j.DueAt.UTC().Format(time.RFC3339)
	}
	return l
}

// count is how many accounts came to each Outcome.
func count(lines []followed) map[social.Outcome]int {
	n := map[social.Outcome]int{social.Followed: 0, social.Requested: 0, social.Already: 0, social.Moved: 0, social.Gone: 0, social.Declined: 0, social.Deferred: 0}
	for _, l := range lines {
		n[l.Outcome]++
	}
	return n
}

func (f *following) summary(lines []followed, carried map[social.Outcome]int) error {
	enc := encoder(f.stdout)
	for _, l := range lines {
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	traffic := f.worker.Traffic()
	last := map[string]any{"summary": count(lines), "requests": traffic.Requests, "rate_limited": traffic.Limited,
		"seconds": time.Since(f.started).Seconds()}
	if len(carried) > 0 {
		last["carried"] = carried
	}
	return enc.Encode(last)
}

func (f *following) print(d social.Destination, lines []followed) error {
	for _, l := range lines {
		if l.Outcome != social.Followed {
			fmt.Fprintf(f.stdout, "@%s: %s\n", l.Handle, l.Reason)
		}
	}
	if len(f.before) > 0 {
		fmt.Fprintf(f.stdout, "%d accounts were handled before; nothing was sent to them again.\n", len(f.before))
	}
	n := count(lines)
	fmt.Fprintf(f.stdout, "%d followed, %d asked, %d followed already, %d moved, %d gone, %d refused, %d waiting.\n",
		n[social.Followed], n[social.Requested], n[social.Already], n[social.Moved], n[social.Gone], n[social.Declined], n[social.Deferred])
	switch {
	case d.State == social.PermissionLost:
		fmt.Fprintf(f.stdout, "%s no longer accepts our permission. Run godwit login @%s and then godwit follow; it goes on where it stopped.\n", d.Host, d.Handle)
	case d.State == social.Disabled:
		fmt.Fprintf(f.stdout, "%s says your account is disabled or waiting for approval. We stopped; talk to its admins.\n", d.Host)
	case d.State == social.LimitReached:
		fmt.Fprintf(f.stdout, "You follow as many people as %s allows. The others are left over.\n", d.Host)
	case n[social.Deferred] > 0:
		fmt.Fprintln(f.stdout, "Run godwit follow again to go on, or leave \"godwit serve\" running.")
	}
	return nil
}
