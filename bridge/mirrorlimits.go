package bridge

import "time"

// What servers take of a status where they do not say it themselves.
const (
	mastodonCharacters   = 500
	mastodonLink         = 23 // Mastodon counts every link as this
	mastodonFiles        = 4
	mastodonDescription  = 1500
	gotosocialCharacters = 5000
	gotosocialFiles      = 6
	unknownCharacters    = 300 // the least that any known software takes
	unknownDescription   = 420
	snacCharacters       = 5000 // ours: snac has no bound, and needs 20 s for 100,000
)

// How a status is written.
const (
	leastRoom   = 60  // characters of a status that are always used, whatever a server says
	linkReserve = 20  // of them, those that a link leaves to what stands around it
	maxWarning  = 200 // characters of a content warning that is not the Post's own
	maxLink     = 2_000
	maxCluster  = 40 // code points that one visible character may have
	shortTail   = 5  // a last status shorter than a fifth of the others is evened out
)

// How much of a server's allowance a Mirror uses: most, three fifths, is left to
// the person, who goes on posting while old posts are carried over.
const (
	mirrorShare = 40 // percent of statuses and files

	mastodonStatuses = 300 // in 3 hours, lib/rate_limiter.rb
	statusesWindow   = 3 * time.Hour
	mastodonMedia    = 30 // in 30 minutes, rack_attack.rb; deletions alike
	mediaWindow      = 30 * time.Minute
	unknownStatuses  = 60 // in an hour
	unknownMedia     = 30
	mirrorGap        = 2 * time.Second // between two statuses at least, each with a request or two besides
	fileGap          = time.Second
)

// How a row of the ledger is taken through its call.
const (
	keyAge          = 50 * time.Minute // an Idempotency-Key is kept for an hour
	neededMisses    = 2
	missGap         = time.Minute      // between two read-backs that must both find nothing
	missAge         = 10 * time.Minute // after which "not found" is too old to send by
	readLag         = 5 * time.Second  // before the first read-back
	clockSlack      = 10 * time.Minute // by which the server's clock may differ from ours
	readPage        = 40
	readPages       = 25 // after so many the account is too busy to be sure: never sent again
	dateSlack       = time.Second
	overtakeAfter   = time.Minute      // by which a row may be late before later ones go on
	parentAge       = 15 * time.Minute // after which a parent is looked at again
	maxAsked        = 30               // how often a file is asked after
	firstAsk        = 2 * time.Second
	longestAsk      = 10 * time.Minute
	fileLife        = 24 * time.Hour // for which an unattached file is kept by the server
	suspectedBehind = 3              // rows behind the last one found that are read back too
)

// How a Source is looked at for new Posts.
const (
	liveAtOnce     = 10             // new threads that one look takes without asking (ENG-11)
	liveLate       = 48 * time.Hour // what is older when it is first seen is not carried over
	liveQuiet      = 20             // looks without anything new, after which pauses grow no more
	liveSoonest    = time.Minute
	liveFailed     = 5 * time.Minute // after the first failure, doubling
	liveFailedMost = 24 * time.Hour
)

// How a picture or a video is made fit. Decoded it takes four bytes a pixel.
const (
	maxSide     = 8_192
	maxPixels   = 16 << 20
	MaxPicture  = 64 << 20 // bytes of a picture that is looked at
	shrinkTries = 12
	shrinkStep  = 0.8
	jpegQuality = 90
	maxMoov     = 32 << 20 // bytes of a video's index
	maxBoxes    = 8        // boxes in each other
)
