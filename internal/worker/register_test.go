package worker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
)

// creator is somebody who announces a new handle: signed in as alice@new.test,
// number 42 and @alice_x on X.
type creator struct {
	*rig
	x    *feditest.X
	home *feditest.Host
	user social.User
	dest social.Destination
}

func newCreator(t *testing.T, shape ...feditest.AccountOption) *creator {
	t.Helper()
	r := newRig(t)
	c := &creator{rig: r, x: r.world.AddX(), home: r.world.AddHost("new.test", social.Mastodon)}
	a := c.home.AddAccount("alice", shape...)
	c.x.Name("42", "alice_x")
	c.x.Name("66", "evil")
	var err error
	c.user, err = r.store.SaveUser(t.Context(), social.User{Host: "new.test", RemoteID: "1", Handle: r.handle("alice@new.test"), ActorID: a.ActorID(), CreatedAt: start})
	r.ok(err)
	c.dest = social.Destination{UserID: c.user.ID, Host: "new.test", RemoteID: "1", Handle: c.user.Handle, ActorID: a.ActorID(), Flavour: social.Mastodon, CreatedAt: start}
	return c
}

func (c *creator) start() social.Pending {
	c.t.Helper()
	p, err := c.StartProof(c.t.Context(), c.dest, "@Alice_X")
	c.ok(err)
	return p
}

// post publishes a post and tries to prove with it.
func (c *creator) post(p feditest.XPost) (social.Registration, error) {
	c.t.Helper()
	if p.Number == "" {
		p.Number = "1900000000000000001"
	}
	c.x.Post(p)
	return c.Prove(c.t.Context(), c.user.ID, "https://x.com/alice_x/status/"+p.Number)
}

// registered proves and publishes.
func (c *creator) registered(a social.RegistrationAudience) social.Pending {
	c.t.Helper()
	p := c.start()
	_, err := c.post(feditest.XPost{Author: "42", Name: "Alice", Text: "I'm now at @alice@new.test " + p.Code})
	c.ok(err)
	c.ok(c.store.Publish(c.t.Context(), c.user.ID, a))
	return p
}

