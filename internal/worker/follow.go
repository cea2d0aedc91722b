package worker

import (
	"context"
	"time"

	"godwit/bridge"
	"godwit/internal/fedi"
	"godwit/internal/jobs"
	"godwit/internal/social"
	"godwit/internal/store"
)

// follow does one act for a Destination: it finds or follows one account, or
// checks a batch of those asked before.
func (w *Worker) follow(ctx context.Context, t social.Task, _ int) (time.Time, error) {
	now := w.now()
	x, err := w.store.FollowWorkFor(ctx, t, now)
	if err != nil {
		return time.Time{}, err
	}
	if until := rests(x.Home, now); !until.IsZero() {
		return until, nil
	}
	if !now.Before(x.Home.RobotsAt) {
		return w.visit(t, x.Destination, x.Home, x.Budgets, now).readRobots(ctx)
	}
	if x.Home.Shut {
		return x.Home.RobotsAt, nil
	}
	if due, err := w.blocksDue(ctx, x.Destination, now); err != nil || due {
		if err != nil {
			return time.Time{}, err
		}
		r := w.round(t, x, bridge.Act{}, now)
		defer r.noteLoad(ctx)
		return r.readBlocks(ctx)
	}
	act, until := bridge.Next(bridge.Work{Destination: oneByOne(x), Budgets: x.Budgets, Due: x.Due, Confirm: x.Confirm, NextDue: x.NextDue}, now)
	edges := edgeTurn(x, now)
	carries := act.Kind == bridge.Rest && !edges.IsZero() && !edges.After(now)
	if act.Kind == bridge.Rest && !carries {
		return restUntil(soonest(until, edges), now), nil
	}
	r := w.round(t, x, act, now)
	defer r.noteLoad(ctx)
	if !w.hasMet(x.Destination.ID, now) {
		return r.meet(ctx)
	}
	switch act.Kind {
	case bridge.Rest:
		return r.carry(ctx, x.Edge)
	case bridge.HandOver:
		return r.handOver(ctx)
	case bridge.Roll:
		return r.callRoll(ctx, x.Handed)
	}
	if err := r.begin(ctx); err != nil {
		return time.Time{}, err
	}
	after, acted := r.act(ctx)
	if err := r.save(ctx, after, acted); err != nil {
		return time.Time{}, err
	}
	r.share(ctx, after)
	return r.next(acted)
}

// oneByOne is the Destination as the bridge decides for it: a Wave's member is
// followed for one by one, since no cap holds a list that is handed over whole.
func oneByOne(x store.FollowWork) social.Destination {
	d := x.Destination
	d.ByList = d.ByList && x.Wave == 0
	return d
}

// restUntil never lets a Destination that has nothing to do come back at once.
func restUntil(until, now time.Time) time.Time {
	if until.IsZero() {
		return until
	}
	return latest(until, now.Add(time.Second))
}

// home is what following needs of a home server.
type home interface {
	bridge.Carrier
	bridge.Lister
	VerifyCredentials(ctx context.Context) (social.RemoteAccount, error)
	Suspended(ctx context.Context) ([]string, error)
}

// hasMet reports whether this process read the Destination's account within a
// day.
func (w *Worker) hasMet(id int64, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, ok := w.met[id]
	return ok && now.Sub(at) < meetEvery
}

func (w *Worker) hasNowMet(id int64, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.met) >= maxMet {
		clear(w.met) // to be read again costs one request each
	}
	w.met[id] = now
}

// meet reads the Destination's own account before its first act in a process
// and then daily: whether the token is still its, and whether it follows
// anybody. Where it does, the bridge looks before it asks, so that a database
// restored from a backup sends nothing a second time (ENG-03).
func (r *round) meet(ctx context.Context) (time.Time, error) {
	if err := r.enter(ctx); err != nil {
		return time.Time{}, err
	}
	acct, err := r.server.VerifyCredentials(ctx)
	if err == nil {
		r.d.Following = acct.FollowingCount
		r.w.hasNowMet(r.d.ID, r.now)
		if acct.ID != r.d.RemoteID {
			r.d.State = social.PermissionLost
		}
	}
	if err := r.save(ctx, nil, err); err != nil {
		return time.Time{}, err
	}
	return r.next(err)
}

// round is one act of following for one Destination.
type round struct {
	*visit
	plan   bridge.Act
	server home
}

