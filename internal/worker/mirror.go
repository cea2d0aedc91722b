package worker

import (
	"context"
	"errors"
	"strconv"
	"time"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/jobs"
	"godwit/internal/social"
	"godwit/internal/store"
)

// findFile finds the file of a status as it is to be sent.
type findFile func(context.Context, social.DraftFile) (fedi.File, error)

// poster is what mirroring needs of a home server.
type poster interface {
	bridge.Poster
	Instance(ctx context.Context) (social.Instance, error)
}

// mirror does one act for a Destination's Mirrors: it plans one, posts one
// status or sends one file, looks whether one stands, or deletes one again.
func (w *Worker) mirror(ctx context.Context, t social.Task, _ int) (time.Time, error) {
	now := w.now()
	x, err := w.store.MirrorWorkFor(ctx, t)
	if err != nil || x.Mirror.ID == 0 {
		return time.Time{}, err
	}
	if until := rests(x.Home, now); !until.IsZero() {
		return until, nil
	}
	r := w.turn(t, x, now)
	switch {
	case !now.Before(x.Home.RobotsAt):
		return r.readRobots(ctx)
	case x.Home.Shut:
		return x.Home.RobotsAt, nil
	case x.Mirror.PlannedAt.IsZero():
		return r.plan(ctx)
	case !fedi.MayPost(x.Destination.Scopes):
		return r.save(ctx, nil, noPostScope(r.d.Host))
	case !w.isHeld(x.Mirror):
		return r.hold(ctx)
	}
	act, until := bridge.MirrorNext(bridge.MirrorWork{Destination: x.Destination, Mirror: x.Mirror, Budgets: x.Budgets, Jobs: x.Jobs,
		Parents: x.Parents, LastAt: x.Mirror.LastAt}, now)
	if act.Kind == bridge.MirrorRest {
		return restUntil(until, now), nil
	}
	if act.Kind == bridge.MirrorPost {
		return r.post(ctx, act)
	}
	return r.do(ctx, act)
}

// post sends a status, unless its server or its person wants no more of them.
func (r *turn) post(ctx context.Context, act bridge.MirrorAct) (time.Time, error) {
	until, acted, err := r.heed(ctx, &act)
	if err == nil && acted == nil && until.IsZero() {
		acted, err = r.byHand(ctx)
	}
	switch {
	case err != nil:
		return time.Time{}, err
	case acted != nil:
		return r.save(ctx, nil, acted)
	case !until.IsZero():
		return until, nil
	}
	return r.do(ctx, act)
}

func noPostScope(host string) error {
	return fault.New(fault.Paused, "no-post-scope", "{host} hasn't given the permission to post yet. Nothing was sent; connect the account again and allow posting and pictures.", "host", host)
}

// turn is one act of mirroring for one Destination.
type turn struct {
	*visit
	x      store.MirrorWork
	m      social.Mirror
	server poster
	ctx    context.Context   // of the act, for the files of a live Mirror
	files  map[string]string // brought here for it, by their addresses
}

func (w *Worker) turn(t social.Task, x store.MirrorWork, now time.Time) *turn {
	r := &turn{visit: w.visit(t, x.Destination, x.Home, x.Budgets, now), x: x, m: x.Mirror}
	r.server = w.poster(x.Destination, x.Token, r.observe, r.find)
	return r
}

// observe learns from every answer of the home server.
func (r *turn) observe(c fedi.Call) {
	r.w.count(c)
	if c.Limit != nil {
		r.budgets = bridge.MirrorLearn(r.budgets, r.d, *c.Limit, c.Path, c.At)
	}
}

