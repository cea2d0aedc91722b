// Package fedi is the one guarded door to other servers: transport, pace and
// memory per host, WebFinger, NodeInfo, the Mastodon API and OAuth. No other
// package of Godwit opens a connection to the outside.
package fedi

import (
	"cmp"
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Options is how a Door is set up; the zero value talks to the public
// Internet only.
type Options struct {
	// UserAgent is sent with every request, the same for everybody:
	// "Godwit/1.2 (+https://public-address/about-bot)". Empty is "Godwit" with
	// the page at OwnHost, when there is one.
	UserAgent string
	// Allow lists private addresses that may be contacted. A list that is not
	// empty makes the realm Private.
	Allow []netip.Prefix
	// OwnHost is the host of our own public address; it is never contacted.
	OwnHost string
	// RootCAs are the roots that certificates must lead to; nil is the system's.
	RootCAs *x509.CertPool
	// Resolver is asked for addresses; nil is net.DefaultResolver.
	Resolver interface {
		LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	}
	// Route tells where a host really listens, for a simulated fediverse. The
	// guard still checks that address.
	Route func(host string) (netip.AddrPort, bool)
	// XEmbed is where posts on X are read; "" is X's own address.
	XEmbed string
	// XAPI is the host of X's API v2; "" is X's own.
	XAPI string
	// PLC and AppView are origins of Bluesky's directory and of its public
	// view; "" is Bluesky's own.
	PLC, AppView string
	// Pause is the time between the starts of two look-ups in one registrable
	// domain; 0 is one second, a negative value none.
	Pause time.Duration
	// Ramp is for how long after Open requests begin slowly, so that all that is
	// due when a process starts does not go out at once (ENG-06); 0 is not at all.
	Ramp time.Duration
	// Now is the clock; nil is time.Now. Pauses and deadlines use real time.
	Now func() time.Time
}

// Door is the way to other servers. It is safe for concurrent use.
type Door struct {
	realm     social.Realm
	guard     guard
	ownHost   string
	userAgent string
	xEmbed    string
	xAPI      string
	plc       string
	appView   string
	now       func() time.Time
	route     func(host string) (netip.AddrPort, bool)
	resolver  interface {
		LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	}
	connect   func(ctx context.Context, to netip.AddrPort, special bool) (net.Conn, error)
	transport *http.Transport
	pace      *pace
	flights   singleflight.Group
	software  *shelf[social.Software]
	templates *shelf[string] // host-meta, by host
	apps      *shelf[struct{}]
	robots    *shelf[rules]           // by host
	pages     *shelf[social.LinkPage] // by address
}

// Open makes a Door.
func Open(o Options) (*Door, error) {
	d := &Door{
		guard: guard{allow: o.Allow}, userAgent: o.UserAgent, now: o.Now, route: o.Route, resolver: o.Resolver,
		software: newShelf[social.Software](maxSoftware), templates: newShelf[string](maxSoftware), apps: newShelf[struct{}](maxApps),
		robots: newShelf[rules](maxRobotsKept), pages: newShelf[social.LinkPage](maxPages),
	}
	if len(o.Allow) > 0 {
		d.realm = social.Private
	}
	if d.xEmbed = o.XEmbed; d.xEmbed == "" {
		d.xEmbed = XEmbed
	}
	d.xAPI = o.XAPI
	d.plc, d.appView = cmp.Or(o.PLC, plcDirectory), cmp.Or(o.AppView, publicView)
	if d.now == nil {
		d.now = time.Now
	}
	if d.resolver == nil {
		d.resolver = net.DefaultResolver
	}
	// A loopback address such as 127.0.0.1:8080 is no host and needs no rule.
	if own, err := social.ParseHost(o.OwnHost, social.Private); err == nil {
		d.ownHost = bare(own)
	}
	if d.userAgent == "" {
		d.userAgent = defaultAgent(d.ownHost)
	}
	if strings.ContainsAny(d.userAgent, "\r\n") {
		return nil, fault.New(fault.Invalid, "bad-user-agent", "The User-Agent may not hold line breaks.")
	}
	d.pace = newPace(o.Pause, d.now)
	d.pace.ramp.begin(o.Ramp)
	d.connect = d.connectTCP
	d.transport = d.newTransport(o.RootCAs)
	return d, nil
}

// StartWith tells how many processes start at the moment, this one included:
// together they keep to the pace of one. Each tells it to its Door at least every
// second while it starts.
func (d *Door) StartWith(n int) { d.pace.ramp.crowd.Store(int64(max(n, 1))) }

func defaultAgent(ownHost string) string {
	if ownHost == "" {
		return "Godwit"
	}
	return "Godwit (+https://" + ownHost + "/about-bot)"
}

// Realm is Private when addresses were allowed, else Public.
func (d *Door) Realm() social.Realm { return d.realm }

// bare is host without its port.
func bare(host string) string {
	name, _, _ := strings.Cut(host, ":")
	return name
}

// checkURL returns the canonical host of u when we may contact it: https, a
// host of the realm, not our own, no user information.
func (d *Door) checkURL(u *url.URL) (string, error) {
	if u.Scheme != "https" || u.User != nil || u.Opaque != "" || len(u.String()) > maxURL {
		return "", errRefusedURL
	}
	host, err := social.ParseHost(u.Host, d.realm)
	if err != nil || bare(host) == d.ownHost {
		return "", errRefusedURL
	}
	return host, nil
}

// parseURL reads an address that another server gave.
func (d *Door) parseURL(raw string) (*url.URL, string, error) {
	if len(raw) > maxURL || strings.ContainsAny(raw, "\\ \t\r\n") {
		return nil, "", errRefusedURL
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, "", errRefusedURL // never the error itself, it holds the URL
	}
	host, err := d.checkURL(u)
	if err != nil {
		return nil, "", err
	}
	u.Host = host
	return u, host, nil
}

// Close drops connections that are kept for reuse.
func (d *Door) Close() { d.transport.CloseIdleConnections() }
