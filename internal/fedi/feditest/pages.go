package feditest

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"godwit/internal/social"
)

// The pages for people. They need no script and no cookie, and their links are
// relative, so that the demo can show them under another address. A form without
// an action posts to the address of its own page, query included.
var pages = template.Must(template.New("").Parse(`
{{define "head"}}<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title><style>body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fdfcfa}
button{font:inherit;padding:.6rem 1rem;margin:.25rem .25rem .25rem 0;border:1px solid #567;border-radius:.3rem;background:#fff;cursor:pointer}
button.yes{background:#245;color:#fff}small{color:#567}dt{font-weight:600}</style></head><body>
<p><small>{{.Host}} · a simulated server</small></p><h1>{{.Title}}</h1>{{end}}
{{define "signin"}}{{template "head" .}}<p>{{.App}} asks to be let in. Who are you?</p>
<form method="post">{{range .Accounts}}<button name="account" value="{{.}}">{{.}}</button>{{end}}</form></body></html>{{end}}
{{define "consent"}}{{template "head" .}}<p><strong>{{.App}}</strong> would like permission to act for <strong>@{{.Account}}</strong>:</p>
<ul>{{range .Scopes}}<li>{{.}}</li>{{end}}</ul>
<form method="post"><input type="hidden" name="account" value="{{.Account}}"><button class="yes" name="decision" value="allow">Authorize</button><button name="decision" value="deny">Deny</button></form></body></html>{{end}}
{{define "code"}}{{template "head" .}}<p>Copy this code and paste it to the application.</p><p><code>{{.Code}}</code></p></body></html>{{end}}
{{define "error"}}{{template "head" .}}<p>{{.Text}}</p></body></html>{{end}}
{{define "snac"}}{{template "head" .}}<p>{{.App}} asks to be let in. Who are you?</p>
<form method="post" action="x-snac-login"><input type="hidden" name="redir" value="{{.Redirect}}"><input type="hidden" name="cid" value="{{.Client}}"><input type="hidden" name="state" value="{{.State}}">
{{range .Accounts}}<button name="login" value="{{.}}">{{.}}</button>{{end}}</form></body></html>{{end}}
{{define "profile"}}{{template "head" .}}<p>@{{.Handle}}</p><p>{{.Text}}</p><dl>{{range .Fields}}<dt>{{.Name}}</dt><dd>{{.Value}}</dd>{{end}}</dl></body></html>{{end}}
{{define "front"}}{{template "head" .}}<ul>{{range .Accounts}}<li><a href="{{$.Base}}{{.}}">@{{.}}</a></li>{{end}}</ul></body></html>{{end}}
{{define "imports"}}{{template "head" .}}{{with .Text}}<p role="status">{{.}}</p>{{end}}
<form method="post" enctype="multipart/form-data"><p><label>Account <select name="account">{{range .Accounts}}<option>{{.}}</option>{{end}}</select></label></p>
<p><label>Import type <select name="form_import[type]"><option value="following">Following list</option></select></label></p>
<p><label>Data <input type="file" name="form_import[data]" accept=".csv,text/csv"></label></p>
<p><label><input type="radio" name="form_import[mode]" value="merge" checked> Merge</label></p><button class="yes">Upload</button></form></body></html>{{end}}`))

// view is what a page shows; each uses its own fields.
type view struct {
	Title, Host, Text, App, Account, Code string
	Redirect, Client, State, Handle, Base string
	Accounts, Scopes                      []string
	Fields                                []fieldView
}

type fieldView struct {
	Name  string
	Value template.HTML
}

func (h *Host) show(status int, name string, v view) *answer {
	v.Host = h.name
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, v); err != nil {
		panic("feditest: " + err.Error()) // only our own templates come here
	}
	return page(status, b.String())
}

// users are the names that can sign in.
func (h *Host) users() []string {
	var names []string
	for _, a := range h.order {
		if !a.gone {
			names = append(names, a.user)
		}
	}
	return names
}

func frontPage(h *Host, _ *call) *answer {
	base := strings.TrimPrefix(h.ways.profilePath, "/")
	return h.show(http.StatusOK, "front", view{Title: h.title, Accounts: h.users(), Base: "./" + base})
}

func profileOf(a *Account) *answer {
	v := view{Title: a.name, Handle: a.handle(), Text: a.bio}
	for _, f := range a.fields {
		v.Fields = append(v.Fields, fieldView{f.Name, template.HTML(f.html())}) // escaped by html
	}
	return a.host.show(http.StatusOK, "profile", v)
}

// asking is a request of authorization that is in order.
type asking struct {
	app      *app
	redirect string
	scopes   string
	state    string
}

