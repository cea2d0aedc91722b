// Package bridge takes confirmed Matches over to the fediverse: it decides what
// to do next for a Destination, does one step of one FollowJob, checks later
// what became of it, estimates when all will be done, and writes the file that
// a server can import. It holds no SQL, no queue and no sockets: rows come in,
// rows go out, and the far side is reached through Server and Mover.
//
// One round of following is
//
//	act, until := Next(work, now)             // nothing to do: due again at until
//	budgets := Spend(work.Budgets, d, act, now) // written before anything is sent
//	job, err := Send(ctx, home, door, d, act.Job, now)
//	budgets = Learn(budgets, d.Flavour, limit, path, now) // for each answer with limits
//	budgets = Reckon(budgets, act, job, err, now)
//
// and, for a batch to confirm, Confirm in the place of Send; for a list to be
// handed over Hand, and for the reading of who arrived CallRoll.
package bridge

import (
	"context"
	"time"

	"godwit/internal/social"
)

// Server is what following needs of a home server; fedi.Home is one.
type Server interface {
	// Find returns the account that the home server knows or resolves for the
	// handle. An answer without it is a NotFound.
	Find(ctx context.Context, h social.Handle, actorID string) (social.RemoteAccount, error)
	Follow(ctx context.Context, id social.RemoteID) (social.Relationship, error)
	// Unfollow ends following, or takes back the request. It may be called again.
	Unfollow(ctx context.Context, id social.RemoteID) (social.Relationship, error)
	// Relationships takes at most BatchSize ids.
	Relationships(ctx context.Context, ids []social.RemoteID) ([]social.Relationship, error)
}

// Mover asks an account's own server about it; fedi.Door is one.
type Mover interface {
	// LookUp names a new account only when that account confirms the move. Its
	// error is that the caller gave up, or a Wait for that server's turn.
	LookUp(ctx context.Context, h social.Handle) (social.Resolution, error)
	// ConfirmMove checks that the account with the actor id to says itself that
	// it was from before. One that does not is Denied, a host in trouble
	// Unavailable or a Wait.
	ConfirmMove(ctx context.Context, from, to string) (social.Handle, error)
}

// Work is what is known of one Destination when its turn comes.
type Work struct {
	Destination social.Destination
	Budgets     []social.Budget
	Due         []social.FollowJob // planned and due, most certain first; while undoing, those to be unfollowed
	Confirm     []social.FollowJob // asked, and due for a relationship check
	NextDue     time.Time          // of the earliest job that is not due yet, zero when none
}

// ActKind is what Next decided.
type ActKind int

// The kinds of Acts.
const (
	Rest     ActKind = iota // nothing may or need be done now
	Ask                     // Send one step of Job
	Recheck                 // Confirm Batch: read its relationships
	HandOver                // Hand Batch: a list for the server to follow
	Roll                    // CallRoll: read a page of whom the account follows
)

// Act is what to do now for a Destination.
type Act struct {
	Kind  ActKind
	Job   social.FollowJob   // of an Ask
	Batch []social.FollowJob // of a Recheck, at most BatchSize; of a HandOver
	Why   social.Reason      // of a Rest that has jobs waiting: ReasonDay or ReasonGentle
}

// BatchSize is how many relationships may be asked for at once. Pixelfed
// silently leaves out what exceeds 20, snac answers the first id only.
func BatchSize(fl social.Flavour) int {
	if fl == social.Snac {
		return 1
	}
	return relationshipBatch
}

// StateAfter returns the state into which a Paused error brings a Destination;
// ok is false for every other error.
func StateAfter(err error) (state social.DestinationState, ok bool) {
	state, ok = stateOfCode[codeOf(err)]
	return state, ok
}

var stateOfCode = map[string]social.DestinationState{
	"permission-lost":  social.PermissionLost,
	"account-disabled": social.Disabled,
	"server-refuses":   social.Disabled, // it will take its admins to change that, too
	"follow-limit":     social.LimitReached,
}
