package web

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"godwit/bridge"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// mirrorPage is a Mirror: how its posts will look, or how far it is.
type mirrorPage struct {
	Frame       `json:"-"`
	Mirror      social.Mirror
	Destination social.Destination
	State       string // planning, broken, empty, planned, running, paused, stopped, finished, undoing, undone, lost
	Say         locale.Sentence
	Estimate    locale.Sentence
	Done, Total int
	Counts      []mirrorCount
	LeftOut     []mirrorCount
	Notes       []mirrorCount
	Posts       []mirrorRow
	Found       int // posts that fit the filter
	Prev, Next  string
	MayPost     bool // the permission for it was given
	Backdates   bool
	CanUndo     bool
	CanRetry    bool // some failed
	FilesFailed bool // because of a file
	Failed      bool // only these are shown
	Stands      int
}

// mirrorCount is how many posts have something in common.
type mirrorCount struct {
	Say locale.Sentence
	Tag string // for its colour
	N   int
}

// mirrorRow is one post beside what it becomes.
type mirrorRow struct {
	Post     social.Post
	At       locale.Sentence
	Files    int
	Statuses []mirrorStatus
	Notes    []locale.Sentence
}

// mirrorStatus is one status of a post.
type mirrorStatus struct {
	social.StatusJob
	At   locale.Sentence
	Word string
	Say  locale.Sentence
}

func (s *site) mirrorPreview(v *visit) error {
	page, err := s.buildMirror(v)
	if err != nil {
		return err
	}
	if page.Mirror.State != social.MirrorIdle {
		return v.redirect(mirrorPath(page.Mirror))
	}
	return v.show(http.StatusOK, "mirrorplan", page)
}

func (s *site) mirrorProgress(v *visit) error {
	page, err := s.buildMirror(v)
	if err != nil {
		return err
	}
	if page.Mirror.State == social.MirrorIdle {
		return v.redirect(mirrorPath(page.Mirror))
	}
	return v.show(http.StatusOK, "mirror", page)
}

func (s *site) mirrorEvents(v *visit) error {
	return v.stream(func() (any, error) { return s.buildMirror(v) })
}

// pathMirror is the Mirror in the path and the account it is for.
func (v *visit) pathMirror() (m social.Mirror, d social.Destination, err error) {
	id, err := v.pathID()
	if err != nil {
		return m, d, err
	}
	if m, err = v.site.Store.GetMirror(v.r.Context(), v.user.ID, id); err != nil {
		return m, d, err
	}
	d, err = v.site.Store.GetDestination(v.r.Context(), v.user.ID, m.DestinationID)
	return m, d, err
}

func (s *site) buildMirror(v *visit) (*mirrorPage, error) {
	m, d, err := v.pathMirror()
	if err != nil {
		return nil, err
	}
	c, err := s.Store.MirrorCounts(v.r.Context(), v.user.ID, m.ID)
	if err != nil {
		return nil, err
	}
	page := &mirrorPage{Mirror: m, Destination: d, MayPost: fedi.MayPost(d.Scopes), Backdates: d.Flavour == social.GoToSocial,
		Total: c.Total, Done: c.ByState[social.StatusSent], Stands: c.Stands()}
	page.Here, page.Wide = "move", true
	page.CanUndo = m.State != social.MirrorUndoing && page.Stands > 0
	page.CanRetry = c.ByState[social.StatusFailed] > 0 && m.State != social.MirrorUndoing
	page.FilesFailed = c.Failed[social.MirrorFileRefused]+c.Failed[social.MirrorFileAbsent] > 0
	if err := v.sayMirror(page, c); err != nil {
		return nil, err
	}
	page.Shape = page.State
	if page.State != "broken" && page.State != "finished" && page.State != "undone" && page.State != "empty" {
		page.Live = "/mirror/" + itoa(m.ID) + "/events"
	}
	page.tell(v, c)
	return page, v.mirrorPosts(page)
}

// sayMirror finds the state and its sentences.
func (v *visit) sayMirror(p *mirrorPage, c store.MirrorCounts) error {
	m, server := p.Mirror, locale.HostOf(p.Destination.Host)
	p.Title = v.say("mirror.title")
	switch {
	case p.Destination.State == social.PermissionLost:
		p.State, p.Title, p.Say = "lost", v.say("progress.lost"), v.say("mirror.lost", "server", server)
	case m.State == social.MirrorIdle:
		v.sayMirrorPlan(p, c)
	case m.State == social.MirrorUndoing:
		v.sayMirrorUndo(p, c)
	case m.State == social.MirrorStopped:
		p.State, p.Title, p.Say = "stopped", v.say("mirror.stopped"), v.say("mirror.stopped.say", "n", p.Done)
	case m.State == social.MirrorPaused && m.FaultCode != "":
		p.State, p.Title, p.Say = "paused", v.say("progress.paused"), v.sayCode(m.FaultCode, m.FaultArgs, time.Time{}, m.FaultSay)
	case m.State == social.MirrorPaused:
		p.State, p.Title, p.Say = "paused", v.say("progress.paused"), v.say("mirror.paused.say")
	case c.Waiting() == 0:
		p.State, p.Title, p.Say = "finished", v.say("mirror.finished", "n", c.Posts), v.say("mirror.finished.say", "k", p.Done, "x", c.ByState[social.StatusFailed])
	default:
		p.State, p.Title, p.Say = "running", v.say("mirror.running", "done", p.Done, "n", p.Total), v.say("progress.close")
		if c.NextDue.After(v.now.Add(time.Minute)) {
			p.Say = v.say("mirror.waiting", "server", server, "time", v.clock().At(c.NextDue))
		}
	}
	if c.Waiting() == 0 || p.State == "undoing" || p.State == "stopped" {
		return nil
	}
	budgets, err := v.site.Store.Budgets(v.r.Context(), p.Destination.ID)
	p.Estimate = v.sayBridge(bridge.RemainingPlan(c.Waiting(), c.Files, p.Destination, budgets, v.now).Say())
	return err
}

