package web_test

import (
	"bufio"
	"cmp"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web"
)

// rule is a row of access.txt.
type rule struct {
	pattern, nobody, other, owner, cross, local string
	changes                                     bool
}

// rules reads access.txt. A route without a row fails the test, and a row
// without a route too.
func rules(t *testing.T) (all []rule) {
	t.Helper()
	file := must[*os.File](t)(os.Open("testdata/access.txt"))
	defer file.Close()
	listed := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if len(f) != 8 {
			t.Fatalf("access.txt: %q", lines.Text())
		}
		r := rule{f[0] + " " + f[1], f[2], f[3], f[4], f[5], f[6], f[7] == "yes"}
		listed[r.pattern] = true
		all = append(all, r)
	}
	for _, pattern := range web.Patterns() {
		if !listed[pattern] {
			t.Errorf("%s has no row in access.txt", pattern)
		}
		delete(listed, pattern)
	}
	for pattern := range listed {
		t.Errorf("access.txt speaks of %s, which is no route", pattern)
	}
	return all
}

// canary is in all texts of the owner.
const canary = "CANARY-A"

// estate is a house in which somebody has one of everything.
type estate struct {
	*house
	owner, other *browser
	plain        *browser         // somebody on the owner's server who runs nothing
	ids          map[string]int64 // by the first segment of the path, or its last word
	code         string           // of the owner's wave
	ask0         string           // of the account that the wave suggests
	undo, upload string
}

func newEstate(t *testing.T) *estate {
	t.Helper()
	h := town(t, web.Anyone)
	e := &estate{house: h, owner: h.signIn("alice@shore.test"), other: h.signIn("gail@reeds.test"), plain: h.signIn("alan@shore.test"), ids: map[string]int64{}}
	user := h.userOf(e.owner)
	people := friends()
	for i := range people {
		people[i].name += " " + canary
		people[i].bio += " " + canary
	}
	source := h.seed(user, people)
	likely := h.matches(user, store.MatchFilter{Group: store.GroupLikely})
	e.undo = must[string](t)(h.store.Decide(t.Context(), user.ID, []int64{likely[0].ID}, social.Confirmed, h.clock.Now()))
	e.owner.submit(e.owner.page("/follow"), "/follow", "how", "background")
	jobs, _, err := h.store.ListFollowJobs(t.Context(), user.ID, followsOf(h, user))
	h.check(err)
	e.waves(user)
	e.upload = uploadName(e.owner.declare(filesOf(t, "twitter-x.zip", strings.Repeat("x", 100))))
	mirror := must[social.Mirror](t)(h.store.SaveMirror(t.Context(), user.ID, jobs[0].DestinationID, source.ID, bridge.DefaultRules("en"), h.clock.Now()))
	e.ids["mirror"], e.ids["sources"], e.ids["matches"], e.ids["follow"], e.ids["data"] = mirror.ID, source.ID, likely[1].ID, jobs[0].ID, jobs[0].DestinationID
	return e
}

// waves makes the owner an admin of one server, with a wave that they are in
// and that suggests somebody, and the other an admin of another, with one too.
func (e *estate) waves(owner social.User) {
	e.t.Helper()
	e.shore.SetRole("alice", "Owner", 1)
	e.reeds.SetRole("gail", "admin", 1)
	w := e.wave(owner, "shore.test")
	e.wave(e.userOf(e.other), "reeds.test")
	ctx, now := e.t.Context(), e.clock.Now()
	e.ids["waves"], e.code, e.ask0 = w.ID, w.Code, "starterstarter00"
	all := must[[]social.Destination](e.t)(e.store.ListDestinations(ctx, owner.ID))
	must[social.Wave](e.t)(e.store.JoinWave(ctx, owner.ID, all[0].ID, w.Code, "", now))
	e.check(e.store.AddStarter(ctx, owner.ID, social.Starter{WaveID: w.ID, Code: e.ask0, Handle: handleOf(e.t, "gail@reeds.test"), AskedAt: now}))
	e.check(e.store.AnswerStarter(ctx, e.userOf(e.other).ID, e.ask0, social.StarterYes, now))
	e.ids["starter"] = must[[]social.Starter](e.t)(e.store.ListStarters(ctx, owner.ID, w.ID))[0].ID
	e.check(e.store.SavePolicy(ctx, owner.ID, social.MirrorPolicy{Host: "shore.test", Choice: social.MirrorQuiet, ChangedAt: now}))
}

