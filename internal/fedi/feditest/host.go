package feditest

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"godwit/internal/social"
)

// Host is one server of the world.
type Host struct {
	world  *World
	name   string
	domain string // of handles; the name itself unless split
	ways   *manners

	title    string
	rules    []string
	limits   Limits
	flaw     Flaw
	secure   bool
	hostMeta bool // the handle domain has host-meta only, no redirect
	openRegs bool

	described string          // the description, when it is not the title
	invites   map[string]bool // codes that work

	accounts map[string]*Account // by lower-case user
	order    []*Account
	aliases  map[string]*Account
	blocked  map[string]bool // domains that this server does not talk to
	limited  map[string]bool // domains that it only shows to followers
	publish  Publicity
	ids      map[*Account]string // accounts known here
	known    map[string]*Account
	apps     map[string]*app
	codes    map[string]*grant
	tokens   map[string]*token
	windows  windows
	faults   []*fault
	custom   []customRoute

	lists      []*personList
	imports    []importedRow
	sessions   map[string]*token      // of MiAuth, allowed and not fetched
	hours      map[string][]time.Time // acts of the last hour
	posts      []*post
	uploads    []*upload
	keys       map[string]keyed
	lag        time.Duration // until a list shows a new status
	widens     bool
	characters int
	working    int
}

type customRoute struct {
	prefix  string
	handler http.Handler
}

// HostOption shapes a Host.
type HostOption func(*Host)

// SplitDomain gives the host's accounts handles under another domain, which
// redirects WebFinger to the host.
func SplitDomain(domain string) HostOption {
	return func(h *Host) { h.domain = canonical(domain) }
}

// ByHostMeta lets a split domain point to the host by its host-meta alone,
// with no redirect of WebFinger.
func ByHostMeta() HostOption { return func(h *Host) { h.hostMeta = true } }

// Secure refuses unsigned requests for actors, Mastodon's secure mode.
// GoToSocial does so always.
func Secure() HostOption { return func(h *Host) { h.secure = true } }

// Titled names the host for people.
func Titled(title string) HostOption { return func(h *Host) { h.title = title } }

// Ruled gives the host's rules.
func Ruled(rules ...string) HostOption { return func(h *Host) { h.rules = rules } }

// Limited changes the limits of a Mastodon host, as a fork may.
func Limited(l Limits) HostOption { return func(h *Host) { h.limits = l.orUpstream() } }

// Flawed gives the host a certificate with a flaw.
func Flawed(f Flaw) HostOption { return func(h *Host) { h.flaw = f } }

// OpenRegistrations says in NodeInfo that anyone may join.
func OpenRegistrations() HostOption { return func(h *Host) { h.openRegs = true } }

// AddHost adds a server. FlavourNone is a web site that is no fediverse server.
// It panics on a flavour that was not recorded and on a name taken.
func (w *World) AddHost(name string, flavour social.Flavour, options ...HostOption) *Host {
	name = canonical(name)
	h := &Host{world: w, name: name, domain: name, ways: waysOf(flavour), title: name, limits: Limits{}.orUpstream(),
		accounts: map[string]*Account{}, aliases: map[string]*Account{}, blocked: map[string]bool{}, limited: map[string]bool{},
		ids: map[*Account]string{}, known: map[string]*Account{},
		apps: map[string]*app{}, codes: map[string]*grant{}, tokens: map[string]*token{}, windows: windows{}, keys: map[string]keyed{},
		invites: map[string]bool{}, sessions: map[string]*token{}, hours: map[string][]time.Time{}}
	for _, option := range options {
		option(h)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.at(name) != nil || h.domain != name && w.at(h.domain) != nil {
		panic("feditest: two hosts named " + name)
	}
	w.hosts[name] = h
	if h.domain != name {
		w.domains[h.domain] = h
	}
	return h
}

// Name is the host of the API.
func (h *Host) Name() string { return h.name }

// Domain is the host of the handles; it differs from Name when split.
func (h *Host) Domain() string { return h.domain }

// Title is the host's name for people.
func (h *Host) Title() string { return h.title }

// Flavour is the family the host belongs to.
func (h *Host) Flavour() social.Flavour { return h.ways.flavour }

// Handle answers requests whose path begins with prefix by handler instead of
// the flavour's own code: for hostile servers. They are logged as all others.
func (h *Host) Handle(prefix string, handler http.Handler) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.custom = append(h.custom, customRoute{prefix, handler})
}

// Alias makes WebFinger of user@host name an account of another server, as a
// third party's vanity address does: the answer's subject is the alias itself.
// The account's own server does not confirm it.
func (h *Host) Alias(user, handle string) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.aliases[strings.ToLower(user)] = h.world.must(handle)
}

// Defederate makes the host refuse all that has to do with other domains:
// their accounts are not found from here, and they are told nothing.
func (h *Host) Defederate(domains ...string) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	for _, d := range domains {
		h.blocked[canonical(d)] = true
	}
}

// Publicity is how much of its blocks a server publishes.
type Publicity int

// What servers do with their lists: Mastodon hides them unless its admins say
// otherwise, and lets them hide single names.
const (
	Hidden Publicity = iota
	Plain
	Obfuscated // names behind asterisks, with digests
)

// PublishBlocks lets the host publish whom it blocks, and further domains that
// it only limits.
func (h *Host) PublishBlocks(how Publicity, limited ...string) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.publish = how
	for _, d := range limited {
		h.limited[canonical(d)] = true
	}
}

// shuns reports whether one of two hosts does not talk to the other; w.mu is
// held.
func (h *Host) shuns(o *Host) bool {
	return h.blocked[o.name] || h.blocked[o.domain] || o.blocked[h.name] || o.blocked[h.domain]
}

func (h *Host) url(path string) string { return "https://" + h.name + path }

func clientTLS(roots *x509.CertPool) *tls.Config {
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// quiet is for the noise that clients make which give up on purpose.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
