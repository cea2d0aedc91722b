package fedi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Standing is what an account may do on its own server, and for which domain
// that server speaks.
type Standing struct {
	Domain string // of its handles: WebFinger there, asked by us, names actors on the host
	Rank   social.Rank
	Told   bool // the server tells roles; where it doesn't, Rank says nothing
}

// credential is the part of a CredentialAccount that tells of roles. Pleroma
// has a word of its own.
type credential struct {
	account
	Role *struct {
		Permissions json.RawMessage `json:"permissions"`
	} `json:"role"`
	Pleroma *struct {
		Admin     *bool `json:"is_admin"`
		Moderator bool  `json:"is_moderator"`
	} `json:"pleroma"`
}

// Standing asks the account's own server what it may do there. It counts for
// that server and for the domain that delegates to it, whatever the server says
// of others (AUT-15). Denied when the token is somebody else's by now.
func (d *Door) Standing(ctx context.Context, of social.Destination, token social.Secret) (Standing, error) {
	h := d.Home(of.Host, token, of.Flavour, nil)
	var c credential
	if _, err := h.call(ctx, request{method: http.MethodGet, path: verifyPath, most: maxAPI}, &c); err != nil {
		return Standing{}, err
	}
	if c.Username != "" {
		c.Acct = c.Username
	}
	acct, err := c.remote()
	if err != nil {
		return Standing{}, explain(h.host, errMalformed)
	}
	if acct.ID != of.RemoteID {
		return Standing{}, fault.New(fault.Denied, CodeNotConfirmed, sayNotConfirmed, "host", of.Host)
	}
	handle, _, err := d.Identify(ctx, of.Host, acct)
	if err != nil {
		return Standing{}, err
	}
	rank, told := c.rank()
	return Standing{Domain: handle.Host(), Rank: rank, Told: told}, nil
}

func (c credential) rank() (rank social.Rank, told bool) {
	if c.Role != nil {
		bits, err := strconv.ParseUint(strings.Trim(string(c.Role.Permissions), `"`), 10, 64)
		return social.RankOf(bits), err == nil
	}
	if c.Pleroma == nil || c.Pleroma.Admin == nil {
		return social.NoRank, false
	}
	switch {
	case *c.Pleroma.Admin:
		return social.Admin, true
	case c.Pleroma.Moderator:
		return social.Moderator, true
	}
	return social.NoRank, true
}

// InviteWorks asks a server whether an invitation still lets somebody in. Of a
// server that does not tell it is taken to work.
func (d *Door) InviteWorks(ctx context.Context, host, code string) (bool, error) {
	id, err := social.ParseRemoteID(code)
	if err != nil {
		return false, nil //nolint:nilerr // no server gives out such a code
	}
	h := d.Home(host, social.Secret{}, social.FlavourOther, nil)
	a, err := h.send(ctx, request{method: http.MethodGet, path: "/api/v1/invites/{id}", id: id, most: maxAPI})
	if err != nil {
		return false, err
	}
	return a.status != http.StatusUnauthorized && a.status != http.StatusGone, nil
}

// Self is what a server says of itself and how many people are active there
// in a month, 0 when it does not tell.
func (d *Door) Self(ctx context.Context, host string) (social.Instance, error) {
	return d.Home(host, social.Secret{}, social.FlavourOther, nil).Instance(ctx)
}
