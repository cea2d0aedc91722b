package feditest

import (
	"net/http"
	"strings"

	"godwit/internal/social"
)

// mastodonWays are those of Mastodon 4.5, from its source and documentation as
// the protocol notes quote them (fediverse-protocol.md §1, §2); no Mastodon was
// at hand to be recorded. The words of 401 and 404 are those of Doorkeeper and
// of Mastodon's error handling.
var mastodonWays = manners{
	flavour:     social.Mastodon,
	software:    "mastodon",
	version:     "4.5.4",
	nodeVersion: "4.5.4",
	actorPath:   "/users/",
	profilePath: "/@",
	acceptAfter: acceptAfter,
	scoped:      true,
	anyBearer:   true,
	newID:       snowflake,
	entity:      mastodonEntity,
	relation:    mastodonRelation,
	limit:       mastodonLimit,
	posting:     &mastodonPosting,
	problems: map[trouble]problem{
		noToken:       jsonProblem(401, "The access token is invalid"),
		revokedToken:  jsonProblem(401, "The access token was revoked"),
		appToken:      jsonProblem(422, "This method requires an authenticated user"),
		narrowScope:   jsonProblem(403, "This action is outside the authorized scopes"),
		noRecord:      jsonProblem(404, "Record not found"),
		noAccount:     jsonProblem(404, "Record not found"),
		noStatus:      jsonProblem(404, "Record not found"),
		othersStatus:  jsonProblem(404, "Record not found"),
		noRoute:       jsonProblem(404, "Not Found"),
		wrongMethod:   jsonProblem(404, "Not Found"),
		selfFollow:    jsonProblem(403, "This action is not allowed"),
		blockedFollow: jsonProblem(403, "This action is not allowed"),
		followCap:     jsonProblem(422, "Validation failed: You cannot follow more than 7500 people"),
		tooMany:       jsonProblem(429, "Too many requests"),
		unsigned:      jsonProblem(401, "Request not signed"),
	},
	routes: append(mastodonLikeRoutes(), []route{
		{method: "GET", path: "/.well-known/oauth-authorization-server", do: oauthMetadata},
		{method: "GET", path: "/settings/imports", do: importsPage},
		{method: "POST", path: "/settings/imports", do: importsUpload},
		{method: "GET", path: "/api/v1/instance/domain_blocks", do: domainBlocks},
		{method: "GET", path: "/api/v1/invites/{id}", do: invitation},
		{method: "GET", path: "/api/v1/accounts/verify_credentials", needs: user, scope: "profile", do: verifyCredentials},
		{method: "GET", path: "/api/v1/accounts/lookup", do: lookup},
		{method: "GET", path: "/api/v1/accounts/search", needs: user, scope: "read:accounts", do: mastodonAccountSearch},
		{method: "GET", path: "/api/v1/accounts/relationships", needs: user, scope: "read:follows", do: relationships(plenty)},
		{method: "GET", path: "/api/v2/search", do: mastodonSearch},
		{method: "POST", path: "/api/v1/statuses", needs: user, scope: "write:statuses", do: createStatus},
		{method: "GET", path: "/api/v1/statuses/{id}", needs: user, scope: "read:statuses", do: showStatus},
		{method: "DELETE", path: "/api/v1/statuses/{id}", needs: user, scope: "write:statuses", do: deleteStatus},
		{method: "GET", path: "/api/v1/accounts/{id}/statuses", needs: user, scope: "read:statuses", do: accountStatuses},
		{method: "POST", path: "/api/v2/media", needs: user, scope: "write:media", do: createFile},
		{method: "POST", path: "/api/v1/media", needs: user, scope: "write:media", do: createFile},
		{method: "GET", path: "/api/v1/media/{id}", needs: user, scope: "write:media", do: showFile},
		{method: "PUT", path: "/api/v1/media/{id}", needs: user, scope: "write:media", do: describeFile},
		{method: "GET", path: "/api/v1/accounts/{id}", do: accountByID},
		{method: "GET", path: "/api/v1/accounts/{id}/following", do: following(false)},
		{method: "POST", path: "/api/v1/accounts/{id}/follow", needs: user, scope: "write:follows", do: mastodonFollow},
		{method: "POST", path: "/api/v1/accounts/{id}/unfollow", needs: user, scope: "write:follows", do: unfollow},
	}...),
}

func jsonProblem(status int, sentence string) problem {
	return problem{status, "application/json; charset=utf-8", rawJSON(map[string]string{"error": sentence})}
}

// mastodonWebFinger is cacheable for three days, a refusal for three minutes.
// Upper case is no trouble to it.
func mastodonWebFinger(h *Host, c *call) *answer {
	const refused = "max-age=180, public"
	resource := c.form.Get("resource")
	if resource == "" {
		return text(http.StatusBadRequest, "text/html", "").with("Cache-Control", refused)
	}
	name, host := h.world.splitResource(resource)
	host = canonical(host)
	a, subject := h.subjectOf(name)
	if a == nil || host != h.name && host != h.domain {
		return text(http.StatusNotFound, "text/html", "").with("Cache-Control", refused)
	}
	if a.gone {
		return text(http.StatusGone, "text/html", "").with("Cache-Control", refused)
	}
	doc := a.jrd(subject)
	doc.Links = append(doc.Links, jrdLink{Rel: "http://ostatus.org/schema/1.0/subscribe", Template: h.url("/authorize_interaction?uri={uri}")})
	return dataAs("application/jrd+json; charset=utf-8", doc).with("Cache-Control", "max-age=259200, public")
}

