package web_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web"
)

func TestMove(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	page := b.page("/")
	page.want(t, "Bring your people with you")
	if to := page.doc.Find(".hero a.button").AttrOr("href", ""); to != "/sources/new" {
		t.Errorf("the main button leads to %q", to)
	}
	if n := page.doc.Find(".task.shut a").Length(); n != 0 || page.doc.Find(".task.shut").Length() != 2 {
		t.Errorf("%d tasks that can't start are links", n)
	}
	h.seed(h.userOf(b), friends())
	page = b.page("/")
	page.want(t, "One thing needs you: Connect your new account.", "Done: 5 people", "need your decision")
	if n := page.doc.Find(".task.now").Length(); n != 1 {
		t.Errorf("%d tasks are marked", n)
	}
}

func TestSource(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	source := h.seed(h.userOf(b), friends())
	page := b.page("/sources/" + fmt.Sprint(source.ID))
	page.want(t, "We read your export of 19 November", "Export of @tester on X.", "4 of 5 people found.")
	if got := page.doc.Find(".counts dd").First().Text(); got != "5" {
		t.Errorf("you follow %s", got)
	}
	if page.doc.Find("[data-live]").Length() != 0 {
		t.Error("a finished page has a stream")
	}
}

func TestMatches(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	b.page("/matches").want(t, "There is nothing to match yet.")
	h.seed(h.userOf(b), friends())
	page := b.page("/matches")
	page.want(t, "4 of 5 people found", "1 certain, 2 likely, 0 possible.", "2 need you to choose.", "Go on with 1 account",
		"The profile @ava@reeds.test links back to @avocet_a on X.", "Approves followers by hand")
	if n := page.doc.Find(".row").Length(); n != 5 {
		t.Errorf("%d rows", n)
	}
	if label := page.doc.Find(".row.certain input[type=checkbox]").AttrOr("aria-label", ""); label != "Ava Avocet, @ava@reeds.test, Certain" {
		t.Errorf("the box is called %q", label)
	}
	for query, want := range map[string]int{"?group=likely": 2, "?group=conflict": 2, "?group=certain": 1, "?group=decided": 0, "?q=curlew": 1, "?host=reeds.test": 5, "?q=%25": 0, "?page=99": 5, "?group=nonsense": 5} {
		if n := b.page("/matches" + query).doc.Find(".row").Length(); n != want {
			t.Errorf("%s: %d rows, want %d", query, n, want)
		}
	}
	b.page("/matches?q=nobody").want(t, "Nothing fits this search.")
}

func (h *house) matches(user social.User, f store.MatchFilter) []social.Match {
	h.t.Helper()
	f.Limit = 200
	list, _, err := h.store.ListMatches(h.t.Context(), user.ID, f)
	h.check(err)
	return list
}

func TestDecide(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	user := h.userOf(b)
	h.seed(user, friends())
	likely := h.matches(user, store.MatchFilter{Group: store.GroupLikely})
	a := b.post("/matches/decide", "confirm", fmt.Sprint(likely[0].ID), "group", "likely", "q", "", "page", "1", "tick", fmt.Sprint(likely[1].ID))
	if a.Header.Get("Location") != "/matches?group=likely" {
		t.Errorf("led to %s", a.Header.Get("Location"))
	}
	page := b.follow(a)
	page.want(t, "Confirmed 1.", "Undo")
	b.submit(page, "/matches/undo")
	if m := must[social.Match](t)(h.store.GetMatch(t.Context(), user.ID, likely[0].ID)); m.Decision != social.Undecided {
		t.Errorf("after undo: %q", m.Decision)
	}
	b.follow(b.post("/matches/decide", "do", "reject")).want(t, "Tick some people first.")
	b.follow(b.post("/matches/decide", "do", "reject", "tick", fmt.Sprint(likely[0].ID), "tick", fmt.Sprint(likely[1].ID))).want(t, "Rejected 2.")
	if a := b.post("/matches/decide", "do", "burn", "tick", "1"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown act: %d", a.StatusCode)
	}
}

