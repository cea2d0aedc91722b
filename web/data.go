package web

import (
	"net/http"

	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// dataPage is what is held about the person.
type dataPage struct {
	Frame        `json:"-"`
	Destinations []social.Destination
	Sources      int
	Counts       store.MatchCounts
	Matches      int
	Jobs         int
}

// disconnectPage asks before a permission is given back.
type disconnectPage struct {
	Frame       `json:"-"`
	Destination social.Destination
}

// forgetPage asks before everything is deleted.
type forgetPage struct {
	Frame `json:"-"`
	Word  string // what is to be typed
	Typed string
	Left  int
}

func (s *site) data(v *visit) error {
	x, err := s.readState(v)
	if err != nil {
		return err
	}
	page := &dataPage{Destinations: x.destinations, Sources: len(x.sources), Counts: x.counts}
	_, page.Matches, err = s.Store.ListMatches(v.r.Context(), v.user.ID, store.MatchFilter{Limit: 1})
	if err != nil {
		return err
	}
	for _, d := range x.destinations {
		counts, err := s.Store.FollowCounts(v.r.Context(), v.user.ID, d.ID)
		if err != nil {
			return err
		}
		page.Jobs += counts.Total
	}
	page.Title, page.Here = v.say("data.title"), "data"
	return v.show(http.StatusOK, "data", page)
}

// export is everything as one JSON document.
func (s *site) export(v *visit) error {
	h := v.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="godwit-data.json"`)
	if v.r.Method == http.MethodHead {
		return nil
	}
	if err := s.Store.ExportUser(v.r.Context(), v.user.ID, v.w); err != nil {
		s.Log.Error("export cut off", "request", requestID(v.r), "cause", err.Error())
		panic(http.ErrAbortHandler) // a document cut short must not look whole
	}
	return nil
}

func (v *visit) pathDestination() (social.Destination, error) {
	id, err := v.pathID()
	if err != nil {
		return social.Destination{}, err
	}
	return v.site.Store.GetDestination(v.r.Context(), v.user.ID, id)
}

func (s *site) disconnectForm(v *visit) error { return v.showDisconnect(http.StatusOK, nil) }

func (v *visit) showDisconnect(status int, wrong locale.Sentence) error {
	d, err := v.pathDestination()
	if err != nil {
		return err
	}
	page := &disconnectPage{Destination: d}
	page.Title, page.Here = v.say("data.disconnect.title", "handle", d.Handle), "data"
	if !wrong.Empty() {
		page.Problem = []problem{{"yes", wrong}}
	}
	return v.show(status, "disconnect", page)
}

// disconnect gives the permission back and deletes it here.
func (s *site) disconnect(v *visit) error {
	return v.actOnce(v.showDisconnect, func() (string, error) {
		d, err := v.pathDestination()
		if err != nil {
			return "", err
		}
		s.revoke(v, d)
		if err := s.Store.DeleteDestination(v.r.Context(), v.user.ID, d.ID); err != nil {
			return "", err
		}
		v.flash(flash{Key: "data.disconnected"})
		return "/data", nil
	})
}

// revoke gives a Destination's permission back to its server, as far as that
// answers; the row is deleted in any case.
func (s *site) revoke(v *visit, d social.Destination) {
	token, err := s.Store.DestinationToken(v.r.Context(), v.user.ID, d.ID)
	if err != nil || token.IsZero() {
		return
	}
	flow := store.Flow{Host: d.Host}
	app, err := s.Store.GetApp(v.r.Context(), d.Host, d.Scopes, s.appAddress(d))
	if err == nil {
		flow.ClientID, flow.ClientSecret = app.ClientID, app.ClientSecret
	}
	s.giveBack(v, flow, token)
}

func (s *site) forgetForm(v *visit) error { return v.showForget(http.StatusOK, nil) }

func (v *visit) showForget(status int, wrong locale.Sentence) error {
	page := &forgetPage{Word: v.forgetWord(), Typed: social.Printable(v.r.PostFormValue("typed"), maxTyped)}
	page.Title, page.Here = v.say("forget.title"), "data"
	all, err := v.site.Store.ListDestinations(v.r.Context(), v.user.ID)
	if err != nil {
		return err
	}
	for _, d := range all {
		counts, err := v.site.Store.FollowCounts(v.r.Context(), v.user.ID, d.ID)
		if err != nil {
			return err
		}
		page.Left += counts.Waiting
	}
	if !wrong.Empty() {
		page.Problem = []problem{{"typed", wrong}}
	}
	return v.show(status, "forget", page)
}

// forgetWord is what a person types to delete everything: their handle, or a
// word where they have none.
func (v *visit) forgetWord() string {
	if v.user.Handle.IsZero() {
		return v.say("forget.word").String()
	}
	return "@" + v.user.Handle.String()
}

// forget deletes everything about the person: permissions are given back, rows
// and uploads deleted, all sessions ended.
func (s *site) forget(v *visit) error {
	return v.actOnce(v.showForget, func() (string, error) {
		if wrong := v.forgetWrong(); !wrong.Empty() {
			return "", v.showForget(http.StatusUnprocessableEntity, wrong)
		}
		all, err := s.Store.ListDestinations(v.r.Context(), v.user.ID)
		if err != nil {
			return "", err
		}
		for _, d := range all {
			s.revoke(v, d)
		}
		spools, err := s.Store.Forget(v.r.Context(), v.user.ID)
		if err != nil {
			return "", err
		}
		for _, name := range spools {
			s.discard(name)
		}
		return "/forgotten", s.afterForget(v)
	})
}

func (v *visit) forgetWrong() locale.Sentence {
	typed := v.field("typed")
	if v.user.Handle.IsZero() {
		if typed != v.forgetWord() {
			return v.say("forget.wrong.local", "word", v.forgetWord())
		}
		return nil
	}
	h, err := social.ParseHandle(typed, social.Private)
	if err != nil || !h.Same(v.user.Handle) {
		return v.say("forget.wrong", "handle", v.user.Handle)
	}
	return nil
}

// afterForget ends the session; the owner of the machine begins anew as
// nobody in particular, without the printed link.
func (s *site) afterForget(v *visit) error {
	v.setCookie(askedCookie, "", 0)
	v.setCookie(sessionCookie, "", 0)
	if s.Mode != Local {
		return nil
	}
	user, err := s.Store.LocalUser(v.r.Context(), v.now)
	if err != nil {
		return err
	}
	v.token = ""
	return v.signIn(user)
}

func (s *site) forgotten(v *visit) error {
	page := &textPage{Days: backupDays}
	page.Title = v.say("forget.done.title")
	return v.show(http.StatusOK, "forgotten", page)
}
