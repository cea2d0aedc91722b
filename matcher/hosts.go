package matcher

import (
	_ "embed"
	"strings"

	"golang.org/x/net/publicsuffix"

	"godwit/internal/social"
)

//go:embed lists/servers.txt
var serverList string

//go:embed lists/refused.txt
var refusedList string

// standing is what is known of a host without asking it.
type standing uint8

const (
	unknownHost standing = iota
	knownServer          // in the list of servers
	refusedHost          // another platform, a mail or chat provider, a placeholder
	mirrorHost           // copies of X accounts, or groups: never the person
	blueskyHost          // names of Bluesky
)

// place is a host with its standing; software is set for known servers whose
// addresses differ from Mastodon's.
type place struct {
	standing standing
	software string
}

var servers, refusals = readServers(serverList), readRefusals(refusedList)

func readServers(list string) map[string]place {
	m := map[string]place{}
	for line := range listLines(list) {
		host, software, _ := strings.Cut(line, " ")
		m[host] = place{knownServer, software}
	}
	return m
}

func readRefusals(list string) map[string]place {
	m := map[string]place{}
	for line := range listLines(list) {
		why, host, _ := strings.Cut(line, " ")
		what := refusedHost
		switch why {
		case "mirror", "group":
			what = mirrorHost
		case "bluesky":
			what = blueskyHost
		}
		m[host] = place{standing: what}
	}
	return m
}

// listLines yields the lines of an embedded list that say something.
func listLines(list string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.Lines(list) {
			line = strings.TrimSpace(line)
			if line != "" && line[0] != '#' && !yield(line) {
				return
			}
		}
	}
}

// placeOf says what is known of a host in lower-case A-labels. A known server
// is found by its whole name only; a refusal covers all names below it.
func placeOf(host string) place {
	if p, ok := servers[host]; ok {
		return p
	}
	for name := host; ; {
		if p, ok := refusals[name]; ok {
			return p
		}
		_, rest, found := strings.Cut(name, ".")
		if !found {
			break
		}
		name = rest
	}
	return place{standing: standingByLabel(host)}
}

func firstLabel(host string) string {
	label, _, _ := strings.Cut(host, ".")
	return label
}

// standingByLabel knows hosts by their first label.
func standingByLabel(host string) standing {
	label := firstLabel(host)
	switch {
	case strings.HasPrefix(label, "birdsite"), strings.HasPrefix(label, "nitter"):
		return mirrorHost
	case placeholderHosts[label], chatLabels[label]:
		return refusedHost
	}
	return unknownHost
}

var (
	placeholderHosts = set("instance instanz instancia instância instanza server servidor serveur servernaam domain domaine dominio domein " +
		"yourinstance your-instance yourserver your-server yourdomain your-domain yourhost host hostname someinstance someserver " +
		"some-instance myinstance myserver mydomain homeserver beispiel-instanz")
	chatLabels = set("xmpp jabber matrix nostr lnurl mail smtp imap")
	// hintLabels and hintParts are the names that servers like to bear. Fewer
	// than half do, so they only help.
	hintLabels = set("social masto toot fedi mstdn soc ap activitypub mi mk misskey gts pixelfed pixel lemmy tube peertube akko snac honk troet tröt mast fediverse")
	hintParts  = []string{"mastod", "mstdn", "masto", "toot", "fedi", "pleroma", "akkoma", "misskey", "lemmy", "peertube", "pixelfed", "friendica",
		"sharkey", "firefish", "calckey", "iceshrimp", "gotosocial", "hubzilla", "writefreely", "funkwhale", "owncast", "bookwyrm", "mobilizon", "piefed", "kbin", "mbin"}
)

// hinted reports whether the host's name sounds like a fediverse server's.
func hinted(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if hintLabels[label] {
			return true
		}
		for _, part := range hintParts {
			if len(label) >= len(part) && strings.Contains(label, part) {
				return true
			}
		}
	}
	return false
}

// sounds reports whether a label of the host begins with one of the given
// words, for software whose paths other sites use too.
func sounds(host string, words ...string) bool {
	for label := range strings.SplitSeq(host, ".") {
		for _, w := range words {
			if strings.HasPrefix(label, w) {
				return true
			}
		}
	}
	return false
}

// simpleTLDs are top-level names under which every name is a domain: the
// commonest, to save the way through the list of public suffixes.
var simpleTLDs = set("com net org social online world space art town cloud app dev site cafe club zone chat blog network party exchange place lgbt info today community xyz eu de ch")

// hasSuffix reports whether host ends in a public suffix and is more than
// that. In the Private realm special-use names count too.
func hasSuffix(host string, realm social.Realm) bool {
	if dot := strings.LastIndexByte(host, '.'); dot > 0 && simpleTLDs[host[dot+1:]] {
		return true
	}
	if _, ok := servers[host]; ok {
		return true
	}
	if realm == social.Private && social.SpecialUse(host) {
		return true
	}
	suffix, listed := publicsuffix.PublicSuffix(host)
	if listed {
		return len(suffix) < len(host)
	}
	return strings.IndexByte(suffix, '.') >= 0 // a private registry's, itself a host
}
