package fedi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// mailHosts are providers of e-mail whose addresses people type by mistake.
var mailHosts = set("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com",
	"aol.com", "icloud.com", "me.com", "mac.com", "gmx.de", "gmx.net", "gmx.com", "web.de", "posteo.de", "mailbox.org",
	"proton.me", "protonmail.com", "tutanota.com", "tuta.com", "fastmail.com", "hey.com", "mail.ru", "yandex.ru",
	"qq.com", "163.com", "126.com", "sina.com", "foxmail.com", "naver.com")

// xHosts are where X names live.
var xHosts = set("x.com", "twitter.com", "mobile.twitter.com")

// closedHosts run Mastodon's software but talk to nobody else.
var closedHosts = set("truthsocial.com", "gab.com")

// wellKnown are large servers whose names are often mistyped; they are only
// ever offered as "did you mean", for a name that the DNS doesn't know.
var wellKnown = []string{"mastodon.social", "mastodon.online", "mastodon.world", "mstdn.social", "mas.to",
	"fosstodon.org", "hachyderm.io", "infosec.exchange", "chaos.social", "pixelfed.social", "mstdn.jp", "piaille.fr"}

func set(list ...string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}

// typed is what a person wrote: a handle, or only a host.
type typed struct {
	host   string
	handle social.Handle
}

// FindHome finds the server that a person means by "@me@host", "me@host",
// "host" or "https://host/@me": the host of its API, where the handle's domain
// delegates to another one, and what it runs. The handle is the one to compare
// the login's answer with: as its server confirms it, or zero when only a
// server was typed. Every error is a fault with its sentence; for
// "other-software" the host, handle and software are returned beside it.
func (d *Door) FindHome(ctx context.Context, text string) (string, social.Handle, social.Software, error) {
	var none social.Software
	ctx, cancel := context.WithTimeout(ctx, wholeLookUp)
	defer cancel()
	t, err := d.readTyped(text)
	if err != nil {
		return "", social.Handle{}, none, err
	}
	host := t.host
	if !t.handle.IsZero() {
		c, err := d.confirm(ctx, t.handle)
		if err != nil {
			return "", social.Handle{}, none, d.homeless(ctx, t, err)
		}
		host, t.handle = c.at, c.subject
	}
	sw, err := d.homeSoftware(ctx, host, t.handle.IsZero())
	if err != nil {
		return "", social.Handle{}, none, suggest(host, err)
	}
	if !t.handle.IsZero() {
		sw.Host = host // the actor's host is the API's, wherever NodeInfo lies
	}
	if err := d.fitForHome(ctx, sw); err != nil {
		return sw.Host, t.handle, sw, err
	}
	return sw.Host, t.handle, sw, nil
}

// readTyped takes apart what a person typed.
func (d *Door) readTyped(text string) (typed, error) {
	s := strings.TrimSpace(text)
	for _, scheme := range []string{"https://", "http://", "acct:"} {
		if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
		}
	}
	if host, path, found := strings.Cut(s, "/"); found {
		return d.readAddress(text, host, path)
	}
	if strings.Contains(strings.TrimPrefix(s, "@"), "@") {
		return d.readHandle(s)
	}
	if strings.HasPrefix(s, "@") {
		return typed{}, xName()
	}
	host, err := social.ParseHost(s, d.realm)
	if err != nil {
		return typed{}, notTyped(text)
	}
	return typed{host: host}, d.knownOther(host, false)
}

// readAddress reads host/@me and host/users/me; any other page stands for its host.
func (d *Door) readAddress(text, host, path string) (typed, error) {
	user, isUser := strings.CutPrefix(path, "@")
	if !isUser {
		user, isUser = strings.CutPrefix(path, "users/")
	}
	user, _, _ = strings.Cut(user, "/")
	canonical, err := social.ParseHost(host, d.realm)
	if err != nil {
		return typed{}, notTyped(text)
	}
	if err := d.knownOther(canonical, false); err != nil {
		return typed{}, err
	}
	if !isUser || user == "" {
		return typed{host: canonical}, nil
	}
	if strings.Contains(user, "@") { // a page of host about somebody elsewhere
		return d.readHandle(user)
	}
	return d.readHandle(user + "@" + canonical)
}

func (d *Door) readHandle(s string) (typed, error) {
	h, err := social.ParseHandle(s, d.realm)
	if err != nil {
		return typed{}, err
	}
	return typed{host: h.Host(), handle: h}, d.knownOther(h.Host(), true)
}

// knownOther refuses hosts that are known to be something else.
func (d *Door) knownOther(host string, handle bool) error {
	switch {
	case xHosts[host]:
		return xName()
	case handle && mailHosts[host]:
		return fault.New(fault.Invalid, CodeMail, sayMail, "host", host)
	case closedHosts[host]:
		return fault.New(fault.Invalid, CodeNoFederation, sayNoFederation, "host", host)
	}
	return nil
}

