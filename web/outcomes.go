package web

import (
	"net/http"
	"strconv"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// outcomesPage lists accounts by how their follow went.
type outcomesPage struct {
	Frame       `json:"-"`
	Destination social.Destination
	Outcome     social.Outcome
	Rows        []jobRow
	Total       int
	Prev, Next  string
	Links       []outcomeCount
	CanRetry    bool
}

// jobPage is one account's follow.
type jobPage struct {
	Frame       `json:"-"`
	Destination social.Destination
	Job         jobRow
}

// cancelPage asks before the following ends for good.
type cancelPage struct {
	Frame       `json:"-"`
	Destination social.Destination
	Done, Left  int
	Undoing     int // while an undo is under way: those that it has not reached
}

func (s *site) outcomes(v *visit) error {
	q := v.r.URL.Query()
	d, _, err := v.chosenDestination(q.Get("as"))
	if err != nil {
		return err
	}
	if d.ID == 0 {
		return v.redirect("/follow/progress")
	}
	page := &outcomesPage{Destination: d}
	page.PageNo = 1
	for _, o := range outcomeOrder {
		if string(o) == q.Get("outcome") {
			page.Outcome = o
		}
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 1 && n < 1<<20 {
		page.PageNo = n
	}
	filter := store.FollowFilter{DestinationID: d.ID, Outcome: page.Outcome, Offset: (page.PageNo - 1) * pageSize, Limit: pageSize}
	if page.Rows, page.Total, err = v.jobs(filter, d); err != nil {
		return err
	}
	if err := s.outcomeLinks(v, page); err != nil {
		return err
	}
	page.Title, page.Here, page.Wide = v.say("outcomes.title"), "move", true
	if page.Outcome != social.NoOutcome {
		page.Title = v.say("outcomes.title.of", "outcome", v.say("outcome."+string(page.Outcome)), "n", page.Total)
	}
	return v.show(http.StatusOK, "outcomes", page)
}

// outcomeLinks puts the links to the other Outcomes and pages on the page.
func (s *site) outcomeLinks(v *visit, p *outcomesPage) error {
	counts, err := s.Store.FollowCounts(v.r.Context(), v.user.ID, p.Destination.ID)
	if err != nil {
		return err
	}
	base := "/follow/outcomes?as=" + itoa(p.Destination.ID)
	p.Links = append(p.Links, outcomeCount{N: counts.Total, Link: base})
	for _, o := range outcomeOrder {
		if n := counts.ByOutcome[o]; n > 0 {
			p.Links = append(p.Links, outcomeCount{o, n, base + "&outcome=" + string(o)})
		}
	}
	here := base + "&outcome=" + string(p.Outcome) + "&page="
	if p.PageNo > 1 {
		p.Prev = here + strconv.Itoa(p.PageNo-1)
	}
	if p.PageNo*pageSize < p.Total {
		p.Next = here + strconv.Itoa(p.PageNo+1)
	}
	for _, row := range p.Rows {
		p.CanRetry = p.CanRetry || row.Retry
	}
	return nil
}

func (s *site) followJob(v *visit) error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	job, err := s.Store.GetFollowJob(v.r.Context(), v.user.ID, id)
	if err != nil {
		return err
	}
	d, err := s.Store.GetDestination(v.r.Context(), v.user.ID, job.DestinationID)
	if err != nil {
		return err
	}
	page := &jobPage{Destination: d, Job: v.jobRow(job, d)}
	page.Title, page.Here = v.say("job.title", "handle", job.Handle), "move"
	return v.show(http.StatusOK, "job", page)
}

// target is the account that a posted form acts on; it must be named.
func (v *visit) target() (social.Destination, error) {
	d, _, err := v.chosenDestination(v.field("as"))
	if err == nil && d.ID == 0 {
		err = notFound()
	}
	return d, err
}

func (s *site) pause(v *visit) error {
	return s.setFollowing(v, social.FollowPaused, "progress.was-paused")
}

func (s *site) resume(v *visit) error {
	return s.setFollowing(v, social.FollowRunning, "progress.was-resumed")
}

// setFollowing changes the state of following; doing it twice is harmless.
func (s *site) setFollowing(v *visit, state social.FollowState, done string) error {
	if err := v.form(); err != nil {
		return err
	}
	d, err := v.target()
	if err != nil {
		return err
	}
	if d.Follow != social.FollowRunning && d.Follow != social.FollowPaused {
		return fault.New(fault.Conflict, "not-following", "Nothing is being followed at the moment, so nothing was changed.")
	}
	if err := s.Store.SetFollowState(v.r.Context(), v.user.ID, d.ID, state, v.now); err != nil {
		return err
	}
	v.ring(social.FollowTask, d.ID)
	v.flash(flash{Key: done})
	return v.redirect("/follow/progress?as=" + itoa(d.ID))
}

func (s *site) cancelForm(v *visit) error { return v.showCancel(http.StatusOK, nil) }

func (v *visit) showCancel(status int, wrong locale.Sentence) error {
	d, _, err := v.chosenDestination(v.r.FormValue("as"))
	if err != nil {
		return err
	}
	if d.ID == 0 {
		return v.redirect("/follow/progress")
	}
	counts, err := v.site.Store.FollowCounts(v.r.Context(), v.user.ID, d.ID)
	if err != nil {
		return err
	}
	page := &cancelPage{Destination: d, Done: counts.Total - counts.Waiting, Left: counts.Waiting, Undoing: counts.Undoing}
	page.Title, page.Here = v.say("progress.cancel.title"), "move"
	if !wrong.Empty() {
		page.Problem = []problem{{"yes", wrong}}
	}
	return v.show(status, "cancel", page)
}

// cancel ends the following for good.
func (s *site) cancel(v *visit) error {
	return v.actOnce(v.showCancel, func() (string, error) {
		d, err := v.target()
		if err != nil {
			return "", err
		}
		if err := s.Store.SetFollowState(v.r.Context(), v.user.ID, d.ID, social.FollowStopped, v.now); err != nil {
			return "", err
		}
		v.flash(flash{Key: "progress.was-stopped"})
		return "/follow/progress?as=" + itoa(d.ID), nil
	})
}

// retry has jobs that gave up tried again: one, or all.
func (s *site) retry(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	d, err := v.target()
	if err != nil {
		return err
	}
	job := int64(0)
	if text := v.field("job"); text != "" {
		if job, err = v.id(text); err != nil {
			return err
		}
		if _, err := s.Store.GetFollowJob(v.r.Context(), v.user.ID, job); err != nil {
			return err
		}
	}
	n, err := s.Store.RetryFollows(v.r.Context(), v.user.ID, d.ID, job, v.now)
	if err != nil {
		return err
	}
	v.ring(social.FollowTask, d.ID)
	v.flash(flash{Key: "progress.retried", N: n})
	return v.redirect("/follow/progress?as=" + itoa(d.ID))
}
