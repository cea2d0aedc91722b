package fedi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

func TestAUT05EndpointsStayHome(t *testing.T) {
	w := newWorld(t)
	bad := []string{"javascript:alert(1)", "data:text/html,x", "//evil.test/a", "https://evil.test/a", "https://honest.test@evil.test/",
		"http://169.254.169.254/", "http://honest.test/oauth/authorize", "-oProxyCommand=x", "https://h/$(id)", "https://honest.test/$(id)",
		"https://honest.test/a b", "https://honest.test/a#f", "https://honest.test/a?next=x", "https://honest.test:8443/a", "https://u:p@honest.test/a",
		"https://honest.test/%2e%2e/x", "https://honest.test", "HTTPS://HONEST.test/a", "https://honest.test/" + strings.Repeat("a", 3000), ""}
	serve := func(authorize, token string) {
		meta, _ := json.Marshal(map[string]string{"authorization_endpoint": authorize, "token_endpoint": token})
		w.pages("honest.test", map[string]http.HandlerFunc{"/.well-known/oauth-authorization-server": reply200("application/json", string(meta))})
	}
	for _, b := range bad {
		serve(b, b)
		a, tok := w.door().Endpoints(t.Context(), "honest.test")
		if a != "https://honest.test/oauth/authorize" || tok != "https://honest.test/oauth/token" {
			t.Errorf("%q: %q %q", b, a, tok)
		}
	}
	serve("https://honest.test/auth/go", "https://honest.test/auth/token")
	if a, tok := w.door().Endpoints(t.Context(), "honest.test"); a != "https://honest.test/auth/go" || tok != "https://honest.test/auth/token" {
		t.Errorf("sound metadata: %q %q", a, tok)
	}
	w.pages("honest.test", map[string]http.HandlerFunc{"/.well-known/oauth-authorization-server": redirectTo(302, "https://evil.test/")})
	if a, _ := w.door().Endpoints(t.Context(), "honest.test"); a != "https://honest.test/oauth/authorize" {
		t.Errorf("redirected metadata: %q", a)
	}
	if n := len(w.requests("evil.test")); n != 0 {
		t.Errorf("%d requests to evil.test", n)
	}
}

func TestAUT10Registration(t *testing.T) {
	w := newWorld(t)
	register := func(d *Door) error {
		id, secret, err := d.RegisterApp(t.Context(), "home.test", "https://godwit.test/cb", "read:accounts")
		if err != nil && (id != "" || !secret.IsZero()) {
			t.Errorf("half an app beside %v", err)
		}
		return err
	}
	apps := []string{`{"client_id":"` + strings.Repeat("a", 1<<20) + `","client_secret":"s"}`, `{"client_id":"` + strings.Repeat("a", maxField+1) + `","client_secret":"s"}`,
		`{"client_id":"a\r\nX: y","client_secret":"s"}`, `{"client_id":"a","client_secret":"s\u0000"}`, `{"client_id":"","client_secret":"s"}`,
		`{"client_id":"a","client_secret":"ü"}`, `{"client_id":1,"client_secret":"s"}`, `[]`, `<p>`}
	for _, app := range apps {
		w.pages("home.test", software(map[string]http.HandlerFunc{"/api/v1/apps": reply200("application/json", app)}, "home.test", "mastodon", "4.5.0"))
		if err := register(w.door()); !fault.Is(err, fault.Broken) {
			t.Errorf("%.40s: %v", app, err)
		}
	}
	w.pages("home.test", map[string]http.HandlerFunc{
		nodeInfoPath: reply200("application/json", `{"links":[{"rel":"`+relNodeInfo+`2.0","href":"https://home.test/n"}]}`),
		"/n":         reply200("application/json", `{"software":{"name":"wiki","version":"1"},"protocols":["xmpp"]}`),
	})
	before := len(w.requests(""))
	if err := register(w.door()); !hasCode(err, CodeNotFediverse) {
		t.Errorf("no ActivityPub: %v", err)
	}
	for _, s := range w.requests("")[before:] {
		if s.method != http.MethodGet {
			t.Errorf("%s %s at a server that is no fediverse server", s.method, s.uri)
		}
	}
	now := noon
	d := w.door(func(o *Options) { o.Now = func() time.Time { return now } })
	app := reply200("application/json", `{"client_id":"a","client_secret":"b"}`)
	for fl, second := range map[string]bool{"mastodon": false, "snac": true} {
		now = now.Add(softwareFresh)
		w.pages("home.test", software(map[string]http.HandlerFunc{"/api/v1/apps": app}, "home.test", fl, "4.5.0"))
		if err := register(d); err != nil {
			t.Fatal(err)
		}
		if err := register(d); (err == nil) != second {
			t.Errorf("%s: second registration at once: %v", fl, err)
		}
		now = now.Add(appPause)
		if err := register(d); err != nil {
			t.Errorf("%s: a minute later: %v", fl, err)
		}
	}
	w.pages("closed.test", software(map[string]http.HandlerFunc{"/api/v1/apps": status(403)}, "closed.test", "mastodon", "4.5.0"))
	if _, _, err := d.RegisterApp(t.Context(), "closed.test", "https://godwit.test/cb", ""); !hasCode(err, CodeServerRefuses) {
		t.Errorf("refused registration: %v", err)
	}
}

