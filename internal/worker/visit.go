package worker

import (
	"context"
	"net/http"
	"slices"
	"time"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
)

// visit is one step at a Destination's home server, whatever it is for.
type visit struct {
	w       *Worker
	t       social.Task
	d       social.Destination
	home    social.Home
	budgets []social.Budget
	before  []social.Budget // as they are stored
	wave    int64           // that the Destination is in, 0 for none
	asked   int             // requests to the home server
	slow    int             // of them answered with "slow down", or not at all
	now     time.Time
}

func (w *Worker) visit(t social.Task, d social.Destination, h social.Home, budgets []social.Budget, now time.Time) *visit {
	return &visit{w: w, t: t, d: d, home: h, budgets: budgets, before: budgets, now: now}
}

// count counts an answer of a home server.
func (w *Worker) count(c fedi.Call) {
	w.requests.Add(1)
	if c.Status == http.StatusTooManyRequests {
		w.limited.Add(1)
	}
}

// tally counts an answer of the home server for the Wave.
func (v *visit) tally(c fedi.Call) {
	v.asked++
	if c.Status == http.StatusTooManyRequests || c.Status == http.StatusServiceUnavailable || c.Status == 0 {
		v.slow++
	}
}

// noteLoad counts for the Wave what was asked. What is lost of it is missing in
// a chart, no more.
func (v *visit) noteLoad(ctx context.Context) {
	if v.wave == 0 || v.asked == 0 {
		return
	}
	if err := v.w.store.NoteLoad(context.WithoutCancel(ctx), v.wave, v.asked, v.slow, v.w.now()); err != nil {
		v.w.log.Warn("a wave's load is not counted", "task", v.t.String(), "cause", err.Error())
	}
	v.asked, v.slow = 0, 0
}

// enter waits for nothing: the home server's door is open for so many requests,
// or the task comes back when it is. That the server is to be left alone is read
// here, right before it would be asked (ENG-16).
func (v *visit) enter(ctx context.Context, requests int) error {
	return v.enterFor(ctx, requests, false)
}

func (v *visit) enterFor(ctx context.Context, requests int, robots bool) error {
	each, burst := bridge.HomePace(v.home, v.d.Flavour, v.now)
	return v.w.store.EnterHome(ctx, v.t, v.d.Host, store.Entry{Requests: requests, Robots: robots, Each: each, Burst: burst}, v.now)
}

// changed are the Budgets that are not as they were stored: the others may
// have been changed by those who share them.
func (v *visit) changed() []store.BudgetChange {
	some := store.Changes(v.before, v.budgets)
	v.before = slices.Clone(v.budgets)
	return some
}

// noteHealth writes down that the home server went down, or came back.
func (v *visit) noteHealth(ctx context.Context, acted error) error {
	after := bridge.Health(v.home, acted, v.w.now())
	if after.Ill == v.home.Ill {
		return nil
	}
	return v.w.store.SaveHealth(ctx, after)
}

// next says when the Destination's next act is due. One account's trouble is
// its job's; only a pause that the home server wants, or its own trouble,
// holds up the others.
func (v *visit) next(acted error) (time.Time, error) {
	if acted == nil {
		return v.w.now(), nil
	}
	switch fault.KindOf(acted) {
	case fault.Wait, fault.Conflict:
		return time.Time{}, acted
	case fault.Paused:
		if v.d.State != social.Active {
			return time.Time{}, nil // until the person mends it
		}
		return v.w.now().Add(unsaidRest), nil
	}
	return time.Time{}, fault.New(fault.Unavailable, "home-trouble", "{host} isn't answering as it should. We try again later.", "host", v.d.Host).Because(acted)
}
