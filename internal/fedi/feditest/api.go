package feditest

import (
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"strings"
)

func verifyCredentials(h *Host, c *call) *answer {
	return data(h.ways.entity(h, c.token.account, true))
}

func loginRefusal(kind string) *answer {
	sentence := map[string]string{
		"pending":     "Your login is currently pending approval",
		"unconfirmed": "Your login is missing a confirmed e-mail address",
	}[kind]
	if sentence == "" {
		sentence = "Your login is currently disabled"
	}
	return text(http.StatusForbidden, "application/json", rawJSON(map[string]string{"error": sentence}))
}

// lookup answers only with accounts that the host knows already; it never asks
// another server.
func lookup(h *Host, c *call) *answer {
	a := h.knownAs(c.form.Get("acct"))
	if a == nil || a.gone {
		return h.refusal(noRecord)
	}
	return data(h.ways.entity(h, a, false))
}

// knownAs finds user, user@domain or @user@domain among the accounts known here.
func (h *Host) knownAs(acct string) *Account {
	acct = strings.TrimPrefix(acct, "@")
	if !strings.Contains(acct, "@") {
		return h.accounts[strings.ToLower(acct)]
	}
	a := h.world.find(acct)
	if a == nil || h.ids[a] == "" {
		return nil
	}
	return a
}

type searchResult struct {
	Accounts []any    `json:"accounts"`
	Statuses []string `json:"statuses"`
	Hashtags []string `json:"hashtags"`
}

func (h *Host) results(accounts []*Account) searchResult {
	found := searchResult{Accounts: []any{}, Statuses: []string{}, Hashtags: []string{}}
	for _, a := range accounts {
		found.Accounts = append(found.Accounts, h.ways.entity(h, a, false))
	}
	return found
}

// isHandle reports whether q asks for one account by its handle; "acct:" in
// front makes it mere words.
func isHandle(q string) bool {
	user, domain, found := strings.Cut(strings.TrimPrefix(q, "@"), "@")
	return found && user != "" && domain != "" && !strings.ContainsAny(q, ": /")
}

// exact finds the one account that q names, by handle or address. Asking
// another server for it takes time (c.wait).
func (h *Host) exact(c *call, q string, resolve bool) *Account {
	a := h.knownAs(q)
	switch {
	case strings.HasPrefix(q, "https://"):
		if a = h.world.byURL(q); a == nil {
			return nil
		}
		q = a.handle()
	case !isHandle(q):
		return nil
	}
	if a != nil && h.ids[a] != "" {
		return alive(a)
	}
	if !resolve {
		return nil
	}
	a, c.wait = h.resolve(q, c.now)
	return a
}

// alive is a itself unless it was deleted.
func alive(a *Account) *Account {
	if a.gone {
		return nil
	}
	return a
}

// search finds the accounts for a query: the exact one first, then what extra
// adds, a flavour's inexact hits.
func (h *Host) search(c *call, resolve bool, extra func(*Host, string, int) []*Account) []*Account {
	q := strings.TrimSpace(c.form.Get("q"))
	limit := c.number("limit", pageDefault, pageMax)
	var found []*Account
	if hit := h.exact(c, q, resolve); hit != nil {
		found = append(found, hit)
	}
	if extra != nil && len(found) < limit {
		found = append(found, extra(h, q, limit-len(found))...)
	}
	return found
}

// number reads a whole number of a parameter, at most max.
func (c *call) number(name string, otherwise, max int) int {
	n, err := strconv.Atoi(c.form.Get(name))
	if err != nil || n < 1 {
		return otherwise
	}
	return min(n, max)
}

func accountByID(h *Host, c *call) *answer {
	a := h.known[c.id]
	if a == nil {
		return h.refusal(noRecord)
	}
	return data(h.ways.entity(h, a, false))
}

// postFollow counts a follow's POST and finds its target; nil when there is none.
func (h *Host) postFollow(c *call) *follow {
	target := h.known[c.id]
	h.world.count(h.name, func(s *Stats) { s.FollowPosts++ })
	if target == nil {
		return nil
	}
	f := h.world.row(c.token.account, target)
	f.posts++
	return f
}

// set takes over the options that a follow gives.
func (f *follow) set(c *call) {
	if c.form.Has("reblogs") {
		f.reblogs = c.flag("reblogs")
	}
	if c.form.Has("notify") {
		f.notify = c.flag("notify")
	}
}

func unfollow(h *Host, c *call) *answer {
	target := h.known[c.id]
	if target == nil {
		return h.refusal(noAccount)
	}
	if f := h.world.between(c.token.account, target); f != nil {
		f.active = false
	}
	return data(h.ways.relation(h, c.token.account, target))
}

// relationships answers for the first most of the ids asked for; unknown ones
// are left out.
func relationships(most int) func(*Host, *call) *answer {
	return func(h *Host, c *call) *answer {
		out := []relationship{}
		for _, id := range c.list("id")[:min(most, len(c.list("id")))] {
			if a := h.known[id]; a != nil {
				out = append(out, h.ways.relation(h, c.token.account, a))
			}
		}
		return data(out)
	}
}

// plenty is for answers without a bound of their own.
const plenty = 1 << 20

// pageOf lists the accounts of rows in one state, newest first, one page at a
// time by the row's id.
func (h *Host) pageOf(c *call, rows []*follow, state FollowState) ([]any, []*follow, int) {
	limit := c.number("limit", pageDefault, pageMax)
	below, err := strconv.ParseInt(c.form.Get("max_id"), 10, 64)
	if err != nil {
		below = 1<<63 - 1
	}
	var wanted []*follow
	for _, f := range rows {
		if f.id < below && h.world.stateOf(f) == state {
			wanted = append(wanted, f)
		}
	}
	sort.Slice(wanted, func(i, j int) bool { return wanted[i].id > wanted[j].id })
	wanted = wanted[:min(limit, len(wanted))]
	accounts := []any{}
	for _, f := range wanted {
		accounts = append(accounts, h.ways.entity(h, f.target, false))
	}
	return accounts, wanted, limit
}

// linked adds the Link header of a page.
func (h *Host) linked(a *answer, c *call, shown []*follow, limit int, next bool) *answer {
	if len(shown) == 0 {
		return a
	}
	base := fmt.Sprintf("%s?limit=%d", h.url(c.r.URL.Path), limit)
	link := fmt.Sprintf(`<%s&min_id=%d>; rel="prev"`, base, shown[0].id)
	if next {
		link = fmt.Sprintf(`<%s&max_id=%d>; rel="next", `, base, shown[len(shown)-1].id) + link
	}
	return a.with("Link", link)
}

// following lists whom an account follows. always says that a next page is
// named even when this one is not full, as GoToSocial does.
func following(always bool) func(*Host, *call) *answer {
	return func(h *Host, c *call) *answer {
		a := h.known[c.id]
		if a == nil {
			return h.refusal(noRecord)
		}
		accounts, shown, limit := h.pageOf(c, a.following, Accepted)
		return h.linked(data(accounts), c, shown, limit, always || len(shown) == limit)
	}
}
