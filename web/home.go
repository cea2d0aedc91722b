package web

import (
	"net/http"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// startPage is the page for those who are nobody yet.
type startPage struct {
	Frame   `json:"-"`
	Closed  bool // by invitation only
	Address string
}

// movePage is the task list of somebody who is under way.
type movePage struct {
	Frame     `json:"-"`
	Fresh     bool // nothing was done yet
	Connected bool // an account is
	Arrived   int  // people, since the last look at them
	Needs     locale.Sentence
	Waves     []store.Membership // that the person is in
	Main      *task              // the one that needs the person
	Tasks     []task
}

// task is one row of the task list.
type task struct {
	Key    string // of its message
	Link   string // "" when it can't start yet
	Status locale.Sentence
	Needs  bool // waits for the person
	Done   bool
	Idle   bool // neither
}

// home is the start page, the task list, or the way in of local mode.
func (s *site) home(v *visit) error {
	if key := v.r.URL.Query().Get("k"); key != "" && s.Mode == Local {
		return v.openWithKey(key)
	}
	if v.user.ID != 0 {
		page, err := s.buildMove(v)
		if err != nil {
			return err
		}
		return v.show(http.StatusOK, "move", page)
	}
	if s.Mode == Local {
		return v.showKey(http.StatusOK)
	}
	page := &startPage{Closed: s.Mode == Invited}
	page.Title = v.say("start.title")
	page.Here = "start"
	page.Wide = true
	return v.show(http.StatusOK, "start", page)
}

// showKey says how the owner of the machine gets in, and nothing else.
func (v *visit) showKey(status int) error {
	page := &startPage{Address: v.site.address("/?k=…")}
	page.Title = v.say("start.key.title")
	return v.show(status, "key", page)
}

func (s *site) homeEvents(v *visit) error {
	return v.stream(func() (any, error) { return s.buildMove(v) })
}

// state is what the task list is made of.
type state struct {
	destinations []social.Destination
	sources      []social.Source
	counts       store.MatchCounts
	likely       int // undecided Matches of that group
	follow       store.FollowCounts
	first        social.Destination // the one whose following is shown
}

func (s *site) readState(v *visit) (x state, err error) {
	ctx, id := v.r.Context(), v.user.ID
	if x.destinations, err = s.Store.ListDestinations(ctx, id); err != nil {
		return x, err
	}
	if x.sources, err = s.Store.ListSources(ctx, id); err != nil {
		return x, err
	}
	if x.counts, err = s.Store.MatchCounts(ctx, id); err != nil {
		return x, err
	}
	if x.likely, err = s.openLikely(v); err != nil || len(x.destinations) == 0 {
		return x, err
	}
	x.first = busiest(x.destinations)
	x.follow, err = s.Store.FollowCounts(ctx, id, x.first.ID)
	return x, err
}

// openLikely counts the likely Matches that nobody decided on yet.
func (s *site) openLikely(v *visit) (int, error) {
	_, n, err := s.Store.ListMatches(v.r.Context(), v.user.ID, store.MatchFilter{Group: store.GroupLikely, Undecided: true, Limit: 1})
	return n, err
}

// busiest is the account whose following is under way, else the first.
func busiest(all []social.Destination) social.Destination {
	for _, d := range all {
		if d.Follow == social.FollowRunning || d.Follow == social.FollowPaused || d.Follow == social.FollowUndoing {
			return d
		}
	}
	return all[0]
}

func (s *site) buildMove(v *visit) (*movePage, error) {
	x, err := s.readState(v)
	if err != nil {
		return nil, err
	}
	page := &movePage{Tasks: []task{v.connectTask(x), v.exportTask(x), v.giveTask(x), v.lookTask(x), v.followTask(x)}}
	page.Title = v.say("move.title")
	page.Here, page.Live, page.Connected = "move", "/events", len(x.destinations) > 0
	page.Needs = v.say("move.idle")
	if page.Arrived, err = s.Store.CountArrivals(v.r.Context(), v.user.ID); err != nil {
		return nil, err
	}
	if page.Waves, err = s.Store.Memberships(v.r.Context(), v.user.ID); err != nil {
		return nil, err
	}
	for i := range page.Tasks {
		if page.Tasks[i].Needs {
			page.Needs = v.say("move.needs", "task", v.say("move."+page.Tasks[i].Key))
			page.Main = &page.Tasks[i]
			only(page.Tasks, i)
			break
		}
	}
	if page.Fresh = len(x.sources)+len(x.destinations) == 0; page.Fresh {
		page.Title, page.Wide = v.say("start.title"), true
	}
	return page, nil
}

// only leaves the one task that comes first marked as needing the person.
func only(tasks []task, first int) {
	for i := range tasks {
		tasks[i].Needs = i == first
	}
}

func (v *visit) connectTask(x state) task {
	t := task{Key: "connect", Link: "/connect", Needs: true, Status: v.say("status.needs-you")}
	if len(x.destinations) == 0 {
		if v.site.Mode == Local && !hasDone(x.sources) { // reading and finding work without
			t.Needs, t.Idle, t.Status = false, true, v.say("status.optional")
		}
		return t
	}
	if x.first.State != social.PermissionLost {
		t.Needs, t.Done, t.Link = false, true, "/data"
		t.Status = v.say("status.done.handle", "handle", x.first.Handle)
	}
	return t
}

func hasDone(sources []social.Source) bool {
	for _, x := range sources {
		if x.State == social.SourceDone {
			return true
		}
	}
	return false
}

func (v *visit) exportTask(x state) task {
	t := task{Key: "export", Link: "/help/export/x", Idle: true, Status: v.say("status.not-started")}
	if asked, found := v.asked(); found {
		t.Status = v.say("status.asked", "date", v.clock().Date(asked))
	}
	if len(x.sources) > 0 {
		t.Done, t.Idle, t.Status = true, false, v.say("status.done")
	}
	return t
}

// asked is the day on which X was asked, as this browser remembers it.
func (v *visit) asked() (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, v.cookie(askedCookie))
	return day, err == nil && !day.After(v.now)
}

