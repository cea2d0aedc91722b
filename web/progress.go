package web

import (
	"net/http"
	"time"

	"godwit/bridge"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// progressPage shows over days that it goes on.
type progressPage struct {
	Frame        `json:"-"`
	Destination  social.Destination
	Destinations []social.Destination
	State        string // running, paused, stopped, finished, lost, undoing, undone, none
	Say          locale.Sentence
	Next         locale.Sentence
	Estimate     locale.Sentence
	Also         locale.Sentence // how far lists, mutes and blocks are
	Done, Total  int
	Counts       []outcomeCount
	Latest       []jobRow
	More         int  // confirmed since, not planned yet
	CanUndo      bool // Godwit followed somebody
}

// outcomeCount is how many accounts have an Outcome.
type outcomeCount struct {
	Outcome social.Outcome
	N       int
	Link    string
}

// jobRow is one FollowJob as a list shows it.
type jobRow struct {
	social.FollowJob
	Word  string // key of the Outcome's word
	Say   locale.Sentence
	Retry bool
}

// outcomeOrder is the order in which Outcomes are listed.
var outcomeOrder = []social.Outcome{social.Followed, social.Requested, social.Already, social.Moved, social.Deferred, social.Declined, social.Gone, social.Undone}

func (s *site) progress(v *visit) error {
	page, err := s.buildProgress(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "progress", page)
}

func (s *site) progressEvents(v *visit) error {
	return v.stream(func() (any, error) { return s.buildProgress(v) })
}

func (s *site) buildProgress(v *visit) (*progressPage, error) {
	d, all, err := v.chosenDestination(v.r.URL.Query().Get("as"))
	if err != nil {
		return nil, err
	}
	page := &progressPage{Destination: d, Destinations: all, State: "none", Say: v.say("progress.none")}
	page.Title, page.Here = v.say("progress.title"), "move"
	if d.ID == 0 {
		return page, nil
	}
	ctx := v.r.Context()
	counts, err := s.Store.FollowCounts(ctx, v.user.ID, d.ID)
	if err != nil {
		return nil, err
	}
	if page.More, err = s.more(v, d, counts); err != nil {
		return nil, err
	}
	if page.Also, err = v.sayAlso(d); err != nil {
		return nil, err
	}
	page.Total, page.Done = counts.Total, counts.Total-counts.Waiting
	if counts.Total == 0 {
		return page, nil
	}
	if page.Latest, _, err = v.jobs(store.FollowFilter{DestinationID: d.ID, Limit: latestSize}, d); err != nil {
		return nil, err
	}
	page.Live = "/follow/progress/events?as=" + itoa(d.ID)
	for _, o := range outcomeOrder {
		if n := counts.ByOutcome[o]; n > 0 {
			page.Counts = append(page.Counts, outcomeCount{o, n, "/follow/outcomes?outcome=" + string(o) + "&as=" + itoa(d.ID)})
		}
	}
	page.CanUndo = d.Follow != social.FollowUndoing && counts.ByOutcome[social.Followed]+counts.ByOutcome[social.Requested]+counts.ByOutcome[social.Moved] > 0
	return page, v.sayProgress(page, counts)
}

// more counts the accounts that could be planned besides. While the following
// runs the page is looked at often, and a count that is nearly right will do.
func (s *site) more(v *visit, d social.Destination, c store.FollowCounts) (int, error) {
	if d.Follow == social.FollowRunning && c.Waiting > 0 {
		counts, err := s.Store.MatchCounts(v.r.Context(), v.user.ID)
		return max(0, counts.Confirmed-c.Total), err
	}
	list, err := s.Store.Followable(v.r.Context(), v.user.ID, d.ID)
	return len(list), err
}

// sayProgress finds the state and its sentences.
func (v *visit) sayProgress(p *progressPage, c store.FollowCounts) error {
	d, server := p.Destination, locale.HostOf(p.Destination.Host)
	good := c.ByOutcome[social.Followed] + c.ByOutcome[social.Already] + c.ByOutcome[social.Moved]
	home, err := v.site.Store.GetHome(v.r.Context(), d.Host)
	if err != nil {
		return err
	}
	switch {
	case home.LeftAlone() && c.Waiting+c.Asked+c.Undoing > 0:
		p.State, p.Title, p.Say = "alone", v.say("progress.paused"), v.say("progress.alone", "server", server, "n", c.Waiting+c.Undoing)
	case d.State == social.PermissionLost:
		p.State, p.Title, p.Say = "lost", v.say("progress.lost"), v.say("progress.lost.say", "server", server, "n", c.Waiting+c.Undoing)
	case d.State == social.Disabled:
		p.State, p.Title, p.Say = "disabled", v.say("progress.paused"), v.say("progress.disabled", "server", server)
	case d.State == social.LimitReached && c.Waiting > 0:
		p.State, p.Title, p.Say = "limit", v.say("progress.paused"), v.say("progress.limit", "server", server, "n", c.Waiting)
	case d.Follow == social.FollowUndoing:
		v.sayUndoing(p, c)
	case d.Follow == social.FollowStopped:
		p.State, p.Title, p.Say = "stopped", v.say("progress.stopped"), v.say("progress.stopped.say", "n", good)
	case d.Follow == social.FollowPaused:
		p.State, p.Title, p.Say = "paused", v.say("progress.paused"), v.say("progress.paused.say")
	case c.Waiting == 0 && c.Asked == 0:
		p.State, p.Title = "finished", v.say("progress.finished", "n", good)
		asked := c.ByOutcome[social.Requested]
		p.Say = v.say("progress.done.say", "f", good, "r", asked, "x", c.Total-good-asked)
	default:
		return v.sayRunning(p, c, home)
	}
	p.Shape = p.State
	return v.sayNext(p)
}

// sayNext adds who is still looked for, once all is done.
func (v *visit) sayNext(p *progressPage) error {
	if p.State != "finished" {
		return nil
	}
	counts, err := v.site.Store.MatchCounts(v.r.Context(), v.user.ID)
	if err == nil && counts.NotFound > 0 {
		p.Next = v.say("progress.done.next", "n", counts.NotFound)
	}
	return err
}

func (v *visit) sayRunning(p *progressPage, c store.FollowCounts, home social.Home) error {
	p.State, p.Shape = "running", "running"
	p.Title = v.say("progress.running", "done", p.Done, "n", p.Total)
	p.Say = v.say("progress.close")
	if c.NextDue.After(v.now.Add(time.Minute)) && c.Waiting > 0 {
		p.Say = v.say("progress.waiting", "done", p.Done, "n", p.Total, "time", v.clock().At(c.NextDue))
	}
	if end := home.Quiet.Until(v.now); !end.IsZero() {
		p.Say = v.say("progress.quiet", "server", locale.HostOf(p.Destination.Host), "time", v.clock().At(end))
	}
	if c.Waiting == 0 {
		return nil
	}
	budgets, err := v.site.Store.Budgets(v.r.Context(), p.Destination.ID)
	if err != nil {
		return err
	}
	e := bridge.Plan(p.Destination, budgets, bridge.Wish{N: c.Waiting}, v.now)
	if e.Finish.IsZero() || e.Finish.After(c.NextDue) { // else what is left only waits
		p.Estimate = v.sayBridge(e.For(bridge.Background, v.clock().Zone))
	}
	return nil
}

// jobs lists FollowJobs with their sentences.
func (v *visit) jobs(f store.FollowFilter, d social.Destination) ([]jobRow, int, error) {
	list, total, err := v.site.Store.ListFollowJobs(v.r.Context(), v.user.ID, f)
	if err != nil {
		return nil, 0, err
	}
	rows := make([]jobRow, 0, len(list))
	for _, job := range list {
		rows = append(rows, v.jobRow(job, d))
	}
	return rows, total, nil
}

func (v *visit) jobRow(job social.FollowJob, d social.Destination) jobRow {
	code, args, english := bridge.Say(job, d.Host, v.now.In(v.clock().Zone))
	row := jobRow{FollowJob: job, Word: string(job.Outcome), Say: v.sayCoded("say."+code, args, english)}
	if code == "outcome-followed" { // the word says it; when is news
		row.Say = v.clock().At(job.UpdatedAt)
	}
	row.Retry = job.Reason == social.ReasonGaveUp
	switch {
	case job.State == social.JobCanceled:
		row.Word = "canceled"
	case job.State == social.JobUndoing:
		row.Word = "undoing"
	case job.Outcome == social.NoOutcome:
		row.Word = "planned"
	}
	return row
}
