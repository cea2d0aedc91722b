package fedi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const relSubscribe = "http://ostatus.org/schema/1.0/subscribe"

// followPages are the pages that software has for following somebody by a link,
// where WebFinger does not tell: each project names the same one in its own
// WebFinger. What is not listed has none that we know of, and is not guessed.
var followPages = map[string]string{
	"mastodon": "/authorize_interaction?uri={uri}", "hometown": "/authorize_interaction?uri={uri}", "glitch": "/authorize_interaction?uri={uri}",
	"fedibird": "/authorize_interaction?uri={uri}", "kmyblue": "/authorize_interaction?uri={uri}", "pixelfed": "/authorize_interaction?uri={uri}",
	"pleroma": "/ostatus_subscribe?acct={uri}", "akkoma": "/ostatus_subscribe?acct={uri}", "rebased": "/ostatus_subscribe?acct={uri}",
	"misskey": "/authorize-follow?acct={uri}", "sharkey": "/authorize-follow?acct={uri}", "firefish": "/authorize-follow?acct={uri}",
	"iceshrimp": "/authorize-follow?acct={uri}", "friendica": "/contact/follow?url={uri}",
}

// FollowPage returns the page of the server that somebody typed, by their handle
// or its name, where that server asks them before it follows target. It lies on
// that server or one of the same registrable domain, whatever WebFinger says, so
// that nobody is sent where they did not ask to go.
func (d *Door) FollowPage(ctx context.Context, text string, target social.Handle, actorID string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, wholeLookUp)
	defer cancel()
	t, err := d.readTyped(text)
	if err != nil {
		return "", err
	}
	uri := actorID
	if uri == "" {
		uri = "acct:" + target.String()
	}
	resource := "acct:" + t.host + "@" + t.host // Mastodon's own actor, which has the same link
	if !t.handle.IsZero() {
		resource = "acct:" + t.handle.String()
	}
	a, err := d.askFinger(ctx, t.host, resource)
	if err != nil && !t.handle.IsZero() {
		return "", d.homeless(ctx, t, toEnding(err))
	}
	if a.status == http.StatusNotFound && !t.handle.IsZero() {
		return "", d.homeless(ctx, t, ending{state: social.Missing})
	}
	if page := d.subscribePage(a, t.host, uri); page != "" {
		return page, nil
	}
	return d.knownFollowPage(ctx, t.host, target, uri)
}

// subscribePage fills in the template of WebFinger's answer, "" for none of use.
func (d *Door) subscribePage(a answer, asked, uri string) string {
	j, err := parseJRD(a.body)
	if a.status != http.StatusOK || err != nil {
		return ""
	}
	for _, l := range j.Links {
		if l.Rel == relSubscribe {
			return d.filled(l.Template, uri, asked, a.host)
		}
	}
	return ""
}

// filled puts the address into the template's query, if that leads to one of
// the hosts' domains.
func (d *Door) filled(template, uri string, hosts ...string) string {
	query := strings.Index(template, "?")
	if query < 0 || strings.Count(template, "{uri}") != 1 || strings.Index(template, "{uri}") < query {
		return ""
	}
	u, host, err := d.parseURL(strings.Replace(template, "{uri}", url.QueryEscape(uri), 1))
	if err != nil {
		return ""
	}
	for _, own := range hosts {
		if registrable(host) == registrable(own) {
			return u.String()
		}
	}
	return ""
}

// knownFollowPage is the page that the server's software is known to have.
func (d *Door) knownFollowPage(ctx context.Context, host string, target social.Handle, uri string) (string, error) {
	sw, err := d.homeSoftware(ctx, host, true)
	if err != nil {
		return "", suggest(host, err)
	}
	if page := d.filled("https://"+sw.Host+followPages[sw.Name], uri, sw.Host); page != "" {
		return page, nil
	}
	return "", fault.New(fault.Invalid, CodeNoFollowPage, sayNoFollowPage, "host", host, "handle", "@"+target.String()).
		Because(errors.New("no subscribe template, software " + sw.Name))
}
