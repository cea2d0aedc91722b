package bridge

import (
	"context"
	"slices"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// BeginFile readies a file of a row for its upload; it is saved before the
// first byte is sent.
func BeginFile(job social.StatusJob, i int, now time.Time) social.StatusJob {
	job.Files = slices.Clone(job.Files)
	f := &job.Files[i]
	f.State, f.SentAt, f.Asked = social.FileSending, now, 0
	f.Attempts++
	job.UpdatedAt = now
	return job
}

// UploadFile sends a file that BeginFile readied. One that was sent without an
// answer is sent again: nobody sees a file that belongs to no status, and the
// server throws it away after a day.
func UploadFile(ctx context.Context, srv Poster, job social.StatusJob, i int, now time.Time) (social.StatusJob, error) {
	l := &ledger{srv: srv, job: job, now: now}
	f := l.file(i)
	if f.Attempts > maxAttempts { // the process died of it each time
		return l.fileAgain(f), nil
	}
	got, err := srv.Upload(ctx, job.Draft.Files[i])
	switch {
	case err == nil:
		f.RemoteID = got.ID
		return l.worked(f, got), nil
	case fault.Is(err, fault.NotFound):
		f.State = social.FileFailed
		return l.end(social.StatusFailed, social.MirrorFileAbsent), nil
	case fault.Is(err, fault.Invalid), fault.Is(err, fault.TooLarge), fault.Is(err, fault.Denied), codeOf(err) == codeRefused:
		f.State = social.FileFailed
		return l.end(social.StatusFailed, social.MirrorFileRefused), nil
	case answered(err):
		f.State = social.FilePlanned
		f.Attempts--
		return l.later(social.StatusPlanned, l.job.Reason, max(fault.Until(err).Sub(now), 0)), err
	}
	return l.fileAgain(f), err
}

// file is a file of the row, on a copy of its list.
func (l *ledger) file(i int) *social.MirrorFile {
	l.job.Files = slices.Clone(l.job.Files)
	return &l.job.Files[i]
}

// fileAgain counts a failed upload.
func (l *ledger) fileAgain(f *social.MirrorFile) social.StatusJob {
	f.State = social.FilePlanned
	if f.Attempts >= maxAttempts {
		f.State = social.FileFailed
		return l.end(social.StatusFailed, social.MirrorGaveUp)
	}
	return l.later(social.StatusPlanned, l.torn(), failGaps[max(f.Attempts, 1)-1])
}

// worked notes what the server says of a file that it has.
func (l *ledger) worked(f *social.MirrorFile, got social.RemoteFile) social.StatusJob {
	if got.Ready {
		f.State = social.FileReady
		return l.later(social.StatusPlanned, l.torn(), 0)
	}
	f.State = social.FileWorking
	gap := firstAsk << min(f.Asked, 20)
	if f.Asked++; f.Asked > maxAsked || gap > longestAsk || gap <= 0 {
		gap = longestAsk
	}
	return l.later(social.StatusPlanned, social.MirrorBusy, gap)
}

// AskFile asks whether the server is done with a file, or still has it. The
// row waits as long as that takes, a day at most; others go on.
func AskFile(ctx context.Context, srv Poster, d social.Destination, job social.StatusJob, i int, now time.Time) (social.StatusJob, error) {
	l := &ledger{srv: srv, d: d, job: job, now: now}
	f := l.file(i)
	if d.Flavour == social.Snac { // has no such question, and keeps files
		f.State, f.SentAt = social.FileReady, now
		return l.later(social.StatusPlanned, l.torn(), 0), nil
	}
	got, err := srv.File(ctx, f.RemoteID)
	switch {
	case isAway(err):
		*f = social.MirrorFile{State: social.FilePlanned, Attempts: f.Attempts}
		return l.fileAgain(f), nil
	case fault.Is(err, fault.Invalid), codeOf(err) == codeRefused:
		f.State = social.FileFailed
		return l.end(social.StatusFailed, social.MirrorFileRefused), nil
	case err != nil:
		return l.later(social.StatusPlanned, l.job.Reason, max(failGaps[0], fault.Until(err).Sub(now))), err
	case !got.Ready && now.Sub(f.SentAt) > fileLife:
		f.State = social.FileFailed
		return l.end(social.StatusFailed, social.MirrorFileRefused), nil
	}
	if got.Ready {
		f.SentAt = now // it stands, and for another while
	}
	return l.worked(f, got), nil
}

// LookParent makes sure that what a row is to answer still stands, before the
// first answer of a run. Where it is gone the row begins a thread of its own,
// and its Reason says so.
func LookParent(ctx context.Context, srv Poster, d social.Destination, job social.StatusJob, parent social.RemoteID, now time.Time) (social.StatusJob, error) {
	l := &ledger{srv: srv, d: d, job: job, now: now}
	if parent == "" {
		l.job.ParentID = 0
		return l.later(social.StatusPlanned, social.MirrorTorn, 0), nil
	}
	st, err := srv.Status(ctx, parent)
	switch {
	case isAway(err), err == nil && st.AccountID != "" && st.AccountID != d.RemoteID:
		l.job.ParentID = 0
		return l.later(social.StatusPlanned, social.MirrorTorn, 0), nil
	case err != nil:
		return l.later(social.StatusPlanned, job.Reason, max(failGaps[0], fault.Until(err).Sub(now))), err
	}
	l.job.ParentAt = now
	return l.later(social.StatusPlanned, job.Reason, 0), nil
}

// Undo deletes what a row posted, and nothing else: under the id there must
// stand a status of this account with the words that were sent. One that was
// edited by hand is the person's own; Undo says so and leaves it. It may be
// called again after an unknown end.
func Undo(ctx context.Context, srv Poster, d social.Destination, job social.StatusJob, now time.Time) (social.StatusJob, error) {
	l := &ledger{srv: srv, d: d, job: job, now: now}
	switch {
	case job.State == social.StatusExposed:
		return l.takeBack(ctx)
	case job.State != social.StatusUndoing:
		return job, nil
	case job.RemoteID == "":
		return l.end(social.StatusDeleted, social.MirrorVanished), nil
	}
	st, err := srv.Status(ctx, job.RemoteID)
	switch {
	case isAway(err):
		return l.end(social.StatusDeleted, social.MirrorVanished), nil
	case err != nil:
		return l.notUndone(err)
	case st.AccountID != d.RemoteID:
		return l.end(social.StatusSent, social.MirrorNotOurs), nil
	case !st.EditedAt.IsZero() || !sameWords(job.Print, st):
		return l.end(social.StatusSent, social.MirrorChanged), nil
	}
	if err := srv.DeleteStatus(ctx, job.RemoteID); err != nil && !isAway(err) {
		return l.notUndone(err)
	}
	return l.end(social.StatusDeleted, social.MirrorFine), nil
}

// notUndone sorts the error of a deletion.
func (l *ledger) notUndone(err error) (social.StatusJob, error) {
	switch {
	case answered(err):
		return l.job, err
	case codeOf(err) == codeRefused, fault.Is(err, fault.Denied):
		return l.end(social.StatusSent, social.MirrorStays), nil
	}
	if l.job.Attempts++; l.job.Attempts >= maxAttempts {
		return l.end(social.StatusSent, social.MirrorStays), err
	}
	return l.later(social.StatusUndoing, l.job.Reason, failGaps[l.job.Attempts-1]), err
}

// BeginUndo readies the rows of a Mirror for being undone, the last one first;
// those that were not sent are canceled. A row of unknown end is read back
// first, and then given to StillUndo.
func BeginUndo(jobs []social.StatusJob, now time.Time) []social.StatusJob {
	jobs = slices.Clone(jobs)
	slices.Reverse(jobs)
	for i := range jobs {
		l := &ledger{job: jobs[i], now: now}
		l.job.Attempts = 0
		switch jobs[i].State {
		case social.StatusSent:
			jobs[i] = l.later(social.StatusUndoing, social.MirrorFine, 0)
		case social.StatusPlanned:
			if jobs[i].TriedAt.IsZero() {
				jobs[i] = l.end(social.StatusCanceled, social.MirrorFine)
			} else {
				jobs[i] = l.later(social.StatusUnknown, social.MirrorUnclear, 0)
			}
		case social.StatusFailed:
			if jobs[i].Reason == social.MirrorUnclear || jobs[i].Reason == social.MirrorGaveUp && !jobs[i].TriedAt.IsZero() {
				jobs[i] = l.later(social.StatusUnknown, social.MirrorUnclear, 0)
			}
		}
	}
	return jobs
}

// StillUndo is what a row becomes that was read back while its Mirror is being
// undone: what stands is to be deleted, what does not is never sent.
func StillUndo(job social.StatusJob, now time.Time) social.StatusJob {
	l := &ledger{job: job, now: now}
	switch job.State {
	case social.StatusSent:
		return l.later(social.StatusUndoing, social.MirrorFine, 0)
	case social.StatusPlanned:
		return l.end(social.StatusCanceled, social.MirrorFine)
	}
	return job
}