func TestDecideAll(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	user := h.userOf(b)
	h.seed(user, friends())
	list := b.page("/matches?group=likely")
	check := b.page(list.doc.Find(".bulk a").AttrOr("href", ""))
	check.want(t, "You are about to confirm 2 matches that fit: Likely. Nothing is followed yet.")
	one := h.matches(user, store.MatchFilter{Group: store.GroupLikely})[0]
	b.post("/matches/decide", "reject", fmt.Sprint(one.ID)) // the list changes meanwhile
	a := b.submit(check, "/matches/decide-all")
	if a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a changed list: %d", a.StatusCode)
	}
	a.want(t, "The list changed while you looked: it is 1 now, not 2.")
	b.follow(b.submit(a, "/matches/decide-all")).want(t, "Confirmed 1.")
	if got := len(h.matches(user, store.MatchFilter{Group: store.GroupConflict})); got != 2 {
		t.Errorf("%d conflicts are left open", got)
	}
	if a := b.get("/matches/check?group=possible"); a.StatusCode != http.StatusNotFound {
		t.Errorf("hints could be confirmed as a whole: %d", a.StatusCode)
	}
}

func TestConflict(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	user := h.userOf(b)
	h.seed(user, friends())
	two := h.matches(user, store.MatchFilter{Group: store.GroupConflict})
	path := "/matches/" + fmt.Sprint(two[0].ID)
	page := b.page(path)
	page.want(t, "Which one is Edda Eider?", "Both", "Neither", "Decide later", "Their X profile says")
	if n := page.doc.Find("input[name=choice]").Length(); n != 5 {
		t.Errorf("%d choices", n)
	}
	if a := b.post(path, "choice", "7"); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("no candidate: %d", a.StatusCode)
	}
	b.follow(b.post(path, "choice", fmt.Sprint(two[1].ID)))
	for i, want := range []social.Decision{social.Rejected, social.Confirmed} {
		if m := must[social.Match](t)(h.store.GetMatch(t.Context(), user.ID, two[i].ID)); m.Decision != want {
			t.Errorf("candidate %d: %q", i, m.Decision)
		}
	}
}

func TestMissing(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	people := append(friends(), friend{id: "9006", username: "fulmar_f", name: "=1+1", bio: "none"})
	h.seed(h.userOf(b), people)
	b.page("/matches/missing").want(t, "2 people aren't found yet.", "Dora Dunlin", "@fulmar_f")
	a := b.page("/matches/missing.csv")
	rows := must[[][]string](t)(csv.NewReader(strings.NewReader(a.text)).ReadAll())
	if len(rows) != 3 || rows[2][2] != "'=1+1" {
		t.Errorf("rows %q", rows)
	}
}

func TestPlanAndProgress(t *testing.T) {
	h := town(t, web.Local)
	b := h.owner()
	user := h.userOf(b)
	b.page("/follow").want(t, "Nothing is confirmed yet.")
	h.seed(user, friends())
	b.page("/follow").want(t, "1 account is ready to be followed. Connect your new account")
	b.get(h.allow(b.start("alice@shore.test"), "alice", "allow"))
	page := b.page("/follow")
	page.want(t, "Follow 1 account from @alice@shore.test", "About 5 minutes.", "2 likely matches are not confirmed yet")
	if got := page.doc.Find("input[name=how][checked]").AttrOr("value", ""); got != "background" {
		t.Errorf("%q is preselected", got)
	}
	if a := b.submit(page, "/follow", "how", "burn"); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("no choice: %d", a.StatusCode)
	}
	file := b.follow(b.submit(page, "/follow", "how", "file"))
	file.want(t, "Now give the file to your server", "shore.test/settings/imports", "Save the file (1 row)")
	started := b.follow(b.submit(b.page("/follow"), "/follow", "how", "background"))
	started.want(t, "Started: 1 account to follow.", "0 of 1 done", "@ava@reeds.test", "In line")
	if last := h.rung[len(h.rung)-1]; last.Kind != social.FollowTask {
		t.Errorf("rung %v", last)
	}
	b.follow(b.submit(started, "/follow/pause")).want(t, "Paused. Nothing is followed until you press Resume.")
	b.follow(b.submit(b.page("/follow/progress"), "/follow/resume")).want(t, "Going on.")
	cancel := b.page("/follow/cancel")
	cancel.want(t, "Stop here?", "0 are already followed and stay so; 1 will not be.")
	b.follow(b.submit(cancel, "/follow/cancel")).want(t, "Stopped")
	if a := b.post("/follow/pause", "as", "1"); a.StatusCode != http.StatusConflict {
		t.Errorf("pausing what is stopped: %d", a.StatusCode)
	}
}

