package worker

import (
	"context"
	"time"

	"godwit/internal/jobs"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/matcher"
)

// match reads a batch of a User's new Accounts for handles or, when there are
// none, grades a batch of Matches whose look-ups came in; again at once until
// nothing is left.
func (w *Worker) match(ctx context.Context, t social.Task, _ int) (time.Time, error) {
	accounts, err := w.store.NewAccounts(ctx, t.ID, matchBatch)
	if err != nil {
		return time.Time{}, err
	}
	if len(accounts) > 0 {
		return w.now(), w.extract(ctx, t, accounts)
	}
	group, err := w.store.Ungraded(ctx, t.ID, gradeBatch)
	if err != nil || len(group) == 0 {
		return time.Time{}, err
	}
	return w.now(), w.store.SaveGrades(ctx, t, matcher.Grade(group, w.now()), w.now())
}

// extract finds the candidates of the Accounts, with the Registrations of all
// of them asked for at once.
func (w *Worker) extract(ctx context.Context, t social.Task, accounts []social.Account) error {
	known, err := w.registrations(ctx, accounts)
	if err != nil {
		return err
	}
	found := make([]store.Candidates, len(accounts))
	for i, a := range accounts {
		found[i] = store.Candidates{AccountID: a.ID, Matches: w.candidates(a, known[a.NativeID])}
	}
	return w.store.SaveCandidates(ctx, t, found, w.now())
}

func (w *Worker) registrations(ctx context.Context, accounts []social.Account) (map[string][]social.Registration, error) {
	var ids []string
	for _, a := range accounts {
		if a.NativeID != "" {
			ids = append(ids, a.NativeID)
		}
	}
	all, err := w.store.Registrations(ctx, ids)
	known := map[string][]social.Registration{}
	for _, r := range all {
		known[r.XID] = append(known[r.XID], r)
	}
	return known, err
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
