package bridge

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Poster is what mirroring needs of a home server; fedi.Home is to be one.
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
type Outgoing struct {
	social.Draft
	FileIDs   []social.RemoteID
	InReplyTo social.RemoteID
	Key       string
}

// MirrorWork is what is known of one Mirror when its turn comes.
type MirrorWork struct {
	Destination social.Destination
	Mirror      social.Mirror
	Budgets     []social.Budget
	// Jobs are the unfinished rows of the ledger, in the order of the plan; 50
	// are enough. While undoing, those to be deleted, the last sent first.
	Jobs []social.StatusJob
	// Parents are the rows that Jobs answer, by their ids.
	Parents map[int64]social.StatusJob
	LastAt  time.Time // when the last act was, zero for never
}

// MirrorActKind is what MirrorNext decided.
type MirrorActKind int

// The kinds of MirrorActs, with what does each of them.
const (
	MirrorRest     MirrorActKind = iota // nothing may or need be done now
	MirrorUpload                        // BeginFile, save, then UploadFile
	MirrorAskFile                       // AskFile
	MirrorLook                          // LookParent
	MirrorPost                          // Begin, save, then Post
	MirrorReadBack                      // ReadBack; while undoing, then StillUndo
	MirrorDelete                        // Undo
)

// MirrorAct is what to do now for a Mirror.
type MirrorAct struct {
	Kind MirrorActKind
	Job  social.StatusJob
	File int // of Job.Files
}

// MirrorNext decides what to do for a Mirror at now, at most one act. When it
// is a rest, until is when to ask again; zero says that nothing is waiting, or
// that a person must act first. It never sends nor changes anything.
//
// What was shown to too many is deleted before all else, paused or not. A row
// whose end is not known is read back before anything else is posted, so that
// there is never more than one of them.
func MirrorNext(w MirrorWork, now time.Time) (a MirrorAct, until time.Time) {
	if w.Destination.State != social.Active {
		return MirrorAct{}, time.Time{}
	}
	n := &mirrorNext{w: w, b: mirrorRolled(w.Budgets, w.Destination, now), now: now}
	if from, ok := shareOpen(n.b, social.RequestsFamily, w.Destination); !ok {
		return MirrorAct{}, from
	}
	if n.inState(social.StatusExposed, MirrorDelete) {
		return n.done()
	}
	switch w.Mirror.State {
	case social.MirrorUndoing:
		if !n.inState(social.StatusSending, MirrorReadBack) && !n.inState(social.StatusUnknown, MirrorReadBack) {
			n.undo()
		}
	case social.MirrorRunning:
		if !n.inState(social.StatusSending, MirrorReadBack) && !n.inState(social.StatusUnknown, MirrorReadBack) {
			n.forward()
		}
	}
	return n.done()
}

type mirrorNext struct {
	w     MirrorWork
	b     []social.Budget
	now   time.Time
	act   MirrorAct
	until time.Time
}

func (n *mirrorNext) done() (MirrorAct, time.Time) {
	if n.act.Kind != MirrorRest {
		return n.act, time.Time{}
	}
	return n.act, n.until
}

func (n *mirrorNext) wait(until time.Time) { n.until = earliest(n.until, until) }

// inState deals with the first row in a state; it reports whether there is one.
func (n *mirrorNext) inState(state social.StatusState, kind MirrorActKind) bool {
	i := slices.IndexFunc(n.w.Jobs, func(j social.StatusJob) bool { return j.State == state })
	if i < 0 {
		return false
	}
	job := n.w.Jobs[i]
	due := job.DueAt
	if state == social.StatusSending {
		due = job.SentAt.Add(readLag) // whoever sent it is not there any more
	}
	if n.now.Before(due) {
		n.wait(due)
		return true
	}
	n.act = MirrorAct{Kind: kind, Job: job}
	return true
}

// undo deletes the first that is due.
func (n *mirrorNext) undo() {
	if from, ok := shareOpen(n.b, social.DeletesFamily, n.w.Destination); !ok {
		n.wait(from)
		return
	}
	for _, job := range n.w.Jobs {
		switch {
		case job.State != social.StatusUndoing:
		case n.now.Before(job.DueAt):
			n.wait(job.DueAt)
		default:
			n.act = MirrorAct{Kind: MirrorDelete, Job: job}
			return
		}
	}
}

