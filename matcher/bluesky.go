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