func xName() error { return fault.New(fault.Invalid, CodeXName, sayXName) }

func notTyped(text string) error {
	_, err := social.ParseHandle(text, social.Private)
	if err == nil { // a handle of the other realm
		return fault.New(fault.Invalid, CodeRefusedAddress, sayRefusedAddress, "host", social.Printable(text, 80))
	}
	return err
}

// homeless says why a typed handle leads to no server. A host without such an
// account may be no fediverse server at all, which is the better thing to say.
func (d *Door) homeless(ctx context.Context, t typed, err error) error {
	e, ok := errors.AsType[ending](err)
	if !ok {
		return explain(t.host, err)
	}
	if e.state == social.Missing || e.state == social.NotFedi && !errors.Is(e, errNoHost) {
		if _, err := d.Software(ctx, t.host); err != nil {
			return err
		}
	}
	return suggest(t.host, sayEnding(t.host, t.handle, e))
}

// homeSoftware is Software; a bare domain without NodeInfo may still delegate
// its handles to another host by its host-meta.
func (d *Door) homeSoftware(ctx context.Context, host string, mayDelegate bool) (social.Software, error) {
	sw, err := d.Software(ctx, host)
	if err == nil || !mayDelegate || !hasCode(err, CodeNotFediverse) {
		return sw, err
	}
	u, at, bad := d.parseURL(d.hostMeta(ctx, host, "acct:nobody@"+host))
	if bad != nil || u == nil || at == host {
		return sw, err
	}
	return d.Software(ctx, at)
}

// fitForHome says why Godwit can't act on a server, if it can't.
func (d *Door) fitForHome(ctx context.Context, sw social.Software) error {
	switch {
	case !sw.Fedi || closedHosts[sw.Host]:
		return fault.New(fault.Invalid, CodeNoFederation, sayNoFederation, "host", sw.Host)
	case sw.Flavour == social.FlavourNone:
		return fault.New(fault.Invalid, CodeOtherSoftware, sayOtherSoftware, "host", sw.Host, "software", sw.Name)
	case d.forbids(ctx, sw.Host):
		return fault.New(fault.Gone, CodeServerRefuses, sayServerRefuses, "host", sw.Host)
	}
	return nil
}

func hasCode(err error, code string) bool {
	f, ok := errors.AsType[*fault.Fault](err)
	return ok && f.Code == code
}

func noSuchHost(host string) *fault.Fault {
	return fault.New(fault.Invalid, CodeNoSuchHost, sayNoSuchHost, "host", host)
}

// suggest offers a well-known server one or two letters away from a host that
// the DNS doesn't know, and makes the person's spelling the matter.
func suggest(host string, err error) error {
	if !hasCode(err, CodeNoSuchHost) {
		return err
	}
	for _, known := range wellKnown {
		if distance(host, known) <= 2 {
			return fault.New(fault.Invalid, CodeCloseMiss, sayCloseMiss, "host", host, "suggestion", known).Because(err)
		}
	}
	return noSuchHost(host).Because(err)
}

// distance is Levenshtein's, in bytes: hosts are ASCII.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(before+cost, row[j]+1, row[j+1]+1)
			before, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// robotName is what a robots.txt calls us.
const robotName = "godwit"

// forbids is Forbids for whom it makes no difference that they gave up.
func (d *Door) forbids(ctx context.Context, host string) bool {
	no, _ := d.Forbids(ctx, host)
	return no
}

// Forbids reports whether host's robots.txt shuts out Godwit by name, as its
// admins may ask to be left alone; the groups for all robots speak of crawling,
// which we don't do. One that cannot be read forbids nothing. The error is that
// the caller gave up.
func (d *Door) Forbids(ctx context.Context, host string) (bool, error) {
	a, err := d.get(ctx, "https://"+host+"/robots.txt", "text/plain", maxRobots)
	if stopped(ctx) {
		return false, context.Cause(ctx)
	}
	return err == nil && a.status == http.StatusOK && disallows(string(a.body)), nil
}

// disallows reads a robots.txt (RFC 9309) for a group that names Godwit and
// disallows everything.
func disallows(robots string) bool {
	ours, inAgents := false, false
	for line := range strings.Lines(robots) {
		line, _, _ = strings.Cut(line, "#")
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "user-agent":
			ours = inAgents && ours || strings.EqualFold(value, robotName)
			inAgents = true
		case "disallow":
			if inAgents = false; ours && value == "/" {
				return true
			}
		case "allow":
			inAgents = false
		}
	}
	return false
}
