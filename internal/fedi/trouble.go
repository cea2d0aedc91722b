package fedi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"time"

	"github.com/go-resty/resty/v2"

	"godwit/internal/fault"
)

// What can go wrong on the way, below the level of a status code. None of
// these carries a URL, so none can carry a code or a token into a log.
var (
	errRefusedURL = errors.New("address refused")
	errRedirect   = errors.New("answered with a redirect")
	errTooLarge   = errors.New("answer larger than its bound")
	errMalformed  = errors.New("answer makes no sense")
	errSlow       = errors.New("took too long")
	errInterim    = errors.New("too many interim answers")
	errOrigin     = errors.New("request for another origin than the token's")
)

// illness is a host that is left alone until an instant, because it failed
// again and again or because it asked for it.
type illness struct {
	until time.Time
	asked bool
}

func (i *illness) Error() string { return "left alone until " + i.until.UTC().Format(time.RFC3339) }

// strip takes the URL out of an error: *url.Error prints it with its query.
func strip(err error) error {
	for {
		wrapped, ok := errors.AsType[*url.Error](err)
		if !ok {
			return err
		}
		err = wrapped.Err
	}
}

// certificateTrouble reports whether the other side could not prove its name.
func certificateTrouble(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	_, ok := errors.AsType[x509.HostnameError](err)
	return ok
}

// neverSent reports whether err came before a request left for its host.
func neverSent(err error) bool {
	if _, ill := errors.AsType[*illness](err); ill {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial" || errors.Is(err, errNoHost) || errors.Is(err, errAddress) || errors.Is(err, errRefusedURL) ||
		certificateTrouble(err) || noTLS(err)
}

// noTLS reports whether the other side spoke no TLS, or refused ours with an
// alert, which arrives as a remote error.
func noTLS(err error) bool {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error"
}

// explain makes a Fault out of what went wrong with a request to host.
func explain(host string, err error) *fault.Fault {
	err = strip(err)
	ill, isIll := errors.AsType[*illness](err)
	switch {
	case isIll && ill.asked:
		return slowDown(host, ill.until).Because(err)
	case isIll:
		return fault.WaitUntil(ill.until, CodeNotAnswering, sayNotAnswering, "host", host).Because(err)
	case errors.Is(err, errNoHost):
		return fault.New(fault.Unavailable, CodeNoSuchHost, sayNoSuchHost, "host", host).Because(err)
	case errors.Is(err, errAddress), errors.Is(err, errRefusedURL):
		return fault.New(fault.Gone, CodeRefusedAddress, sayRefusedAddress, "host", host).Because(err)
	case errors.Is(err, errRedirect), errors.Is(err, errOrigin):
		return fault.New(fault.Broken, CodeRedirect, sayRedirect, "host", host).Because(err)
	case errors.Is(err, errTooLarge), errors.Is(err, resty.ErrResponseBodyTooLarge),
		errors.Is(err, errMalformed), errors.Is(err, errInterim):
		return fault.New(fault.Broken, CodeMalformed, sayMalformed, "host", host).Because(err)
	case certificateTrouble(err):
		return fault.New(fault.Broken, CodeCertificate, sayCertificate, "host", host).Because(err)
	case noTLS(err):
		return fault.New(fault.Broken, CodeNotSecure, sayNotSecure, "host", host).Because(err)
	}
	return fault.New(fault.Unavailable, CodeNotAnswering, sayNotAnswering, "host", host).Because(err)
}

// stopped reports whether the caller itself gave up, which says nothing about
// the other side.
func stopped(ctx context.Context) bool { return ctx.Err() != nil }
