package worker

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
)

// freshList is a list that was saved on the day on which the tests begin: older
// ones prove less.
const freshList = "twitter-Following-1795132800000.json"

// site adds a host with one page of links, below "/" for all of them.
func (r *rig) site(name, path string, links ...string) *feditest.Host {
	r.t.Helper()
	host := r.world.AddHost(name, social.Mastodon)
	host.Handle("/robots.txt", http.NotFoundHandler())
	host.Handle(path, links2page(links...))
	return host
}

func links2page(links ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for _, l := range links {
			fmt.Fprintf(w, "<a href=%q>x</a>\n", l)
		}
	})
}

// linking is somebody on X whose profile has this link and names no handle.
func linking(n int, url string) importertest.Person {
	p := follows(n, "birds")
	p.URL = url
	return p
}

func xProfile(n int) string { return fmt.Sprintf("https://x.com/wader_%d", n) }

// fetched counts the requests for pages of a host, robots.txt apart, and checks
// that it never saw two at once.
func (r *rig) fetched(host string) (pages int) {
	r.t.Helper()
	for _, q := range r.world.Log() {
		if q.Host != host {
			continue
		}
		if q.InFlight > 1 {
			r.t.Errorf("%s saw %d requests at once", host, q.InFlight)
		}
		if q.Path != "/robots.txt" {
			pages++
		}
	}
	return pages
}

// grades are what was found, by username.
func (r *rig) grades() map[string]string {
	r.t.Helper()
	page, _, err := r.store.ListMatches(r.t.Context(), r.user.ID, store.MatchFilter{Limit: 200})
	r.ok(err)
	got := map[string]string{}
	for _, m := range page {
		got[m.Account.Username] = strings.TrimSpace(got[m.Account.Username] + " " + string(m.Certainty) + " " + m.Handle.String())
	}
	return got
}

func (r *rig) askPages(want int) {
	r.t.Helper()
	n, err := r.store.AskPages(r.t.Context(), r.user.ID, r.clock.Now())
	r.ok(err)
	if n != want {
		r.t.Errorf("%d pages are to be read, want %d", n, want)
	}
}

// TestLinkPages: a page in between leads to somebody whose profile names no
// handle, as far as the page shows whose it is; it is read when the person asks
// for that, and not before.
func TestLinkPages(t *testing.T) {
	r := newRig(t)
	mudflat := r.world.AddHost("mudflat.test", social.Mastodon)
	for _, name := range []string{"both", "circle", "lone", "team1", "shut"} {
		mudflat.AddAccount(name)
	}
	mudflat.AddAccount("ring", feditest.Field("Links", "https://linktr.ee/ring"))
	at := func(name string) string { return "https://mudflat.test/@" + name }
	trees := r.world.AddHost("linktr.ee", social.Mastodon)
	trees.Handle("/robots.txt", http.NotFoundHandler())
	trees.Handle("/ring", links2page(at("ring"), xProfile(1)))
	trees.Handle("/lone", links2page(at("lone")))
	r.site("both.test", "/", xProfile(0), at("both"))
	r.site("team.test", "/", xProfile(90), at("team1"))
	shut := r.world.AddHost("shut.test", social.Mastodon)
	shut.Handle("/robots.txt", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("User-agent: *\nDisallow: /\n")) }))
	shut.Handle("/", links2page(xProfile(4), at("shut")))
	people := []importertest.Person{linking(0, "https://both.test/"), linking(1, "https://linktr.ee/ring"), linking(2, "https://linktr.ee/lone"),
		linking(3, "https://team.test"), linking(4, "https://shut.test"), follows(5, "now at @both@mudflat.test"), linking(6, "https://linktr.ee/none")}
	people[5].URL = "https://linktr.ee/needless"
	r.give(freshList, r.list(people))
	r.drive(time.Hour)
	for _, host := range []string{"linktr.ee", "both.test", "team.test", "shut.test"} {
		if n := r.world.Stats(host).Requests; n != 0 {
			t.Errorf("%s was asked %d times before anybody wanted that", host, n)
		}
	}
	if c, err := r.store.PageCounts(t.Context(), r.user.ID); err != nil || c != (store.PageCounts{Unread: 6}) {
		t.Errorf("%+v %v", c, err)
	}
	r.askPages(6)
	r.drive(time.Hour)
	r.checkPages(map[string]string{"wader_0": "likely both@mudflat.test", "wader_1": "certain ring@mudflat.test", "wader_2": "possible lone@mudflat.test",
		"wader_5": "likely both@mudflat.test"})
	if trees, team, shut := r.fetched("linktr.ee"), r.fetched("team.test"), r.fetched("shut.test"); trees != 3 || team != 1 || shut != 0 {
		t.Errorf("pages were asked for %d, %d and %d times", trees, team, shut)
	}
	r.askPages(0) // each once a month
	r.drive(time.Hour)
	if n := r.fetched("linktr.ee"); n != 3 {
		t.Errorf("pages were asked for again: %d", n)
	}
	_, err := r.store.Sweep(t.Context(), r.clock.Now().Add(48*time.Hour))
	r.ok(err)
	r.ok(r.store.Ring(t.Context(), social.MatchTask, r.user.ID, r.clock.Now()))
	r.drive(time.Hour)
	if got := r.grades()["wader_1"]; got != "certain ring@mudflat.test" {
		t.Errorf("after a day: %q", got)
	}
}

