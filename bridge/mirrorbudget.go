package bridge

import (
	"slices"
	"strings"
	"time"

	"godwit/internal/social"
)

// MirrorStarting returns the Budgets of posting before a server has said
// anything; those of requests are Starting's.
func MirrorStarting(fl social.Flavour, now time.Time) []social.Budget {
	switch fl {
	case social.Mastodon:
		return []social.Budget{
			fresh(social.StatusesFamily, mastodonStatuses, statusesWindow, now),
			fresh(social.MediaFamily, mastodonMedia, mediaWindow, now),
			fresh(social.DeletesFamily, mastodonMedia, mediaWindow, now),
		}
	case social.FlavourOther:
		return []social.Budget{
			fresh(social.StatusesFamily, unknownStatuses, unknownWindow, now),
			fresh(social.MediaFamily, unknownMedia, unknownWindow, now),
			fresh(social.DeletesFamily, unknownMedia, unknownWindow, now),
		}
	}
	return nil
}

// mirrorRolled returns all Budgets that a Mirror minds, as they stand at now.
func mirrorRolled(b []social.Budget, d social.Destination, now time.Time) []social.Budget {
	all := complete(b, d.Flavour, now)
	for _, s := range MirrorStarting(d.Flavour, now) {
		if at(all, s.Family) < 0 {
			all = append(all, s)
		}
	}
	for i := range all {
		if !isTarget(all[i].Family) {
			all[i] = mirrorRoll(all[i], d, now)
		}
	}
	return all
}

// mirrorRoll opens the window that now lies in. A share that is used up stays
// so until the jitter of the Destination has passed.
func mirrorRoll(b social.Budget, d social.Destination, now time.Time) social.Budget {
	if b.Window <= 0 || now.Before(b.ResetsAt) || shareLeft(b) <= 0 && now.Before(reopens(b, d.ID)) {
		return b
	}
	b.ResetsAt = b.ResetsAt.Add((now.Sub(b.ResetsAt)/b.Window + 1) * b.Window)
	b.Remaining = b.Limit
	return b
}

// shareLeft is how many acts of a Budget are left to a Mirror: the greater part
// of each window is the person's own. Deletions are the Mirror's alone, but for
// the head-room.
func shareLeft(b social.Budget) int {
	if b.Family == social.DeletesFamily {
		return usable(b)
	}
	return b.Remaining - (b.Limit - max(1, b.Limit*mirrorShare/100))
}

// shareOpen reports whether a Mirror may act, or else from when. A family that
// nobody counts is open.
func shareOpen(b []social.Budget, f social.Family, d social.Destination) (from time.Time, ok bool) {
	i := at(b, f)
	if i < 0 || shareLeft(b[i]) > 0 {
		return time.Time{}, true
	}
	return reopens(b[i], d.ID), false
}

// MirrorSpend takes from the Budgets what the act will use. It is written down
// before the first byte is sent.
func MirrorSpend(b []social.Budget, d social.Destination, a MirrorAct, now time.Time) []social.Budget {
	all := mirrorRolled(b, d, now)
	if a.Kind != MirrorRest {
		take(all, social.RequestsFamily, 1)
	}
	switch a.Kind {
	case MirrorUpload:
		take(all, social.MediaFamily, 1)
	case MirrorPost:
		take(all, social.StatusesFamily, 1)
	case MirrorDelete:
		take(all, social.RequestsFamily, 1) // it is looked at first
		take(all, social.DeletesFamily, 1)
	}
	return all
}

// MirrorLearn corrects the Budgets by the headers of one answer, as Learn does.
// Mastodon shows the smallest of several limits, so that the family is told by
// the limit and by how far off its reset is.
func MirrorLearn(b []social.Budget, d social.Destination, l social.RateLimit, path string, now time.Time) []social.Budget {
	f, window := posting(path, l)
	ahead := l.Reset.Sub(now)
	if f == "" || l.Limit <= 0 || l.Remaining < 0 || l.Remaining > l.Limit || ahead < -resetSlack || ahead > window+resetSlack {
		return Learn(b, d.Flavour, l, path, now)
	}
	all := slices.Clone(b)
	i := at(all, f)
	if i < 0 {
		all = append(all, social.Budget{Family: f, Remaining: l.Remaining})
		i = len(all) - 1
	}
	if f == social.StatusesFamily && ahead <= requestsWindow+resetSlack { // it may be the token's, which has the same figure
		if all[i].ResetsAt.Sub(l.Reset).Abs() > resetSlack {
			return Learn(b, d.Flavour, l, path, now)
		}
		l.Remaining = min(l.Remaining, all[i].Remaining)
	}
	all[i] = social.Budget{Family: f, Limit: l.Limit, Remaining: l.Remaining, ResetsAt: l.Reset, Window: window}
	return all
}

// posting tells the family of a limit on an answer to posting. An answer whose
// limit is a token's has none.
func posting(path string, l social.RateLimit) (social.Family, time.Duration) {
	switch {
	case strings.HasSuffix(path, "/media") && l.Limit == mastodonMedia:
		return social.MediaFamily, mediaWindow
	case path == "/api/v1/statuses/{id}" && l.Limit == mastodonMedia:
		return social.DeletesFamily, mediaWindow
	case path == "/api/v1/statuses" && l.Limit == mastodonStatuses:
		return social.StatusesFamily, statusesWindow
	}
	return "", 0
}

// MirrorRequests is how many requests to the home server an act may take, as
// far as that can be told: a reading back goes on until it is sure.
func MirrorRequests(a MirrorAct) int {
	switch a.Kind {
	case MirrorRest:
		return 0
	case MirrorDelete, MirrorReadBack:
		return 2
	}
	return 1
}