// authorization checks what brought the browser to /oauth/authorize.
func (h *Host) authorization(c *call) (*asking, *answer) {
	q := c.r.URL.Query()
	by := h.apps[q.Get("client_id")]
	if by == nil {
		return nil, h.show(http.StatusUnauthorized, "error", view{Title: "An error has occurred", Text: badClientWords})
	}
	a := &asking{app: by, redirect: q.Get("redirect_uri"), scopes: q.Get("scope"), state: q.Get("state")}
	if a.scopes == "" {
		a.scopes = "read"
	}
	if !slices.Contains(by.redirects, a.redirect) {
		return nil, h.show(http.StatusBadRequest, "error", view{Title: "An error has occurred", Text: "The requested redirect uri is malformed or doesn't match client redirect URI."})
	}
	for scope := range strings.FieldsSeq(a.scopes) {
		if !covers(by.scopes, scope) {
			return nil, redirect(http.StatusFound, backTo(a.redirect, "error", "invalid_scope",
				"error_description", "The requested scope is invalid, unknown, or malformed", "state", a.state))
		}
	}
	return a, nil
}

// authorizePage lets the visitor choose who to be.
func authorizePage(h *Host, c *call) *answer {
	a, no := h.authorization(c)
	if no != nil {
		return no
	}
	return h.show(http.StatusOK, "signin", view{Title: "Sign in to " + h.title, App: a.app.name, Accounts: h.users()})
}

// authorizeForm asks for consent, and then sends the browser back with a code.
func authorizeForm(h *Host, c *call) *answer {
	a, no := h.authorization(c)
	if no != nil {
		return no
	}
	who := h.accounts[strings.ToLower(c.form.Get("account"))]
	switch {
	case who == nil || who.gone:
		return h.show(http.StatusUnauthorized, "error", view{Title: "Sign in to " + h.title, Text: "No such account here."})
	case c.form.Get("decision") == "deny":
		return redirect(http.StatusFound, backTo(a.redirect, "error", "access_denied",
			"error_description", "The resource owner or authorization server denied the request.", "state", a.state))
	case c.form.Get("decision") != "allow":
		return h.show(http.StatusOK, "consent", view{Title: "Authorization required", App: a.app.name, Account: who.user, Scopes: strings.Fields(a.scopes)})
	}
	code := rand.Text()
	h.codes[code] = &grant{app: a.app, account: who, redirect: a.redirect, scopes: a.scopes,
		challenge: c.r.URL.Query().Get("code_challenge"), until: c.now.Add(codeLifetime)}
	if a.redirect == oob {
		return h.show(http.StatusOK, "code", view{Title: "Authorization code", Code: code})
	}
	return redirect(http.StatusFound, backTo(a.redirect, "code", code, "state", a.state))
}

// snacAuthorize checks the app only, not where the browser shall go.
func snacAuthorize(h *Host, c *call) *answer {
	q := c.r.URL.Query()
	by := h.apps[q.Get("client_id")]
	if by == nil {
		return h.refusal(badRequest)
	}
	a := h.show(http.StatusOK, "snac", view{Title: "Sign in to " + h.title, App: by.name, Accounts: h.users(),
		Redirect: q.Get("redirect_uri"), Client: by.id, State: q.Get("state")})
	return a.with("Content-Type", "text/html")
}

// snacLogin keeps who logged in with the app itself: the trap that mixes users.
func snacLogin(h *Host, c *call) *answer {
	by, who := h.apps[c.form.Get("cid")], h.accounts[strings.ToLower(c.form.Get("login"))]
	if by == nil || who == nil || who.gone {
		return h.refusal(badRequest)
	}
	by.account = who
	code := hex.EncodeToString([]byte(rand.Text()))[:32]
	if redir := c.form.Get("redir"); redir != oob {
		return redirect(http.StatusSeeOther, backTo(redir, "code", code, "state", c.form.Get("state")))
	}
	return h.show(http.StatusOK, "code", view{Title: "Authorization code", Code: code})
}

// Allow walks the pages of an authorization address as user does in a browser,
// allowing it (unlogged: the browser is not the client under test), and returns where the browser is sent back to: the redirect
// address with code and state, or with an error. For an address without a
// redirect (urn:ietf:wg:oauth:2.0:oob) it is "?code=…".
func (h *Host) Allow(user, authorizeURL string) string {
	u, err := url.Parse(authorizeURL)
	if err != nil {
		panic("feditest: " + err.Error())
	}
	form, target := url.Values{"account": {user}, "decision": {"allow"}}, u.RequestURI()
	if h.ways.flavour == social.Snac {
		q := u.Query()
		form = url.Values{"login": {user}, "cid": {q.Get("client_id")}, "redir": {q.Get("redirect_uri")}, "state": {q.Get("state")}}
		target = "/oauth/x-snac-login"
	}
	r, err := http.NewRequest(http.MethodPost, h.url(target), strings.NewReader(form.Encode()))
	if err != nil {
		panic("feditest: " + err.Error())
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "a browser")
	c := newCall(h, r, 1)
	h.world.mu.Lock()
	a := h.handle(c)
	h.world.mu.Unlock()
	if to := a.header.Get("Location"); to != "" {
		return to
	}
	_, after, _ := strings.Cut(string(a.body), "<code>")
	code, _, _ := strings.Cut(after, "</code>")
	return "?code=" + code
}
