package web

import (
	"context"
	"net/http"
	"net/url"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/web/locale"
)

// Registrar proves that somebody has an account on X: worker.Worker is one.
type Registrar interface {
	StartProof(ctx context.Context, d social.Destination, username string) (social.Pending, error)
	Prove(ctx context.Context, userID int64, address string) (social.Registration, error)
	StartXLogin(ctx context.Context, d social.Destination) error
	ProveByLogin(ctx context.Context, d social.Destination, x social.XAccount) (social.Registration, error)
}

// registerPage is where somebody proves both accounts and says who may know.
type registerPage struct {
	Frame        `json:"-"`
	Accounts     []social.Destination // connected ones
	New          social.Handle        // the one that is registered
	Typed        string               // name on X
	Post         string               // address of a post
	Pending      social.Pending
	Waits        bool // a proof is under way
	Text         string
	Compose      string // address at X where the text can be posted
	Registration social.Registration
	Proven       bool
	Page         string // address of the public page
	XLogin       bool   // one can sign in at X
}

func (s *site) registerForm(v *visit) error { return v.showRegister(http.StatusOK, &registerPage{}) }

// showRegister shows the state of the two proofs, with what was typed.
func (v *visit) showRegister(status int, page *registerPage) error {
	ctx, id := v.r.Context(), v.user.ID
	var err error
	if page.Accounts, err = v.site.Store.ListDestinations(ctx, id); err != nil {
		return err
	}
	if len(page.Accounts) > 0 {
		page.New = page.Accounts[0].Handle
	}
	page.Registration, err = v.site.Store.GetRegistration(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	page.Proven = err == nil
	page.Pending, err = v.site.Store.GetProof(ctx, id, v.now)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if page.Waits = err == nil; page.Waits {
		page.New = page.Pending.Handle
		page.Text = v.say("register.post", "handle", "@"+page.Pending.Handle.String(), "code", page.Pending.Code).String()
		page.Compose = "https://x.com/intent/post?" + url.Values{"text": {page.Text}}.Encode()
	}
	if page.Proven {
		page.New = page.Registration.Handle
		page.Page = v.site.address("/@x/" + page.Registration.Username)
	}
	page.XLogin = !v.site.XApp.IsZero()
	page.Title, page.Here, page.Sub = v.say("register.title"), "register", "register"
	return v.show(status, "register", page)
}

// startProof makes the code for the name that was typed.
func (s *site) startProof(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	typed := social.Printable(v.field("name"), maxTyped)
	d, err := v.registers()
	if err != nil {
		return err
	}
	if _, err := s.Registrar.StartProof(v.r.Context(), d, typed); err != nil {
		return v.registerRejected(&registerPage{Typed: typed}, "name", err)
	}
	return v.redirect("/register")
}

// registers is the connected account that the form names, else the first.
func (v *visit) registers() (social.Destination, error) {
	all, err := v.site.Store.ListDestinations(v.r.Context(), v.user.ID)
	if err != nil {
		return social.Destination{}, err
	}
	for _, d := range all {
		if itoa(d.ID) == v.field("account") {
			return d, nil
		}
	}
	if len(all) == 0 || v.field("account") != "" {
		return social.Destination{}, notFound()
	}
	return all[0], nil
}

// registerRejected shows the form again with its words kept; our own trouble
// becomes an error page.
func (v *visit) registerRejected(page *registerPage, field string, err error) error {
	switch fault.KindOf(err) {
	case fault.Disk, fault.NotFound, fault.Conflict:
		return err
	case fault.Broken:
		if asFault(err) == nil {
			return err
		}
	}
	page.Problem = []problem{{field, v.sayFault(err)}}
	return v.showRegister(http.StatusUnprocessableEntity, page)
}

// registerCheck reads the post that was given.
func (s *site) registerCheck(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	typed := social.Printable(v.field("post"), maxTyped)
	if _, err := s.Registrar.Prove(v.r.Context(), v.user.ID, typed); err != nil {
		return v.registerRejected(&registerPage{Post: typed}, "post", err)
	}
	v.flash(flash{Key: "register.proven"})
	return v.redirect("/register")
}

// registerPublish says who may be led to the person from now on.
func (s *site) registerPublish(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	who := social.RegistrationAudience(v.field("audience"))
	if who != social.OnlyFollowers && who != social.PublicPage {
		return v.registerRejected(&registerPage{}, "audience", fault.New(fault.Invalid, "no-audience", "Choose who may see it."))
	}
	if err := s.Store.Publish(v.r.Context(), v.user.ID, who); err != nil {
		return err
	}
	v.flash(flash{Key: "register.published"})
	return v.redirect("/announce/kit")
}

func (s *site) withdrawForm(v *visit) error { return v.showWithdraw(http.StatusOK, nil) }

func (v *visit) showWithdraw(status int, wrong locale.Sentence) error {
	r, err := v.site.Store.GetRegistration(v.r.Context(), v.user.ID)
	if err != nil {
		return err
	}
	page := &registerPage{Registration: r}
	page.Title, page.Here = v.say("register.withdraw.title"), "register"
	if !wrong.Empty() {
		page.Problem = []problem{{"yes", wrong}}
	}
	return v.show(status, "withdraw", page)
}

// withdraw takes everything back within the request (REG-10).
func (s *site) withdraw(v *visit) error {
	return v.actOnce(v.showWithdraw, func() (string, error) {
		if err := s.Store.Withdraw(v.r.Context(), v.user.ID, v.now); err != nil {
			return "", err
		}
		v.flash(flash{Key: "register.withdrawn"})
		return "/register", nil
	})
}