// TestREG01Proofs is the row's table: only a post of the account itself, with
// the code and the handle in its text, proves anything.
func TestREG01Proofs(t *testing.T) {
	const other = "1800000000000000009"
	good := func(p social.Pending) string { return "I'm now at @alice@new.test\n(" + strings.ToUpper(p.Code) + ")." }
	tests := []struct {
		name  string
		make  func(c *creator, p social.Pending) feditest.XPost
		after time.Duration
		code  string // of the refusal, "" for proven
	}{
		{"the text as it was given", func(_ *creator, p social.Pending) feditest.XPost {
			return feditest.XPost{Author: "42", Text: good(p)}
		}, 0, ""},
		{"by another account", func(_ *creator, p social.Pending) feditest.XPost { return feditest.XPost{Author: "66", Text: good(p)} }, 0, "post-of-another"},
		{"by another account that calls itself so", func(_ *creator, p social.Pending) feditest.XPost {
			return feditest.XPost{Author: "66", Name: "(@alice_x) " + good(p), Text: "hello"}
		}, 0, "post-of-another"},
		{"in the display name", func(_ *creator, p social.Pending) feditest.XPost {
			return feditest.XPost{Author: "42", Name: good(p), Text: "hello"}
		}, 0, "post-without-code"},
		{"a repost of it", func(c *creator, p social.Pending) feditest.XPost {
			c.x.Post(feditest.XPost{Number: other, Author: "42", Text: good(p)})
			return feditest.XPost{Author: "66", Shown: other}
		}, 0, "other-post"},
		{"repeated by hand", func(_ *creator, p social.Pending) feditest.XPost {
			return feditest.XPost{Author: "42", Text: "RT @evil: " + good(p)}
		}, 0, "post-is-reply"},
		{"in a reply", func(_ *creator, p social.Pending) feditest.XPost {
			return feditest.XPost{Author: "42", Text: "@evil " + good(p)}
		}, 0, "post-is-reply"},
		{"quoted", func(_ *creator, p social.Pending) feditest.XPost {
			return feditest.XPost{Author: "42", Text: "look at this https://t.co/abc"}
		}, 0, "post-without-code"},
		{"with a code of somebody else", func(c *creator, _ social.Pending) feditest.XPost {
			theirs := c.dest
			theirs.UserID = c.rig.user.ID
			q, err := c.StartProof(c.t.Context(), theirs, "alice_x")
			c.ok(err)
			return feditest.XPost{Author: "42", Text: good(q)}
		}, 0, "no-link-back"},
		{"without the handle", func(_ *creator, p social.Pending) feditest.XPost { return feditest.XPost{Author: "42", Text: p.Code} }, 0, "post-without-handle"},
		{"with another handle", func(_ *creator, p social.Pending) feditest.XPost {
			return feditest.XPost{Author: "42", Text: "I'm at @alice@new.test.evil.test " + p.Code}
		}, 0, "post-without-handle"},
		{"with a longer code", func(_ *creator, p social.Pending) feditest.XPost {
			return feditest.XPost{Author: "42", Text: "I'm at @alice@new.test " + p.Code + "x"}
		}, 0, "no-link-back"},
		{"a day later", func(_ *creator, p social.Pending) feditest.XPost { return feditest.XPost{Author: "42", Text: good(p)} }, day, "code-old"},
		{"protected", func(_ *creator, p social.Pending) feditest.XPost {
			return feditest.XPost{Author: "42", Text: good(p), Hidden: true}
		}, 0, "post-hidden"},
		{"no document", func(*creator, social.Pending) feditest.XPost { return feditest.XPost{Author: "42", Raw: "<html>"} }, 0, "malformed"},
		{"an author that is no profile on X", func(_ *creator, p social.Pending) feditest.XPost {
			return feditest.XPost{Raw: `{"url":"https://twitter.com/alice_x/status/1900000000000000001","author_url":"https://twitter.com.evil.test/alice_x","html":"` + p.Code + `"}`}
		}, 0, "malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCreator(t)
			post := tt.make(c, c.start())
			c.clock.Advance(tt.after)
			r, err := c.post(post)
			f, _ := err.(*fault.Fault)
			switch {
			case tt.code == "" && (err != nil || r.Proof != social.ProofPost || r.Username != "alice_x" || r.Audience != social.Unpublished || r.XIDProven):
				t.Fatalf("%+v %v", r, err)
			case tt.code != "" && (f == nil || f.Code != tt.code):
				t.Fatalf("%v, want %s", err, tt.code)
			}
			if _, err := c.store.GetRegistration(t.Context(), c.user.ID); (err == nil) != (tt.code == "") {
				t.Errorf("a registration: %v", err)
			}
		})
	}
}

// REG-01: an address that is no post on X asks nobody.
func TestREG01OnlyPosts(t *testing.T) {
	c := newCreator(t)
	c.start()
	c.world.Reset()
	for _, address := range []string{"", "42", "https://x.com/alice_x", "https://evil.test/alice_x/status/1", "https://x.com.evil.test/a/status/1",
		"https://x.com@evil.test/a/status/1", "https://x.com/a/status/1%2e%2e", "ftp://x.com/a/status/1", "https://x.com/a/status/00"} {
		_, err := c.Prove(t.Context(), c.user.ID, address)
		if f, _ := err.(*fault.Fault); f == nil || f.Code != "not-a-post" {
			t.Errorf("%q: %v", address, err)
		}
	}
	if log := c.world.Log(); len(log) != 0 {
		t.Errorf("%v was asked", log)
	}
}

