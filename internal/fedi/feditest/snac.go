package feditest

import (
	"fmt"
	"net/http"
	"strings"

	"godwit/internal/social"
)

// snacWays are those of snac 2.94 as recorded (recordings/snac.md). Not
// recorded: a deleted account (404, since its files are simply gone).
var snacWays = manners{
	flavour:     social.Snac,
	software:    "snac",
	version:     "4.0.0 (not true; really snac/2.94)",
	nodeVersion: "2.94",
	actorPath:   "/",
	profilePath: "/",
	acceptAfter: snacAcceptAfter,
	threads:     snacThreads,
	newID:       actorSum,
	entity:      snacEntity,
	relation:    snacRelation,
	posting:     &snacPosting,
	problems: map[trouble]problem{
		noToken:      {401, snacHTML, ""},
		noToken422:   {422, snacHTML, ""},
		revokedToken: {401, snacHTML, ""},
		appToken:     {401, snacHTML, ""},
		noRecord:     snacProblem(404, "Not Found"),
		noAccount:    snacProblem(404, "Not Found"),
		noStatus:     snacProblem(404, "Not Found"),
		othersStatus: snacProblem(404, "Not Found"),
		noRoute:      snacProblem(404, "Not Found"),
		wrongMethod:  snacProblem(404, "Not Found"),
		badRequest:   snacProblem(400, "Bad Request"),
	},
	routes: []route{
		{method: "GET", path: "/.well-known/webfinger", do: snacWebFinger},
		{method: "GET", path: "/.well-known/host-meta", do: snacHostMeta},
		{method: "GET", path: "/.well-known/nodeinfo", do: func(h *Host, _ *call) *answer {
			return h.nodeInfoLinks("2.1", "/nodeinfo_2_1", "2.0", "/nodeinfo_2_0")
		}},
		{method: "GET", path: "/nodeinfo_2_0", do: snacNodeInfo("2.0")},
		{method: "GET", path: "/nodeinfo_2_1", do: snacNodeInfo("2.1")},
		{method: "GET", path: "/", do: frontPage},
		{method: "GET", path: "/oauth/authorize", do: snacAuthorize},
		{method: "POST", path: "/oauth/x-snac-login", do: snacLogin},
		{method: "POST", path: "/oauth/token", do: snacToken},
		{method: "POST", path: "/oauth/revoke", do: snacRevoke},
		{method: "POST", path: "/api/v1/apps", do: snacApps},
		{method: "POST", path: "/api/v1/import", needs: userElse422, do: snacUnprocessed},
		{method: "GET", path: "/api/v1/instance", do: instanceV1},
		{method: "GET", path: "/api/v1/accounts/verify_credentials", needs: userElse422, do: verifyCredentials},
		{method: "GET", path: "/api/v1/accounts/lookup", needs: user, do: snacLookup},
		{method: "GET", path: "/api/v1/accounts/search", needs: user, do: func(*Host, *call) *answer { return data([]string{}) }},
		{method: "GET", path: "/api/v1/accounts/relationships", needs: user, do: relationships(1)},
		{method: "GET", path: "/api/v2/search", needs: user, do: snacSearch},
		{method: "POST", path: "/api/v1/statuses", needs: user, do: createStatus},
		{method: "GET", path: "/api/v1/statuses/{id}", needs: user, do: showStatus},
		{method: "DELETE", path: "/api/v1/statuses/{id}", needs: user, do: deleteStatus},
		{method: "GET", path: "/api/v1/accounts/{id}/statuses", needs: user, do: accountStatuses},
		{method: "POST", path: "/api/v2/media", needs: user, do: createFile},
		{method: "POST", path: "/api/v1/media", needs: user, do: createFile},
		{method: "PUT", path: "/api/v1/media/{id}", needs: user, do: describeFile},
		{method: "GET", path: "/api/v1/accounts/{id}", needs: user, do: accountByID},
		{method: "GET", path: "/api/v1/accounts/{id}/following", needs: user, do: snacFollowing},
		{method: "POST", path: "/api/v1/accounts/{id}/follow", needs: user, do: snacFollow},
		{method: "POST", path: "/api/v1/accounts/{id}/unfollow", needs: user, do: unfollow},
		{method: "GET", path: "/users/{id}", do: snacActor},
		{method: "GET", path: "/{id}", do: snacActor},
	},
}

const snacHTML = "text/html; charset=utf-8"

func snacProblem(status int, words string) problem {
	return problem{status, snacHTML, fmt.Sprintf("<h1>%d %s (snac/2.94)</h1>", status, words)}
}

// snacWebFinger knows names and the host as they are spelled.
func snacWebFinger(h *Host, c *call) *answer {
	resource := c.form.Get("resource")
	if resource == "" {
		return h.refusal(badRequest)
	}
	name, host := h.world.splitResource(resource)
	a, subject := h.subjectOf(name)
	if a == nil || a.gone || host != h.name && host != h.domain || a.host == h && a.user != name {
		return h.refusal(noRecord)
	}
	doc := a.jrd(subject)
	doc.Aliases = []string{a.actorID(), a.host.url("/users/" + a.user)}
	doc.Links = []jrdLink{
		{Rel: "self", Type: activityJSON, Href: a.actorID()},
		{Rel: "self", Type: ldJSON, Href: a.actorID()},
		{Rel: profilePage, Type: "text/html", Href: a.profile()},
	}
	return dataAs("application/jrd+json", doc)
}

func snacHostMeta(h *Host, _ *call) *answer {
	return text(http.StatusOK, "application/xrd+xml", `<?xml version="1.0" encoding="UTF-8"?>
<XRD><Link rel="lrdd" type="application/xrd+xml" template="https://`+h.name+`/.well-known/webfinger?resource={uri}"/></XRD>`)
}

func snacNodeInfo(schema string) func(*Host, *call) *answer {
	document := nodeInfo(schema)
	return func(h *Host, c *call) *answer {
		return document(h, c).with("Content-Type", "application/json; charset=utf-8")
	}
}

func snacActor(h *Host, c *call) *answer {
	a := h.named(c)
	switch {
	case a == nil || a.gone:
		return h.refusal(noRecord)
	case c.wantsActor():
		return dataAs(ldJSON, a.actorDoc())
	}
	return profileOf(a)
}

func snacUnprocessed(h *Host, _ *call) *answer { return h.refusal(noToken422) }

// snacLookup knows its own people only.
func snacLookup(h *Host, c *call) *answer {
	a := h.knownAs(c.form.Get("acct"))
	if a == nil || a.gone || a.host != h {
		return h.refusal(noRecord)
	}
	return data(h.ways.entity(h, a, false))
}

// snacSearch resolves whether asked to or not, and only what is spelled in
// lower case.
func snacSearch(h *Host, c *call) *answer {
	q := c.form.Get("q")
	if q != strings.ToLower(q) {
		return data(h.results(nil))
	}
	return data(h.results(h.search(c, true, nil)))
}

// snacFollow says following:true whatever happens, for oneself too.
func snacFollow(h *Host, c *call) *answer {
	f := h.postFollow(c)
	if f == nil || f.target.gone {
		return h.refusal(noAccount)
	}
	if f.target != f.follower {
		h.world.ask(f)
	}
	return data(snacRelation(h, f.follower, f.target))
}

// snacFollowing lists those who accepted, without pages.
func snacFollowing(h *Host, c *call) *answer {
	a := h.known[c.id]
	if a == nil {
		return h.refusal(noRecord)
	}
	accounts, _, _ := h.pageOf(c, a.following, Accepted)
	return data(accounts)
}
