package fedi

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

var secretToken = social.NewSecret("CANARY-token")

func TestHomeHappyPath(t *testing.T) {
	w := newWorld(t)
	bob := `{"id":"7","username":"bob","acct":"bob@b.test","uri":"https://b.test/users/bob","url":"https://b.test/@bob","locked":true}`
	relation := `{"id":"7","following":true,"requested":false}`
	w.pages("home.test", map[string]http.HandlerFunc{
		"/api/v1/accounts/verify_credentials": reply200("application/json; charset=utf-8", `{"id":"1","username":"me","acct":"me","following_count":3}`),
		"/api/v2/instance":                    reply200("application/json", `{"title":"Home","version":"4.5.0","configuration":{"statuses":{"max_characters":500}},"rules":[{"text":"be kind"}]}`),
		"/api/v1/accounts/search":             reply200("application/json", "["+bob+"]"),
		"/api/v1/accounts/7/follow": func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("X-RateLimit-Limit", "400")
			rw.Header().Set("X-RateLimit-Remaining", "399")
			rw.Header().Set("X-RateLimit-Reset", time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05.000000Z"))
			reply200("application/json", relation)(rw, r)
		},
		"/api/v1/accounts/relationships": reply200("application/json", "["+relation+`,{"id":"99","following":true}]`),
		"/api/v1/accounts/1/following": func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("max_id") == "" {
				rw.Header().Set("Link", `<https://home.test/api/v1/accounts/1/following?limit=80&max_id=55>; rel="next", <https://home.test/x>; rel="prev"`)
			}
			reply200("application/json", "["+bob+"]")(rw, r)
		},
	})
	var calls []Call
	h := w.door().Home("home.test", secretToken, social.Mastodon, func(c Call) { calls = append(calls, c) })
	ctx := t.Context()
	me, err := h.VerifyCredentials(ctx)
	if err != nil || me.Acct != "me" || me.ID != "1" || me.FollowingCount != 3 {
		t.Errorf("VerifyCredentials: %+v, %v", me, err)
	}
	if i, err := h.Instance(ctx); err != nil || i.Title != "Home" || i.MaxChars != 500 || len(i.Rules) != 1 || i.FollowLimit != 7500 {
		t.Errorf("Instance: %+v, %v", i, err)
	}
	if a, err := h.Find(ctx, handle(t, "bob@b.test"), "https://b.test/users/bob"); err != nil || a.ID != "7" || !a.Locked {
		t.Errorf("Find: %+v, %v", a, err)
	}
	if r, err := h.Follow(ctx, "7"); err != nil || !r.Following {
		t.Errorf("Follow: %+v, %v", r, err)
	}
	if last := calls[len(calls)-1]; last.Path != "/api/v1/accounts/{id}/follow" || last.Limit == nil || last.Limit.Remaining != 399 || last.Status != 200 {
		t.Errorf("observed %+v", last)
	}
	if r, err := h.Relationships(ctx, []social.RemoteID{"7"}); err != nil || len(r) != 1 {
		t.Errorf("Relationships: %+v, %v", r, err)
	}
	list, next, err := h.FollowingPage(ctx, "1", "")
	if err != nil || len(list) != 1 || next != "55" {
		t.Errorf("FollowingPage: %v %q %v", list, next, err)
	}
	if _, next, err = h.FollowingPage(ctx, "1", next); err != nil || next != "" {
		t.Errorf("last page: %q %v", next, err)
	}
	for _, s := range w.requests("home.test") {
		if s.header.Get("Authorization") != "Bearer CANARY-token" || !strings.HasPrefix(s.header.Get("User-Agent"), "Godwit/") {
			t.Errorf("%s: headers %v", s.uri, s.header)
		}
	}
}

func TestOAuthHappyPath(t *testing.T) {
	w := newWorld(t)
	w.pages("home.test", software(map[string]http.HandlerFunc{
		"/api/v1/apps":  reply200("application/json", `{"client_id":"cid","client_secret":"csec"}`),
		"/oauth/token":  reply200("application/json", `{"access_token":"tok","token_type":"Bearer","scope":"read:accounts write:follows"}`),
		"/oauth/revoke": reply200("application/json", `{}`),
	}, "home.test", "mastodon", "4.5.0"))
	d, ctx := w.door(), t.Context()
	id, secret, err := d.RegisterApp(ctx, "home.test", "https://godwit.test/cb", "read:accounts")
	if err != nil || id != "cid" || secret.Reveal() != "csec" {
		t.Fatalf("RegisterApp: %q %v", id, err)
	}
	authorize, token := d.Endpoints(ctx, "home.test")
	if authorize != "https://home.test/oauth/authorize" || token != "https://home.test/oauth/token" {
		t.Errorf("Endpoints: %q %q", authorize, token)
	}
	u, _ := url.Parse(AuthorizeURL(authorize, id, "https://godwit.test/cb", "read:accounts", "st", "verifier", true))
	if q := u.Query(); q.Get("code_challenge") != "iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ" || q.Get("code_challenge_method") != "S256" || q.Get("state") != "st" {
		t.Errorf("AuthorizeURL: %v", u)
	}
	g, err := d.Exchange(ctx, token, id, secret, "https://godwit.test/cb", "code", "verifier")
	if err != nil || g.Token.Reveal() != "tok" || !MayFollow(g.Scopes) {
		t.Errorf("Exchange: %+v %v", g, err)
	}
	if err := d.Revoke(ctx, "home.test", id, secret, g.Token); err != nil {
		t.Errorf("Revoke: %v", err)
	}
	form, _ := url.ParseQuery(w.requests("home.test")[4].form)
	if form.Get("code_verifier") != "verifier" || form.Get("client_secret") != "csec" || form.Get("code") != "code" {
		t.Errorf("exchanged %v", form)
	}
	if _, _, err := d.RegisterApp(ctx, "home.test", "https://godwit.test/cb", "read:accounts"); !fault.Is(err, fault.Wait) {
		t.Errorf("second registration within a minute: %v", err)
	}
}
