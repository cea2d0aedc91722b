package matcher

import "strings"

// profile says whose profile the path parts of a URL at host show. isProfile
// is false when the path says nothing of the kind; a candidate without a user
// is a link that is plainly no profile (a post, a community).
func profile(host string, parts []string) (c candidate, isProfile bool) {
	if len(parts) == 0 {
		return rootOf(host)
	}
	if host == "threads.com" { // the pages are there, the handles are not
		host = "threads.net"
	}
	p := placeOf(host)
	switch p.software {
	case "frontend":
		return viewOf(parts)
	case "bridge":
		return bridged(host, parts)
	}
	if p.standing == blueskyHost {
		return blueskyProfile(parts)
	}
	if p.standing == refusedHost || p.standing == mirrorHost {
		return candidate{}, strings.HasPrefix(parts[0], "@") // and a remote view there is none of ours
	}
	return fediPath(host, p, parts)
}

func rootOf(host string) (candidate, bool) {
	user, site, _ := strings.Cut(host, ".")
	if p := servers[site]; p.software == "writefreely" || p.software == "microblog" {
		return candidate{user: user, host: site, form: FormBlog}, true
	}
	return candidate{}, false
}

// fediPath reads the paths of fediverse software.
func fediPath(host string, p place, parts []string) (candidate, bool) {
	if strings.HasPrefix(parts[0], "@") {
		return atPath(host, p, parts)
	}
	if len(parts) == 1 {
		return barePath(host, p, parts[0])
	}
	switch first := lower(parts[0]); first {
	case "web", "deck":
		if strings.HasPrefix(parts[1], "@") {
			return atPath(host, p, parts[1:])
		}
	case "users", "user":
		return usersPath(host, p, parts)
	case "u", "profile", "channel", "a", "accounts", "ap", "author":
		return profilePath(host, p, parts)
	case "c", "video-channels":
		return channelPath(host, p, parts)
	case "m", "notice", "notes", "objects", "statuses", "posts", "p", "w", "videos", "display", "events":
		return candidate{}, p.standing == knownServer
	}
	return candidate{}, false
}

// atPath reads @u and @u@remote; what follows must be a tab of the profile,
// else the link is to a post.
func atPath(host string, p place, parts []string) (candidate, bool) {
	if len(parts) > 1 && !isTab(parts[1]) {
		return candidate{}, true
	}
	user, remote, elsewhere := strings.Cut(strings.TrimPrefix(parts[0], "@"), "@")
	user = trimFeed(user)
	if elsewhere {
		return candidate{user: user, host: lower(remote), form: FormRemoteURL}, true
	}
	c := candidate{user: user, host: host, form: FormURL}
	if p.software == "optin" {
		c.trust, c.why = guess, WhyOptIn
	}
	return c, true
}

// profileTabs are the parts that may follow a profile's address.
var profileTabs = set("with_replies media about followers following featured tagged replies notes feed clips pages gallery " +
	"videos video-channels channels photos likes favourites reading books shelves outbox inbox collections")

func isTab(part string) bool { return profileTabs[lower(part)] }

// trimFeed takes the ending of a feed or of JSON off a name.
func trimFeed(user string) string {
	for _, ending := range [...]string{".rss", ".atom", ".json"} {
		if rest, found := strings.CutSuffix(user, ending); found {
			return rest
		}
	}
	return user
}

// usersPath reads /users/u of Mastodon and its kin; Misskey and Pleroma have
// ids there.
func usersPath(host string, p place, parts []string) (candidate, bool) {
	if len(parts) > 2 && !isTab(parts[2]) || p.software == "misskey" || isID(parts[1]) {
		return candidate{}, true
	}
	c := pathUser(host, parts[1], FormUsersURL)
	if parts[0] != "users" || len(parts) > 2 {
		c.trust, c.why = byHost, WhyPath
	}
	return c, true
}