func (w *Worker) round(t social.Task, x store.FollowWork, act bridge.Act, now time.Time) *round {
	r := &round{visit: w.visit(t, x.Destination, x.Home, x.Budgets, now), plan: act}
	r.wave = x.Wave
	r.server = w.home(x.Destination, x.Token, r.observe)
	return r
}

// observe learns from every answer of the home server.
func (r *round) observe(c fedi.Call) {
	r.w.count(c)
	r.tally(c)
	if c.Limit != nil {
		r.budgets = bridge.Learn(r.budgets, r.d.Flavour, *c.Limit, c.Path, c.At)
	}
}

// begin writes down what is about to be done and spent, before it is. Whether
// it may be done at all is read again in the same transaction (ENG-16).
func (r *round) begin(ctx context.Context) error {
	if err := r.enter(ctx); err != nil {
		return err
	}
	r.budgets = bridge.Spend(r.budgets, r.d, r.plan, r.now)
	if r.plan.Kind == bridge.Recheck {
		return r.w.store.SaveFollows(ctx, r.t, nil, r.changed(), r.d, r.now)
	}
	return r.w.store.BeginFollow(ctx, r.t, r.plan.Job.ID, r.changed(), r.now)
}

// enter asks for the act's places at the home server's door.
func (r *round) enter(ctx context.Context) error { return r.visit.enter(ctx, bridge.Requests(r.plan)) }

// act does it, and returns the jobs as they are to be saved. A job that breaks
// us counts as a failed attempt of its own (ENG-07).
func (r *round) act(ctx context.Context) (after []social.FollowJob, err error) {
	if r.plan.Kind == bridge.Recheck {
		return bridge.Confirm(ctx, r.server, r.d, r.plan.Batch, r.w.now())
	}
	var job social.FollowJob
	panicked := jobs.Safely(r.w.log, func() error {
		job, err = bridge.Send(ctx, r.server, r.w.mover, r.d, r.plan.Job, r.w.now())
		return nil
	})
	if panicked != nil {
		return []social.FollowJob{bridge.Fail(r.plan.Job, r.w.now())}, nil
	}
	r.budgets = bridge.Reckon(r.budgets, r.plan, job, err, r.w.now())
	return []social.FollowJob{job}, err
}

// save writes the jobs, what was learnt, and the Destination's state if the
// home server stopped us.
func (r *round) save(ctx context.Context, after []social.FollowJob, acted error) error {
	if state, stopped := bridge.StateAfter(acted); stopped {
		r.d.State = state
	}
	budgets := r.changed()
	err := r.w.keep(ctx, func(ctx context.Context) error {
		now := budgets
		budgets = store.Taken(budgets) // nobody knows whether a try that failed was kept after all (QUE-07)
		return r.w.store.SaveFollows(ctx, r.t, after, now, r.d, r.w.now())
	})
	if err != nil {
		return err
	}
	r.tell(after)
	return r.noteHealth(ctx, acted)
}

// share keeps for others what was found out about an account on the home
// server, or drops what turned out to be old. What is lost of it costs a
// request, no more.
func (r *round) share(ctx context.Context, after []social.FollowJob) {
	if r.plan.Kind != bridge.Ask || r.plan.Job.State != social.JobPlanned || len(after) != 1 {
		return
	}
	had, has := known(r.plan.Job), known(after[0])
	var err error
	if had.ID != "" && (has.ID != had.ID || after[0].Outcome == social.Gone) {
		err = r.w.store.ForgetKnown(ctx, r.d.Host, had)
	}
	if err == nil && has.ID != "" && has.ID != had.ID {
		err = r.w.store.SaveKnown(ctx, r.d.Host, has, r.w.now())
	}
	if err != nil {
		r.w.log.Warn("an account's id is not shared", "task", r.t.String(), "cause", err.Error())
	}
}

// known is what a job says of its account on the home server. The identity of
// one that was moved to is not known.
func known(j social.FollowJob) social.Known {
	k := social.Known{Handle: j.Handle, ActorID: j.ActorID, ID: j.RemoteID, Locked: j.Locked}
	if !j.NewHandle.IsZero() {
		k.Handle, k.ActorID = j.NewHandle, ""
	}
	return k
}

// tell reports the Outcomes that are new.
func (r *round) tell(after []social.FollowJob) {
	before := map[int64]social.Outcome{r.plan.Job.ID: r.plan.Job.Outcome}
	for _, job := range r.plan.Batch {
		before[job.ID] = job.Outcome
	}
	for _, job := range after {
		if job.Outcome != social.NoOutcome && job.Outcome != before[job.ID] {
			r.w.tell(job)
		}
	}
}
