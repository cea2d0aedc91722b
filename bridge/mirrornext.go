package bridge

import (
	"slices"
	"time"

	"godwit/internal/social"
)

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
	if !mayPost(w.Destination.State) {
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

// mayPost reports whether an account in a state posts: that it follows as many
// as it may is no matter of posting.
func mayPost(s social.DestinationState) bool { return s == social.Active || s == social.LimitReached }

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
