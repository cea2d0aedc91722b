package bridge

import (
	"slices"
	"time"

	"godwit/internal/social"
)

// Next decides what to do for a Destination at now, at most one act. When it
// is a Rest, until is when to ask again; zero says that nothing is waiting, or
// that a person must act first. It never sends nor changes anything.
func Next(w Work, now time.Time) (a Act, until time.Time) {
	d := w.Destination
	switch {
	case d.State != social.Active:
		return Act{}, time.Time{}
	case d.Follow == social.FollowUndoing:
		return nextUndo(w, now)
	case d.Follow != social.FollowRunning:
		return Act{}, time.Time{}
	}
	calls := !d.Roll.DueAt.IsZero()
	if len(w.Due)+len(w.Confirm) == 0 && !calls {
		return Act{}, w.NextDue
	}
	b := rolled(w.Budgets, d, now)
	if from, ok := open(b, social.RequestsFamily, d, 1); !ok {
		return Act{Why: social.ReasonGentle}, from
	}
	if calls && !now.Before(d.Roll.DueAt) {
		return Act{Kind: Roll}, time.Time{}
	}
	batch, ripe := ripeBatch(w, now)
	if ripe {
		return Act{Kind: Recheck, Batch: batch}, time.Time{}
	}
	if list := handable(w, b, now); len(list) > 0 {
		return Act{Kind: HandOver, Batch: list}, time.Time{}
	}
	a, until = nextAsk(w, b, now)
	if a.Kind == Rest && len(batch) > 0 && !now.Before(patienceEnds(batch)) {
		return Act{Kind: Recheck, Batch: batch}, time.Time{}
	}
	if a.Kind == Rest {
		until = earliest(earliest(until, roomFor(w, b, now)), d.Roll.DueAt)
	}
	return a, until
}

// nextAsk chooses among what is done one account after the other.
func nextAsk(w Work, b []social.Budget, now time.Time) (a Act, until time.Time) {
	d := w.Destination
	w.Due = notHandable(w)
	unread := unreadOf(w, BatchSize(d.Flavour))
	if len(unread) == BatchSize(d.Flavour) {
		return Act{Kind: Recheck, Batch: unread}, time.Time{}
	}
	job, from, why := pick(w.Due, b, d, now)
	switch {
	case job != nil:
		return Act{Kind: Ask, Job: *job}, time.Time{}
	case len(unread) > 0 && why != social.ReasonDay:
		return Act{Kind: Recheck, Batch: unread}, time.Time{}
	}
	until = earliest(earliest(from, w.NextDue), patienceEnds(w.Confirm))
	return Act{Why: why}, until
}

// open reports whether n acts of the family may be made, or else from when. A
// family that nobody counts is open.
func open(b []social.Budget, f social.Family, d social.Destination, n int) (from time.Time, ok bool) {
	i := at(b, f)
	if i < 0 || usable(b[i]) >= n {
		return time.Time{}, true
	}
	return reopens(b[i], d.ID), false
}

// ripeBatch returns what to confirm, and whether to do it now: when a request
// would be full, when the eldest has waited long although others can be asked,
// or when nothing else is left to do and somebody may be watching for the end.
func ripeBatch(w Work, now time.Time) (batch []social.FollowJob, ripe bool) {
	size := BatchSize(w.Destination.Flavour)
	batch = w.Confirm[:min(size, len(w.Confirm))]
	if len(batch) == 0 {
		return nil, false
	}
	return batch, len(batch) == size || isLast(w, batch, now) || !now.Before(eldest(batch).Add(busyPatience))
}

// isLast reports that the batch holds what was asked just now, and that no job
// will join it soon.
func isLast(w Work, batch []social.FollowJob, now time.Time) bool {
	soon := !w.NextDue.IsZero() && w.NextDue.Before(now.Add(firstCheck))
	return len(w.Due) == 0 && !soon && slices.ContainsFunc(batch, isFresh)
}

// isFresh reports that a job waits for its first check, seconds after it was asked.
func isFresh(job social.FollowJob) bool {
	return job.Checks == 0 && job.DueAt.Sub(job.AskedAt) < secondCheck
}

// eldest is when the first of jobs was due.
func eldest(jobs []social.FollowJob) (due time.Time) {
	for _, job := range jobs {
		due = earliest(due, job.DueAt)
	}
	return due
}

// patienceEnds is when the eldest of jobs is confirmed without a full batch
// while nothing can be asked.
func patienceEnds(jobs []social.FollowJob) time.Time {
	var end time.Time
	for _, job := range jobs {
		patience := laterPatience
		if isFresh(job) {
			patience = firstPatience
		}
		end = earliest(end, job.DueAt.Add(patience))
	}
	return end
}

// unreadOf returns up to n found jobs whose relationship is to be read before
// they are asked.
func unreadOf(w Work, n int) (batch []social.FollowJob) {
	for _, job := range w.Due {
		if len(batch) < n && isUnread(w.Destination, job) {
			batch = append(batch, job)
		}
	}
	return batch
}

// isUnread reports that the person may follow the account already, or has asked
// it: they follow somebody, or it approves by hand, which no count of follows
// shows; and the account's relationship was not read yet.
func isUnread(d social.Destination, job social.FollowJob) bool {
	return (d.Following > 0 || job.Locked) && job.RemoteID != "" && job.Checks == 0 && !attempted(job)
}

// pick chooses the job whose turn it is: one that is found and only needs to
// be asked, or else the first of the target host that has been asked least.
func pick(due []social.FollowJob, b []social.Budget, d social.Destination, now time.Time) (best *social.FollowJob, from time.Time, why social.Reason) {
	if from, ok := open(b, social.FollowsFamily, d, 1); len(due) > 0 && !ok {
		return nil, from, social.ReasonDay
	}
	most := 0
	for i := range due {
		job := &due[i]
		room, at := turn(*job, b, d, now)
		if room > most {
			best, most = job, room
		}
		if room == 0 {
			from = earliest(from, at)
		}
	}
	if best == nil && len(due) > 0 {
		why = social.ReasonGentle
	}
	return best, from, why
}

// turn says how welcome the job is now, 0 for not before from.
func turn(job social.FollowJob, b []social.Budget, d social.Destination, now time.Time) (room int, from time.Time) {
	if held := heldUntil(job); now.Before(held) {
		return 0, held
	}
	if isUnread(d, job) {
		return 0, time.Time{}
	}
	if job.RemoteID != "" {
		if from, ok := open(b, social.RequestsFamily, d, min(sendRequests(job), mostRequests(b))); !ok {
			return 0, from
		}
		return targetBurst + 1, time.Time{}
	}
	row := targetRow(b, targetOf(job), now)
	return row.Remaining, row.ResetsAt
}

// mostRequests is how many requests a window allows at all.
func mostRequests(b []social.Budget) int {
	i := at(b, social.RequestsFamily)
	if i < 0 {
		return 1
	}
	return b[i].Limit - left(b[i].Limit)
}

// heldUntil spaces the attempts of a job whose last one ended without being
// written down, as after a crash: the attempt was counted at UpdatedAt.
func heldUntil(job social.FollowJob) time.Time {
	if job.Attempts == 0 || job.Attempts >= maxAttempts {
		return time.Time{}
	}
	return job.UpdatedAt.Add(failGaps[job.Attempts-1])
}
