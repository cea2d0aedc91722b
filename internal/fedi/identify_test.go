package fedi

import (
	"net/http"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// A hostile server says that somebody else has logged in.
func TestAUT01WhoLoggedIn(t *testing.T) {
	const evil = "https://evil.test/users/alice"
	own := fingers(map[string]string{"acct:alice@evil.test": evil})
	cases := []struct {
		name    string
		account string
		finger  http.HandlerFunc
		want    string // "" is a refusal
	}{
		{"honest about itself", `"username":"alice","acct":"alice"`, own, "alice@evil.test"},
		{"acct with a host", `"username":"alice","acct":"alice@mastodon.test"`, own, "alice@evil.test"},
		{"foreign url and uri", `"username":"alice","acct":"alice","url":"https://mastodon.test/@alice","uri":"https://mastodon.test/users/alice"`, own, "alice@evil.test"},
		{"username with a host", `"username":"alice@mastodon.test"`, own, "alice@evil.test"},
		{"username that is no name", `"username":"../alice"`, own, ""},
		{"only an acct elsewhere", `"acct":"alice@mastodon.test"`, own, "alice@evil.test"},
		{"its WebFinger names the victim", `"username":"alice"`, jrdPage("acct:alice@mastodon.test", "https://mastodon.test/users/alice"), ""},
		{"its WebFinger claims the victim's name", `"username":"alice"`, jrdPage("acct:alice@mastodon.test", evil), ""},
		{"the victim's actor under its own name", `"username":"alice"`, jrdPage("acct:alice@evil.test", "https://mastodon.test/users/alice"), ""},
		{"another name", `"username":"alice"`, jrdPage("acct:bob@evil.test", evil), ""},
		{"nobody, and a foreign page", `"username":"alice","uri":"https://mastodon.test/users/alice"`, status(404), ""},
	}
	for _, c := range cases {
		w := newWorld(t)
		w.pages("mastodon.test", map[string]http.HandlerFunc{webFingerPath: fingers(map[string]string{"acct:alice@mastodon.test": "https://mastodon.test/users/alice"})})
		w.pages("evil.test", map[string]http.HandlerFunc{webFingerPath: c.finger,
			"/api/v1/accounts/verify_credentials": reply200("application/json", `{"id":"1",`+c.account+`}`)})
		d := w.door()
		acct, err := d.Home("evil.test", secretToken, social.Mastodon, nil).VerifyCredentials(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		h, actor, err := d.Identify(t.Context(), "evil.test", acct)
		if h.String() != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q %v, want %q", c.name, h, err, c.want)
		}
		if c.want == "" && (actor != "" || !fault.Is(err, fault.Denied) && !fault.Is(err, fault.Invalid)) {
			t.Errorf("%s: actor %q, %v", c.name, actor, err)
		}
	}
}

// A split domain: the API's host is not the handle's, and the handle's domain
// delegates to it.
func TestAUT01SplitDomain(t *testing.T) {
	const actor = "https://social.a.test/users/alice"
	both := map[string]string{"acct:alice@a.test": actor}
	byName := func(rw http.ResponseWriter, r *http.Request) { // Mastodon knows its names under both domains
		writeJRD(rw, "acct:alice@a.test", actor)
	}
	byPage := func(rw http.ResponseWriter, r *http.Request) { // others only by the actor
		switch r.URL.Query().Get("resource") {
		case actor, "acct:alice@a.test":
			writeJRD(rw, "acct:alice@a.test", actor)
		default:
			http.NotFound(rw, r)
		}
	}
	for name, api := range map[string]http.HandlerFunc{"by name": byName, "by page": byPage} {
		w := newWorld(t)
		w.pages("a.test", map[string]http.HandlerFunc{webFingerPath: fingers(both)})
		w.pages("social.a.test", map[string]http.HandlerFunc{webFingerPath: api})
		h, id, err := w.door().Identify(t.Context(), "social.a.test", social.RemoteAccount{ID: "1", Acct: "alice", URI: actor})
		if err != nil || h.String() != "alice@a.test" || id != actor {
			t.Errorf("%s: %q %q %v", name, h, id, err)
		}
	}
	w := newWorld(t)
	w.pages("a.test", map[string]http.HandlerFunc{webFingerPath: status(404)})
	w.pages("social.a.test", map[string]http.HandlerFunc{webFingerPath: byName})
	if h, _, err := w.door().Identify(t.Context(), "social.a.test", social.RemoteAccount{ID: "1", Acct: "alice"}); err == nil {
		t.Errorf("a domain that does not delegate: %q", h)
	}
	w.pages("social.a.test", map[string]http.HandlerFunc{webFingerPath: status(503)})
	if _, _, err := w.door().Identify(t.Context(), "social.a.test", social.RemoteAccount{ID: "1", Acct: "alice"}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an ill host: %v", err)
	}
}

func TestAnotherAccountSays(t *testing.T) {
	err := AnotherAccount("a.test", handle(t, "bob@a.test"), handle(t, "alice@a.test"))
	if want := "a.test answered for @bob@a.test, but you typed @alice@a.test. We stopped and threw the permission away. Sign out on a.test, sign in as @alice@a.test, then try again."; fault.Say(err) != want || err.Code != CodeAnotherAccount {
		t.Errorf("%q", fault.Say(err))
	}
}

func TestWhoseComparesWithTheTyped(t *testing.T) {
	w := newWorld(t)
	w.pages("a.test", map[string]http.HandlerFunc{
		webFingerPath:                         fingers(map[string]string{"acct:bob@a.test": "https://a.test/users/bob"}),
		"/api/v1/accounts/verify_credentials": reply200("application/json", `{"id":"2","username":"bob","acct":"bob","following_count":5}`),
	})
	sw := social.Software{Host: "a.test", Name: "snac", Version: "2.94", Flavour: social.Snac}
	for typed, code := range map[string]string{"bob@a.test": "", "BOB@A.test": "", "alice@a.test": CodeAnotherAccount, "bob@b.test": CodeAnotherAccount} {
		dest, err := w.door().Whose(t.Context(), "a.test", secretToken, sw, handle(t, typed))
		if code != "" && (!hasCode(err, code) || dest.Host != "") || code == "" && (err != nil || dest.Handle.String() != "bob@a.test" || dest.RemoteID != "2") {
			t.Errorf("%s: %+v %v", typed, dest, err)
		}
	}
	if dest, err := w.door().Whose(t.Context(), "a.test", secretToken, sw, social.Handle{}); err != nil || dest.ActorID != "https://a.test/users/bob" || dest.Software != "snac 2.94" {
		t.Errorf("only a server typed: %+v %v", dest, err)
	}
}
