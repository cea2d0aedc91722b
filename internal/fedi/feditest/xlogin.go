package feditest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// XLogin is X as it signs people in to an app: OAuth 2 with PKCE. Whoever comes
// is the account named by As and allows what is asked, or says no.
type XLogin struct {
	id, secret, redirect string
	api                  *Host

	mu     sync.Mutex
	number string // of the account that is signed in at X; "" says no
	name   string
	grants map[string]xGrant // by code
	tokens map[string]bool   // that are good
	raw    map[string]http.HandlerFunc
}

type xGrant struct{ redirect, challenge string }

// AddXLogin adds x.com and api.x.com to the world, where an app is known by its
// id, secret ("" for a public client) and the one address to send people back to.
func (w *World) AddXLogin(id, secret, redirect string) *XLogin {
	x := &XLogin{id: id, secret: secret, redirect: redirect, api: w.AddHost("api.x.com", ""), grants: map[string]xGrant{}, tokens: map[string]bool{},
		raw: map[string]http.HandlerFunc{}}
	w.AddHost("x.com", "").Handle("/i/oauth2/authorize", http.HandlerFunc(x.authorize))
	for path, answer := range map[string]http.HandlerFunc{"/2/oauth2/token": x.token, "/2/oauth2/revoke": x.revoke, "/2/users/me": x.me} {
		x.api.Handle(path, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			x.mu.Lock()
			defer x.mu.Unlock()
			if raw := x.raw[path]; raw != nil {
				raw(rw, r)
				return
			}
			rw.Header().Set("Content-Type", "application/json;charset=utf-8")
			answer(rw, r)
		}))
	}
	return x
}

// API is where tokens are given, for Faults.
func (x *XLogin) API() *Host { return x.api }

// As signs an account in at X.
func (x *XLogin) As(number, username string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.number, x.name = number, username
}

// Answer lets a path of the API answer in another way, nil for its own again.
func (x *XLogin) Answer(path string, answer http.HandlerFunc) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.raw[path] = answer
}

// Good counts the tokens that were not given back.
func (x *XLogin) Good() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.tokens)
}

func (x *XLogin) authorize(rw http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	q := r.URL.Query()
	if q.Get("client_id") != x.id || q.Get("redirect_uri") != x.redirect || q.Get("code_challenge_method") != "S256" || q.Get("scope") == "" {
		http.Error(rw, "Something went wrong. You weren't able to give access to the App.", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}}
	if x.number == "" {
		back.Set("error", "access_denied")
	} else {
		code := rand.Text()
		x.grants[code] = xGrant{q.Get("redirect_uri"), q.Get("code_challenge")}
		back.Set("code", code)
	}
	http.Redirect(rw, r, x.redirect+"?"+back.Encode(), http.StatusFound)
}

// known reports whether the app proved itself: by Basic where it has a secret.
func (x *XLogin) known(r *http.Request) bool {
	id, secret, basic := r.BasicAuth()
	if x.secret == "" {
		return !basic && r.PostFormValue("client_id") == x.id
	}
	return basic && id == url.QueryEscape(x.id) && secret == url.QueryEscape(x.secret)
}

func (x *XLogin) token(rw http.ResponseWriter, r *http.Request) {
	code := r.PostFormValue("code")
	grant, found := x.grants[code]
	delete(x.grants, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case !x.known(r):
		rw.WriteHeader(http.StatusUnauthorized)
		_, _ = rw.Write([]byte(`{"error":"unauthorized_client","error_description":"Missing valid authorization header"}`))
		return
	case !found || r.PostFormValue("redirect_uri") != grant.redirect || base64.RawURLEncoding.EncodeToString(sum[:]) != grant.challenge:
		rw.WriteHeader(http.StatusBadRequest)
		_, _ = rw.Write([]byte(`{"error":"invalid_request","error_description":"Value passed for the authorization code was invalid."}`))
		return
	}
	token := rand.Text()
	x.tokens[token] = true
	_ = json.NewEncoder(rw).Encode(map[string]any{"token_type": "bearer", "expires_in": 7200, "access_token": token, "scope": "users.read tweet.read"})
}

func (x *XLogin) revoke(rw http.ResponseWriter, r *http.Request) {
	if !x.known(r) {
		rw.WriteHeader(http.StatusUnauthorized)
		return
	}
	delete(x.tokens, r.PostFormValue("token"))
	_, _ = rw.Write([]byte(`{"revoked":true}`))
}

func (x *XLogin) me(rw http.ResponseWriter, r *http.Request) {
	if !x.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")] {
		rw.WriteHeader(http.StatusUnauthorized)
		_, _ = rw.Write([]byte(`{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}`))
		return
	}
	_ = json.NewEncoder(rw).Encode(map[string]any{"data": map[string]string{"id": x.number, "name": "Somebody", "username": x.name}})
}
