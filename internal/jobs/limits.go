package jobs

import (
	"time"

	"godwit/internal/social"
)

// shares is how many tasks of each kind one process works on at once. Imports
// read whole archives; look-ups mostly wait for other servers.
var shares = map[social.TaskKind]int{
	social.ImportTask: 2,
	social.MatchTask:  2,
	social.LookUpTask: 64,
	social.FollowTask: 32,
	social.MirrorTask: 8,
	social.LiveTask:   8,
	social.ServerTask: 8,
	social.MailTask:   2,
}

// The bounds of this package.
const (
	batch   = 512              // due rows of a kind looked at in one sweep
	every   = time.Second      // between two sweeps when nothing rings
	grace   = 15 * time.Second // for calls under way at shutdown (QUE-04)
	abandon = 3 * time.Second  // more for calls that were then told to stop

	slowTask   = 5 * time.Second // a task that took longer shares half the places with its like (NET-06)
	slowKept   = 10_000          // slow tasks remembered (QUE-06)
	restClaim  = time.Second     // before a task that another holds is tried again
	restError  = 5 * time.Second // before a task whose row could not be written is tried again
	restDisk   = 5 * time.Second // before anything is claimed after the disk was full (STO-06)
	maxPayload = 256             // bytes of a queued task (QUE-01)

	ringLife  = 6 * time.Hour // how long asynq lets a task run: longer than any step
	redisPoll = 50 * time.Millisecond
	dropEvery = 10 * time.Minute // between two clearings of asynq's archive
)

// MaxAttempts is how often a failing step is tried before its task counts as
// given up; the delays between them add up to more than a day (ENG-07).
const MaxAttempts = 5

// The delays after the 1st, 2nd … failure in a row; the last one repeats. What
// is broken on our side hardly mends itself; another server in trouble does,
// and somebody may be waiting for it.
var (
	brokenDelays = []time.Duration{30 * time.Second, 15 * time.Minute, 6 * time.Hour, 25 * time.Hour}
	illDelays    = []time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}
)

// diskDelay is the wait for a disk to get room again.
const diskDelay = time.Minute
