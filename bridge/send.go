package bridge

import (
	"context"
	"errors"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// sender does one step of one job.
type sender struct {
	srv Server
	mv  Mover
	d   social.Destination
	job social.FollowJob
	now time.Time
}

// Send does one step of a job: it finds the account on the home server, or
// follows one that is found. job is as it was before BeginFollow counted this
// attempt; what Send returns carries the count as it stands after: an attempt
// that ended cleanly, even in "not now", is not counted.
//
// The job is to be saved in any case. An error says what it means for the
// whole Destination: Wait (the server wants a pause, nothing was burned),
// Paused (see StateAfter, nothing was burned), or a trouble that the job's
// attempts count and after which the Destination backs off.
func Send(ctx context.Context, srv Server, mv Mover, d social.Destination, job social.FollowJob, now time.Time) (social.FollowJob, error) {
	s := &sender{srv: srv, mv: mv, d: d, job: job, now: now}
	switch {
	case job.State == social.JobUndoing:
		return s.undo(ctx)
	case job.State != social.JobPlanned:
		return job, nil
	case job.Outcome == social.Declined: // a refusal is for good, whoever makes the job due again
		return s.end(social.Declined, job.Reason)
	case wanted(job).Same(d.Handle) || job.RemoteID != "" && job.RemoteID == d.RemoteID:
		return s.end(social.Declined, social.ReasonSelf)
	case job.Attempts >= maxAttempts:
		return s.giveUp(social.ReasonGaveUp), nil
	case job.RemoteID == "":
		return s.find(ctx)
	}
	return s.follow(ctx)
}

// Fail counts one attempt that ended in an unknown or broken way and says when
// the next one is due; after the fifth the job gives up. The worker calls it
// itself only for a step that panicked.
func Fail(job social.FollowJob, now time.Time) social.FollowJob {
	s := &sender{job: job, now: now}
	if job.State == social.JobUndoing {
		return s.stillThere()
	}
	if s.job.Attempts++; s.job.Attempts >= maxAttempts {
		return s.giveUp(social.ReasonGaveUp)
	}
	return s.later(social.ReasonUnclear, failGaps[s.job.Attempts-1])
}

// end closes the job with its final Outcome.
func (s *sender) end(o social.Outcome, r social.Reason) (social.FollowJob, error) {
	s.job.State, s.job.Outcome, s.job.Reason = social.JobDone, o, r
	s.job.DueAt, s.job.UpdatedAt = time.Time{}, s.now
	return s.job, nil
}

// giveUp ends the job so that a person can have it tried again.
func (s *sender) giveUp(r social.Reason) social.FollowJob {
	job, _ := s.end(social.Deferred, r)
	return job
}

// later defers the job; Send goes on with it after the gap.
func (s *sender) later(r social.Reason, gap time.Duration) social.FollowJob {
	s.job.Outcome, s.job.Reason = social.Deferred, r
	s.job.DueAt, s.job.UpdatedAt = s.now.Add(gap), s.now
	return s.job
}

// notYet defers the job after an answer that is clear, so that its failed
// attempts are no longer in a row.
func (s *sender) notYet(r social.Reason, gap time.Duration) (social.FollowJob, error) {
	s.job.Attempts = 0
	return s.later(r, gap), nil
}

// goOn makes the job's next step due at once.
func (s *sender) goOn() (social.FollowJob, error) {
	s.job.Attempts, s.job.Empty = 0, 0
	s.job.Outcome = social.NoOutcome
	if s.job.Reason != social.ReasonHanded { // it may have been followed
		s.job.Reason = social.ReasonNone
	}
	s.job.DueAt, s.job.UpdatedAt = s.now, s.now
	return s.job, nil
}

// failed sorts an error of a call: one that says "not now" or "not with this
// permission" leaves the job as it was.
func (s *sender) failed(err error) (social.FollowJob, error) {
	if answered(err) {
		return s.job, err
	}
	return Fail(s.job, s.now), err
}

// answered reports that the server plainly did not do what it was asked, for a
// reason that is not the job's.
func answered(err error) bool { return fault.Is(err, fault.Wait) || fault.Is(err, fault.Paused) }

// The codes of a home server's final answers about one account. Other faults
// that are for good, such as an address that may not be contacted, are about
// the server itself.
const (
	codeGone     = "gone"
	codeRefused  = "refused"
	codeSelf     = "self"
	codeMismatch = "mismatch"
)

// isTrouble reports that the home server could not do what it was asked,
// whatever that was.
func isTrouble(err error) bool { return fault.Is(err, fault.Unavailable) }

func codeOf(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f.Code
	}
	return ""
}

