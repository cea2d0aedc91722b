package jobs

import (
	"context"
	"time"

	"godwit/internal/social"
)

// Embedded dispatches straight from the database to handlers in this process.
// Several processes may do so on one database: the claim decides.
type Embedded struct {
	*crew
	rows Rows
	bell bell
}

// NewEmbedded makes a dispatcher that asks rows what is due.
func NewEmbedded(rows Rows, h Handler, o Options) *Embedded {
	return &Embedded{crew: newCrew(h, o), rows: rows, bell: newBell()}
}

// Ring makes Run look for due tasks at once.
func (e *Embedded) Ring(context.Context, social.Task) error {
	e.bell.ring()
	return nil
}

// Run works until ctx ends, once.
func (e *Embedded) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		e.bell.wait(ctx, e.sweep(ctx))
	}
	return e.drain()
}

// sweep begins what is due and has a place, and returns how long to wait for
// the next time.
func (e *Embedded) sweep(ctx context.Context) time.Duration {
	now := e.Now()
	due, next, err := e.rows.DueTasks(ctx, now, batch)
	if err != nil {
		if ctx.Err() == nil {
			e.Log.Warn("due tasks could not be listed", "cause", err.Error())
		}
		return every
	}
	all := true
	for _, t := range due {
		all = ctx.Err() == nil && e.begin(t, now) && all
	}
	if !all || next.IsZero() {
		return every
	}
	return max(0, min(every, next.Sub(now)))
}

// begin starts the task, if it has a place. When it ends, the next one gets it.
func (e *Embedded) begin(t social.Task, now time.Time) bool {
	if !e.desk.start(t, now) {
		return false
	}
	go func() {
		e.work(t)
		e.bell.ring()
	}()
	return true
}
