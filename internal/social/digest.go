package social

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// DomainDigest is how servers publish a blocked domain without its name: the
// SHA-256 of the domain in lower case, in hexadecimal (Mastodon 4.0).
func DomainDigest(domain string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(domain)))
	return hex.EncodeToString(sum[:])
}

// DomainDigests are the digests of a host and of all domains above it: a block
// of a domain holds for what is under it. A port does not count.
func DomainDigests(host string) (digests []string) {
	domain, _, _ := strings.Cut(host, ":")
	for domain != "" {
		digests = append(digests, DomainDigest(domain))
		_, domain, _ = strings.Cut(domain, ".")
	}
	return digests
}
