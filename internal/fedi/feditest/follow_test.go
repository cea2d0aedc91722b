package feditest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
)

// TestFollowFates is what a home server says to a follow of each kind of
// account, and what is true a minute later.
func TestFollowFates(t *testing.T) {
	kinds := map[string][]AccountOption{
		"plain":    nil,
		"locked":   {Locked()},
		"declines": {Declines()},
		"silent":   {Silent()},
		"moved":    {MovedTo("plain@far.test")},
		"blocks":   {Blocking("alice@home.test")},
	}
	for _, test := range []struct {
		home   social.Flavour
		kind   string
		status int
		answer string
		truth  FollowState
		later  string // in relationships
	}{
		{social.Mastodon, "plain", 200, `"following":true`, Accepted, `"following":true`},
		{social.Mastodon, "locked", 200, `"requested":true`, Pending, `"requested":true`},
		{social.Mastodon, "declines", 200, `"following":true`, Declined, `"requested":false`},
		{social.Mastodon, "silent", 200, `"following":true`, Pending, `"requested":true`},
		{social.Mastodon, "moved", 403, `"error"`, NotFollowing, `"requested":false`},
		{social.Mastodon, "blocks", 403, `"error"`, NotFollowing, `"blocked_by":true`},
		{social.GoToSocial, "plain", 200, `"requested":true`, Accepted, `"following":true`},
		{social.GoToSocial, "locked", 200, `"requested":true`, Pending, `"requested":true`},
		{social.GoToSocial, "declines", 200, `"requested":true`, Declined, `"requested":false`},
		{social.GoToSocial, "moved", 200, `"requested":true`, Accepted, `"following":true`},
		{social.GoToSocial, "blocks", 404, `target account not found`, NotFollowing, `"blocked_by":true`},
		{social.Snac, "plain", 200, `"following":true`, Accepted, `"following":true`},
		{social.Snac, "locked", 200, `"following":true`, Pending, `"following":true`},
		{social.Snac, "silent", 200, `"following":true`, Pending, `"following":true`},
	} {
		t.Run(fmt.Sprintf("%s %s", test.home, test.kind), func(t *testing.T) {
			b := newBench(t)
			_, token := b.home(test.home)
			far := b.AddHost("far.test", social.Mastodon)
			for kind, options := range kinds {
				far.AddAccount(kind, options...)
			}
			handle := test.kind + "@far.test"
			r := b.ask(t, token, handle)
			if r.status != test.status || !strings.Contains(r.body, test.answer) {
				t.Errorf("answer %d %s, want %d %s", r.status, r.body, test.status, test.answer)
			}
			b.clock.Advance(time.Minute)
			if f := b.Between("alice@home.test", handle); f.State != test.truth || f.Posts != 1 {
				t.Errorf("truth %+v, want %q", f, test.truth)
			}
			id := b.find(t, token, handle)[0]
			if r := b.get(t, "home.test/api/v1/accounts/relationships?id[]="+id, token); !strings.Contains(r.body, test.later) {
				t.Errorf("later %s, want %s", r.body, test.later)
			}
		})
	}
}

// TestOptimisticAnswer is Mastodon's lie: following:true at once, while the
// relationship says requested until the Accept.
func TestOptimisticAnswer(t *testing.T) {
	b := newBench(t)
	_, token := b.home(social.Mastodon)
	b.AddHost("far.test", social.Mastodon).AddAccount("dave")
	if r := b.ask(t, token, "dave@far.test"); !strings.Contains(r.body, `"following":true`) {
		t.Fatal(r.body)
	}
	id := b.find(t, token, "dave@far.test")[0]
	if r := b.get(t, "home.test/api/v1/accounts/relationships?id[]="+id, token); !strings.Contains(r.body, `"following":false`) || !strings.Contains(r.body, `"requested":true`) {
		t.Errorf("before the Accept: %s", r.body)
	}
}

