package feditest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"godwit/internal/social"
)

const callback = "https://app.example/cb"

// register makes an app and returns its id and secret.
func (b *bench) register(t *testing.T, scopes string) (id, secret string) {
	t.Helper()
	r := b.post(t, "home.test/api/v1/apps", "", url.Values{"client_name": {"Godwit"}, "redirect_uris": {callback}, "scopes": {scopes}})
	if r.status != 200 {
		t.Fatalf("register: %d %s", r.status, r.body)
	}
	var app struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	r.into(t, &app)
	return app.ID, app.Secret
}

func authorizeURL(client, scopes, state, verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"response_type": {"code"}, "client_id": {client}, "redirect_uri": {callback}, "scope": {scopes}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	return "https://home.test/oauth/authorize?" + q.Encode()
}

// codeOf reads code and state from the address the browser is sent back to.
func codeOf(t *testing.T, back string) (code, state string) {
	t.Helper()
	u, err := url.Parse(back)
	if err != nil || !strings.HasPrefix(back, callback) {
		t.Fatalf("sent back to %q", back)
	}
	return u.Query().Get("code"), u.Query().Get("state")
}

func (b *bench) exchange(t *testing.T, id, secret, code, verifier string) (got, string) {
	t.Helper()
	r := b.post(t, "home.test/oauth/token", "", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {id},
		"client_secret": {secret}, "redirect_uri": {callback}, "code_verifier": {verifier}})
	var answer struct {
		Token string `json:"access_token"`
	}
	if r.status == 200 {
		r.into(t, &answer)
	}
	return r, answer.Token
}

// userOf is whom a token belongs to.
func (b *bench) userOf(t *testing.T, token string) string {
	t.Helper()
	var me struct{ Username string }
	b.get(t, own, token).into(t, &me)
	return me.Username
}

// TestTwoLoginsOnOneApp: on snac the one who signs in last gets both tokens.
func TestTwoLoginsOnOneApp(t *testing.T) {
	for flavour, want := range map[social.Flavour]string{social.Mastodon: "alice", social.GoToSocial: "alice", social.Snac: "bob"} {
		t.Run(string(flavour), func(t *testing.T) {
			b := newBench(t)
			h, _ := b.home(flavour)
			h.AddAccount("bob")
			id, secret := b.register(t, "read write follow")
			address := authorizeURL(id, "read write", "s1", "v1")
			code, state := codeOf(t, h.Allow("alice", address))
			h.Allow("bob", address)
			_, token := b.exchange(t, id, secret, code, "v1")
			if user := b.userOf(t, token); user != want || state != "s1" {
				t.Errorf("alice's code gives a token of %q, want %q; state %q", user, want, state)
			}
		})
	}
}

func TestCodesAreChecked(t *testing.T) {
	for flavour, want := range map[social.Flavour][3]int{ // made up, used twice, wrong verifier
		social.Mastodon: {400, 400, 400}, social.GoToSocial: {400, 400, 200}, social.Snac: {200, 200, 200},
	} {
		t.Run(string(flavour), func(t *testing.T) {
			b := newBench(t)
			h, _ := b.home(flavour)
			id, secret := b.register(t, "read")
			address := authorizeURL(id, "read", "s", "right")
			code, _ := codeOf(t, h.Allow("alice", address))
			if r, _ := b.exchange(t, id, secret, code, "right"); r.status != 200 {
				t.Fatalf("the right code: %d %s", r.status, r.body)
			}
			made, _ := b.exchange(t, id, secret, "made-up", "right")
			again, _ := b.exchange(t, id, secret, code, "right")
			code, _ = codeOf(t, h.Allow("alice", address))
			wrong, _ := b.exchange(t, id, secret, code, "wrong")
			if have := [3]int{made.status, again.status, wrong.status}; have != want {
				t.Errorf("%v, want %v", have, want)
			}
			if r, _ := b.exchange(t, id, "no secret", code, "right"); r.status != 400 && r.status != 401 {
				t.Errorf("a wrong secret: %d", r.status)
			}
		})
	}
}

