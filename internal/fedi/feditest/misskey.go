package feditest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"godwit/internal/social"
)

// misskeyWays are those of Misskey 2024 as far as following needs them, by its
// source (packages/backend/src/server/api: ApiCallService, endpoints/following,
// endpoints/users, ApiServerService for MiAuth); none was at hand to be recorded.
var misskeyWays = manners{
	flavour:     social.Misskey,
	software:    "misskey",
	version:     "2024.11.0",
	nodeVersion: "2024.11.0",
	actorPath:   "/users/",
	profilePath: "/@",
	acceptAfter: acceptAfter,
	newID:       ulid,
	entity:      misskeyEntity,
	relation:    fullRelation,
	problems: map[trouble]problem{
		noRoute:     misskeyProblem(404, "UNKNOWN_API_ENDPOINT"),
		wrongMethod: misskeyProblem(405, "METHOD_NOT_ALLOWED"),
		noRecord:    {404, "text/html", ""},
	},
	routes: []route{
		{method: "GET", path: "/.well-known/webfinger", do: mastodonWebFinger},
		{method: "GET", path: "/.well-known/host-meta", do: hostMeta},
		{method: "GET", path: "/.well-known/nodeinfo", do: func(h *Host, _ *call) *answer { return h.nodeInfoLinks("2.1", "/nodeinfo/2.1") }},
		{method: "GET", path: "/nodeinfo/2.1", do: nodeInfo("2.1")},
		{method: "GET", path: "/users/{id}", do: mastodonActor},
		{method: "GET", path: "/@{id}", do: mastodonActor},
		{method: "GET", path: "/", do: frontPage},
		{method: "GET", path: "/miauth/{id}", do: miauthPage},
		{method: "POST", path: "/miauth/{id}", do: miauthForm},
		{method: "POST", path: "/api/miauth/{id}/check", do: miauthCheck},
		{method: "POST", path: "/api/meta", do: misskeyMeta},
		{method: "POST", path: "/api/i", do: misskeyUserOnly("read:account", func(h *Host, c *call) *answer { return data(misskeyEntity(h, c.token.account, true)) })},
		{method: "POST", path: "/api/users/show", do: misskeyShow},
		{method: "POST", path: "/api/users/relation", do: misskeyUserOnly("", misskeyRelation)},
		{method: "POST", path: "/api/users/following", do: misskeyFollowing},
		{method: "POST", path: "/api/following/create", do: misskeyUserOnly("write:following", misskeyCreate)},
		{method: "POST", path: "/api/following/delete", do: misskeyUserOnly("write:following", misskeyDelete)},
		{method: "POST", path: "/api/following/requests/cancel", do: misskeyUserOnly("write:following", misskeyCancel)},
	},
}

// misskeyPerHour is the limit of follows and of unfollows of a user, each, in
// any hour.
const misskeyPerHour = 100

func misskeyProblem(status int, code string) problem {
	return problem{status, "application/json; charset=utf-8",
		rawJSON(map[string]any{"error": map[string]string{"message": "simulated", "code": code, "id": "00000000-0000-4000-8000-000000000000", "kind": "client"}})}
}

func misskeyNo(status int, code string) *answer {
	p := misskeyProblem(status, code)
	return text(p.status, p.kind, p.body)
}

// misskeyUserOnly admits by the token in the body, and its permission.
func misskeyUserOnly(permission string, do func(*Host, *call) *answer) func(*Host, *call) *answer {
	return func(h *Host, c *call) *answer {
		c.token = h.tokens[c.form.Get("i")]
		switch {
		case !c.form.Has("i"):
			return misskeyNo(http.StatusUnauthorized, "CREDENTIAL_REQUIRED")
		case c.token == nil || c.token.revoked || c.token.account == nil:
			return misskeyNo(http.StatusUnauthorized, "AUTHENTICATION_FAILED")
		case c.token.account.login != "":
			return misskeyNo(http.StatusForbidden, "YOUR_ACCOUNT_SUSPENDED")
		case !covers(c.token.scopes, permission):
			return misskeyNo(http.StatusForbidden, "PERMISSION_DENIED")
		}
		return do(h, c)
	}
}

func misskeyEntity(h *Host, a *Account, _ bool) any {
	e := map[string]any{"id": h.learn(a), "username": a.user, "host": nil, "name": a.name, "uri": nil, "url": nil,
		"isLocked": a.locked, "isBot": a.kind == "Service", "movedTo": nil, "createdAt": a.created.Format("2006-01-02T15:04:05.000Z"),
		"followingCount": countAccepted(h.world, a.following), "followersCount": countAccepted(h.world, a.followers)}
	if a.host != h {
		e["host"], e["uri"], e["url"] = a.host.domain, a.actorID(), a.profile()
	}
	if _, id := a.moved(); id != "" {
		e["movedTo"] = id
	}
	return e
}

func misskeyMeta(h *Host, _ *call) *answer {
	return data(map[string]any{"name": h.title, "version": h.ways.version, "uri": h.url(""), "maxNoteTextLength": 3000, "serverRules": h.rules})
}

// misskeyShow resolves a remote name; every trouble on the way is the same 500.
func misskeyShow(h *Host, c *call) *answer {
	if domain := c.form.Get("host"); domain != "" && h.world.at(domain) != h {
		a, wait := h.resolve(c.form.Get("username")+"@"+domain, c.now)
		c.wait = wait
		if a == nil {
			return misskeyNo(http.StatusInternalServerError, "FAILED_TO_RESOLVE_REMOTE_USER")
		}
		return misskeyShown(h, a)
	}
	return misskeyShown(h, h.accounts[strings.ToLower(c.form.Get("username"))])
}

