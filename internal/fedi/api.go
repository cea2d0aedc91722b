package fedi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Call is one answer of a home server, told to whoever keeps the Budgets.
type Call struct {
	Path       string            // pattern of the route, such as /api/v1/accounts/{id}/follow
	Status     int               // 0 when no answer came
	Limit      *social.RateLimit // nil when the answer named none
	RetryAfter time.Time         // zero when the server did not ask for time
	At         time.Time
}

// origin is one server that is asked on somebody's behalf. What it is given
// (a token, a code, a client secret) goes to https://host and nowhere else.
type origin struct {
	door    *Door
	host    string
	bad     error // host was no host
	flavour social.Flavour
	token   social.Secret
	observe func(Call)
	client  *resty.Client
}

func (d *Door) origin(host string, fl social.Flavour, token social.Secret, observe func(Call)) *origin {
	o := &origin{door: d, flavour: fl, token: token, observe: observe}
	canonical, err := social.ParseHost(host, d.realm)
	if err == nil && bare(canonical) == d.ownHost {
		err = explain(canonical, errRefusedURL)
	}
	o.host, o.bad = canonical, err
	o.client = resty.NewWithClient(&http.Client{Transport: bound{door: d, host: canonical}}).
		SetBaseURL("https://"+canonical).SetHeader("Accept", "application/json").
		SetDisableWarn(true).SetLogger(silent{})
	return o
}

// silent keeps resty from writing to standard error.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

// bound is the transport of one origin: it refuses every other, and ends a
// request at a redirect before the client can read where it leads. The
// standard client would keep Authorization for sub-domains and other ports.
type bound struct {
	door *Door
	host string
}

func (b bound) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" || req.URL.Host != b.host || req.URL.User != nil || req.Host != "" && req.Host != b.host {
		return nil, errOrigin
	}
	req = req.Clone(limitInterim(req.Context()))
	// An Idempotency-Key makes the standard transport send a POST a second time
	// when a kept connection breaks. Not every server honours the key: a post
	// would stand twice. Without GetBody nothing is sent again that was read.
	req.GetBody = nil
	req.Header.Set("User-Agent", b.door.userAgent)
	resp, err := b.door.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		resp.Body.Close()
		return nil, errRedirect
	}
	return resp, nil
}

// request is one call of an origin's API.
type request struct {
	method  string
	path    string // pattern; {id} is replaced by id
	id      social.RemoteID
	query   url.Values
	form    url.Values
	json    any    // sent instead of a form
	payload []byte // sent as it is, of the type kind
	kind    string
	key     string // Idempotency-Key
	body    *upload
	most    int  // bytes of the answer
	paid    bool // each time it is sent

	user     string // Basic authentication, of an app
	password social.Secret
}

// reply is an answer with its body read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// send makes one call in the host's turn. The error is a *fault.Fault for
// trouble on the way; statuses are for the caller to judge.
func (o *origin) send(ctx context.Context, r request) (reply, error) {
	if o.bad != nil {
		return reply{}, o.bad
	}
	p, err := o.door.pace.enterHome(ctx, o.host, o.atOnce())
	if err != nil {
		return reply{}, o.trouble(ctx, err)
	}
	defer p.done()
	answer, err := o.do(ctx, r)
	now := o.door.now()
	if err != nil {
		if !stopped(ctx) {
			if !heldUp(r, err) {
				p.troubled(err, now)
			}
			o.tell(Call{Path: r.path, At: now})
		}
		return reply{}, o.trouble(ctx, err)
	}
	o.note(p, r, answer, now)
	return answer, nil
}

// heldUp reports that a search ended at our deadline. A home server that asks
// a tarpit waits for it as long as we do, which is no illness of its own.
func heldUp(r request, err error) bool {
	return errors.Is(err, errSlow) && strings.HasSuffix(r.path, "/search")
}

func (o *origin) atOnce() int {
	if o.flavour == social.Snac {
		return snacAtOnce
	}
	return homeAtOnce
}

// trouble passes on that the caller gave up, and explains everything else.
func (o *origin) trouble(ctx context.Context, err error) error {
	if stopped(ctx) {
		return context.Cause(ctx)
	}
	return explain(o.host, err)
}

