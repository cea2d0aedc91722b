package feditest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"godwit/internal/social"
)

// app is a registered client.
type app struct {
	id, secret, name string
	redirects        []string
	scopes           string
	account          *Account // snac: who logged in last with it
}

// grant is what a code stands for.
type grant struct {
	app       *app
	account   *Account
	redirect  string
	scopes    string
	challenge string
	until     time.Time
}

type token struct {
	value   string
	app     *app
	account *Account // nil for a token of the app itself
	scopes  string
	revoked bool
}

// oob is the redirect address of programs without one: the code is shown.
const oob = "urn:ietf:wg:oauth:2.0:oob"

// fullScopes are those of Host.Token.
const fullScopes = "read write follow"

// Token gives a token for an account without the browser flow. scopes are those
// granted, "read write follow" when none are named. The account's name is
// without the host; one that is not there is a mistake in the test.
func (h *Host) Token(user string, scopes ...string) social.Secret {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	a := h.accounts[strings.ToLower(user)]
	if a == nil {
		panic("feditest: no account " + user + " at " + h.name)
	}
	granted := fullScopes
	if len(scopes) > 0 {
		granted = strings.Join(scopes, " ")
	}
	return social.NewSecret(h.issue(nil, a, granted).value)
}

// Revoke ends a token as its owner does on the server's own pages.
func (h *Host) Revoke(secret social.Secret) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	if t := h.tokens[secret.Reveal()]; t != nil {
		t.revoked = true
	}
}

// Tokens counts the tokens of an account that still work.
func (h *Host) Tokens(user string) int {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	n := 0
	for _, t := range h.tokens {
		if !t.revoked && t.account == h.accounts[strings.ToLower(user)] {
			n++
		}
	}
	return n
}

func (h *Host) issue(by *app, a *Account, scopes string) *token {
	t := &token{value: rand.Text(), app: by, account: a, scopes: scopes}
	h.tokens[t.value] = t
	return t
}

// tokenOf finds the request's token; a revoked one is returned as such.
func (h *Host) tokenOf(c *call) *token {
	header := c.r.Header.Get("Authorization")
	scheme, value, _ := strings.Cut(header, " ")
	if scheme != "Bearer" && !(h.ways.anyBearer && strings.EqualFold(scheme, "Bearer")) {
		return nil
	}
	return h.tokens[value]
}

// registered makes an app of what a registration named.
func (h *Host) registered(name, scopes string, redirects []string) *app {
	a := &app{id: rand.Text(), secret: rand.Text(), name: name, redirects: redirects, scopes: scopes}
	h.apps[a.id] = a
	return a
}

// appOf finds the app by id and secret, given in the form or by Basic.
func (h *Host) appOf(c *call) *app {
	id, secret := c.form.Get("client_id"), c.form.Get("client_secret")
	if user, password, ok := c.r.BasicAuth(); ok {
		id, secret = user, password
	}
	a := h.apps[id]
	if a == nil || a.secret != secret {
		return nil
	}
	return a
}

type appAnswer struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Website      string   `json:"website,omitempty"`
	Scopes       []string `json:"scopes,omitempty"`
	RedirectURI  string   `json:"redirect_uri"`
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	Expires      int      `json:"client_secret_expires_at"`
	VAPID        string   `json:"vapid_key"`
}

func (a *app) answer() appAnswer {
	return appAnswer{ID: a.id[:8], Name: a.name, Scopes: strings.Fields(a.scopes), RedirectURI: strings.Join(a.redirects, "\n"),
		RedirectURIs: a.redirects, ClientID: a.id, ClientSecret: a.secret, VAPID: "none"}
}

// scopesOr is the parameter's scopes, or "read" when none are named.
func (c *call) scopesOr(name string) string {
	if s := c.form.Get(name); s != "" {
		return s
	}
	return "read"
}

