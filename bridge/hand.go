package bridge

import (
	"context"
	"slices"
	"strings"
	"time"

	"godwit/internal/social"
)

// Lister is what a home server that follows whole lists offers beyond Server.
type Lister interface {
	// Import hands over accounts to be followed, which the server does later and
	// in its own order, or not at all: it never says which. Gone with the code
	// "no-import" says that it takes no lists from this Destination.
	Import(ctx context.Context, all []social.Handle) error
	// FollowingPage lists whom the account follows, without those who were only
	// asked, and the cursor of the next page, "" after the last.
	FollowingPage(ctx context.Context, id social.RemoteID, cursor string) ([]social.RemoteAccount, string, error)
	// RequestsPage lists those who were asked and have not answered.
	RequestsPage(ctx context.Context, cursor string) ([]social.RemoteAccount, string, error)
}

// codeNoImport is the code of a server that takes no lists.
const codeNoImport = "no-import"

// TakesLists reports whether the Destination's server follows lists that are
// handed over. GoToSocial wants the widest permission for it, which nobody is
// asked for without saying why (api/client/import); Pleroma, Akkoma and Mitra
// take the one to follow.
func TakesLists(d social.Destination) bool {
	switch d.Flavour {
	case social.Pleroma, social.Mitra:
		return true
	case social.GoToSocial:
		return slices.Contains(strings.Fields(d.Scopes), "write")
	}
	return false
}

// handable are the due jobs that may go into a list now. An account that
// approves by hand is asked by itself, since no list of followed ones shows
// that the person had asked before. The home server will ask the target hosts
// for our sake, so that each gets no more of them than if they were searched for.
func handable(w Work, b []social.Budget, now time.Time) (batch []social.FollowJob) {
	if !w.Destination.ByList || !TakesLists(w.Destination) {
		return nil
	}
	room := map[string]int{}
	for _, job := range w.Due {
		host := targetOf(job)
		if _, seen := room[host]; !seen {
			room[host] = targetRow(b, host, now).Remaining
		}
		if isHandable(job) && room[host] > 0 && len(batch) < handBatch {
			room[host]--
			batch = append(batch, job)
		}
	}
	return batch
}

func isHandable(job social.FollowJob) bool {
	fresh := job.Reason == social.ReasonNone || job.Reason == social.ReasonCrowd || job.Reason == social.ReasonPlain
	return job.State == social.JobPlanned && fresh && job.Attempts == 0 && job.Empty == 0 && job.NewHandle.IsZero() && !job.Locked
}

// notHandable leaves to the ordinary way what no list will take.
func notHandable(w Work) []social.FollowJob {
	if !w.Destination.ByList || !TakesLists(w.Destination) {
		return w.Due
	}
	return slices.DeleteFunc(slices.Clone(w.Due), isHandable)
}

// roomFor is when a target host takes the next of those that wait to be handed.
func roomFor(w Work, b []social.Budget, now time.Time) (at time.Time) {
	if !w.Destination.ByList || !TakesLists(w.Destination) {
		return at
	}
	for _, job := range w.Due {
		if isHandable(job) {
			at = earliest(at, targetRow(b, targetOf(job), now).ResetsAt)
		}
	}
	return at
}

// Handed is a job as it stands from before its list is sent. It counts as sent
// until a Roll, or in an hour a look at it alone, tells otherwise.
func Handed(job social.FollowJob, now time.Time) social.FollowJob {
	job.Outcome, job.Reason = social.Deferred, social.ReasonHanded
	job.AskedAt, job.UpdatedAt, job.DueAt = now, now, now.Add(handPatience)
	return job
}

// Hand hands over a batch that was written down as Handed. The jobs that it
// returns were plainly not taken and are as they were before; after an unknown
// outcome all stay Handed. refused says that this server takes no lists at all.
func Hand(ctx context.Context, srv Lister, batch []social.FollowJob, now time.Time) (back []social.FollowJob, refused bool, err error) {
	all := make([]social.Handle, len(batch))
	for i, job := range batch {
		all[i] = job.Handle
	}
	err = srv.Import(ctx, all)
	refused = codeOf(err) == codeNoImport
	if !refused && !answered(err) {
		return nil, false, err
	}
	for _, job := range batch {
		job.Outcome, job.Reason, job.AskedAt = social.NoOutcome, social.ReasonNone, time.Time{}
		job.DueAt, job.UpdatedAt = now, now
		back = append(back, job)
	}
	if refused {
		return back, true, nil // they are followed one by one
	}
	return back, false, err
}

// NextRoll is when it is read again whom the account follows: newest is when the
// last list was handed over of which some are still missing, zero when none are.
func NextRoll(newest, now time.Time) time.Time {
	if newest.IsZero() {
		return time.Time{}
	}
	return now.Add(min(max(now.Sub(newest), firstRoll), laterRoll))
}

// CallRoll reads one page of whom the account follows, or asked, and says where
// the reading stands after it; newest is as for NextRoll.
func CallRoll(ctx context.Context, srv Lister, d social.Destination, newest, now time.Time) (page []social.Present, next social.Roll, err error) {
	var all []social.RemoteAccount
	next = d.Roll
	if d.Roll.Requests {
		all, next.Cursor, err = srv.RequestsPage(ctx, d.Roll.Cursor)
	} else {
		all, next.Cursor, err = srv.FollowingPage(ctx, d.RemoteID, d.Roll.Cursor)
	}
	if err != nil {
		return nil, d.Roll, err
	}
	s := &sender{d: d}
	for _, acct := range all {
		if h := s.address(acct.Acct); !h.IsZero() {
			known := social.Known{Handle: h, ActorID: acct.URI, ID: acct.ID, Locked: acct.Locked}
			page = append(page, social.Present{Known: known, Asked: d.Roll.Requests, LookAt: now.Add(patienceWith(acct))})
		}
	}
	switch {
	case next.Cursor != "":
		next.DueAt = now
	case tellsRequests(d.Flavour) && !d.Roll.Requests:
		next = social.Roll{DueAt: now, Requests: true}
	default:
		next = social.Roll{DueAt: NextRoll(newest, now)}
	}
	return page, next, nil
}

// tellsRequests reports whether a server lists whom an account asked.
func tellsRequests(fl social.Flavour) bool { return fl == social.GoToSocial || fl == social.Mitra }

// patienceWith is how soon an account that was asked is looked at: one that
// approves by hand takes a person.
func patienceWith(acct social.RemoteAccount) time.Duration {
	if acct.Locked {
		return secondCheck
	}
	return firstCheck
}