func TestAcceptAndDecline(t *testing.T) {
	b := newBench(t)
	_, token := b.home(social.GoToSocial)
	b.AddHost("far.test", social.Snac).AddAccount("pia", Locked())
	b.ask(t, token, "pia@far.test")
	b.clock.Advance(time.Hour)
	b.Accept("alice@home.test", "pia@far.test")
	if f := b.Between("alice@home.test", "pia@far.test"); f.State != Accepted {
		t.Errorf("after Accept: %+v", f)
	}
	b.Decline("alice@home.test", "pia@far.test")
	if f := b.Between("alice@home.test", "pia@far.test"); f.State != Declined {
		t.Errorf("after Decline: %+v", f)
	}
	b.ask(t, token, "pia@far.test")
	if f := b.Between("alice@home.test", "pia@far.test"); f.State != Pending || f.Made != 2 || f.Posts != 2 {
		t.Errorf("asked again: %+v", f)
	}
}

func TestRepeatedFollowIsOne(t *testing.T) {
	for _, home := range []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac} {
		b := newBench(t)
		_, token := b.home(home)
		b.AddHost("far.test", social.Mastodon).AddAccount("dave")
		for range 3 {
			b.ask(t, token, "dave@far.test")
			b.clock.Advance(time.Second)
		}
		if f := b.Between("alice@home.test", "dave@far.test"); f.Posts != 3 || f.Made != 1 || f.State != Accepted {
			t.Errorf("%s: %+v, want 3 posts and 1 made", home, f)
		}
	}
}

// TestSearchMayNameAnother: without the exact account Mastodon answers with a
// namesake.
func TestSearchMayNameAnother(t *testing.T) {
	b := newBench(t)
	_, token := b.home(social.Mastodon)
	far := b.AddHost("far.test", social.Mastodon)
	far.AddAccount("samuel")
	if ids := b.find(t, token, "sam@far.test"); len(ids) != 0 {
		t.Errorf("nobody is known yet, but found %v", ids)
	}
	samuel := b.find(t, token, "samuel@far.test")
	if ids := b.find(t, token, "sam@far.test"); len(ids) != 1 || ids[0] != samuel[0] {
		t.Errorf("found %v, want the namesake %v", ids, samuel)
	}
	far.AddAccount("sam")
	if ids := b.find(t, token, "sam@far.test"); len(ids) != 1 || ids[0] == samuel[0] {
		t.Errorf("found %v, want the exact account", ids)
	}
}

func TestFollowingPages(t *testing.T) {
	for _, home := range []social.Flavour{social.Mastodon, social.GoToSocial} {
		b := newBench(t)
		h, _ := b.home(home)
		far := b.AddHost("far.test", social.Mastodon)
		for i := range 95 {
			far.AddAccount(fmt.Sprintf("u%d", i))
			b.SetFollowing("alice@home.test", fmt.Sprintf("u%d@far.test", i))
		}
		id := h.accounts["alice"].RemoteID(h)
		next, seen := "home.test/api/v1/accounts/"+id+"/following?limit=200", map[string]bool{}
		pages := 0
		for ; next != "" && pages < 5; pages++ {
			r := b.get(t, next, h.Token("alice").Reveal())
			var list []struct{ Acct string }
			r.into(t, &list)
			for _, a := range list {
				seen[a.Acct] = true
			}
			next = ""
			if link, ok := strings.CutPrefix(r.header.Get("Link"), "<https://"); ok && strings.Contains(link, `rel="next"`) {
				next, _, _ = strings.Cut(link, ">")
			}
		}
		if len(seen) != 95 || pages != map[social.Flavour]int{social.Mastodon: 2, social.GoToSocial: 3}[home] {
			t.Errorf("%s: %d accounts on %d pages", home, len(seen), pages)
		}
	}
}