// REG-01: the export of the account proves nothing. Whoever claims the number
// of somebody else is found by nobody who follows that number.
func TestREG01AnArchiveIsNoProof(t *testing.T) {
	c := newCreator(t)
	_, err := c.Prove(t.Context(), c.user.ID, "https://x.com/alice_x/status/1")
	if f, _ := err.(*fault.Fault); f == nil || f.Code != "code-old" {
		t.Fatalf("without a code: %v", err)
	}
	c.ok(c.store.SaveProven(t.Context(), social.Registration{UserID: c.user.ID, XID: "9000000000", Username: "alice_x", Proof: social.ProofPost,
		Handle: c.user.Handle, ActorID: c.user.ActorID, CreatedAt: start, CheckedAt: start}))
	c.ok(c.store.Publish(t.Context(), c.user.ID, social.PublicPage))
	c.given(importertest.Person{ID: "9000000000", Username: "bbc", Name: "BBC", Following: true}, importertest.Person{ID: "42", Username: "someone", Following: true})
	if n := c.found(); len(n) != 0 {
		t.Errorf("found %v", n)
	}
}

// found are the handles of the local User's live Matches with their grades.
func (r *rig) found() (all []string) {
	r.t.Helper()
	list, _, err := r.store.ListMatches(r.t.Context(), r.user.ID, store.MatchFilter{Limit: 200})
	r.ok(err)
	for _, m := range list {
		all = append(all, fmt.Sprintf("%s %s", m.Handle, m.Certainty))
	}
	return all
}

// followed is the export of somebody who follows the creator, seen an hour
// after the proof.
func (c *creator) followed() {
	c.t.Helper()
	c.clock.Advance(time.Hour)
	c.given(importertest.Person{ID: "42", Username: "Alice_X", Name: "Alice", Following: true})
}

// given is an export of these people as they are now.
func (c *creator) given(people ...importertest.Person) {
	c.t.Helper()
	c.give(fmt.Sprintf("twitter-Following-%d.json", c.clock.Now().UnixMilli()), c.list(people))
	c.drive(day)
}

// REG-01: a handle that vanished from the post makes the registration stale at
// the next look, and the Match drops from certain to possible; a new username
// is noticed by the same post.
func TestREG01LookedAtAgain(t *testing.T) {
	c := newCreator(t)
	p := c.registered(social.OnlyFollowers)
	c.followed()
	if got := c.found(); len(got) != 1 || got[0] != "alice@new.test certain" {
		t.Fatalf("found %v", got)
	}
	c.clock.Advance(31 * day)
	c.x.Name("42", "alice_new")
	c.ok(c.CheckRegistrations(t.Context()))
	reg, err := c.store.GetRegistration(t.Context(), c.user.ID)
	c.ok(err)
	if reg.Username != "alice_new" || reg.Stale {
		t.Fatalf("%+v", reg)
	}
	c.x.Name("42", "alice_x")
	c.clock.Advance(31 * day)
	c.ok(c.CheckRegistrations(t.Context()))
	c.x.Post(feditest.XPost{Number: reg.Post, Author: "42", Text: "nothing but " + p.Code})
	c.clock.Advance(31 * day)
	c.ok(c.CheckRegistrations(t.Context()))
	c.drive(day)
	if got := c.found(); len(got) != 1 || got[0] != "alice@new.test possible" {
		t.Errorf("found %v", got)
	}
	c.x.Host().Fault(feditest.Status(503, ""))
	c.clock.Advance(31 * day)
	before, err := c.store.GetRegistration(t.Context(), c.user.ID)
	c.ok(err)
	c.ok(c.CheckRegistrations(t.Context()))
	after, err := c.store.GetRegistration(t.Context(), c.user.ID)
	c.ok(err)
	if before.CheckedAt != after.CheckedAt || !after.DueAt.Equal(c.clock.Now().Add(day)) {
		t.Errorf("a look that told nothing: %+v", after)
	}
}

// A post without a code that gives the handle as one's own, and a link back:
// both found by Godwit, and worth less than a code.
func TestREG01TwoWayLink(t *testing.T) {
	c := newCreator(t, feditest.Field("X", "https://x.com/Alice_X"))
	c.start()
	r, err := c.post(feditest.XPost{Author: "42", Text: "I moved! My Mastodon: @alice@new.test"})
	c.ok(err)
	if r.Proof != social.ProofLinks {
		t.Fatalf("%+v", r)
	}
	c.ok(c.store.Publish(t.Context(), c.user.ID, social.OnlyFollowers))
	c.followed()
	if got := c.found(); len(got) != 1 || got[0] != "alice@new.test likely" {
		t.Errorf("found %v", got)
	}
	_, err = c.post(feditest.XPost{Number: "1900000000000000002", Author: "42", Text: "Follow my friend @alice@new.test, she is great"})
	if f, _ := err.(*fault.Fault); f == nil {
		t.Error("a recommendation of somebody else was taken for a claim")
	}
}

