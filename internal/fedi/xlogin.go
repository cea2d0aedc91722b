package fedi

import (
	"context"
	"net/http"
	"net/url"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Where X lets people sign in to an app, and tells it who they are: OAuth 2
// with PKCE (https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token).
// users.read is what names the person, and X wants tweet.read beside it.
const (
	xAuthorize   = "https://x.com/i/oauth2/authorize"
	xAPI         = "api.x.com"
	xTokenPath   = "/2/oauth2/token"
	xRevokePath  = "/2/oauth2/revoke"
	xWhoPath     = "/2/users/me"
	xLoginScopes = "users.read tweet.read"
)

// CodeXApp says that X does not take the operator's app.
const CodeXApp = "x-app"

const sayXApp = "X doesn't accept this Godwit's app at the moment, which is for its operator to mend. Nothing was changed; a post with a code proves the account just as well."

// XApp is the operator's app at X: its zero value is none. A public client has
// no Secret.
type XApp struct {
	ID     string
	Secret social.Secret
}

// IsZero reports whether there is no app.
func (a XApp) IsZero() bool { return a.ID == "" }

// AuthorizeURL is where somebody is sent to say that they own an X account.
// verifier is the PKCE verifier.
func (a XApp) AuthorizeURL(redirectURI, state, verifier string) string {
	return AuthorizeURL(xAuthorize, a.ID, redirectURI, xLoginScopes, state, verifier, false)
}

// request sends the app along: by Basic authentication where it has a secret,
// as X wants it, else in the form.
func (a XApp) request(path string, form url.Values) request {
	r := request{method: http.MethodPost, path: path, most: maxOAuth, form: form}
	if a.Secret.IsZero() {
		form.Set("client_id", a.ID)
	} else {
		r.user, r.password = a.ID, a.Secret
	}
	return r
}

// XWho is the X account whose owner came back with a code: X itself names its
// number and its username. The permission is given back at once and kept
// nowhere. A code that is no longer good is Invalid with the code "old-link".
func (d *Door) XWho(ctx context.Context, app XApp, redirectURI, code, verifier string) (social.XAccount, error) {
	o := d.origin(xAPI, social.FlavourOther, social.Secret{}, nil)
	a, err := o.send(ctx, app.request(xTokenPath, url.Values{"grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {redirectURI}, "code_verifier": {verifier}}))
	if err != nil {
		return social.XAccount{}, err
	}
	if a.status == http.StatusBadRequest && saidError(a.body) != "invalid_client" && saidError(a.body) != "unauthorized_client" {
		return social.XAccount{}, fault.New(fault.Invalid, CodeOldLink, sayOldLink)
	}
	if a.status != http.StatusOK {
		return social.XAccount{}, o.xRefusal(a)
	}
	grant, err := o.grant(a)
	if err != nil {
		return social.XAccount{}, err
	}
	defer o.giveBackX(ctx, app, grant.Token)
	return d.origin(xAPI, social.FlavourOther, grant.Token, nil).xMe(ctx)
}

// xMe asks whose the token is.
func (o *origin) xMe(ctx context.Context) (social.XAccount, error) {
	a, err := o.send(ctx, request{method: http.MethodGet, path: xWhoPath, most: maxOAuth})
	if err != nil {
		return social.XAccount{}, err
	}
	if a.status != http.StatusOK {
		return social.XAccount{}, o.xRefusal(a)
	}
	var me struct {
		Data struct {
			ID       string `json:"id"`
			Username string `json:"username"`
		} `json:"data"`
	}
	if !decode(a, &me) || !social.IsXID(me.Data.ID) || !social.IsXUsername(me.Data.Username) {
		return social.XAccount{}, explain(o.host, errMalformed)
	}
	return social.XAccount{ID: me.Data.ID, Username: me.Data.Username}, nil
}

// xRefusal is what another status of X's means: it has no person to blame.
func (o *origin) xRefusal(a reply) error {
	said := statusError{a.status, saidError(a.body)}
	switch {
	case a.status == http.StatusTooManyRequests:
		return slowDown(o.host, mayAskAgain(a.header, o.door.now(), maxWaitHome)).Because(said)
	case a.status >= 500:
		return explain(o.host, said)
	}
	return fault.New(fault.Denied, CodeXApp, sayXApp).Because(said)
}

// giveBackX ends a permission; that it may fail changes nothing here, since
// nobody has it any more. Whoever gave up meanwhile still gives it back.
func (o *origin) giveBackX(ctx context.Context, app XApp, token social.Secret) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), revokeTime)
	defer stop()
	_, _ = o.send(ctx, app.request(xRevokePath, url.Values{"token": {token.Reveal()}, "token_type_hint": {"access_token"}}))
}
