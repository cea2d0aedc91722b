package fedi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"godwit/internal/social"
)

func TestNET01DialGuard(t *testing.T) {
	refused := `127.0.0.1 0.0.0.0 10.0.0.1 100.64.0.1 169.254.169.254 172.16.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1
		198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1
		::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::a00:1 100::1 2001::1 2001:0:7f00:1:: 2001:db8::1 2002:7f00:1:: 3fff::1
		5f00::1 fc00::1 fd00::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2606:4700::1111%eth0`
	var g guard
	for _, a := range strings.Fields(refused) {
		if err := g.check(netip.AddrPortFrom(netip.MustParseAddr(a), 443), false); !errors.Is(err, errAddress) {
			t.Errorf("%s: %v, want refused", a, err)
		}
	}
	for _, a := range []string{"1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"} {
		to := netip.MustParseAddr(a)
		if err := g.check(netip.AddrPortFrom(to, 443), false); err != nil {
			t.Errorf("%s: %v, want allowed", a, err)
		}
		if err := g.check(netip.AddrPortFrom(to, 6379), false); err == nil {
			t.Errorf("%s: port 6379 allowed", a)
		}
		if err := g.check(netip.AddrPortFrom(to, 443), true); err == nil {
			t.Errorf("%s: allowed for a special-use name", a)
		}
	}
}

func TestNET01AllowWidens(t *testing.T) {
	g := guard{allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	cases := map[string]bool{"127.0.0.1": true, "::ffff:127.0.0.1": true, "fd00::1": true, "::1": false, "10.0.0.1": false, "169.254.169.254": false}
	for a, want := range cases {
		err := g.check(netip.AddrPortFrom(netip.MustParseAddr(a), 8443), true)
		if (err == nil) != want {
			t.Errorf("%s: %v, want allowed %v", a, err, want)
		}
	}
}

// canary listens on loopback and counts who comes.
func canary(t *testing.T) (at netip.AddrPort, visits func() int) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	n := 0
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.Close()
			mu.Lock()
			n++
			mu.Unlock()
		}
	}()
	t.Cleanup(func() { ln.Close() })
	return netip.MustParseAddrPort(ln.Addr().String()), func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// Names that lead inside, and addresses in every spelling, reach nothing.
func TestNET01NothingInsideIsReached(t *testing.T) {
	at, visits := canary(t)
	d, err := Open(Options{Resolver: names{"inside.net": {"127.0.0.1"}, "mapped.net": {"::ffff:127.0.0.1"}},
		Route: func(host string) (netip.AddrPort, bool) { return at, host == "routed.net" }, Pause: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"inside.net", "mapped.net", "routed.net"} {
		h, err := social.ParseHandle("x@"+host, social.Public)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := d.LookUp(t.Context(), h); err != nil || r.State != social.Refused {
			t.Errorf("%s: %s %v, want refused", host, r.State, err)
		}
		if _, _, _, err := d.FindHome(t.Context(), host); !hasCode(err, CodeRefusedAddress) {
			t.Errorf("FindHome %s: %v", host, err)
		}
	}
	spellings := []string{"[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "[::1%25lo]",
		"①②⑦.0.0.1", "localhost", "LOCALHOST.", "h.localhost", "x.test", "h:8443", "db.internal"}
	for _, s := range spellings {
		for _, typed := range []string{"http://" + s + "/", s, "me@" + s} {
			if _, _, _, err := d.FindHome(t.Context(), typed); err == nil {
				t.Errorf("FindHome(%q) found a home", typed)
			}
		}
		if _, err := d.get(t.Context(), "https://"+s+"/", "", 1); !errors.Is(err, errRefusedURL) {
			t.Errorf("get %s: %v", s, err)
		}
		if _, err := d.Home(s, social.Secret{}, social.Mastodon, nil).VerifyCredentials(t.Context()); err == nil {
			t.Errorf("home %s answered", s)
		}
	}
	if n := visits(); n != 0 {
		t.Errorf("%d connections came through", n)
	}
}

// flipping is a DNS that gives another answer each time.
type flipping struct {
	answers []string
	asked   int
}

func (f *flipping) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	a := f.answers[min(f.asked, len(f.answers)-1)]
	f.asked++
	return []netip.Addr{netip.MustParseAddr(a)}, nil
}

func TestNET03Rebinding(t *testing.T) {
	d, err := Open(Options{Resolver: &flipping{answers: []string{"93.184.216.34", "127.0.0.1", "::1"}}, Pause: -1})
	if err != nil {
		t.Fatal(err)
	}
	var dialled []string
	d.connect = func(_ context.Context, to netip.AddrPort, special bool) (net.Conn, error) {
		err := d.guard.check(to, special)
		if err == nil {
			dialled = append(dialled, to.String())
			err = errors.New("unreachable in a test")
		}
		return nil, err
	}
	for range 3 {
		d.get(t.Context(), "https://rebind.net/", "", 1)
	}
	if len(dialled) != 1 || dialled[0] != "93.184.216.34:443" {
		t.Errorf("dialled %v", dialled)
	}
}

// One private address among several does not hide the allowed one behind it.
func TestNET03SeveralRecords(t *testing.T) {
	w := newWorld(t)
	host := "both.test:" + netip.AddrPortFrom(w.at.Addr(), w.at.Port()).String()[len("127.0.0.1:"):]
	w.pages(host, map[string]http.HandlerFunc{webFingerPath: fingers(map[string]string{"acct:a@" + host: "https://" + host + "/a"})})
	for _, records := range [][]string{{"10.0.0.1", "127.0.0.1"}, {"fd00::1", "127.0.0.1"}} {
		d := w.door(func(o *Options) { o.Resolver = names{"both.test": records}; o.Route = nil })
		if r, err := d.LookUp(t.Context(), handle(t, "a@"+host)); err != nil || r.State != social.Found {
			t.Errorf("%v: %+v %v", records, r, err)
		}
	}
	d := w.door(func(o *Options) { o.Resolver = names{"both.test": {"10.0.0.1", "fd00::1"}}; o.Route = nil })
	if r, _ := d.LookUp(t.Context(), handle(t, "a@"+host)); r.State != social.Refused {
		t.Errorf("only private records: %s", r.State)
	}
}

// A special-use name that the operator's own DNS sends outside is refused.
func TestNET01SpecialNamesStayInside(t *testing.T) {
	w := newWorld(t)
	d := w.door(func(o *Options) { o.Resolver = names{"out.test": {"93.184.216.34"}} })
	if r, err := d.LookUp(t.Context(), handle(t, "a@out.test")); err != nil || r.State != social.Refused {
		t.Errorf("%+v %v", r, err)
	}
}
