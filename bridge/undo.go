package bridge

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// nextUndo chooses whom to unfollow next: each host in its turn, since every
// one that we leave is told by the home server.
func nextUndo(w Work, now time.Time) (a Act, until time.Time) {
	if len(w.Due) == 0 {
		return Act{}, w.NextDue
	}
	b := rolled(w.Budgets, w.Destination, now)
	if from, ok := open(b, social.RequestsFamily, w.Destination, 1); !ok {
		return Act{Why: social.ReasonGentle}, from
	}
	if from, ok := open(b, social.FollowsFamily, w.Destination, 1); !ok && countsUnfollows(w.Destination.Flavour) {
		return Act{Why: social.ReasonGentle}, from
	}
	most := 0
	for _, job := range w.Due {
		row := targetRow(b, targetOf(job), now)
		switch {
		case now.Before(heldUntil(job)):
			until = earliest(until, heldUntil(job))
		case row.Remaining == 0:
			until = earliest(until, row.ResetsAt)
		case row.Remaining > most:
			a, most = Act{Kind: Ask, Job: job}, row.Remaining
		}
	}
	if a.Kind == Ask {
		return a, time.Time{}
	}
	return Act{Why: social.ReasonGentle}, earliest(until, w.NextDue)
}

// countsUnfollows reports whether a server holds unfollows to the limit of
// follows. Misskey has another of the same size for them.
func countsUnfollows(fl social.Flavour) bool { return fl == social.Pleroma || fl == social.Misskey }

// undo unfollows an account that Godwit followed, or takes the request back.
// It may be done twice, so that after an answer that nobody wrote down it
// simply is.
func (s *sender) undo(ctx context.Context) (social.FollowJob, error) {
	if s.job.Attempts >= maxAttempts {
		return s.stays()
	}
	if s.job.RemoteID == "" { // handed over in a list, and not seen since
		return s.findToUndo(ctx)
	}
	rel, err := s.srv.Unfollow(ctx, s.job.RemoteID)
	switch {
	case fault.Is(err, fault.NotFound), codeOf(err) == codeGone: // the home server knows it no more: nor does it follow it
		return s.undone()
	case answered(err):
		return s.job, err
	case codeOf(err) == codeRefused:
		return s.stays()
	case err != nil:
		return s.stillThere(), err
	case rel.Following || rel.Requested:
		return s.stillThere(), nil
	}
	return s.undone()
}

// findToUndo finds an account that may have been followed from a list. One that
// the home server does not find it did not follow either.
func (s *sender) findToUndo(ctx context.Context) (social.FollowJob, error) {
	acct, err := s.srv.Find(ctx, wanted(s.job), s.actor())
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Gone):
		return s.undone()
	case answered(err):
		return s.job, err
	case err != nil:
		return s.stillThere(), err
	case !s.isWanted(acct):
		return s.undone()
	}
	s.job.RemoteID, s.job.DueAt, s.job.UpdatedAt = acct.ID, s.now, s.now
	return s.job, nil
}

func (s *sender) undone() (social.FollowJob, error) {
	if s.job.Outcome == social.Requested {
		return s.end(social.Undone, social.ReasonRequest)
	}
	return s.end(social.Undone, social.ReasonNone)
}

// stillThere counts a failed try to unfollow; the fifth ends it, and the
// Outcome stays what it was.
func (s *sender) stillThere() social.FollowJob {
	if s.job.Attempts++; s.job.Attempts >= maxAttempts {
		job, _ := s.stays()
		return job
	}
	s.job.DueAt, s.job.UpdatedAt = s.now.Add(failGaps[s.job.Attempts-1]), s.now
	return s.job
}

// stays ends an undo that the home server did not do. The follow stands as it
// did, and the person may have it undone again.
func (s *sender) stays() (social.FollowJob, error) {
	if s.job.Outcome == social.Requested || s.job.Outcome == social.Moved {
		return s.end(s.job.Outcome, social.ReasonStays)
	}
	return s.end(social.Followed, social.ReasonStays)
}