func (s *sender) find(ctx context.Context) (social.FollowJob, error) {
	acct, err := s.srv.Find(ctx, wanted(s.job), s.actor())
	switch {
	case fault.Is(err, fault.NotFound), codeOf(err) == codeGone:
		return s.empty(ctx)
	case codeOf(err) == codeMismatch:
		return s.giveUp(social.ReasonMismatch), nil
	case err != nil:
		return s.failed(err)
	case acct.ID == s.d.RemoteID:
		return s.end(social.Declined, social.ReasonSelf)
	case !s.isWanted(acct):
		return s.giveUp(social.ReasonMismatch), nil
	case acct.Moved != nil:
		return s.moved(ctx, acct)
	}
	s.job.RemoteID, s.job.Locked = acct.ID, s.job.Locked || acct.Locked
	return s.goOn()
}

// actor is the identity that the answer must have; the one of an account that
// was moved to is not known.
func (s *sender) actor() string {
	if s.job.NewHandle.IsZero() {
		return s.job.ActorID
	}
	return ""
}

// isWanted compares the found account with the wanted one: by its identity
// where both are known, or else by its address. A search also brings what only
// looks alike, and a name may have got a new owner.
func (s *sender) isWanted(acct social.RemoteAccount) bool {
	if actor := s.actor(); actor != "" && acct.URI != "" {
		return acct.URI == actor
	}
	return s.address(acct.Acct).Same(wanted(s.job))
}

// empty deals with a search that found nobody. That may be a host which is
// down, or has had enough of the home server, so it is tried six times in 48
// hours, and "gone" is said only when the account's own server says so.
func (s *sender) empty(ctx context.Context) (social.FollowJob, error) {
	s.job.Empty++
	if s.job.Empty < lookFrom {
		return s.notYet(social.ReasonHost, emptyGaps[s.job.Empty-1])
	}
	res, err := s.mv.LookUp(ctx, wanted(s.job))
	if err != nil {
		s.job.Empty--
		return s.noWord(ctx, err)
	}
	return s.judge(res)
}

// judge says what the account's own server made of an account that the home
// server does not find.
func (s *sender) judge(res social.Resolution) (social.FollowJob, error) {
	last := s.job.Empty >= maxEmpty
	switch {
	case res.State == social.GoneForGood, res.State == social.Missing && s.missingBefore():
		return s.end(social.Gone, social.ReasonGone)
	case res.State == social.Missing:
		return s.notYet(social.ReasonGone, missingGap)
	case !res.MovedTo.IsZero():
		return s.goTo(res.MovedTo)
	case !last:
		return s.notYet(social.ReasonHost, emptyGaps[s.job.Empty-1])
	case res.State == social.Ill, res.State == social.NotFedi:
		return s.end(social.Gone, social.ReasonGoneServer)
	case res.State == social.Unconfirmed:
		return s.giveUp(social.ReasonMismatch), nil
	}
	return s.giveUp(social.ReasonGaveUp), nil
}

// missingBefore reports that the account's server said "no such account" about
// a day ago too.
func (s *sender) missingBefore() bool {
	return s.job.Reason == social.ReasonGone && s.now.Sub(s.job.UpdatedAt) >= missingLeap
}

// moved deals with an account that says it moved: it is followed where it went
// only if the new account says, too, that it came from here.
func (s *sender) moved(ctx context.Context, acct social.RemoteAccount) (social.FollowJob, error) {
	h, err := s.mv.ConfirmMove(ctx, acct.URI, acct.Moved.URI)
	switch {
	case err == nil:
		return s.goTo(h)
	case fault.Is(err, fault.Denied):
		s.job.NewHandle = s.address(acct.Moved.Acct)
		return s.end(social.Moved, social.ReasonMovedClaim)
	}
	return s.noWord(ctx, err)
}

// address is the handle that the home server writes as acct, zero when it
// makes none.
func (s *sender) address(acct string) social.Handle {
	if !strings.Contains(acct, "@") {
		acct += "@" + s.d.Handle.Host()
	}
	h, _ := social.ParseHandle(acct, social.Private)
	return h
}

// noWord deals with an account's own server that could not be asked: the job
// waits for it, while the rest of the Destination goes on.
func (s *sender) noWord(ctx context.Context, err error) (social.FollowJob, error) {
	switch {
	case ctx.Err() != nil:
		return s.job, err
	case fault.Is(err, fault.Wait):
		return s.notYet(social.ReasonHost, max(fault.Until(err).Sub(s.now), firstCheck))
	}
	return s.stillIll()
}

// stillIll waits for an account's server as for an empty search.
func (s *sender) stillIll() (social.FollowJob, error) {
	if s.job.Empty++; s.job.Empty >= maxEmpty {
		return s.end(social.Gone, social.ReasonGoneServer)
	}
	return s.notYet(social.ReasonHost, emptyGaps[s.job.Empty-1])
}

// goTo goes on with the new address. One hop is followed; an account that
// moved twice between two looks is left to the person.
func (s *sender) goTo(h social.Handle) (social.FollowJob, error) {
	hopped := !s.job.NewHandle.IsZero()
	s.job.NewHandle = h
	if hopped {
		return s.end(social.Moved, social.ReasonMovedClaim)
	}
	s.job.RemoteID = ""
	return s.goOn()
}

