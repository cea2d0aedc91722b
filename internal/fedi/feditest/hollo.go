package feditest

import "godwit/internal/social"

// holloWays are those of Hollo 0.6 as far as they were recorded, for posting in
// the main (recordings of version 0.6.20): it honours an Idempotency-Key, posts
// at once whatever date is given, and falls over what it does not know. The
// flavour is FlavourOther, of which it is the one that is simulated.
var holloWays = manners{
	flavour:     social.FlavourOther,
	software:    "hollo",
	version:     "0.6.20",
	nodeVersion: "0.6.20",
	actorPath:   "/@",
	profilePath: "/@",
	acceptAfter: acceptAfter,
	scoped:      true,
	anyBearer:   true,
	newID:       uuid,
	entity:      mastodonEntity,
	relation:    mastodonRelation,
	posting:     &holloPosting,
	problems: map[trouble]problem{
		noToken:      jsonProblem(401, "unauthorized"),
		revokedToken: jsonProblem(401, "invalid_token"),
		appToken:     jsonProblem(401, "unauthorized"),
		narrowScope:  jsonProblem(403, "insufficient_scope"),
		noRecord:     jsonProblem(404, "Record not found"),
		noAccount:    jsonProblem(404, "Record not found"),
		noStatus:     jsonProblem(404, "Record not found"),
		othersStatus: jsonProblem(404, "Record not found"),
		noRoute:      {404, "text/plain; charset=UTF-8", "404 Not Found"},
		wrongMethod:  {404, "text/plain; charset=UTF-8", "404 Not Found"},
		badRequest:   jsonProblem(400, "invalid_request"),
	},
	routes: []route{
		{method: "GET", path: "/.well-known/webfinger", do: mastodonWebFinger},
		{method: "GET", path: "/.well-known/nodeinfo", do: func(h *Host, _ *call) *answer { return h.nodeInfoLinks("2.1", "/nodeinfo/2.1") }},
		{method: "GET", path: "/nodeinfo/2.1", do: nodeInfo("2.1")},
		{method: "GET", path: "/.well-known/oauth-authorization-server", do: oauthMetadata},
		{method: "GET", path: "/@{id}", do: mastodonActor},
		{method: "GET", path: "/oauth/authorize", do: authorizePage},
		{method: "POST", path: "/oauth/authorize", do: authorizeForm},
		{method: "POST", path: "/oauth/token", do: mastodonToken},
		{method: "POST", path: "/oauth/revoke", do: revoke},
		{method: "POST", path: "/api/v1/apps", do: mastodonApps},
		{method: "GET", path: "/api/v2/instance", do: instanceV2},
		{method: "GET", path: "/api/v1/accounts/verify_credentials", needs: user, scope: "read:accounts", do: verifyCredentials},
		{method: "POST", path: "/api/v1/statuses", needs: user, scope: "write:statuses", do: createStatus},
		{method: "GET", path: "/api/v1/statuses/{id}", needs: user, scope: "read:statuses", do: showStatus},
		{method: "DELETE", path: "/api/v1/statuses/{id}", needs: user, scope: "write:statuses", do: deleteStatus},
		{method: "GET", path: "/api/v1/accounts/{id}/statuses", needs: user, scope: "read:statuses", do: accountStatuses},
		{method: "POST", path: "/api/v2/media", needs: user, scope: "write:media", do: createFile},
		{method: "POST", path: "/api/v1/media", needs: user, scope: "write:media", do: createFile},
		{method: "GET", path: "/api/v1/media/{id}", needs: user, scope: "write:media", do: showFile},
		{method: "PUT", path: "/api/v1/media/{id}", needs: user, scope: "write:media", do: describeFile},
	},
}