// mastodonApps takes redirect addresses as an array or parted by white space.
func mastodonApps(h *Host, c *call) *answer {
	redirects := c.form["redirect_uris[]"]
	if len(redirects) == 0 {
		redirects = strings.Fields(c.form.Get("redirect_uris"))
	}
	scopes := c.scopesOr("scopes")
	switch {
	case strings.TrimSpace(c.form.Get("client_name")) == "":
		return invalid("Validation failed: Application name can't be blank")
	case len(redirects) == 0:
		return invalid("Validation failed: Redirect URI must be an absolute URI.")
	case !knownScopes(scopes):
		return invalid("Validation failed: Scopes doesn't match configured on the server.")
	}
	return data(h.registered(c.form.Get("client_name"), scopes, redirects).answer())
}

func invalid(sentence string) *answer {
	p := jsonProblem(http.StatusUnprocessableEntity, sentence)
	return text(p.status, p.kind, p.body)
}

// mastodonScopes are those of which Mastodon knows; "a" covers "a:b".
var mastodonScopes = []string{"read", "write", "follow", "push", "profile", "admin"}

func knownScopes(scopes string) bool {
	for scope := range strings.FieldsSeq(scopes) {
		parent, _, _ := strings.Cut(scope, ":")
		if !slices.Contains(mastodonScopes, parent) {
			return false
		}
	}
	return true
}

// gtsApps takes a string only, redirect addresses parted by newlines: parted by
// a space they become one broken address.
func gtsApps(h *Host, c *call) *answer {
	switch {
	case c.arrays:
		return gtsSay(http.StatusBadRequest, "Bad Request: json: cannot unmarshal array into Go struct field ApplicationCreateRequest.redirect_uris of type string")
	case c.form.Get("client_name") == "":
		return gtsSay(http.StatusBadRequest, "Bad Request: Key: 'ApplicationCreateRequest.ClientName' Error:Field validation for 'ClientName' failed on the 'required' tag")
	}
	redirects := strings.Split(c.form.Get("redirect_uris"), "\n")
	for i := range redirects {
		redirects[i] = strings.ReplaceAll(strings.TrimSpace(redirects[i]), " ", "%20")
	}
	return data(h.registered(c.form.Get("client_name"), c.scopesOr("scopes"), redirects).answer())
}

func snacApps(h *Host, c *call) *answer {
	if c.arrays || c.form.Get("client_name") == "" || c.form.Get("redirect_uris") == "" {
		return h.refusal(noRecord)
	}
	reply := h.registered(c.form.Get("client_name"), "", []string{c.form.Get("redirect_uris")}).answer()
	reply.RedirectURIs = nil
	return data(reply)
}

type tokenAnswer struct {
	Token   string `json:"access_token"`
	Type    string `json:"token_type"`
	Scope   string `json:"scope"`
	Created int64  `json:"created_at"`
	Expires int    `json:"expires_in,omitempty"`
}

func (t *token) answer(c *call) *answer {
	return data(tokenAnswer{Token: t.value, Type: "Bearer", Scope: t.scopes, Created: c.now.Unix()})
}

type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func oauthRefusal(status int, code, description string) *answer {
	a := data(oauthError{code, description})
	a.status = status
	return a
}

const (
	badClientWords = "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."
	badGrantWords  = "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."
)

// take uses up a code.
func (h *Host) take(c *call) *grant {
	code := c.form.Get("code")
	g := h.codes[code]
	delete(h.codes, code)
	if g == nil || !c.now.Before(g.until) {
		return nil
	}
	return g
}

// mastodonToken checks everything, PKCE too, and gives the same token again for
// the same app, account and scopes (reuse_access_token).
func mastodonToken(h *Host, c *call) *answer {
	by := h.appOf(c)
	if by == nil {
		return oauthRefusal(http.StatusUnauthorized, "invalid_client", badClientWords)
	}
	if c.form.Get("grant_type") == "client_credentials" {
		return h.issue(by, nil, c.scopesOr("scope")).answer(c)
	}
	g := h.take(c)
	if g == nil || g.app != by || g.redirect != c.form.Get("redirect_uri") || !g.proven(c.form.Get("code_verifier")) {
		return oauthRefusal(http.StatusBadRequest, "invalid_grant", badGrantWords)
	}
	for _, t := range h.tokens {
		if t.app == by && t.account == g.account && t.scopes == g.scopes && !t.revoked {
			return t.answer(c)
		}
	}
	return h.issue(by, g.account, g.scopes).answer(c)
}

