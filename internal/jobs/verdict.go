package jobs

import (
	"math/rand/v2"
	"time"

	"godwit/internal/fault"
)

// Verdict says what happens to a task after a step of it failed.
type Verdict struct {
	Lost    bool      // the claim is no longer ours: write nothing
	Next    time.Time // when the task is due again; zero: only when it is rung for
	Failed  bool      // the attempt counts
	GivenUp bool      // it failed as often as we try
}

// Judge is the one mapping from a step's error to what happens next. attempts
// counts those made in a row, this one included. A task that was given up is
// still due again after the longest delay: what its row says then is the
// step's business.
func Judge(err error, attempts int, now time.Time) Verdict {
	switch fault.KindOf(err) {
	case fault.Conflict:
		return Verdict{Lost: true}
	case fault.Wait:
		return Verdict{Next: later(fault.Until(err), now.Add(time.Second))}
	case fault.Gone, fault.Invalid, fault.NotFound, fault.Denied, fault.Paused, fault.TooLarge:
		return Verdict{}
	case fault.Disk: // not the task's doing, and over when there is room again
		return Verdict{Next: now.Add(jitter(diskDelay))}
	case fault.Unavailable:
		return Verdict{Next: now.Add(jitter(delay(illDelays, attempts))), Failed: true}
	default:
		return Verdict{Next: now.Add(jitter(delay(brokenDelays, attempts))), Failed: true, GivenUp: attempts >= MaxAttempts}
	}
}

// delay is the wait after the given number of failures in a row.
func delay(delays []time.Duration, attempts int) time.Duration {
	return delays[max(0, min(attempts, len(delays))-1)]
}

// jitter spreads d by a fifth to both sides, so that what failed together does
// not come back together.
func jitter(d time.Duration) time.Duration {
	fifth := d / 5
	return d - fifth + rand.N(2*fifth+1)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
