package fedi

import (
	"bufio"
	"context"
	"errors"
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

// answering is a home server that answers everything alike.
func answering(t *testing.T, fl social.Flavour, h http.HandlerFunc) (*world, *Home) {
	w := newWorld(t)
	w.host("home.test", h)
	return w, w.door().Home("home.test", secretToken, fl, nil)
}

func saying(code int, body string, headers ...string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			rw.Header().Set(headers[i], headers[i+1])
		}
		rw.WriteHeader(code)
		rw.Write([]byte(body))
	}
}

func TestFollowRefusals(t *testing.T) {
	cases := []struct {
		fl     social.Flavour
		answer http.HandlerFunc
		kind   fault.Kind
		code   string
	}{
		{social.Mastodon, saying(401, `{"error":"The access token was revoked"}`), fault.Paused, CodePermissionLost},
		{social.Mastodon, saying(403, `{"error":"This action is outside the authorized scopes"}`), fault.Paused, CodePermissionLost},
		{social.GoToSocial, saying(403, `{"error":"Forbidden: token has insufficient scope permission"}`), fault.Paused, CodePermissionLost},
		{social.Snac, saying(422, ``), fault.Paused, CodePermissionLost},
		{social.Mastodon, saying(422, `{"error":"This method requires an authenticated user"}`), fault.Paused, CodePermissionLost},
		{social.Mastodon, saying(403, `{"error":"Your login is currently disabled"}`), fault.Paused, CodeAccountDisabled},
		{social.Mastodon, saying(403, `{"error":"Your login is currently pending approval"}`), fault.Paused, CodeAccountDisabled},
		{social.Mastodon, saying(403, `{"error":"Your login is missing a confirmed e-mail address"}`), fault.Paused, CodeAccountDisabled},
		{social.Mastodon, saying(403, `{"error":"This action is not allowed"}`), fault.Gone, CodeRefused},
		{social.Mastodon, saying(422, `{"error":"Validation failed: You cannot follow more than 7500 people"}`), fault.Paused, CodeFollowLimit},
		{social.FlavourOther, saying(422, `{"error":"x"}`), fault.Gone, CodeRefused},
		{social.GoToSocial, saying(404, `{"error":"Not Found: target account not found"}`), fault.Gone, CodeGone},
		{social.Mastodon, saying(410, `{}`), fault.Gone, CodeGone},
		{social.GoToSocial, saying(406, `{"error":"Not Acceptable"}`), fault.Gone, CodeSelf},
		{social.Mastodon, saying(429, `{"error":"Too many requests"}`), fault.Wait, CodeSlowDown},
		{social.GoToSocial, saying(429, `{"error":"server capacity exceeded"}`, "Retry-After", "30"), fault.Wait, CodeSlowDown},
		{social.Mastodon, saying(503, ``, "Retry-After", "30"), fault.Wait, CodeSlowDown},
		{social.Mastodon, saying(503, ``), fault.Unavailable, CodeNotAnswering},
		{social.Mastodon, saying(500, `<h1>`), fault.Unavailable, CodeNotAnswering},
		{social.Mastodon, saying(400, `{}`), fault.Broken, CodeMalformed},
		{social.Mastodon, saying(200, `{"id":"8","following":true}`), fault.Broken, CodeMalformed}, // about somebody else
		{social.Mastodon, saying(200, `{`), fault.Broken, CodeMalformed},
		{social.Mastodon, reply200("text/html", `{"id":"7","following":true}`), fault.Broken, CodeMalformed}, // a page that came between
		{social.Mastodon, raw(func(b *bufio.Writer) {
			b.WriteString("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
		}), fault.Unavailable, CodeNotAnswering},
	}
	for i, c := range cases {
		w, h := answering(t, c.fl, c.answer)
		_, err := h.Follow(t.Context(), "7")
		if !fault.Is(err, c.kind) || !hasCode(err, c.code) || strings.Contains(fault.Say(err), "{") {
			t.Errorf("case %d: %v (%s), want %v %s", i, err, fault.Say(err), c.kind, c.code)
		}
		if fault.Is(err, fault.Wait) && !fault.Until(err).After(time.Now()) {
			t.Errorf("case %d: wait until %v", i, fault.Until(err))
		}
		var n int
		for _, r := range w.requests("") {
			if r.uri != verifyPath { // which a 401 is held against (AUT-09)
				n++
			}
		}
		if n != 1 {
			t.Errorf("case %d: %d requests, a retry is the worker's business", i, n)
		}
	}
}

// A GoToSocial server counts by address: its 429 is everybody's, and nothing
// more is sent until the reset. Mastodon's is one token's.
func TestNET08ResetIsObeyed(t *testing.T) {
	for fl, want := range map[social.Flavour]int{social.GoToSocial: 1, social.Mastodon: 3} {
		w, h := answering(t, fl, saying(429, `{}`, "X-RateLimit-Limit", "300", "X-RateLimit-Remaining", "0",
			"X-RateLimit-Reset", time.Now().Add(4*time.Minute).UTC().Format(time.RFC3339)))
		for range 3 {
			if _, err := h.Follow(t.Context(), "7"); !fault.Is(err, fault.Wait) || time.Until(fault.Until(err)) < 3*time.Minute {
				t.Errorf("%s: %v until %v", fl, err, fault.Until(err))
			}
		}
		if n := len(w.requests("")); n != want {
			t.Errorf("%s: %d requests, want %d", fl, n, want)
		}
	}
}

func TestNET11HostileIDs(t *testing.T) {
	for _, id := range []string{`"1/../../oauth/revoke?x="`, `".."`, `"."`, `"%2e%2e"`, `"1?x=1"`, `"1#"`, `""`, `"` + strings.Repeat("1", 10_000) + `"`,
		`1e400`, `null`, `7`, `"1\u0000"`, `{}`} {
		w, h := answering(t, social.Mastodon, saying(200, `[{"id":`+id+`,"acct":"bob@b.test","uri":"https://b.test/users/bob"}]`))
		a, err := h.Find(t.Context(), handle(t, "bob@b.test"), "https://b.test/users/bob")
		if err == nil {
			t.Errorf("%s: found %+v", id, a)
		}
		if _, err := h.Follow(t.Context(), a.ID); err == nil {
			t.Errorf("%s: followed", id)
		}
		for _, s := range w.requests("") {
			if s.method != http.MethodGet {
				t.Errorf("%s: %s %s was sent", id, s.method, s.uri)
			}
		}
	}
	for _, id := range []social.RemoteID{"", "..", "1/../2", "1?x"} {
		w, h := answering(t, social.Mastodon, saying(200, `[]`))
		h.Follow(t.Context(), id)
		h.Unfollow(t.Context(), id)
		h.FollowingPage(t.Context(), id, "")
		if n := len(w.requests("")); n != 0 {
			t.Errorf("%q: %d requests", id, n)
		}
	}
}

func TestNET11NextLinks(t *testing.T) {
	const path = "/api/v1/accounts/1/following"
	for link, want := range map[string]string{
		`<https://home.test` + path + `?limit=80&max_id=55>; rel="next"`:                                                      "55",
		`<https://home.test` + path + `?min_id=9>; rel="prev", <https://home.test` + path + `?max_id=01KMJF6N8R>; rel="next"`: "01KMJF6N8R",
		`<https://evil.test` + path + `?max_id=55>; rel="next"`:                                                               "",
		`<http://home.test` + path + `?max_id=55>; rel="next"`:                                                                "",
		`<https://home.test/oauth/revoke?max_id=55>; rel="next"`:                                                              "",
		`<https://home.test` + path + `?max_id=../../x>; rel="next"`:                                                          "",
		`<https://home.test` + path + `?max_id=55>; rel="prev"`:                                                               "",
		`https://home.test` + path + `?max_id=55; rel="next"`:                                                                 "",
		`<%zz>; rel="next"`: "", "": "",
	} {
		if got := nextCursor([]string{link}, "home.test", path); got != want {
			t.Errorf("%s: %q, want %q", link, got, want)
		}
	}
}

func TestFindTakesNobodyElse(t *testing.T) {
	bob := handle(t, "bob@b.test")
	const actor = "https://b.test/users/bob"
	account := func(acct, uri string) string { return `{"id":"7","acct":"` + acct + `","uri":"` + uri + `"}` }
	cases := []struct {
		name   string
		fl     social.Flavour
		answer string
		actor  string
		code   string // "" is found
	}{
		{"exact", social.Mastodon, account("bob@b.test", actor), actor, ""},
		{"other case", social.Mastodon, account("Bob@B.test", actor), actor, ""},
		{"by actor alone, the name changed", social.Mastodon, account("robert@b.test", actor), actor, ""},
		{"no uri", social.GoToSocial, account("bob@b.test", ""), actor, ""},
		{"second of the list", social.GoToSocial, account("bobby@b.test", "https://b.test/users/bobby") + "," + account("bob@b.test", actor), actor, ""},
		{"fuzzy hit", social.Mastodon, account("bob@c.test", "https://c.test/users/bob"), actor, CodeNotFound},
		{"empty", social.Mastodon, "", actor, CodeNotFound},
		{"same name, other actor", social.Mastodon, account("bob@b.test", "https://b.test/users/9"), actor, CodeMismatch},
		{"a local account of the same name", social.Mastodon, account("bob", "https://home.test/users/bob"), actor, CodeNotFound},
		{"actor unknown", social.Mastodon, account("bob@b.test", "https://b.test/users/9"), "", ""},
	}
	for _, c := range cases {
		body := "[" + c.answer + "]"
		if c.fl != social.Mastodon {
			body = `{"accounts":[` + c.answer + `],"statuses":[],"hashtags":[]}`
		}
		w, h := answering(t, c.fl, saying(200, body))
		a, err := h.Find(t.Context(), bob, c.actor)
		if c.code == "" && (err != nil || a.ID != "7") || c.code != "" && !hasCode(err, c.code) {
			t.Errorf("%s: %+v %v", c.name, a, err)
		}
		q, _ := url.Parse(w.requests("")[0].uri)
		if q.Query().Get("q") != "@bob@b.test" || q.Query().Get("resolve") != "true" {
			t.Errorf("%s: asked %s", c.name, q)
		}
	}
	_, h := answering(t, social.Mastodon, saying(200, "["+account("me", "")+"]"))
	if a, err := h.Find(t.Context(), handle(t, "me@home.test"), ""); err != nil || a.ID != "7" {
		t.Errorf("an account of the home server: %+v %v", a, err)
	}
}

func TestBatchesFitTheServer(t *testing.T) {
	w, h := answering(t, social.Snac, saying(200, `[]`))
	if _, err := h.Relationships(t.Context(), []social.RemoteID{"1", "2"}); !fault.Is(err, fault.TooLarge) {
		t.Errorf("two ids for snac: %v", err)
	}
	if n := len(w.requests("")); n != 0 {
		t.Errorf("%d requests", n)
	}
	_, h = answering(t, social.Mastodon, saying(200, `[]`))
	if _, err := h.Relationships(t.Context(), make([]social.RemoteID, 21)); !fault.Is(err, fault.TooLarge) {
		t.Errorf("21 ids: %v", err)
	}
}

func TestInstanceFallsBackToVersion1(t *testing.T) {
	w := newWorld(t)
	w.pages("snac.test", map[string]http.HandlerFunc{"/api/v1/instance": reply200("application/json", `{"title":"s","version":"4.0.0 (not true; really snac/2.94)"}`)})
	i, err := w.door().Home("snac.test", secretToken, social.Snac, nil).Instance(t.Context())
	if err != nil || i.Title != "s" || i.FollowLimit != 0 {
		t.Errorf("%+v %v", i, err)
	}
}

func TestCanceledCallIsNoFailureOfTheServer(t *testing.T) {
	_, h := answering(t, social.Mastodon, saying(200, `{"id":"1","username":"me"}`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 5 {
		if _, err := h.VerifyCredentials(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
	}
	if _, err := h.VerifyCredentials(t.Context()); err != nil {
		t.Errorf("after cancellations: %v", err)
	}

}
