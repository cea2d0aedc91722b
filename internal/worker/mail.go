package worker

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/mail"
	"godwit/internal/social"
	"godwit/internal/store"
)

// post hands letters to the operator's mail server: mail.Sender is one.
type post interface {
	Send(ctx context.Context, l mail.Letter) error
}

// Letters writes what letters say, in the language that the person reads. The
// names are the secret ones of their links.
type Letters interface {
	Confirm(lang, confirm string) mail.Letter
	Arrivals(lang string, all []store.Arrival, stop string) mail.Letter
}

// writeMail sends a User's letter that is due: the one with the link that
// confirms the address, or one about who arrived. Without a mail server nothing
// is sent, and nothing is lost.
func (w *Worker) writeMail(ctx context.Context, t social.Task, _ int) (time.Time, error) {
	if w.post == nil || w.letters == nil {
		return time.Time{}, nil
	}
	m, err := w.store.GetMail(ctx, t.ID)
	if fault.Is(err, fault.NotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	if m.ConfirmedAt.IsZero() {
		return time.Time{}, w.askToConfirm(ctx, t, m)
	}
	return w.tellArrivals(ctx, t, m)
}

func (w *Worker) askToConfirm(ctx context.Context, t social.Task, m store.Mail) error {
	name, err := w.store.MailName(ctx, m, store.ConfirmLink)
	if err != nil {
		return err
	}
	due, err := w.store.WriteMail(ctx, t, w.now())
	if err != nil || !due {
		return err
	}
	l := w.letters.Confirm(m.Lang, name)
	return w.sendMail(ctx, m, l, func(ctx context.Context) error { return w.store.UnwriteMail(ctx, t) })
}

func (w *Worker) tellArrivals(ctx context.Context, t social.Task, m store.Mail) (time.Time, error) {
	name, err := w.store.MailName(ctx, m, store.StopLink)
	if err != nil {
		return time.Time{}, err
	}
	now := w.now()
	all, next, err := w.store.TakeTold(ctx, t, now)
	if err != nil || len(all) == 0 {
		return next, err
	}
	l := w.letters.Arrivals(m.Lang, all, name)
	return time.Time{}, w.sendMail(ctx, m, l, func(ctx context.Context) error { return w.store.Untell(ctx, t, now, m.ToldAt) })
}

// sendMail sends a letter that counts as sent already; undo takes that back
// when it plainly did not go. An address that refuses us for good is forgotten.
func (w *Worker) sendMail(ctx context.Context, m store.Mail, l mail.Letter, undo func(context.Context) error) error {
	l.To, l.Lang = m.Address.Reveal(), m.Lang
	err := w.post.Send(ctx, l)
	switch {
	case fault.Is(err, fault.Gone):
		w.log.Warn("an e-mail address is refused by its server; it is forgotten", "user", m.UserID, "cause", err.Error())
		return w.store.EndMail(ctx, m.UserID)
	case err != nil:
		if undone := w.keep(ctx, undo); undone != nil {
			return undone
		}
	}
	return err
}
