package fedi

import (
	"errors"
	"net/netip"
)

// errAddress says that a name leads to an address that may not be contacted.
var errAddress = errors.New("address is not public")

// special4 are the blocks of the IANA IPv4 Special-Purpose Address Registry,
// multicast and the former class E; an IPv4 address outside of them is public.
var special4 = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
)

// global6 is the one block of IPv6 that holds public addresses, special6 what
// is not public in it: Teredo and its neighbours, documentation, 6to4 and
// direct delegations. Everything else of IPv6, all the ways to embed an IPv4
// address included, is refused because it is not listed.
var (
	global6  = netip.MustParsePrefix("2000::/3")
	special6 = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, p := range list {
		out[i] = netip.MustParsePrefix(p)
	}
	return out
}

// guard decides whether an address may be dialled.
type guard struct {
	allow []netip.Prefix // the operator's own, any port
}

// check is asked with the address that is really about to be dialled, after
// all name resolution. special says that the host's name or port belongs to
// the Private realm, so that only the operator's list can permit it.
func (g guard) check(to netip.AddrPort, special bool) error {
	addr := to.Addr()
	if addr.Zone() != "" {
		return errAddress
	}
	addr = addr.Unmap()
	if within(addr, g.allow) {
		return nil
	}
	if special || to.Port() != httpsPort || !public(addr) {
		return errAddress
	}
	return nil
}

func public(addr netip.Addr) bool {
	if addr.Is4() {
		return !within(addr, special4)
	}
	return global6.Contains(addr) && !within(addr, special6)
}

func within(addr netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