func (v *visit) giveTask(x state) task {
	t := task{Key: "give", Link: "/sources/new", Needs: true, Status: v.say("status.not-started")}
	for _, source := range x.sources {
		t.Link = "/sources/" + itoa(source.ID)
		switch source.State {
		case social.SourceDone:
			t.Done, t.Needs, t.Status = true, false, v.say("status.done.people", "n", x.counts.People)
		case social.SourceReceived, social.SourceReading:
			t.Done, t.Needs, t.Idle, t.Status = false, false, true, v.say("status.reading")
			return t
		case social.SourceBroken:
			t.Status = v.say("status.needs-you")
		}
		if t.Done {
			return t
		}
	}
	return t
}

func (v *visit) lookTask(x state) task {
	t := task{Key: "look", Link: "/matches", Idle: true}
	open := x.likely + x.counts.Conflict
	switch {
	case x.counts.People == 0:
		t.Link, t.Status = "", v.say("status.cannot-start")
	case open > 0:
		started := x.follow.Total > 0 // the rest may wait then
		t.Needs, t.Idle, t.Status = !started, started, v.say("status.decide", "n", open)
	case x.counts.Looking > 0:
		t.Status = v.say("status.looking")
	default:
		t.Done, t.Idle, t.Status = true, false, v.say("status.done")
	}
	return t
}

func (v *visit) followTask(x state) task {
	t := task{Key: "follow", Link: "/follow/progress", Idle: true}
	done := x.follow.Total - x.follow.Waiting
	switch {
	case x.follow.Total == 0 && x.counts.Confirmed == 0:
		t.Link, t.Status = "", v.say("status.cannot-start")
	case x.follow.Total == 0:
		t.Link, t.Needs, t.Idle, t.Status = "/follow", true, false, v.say("status.not-started")
	case x.first.Follow == social.FollowPaused:
		t.Needs, t.Idle, t.Status = true, false, v.say("status.paused")
	case x.follow.Waiting == 0:
		t.Done, t.Idle, t.Status = true, false, v.say("status.done")
	case x.follow.NextDue.After(v.now.Add(time.Minute)):
		t.Status = v.say("status.following.until", "done", done, "n", x.follow.Total, "time", v.clock().At(x.follow.NextDue))
	default:
		t.Status = v.say("status.following", "done", done, "n", x.follow.Total)
	}
	return t
}