func TestFollowFile(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	h.seed(h.userOf(b), friends())
	a := b.page("/follow/csv")
	if want := "Account address,Show boosts,Notify on new posts,Languages\nava@reeds.test,true,false,\n"; a.text != want {
		t.Errorf("%q", a.text)
	}
	if a.Header.Get("Content-Disposition") != `attachment; filename="godwit-following.csv"` {
		t.Error(a.Header.Get("Content-Disposition"))
	}
}

func TestOutcomes(t *testing.T) {
	h := town(t, web.Local)
	b := h.owner()
	user := h.userOf(b)
	h.seed(user, friends())
	b.get(h.allow(b.start("alice@shore.test"), "alice", "allow"))
	b.submit(b.page("/follow"), "/follow", "how", "background")
	job, _ := h.followed(user, social.FollowJob{State: social.JobDone, Outcome: social.Deferred, Reason: social.ReasonGaveUp, Attempts: 5})
	page := b.page("/follow/outcomes?outcome=deferred")
	page.want(t, "Waiting: 1", "It didn't work in 5 tries.")
	one := b.page("/follow/" + fmt.Sprint(job.ID))
	one.want(t, "Following @ava@reeds.test")
	b.follow(b.submit(one, "/follow/retry")).want(t, "1 is tried again.")
	b.page("/follow/outcomes?outcome=refused").want(t, "None of these yet.")
}

// TestPlanLeavesOutBlocked: whom the home server suspends is left out of the plan, and said.
func TestPlanLeavesOutBlocked(t *testing.T) {
	h := town(t, web.Local)
	b := h.owner()
	user := h.userOf(b)
	h.seed(user, friends())
	b.get(h.allow(b.start("alice@shore.test"), "alice", "allow"))
	b.page("/follow").want(t, "1 account")
	block := func(domain string) {
		h.check(h.store.SaveBlocks(t.Context(), "shore.test", []string{social.DomainDigest(domain)}, h.clock.Now().Add(time.Hour), h.clock.Now()))
	}
	block("other.test")
	b.page("/follow").want(t, "Follow 1 account from")
	block("reeds.test")
	b.page("/follow").want(t, "1 is left out: your server doesn't exchange anything with theirs.")
}

// Undo says how many, asks first, and can be stopped; nobody else is counted.
func TestUndo(t *testing.T) {
	h := town(t, web.Local)
	b := h.owner()
	user := h.userOf(b)
	h.seed(user, friends())
	b.get(h.allow(b.start("alice@shore.test"), "alice", "allow"))
	b.page("/follow/undo").want(t, "There is nothing to undo.")
	b.submit(b.page("/follow"), "/follow", "how", "background")
	job, d := h.followed(user, social.FollowJob{State: social.JobDone, Outcome: social.Followed, RemoteID: "77", AskedAt: h.clock.Now()})
	progress := b.page("/follow/progress")
	if progress.doc.Find(`a[href^="/follow/undo"]`).Length() != 1 {
		t.Error("no way to undo")
	}
	ask := b.page("/follow/undo")
	ask.want(t, "Unfollow the 1 account that Godwit followed for you. Nobody else is touched.", "Unfollow 1 account")
	began := b.follow(b.submit(ask, "/follow/undo"))
	began.want(t, "Started: 1 account to unfollow.", "0 of 1 unfollowed", "Being unfollowed", "Stop unfollowing")
	if last := h.rung[len(h.rung)-1]; last.Kind != social.FollowTask || last.ID != d.ID {
		t.Errorf("rung %v", last)
	}
	if a := b.post("/follow/pause", "as", fmt.Sprint(d.ID)); a.StatusCode != http.StatusConflict {
		t.Errorf("pausing an undo: %d", a.StatusCode)
	}
	stop := b.page("/follow/cancel")
	stop.want(t, "1 is still followed and stays so.")
	b.follow(b.submit(stop, "/follow/cancel")).want(t, "Stopped")
	b.follow(b.submit(b.page("/follow/undo"), "/follow/undo"))
	job.State, job.Outcome = social.JobDone, social.Undone
	h.save(d, job)
	b.page("/follow/progress").want(t, "Done: 1 unfollowed", "Whom you followed before, you still follow.", "Unfollowed again")
	b.page("/follow/outcomes?outcome=undone").want(t, "Unfollowed again, as you wished.")
	b.page("/follow/undo").want(t, "There is nothing to undo.")
}

