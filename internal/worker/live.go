package worker

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"godwit/bridge"
	"godwit/importer"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
)

// live looks once at the Source of a Mirror that goes on, and puts what is new
// and due into its ledger.
func (w *Worker) live(ctx context.Context, t social.Task, _ int) (time.Time, error) {
	now := w.now()
	x, err := w.store.LiveWorkFor(ctx, t)
	if err != nil || x.Live.MirrorID == 0 {
		return time.Time{}, err
	}
	switch {
	case x.Destination.State != social.Active && x.Destination.State != social.LimitReached:
		return time.Time{}, nil // rung for when the permission is back
	case now.Before(x.Live.NextAt):
		return x.Live.NextAt, nil
	}
	l := &looking{w: w, t: t, x: x, live: x.Live, now: now}
	found, err := l.look(ctx)
	if err != nil && ctx.Err() != nil {
		return time.Time{}, err
	}
	if err != nil {
		return l.failed(ctx, err)
	}
	return l.save(ctx, found)
}

// looking is one look at the Source of a live Mirror.
type looking struct {
	w     *Worker
	t     social.Task
	x     store.LiveWork
	live  social.Live // as it is after the look
	fresh time.Duration
	now   time.Time
}

// look asks the Source.
func (l *looking) look(ctx context.Context) (bridge.LiveFind, error) {
	f := bridge.LiveFind{Live: l.x.Live, Waiting: l.x.Waiting, Taken: l.x.Taken}
	var err error
	switch l.live.Kind {
	case social.LiveFeed:
		err = l.feed(ctx, &f)
	case social.LiveMastodon:
		err = l.mastodon(ctx, &f)
	case social.LiveBluesky:
		err = l.bluesky(ctx, &f)
	case social.LiveX:
		err = l.onX(ctx, &f)
	default:
		err = fault.New(fault.Gone, "live-unknown", "This Godwit doesn't know how to look there.")
	}
	if err != nil {
		return f, err
	}
	ids := make([]string, len(f.Posts))
	for i := range f.Posts {
		ids[i] = f.Posts[i].ID
	}
	if f.Known, err = l.w.store.LivePosts(ctx, l.x.Mirror.ID, ids); err != nil {
		return f, err
	}
	f.Carried, err = l.w.store.CarriedOver(ctx, l.x.Destination.ID, l.live.Network, ids)
	return f, err
}

func (l *looking) feed(ctx context.Context, f *bridge.LiveFind) error {
	a, err := l.w.door.Feed(ctx, l.live.Address, fedi.FeedMark{Tag: l.live.Tag, Modified: l.live.Modified})
	if err != nil {
		return err
	}
	l.fresh = a.Fresh
	if f.Same = a.Same; f.Same {
		return nil
	}
	read, err := importer.ReadFeed(a.Body, a.Address)
	if err != nil {
		return err
	}
	l.live.Tag, l.live.Modified = a.Mark.Tag, a.Mark.Modified // only of what was understood
	if read.Title != "" {
		l.live.Name = read.Title
	}
	l.fresh, f.Posts = max(l.fresh, read.Period), read.Posts
	return nil
}

func (l *looking) mastodon(ctx context.Context, f *bridge.LiveFind) error {
	page, err := l.w.door.Lists(l.live.Host, l.x.Token).Newest(ctx, l.live.Address)
	if err == nil {
		f.Posts, err = importer.ReadPage(ctx, "mastodon-api", []byte(l.live.Self), page, l.now)
	}
	return err
}

// bluesky asks the server that keeps the account's repository. Where that is is
// looked up again when it did not answer.
func (l *looking) bluesky(ctx context.Context, f *bridge.LiveFind) error {
	var account fedi.Bluesky
	var err error
	if json.Unmarshal([]byte(l.live.Self), &account) != nil || account.PDS == "" || l.live.Failures > 0 {
		if account, err = l.w.door.FindBluesky(ctx, l.live.Address); err != nil {
			return err
		}
	}
	page, err := l.w.door.BlueskyPosts(ctx, account)
	if err != nil {
		return err
	}
	if f.Posts, err = importer.ReadRecords(account.DID, page); err != nil {
		return err
	}
	for i := range f.Posts {
		for k, m := range f.Posts[i].Media {
			if m.File != "" {
				f.Posts[i].Media[k].File = account.BlobAddress(m.File)
			}
		}
	}
	return nil
}

