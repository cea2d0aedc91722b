package worker

import (
	"time"

	"godwit/internal/jobs"
)

// A claim lasts three times the deadline of one request to another server and
// is renewed while its step goes on, so that work goes on half a minute after
// a crash however long the step was (QUE-02).
const (
	lease      = 30 * time.Second
	renewEvery = 8 * time.Second
)

// How long one step may take. An import is as long as its file.
const (
	matchTime  = 2 * time.Minute
	lookUpTime = 90 * time.Second
	followTime = 3 * time.Minute
	mailTime   = time.Minute
	settleTime = 5 * time.Second  // for giving a claim back, also at shutdown
	keepTime   = 30 * time.Second // for a result of the far side that the database does not take at once
)

// How much one step takes on.
const (
	recordBatch = 1000 // Records in one transaction
	matchBatch  = 500  // Accounts read for handles in one step
	gradeBatch  = 500  // Accounts graded in one step
	planBatch   = 200  // Posts of a Mirror's plan in one transaction
	checkBatch  = 20   // Registrations whose proofs are looked at again in one sweep
)

// maxPullPages bounds the reading of one list over an API: two million people.
const maxPullPages = 2000

// GCPercent is what a process that imports gives to debug.SetGCPercent. Two
// thirds of what an import keeps is the one set of the posts' ids, in which the
// collector has nothing to look at; with Go's own 100 it lets as much garbage
// gather beside it, and more the more posts there are. Reading 10 GB of posts
// takes 49 s of all cores with 50 as with 15, and 66 or 50 MiB of memory.
const GCPercent = 15

// crashLimit is how often an import may take its process down, or be killed
// with it, before it is given up. One that fails in a tidy way is given up
// after jobs.MaxAttempts.
const crashLimit = 2 * jobs.MaxAttempts

// Look-ups: pauses, and what is remembered of hosts that do not answer.
const (
	lookUpPause  = time.Second // between two look-ups in one registrable domain
	circuitAfter = 3           // failures of a domain in a row
	circuitFirst = 5 * time.Minute
	circuitMost  = 24 * time.Hour
	askSoon      = 20 * time.Second // after the first time without an answer: most such hosts only stumbled
	askAgain     = time.Hour        // after a "no", or no answer once more: doubling to askAgainMost
	askAgainMost = 7 * 24 * time.Hour
	maxPageAsks  = 3  // times without an answer of a page, some hours apart
	maxAsks      = 11 // times without an answer: some four weeks, then only if somebody wants it anew
)

// The Destinations' own accounts.
const (
	meetEvery = 24 * time.Hour // between two readings
	maxMet    = 10_000         // remembered of them (QUE-06)

	mostRefused = 5 // posts of a Mirror in a row, after which it is paused

	aloneRest = time.Hour // of a server that is to be left alone: then it is read whether it still is

	robotsEvery = time.Hour // between two readings of a home server's robots.txt

	blocksEvery = 24 * time.Hour // between two readings of what a home server suspends
	blocksAgain = time.Hour      // after one that failed
)

// Sweeping.
const (
	sweepEvery = 10 * time.Minute
	unsaidRest = time.Hour // a pause for which nobody named an instant
)
