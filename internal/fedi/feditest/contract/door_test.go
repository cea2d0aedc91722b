package contract

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// door opens the real door into a world.
func door(t *testing.T, w *feditest.World, now func() time.Time) *fedi.Door {
	t.Helper()
	d, err := fedi.Open(fedi.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		RootCAs: w.RootCAs(), Route: w.Route, Pause: -1, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func handle(t *testing.T, s string) social.Handle {
	t.Helper()
	h, err := social.ParseHandle(s, social.Private)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestDoorLooksUpTheSample looks up everybody of the demo through the door, and
// compares with each one's story.
func TestDoorLooksUpTheSample(t *testing.T) {
	w := feditest.New(feditest.Options{})
	defer w.Close()
	sample := feditest.Sample(w)
	d := door(t, w, nil)
	stories := map[string]social.ResolutionState{"no such account": social.Missing, "gone": social.GoneForGood,
		"dead server": social.Ill, "server down": social.Ill, "a third party's alias": social.Unconfirmed}
	moved := map[string]string{"solveig@gannet.test": "solveig@curlew.test", "noor@shelduck.test": "noor@kittiwake.test"}
	for _, p := range sample.People {
		if p.Handle == "" || p.Story == "slow server" {
			continue
		}
		want, special := stories[p.Story]
		if !special {
			want = social.Found
		}
		if p.Handle == "gil@turnstone.test" {
			want = social.Missing // snac does not tell gone from missing
		}
		r, err := d.LookUp(t.Context(), handle(t, p.Handle))
		if err != nil || r.State != want {
			t.Errorf("%s (%s): %q %v, want %q", p.Handle, p.Story, r.State, err, want)
		}
		if want == social.Found && r.Handle.String() != p.Handle {
			t.Errorf("%s is confirmed as %s", p.Handle, r.Handle)
		}
		if to := moved[p.Handle]; to != "" && r.MovedTo.String() != to {
			t.Errorf("%s moved to %q, want %s", p.Handle, r.MovedTo, to)
		}
	}
}

// TestDoorSignsInAndFollows walks the whole of what Godwit does at a home
// server, on every flavour, by the door's own client.
func TestDoorSignsInAndFollows(t *testing.T) {
	for _, flavour := range []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac} {
		t.Run(string(flavour), func(t *testing.T) {
			clock := feditest.NewClock(time.Date(2026, 11, 23, 14, 0, 3, 0, time.UTC))
			w := feditest.New(feditest.Options{Now: clock.Now})
			defer w.Close()
			h := w.AddHost("home.test", flavour)
			h.AddAccount("alice")
			w.AddHost("far.test", social.GoToSocial).AddAccount("dave")
			d := door(t, w, clock.Now)
			home := d.Home("home.test", signIn(t, d, h), flavour, func(fedi.Call) {})
			me, err := home.VerifyCredentials(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if who, actor, err := d.Identify(t.Context(), "home.test", me); err != nil || who.String() != "alice@home.test" || !strings.HasPrefix(actor, "https://home.test/") {
				t.Errorf("identified as %s %s, %v", who, actor, err)
			}
			follows(t, home, clock)
			if f := w.Between("alice@home.test", "dave@far.test"); f.State != feditest.Accepted || f.Made != 1 {
				t.Errorf("truth: %+v", f)
			}
		})
	}
}

func signIn(t *testing.T, d *fedi.Door, h *feditest.Host) social.Secret {
	t.Helper()
	const back = "https://godwit.example/oauth/cb/1"
	scopes := fedi.Scopes(h.Flavour(), "4.5.4")
	id, secret, err := d.RegisterApp(t.Context(), h.Name(), back, scopes)
	if err != nil {
		t.Fatal(err)
	}
	authorize, token := d.Endpoints(t.Context(), h.Name())
	const verifier = "a-verifier-that-is-long-enough-for-the-rule-of-43"
	to, err := url.Parse(h.Allow("alice", fedi.AuthorizeURL(authorize, id, back, scopes, "state", verifier, true)))
	if err != nil || to.Query().Get("state") != "state" {
		t.Fatalf("sent back to %s, %v", to, err)
	}
	grant, err := d.Exchange(t.Context(), token, id, secret, back, to.Query().Get("code"), verifier)
	if err != nil {
		t.Fatal(err)
	}
	return grant.Token
}

func follows(t *testing.T, home *fedi.Home, clock *feditest.Clock) {
	t.Helper()
	a, err := home.Find(t.Context(), handle(t, "dave@far.test"), "https://far.test/users/dave")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := home.Follow(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	clock.Advance(10 * time.Second)
	r, err := home.Relationships(t.Context(), []social.RemoteID{a.ID})
	if err != nil || len(r) != 1 || !r[0].Following || r[0].Requested {
		t.Errorf("relationships: %+v, %v", r, err)
	}
}
