package main

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"godwit/internal/config"
	"godwit/internal/fedi"
	"godwit/internal/jobs"
	"godwit/internal/mail"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/worker"
	"godwit/web"
)

// What uploads may take on disk, in bytes: of everybody on a service, and of the
// owner of a machine, whose one honest export may have 50 GB.
const (
	sharedQuota = 50 << 30
	ownQuota    = 64 << 30
)

// lookEvery is how often a waiting command looks at the rows.
const lookEvery = 250 * time.Millisecond

// house is everything that commands work with, opened and wired.
type house struct {
	*app
	store  *store.Store
	spool  *store.Spool
	door   *fedi.Door
	worker *worker.Worker
	user   social.User // the owner of this machine
}

// migrations is what the schema commands need of a store.
type migrations interface {
	Migrations(ctx context.Context) ([]store.Migration, error)
}

// openStore opens the database without touching its schema.
func (a *app) openStore(ctx context.Context) (*store.Store, error) {
	if err := a.cfg.MakeDataDir(); err != nil {
		return nil, err
	}
	keys, err := a.cfg.Keys()
	if err != nil {
		return nil, err
	}
	o := store.Options{URL: a.cfg.DatabaseURL.Reveal(), Path: a.cfg.DatabasePath()}
	if a.cfg.OpenTo != config.Local {
		o.PlainPerDay = store.PlainListsPerDay
	}
	for _, k := range keys {
		o.Keys = append(o.Keys, store.Key{ID: k.ID, Secret: k.Secret})
	}
	return store.Open(ctx, o)
}

// open opens the house for a command of this machine's owner.
func (a *app) open(ctx context.Context) (*house, error) {
	door, err := a.openDoor()
	if err != nil {
		return nil, err
	}
	s, err := a.openStore(ctx)
	if err != nil {
		door.Close()
		return nil, err
	}
	h := &house{app: a, store: s, door: door}
	if err := h.furnish(ctx); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// startEvery is how often a process that starts looks how many others do.
const startEvery = time.Second

// openDoor opens the way to other servers.
func (a *app) openDoor() (*fedi.Door, error) {
	o := fedi.Options{UserAgent: userAgent(a.cfg), Allow: a.cfg.Allow, OwnHost: ownHost(a.cfg)}
	switch {
	case a.world != nil:
		a.world(&o)
	case a.service:
		o.Ramp = store.StartRamp
	}
	return fedi.Open(o)
}

func (h *house) furnish(ctx context.Context) error {
	if err := h.store.Migrate(ctx); err != nil {
		return err
	}
	var err error
	quota := int64(sharedQuota)
	if h.cfg.OpenTo == config.Local {
		quota = ownQuota
	}
	if h.spool, err = store.OpenSpool(h.cfg.SpoolDir(), quota); err != nil {
		return err
	}
	if h.service && h.world == nil {
		if err := h.startSlowly(ctx); err != nil {
			return err
		}
	}
	if h.user, err = h.store.LocalUser(ctx, time.Now().UTC()); err != nil {
		return err
	}
	deps := worker.Deps{Store: h.store, Door: h.door, Spool: h.spool, Log: h.logger()}
	if err := h.openPost(&deps); err != nil {
		return err
	}
	h.worker = worker.New(deps)
	return nil
}

// startSlowly tells other processes on the same rows that this one starts, and
// learns how many do, so that together they begin as slowly as one.
func (h *house) startSlowly(ctx context.Context) error {
	if err := h.store.NoteStart(ctx, rand.Text(), time.Now().UTC()); err != nil {
		return err
	}
	go h.watchStarts(ctx)
	return nil
}

func (h *house) watchStarts(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, store.StartRamp)
	defer stop()
	tick := time.NewTicker(startEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		// Without an answer of the database there is nothing to send either.
		if n, err := h.store.Starting(ctx, time.Now().UTC()); err == nil {
			h.door.StartWith(n)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// openPost lets workers send e-mail, where the operator set a server up.
func (h *house) openPost(deps *worker.Deps) error {
	if h.cfg.SMTPURL.IsZero() {
		return nil
	}
	sender, err := mail.Open(mail.Options{URL: h.cfg.SMTPURL, From: h.cfg.SMTPFrom, Plain: h.cfg.PlainSMTP()})
	if err != nil {
		return err
	}
	letters, err := web.NewLetters(h.cfg.BaseURL)
	deps.Post, deps.Letters = sender, letters
	return err
}

func (h *house) close() {
	h.door.Close()
	_ = h.store.Close()
}

// only are the rows of some kinds of tasks: a command does its own work, and
// leaves the rest to those whose it is.
type only struct {
	*store.Store
	kinds []social.TaskKind
}

// DueTasks implements jobs.Rows.
func (o only) DueTasks(ctx context.Context, now time.Time, limit int) ([]social.Task, time.Time, error) {
	due, next, err := o.Store.DueTasks(ctx, now, limit)
	return slices.DeleteFunc(due, func(t social.Task) bool { return !slices.Contains(o.kinds, t.Kind) }), next, err
}

// work runs workers for some kinds of tasks in this process until look says
// that what the command waits for is done. Another process on the same data may
// do some of it.
func (h *house) work(ctx context.Context, rows only, look func(context.Context) (done bool, err error)) error {
	inner, stop := context.WithCancel(ctx)
	queue := jobs.NewEmbedded(rows, h.worker.Handle, jobs.Options{Log: h.logger()})
	ended := make(chan error, 1)
	go func() { ended <- queue.Run(inner) }()
	err := h.watch(ctx, queue, look)
	stop()
	if runErr := <-ended; err == nil {
		err = runErr
	}
	return err
}

func (h *house) watch(ctx context.Context, queue jobs.Dispatcher, look func(context.Context) (bool, error)) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		done, err := look(ctx)
		if err != nil || done {
			return err
		}
		if trouble := queue.Trouble(); trouble != nil {
			return trouble
		}
		select {
		case <-ctx.Done():
			return errStopped
		case <-tick.C:
		}
	}
}

// userAgent says who is asking and where to read about it.
func userAgent(c config.Config) string {
	return "Godwit/" + version + " (+" + c.BaseURL + "/about-bot)"
}
