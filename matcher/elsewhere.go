package matcher

import (
	"time"

	"godwit/internal/social"
)

// threadsHost is where Threads accounts are found in the fediverse, under
// their own name, if their owners switched that on.
const threadsHost = "threads.net"

// addListed adds what an Account's own address, and imported lists, say of it.
func addListed(matches []social.Match, a social.Account, realm social.Realm, seen time.Time) []social.Match {
	if address, e := ownAddress(a, seen); address != "" {
		if h, err := social.ParseHandle(address, realm); err == nil && !refusedHandle(h) {
			matches = add(matches, a, h, e)
		}
	}
	for _, c := range a.Claims {
		h, err := social.ParseHandle(c.Handle.String(), realm)
		if err == nil && !refusedHandle(h) {
			matches = add(matches, a, h, social.Evidence{Kind: social.PublicList, Source: c.List, SeenAt: c.SeenAt})
		}
	}
	return matches
}

// ownAddress is the address that an Account of another network than X has in
// the fediverse, or would have. A Threads account that an export names is itself
// @name@threads.net, no other account of the same name: the look-up tells whether
// it is open. That somebody of Instagram goes by the same name on Threads, or
// crosses Bridgy Fed's bridge, is assumed and so only a maybe, which nobody
// confirms but the person.
func ownAddress(a social.Account, seen time.Time) (string, social.Evidence) {
	if a.Username == "" {
		return "", social.Evidence{}
	}
	e := social.Evidence{Kind: social.SameName, Source: string(a.Network), SeenAt: seen}
	switch a.Network {
	case social.Fediverse:
		return a.Username, social.Evidence{Kind: social.OwnList, SeenAt: seen}
	case social.Threads:
		return a.Username + "@" + threadsHost, e
	case social.Instagram:
		e.Maybe = true
		return a.Username + "@" + threadsHost, e
	case social.Bluesky:
		e.Maybe = true
		return a.Username + "@" + blueskyBridge, e
	}
	return "", social.Evidence{}
}
