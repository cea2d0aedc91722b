package main

import "time"

// span is how long something took: by the clock on the wall, and the processor
// time of this process, which a busy machine does not stretch.
type span struct{ wall, processor time.Duration }

// timed measures do.
func timed(do func() error) (span, error) {
	began, used := time.Now(), processorTime()
	err := do()
	return span{time.Since(began), processorTime() - used}, err
}

// least keeps the better of both figures; the zero span is none yet.
func (s *span) least(other span) {
	if s.wall == 0 || other.wall < s.wall {
		s.wall = other.wall
	}
	if s.processor == 0 || other.processor < s.processor {
		s.processor = other.processor
	}
}

// perSecond is how often n goes into d.
func perSecond(n int64, d time.Duration) float64 { return float64(n) / max(d, 1).Seconds() }

// over is a ratio, or 0 where there is nothing to compare with.
func over(a, b time.Duration) float64 {
	if b <= 0 {
		return 0
	}
	return float64(a) / float64(b)
}
