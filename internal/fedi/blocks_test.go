package fedi

import (
	"strings"
	"testing"

	"godwit/internal/social"
)

func TestSuspendedEntries(t *testing.T) {
	digest := social.DomainDigest("bad.test")
	for _, c := range []struct {
		b    domainBlock
		want string
	}{
		{domainBlock{"bad.test", digest, "suspend"}, digest},
		{domainBlock{"Bad.test", "", "suspend"}, digest},
		{domainBlock{"b**.test", strings.ToUpper(digest), "suspend"}, digest},
		{domainBlock{"b**.test", "", "suspend"}, ""},
		{domainBlock{"b**.test", "nonsense", "suspend"}, ""},
		{domainBlock{"bad.test", digest, "silence"}, ""},
		{domainBlock{"bad.test", digest, ""}, ""},
		{domainBlock{"", "", "suspend"}, ""},
	} {
		if got := c.b.suspended(); got != c.want {
			t.Errorf("%+v: %q", c.b, got)
		}
	}
}
