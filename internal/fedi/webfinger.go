package fedi

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"godwit/internal/social"
)

const (
	acceptJRD  = "application/jrd+json, application/json"
	acceptXRD  = "application/xrd+xml, application/xml"
	typeAS     = "application/activity+json"
	profileAS  = "https://www.w3.org/ns/activitystreams"
	relProfile = "http://webfinger.net/rel/profile-page"
)

// jrd is a JSON Resource Descriptor (RFC 7033).
type jrd struct {
	Subject string    `json:"subject"`
	Links   []jrdLink `json:"links"`
}

type jrdLink struct {
	Rel      string `json:"rel"`
	Type     string `json:"type"`
	Href     string `json:"href"`
	Template string `json:"template"`
}

// parseJRD reads what WebFinger answered; text that is no JRD is malformed.
func parseJRD(body []byte) (jrd, error) {
	var j jrd
	if !utf8.Valid(body) || json.Unmarshal(body, &j) != nil || j.Subject == "" && len(j.Links) == 0 {
		return jrd{}, errMalformed
	}
	return j, nil
}

// actors returns the different addresses that the JRD calls the actor: one in
// a sound JRD, which may name it once for each of the two types.
func (j jrd) actors() []string {
	var out []string
	for _, l := range j.Links {
		if l.Rel != "self" || !isActivity(l.Type) {
			continue
		}
		if len(out) == 0 || out[0] != l.Href {
			out = append(out, l.Href)
		}
		if len(out) == 2 {
			break
		}
	}
	return out
}

func (j jrd) profile() string {
	for _, l := range j.Links {
		if l.Rel == relProfile && len(l.Href) <= maxURL && strings.HasPrefix(l.Href, "https://") {
			return l.Href
		}
	}
	return ""
}

func isActivity(mediaType string) bool {
	name, parameters, _ := strings.Cut(mediaType, ";")
	switch strings.ToLower(strings.TrimSpace(name)) {
	case typeAS:
		return true
	case "application/ld+json":
		return strings.Contains(parameters, profileAS)
	}
	return false
}

// claim is what one server says of one handle.
type claim struct {
	subject social.Handle
	actor   string // the actor's id, checked with parseURL
	at      string // the actor's host
	via     string // the host that really answered: the asked one, or one it delegates to
	profile string
	fresh   time.Duration
}

// finger asks server for handle, and by its host-meta once more when the
// usual address knows nothing (what Mastodon does).
func (d *Door) finger(ctx context.Context, server string, handle social.Handle) (claim, error) {
	return d.fingerURI(ctx, server, "acct:"+strings.ToLower(handle.User())+"@"+handle.Host())
}

// fingerURI is finger for any resource.
func (d *Door) fingerURI(ctx context.Context, server, resource string) (claim, error) {
	a, err := d.askFinger(ctx, server, resource)
	if err != nil {
		return claim{}, toEnding(err)
	}
	return d.readClaim(a)
}

// askFinger gets what the server answers about a resource.
func (d *Door) askFinger(ctx context.Context, server, resource string) (answer, error) {
	query := url.Values{"resource": {resource}}.Encode()
	a, err := d.get(ctx, "https://"+server+"/.well-known/webfinger?"+query, acceptJRD, maxWebFinger)
	if err == nil && a.status == http.StatusNotFound {
		if elsewhere := d.hostMeta(ctx, server, resource); elsewhere != "" && !sameURL(elsewhere, server, query) {
			return d.get(ctx, elsewhere, acceptJRD, maxWebFinger)
		}
	}
	return a, err
}

func sameURL(raw, server, query string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Host == server && u.Path == "/.well-known/webfinger" && u.Query().Encode() == query
}

