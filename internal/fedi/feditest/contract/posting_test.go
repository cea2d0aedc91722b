package contract

import (
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// TestPostingSimulation runs the contract of posting against each simulated
// flavour.
func TestPostingSimulation(t *testing.T) {
	for _, fl := range []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac, social.FlavourOther} {
		t.Run(string(fl), func(t *testing.T) {
			clock := feditest.NewClock(time.Date(2026, 11, 23, 14, 0, 3, 0, time.UTC))
			w := feditest.New(feditest.Options{Now: clock.Now})
			defer w.Close()
			h := w.AddHost("home.test", fl)
			h.AddAccount("alice")
			token := h.Token("alice")
			home := door(t, w, clock.Now).Home("home.test", token, fl, nil)
			RunPosting(t, Server{Host: "home.test", Client: w.Client(), Token: token.Reveal(), Flavour: fl,
				Settle: func(*testing.T) { clock.Advance(time.Second) }}, home)
			for _, st := range w.Statuses("alice@home.test") {
				if !st.Deleted {
					t.Errorf("%q is left", st.Text)
				}
			}
		})
	}
}

// TestPostingRealServer runs it against the server that the environment names.
func TestPostingRealServer(t *testing.T) {
	host := os.Getenv("GODWIT_CONTRACT_SERVER")
	if host == "" {
		t.Log("GODWIT_CONTRACT_SERVER is not set: no real server was compared with")
		return
	}
	s := Server{Host: host, Client: realClient(t), Token: os.Getenv("GODWIT_CONTRACT_TOKEN"), NoMedia: os.Getenv("GODWIT_CONTRACT_NO_MEDIA") != "", Settle: realSettle}
	s.Flavour = detect(t, s)
	RunPosting(t, s, realDoor(t, host).Home(host, social.NewSecret(s.Token), s.Flavour, nil))
}

// realDoor is the real door to one server, wherever that listens.
func realDoor(t *testing.T, host string) *fedi.Door {
	t.Helper()
	addrs, err := net.DefaultResolver.LookupNetIP(t.Context(), "ip", host)
	if err != nil {
		t.Fatal(err)
	}
	o := fedi.Options{RootCAs: realRoots(t), Resolver: net.DefaultResolver}
	for _, a := range addrs {
		o.Allow = append(o.Allow, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
	}
	if address := os.Getenv("GODWIT_CONTRACT_ADDRESS"); address != "" {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			t.Fatal(err)
		}
		o.Route = func(string) (netip.AddrPort, bool) { return at, true }
		o.Allow = append(o.Allow, netip.PrefixFrom(at.Addr(), at.Addr().BitLen()))
	}
	d, err := fedi.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}