// do writes down what is about to be done and spent, does it, and writes how it
// went: whoever finds the row in between knows nothing of its end.
func (r *turn) do(ctx context.Context, a bridge.MirrorAct) (time.Time, error) {
	start := store.MirrorStart{Was: a.Job}
	var err error
	if a.Job, start.Drafts, err = r.begin(ctx, a); err != nil {
		return time.Time{}, err
	}
	if err := r.enter(ctx, bridge.MirrorRequests(a)); err != nil {
		return time.Time{}, err
	}
	r.budgets = bridge.MirrorSpend(r.budgets, r.d, a, r.now)
	start.Begun, start.Budgets = a.Job, r.changed()
	if err := r.w.store.BeginMirror(ctx, r.t, r.m, start, r.now); err != nil {
		return time.Time{}, err
	}
	known, err := r.w.known(ctx, a, r.d.ID)
	if err != nil {
		return time.Time{}, err
	}
	r.ctx = ctx
	defer r.dropFetched()
	job := a.Job
	if broken := jobs.Safely(r.w.log, func() error { job, err = r.call(ctx, a, known); return nil }); broken != nil {
		job, err = a.Job, broken // as begun: it is read back, or counted, next time
	}
	if err == nil && a.Kind == bridge.MirrorPost {
		err = r.w.refusals(r.m.ID, job, r.d.Host)
	}
	return r.saveHeld(ctx, []social.StatusJob{job}, err)
}

// refusals stops a Mirror whose server takes none of its posts, before all are
// spent on it.
func (w *Worker) refusals(id int64, job social.StatusJob, host string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if job.State != social.StatusFailed || job.Reason != social.MirrorRefused {
		delete(w.refused, id)
		return nil
	}
	if w.refused[id]++; w.refused[id] < mostRefused {
		return nil
	}
	delete(w.refused, id)
	return fault.New(fault.Paused, "mirror-refuses", "{host} refused {n} posts in a row, so we stopped. Perhaps it does not want carried-over posts: read its rules, or ask its admins, before you go on.",
		"host", host, "n", strconv.Itoa(mostRefused))
}

// begin readies the row of an act, and others of its Post.
func (r *turn) begin(ctx context.Context, a bridge.MirrorAct) (job social.StatusJob, others []social.StatusJob, err error) {
	job = a.Job
	switch a.Kind {
	case bridge.MirrorUpload:
		job = bridge.BeginFile(job, a.File, r.now)
	case bridge.MirrorPost:
		others, err = r.rewrite(ctx, &job)
		job = bridge.Begin(job, r.now)
	case bridge.MirrorReadBack:
		others, err = r.rewrite(ctx, &job)
	}
	return job, others, err
}

// known tells of the statuses that the ledgers hold, where an act needs that.
func (w *Worker) known(ctx context.Context, a bridge.MirrorAct, destinationID int64) (bridge.Known, error) {
	if a.Kind != bridge.MirrorReadBack {
		return nil, nil
	}
	all, err := w.store.MirrorKnown(ctx, destinationID)
	return knownIn(all), err
}

func knownIn(all map[social.RemoteID]time.Time) bridge.Known {
	return func(id social.RemoteID) (time.Time, bool) {
		at, ok := all[id]
		return at, ok
	}
}

func (r *turn) call(ctx context.Context, a bridge.MirrorAct, known bridge.Known) (social.StatusJob, error) {
	now, parent := r.w.now(), bridge.InReplyTo(r.x.Parents[a.Job.ParentID])
	switch a.Kind {
	case bridge.MirrorUpload:
		return bridge.UploadFile(ctx, r.server, a.Job, a.File, now)
	case bridge.MirrorAskFile:
		return bridge.AskFile(ctx, r.server, r.d, a.Job, a.File, now)
	case bridge.MirrorLook:
		return bridge.LookParent(ctx, r.server, r.d, a.Job, parent, now)
	case bridge.MirrorPost:
		return bridge.Post(ctx, r.server, r.d, a.Job, parent, now)
	case bridge.MirrorReadBack:
		job, err := bridge.ReadBack(ctx, r.server, r.d, a.Job, parent, known, now)
		if r.m.State == social.MirrorUndoing {
			job = bridge.StillUndo(job, now)
		}
		return job, err
	}
	return bridge.Undo(ctx, r.server, r.d, a.Job, now)
}

