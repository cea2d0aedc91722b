package fedi_test

import (
	"net/http"
	"net/netip"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// simulated is a simulated fediverse and a door to it.
func simulated(t *testing.T) (*feditest.World, *fedi.Door) {
	t.Helper()
	w := feditest.New(feditest.Options{})
	t.Cleanup(w.Close)
	door, err := fedi.Open(fedi.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: w.RootCAs(), Route: w.Route, Pause: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(door.Close)
	return w, door
}

// AUT-15: a role counts by its bits, for the host that told it and for the
// domain whose WebFinger leads there, whatever the host says of others.
func TestAUT15RoleCountsForItsOwnHost(t *testing.T) {
	w, door := simulated(t)
	w.AddHost("big.test", social.Mastodon).AddAccount("owner")
	evil := w.AddHost("evil.test", social.Mastodon)
	evil.AddAccount("owner", feditest.Role("Owner", 65536))
	split := w.AddHost("api.split.test", social.Mastodon, feditest.SplitDomain("split.test"))
	split.AddAccount("boss", feditest.Role("", 1))
	gts := w.AddHost("gts.test", social.GoToSocial)
	gts.AddAccount("boss", feditest.Role("admin", 546033))
	gts.AddAccount("user")
	snac := w.AddHost("snac.test", social.Snac)
	snac.AddAccount("boss")
	standing := func(h *feditest.Host, user string) (fedi.Standing, error) {
		t.Helper()
		token := h.Token(user)
		acct, err := door.Home(h.Name(), token, h.Flavour(), nil).VerifyCredentials(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return door.Standing(t.Context(), social.Destination{Host: h.Name(), RemoteID: acct.ID, Flavour: h.Flavour()}, token)
	}
	for _, c := range []struct {
		host *feditest.Host
		user string
		want fedi.Standing
	}{
		{evil, "owner", fedi.Standing{"evil.test", social.NoRank, true}}, // the name of a role says nothing
		{split, "boss", fedi.Standing{"split.test", social.Admin, true}},
		{gts, "boss", fedi.Standing{"gts.test", social.Admin, true}},
		{gts, "user", fedi.Standing{"gts.test", social.NoRank, true}},
		{snac, "boss", fedi.Standing{"snac.test", social.NoRank, false}},
	} {
		if got, err := standing(c.host, c.user); err != nil || got != c.want {
			t.Errorf("%s at %s: %+v %v, want %+v", c.user, c.host.Name(), got, err, c.want)
		}
	}
	evil.Handle("/api/v1/accounts/verify_credentials", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write([]byte(`{"id":"1","username":"owner","acct":"owner@big.test","url":"https://big.test/@owner","uri":"https://big.test/users/owner",
			"role":{"name":"Owner","permissions":"1"}}`))
	}))
	got, err := door.Standing(t.Context(), social.Destination{Host: "evil.test", RemoteID: "1", Flavour: social.Mastodon}, social.NewSecret("t"))
	if err != nil || got.Domain != "evil.test" {
		t.Errorf("a server that claims another: %+v %v", got, err)
	}
	if _, err := door.Standing(t.Context(), social.Destination{Host: "evil.test", RemoteID: "2", Flavour: social.Mastodon}, social.NewSecret("t")); !fault.Is(err, fault.Denied) {
		t.Errorf("somebody else's token: %v", err)
	}
}

func TestInvitesAndAbout(t *testing.T) {
	w, door := simulated(t)
	h := w.AddHost("shore.test", social.Mastodon)
	h.Invite("AbC")
	h.Describe("A quiet place godwit-admin-x")
	g := w.AddHost("gts.test", social.GoToSocial)
	for _, c := range []struct {
		host, code string
		want       bool
	}{{h.Name(), "AbC", true}, {h.Name(), "used", false}, {g.Name(), "any", true}, {h.Name(), "no code", false}} {
		if got, err := door.InviteWorks(t.Context(), c.host, c.code); err != nil || got != c.want {
			t.Errorf("%s at %s: %v %v", c.code, c.host, got, err)
		}
	}
	for _, host := range []string{"shore.test", "gts.test"} {
		if i, err := door.Self(t.Context(), host); err != nil || i.About == "" {
			t.Errorf("%s: %+v %v", host, i, err)
		}
	}
}
