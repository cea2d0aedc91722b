package worker

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/jobs"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/matcher"
)

// pages is the part of the Door that reads pages for people.
type pages interface {
	Page(ctx context.Context, address string) (social.LinkPage, error)
}

// readPage reads one page of a domain that nobody waits for a handle of.
func (w *Worker) readPage(ctx context.Context, t social.Task) (time.Time, error) {
	domain, due, next, err := w.store.NextPage(ctx, t, w.now())
	if fault.Is(err, fault.NotFound) {
		return next, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	page, err := w.askPage(ctx, due)
	if err != nil {
		return time.Time{}, err
	}
	now := w.now()
	var again time.Time
	if page.State == social.Ill && due.Attempts+1 < maxPageAsks {
		again = latest(page.Again, now.Add(doubled(askAgain, due.Attempts, askAgainMost)))
	}
	health(&domain, social.Resolution{State: page.State}, now)
	if err := w.store.SaveLinkPage(ctx, t, domain, due, page, again, now); err != nil || next.IsZero() {
		return time.Time{}, err
	}
	return latest(next, now.Add(lookUpPause), domain.OpenUntil), nil
}

// askPage fetches a page and keeps of its links what says something. One that
// breaks us counts as one without an answer.
func (w *Worker) askPage(ctx context.Context, due store.DuePage) (page social.LinkPage, err error) {
	panicked := jobs.Safely(w.log, func() error {
		page, err = w.pages.Page(ctx, due.URL)
		page.Links = matcher.PageLinks(page.Links, w.realm)
		return nil
	})
	if panicked != nil {
		return social.LinkPage{URL: due.URL, State: social.Ill, CheckedAt: w.now()}, nil
	}
	return page, err
}