// wave starts one of a User on their server.
func (h *house) wave(by social.User, host string) social.Wave {
	h.t.Helper()
	ctx, now := h.t.Context(), h.clock.Now()
	h.check(h.store.SaveRole(ctx, social.ServerRole{UserID: by.ID, Host: host, Domain: host, Rank: social.Admin, CheckedAt: now}))
	w := must[social.Wave](h.t)(h.store.CreateWave(ctx, by.ID, social.Wave{Host: host, Code: strings.ToLower(rand.Text()[:16]), CreatedAt: now, WaveTerms: social.WaveTerms{
		Name: "Birds", Welcome: "Hello there", Entry: social.OpenEntry, Joiners: social.AllJoin, Expects: 100, EndsAt: now.AddDate(0, 0, 20), CapAll: 600, CapOne: 60}}))
	h.check(h.store.StartWave(ctx, by.ID, w.ID, now))
	return w
}

// path fills a pattern with the owner's ids, or with ids of nobody.
func (e *estate) path(pattern string, real bool) string {
	_, path, _ := strings.Cut(pattern, " ")
	id := int64(987654)
	if real {
		id = e.ids[strings.Split(path, "/")[1]]
	}
	code := "aaaaaaaaaaaaaaaa"
	switch {
	case real && strings.HasPrefix(path, "/starter/"):
		code = cmp.Or(e.ask0, code)
	case real:
		code = cmp.Or(e.code, code)
	}
	return strings.NewReplacer("{$}", "", "{id}", fmt.Sprint(id), "{flow}", "x", "{name}", "godwit.css", "{code}", code, "{server}", "shore.test", "{upload}", e.uploadOr(real)).Replace(path)
}

// uploadOr is the name of the owner's unfinished upload, or one of nobody.
func (e *estate) uploadOr(real bool) string {
	if real && e.upload != "" {
		return e.upload
	}
	return strings.Repeat("A", 26)
}

// form is what the owner's own page would post, with the owner's ids.
func (e *estate) form(pattern string, b *browser, real bool) []string {
	as, match, job, source, undo := e.ids["data"], e.ids["matches"], e.ids["follow"], e.ids["sources"], e.undo
	if !real {
		as, match, job, source, undo = 987654, 987654, 987654, 987654, "no-such-act"
	}
	token := ""
	if b.cookie("session") != "" {
		token = b.get("/data/forget").doc.Find("main input[name=form]").AttrOr("value", "")
	}
	form := []string{"form", token, "as", fmt.Sprint(as)}
	switch _, path, _ := strings.Cut(pattern, " "); path {
	case "/matches/decide":
		form = append(form, "confirm", fmt.Sprint(match))
	case "/matches/decide-all":
		form = append(form, "group", "likely", "want", fmt.Sprint(e.open(b)))
	case "/matches/{id}":
		form = append(form, "choice", fmt.Sprint(match))
	case "/matches/undo":
		form = append(form, "undo", undo)
	case "/follow":
		form = append(form, "how", "background")
	case "/mirror":
		form = append(form, "source", fmt.Sprint(source))
	case "/follow/retry":
		form = append(form, "job", fmt.Sprint(job))
	case "/connect", "/sign-in":
		form = append(form, "account", "alice@shore.test")
	case "/language":
		form = append(form, "language", "zh-Hans", "back", "/")
	case "/waves/new", "/waves/{id}/edit":
		form = append(form, "name", "Birds", "entry", "open", "joiners", "all", "ends", "2026-12-20", "expects", "50", "all", "100", "one", "20")
	case "/waves/{id}/starters":
		form = append(form, "handle", "@gail@reeds.test")
	case "/waves/{id}/caps":
		form = append(form, "all", "100", "one", "20")
	case "/waves/{id}/policy":
		form = append(form, "do", "policy", "choice", "no")
	case "/waves/{id}/blocks":
		form = append(form, "text", "bad.test")
	case "/waves/{id}/calls":
		form = append(form, "secret", "sesame-sesame-sesame")
	case "/waves/{id}/pause":
		form = append(form, "do", "pause")
	case "/w/{code}/people":
		form = append(form, "tick", fmt.Sprint(e.ids["starter"]))
	case "/starter/{code}":
		form = append(form, "answer", "yes")
	case "/sources/account":
		form = append(form, "from", "server", "server", "truthsocial.test", "token", "SESAME-OPEN-1234")
	case "/uploads":
		form = append(form, "mark", strings.Repeat("a", 64), "name", "twitter-y.zip", "size", "100")
	case "/data/forget":
		if b.cookie("session") != "" {
			form = append(form, "typed", "@"+e.userOf(b).Handle.String())
		}
	}
	return form
}