// readClaim makes a claim out of an answer, or says how the look-up ended.
func (d *Door) readClaim(a answer) (claim, error) {
	switch {
	case a.status == http.StatusOK:
	case a.status == http.StatusGone:
		return claim{}, ending{state: social.GoneForGood}
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden, a.status == http.StatusUnavailableForLegalReasons:
		return claim{}, ending{state: social.Refused}
	case a.status >= 400 && a.status < 500: // GoToSocial answers 400 for a host that isn't its own
		return claim{}, ending{state: social.Missing}
	default:
		return claim{}, ending{state: social.NotFedi}
	}
	j, err := parseJRD(a.body)
	if err != nil {
		return claim{}, ending{state: social.NotFedi, cause: err}
	}
	return d.claimOf(j, a)
}

func (d *Door) claimOf(j jrd, a answer) (claim, error) {
	actors := j.actors()
	if len(actors) == 0 {
		return claim{}, ending{state: social.NotFedi}
	}
	subject, err := social.ParseHandle(j.Subject, d.realm)
	if err != nil || !strings.HasPrefix(j.Subject, "acct:") || len(actors) > 1 {
		return claim{}, ending{state: social.Unconfirmed}
	}
	u, at, err := d.parseURL(actors[0])
	if err != nil || u.Fragment != "" {
		return claim{}, ending{state: social.Unconfirmed}
	}
	return claim{subject: subject, actor: actors[0], at: at, via: a.host, profile: j.profile(), fresh: freshFor(a.header)}, nil
}

// confirm finds the one handle and actor behind asked, by what Mastodon does:
// a subject other than the one asked for is asked again at its own host, which
// must confirm itself and name the same actor; one such hop at most. The
// actor's host must be the host that answered, or confirm the handle itself.
func (d *Door) confirm(ctx context.Context, asked social.Handle) (claim, error) {
	c, err := d.finger(ctx, asked.Host(), asked)
	if err != nil {
		return claim{}, err
	}
	if !c.subject.Same(asked) {
		if c, err = d.again(ctx, c.subject.Host(), c); err != nil {
			return claim{}, err
		}
	}
	if c.at == c.via || c.at == c.subject.Host() {
		return c, nil
	}
	// Somebody else's actor, or a domain that serves WebFinger for another
	// host without a redirect: the actor's host tells which.
	own, err := d.again(ctx, c.at, c)
	if err != nil {
		return claim{}, err
	}
	own.fresh = min(own.fresh, c.fresh)
	return own, nil
}

// again asks server for what was claimed and requires the same answer.
func (d *Door) again(ctx context.Context, server string, first claim) (claim, error) {
	second, err := d.finger(ctx, server, first.subject)
	if e, ok := err.(ending); ok && e.state != social.Ill {
		return claim{}, ending{state: social.Unconfirmed, cause: err}
	}
	if err != nil {
		return claim{}, err
	}
	if !second.subject.Same(first.subject) || second.actor != first.actor {
		return claim{}, ending{state: social.Unconfirmed}
	}
	return second, nil
}

// xrd is the part of host-meta (RFC 6415) that matters here.
type xrd struct {
	Links []struct {
		Rel      string `xml:"rel,attr"`
		Template string `xml:"template,attr"`
	} `xml:"Link"`
}

// hostMeta returns where server wants to be asked about resource, "" when it
// doesn't say; remembered for a day.
func (d *Door) hostMeta(ctx context.Context, server, resource string) string {
	template, _, known := d.templates.get(server, d.now())
	if !known {
		a, err := d.get(ctx, "https://"+server+"/.well-known/host-meta", acceptXRD, maxHostMeta)
		if err != nil {
			return ""
		}
		if a.status == http.StatusOK {
			template = parseHostMeta(a.body)
		}
		d.templates.put(server, template, d.now().Add(softwareFresh))
	}
	if !strings.Contains(template, "{uri}") {
		return ""
	}
	return strings.Replace(template, "{uri}", url.QueryEscape(resource), 1)
}

// parseHostMeta returns the first lrdd template. Entities other than XML's own
// five are an error to encoding/xml, so a document cannot blow itself up.
func parseHostMeta(body []byte) string {
	var x xrd
	if !utf8.Valid(body) || xml.Unmarshal(body, &x) != nil {
		return ""
	}
	for _, l := range x.Links {
		if l.Rel == "lrdd" && len(l.Template) <= maxURL {
			return l.Template
		}
	}
	return ""
}
