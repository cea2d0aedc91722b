package fedi

import (
	"net/http"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/social"
)

func TestFindHome(t *testing.T) {
	w := newWorld(t)
	alice := fingers(map[string]string{"acct:alice@home.test": "https://home.test/users/alice", "acct:ann@split.test": "https://social.split.test/users/ann"})
	w.pages("home.test", software(map[string]http.HandlerFunc{webFingerPath: alice}, "home.test", "mastodon", "4.5.0"))
	w.pages("split.test", map[string]http.HandlerFunc{
		webFingerPath: func(rw http.ResponseWriter, r *http.Request) {
			redirectTo(301, "https://social.split.test"+r.RequestURI)(rw, r)
		},
		"/.well-known/host-meta": reply200("application/xrd+xml", `<XRD><Link rel="lrdd" template="https://social.split.test/.well-known/webfinger?resource={uri}"/></XRD>`),
	})
	w.pages("social.split.test", software(map[string]http.HandlerFunc{webFingerPath: alice}, "social.split.test", "gotosocial", "0.20.0"))
	w.pages("web.test", map[string]http.HandlerFunc{"/": reply200("text/html", "<p>hi")})
	w.pages("forum.test", software(map[string]http.HandlerFunc{}, "forum.test", "lemmy", "1"))
	w.pages("alone.test", map[string]http.HandlerFunc{
		nodeInfoPath:    reply200("application/json", `{"links":[{"rel":"`+relNodeInfo+`2.1","href":"/nodeinfo/2.1"}]}`),
		"/nodeinfo/2.1": reply200("application/json", `{"software":{"name":"mastodon","version":"4"},"protocols":[]}`),
	})
	w.pages("shy.test", software(map[string]http.HandlerFunc{"/robots.txt": reply200("text/plain", "User-agent: *\nDisallow:\n\nuser-agent: GODWIT # us\nDisallow: /\n")}, "shy.test", "mastodon", "4.5.0"))
	w.pages("open.test", software(map[string]http.HandlerFunc{"/robots.txt": reply200("text/plain", "User-agent: *\nDisallow: /\n")}, "open.test", "snac", "2.94"))
	// A NodeInfo document on another host doesn't move the API of a typed handle.
	w.pages("far.test", map[string]http.HandlerFunc{
		webFingerPath: fingers(map[string]string{"acct:alice@far.test": "https://far.test/users/alice"}),
		nodeInfoPath:  reply200("application/json", `{"links":[{"rel":"`+relNodeInfo+`2.0","href":"https://home.test/nodeinfo/2.0"}]}`),
	})
	w.host("ill.test", status(http.StatusBadGateway))
	d := w.door()

	good := []struct{ typed, host, handle, software string }{
		{"@alice@home.test", "home.test", "alice@home.test", "mastodon"},
		{" alice@HOME.test ", "home.test", "alice@home.test", "mastodon"},
		{"acct:alice@home.test", "home.test", "alice@home.test", "mastodon"},
		{"https://home.test/@alice", "home.test", "alice@home.test", "mastodon"},
		{"HTTPS://home.test/users/alice/", "home.test", "alice@home.test", "mastodon"},
		{"https://open.test/@alice@home.test", "home.test", "alice@home.test", "mastodon"},
		{"home.test", "home.test", "", "mastodon"},
		{"https://home.test/about", "home.test", "", "mastodon"},
		{"@ann@split.test", "social.split.test", "ann@split.test", "gotosocial"},
		{"split.test", "social.split.test", "", "gotosocial"},
		{"open.test", "open.test", "", "snac"},
		{"alice@far.test", "far.test", "alice@far.test", "mastodon"},
	}
	for _, c := range good {
		host, h, sw, err := d.FindHome(t.Context(), c.typed)
		if err != nil || host != c.host || h.String() != c.handle || sw.Name != c.software || sw.Flavour == "" {
			t.Errorf("%q: %q %q %+v %v", c.typed, host, h, sw, err)
		}
	}
	bad := []struct{ typed, code string }{
		{"", "not-a-handle"}, {"a b", "not-a-handle"}, {"@@", "not-a-handle"}, {"me@1.2.3.4", "not-a-handle"},
		{"@alice", CodeXName}, {"https://x.com/alice", CodeXName}, {"alice@twitter.com", CodeXName},
		{"alice@gmail.com", CodeMail}, {"alice@truthsocial.com", CodeNoFederation},
		{"nowhere.test", CodeNoSuchHost}, {"alice@nowhere.test", CodeNoSuchHost},
		{"mastodon.socail", CodeCloseMiss}, {"@me@mastdon.social", CodeCloseMiss},
		{"web.test", CodeNotFediverse}, {"alice@web.test", CodeNotFediverse},
		{"bob@home.test", CodeNoSuchAccount},
		{"forum.test", CodeOtherSoftware}, {"alone.test", CodeNoFederation}, {"shy.test", CodeServerRefuses},
		{"ill.test", CodeNotAnswering}, {"alice@ill.test", CodeNotAnswering},
	}
	for _, c := range bad {
		_, _, _, err := d.FindHome(t.Context(), c.typed)
		if !hasCode(err, c.code) {
			t.Errorf("%q: %v, want %s", c.typed, err, c.code)
		}
	}
	_, _, _, err := d.FindHome(t.Context(), "mastodon.socail")
	if say := fault.Say(err); say != "We couldn't find mastodon.socail. Did you mean mastodon.social?" {
		t.Errorf("close miss says %q", say)
	}
	if host, _, sw, err := d.FindHome(t.Context(), "forum.test"); host != "forum.test" || sw.Name != "lemmy" || fault.Say(err) == "" {
		t.Errorf("other software: %q %+v", host, sw)
	}
}