// open counts the undecided likely Matches of whoever is signed in.
func (e *estate) open(b *browser) int {
	if b.cookie("session") == "" {
		return 0
	}
	return len(e.matches(e.userOf(b), store.MatchFilter{Group: store.GroupLikely, Undecided: true}))
}

// ask makes the request of a row, as its own page would.
func (e *estate) ask(pattern string, b *browser, real bool) answer {
	e.t.Helper()
	method, _, _ := strings.Cut(pattern, " ")
	path := e.path(pattern, real)
	switch {
	case pattern == "POST /mirror/archive":
		return b.uploadTo(path, map[string]string{"twitter-y.zip": sampleZip(e.t)})
	case pattern == "POST /sources":
		return b.upload(map[string]string{"twitter-x.zip": sampleZip(e.t)})
	case method == http.MethodPatch:
		return b.piece(path, 0, "x")
	case method == http.MethodDelete:
		return b.do(b.request(method, path, nil))
	case method == http.MethodPost:
		return b.post(path, e.form(pattern, b, real)...)
	case strings.HasSuffix(pattern, "/events"):
		return b.stream(path)
	}
	return b.get(path + e.query(pattern))
}

// query is what a page needs in its address besides its path.
func (e *estate) query(pattern string) string {
	switch pattern {
	case "GET /matches/check":
		return "?group=likely"
	case "GET /waves/new":
		return "?as=" + fmt.Sprint(e.ids["data"])
	}
	return ""
}

// stream reads the beginning of an event stream, or the page instead of it.
func (b *browser) stream(path string) answer {
	b.h.t.Helper()
	r := b.request(http.MethodGet, path, nil)
	response := must[*http.Response](b.h.t)(b.client.Do(r))
	defer response.Body.Close()
	text := make([]byte, 64<<10)
	n, _ := response.Body.Read(text)
	return answer{Response: response, text: string(text[:n])}
}

// got is an answer in the words of access.txt.
func got(a answer) string {
	if a.StatusCode == http.StatusSeeOther && a.Header.Get("Location") == "/sign-in" && a.Request.URL.Path != "/connect/go" && !strings.HasPrefix(a.Request.URL.Path, "/connect/") {
		return "sign-in"
	}
	return fmt.Sprint(a.StatusCode)
}

// tells reports whether an answer holds anything of the owner.
func tells(a answer) bool {
	all := a.text
	for _, values := range a.Header {
		all += strings.Join(values, " ")
	}
	return strings.Contains(all, canary) || strings.Contains(all, "alice@shore.test")
}

