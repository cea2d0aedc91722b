package bridge

import (
	"time"

	"godwit/internal/social"
)

// HomePace is how fast a home server is asked for all who follow from there
// together: the pause between two requests, and how much of it may be made up
// for after a time without any. The operator's cap comes before what the
// software bears; after an outage it is half of either, without a burst.
func HomePace(h social.Home, fl social.Flavour, now time.Time) (each, burst time.Duration) {
	most, atOnce := homeRequests(fl)
	if h.Cap > 0 {
		most, atOnce = h.Cap, min(atOnce, h.Cap/10)
	}
	each = requestsWindow / time.Duration(most)
	if h.Ill || now.Before(h.GentleUntil) {
		return 2 * each, 0
	}
	return each, time.Duration(atOnce) * each
}

// homeRequests is how many requests in five minutes a server of the flavour
// gets from all of us, and how many of them in one go.
func homeRequests(fl social.Flavour) (most, atOnce int) {
	switch fl {
	case social.Mastodon:
		return mastodonTogether, serverRequests - headRoom
	case social.GoToSocial: // it counts them itself, by our address
		return serverRequests - headRoom, serverRequests - headRoom
	case social.Snac:
		return serverRequests, 1
	}
	return otherTogether, unknownRequests
}

// Requests is how many requests to the home server the act may take.
func Requests(a Act) int {
	if a.Kind == Ask && a.Job.State != social.JobUndoing && a.Job.RemoteID != "" {
		return sendRequests(a.Job)
	}
	return 1
}

// Health is the home server's after an act for one of its accounts: err is how
// that ended. After an outage it is asked gently for a while, and not at once
// by all who waited.
func Health(h social.Home, err error, now time.Time) social.Home {
	switch {
	case isTrouble(err):
		h.Ill = true
	case h.Ill && err == nil:
		h.Ill, h.GentleUntil = false, now.Add(requestsWindow)
	}
	return h
}