// onX asks X for what is newer than the last Post, and notes before what that may
// cost at most. It is never asked for anybody but the owner of this machine, who
// has an app at X.
func (l *looking) onX(ctx context.Context, f *bridge.LiveFind) error {
	if !l.w.x.Own {
		return notForOthers()
	}
	price := l.w.x.Post
	most := fedi.XMost
	if price > 0 {
		most = int(min(social.Cost(most), (l.live.Most-l.live.Spent)/price))
	}
	if most < fedi.XLeast {
		return fault.New(fault.Paused, "live-cost", "Looking at X cost {spent} so far, and the next look could go beyond the {most} that you allowed. Allow more to go on.",
			"spent", l.live.Spent.String(), "most", l.live.Most.String())
	}
	reserved := price * social.Cost(most)
	if err := l.w.store.SpendLive(ctx, l.t, reserved); err != nil {
		return err
	}
	l.live.Spent += reserved
	page, err := l.w.door.XAPI(l.x.Token).After(ctx, l.live.Address, l.live.Cursor, most)
	if err == nil {
		l.live.Spent -= reserved - price*social.Cost(min(page.Entries, most))
	} else if ctx.Err() == nil && !fedi.Unanswered(err) {
		l.live.Spent -= reserved
	}
	if err != nil {
		return err
	}
	if page.Entries > 0 {
		if f.Posts, err = importer.ReadPage(ctx, "x-api", []byte(l.live.Self), page.Body, l.now); err != nil {
			return err
		}
	}
	f.Whole = page.Next == "" && l.live.Cursor != ""
	return nil
}

// notForOthers says that X is not asked here.
func notForOthers() *fault.Fault {
	return fault.New(fault.Paused, "own-machine-only", "X allows an app's keys to be used by their owner only, so a Godwit that is open to others doesn't read X's API. Run Godwit on your own machine for it.")
}

// save sifts what was found and writes what comes of it.
func (l *looking) save(ctx context.Context, f bridge.LiveFind) (time.Time, error) {
	s := bridge.Sift(f, l.now)
	look := store.LiveLook{Posts: s.Found, Changed: s.Changed, Halt: s.Halt}
	if err := l.plan(ctx, &look, s.Ready); err != nil {
		return time.Time{}, err
	}
	if l.live.Quiet++; s.Fresh > 0 {
		l.live.Quiet = 0
	}
	l.live.Cursor = cursorAfter(l.live.Cursor, f.Posts, look.Posts)
	l.live.Failures, l.live.FaultCode, l.live.FaultArgs, l.live.FaultSay = 0, "", nil, ""
	l.live.LookedAt, l.live.NextAt = l.now, bridge.LivePause(l.live, l.fresh, look.Posts, l.now)
	look.Live = l.live
	err := l.w.keep(ctx, func(ctx context.Context) error { return l.w.store.SaveLook(ctx, l.t, l.x.Mirror, look, l.w.now()) })
	if err != nil || look.Halt != nil {
		return time.Time{}, err
	}
	return l.live.NextAt, nil
}

// cursorAfter is the newest Post before the first that waits: those that wait
// are looked at once more.
func cursorAfter(cursor string, shown []social.Post, found []social.LivePost) string {
	number := func(id string) uint64 {
		n, _ := strconv.ParseUint(id, 10, 64)
		return n
	}
	first := uint64(0)
	for _, p := range found {
		if n := number(p.Post.ID); p.State == social.LiveWaiting && (first == 0 || n < first) {
			first = n
		}
	}
	for i := range shown {
		if n := number(shown[i].ID); n > number(cursor) && (first == 0 || n < first) {
			cursor = shown[i].ID
		}
	}
	return cursor
}

