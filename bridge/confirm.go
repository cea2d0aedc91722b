package bridge

import (
	"context"
	"time"

	"godwit/internal/social"
)

// Confirm reads the Relationships of a batch, at most BatchSize of them in one
// request, and returns the jobs as they are to be saved: what became of those
// that were asked, and whether those that are only found need be asked at all.
// With an error of Wait or Paused they are unchanged; another error puts them
// off, so that one bad batch does not hold up the rest.
func Confirm(ctx context.Context, srv Server, d social.Destination, jobs []social.FollowJob, now time.Time) ([]social.FollowJob, error) {
	after := make([]social.FollowJob, len(jobs))
	copy(after, jobs)
	rels, err := srv.Relationships(ctx, ids(jobs))
	if err != nil {
		if !answered(err) {
			putOff(after, now)
		}
		return after, err
	}
	byID := map[social.RemoteID]social.Relationship{}
	for _, rel := range rels {
		byID[rel.ID] = rel
	}
	for i := range after {
		rel, known := byID[after[i].RemoteID]
		if after[i].State == social.JobPlanned {
			after[i] = read(d, after[i], rel, now)
		} else {
			after[i] = checked(d, after[i], rel, known, now)
		}
	}
	return after, nil
}

func ids(jobs []social.FollowJob) []social.RemoteID {
	list := make([]social.RemoteID, len(jobs))
	for i, job := range jobs {
		list[i] = job.RemoteID
	}
	return list
}

func putOff(jobs []social.FollowJob, now time.Time) {
	for i := range jobs {
		jobs[i].DueAt = now.Add(brokenCheck)
	}
}

// read is a found job after the look before it is asked.
func read(d social.Destination, job social.FollowJob, rel social.Relationship, now time.Time) social.FollowJob {
	s := &sender{d: d, job: job, now: now}
	switch {
	case rel.Following:
		job, _ = s.end(social.Already, social.ReasonNone)
		return job
	case rel.Blocking || rel.BlockedBy:
		job, _ = s.end(social.Declined, blockReason(rel))
		return job
	case rel.Requested: // by the person themselves, as far as we know
		job = s.asked(rel)
		job.Reason = social.ReasonOwnAsk
		return job
	}
	s.job.Checks, s.job.UpdatedAt = 1, now
	return s.job
}

// checked is the job after one look at its Relationship. known is false when
// the answer left it out, as Mastodon does with suspended accounts.
func checked(d social.Destination, job social.FollowJob, rel social.Relationship, known bool, now time.Time) social.FollowJob {
	s := &sender{d: d, job: job, now: now}
	s.job.Checks++
	outcome, reason := firstWord(d, job, rel)
	switch {
	case rel.Following && outcome != social.Requested && job.Reason == social.ReasonOwnAsk:
		job, _ = s.end(social.Already, social.ReasonNone)
		return job
	case outcome == social.Followed || outcome == social.Moved:
		job, _ = s.end(outcome, reason)
		return job
	case rel.BlockedBy || rel.Blocking:
		job, _ = s.end(social.Declined, blockReason(rel))
		return job
	case outcome == social.Requested:
		return s.stillAsked()
	case known && seen(job):
		job, _ = s.end(social.Declined, declineReason(job))
		return job
	}
	return s.unclear()
}

func blockReason(rel social.Relationship) social.Reason {
	if rel.Blocking {
		return social.ReasonOwnBlock
	}
	return social.ReasonThem
}

// declineReason tells a person's "no" from a server's: only an account that
// approves by hand declines a request.
func declineReason(job social.FollowJob) social.Reason {
	if job.Locked {
		return social.ReasonTookBack
	}
	return social.ReasonThem
}

// seen reports that an earlier check has already looked at the job, so that
// "neither following nor requested" is no mere lag of the home server.
func seen(job social.FollowJob) bool { return job.Checks > 0 }

// stillAsked waits on, up to 30 days; the request then stays where it is and
// the person may take it back.
func (s *sender) stillAsked() social.FollowJob {
	why := social.ReasonNone
	if s.job.Reason == social.ReasonOwnAsk {
		why = social.ReasonOwnAsk
	}
	if s.now.Sub(s.job.AskedAt) >= requestAge {
		job, _ := s.end(social.Requested, why)
		return job
	}
	s.job.Outcome, s.job.Reason = social.Requested, why
	s.job.DueAt, s.job.UpdatedAt = s.now.Add(nextCheck(s.job.Checks)), s.now
	return s.job
}

// unclear looks again when a Relationship says neither, or is missing; one
// that is missing for long is given up. What the person asked for themselves
// stays theirs.
func (s *sender) unclear() social.FollowJob {
	if s.job.Reason == social.ReasonOwnAsk {
		return s.stillAsked()
	}
	if s.job.Checks > maxAttempts {
		return s.giveUp(social.ReasonGaveUp)
	}
	return s.later(social.ReasonUnclear, nextCheck(s.job.Checks))
}

// nextCheck is the pause after so many checks.
func nextCheck(checks int) time.Duration {
	if checks == 1 {
		return secondCheck
	}
	return laterCheck
}