func (o *origin) do(ctx context.Context, r request) (reply, error) {
	if r.body != nil {
		return o.doUpload(ctx, r)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, homeTime, errSlow)
	defer cancel()
	req := o.client.R().SetContext(ctx).SetResponseBodyLimit(r.most).SetPathParam("id", string(r.id)).
		SetQueryParamsFromValues(r.query)
	if len(r.form) > 0 {
		req.SetFormDataFromValues(r.form)
	}
	if r.json != nil {
		req.SetHeader("Content-Type", "application/json").SetBody(r.json)
	}
	if r.payload != nil {
		req.SetHeader("Content-Type", r.kind).SetBody(r.payload)
	}
	if r.key != "" {
		req.SetHeader("Idempotency-Key", r.key)
	}
	if r.paid { // the standard transport sends a GET again when a kept connection breaks; a new one it does not
		req.SetHeader("Connection", "close")
	}
	if !o.token.IsZero() {
		req.SetAuthToken(o.token.Reveal())
	}
	if r.user != "" { // each part form-encoded first (RFC 6749, section 2.3.1)
		req.SetBasicAuth(url.QueryEscape(r.user), url.QueryEscape(r.password.Reveal()))
	}
	resp, err := req.Execute(r.method, r.path)
	if err != nil {
		return reply{}, cause(ctx, strip(err))
	}
	return reply{status: resp.StatusCode(), header: resp.Header(), body: resp.Body()}, nil
}

// note keeps the host's health and tells the observer. A 429 is the token's
// own matter on Mastodon; on GoToSocial it is the whole address's.
func (o *origin) note(p *pass, r request, a reply, now time.Time) {
	call := Call{Path: r.path, Status: a.status, Limit: rateLimit(a.header, now), At: now}
	busy := a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable
	if at, ok := retryAfter(a.header, now, maxWaitHome); ok && busy {
		call.RetryAfter = at
	}
	switch {
	case busy && (o.flavour == social.GoToSocial || a.status == http.StatusServiceUnavailable && !call.RetryAfter.IsZero()):
		p.told(mayAskAgain(a.header, now, maxWaitHome))
	case a.status >= 500 && !(o.flavour == social.Misskey && misskeyError(a.body) == "FAILED_TO_RESOLVE_REMOTE_USER"): // another server's trouble
		p.failed(now)
	default:
		p.answered()
	}
	o.tell(call)
}

func (o *origin) tell(c Call) {
	if o.observe != nil {
		o.observe(c)
	}
}

// call sends r and decodes a good answer into v; every other answer is a fault.
func (o *origin) call(ctx context.Context, r request, v any) (http.Header, error) {
	a, err := o.answer(ctx, r, v)
	return a.header, err
}

// answer is call for those who mind which good status it is.
func (o *origin) answer(ctx context.Context, r request, v any) (reply, error) {
	a, err := o.send(ctx, r)
	if err != nil {
		return reply{}, err
	}
	if a.status == http.StatusUnauthorized && o.stillAccepted(ctx, r) {
		return reply{}, fault.New(fault.Unavailable, CodeNotAnswering, sayNotAnswering, "host", o.host).Because(statusError{a.status, saidError(a.body)})
	}
	if a.status < 200 || a.status > 299 {
		return reply{}, o.refusal(r, a)
	}
	if v != nil && !decode(a, v) {
		return reply{}, explain(o.host, errMalformed)
	}
	return a, nil
}

// verifyPath tells whose a token is.
const verifyPath = "/api/v1/accounts/verify_credentials"

// stillAccepted asks once whether a token that was answered 401 is good all the
// same: a broken proxy in front of one path is no reason to have the person
// connect again (AUT-09).
func (o *origin) stillAccepted(ctx context.Context, r request) bool {
	if o.token.IsZero() || r.path == verifyPath {
		return false
	}
	a, err := o.send(ctx, request{method: http.MethodGet, path: verifyPath, most: maxAPI})
	var who account
	return err == nil && a.status == http.StatusOK && decode(a, &who) && who.ID != ""
}

