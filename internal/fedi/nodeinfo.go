package fedi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const relNodeInfo = "http://nodeinfo.diaspora.software/ns/schema/"

// flavours maps what servers call themselves in NodeInfo to their manners.
// What is not listed has no Mastodon-compatible API that we know of.
var flavours = map[string]social.Flavour{
	"mastodon": social.Mastodon, "hometown": social.Mastodon, "glitch": social.Mastodon,
	"gotosocial": social.GoToSocial, "snac": social.Snac,
	"pleroma": social.Pleroma, "akkoma": social.Pleroma, "rebased": social.Pleroma,
	"pixelfed": social.FlavourOther, "friendica": social.FlavourOther, "mitra": social.Mitra,
	"hollo": social.FlavourOther, "takahe": social.FlavourOther, "fedibird": social.FlavourOther,
	"kmyblue": social.FlavourOther, "iceshrimp": social.FlavourOther, "iceshrimp.net": social.FlavourOther,
	"misskey": social.Misskey, "sharkey": social.Misskey,
}

// Software returns what host says of itself in NodeInfo, believed for a day.
// Its Host is where the software really runs, which differs from host on a
// split domain that redirects. A host without NodeInfo is a fault of kind
// Invalid with the code "not-fediverse".
func (d *Door) Software(ctx context.Context, host string) (social.Software, error) {
	canonical, err := social.ParseHost(host, d.realm)
	if err != nil {
		return social.Software{}, err
	}
	if sw, _, ok := d.software.get(canonical, d.now()); ok {
		return sw, nil
	}
	sw, err := d.nodeInfo(ctx, canonical)
	if err != nil {
		if f, ok := err.(*fault.Fault); ok {
			return social.Software{}, f
		}
		return social.Software{}, explain(canonical, err)
	}
	d.software.put(canonical, sw, d.now().Add(softwareFresh))
	return sw, nil
}

func (d *Door) nodeInfo(ctx context.Context, host string) (social.Software, error) {
	a, err := d.get(ctx, "https://"+host+"/.well-known/nodeinfo", "application/json", maxNodeInfo)
	if err != nil {
		return social.Software{}, err
	}
	from, ok := nodeInfoLink(a.body)
	if a.status != http.StatusOK || !ok {
		return social.Software{}, notFediverse(host)
	}
	if from, err = absolute(a.host, from); err != nil {
		return social.Software{}, err
	}
	if a, err = d.get(ctx, from, "application/json", maxNodeInfo); err != nil {
		return social.Software{}, err
	}
	sw, ok := parseNodeInfo(a.body)
	if a.status != http.StatusOK || !ok {
		return social.Software{}, notFediverse(host)
	}
	sw.Host = a.host
	return sw, nil
}

func notFediverse(host string) *fault.Fault {
	return fault.New(fault.Invalid, CodeNotFediverse, sayNotFediverse, "host", host)
}

// absolute reads a link against the host that gave it.
func absolute(host, link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", errRefusedURL
	}
	base := &url.URL{Scheme: "https", Host: host, Path: "/"}
	return base.ResolveReference(u).String(), nil
}

// nodeInfoLink returns the address of the newest schema 2 document.
func nodeInfoLink(body []byte) (string, bool) {
	var j jrd
	if !utf8.Valid(body) || json.Unmarshal(body, &j) != nil {
		return "", false
	}
	best, rel := "", relNodeInfo+"2."
	for _, l := range j.Links {
		if strings.HasPrefix(l.Rel, rel) && l.Rel >= rel && len(l.Href) <= maxURL {
			rel, best = l.Rel, l.Href
		}
	}
	return best, best != ""
}

// parseNodeInfo reads a NodeInfo 2.x document.
func parseNodeInfo(body []byte) (social.Software, bool) {
	var doc struct {
		Software  struct{ Name, Version string }
		Protocols texts
		OpenRegs  bool `json:"openRegistrations"`
	}
	if !utf8.Valid(body) || json.Unmarshal(body, &doc) != nil || doc.Software.Name == "" {
		return social.Software{}, false
	}
	name := strings.ToLower(social.Printable(doc.Software.Name, 60))
	return social.Software{
		Name: name, Version: social.Printable(doc.Software.Version, 60), Flavour: flavours[name],
		Fedi: slices.Contains(doc.Protocols, "activitypub"), OpenRegs: doc.OpenRegs,
	}, true
}

// hostOf is the host part of an address, for sentences.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}
