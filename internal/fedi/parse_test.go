package fedi

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"godwit/internal/social"
)

// hostile are the shapes of NET-14.
var hostile = []string{
	"", "{}", "[]", "null", `""`, "{", strings.Repeat("[", 100_000), strings.Repeat(`{"links":`, 50_000),
	strings.Repeat("\xff\xfe\xc0", 20_000), `{"subject":"acct:a@b.test","links":[` + strings.Repeat(`{"rel":"self"},`, 4000) + `{}]}`,
	`<!DOCTYPE x [<!ENTITY a "&a;">]><XRD>&a;</XRD>`, "<XRD>" + strings.Repeat("<Link>", 50_000),
	`<XRD><Link rel="lrdd" template="` + strings.Repeat("a", 60_000) + `"/></XRD>`,
	strings.Repeat("<div>", 100_000), strings.Repeat("<svg><math>", 40_000), `<a href="` + strings.Repeat("h", 1<<20) + `">`,
	"\x00", `{"subject":1,"links":{}}`, `{"links":[{"rel":null}]}`,
}

func FuzzJRD(f *testing.F) {
	for _, s := range hostile {
		f.Add([]byte(s))
	}
	f.Add([]byte(`{"subject":"acct:dave@b.test","aliases":["https://b.test/users/dave"],"links":[{"rel":"self","type":"application/activity+json","href":"https://b.test/users/dave"}]}`))
	f.Add([]byte(`{"subject":"acct:nina@s.test","links":[{"rel":"self","type":"application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"","href":"https://s.test/nina"}]}`))
	d, err := Open(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		j, err := parseJRD(body)
		if err != nil {
			return
		}
		if n := len(j.actors()); n > 2 {
			t.Errorf("%d actors", n)
		}
		if p := j.profile(); p != "" && (!strings.HasPrefix(p, "https://") || len(p) > maxURL) {
			t.Errorf("profile %q", p)
		}
		if c, err := d.claimOf(j, answer{host: "b.net"}); err == nil {
			if _, host, err := d.parseURL(c.actor); err != nil || host != c.at || c.subject.IsZero() {
				t.Errorf("claim %+v", c)
			}
		}
	})
}

func FuzzHostMeta(f *testing.F) {
	for _, s := range hostile {
		f.Add([]byte(s))
	}
	f.Add([]byte(`<?xml version="1.0"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0"><Link rel="lrdd" template="https://b.test/.well-known/webfinger?resource={uri}"></Link></XRD>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if got := parseHostMeta(body); len(got) > maxURL || !utf8.ValidString(got) {
			t.Errorf("template %q", got)
		}
	})
}

func FuzzNodeInfo(f *testing.F) {
	for _, s := range hostile {
		f.Add([]byte(s))
	}
	f.Add([]byte(`{"links":[{"rel":"http://nodeinfo.diaspora.software/ns/schema/2.0","href":"https://b.test/nodeinfo/2.0"}]}`))
	f.Add([]byte(`{"version":"2.0","software":{"name":"Snac","version":"2.94"},"protocols":["activitypub"],"openRegistrations":false}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if link, ok := nodeInfoLink(body); ok && (link == "" || len(link) > maxURL) {
			t.Errorf("link %q", link)
		}
		sw, ok := parseNodeInfo(body)
		if ok && (sw.Name == "" || sw.Name != social.Printable(sw.Name, 61) || len([]rune(sw.Version)) > 61) {
			t.Errorf("software %+v", sw)
		}
	})
}

func FuzzActor(f *testing.F) {
	for _, s := range hostile {
		f.Add([]byte(s))
		quoted, _ := json.Marshal(s)
		f.Add([]byte(`{"id":"https://a.test/u","summary":` + string(quoted) + `}`))
	}
	f.Add([]byte(`{"id":"https://a.test/u","type":"Person","attachment":[{"type":"PropertyValue","value":"<a href=\"https://x.test\">"}],"tag":[{"name":"#nobot"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := parseActor(body, "https://a.test/u")
		if err != nil {
			return
		}
		var r social.Resolution
		a.describe(&r)
		if len(r.Links) > maxLinks || len([]rune(r.Name)) > social.MaxName || r.Profile != "" && !strings.HasPrefix(r.Profile, "https://") {
			t.Errorf("%+v", r)
		}
		for _, l := range r.Links {
			if len(l) > maxLink || !utf8.ValidString(l) {
				t.Errorf("link %q", l)
			}
		}
	})
}

func TestJRDActors(t *testing.T) {
	snac := `{"subject":"acct:nina@s.test","links":[{"rel":"self","type":"application/activity+json","href":"https://s.test/nina"},
		{"rel":"self","type":"application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"","href":"https://s.test/nina"},
		{"rel":"self","type":"text/html","href":"https://s.test/page"},{"rel":"http://webfinger.net/rel/profile-page","href":"https://s.test/nina"}]}`
	j, err := parseJRD([]byte(snac))
	if err != nil || len(j.actors()) != 1 || j.actors()[0] != "https://s.test/nina" || j.profile() != "https://s.test/nina" {
		t.Errorf("%+v %v", j, err)
	}
	only := `{"subject":"acct:m@m.test","links":[{"rel":"self","type":"application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"","href":"https://m.test/m"}]}`
	if j, err := parseJRD([]byte(only)); err != nil || len(j.actors()) != 1 {
		t.Errorf("ld+json alone: %+v %v", j, err)
	}
}

func TestOptOutMarkers(t *testing.T) {
	for text, want := range map[string]bool{
		"<p>Hello #nobot</p>": true, "#NoBots.": true, "about #noindex, really": true, `<p>x</p><p><a href="https://a.test/tags/nobridge">#<span>nobridge</span></a></p>`: true,
		"#nobotany": false, "nobot": false, "": false, "#notagspub": true,
	} {
		var r social.Resolution
		actor{Summary: text}.describe(&r)
		if r.NoBot != want {
			t.Errorf("%q: %v, want %v", text, r.NoBot, want)
		}
	}
}

func TestLinksOfProfile(t *testing.T) {
	_, links := readHTML(`<a href="https://x.com/alice">x</a> https://plain.example/p. <a href="javascript:alert(1)">j</a> <a rel="me" href="http://old.example">o</a>`)
	want := []string{"https://x.com/alice", "http://old.example", "https://plain.example/p"}
	if strings.Join(links, " ") != strings.Join(want, " ") {
		t.Errorf("links %q", links)
	}
}
