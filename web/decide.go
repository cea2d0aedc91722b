package web

import (
	"net/http"
	"strconv"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// checkPage asks before many Matches are confirmed at once.
type checkPage struct {
	Frame  `json:"-"`
	Filter listFilter
	N      int
	What   locale.Sentence
	Return string
	Rows   []matchRow // the first of them
}

var decisions = map[string]social.Decision{"confirm": social.Confirmed, "reject": social.Rejected, "open": social.Undecided}

// decide sets the Decision of one row or of the ticked ones.
func (s *site) decide(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	act, ids, err := v.decided()
	if err != nil {
		return err
	}
	back := readFilter(v.r.PostForm).with("/matches")
	if len(ids) == 0 {
		v.flash(flash{Key: "matches.bulk.none", Bad: true})
		return v.redirect(back)
	}
	undo, err := s.Store.Decide(v.r.Context(), v.user.ID, ids, decisions[act], v.now)
	if err != nil {
		return err
	}
	v.flashDecided(decisions[act], len(ids), undo)
	return v.redirect(back)
}

// decided reads which button was pressed: one row's, named by the act with the
// row's id, or the one for the ticked rows.
func (v *visit) decided() (act string, ids []int64, err error) {
	texts := v.r.PostForm["tick"]
	act = v.field("do")
	for name := range decisions {
		if one := v.field(name); one != "" {
			act, texts = name, []string{one}
		}
	}
	if _, known := decisions[act]; !known {
		return "", nil, badForm()
	}
	for _, text := range texts {
		id, err := v.id(text)
		if err != nil {
			return "", nil, err
		}
		ids = append(ids, id)
	}
	return act, ids, nil
}

func (v *visit) flashDecided(d social.Decision, n int, undo string) {
	key := map[social.Decision]string{social.Confirmed: "decide.confirmed", social.Rejected: "decide.rejected", social.Undecided: "decide.open"}[d]
	v.flash(flash{Key: key, N: n, Undo: undo})
}

// checkAll is the page before all that fit a filter are confirmed.
func (s *site) checkAll(v *visit) error { return v.showCheck(http.StatusOK, nil) }

func (v *visit) showCheck(status int, wrong locale.Sentence) error {
	q := v.r.URL.Query()
	if v.r.Method == http.MethodPost {
		q = v.r.PostForm
	}
	f := readFilter(q)
	f.Page = 1
	if !bulkGroups[f.Group] {
		return notFound()
	}
	open := f.store(latestSize)
	open.Undecided = true
	list, total, err := v.site.Store.ListMatches(v.r.Context(), v.user.ID, open)
	if err != nil {
		return err
	}
	page := &checkPage{Filter: f, N: total, What: v.sayFilter(f), Return: f.with("/matches")}
	for _, m := range list {
		page.Rows = append(page.Rows, v.matchRow(m))
	}
	page.Title = v.say("check.title", "n", total)
	page.Here = "matches"
	if !wrong.Empty() {
		page.Problem = []problem{{"yes", wrong}}
	}
	return v.show(status, "check", page)
}

// bulkGroups may be confirmed as a whole: never what rests on hints only.
// Certain ones are confirmed by themselves.
var bulkGroups = map[store.MatchGroup]bool{store.GroupLikely: true}

// sayFilter writes a filter in words.
func (v *visit) sayFilter(f listFilter) locale.Sentence {
	words := v.say("group." + string(f.Group))
	if f.Query != "" {
		words = v.say("list.and", "a", words, "b", v.say("matches.filter.query", "q", locale.NameOf(f.Query)))
	}
	if f.Host != "" {
		words = v.say("list.and", "a", words, "b", v.say("matches.filter.host", "server", locale.HostOf(f.Host)))
	}
	return words
}

// decideAll confirms all that fit, if they are still as many as the person saw.
func (s *site) decideAll(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	f := readFilter(v.r.PostForm)
	want, err := strconv.Atoi(v.field("want"))
	if err != nil || !bulkGroups[f.Group] {
		return badForm()
	}
	n, undo, err := s.Store.DecideAll(v.r.Context(), v.user.ID, f.store(0), want, social.Confirmed, v.now)
	if fault.Is(err, fault.Conflict) {
		now, _ := strconv.Atoi(asFault(err).Args["n"])
		return v.showCheck(http.StatusUnprocessableEntity, v.say("check.changed", "n", now, "m", want))
	}
	if err != nil {
		return err
	}
	v.flashDecided(social.Confirmed, n, undo)
	f.Page = 1
	return v.redirect(f.with("/matches"))
}

// undoDecide takes the last act of deciding back.
func (s *site) undoDecide(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	n, err := s.Store.UndoDecide(v.r.Context(), v.user.ID, v.field("undo"))
	if err != nil {
		return err
	}
	v.flash(flash{Key: "decide.undone", N: n})
	return v.redirect("/matches")
}
