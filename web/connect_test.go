package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/web"
)

// town is a house before a world with a few servers.
func town(t *testing.T, mode web.Mode, change ...func(*web.Deps)) *house {
	t.Helper()
	h := newHouse(t, mode, change...)
	h.shore = h.world.AddHost("shore.test", social.Mastodon)
	h.shore.AddAccount("alice", feditest.Named("Alice"))
	h.shore.AddAccount("alan")
	h.reeds = h.world.AddHost("reeds.test", social.GoToSocial)
	h.reeds.AddAccount("gail")
	bogs := h.world.AddHost("bogs.test", social.Snac)
	bogs.AddAccount("sam")
	bogs.AddAccount("sue")
	return h
}

func TestSignIn(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.signIn("alice@shore.test")
	user := h.userOf(b)
	if user.Handle.String() != "alice@shore.test" || user.Host != "shore.test" {
		t.Errorf("signed in as %+v", user)
	}
	all := must[[]social.Destination](t)(h.store.ListDestinations(t.Context(), user.ID))
	if len(all) != 1 || all[0].Handle.String() != "alice@shore.test" || all[0].State != social.Active {
		t.Errorf("destinations %+v", all)
	}
	page := b.page("/")
	page.want(t, "Connected: @alice@shore.test.", "Your move", "Done: @alice@shore.test")
	if b.page("/").doc.Find(".banner").Length() != 0 {
		t.Error("the sentence about what was just done came twice")
	}
	again := h.signIn("alice@shore.test")
	if h.userOf(again).ID != user.ID {
		t.Error("the same account became another User")
	}
}

func TestConnectRejects(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.browser()
	for typed, want := range map[string]string{
		"":                            "Type your handle",
		"@alice":                      "That is your X name",
		"https://x.com/alice":         "That is your X name",
		"two words":                   "doesn't look like a handle",
		"@alice@nowhere.test":         "We couldn't find a server called nowhere.test",
		"me@gmail.com":                "is an e-mail provider",
		`"><script>alert(1)</script>`: "doesn't look like a handle",
	} {
		a := b.post("/sign-in", "account", typed)
		if a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%q: status %d", typed, a.StatusCode)
			continue
		}
		a.want(t, want)
		if got := a.doc.Find("#account").AttrOr("value", ""); got != typed {
			t.Errorf("%q: the field came back as %q", typed, got)
		}
		if !strings.HasPrefix(a.doc.Find("title").Text(), "Error: ") || a.doc.Find("#problem a[href='#account']").Length() != 1 {
			t.Errorf("%q: no error summary", typed)
		}
	}
}

func TestConnectDenied(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.browser()
	a := b.follow(b.get(h.allow(b.start("alice@shore.test"), "alice", "deny")))
	a.want(t, "You chose not to allow it. Nothing was changed.")
	if b.cookie("session") != "" {
		t.Error("a session began")
	}
}

// AUT-02: the account that answers must be the one that was typed.
func TestAUT02Mismatch(t *testing.T) {
	h := newHouse(t, web.Anyone)
	shore := h.world.AddHost("shore.test", social.Mastodon)
	shore.AddAccount("alice")
	shore.AddAccount("bob")
	b := h.browser()
	a := b.follow(b.get(h.allow(b.start("alice@shore.test"), "bob", "allow")))
	a.want(t, "shore.test answered for @bob@shore.test, but you typed @alice@shore.test.", "threw the permission away")
	if b.cookie("session") != "" || shore.Tokens("bob") != 0 {
		t.Errorf("session %q, %d tokens left", b.cookie("session"), shore.Tokens("bob"))
	}
}

// AUT-02: two logins at once at a server that keeps the user with the app.
func TestAUT02InterleavedOnSnac(t *testing.T) {
	h := town(t, web.Anyone)
	sam, sue := h.browser(), h.browser()
	var back [2]string
	for i, x := range []struct {
		b    *browser
		user string
	}{{sam, "sam"}, {sue, "sue"}} {
		if to := x.b.start(x.user + "@bogs.test"); to != "/connect/go" {
			t.Fatalf("sent to %s without a word about the server's permissions", to)
		}
		page := x.b.page("/connect/go")
		page.want(t, "bogs.test has only one kind of permission")
		back[i] = h.allowSnac(page.doc.Find("main a.button").AttrOr("href", ""), x.user)
	}
	sam.get(back[0])
	sue.get(back[1])
	if got := h.userOf(sam).Handle.String(); got != "sam@bogs.test" {
		t.Errorf("sam got %s", got)
	}
	if got := h.userOf(sue).Handle.String(); got != "sue@bogs.test" {
		t.Errorf("sue got %s", got)
	}
}