func TestAUT11Grants(t *testing.T) {
	w := newWorld(t)
	answer := func(body string) (Grant, error) {
		w.pages("home.test", map[string]http.HandlerFunc{"/oauth/token": reply200("application/json", body)})
		return w.door().Exchange(t.Context(), "https://home.test/oauth/token", "c", social.NewSecret("s"), "https://godwit.test/cb", "code", "v")
	}
	for _, body := range []string{
		`{"access_token":"t","token_type":"mac"}`, `{"access_token":"","token_type":"Bearer"}`, `{"access_token":"a\nb","token_type":"Bearer"}`,
		`{"access_token":"a b","token_type":"Bearer"}`, `{"access_token":"t"}`, `{"access_token":"` + strings.Repeat("t", maxToken+1) + `","token_type":"Bearer"}`,
		`{"access_token":["t"],"token_type":"Bearer"}`, `{"access_token":"t","token_type":"Bearer","scope":"` + strings.Repeat("s", maxField+1) + `"}`,
	} {
		if g, err := answer(body); !hasCode(err, CodeBadToken) || !g.Token.IsZero() {
			t.Errorf("%.60s: %+v %v", body, g, err)
		}
	}
	for scope, want := range map[string]bool{"read:accounts": false, "read:accounts write:follows": true, "read write follow": true, "write": true,
		"write:statuses": false, "": true} {
		g, err := answer(`{"access_token":"t","token_type":"bearer","scope":"` + scope + `"}`)
		if err != nil || g.Scopes != scope || MayFollow(g.Scopes) != want {
			t.Errorf("scope %q: %+v %v", scope, g, err)
		}
	}
}

func TestExchangeRefusals(t *testing.T) {
	cases := []struct {
		status int
		body   string
		code   string
		kind   fault.Kind
	}{
		{400, `{"error":"invalid_grant"}`, CodeOldLink, fault.Invalid},
		{400, `{"error":"sql: no rows in result set"}`, CodeOldLink, fault.Invalid},
		{400, `{"error":"invalid_client"}`, CodeUnknownApp, fault.Gone},
		{401, ``, CodeUnknownApp, fault.Gone},
		{429, `{}`, CodeSlowDown, fault.Wait},
		{502, ``, CodeNotAnswering, fault.Unavailable},
	}
	for _, c := range cases {
		w := newWorld(t)
		w.host("home.test", func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(c.status)
			rw.Write([]byte(c.body))
		})
		if err := exchange(t, w.door()); !hasCode(err, c.code) || !fault.Is(err, c.kind) {
			t.Errorf("%d %s: %v", c.status, c.body, err)
		}
	}
}

func TestScopesAreTheLeast(t *testing.T) {
	for _, c := range []struct {
		fl      social.Flavour
		version string
		want    string
	}{
		{social.Mastodon, "4.5.0", "read:accounts read:follows write:follows"},
		{social.Mastodon, "2.4.2", "read follow"},
		{social.Mastodon, "v10.0.1", "read:accounts read:follows write:follows"},
		{social.GoToSocial, "0.20.0", "read:accounts read:search read:follows write:follows"},
		{social.FlavourOther, "2.7.2", "read follow"},
	} {
		if got := Scopes(c.fl, c.version); got != c.want || !MayFollow(got) || strings.Contains(got, "statuses") {
			t.Errorf("%s %s: %q", c.fl, c.version, got)
		}
	}
	if !AppPerLogin(social.Snac) || AppPerLogin(social.Mastodon) {
		t.Error("snac alone keeps the user with the app")
	}
}

func TestRevoke(t *testing.T) {
	for code, fine := range map[int]bool{200: true, 401: true, 403: true, 429: false, 500: false} {
		w := newWorld(t)
		w.pages("home.test", map[string]http.HandlerFunc{"/oauth/revoke": status(code)})
		err := w.door().Revoke(t.Context(), "home.test", "c", social.NewSecret("s"), secretToken)
		if (err == nil) != fine {
			t.Errorf("%d: %v", code, err)
		}
	}
}
