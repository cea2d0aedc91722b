package main

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
)

// mirroring is one run of a command about a Mirror.
type mirroring struct {
	*house
	d       social.Destination
	o       *mirrorOptions
	flags   *pflag.FlagSet
	source  social.Source
	m       social.Mirror // without an ID before there is one
	started time.Time
}

// choose finds the Source and the Mirror that the command is about: those that
// are named, or the newest.
func (m *mirroring) choose(ctx context.Context) error {
	if m.o.archive != "" {
		return m.chooseFile(ctx)
	}
	mirrors, err := m.store.ListMirrors(ctx, m.user.ID)
	if err != nil {
		return err
	}
	for _, one := range slices.Backward(mirrors) {
		if one.DestinationID == m.d.ID && !one.Live {
			m.m = one
			m.source, err = m.store.GetSource(ctx, m.user.ID, one.SourceID)
			return err
		}
	}
	sources, err := m.store.ListSources(ctx, m.user.ID)
	i := slices.IndexFunc(sources, func(x social.Source) bool { return x.State == social.SourceDone && x.Counts.Posts > 0 })
	if err == nil && i >= 0 {
		m.source = sources[i]
	}
	return err
}

// chooseFile is choose for a file that is named: read before, or now.
func (m *mirroring) chooseFile(ctx context.Context) (err error) {
	if m.source, err = m.readGroup(ctx, group{m.o.archive}, "auto"); err != nil {
		return err
	}
	if err := m.keepPath(ctx); err != nil {
		return err
	}
	mirrors, err := m.store.ListMirrors(ctx, m.user.ID)
	i := slices.IndexFunc(mirrors, func(x social.Mirror) bool { return x.DestinationID == m.d.ID && x.SourceID == m.source.ID })
	if err == nil && i >= 0 {
		m.m = mirrors[i]
	}
	return err
}

// keepPath notes where an export lies now that was read from another place.
func (m *mirroring) keepPath(ctx context.Context) error {
	here := social.Source{}
	if err := m.recognise(&here, m.o.archive); err != nil || here.Spool == m.source.Spool {
		return err
	}
	old, err := m.store.KeepArchive(ctx, m.user.ID, m.source.ID, here.Spool, true)
	if err == nil && old != "" {
		err = m.spool.Delete(old)
	}
	m.source.Spool, m.source.Keep = here.Spool, true
	return err
}

// plan has the Mirror planned by the rules of this run, or leaves the one that
// there is as it is planned.
func (m *mirroring) plan(ctx context.Context) error {
	if m.source.ID == 0 {
		return noPosts()
	}
	again := m.m.ID == 0 || m.m.PlannedAt.IsZero() || m.m.State == social.MirrorStopped || m.o.rules.given(m.flags)
	if !again {
		return nil
	}
	rules, err := m.o.rules.read(m.user.Locale)
	if err != nil {
		return err
	}
	if m.m.ID != 0 && !m.o.rules.given(m.flags) {
		rules = m.m.Rules
	}
	if m.m, err = m.store.SaveMirror(ctx, m.user.ID, m.d.ID, m.source.ID, rules, time.Now().UTC()); err != nil {
		return err
	}
	return m.untilPlanned(ctx)
}

func (m *mirroring) untilPlanned(ctx context.Context) error {
	p := m.progress("Planning")
	defer p.end("")
	err := m.work(ctx, m.only(), func(ctx context.Context) (bool, error) {
		if err := m.reload(ctx); err != nil || !m.m.PlannedAt.IsZero() {
			return true, err
		}
		if m.m.FaultCode != "" {
			return true, fault.New(fault.Invalid, m.m.FaultCode, m.m.FaultSay)
		}
		rests, err := m.rests(ctx)
		if err == nil && rests {
			err = fault.New(fault.Unavailable, "home-trouble", "{host} isn't answering as it should. We try again later.", "host", m.d.Host)
		}
		return false, err
	})
	return err
}

func (m *mirroring) only() only { return only{m.store, []social.TaskKind{social.MirrorTask}} }

func (m *mirroring) reload(ctx context.Context) (err error) {
	m.m, err = m.store.GetMirror(ctx, m.user.ID, m.m.ID)
	return err
}

// rests reports that the next step is due later than this run waits for.
func (m *mirroring) rests(ctx context.Context) (bool, error) {
	due, err := m.store.DueAt(ctx, social.MirrorTask, m.d.ID)
	return err == nil && !m.o.wait && (due.IsZero() || time.Until(due) > patience), err
}

// preview shows the plan.
func (m *mirroring) preview(ctx context.Context) error {
	if err := m.plan(ctx); err != nil {
		return err
	}
	return m.show(ctx, m.showPlanned)
}

// start carries the posts over, or goes on with it.
func (m *mirroring) start(ctx context.Context) error {
	if m.o.dryRun {
		return m.preview(ctx)
	}
	if m.m.State != social.MirrorRunning || m.o.rules.given(m.flags) {
		if err := m.plan(ctx); err != nil {
			return err
		}
		if err := m.allowed(ctx); err != nil {
			return err
		}
		if err := m.store.StartMirror(ctx, m.user.ID, m.m.ID, time.Now().UTC()); err != nil {
			return err
		}
	}
	return m.carry(ctx, "Carrying over", func(c store.MirrorCounts) (done, total int) { return c.Total - c.Waiting(), c.Total })
}

