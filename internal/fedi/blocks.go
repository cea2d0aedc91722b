package fedi

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"godwit/internal/social"
)

// domainBlock is a DomainBlock entity. The domain may be hidden behind
// asterisks; digest is then the only way to know it.
type domainBlock struct {
	Domain   string `json:"domain"`
	Digest   string `json:"digest"`
	Severity string `json:"severity"`
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Suspended returns the digests (social.DomainDigest) of the domains with which
// the home server exchanges nothing, as far as it publishes them: one that
// hides its list, or has none, returns nothing. Domains that are only limited
// are left out, and so are hidden ones without a digest.
func (h *Home) Suspended(ctx context.Context) ([]string, error) {
	r := request{method: http.MethodGet, path: "/api/v1/instance/domain_blocks", most: maxBlocks}
	a, err := h.send(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case a.status == http.StatusTooManyRequests || a.status >= 500:
		return nil, h.refusal(r, a)
	case a.status != http.StatusOK:
		return nil, nil
	}
	var list []domainBlock
	if !decode(a, &list) {
		return nil, explain(h.host, errMalformed)
	}
	var digests []string
	for _, b := range list[:min(len(list), maxBlocked)] {
		if d := b.suspended(); d != "" {
			digests = append(digests, d)
		}
	}
	return digests, nil
}

// suspended is the digest of a suspended domain, "" of any other.
func (b domainBlock) suspended() string {
	domain, digest := strings.TrimSpace(b.Domain), strings.ToLower(b.Digest)
	switch {
	case b.Severity != "suspend":
		return ""
	case hexDigest.MatchString(digest):
		return digest
	case domain == "" || strings.Contains(domain, "*"):
		return ""
	}
	return social.DomainDigest(domain)
}