// WEB-01 and threats, part 11: each route as nobody, as somebody else, and as
// the owner's browser sent by another site.
func TestWEB01WalkEveryRoute(t *testing.T) {
	all := rules(t)
	e := newEstate(t)
	for _, r := range all {
		e.clock.Advance(30 * time.Second) // the rates of pages are not walked into
		a := e.ask(r.pattern, e.house.browser(), true)
		if got(a) != r.nobody || tells(a) {
			t.Errorf("%s as nobody: %s, want %s; tells %v", r.pattern, got(a), r.nobody, tells(a))
		}
		e.walkOther(t, r)
		e.walkCross(t, r)
	}
	if r := e.owned(); r != "" {
		t.Errorf("the owner's rows changed: %s", r)
	}
}

// walkOther is one row as another User. Where the answer is 404 it is the same
// as for ids that nobody has, and no row changed.
func (e *estate) walkOther(t *testing.T, r rule) {
	t.Helper()
	b := e.other
	if r.pattern == "POST /sign-out" || r.pattern == "POST /data/forget" || r.pattern == "POST /sign-in" || r.pattern == "POST /connect" {
		return // would end this walk; TestAUT06SessionsRotate and TestForget have them
	}
	before := e.rows()
	a := e.ask(r.pattern, b, true)
	if got(a) != r.other || tells(a) {
		t.Errorf("%s as somebody else: %s, want %s; tells %v", r.pattern, got(a), r.other, tells(a))
	}
	if r.other != "404" {
		return
	}
	if strings.Contains(r.pattern, "/waves/") {
		if a := e.ask(r.pattern, e.plain, true); got(a) != r.other || tells(a) {
			t.Errorf("%s as somebody of the same server: %s, want %s; tells %v", r.pattern, got(a), r.other, tells(a))
		}
	}
	if e.rows() != before {
		t.Errorf("%s as somebody else changed rows", r.pattern)
	}
	if none := e.ask(r.pattern, b, false); none.StatusCode != a.StatusCode || faceless(none) != faceless(a) {
		t.Errorf("%s: another's rows and rows of nobody differ:\n%s\n%s", r.pattern, a.text, none.text)
	}
}

// faceless is an answer without what differs from request to request.
func faceless(a answer) string {
	return strings.ReplaceAll(a.text, a.Request.URL.Path, "")
}

// walkCross is one row as the owner's browser, sent by another site.
func (e *estate) walkCross(t *testing.T, r rule) {
	t.Helper()
	method, _, _ := strings.Cut(r.pattern, " ")
	if strings.HasSuffix(r.pattern, "/events") {
		return // a stream without CORS is opaque to the other site
	}
	e.owner.get("/about-bot") // a visit of its own notes, once an hour, that the session is used
	before := e.rows()
	request := e.owner.request(method, e.path(r.pattern, true)+e.query(r.pattern), strings.NewReader("as=1"))
	request.Header.Set("Origin", "https://evil.test")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	if method == http.MethodGet {
		request.Header.Del("Origin")
	} else {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	a := e.owner.do(request)
	if got(a) != r.cross {
		t.Errorf("%s from another site: %s, want %s", r.pattern, got(a), r.cross)
	}
	if e.rows() != before {
		t.Errorf("%s from another site changed rows", r.pattern)
	}
	if a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%s may be read by other sites", r.pattern)
	}
}

// owned says what of the owner's things is not as it was.
func (e *estate) owned() string {
	user := e.userOf(e.owner)
	if n := len(e.matches(user, store.MatchFilter{Group: store.GroupLikely, Undecided: true})); n != 1 {
		return fmt.Sprintf("%d undecided", n)
	}
	d := must[social.Destination](e.t)(e.store.GetDestination(e.t.Context(), user.ID, e.ids["data"]))
	if d.Follow != social.FollowRunning {
		return "following is " + string(d.Follow)
	}
	return ""
}