// allowed reports that the account has the permission, and that the person
// wants it, after they have seen how long it takes and the server's rules.
func (m *mirroring) allowed(ctx context.Context) error {
	if err := m.permitted(); err != nil {
		return err
	}
	c, err := m.store.MirrorCounts(ctx, m.user.ID, m.m.ID)
	if err != nil || m.o.yes || c.Waiting() == 0 {
		return err
	}
	fmt.Fprintln(m.stderr, m.estimate(ctx, c).English)
	m.sayRules()
	fmt.Fprint(m.stderr, "Type the word start to go on: ")
	if !m.typed("start") {
		return fault.New(fault.Invalid, "not-confirmed", "Nothing was sent. Type the word start to go on, or use --yes.")
	}
	return nil
}

// permitted is the fault of an account that has not given the permission to post.
func (m *mirroring) permitted() error {
	if fedi.MayPost(m.d.Scopes) {
		return nil
	}
	return fault.New(fault.Invalid, "no-post-scope-cli", "{host} hasn't given the permission to post yet. Run godwit login --posts @{handle} and allow it; you can take it back when it is done.", "host", m.d.Host, "handle", m.d.Handle.String())
}

// sayRules shows what the server asks its people to keep.
func (m *mirroring) sayRules() {
	if len(m.m.ServerRules) == 0 {
		return
	}
	fmt.Fprintf(m.stderr, "%s has these rules. Read them; carrying over may be limited:\n", m.d.Host)
	for _, rule := range m.m.ServerRules {
		fmt.Fprintln(m.stderr, "  - "+social.Printable(rule, 500))
	}
}

// typed reads one line and reports whether it is the word.
func (m *mirroring) typed(word string) bool {
	line, _ := bufio.NewReader(m.stdin).ReadString('\n')
	return strings.EqualFold(strings.TrimSpace(line), word)
}

func (m *mirroring) estimate(ctx context.Context, c store.MirrorCounts) bridge.Sentence {
	budgets, _ := m.store.Budgets(ctx, m.d.ID) // without any it starts from what such servers allow
	return bridge.RemainingPlan(c.Waiting(), c.Files, m.d, budgets, time.Now()).Say()
}

// carry works until nothing is left, or what is left waits for longer than this
// run does.
func (m *mirroring) carry(ctx context.Context, what string, far func(store.MirrorCounts) (done, total int)) error {
	p := m.progress(what)
	worked := m.work(ctx, m.only(), func(ctx context.Context) (bool, error) {
		c, err := m.store.MirrorCounts(ctx, m.user.ID, m.m.ID)
		if err != nil {
			return false, err
		}
		done, total := far(c)
		p.set(int64(done), int64(total), fmt.Sprintf("%d of %d", done, total))
		if done >= total {
			return true, nil
		}
		state := m.m.State
		if err := m.reload(ctx); err != nil || m.m.State == social.MirrorPaused || m.m.State == social.MirrorStopped || state == social.MirrorRunning && m.m.State != state {
			return true, err
		}
		return m.rests(ctx)
	})
	p.end("")
	if worked != nil && worked != errStopped {
		return worked
	}
	ended, err := m.report(context.WithoutCancel(ctx))
	if err == nil && (worked != nil || !ended) {
		err = errStopped
	}
	return err
}

func (m *mirroring) pause(ctx context.Context) error {
	return m.order(ctx, func() error { return m.store.PauseMirror(ctx, m.user.ID, m.m.ID) })
}

func (m *mirroring) resume(ctx context.Context) error {
	return m.order(ctx, func() error { return m.store.StartMirror(ctx, m.user.ID, m.m.ID, time.Now().UTC()) })
}

func (m *mirroring) stop(ctx context.Context) error {
	return m.order(ctx, func() error { return m.store.StopMirror(ctx, m.user.ID, m.m.ID, time.Now().UTC()) })
}

func (m *mirroring) retry(ctx context.Context) error {
	now := time.Now().UTC()
	return m.order(ctx, func() error {
		_, err := m.store.RetryMirror(ctx, m.user.ID, m.m.ID, 0, func(j social.StatusJob) social.StatusJob { return bridge.Retry(j, m.o.bare, now) }, now)
		return err
	})
}

// order changes the Mirror and says how things stand then. It sends nothing
// itself.
func (m *mirroring) order(ctx context.Context, do func() error) error {
	if m.m.ID == 0 {
		return fault.New(fault.Invalid, "no-mirror", "Nothing is being carried over to @{handle}. Run godwit mirror preview first.", "handle", m.d.Handle.String())
	}
	if err := do(); err != nil {
		return err
	}
	_, err := m.report(ctx)
	return err
}

// undo deletes what was posted, or goes on with that.
func (m *mirroring) undo(ctx context.Context) error {
	if m.m.ID == 0 {
		return m.order(ctx, nil)
	}
	c, err := m.store.MirrorCounts(ctx, m.user.ID, m.m.ID)
	if err != nil {
		return err
	}
	n := c.Stands()
	if n > 0 && m.m.State != social.MirrorUndoing && !m.o.yes {
		fmt.Fprintf(m.stderr, "%s\nType the word undo to go on: ", bridge.SayUndo(n, time.Now()).English)
		if !m.typed("undo") {
			return fault.New(fault.Invalid, "not-confirmed", "Nothing was deleted. Type the word undo to go on, or use --yes.")
		}
	}
	if _, err := m.store.UndoMirror(ctx, m.user.ID, m.m.ID, time.Now().UTC()); err != nil {
		return err
	}
	if err := m.reload(ctx); err != nil {
		return err
	}
	return m.carry(ctx, "Deleting", func(c store.MirrorCounts) (done, total int) {
		left := c.Stands() - c.ByState[social.StatusSent]
		return c.ByState[social.StatusDeleted], c.ByState[social.StatusDeleted] + left
	})
}
