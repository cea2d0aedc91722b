package feditest

import (
	"net/http"
	"strings"

	"godwit/internal/social"
)

const gtsVersion = "v0.20.0-rc1-8-g57cb4fe74"

// gtsWays are those of GoToSocial 0.20 as recorded (recordings/gotosocial.md).
// Not recorded: the answers about a deleted account (410, by its source), and
// scopes of relationships (read:accounts, by its documentation).
var gtsWays = manners{
	flavour:     social.GoToSocial,
	software:    "gotosocial",
	version:     gtsVersion,
	nodeVersion: gtsVersion,
	actorPath:   "/users/",
	profilePath: "/@",
	acceptAfter: acceptAfter,
	scoped:      true,
	newID:       ulid,
	entity:      gtsEntity,
	relation:    fullRelation,
	limit:       gtsLimit,
	posting:     &gtsPosting,
	serverLimit: gtsServerLimit,
	problems: map[trouble]problem{
		noToken:       gtsProblem(401, "Unauthorized: token not supplied"),
		revokedToken:  gtsProblem(401, "Unauthorized: token not supplied"),
		appToken:      gtsProblem(401, "Unauthorized: user not supplied or not authorized"),
		narrowScope:   gtsProblem(403, "Forbidden: token has insufficient scope permission"),
		noRecord:      gtsProblem(404, "Not Found"),
		noAccount:     gtsProblem(404, "Not Found: target account not found"),
		noStatus:      gtsProblem(404, "Not Found: target status not found"),
		othersStatus:  gtsProblem(403, "Forbidden"),
		noRoute:       gtsProblem(404, "Not Found"),
		wrongMethod:   {405, "text/plain", "405 method not allowed"},
		selfFollow:    gtsProblem(406, "Not Acceptable"),
		blockedFollow: gtsProblem(404, "Not Found: target account not found"),
		unsigned:      gtsProblem(401, "Unauthorized: http request wasn't signed or http signature was invalid: (verifier)"),
	},
	routes: append(edgeRoutes(false), []route{
		{method: "GET", path: "/.well-known/webfinger", do: gtsWebFinger},
		{method: "GET", path: "/.well-known/host-meta", do: hostMeta},
		{method: "GET", path: "/.well-known/nodeinfo", do: func(h *Host, _ *call) *answer {
			return h.nodeInfoLinks("2.0", "/nodeinfo/2.0", "2.1", "/nodeinfo/2.1")
		}},
		{method: "GET", path: "/nodeinfo/2.0", do: nodeInfo("2.0")},
		{method: "GET", path: "/nodeinfo/2.1", do: nodeInfo("2.1")},
		{method: "GET", path: "/users/{id}", do: gtsActor},
		{method: "GET", path: "/@{id}", do: gtsProfile},
		{method: "GET", path: "/", do: frontPage},
		{method: "GET", path: "/oauth/authorize", do: authorizePage},
		{method: "POST", path: "/oauth/authorize", do: authorizeForm},
		{method: "POST", path: "/oauth/token", do: gtsToken},
		{method: "POST", path: "/oauth/revoke", do: revoke},
		{method: "POST", path: "/api/v1/apps", do: gtsApps},
		{method: "GET", path: "/api/v1/instance", do: instanceV1},
		{method: "GET", path: "/api/v2/instance", do: instanceV2},
		{method: "GET", path: "/api/v1/accounts/verify_credentials", needs: user, scope: "read:accounts", do: json406(verifyCredentials)},
		{method: "GET", path: "/api/v1/accounts/lookup", needs: user, scope: "read:accounts", do: json406(gtsLookup)},
		{method: "GET", path: "/api/v1/accounts/search", needs: user, scope: "read:accounts", do: json406(gtsAccountSearch)},
		{method: "GET", path: "/api/v1/accounts/relationships", needs: user, scope: "read:accounts", do: json406(relationships(plenty))},
		{method: "GET", path: "/api/v1/search", needs: user, scope: "read:search", do: json406(gtsSearch)},
		{method: "GET", path: "/api/v2/search", needs: user, scope: "read:search", do: json406(gtsSearch)},
		{method: "GET", path: "/api/v1/follow_requests/outgoing", needs: user, scope: "read:follows", do: json406(outgoing)},
		{method: "POST", path: "/api/v1/import", needs: user, scope: "write", do: gtsImport},
		{method: "POST", path: "/api/v1/statuses", needs: user, scope: "write:statuses", do: json406(createStatus)},
		{method: "GET", path: "/api/v1/statuses/{id}", needs: user, scope: "read:statuses", do: json406(showStatus)},
		{method: "DELETE", path: "/api/v1/statuses/{id}", needs: user, scope: "write:statuses", do: json406(deleteStatus)},
		{method: "GET", path: "/api/v1/accounts/{id}/statuses", needs: user, scope: "read:statuses", do: json406(accountStatuses)},
		{method: "POST", path: "/api/v2/media", needs: user, scope: "write:media", do: json406(createFile)},
		{method: "POST", path: "/api/v1/media", needs: user, scope: "write:media", do: json406(createFile)},
		{method: "GET", path: "/api/v1/media/{id}", needs: user, scope: "read:media", do: json406(showFile)},
		{method: "PUT", path: "/api/v1/media/{id}", needs: user, scope: "write:media", do: json406(describeFile)},
		{method: "GET", path: "/api/v1/accounts/{id}", needs: user, scope: "read:accounts", do: json406(accountByID)},
		{method: "GET", path: "/api/v1/accounts/{id}/following", needs: user, scope: "read:accounts", do: json406(following(true))},
		{method: "POST", path: "/api/v1/accounts/{id}/follow", needs: user, scope: "write:follows", do: json406(gtsFollow)},
		{method: "POST", path: "/api/v1/accounts/{id}/unfollow", needs: user, scope: "write:follows", do: json406(unfollow)},
	}...),
}