// Each route as its owner, in a house of its own where it changes something.
func TestWalkAsOwner(t *testing.T) {
	e := newEstate(t)
	for _, r := range rules(t) {
		here := e
		if r.changes {
			here = newEstate(t)
		}
		before := here.rows()
		a := here.ask(r.pattern, here.owner, true)
		want := r.owner
		if got(a) != want && !(want == "303" && a.StatusCode == http.StatusSeeOther) {
			t.Errorf("%s as the owner: %s, want %s\n%s", r.pattern, got(a), want, a.text)
		}
		if !r.changes && here.rows() != before {
			t.Errorf("%s changed rows", r.pattern)
		}
	}
}

// Part 11.8: local mode as somebody without the key, and under a foreign name.
func TestWalkLocal(t *testing.T) {
	h := newHouse(t, web.Local)
	e := &estate{house: h, ids: map[string]int64{"sources": 1, "matches": 1, "follow": 1, "data": 1}}
	owner := h.owner()
	h.seed(h.userOf(owner), friends())
	rows := h.rows()
	for _, r := range rules(t) {
		h.clock.Advance(10 * time.Second)
		if a := e.ask(r.pattern, h.browser(), true); got(a) != r.local {
			t.Errorf("%s without the key: %s, want %s", r.pattern, got(a), r.local)
		}
		method, _, _ := strings.Cut(r.pattern, " ")
		request := owner.request(method, e.path(r.pattern, true), nil)
		request.Host = "evil.test"
		if a := owner.do(request); a.StatusCode != http.StatusMisdirectedRequest || a.text != "" {
			t.Errorf("%s under a foreign name: %d", r.pattern, a.StatusCode)
		}
	}
	if h.rows() != rows {
		t.Error("rows changed")
	}
}

// Part 11.3: odd spellings of another's addresses tell nothing.
func TestWalkOddSpellings(t *testing.T) {
	e := newEstate(t)
	before := e.rows()
	for _, r := range rules(t) {
		method, _, _ := strings.Cut(r.pattern, " ")
		if method != http.MethodGet || !strings.Contains(r.pattern, "{id}") || strings.HasSuffix(r.pattern, "/events") {
			continue
		}
		path := e.path(r.pattern, true)
		e.clock.Advance(time.Minute)
		for _, odd := range []string{path + "/", "/" + path, strings.Replace(path, "/", "/%2e/", 2), path + ";x", path + "?user_id=1", "/x/.." + path, path + "%00", strings.ToUpper(path)} {
			request := e.other.request(method, odd, nil)
			request.Header.Set("X-HTTP-Method-Override", "DELETE")
			request.Header.Set("X-User", "alice@shore.test")
			if a := e.other.do(request); a.StatusCode == http.StatusOK || tells(a) {
				t.Errorf("%s: %d, tells %v", odd, a.StatusCode, tells(a))
			}
		}
	}
	if e.rows() != before {
		t.Error("rows changed")
	}
}

// WEB-01: one foreign id among one's own refuses the whole act.
func TestWEB01Bulk(t *testing.T) {
	e := newEstate(t)
	own := e.matches(e.userOf(e.owner), store.MatchFilter{})
	e.seed(e.userOf(e.other), []friend{{id: "9001", username: "avocet_a", bio: "@ava@reeds.test", handle: "ava@reeds.test"}})
	theirs := e.matches(e.userOf(e.other), store.MatchFilter{})
	before := e.rows()
	a := e.owner.post("/matches/decide", "do", "reject", "tick", fmt.Sprint(own[0].ID), "tick", fmt.Sprint(own[1].ID), "tick", fmt.Sprint(theirs[0].ID))
	if a.StatusCode != http.StatusNotFound || e.rows() != before {
		t.Errorf("status %d, rows changed %v", a.StatusCode, e.rows() != before)
	}
}
