package web

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// connectPage asks for the new account; as the sign-in it is the same.
type connectPage struct {
	Frame   `json:"-"`
	SignIn  bool
	Typed   string
	Also    string          // what the person wants done besides following
	Handles []social.Handle // of the demonstration
	Skip    bool            // one may go on without an account
	Action  string
}

// goPage sends the person to their server, where something is to be known first.
type goPage struct {
	Frame   `json:"-"`
	Host    string
	Address string
	Coarse  bool
}

// xName is a name on X as people type it.
var xName = regexp.MustCompile(`^(@[A-Za-z0-9_]{1,15}|https?://(www\.|mobile\.)?(x|twitter)\.com/.*)$`)

func (s *site) connectForm(v *visit) error {
	return v.showConnect(http.StatusOK, social.Printable(v.r.URL.Query().Get("account"), maxTyped), nil)
}

func (v *visit) showConnect(status int, typed string, wrong locale.Sentence) error {
	page := &connectPage{SignIn: v.user.ID == 0, Typed: typed, Also: v.also(), Skip: v.site.Mode == Local && v.user.ID != 0}
	page.Action = "/connect"
	page.Title = v.say("connect.title")
	if page.SignIn {
		page.Action = "/sign-in"
		page.Title = v.say("connect.title.sign-in")
	}
	if v.site.Demo != nil {
		page.Handles = v.site.Demo.Handles
	}
	if !wrong.Empty() {
		page.Problem = []problem{{"account", wrong}}
	}
	return v.show(status, "connect", page)
}

// also is what the person wants done besides following, as pages that need more
// permission for it send it along.
func (v *visit) also() string { return social.Printable(v.r.FormValue("also"), maxTyped) }

// connect asks the typed server how one signs in there and sends the browser to it.
func (s *site) connect(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	return s.connectTo(v, social.Printable(v.field("account"), maxTyped))
}

// connectTo does so for a server or handle.
func (s *site) connectTo(v *visit, typed string) error {
	if wrong := v.typedWrong(typed); !wrong.Empty() {
		return v.showConnect(http.StatusUnprocessableEntity, typed, wrong)
	}
	flow, sw, err := s.begin(v, typed)
	if err != nil {
		return v.rejected(typed, err)
	}
	if fedi.AppPerLogin(sw.Flavour) { // such servers know one permission only: say so first
		return v.redirect("/connect/go")
	}
	return v.redirect(s.BrowserURL(flow.AuthorizeURL))
}

func (v *visit) typedWrong(typed string) locale.Sentence {
	switch {
	case typed == "":
		return v.say("connect.empty")
	case xName.MatchString(typed):
		return v.say("connect.x-name")
	}
	return nil
}

// rejected shows the form again with the words kept; what is our own trouble
// becomes an error page.
func (v *visit) rejected(typed string, err error) error {
	switch fault.KindOf(err) {
	case fault.Broken, fault.Disk:
		return err
	}
	if f := asFault(err); f.Code == "too-fast" {
		return err
	}
	return v.showConnect(http.StatusUnprocessableEntity, typed, v.sayFault(err))
}

// begin finds the server, gets an app there and freezes all of it in a flow
// that only this browser can end.
func (s *site) begin(v *visit, typed string) (store.Flow, social.Software, error) {
	if err := v.mayBegin(typed); err != nil {
		return store.Flow{}, social.Software{}, err
	}
	ctx := v.r.Context()
	host, handle, sw, err := s.Door.FindHome(ctx, typed)
	if err != nil {
		return store.Flow{}, sw, err
	}
	flow := store.Flow{
		ID: rand.Text(), UserID: v.user.ID, Host: host, Typed: handle, Flavour: sw.Flavour, CreatedAt: v.now,
		Scopes: v.scopes(sw), Verifier: social.NewSecret(rand.Text() + rand.Text()),
	}
	flow.State = flow.ID + "." + rand.Text()
	if err := s.setApp(v, &flow); err != nil {
		return flow, sw, err
	}
	if flow.Flavour == social.Misskey {
		flow.AuthorizeURL, flow.TokenURL = fedi.MiAuth(host, flow.RedirectURI+"?state="+url.QueryEscape(flow.State), flow.Scopes)
		flow.Cookie = hash(v.bindFlow(flow.ID))
		return flow, sw, s.Store.SaveFlow(ctx, flow)
	}
	authorize, token := s.Door.Endpoints(ctx, host)
	flow.TokenURL = token
	flow.AuthorizeURL = fedi.AuthorizeURL(authorize, flow.ClientID, flow.RedirectURI, flow.Scopes, flow.State, flow.Verifier.Reveal(), false)
	flow.Cookie = hash(v.bindFlow(flow.ID))
	return flow, sw, s.Store.SaveFlow(ctx, flow)
}

