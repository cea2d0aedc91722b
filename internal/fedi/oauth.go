package fedi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const (
	clientName       = "Godwit"
	defaultAuthorize = "/oauth/authorize"
	defaultToken     = "/oauth/token"
)

// Grant is what a server gave after a person allowed it.
type Grant struct {
	Token  social.Secret
	Scopes string // as the server says; "" means as asked (RFC 6749, section 5.1)
}

// AppPerLogin reports whether a server keeps the user with the registered app
// instead of the code, so that each authorization needs an app of its own:
// snac 2.94 gave one person's token for another's code.
func AppPerLogin(fl social.Flavour) bool { return fl == social.Snac }

// Scopes are the least that finding and following need on a server.
// Mastodon finds with read:accounts where the others want read:search; servers
// that know only coarse scopes get the two coarsest that do.
func Scopes(fl social.Flavour, version string) string {
	switch fl {
	case social.Mastodon:
		if olderThan(version, 2, 5) { // granular scopes came with 2.4.3
			return "read follow"
		}
		return "read:accounts read:follows write:follows"
	case social.Misskey:
		return "read:account read:following write:following"
	case social.GoToSocial, social.Snac:
		return "read:accounts read:search read:follows write:follows"
	}
	return "read follow"
}

// PostingScopes are the least that carrying posts over needs besides: it is
// asked for only when the person wants that.
func PostingScopes(fl social.Flavour, version string) string {
	follow := Scopes(fl, version)
	if follow == "read follow" {
		return "read write follow"
	}
	return follow + " read:statuses write:statuses write:media"
}

// MayPost reports whether granted scopes allow posting, files, and reading back
// what was posted; none named means that what was asked for was granted.
func MayPost(granted string) bool {
	if granted == "" {
		return true
	}
	has := strings.Fields(granted)
	for _, fine := range []string{"read:statuses", "write:statuses", "write:media"} {
		coarse, _, _ := strings.Cut(fine, ":")
		if !slices.Contains(has, fine) && !slices.Contains(has, coarse) {
			return false
		}
	}
	return true
}

// further are the permissions for what a person may want besides following, by
// the name of the wish. Servers with coarse scopes have most of it in "follow".
var further = map[string]string{
	"lists":  "read:lists write:lists",
	"mutes":  "write:mutes",
	"blocks": "write:blocks",
	"import": "write", // GoToSocial's for lists that it follows; it holds all the others that write
}

// Wider adds to scopes what the wishes need; one that is not known adds nothing.
func Wider(scopes string, wishes ...string) string {
	for _, wish := range wishes {
		for scope := range strings.FieldsSeq(further[wish]) {
			if !slices.Contains(strings.Fields(scopes), scope) {
				scopes += " " + scope
			}
		}
	}
	return scopes
}

// MayFollow reports whether granted scopes allow following; none named means
// that what was asked for was granted.
func MayFollow(granted string) bool {
	if granted == "" {
		return true
	}
	for scope := range strings.FieldsSeq(granted) {
		if scope == "write:follows" || scope == "write" || scope == "follow" || scope == "write:following" {
			return true
		}
	}
	return false
}

func olderThan(version string, major, minor int) bool {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 {
		return false
	}
	a, err1 := strconv.Atoi(parts[0])
	b, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (a < major || a == major && b < minor)
}

// RegisterApp makes Godwit known to a server, which must say in NodeInfo that
// it speaks ActivityPub. Keep what it returns: one registration per host,
// redirect address and scopes is enough, and a host is asked once a minute at
// most (but for those that need an app per login).
func (d *Door) RegisterApp(ctx context.Context, host, redirectURI, scopes string) (string, social.Secret, error) {
	sw, err := d.Software(ctx, host)
	if err != nil {
		return "", social.Secret{}, err
	}
	if !sw.Fedi {
		return "", social.Secret{}, notFediverse(host)
	}
	o := d.origin(host, sw.Flavour, social.Secret{}, nil)
	wanted := o.host + " " + scopes // an app for following and one for posting may come one after the other
	if _, until, ok := d.apps.get(wanted, d.now()); ok && !AppPerLogin(sw.Flavour) {
		return "", social.Secret{}, slowDown(o.host, until)
	}
	d.apps.put(wanted, struct{}{}, d.now().Add(appPause))
	var app struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	// A form with one address is the one shape that all flavours understand.
	r := request{method: http.MethodPost, path: "/api/v1/apps", most: maxOAuth, form: url.Values{
		"client_name": {clientName}, "redirect_uris": {redirectURI}, "scopes": {scopes}}}
	if _, err := o.call(ctx, r, &app); err != nil {
		if fault.Is(err, fault.Paused) { // a sentence about a permission that nobody gave yet
			err = fault.New(fault.Gone, CodeServerRefuses, sayServerRefuses, "host", o.host).Because(err)
		}
		return "", social.Secret{}, err
	}
	if !plain(app.ID, maxField) || !plain(app.Secret, maxField) {
		return "", social.Secret{}, fault.New(fault.Broken, CodeBadApp, sayBadApp, "host", o.host)
	}
	return app.ID, social.NewSecret(app.Secret), nil
}

