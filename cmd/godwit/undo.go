package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// undo unfollows those whom Godwit followed, or goes on with that.
func (f *following) undo(ctx context.Context) error {
	if err := f.remember(ctx); err != nil {
		return err
	}
	n, err := f.store.Undoable(ctx, f.user.ID, f.destination.ID)
	if err != nil {
		return err
	}
	c, err := f.store.FollowCounts(ctx, f.user.ID, f.destination.ID)
	if err != nil {
		return err
	}
	carried, waiting, err := f.edges(ctx)
	if err != nil {
		return err
	}
	if n+c.Undoing+carried[social.Applied]+waiting == 0 {
		return f.nothingToUndo()
	}
	if !f.options.yes && c.Undoing == 0 && !f.confirmUndo(n) {
		return fault.New(fault.Invalid, "not-confirmed", "Nothing was unfollowed. Type the word undo to go on, or use --yes.")
	}
	if _, err := f.store.UndoEdges(ctx, f.user.ID, f.destination.ID, time.Now().UTC()); err != nil {
		return err
	}
	if _, err := f.store.UndoFollows(ctx, f.user.ID, f.destination.ID, time.Now().UTC()); err != nil {
		return err
	}
	worked := f.untilUndone(ctx)
	if worked != nil && worked != errStopped {
		return worked
	}
	ended, err := f.report(context.WithoutCancel(ctx))
	if err == nil && (worked != nil || !ended) {
		err = errStopped
	}
	return err
}

func (f *following) nothingToUndo() error {
	if f.options.json {
		return f.summary(nil, nil)
	}
	fmt.Fprintf(f.stdout, "Nothing to undo: Godwit follows nobody from @%s. Nothing was sent.\n", f.destination.Handle)
	return nil
}

func (f *following) confirmUndo(n int) bool {
	fmt.Fprintf(f.stderr, "Unfollow the %d accounts that Godwit followed for @%s. Nobody else is touched.\nType the word undo to go on: ", n, f.destination.Handle)
	line, _ := bufio.NewReader(f.stdin).ReadString('\n')
	return strings.EqualFold(strings.TrimSpace(line), "undo")
}

// untilUndone works until all are unfollowed, or what is left waits for longer
// than this run does.
func (f *following) untilUndone(ctx context.Context) error {
	p := f.progress("Unfollowing")
	defer p.end("")
	return f.work(ctx, only{f.store, []social.TaskKind{social.FollowTask}}, func(ctx context.Context) (bool, error) {
		c, err := f.store.FollowCounts(ctx, f.user.ID, f.destination.ID)
		if err != nil {
			return false, err
		}
		done := c.ByOutcome[social.Undone]
		p.set(int64(done), int64(done+c.Undoing), fmt.Sprintf("%d of %d", done, done+c.Undoing))
		_, edges, err := f.edges(ctx)
		if err != nil || c.Undoing == 0 && edges == 0 {
			return true, err
		}
		return f.pauses(ctx, social.FollowUndoing)
	})
}

func (f *following) printUndone(d social.Destination, lines []followed) error {
	n := count(lines)
	for _, l := range lines {
		if l.Outcome != social.Undone {
			fmt.Fprintf(f.stdout, "@%s: %s\n", l.Handle, l.Reason)
		}
	}
	fmt.Fprintf(f.stdout, "%d unfollowed, %d waiting. Whom you followed before, you still follow.\n", n[social.Undone], n[social.Deferred])
	switch {
	case d.State == social.PermissionLost:
		fmt.Fprintf(f.stdout, "%s no longer accepts our permission. Run godwit login @%s and then godwit follow --undo; it goes on where it stopped.\n", d.Host, d.Handle)
	case n[social.Deferred] > 0:
		fmt.Fprintln(f.stdout, "Run godwit follow --undo again to go on, or leave \"godwit serve\" running.")
	}
	return nil
}
