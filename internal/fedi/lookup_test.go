package fedi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/social"
)

func TestLookUpFound(t *testing.T) {
	w := newWorld(t)
	w.pages("a.test", map[string]http.HandlerFunc{
		webFingerPath: fingers(map[string]string{"acct:alice@a.test": "https://a.test/users/alice"}),
		"/users/alice": reply200(typeAS, `{"id":"https://a.test/users/alice","type":"Person","preferredUsername":"alice",
			"name":"Alice ‮","summary":"<p>Birds. <a href=\"https://x.com/alice\">old</a> #NoBot</p>","manuallyApprovesFollowers":true,
			"url":"https://a.test/@alice","attachment":[{"type":"PropertyValue","name":"Web","value":"<a href=\"https://alice.example\" rel=\"me\">alice</a>"}]}`),
	})
	r, err := w.door().LookUp(t.Context(), handle(t, "Alice@A.test"))
	if err != nil {
		t.Fatal(err)
	}
	if r.State != social.Found || r.Handle.String() != "alice@a.test" || r.ActorID != "https://a.test/users/alice" ||
		!r.Locked || !r.NoBot || r.Bot || r.Name != "Alice " || r.Profile != "https://a.test/@alice" {
		t.Errorf("got %+v", r)
	}
	if len(r.Links) != 2 || r.Links[0] != "https://x.com/alice" || r.Links[1] != "https://alice.example" {
		t.Errorf("links %q", r.Links)
	}
	if n := len(w.requests("a.test")); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

// lookUpIn asks a fresh Door for h.
func lookUpIn(t *testing.T, w *world, h string) social.Resolution {
	t.Helper()
	r, err := w.door().LookUp(t.Context(), handle(t, h))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func jrdPage(subject string, actors ...string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) { writeJRD(rw, subject, actors...) }
}

func TestREG05ThirdPartyAliases(t *testing.T) {
	const evilActor = "https://evil.test/u/a"
	cases := []struct {
		name         string
		evil, victim http.HandlerFunc
		want         social.ResolutionState
		most         int // WebFinger requests in all
	}{
		{"victim knows nobody", jrdPage("acct:a@victim.test", evilActor), status(404), social.Unconfirmed, 2},
		{"victim names another actor", jrdPage("acct:a@victim.test", evilActor), jrdPage("acct:a@victim.test", "https://victim.test/u/a"), social.Unconfirmed, 2},
		{"victim gone", jrdPage("acct:a@victim.test", evilActor), status(410), social.Unconfirmed, 2},
		{"victim ill", jrdPage("acct:a@victim.test", evilActor), status(502), social.Ill, 2},
		{"loop", jrdPage("acct:a@victim.test", evilActor), jrdPage("acct:a@evil.test", evilActor), social.Unconfirmed, 2},
		{"plain http", jrdPage("acct:a@evil.test", "http://evil.test/u/a"), nil, social.Unconfirmed, 1},
		{"somebody else's actor", jrdPage("acct:a@evil.test", "https://victim.test/u/a"), status(400), social.Unconfirmed, 2},
		{"somebody else's actor, who says who it is", jrdPage("acct:a@evil.test", "https://victim.test/u/a"), jrdPage("acct:a@victim.test", "https://victim.test/u/a"), social.Unconfirmed, 2},
		{"two actors", jrdPage("acct:a@evil.test", evilActor, "https://evil.test/u/b"), nil, social.Unconfirmed, 1},
		{"no subject", jrdPage("", evilActor), nil, social.Unconfirmed, 1},
		{"subject is a page", jrdPage("https://evil.test/@a", evilActor), nil, social.Unconfirmed, 1},
		{"actor with user info", jrdPage("acct:a@evil.test", "https://x@evil.test/u/a"), nil, social.Unconfirmed, 1},
		{"no actor", jrdPage("acct:a@evil.test"), nil, social.NotFedi, 1},
		{"an honest alias", jrdPage("acct:a@victim.test", "https://victim.test/u/a"), jrdPage("acct:a@victim.test", "https://victim.test/u/a"), social.Found, 2},
	}
	for _, c := range cases {
		w := newWorld(t)
		w.pages("evil.test", map[string]http.HandlerFunc{webFingerPath: c.evil})
		w.pages("victim.test", map[string]http.HandlerFunc{webFingerPath: c.victim})
		r := lookUpIn(t, w, "a@evil.test")
		if r.State != c.want {
			t.Errorf("%s: %s, want %s", c.name, r.State, c.want)
		}
		if c.want != social.Found && (r.ActorID != "" || !r.Handle.IsZero()) {
			t.Errorf("%s: names somebody: %+v", c.name, r)
		}
		if c.want == social.Found && r.Handle.String() != "a@victim.test" {
			t.Errorf("%s: %s", c.name, r.Handle)
		}
		asked := 0
		for _, s := range w.requests("") {
			if strings.HasPrefix(s.uri, webFingerPath) {
				asked++
			}
		}
		if asked != c.most {
			t.Errorf("%s: %d WebFinger requests, want %d", c.name, asked, c.most)
		}
	}
}

func TestLookUpEndings(t *testing.T) {
	cases := []struct {
		name   string
		finger http.HandlerFunc
		want   social.ResolutionState
	}{
		{"missing", status(404), social.Missing},
		{"gone", status(410), social.GoneForGood},
		{"not this host's", status(400), social.Missing},
		{"refused", status(403), social.Refused},
		{"ill", status(500), social.Ill},
		{"a website", reply200("text/html", "<!DOCTYPE html><p>hello"), social.NotFedi},
		{"empty object", reply200("application/json", "{}"), social.NotFedi},
	}
	for _, c := range cases {
		w := newWorld(t)
		w.pages("a.test", map[string]http.HandlerFunc{webFingerPath: c.finger})
		r := lookUpIn(t, w, "a@a.test")
		if r.State != c.want || r.CheckedAt.IsZero() || r.FreshUntil.Before(r.CheckedAt) || r.FreshUntil.Sub(r.CheckedAt) > maxFresh {
			t.Errorf("%s: %+v, want %s", c.name, r, c.want)
		}
	}
}

func TestHostMetaFallback(t *testing.T) {
	w := newWorld(t)
	w.pages("a.test", map[string]http.HandlerFunc{
		"/.well-known/host-meta": reply200("application/xrd+xml", `<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0"><Link rel="lrdd" template="https://social.a.test/wf?resource={uri}"/></XRD>`),
	})
	w.pages("social.a.test", map[string]http.HandlerFunc{"/wf": fingers(map[string]string{"acct:alice@a.test": "https://social.a.test/users/alice"})})
	d := w.door()
	if r, err := d.LookUp(t.Context(), handle(t, "alice@a.test")); err != nil || r.State != social.Found || r.ActorID != "https://social.a.test/users/alice" {
		t.Errorf("%+v %v", r, err)
	}
	before := len(w.requests("a.test"))
	if r, err := d.LookUp(t.Context(), handle(t, "bob@a.test")); err != nil || r.State != social.Missing {
		t.Errorf("%+v %v", r, err)
	}
	if n := len(w.requests("a.test")) - before; n != 1 {
		t.Errorf("%d requests for the second handle: host-meta was forgotten", n)
	}
}

// Split domains: by redirect, and by a proxy that hides the other host.
func TestSplitDomains(t *testing.T) {
	actor := "https://social.a.test/users/alice"
	at := fingers(map[string]string{"acct:alice@a.test": actor})
	for name, front := range map[string]http.HandlerFunc{
		"redirect": func(rw http.ResponseWriter, r *http.Request) {
			redirectTo(301, "https://social.a.test"+r.RequestURI)(rw, r)
		},
		"proxy": at,
	} {
		w := newWorld(t)
		w.pages("a.test", map[string]http.HandlerFunc{webFingerPath: front})
		w.pages("social.a.test", map[string]http.HandlerFunc{webFingerPath: at})
		if r := lookUpIn(t, w, "alice@a.test"); r.State != social.Found || r.Handle.String() != "alice@a.test" || r.ActorID != actor {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestActorIsBestEffort(t *testing.T) {
	id := "https://a.test/users/a"
	cases := []struct {
		name  string
		actor http.HandlerFunc
		want  social.ResolutionState
	}{
		{"signature wanted", status(401), social.Found},
		{"forbidden", status(403), social.Found},
		{"broken", status(500), social.Found},
		{"no JSON", reply200("text/html", "<p>"), social.Found},
		{"odd shapes", reply200(typeAS, `{"id":"`+id+`","type":["Person"],"url":[{"type":"Link","href":"https://a.test/@a"}],"attachment":{"value":"x"},"tag":{"name":"#x"},"movedTo":null}`), social.Found},
		{"another id", reply200(typeAS, `{"id":"https://a.test/users/b","type":"Person"}`), social.Unconfirmed},
		{"tombstone", reply200(typeAS, `{"id":"`+id+`","type":"Tombstone"}`), social.GoneForGood},
		{"gone", status(410), social.GoneForGood},
	}
	for _, c := range cases {
		w := newWorld(t)
		w.pages("a.test", map[string]http.HandlerFunc{webFingerPath: jrdPage("acct:a@a.test", id), "/users/a": c.actor})
		if r := lookUpIn(t, w, "a@a.test"); r.State != c.want {
			t.Errorf("%s: %s, want %s", c.name, r.State, c.want)
		}
	}
}

// person is an actor page.
func person(host, user, more string) http.HandlerFunc {
	return reply200(typeAS, fmt.Sprintf(`{"id":"https://%s/users/%s","type":"Person","preferredUsername":"%s"%s}`, host, user, user, more))
}

func TestREG07MovesAreChecked(t *testing.T) {
	const from = "https://a.test/users/a"
	cases := []struct {
		name           string
		target         http.HandlerFunc
		moved, claimed string
	}{
		{"confirmed", person("v.test", "v", `,"alsoKnownAs":["https://x.test/u","`+from+`"]`), "v@v.test", "v@v.test"},
		{"confirmed, one alias as a text", person("v.test", "v", `,"alsoKnownAs":"`+from+`"`), "v@v.test", "v@v.test"},
		{"victim knows nothing of it", person("v.test", "v", ""), "", "v@v.test"},
		{"victim has moved on", person("v.test", "v", `,"alsoKnownAs":["`+from+`"],"movedTo":"https://w.test/users/w"`), "", "v@v.test"},
		{"back again", person("v.test", "v", `,"alsoKnownAs":["`+from+`"],"movedTo":"`+from+`"`), "", "v@v.test"},
		{"opted out", person("v.test", "v", `,"alsoKnownAs":["`+from+`"],"summary":"#nobot"`), "", "v@v.test"},
		{"not visible", status(401), "", "https://v.test/users/v"},
		{"other id", person("w.test", "w", `,"alsoKnownAs":["`+from+`"]`), "", "https://v.test/users/v"},
	}
	for _, c := range cases {
		w := newWorld(t)
		w.pages("a.test", map[string]http.HandlerFunc{webFingerPath: jrdPage("acct:a@a.test", from), "/users/a": person("a.test", "a", `,"movedTo":"https://v.test/users/v"`)})
		w.pages("v.test", map[string]http.HandlerFunc{webFingerPath: jrdPage("acct:v@v.test", "https://v.test/users/v"), "/users/v": c.target})
		r := lookUpIn(t, w, "a@a.test")
		if r.State != social.Found || r.MovedTo.String() != c.moved || r.MovedClaim != c.claimed || (r.MovedActor == "https://v.test/users/v") != (c.moved != "") {
			t.Errorf("%s: %s moved %q claimed %q", c.name, r.State, r.MovedTo, r.MovedClaim)
		}
		h, err := w.door().ConfirmMove(t.Context(), from, "https://v.test/users/v")
		if h.String() != c.moved || fault.Is(err, fault.Denied) != (c.moved == "") {
			t.Errorf("%s: ConfirmMove %q %v", c.name, h, err)
		}
	}
	w := newWorld(t)
	w.pages("v.test", map[string]http.HandlerFunc{"/users/v": status(502)})
	if _, err := w.door().ConfirmMove(t.Context(), from, "https://v.test/users/v"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an ill host: %v", err)
	}
	if _, err := w.door().ConfirmMove(t.Context(), from, from); !fault.Is(err, fault.Denied) {
		t.Errorf("to itself: %v", err)
	}
	w.pages("a.test", map[string]http.HandlerFunc{webFingerPath: jrdPage("acct:a@a.test", from), "/users/a": person("a.test", "a", `,"movedTo":"`+from+`","alsoKnownAs":["`+from+`"]`)})
	if r := lookUpIn(t, w, "a@a.test"); !r.MovedTo.IsZero() || r.MovedClaim != "" {
		t.Errorf("moved to itself: %+v", r)
	}
}

func TestNET12OwnHostIsNeverAsked(t *testing.T) {
	w := newWorld(t)
	w.host("godwit.test", status(200))
	w.host("godwit.test:8443", status(200))
	d := w.door(func(o *Options) { o.OwnHost = "Godwit.test" })
	for _, h := range []string{"x@godwit.test", "x@GODWIT.test.", "x@godwit.test:8443"} {
		if r, err := d.LookUp(t.Context(), handle(t, h)); err != nil || r.State != social.Refused {
			t.Errorf("%s: %+v %v", h, r, err)
		}
	}
	if _, err := d.Home("godwit.test", secretToken, social.Mastodon, nil).VerifyCredentials(t.Context()); err == nil {
		t.Error("our own host as a home server")
	}
	if _, _, err := d.RegisterApp(t.Context(), "godwit.test", "https://godwit.test/cb", ""); err == nil {
		t.Error("registered at ourselves")
	}
	if n := len(w.requests("")); n != 0 {
		t.Errorf("%d requests to ourselves", n)
	}
}

// Two servers that each name the other as the real one: two requests in all.
func TestNET12MutualSubjects(t *testing.T) {
	w := newWorld(t)
	w.host("a.test", jrdPage("acct:x@b.test", "https://b.test/u"))
	w.host("b.test", jrdPage("acct:x@a.test", "https://b.test/u"))
	if r := lookUpIn(t, w, "x@a.test"); r.State != social.Unconfirmed || len(w.requests("")) != 2 {
		t.Errorf("%s after %d requests", r.State, len(w.requests("")))
	}
}
