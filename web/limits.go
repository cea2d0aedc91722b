package web

import "time"

// Bounds of what the pages accept, with the reasons in each line.
const (
	maxForm     = 64 << 10 // bytes of an ordinary form
	maxFields   = 1000     // fields of any form; a page of a list has pageSize rows
	maxParts    = 16       // parts of an upload: files and the form's own fields
	maxFileName = 200      // characters kept of a file's own name
	maxPart     = 4 << 10  // bytes of a part that is no file
	maxQuery    = 100      // characters of a search
	maxTyped    = 500      // characters of a handle, a code or a link that somebody types
	maxHeader   = 32 << 10 // bytes of a request's headers

	hostedUpload = 2 << 30  // bytes; what is needed of a 50 GB export is under 1 GiB
	localUpload  = 60 << 30 // bytes; honest exports of 50 GB pass on one's own machine

	pieceSize int64 = 8 << 20 // bytes of one piece of an upload: what a broken connection costs at most

	uploadWindow = time.Minute // in each window of this length …
	uploadFloor  = 60 << 10    // … an upload brings at least so many bytes, 1 kB/s

	maxToken       = 4096 // of a server's API; those of today have some 60 bytes, signed ones 1,000
	maxListed      = 50   // words in one field of a Mirror's choices
	mirrorPageSize = 20   // posts beside what they become
	pageSize       = 50   // rows of a list
	maxServers     = 12   // of the list to choose from
	askedServers   = 30   // servers with most of one's people, that one may have asked
	networkHosts   = 10   // rows of the network page
	networkWeeks   = 12   // columns of its chart
	latestSize     = 10   // rows of the list on the progress page
	readTimeout    = 30 * time.Second
	idleTimeout    = 60 * time.Second
	headTimeout    = 5 * time.Second

	sessionIdle  = 14 * 24 * time.Hour // a cookie's life without a visit
	sessionTouch = time.Hour           // how old the last visit may be before it is written anew
	flowLife     = 10 * time.Minute
	askedLife    = 60 * 24 * time.Hour // how long a browser remembers that X was asked
	choiceLife   = 365 * 24 * time.Hour
	backupDays   = 30 // how long backups may hold what was deleted

	remindAfter = 2 * 24 * time.Hour // when the calendar reminds of X

	fileMore = 351 // accounts from which the file is proposed first, on servers that count follows by the day

	maxDestinations = 3 // accounts that one User may connect

	streamsPerSession = 3
	streamsOverall    = 1000
	streamTick        = 2 * time.Second  // how often a stream looks
	streamWrite       = 10 * time.Second // deadline of one event
	streamLife        = 15 * time.Minute // then the browser connects again
	streamPulse       = 20 * time.Second // a comment keeps proxies from closing it

	roleFresh     = 15 * time.Minute // how old a server's word on its admin may be for an act (AUT-15)
	roleSeen      = 24 * time.Hour   // and for looking
	waveLife      = time.Hour        // how long a browser remembers that it came by a wave's link
	callWindow    = 5 * time.Minute  // how old a server's call may be, or ahead of our clock
	slowedFor     = 6 * time.Hour    // at half the pace, when an admin wants it
	waveDays      = 90               // that a wave's counts are kept after its end
	usualWave     = 200              // newcomers, and …
	usualMatches  = 150              // … how many each is found to follow, for the estimate
	usualDays     = 30
	usualDaily    = 20 // carried-over posts a day
	shownHours    = 48 // of a wave, as a table
	minHookSecret = 16 // characters
	maxBlockList  = 4 << 20

	maxOnce    = 4096  // one-time forms remembered
	maxWindows = 20000 // keys of one rate limit
)

// rate is how often something may be done in a window.
type rate struct {
	count int
	per   time.Duration
}

// Rates by person where somebody is signed in, by address (IPv6 by /64) else.
var (
	pageRate   = rate{300, 5 * time.Minute}
	writeRate  = rate{60, 5 * time.Minute}
	uploadRate = rate{10, time.Hour}
	pieceRate  = rate{1500, 5 * time.Minute} // pieces of uploads: 40 MB/s
	signInRate = rate{10, time.Hour}
	hostRate   = rate{20, time.Hour} // distinct servers that one address makes us ask
)
