package feditest

import (
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
)

// TestSample walks every person of the demo's export by WebFinger, and compares
// with the story that the person has.
func TestSample(t *testing.T) {
	b := newBench(t)
	s := Sample(b.World)
	for _, slow := range []string{"whimbrel.test", "neaptide.test"} {
		b.host(slow).Heal()
	}
	if len(sampleHosts) < 40 || len(s.People) < 60 {
		t.Errorf("%d hosts, %d people", len(sampleHosts), len(s.People))
	}
	stories := map[string]int{"no such account": 404, "gone": 410, "dead server": 0, "server down": 503, "split domain": 301, "split domain by host-meta": 404}
	ids := map[string]bool{}
	for _, p := range s.People {
		if ids[p.XID] || ids["@"+p.XUsername] || len(p.XID) != 19 || len(p.XUsername) > 15 {
			t.Errorf("%+v: a doubled or impossible id or name", p)
		}
		ids[p.XID], ids["@"+p.XUsername] = true, true
		if p.Handle == "" {
			continue
		}
		want, special := stories[p.Story]
		if !special {
			want = 200
		}
		if p.Story == "gone" && b.host(afterAt(p.Handle)).Flavour() == social.Snac {
			want = 404
		}
		r, err := b.try(t, afterAt(p.Handle)+"/.well-known/webfinger?resource=acct:"+p.Handle, "", nil)
		if err != nil && want != 0 || r.status != want {
			t.Errorf("%s (%s): %d %v, want %d", p.Handle, p.Story, r.status, err, want)
		}
	}
}

// TestSampleBiosNameTheHandle: what the export says has to lead to the handle,
// in whatever form.
func TestSampleBiosNameTheHandle(t *testing.T) {
	for _, f := range sampleFriends {
		if f.on == "" {
			continue
		}
		all := strings.NewReplacer("＠", "@", "(at)", "@", "[at]", "@", "(dot)", ".", " @ ", "@", " . ", ".").Replace(
			f.name + " " + f.bio + " " + f.location + " " + f.url + " " + f.pinned)
		all = strings.NewReplacer(" @ ", "@", " . ", ".").Replace(all)
		user, domain := beforeAt(f.on), afterAt(f.on)
		if !strings.Contains(all, user+"@"+domain) && !strings.Contains(all, domain+"/@"+user) && !strings.Contains(all, domain+"/"+user) {
			t.Errorf("%s is not in %q", f.on, all)
		}
	}
}

func TestSampleTwiceIsTheSame(t *testing.T) {
	a, b := newBench(t), newBench(t)
	first, second := Sample(a.World), Sample(b.World)
	for i := range first.People {
		if first.People[i] != second.People[i] {
			t.Errorf("%+v and %+v", first.People[i], second.People[i])
		}
	}
	if first.Wanderer.RemoteID(first.Home) == "" || first.Wanderer.Handle() != "wanderer@mudflat.test" {
		t.Errorf("the wanderer: %q %q", first.Wanderer.RemoteID(first.Home), first.Wanderer.Handle())
	}
}

func TestImports(t *testing.T) {
	const rows = "Account address,Show boosts\n@dave@far.test,true\nnobody@far.test,true\n"
	for flavour, test := range map[social.Flavour]struct {
		address, file string
		fields        map[string]string
		status        int
	}{
		social.Mastodon:   {"home.test/settings/imports", "form_import[data]", map[string]string{"account": "alice"}, 200},
		social.GoToSocial: {"home.test/api/v1/import", "data", map[string]string{"type": "following", "mode": "merge"}, 202},
	} {
		b := newBench(t)
		_, token := b.home(flavour)
		b.AddHost("far.test", social.Mastodon).AddAccount("dave")
		if status := b.upload(t, test.address, token, test.file, rows, test.fields); status != test.status {
			t.Errorf("%s: %d, want %d", flavour, status, test.status)
		}
		b.clock.Advance(time.Second) // GoToSocial works row by row, behind its answer
		b.Follows("alice@home.test")
		b.clock.Advance(acceptAfter)
		if f := b.Follows("alice@home.test"); len(f) != 1 || f[0].Handle != "dave@far.test" || f[0].State != Accepted {
			t.Errorf("%s: %+v", flavour, f)
		}
	}
}
