package web

import (
	"net/http"

	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// sourcePage tells what was in an export and what that means.
type sourcePage struct {
	Frame    `json:"-"`
	State    social.SourceState
	Working  bool
	Broken   bool
	List     bool // a saved list instead of an archive
	Held     bool // kept, for its posts to be carried over
	Say      locale.Sentence
	Owner    locale.Sentence
	Count    social.Counts
	Counts   store.MatchCounts
	Warnings []string
	Bare     bool // lists whose members are not told
	Unnamed  bool // some people followed are known by number only
}

func (s *site) source(v *visit) error {
	page, err := s.buildSource(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "source", page)
}

func (s *site) sourceEvents(v *visit) error {
	return v.stream(func() (any, error) { return s.buildSource(v) })
}

func (s *site) buildSource(v *visit) (*sourcePage, error) {
	id, err := v.pathID()
	if err != nil {
		return nil, err
	}
	x, err := s.Store.GetSource(v.r.Context(), v.user.ID, id)
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.MatchCounts(v.r.Context(), v.user.ID)
	if err != nil {
		return nil, err
	}
	page := &sourcePage{
		State: x.State, List: x.Kind == social.KindWebExporter, Owner: v.sourceOwner(x.Owner), Count: x.Counts, Counts: counts, Warnings: x.Warnings,
		Working: x.State == social.SourceReceived || x.State == social.SourceReading,
		Broken:  x.State == social.SourceBroken,
		Held:    x.Hold && x.Counts.Posts > 0,
		Bare:    x.Kind == social.KindXArchive && x.Counts.Lists > 0,
		Unnamed: x.Counts.FollowingNamed < x.Counts.Following,
	}
	page.Title = v.sourceTitle(x)
	page.Say = v.sourceSay(x, counts)
	page.Here, page.Shape = "move", string(x.State)
	if page.Working || counts.Looking > 0 {
		page.Live = "/sources/" + itoa(x.ID) + "/events"
	}
	return page, nil
}

// sourceOwner says whose export it is, if it tells.
func (v *visit) sourceOwner(owner social.Account) locale.Sentence {
	switch {
	case owner.Username == "":
		return nil
	case owner.Network == social.X:
		return v.say("source.owner", "username", owner.Username)
	}
	return v.say("source.owner.other", "username", owner.Username, "network", owner.Network.Name())
}

func (v *visit) sourceTitle(x social.Source) locale.Sentence {
	switch {
	case x.State == social.SourceBroken:
		return v.say("source.title.broken")
	case x.State != social.SourceDone:
		return v.say("source.title.reading")
	case x.Kind == social.KindWebExporter:
		return v.say("source.title.list")
	case x.ExportedAt.IsZero():
		return v.say("source.title.done")
	}
	return v.say("source.title.done.date", "date", v.clock().Date(x.ExportedAt))
}

// sourceSay is the one sentence under the heading.
func (v *visit) sourceSay(x social.Source, c store.MatchCounts) locale.Sentence {
	switch {
	case x.State == social.SourceBroken && x.FaultSay == "":
		return v.say("source.failed")
	case x.State == social.SourceBroken:
		return v.sayCode(x.FaultCode, x.FaultArgs, x.ReadAt, x.FaultSay)
	case x.Remote():
		return v.say("source.fetching", "name", x.Name)
	case x.State == social.SourceReceived, x.State == social.SourceReading && x.Counts.Accounts == 0:
		return v.say("source.received")
	case x.State == social.SourceReading:
		return v.say("source.working", "n", x.Counts.Accounts)
	case x.Kind == social.KindMapping && c.Looking == 0:
		return v.say("source.mapping")
	case x.Counts.Following == 0 && c.People == 0:
		return v.say("source.empty", "username", x.Owner.Username)
	case c.Looking > 0:
		return v.say("source.looking", "n", c.Looking, "k", c.Found)
	}
	return v.say("source.found", "n", c.Found, "m", c.People)
}
