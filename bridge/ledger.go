package bridge

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Poster is what mirroring needs of a home server; fedi.Posting is one.
// Errors are faults as elsewhere; besides, an answer that the status is too
// long has the code "too-long", and one that a file of it is not known (any
// more) the code "file-unknown".
type Poster interface {
	// Post sends one status, once: it is never repeated below this interface.
	// Always as text/plain, always with its visibility, with allowed_mentions
	// empty and with the Idempotency-Key.
	Post(ctx context.Context, o Outgoing) (social.RemoteStatus, error)
	// Statuses lists the account's statuses, newest first, at most 40, older
	// than before where that is given. Reblogs are left out, answers are not.
	Statuses(ctx context.Context, account, before social.RemoteID) ([]social.RemoteStatus, error)
	// Status reads one; one that is gone is a NotFound, or Gone with the code
	// "gone".
	Status(ctx context.Context, id social.RemoteID) (social.RemoteStatus, error)
	// DeleteStatus may be called again.
	DeleteStatus(ctx context.Context, id social.RemoteID) error
	// Upload sends a file with its description and focal point. A file that
	// the Source no longer has is a NotFound.
	Upload(ctx context.Context, f social.DraftFile) (social.RemoteFile, error)
	// File asks after an uploaded one.
	File(ctx context.Context, id social.RemoteID) (social.RemoteFile, error)
}

// Outgoing is one status as it leaves.
type Outgoing = social.Outgoing

// Begin readies a row for its call; it is saved before the first byte is sent.
// Whoever finds it so later reads back first.
func Begin(job social.StatusJob, now time.Time) social.StatusJob {
	if job.Key == "" {
		job.Key = rand.Text()
	}
	job.State, job.Print, job.SentAt, job.UpdatedAt = social.StatusSending, Fingerprint(job.Draft.Text), now, now
	if job.TriedAt.IsZero() {
		job.TriedAt = now
	}
	job.Misses, job.MissedAt = 0, time.Time{}
	job.Attempts++
	return job
}

// Post sends a row that Begin readied and that is saved, as an answer to
// inReplyTo. The row is to be saved in any case. An error says what it means
// for the whole Mirror: Paused stops it until the person has seen to it, Wait
// and every other is a pause.
func Post(ctx context.Context, srv Poster, d social.Destination, job social.StatusJob, inReplyTo social.RemoteID, now time.Time) (social.StatusJob, error) {
	if job.State != social.StatusSending {
		return job, nil
	}
	l := &ledger{srv: srv, d: d, job: job, now: now}
	st, err := srv.Post(ctx, Outgoing{Draft: job.Draft, FileIDs: fileIDs(job), InReplyTo: inReplyTo, Key: job.Key})
	if err != nil {
		return l.notPosted(err)
	}
	return l.posted(ctx, st, inReplyTo)
}

func fileIDs(job social.StatusJob) (ids []social.RemoteID) {
	for _, f := range job.Files {
		ids = append(ids, f.RemoteID)
	}
	return ids
}

// ledger takes one row a step further.
type ledger struct {
	srv Poster
	d   social.Destination
	job social.StatusJob
	now time.Time
}

// end closes the row.
func (l *ledger) end(state social.StatusState, why social.MirrorReason) social.StatusJob {
	l.job.State, l.job.Reason = state, why
	l.job.DueAt, l.job.UpdatedAt = time.Time{}, l.now
	return l.job
}

// later leaves the row where it is for a while.
func (l *ledger) later(state social.StatusState, why social.MirrorReason, gap time.Duration) social.StatusJob {
	l.job.State, l.job.Reason = state, why
	l.job.DueAt, l.job.UpdatedAt = l.now.Add(gap), l.now
	return l.job
}

// The codes of a server's answers about one status.
const (
	codeTooLong     = "too-long"
	codeFileUnknown = "file-unknown"
)

// notPosted sorts the error of a call. Only an answer that can mean nothing
// else says that nothing was posted; after every other the row is read back.
func (l *ledger) notPosted(err error) (social.StatusJob, error) {
	switch {
	case codeOf(err) == codeTooLong:
		l.untry()
		return l.later(social.StatusPlanned, social.MirrorTooLong, 0), changedLimits()
	case codeOf(err) == codeFileUnknown:
		l.untry()
		l.forgetFiles()
		return l.again(social.StatusPlanned, social.MirrorUnclear), nil
	case isAway(err) && l.job.ParentID != 0 && l.isFirst(): // Mastodon's word for a parent that is gone
		l.untry()
		l.job.ParentID = 0
		return l.later(social.StatusPlanned, social.MirrorTorn, 0), nil
	case fault.Is(err, fault.Paused):
		l.untry()
		return l.later(social.StatusPlanned, social.MirrorFine, 0), err
	case fault.Is(err, fault.Invalid), fault.Is(err, fault.Denied), codeOf(err) == codeRefused:
		l.untry()
		return l.end(social.StatusFailed, social.MirrorRefused), nil
	}
	return l.later(social.StatusUnknown, social.MirrorUnclear, max(readLag, fault.Until(err).Sub(l.now))), err
}