// followed makes the User's first FollowJob what a worker would.
func (h *house) followed(user social.User, as social.FollowJob) (social.FollowJob, social.Destination) {
	jobs, _, err := h.store.ListFollowJobs(context.Background(), user.ID, followsOf(h, user))
	h.check(err)
	d, err := h.store.GetDestination(context.Background(), user.ID, jobs[0].DestinationID)
	h.check(err)
	job := jobs[0]
	job.State, job.Outcome, job.Reason, job.Attempts, job.RemoteID, job.AskedAt = as.State, as.Outcome, as.Reason, as.Attempts, as.RemoteID, as.AskedAt
	h.save(d, job)
	return job, d
}

// save writes a FollowJob as a worker does.
func (h *house) save(d social.Destination, job social.FollowJob) {
	task := h.claim(social.FollowTask, d.ID)
	h.check(h.store.SaveFollows(context.Background(), task, []social.FollowJob{job}, nil, d, h.clock.Now()))
	h.check(h.store.Settle(context.Background(), task, time.Time{}, false))
}

func TestData(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.signIn("alice@shore.test")
	user := h.userOf(b)
	h.seed(user, friends())
	page := b.page("/data")
	page.want(t, "What Godwit holds about you", "@alice@shore.test", "mastodon")
	export := b.page("/data/export")
	var all map[string]any
	if err := json.Unmarshal([]byte(export.text), &all); err != nil || export.Header.Get("Content-Disposition") != `attachment; filename="godwit-data.json"` {
		t.Errorf("export: %v %s", err, export.Header.Get("Content-Disposition"))
	}
	ask := b.page(page.doc.Find(".connections a").AttrOr("href", ""))
	ask.want(t, "Godwit gives its permission for @alice@shore.test back to shore.test.")
	action := ask.doc.Find("main form").AttrOr("action", "")
	b.follow(b.submit(ask, action)).want(t, "Disconnected.", "No account is connected.")
	revoked := func(r string) bool { return r == "/oauth/revoke" }
	var paths []string
	for _, r := range h.world.Log() {
		paths = append(paths, r.Path)
	}
	if !slices.ContainsFunc(paths, revoked) {
		t.Error("the permission was not given back")
	}
}

func TestForget(t *testing.T) {
	h := town(t, web.Anyone)
	b, other := h.signIn("alice@shore.test"), h.signIn("alice@shore.test")
	user := h.userOf(b)
	h.seed(user, friends())
	page := b.page("/data/forget")
	a := b.submit(page, "/data/forget", "typed", "@bob@shore.test")
	if a.StatusCode != http.StatusUnprocessableEntity || a.doc.Find("#typed").AttrOr("value", "") != "@bob@shore.test" {
		t.Errorf("another handle: %d", a.StatusCode)
	}
	a.want(t, "That isn't @alice@shore.test. Nothing was deleted.")
	a = b.submit(a, "/data/forget", "typed", " ALICE@shore.test ")
	b.follow(a).want(t, "Deleted. Backups of this server lose it within 30 days.")
	if _, err := h.store.GetUser(t.Context(), user.ID); err == nil {
		t.Error("the User is still there")
	}
	for _, x := range []*browser{b, other} {
		if a := x.get("/matches"); a.StatusCode != http.StatusSeeOther {
			t.Errorf("after forgetting: %d", a.StatusCode)
		}
	}
}

