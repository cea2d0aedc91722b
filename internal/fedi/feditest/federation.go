package feditest

import (
	"net/url"
	"strings"
	"time"
)

// askedBy is another server asking this one for something at a cost in
// requests. It reports whether the answer was of use and how long it took; w.mu
// is held.
func (h *Host) askedBy(from *Host, path string, cost int, now time.Time) (ok bool, wait time.Duration) {
	h.world.count(h.name, func(s *Stats) { s.Federated += cost })
	if failed, wait := h.strikeServer(path); failed {
		return false, wait
	} else if h.ways.serverLimit == nil {
		return true, wait
	} else {
		return h.ways.serverLimit(h, from.name, cost, now), wait
	}
}

// resolve is what a home server does for a search with resolve=true: it asks the
// account's own server. Every trouble is the same empty answer; w.mu is held.
func (h *Host) resolve(handle string, now time.Time) (*Account, time.Duration) {
	user, domain, _ := strings.Cut(strings.TrimPrefix(handle, "@"), "@")
	remote := h.world.at(domain)
	if user == "" || remote == nil || h.shuns(remote) {
		return nil, 0
	}
	a := h.world.find(user + "@" + domain)
	if a != nil && h.ids[a] != "" {
		return a, 0
	}
	if remote == h {
		return nil, 0
	}
	ok, wait := remote.askedBy(h, "/.well-known/webfinger", resolveCost, now)
	if !ok || a == nil || a.gone {
		return nil, wait
	}
	if a.host != remote { // an alias: the account's own server is asked as well
		return h.resolve(a.handle(), now)
	}
	h.learn(a)
	return a, wait
}

// byURL finds the account that a profile's address or actor id names.
func (w *World) byURL(text string) *Account {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" {
		return nil
	}
	h := w.hosts[canonical(u.Host)]
	if h == nil {
		return nil
	}
	path := strings.TrimSuffix(u.Path, "/")
	for _, prefix := range []string{"/users/", "/@", "/"} {
		if user, found := strings.CutPrefix(path, prefix); found && !strings.Contains(user, "/") {
			return h.accounts[strings.ToLower(user)]
		}
	}
	return nil
}
