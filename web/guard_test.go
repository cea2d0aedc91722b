package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"godwit/internal/social"
	"godwit/web"
)

// LOC-01: in local mode only our own names are answered, to whatever route.
func TestLOC01Host(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	port := must[*url.URL](t)(url.Parse(h.base)).Port()
	hosts := map[string]int{
		"127.0.0.1:" + port: 200, "[::1]:" + port: 200, "localhost:" + port: 200, "LOCALHOST:" + port: 200,
		"evil.example:" + port: 421, "127.0.0.1.evil.example:" + port: 421, "localhost.evil": 421, "127.0.0.1:1": 421, "127.0.0.1": 421,
		"0.0.0.0:" + port: 421, "[::ffff:127.0.0.1]:" + port: 421, "127.1:" + port: 421,
	}
	for host, want := range hosts {
		for _, path := range []string{"/", "/static/godwit.css", "/matches", "/healthz", "/nowhere"} {
			r := b.request(http.MethodGet, path, nil)
			r.Host = host
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			a := b.do(r)
			if want == 421 && (a.StatusCode != 421 || a.text != "") || want == 200 && a.StatusCode == 421 {
				t.Errorf("Host %s, %s: %d with %d bytes", host, path, a.StatusCode, len(a.text))
			}
		}
	}
	for name, raw := range map[string]string{
		"no host":       "GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
		"two hosts":     "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
		"absolute form": "GET http://evil.example:" + port + "/ HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nConnection: close\r\n\r\n",
	} {
		if status, body := rawRequest(t, port, raw); status/100 == 2 || strings.Contains(body, "Godwit") {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
}

func rawRequest(t *testing.T, port, text string) (int, string) {
	t.Helper()
	conn := must[net.Conn](t)(net.Dial("tcp", "127.0.0.1:"+port))
	defer conn.Close()
	fmt.Fprint(conn, text)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

// LOC-02: another website, or another port of this machine, changes nothing.
func TestLOC02OtherSites(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	rows := h.rows()
	for _, origin := range []string{"http://127.0.0.1:1", "http://evil.test", "null"} {
		for _, site := range []string{"cross-site", "same-site", ""} {
			for _, method := range []string{http.MethodPost, http.MethodGet} {
				r := b.request(method, "/data/forget", nil)
				r.Header.Set("Origin", origin)
				r.Header.Del("Sec-Fetch-Site")
				if site != "" {
					r.Header.Set("Sec-Fetch-Site", site)
				}
				if a := b.do(r); a.StatusCode != http.StatusForbidden {
					t.Errorf("%s from %s (%s): %d", method, origin, site, a.StatusCode)
				}
			}
		}
	}
	if h.rows() != rows {
		t.Error("rows changed")
	}
}

// LOC-03: without the key there is a page that says how to get in, and no data;
// the key leaves the address at once.
func TestLOC03Key(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.browser()
	a := b.page("/")
	a.want(t, "Open the link that godwit printed")
	for _, path := range []string{"/matches", "/data", "/data/export", "/connect", "/sign-in", "/sources/new", "/follow/progress", "/events"} {
		a := b.get(path)
		if a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.main(), "Open the link that godwit printed") {
			t.Errorf("%s without the key: %d", path, a.StatusCode)
		}
	}
	if a := b.get("/?k=WRONG"); a.StatusCode != http.StatusUnauthorized || b.cookie("session") != "" {
		t.Errorf("a wrong key: %d", a.StatusCode)
	}
	a = b.get("/?k=" + key)
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/" || strings.Contains(a.text, key) {
		t.Errorf("the key: %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	b.page("/").want(t, "Bring your people with you")
	if again := b.get("/?k=" + key); again.Header.Get("Location") != "/" {
		t.Error("the key stays in the address of somebody who is in already")
	}
	if strings.Contains(h.log.String(), key) {
		t.Error("the key is in the log")
	}
}

// OPS-01: in local mode nothing that came through a proxy is answered.
func TestOPS01Forwarded(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"} {
		r := b.request(http.MethodGet, "/", nil)
		r.Header.Set(name, "203.0.113.9")
		a := b.do(r)
		if a.StatusCode != http.StatusForbidden || !strings.Contains(a.main(), "GODWIT_OPEN_TO") {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.main())
		}
	}
}

// AUT-13: no name but our own gets into an answer.
func TestAUT13HostHeader(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.browser()
	r := b.request(http.MethodGet, "/", nil)
	r.Host = "evil.test"
	if a := b.do(r); a.StatusCode != http.StatusMisdirectedRequest || a.text != "" {
		t.Errorf("Host: %d %q", a.StatusCode, a.text)
	}
	r = b.request(http.MethodPost, "/sign-in", strings.NewReader("account=alice%40shore.test"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-Host", "evil.test")
	a := b.do(r)
	if a.StatusCode != http.StatusSeeOther || strings.Contains(a.Header.Get("Location")+a.text, "evil") {
		t.Errorf("X-Forwarded-Host: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	for _, request := range h.world.Log() {
		if strings.Contains(request.Body+request.RawQuery, "evil") {
			t.Errorf("registered with %s", request.Body)
		}
	}
}

// AUT-14: the cookie's line in full, and two of one name are none.
func TestAUT14Cookies(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.browser()
	line := b.get("/?k=" + key).Header.Get("Set-Cookie")
	value := b.cookie("session")
	if want := "session=" + value + "; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax"; line != want {
		t.Errorf("on http:\n%s\n%s", line, want)
	}
	r := h.browser().request(http.MethodGet, "/matches", nil)
	r.Header.Set("Cookie", "session="+value+"; session=other")
	if a := h.browser().do(r); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("two cookies of one name: %d", a.StatusCode)
	}

	secure := newHouse(t, web.Local, func(d *web.Deps) { d.BaseURL = "https://godwit.test" })
	w := httptest.NewRecorder()
	secure.pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://godwit.test/?k="+key, nil))
	line = w.Header().Get("Set-Cookie")
	if !strings.HasPrefix(line, "__Host-session=") || !strings.HasSuffix(line, "; Path=/; Max-Age=1209600; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("on https: %s", line)
	}
	if w.Header().Get("Strict-Transport-Security") == "" || w.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("on https: headers %v", w.Header())
	}
}

// WEB-03: what changes something is a POST from our own page.
func TestWEB03CrossOrigin(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.signIn("alice@shore.test")
	h.seed(h.userOf(b), friends())
	rows := h.rows()
	own := must[*url.URL](t)(url.Parse(h.base)).Host
	cases := []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.test"}, {"Origin": "null"},
		{"Origin": "http://evil@" + own}, {"Origin": "https://" + own}, {"Origin": h.base + ".evil.test"}, {},
		{"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
	}
	for _, pattern := range web.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		if method == http.MethodGet {
			continue
		}
		for _, headers := range cases {
			r := b.request(method, strings.NewReplacer("{id}", "1").Replace(path), strings.NewReader("as=1&all=1"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Del("Origin")
			r.Header.Del("Sec-Fetch-Site")
			for name, value := range headers {
				r.Header.Set(name, value)
			}
			if a := b.do(r); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %v: %d", pattern, headers, a.StatusCode)
			}
		}
	}
	if h.rows() != rows {
		t.Error("rows changed")
	}
	r := b.request(http.MethodPost, "/language", strings.NewReader("language=en"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "null") // as browsers send it under our Referrer-Policy
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if a := b.do(r); a.StatusCode != http.StatusSeeOther {
		t.Errorf("our own form under no-referrer: %d", a.StatusCode)
	}
}

// WEB-05: headers on every answer; a form sent twice acts once.
func TestWEB05Headers(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.signIn("alice@shore.test")
	want := map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'",
	}
	answers := []answer{b.page("/"), b.page("/matches"), b.get("/nowhere"), b.get("/sources/99"), b.post("/matches"), b.get("/data/export"),
		b.post("/follow"), h.browser().get("/matches"), h.browser().page("/privacy"), b.get("/robots.txt"), b.get("/healthz")}
	for _, a := range answers {
		for name, value := range want {
			if got := a.Header.Get(name); got != value {
				t.Errorf("%s %s: %s is %q", a.Request.Method, a.Request.URL.Path, name, got)
			}
		}
		for _, name := range []string{"Server", "Access-Control-Allow-Origin", "X-Powered-By"} {
			if a.Header.Get(name) != "" {
				t.Errorf("%s: %s is sent", a.Request.URL.Path, name)
			}
		}
	}
}

func TestWEB05Twice(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.signIn("alice@shore.test")
	user := h.userOf(b)
	h.seed(user, friends())
	page := b.page("/follow")
	page.want(t, "Follow 1 account from @alice@shore.test")
	first := b.submit(page, "/follow", "how", "background")
	second := b.submit(page, "/follow", "how", "background")
	if first.Header.Get("Location") == "" || first.Header.Get("Location") != second.Header.Get("Location") {
		t.Errorf("first to %q, second to %q", first.Header.Get("Location"), second.Header.Get("Location"))
	}
	b.follow(second).want(t, "Already started. Nothing is done twice.")
	_, total, err := h.store.ListFollowJobs(t.Context(), user.ID, followsOf(h, user))
	if err != nil || total != 1 {
		t.Errorf("%d jobs, %v", total, err)
	}
}

// A form made for another session, or none, does no irreversible act.
func TestFormsAreBoundToTheSession(t *testing.T) {
	h := town(t, web.Anyone)
	alice, gail := h.signIn("alice@shore.test"), h.signIn("gail@reeds.test")
	h.seed(h.userOf(alice), friends())
	foreign := gail.page("/data/forget").doc.Find("input[name=form]").AttrOr("value", "")
	d := must[[]social.Destination](t)(h.store.ListDestinations(t.Context(), h.userOf(alice).ID))[0]
	rows := h.rows()
	for _, form := range []string{"", "x", foreign, strings.Replace(foreign, ".", "x.", 1)} {
		for path, fields := range map[string][]string{
			"/data/forget":                         {"typed", "@alice@shore.test"},
			"/follow":                              {"how", "background"},
			"/follow/cancel":                       {"as", fmt.Sprint(d.ID)},
			"/follow/undo":                         {"as", fmt.Sprint(d.ID)},
			"/follow/csv/check":                    {"as", fmt.Sprint(d.ID)},
			"/data/disconnect/" + fmt.Sprint(d.ID): {},
		} {
			a := alice.post(path, append(fields, "form", form)...)
			if a.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("%s with form %q: %d", path, form, a.StatusCode)
			}
			a.want(t, "You were away for a while. Your answers are still in the form")
			if path == "/data/forget" && a.doc.Find("#typed").AttrOr("value", "") != "@alice@shore.test" {
				t.Error("what was typed is lost")
			}
		}
	}
	if h.rows() != rows {
		t.Error("rows changed")
	}
}

// WEB-14: what is not a page is not there, and our own trouble tells no cause.
func TestWEB14NothingElse(t *testing.T) {
	h := newHouse(t, web.Anyone)
	b := h.browser()
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/vars", "/queues", "/asynqmon", "/.git/config", "/godwit.toml", "/data/", "/healthz?verbose=1", "/static/", "/static/../web.go", "/static/godwit.css.map", "/operator"} {
		if a := b.get(path); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	h.store.Close()
	r := b.request(http.MethodGet, "/matches", nil)
	r.AddCookie(&http.Cookie{Name: "session", Value: "x"})
	a := b.do(r)
	if a.StatusCode != http.StatusInternalServerError {
		t.Fatalf("with a closed database: %d", a.StatusCode)
	}
	a.want(t, "Something broke on our side.", "give this number:")
	for _, leak := range []string{"goroutine", "SELECT", "sql", "database is closed", ".go:"} {
		if strings.Contains(a.text, leak) {
			t.Errorf("the page says %q", leak)
		}
	}
	if !strings.Contains(h.log.String(), "cause") {
		t.Error("the log does not say the cause")
	}
}

func TestMethods(t *testing.T) {
	h := newHouse(t, web.Anyone)
	b := h.browser()
	for method, path := range map[string]string{"PUT": "/", "DELETE": "/matches/1", "PATCH": "/sources", "POST": "/privacy", "OPTIONS": "/follow"} {
		a := b.do(b.request(method, path, nil))
		if a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") == "" {
			t.Errorf("%s %s: %d, Allow %q", method, path, a.StatusCode, a.Header.Get("Allow"))
		}
		a.want(t, "This address can't be used that way.")
	}
	r := b.request(http.MethodHead, "/privacy", nil)
	if a := b.do(r); a.StatusCode != http.StatusOK || a.text != "" {
		t.Errorf("HEAD: %d %q", a.StatusCode, a.text)
	}
}

// Writing limits count by person, reading ones by address, and forged
// forwarding headers change nothing (WEB-13).
func TestRates(t *testing.T) {
	h := newHouse(t, web.Anyone)
	b := h.browser()
	status := 0
	for i := range 400 {
		r := b.request(http.MethodGet, "/privacy", nil)
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i%250))
		if status = b.do(r).StatusCode; status != http.StatusOK {
			if i != 300 {
				t.Errorf("stopped at request %d", i+1)
			}
			break
		}
	}
	a := b.get("/privacy")
	if status != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "300" {
		t.Fatalf("status %d, Retry-After %q", status, a.Header.Get("Retry-After"))
	}
	a.want(t, "That was very fast. Wait 300 seconds")
	h.clock.Advance(301e9)
	b.page("/privacy")
}

// AUT-10: typed names make us ask few servers.
func TestAUT10FewServers(t *testing.T) {
	h := town(t, web.Anyone)
	last := 0
	for i := range 40 {
		last = h.browser().post("/sign-in", "account", fmt.Sprintf("me@server%d.test", i)).StatusCode
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the fortieth server: %d", last)
	}
}