func TestForgetLocal(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	b.follow(b.upload(map[string]string{"twitter-2026.zip": sampleZip(t)}))
	page := b.page("/data/forget")
	page.want(t, "Type “delete” to confirm")
	b.follow(b.submit(page, "/data/forget", "typed", "delete")).want(t, "Nothing about you is left")
	if n := spooled(t, h); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
	b.page("/").want(t, "Bring your people with you") // and begins anew without the link
}

func TestExportHelp(t *testing.T) {
	h := newHouse(t, web.Anyone)
	b := h.browser()
	page := b.page("/help/export/x")
	page.want(t, "Ask X for your export", "Add a reminder to my calendar (for 22 November)")
	b.follow(b.submit(page, "/help/export/x")).want(t, "Noted: you asked X on 20 November.", "Has the export arrived?")
	ics := b.page("/help/export/x/reminder.ics")
	if !strings.Contains(ics.text, "DTSTART;VALUE=DATE:20261122\r\n") || strings.Contains(strings.ReplaceAll(ics.text, "\r\n", ""), "\n") {
		t.Errorf("%q", ics.text)
	}
}

func TestLanguageAndScheme(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.browser()
	r := b.request(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8")
	a := b.do(r)
	a.want(t, "把你关注的人一起带走")
	if a.doc.Find("html").AttrOr("lang", "") != "zh-Hans" || a.Header.Get("Content-Language") != "zh-Hans" {
		t.Error("the page does not name its language")
	}
	r.Header.Set("Accept-Language", "xx, *")
	b.do(r).want(t, "Bring your people with you")
	b.follow(b.post("/language", "language", "zh-Hans", "back", "/privacy")).want(t, "隐私")
	b.post("/language", "language", "tlh", "back", "/")
	b.page("/").want(t, "把你关注的人一起带走")
	b.post("/scheme", "scheme", "dark", "back", "/")
	if got := b.page("/").doc.Find("html").AttrOr("data-scheme", ""); got != "dark" {
		t.Errorf("scheme %q", got)
	}
	b.post("/scheme", "scheme", `x" onload="`, "back", "/")
	if got := b.page("/").doc.Find("html").AttrOr("data-scheme", ""); got != "dark" {
		t.Errorf("scheme %q", got)
	}
	b.post("/scheme", "scheme", "auto", "back", "/")
	if _, set := b.page("/").doc.Find("html").Attr("data-scheme"); set {
		t.Error("the device's choice is not followed")
	}
}

func TestTimeZone(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.signIn("alice@shore.test")
	h.seed(h.userOf(b), friends())
	b.page("/follow").want(t, "Computed at 09:00 UTC.")
	for zone, want := range map[string]string{"Asia/Shanghai": "Computed at 17:00.", "../../etc/passwd": "Computed at 09:00 UTC.", "Local": "Computed at 09:00 UTC."} {
		r := b.request(http.MethodGet, "/follow", nil)
		r.AddCookie(&http.Cookie{Name: "zone", Value: zone})
		b.do(r).want(t, want)
	}
}

func TestWellKnown(t *testing.T) {
	h := newHouse(t, web.Anyone)
	b := h.browser()
	for path, want := range map[string]string{"/robots.txt": "Disallow: /", "/.well-known/security.txt": "Expires: 2027-05-20T00:00:00Z", "/healthz": "ok", "/about-bot": "Godwit/test", "/favicon.ico": "<svg"} {
		if a := b.page(path); !strings.Contains(a.text, want) {
			t.Errorf("%s lacks %q:\n%s", path, want, a.text)
		}
	}
	css := b.page("/").doc.Find("link[rel=stylesheet]").AttrOr("href", "")
	if a := b.page(css); a.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || a.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%s: %s %s", css, a.Header.Get("Cache-Control"), a.Header.Get("Content-Type"))
	}
}

