package fedi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/fedi/feditest/xtest"
	"godwit/internal/social"
)

// smallX is an X on which wren follows five people.
func smallX() *xtest.X {
	x := &xtest.X{Token: "of-wren", AppToken: "of-the-app", Owner: xtest.User{ID: "700", Username: "wren_x", Name: "Wren"}, PageMost: 2}
	for i := range 5 {
		n := strconv.Itoa(i)
		x.Following = append(x.Following, xtest.User{ID: "90" + n, Username: "wader_" + n, Bio: "@wader" + n + "@shore.test"})
		x.Posts = append(x.Posts, `{"id":"200`+n+`","text":"tide `+n+`"}`)
		x.OldPosts = append(x.OldPosts, `{"id":`+strconv.Itoa(2009-i)+`,"id_str":"`+strconv.Itoa(2009-i)+`","full_text":"tide `+n+`"}`)
	}
	x.Followers = x.Following[:3]
	return x
}

// listing is what both versions of the API can.
type listing interface {
	Self(ctx context.Context, username string) (Listed, error)
	Page(ctx context.Context, ask social.PullAsk) (social.PullPage, error)
	Size(kind social.PullKind) (least, most int)
}

// versions gives a client of each version, for a world of its own.
func versions(t *testing.T, x *xtest.X, token string) map[string]listing {
	w := newWorld(t)
	w.host("api.x.test", x.ServeHTTP)
	d := w.door(func(o *Options) { o.XAPI = "api.x.test" })
	return map[string]listing{"2": d.XAPI(social.NewSecret(token)), "1.1": d.X11("api.x.test", social.NewSecret(token))}
}