// save writes rows, what was learnt, and whether the home server or what it did
// stops the Mirror. When the archive is needed no more, it is let
// go.
func (r *turn) save(ctx context.Context, after []social.StatusJob, acted error) (time.Time, error) {
	step := store.MirrorStep{Jobs: after, Budgets: r.changed()}
	if state, stopped := bridge.StateAfter(acted); stopped && state != social.LimitReached {
		r.d.State, step.State = state, state
	} else if f, ok := errors.AsType[*fault.Fault](acted); ok && f.Kind == fault.Paused {
		step.Halt = f
	}
	if isFileAway(acted) { // the row knows, and it is not the home server's trouble
		acted = nil
	}
	needed := true
	now := r.w.now()
	err := r.w.keep(ctx, func(ctx context.Context) (err error) {
		needed, err = r.w.store.SaveStep(ctx, r.t, r.m, step, now)
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	if err := r.noteHealth(ctx, acted); err != nil {
		return time.Time{}, err
	}
	if !needed {
		r.letGo(ctx)
	}
	if step.Halt != nil {
		return time.Time{}, nil // until the person has seen to it
	}
	return r.next(acted)
}

// saveHeld is save after the server was looked at: the ledger holds what stands.
func (r *turn) saveHeld(ctx context.Context, after []social.StatusJob, acted error) (time.Time, error) {
	next, err := r.save(ctx, after, acted)
	if !fault.Is(err, fault.Conflict) {
		r.w.holds(r.m.ID, r.now)
	}
	return next, err
}

// letGo deletes an upload that was kept for the Mirror.
func (r *turn) letGo(ctx context.Context) {
	spool, err := r.w.store.ReleaseArchive(ctx, r.m.UserID, r.m.SourceID)
	if err == nil && spool != "" {
		err = r.w.spool.Delete(spool)
	}
	if err != nil {
		r.w.log.Warn("an archive could not be deleted; the sweep tries again", "task", r.t.String(), "cause", err.Error())
	}
}

// isHeld reports whether this process held the Mirror's ledger against what
// stands on the server, and the database has not gone back since.
func (w *Worker) isHeld(m social.Mirror) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, ok := w.held[m.ID]
	return ok && !m.LastAt.Before(at.Truncate(time.Microsecond))
}

func (w *Worker) holds(id int64, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.held[id]; !ok && len(w.held) >= maxMet {
		clear(w.held) // to be looked at again costs a request each
	}
	w.held[id] = at
}

// hold reads what the account posted since the last row that was sent, before
// the Mirror's first act in a process: in a database that was restored from a
// backup rows wait that were sent long ago. They are read back, not sent again
// (ENG-03).
func (r *turn) hold(ctx context.Context) (time.Time, error) {
	waiting, err := r.w.store.MirrorWaiting(ctx, r.m.ID)
	if err != nil {
		return time.Time{}, err
	}
	if len(waiting) == 0 || r.m.State == social.MirrorUndoing {
		return r.saveHeld(ctx, nil, nil)
	}
	known, err := r.w.store.MirrorKnown(ctx, r.d.ID)
	if err != nil {
		return time.Time{}, err
	}
	if err := r.enter(ctx, 1); err != nil {
		return time.Time{}, err
	}
	strays, sure, acted := bridge.Strays(ctx, r.server, r.d, waiting, knownIn(known), r.x.LastSent)
	if acted != nil {
		return r.save(ctx, nil, acted)
	}
	suspects := bridge.Suspects(waiting, strays, r.x.LastSent, r.w.now())
	if len(suspects) > 0 {
		r.w.log.Warn("the server holds posts that the database knows nothing of; they are read back", "task", r.t.String(), "posts", len(suspects))
	}
	if !sure {
		acted = fault.New(fault.Paused, "mirror-unsure", "So much was posted from this account since we last looked that we can't tell whether some of it was ours. Nothing was sent; look at your profile, and go on if nothing stands there twice.")
	}
	return r.saveHeld(ctx, suspects, acted)
}