// every gets all pages of somebody who has one of everything.
func every(t *testing.T, h *house, b *browser) []answer {
	t.Helper()
	user := h.userOf(b)
	m := h.matches(user, store.MatchFilter{})
	jobs, _, err := h.store.ListFollowJobs(t.Context(), user.ID, followsOf(h, user))
	h.check(err)
	paths := []string{"/", "/connect", "/help/export/x", "/sources/new", "/sources/1", "/matches", "/matches?group=likely", "/matches/missing", "/matches/check?group=likely",
		"/follow", "/follow/csv/check", "/follow/progress", "/follow/outcomes", "/follow/cancel", "/follow/undo", "/follow/" + fmt.Sprint(jobs[0].ID), "/data", "/data/forget",
		"/data/disconnect/" + fmt.Sprint(jobs[0].DestinationID), "/privacy", "/about-bot", "/explain", "/signed-out", "/forgotten"}
	for _, x := range m {
		paths = append(paths, "/matches/"+fmt.Sprint(x.ID))
	}
	var all []answer
	for _, path := range paths {
		all = append(all, b.page(path))
	}
	return append(all, b.get("/nowhere"))
}

// WEB-02, WEB-06, WEB-08: strangers' texts stay text, names are isolated, and
// no page loads or leaks anything to anybody else.
func TestWEB02StrangersTexts(t *testing.T) {
	h := town(t, web.Local)
	b := h.owner()
	user := h.userOf(b)
	var people []friend
	for i, text := range []string{`"><img src=x onerror=alert(1)>`, `</title><script>alert(1)</script>`, `javascript:alert(1)`, `{{.}}`, `${1}`, `<svg/onload=1>`,
		`&#x3c;script>`, "\u202egro.live@ecila", "a\u200bb", strings.Repeat("\u0301", 500), "line\nbreak"} {
		people = append(people, friend{id: fmt.Sprint(9100 + i), username: fmt.Sprint("hostile", i), name: text, bio: text + fmt.Sprintf(" @h%d@reeds.test", i), handle: fmt.Sprintf("h%d@reeds.test", i), linksBack: i%2 == 0})
	}
	h.seed(user, people)
	b.get(h.allow(b.start("alice@shore.test"), "alice", "allow"))
	b.submit(b.page("/follow"), "/follow", "how", "background")
	for _, a := range every(t, h, b) {
		path := a.Request.URL.Path
		a.doc.Find("script").Each(func(_ int, s *goquery.Selection) {
			if !strings.HasPrefix(s.AttrOr("src", ""), "/static/") || strings.TrimSpace(s.Text()) != "" {
				t.Errorf("%s: a script that is not ours", path)
			}
		})
		a.doc.Find("*").Each(func(_ int, s *goquery.Selection) { attributesOK(t, path, s) })
		if strings.ContainsAny(a.text, "\u202e\u200b") || strings.Contains(a.text, "\u0301\u0301\u0301\u0301") {
			t.Errorf("%s: characters that spill or turn the text", path)
		}
		if a.doc.Find("main img, style, iframe, object, meta[http-equiv]").Length() != 0 {
			t.Errorf("%s: elements that have no place here", path)
		}
	}
	list := b.page("/matches")
	list.doc.Find(".person").Each(func(_ int, s *goquery.Selection) {
		if goquery.NodeName(s) != "bdi" {
			t.Error("a name is not isolated")
		}
	})
}

// attributesOK looks for script in attributes and for addresses elsewhere.
func attributesOK(t *testing.T, path string, s *goquery.Selection) {
	t.Helper()
	for _, a := range s.Nodes[0].Attr {
		value := strings.ToLower(a.Val)
		switch {
		case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcset":
			t.Errorf("%s: attribute %s=%q", path, a.Key, a.Val)
		case a.Key == "src" && !strings.HasPrefix(value, "/static/"):
			t.Errorf("%s: loads %q", path, a.Val)
		case a.Key == "href" && strings.HasPrefix(value, "https://"):
			if rel := s.AttrOr("rel", ""); rel != "noopener noreferrer nofollow" {
				t.Errorf("%s: %s has rel=%q", path, a.Val, rel)
			}
		case a.Key == "href" && !strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "#"):
			t.Errorf("%s: link to %q", path, a.Val)
		}
	}
}

