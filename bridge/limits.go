package bridge

import "time"

// What servers allow, where they do not say it themselves, and what we leave.
const (
	// Mastodon counts follows per UTC day and requests per token in windows of
	// five minutes aligned to the epoch (lib/rate_limiter.rb, rack_attack.rb).
	// GoToSocial counts requests per address with the same figures.
	mastodonFollows = 400
	serverRequests  = 300
	requestsWindow  = 5 * time.Minute
	day             = 24 * time.Hour

	// Pleroma and Akkoma count ten follows and unfollows of a user in ten seconds
	// (config.exs, relations_actions). Nobody tells when these begin: half of it
	// is right for any ten seconds.
	pleromaFollows = 5
	pleromaWindow  = 10 * time.Second

	// Misskey allows 100 follows of a user in any hour (following/create.ts), and
	// as many unfollows; half of it is right for an hour that begins anywhere.
	misskeyFollows = 50
	misskeyWindow  = time.Hour

	// snac has no limits and four threads: one request a second.
	snacWindow = time.Second

	// A server that is not known yet gets little until its headers say more.
	// 100 follows an hour is the least that any known software allows (Misskey).
	unknownRequests = 60
	unknownFollows  = 100
	unknownWindow   = time.Hour

	// A Mastodon server bears 300 requests of each token, but all who follow from
	// there get no more than four of them would, as it may be a small one.
	mastodonTogether = 4 * serverRequests
	otherTogether    = 2 * serverRequests

	// headRoom of every limit is left for the person's own use; a tenth where
	// the limit is small.
	headRoom = 10

	// A Destination goes on 5 to 120 seconds after a reset, and after a day's
	// reset up to another 30 minutes later, so that not all come at once.
	leastJitter = 5 * time.Second
	mostJitter  = 120 * time.Second
	dayJitter   = 30 * time.Minute

	// maxReset is how far ahead a server's reset is believed.
	maxReset = 25 * time.Hour
	// resetSlack is how much longer than its window a reset may lie ahead.
	resetSlack = 30 * time.Second
)

// How gently a target host is treated. A home server makes about 7 requests to
// the host of each account that is new to it, and a host may allow it 300 in
// five minutes: 43 accounts in a row were seen to work, the 44th was not found.
// Ten in any window of 100 seconds are at most 40 in five minutes.
const (
	targetBurst   = 10
	targetWindow  = 100 * time.Second
	targetSlowest = 6 * time.Hour // the widest window of a host that does not answer
	targetMemory  = day           // how long an ill host is remembered
)

// How often and how long we try.
const (
	maxAttempts = 5
	maxEmpty    = 6
	lookFrom    = 5 // the empty search from which on the account's own server is asked
	missingGap  = day
	missingLeap = 20 * time.Hour // how far apart two answers "no such account" must lie to count as two

	relationshipBatch = 20
	firstCheck        = 30 * time.Second // the Accept came within 0.3 s where it was measured
	secondCheck       = time.Hour
	laterCheck        = day
	brokenCheck       = time.Hour // after a check that failed
	requestAge        = 30 * day  // after which a request is left as it is

	// How long a check waits for a full batch. Somebody who shares a crowded server
	// with 500 others follows 20 accounts in 45 minutes, and checks of three or four
	// would be a quarter of all requests there. While nothing can be asked, somebody
	// may be watching for the first word.
	busyPatience  = time.Hour
	firstPatience = 5 * time.Minute
	laterPatience = time.Hour
)

// Lists that a server follows: how many accounts go into one, and how long and
// how often it is looked whether they arrived before each is looked at alone.
const (
	handBatch    = 40
	handPatience = time.Hour
	firstRoll    = time.Minute
	laterRoll    = 15 * time.Minute
)

// Mutes, blocks and lists. An account goes on a list only when it is followed,
// which may take a person's answer: 60 tries are 15 days.
const (
	maxEdgeAttempts = 60
	listWait        = 6 * time.Hour
)

// failGaps are the pauses after failed attempts: five attempts in 25 hours.
// The first is short, since most failures are a process that was stopped.
var failGaps = [maxAttempts - 1]time.Duration{30 * time.Second, time.Hour, 6 * time.Hour, 18 * time.Hour}

// emptyGaps are the pauses after empty searches: six tries in 48 hours. An
// empty answer is what a home server gives for no such account, a host that is
// down and a host that has had enough of it, alike.
var emptyGaps = [maxEmpty - 1]time.Duration{30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 15*time.Hour + 30*time.Minute, day}

// Planning.
const (
	// FileRows is the most that Mastodon takes in one file.
	FileRows = 20_000
	// fileFrom is the size from which on the file comes first on Mastodon, whose
	// import is not held to 400 a day.
	fileFrom = 351
	// mastodonFollowing is how many accounts anyone may follow there.
	mastodonFollowing = 7_500
	// pace is how long an account takes in the background: two requests and a
	// share of the checks, 100 accounts in five minutes.
	pace = 3 * time.Second
	// roundTo is the coarseness of an estimate shown to a person.
	roundTo = 5 * time.Minute
	// sampleFollows is after how many follows an unknown server's limits are known.
	sampleFollows = 50
)
