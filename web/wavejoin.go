package web

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// waveCookie is the code of the Wave that the person is about to join.
const waveCookie = "wave"

// codeForm is what newCode makes.
var codeForm = regexp.MustCompile(`^[a-z0-9]{16}$`)

// joinPage is what newcomers see of a Wave.
type joinPage struct {
	Frame  `json:"-"`
	Wave   social.Wave
	Member bool
	Shut   locale.Sentence // why nobody may join, "" as long as they may
	SignUp string          // address at the server where an account is made
	Ready  bool            // the person has an account there
}

func (v *visit) linkedWave(count bool) (social.Wave, error) {
	code := v.r.PathValue("code")
	if !codeForm.MatchString(code) {
		return social.Wave{}, notFound()
	}
	return v.site.Store.OpenedWave(v.r.Context(), code, count)
}

func (s *site) joinForm(v *visit) error {
	// What another site makes a browser open is no opening (WEB-03).
	w, err := v.linkedWave(v.r.Header.Get("Sec-Fetch-Site") != "cross-site" && v.cookie(waveCookie) != v.r.PathValue("code"))
	if err != nil {
		return err
	}
	v.setCookie(waveCookie, w.Code, waveLife)
	page, err := v.buildJoin(w)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "join", page)
}

func (v *visit) buildJoin(w social.Wave) (*joinPage, error) {
	page := &joinPage{Wave: w, SignUp: v.site.BrowserURL(cmp.Or(w.Invite, "https://"+w.Host+"/"))}
	page.Title = v.say("join.title", "server", locale.HostOf(w.Domain))
	if since, over := w.Over(v.now); over {
		page.Shut = v.say("join.over", "date", v.clock().Date(since))
	}
	if v.user.ID == 0 {
		return page, nil
	}
	if _, err := v.accountOn(w.Host); err == nil {
		page.Ready = true
	}
	in, err := v.membership(w.Code)
	page.Member = in != nil
	return page, err
}

// membership is the person's membership in the Wave of a code, nil for none.
func (v *visit) membership(code string) (*store.Membership, error) {
	all, err := v.site.Store.Memberships(v.r.Context(), v.user.ID)
	for i := range all {
		if all[i].Code == code {
			return &all[i], nil
		}
	}
	return nil, err
}

// joinWave makes the person's account on the server a member, or begins to
// connect one. The server is preset.
func (s *site) joinWave(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	w, err := v.linkedWave(false)
	if err != nil {
		return err
	}
	v.setCookie(waveCookie, w.Code, waveLife)
	if v.user.ID != 0 {
		d, err := v.accountOn(w.Host)
		if err == nil {
			born := ""
			if v.user.Host == d.Host && v.user.RemoteID == d.RemoteID {
				born = v.user.Born
			}
			s.enterWave(v, d, w.Code, born)
			return v.redirect("/w/" + w.Code)
		}
		if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return s.connectTo(v, w.Domain)
}

// enterWave joins, and says so or why not on the next page.
func (s *site) enterWave(v *visit, d social.Destination, code, born string) {
	w, err := s.Store.JoinWave(v.r.Context(), v.user.ID, d.ID, code, born, v.now)
	if err != nil {
		v.flashFault(err)
		return
	}
	v.setCookie(waveCookie, "", 0)
	v.flash(flash{Key: "join.done", Host: w.Domain, Handle: d.Handle})
}

// joinAfter joins the Wave whose link brought the person here, and reports
// whether there was one.
func (s *site) joinAfter(v *visit, d social.Destination, born string) (path string, found bool) {
	code := v.cookie(waveCookie)
	if !codeForm.MatchString(code) {
		return "", false
	}
	if _, err := s.Store.OpenedWave(v.r.Context(), code, false); err != nil {
		return "", false
	}
	s.enterWave(v, d, code, born)
	return "/w/" + code, true
}

// invited reports whether a Wave's link invites an account to this Godwit, or
// the question whether it may be suggested there.
func (s *site) invited(v *visit, who social.Destination) bool {
	if code, found := strings.CutPrefix(v.cookie(nextCookie), starterNext); found && codeForm.MatchString(code) {
		st, _, err := s.Store.StarterFor(v.r.Context(), code)
		return err == nil && st.Handle.Same(who.Handle)
	}
	code := v.cookie(waveCookie)
	if !codeForm.MatchString(code) {
		return false
	}
	w, err := s.Store.OpenedWave(v.r.Context(), code, false)
	_, over := w.Over(v.now)
	return err == nil && !over && w.Host == who.Host
}

// leaveWave ends the membership. Following goes on.
func (s *site) leaveWave(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	w, err := v.linkedWave(false)
	if err != nil {
		return err
	}
	if err := s.Store.LeaveWave(v.r.Context(), v.user.ID, w.Code); err != nil {
		return err
	}
	v.setCookie(waveCookie, "", 0)
	v.flash(flash{Key: "join.left"})
	return v.redirect("/w/" + w.Code)
}

// peoplePage is the accounts that agreed to be suggested.
type peoplePage struct {
	Frame  `json:"-"`
	Wave   social.Wave
	People []store.Suggestion
}

func (s *site) people(v *visit) error { return v.showPeople(http.StatusOK, nil) }

func (v *visit) showPeople(status int, wrong locale.Sentence) error {
	w, err := v.linkedWave(false)
	if err != nil {
		return err
	}
	page := &peoplePage{Wave: w}
	if page.People, err = v.site.Store.Suggestions(v.r.Context(), v.user.ID, w.Code); err != nil {
		return err
	}
	page.Title = v.say("people.title", "server", locale.HostOf(w.Domain))
	if !wrong.Empty() {
		page.Problem = []problem{{"people", wrong}}
	}
	return v.show(status, "people", page)
}

// followPeople plans to follow those that were ticked, and nobody else.
func (s *site) followPeople(v *visit) error {
	return v.actOnce(v.showPeople, func() (string, error) {
		w, err := v.linkedWave(false)
		if err != nil {
			return "", err
		}
		var ids []int64
		for _, text := range v.r.PostForm["tick"] {
			id, err := v.id(text)
			if err != nil {
				return "", err
			}
			ids = append(ids, id)
		}
		if len(ids) == 0 {
			return "", v.showPeople(http.StatusUnprocessableEntity, v.say("people.none"))
		}
		in, err := v.membership(w.Code)
		if err != nil || in == nil {
			return "", notFound()
		}
		if _, err := s.Store.PickStarters(v.r.Context(), v.user.ID, w.Code, ids, v.now); err != nil {
			return "", err
		}
		v.ring(social.FollowTask, in.DestinationID)
		return "/follow/progress", nil
	})
}
