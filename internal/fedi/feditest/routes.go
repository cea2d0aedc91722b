package feditest

import (
	"net/http"
	"strings"
	"time"

	"godwit/internal/social"
)

// manners are the ways of one flavour: what is data stands here, what is
// behaviour stands in the functions its routes name.
type manners struct {
	flavour     social.Flavour
	software    string
	version     string // as the API tells it
	nodeVersion string // as NodeInfo tells it
	actorPath   string // before the user's name
	profilePath string
	routes      []route
	problems    map[trouble]problem
	acceptAfter time.Duration // until an Accept from an account here is back
	threads     int           // requests worked on at once; 0 is plenty
	scoped      bool          // a token's scopes are enforced
	anyBearer   bool          // "bearer" in lower case will do
	newID       func(*Host, *Account) string
	entity      func(h *Host, a *Account, own bool) any
	relation    func(h *Host, me, a *Account) relationship
	limit       func(*Host, *call) *answer // nil answer: go on
	posting     *posting
	serverLimit func(h *Host, from string, cost int, now time.Time) bool
}

// route is one endpoint of a flavour.
type route struct {
	method string
	path   string // one segment may be {id}
	needs  needs
	scope  string
	do     func(*Host, *call) *answer
}

// needs is who may call a route.
type needs int

const (
	anybody     needs = iota
	user              // a token with an account
	userElse422       // the same, refused with 422 instead of 401 (snac)
)

// trouble is a reason to refuse.
type trouble int

const (
	noToken trouble = iota
	noToken422
	revokedToken
	appToken
	narrowScope
	noRecord
	noAccount
	noStatus
	othersStatus
	noRoute
	wrongMethod
	selfFollow
	blockedFollow
	followCap
	tooMany
	badRequest
	unsigned
)

// problem is how a flavour words a trouble.
type problem struct {
	status int
	kind   string // content type
	body   string
}

func waysOf(flavour social.Flavour) *manners {
	switch flavour {
	case social.Mastodon:
		return &mastodonWays
	case social.GoToSocial:
		return &gtsWays
	case social.Snac:
		return &snacWays
	case social.Pleroma:
		return &pleromaWays
	case social.Misskey:
		return &misskeyWays
	case social.Mitra:
		return &mitraWays
	case social.FlavourOther:
		return &holloWays
	case social.FlavourNone:
		return &plainWays
	}
	panic("feditest: no recordings of the flavour " + string(flavour))
}

// plainWays are those of a web site that knows nothing of the fediverse.
var plainWays = manners{
	flavour: social.FlavourNone,
	problems: map[trouble]problem{
		noRoute:     {http.StatusNotFound, "text/html", "<!DOCTYPE html><title>Not found</title><h1>Not found</h1>"},
		wrongMethod: {http.StatusMethodNotAllowed, "text/html", "<!DOCTYPE html><title>No</title>"},
	},
	actorPath: "/", profilePath: "/", newID: actorSum,
	routes: []route{{method: "GET", path: "/", do: func(h *Host, c *call) *answer {
		return page(http.StatusOK, "<!DOCTYPE html><title>"+h.name+"</title><p>A site like any other.</p>")
	}}},
}

// refusal words a trouble in the host's manner.
func (h *Host) refusal(t trouble) *answer {
	p, ok := h.ways.problems[t]
	if !ok {
		p = h.ways.problems[noRoute]
	}
	return text(p.status, p.kind, p.body)
}

// handle answers one request in the host's manner; w.mu is held.
func (h *Host) handle(c *call) *answer {
	h.workImports(c.now)
	c.token = h.tokenOf(c)
	if h.ways.limit != nil {
		if a := h.ways.limit(h, c); a != nil {
			return a
		}
	}
	a := h.route(c)
	c.limit.tell(a)
	return a.after(c.wait)
}

func (h *Host) route(c *call) *answer {
	if c.asked != h.name {
		return h.handleDomain(c)
	}
	found := false
	for i := range h.ways.routes {
		r := &h.ways.routes[i]
		id, ok := matches(r.path, c.r.URL.Path)
		if !ok {
			continue
		}
		if r.method != c.r.Method {
			found = true
			continue
		}
		c.id = id
		if no := h.admit(r, c); no != nil {
			return no
		}
		return r.do(h, c)
	}
	if found {
		return h.refusal(wrongMethod)
	}
	return h.refusal(noRoute)
}

// matches compares a path with a pattern in which {id} stands for one segment.
func matches(pattern, path string) (id string, ok bool) {
	before, after, wild := strings.Cut(pattern, "{id}")
	if !wild {
		return "", pattern == path
	}
	if !strings.HasPrefix(path, before) || !strings.HasSuffix(path, after) || len(path) <= len(before)+len(after) {
		return "", false
	}
	id = path[len(before) : len(path)-len(after)]
	return id, !strings.Contains(id, "/")
}

// admit checks the token against what a route needs.
func (h *Host) admit(r *route, c *call) *answer {
	if r.needs == anybody {
		return nil
	}
	switch {
	case c.token == nil && r.needs == userElse422:
		return h.refusal(noToken422)
	case c.token == nil:
		return h.refusal(noToken)
	case c.token.revoked:
		return h.refusal(revokedToken)
	case c.token.account == nil:
		return h.refusal(appToken)
	case c.token.account.login != "":
		return loginRefusal(c.token.account.login)
	case h.ways.scoped && !covers(c.token.scopes, r.scope):
		return h.refusal(narrowScope)
	}
	return nil
}

// covers reports whether granted scopes hold the needed one: itself, its parent
// ("read" for "read:accounts"), or "follow" for those it is short for.
func covers(granted, needed string) bool {
	if needed == "" {
		return true
	}
	parent, family, _ := strings.Cut(needed, ":")
	for scope := range strings.FieldsSeq(granted) {
		switch {
		case scope == needed, scope == parent:
			return true
		case scope == "follow" && (family == "follows" || family == "blocks" || family == "mutes"):
			return true
		case scope == "profile" && needed == "profile", scope == "read:accounts" && needed == "profile", scope == "read" && needed == "profile":
			return true
		}
	}
	return false
}