// plan renders what is due.
func (l *looking) plan(ctx context.Context, look *store.LiveLook, ready []social.Post) error {
	if len(ready) == 0 {
		return nil
	}
	steps, out, err := l.choose(ctx, ready)
	if err != nil {
		return err
	}
	canvas, err := l.canvas(ctx)
	if err != nil {
		return err
	}
	byID := map[string]*social.Post{}
	for i := range ready {
		byID[ready[i].ID] = &ready[i]
	}
	for i, step := range steps {
		p := byID[step.PostID]
		planned := bridge.Planned(p, step.Place, bridge.Render(p, canvas, step.Place), l.x.Position+i)
		if len(planned.Jobs) == 0 {
			out = append(out, bridge.LeftOut{PostID: p.ID, Why: bridge.LeftEmpty})
			continue
		}
		look.Planned = append(look.Planned, planned)
		settle(look.Posts, p.ID, social.LiveTaken, "")
	}
	for _, o := range out {
		settle(look.Posts, o.PostID, social.LiveLeft, string(o.Why))
	}
	return nil
}

// choose says which of the Posts that are due are carried over, and what became
// of those that they answer.
func (l *looking) choose(ctx context.Context, ready []social.Post) ([]bridge.Step, []bridge.LeftOut, error) {
	m := l.x.Mirror
	parents := make([]string, len(ready))
	for i := range ready {
		parents[i] = ready[i].Reply.ID
	}
	carried, err := l.w.store.CarriedOver(ctx, m.DestinationID, m.Network, parents)
	if err != nil {
		return nil, nil, err
	}
	before, err := l.w.store.LivePosts(ctx, m.ID, parents)
	if err != nil {
		return nil, nil, err
	}
	steps, out := bridge.LiveSteps(ready, m.Rules, func(id string) bool { return carried[id] }, func(id string) bridge.Left { return bridge.Left(before[id].Why) })
	return steps, out, nil
}

// canvas is what the Posts are rendered for, as the server's admin wants it.
func (l *looking) canvas(ctx context.Context) (bridge.Canvas, error) {
	m := l.x.Mirror
	people, err := l.w.store.People(ctx, m.UserID, m.Network)
	if err != nil {
		return bridge.Canvas{}, err
	}
	policy, err := l.w.store.MirrorPolicy(ctx, l.x.Destination.Host)
	if err != nil {
		return bridge.Canvas{}, err
	}
	canvas := bridge.CanvasOf(m, l.x.Destination, people.Of)
	canvas.Rules = quieter(canvas.Rules, policy)
	return canvas, nil
}

// settle says what became of a Post.
func settle(all []social.LivePost, id string, state social.LiveState, why string) {
	for i := range all {
		if all[i].Post.ID == id {
			all[i].State, all[i].Why = state, why
		}
	}
}

// failed writes down a look that came to nothing. What will not mend itself
// pauses the Mirror; everything else is tried again, ever later.
func (l *looking) failed(ctx context.Context, cause error) (time.Time, error) {
	if fault.Is(cause, fault.Conflict) || fault.Is(cause, fault.Disk) {
		return time.Time{}, cause
	}
	f, said := errors.AsType[*fault.Fault](cause)
	if !said {
		return time.Time{}, cause
	}
	l.live.Failures++
	l.live.FaultCode, l.live.FaultArgs, l.live.FaultSay = f.Code, f.Args, f.Say
	l.live.NextAt = bridge.LiveFailed(l.live.Failures, l.now)
	if until := fault.Until(f); until.After(l.now) {
		l.live.NextAt = until
	}
	look := store.LiveLook{Live: l.live}
	switch f.Kind {
	case fault.Paused, fault.Gone, fault.Denied:
		if f.Code != importer.CodeFeedTrap && !strings.HasPrefix(f.Code, "no-such-host") {
			look.Halt = f
		}
	}
	l.w.log.Debug("a look for new posts failed", "task", l.t.String(), "failures", l.live.Failures, "cause", cause.Error())
	if err := l.w.store.SaveLook(context.WithoutCancel(ctx), l.t, l.x.Mirror, look, l.w.now()); err != nil || look.Halt != nil {
		return time.Time{}, err
	}
	return l.live.NextAt, nil
}
