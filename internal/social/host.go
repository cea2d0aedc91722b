package social

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"godwit/internal/fault"
)

// Realm says which names may be hosts. In Public only names that can exist in
// the public DNS are hosts. Private adds special-use names (.test, .localhost,
// .internal, …) and ports; it is chosen when the operator lists addresses that
// may be contacted, and the transport then accepts such a name only where it
// resolves into them.
type Realm uint8

// The two realms.
const (
	Public Realm = iota
	Private
)

const (
	maxHost  = 253 // octets of a DNS name, RFC 1035
	maxLabel = 63
)

// specialUse are the top-level names that never name a public server
// (RFC 6761, RFC 6762, RFC 7686, RFC 8375, and .internal).
var specialUse = map[string]bool{
	"local": true, "internal": true, "onion": true, "test": true, "invalid": true,
	"example": true, "localhost": true, "arpa": true, "lan": true, "home": true, "corp": true,
}

// lookup is the strict IDNA2008 lookup profile: the one form under which a
// host is compared, stored and contacted.
var lookup = idna.New(
	idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false),
	idna.StrictDomainName(true), idna.ValidateLabels(true), idna.CheckHyphens(true), idna.CheckJoiners(true),
	idna.VerifyDNSLength(true),
)

// ParseHost returns the one canonical form of a host name: lower-case A-labels
// without a trailing dot, with ":port" only in the Private realm. Everything
// that is no host name of the realm is refused.
func ParseHost(s string, realm Realm) (string, error) {
	if len(s) > 4*maxHost {
		return "", notHost()
	}
	if isPlain(s) && realmAllows(s, realm) {
		return s, nil
	}
	name, port, err := splitPort(norm.NFKC.String(strings.ToValidUTF8(s, "\uFFFD")), realm)
	if err != nil {
		return "", err
	}
	name = strings.TrimSuffix(name, ".")
	ascii, err := lookup.ToASCII(name)
	if err != nil || len(ascii) > maxHost || !labelsOK(ascii) || !roundTrips(ascii) {
		return "", notHost()
	}
	if !realmAllows(ascii, realm) {
		return "", notHost()
	}
	return ascii + port, nil
}

// isPlain reports whether s is a host in its canonical form already, as nearly
// all are: lower-case letters, digits, dots and hyphens, with no label that
// IDNA would look into. It only saves time.
func isPlain(s string) bool {
	if len(s) > maxHost {
		return false
	}
	label := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			label++
		case c == '-' && label > 0 && label < maxLabel && i+1 < len(s) && s[i+1] != '.' && s[i+1] != '-':
			label++
		case c == '.' && label > 0 && label <= maxLabel:
			label = 0
		default:
			return false
		}
	}
	return label > 0 && label <= maxLabel
}

// splitPort parts "name:port"; a port belongs to the Private realm only, 443
// is the same as none.
func splitPort(s string, realm Realm) (name, port string, err error) {
	name, digits, found := strings.Cut(s, ":")
	if !found {
		return name, "", nil
	}
	if len(digits) == 0 || len(digits) > 5 || strings.Trim(digits, "0123456789") != "" || digits[0] == '0' {
		return "", "", notHost()
	}
	if digits == "443" {
		return name, "", nil
	}
	if realm != Private || len(digits) == 5 && digits > "65535" {
		return "", "", notHost()
	}
	return name, ":" + digits, nil
}

func labelsOK(ascii string) bool {
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// roundTrips refuses A-labels that decode to something else than they came
// from, the trap of CVE-2026-39821: xn--example-.com is not example.com.
func roundTrips(ascii string) bool {
	if !strings.Contains(ascii, "xn--") {
		return true
	}
	unicode, err := lookup.ToUnicode(ascii)
	if err != nil {
		return false
	}
	again, err := lookup.ToASCII(unicode)
	return err == nil && again == ascii && unicode != ascii
}

func realmAllows(ascii string, realm Realm) bool {
	last := ascii[strings.LastIndexByte(ascii, '.')+1:]
	if strings.Trim(last, "0123456789") == "" || isHexNumber(last) {
		return false // an IPv4 address in one of its spellings
	}
	if realm == Private {
		return true
	}
	return strings.Contains(ascii, ".") && !specialUse[last]
}

func isHexNumber(label string) bool {
	return strings.HasPrefix(label, "0x") && strings.Trim(label[2:], "0123456789abcdef") == ""
}

// SpecialUse reports whether host (as ParseHost returned it) is a name or a
// port of the Private realm.
func SpecialUse(host string) bool {
	name, _, port := strings.Cut(host, ":")
	return port || !realmAllows(name, Public)
}

// HostUnicode returns host with its labels in Unicode, for showing beside the
// A-label form.
func HostUnicode(host string) string {
	u, err := lookup.ToUnicode(host)
	if err != nil {
		return host
	}
	return u
}

func notHost() error {
	return fault.New(fault.Invalid, "not-a-host", "That doesn't look like the address of a server. A server looks like example.social.")
}