// allowSnac signs in on snac's own page, which has one step.
func (h *house) allowSnac(address, user string) string {
	h.t.Helper()
	u := must[*url.URL](h.t)(url.Parse(address))
	q := u.Query()
	form := url.Values{"login": {user}, "redir": {q.Get("redirect_uri")}, "cid": {q.Get("client_id")}, "state": {q.Get("state")}}
	r := must[*http.Request](h.t)(http.NewRequestWithContext(h.t.Context(), http.MethodPost, "https://"+u.Host+"/oauth/x-snac-login", strings.NewReader(form.Encode())))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response := must[*http.Response](h.t)(h.world.Client().Do(r))
	response.Body.Close()
	if response.Header.Get("Location") == "" {
		h.t.Fatalf("snac answered %d without a way back", response.StatusCode)
	}
	return response.Header.Get("Location")
}

// AUT-02: when only a server was typed the person confirms the account.
func TestAUT02ServerOnly(t *testing.T) {
	h := town(t, web.Anyone)
	for answer, signedIn := range map[string]bool{"yes": true, "no": false} {
		b := h.browser()
		a := b.get(h.allow(b.start("shore.test"), "alice", "allow"))
		if a.Header.Get("Location") != "/connect/confirm" || b.cookie("session") != "" {
			t.Fatalf("led to %s with session %q", a.Header.Get("Location"), b.cookie("session"))
		}
		page := b.follow(a)
		page.want(t, "Connect @alice@shore.test?", "You typed only the server.")
		b.submit(page, "/connect/confirm", "answer", answer)
		if got := b.cookie("session") != ""; got != signedIn {
			t.Errorf("answer %s: session %v", answer, got)
		}
		if a := b.submit(page, "/connect/confirm", "answer", "yes"); !strings.HasPrefix(a.Header.Get("Location"), "/") || b.cookie("session") != "" != signedIn {
			t.Errorf("answer %s: the question could be answered twice", answer)
		}
	}
}

// tokenRequests counts how often any server was asked for a token.
func (h *house) tokenRequests() (n int) {
	for _, r := range h.world.Log() {
		if r.Path == "/oauth/token" {
			n++
		}
	}
	return n
}

// AUT-03: a callback counts for the server it was begun with, and once.
func TestAUT03MixUp(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.browser()
	honest := h.allow(b.start("alice@shore.test"), "alice", "allow")
	state := must[*url.URL](t)(url.Parse(honest)).Query().Get("state")
	other := h.browser()
	evil := must[*url.URL](t)(url.Parse(h.allow(other.start("gail@reeds.test"), "gail", "allow")))

	swapped := must[*url.URL](t)(url.Parse(honest))
	q := swapped.Query()
	q.Set("state", evil.Query().Get("state"))
	swapped.RawQuery = q.Encode()
	q = evil.Query()
	q.Set("state", state)
	evil.RawQuery = q.Encode()
	for name, address := range map[string]string{
		"foreign state": swapped.String(), "foreign server": evil.String(),
		"issuer": honest + "&iss=https%3A%2F%2Fevil.test", "issuer with user": honest + "&iss=https%3A%2F%2Fx%40shore.test",
		"state twice": honest + "&state=" + url.QueryEscape(state), "no state": h.base + must[*url.URL](t)(url.Parse(honest)).Path + "?code=x",
	} {
		if a := b.get(address); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, a.StatusCode)
		}
	}
	if n := h.tokenRequests(); n != 0 {
		t.Fatalf("%d token requests for callbacks that are not ours", n)
	}
	if a := b.get(honest + "&iss=https%3A%2F%2Fshore.test"); a.StatusCode != http.StatusSeeOther || b.cookie("session") == "" {
		t.Fatalf("the honest callback: %d", a.StatusCode)
	}
	before := h.tokenRequests()
	if a := b.get(honest); a.StatusCode != http.StatusBadRequest || h.tokenRequests() != before {
		t.Errorf("the same callback again: %d, %d token requests more", a.StatusCode, h.tokenRequests()-before)
	}
}