// forward finds the first row that can go a step further. Statuses keep their
// order; while the first of them waits for its turn, files of later ones are
// sent ahead. Only a row that has to wait for long is overtaken.
func (n *mirrorNext) forward() {
	posting := true // nothing before this row waits to be posted
	for _, job := range n.w.Jobs {
		if job.State != social.StatusPlanned {
			continue
		}
		switch {
		case n.now.Before(job.DueAt):
			n.wait(job.DueAt)
			posting = posting && job.DueAt.Sub(n.now) > overtakeAfter
		case n.files(job), posting && n.post(job):
			posting = false
		}
		if n.act.Kind != MirrorRest {
			return
		}
	}
}

// files sends or asks after the first file of a row that is not ready; it
// reports whether there is one.
func (n *mirrorNext) files(job social.StatusJob) bool {
	for i, f := range job.Files {
		switch {
		case f.State == social.FileReady && n.now.Sub(f.SentAt) < fileLife:
			continue
		case f.State == social.FileReady || f.State == social.FileWorking:
			n.act = MirrorAct{Kind: MirrorAskFile, Job: job, File: i}
		default:
			if from, ok := shareOpen(n.b, social.MediaFamily, n.w.Destination); !ok {
				n.wait(from)
				return true
			}
			n.act = MirrorAct{Kind: MirrorUpload, Job: job, File: i}
		}
		return true
	}
	return false
}

// post decides for a row whose files are ready; it reports whether later rows
// have to stay behind it. One whose parent is not sent yet holds up nothing
// but what answers it.
func (n *mirrorNext) post(job social.StatusJob) bool {
	parent, waits := n.parent(job)
	switch {
	case waits:
		return false
	case stale(job, n.w.Destination.Flavour, n.now):
		n.act = MirrorAct{Kind: MirrorReadBack, Job: job}
	case job.ParentID != 0 && n.now.Sub(latest(job.ParentAt, parent.SentAt)) > parentAge:
		n.act = MirrorAct{Kind: MirrorLook, Job: job}
	default:
		n.turn(job)
	}
	return true
}

// turn posts as soon as the allowance and the pace let it.
func (n *mirrorNext) turn(job social.StatusJob) {
	if from := n.w.LastAt.Add(mirrorGap); n.now.Before(from) {
		n.wait(from)
		return
	}
	if from, ok := shareOpen(n.b, social.StatusesFamily, n.w.Destination); !ok {
		n.wait(from)
		return
	}
	n.act = MirrorAct{Kind: MirrorPost, Job: job}
}

// parent returns the row that job answers; waits says that it has not been
// sent yet.
func (n *mirrorNext) parent(job social.StatusJob) (parent social.StatusJob, waits bool) {
	if job.ParentID == 0 {
		return parent, false
	}
	parent, ok := n.w.Parents[job.ParentID]
	if !ok {
		return parent, false
	}
	return parent, parent.State == social.StatusPlanned || parent.State == social.StatusSending || parent.State == social.StatusUnknown
}

// InReplyTo is what a row is to answer: "" for a thread of its own, which it is
// also where its parent came to nothing.
func InReplyTo(parent social.StatusJob) social.RemoteID {
	if parent.State != social.StatusSent {
		return ""
	}
	return parent.RemoteID
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// stale reports that a row was tried before and that the proof that nothing
// came of it is too old to send it again. While the server still knows the key
// the proof may be somewhat older.
func stale(job social.StatusJob, fl social.Flavour, now time.Time) bool {
	if job.TriedAt.IsZero() {
		return false
	}
	age := missGap
	if honoursKeys(fl) && now.Sub(job.SentAt) < keyAge {
		age = missAge
	}
	return job.Misses < neededMisses || now.Sub(job.UpdatedAt) > age
}

// honoursKeys reports that a server answers a second call with the same key
// with the first one's status. It is never relied on alone.
func honoursKeys(fl social.Flavour) bool { return fl == social.Mastodon }

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
	if l.job.TriedAt.Equal(l.job.SentAt) {
		l.job.TriedAt = time.Time{}
	}
}

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
