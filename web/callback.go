package web

import (
	"net/url"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
)

// callback is where a server sends the browser back. It answers with a clean
// address at once, so that no code stays in the history.
func (s *site) callback(v *visit) error {
	query := v.r.URL.Query()
	flow, err := v.flowOf(query)
	if err != nil {
		return err
	}
	if flow, err = s.Store.TakeFlow(v.r.Context(), flow.ID, v.now); err != nil {
		return badCallback(err)
	}
	v.setCookie(flowCookie, "", 0)
	code := query.Get("code")
	if flow.Flavour == social.Misskey {
		code = query.Get("session")
	}
	if query.Get("error") != "" || code == "" {
		v.flash(flash{Key: "connect.denied"})
		return v.redirect(v.connectPath())
	}
	return s.enter(v, flow, code)
}

// badCallback is the one answer to a callback that isn't this browser's own.
func badCallback(cause error) error {
	return fault.New(fault.Invalid, "old-link",
		"This sign-in link is older than 10 minutes or came from another browser. Start again; it takes a moment.").Because(cause)
}

// flowOf finds the flow that a callback belongs to and holds all of it against
// the flow: state, address, issuer, this browser's cookie and session. Nothing
// is used up and nobody is asked.
func (v *visit) flowOf(query url.Values) (store.Flow, error) {
	state := query.Get("state")
	id, _, found := strings.Cut(state, ".")
	if !found || len(query["state"]) != 1 {
		return store.Flow{}, badCallback(nil)
	}
	flow, err := v.site.Store.GetFlow(v.r.Context(), id, v.now)
	if fault.Is(err, fault.NotFound) {
		return store.Flow{}, badCallback(err)
	}
	if err != nil {
		return store.Flow{}, err
	}
	cookie := v.cookie(flowCookie)
	ours := sameText(flow.State, state) &&
		flow.RedirectURI == v.site.address(v.r.URL.Path) &&
		cookie != "" && sameText(flow.Cookie, hash(cookie)) &&
		flow.UserID == v.user.ID &&
		issuerOK(query, flow.Host)
	if !ours {
		return store.Flow{}, badCallback(nil)
	}
	return flow, nil
}

// issuerOK compares the issuer that a callback names, where it names one.
func issuerOK(query url.Values, host string) bool {
	issuers, named := query["iss"]
	if !named {
		return true
	}
	u, err := url.Parse(issuers[0])
	return err == nil && len(issuers) == 1 && u.Scheme == "https" && u.Host == host && u.User == nil
}

// enter turns the code into a token and finds out whose it is. Trouble leads
// back to the form with its sentence.
func (s *site) enter(v *visit, flow store.Flow, code string) error {
	grant, err := s.Door.Exchange(v.r.Context(), flow.TokenURL, flow.ClientID, flow.ClientSecret, flow.RedirectURI, code, flow.Verifier.Reveal())
	if err != nil {
		return v.backToConnect(s.forgetApp(v, flow, err))
	}
	var who social.Destination
	if err = mayFollow(flow.Host, grant.Scopes); err == nil {
		who, err = s.whose(v, flow, grant.Token)
	}
	if err != nil {
		s.giveBack(v, flow, grant.Token)
		return v.backToConnect(err)
	}
	second, err := s.second(v, who)
	if err != nil {
		s.giveBack(v, flow, grant.Token)
		return v.backToConnect(err)
	}
	if flow.Typed.IsZero() || second {
		return s.askFirst(v, flow, who, grant.Token)
	}
	return s.admit(v, flow, who, grant.Token)
}

// mayFollow refuses a permission that is smaller than what was asked for.
func mayFollow(host, granted string) error {
	if fedi.MayFollow(granted) {
		return nil
	}
	return fault.New(fault.Denied, "permission-too-small",
		"{host} gave a permission that doesn't allow following. Nothing was stored; connect again and allow all three things.", "host", host)
}

// forgetApp drops an app that its server has forgotten, so that the next start
// registers a new one.
func (s *site) forgetApp(v *visit, flow store.Flow, err error) error {
	if f := asFault(err); f != nil && f.Code == fedi.CodeUnknownApp {
		app := store.App{Host: flow.Host, Scopes: flow.Scopes, RedirectURI: flow.RedirectURI, ClientID: flow.ClientID}
		if err := s.Store.DeleteApp(v.r.Context(), app); err != nil {
			return err
		}
	}
	return err
}

func (v *visit) backToConnect(err error) error {
	if fault.KindOf(err) == fault.Broken {
		v.site.Log.Error("connect failed", "request", requestID(v.r), "cause", err.Error())
	}
	v.flashFault(err)
	return v.redirect(v.connectPath())
}

