package web

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/web/locale"
)

// startersPage is the accounts that an admin would like to suggest.
type startersPage struct {
	Frame `json:"-"`
	Wave  social.Wave
	Typed string
	All   []asked
}

// asked is one of them, with the link by which it is asked.
type asked struct {
	social.Starter
	Address string
}

// starterPage asks an account whether it may be suggested.
type starterPage struct {
	Frame   `json:"-"`
	Wave    social.Wave
	Starter social.Starter
	Own     bool // the person is signed in with it
}

func (s *site) starters(v *visit) error {
	w, err := v.wave()
	if err != nil {
		return err
	}
	return v.showStarters(http.StatusOK, w, "", nil)
}

func (v *visit) showStarters(status int, w social.Wave, typed string, wrong locale.Sentence) error {
	all, err := v.site.Store.ListStarters(v.r.Context(), v.user.ID, w.ID)
	if err != nil {
		return err
	}
	page := &startersPage{Wave: w, Typed: typed}
	for _, st := range all {
		page.All = append(page.All, asked{st, v.site.address("/starter/" + st.Code)})
	}
	page.Title, page.Here = v.say("starters.title"), "wave-starters"
	if !wrong.Empty() {
		page.Problem = []problem{{"handle", wrong}}
	}
	return v.show(status, "wavestarters", page)
}

// saveStarter adds an account that exists, or takes one out.
func (s *site) saveStarter(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	w, err := v.changing(false)
	if err != nil {
		return err
	}
	if v.field("remove") != "" {
		id, err := v.id(v.field("remove"))
		if err != nil {
			return err
		}
		if err := s.Store.RemoveStarter(v.r.Context(), v.user.ID, w.ID, id, v.now); err != nil {
			return err
		}
		return v.redirect("/waves/" + itoa(w.ID) + "/starters")
	}
	typed := social.Printable(v.field("handle"), maxTyped)
	if err := s.addStarter(v, w, typed); err != nil {
		if f := asFault(err); f == nil || f.Kind == fault.Disk || f.Kind == fault.Broken && f.Cause != nil {
			return err
		}
		return v.showStarters(http.StatusUnprocessableEntity, w, typed, v.sayFault(err))
	}
	return v.redirect("/waves/" + itoa(w.ID) + "/starters")
}

func (s *site) addStarter(v *visit, w social.Wave, typed string) error {
	h, err := social.ParseHandle(typed, social.Private)
	if err != nil {
		return err
	}
	if home, err := s.Store.GetHome(v.r.Context(), h.Host()); err != nil || home.LeftAlone() {
		return cmp.Or(err, noSuchAccount(h))
	}
	found, err := s.Door.LookUp(v.r.Context(), h)
	if err != nil {
		return err
	}
	if found.State != social.Found {
		return noSuchAccount(h)
	}
	return s.Store.AddStarter(v.r.Context(), v.user.ID, social.Starter{WaveID: w.ID, Code: newCode(), Handle: found.Handle, ActorID: found.ActorID, AskedAt: v.now})
}

func noSuchAccount(h social.Handle) error {
	return fault.New(fault.Invalid, "no-such-account", "{host} has no account called {handle}. Check the spelling.", "host", h.Host(), "handle", "@"+h.String())
}

func (v *visit) starter() (social.Starter, social.Wave, error) {
	code := v.r.PathValue("code")
	if !codeForm.MatchString(code) {
		return social.Starter{}, social.Wave{}, notFound()
	}
	return v.site.Store.StarterFor(v.r.Context(), code)
}

func (s *site) starterForm(v *visit) error {
	st, w, err := v.starter()
	if err != nil {
		return err
	}
	page := &starterPage{Wave: w, Starter: st}
	if v.user.ID != 0 {
		all, err := s.Store.ListDestinations(v.r.Context(), v.user.ID)
		if err != nil {
			return err
		}
		for _, d := range all {
			page.Own = page.Own || d.Handle.Same(st.Handle)
		}
	}
	page.Title = v.say("starter.title", "server", locale.HostOf(w.Domain), "handle", st.Handle)
	return v.show(http.StatusOK, "starter", page)
}

// answerStarter takes the answer of the account itself; somebody who is not
// signed in with it is led there first, and comes back.
func (s *site) answerStarter(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	st, _, err := v.starter()
	if err != nil {
		return err
	}
	answer := v.field("answer")
	if answer == "" {
		v.setCookie(nextCookie, starterNext+st.Code, flowLife)
		return s.connectTo(v, st.Handle.String())
	}
	if answer != social.StarterYes && answer != social.StarterNo {
		return notFound()
	}
	if v.user.ID == 0 {
		return v.stranger()
	}
	if err := s.Store.AnswerStarter(v.r.Context(), v.user.ID, st.Code, answer, v.now); err != nil {
		return err
	}
	v.flash(flash{Key: "starter.saved"})
	return v.redirect("/starter/" + st.Code)
}

// call is what a server tells when it lets somebody in, as Mastodon words it.
type call struct {
	Event  string    `json:"event"`
	At     time.Time `json:"created_at"`
	Object struct {
		Username string `json:"username"`
		Domain   string `json:"domain"`
	} `json:"object"`
}

// takeCall takes a call of the Wave's server. It lets a name join, and nothing
// else; what is not signed, or is old, or came before does nothing (AUT-16).
func (s *site) takeCall(v *visit) error {
	body, err := io.ReadAll(v.r.Body)
	if err != nil {
		return fault.New(fault.TooLarge, "form-too-large", "That is more than this server takes. Nothing was kept.").Because(err)
	}
	w, secret, err := s.Store.HookSecret(v.r.Context(), v.r.PathValue("code"))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	said, signed := strings.CutPrefix(v.r.Header.Get("X-Hub-Signature"), "sha256=")
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write(body)
	known := err == nil && signed && hmac.Equal([]byte(said), []byte(hex.EncodeToString(mac.Sum(nil))))
	var c call
	if !known || json.Unmarshal(body, &c) != nil || c.At.Before(v.now.Add(-callWindow)) || c.At.After(v.now.Add(callWindow)) {
		v.w.WriteHeader(http.StatusUnauthorized)
		return nil
	}
	name := social.Printable(c.Object.Username, maxTyped)
	if c.Event == "account.approved" && c.Object.Domain == "" && name != "" {
		if err := s.Store.Approve(v.r.Context(), w, name, hash(string(body)), v.now); err != nil {
			return err
		}
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}
