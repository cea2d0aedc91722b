package fedi

import (
	"context"
	"errors"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Identify finds out who has logged in at host: the name that host gave and
// the domain for which WebFinger, asked by us at that domain, names an actor
// on host. What host says about any other host is not believed; an account
// that cannot be confirmed so is a fault of kind Denied with the code
// "account-not-confirmed", and the caller revokes the token.
func (d *Door) Identify(ctx context.Context, host string, acct social.RemoteAccount) (social.Handle, string, error) {
	host, err := social.ParseHost(host, d.realm)
	if err != nil {
		return social.Handle{}, "", err
	}
	user, _, _ := strings.Cut(acct.Acct, "@")
	h, err := social.ParseHandle(user+"@"+host, d.realm)
	if err != nil {
		return social.Handle{}, "", notConfirmed(host, err)
	}
	c, err := d.confirm(ctx, h)
	if e, ok := errors.AsType[ending](err); ok && e.state == social.Missing {
		// A split domain may know the name only under its own domain; the
		// account's page on host tells it.
		c, err = d.confirmPage(ctx, host, acct)
	}
	e, isEnding := errors.AsType[ending](err)
	switch {
	case isEnding && e.state == social.Ill:
		return social.Handle{}, "", explain(host, e.cause)
	case isEnding:
		return social.Handle{}, "", notConfirmed(host, e)
	case err != nil:
		return social.Handle{}, "", explain(host, err)
	case c.at != host || !strings.EqualFold(c.subject.User(), user):
		return social.Handle{}, "", notConfirmed(host, errMalformed)
	}
	return c.subject, c.actor, nil
}

// confirmPage asks host about the account's own address, which must be on it,
// and has the domain named there confirm it.
func (d *Door) confirmPage(ctx context.Context, host string, acct social.RemoteAccount) (claim, error) {
	for _, page := range []string{acct.URI, acct.URL} {
		if _, at, err := d.parseURL(page); err != nil || at != host {
			continue
		}
		first, err := d.fingerURI(ctx, host, page)
		if err != nil {
			return claim{}, err
		}
		return d.again(ctx, first.subject.Host(), first)
	}
	return claim{}, ending{state: social.Missing}
}

func notConfirmed(host string, err error) *fault.Fault {
	return fault.New(fault.Denied, CodeNotConfirmed, sayNotConfirmed, "host", host).Because(err)
}