// profilePath reads /u/u, /profile/u, /channel/u, /a/u, /accounts/u and /author/u, which
// other kinds of sites have too.
func profilePath(host string, p place, parts []string) (candidate, bool) {
	if len(parts) > 2 && !isTab(parts[2]) || isID(parts[1]) {
		return candidate{}, p.standing == knownServer || hinted(host)
	}
	c := pathUser(host, parts[1], FormProfileURL)
	if parts[0] == "channel" && sounds(host, "hub", "zap", "stream") || parts[0] != "u" && sounds(host, "peertube", "tube", "video") {
		return c, true
	}
	c.trust, c.why = byHost, WhyPath
	switch parts[0] {
	case "channel", "accounts", "ap", "author": // of a blog with the ActivityPub plugin
		c.trust = hostOnly
	}
	return c, true
}

// channelPath reads the channels of PeerTube; elsewhere /c/ is a community.
func channelPath(host string, p place, parts []string) (candidate, bool) {
	if p.software != "peertube" && !sounds(host, "peertube", "tube", "video") {
		return candidate{}, p.standing == knownServer || hinted(host)
	}
	if len(parts) > 2 && !isTab(parts[2]) {
		return candidate{}, true
	}
	return pathUser(host, parts[1], FormChannelURL), true
}

// pathUser splits "u" and "u@remote".
func pathUser(host, part, form string) candidate {
	user, remote, elsewhere := strings.Cut(strings.TrimPrefix(part, "@"), "@")
	if elsewhere {
		host = lower(remote)
	}
	return candidate{user: trimFeed(user), host: host, form: form}
}

// isID tells ids of Mastodon, Misskey and Pleroma from names.
func isID(part string) bool {
	digits, letters := 0, 0
	for i := range len(part) {
		switch c := part[i]; {
		case c >= '0' && c <= '9':
			digits++
		case isLetter(c):
			letters++
		}
	}
	if letters == 0 {
		return true
	}
	return len(part) == 10 && part[0] >= '7' && part[0] <= '9' && digits > 2 || len(part) == 18 && digits > 2 && part == strings.TrimRight(part, "_-") && part != lower(part)
}

// bareSoftware has profiles directly below the root.
var bareSoftware = set("pixelfed pleroma snac honk writefreely microblog akkoma")

// reserved are pages of servers that are no profiles.
var reserved = set("about explore public home local federated login auth settings search tags tag directory privacy terms privacy-policy invite signup register " +
	"join authorize_interaction authorize-follow remote_interaction oauth intent post compose url web api site discover i notifications start help contact blog docs new read users media feed index.html install apps portfolio stories")

// barePath reads host/u.
func barePath(host string, p place, part string) (candidate, bool) {
	if reserved[lower(part)] || !bareSoftware[p.software] && p.standing != knownServer && !sounds(host, "pixelfed", "pleroma", "akkoma", "snac") {
		return candidate{}, false
	}
	c := pathUser(host, strings.TrimPrefix(part, "~"), FormBareURL)
	if !bareSoftware[p.software] && !sounds(host, "pixelfed", "pleroma", "akkoma", "snac") {
		c.trust, c.why = guess, WhyPath
	}
	return c, true
}

// viewOf reads the address of a profile in a front-end: host/@u, host/@u@remote.
func viewOf(parts []string) (candidate, bool) {
	for len(parts) > 0 && strings.IndexByte(parts[0], '.') < 0 {
		parts = parts[1:]
	}
	if len(parts) < 2 || !strings.HasPrefix(parts[1], "@") || len(parts) > 2 && !isTab(parts[2]) {
		return candidate{}, true
	}
	c := pathUser(lower(parts[0]), parts[1], FormFrontEnd)
	return c, true
}

// bridged reads the pages of Bridgy Fed: fed.brid.gy/bsky/name,
// fed.brid.gy/web/site, fed.brid.gy/ap/@u@host, bsky.brid.gy/ap/name.
func bridged(host string, parts []string) (candidate, bool) {
	if len(parts) < 2 {
		return barePath(host, place{software: "pleroma"}, parts[0])
	}
	switch user := strings.TrimPrefix(parts[1], "@"); {
	case strings.IndexByte(user, '@') > 0:
		return pathUser(host, user, FormBridge), true
	case parts[0] == "bsky", host == blueskyBridge:
		return candidate{user: user, host: blueskyBridge, form: FormBridge}, true
	case parts[0] == "web":
		return candidate{user: user, host: "web.brid.gy", form: FormBridge}, true
	}
	return candidate{}, true
}
