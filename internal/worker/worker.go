// Package worker is the corridor between the rooms: each handler claims a row,
// asks one room, writes the row and says when it is due again.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/jobs"
	"godwit/internal/social"
	"godwit/internal/store"
)

// Deps is what a Worker works with.
type Deps struct {
	Store *store.Store
	Door  *fedi.Door
	Spool *store.Spool
	Now   func() time.Time // default: time.Now
	Log   *slog.Logger     // default: slog.Default()

	// Post and Letters send e-mail; nil where the operator set none up.
	Post    post
	Letters Letters

	// Outcome, which may be nil, is told of every FollowJob whose Outcome this
	// process wrote, as it happens.
	Outcome func(social.FollowJob)
}

// Worker works on tasks. It is safe for concurrent use.
type Worker struct {
	store *store.Store
	spool *store.Spool
	now   func() time.Time
	log   *slog.Logger

	realm   social.Realm
	mover   bridge.Mover
	forbids func(ctx context.Context, host string) (bool, error) // by its robots.txt
	posts   posts
	pages   pages
	remote  remote
	lists   func(host string, token social.Secret) OwnLists
	about   func(ctx context.Context, host string) (social.Server, error)
	home    func(d social.Destination, token social.Secret, observe func(fedi.Call)) home
	told    func(social.FollowJob)
	poster  func(d social.Destination, token social.Secret, observe func(fedi.Call), find findFile) poster
	post    post
	letters Letters

	requests, limited atomic.Int64
	reading           sync.Map // of exports being read, by Source id

	mu      sync.Mutex
	met     map[int64]time.Time    // when this process read a Destination's account
	wrote   map[social.Outcome]int // by this process
	refused map[int64]int          // posts of a Mirror that were refused in a row
	held    map[int64]time.Time    // the last act of a Mirror that this process knows of
}

// New makes a Worker.
func New(d Deps) *Worker {
	w := &Worker{store: d.Store, spool: d.Spool, now: d.Now, log: d.Log, told: d.Outcome, post: d.Post, letters: d.Letters,
		met: map[int64]time.Time{}, wrote: map[social.Outcome]int{}, held: map[int64]time.Time{}, refused: map[int64]int{}}
	if w.now == nil {
		w.now = time.Now
	}
	if w.log == nil {
		w.log = slog.Default()
	}
	if w.told == nil {
		w.told = func(social.FollowJob) {}
	}
	out := asker{d.Door, d.Store, w.now}
	w.realm, w.mover, w.forbids, w.posts, w.pages, w.about = d.Door.Realm(), out, d.Door.Forbids, out, out, out.About
	w.remote, w.lists = d.Door, func(host string, token social.Secret) OwnLists { return d.Door.Lists(host, token) }
	w.home = func(dest social.Destination, token social.Secret, observe func(fedi.Call)) home {
		return d.Door.Account(dest.Host, token, dest.Flavour, observe)
	}
	w.poster = func(dest social.Destination, token social.Secret, observe func(fedi.Call), find findFile) poster {
		return d.Door.Home(dest.Host, token, dest.Flavour, observe).Posting(find)
	}
	return w
}

// Traffic is what this process asked of home servers since its start.
type Traffic struct {
	Requests int64
	Limited  int64 // of them answered with 429
}

// Traffic returns the counts so far.
func (w *Worker) Traffic() Traffic { return Traffic{w.requests.Load(), w.limited.Load()} }

// Outcomes counts the Outcomes of follows that this process wrote.
func (w *Worker) Outcomes() map[social.Outcome]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.wrote)
}

func (w *Worker) tell(job social.FollowJob) {
	w.mu.Lock()
	w.wrote[job.Outcome]++
	w.mu.Unlock()
	w.told(job)
}

// step works on one claimed task and returns when it is due again, zero for
// when it is rung for. attempts counts the tries in a row, this one included.
type step func(ctx context.Context, t social.Task, attempts int) (next time.Time, err error)

// steps returns the step of a kind and how long it may take, 0 for as long as
// it needs.
func (w *Worker) steps(kind social.TaskKind) (step, time.Duration) {
	switch kind {
	case social.ImportTask:
		return w.importSource, 0
	case social.MatchTask:
		return w.match, matchTime
	case social.LookUpTask:
		return w.lookUpOne, lookUpTime
	case social.FollowTask:
		return w.follow, followTime
	case social.MirrorTask:
		return w.mirror, 0
	case social.ServerTask:
		return w.askServer, lookUpTime
	case social.MailTask:
		return w.writeMail, mailTime
	}
	return nil, 0
}