func TestDefederated(t *testing.T) {
	b := newBench(t)
	h, token := b.home(social.Mastodon)
	b.AddHost("far.test", social.Mastodon).AddAccount("dave")
	id := b.find(t, token, "dave@far.test")[0]
	h.Defederate("far.test")
	if r := b.post(t, "home.test/api/v1/accounts/"+id+"/follow", token, nil); r.status != 403 {
		t.Errorf("follow: %d", r.status)
	}
	b.AddHost("near.test", social.Mastodon).AddAccount("erin")
	h.Defederate("near.test")
	if ids := b.find(t, token, "erin@near.test"); len(ids) != 0 {
		t.Errorf("found %v", ids)
	}
}

func TestLoginTrouble(t *testing.T) {
	b := newBench(t)
	h := b.AddHost("home.test", social.Mastodon)
	for kind, want := range map[string]string{"disabled": "currently disabled", "pending": "pending approval", "unconfirmed": "confirmed e-mail"} {
		h.AddAccount(kind, LoginTrouble(kind))
		if r := b.get(t, own, h.Token(kind).Reveal()); r.status != 403 || !strings.Contains(r.body, want) {
			t.Errorf("%s: %d %s", kind, r.status, r.body)
		}
	}
}

func TestScopes(t *testing.T) {
	b := newBench(t)
	h, _ := b.home(social.Mastodon)
	b.AddHost("far.test", social.Mastodon).AddAccount("dave")
	id := b.find(t, h.Token("alice").Reveal(), "dave@far.test")[0]
	follow := "home.test/api/v1/accounts/" + id + "/follow"
	for scopes, want := range map[string]int{"read": 403, "read:accounts write:statuses": 403, "write:follows": 200, "write": 200, "follow": 200} {
		if r := b.post(t, follow, h.Token("alice", scopes).Reveal(), nil); r.status != want {
			t.Errorf("%s: %d, want %d", scopes, r.status, want)
		}
	}
	if r := b.get(t, own, h.Token("alice", "profile").Reveal()); r.status != 200 {
		t.Errorf("profile: %d", r.status)
	}
}

// TestSnacRequeuesWhatItCannotDeliver: with more follows at once than snac has
// threads, one more waits for its delivery.
func TestSnacRequeuesWhatItCannotDeliver(t *testing.T) {
	b := newBench(t)
	h, token := b.home(social.Snac)
	b.AddHost("far.test", social.Mastodon).AddAccount("dave")
	gate, entered := make(chan struct{}), make(chan struct{}, snacThreads)
	h.Handle("/hold", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-gate
	}))
	held := make(chan error, snacThreads)
	for range snacThreads {
		go func() {
			_, err := b.try(t, "home.test/hold", "", nil)
			held <- err
		}()
	}
	for range snacThreads {
		<-entered
	}
	b.ask(t, token, "dave@far.test")
	close(gate)
	for range snacThreads {
		if err := <-held; err != nil {
			t.Error(err)
		}
	}
	b.clock.Advance(5 * time.Second)
	if f := b.Between("alice@home.test", "dave@far.test"); f.State != Pending {
		t.Errorf("five seconds later: %+v, though the delivery was requeued", f)
	}
	b.clock.Advance(requeueAfter)
	if f := b.Between("alice@home.test", "dave@far.test"); f.State != Accepted {
		t.Errorf("in the end: %+v", f)
	}
}

// TestFollowReachesAHostLater: a Follow to a dead host is brought again.
func TestFollowReachesAHostLater(t *testing.T) {
	b := newBench(t)
	_, token := b.home(social.Mastodon)
	far := b.AddHost("far.test", social.Mastodon)
	far.AddAccount("dave")
	b.find(t, token, "dave@far.test")
	heal := far.Fault(Dead())
	b.ask(t, token, "dave@far.test")
	b.clock.Advance(time.Hour)
	if f := b.Between("alice@home.test", "dave@far.test"); f.State != Pending {
		t.Errorf("while it is dead: %+v", f)
	}
	heal()
	b.clock.Advance(time.Hour)
	b.Between("alice@home.test", "dave@far.test") // delivered now
	b.clock.Advance(time.Minute)
	if f := b.Between("alice@home.test", "dave@far.test"); f.State != Accepted || f.Made != 1 {
		t.Errorf("after it came back: %+v", f)
	}
}