func gtsProblem(status int, sentence string) problem {
	return problem{status, "application/json", rawJSON(map[string]string{"error": sentence})}
}

func gtsSay(status int, sentence string) *answer {
	p := gtsProblem(status, sentence)
	return text(p.status, p.kind, p.body)
}

// json406 refuses clients that do not take JSON.
func json406(do func(*Host, *call) *answer) func(*Host, *call) *answer {
	return func(h *Host, c *call) *answer {
		if !c.accepts("application/json", "application/*") {
			return gtsSay(http.StatusNotAcceptable, "Not Acceptable: no format can be offered for requested Accept header(s) ["+
				c.r.Header.Get("Accept")+"]; this endpoint offers [application/json]")
		}
		return do(h, c)
	}
}

// gtsWebFinger takes the host only as it is spelled, the user in any case.
func gtsWebFinger(h *Host, c *call) *answer {
	resource := c.form.Get("resource")
	if resource == "" {
		return gtsSay(http.StatusBadRequest, "Bad Request: no 'resource' in request query")
	}
	if !c.accepts("application/jrd+json", "application/json", "application/*") {
		return page(http.StatusNotAcceptable, "<!DOCTYPE html><title>406</title>")
	}
	name, host := h.world.splitResource(resource)
	if host != h.name && host != h.domain {
		return gtsSay(http.StatusBadRequest, "Bad Request: requested host "+host+" does not belong to this instance")
	}
	a, subject := h.subjectOf(name)
	switch {
	case a == nil:
		return h.refusal(noRecord)
	case a.gone:
		return gtsSay(http.StatusGone, "Gone")
	}
	return dataAs("application/jrd+json", a.jrd(subject))
}

// gtsActor wants a signature, which no client of the simulation makes.
func gtsActor(h *Host, c *call) *answer {
	if c.wantsActor() {
		return h.refusal(unsigned)
	}
	return gtsProfile(h, c)
}

func gtsProfile(h *Host, c *call) *answer {
	a := h.named(c)
	if a == nil || a.gone {
		return page(http.StatusNotFound, "<!DOCTYPE html><title>404</title>")
	}
	return profileOf(a)
}

func gtsLookup(h *Host, c *call) *answer {
	acct := strings.TrimPrefix(c.form.Get("acct"), "@")
	a := h.knownAs(acct)
	if a == nil || a.gone {
		return gtsSay(http.StatusNotFound, "Not Found: @"+acct+" not found")
	}
	return data(h.ways.entity(h, a, false))
}

// gtsSearch finds the exact account only; every trouble on the way is the same
// empty answer with 200.
func gtsSearch(h *Host, c *call) *answer {
	if c.form.Get("q") == "" {
		return gtsSay(http.StatusBadRequest, "Bad Request: required key q was not set or had empty value")
	}
	return data(h.results(h.search(c, c.flag("resolve"), nil)))
}

func gtsAccountSearch(h *Host, c *call) *answer {
	return data(h.results(h.search(c, c.flag("resolve"), nil)).Accounts)
}

// gtsFollow always answers requested:true first, locked or not; a moved account
// can be asked.
func gtsFollow(h *Host, c *call) *answer {
	f := h.postFollow(c)
	switch {
	case f == nil || f.target.gone || h.shuns(f.target.host):
		return h.refusal(noAccount)
	case f.target == f.follower:
		return h.refusal(selfFollow)
	case f.target.blocks[strings.ToLower(f.follower.handle())], f.follower.blocks[strings.ToLower(f.target.handle())]:
		return h.refusal(blockedFollow)
	}
	fresh := h.world.stateOf(f) != Accepted
	h.world.ask(f)
	f.set(c)
	r := fullRelation(h, f.follower, f.target)
	if fresh {
		r.Following, r.Requested, r.ShowingReblogs, r.Notifying = false, true, false, false
	}
	return data(r)
}

func outgoing(h *Host, c *call) *answer {
	accounts, shown, limit := h.pageOf(c, c.token.account.following, Pending)
	return h.linked(data(accounts), c, shown, limit, true)
}
