package social

import (
	"slices"
	"testing"
)

func TestDomainDigests(t *testing.T) {
	// as in Mastodon's documentation of instance/domain_blocks
	if got := DomainDigest("Example.com"); got != "a379a6f6eeafb9a55e378c118034e2751e682fab9f2d30ab13d2125586ce1947" {
		t.Errorf("digest %s", got)
	}
	for host, want := range map[string][]string{
		"a.b.test": {"a.b.test", "b.test", "test"}, "b.test:8443": {"b.test", "test"}, "": nil,
	} {
		var digests []string
		for _, domain := range want {
			digests = append(digests, DomainDigest(domain))
		}
		if got := DomainDigests(host); !slices.Equal(got, digests) {
			t.Errorf("%q: %v", host, got)
		}
	}
}
