package web

import (
	"net/http"

	"godwit/internal/fault"
	"godwit/internal/mail"
	"godwit/internal/social"
	"godwit/internal/store"
)

// mailPage is what a link in a letter leads to.
type mailPage struct {
	Frame `json:"-"`
	Do    string // "confirm" or "stop"
	Name  string // of the link
	Done  bool
}

// askMail begins the telling of arrivals by e-mail: first goes a letter with a
// link, and nothing else before that is pressed.
func (s *site) askMail(v *visit, typed string) error {
	if !s.Mail {
		return notFound()
	}
	address, err := mail.ParseAddress(typed)
	if err == nil {
		err = s.Store.AskMail(v.r.Context(), v.user.ID, address, v.lang.Code, v.now)
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Wait:
		return v.showArrivals(http.StatusUnprocessableEntity, &arrivalsPage{Typed: social.Printable(typed, maxTyped), Frame: Frame{Problem: []problem{{"mail", v.sayFault(err)}}}})
	}
	if err != nil {
		return err
	}
	v.ring(social.MailTask, v.user.ID)
	v.flash(flash{Key: "mail.asked"})
	return v.redirect("/arrivals")
}

// mailLink shows what a link in a letter does. A program that looks at every
// link of a letter does nothing by that.
func (s *site) mailLink(v *visit) error { return s.showMail(v, false) }

func (s *site) showMail(v *visit, done bool) error {
	page := &mailPage{Do: v.r.PathValue("do"), Name: v.r.PathValue("name"), Done: done}
	if page.Do != string(store.ConfirmLink) && page.Do != string(store.StopLink) {
		return notFound()
	}
	key := "mail." + page.Do + ".title"
	if done {
		key = "mail." + page.Do + ".done"
	}
	page.Title = v.say(key)
	v.w.Header().Set("X-Robots-Tag", "noindex")
	return v.show(http.StatusOK, "mail", page)
}

// pressMail does what the link says, for whoever has it: that is what a mail
// program's own button needs (RFC 8058). Every name that stops nothing is
// answered as if it did.
func (s *site) pressMail(v *visit) error {
	ctx, link := v.r.Context(), store.MailLink(v.r.PathValue("do"))
	owner, err := s.Store.MailOwner(ctx, v.r.PathValue("name"), link, v.now)
	if fault.Is(err, fault.NotFound) && link == store.StopLink {
		return s.showMail(v, true)
	}
	if err != nil {
		return err
	}
	switch link {
	case store.ConfirmLink:
		err = s.Store.ConfirmMail(ctx, owner, v.now)
	case store.StopLink:
		err = s.Store.EndMail(ctx, owner)
	default:
		err = notFound()
	}
	if err != nil {
		return err
	}
	return s.showMail(v, true)
}
