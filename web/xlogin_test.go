package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/web"
)

// atX is a town whose operator has an app at X.
func atX(t *testing.T, secret string) (*house, *feditest.XLogin) {
	t.Helper()
	h := town(t, web.Anyone, func(d *web.Deps) { d.XApp = fedi.XApp{ID: "app id/1", Secret: social.NewSecret(secret)} })
	return h, h.world.AddXLogin("app id/1", secret, h.base+"/register/x/callback")
}

// toX presses the button and lets X answer: the address that it sends back to.
func (b *browser) toX() string {
	b.h.t.Helper()
	start := b.submit(b.page("/register"), "/register/x")
	to := must[*url.URL](b.h.t)(url.Parse(start.Header.Get("Location")))
	if to.Host != "x.com" || to.Path != "/i/oauth2/authorize" {
		b.h.t.Fatalf("sent to %s", to)
	}
	rec := httptest.NewRecorder()
	b.h.world.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, to.String(), nil))
	return rec.Header().Get("Location")
}

// TestREG01XLogin: who signs in at X is that account, by its number; X gets its
// permission back, and nothing is published by itself.
func TestREG01XLogin(t *testing.T) {
	for _, secret := range []string{"", "a secret/+%"} {
		h, x := atX(t, secret)
		x.As("42", "alice_x")
		b := h.signIn("alice@shore.test")
		end := b.get(b.toX())
		if end.StatusCode != http.StatusSeeOther || end.Header.Get("Location") != "/register" {
			t.Fatalf("%d %s\n%s", end.StatusCode, end.Header.Get("Location"), end.main())
		}
		b.page("/register").want(t, "Both accounts are proven", "@alice_x on X is now @alice@shore.test.", "by signing in at X")
		r := must[social.Registration](t)(h.store.GetRegistration(t.Context(), h.userOf(b).ID))
		if r.XID != "42" || !r.XIDProven || r.Proof != social.ProofLogin || r.Audience != social.Unpublished {
			t.Errorf("%+v", r)
		}
		if n := x.Good(); n != 0 {
			t.Errorf("%d permissions were kept", n)
		}
		if strings.Contains(h.log.String(), "code") {
			t.Error(h.log)
		}
	}
}

// Without an app there is nothing to press, and no address to call.
func TestXLoginIsTheOperatorsToOffer(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.signIn("alice@shore.test")
	if b.page("/register").doc.Find("form[action='/register/x']").Length() != 0 {
		t.Error("X is offered without an app")
	}
	for _, got := range []answer{b.post("/register/x"), b.get("/register/x/callback?code=a&state=b.c")} {
		if got.StatusCode != http.StatusNotFound {
			t.Errorf("%d", got.StatusCode)
		}
	}
}

// REG-01, AUT-03: a callback of another browser, a second use, a changed state,
// a "no" at X and answers that make no sense register nobody.
func TestREG01XLoginRefused(t *testing.T) {
	const me = "/2/users/me"
	says := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	const json = "application/json"
	answers := map[string]http.HandlerFunc{
		"a number that is none":       says(200, json, `{"data":{"id":"0x2A","username":"alice_x"}}`),
		"a number as a number":        says(200, json, `{"data":{"id":42,"username":"alice_x"}}`),
		"no number":                   says(200, json, `{"data":{"username":"alice_x"}}`),
		"a name that X does not have": says(200, json, `{"data":{"id":"42","username":"аlice"}}`),
		"a page":                      says(200, "text/html", `{"data":{"id":"42","username":"alice_x"}}`),
		"without end":                 says(200, json, strings.Repeat(" ", 1<<20)),
		"no answer":                   says(503, json, ``),
		"no app":                      says(403, json, `{"title":"Client Forbidden","reason":"client-not-enrolled"}`),
		"too often":                   says(429, json, `{"title":"Too Many Requests"}`),
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.test/", http.StatusTemporaryRedirect)
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			h, x := atX(t, "s")
			x.As("42", "alice_x")
			x.Answer(me, answer)
			b := h.signIn("alice@shore.test")
			b.get(b.toX())
			h.nobody(b)
			if n := x.Good(); n != 0 {
				t.Errorf("%d permissions were kept", n)
			}
		})
	}
	h, x := atX(t, "s")
	x.As("42", "alice_x")
	b, other := h.signIn("alice@shore.test"), h.signIn("gail@reeds.test")
	for name, get := range map[string]func(back string) answer{
		"by another person":  other.get,
		"with another state": func(back string) answer { return b.get(back + "x") },
		"with two codes":     func(back string) answer { return b.get(back + "&code=evil") },
		"with another code":  func(back string) answer { return b.get(strings.Replace(back, "code=", "code=A", 1)) },
	} {
		if got := get(b.toX()); got.StatusCode == http.StatusOK {
			t.Errorf("%s: %d", name, got.StatusCode)
		}
		h.nobody(b)
		h.nobody(other)
	}
	x.As("", "")
	b.get(b.toX())
	h.nobody(b)
	b.page("/register").want(t, "you said no there")
}

// REG-02 for X: nobody can make the operator pay for endless sign-ins.
func TestXLoginIsBounded(t *testing.T) {
	h, x := atX(t, "")
	x.As("", "")
	b := h.signIn("alice@shore.test")
	for range 5 {
		b.get(b.toX())
	}
	if got := b.submit(b.page("/register"), "/register/x"); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a sixth: %d", got.StatusCode)
	}
}

// nobody checks that the browser's person registered nothing.
func (h *house) nobody(b *browser) {
	h.t.Helper()
	if r, err := h.store.GetRegistration(h.t.Context(), h.userOf(b).ID); err == nil {
		h.t.Errorf("registered: %+v", r)
	}
}