func TestXReadsEveryPage(t *testing.T) {
	x := smallX()
	for version, api := range versions(t, x, "of-wren") {
		self, err := api.Self(t.Context(), "")
		if err != nil || self.ID != "700" || self.Username != "wren_x" || len(self.Body) == 0 {
			t.Fatalf("%s: self %+v, %v", version, self, err)
		}
		for kind, want := range map[social.PullKind]int{social.PullFollowing: 5, social.PullFollowers: 3, social.PullPosts: 5} {
			got, pages, cursor := 0, 0, ""
			for {
				page, err := api.Page(t.Context(), social.PullAsk{Kind: kind, AccountID: "700", Cursor: cursor, Most: 100})
				if err != nil {
					t.Fatalf("%s %s: %v", version, kind, err)
				}
				got, pages = got+page.Entries, pages+1
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			if got != want || pages < (want+1)/2 || pages > want/2+2 {
				t.Errorf("%s %s: %d entries on %d pages, want %d", version, kind, got, pages, want)
			}
		}
		page, err := api.Page(t.Context(), social.PullAsk{Kind: social.PullNames, AccountID: "700", IDs: []string{"901", "5", "903"}, Most: 3})
		if err != nil || page.Entries != 2 || page.Next != "" || !strings.Contains(string(page.Body), "wader_3") {
			t.Errorf("%s: names %d, %q, %v", version, page.Entries, page.Body, err)
		}
	}
}

// A token that stands for an app only cannot say whose it is; then a name does.
func TestXAppToken(t *testing.T) {
	api := versions(t, smallX(), "of-the-app")["2"]
	if _, err := api.Self(t.Context(), ""); codeOf(err) != CodeXRefuses {
		t.Errorf("without a name: %v", err)
	}
	if self, err := api.Self(t.Context(), "Wren_X"); err != nil || self.ID != "700" {
		t.Errorf("with the name: %+v, %v", self, err)
	}
	for _, name := range []string{"nobody_here", "a/../b", "../me", strings.Repeat("x", 40)} {
		if _, err := api.Self(t.Context(), name); codeOf(err) != CodeNoXAccount {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func codeOf(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f.Code
	}
	return ""
}

// Whatever X answers, it is a page or a fault with a sentence, and it is known
// whether it may have been paid for.
func TestXHostileAnswers(t *testing.T) {
	reset := strconv.FormatInt(time.Now().Add(7*time.Minute).Unix(), 10)
	json := "application/json"
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   string
		paid   bool
	}{
		"unauthorized":  {xtest.Status(401), CodeXToken, false},
		"no credits":    {xtest.Status(402), CodeXCredits, false},
		"not allowed":   {xtest.Status(403), CodeXRefuses, false},
		"gone":          {xtest.Status(404), CodeNoXAccount, false},
		"window":        {xtest.Status(429, "x-rate-limit-reset", reset), CodeSlowDown, false},
		"window unsaid": {xtest.Status(429), CodeSlowDown, false},
		"window absurd": {xtest.Status(429, "x-rate-limit-reset", "99999999999999999999"), CodeSlowDown, false},
		"unavailable":   {xtest.Status(503), CodeNotAnswering, false},
		"teapot":        {xtest.Status(418), CodeMalformed, false},
		"redirect":      {redirectTo(302, "https://evil.test/2/users/700/following"), CodeRedirect, true},
		"page":          {xtest.Body("text/html", "<p>no</p>"), CodeMalformed, true},
		"no JSON":       {xtest.Body(json, "{"), CodeMalformed, true},
		"nothing":       {xtest.Body(json, "{}"), CodeMalformed, true},
		"other shape":   {xtest.Body(json, `{"data":{"id":"1"}}`), CodeMalformed, true},
		"hostile token": {xtest.Body(json, `{"data":[{"id":"1"}],"meta":{"next_token":"a&b=../x"}}`), CodeMalformed, true},
		"long token":    {xtest.Body(json, `{"data":[],"meta":{"next_token":"`+strings.Repeat("a", 5000)+`"}}`), CodeMalformed, true},
		"too large":     {xtest.Body(json, `{"data":["`+strings.Repeat("a", maxPage)+`"]}`), CodeMalformed, true},
		"cut":           {xtest.Cut, CodeNotAnswering, true},
		"dropped":       {xtest.Drop, CodeNotAnswering, true},
	} {
		x := smallX()
		x.Fail(c.answer)
		_, err := versions(t, x, "of-wren")["2"].Page(t.Context(), social.PullAsk{Kind: social.PullFollowing, AccountID: "700", Most: 1000})
		if codeOf(err) != c.code || Unanswered(err) != c.paid {
			t.Errorf("%s: %v, may be paid %t", name, err, Unanswered(err))
		}
		if strings.Contains(fault.Say(err), "{") || strings.Contains(err.Error(), "of-wren") {
			t.Errorf("%s: says %q, %q", name, fault.Say(err), err.Error())
		}
	}
	if Unanswered(nil) || Unanswered(explain("x.test", errNoHost)) || Unanswered(explain("x.test", &illness{})) {
		t.Error("what was never sent may be paid for")
	}
}

func TestX11HostileAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   string
	}{
		"window":     {xtest.Status(429), CodeSlowDown},
		"html":       {xtest.Body("text/html", "<p>no</p>"), CodeMalformed},
		"large id":   {xtest.Body("application/json", `{"users":[{"id":99999999999999999999}]}`), CodeMalformed},
		"error":      {xtest.Body("application/json", `[]`), CodeMalformed},
		"redirect":   {redirectTo(301, "https://evil.test/"), CodeRedirect},
		"large page": {xtest.Body("application/json", `{"x":"`+strings.Repeat("a", maxPage)+`"}`), CodeMalformed},
	} {
		x := smallX()
		x.Fail(c.answer)
		_, err := versions(t, x, "of-wren")["1.1"].Page(t.Context(), social.PullAsk{Kind: social.PullFollowing, AccountID: "700", Most: 200})
		if codeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

// What is paid for is sent once, whatever becomes of the connection.
func TestXAsksOnce(t *testing.T) {
	x := smallX()
	api := versions(t, x, "of-wren")["2"]
	if _, err := api.Self(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	x.Fail(xtest.Drop)
	if _, err := api.Page(t.Context(), social.PullAsk{Kind: social.PullFollowing, AccountID: "700", Most: 9}); err == nil || len(x.Asked()) != 2 {
		t.Errorf("%v, asked %q", err, x.Asked())
	}
}

// The end of X's window is kept, in its own header and clock.
func TestXWindow(t *testing.T) {
	now := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		strconv.FormatInt(now.Add(5*time.Minute).Unix(), 10): 5 * time.Minute, "": unsaidWait, "x": unsaidWait,
		strconv.FormatInt(now.Add(-time.Hour).Unix(), 10): pastReset, strconv.FormatInt(now.Add(72*time.Hour).Unix(), 10): maxWaitHome,
	} {
		if got := xAgain(http.Header{"X-Rate-Limit-Reset": {text}}, now).Sub(now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// A list that turns in a circle ends, and the token goes to X alone.
func TestXCircleAndToken(t *testing.T) {
	x := smallX()
	w := newWorld(t)
	w.host("api.x.test", x.ServeHTTP)
	d := w.door(func(o *Options) { o.XAPI = "api.x.test" })
	x.Fail(xtest.Body("application/json", `{"data":[{"id":"1","username":"a"}],"meta":{"next_token":"T2"}}`))
	page, err := d.XAPI(social.NewSecret("of-wren")).Page(t.Context(), social.PullAsk{Kind: social.PullFollowing, AccountID: "700", Cursor: "T2", Most: 9})
	if err != nil || page.Next != "" || page.Entries != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	if seen := w.requests(""); len(seen) != 1 || seen[0].header.Get("Authorization") != "Bearer of-wren" || seen[0].method != http.MethodGet {
		t.Errorf("asked %+v", seen)
	}
	if _, err := d.XAPI(social.NewSecret("of-wren")).Page(t.Context(), social.PullAsk{Kind: social.PullFollowing, AccountID: "7/../../x?y"}); err == nil {
		t.Error("an id that is none was sent")
	}
}

// ---- the Mastodon API

// truth is a server like Truth Social: one account that follows three people.
func truth(t *testing.T) (*world, *Lists) {
	w := newWorld(t)
	w.host("truthsocial.test", func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer mine" {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		rw.Header().Set("Content-Type", "application/json; charset=utf-8")
		switch {
		case r.URL.Path == verifyPath:
			_, _ = rw.Write([]byte(`{"id":"5","username":"wren","acct":"wren","url":"https://truthsocial.test/@wren","following_count":3,"statuses_count":7}`))
		case r.URL.Path == "/api/v1/accounts/5/following" && r.URL.Query().Get("max_id") == "":
			rw.Header().Set("Link", `<https://truthsocial.test/api/v1/accounts/5/following?max_id=77>; rel="next"`)
			_, _ = rw.Write([]byte(`[{"id":"1"},{"id":"2"}]`))
		case r.URL.Path == "/api/v1/accounts/5/following":
			_, _ = rw.Write([]byte(`[{"id":"3"}]`))
		default:
			rw.Header().Set("Content-Type", "text/html")
			rw.WriteHeader(http.StatusForbidden)
		}
	})
	return w, w.door().Lists("truthsocial.test", social.NewSecret("mine"))
}

func TestMastodonAPILists(t *testing.T) {
	w, l := truth(t)
	self, err := l.Self(t.Context())
	if err != nil || self.ID != "5" || self.Username != "wren" || self.Following != 3 || self.Posts != 7 {
		t.Fatalf("%+v, %v", self, err)
	}
	page, err := l.Page(t.Context(), social.PullAsk{Kind: social.PullFollowing, AccountID: "5", Most: 80})
	if err != nil || page.Entries != 2 || page.Next != "77" {
		t.Fatalf("%+v, %v", page, err)
	}
	page, err = l.Page(t.Context(), social.PullAsk{Kind: social.PullFollowing, AccountID: "5", Cursor: "77", Most: 80})
	if err != nil || page.Entries != 1 || page.Next != "" {
		t.Fatalf("%+v, %v", page, err)
	}
	if _, err = l.Page(t.Context(), social.PullAsk{Kind: social.PullPosts, AccountID: "5", Most: 40}); codeOf(err) != CodeListRefused {
		t.Errorf("a list that is kept from programs: %v", err)
	}
	if !slices.ContainsFunc(w.requests("truthsocial.test"), func(s seen) bool { return strings.Contains(s.uri, "limit=80") }) {
		t.Error("asked for small pages")
	}
	if _, most := l.Size(social.PullNames); most != 0 {
		t.Error("looks up numbers")
	}
}
