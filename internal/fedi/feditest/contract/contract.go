// Package contract states how servers of each flavour behave, with plain
// net/http, as one suite of tests. It runs against the simulation of feditest,
// and against a real server when these are set:
//
//	GODWIT_CONTRACT_SERVER   the host of its API, such as social.example.test
//	GODWIT_CONTRACT_TOKEN    a token of an account there, scopes read write follow
//	GODWIT_CONTRACT_REMOTE   user@host of an unlocked account on another server,
//	                         which the account does not follow; it is followed
//	                         and unfollowed again
//	GODWIT_CONTRACT_LOCKED   the same of a locked account (optional)
//	GODWIT_CONTRACT_CA       a file of root certificates in PEM (optional)
//	GODWIT_CONTRACT_NO_MEDIA 1 where the server was built without its way to read
//	                         pictures (optional)
//	GODWIT_CONTRACT_ADDRESS  host:port where the server really listens (optional)
//
// The suite makes about a hundred requests and leaves one app registered; what
// it posts it deletes.
package contract

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"godwit/internal/social"
)

// Server is a server under test.
type Server struct {
	Host    string       // of its API
	Client  *http.Client // reaches it; follows no redirects
	Token   string
	Remote  string             // user@host on another server, unlocked and not followed
	Locked  string             // the same, locked; "" leaves out what it is about
	Flavour social.Flavour     // found by NodeInfo when ""
	NoMedia bool               // it takes no files
	Settle  func(t *testing.T) // lets the servers talk to each other for some seconds
}

// suite is a Server at work.
type suite struct {
	Server
	m  manner
	me account
}

// Run states the whole contract against s.
func Run(t *testing.T, s Server) {
	if s.Flavour == "" {
		s.Flavour = detect(t, s)
	}
	m, ok := manners[s.Flavour]
	if !ok {
		t.Fatalf("no contract for the flavour %q", s.Flavour)
	}
	u := &suite{Server: s, m: m}
	u.get(t, "/api/v1/accounts/verify_credentials", 200).into(t, &u.me)
	t.Run("discovery", u.discovery)
	t.Run("instance", u.instance)
	t.Run("apps", u.apps)
	t.Run("tokens", u.tokens)
	t.Run("search", u.search)
	t.Run("follow", u.follow)
	if u.m.importAPI == 202 {
		t.Run("import", u.imports)
	}
	if u.Locked != "" {
		t.Run("locked", u.locked)
	}
	t.Run("errors", u.errors)
	t.Run("limits", u.limits)
}

func detect(t *testing.T, s Server) social.Flavour {
	u := &suite{Server: s}
	software := u.nodeInfo(t)
	for flavour, m := range manners {
		if m.software == software {
			return flavour
		}
	}
	t.Fatalf("NodeInfo says %q, for which there is no contract", software)
	return ""
}

// nodeInfo returns the name of the software.
func (u *suite) nodeInfo(t *testing.T) string {
	t.Helper()
	var index struct{ Links []struct{ Rel, Href string } }
	u.bare(t, "/.well-known/nodeinfo", 200).into(t, &index)
	for _, link := range index.Links {
		if strings.HasPrefix(link.Rel, "http://nodeinfo.diaspora.software/ns/schema/2.") {
			at, err := url.Parse(link.Href)
			if err != nil || at.Host != u.Host {
				t.Fatalf("NodeInfo is at %q", link.Href)
			}
			return u.software(t, at.Path)
		}
	}
	t.Fatal("NodeInfo names no document")
	return ""
}

func (u *suite) software(t *testing.T, path string) string {
	t.Helper()
	var doc struct {
		Software  struct{ Name, Version string }
		Protocols []string
	}
	u.bare(t, path, 200).into(t, &doc)
	if doc.Software.Version == "" || len(doc.Protocols) == 0 || doc.Protocols[0] != "activitypub" {
		t.Errorf("NodeInfo: %+v", doc)
	}
	return doc.Software.Name
}

func (u *suite) discovery(t *testing.T) {
	if name := u.nodeInfo(t); name != u.m.software {
		t.Errorf("software %q, want %q", name, u.m.software)
	}
	meta := u.bare(t, "/.well-known/host-meta", 200)
	if !strings.Contains(meta.body, "/.well-known/webfinger?resource={uri}") {
		t.Errorf("host-meta: %s", meta.body)
	}
	u.webFinger(t)
	u.bare(t, "/.well-known/oauth-authorization-server", u.m.metadata)
}

func (u *suite) webFinger(t *testing.T) {
	const path = "/.well-known/webfinger"
	user := u.me.Username
	ask := func(resource string, status int) response {
		t.Helper()
		return u.bare(t, path+"?resource="+url.QueryEscape(resource), status)
	}
	var doc struct {
		Subject string
		Links   []struct{ Rel, Type, Href string }
	}
	ask("acct:"+user+"@"+u.Host, 200).into(t, &doc)
	domain := strings.TrimPrefix(doc.Subject, "acct:"+user+"@")
	actor := ""
	for _, link := range doc.Links {
		if link.Rel == "self" && link.Type == "application/activity+json" {
			actor = link.Href
		}
	}
	if domain == doc.Subject || !strings.HasPrefix(actor, "https://"+u.Host+"/") {
		t.Fatalf("WebFinger: %+v", doc)
	}
	ask(user+"@"+domain, 200)
	ask(actor, 200)
	ask("acct:"+user+"@"+strings.ToUpper(domain), u.m.upperHost)
	ask("acct:nobody-of-that-name@"+domain, 404)
	ask("acct:"+user+"@elsewhere.example", u.m.foreignHost)
	u.bare(t, path, 400)
	u.actor(t, actor)
}