// decode reads JSON; a page that somebody put in the way is no JSON.
func decode(a reply, v any) bool { return isJSON(a.header) && json.Unmarshal(a.body, v) == nil }

func isJSON(h http.Header) bool {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.HasSuffix(strings.TrimSpace(kind), "json")
}

// statusError is a status that is no success, with the server's own words.
type statusError struct {
	status int
	said   string
}

func (e statusError) Error() string { return http.StatusText(e.status) + ": " + e.said }

// statusOf is the status behind a fault, 0 when there is none.
func statusOf(err error) int {
	e, _ := errors.AsType[statusError](err)
	return e.status
}

// refusal makes a fault out of a status that is no success.
func (o *origin) refusal(r request, a reply) error {
	e := statusError{a.status, saidError(a.body)}
	said := strings.ToLower(e.said)
	now := o.door.now()
	switch status := a.status; {
	case status == http.StatusTooManyRequests,
		status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
		return slowDown(o.host, mayAskAgain(a.header, now, maxWaitHome)).Because(e)
	case status >= 500:
		return fault.New(fault.Unavailable, CodeNotAnswering, sayNotAnswering, "host", o.host).Because(e)
	case o.lostPermission(r, status, said):
		return fault.New(fault.Paused, CodePermissionLost, sayPermissionLost, "host", o.host).Because(e)
	case status == http.StatusForbidden && accountTrouble(said):
		return fault.New(fault.Paused, CodeAccountDisabled, sayAccountDisabled, "host", o.host).Because(e)
	case strings.HasPrefix(r.path, statusesPath):
		return o.statusRefusal(r, a, said).Because(e)
	case strings.Contains(r.path, mediaPart):
		return o.fileRefusal(a).Because(e)
	case strings.Contains(r.path, "{id}"):
		return o.accountRefusal(r, status).Because(e)
	case status == http.StatusForbidden:
		return fault.New(fault.Paused, CodeServerRefuses, sayServerRefuses, "host", o.host).Because(e)
	}
	return fault.New(fault.Broken, CodeMalformed, sayMalformed, "host", o.host).Because(e)
}

// accountRefusal is what a status means for a call about one other account.
func (o *origin) accountRefusal(r request, status int) *fault.Fault {
	follow := strings.HasSuffix(r.path, "/follow")
	switch {
	case status == http.StatusNotFound, status == http.StatusGone:
		return fault.New(fault.Gone, CodeGone, sayGone)
	case status == http.StatusNotAcceptable && follow:
		return fault.New(fault.Gone, CodeSelf, saySelf)
	case status == http.StatusUnprocessableEntity && follow && o.flavour == social.Mastodon:
		return fault.New(fault.Paused, CodeFollowLimit, sayFollowLimit, "host", o.host)
	case status == http.StatusForbidden, status == http.StatusUnprocessableEntity && follow:
		return fault.New(fault.Gone, CodeRefused, sayRefused)
	}
	return fault.New(fault.Broken, CodeMalformed, sayMalformed, "host", o.host)
}

// lostPermission reports whether the server takes the token no longer, or not
// for this. snac answers 422 to a token it doesn't know, Mastodon to one that
// stands for no user.
func (o *origin) lostPermission(r request, status int, said string) bool {
	switch status {
	case http.StatusUnauthorized:
		return true
	case http.StatusForbidden:
		return strings.Contains(said, "scope")
	case http.StatusUnprocessableEntity:
		return o.flavour == social.Snac || strings.Contains(said, "requires an authenticated user") ||
			strings.HasSuffix(r.path, "/verify_credentials")
	}
	return false
}

// accountTrouble knows Mastodon's three sentences about an account that may
// not act: disabled, pending approval, missing a confirmed e-mail address.
func accountTrouble(said string) bool {
	return strings.Contains(said, "login is currently") || strings.Contains(said, "disabled") ||
		strings.Contains(said, "pending") || strings.Contains(said, "confirmed e-mail")
}

// saidError is a server's own error text, made fit for a log.
func saidError(body []byte) string {
	var e struct{ Error string }
	if json.Unmarshal(body, &e) != nil || e.Error == "" {
		return "no reason given"
	}
	return social.Printable(e.Error, maxSaid)
}
