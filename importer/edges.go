package importer

import (
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/social"
)

// edgeReader reads {"following":{"accountId":"…","userLink":"…"}} and its like.
func (r *reading) edgeReader(element string, kind social.EdgeKind) func(jsontext.Value) error {
	return func(v jsontext.Value) error {
		n := id(get(v, element, "accountId"))
		if n == 0 || tooDeep(v) {
			return errShape
		}
		return r.edge(kind, n, social.Account{})
	}
}

// edge gives an Edge to account n once, with what is known of it.
func (r *reading) edge(kind social.EdgeKind, n int64, a social.Account) error {
	before, known := r.edges[n]
	if !known && r.fullUp() {
		return nil
	}
	set := before | edgeBits[kind]
	if a.Username != "" {
		set |= hasName
	}
	r.edges[n] = set
	if before&edgeBits[kind] == 0 {
		r.countEdge(kind)
	}
	a.Network, a.NativeID = social.X, decimal(n)
	return r.give(social.Record{Edge: kind, Account: a})
}

// edgeByName gives an Edge to an account whose id the source does not tell.
func (r *reading) edgeByName(kind social.EdgeKind, a social.Account) error {
	key := strings.ToLower(a.Username)
	before, known := r.byName[key]
	if !known && r.fullUp() {
		return nil
	}
	r.byName[key] = before | edgeBits[kind] | hasName
	if before&edgeBits[kind] == 0 {
		r.countEdge(kind)
	}
	a.Network = social.X
	return r.give(social.Record{Edge: kind, Account: a})
}

// fullUp reports whether no more accounts are taken, and says so once.
func (r *reading) fullUp() bool {
	if len(r.edges)+len(r.byName) < maxAccounts {
		return false
	}
	if !r.saidFull {
		r.saidFull = true
		r.e.warn(tooManyAccounts())
	}
	return true
}

func (r *reading) countEdge(kind social.EdgeKind) {
	switch kind {
	case social.Following:
		r.counts.Following++
	case social.Follower:
		r.counts.Followers++
	case social.Blocked:
		r.counts.Blocked++
	case social.Muted:
		r.counts.Muted++
	}
}

func (r *reading) give(x social.Record) error {
	if !r.yield(x, nil) {
		return errEnough
	}
	return nil
}

// listReader reads {"userListInfo":{"url":"https://twitter.com/name/lists/1"}};
// the 2018 form has one element with several "urls". The owner's lists are
// those made and those subscribed to; lists that others put the owner on are
// counted by themselves.
func (r *reading) listReader(lists map[string]bool, count *int) func(jsontext.Value) error {
	return func(v jsontext.Value) error {
		info := get(v, "userListInfo")
		urls := [][]byte{get(info, "url")}
		for u := range elementsOf(get(info, "urls")) {
			urls = append(urls, u)
		}
		some := false
		for _, u := range urls {
			if link := strings.ToLower(r.text.text(u)); link != "" && len(lists) < maxAccounts {
				some = true
				lists[link] = true
			}
		}
		*count = len(lists)
		if !some {
			return errShape
		}
		return nil
	}
}

// sayLists says how the owner's lists are called, as far as X tells: in their
// addresses, which hold a title in old exports and a number since.
func (r *reading) sayLists() {
	var titles []string
	for link := range r.lists {
		if title := listTitle(link); title != "" {
			titles = append(titles, title)
		}
	}
	if len(titles) > 0 {
		slices.Sort(titles)
		r.e.warn(listsAlone(len(r.lists), titles[:min(len(titles), maxTitles)]))
	}
}

// listTitle is the title in the address of a list, as far as it tells one.
func listTitle(link string) string {
	_, title, ok := strings.Cut(link, "/lists/")
	if text, err := url.PathUnescape(title); err == nil {
		title = text
	}
	if title = strings.Trim(title, "/"); !ok || id([]byte(title)) > 0 {
		return ""
	}
	return social.Printable(title, social.MaxName)
}

// giveNames gives what posts told of names, in the order of ids.
func (r *reading) giveNames() error {
	seen := r.e.ExportedAt()
	if seen.IsZero() {
		seen = r.posts.newest()
	}
	for n, c := range r.names.settled() {
		if decimal(n) == r.e.owner.NativeID {
			continue
		}
		if set, ok := r.edges[n]; ok {
			r.edges[n] = set | hasName
		}
		a := social.Account{Network: social.X, NativeID: decimal(n), Username: c.username, Name: social.Clean(c.name, social.MaxName), SeenAt: seen}
		if err := r.give(social.Record{Account: a}); err != nil {
			return err
		}
	}
	return nil
}
