package fedi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"godwit/internal/social"
)

const httpsPort = 443

// errNoHost says that the DNS knows no such name.
var errNoHost = errors.New("no such host")

// newTransport is the one transport for everything that leaves Godwit: no
// proxy from the environment (it would hide the address from the guard),
// HTTP/1.1 only, no leniency about certificates.
func (d *Door) newTransport(roots *x509.CertPool) *http.Transport {
	t := &http.Transport{
		Proxy:                  nil,
		DialContext:            d.dial,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
		TLSHandshakeTimeout:    tlsTime,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConns:           200,
		MaxIdleConnsPerHost:    homeAtOnce,
		IdleConnTimeout:        idleTime,
		Protocols:              new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return t
}

// dial resolves the host of addr and connects to the first of its addresses
// that the guard lets through and that answers. No look-up made earlier is
// ever trusted: the check sits at the dial itself.
func (d *Door) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, errAddress
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	host, err := social.ParseHost(name+":"+port, d.realm)
	if err != nil {
		return nil, errAddress
	}
	targets, err := d.targets(ctx, host, name, port)
	if err != nil {
		return nil, err
	}
	return d.dialFirst(ctx, targets, social.SpecialUse(host))
}

// targets returns where host may be reached.
func (d *Door) targets(ctx context.Context, host, name, port string) ([]netip.AddrPort, error) {
	if d.route != nil {
		if at, ok := d.route(host); ok {
			return []netip.AddrPort{at}, nil
		}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, errAddress
	}
	addrs, err := d.resolve(ctx, strings.TrimSuffix(name, "."))
	if err != nil {
		return nil, err
	}
	out := make([]netip.AddrPort, len(addrs))
	for i, a := range addrs {
		out[i] = netip.AddrPortFrom(a, uint16(n))
	}
	return out, nil
}

// resolve asks the DNS; localhost and its sub-domains never leave the machine
// (RFC 6761, section 6.3).
func (d *Door) resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	}
	addrs, err := d.resolver.LookupNetIP(ctx, "ip", name)
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return nil, errNoHost
	}
	if err == nil && len(addrs) == 0 {
		return nil, errNoHost
	}
	return addrs, err
}

// dialFirst tries targets in turn, each with its share of the time left.
func (d *Door) dialFirst(ctx context.Context, targets []netip.AddrPort, special bool) (net.Conn, error) {
	var first error
	for i, to := range targets {
		one, cancel := shareOf(ctx, len(targets)-i)
		conn, err := d.connect(one, to, special)
		cancel()
		if err == nil {
			return conn, nil
		}
		if first == nil || errors.Is(first, errAddress) {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

func shareOf(ctx context.Context, parts int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok || parts <= 1 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, max(oneDialTime, time.Until(end)/time.Duration(parts)))
}

// connect dials one address; the guard looks at it in Control, when the socket
// exists and its address can no longer change.
func (d *Door) connectTCP(ctx context.Context, to netip.AddrPort, special bool) (net.Conn, error) {
	dialer := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return errAddress
		}
		return d.guard.check(at, special)
	}}
	return dialer.DialContext(ctx, "tcp", to.String())
}
