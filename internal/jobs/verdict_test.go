package jobs

import (
	"errors"
	"testing"
	"time"

	"godwit/internal/fault"
)

func TestJudge(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	of := func(k fault.Kind) error { return fault.New(k, "test", "") }
	type want struct {
		lost, failed, givenUp bool
		soonest, latest       time.Duration // 0, 0: only when rung for
	}
	for name, r := range map[string]struct {
		err      error
		attempts int
		want     want
	}{
		"lost claim":       {of(fault.Conflict), 9, want{lost: true}},
		"gone":             {of(fault.Gone), 1, want{}},
		"mendable":         {of(fault.Invalid), 1, want{}},
		"not found":        {of(fault.NotFound), 1, want{}},
		"denied":           {of(fault.Denied), 1, want{}},
		"paused":           {of(fault.Paused), 1, want{}},
		"too large":        {of(fault.TooLarge), 1, want{}},
		"wait":             {fault.WaitUntil(now.Add(time.Hour), "w", ""), 7, want{soonest: time.Hour, latest: time.Hour}},
		"wait for past":    {fault.WaitUntil(now.Add(-time.Hour), "w", ""), 7, want{soonest: time.Second, latest: time.Second}},
		"wait, no instant": {of(fault.Wait), 1, want{soonest: time.Second, latest: time.Second}},
		"plain, first":     {errors.New("x"), 1, want{failed: true, soonest: 24 * time.Second, latest: 36 * time.Second}},
		"broken, fourth":   {of(fault.Broken), 4, want{failed: true, soonest: 20 * time.Hour, latest: 30 * time.Hour}},
		"broken, fifth":    {of(fault.Broken), 5, want{failed: true, givenUp: true, soonest: 20 * time.Hour, latest: 30 * time.Hour}},
		"ill server":       {of(fault.Unavailable), 2, want{failed: true, soonest: 96 * time.Second, latest: 144 * time.Second}},
		"ill for long":     {of(fault.Unavailable), 99, want{failed: true, soonest: 48 * time.Minute, latest: 72 * time.Minute}},
		"full disk":        {of(fault.Disk), 50, want{soonest: 48 * time.Second, latest: 72 * time.Second}},
		"no attempt":       {of(fault.Broken), 0, want{failed: true, soonest: 24 * time.Second, latest: 36 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			for range 100 {
				v := Judge(r.err, r.attempts, now)
				if v.Lost != r.want.lost || v.Failed != r.want.failed || v.GivenUp != r.want.givenUp {
					t.Fatalf("got %+v, want %+v", v, r.want)
				}
				if r.want.latest == 0 {
					if !v.Next.IsZero() {
						t.Fatalf("due again at %s", v.Next)
					}
					continue
				}
				if wait := v.Next.Sub(now); wait < r.want.soonest || wait > r.want.latest {
					t.Fatalf("due again after %s", wait)
				}
			}
		})
	}
}

// TestENG07AttemptsSpanADay: the shortest five attempts take more than a day.
func TestENG07AttemptsSpanADay(t *testing.T) {
	now := time.Unix(0, 0)
	at := now
	for attempts := 1; attempts < MaxAttempts; attempts++ {
		at = at.Add(delay(brokenDelays, attempts) * 4 / 5)
	}
	if at.Sub(now) < 24*time.Hour {
		t.Errorf("five attempts may take only %s", at.Sub(now))
	}
}

func FuzzParseTask(f *testing.F) {
	f.Add("follow", []byte("follow/12"))
	f.Add("follow", []byte("lookup/12"))
	f.Add("follow", []byte("follow/-1"))
	f.Add("follow", []byte("follow/012"))
	f.Add("'; DROP", []byte("'; DROP/1"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		task, ok := parseTask(kind, body)
		if ok && (task.ID <= 0 || payload(task) != string(body) || string(task.Kind) != kind || len(body) > maxPayload) {
			t.Errorf("%q took %q for %v", kind, body, task)
		}
	})
}