func (v *visit) sayMirrorPlan(p *mirrorPage, c store.MirrorCounts) {
	m := p.Mirror
	switch {
	case m.FaultCode != "":
		p.State, p.Say = "broken", v.sayCode(m.FaultCode, m.FaultArgs, time.Time{}, m.FaultSay)
	case m.PlannedAt.IsZero():
		p.State, p.Say = "planning", v.say("mirror.planning")
	case c.Waiting() == 0:
		p.State, p.Say = "empty", v.say("mirror.empty")
	default:
		p.State, p.Title = "planned", v.say("mirror.preview.title", "n", m.Plan.Posts)
		p.Say = v.say("mirror.preview")
	}
}

func (v *visit) sayMirrorUndo(p *mirrorPage, c store.MirrorCounts) {
	deleted, left := c.ByState[social.StatusDeleted], c.Stands()
	p.Done, p.Total = deleted, deleted+left
	p.State, p.Title, p.Say = "undone", v.say("mirror.undone", "n", deleted), v.say("mirror.undone.say")
	if left > 0 {
		p.State, p.Title, p.Say = "undoing", v.say("mirror.undoing", "done", deleted, "n", p.Total), v.say("progress.close")
	}
}

// mirrorStates is the order in which states are counted.
var mirrorStates = []social.StatusState{social.StatusSent, social.StatusPlanned, social.StatusUnknown, social.StatusFailed, social.StatusUndoing, social.StatusDeleted}

// tell adds the figures.
func (p *mirrorPage) tell(v *visit, c store.MirrorCounts) {
	for _, state := range mirrorStates {
		n := c.ByState[state]
		if state == social.StatusUnknown {
			n += c.ByState[social.StatusSending]
		}
		if n > 0 {
			p.Counts = append(p.Counts, mirrorCount{v.say("mirror.state." + string(state)), string(state), n})
		}
	}
	for _, why := range slices.Sorted(maps.Keys(p.Mirror.Plan.Left)) {
		p.LeftOut = append(p.LeftOut, mirrorCount{Say: v.sayBridge(bridge.SayLeft(bridge.Left(why))), N: p.Mirror.Plan.Left[why]})
	}
	for _, note := range slices.Sorted(maps.Keys(p.Mirror.Plan.Notes)) {
		p.Notes = append(p.Notes, mirrorCount{Say: v.say("mirror.note." + note), N: p.Mirror.Plan.Notes[note]})
	}
}

// mirrorPosts puts one page of the posts beside what they become.
func (v *visit) mirrorPosts(p *mirrorPage) error {
	q := v.r.URL.Query()
	p.PageNo = 1
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 1 && n < 1<<20 {
		p.PageNo = n
	}
	f := store.MirrorFilter{MirrorID: p.Mirror.ID, Offset: (p.PageNo - 1) * mirrorPageSize, Limit: mirrorPageSize}
	if p.Failed = q.Get("state") == "failed"; p.Failed {
		f.State = social.StatusFailed
	}
	posts, found, err := v.site.Store.ListMirrorPosts(v.r.Context(), v.user.ID, f)
	p.Found = found
	for _, post := range posts {
		p.Posts = append(p.Posts, v.mirrorRow(post, p))
	}
	here := v.r.URL.Path + "?page="
	if p.Failed {
		here = v.r.URL.Path + "?state=failed&page="
	}
	if p.PageNo > 1 {
		p.Prev = here + strconv.Itoa(p.PageNo-1)
	}
	if p.PageNo*mirrorPageSize < found {
		p.Next = here + strconv.Itoa(p.PageNo+1)
	}
	return err
}

func (v *visit) mirrorRow(post social.MirrorPost, p *mirrorPage) mirrorRow {
	host := p.Destination.Host
	row := mirrorRow{Post: post.Post, At: v.clock().Date(post.Post.CreatedAt), Files: len(post.Post.Media)}
	rendered := bridge.Rendered{Drafts: make([]social.Draft, len(post.Jobs))}
	for _, n := range post.Notes {
		rendered.Notes = append(rendered.Notes, bridge.Note(n))
	}
	for _, note := range bridge.SayNotes(rendered, bridge.CanvasOf(p.Mirror, p.Destination, nil).Limits, host) {
		row.Notes = append(row.Notes, v.sayBridge(note))
	}
	for _, job := range post.Jobs {
		status := mirrorStatus{StatusJob: job, Word: string(job.State), Say: v.sayBridge(bridge.SayStatus(job, host)), At: v.say("mirror.today")}
		if !job.Draft.At.IsZero() {
			status.At = v.clock().Date(job.Draft.At)
		}
		if job.State == social.StatusSending || job.State == social.StatusExposed {
			status.Word = string(social.StatusUnknown)
		}
		row.Statuses = append(row.Statuses, status)
	}
	return row
}