// proven checks PKCE, S256 only.
func (g *grant) proven(verifier string) bool {
	if g.challenge == "" {
		return true
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == g.challenge
}

// gtsToken ignores a PKCE verifier, as recorded.
func gtsToken(h *Host, c *call) *answer {
	const hint = ": If you arrived at this error during a sign in/oauth flow, please try clearing your session cookies and signing in again; if problems persist, make sure you're using the correct credentials"
	if c.form.Get("redirect_uri") == "" {
		return oauthRefusal(http.StatusBadRequest, "invalid_request", "Bad Request: redirect_uri was not set in the token request form")
	}
	by := h.appOf(c)
	if by == nil {
		return oauthRefusal(http.StatusBadRequest, "invalid_client", "Bad Request: could not get access token: invalid_client"+hint)
	}
	if c.form.Get("grant_type") == "client_credentials" {
		t := h.issue(by, nil, c.scopesOr("scope"))
		return data(tokenAnswer{Token: t.value, Type: "Bearer", Scope: t.scopes, Created: c.now.Unix(), Expires: 7200})
	}
	g := h.take(c)
	if g == nil || g.app != by {
		return oauthRefusal(http.StatusBadRequest, "sql: no rows in result set", "Bad Request: could not get access token: sql: no rows in result set"+hint)
	}
	return h.issue(by, g.account, g.scopes).answer(c)
}

// snacToken looks at id and secret only: any code, a made-up one too, gives a
// token of whoever logged in last with the app. What it says when nobody did is
// an assumption.
func snacToken(h *Host, c *call) *answer {
	by := h.appOf(c)
	if by == nil || by.account == nil {
		return h.refusal(noToken)
	}
	t := h.issue(by, by.account, c.form.Get("scope"))
	return t.answer(c)
}

// revoke ends a token; again and for an unknown one it says the same.
func revoke(h *Host, c *call) *answer {
	by := h.appOf(c)
	if t := h.tokens[c.form.Get("token")]; t != nil {
		if by == nil || t.app != by {
			return oauthRefusal(http.StatusForbidden, "unauthorized_client", "You are not authorized to revoke this token")
		}
		t.revoked = true
	}
	return data(struct{}{})
}

// snacRevoke forgets the token, and the app with it.
func snacRevoke(h *Host, c *call) *answer {
	by := h.appOf(c)
	if by == nil {
		return h.refusal(noToken)
	}
	delete(h.tokens, c.form.Get("token"))
	delete(h.apps, by.id)
	return data(struct{}{})
}

func oauthMetadata(h *Host, _ *call) *answer {
	return data(map[string]any{
		"issuer":                                h.url("/"),
		"authorization_endpoint":                h.url("/oauth/authorize"),
		"token_endpoint":                        h.url("/oauth/token"),
		"revocation_endpoint":                   h.url("/oauth/revoke"),
		"app_registration_endpoint":             h.url("/api/v1/apps"),
		"scopes_supported":                      []string{"read", "read:accounts", "read:follows", "read:search", "write", "write:follows", "follow", "push", "profile"},
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"grant_types_supported":                 []string{"authorization_code", "client_credentials"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":      []string{"S256"},
	})
}

// backTo is the address that ends the browser flow.
func backTo(redirect string, values ...string) string {
	u, err := url.Parse(redirect)
	if err != nil {
		return redirect
	}
	q := u.Query()
	for i := 0; i+1 < len(values); i += 2 {
		if values[i+1] != "" {
			q.Set(values[i], values[i+1])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
