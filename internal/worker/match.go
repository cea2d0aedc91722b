package worker

import (
	"context"
	"slices"
	"time"

	"godwit/internal/jobs"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/matcher"
)

// match reads a batch of a User's new Accounts for handles or, when there are
// none, grades a batch of Matches whose look-ups came in; again at once until
// nothing is left. Then everybody who was looked for is watched.
func (w *Worker) match(ctx context.Context, t social.Task, _ int) (time.Time, error) {
	accounts, err := w.store.NewAccounts(ctx, t.ID, matchBatch)
	if err != nil {
		return time.Time{}, err
	}
	if len(accounts) > 0 {
		return w.now(), w.extract(ctx, t, accounts)
	}
	group, err := w.store.Ungraded(ctx, t.ID, gradeBatch)
	if err != nil {
		return time.Time{}, err
	}
	if len(group) == 0 {
		return w.rest(ctx, t)
	}
	graded := matcher.Grade(group, w.now())
	if err := w.hideObjecting(ctx, graded); err != nil {
		return time.Time{}, err
	}
	return w.now(), w.store.SaveGrades(ctx, t, graded, w.now())
}

// rest ends a round of matching, and begins another for those who had to wait.
// Whoever arrived is followed if the person asked for that.
func (w *Worker) rest(ctx context.Context, t social.Task) (time.Time, error) {
	if _, err := w.store.PlanArrivals(ctx, t, w.now()); err != nil {
		return time.Time{}, err
	}
	if err := w.store.WatchSettled(ctx, t, w.now()); err != nil {
		return time.Time{}, err
	}
	return w.store.TakeTurns(ctx, t, w.now())
}

// extract finds the candidates of the Accounts, with the Registrations of all
// of them asked for at once. Who withdrew is nobody's candidate.
func (w *Worker) extract(ctx context.Context, t social.Task, accounts []social.Account) error {
	known, err := w.store.AskRegistry(ctx, t, accounts, w.now())
	if err != nil {
		return err
	}
	found := make([]store.Candidates, len(accounts))
	for i, a := range accounts {
		matches := w.candidates(a, known.Of(a))
		found[i] = store.Candidates{AccountID: a.ID, Matches: matches, Pages: matcher.Pages(a, matches)}
	}
	if err := w.dropObjecting(ctx, accounts, found); err != nil {
		return err
	}
	return w.store.SaveCandidates(ctx, t, found, w.now())
}

// dropObjecting takes the candidates out that withdrew their Registration, by
// their X account or by their Handle.
func (w *Worker) dropObjecting(ctx context.Context, accounts []social.Account, found []store.Candidates) error {
	var handles []social.Handle
	for _, c := range found {
		for _, m := range c.Matches {
			handles = append(handles, m.Asked)
		}
	}
	objections, err := w.store.Objections(ctx, accounts, handles)
	if err != nil {
		return err
	}
	for i := range found {
		if objections.Account(accounts[i]) {
			found[i].Matches, found[i].Pages = nil, nil
		}
		found[i].Matches = slices.DeleteFunc(found[i].Matches, func(m social.Match) bool { return objections.Handle(m.Asked) })
	}
	return nil
}

// hideObjecting takes the Handles back that a look-up led to, by an alias or a
// move, and whose owners withdrew.
func (w *Worker) hideObjecting(ctx context.Context, graded []social.Match) error {
	handles := make([]social.Handle, len(graded))
	for i := range graded {
		handles[i] = graded[i].Handle
	}
	objections, err := w.store.Objections(ctx, nil, handles)
	if err != nil {
		return err
	}
	for i := range graded {
		if m := &graded[i]; objections.Handle(m.Handle) {
			m.Handle, m.ActorID, m.Certainty, m.Conflict = social.Handle{}, "", "", false
		}
	}
	return nil
}

// candidates asks the matcher about one Account. A text that breaks it costs
// that Account only (ENG-07).
func (w *Worker) candidates(a social.Account, known []social.Registration) (found []social.Match) {
	err := jobs.Safely(w.log, func() error {
		found = matcher.Candidates(a, known, w.realm, w.now())
		return nil
	})
	if err != nil {
		w.log.Error("an account's texts could not be read for handles", "account", a.ID, "cause", err.Error())
	}
	return found
}
