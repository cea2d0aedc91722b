package bridge

import (
	"slices"
	"strings"
	"time"

	"godwit/internal/social"
)

// The pace towards each target host is a Budget too, so that it outlives the
// process: its family is the host's name behind a prefix. Its window begins
// with the first use, and rows of hosts that are well vanish with their window.
func isTarget(f social.Family) bool {
	return strings.HasPrefix(string(f), string(social.TargetFamily("")))
}

// targetOf is the host that the home server will fetch from.
func targetOf(job social.FollowJob) string { return wanted(job).Host() }

// wanted is the handle to be followed: the new one of an account that moved.
func wanted(job social.FollowJob) social.Handle {
	if !job.NewHandle.IsZero() {
		return job.NewHandle
	}
	return job.Handle
}

// targetRow returns the host's Budget with the window that now lies in.
func targetRow(b []social.Budget, host string, now time.Time) social.Budget {
	i := at(b, social.TargetFamily(host))
	if i < 0 {
		return social.Budget{Family: social.TargetFamily(host), Limit: targetBurst, Remaining: targetBurst, Window: targetWindow, ResetsAt: now.Add(targetWindow)}
	}
	row := b[i]
	if !now.Before(row.ResetsAt) {
		row.Remaining, row.ResetsAt = row.Limit, now.Add(row.Window)
	}
	return row
}

func setTarget(b []social.Budget, row social.Budget) []social.Budget {
	if i := at(b, row.Family); i >= 0 {
		b[i] = row
		return b
	}
	return append(b, row)
}

func spendTarget(b []social.Budget, host string, now time.Time) []social.Budget {
	row := targetRow(b, host, now)
	row.Remaining = max(0, row.Remaining-1)
	return setTarget(b, row)
}

// reckonTarget halves the pace towards a host whose account was not found, and
// then widens its window; a host that answers is soon well again.
func reckonTarget(b []social.Budget, host string, before, after social.FollowJob, now time.Time) []social.Budget {
	row := targetRow(b, host, now)
	switch {
	case after.Empty > before.Empty:
		if row.Limit == 1 {
			row.Window = min(2*row.Window, targetSlowest)
		}
		row.Limit = max(1, row.Limit/2)
		row.Remaining, row.ResetsAt = 0, now.Add(row.Window)
	case after.RemoteID != "" && row.Limit < targetBurst:
		row.Limit, row.Window = min(2*row.Limit, targetBurst), targetWindow
		row.ResetsAt = earliest(row.ResetsAt, now.Add(row.Window))
	default:
		return b
	}
	return setTarget(b, row)
}

// prune drops the rows of hosts that need no memory any more.
func prune(b []social.Budget, now time.Time) []social.Budget {
	return slices.DeleteFunc(b, func(x social.Budget) bool {
		if !isTarget(x.Family) || now.Before(x.ResetsAt) {
			return false
		}
		return x.Limit >= targetBurst || now.After(x.ResetsAt.Add(targetMemory))
	})
}

// earliest returns the earlier of two instants; a zero one does not count.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