// untry says that this try surely came to nothing; an earlier one may not have.
func (l *ledger) untry() {
	if l.isFirst() {
		l.job.TriedAt = time.Time{}
	}
}

// isFirst reports that the row was sent once only.
func (l *ledger) isFirst() bool { return l.job.TriedAt.Equal(l.job.SentAt) }

func (l *ledger) forgetFiles() {
	l.job.Files = slices.Clone(l.job.Files)
	for i := range l.job.Files {
		l.job.Files[i] = social.MirrorFile{State: social.FilePlanned, Attempts: l.job.Files[i].Attempts}
	}
}

// again counts a failed try and says when the next is due; after the fifth the
// row has failed.
func (l *ledger) again(state social.StatusState, why social.MirrorReason) social.StatusJob {
	if l.job.Attempts >= maxAttempts {
		return l.end(social.StatusFailed, social.MirrorGaveUp)
	}
	return l.later(state, why, failGaps[max(l.job.Attempts, 1)-1])
}

func changedLimits() error {
	return fault.New(fault.Paused, "mirror-limits", "Your server takes shorter posts than it said. Nothing was lost; have a look at the new plan before we go on.")
}

// posted notes that the status stands, and holds it against what was asked:
// what more people can read than was asked, or what tells somebody, is deleted
// at once.
func (l *ledger) posted(ctx context.Context, st social.RemoteStatus, inReplyTo social.RemoteID) (social.StatusJob, error) {
	l.job.RemoteID, l.job.URL = st.ID, st.URL
	l.job.Misses, l.job.MissedAt = 0, time.Time{}
	if why := l.fault(st); why != social.MirrorFine {
		l.end(social.StatusExposed, why)
		return l.takeBack(ctx)
	}
	why := l.job.Reason
	if why != social.MirrorTorn {
		why = social.MirrorFine
	}
	if inReplyTo != "" && st.InReplyTo == "" {
		why = social.MirrorTorn
	}
	return l.end(social.StatusSent, why), nil
}

// fault is what is wrong with a status that the server made.
func (l *ledger) fault(st social.RemoteStatus) social.MirrorReason {
	at := l.job.Draft.At
	switch {
	case st.Visibility.WiderThan(l.job.Draft.Visibility):
		return social.MirrorTooOpen
	case st.Mentions > 0:
		return social.MirrorPinged
	case !at.IsZero() && st.CreatedAt.Sub(at).Abs() > dateSlack:
		return social.MirrorNotDated
	case st.Files < len(l.job.Files):
		return social.MirrorFileRefused
	}
	return social.MirrorFine
}

// takeBack deletes a status that is not as asked, and stops the Mirror.
func (l *ledger) takeBack(ctx context.Context) (social.StatusJob, error) {
	why := l.job.Reason
	err := l.srv.DeleteStatus(ctx, l.job.RemoteID)
	if err == nil || isAway(err) {
		l.end(social.StatusFailed, why)
		l.job.RemoteID, l.job.URL = "", ""
		return l.job, exposed(why)
	}
	l.later(social.StatusExposed, why, max(readLag, fault.Until(err).Sub(l.now)))
	return l.job, exposed(why)
}

// isAway reports that the server says there is no such status.
func isAway(err error) bool { return fault.Is(err, fault.NotFound) || codeOf(err) == codeGone }

// exposed is what the person is told of a status that had to be deleted.
func exposed(why social.MirrorReason) error {
	switch why {
	case social.MirrorTooOpen:
		return fault.New(fault.Paused, "mirror-too-open", "Your server showed a post to more people than you chose. We deleted it at once and stopped; the rest is untouched.")
	case social.MirrorPinged:
		return fault.New(fault.Paused, "mirror-pinged", "Your server took a name in a post for a mention. We deleted the post at once and stopped; the rest is untouched.")
	case social.MirrorNotDated:
		return fault.New(fault.Paused, "mirror-not-dated", "Your server didn't keep the date of a post. We deleted the post at once and stopped; you can go on with the dates written in the text.")
	}
	return fault.New(fault.Paused, "mirror-file-refused", "Your server made a post without its pictures. We deleted it and stopped; the rest is untouched.")
}
