package matcher

import "strings"

const (
	blueskySuffix = ".bsky.social"
	blueskyBridge = "bsky.brid.gy"
)

// bluesky reads u.bsky.social with the dot before "bsky" at i: not a handle,
// but a candidate at the bridge.
func (s *scanner) bluesky(i int) int {
	if len(s.t)-i < len(blueskySuffix) || !strings.EqualFold(s.t[i:i+len(blueskySuffix)], blueskySuffix) {
		return i + 1
	}
	user, end := s.userBefore(i), i+len(blueskySuffix)
	if user == "" || end < len(s.t) && (s.t[end] == '@' || isUserByte(s.t[end]) && s.t[end] != '.') {
		return i + 1
	}
	return max(i+1, s.take(blueskyName(user+blueskySuffix, i-len(user), end)))
}

func blueskyName(name string, start, end int) candidate {
	return candidate{user: lower(name), host: blueskyBridge, start: start, end: end, form: FormBluesky, trust: guess, why: WhyBluesky}
}

// blueskyProfile reads bsky.app/profile/name; a post of it is none.
func blueskyProfile(parts []string) (candidate, bool) {
	if len(parts) != 2 || parts[0] != "profile" || strings.HasPrefix(parts[1], "did:") || strings.IndexByte(parts[1], '.') < 0 {
		return candidate{}, true
	}
	return blueskyName(strings.TrimPrefix(parts[1], "@"), 0, 0), true
}

// dotted reads "@name" with dots inside and the sign at i: a domain that the
// words before it call a Bluesky name, or a handle written with a dot for its
// second sign, @u.mastodon.social.
func (s *scanner) dotted(i int, name string) int {
	name = strings.TrimRight(name, ".-")
	first, rest, found := strings.Cut(name, ".")
	if s.t[i] != '@' || !found || strings.HasSuffix(lower(name), blueskySuffix) {
		return 0
	}
	end := i + 1 + len(name)
	if p := servers[lower(rest)]; p.standing == knownServer && p.software == "" {
		return s.take(candidate{user: first, host: lower(rest), start: i, end: end, form: FormDotted, trust: guess, why: WhyGuess})
	}
	if s.isHost(name) && callsItBluesky(s.t[s.clauseStart(i):i]) {
		return s.take(blueskyName(name, i, end))
	}
	return 0
}

// callsItBluesky reports whether the words directly before a name say Bluesky.
func callsItBluesky(before string) bool {
	const reach = 24
	before = strings.ToLower(before[max(0, len(before)-reach):])
	return strings.Contains(before, "bluesky") || strings.Contains(before, "bsky") || strings.Contains(before, "🦋")
}