// checkPages compares grades; a conflict over one account is no matter here.
func (r *rig) checkPages(want map[string]string) {
	r.t.Helper()
	got := r.grades()
	for name, grade := range want {
		if got[name] != grade {
			r.t.Errorf("%s: %q, want %q", name, got[name], grade)
		}
		delete(got, name)
	}
	for name, grade := range got {
		r.t.Errorf("%s: %q, and nothing was to be found", name, grade)
	}
}

// TestLinkPagesBounds: a site is asked one page at a time and a second apart;
// one page that many link to is fetched once; a sick site is left alone and
// asked three times at most.
func TestLinkPagesBounds(t *testing.T) {
	const trees = 20
	r := newRig(t)
	tree := r.site("linktr.ee", "/", "https://nowhere.test/")
	sick := r.site("sick.test", "/")
	sick.Fault(feditest.Status(500, ""))
	common := r.site("paper.test", "/", "https://x.com/paper")
	people := []importertest.Person{linking(0, "https://sick.test/"), linking(1, "https://paper.test/"), linking(2, "https://paper.test/")}
	for i := range trees {
		people = append(people, linking(3+i, fmt.Sprintf("https://linktr.ee/p%d", i)))
	}
	r.give(freshList, r.list(people))
	r.drive(time.Hour)
	r.askPages(trees + 3)
	r.drive(12 * time.Hour)
	if n := r.fetched(tree.Name()); n != trees {
		t.Errorf("%d pages were read", n)
	}
	last := time.Time{}
	for _, q := range r.world.Log() {
		if q.Host == tree.Name() && q.Path != "/robots.txt" {
			if gap := q.At.Sub(last); gap < time.Second {
				t.Errorf("asked again after %s", gap)
			}
			last = q.At
		}
	}
	if n := r.fetched(common.Name()); n != 1 {
		t.Errorf("a page of two people was fetched %d times", n)
	}
	if n := r.world.Stats(sick.Name()).Requests; n > 3 {
		t.Errorf("a sick site was asked %d times", n)
	}
	if c, err := r.store.PageCounts(t.Context(), r.user.ID); err != nil || c.Unread != 0 || c.Due != 0 {
		t.Errorf("%+v %v", c, err)
	}
}

// TestLinkPagesHostile: pages made to harm lead nowhere and hold nobody up.
func TestLinkPagesHostile(t *testing.T) {
	r := newRig(t)
	victim := r.world.AddHost("victim.test", social.Mastodon)
	victim.AddAccount("v")
	var many []string
	for i := range 5000 {
		many = append(many, fmt.Sprintf("https://victim.test/@u%d", i))
	}
	r.site("many.test", "/", append([]string{xProfile(0)}, many...)...)
	leads := func(to string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, to, http.StatusFound) })
	}
	r.site("inside.test", "/").Handle("/", leads("https://127.0.0.1/admin"))
	endless := r.world.AddHost("endless.test", social.Mastodon)
	endless.Handle("/robots.txt", http.NotFoundHandler())
	endless.Handle("/", http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for q.Context().Err() == nil {
			if _, err := w.Write([]byte(strings.Repeat("<div>", 4096))); err != nil {
				return
			}
		}
	}))
	r.site("thief.test", "/", "https://x.com/somebody_else", "https://victim.test/@v") // the page of somebody else
	r.site("good.test", "/", xProfile(4), "https://victim.test/@v")
	r.give(freshList, r.list([]importertest.Person{linking(0, "https://many.test"), linking(1, "https://inside.test"), linking(2, "https://endless.test"),
		linking(3, "https://thief.test"), linking(4, "https://good.test")}))
	r.drive(time.Hour)
	r.askPages(5)
	r.drive(time.Hour)
	r.checkPages(map[string]string{"wader_4": "likely v@victim.test"})
	if n := len(r.webfingers("victim.test")); n != 1 {
		t.Errorf("the host that a page names thousands of times was asked %d times", n)
	}
}