// WEB-06: a host in other letters is shown as it is contacted, with a word.
func TestWEB06LookAlikes(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	h.seed(h.userOf(b), []friend{{id: "9001", username: "x", name: "X", bio: "@a@xn--mstodon-2fg.test", handle: "a@xn--mstodon-2fg.test"}})
	page := b.page("/matches")
	page.want(t, "@a@xn--mstodon-2fg.test", "Letters of several alphabets: look closely.")
}

// WEB-10: fields that no form has change nothing.
func TestWEB10ExtraFields(t *testing.T) {
	h := town(t, web.Anyone)
	alice, gail := h.signIn("alice@shore.test"), h.signIn("gail@reeds.test")
	h.seed(h.userOf(alice), friends())
	m := h.matches(h.userOf(alice), store.MatchFilter{Group: store.GroupLikely})[0]
	a := alice.post("/matches/decide", "confirm", fmt.Sprint(m.ID), "user_id", fmt.Sprint(h.userOf(gail).ID), "certainty", "certain", "role", "operator", "excluded", "")
	alice.follow(a).want(t, "Confirmed 1.")
	got := must[social.Match](t)(h.store.GetMatch(t.Context(), h.userOf(alice).ID, m.ID))
	if got.UserID != h.userOf(alice).ID || got.Certainty != m.Certainty {
		t.Errorf("%+v", got)
	}
}

// WEB-12: downloads have fixed names.
func TestWEB12Names(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	b.upload(map[string]string{"a\"\r\nX: y.zip": sampleZip(t)})
	for _, path := range []string{"/data/export", "/follow/csv", "/matches/missing.csv", "/help/export/x/reminder.ics"} {
		a := b.page(path)
		if name := a.Header.Get("Content-Disposition"); !strings.HasPrefix(name, `attachment; filename="godwit-`) || a.Header.Get("X") != "" {
			t.Errorf("%s: %q", path, name)
		}
	}
}

// Each page says itself what a person who cannot see it needs.
func TestPagesAreWellMade(t *testing.T) {
	h := town(t, web.Local)
	b := h.owner()
	h.seed(h.userOf(b), friends())
	b.get(h.allow(b.start("alice@shore.test"), "alice", "allow"))
	b.submit(b.page("/follow"), "/follow", "how", "background")
	for _, a := range every(t, h, b) {
		path := a.Request.URL.Path
		if n := a.doc.Find("h1").Length(); n != 1 {
			t.Errorf("%s: %d h1", path, n)
		}
		if a.doc.Find(`a.skip[href="#content"]`).Length() != 1 || a.doc.Find("html[lang]").Length() != 1 || a.doc.Find("title").Text() == " · Godwit" {
			t.Errorf("%s: no skip link, language or title", path)
		}
		if first := a.doc.Find("footer a").First().Text(); first != "Help" {
			t.Errorf("%s: the footer begins with %q", path, first)
		}
		ids := map[string]bool{}
		a.doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
			if id := s.AttrOr("id", ""); ids[id] {
				t.Errorf("%s: id %s twice", path, id)
			} else {
				ids[id] = true
			}
		})
		a.doc.Find("input:not([type=hidden]), select").Each(func(_ int, s *goquery.Selection) {
			id, labelled := s.Attr("id")
			_, named := s.Attr("aria-label")
			if !named && (!labelled || a.doc.Find(`label[for="`+id+`"]`).Length() == 0) {
				t.Errorf("%s: a field without a label: %s", path, s.AttrOr("name", ""))
			}
		})
		if len(a.text) > 150<<10 {
			t.Errorf("%s: %d bytes", path, len(a.text))
		}
	}
}