// scopes are the permissions that a sign-in asks for: those for posting, and
// those for more than following, only where somebody is about to have it done.
func (v *visit) scopes(sw social.Software) string {
	least := fedi.Scopes(sw.Flavour, sw.Version)
	if v.field("posts") != "" {
		v.setCookie(nextCookie, "mirror", flowLife)
		least = fedi.PostingScopes(sw.Flavour, sw.Version)
	}
	return fedi.Wider(least, strings.Split(v.also(), ",")...)
}

// mayBegin holds a start against its limits before any server is asked.
func (v *visit) mayBegin(typed string) error {
	if v.site.Mode == Local {
		return nil
	}
	if err := v.take(v.site.limits.signIns, ""); err != nil {
		return err
	}
	return v.mayAsk(typed)
}

// mayAsk holds a question to the server that somebody typed against the limit
// of servers that one address makes us ask.
func (v *visit) mayAsk(typed string) error {
	_, server, found := strings.Cut(strings.TrimPrefix(typed, "@"), "@")
	if !found {
		server = typed
	}
	wait := v.site.limits.hosts.take(v.site.client(v.r), strings.ToLower(server), v.now)
	if wait > 0 {
		return fault.WaitUntil(v.now.Add(wait), "too-fast", "That was very fast. Wait a little, then try again.")
	}
	return nil
}

// setApp gives the flow an app and its redirect address. Servers that mix up
// their users get an app for each login; elsewhere the app is kept, under an
// address that differs from server to server.
func (s *site) setApp(v *visit, flow *store.Flow) error {
	ctx := v.r.Context()
	perLogin := fedi.AppPerLogin(flow.Flavour)
	flow.RedirectURI = s.appAddress(social.Destination{Host: flow.Host})
	if perLogin {
		flow.RedirectURI = s.address("/oauth/cb/" + flow.ID)
	}
	if flow.Flavour == social.Misskey { // knows no apps
		return nil
	}
	if !perLogin {
		app, err := s.Store.GetApp(ctx, flow.Host, flow.Scopes, flow.RedirectURI)
		if err == nil {
			flow.ClientID, flow.ClientSecret = app.ClientID, app.ClientSecret
			return nil
		}
		if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	id, secret, err := s.Door.RegisterApp(ctx, flow.Host, flow.RedirectURI, flow.Scopes)
	if err != nil {
		return err
	}
	flow.ClientID, flow.ClientSecret = id, secret
	if perLogin {
		return nil
	}
	return s.Store.SaveApp(ctx, store.App{Host: flow.Host, Scopes: flow.Scopes, RedirectURI: flow.RedirectURI, ClientID: id, ClientSecret: secret})
}

// bindFlow sets the cookie that ties a flow to this browser; it names the flow
// so that the pages beside it need no id in their address.
func (v *visit) bindFlow(id string) string {
	value := id + "." + rand.Text()
	v.setCookie(flowCookie, value, flowLife)
	return value
}

// myFlow is the flow under way in this browser. It is not used up.
func (v *visit) myFlow() (store.Flow, error) {
	value := v.cookie(flowCookie)
	id, _, found := strings.Cut(value, ".")
	if !found {
		return store.Flow{}, notFound()
	}
	flow, err := v.site.Store.GetFlow(v.r.Context(), id, v.now)
	if err != nil {
		return store.Flow{}, err
	}
	if !sameText(flow.Cookie, hash(value)) || flow.UserID != v.user.ID {
		return store.Flow{}, notFound()
	}
	return flow, nil
}

func (s *site) connectGo(v *visit) error {
	flow, err := v.myFlow()
	if fault.Is(err, fault.NotFound) {
		return v.startAgain()
	}
	if err != nil {
		return err
	}
	page := &goPage{Host: flow.Host, Address: s.BrowserURL(flow.AuthorizeURL), Coarse: fedi.AppPerLogin(flow.Flavour)}
	page.Title = v.say("connect.go.title", "server", locale.HostOf(flow.Host))
	return v.show(http.StatusOK, "go", page)
}

// startAgain leads back to the form with the sentence about an old link.
func (v *visit) startAgain() error {
	v.flash(flash{Key: "connect.old", Bad: true})
	return v.redirect(v.connectPath())
}

func (v *visit) connectPath() string {
	if v.user.ID == 0 {
		return "/sign-in"
	}
	return "/connect"
}
