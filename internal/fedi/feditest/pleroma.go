package feditest

import (
	"net/http"
	"time"

	"godwit/internal/social"
)

// pleromaWays are those of Pleroma and Akkoma as their documentation and source
// tell them (fediverse-protocol.md §1.11); none was at hand to be recorded. The
// bound of ten follows in ten seconds is relations_actions of config.exs; its
// 429 has a sentence and no header.
var pleromaWays = manners{
	flavour:     social.Pleroma,
	software:    "akkoma",
	version:     "2.7.2 (compatible; Akkoma 3.15.2)",
	nodeVersion: "3.15.2",
	actorPath:   "/users/",
	profilePath: "/@",
	acceptAfter: acceptAfter,
	scoped:      true,
	anyBearer:   true,
	newID:       ulid,
	entity:      mastodonEntity,
	relation:    mastodonRelation,
	limit:       pleromaLimit,
	posting:     &holloPosting,
	problems:    listProblems,
	routes: append(listRoutes(),
		route{method: "GET", path: "/api/v2/search", needs: user, scope: "read:search", do: plainSearch(true)},
		route{method: "POST", path: "/api/pleroma/follow_import", needs: user, scope: "write:follows", do: pleromaImport}),
}

// mitraWays are those of Mitra by its source, as the protocol notes quote them:
// a search with type=accounts does not resolve.
var mitraWays = manners{
	flavour:     social.Mitra,
	software:    "mitra",
	version:     "4.0.0 (compatible; Mitra 3.20.0)",
	nodeVersion: "3.20.0",
	actorPath:   "/users/",
	profilePath: "/@",
	acceptAfter: acceptAfter,
	anyBearer:   true,
	newID:       uuid,
	entity:      mastodonEntity,
	relation:    mastodonRelation,
	posting:     &holloPosting,
	problems:    listProblems,
	routes: append(listRoutes(),
		route{method: "GET", path: "/api/v2/search", needs: user, do: plainSearch(false)},
		route{method: "GET", path: "/api/v1/follow_requests/outgoing", needs: user, do: outgoing},
		route{method: "POST", path: "/api/v1/settings/import_follows", needs: user, do: mitraImport}),
}

var listProblems = map[trouble]problem{
	noToken:       jsonProblem(401, "Invalid credentials."),
	revokedToken:  jsonProblem(401, "Invalid credentials."),
	appToken:      jsonProblem(403, "Invalid credentials."),
	narrowScope:   jsonProblem(403, "Insufficient permissions: write:follows."),
	noRecord:      jsonProblem(404, "Record not found"),
	noAccount:     jsonProblem(404, "Record not found"),
	noRoute:       jsonProblem(404, "Not found"),
	wrongMethod:   jsonProblem(404, "Not found"),
	selfFollow:    jsonProblem(403, "Can not follow yourself"),
	blockedFollow: jsonProblem(403, "Could not follow user: blocked"),
	tooMany:       jsonProblem(429, "Throttled"),
	badRequest:    jsonProblem(400, "Bad request"),
}

// listRoutes are what following needs of servers whose API is like Mastodon's.
func listRoutes() []route {
	return append(mastodonLikeRoutes(), []route{
		{method: "GET", path: "/api/v1/accounts/verify_credentials", needs: user, scope: "read:accounts", do: verifyCredentials},
		{method: "GET", path: "/api/v1/accounts/relationships", needs: user, scope: "read:follows", do: relationships(plenty)},
		{method: "GET", path: "/api/v1/accounts/{id}/following", needs: user, scope: "read:accounts", do: following(false)},
		{method: "POST", path: "/api/v1/accounts/{id}/follow", needs: user, scope: "write:follows", do: listFollow},
		{method: "POST", path: "/api/v1/accounts/{id}/unfollow", needs: user, scope: "write:follows", do: unfollow},
	}...)
}

// plainSearch finds the exact account only. typed says that it resolves also
// when a type is named.
func plainSearch(typed bool) func(*Host, *call) *answer {
	return func(h *Host, c *call) *answer {
		resolve := c.flag("resolve") && (typed || !c.form.Has("type"))
		return data(h.results(h.search(c, resolve, nil)))
	}
}

// listFollow answers with the truth: what is not accepted is requested.
func listFollow(h *Host, c *call) *answer {
	f := h.postFollow(c)
	if f == nil || f.target.gone {
		return h.refusal(noAccount)
	}
	if t, no := h.mayNotFollow(f); no {
		return h.refusal(t)
	}
	h.world.ask(f)
	f.set(c)
	return data(h.ways.relation(h, f.follower, f.target))
}

const (
	pleromaFollows = 10
	pleromaWindow  = 10 * time.Second
)

// pleromaLimit counts follows and unfollows of a user.
func pleromaLimit(h *Host, c *call) *answer {
	_, follow := matches("/api/v1/accounts/{id}/follow", c.r.URL.Path)
	_, unfollow := matches("/api/v1/accounts/{id}/unfollow", c.r.URL.Path)
	if c.r.Method != http.MethodPost || !follow && !unfollow || userKey(c) == "" {
		return nil
	}
	count := h.windows.open("relations "+userKey(c), pleromaWindow, false, c.now)
	if count.count++; count.count > pleromaFollows {
		return h.refusal(tooMany)
	}
	return nil
}
