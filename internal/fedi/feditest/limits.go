package feditest

import "time"

// Limits of Mastodon (Rack::Attack and its own RateLimiter), in requests per
// fixed window aligned to the epoch; rate_attack.rb and rate_limiter.rb of
// Mastodon 4.7.0-alpha.2.
const (
	mastodonPerToken   = 300
	mastodonPerUser    = 1500
	mastodonPerIP      = 300
	mastodonPaging     = 300
	mastodonPerAppIP   = 5
	mastodonFollows    = 400
	mastodonFollowCap  = 7500
	mastodonWindow     = 5 * time.Minute
	mastodonPageWindow = 15 * time.Minute
	mastodonAppWindow  = 10 * time.Minute
	mastodonDay        = 24 * time.Hour

	mastodonStatuses     = 300
	mastodonStatusWindow = 3 * time.Hour
	mastodonMedia        = 30 // uploads, and as many deletions
	mastodonMediaWindow  = 30 * time.Minute
	mastodonKeyLife      = time.Hour
)

// Limits of GoToSocial: requests per client address, in windows that begin with
// the first request; and requests at work plus in the queue. Recorded.
const (
	gtsPerIP    = 300
	gtsWindow   = 5 * time.Minute
	gtsInFlight = 128
)

// What one home server asks of a remote one for a new account: WebFinger and
// actor before the search is answered; inbox and four collections with the
// follow. Recorded as seven for GoToSocial.
const (
	resolveCost = 2
	followCost  = 5
)

// snacThreads is how many requests snac works on at once. A delivery beyond
// that was seen to be requeued; how much later is an assumption (requeueAfter).
const (
	snacThreads  = 4
	requeueAfter = time.Minute
)

// Times of the simulated federation when Options do not say otherwise.
const (
	acceptAfter     = 300 * time.Millisecond // recorded for GoToSocial at both ends
	snacAcceptAfter = 3 * time.Second        // recorded for an account on snac
	retryDelivery   = time.Minute            // a Follow that did not reach the remote; assumption
	remoteTimeout   = 10 * time.Second       // a home server waiting for a tarpit; recorded
	codeLifetime    = 10 * time.Minute       // an OAuth code; Doorkeeper's default
)

// Bounds of the simulation itself.
const (
	defaultLogCap = 10_000
	maxBody       = 128 << 20 // a video; a CSV may have 20 MB on Mastodon
	maxLoggedBody = 2 << 10
	maxWindows    = 4096 // windows kept before ended ones are swept
	maxImportRows = 20_000
	pageDefault   = 40
	pageMax       = 80
)

// Limits are the bounds of a Mastodon host that a fork may have changed, per
// window as Mastodon's documentation names them. A zero field is upstream's.
type Limits struct {
	PerToken  int // requests per token in five minutes
	Follows   int // new follows per account and UTC day
	FollowCap int // accounts that one may follow in all
	Apps      int // app registrations per address in ten minutes
}

// orUpstream fills the zero fields.
func (l Limits) orUpstream() Limits {
	fill := func(n *int, upstream int) {
		if *n == 0 {
			*n = upstream
		}
	}
	fill(&l.PerToken, mastodonPerToken)
	fill(&l.Follows, mastodonFollows)
	fill(&l.FollowCap, mastodonFollowCap)
	fill(&l.Apps, mastodonPerAppIP)
	return l
}