func (u *suite) actor(t *testing.T, id string) {
	at, err := url.Parse(id)
	if err != nil {
		t.Fatal(err)
	}
	r := u.ask(t, request{path: at.Path, accept: "application/activity+json"})
	if r.status != u.m.unsignedActor {
		t.Errorf("unsigned actor: %d, want %d", r.status, u.m.unsignedActor)
	}
	if r.status != 200 {
		return
	}
	var doc struct{ ID, PreferredUsername string }
	r.into(t, &doc)
	if doc.ID != id || doc.PreferredUsername != u.me.Username {
		t.Errorf("actor: %+v, want id %s", doc, id)
	}
}

func (u *suite) instance(t *testing.T) {
	var v1 struct{ URI, Version, Title string }
	u.get(t, "/api/v1/instance", 200).into(t, &v1)
	if v1.Version == "" || v1.Title == "" {
		t.Errorf("instance: %+v", v1)
	}
	u.bare(t, "/api/v2/instance", u.m.instanceV2)
}

func (u *suite) apps(t *testing.T) {
	form := url.Values{"client_name": {"contract"}, "redirect_uris": {"https://app.example/cb"}, "scopes": {"read:accounts write:follows"}}
	var app struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}
	u.ask(t, request{method: "POST", path: "/api/v1/apps", form: form, anonymous: true}).want(t, 200).into(t, &app)
	if app.ClientID == "" || app.ClientSecret == "" {
		t.Error("an app without id or secret")
	}
	u.ask(t, request{method: "POST", path: "/api/v1/apps", anonymous: true,
		json: `{"client_name":"contract","redirect_uris":["https://app.example/cb"],"scopes":"read"}`}).want(t, u.m.arrayRedirects)
	bad := url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "client_id": {app.ClientID},
		"client_secret": {"wrong"}, "redirect_uri": {"https://app.example/cb"}}
	r := u.ask(t, request{method: "POST", path: "/oauth/token", form: bad, anonymous: true})
	if r.status != 400 && r.status != 401 {
		t.Errorf("a wrong client secret: %d", r.status)
	}
}

func (u *suite) tokens(t *testing.T) {
	const path = "/api/v1/accounts/verify_credentials"
	u.bare(t, path, u.m.noToken)
	u.ask(t, request{path: path, authorization: "Bearer no-such-token"}).want(t, u.m.noToken)
	u.ask(t, request{path: path, authorization: "bearer " + u.Token}).want(t, u.m.lowerBearer)
	if strings.Contains(u.me.Acct, "@") || u.me.ID == "" {
		t.Errorf("verify_credentials: %+v", u.me)
	}
}

func (u *suite) errors(t *testing.T) {
	r := u.get(t, "/api/v1/no-such-thing", 404)
	if kind := r.header.Get("Content-Type"); strings.HasPrefix(kind, "text/html") != u.m.htmlErrors {
		t.Errorf("an error comes as %q", kind)
	}
	if u.m.wrongMethodBody != "" {
		wrong := u.ask(t, request{method: "PATCH", path: "/api/v2/search"}).want(t, 405)
		if strings.TrimSpace(wrong.body) != u.m.wrongMethodBody {
			t.Errorf("wrong method: %q", wrong.body)
		}
	}
	u.get(t, "/api/v1/follow_requests/outgoing", u.m.outgoing)
	u.ask(t, request{method: "POST", path: "/api/v1/import", upload: map[string]string{"type": "following", "mode": "merge"}}).want(t, u.m.importAPI)
}

func (u *suite) limits(t *testing.T) {
	r := u.get(t, "/api/v1/accounts/verify_credentials", 200)
	if limit := r.header.Get("X-RateLimit-Limit"); limit != u.m.rateLimit {
		t.Errorf("X-RateLimit-Limit is %q, want %q", limit, u.m.rateLimit)
	}
	if u.m.rateLimit == "" {
		return
	}
	first, second := r.header.Get("X-RateLimit-Remaining"), u.get(t, "/api/v1/accounts/verify_credentials", 200).header.Get("X-RateLimit-Remaining")
	if first == "" || first == second {
		t.Errorf("X-RateLimit-Remaining stands at %q, then %q", first, second)
	}
	if reset := r.header.Get("X-RateLimit-Reset"); !strings.HasSuffix(reset, "Z") || len(reset) < len("2006-01-02T15:04:05Z") {
		t.Errorf("X-RateLimit-Reset is %q", reset)
	}
	if r.header.Get("Retry-After") != "" {
		t.Error("Retry-After on an ordinary answer")
	}
}