// attempted reports that a follow may have been sent already, with an outcome
// that nobody wrote down; the reason outlives a person's retry.
func attempted(job social.FollowJob) bool {
	return job.Attempts > 0 || job.Reason == social.ReasonUnclear || job.Reason == social.ReasonGaveUp || job.Reason == social.ReasonHanded
}

func (s *sender) follow(ctx context.Context) (social.FollowJob, error) {
	if attempted(s.job) {
		rel, err := s.relationship(ctx)
		switch {
		case err != nil:
			return s.failed(err)
		case rel.Following || rel.Requested:
			return s.asked(rel), nil // it was we who asked: end as if nothing had happened
		}
	}
	rel, err := s.srv.Follow(ctx, s.job.RemoteID)
	switch {
	case codeOf(err) == codeSelf:
		return s.end(social.Declined, social.ReasonSelf)
	case fault.Is(err, fault.NotFound), codeOf(err) == codeGone, codeOf(err) == codeRefused:
		return s.refused(ctx, codeOf(err) == codeRefused)
	case err != nil:
		return s.failed(err)
	}
	return s.asked(rel), nil
}

// relationship reads how the home server sees the job's account; an answer
// without it is the zero Relationship.
func (s *sender) relationship(ctx context.Context) (social.Relationship, error) {
	rels, err := s.srv.Relationships(ctx, []social.RemoteID{s.job.RemoteID})
	if err != nil {
		return social.Relationship{}, err
	}
	for _, rel := range rels {
		if rel.ID == s.job.RemoteID {
			return rel, nil
		}
	}
	return social.Relationship{}, nil
}

// asked notes that the follow was sent. What the answer says of it is a first
// word only: Mastodon and snac say "following" of what is merely asked.
func (s *sender) asked(rel social.Relationship) social.FollowJob {
	s.job.State, s.job.AskedAt, s.job.UpdatedAt, s.job.Checks = social.JobAsked, s.now, s.now, 0
	s.job.Outcome, s.job.Reason = firstWord(s.d, s.job, rel)
	s.job.DueAt = s.now.Add(firstCheck)
	if s.job.Outcome == social.Requested && s.job.Locked {
		s.job.DueAt = s.now.Add(secondCheck) // a person has to answer
	}
	return s.job
}

// firstWord is the Outcome that a Relationship shows.
func firstWord(d social.Destination, job social.FollowJob, rel social.Relationship) (social.Outcome, social.Reason) {
	follows := rel.Following && (d.Flavour != social.Snac || !job.Locked) // snac says so while the request waits
	switch {
	case follows && !job.NewHandle.IsZero():
		return social.Moved, social.ReasonMoved
	case follows:
		return social.Followed, social.ReasonNone
	case rel.Requested || rel.Following:
		return social.Requested, social.ReasonNone
	}
	return social.Deferred, social.ReasonUnclear
}

// refused finds the reason of a final "no"; plainly says that the server gave
// it as one, and not as "no such account".
func (s *sender) refused(ctx context.Context, plainly bool) (social.FollowJob, error) {
	rel, err := s.relationship(ctx)
	switch {
	case err != nil && answered(err):
		return s.job, err // asked again later: the answer will be the same
	case rel.Blocking || rel.DomainBlocking:
		return s.end(social.Declined, social.ReasonOwnBlock)
	case rel.BlockedBy || plainly:
		return s.end(social.Declined, social.ReasonThem)
	}
	return s.vanished(ctx)
}

// vanished deals with "no such account" for an account that was found: it is
// gone if its own server says so, and else they refuse (GoToSocial answers a
// block like that).
func (s *sender) vanished(ctx context.Context) (social.FollowJob, error) {
	res, err := s.mv.LookUp(ctx, wanted(s.job))
	switch {
	case err != nil:
		return s.noWord(ctx, err)
	case res.State == social.GoneForGood, res.State == social.Missing && s.missingBefore():
		return s.end(social.Gone, social.ReasonGone)
	case res.State == social.Missing:
		return s.notYet(social.ReasonGone, missingGap)
	case res.State == social.Found:
		return s.again(ctx)
	}
	return s.stillIll()
}

// again looks whether the home server knows a living account under another id
// by now, as after it has forgotten it for a while; else they refuse.
func (s *sender) again(ctx context.Context) (social.FollowJob, error) {
	acct, err := s.srv.Find(ctx, wanted(s.job), s.actor())
	switch {
	case err != nil && answered(err):
		return s.job, err
	case err != nil, acct.ID == s.job.RemoteID, acct.Moved != nil, !s.isWanted(acct):
		return s.end(social.Declined, social.ReasonThem)
	}
	s.job.RemoteID, s.job.Locked = acct.ID, s.job.Locked || acct.Locked
	return s.goOn()
}
