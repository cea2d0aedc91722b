package worker

import (
	"context"
	"time"

	"godwit/bridge"
	"godwit/importer"
	"godwit/internal/fault"
	"godwit/internal/social"
)

// plan reads the server's limits and the archive, and writes the ledger's rows:
// nothing is sent by it.
func (r *turn) plan(ctx context.Context) (time.Time, error) {
	if err := r.enter(ctx, 2); err != nil {
		return time.Time{}, err
	}
	instance, acted := r.server.Instance(ctx)
	if acted != nil {
		return r.save(ctx, nil, acted)
	}
	r.m.Limits, r.m.Version, r.m.ServerRules = instance.Posting, instance.Version, instance.Rules
	err := r.planFrom(ctx)
	if err != nil && ends(err) {
		return r.w.now(), r.w.store.FailPlan(ctx, r.t, r.m, sentence(err))
	}
	return r.w.now(), err
}

func (r *turn) planFrom(ctx context.Context) error {
	policy, err := r.policy(ctx)
	if err != nil {
		return err
	}
	if !policy.Allows() {
		return notWanted(fault.Invalid, r.d.Host)
	}
	if r.m.Live {
		return r.planLive(ctx)
	}
	if r.x.Source.Spool == "" {
		return archiveGone(fault.Invalid)
	}
	export, release, err := r.w.open(r.x.Source)
	if err != nil {
		return err
	}
	defer release()
	r.m.Network, r.m.Names, r.m.Protected = export.Owner().Network, export.Names(), export.Protected()
	p := &planner{turn: r, ctx: ctx, export: export.WithPosts()}
	if p.done, err = r.w.store.BeginPlan(ctx, r.t, r.m, r.m.Network); err != nil {
		return err
	}
	c, err := r.canvas(ctx, nil)
	if err != nil {
		return err
	}
	quiet := r.m
	quiet.Rules = c.Rules // as the server wants it
	plan := bridge.PlanMirror(p.posts, quiet, c, r.d, r.budgets, r.now, p.each)
	p.flush()
	if p.err != nil {
		return p.err
	}
	r.m.Plan = p.summary(plan)
	return r.w.store.FinishPlan(ctx, r.t, r.m, r.w.now())
}

// planner carries a plan from the archive into the database.
type planner struct {
	*turn
	ctx    context.Context
	export *importer.Export
	done   map[string]bool // Posts that are not planned again
	batch  []social.MirrorPost
	sum    social.MirrorSummary
	there  int // Posts that are carried over already
	err    error
}

// posts walks over the archive's Posts.
func (p *planner) posts(yield func(*social.Post) bool) {
	for record, err := range p.export.Records(p.ctx) {
		if p.err == nil {
			p.err = err
		}
		if p.err != nil || record.Post != nil && !yield(record.Post) {
			return
		}
	}
}

// each takes one Post of the plan with what it becomes.
func (p *planner) each(step bridge.Step, at int, post *social.Post, r bridge.Rendered) {
	if p.done[post.ID] {
		p.there++
	}
	if p.err != nil || p.done[post.ID] {
		return
	}
	mp := bridge.Planned(post, step.Place, r, at)
	p.add(mp)
	if p.batch = append(p.batch, mp); len(p.batch) == planBatch {
		p.flush()
	}
}

func (p *planner) add(mp social.MirrorPost) {
	p.sum.Posts++
	p.sum.Statuses += len(mp.Jobs)
	for _, j := range mp.Jobs {
		p.sum.Files += len(j.Files)
	}
}

func (p *planner) flush() {
	if p.err == nil && len(p.batch) > 0 {
		p.err = p.w.store.SavePlan(p.ctx, p.t, p.m, p.m.Network, p.batch, p.w.now())
	}
	p.batch = p.batch[:0]
}

func (p *planner) summary(plan bridge.MirrorPlan) social.MirrorSummary {
	p.sum.Threads, p.sum.Asks = plan.Threads, plan.Asks
	p.sum.Left, p.sum.Notes = map[string]int{}, map[string]int{}
	if p.there > 0 {
		p.sum.Left[string(bridge.LeftThere)] = p.there
	}
	for why, n := range plan.Why {
		p.sum.Left[string(why)] = n
	}
	for note, n := range plan.Noted {
		p.sum.Notes[string(note)] = n
	}
	return p.sum
}

// canvas is what the Mirror's statuses are rendered on. status may be nil.
func (r *turn) canvas(ctx context.Context, status map[string]string) (bridge.Canvas, error) {
	people, err := r.w.store.People(ctx, r.m.UserID, r.m.Network)
	if err != nil {
		return bridge.Canvas{}, err
	}
	policy, err := r.policy(ctx)
	c := bridge.CanvasOf(r.m, r.d, people.Of)
	c.Rules = quieter(c.Rules, policy)
	c.Status = func(id string) string { return status[id] }
	return c, err
}

// rewrite renders a row that was never sent anew when its Post leads to others
// of the person's own that stand by now. others are the further rows of the Post.
func (r *turn) rewrite(ctx context.Context, job *social.StatusJob) (others []social.StatusJob, err error) {
	if job.Key != "" || job.Part > 1 && job.TriedAt.IsZero() {
		return nil, nil
	}
	post, err := r.w.store.GetMirrorPost(ctx, r.m.UserID, r.m.ID, job.PostID)
	if err != nil {
		return nil, err
	}
	stands, err := r.w.store.MirrorAddresses(ctx, r.d.ID, r.m.Network, bridge.OwnRefs(&post.Post))
	if err != nil || len(stands) == 0 {
		return nil, err
	}
	c, err := r.canvas(ctx, stands)
	if err != nil {
		return nil, err
	}
	place := bridge.Place{Answers: post.Answers, Torn: post.Torn, Visibility: post.Visibility}
	for _, row := range bridge.Rewrite(post.Jobs, &post.Post, c, place) {
		if row.ID != job.ID {
			others = append(others, row)
			continue
		}
		job.Draft, job.Print = row.Draft, row.Print
	}
	return others, nil
}
