package web

import (
	"net/http"
	"net/url"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// confirmState marks a flow whose token waits for the person's yes.
const confirmState = "confirm"

// confirmPage asks whether this is the account.
type confirmPage struct {
	Frame `json:"-"`
	Who   social.Handle
	Host  string
	Other social.Handle // the account already in use, if any
}

// codePage takes a code that the server shows instead of coming back.
type codePage struct {
	Frame `json:"-"`
	Host  string
	Code  string
}

func (v *visit) pending() (store.Flow, error) {
	flow, err := v.myFlow()
	if err == nil && flow.State != confirmState {
		return store.Flow{}, notFound()
	}
	return flow, err
}

func (s *site) confirmForm(v *visit) error {
	flow, err := v.pending()
	if fault.Is(err, fault.NotFound) {
		return v.startAgain()
	}
	if err != nil {
		return err
	}
	page := &confirmPage{Who: flow.Typed, Host: flow.Host}
	page.Title = v.say("connect.confirm.title", "handle", flow.Typed)
	if v.user.ID != 0 {
		all, err := s.Store.ListDestinations(v.r.Context(), v.user.ID)
		if err != nil {
			return err
		}
		if len(all) > 0 {
			page.Other = all[0].Handle
		}
	}
	return v.show(http.StatusOK, "confirm", page)
}

// confirm connects the account after all, or gives its permission back.
func (s *site) confirm(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	flow, err := v.pending()
	if err == nil {
		flow, err = s.Store.TakeFlow(v.r.Context(), flow.ID, v.now)
	}
	if fault.Is(err, fault.NotFound) {
		return v.startAgain()
	}
	if err != nil {
		return err
	}
	v.setCookie(flowCookie, "", 0)
	token := flow.Verifier
	if v.field("answer") != "yes" {
		s.giveBack(v, flow, token)
		v.flash(flash{Key: "connect.confirm.dropped"})
		return v.redirect(v.connectPath())
	}
	who, err := s.whose(v, flow, token)
	if err != nil {
		s.giveBack(v, flow, token)
		return v.backToConnect(err)
	}
	return s.admit(v, flow, who, token)
}

func (s *site) codeForm(v *visit) error { return v.showCode(http.StatusOK, "", nil) }

func (v *visit) showCode(status int, code string, wrong locale.Sentence) error {
	flow, err := v.myFlow()
	if fault.Is(err, fault.NotFound) || err == nil && flow.State == confirmState {
		return v.startAgain()
	}
	if err != nil {
		return err
	}
	page := &codePage{Host: flow.Host, Code: code}
	page.Title = v.say("connect.code.title")
	if !wrong.Empty() {
		page.Problem = []problem{{"code", wrong}}
	}
	return v.show(status, "code", page)
}

// code takes the pasted code, or the whole address that holds it. It is tied
// to the flow of this browser's cookie.
func (s *site) code(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	flow, err := v.myFlow()
	if fault.Is(err, fault.NotFound) || err == nil && flow.State == confirmState {
		return v.startAgain()
	}
	if err != nil {
		return err
	}
	code, ok := pasted(v.field("code"), flow.State)
	if !ok {
		return v.showCode(http.StatusUnprocessableEntity, "", v.say("connect.code.empty", "server", locale.HostOf(flow.Host)))
	}
	if flow, err = s.Store.TakeFlow(v.r.Context(), flow.ID, v.now); err != nil {
		return badCallback(err)
	}
	v.setCookie(flowCookie, "", 0)
	return s.enter(v, flow, code)
}

// pasted reads a code out of what was pasted; an address must carry the flow's state.
func pasted(text, state string) (string, bool) {
	if text == "" || len(text) > maxTyped {
		return "", false
	}
	if !strings.Contains(text, "://") {
		return text, true
	}
	u, err := url.Parse(text)
	if err != nil || u.Query().Get("state") != state || u.Query().Get("code") == "" {
		return "", false
	}
	return u.Query().Get("code"), true
}
