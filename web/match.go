package web

import (
	"net/http"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// matchPage is one person with all Evidence, and the choice in a conflict.
type matchPage struct {
	Frame      `json:"-"`
	Account    social.Account
	Label      locale.NameOf
	Candidates []candidate
	Shared     []matchRow // other people for whom the same handle was found
	Choose     bool
}

// candidate is one handle that may be the person.
type candidate struct {
	matchRow
	All     []evidence
	State   locale.Sentence
	Profile string // address of the page for people, https only
}

func (s *site) match(v *visit) error { return v.showMatch(http.StatusOK, nil) }

func (v *visit) showMatch(status int, wrong locale.Sentence) error {
	m, group, err := v.readGroup()
	if err != nil {
		return err
	}
	page := &matchPage{Account: shownAccount(m.Account)}
	page.Label = locale.NameOf(accountName(page.Account))
	for _, x := range group {
		if x.Account.ID == m.Account.ID {
			page.Candidates = append(page.Candidates, v.candidate(x))
		} else {
			page.Shared = append(page.Shared, v.matchRow(x))
		}
	}
	page.Choose = len(page.Candidates) > 1
	page.Title = v.say("match.title", "name", page.Label, "handle", page.Candidates[0].Show)
	if page.Choose {
		page.Title = v.say("match.title.conflict", "name", page.Label)
	}
	page.Here = "matches"
	if !wrong.Empty() {
		page.Problem = []problem{{"choice", wrong}}
	}
	return v.show(status, "match", page)
}

// readGroup reads a Match with those it is in conflict with: the person's other
// candidates, and other people with the same handle. The Match itself is first.
func (v *visit) readGroup() (m social.Match, group []social.Match, err error) {
	id, err := v.pathID()
	if err != nil {
		return m, nil, err
	}
	if m, err = v.site.Store.GetMatch(v.r.Context(), v.user.ID, id); err != nil {
		return m, nil, err
	}
	group = []social.Match{m}
	if !m.Conflict {
		return m, group, nil
	}
	for _, query := range []string{accountQuery(m.Account), m.Handle.String()} {
		if query == "" {
			continue
		}
		near, _, err := v.site.Store.ListMatches(v.r.Context(), v.user.ID, store.MatchFilter{Query: query, Limit: 200})
		if err != nil {
			return m, nil, err
		}
		group = addNear(group, near)
	}
	return m, group, nil
}

func accountQuery(a social.Account) string {
	if a.Username != "" {
		return a.Username
	}
	return a.Name
}

// addNear adds those that are of the same person or the same handle.
func addNear(group, near []social.Match) []social.Match {
	m := group[0]
	seen := map[int64]bool{}
	for _, x := range group {
		seen[x.ID] = true
	}
	for _, x := range near {
		same := x.Account.ID == m.Account.ID || !m.Handle.IsZero() && x.Handle.Same(m.Handle)
		if same && !seen[x.ID] {
			group, seen[x.ID] = append(group, x), true
		}
	}
	return group
}

func (v *visit) candidate(m social.Match) candidate {
	c := candidate{matchRow: v.matchRow(m)}
	c.All = v.allEvidence(m, c.Show)
	state := string(m.Resolution.State)
	if state == "" {
		state = "unresolved"
	}
	c.State = v.say("state." + state)
	if strings.HasPrefix(m.Resolution.Profile, "https://") {
		c.Profile = m.Resolution.Profile
	}
	return c
}

// chooseMatch decides among the candidates of one person.
func (s *site) chooseMatch(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	m, group, err := v.readGroup()
	if err != nil {
		return err
	}
	var own []int64
	for _, x := range group {
		if x.Account.ID == m.Account.ID {
			own = append(own, x.ID)
		}
	}
	yes, no, err := chosen(v.field("choice"), own)
	if err != nil {
		return v.showMatch(http.StatusUnprocessableEntity, v.sayFault(err))
	}
	for _, act := range []struct {
		ids []int64
		d   social.Decision
	}{{no, social.Rejected}, {yes, social.Confirmed}} {
		if len(act.ids) == 0 {
			continue
		}
		undo, err := s.Store.Decide(v.r.Context(), v.user.ID, act.ids, act.d, v.now)
		if err != nil {
			return err
		}
		v.flashDecided(act.d, len(act.ids), undo)
	}
	return v.redirect("/matches")
}

// chosen parts the candidates by the answer: an id, both, neither or later.
func chosen(answer string, own []int64) (yes, no []int64, err error) {
	switch answer {
	case "later":
		return nil, nil, nil
	case "both":
		return own, nil, nil
	case "neither":
		return nil, own, nil
	}
	for _, id := range own {
		if itoa(id) == answer {
			yes = append(yes, id)
		} else {
			no = append(no, id)
		}
	}
	if len(yes) == 0 {
		return nil, nil, fault.New(fault.Invalid, "choose-one", "Choose one of them, or decide later.")
	}
	return yes, no, nil
}
