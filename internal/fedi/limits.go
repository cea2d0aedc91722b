package fedi

import "time"

// Time allowed to one request. The parts bound the whole: a look-up ends
// lookUpTime after its turn came, whatever the other side does; a home server
// gets homeTime, since GoToSocial may hold a search for its own 30 s.
const (
	dialTime    = 5 * time.Second
	tlsTime     = 5 * time.Second
	headerTime  = 8 * time.Second
	lookUpTime  = 10 * time.Second
	homeTime    = 30 * time.Second
	oneDialTime = 2 * time.Second  // the least that one of several addresses gets
	wholeLookUp = 30 * time.Second // a LookUp with all of its requests and pauses
	revokeTime  = 3 * time.Second  // for giving a permission of X back, while somebody waits for the page
	idleTime    = 30 * time.Second // an unused connection is kept
)

// Bounds of one answer, in bytes after decompression. More than the bound is
// a failure and never a shorter text that happens to parse.
const (
	maxHeaderBytes = 64 << 10
	maxWebFinger   = 64 << 10
	maxHostMeta    = 64 << 10
	maxNodeInfo    = 64 << 10
	maxRobots      = 64 << 10
	maxActor       = 1 << 20
	maxOAuth       = 64 << 10
	maxOEmbed      = 64 << 10
	maxAPI         = 1 << 20
	maxSearch      = 2 << 20
	maxBlocks      = 16 << 20
	maxPage        = 8 << 20 // a thousand people on X, each with a profile of some KB
)

// Bounds of what an answer may say.
const (
	maxInterim     = 5 // 1xx answers before the real one
	maxRedirects   = 3 // and none with a token, a code or a client secret
	maxURL         = 2048
	maxField       = 1024 // client id, client secret
	maxToken       = 4096
	maxLinks       = 32 // links kept of one profile
	maxLink        = 512
	maxProfile     = 64 << 10 // bytes of a profile text that are read for links
	maxRules       = 50
	maxBlocked     = 50_000 // suspended domains of one server
	maxDescription = 20_000 // characters of a server's description
	maxRule        = 500    // characters
	maxSaid        = 200    // characters of a server's own words, in logs
)

// Bounds of a page for people that is read for links.
const (
	maxPageHTML  = 512 << 10 // bytes
	maxPageToken = 64 << 10  // bytes of one tag or text; a page with a longer one ends there
	maxPageTags  = 5_000     // links and marks looked at
	maxPageLinks = 50        // links kept, and as many that are marked rel="me"
)

// Pace towards one host.
const (
	hostPause      = time.Second // between the starts of two look-ups in one registrable domain
	foreignAtOnce  = 1
	homeAtOnce     = 2
	snacAtOnce     = 1 // snac has four threads in all
	appPause       = time.Minute
	rampGap        = 50 * time.Millisecond // between the starts of two requests to anybody, while a process starts; of several, together
	rampNotice     = 3 * time.Second       // in which those that start know of one more
	circuitAfter   = 3                     // failures in a row
	circuitFirst   = 5 * time.Minute
	circuitMost    = 24 * time.Hour
	circuitMostFor = time.Hour // a home server: its people wait for it
)

// Bounds of what another server may tell us to wait, and what stands in where
// it tells nothing that makes sense.
const (
	minWait        = time.Second
	maxWaitHome    = 24 * time.Hour
	maxWaitForeign = time.Hour
	pastReset      = time.Minute     // a reset that lies in the past
	unsaidWait     = 5 * time.Minute // a 429 without a readable header
)

// How long answers are believed.
const (
	minFresh      = time.Hour
	maxFresh      = 3 * 24 * time.Hour // Mastodon's own JRD says so
	unsaidFresh   = 24 * time.Hour
	negativeFresh = time.Hour // whoever asks again doubles it, up to a week
	softwareFresh = 24 * time.Hour
	robotsFresh   = 24 * time.Hour // RFC 9309: no longer than a day
	pageFresh     = 24 * time.Hour
)

// Bounds of the memory kept of other servers, in entries.
const (
	maxHosts      = 10_000
	maxSoftware   = 10_000
	maxApps       = 1_000
	maxPages      = 200
	maxRobotsKept = 500 // of hosts with pages
)

// Bounds of what a server says to somebody who looks for one, in characters.
const (
	maxTitle     = 80
	maxAbout     = 300
	maxSpeed     = 200
	maxLanguages = 10 // of its list
	maxAge       = 99 // years
)

// Bounds of posting. A file gets the time that uploadSlowest bytes a second take,
// and a home server's own on top; an answer about several statuses may be large,
// since 40 long ones are asked for at once.
const (
	statusPage     = 40
	statusPages    = 5 // pages of nothing but reblogs that are turned at once
	maxStatuses    = 8 << 20
	maxUpload      = 512 << 20
	uploadSlowest  = 64 << 10
	uploadMost     = 30 * time.Minute
	notReadyWait   = time.Minute
	maxTypes       = 64
	maxType        = 100
	maxPostingSize = 1 << 40 // a figure of an instance that is larger says nothing
)

// Bounds of what is read of a Bluesky account. MaxRepository is in bytes: the
// largest seen are some 200 MB. getFollows gives 100 people a page.
const (
	MaxRepository  = 1 << 30
	downloadTime   = 15 * time.Minute
	maxFollowPages = 2_000
)
