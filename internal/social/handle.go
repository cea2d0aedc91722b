// Package social holds Godwit's nouns: what crosses the doors between rooms.
// It does no I/O. Beyond the standard library it uses golang.org/x/net/idna and
// golang.org/x/text only, since a Handle's host has one spelling and finding it
// is IDNA's business.
package social

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"godwit/internal/fault"
)

// maxUser bounds the name part of a Handle, in octets. Mastodon keeps local
// names to 30 and puts no bound on remote ones; nobody writes longer ones.
const maxUser = 128

// Handle is an address user@host in the fediverse. It comes only from
// ParseHandle, so that a Handle is always well-formed. The zero Handle is none.
type Handle struct {
	user, host string
}

// ParseHandle reads user@host, @user@host or acct:user@host. The name follows
// the grammar of remote accounts in Mastodon ([a-z0-9_]+([.-]+[a-z0-9_]+)*,
// any case), the host ParseHost.
func ParseHandle(s string, realm Realm) (Handle, error) {
	if len(s) > maxUser+8*maxHost {
		return Handle{}, notHandle(s)
	}
	t := strings.TrimSpace(norm.NFKC.String(strings.ToValidUTF8(s, "\uFFFD")))
	t = strings.TrimPrefix(t, "acct:")
	t = strings.TrimPrefix(t, "@")
	user, name, found := strings.Cut(t, "@")
	if !found || !userOK(user) {
		return Handle{}, notHandle(s)
	}
	host, err := ParseHost(name, realm)
	if err != nil {
		return Handle{}, notHandle(s)
	}
	return Handle{user: user, host: host}, nil
}

// userOK matches [a-z0-9_]+([.-]+[a-z0-9_]+)* without regard to case.
func userOK(user string) bool {
	if user == "" || len(user) > maxUser {
		return false
	}
	word := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
	}
	for i := range len(user) {
		if c := user[i]; !word(c) && c != '.' && c != '-' {
			return false
		}
	}
	return word(user[0]) && word(user[len(user)-1])
}

// User is the name before the @, as it was written.
func (h Handle) User() string { return h.user }

// Host is the canonical host after the @.
func (h Handle) Host() string { return h.host }

// String is user@host without a leading @: the form of CSVs and JSON.
func (h Handle) String() string {
	if h.IsZero() {
		return ""
	}
	return h.user + "@" + h.host
}

// Key is the form under which two spellings of one Handle are equal: names
// are compared without regard to case.
func (h Handle) Key() string { return strings.ToLower(h.String()) }

// IsZero reports whether h is no Handle.
func (h Handle) IsZero() bool { return h.host == "" }

// Same reports whether h and o are one address.
func (h Handle) Same(o Handle) bool { return strings.EqualFold(h.user, o.user) && h.host == o.host }

// MarshalText writes user@host.
func (h Handle) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText wrote; it is for our own data and so
// accepts both realms.
func (h *Handle) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*h = Handle{}
		return nil
	}
	parsed, err := ParseHandle(string(text), Private)
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

func notHandle(text string) error {
	return fault.New(fault.Invalid, "not-a-handle",
		"\"{text}\" doesn't look like a handle or a server. A handle looks like @alice@example.social.", "text", Printable(text, 80))
}