// AUT-04: a callback counts in the browser that began it, and a second account
// is asked about first.
func TestAUT04OtherBrowser(t *testing.T) {
	h := town(t, web.Anyone)
	attacker, victim := h.browser(), h.signIn("alice@shore.test")
	link := h.allow(attacker.start("gail@reeds.test"), "gail", "allow")
	rows := h.rows()
	for name, b := range map[string]*browser{"nobody": h.browser(), "signed in": victim} {
		if a := b.get(link); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, a.StatusCode)
		}
	}
	if h.rows() != rows {
		t.Error("rows changed")
	}
	before := len(must[[]social.Destination](t)(h.store.ListDestinations(t.Context(), h.userOf(victim).ID)))
	own := victim.get(h.allow(victim.start("gail@reeds.test"), "gail", "allow"))
	page := victim.follow(own)
	page.want(t, "Connect @gail@reeds.test?", "You already use @alice@shore.test here.")
	if n := len(must[[]social.Destination](t)(h.store.ListDestinations(t.Context(), h.userOf(victim).ID))); n != before {
		t.Errorf("%d accounts before the yes, %d before", n, before)
	}
	victim.submit(page, "/connect/confirm", "answer", "yes")
	if n := len(must[[]social.Destination](t)(h.store.ListDestinations(t.Context(), h.userOf(victim).ID))); n != before+1 {
		t.Errorf("%d accounts after the yes", n)
	}
}

// AUT-05: what a callback or server says is never shown, and the browser is
// sent to the server itself over https.
func TestAUT05Endpoints(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.browser()
	u := must[*url.URL](t)(url.Parse(b.start("alice@shore.test")))
	if u.Scheme != "https" || u.Host != "shore.test" || u.Path != "/oauth/authorize" || u.Query().Get("code_challenge") == "" {
		t.Errorf("sent to %s", u)
	}
	redirect := must[*url.URL](t)(url.Parse(u.Query().Get("redirect_uri")))
	q := url.Values{"state": {u.Query().Get("state")}, "error": {"access_denied"}, "error_description": {"<b>CANARY</b>"}}
	a := b.get(redirect.Path + "?" + q.Encode())
	if page := b.follow(a); strings.Contains(page.text, "CANARY") || strings.Contains(a.text, "CANARY") {
		t.Error("a callback's own words are shown")
	}
}

func TestFlowAges(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.browser()
	back := h.allow(b.start("alice@shore.test"), "alice", "allow")
	h.clock.Advance(11 * time.Minute)
	if a := b.get(back); a.StatusCode != http.StatusBadRequest {
		t.Errorf("after 11 minutes: %d", a.StatusCode)
	}
}

// AUT-12: the code by hand is tied to this browser's flow.
func TestAUT12CodeByHand(t *testing.T) {
	h := town(t, web.Anyone)
	a, b := h.browser(), h.browser()
	backA := must[*url.URL](t)(url.Parse(h.allow(a.start("alice@shore.test"), "alice", "allow")))
	b.start("gail@reeds.test")
	if got := b.post("/connect/code", "code", backA.String()); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a foreign address: %d", got.StatusCode)
	}
	if got := a.post("/connect/code", "code", ""); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("nothing pasted: %d", got.StatusCode)
	}
	a.page("/connect/code").want(t, "Your server shows a code. Copy it here.")
	a.post("/connect/code", "code", backA.Query().Get("code"))
	if a.cookie("session") == "" {
		t.Error("the code did not connect")
	}
}

// AUT-06: a new session id at login, and no old one afterwards.
func TestAUT06SessionsRotate(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.signIn("alice@shore.test")
	before := b.cookie("session")
	page := b.follow(b.get(h.allow(b.start("gail@reeds.test"), "gail", "allow")))
	b.submit(page, "/connect/confirm", "answer", "yes")
	if after := b.cookie("session"); after == before || after == "" {
		t.Error("the session id stayed at linking")
	}
	old := h.browser()
	r := old.request(http.MethodGet, "/matches", nil)
	r.AddCookie(&http.Cookie{Name: "session", Value: before})
	if a := old.do(r); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the old session id still opens: %d", a.StatusCode)
	}
	second := h.signIn("alice@shore.test")
	b.post("/sign-out", "all", "1")
	if a := second.get("/matches"); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/sign-in" {
		t.Errorf("signed out everywhere, yet: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
}