func misskeyShown(h *Host, a *Account) *answer {
	if a == nil || a.gone {
		return misskeyNo(http.StatusNotFound, "NO_SUCH_USER")
	}
	return data(misskeyEntity(h, a, false))
}

func misskeyRelation(h *Host, c *call) *answer {
	out := []map[string]any{}
	me := c.token.account
	for _, id := range c.list("userId") {
		a := h.known[id]
		if a == nil {
			continue
		}
		state := h.world.stateOf(h.world.between(me, a))
		out = append(out, map[string]any{"id": id, "isFollowing": state == Accepted, "hasPendingFollowRequestFromYou": state == Pending,
			"isBlocking": me.blocks[strings.ToLower(a.handle())], "isBlocked": a.blocks[strings.ToLower(me.handle())], "isMuted": false})
	}
	return data(out)
}

// misskeyFollowing pages by the follow's own id.
func misskeyFollowing(h *Host, c *call) *answer {
	a := h.known[c.form.Get("userId")]
	if a == nil {
		return misskeyNo(http.StatusBadRequest, "NO_SUCH_USER")
	}
	c.form.Set("max_id", c.form.Get("untilId"))
	_, shown, _ := h.pageOf(c, a.following, Accepted)
	out := []map[string]any{}
	for _, f := range shown {
		out = append(out, map[string]any{"id": strconv.FormatInt(f.id, 10), "followee": misskeyEntity(h, f.target, false)})
	}
	return data(out)
}

// spendHour counts an act of a user against its limit in any hour.
func (h *Host) spendHour(act string, c *call) *answer {
	key := act + " @" + c.token.account.user
	recent := h.hours[key]
	for len(recent) > 0 && c.now.Sub(recent[0]) >= time.Hour {
		recent = recent[1:]
	}
	if len(recent) >= misskeyPerHour {
		return misskeyNo(http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED")
	}
	h.hours[key] = append(recent, c.now)
	return nil
}

func misskeyCreate(h *Host, c *call) *answer {
	if no := h.spendHour("create", c); no != nil {
		return no
	}
	c.id = c.form.Get("userId")
	f := h.postFollow(c)
	switch {
	case f == nil || f.target.gone:
		return misskeyNo(http.StatusBadRequest, "NO_SUCH_USER")
	case f.target == f.follower:
		return misskeyNo(http.StatusBadRequest, "FOLLOWEE_IS_YOURSELF")
	case h.world.stateOf(f) == Accepted:
		return misskeyNo(http.StatusBadRequest, "ALREADY_FOLLOWING")
	case f.follower.blocks[strings.ToLower(f.target.handle())]:
		return misskeyNo(http.StatusBadRequest, "BLOCKING")
	case f.target.blocks[strings.ToLower(f.follower.handle())]:
		return misskeyNo(http.StatusBadRequest, "BLOCKED")
	}
	h.world.ask(f)
	return data(misskeyEntity(h, f.target, false))
}

func misskeyDelete(h *Host, c *call) *answer {
	if no := h.spendHour("delete", c); no != nil {
		return no
	}
	return h.misskeyEnd(c, Accepted, "NOT_FOLLOWING")
}

func misskeyCancel(h *Host, c *call) *answer {
	return h.misskeyEnd(c, Pending, "FOLLOW_REQUEST_NOT_FOUND")
}

// misskeyEnd ends a follow in one state.
func (h *Host) misskeyEnd(c *call, state FollowState, otherwise string) *answer {
	a := h.known[c.form.Get("userId")]
	if a == nil {
		return misskeyNo(http.StatusBadRequest, "NO_SUCH_USER")
	}
	f := h.world.between(c.token.account, a)
	if h.world.stateOf(f) != state {
		return misskeyNo(http.StatusBadRequest, otherwise)
	}
	f.active = false
	return data(misskeyEntity(h, a, false))
}

func miauthPage(h *Host, c *call) *answer {
	return h.show(http.StatusOK, "signin", view{Title: "Sign in", App: c.form.Get("name"), Accounts: h.users()})
}

// miauthForm asks once more, then lets the session be, and sends the browser
// back with its id.
func miauthForm(h *Host, c *call) *answer {
	a := h.accounts[strings.ToLower(c.form.Get("account"))]
	scopes := strings.ReplaceAll(c.form.Get("permission"), ",", " ")
	switch {
	case a == nil:
		return h.show(http.StatusUnprocessableEntity, "error", view{Title: "Sign in", Text: "Nobody of that name is here."})
	case c.form.Get("decision") == "":
		return h.show(http.StatusOK, "consent", view{Title: "Authorize", App: c.form.Get("name"), Account: a.user, Scopes: strings.Fields(scopes)})
	case c.form.Get("decision") != "allow":
		return h.show(http.StatusOK, "error", view{Title: "Denied", Text: "You can close this page."})
	}
	h.sessions[c.id] = h.issue(nil, a, scopes)
	back, err := url.Parse(c.form.Get("callback"))
	if err != nil || back.Host == "" {
		return h.show(http.StatusOK, "error", view{Title: "Allowed", Text: "Go back to the application."})
	}
	q := back.Query()
	q.Set("session", c.id)
	back.RawQuery = q.Encode()
	return redirect(http.StatusFound, back.String())
}

// miauthCheck gives a session's token once.
func miauthCheck(h *Host, c *call) *answer {
	t := h.sessions[c.id]
	delete(h.sessions, c.id)
	if t == nil {
		return data(map[string]any{"ok": false})
	}
	return data(map[string]any{"ok": true, "token": t.value, "user": misskeyEntity(h, t.account, false)})
}