func TestSoftwareIsRemembered(t *testing.T) {
	w := newWorld(t)
	w.pages("a.test", software(map[string]http.HandlerFunc{}, "a.test", "GoToSocial", "0.20.0"))
	d := w.door()
	for range 3 {
		sw, err := d.Software(t.Context(), "A.test")
		if err != nil || sw.Flavour != social.GoToSocial || sw.Host != "a.test" || !sw.Fedi || !sw.OpenRegs {
			t.Fatalf("%+v %v", sw, err)
		}
	}
	if n := len(w.requests("")); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestNodeInfoHostile(t *testing.T) {
	w := newWorld(t)
	for _, href := range []string{"http://a.test/n", "https://127.0.0.1/n", "file:///etc/passwd", "https://u:p@a.test/n", "javascript:x", "//169.254.169.254/n"} {
		w.pages("a.test", map[string]http.HandlerFunc{nodeInfoPath: reply200("application/json", `{"links":[{"rel":"`+relNodeInfo+`2.0","href":"`+href+`"}]}`)})
		if sw, err := w.door().Software(t.Context(), "a.test"); !hasCode(err, CodeRefusedAddress) {
			t.Errorf("%s: %+v %v", href, sw, err)
		}
	}
}

func TestRobots(t *testing.T) {
	for robots, want := range map[string]bool{
		"":                                false,
		"User-agent: Godwit\nDisallow: /": true,
		"User-agent: a\nUser-agent: godwit\nDisallow: /\n":         true,
		"User-agent: godwit\nUser-agent: b\nDisallow: /\n":         true,
		"User-agent: godwit\nDisallow:\n":                          false,
		"User-agent: godwit\nDisallow: /x\n":                       false,
		"User-agent: godwit\nAllow: /\nUser-agent: *\nDisallow: /": false,
		"User-agent: *\nDisallow: /":                               false,
		"Disallow: /":                                              false,
		"<html>User-agent: godwit":                                 false,
	} {
		if got := disallows(robots); got != want {
			t.Errorf("%q: %v, want %v", robots, got, want)
		}
	}
}
