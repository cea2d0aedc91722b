package feditest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

type jrd struct {
	Subject string    `json:"subject"`
	Aliases []string  `json:"aliases"`
	Links   []jrdLink `json:"links"`
}

type jrdLink struct {
	Rel      string `json:"rel"`
	Type     string `json:"type,omitempty"`
	Href     string `json:"href,omitempty"`
	Template string `json:"template,omitempty"`
}

const (
	activityJSON = "application/activity+json"
	ldJSON       = `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`
	profilePage  = "http://webfinger.net/rel/profile-page"
	nodeInfoRel  = "http://nodeinfo.diaspora.software/ns/schema/"
)

// handleDomain answers for the handle domain of a split host, where nothing but
// the way to the host is found.
func (h *Host) handleDomain(c *call) *answer {
	path := c.r.URL.Path
	switch {
	case path == "/.well-known/host-meta" && h.hostMeta:
		return h.hostMetaXML()
	case strings.HasPrefix(path, "/.well-known/") && !h.hostMeta:
		to := url.URL{Scheme: "https", Host: h.name, Path: path, RawQuery: c.r.URL.RawQuery}
		return redirect(http.StatusMovedPermanently, to.String())
	case path == "/":
		return page(http.StatusOK, "<!DOCTYPE html><title>"+h.domain+"</title><p>Our server is "+h.name+".</p>")
	}
	return page(http.StatusNotFound, "<!DOCTYPE html><title>Not found</title>")
}

func (h *Host) hostMetaXML() *answer {
	return text(http.StatusOK, "application/xrd+xml", `<?xml version="1.0" encoding="UTF-8"?>
<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0"><Link rel="lrdd" type="application/xrd+xml" template="https://`+h.name+`/.well-known/webfinger?resource={uri}"></Link></XRD>`)
}

func hostMeta(h *Host, _ *call) *answer { return h.hostMetaXML() }

// splitResource reads what WebFinger is asked for: user and host of a handle
// with or without acct:, or of an address.
func (w *World) splitResource(resource string) (user, host string) {
	if a := w.byURL(resource); a != nil {
		return a.user, a.host.name
	}
	if u, err := url.Parse(resource); err == nil && u.Scheme == "https" {
		return "", u.Host
	}
	handle := strings.TrimPrefix(strings.TrimPrefix(resource, "acct:"), "@")
	return beforeAt(handle), afterAt(handle)
}

// subjectOf finds the account that WebFinger here knows under a name, and the
// handle it is called by: its own, or the alias.
func (h *Host) subjectOf(user string) (*Account, string) {
	if a := h.accounts[strings.ToLower(user)]; a != nil {
		return a, a.handle()
	}
	if a := h.aliases[strings.ToLower(user)]; a != nil {
		return a, user + "@" + h.domain
	}
	return nil, ""
}

func (a *Account) jrd(subject string) jrd {
	return jrd{
		Subject: "acct:" + subject,
		Aliases: []string{a.actorID(), a.profile()},
		Links: []jrdLink{
			{Rel: profilePage, Type: "text/html", Href: a.profile()},
			{Rel: "self", Type: activityJSON, Href: a.actorID()},
		},
	}
}

type nodeInfoIndex struct {
	Links []jrdLink `json:"links"`
}

// nodeInfoLinks is the index of NodeInfo documents, given as version, path, ….
func (h *Host) nodeInfoLinks(versions ...string) *answer {
	var index nodeInfoIndex
	for i := 0; i+1 < len(versions); i += 2 {
		index.Links = append(index.Links, jrdLink{Rel: nodeInfoRel + versions[i], Href: h.url(versions[i+1])})
	}
	return data(index)
}

// nodeInfo is the document itself, in the fields that all of them have.
func nodeInfo(schema string) func(*Host, *call) *answer {
	return func(h *Host, _ *call) *answer {
		doc := map[string]any{
			"version":           schema,
			"software":          map[string]string{"name": h.ways.software, "version": h.ways.nodeVersion},
			"protocols":         []string{"activitypub"},
			"services":          map[string][]string{"inbound": {}, "outbound": {}},
			"openRegistrations": h.openRegs,
			"usage":             map[string]any{"users": map[string]int{"total": len(h.order)}},
			"metadata":          map[string]string{},
		}
		return dataAs(fmt.Sprintf(`application/json; profile="%s%s#"`, nodeInfoRel, schema), doc)
	}
}

// actorDoc is an account in ActivityPub.
type actorDoc struct {
	Context      []string        `json:"@context"`
	ID           string          `json:"id"`
	Type         string          `json:"type"`
	Following    string          `json:"following"`
	Followers    string          `json:"followers"`
	Inbox        string          `json:"inbox"`
	Outbox       string          `json:"outbox"`
	User         string          `json:"preferredUsername"`
	Name         string          `json:"name"`
	Summary      string          `json:"summary"`
	URL          string          `json:"url"`
	Locked       bool            `json:"manuallyApprovesFollowers"`
	Discoverable bool            `json:"discoverable"`
	Indexable    bool            `json:"indexable"`
	Published    string          `json:"published"`
	Memorial     bool            `json:"memorial"`
	WebFinger    string          `json:"webfinger,omitempty"`
	MovedTo      string          `json:"movedTo,omitempty"`
	AlsoKnownAs  []string        `json:"alsoKnownAs,omitempty"`
	Attachment   []actorProperty `json:"attachment"`
	Tag          []string        `json:"tag"`
	PublicKey    actorKey        `json:"publicKey"`
}

type actorProperty struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

type actorKey struct {
	ID    string `json:"id"`
	Owner string `json:"owner"`
	PEM   string `json:"publicKeyPem"`
}

func (a *Account) actorDoc() actorDoc {
	id := a.actorID()
	_, movedTo := a.moved()
	doc := actorDoc{
		Context: []string{"https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"},
		ID:      id, Type: a.kind, Following: id + "/following", Followers: id + "/followers",
		Inbox: id + "/inbox", Outbox: id + "/outbox", User: a.user, Name: a.name, Summary: paragraph(a.bio),
		URL: a.profile(), Locked: a.locked, Discoverable: true, Published: a.created.Format("2006-01-02T00:00:00Z"),
		Memorial: a.memorial, WebFinger: a.handle(), MovedTo: movedTo, AlsoKnownAs: a.akaIDs(),
		Attachment: []actorProperty{}, Tag: []string{},
		PublicKey: actorKey{ID: id + "#main-key", Owner: id, PEM: "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"},
	}
	for _, f := range a.fields {
		doc.Attachment = append(doc.Attachment, actorProperty{"PropertyValue", f.Name, f.html()})
	}
	return doc
}

// named finds the account that a path names, for pages and actors.
func (h *Host) named(c *call) *Account { return h.accounts[strings.ToLower(c.id)] }

func rawJSON(v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		panic("feditest: " + err.Error())
	}
	return string(body)
}