// REG-10: after a withdrawal the next person finds nothing, by bio neither.
func TestREG10WithdrawnIsNotFound(t *testing.T) {
	c := newCreator(t)
	c.registered(social.PublicPage)
	c.followed()
	if got := c.found(); len(got) != 1 {
		t.Fatalf("found %v", got)
	}
	c.ok(c.store.Withdraw(t.Context(), c.user.ID, c.clock.Now()))
	c.drive(day)
	if got := c.found(); len(got) != 0 {
		t.Errorf("still there: %v", got)
	}
	c.given(importertest.Person{ID: "42", Username: "Alice_X", Bio: "now at @alice@new.test", Following: true},
		importertest.Person{ID: "43", Username: "other", Bio: "also @alice@new.test", Following: true})
	if got := c.found(); len(got) != 0 {
		t.Errorf("found by bio: %v", got)
	}
}

// Whoever registers later is an arrival, told once, and is followed only if the
// person asked for that.
func TestWatching(t *testing.T) {
	c := newCreator(t)
	home := c.world.AddHost("home.test", social.Mastodon)
	home.AddAccount("me")
	d := c.follower(home, "me")
	c.followed()
	c.drive(day)
	if n := c.found(); len(n) != 0 {
		t.Fatalf("found %v", n)
	}
	c.clock.Advance(time.Hour) // the name is proven a little after the export knew it
	c.registered(social.OnlyFollowers)
	c.drive(day)
	all, err := c.store.Arrivals(t.Context(), c.rig.user.ID)
	c.ok(err)
	if len(all) != 1 || all[0].Match.Handle.String() != "alice@new.test" || all[0].Match.Certainty != social.Likely {
		t.Fatalf("arrived: %+v", all)
	}
	if n := len(c.jobs(d)); n != 0 {
		t.Errorf("%d follows nobody asked for", n)
	}
	c.ok(c.store.SetWatch(t.Context(), c.rig.user.ID, store.Watch{On: true, Auto: true}))
	bob := c.home.AddAccount("bob", feditest.Field("X", "https://x.com/bob_x"))
	c.given(importertest.Person{ID: "77", Username: "bob_x", Following: true})
	list := store.PublicList{Source: "list", Rows: 1, ImportedAt: c.clock.Now()}
	_, err = c.store.SaveList(t.Context(), list, []store.ListedRow{{XID: "77", Handle: c.handle(bob.Handle())}})
	c.ok(err)
	c.drive(30 * day)
	if n := len(c.jobs(d)); n != 0 {
		t.Errorf("%d follows of people who are likely only", n)
	}
	c.x.Name("77", "bob_x")
	u, err := c.store.SaveUser(t.Context(), social.User{Host: "new.test", RemoteID: "2", Handle: c.handle("bob@new.test"), CreatedAt: start})
	c.ok(err)
	c.ok(c.store.SaveProven(t.Context(), social.Registration{UserID: u.ID, XID: "77", XIDProven: true, Proof: social.ProofLogin, Username: "bob_x",
		Handle: c.handle("bob@new.test"), ActorID: bob.ActorID(), CreatedAt: c.clock.Now(), CheckedAt: c.clock.Now()}))
	c.ok(c.store.Publish(t.Context(), u.ID, social.OnlyFollowers))
	c.drive(30 * day)
	jobs := c.jobs(d)
	if len(jobs) != 1 || jobs[0].Handle.String() != "bob@new.test" || jobs[0].Outcome != social.Followed {
		t.Errorf("followed at once: %+v", jobs)
	}
}