// whose asks the server whose token it is, and holds the answer against what
// was typed. The handle is the one that we verified ourselves.
func (s *site) whose(v *visit, flow store.Flow, token social.Secret) (social.Destination, error) {
	sw, err := s.Door.Software(v.r.Context(), flow.Host)
	if err != nil {
		sw = social.Software{Host: flow.Host}
	}
	sw.Flavour = flow.Flavour // frozen when the flow began
	d, err := s.Door.Whose(v.r.Context(), flow.Host, token, sw, flow.Typed)
	d.UserID, d.Scopes, d.CreatedAt = v.user.ID, flow.Scopes, v.now
	return d, err
}

// giveBack throws a permission away; that it may fail changes nothing here.
func (s *site) giveBack(v *visit, flow store.Flow, token social.Secret) {
	if err := s.Door.Revoke(v.r.Context(), flow.Host, flow.ClientID, flow.ClientSecret, token); err != nil {
		s.Log.Warn("permission not given back", "host", flow.Host, "cause", err.Error())
	}
}

// second reports whether somebody signed in adds a further account.
func (s *site) second(v *visit, who social.Destination) (bool, error) {
	if v.user.ID == 0 {
		return false, nil
	}
	all, err := s.Store.ListDestinations(v.r.Context(), v.user.ID)
	if err != nil {
		return false, err
	}
	for _, d := range all {
		if d.Host == who.Host && d.RemoteID == who.RemoteID {
			return false, nil // the same once more, e.g. after a lost permission
		}
	}
	if len(all) >= maxDestinations {
		return false, fault.New(fault.Invalid, "too-many-accounts", "You can connect {n} accounts at most. Disconnect one first.", "n", itoa(maxDestinations))
	}
	return len(all) > 0, nil
}

// askFirst keeps the token, sealed, in a flow of its own until the person says
// that this is the account. The flow's verifier is the token.
func (s *site) askFirst(v *visit, flow store.Flow, who social.Destination, token social.Secret) error {
	flow.ID = flow.ID + "c"
	flow.State, flow.Typed, flow.Verifier, flow.CreatedAt = confirmState, who.Handle, token, v.now
	flow.Cookie = hash(v.bindFlow(flow.ID))
	if err := s.Store.SaveFlow(v.r.Context(), flow); err != nil {
		return err
	}
	return v.redirect("/connect/confirm")
}

// admit makes the account a Destination, its owner the User, and this browser
// theirs.
func (s *site) admit(v *visit, flow store.Flow, who social.Destination, token social.Secret) error {
	ctx, user := v.r.Context(), v.user
	var err error
	if user.ID == 0 {
		if user, err = s.welcome(v, who); err != nil {
			s.giveBack(v, flow, token)
			return v.backToConnect(err)
		}
	}
	who.UserID = user.ID
	saved, err := s.Store.SaveDestination(ctx, who, token)
	if err != nil {
		return err
	}
	if fedi.AppPerLogin(who.Flavour) {
		err := s.Store.SaveApp(ctx, store.App{Host: who.Host, Scopes: who.Scopes, RedirectURI: s.appAddress(who), ClientID: flow.ClientID, ClientSecret: flow.ClientSecret})
		if err != nil {
			return err
		}
	}
	if err := v.signIn(user); err != nil {
		return err
	}
	v.ring(social.FollowTask, saved.ID)
	if path, found := s.joinAfter(v, saved, who.Born); found {
		return v.redirect(path)
	}
	v.flash(flash{Key: "connect.done", Handle: who.Handle})
	return v.land()
}

// appAddress is the redirect address under which the app of an account is
// kept: the one of its server, or of the account alone where each login has an
// app of its own. It is needed to give the permission back.
func (s *site) appAddress(d social.Destination) string {
	if fedi.AppPerLogin(d.Flavour) {
		return s.address("/oauth/cb/" + hash(d.Host + " " + string(d.RemoteID))[:20])
	}
	return s.address("/oauth/cb/" + hash(d.Host)[:20])
}

// welcome finds the User of an account, or makes one where new people may come.
func (s *site) welcome(v *visit, who social.Destination) (social.User, error) {
	ctx := v.r.Context()
	account := social.User{
		Host: who.Host, RemoteID: who.RemoteID, Handle: who.Handle, ActorID: who.ActorID, Born: who.Born, CreatedAt: v.now,
	}
	if s.Mode == Invited && !s.invited(v, who) {
		user, err := s.Store.FindUser(ctx, account)
		if fault.Is(err, fault.NotFound) {
			return user, fault.New(fault.Denied, "invitation-only", "This Godwit is for people with an invitation. Open the link you were given.")
		}
		return user, err
	}
	return s.Store.SaveUser(ctx, account)
}