// Handle claims the task, works one step of it and gives the claim back: it is
// the jobs.Handler. Conflict says that the task is not due or another has it.
// Another error says that the database did not take the result; the claim then
// ends by itself.
func (w *Worker) Handle(ctx context.Context, asked social.Task) error {
	do, limit := w.steps(asked.Kind)
	if do == nil {
		return fault.New(fault.Conflict, "unknown-task", "There is no task of this kind.")
	}
	t, attempts, err := w.store.Claim(ctx, asked.Kind, asked.ID, w.now(), lease)
	if err != nil {
		return err
	}
	next, err := w.work(ctx, t, attempts, do, limit)
	return w.settle(ctx, t, attempts, next, err)
}

// work runs the step while its claim is renewed. A panic is an error.
func (w *Worker) work(ctx context.Context, t social.Task, attempts int, do step, limit time.Duration) (next time.Time, err error) {
	ctx, stop := w.hold(ctx, t, limit)
	defer stop()
	err = jobs.Safely(w.log, func() (err error) {
		next, err = do(ctx, t, attempts)
		return err
	})
	if cause := context.Cause(ctx); err != nil && fault.Is(cause, fault.Conflict) {
		return time.Time{}, cause
	}
	return next, err
}

// hold returns a context that ends when the time is over or the claim is lost,
// and renews the claim until stop.
func (w *Worker) hold(ctx context.Context, t social.Task, limit time.Duration) (_ context.Context, stop func()) {
	ctx, lose := context.WithCancelCause(ctx)
	release := func() {}
	if limit > 0 {
		ctx, release = context.WithTimeout(ctx, limit)
	}
	var group sync.WaitGroup
	group.Go(func() { w.renew(ctx, t, lose) })
	return ctx, func() {
		lose(nil)
		release()
		group.Wait()
	}
}

// renew keeps the claim. When it cannot for as long as the lease, somebody else
// may have the task, so the step ends without writing.
func (w *Worker) renew(ctx context.Context, t social.Task, lose func(error)) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := w.store.Renew(ctx, t, w.now(), lease)
		if err == nil {
			last = time.Now()
			continue
		}
		if fault.Is(err, fault.Conflict) || time.Since(last) > lease-renewEvery {
			lose(fault.New(fault.Conflict, "claim-lost", "This was taken over in the meantime.").Because(err))
			return
		}
	}
}

// settle gives the claim back as the error says. At shutdown the step simply
// begins anew, here or elsewhere; that is no failure of the task.
func (w *Worker) settle(ctx context.Context, t social.Task, attempts int, next time.Time, err error) error {
	ended := ctx.Err() != nil
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer stop()
	v := jobs.Verdict{Next: next}
	switch {
	case err != nil && ended:
		v = jobs.Verdict{Next: w.now()}
	case err != nil:
		v = jobs.Judge(err, attempts, w.now())
		w.note(t, attempts, v, err)
	}
	if v.Lost { // if it was not the claim but the row that changed, look again soon
		v = jobs.Verdict{Next: w.now().Add(time.Second)}
	}
	saved := w.store.Settle(ctx, t, v.Next, v.Failed)
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Disk) {
		return err
	}
	return saved
}

// note logs what went wrong with a step; what is usual only in detail.
func (w *Worker) note(t social.Task, attempts int, v jobs.Verdict, err error) {
	level := slog.LevelDebug
	if v.Failed || fault.Is(err, fault.Disk) {
		level = slog.LevelWarn
	}
	w.log.Log(context.Background(), level, "a step failed", "task", t.String(), "attempts", attempts, "again", v.Next, "cause", err.Error())
}

// keep writes a result that the far side already knows of, and does not give
// up at the first trouble: what is lost here has to be found out again.
func (w *Worker) keep(ctx context.Context, save func(context.Context) error) error {
	hard, stop := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer stop()
	for pause := time.Second; ; pause *= 2 {
		err := save(hard)
		if err == nil || fault.Is(err, fault.Conflict) || !waited(ctx, hard, pause) {
			return err
		}
	}
}

// waited waits for d and reports whether neither context ended meanwhile.
func waited(a, b context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-a.Done():
	case <-b.Done():
	}
	return false
}

// sentence is the Fault in err, or one with the general sentence.
func sentence(err error) *fault.Fault {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f
	}
	return fault.New(fault.Broken, "broken", fault.Say(err)).Because(err)
}