// plain reports whether s is 1 to most characters of visible ASCII, the only
// kind that belongs in a header or a form of ours.
func plain(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// endpointPath is what an endpoint's path may hold; a stricter form than URLs
// have, since one of them is handed to a browser.
var endpointPath = regexp.MustCompile(`^(/[A-Za-z0-9_.~-]+)+$`)

// Endpoints returns where host wants people and codes to be sent: what its
// metadata (RFC 8414) says when that stays on host, else Mastodon's own paths.
// The two belong into the flow's row, so that they cannot change under it.
func (d *Door) Endpoints(ctx context.Context, host string) (authorize, token string) {
	o := d.origin(host, social.FlavourOther, social.Secret{}, nil)
	var meta struct {
		Authorize string `json:"authorization_endpoint"`
		Token     string `json:"token_endpoint"`
	}
	r := request{method: http.MethodGet, path: "/.well-known/oauth-authorization-server", most: maxOAuth}
	if _, err := o.call(ctx, r, &meta); err != nil {
		meta.Authorize, meta.Token = "", ""
	}
	return o.endpoint(meta.Authorize, defaultAuthorize), o.endpoint(meta.Token, defaultToken)
}

// endpoint is raw when it is a plain https address of this very host.
func (o *origin) endpoint(raw, otherwise string) string {
	u, err := url.Parse(raw)
	if err == nil && u.Scheme == "https" && u.Host == o.host && u.User == nil && u.RawQuery == "" && !u.ForceQuery &&
		!strings.Contains(raw, "#") && len(raw) <= maxURL && u.RawPath == "" && endpointPath.MatchString(u.Path) {
		return raw
	}
	return "https://" + o.host + otherwise
}

// AuthorizeURL is where the person is sent. verifier is the PKCE verifier
// (RFC 7636), of which only the S256 challenge leaves us.
func AuthorizeURL(authorize, clientID, redirectURI, scopes, state, verifier string, forceLogin bool) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirectURI}, "scope": {scopes}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	if forceLogin {
		q.Set("force_login", "true")
	}
	return authorize + "?" + q.Encode()
}

// Exchange turns a code into a token at tokenURL, which comes from Endpoints, or
// from MiAuth: then the code is the session.
// A code that is no longer good is Invalid with the code "old-link"; a server
// that has forgotten the app is Gone with "unknown-app".
func (d *Door) Exchange(ctx context.Context, tokenURL, clientID string, secret social.Secret, redirectURI, code, verifier string) (Grant, error) {
	u, host, err := d.parseURL(tokenURL)
	if err != nil {
		return Grant{}, explain(hostOf(tokenURL), err)
	}
	o := d.origin(host, social.FlavourOther, social.Secret{}, nil)
	if miauthPath.MatchString(u.Path) {
		return o.checkMiAuth(ctx, u.Path, code)
	}
	r := request{method: http.MethodPost, path: u.EscapedPath(), most: maxOAuth, form: url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "client_id": {clientID}, "client_secret": {secret.Reveal()},
		"redirect_uri": {redirectURI}, "code_verifier": {verifier}}}
	a, err := o.send(ctx, r)
	if err != nil {
		return Grant{}, err
	}
	if a.status != http.StatusOK {
		return Grant{}, o.exchangeFault(r, a)
	}
	return o.grant(a)
}

func (o *origin) exchangeFault(r request, a reply) error {
	switch {
	case saidError(a.body) == "invalid_client", a.status == http.StatusUnauthorized:
		return fault.New(fault.Gone, CodeUnknownApp, sayUnknownApp, "host", o.host)
	case a.status == http.StatusBadRequest, a.status == http.StatusForbidden, a.status == http.StatusUnprocessableEntity:
		return fault.New(fault.Invalid, CodeOldLink, sayOldLink)
	}
	return o.refusal(r, a)
}

func (o *origin) grant(a reply) (Grant, error) {
	var t struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
		Scope string `json:"scope"`
	}
	if !decode(a, &t) || !plain(t.Token, maxToken) || !strings.EqualFold(t.Type, "bearer") || len(t.Scope) > maxField {
		return Grant{}, fault.New(fault.Broken, CodeBadToken, sayBadToken, "host", o.host)
	}
	return Grant{Token: social.NewSecret(t.Token), Scopes: social.Printable(t.Scope, maxField)}, nil
}

// Revoke gives a token back. A server that doesn't know it any more is fine.
func (d *Door) Revoke(ctx context.Context, host, clientID string, secret, token social.Secret) error {
	o := d.origin(host, social.FlavourOther, social.Secret{}, nil)
	r := request{method: http.MethodPost, path: "/oauth/revoke", most: maxOAuth, form: url.Values{
		"client_id": {clientID}, "client_secret": {secret.Reveal()}, "token": {token.Reveal()}}}
	_, err := o.call(ctx, r, nil)
	if fault.Is(err, fault.Paused) { // it knows the app or the token no longer
		return nil
	}
	return err
}