// mastodonActor is the actor for servers and the page for people.
func mastodonActor(h *Host, c *call) *answer {
	a := h.named(c)
	switch {
	case a == nil:
		return page(http.StatusNotFound, "<!DOCTYPE html><title>The page you are looking for isn't here.</title>")
	case a.gone:
		return page(http.StatusGone, "<!DOCTYPE html><title>The page you were looking for doesn't exist here anymore.</title>")
	case !c.wantsActor():
		return profileOf(a)
	case h.secure:
		return h.refusal(unsigned)
	}
	return dataAs("application/activity+json; charset=utf-8", a.actorDoc()).with("Cache-Control", "max-age=180, public")
}

const searchWithoutUser = "Search queries that resolve remote resources are not supported without authentication"

// mastodonSearch needs a user only to resolve. Inexact hits follow the exact
// one, or come alone when there is none: a client that takes the first follows
// the wrong person.
func mastodonSearch(h *Host, c *call) *answer {
	if c.token == nil && (c.flag("resolve") || c.form.Has("offset")) {
		p := jsonProblem(http.StatusUnauthorized, searchWithoutUser)
		return text(p.status, p.kind, p.body)
	}
	if c.token != nil {
		if no := h.admit(&route{needs: user, scope: "read:search"}, c); no != nil {
			return no
		}
	}
	return data(h.results(h.search(c, c.flag("resolve"), namesakes)))
}

func mastodonAccountSearch(h *Host, c *call) *answer {
	return data(h.results(h.search(c, c.flag("resolve"), namesakes)).Accounts)
}

// namesakes are known accounts of the same domain whose name begins with the
// one asked for. That Mastodon's full-text search finds just these is an
// assumption; that it may answer with others than the one asked for is not.
func namesakes(h *Host, q string, limit int) []*Account {
	name, domain, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(q, "@")), "@")
	remote := h.world.at(domain)
	if remote == nil || name == "" {
		return nil
	}
	var found []*Account
	for _, a := range remote.order {
		other := strings.ToLower(a.user)
		if len(found) < limit && other != name && strings.HasPrefix(other, name) && h.ids[a] != "" && !a.gone {
			found = append(found, a)
		}
	}
	return found
}

// mastodonFollow answers following:true for an unlocked remote account at once,
// though the truth until the Accept is requested:true.
func mastodonFollow(h *Host, c *call) *answer {
	f := h.postFollow(c)
	if f == nil || f.target.gone {
		return h.refusal(noAccount)
	}
	if t, no := h.mayNotFollow(f); no {
		return h.refusal(t)
	}
	state := h.world.stateOf(f)
	if fresh := state != Pending && state != Accepted; fresh {
		if refused := h.spendFollow(c); refused != nil {
			return refused
		}
		h.world.ask(f)
	}
	f.set(c)
	h.tellFamily(c)
	r := mastodonRelation(h, f.follower, f.target)
	if r.Requested && !f.target.locked && f.target.host != h {
		r.Following, r.Requested, r.ShowingReblogs, r.Notifying = true, false, f.reblogs, f.notify
	}
	return data(r)
}

// mayNotFollow tells for good why a follow is refused.
func (h *Host) mayNotFollow(f *follow) (trouble, bool) {
	me, a := f.follower, f.target
	switch {
	case me == a:
		return selfFollow, true
	case a.movedTo != "", h.shuns(a.host),
		a.blocks[strings.ToLower(me.handle())], me.blocks[strings.ToLower(a.handle())]:
		return blockedFollow, true
	}
	return 0, false
}

// spendFollow counts a new follow against the day and against the most that an
// account may follow.
func (h *Host) spendFollow(c *call) *answer {
	if h.followsMost(c.token.account) {
		h.tellFamily(c)
		return h.refusal(followCap)
	}
	day := h.followFamily(c)
	if day.count >= h.limits.Follows {
		h.tellFamily(c)
		return h.refusal(tooMany)
	}
	day.count++
	return nil
}

// followsMost reports whether an account follows, or asked to, as many as it
// may: a tenth more than follow it, and FollowCap in any case.
func (h *Host) followsMost(me *Account) bool {
	if len(me.following) <= h.limits.FollowCap {
		return false
	}
	rows := 0
	for _, f := range me.following {
		if s := h.world.stateOf(f); s == Accepted || s == Pending {
			rows++
		}
	}
	return rows >= max(h.limits.FollowCap, countAccepted(h.world, me.followers)*11/10)
}

// mastodonLikeRoutes are those of Mastodon that servers with an API like its
// own have too: discovery, signing in, and what they tell of themselves.
func mastodonLikeRoutes() []route {
	return append(edgeRoutes(true), []route{
		{method: "GET", path: "/.well-known/webfinger", do: mastodonWebFinger},
		{method: "GET", path: "/.well-known/host-meta", do: hostMeta},
		{method: "GET", path: "/.well-known/nodeinfo", do: func(h *Host, _ *call) *answer { return h.nodeInfoLinks("2.0", "/nodeinfo/2.0") }},
		{method: "GET", path: "/nodeinfo/2.0", do: nodeInfo("2.0")},
		{method: "GET", path: "/users/{id}", do: mastodonActor},
		{method: "GET", path: "/@{id}", do: mastodonActor},
		{method: "GET", path: "/", do: frontPage},
		{method: "GET", path: "/oauth/authorize", do: authorizePage},
		{method: "POST", path: "/oauth/authorize", do: authorizeForm},
		{method: "POST", path: "/oauth/token", do: mastodonToken},
		{method: "POST", path: "/oauth/revoke", do: revoke},
		{method: "POST", path: "/api/v1/apps", do: mastodonApps},
		{method: "GET", path: "/api/v1/instance", do: instanceV1},
		{method: "GET", path: "/api/v2/instance", do: instanceV2},
	}...)
}
