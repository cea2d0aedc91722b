package feditest

import (
	"slices"
	"strconv"
	"strings"
)

// personList is a list of an account's, with its members.
type personList struct {
	id      string
	owner   *Account
	title   string
	members []*Account
}

const maxLists = 50 // of Mastodon; List::PER_ACCOUNT_LIMIT

// mark mutes or blocks, or ends that. A block ends the follow between the two.
func mark(set func(me *Account) map[string]bool, on bool) func(*Host, *call) *answer {
	return func(h *Host, c *call) *answer {
		a := h.known[c.id]
		if a == nil {
			return h.refusal(noAccount)
		}
		me := c.token.account
		if on {
			set(me)[strings.ToLower(a.handle())] = true
		} else {
			delete(set(me), strings.ToLower(a.handle()))
		}
		if f := h.world.between(me, a); f != nil && me.blocks[strings.ToLower(a.handle())] {
			f.active = false
		}
		return data(h.ways.relation(h, me, a))
	}
}

func blocksOf(a *Account) map[string]bool { return a.blocks }
func mutesOf(a *Account) map[string]bool  { return a.mutes }

// edgeRoutes are those of mutes, blocks and lists. anyAsked says that a list
// takes also whom the account only asked (Mastodon); GoToSocial takes accepted
// follows only (recordings/gotosocial.md).
func edgeRoutes(anyAsked bool) []route {
	return []route{
		{method: "POST", path: "/api/v1/accounts/{id}/mute", needs: user, scope: "write:mutes", do: mark(mutesOf, true)},
		{method: "POST", path: "/api/v1/accounts/{id}/unmute", needs: user, scope: "write:mutes", do: mark(mutesOf, false)},
		{method: "POST", path: "/api/v1/accounts/{id}/block", needs: user, scope: "write:blocks", do: mark(blocksOf, true)},
		{method: "POST", path: "/api/v1/accounts/{id}/unblock", needs: user, scope: "write:blocks", do: mark(blocksOf, false)},
		{method: "GET", path: "/api/v1/lists", needs: user, scope: "read:lists", do: showLists},
		{method: "POST", path: "/api/v1/lists", needs: user, scope: "write:lists", do: makeList},
		{method: "DELETE", path: "/api/v1/lists/{id}", needs: user, scope: "write:lists", do: dropList},
		{method: "POST", path: "/api/v1/lists/{id}/accounts", needs: user, scope: "write:lists", do: enlist(anyAsked)},
		{method: "DELETE", path: "/api/v1/lists/{id}/accounts", needs: user, scope: "write:lists", do: delist},
	}
}

type apiList struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

func showLists(h *Host, c *call) *answer {
	out := []apiList{}
	for _, l := range h.lists {
		if l.owner == c.token.account {
			out = append(out, apiList{l.id, l.title})
		}
	}
	return data(out)
}

func makeList(h *Host, c *call) *answer {
	mine := 0
	for _, l := range h.lists {
		if l.owner == c.token.account {
			mine++
		}
	}
	if title := c.form.Get("title"); title == "" || len(title) > 256 || mine >= maxLists {
		return invalid("Validation failed: Title is too long, or you have reached the maximum number of lists")
	}
	h.world.serial++
	l := &personList{id: strconv.FormatInt(h.world.serial, 10), owner: c.token.account, title: c.form.Get("title")}
	h.lists = append(h.lists, l)
	return data(apiList{l.id, l.title})
}

func (h *Host) listOf(c *call) *personList {
	i := slices.IndexFunc(h.lists, func(l *personList) bool { return l.id == c.id && l.owner == c.token.account })
	if i < 0 {
		return nil
	}
	return h.lists[i]
}

func dropList(h *Host, c *call) *answer {
	l := h.listOf(c)
	if l == nil {
		return h.refusal(noRecord)
	}
	h.lists = slices.DeleteFunc(h.lists, func(x *personList) bool { return x == l })
	return data(map[string]string{})
}

// enlist is all or nothing: 404 when one of the accounts is not followed, 422
// when one is on the list.
func enlist(anyAsked bool) func(*Host, *call) *answer {
	return func(h *Host, c *call) *answer {
		l := h.listOf(c)
		if l == nil {
			return h.refusal(noRecord)
		}
		for _, id := range c.list("account_ids") {
			a := h.known[id]
			if a == nil {
				return h.refusal(noRecord)
			}
			state := h.world.stateOf(h.world.between(l.owner, a))
			if state != Accepted && !(anyAsked && state == Pending) {
				return h.refusal(noRecord)
			}
			if slices.Contains(l.members, a) {
				return invalid("Validation failed: Account has already been taken")
			}
			l.members = append(l.members, a)
		}
		return data(map[string]string{})
	}
}

func delist(h *Host, c *call) *answer {
	l := h.listOf(c)
	if l == nil {
		return h.refusal(noRecord)
	}
	for _, id := range c.list("account_ids") {
		a := h.known[id]
		if a == nil || !slices.Contains(l.members, a) {
			return h.refusal(noRecord)
		}
		l.members = slices.DeleteFunc(l.members, func(x *Account) bool { return x == a })
	}
	return data(map[string]string{})
}

// Edges is the truth about the mutes, blocks and lists of user@host: "muted
// a@b.test", "blocked …", "listed TITLE a@b.test", and "list TITLE", sorted.
func (w *World) Edges(handle string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.must(handle)
	out := []string{}
	for other := range a.mutes {
		out = append(out, "muted "+other)
	}
	for other := range a.blocks {
		out = append(out, "blocked "+other)
	}
	for _, l := range a.host.lists {
		if l.owner != a {
			continue
		}
		out = append(out, "list "+l.title)
		for _, m := range l.members {
			out = append(out, "listed "+l.title+" "+m.handle())
		}
	}
	slices.Sort(out)
	return out
}

// Muting makes the account mute others, given by handle.
func Muting(handles ...string) AccountOption {
	return func(a *Account) {
		for _, handle := range handles {
			a.mutes[strings.ToLower(handle)] = true
		}
	}
}
