package bridge

import (
	"context"
	"slices"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Carrier is what carrying mutes, blocks and lists needs of a home server
// beyond Server.
type Carrier interface {
	Server
	// Mark mutes or blocks an account, or ends that. It may be called again.
	Mark(ctx context.Context, id social.RemoteID, kind social.EdgeKind, on bool) error
	// FindList returns the id of the person's list of that title, or NotFound.
	FindList(ctx context.Context, title string) (social.RemoteID, error)
	// MakeList makes a list. Gone with the code "list-full" when there may be no more.
	MakeList(ctx context.Context, title string) (social.RemoteID, error)
	// DropList deletes a list with its members. One that is gone is fine.
	DropList(ctx context.Context, list social.RemoteID) error
	// Enlist puts an account on a list, or takes it off. Gone with the code
	// "not-followed-yet" when the server takes only whom the person follows; in both
	// directions what is so already is fine.
	Enlist(ctx context.Context, list, id social.RemoteID, on bool) error
}

// Codes of a Carrier's answers.
const (
	codeListFull    = "list-full"
	codeNotFollowed = "not-followed-yet"
)

// Carries reports whether Edges of the kind can be carried to the Destination,
// and, where its permission is too small for that, whether a wider one would do.
func Carries(d social.Destination, kind social.EdgeKind) (now, wider bool) {
	switch d.Flavour {
	case social.Snac, social.Misskey, social.FlavourNone:
		return false, false
	}
	need := map[social.EdgeKind][]string{
		social.Muted:   {"write", "follow", "write:mutes"},
		social.Blocked: {"write", "follow", "write:blocks"},
		social.Listed:  {"write", "write:lists"},
	}[kind]
	granted := strings.Fields(d.Scopes)
	now = slices.ContainsFunc(need, func(scope string) bool { return slices.Contains(granted, scope) })
	return now, len(need) > 0
}

// EdgeRequests is how many requests the next step of a job may take.
func EdgeRequests(job social.EdgeJob) int {
	if job.RemoteID == "" && !job.Handle.IsZero() {
		return 1
	}
	return 2
}

// SpendEdge takes from the Budgets what the next step of a job will use.
func SpendEdge(b []social.Budget, d social.Destination, job social.EdgeJob, now time.Time) []social.Budget {
	all := rolled(b, d, now)
	take(all, social.RequestsFamily, EdgeRequests(job))
	return all
}

// EdgeTurn is when a job's next step may be made, by the Budgets.
func EdgeTurn(b []social.Budget, d social.Destination, job social.EdgeJob, now time.Time) time.Time {
	all := rolled(b, d, now)
	if from, ok := open(all, social.RequestsFamily, d, min(EdgeRequests(job), mostRequests(all))); !ok {
		return from
	}
	return job.DueAt
}

// carrier does one step of one EdgeJob.
type carrier struct {
	srv Carrier
	d   social.Destination
	job social.EdgeJob
	now time.Time
}

// Carry does one step of a job: it finds the account, then mutes, blocks or
// lists it; or it takes that back. What stood before stays out of it. job is as
// it was before its attempt was counted; an error means the same as Send's.
func Carry(ctx context.Context, srv Carrier, d social.Destination, job social.EdgeJob, now time.Time) (social.EdgeJob, error) {
	c := &carrier{srv, d, job, now}
	var err error
	switch {
	case job.Attempts >= maxEdgeAttempts:
		return c.end(social.Deferred, social.ReasonGaveUp), nil
	case job.State == social.JobUndoing:
		err = c.undo(ctx)
	case job.State != social.JobPlanned:
		return job, nil
	case job.Handle.IsZero():
		err = c.list(ctx)
	case job.RemoteID == "":
		err = c.find(ctx)
	case job.Kind == social.Listed:
		err = c.enlist(ctx)
	default:
		err = c.mark(ctx)
	}
	if err == nil {
		return c.job, nil
	}
	return c.failed(err)
}

// failed sorts an error: what says "not now" leaves the job as it was, what is
// for good ends it, and trouble is tried again.
func (c *carrier) failed(err error) (social.EdgeJob, error) {
	switch {
	case answered(err):
		return c.before(), err
	case fault.Is(err, fault.Gone):
		return c.end(social.Declined, social.ReasonUnclear), nil
	}
	gap := failGaps[min(c.job.Attempts, len(failGaps)-1)]
	c.job.Attempts++
	c.job.DueAt, c.job.UpdatedAt = c.now.Add(gap), c.now
	return c.job, err
}

// before is the job without the step.
func (c *carrier) before() social.EdgeJob {
	c.job.UpdatedAt = c.now
	return c.job
}

func (c *carrier) end(o social.Outcome, r social.Reason) social.EdgeJob {
	c.job.State, c.job.Outcome, c.job.Reason = social.JobDone, o, r
	c.job.DueAt, c.job.UpdatedAt = time.Time{}, c.now
	return c.job
}

func (c *carrier) find(ctx context.Context) error {
	acct, err := c.srv.Find(ctx, c.job.Handle, c.job.ActorID)
	switch {
	case fault.Is(err, fault.NotFound) && c.job.Attempts+1 >= maxEmpty:
		c.end(social.Gone, social.ReasonGone)
	case fault.Is(err, fault.NotFound):
		c.later(emptyGaps[min(c.job.Attempts, len(emptyGaps)-1)], social.ReasonHost)
	case err != nil:
		return err
	case acct.ID == c.d.RemoteID:
		c.end(social.Declined, social.ReasonSelf)
	default:
		c.job.RemoteID, c.job.Attempts = acct.ID, 0
		c.job.Outcome, c.job.Reason = social.NoOutcome, social.ReasonNone
		c.job.DueAt, c.job.UpdatedAt = c.now, c.now
	}
	return nil
}

// later counts a try that led nowhere.
func (c *carrier) later(gap time.Duration, why social.Reason) {
	c.job.Attempts++
	c.job.Outcome, c.job.Reason = social.Deferred, why
	c.job.DueAt, c.job.UpdatedAt = c.now.Add(gap), c.now
}

// mark mutes or blocks whom the person did not mute or block here themselves.
func (c *carrier) mark(ctx context.Context) error {
	rel, err := c.relationship(ctx)
	if err != nil {
		return err
	}
	if c.job.Attempts == 0 && (c.job.Kind == social.Muted && rel.Muting || c.job.Kind == social.Blocked && rel.Blocking) {
		c.end(social.Already, social.ReasonNone)
		return nil
	}
	if err := c.srv.Mark(ctx, c.job.RemoteID, c.job.Kind, true); err != nil {
		return err
	}
	c.end(social.Applied, social.ReasonNone)
	return nil
}

func (c *carrier) relationship(ctx context.Context) (social.Relationship, error) {
	s := &sender{srv: c.srv, job: social.FollowJob{RemoteID: c.job.RemoteID}}
	return s.relationship(ctx)
}

// list finds the list or makes it.
func (c *carrier) list(ctx context.Context) error {
	id, err := c.srv.FindList(ctx, c.job.List)
	made := social.Already
	if fault.Is(err, fault.NotFound) {
		made = social.Applied
		id, err = c.srv.MakeList(ctx, c.job.List)
	}
	if codeOf(err) == codeListFull {
		c.end(social.Declined, social.ReasonListFull)
		return nil
	}
	if err != nil {
		return err
	}
	if c.job.Attempts > 0 { // an earlier try may have made it
		made = social.Applied
	}
	c.job.ListID = id
	c.end(made, social.ReasonNone)
	return nil
}

// enlist puts an account on its list, which waits until it is followed.
func (c *carrier) enlist(ctx context.Context) error {
	if c.job.ListID == "" {
		c.later(listWait, social.ReasonHost)
		return nil
	}
	err := c.srv.Enlist(ctx, c.job.ListID, c.job.RemoteID, true)
	switch {
	case codeOf(err) == codeNotFollowed && c.job.Attempts+1 >= maxEdgeAttempts:
		c.end(social.Declined, social.ReasonNotFollowed)
	case codeOf(err) == codeNotFollowed:
		c.later(listWait, social.ReasonNotFollowed)
	case err != nil:
		return err
	default:
		c.end(social.Applied, social.ReasonNone)
	}
	return nil
}

// undo takes back what was made, and leaves what stood before.
func (c *carrier) undo(ctx context.Context) (err error) {
	switch {
	case c.job.Outcome == social.Already:
		c.end(social.Already, social.ReasonNone)
		return nil
	case c.job.Handle.IsZero() && c.job.ListID != "":
		err = c.srv.DropList(ctx, c.job.ListID)
	case c.job.RemoteID == "" || c.job.Kind == social.Listed && c.job.ListID == "":
	case c.job.Kind == social.Listed:
		err = c.srv.Enlist(ctx, c.job.ListID, c.job.RemoteID, false)
	default:
		err = c.srv.Mark(ctx, c.job.RemoteID, c.job.Kind, false)
	}
	if err != nil && !fault.Is(err, fault.Gone) {
		return err
	}
	c.end(social.Undone, social.ReasonNone)
	return nil
}