func TestRevoking(t *testing.T) {
	for _, flavour := range []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac} {
		b := newBench(t)
		h, _ := b.home(flavour)
		id, secret := b.register(t, "read")
		code, _ := codeOf(t, h.Allow("alice", authorizeURL(id, "read", "s", "v")))
		_, token := b.exchange(t, id, secret, code, "v")
		for range 2 {
			r := b.post(t, "home.test/oauth/revoke", "", url.Values{"client_id": {id}, "client_secret": {secret}, "token": {token}})
			if r.status != 200 && flavour != social.Snac { // snac forgot the app with the token
				t.Errorf("%s: revoke %d", flavour, r.status)
			}
		}
		if r := b.get(t, own, token); r.status != 401 && r.status != 422 {
			t.Errorf("%s: a revoked token: %d", flavour, r.status)
		}
		r := b.get(t, "home.test/oauth/authorize?client_id="+id+"&redirect_uri="+url.QueryEscape(callback)+"&scope=read", "")
		if gone := r.status != 200; gone != (flavour == social.Snac) {
			t.Errorf("%s: the app after a revoke: %d", flavour, r.status)
		}
	}
}

func TestMastodonReusesTokens(t *testing.T) {
	b := newBench(t)
	h, _ := b.home(social.Mastodon)
	id, secret := b.register(t, "read")
	var tokens []string
	for range 2 {
		code, _ := codeOf(t, h.Allow("alice", authorizeURL(id, "read", "s", "v")))
		_, token := b.exchange(t, id, secret, code, "v")
		tokens = append(tokens, token)
	}
	if tokens[0] != tokens[1] || tokens[0] == "" {
		t.Errorf("tokens %q", tokens)
	}
	if n := h.Tokens("alice"); n != 2 { // and the one of home
		t.Errorf("%d tokens work, want 2", n)
	}
}

func TestScopeWiderThanTheApp(t *testing.T) {
	b := newBench(t)
	h, _ := b.home(social.Mastodon)
	id, _ := b.register(t, "read:accounts")
	back := h.Allow("alice", authorizeURL(id, "read write", "s9", "v"))
	if !strings.Contains(back, "error=invalid_scope") || !strings.Contains(back, "state=s9") {
		t.Errorf("sent back to %s", back)
	}
}

func TestCodeIsShownWithoutRedirect(t *testing.T) {
	b := newBench(t)
	h, _ := b.home(social.Mastodon)
	r := b.post(t, "home.test/api/v1/apps", "", url.Values{"client_name": {"cli"}, "redirect_uris": {oob}, "scopes": {"read"}})
	var app struct {
		ID string `json:"client_id"`
	}
	r.into(t, &app)
	back := h.Allow("alice", "https://home.test/oauth/authorize?scope=read&client_id="+app.ID+"&redirect_uri="+url.QueryEscape(oob))
	if len(back) < len("?code=")+20 {
		t.Errorf("no code shown: %q", back)
	}
}

var formPart = regexp.MustCompile(`(?:name="([^"]+)" value="([^"]*)")`)

// TestPagesOfABrowser walks sign-in, consent and denial by the forms that stand
// on the pages.
func TestPagesOfABrowser(t *testing.T) {
	b := newBench(t)
	h, _ := b.home(social.Mastodon)
	h.AddAccount("bob")
	id, _ := b.register(t, "read follow")
	address := strings.TrimPrefix(authorizeURL(id, "read follow", "s", "v"), "https://")
	signin := b.get(t, address, "")
	if parts := formPart.FindAllStringSubmatch(signin.body, -1); len(parts) != 2 || parts[1][1] != "account" || parts[1][2] != "bob" {
		t.Fatalf("sign-in: %v in %s", parts, signin.body)
	}
	consent := b.post(t, address, "", url.Values{"account": {"bob"}})
	if !strings.Contains(consent.body, "@bob") || !strings.Contains(consent.body, "<li>follow</li>") || !strings.Contains(consent.body, `value="allow"`) {
		t.Fatalf("consent: %s", consent.body)
	}
	for decision, want := range map[string]string{"allow": "code=", "deny": "error=access_denied"} {
		r := b.post(t, address, "", url.Values{"account": {"bob"}, "decision": {decision}})
		if r.status != 302 || !strings.Contains(r.header.Get("Location"), want) {
			t.Errorf("%s: %d %s", decision, r.status, r.header.Get("Location"))
		}
	}
	for _, page := range []got{signin, consent} {
		if strings.Contains(page.body, "<script") || strings.Contains(page.body, "home.test/") || page.header.Get("Set-Cookie") != "" {
			t.Errorf("needs script, a fixed address or a cookie: %s", page.body)
		}
	}
}
