package web

import (
	"context"
	"crypto/rand"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
)

// xHost is the issuer of flows at X.
const xHost = "x.com"

// xDoor is the part of fedi.Door that signs people in at X.
type xDoor interface {
	XWho(ctx context.Context, app fedi.XApp, redirectURI, code, verifier string) (social.XAccount, error)
}

// xCallback is where X sends the browser back to; the operator names it to X.
const xCallback = "/register/x/callback"

// startXLogin sends somebody to X to say that an account there is theirs. The
// flow keeps which new account it is for, and only this browser can end it.
func (s *site) startXLogin(v *visit) error {
	if s.XApp.IsZero() {
		return notFound()
	}
	if err := v.form(); err != nil {
		return err
	}
	d, err := v.registers()
	if err != nil {
		return err
	}
	if err := s.Registrar.StartXLogin(v.r.Context(), d); err != nil {
		return v.registerRejected(&registerPage{}, "x", err)
	}
	flow := store.Flow{ID: rand.Text(), UserID: v.user.ID, Host: xHost, Typed: d.Handle, ClientID: s.XApp.ID,
		RedirectURI: s.address(xCallback), Verifier: social.NewSecret(rand.Text() + rand.Text()), CreatedAt: v.now}
	flow.State = flow.ID + "." + rand.Text()
	flow.AuthorizeURL = s.XApp.AuthorizeURL(flow.RedirectURI, flow.State, flow.Verifier.Reveal())
	flow.Cookie = hash(v.bindFlow(flow.ID))
	if err := s.Store.SaveFlow(v.r.Context(), flow); err != nil {
		return err
	}
	return v.redirect(s.BrowserURL(flow.AuthorizeURL))
}

// endXLogin is where X sends the browser back. It answers with a clean address
// at once, so that no code stays in the history.
func (s *site) endXLogin(v *visit) error {
	if s.XApp.IsZero() {
		return notFound()
	}
	query := v.r.URL.Query()
	flow, err := v.flowOf(query)
	if err != nil {
		return err
	}
	if flow, err = s.Store.TakeFlow(v.r.Context(), flow.ID, v.now); err != nil {
		return badCallback(err)
	}
	v.setCookie(flowCookie, "", 0)
	if query.Get("error") != "" || query.Get("code") == "" || len(query["code"]) > 1 {
		v.flash(flash{Key: "register.x.denied"})
		return v.redirect("/register")
	}
	if err := s.proveByLogin(v, flow, query.Get("code")); err != nil {
		if fault.KindOf(err) == fault.Broken {
			s.Log.Error("sign-in at X failed", "request", requestID(v.r), "cause", err.Error())
		}
		v.flashFault(err)
		return v.redirect("/register")
	}
	v.flash(flash{Key: "register.proven"})
	return v.redirect("/register")
}

// proveByLogin asks X who came back, and registers the account that the flow
// began with, if it is still connected.
func (s *site) proveByLogin(v *visit, flow store.Flow, code string) error {
	d, err := v.destinationOf(flow.Typed)
	if err != nil {
		return err
	}
	x, err := s.Door.XWho(v.r.Context(), s.XApp, flow.RedirectURI, code, flow.Verifier.Reveal())
	if err != nil {
		return err
	}
	_, err = s.Registrar.ProveByLogin(v.r.Context(), d, x)
	return err
}

// destinationOf is the connected account of a handle.
func (v *visit) destinationOf(h social.Handle) (social.Destination, error) {
	all, err := v.site.Store.ListDestinations(v.r.Context(), v.user.ID)
	for _, d := range all {
		if d.Handle.Same(h) {
			return d, err
		}
	}
	if err == nil {
		err = badCallback(nil)
	}
	return social.Destination{}, err
}
