package store

import "time"

// Bounds of this room.
const (
	maxText      = 64 << 10 // bytes of one stored text; longer ones are cut
	maxKeyText   = 512      // bytes of an id or a name that is looked up by; a longer one is refused
	maxPage      = 200      // rows of one page of Matches or FollowJobs
	maxSessions  = 10       // per User, the oldest go first
	maxUndos     = 20       // per User, the oldest go first
	maxSendings  = 2        // unfinished uploads per User, one of a phone and one of a computer; the oldest go first (ZIP-05)
	maxComponent = 5000     // Matches of one group that are graded together
	maxHops      = 20       // steps of following shared Handles to find such a group
	maxRetries   = 5        // of a transaction that lost against another one

	maxDomainDay = 2000  // handles asked of one registrable domain in a UTC day
	maxUserDay   = 20000 // look-ups that one User causes in a UTC day
	pagesPerDay  = 200   // pages of profiles that are read for one User within a day
	daySeconds   = 24 * 60 * 60

	askedPerPerson    = 7500   // numbers of a following list in 30 days (REG-02): Mastodon's own limit of follows
	askedWhenYoung    = 1000   // of an account that is less than a week old, or of a list that the operator is to look at
	askedPerAddress   = 20_000 // of all who come from one network
	youngDays         = 7
	denseList         = 100    // numbers from which on a list is looked at for its gaps
	denseGap          = 1000   // between two numbers in a list that was made up; honest ones are a million apart
	denseShare        = 5      // a fifth of the gaps
	apartCrowd        = 50_000 // followed by others, from which on a list that hardly meets theirs is odd
	apartSample       = 5000   // of a list that are compared
	apartShare        = 100    // of which a hundredth is followed by others too, in an honest one
	claimsPerPerson   = 2      // Registrations begun of one account in a UTC day (OPS-03)
	claimsPerServer   = 20     // of one server
	loginsPerPerson   = 5      // sign-ins at X begun by one account in a UTC day
	loginsPerServer   = 50     // by those of one server
	lettersPerPerson  = 3      // addresses that one account has written to in a UTC day, to be confirmed
	lettersPerAddress = 3      // letters to one address, whoever wants them
	arrivalsKept      = 50     // in a list of arrivals
	countStep         = 5      // of what a registrant is told (REG-09); fewer are told as fewer than so many

	dueWindow    = 2000 // FollowJobs looked at for one step, most certain first
	duePerTurn   = 3    // of them handed out for one target domain
	duePerList   = 10   // of them, where they go into lists
	dueJobs      = 40   // handed out in all
	foundJobs    = 20   // found ones that are enough for a turn: as many as are read in one request before they are asked
	confirmJobs  = 40   // asked ones handed out for a relationship check
	mirrorWindow = 50   // rows of a Mirror handed out for one act

	homeAtOnce = 2 // follow tasks of one home server that are worked on at once, over all processes; one of snac, which has four threads in all
	turnLength = 5 // requests for one User before it is another's turn: so many lead to a first follow

	crowdPerDay = 200 // new follows of one account in a UTC day, over all Users (ENG-09)

	smallest          = 5               // people, below whom no count is shown to others (REG-09)
	loadSlot          = 5 * time.Minute // by which a Wave's load is counted
	slowAfter         = 3               // answers "slow down" in an hour: then a Wave goes on at half its pace
	requestsPerFollow = 7               // what a home server asks of others for an account that is new to it

	inFlight = time.Minute // in which a request that was begun is over, one way or the other
)

// Lives of rows.
const (
	holdLife    = 30 * 24 * time.Hour // of an upload for a Mirror that rests
	sessionIdle = 14 * 24 * time.Hour
	sessionLife = 60 * 24 * time.Hour
	flowLife    = 10 * time.Minute
	textLife    = 24 * time.Hour      // of strangers' texts after they were read
	parkedLife  = 30 * 24 * time.Hour // of a User whose account is somebody else's now
	pullLife    = 30 * 24 * time.Hour // of the place at which a reading over an API stopped
	undoLife    = 24 * time.Hour      // of an act that can be undone
	fetchLife   = 24 * time.Hour      // of a token with which a Source is read: the longest that its server may make us wait
	uploadLife  = 24 * time.Hour      // of an unfinished upload after its last piece: until somebody has a better connection (ZIP-05)
	blocksLife  = 30 * 24 * time.Hour // of a list that is not read again, since nobody follows from there any more
	proofLife   = 24 * time.Hour      // of a one-time code
	checkEvery  = 30 * 24 * time.Hour // between two looks at what proves a Registration
	checkAgain  = 24 * time.Hour      // after a look that told nothing
	checkLease  = time.Hour           // of a look under way
	nameRest    = 90 * 24 * time.Hour // of an X username after its Registration was withdrawn (REG-13)
	askedWindow = 30                  // days that count towards askedPerPerson
	arrivalLife = 90 * 24 * time.Hour
	serverFresh = 3 * 24 * time.Hour  // of what a server says of itself
	serverAgain = 6 * time.Hour       // after one that did not answer
	serverLife  = 30 * 24 * time.Hour // of what nobody wants to know any more
	mailLife    = 48 * time.Hour      // of an address that nobody confirmed
	mailDelay   = time.Hour           // after the first arrival, for those who arrive with it
	mailEvery   = 24 * time.Hour      // between two letters about arrivals
	knownLife   = 30 * 24 * time.Hour // of an account's id on a home server, which may get another one
	targetLife  = 24 * time.Hour      // of the pace towards a host, after its window
	pageLife    = 30 * 24 * time.Hour // of what a page said, before it may be read again
	pausedRest  = time.Hour           // of following that a Wave's admin paused
	slowRest    = time.Hour           // at half the pace, after which it is tried again
	loadLife    = 48 * time.Hour
	callLife    = 24 * time.Hour      // of the digest of a call; older calls are refused by their age
	waveLife    = 90 * 24 * time.Hour // of a Wave with its counts after its end
	lookUpLife  = 30 * 24 * time.Hour // of an answer that no Match refers to any more
)

// Looking keys up in the registry.
const (
	registryBatch  = 2500 // keys of one statement
	registryAtOnce = 3    // statements, so that the pool keeps connections for others
)

// Times of the databases.
const (
	busyTimeout      = 10 * time.Second // SQLite: wait for another process's transaction
	statementTimeout = 60 * time.Second // PostgreSQL
	readers          = 4                // SQLite connections that read
	poolSize         = 10               // PostgreSQL connections of one process
	journalLimit     = 64 << 20         // bytes that SQLite's WAL is cut back to
	journalPages     = 8000             // pages of 4 KiB after which it goes into the file: half of that
)

// Bounds of the spool.
const (
	freeFloor      = 2 << 30          // bytes of disk left free at least, or a tenth if that is more
	freeShare      = 10               // a tenth
	maxOpenUploads = 20               // under way at once in one process
	maxSpoolFiles  = 1000             // files of one upload
	unclaimedLife  = 10 * time.Minute // of a finished upload that no Source needs yet
)