// AUT-08: nothing that comes with a request says where to go.
func TestAUT08NoFreeNext(t *testing.T) {
	h := town(t, web.Anyone)
	evil := []string{"//evil.test", `/\evil.test`, "/%09/evil.test", "https:evil.test", "/%2Fevil.test", "%0d%0aLocation:x", "javascript:1", "https://evil.test/", "/oauth/cb/x", "/nowhere", ""}
	b := h.browser()
	for _, next := range evil {
		a := b.post("/language", "language", "en", "back", next)
		if to := a.Header.Get("Location"); to != "/" {
			t.Errorf("back=%q led to %q", next, to)
		}
		if a := b.get("/sign-in?next=" + url.QueryEscape(next)); a.StatusCode == http.StatusOK && strings.Contains(a.main(), "evil") {
			t.Errorf("next=%q is in the page", next)
		}
	}
	if to := b.post("/language", "language", "en", "back", "/matches?group=likely&q=a").Header.Get("Location"); to != "/matches?group=likely&q=a" {
		t.Errorf("a page of ours led to %q", to)
	}
	b.get("/matches") // asked for before the sign-in
	a := b.get(h.allow(b.start("alice@shore.test"), "alice", "allow"))
	if to := a.Header.Get("Location"); to != "/matches" {
		t.Errorf("after the sign-in: %q", to)
	}
}

func TestInvited(t *testing.T) {
	h := town(t, web.Invited)
	h.browser().page("/").want(t, "This Godwit is for people with an invitation.")
	b := h.browser()
	page := b.follow(b.get(h.allow(b.start("alice@shore.test"), "alice", "allow")))
	page.want(t, "This Godwit is for people with an invitation.")
	if b.cookie("session") != "" {
		t.Error("somebody new came in")
	}
}

// WEB-04: whether somebody uses this Godwit is not told before their server answered.
func TestWEB04SameForAll(t *testing.T) {
	h := newHouse(t, web.Anyone)
	shore := h.world.AddHost("shore.test", social.Mastodon)
	shore.AddAccount("alice")
	shore.AddAccount("newbie")
	h.signIn("alice@shore.test")
	known, unknown := h.browser().post("/sign-in", "account", "alice@shore.test"), h.browser().post("/sign-in", "account", "newbie@shore.test")
	to := func(a answer) string {
		u := must[*url.URL](t)(url.Parse(a.Header.Get("Location")))
		q := u.Query()
		q.Del("state")
		q.Del("code_challenge")
		return u.Host + u.Path + q.Encode()
	}
	if known.StatusCode != unknown.StatusCode || to(known) != to(unknown) || known.text != unknown.text {
		t.Errorf("known %d %s, unknown %d %s", known.StatusCode, to(known), unknown.StatusCode, to(unknown))
	}
}

// AUT-07: a lapsed domain is bought, and its new server gives the old name and
// number to somebody else: they get an account of their own, and the old one's
// list is out of everybody's reach until it is deleted.
func TestAUT07DomainBought(t *testing.T) {
	h := newHouse(t, web.Anyone)
	alice := h.world.AddHost("shore.test", social.Mastodon).AddAccount("alice")
	old := h.signIn("alice@shore.test")
	was := h.userOf(old)
	h.seed(was, []friend{{id: "1", username: "fern", name: "Fern of the secret list", bio: "@fern@reeds.test", handle: "fern@reeds.test"}})
	old.page("/matches").want(t, "Fern of the secret list")

	again := h.signIn("alice@shore.test") // the same account: the same User
	if got := h.userOf(again); got.ID != was.ID {
		t.Fatalf("the same account became User %d, was %d", got.ID, was.ID)
	}
	alice.Change(feditest.Born(h.clock.Now().AddDate(0, 0, -3)))
	buyer := h.signIn("alice@shore.test")
	now := h.userOf(buyer)
	if now.ID == was.ID {
		t.Fatal("the buyer got the old User")
	}
	if a := buyer.page("/matches"); strings.Contains(a.main(), "Fern") {
		t.Error("the buyer sees the old list")
	}
	if a := old.get("/matches"); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/sign-in" {
		t.Errorf("the old session still opens: %d", a.StatusCode)
	}
	for _, d := range must[[]social.Destination](t)(h.store.ListDestinations(t.Context(), was.ID)) {
		if d.State != social.PermissionLost {
			t.Errorf("the old Destination is %s", d.State)
		}
	}
	for _, c := range []struct {
		days  int
		there bool
	}{{29, true}, {31, false}} {
		must[int](t)(h.store.Sweep(t.Context(), h.clock.Now().AddDate(0, 0, c.days)))
		if _, err := h.store.GetUser(t.Context(), was.ID); (err == nil) != c.there {
			t.Errorf("after %d days: %v, want there %v", c.days, err, c.there)
		}
	}
	if got := h.userOf(h.signIn("alice@shore.test")); got.ID != now.ID {
		t.Errorf("the buyer's next sign-in: User %d, was %d", got.ID, now.ID)
	}
}
