package fedi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// The codes of what can be wrong with an API that is read page by page.
const (
	CodeXToken      = "x-token"
	CodeXCredits    = "x-credits"
	CodeXRefuses    = "x-refuses"
	CodeNoXAccount  = "no-x-account"
	CodeListRefused = "list-refused"
)

const (
	sayXToken      = "{host} doesn't accept this token. Tokens for a person end after two hours; make a new one and run the same command again. It goes on at the page where it stopped."
	sayXCredits    = "{host} says that your app has no credits left. Buy some there; the same command goes on at the page where it stopped."
	sayXRefuses    = "{host} doesn't let this app read that: its plan may not include it, or the token isn't one for a person. Nothing was lost."
	sayNoXAccount  = "{host} knows no such account. Check the name."
	sayListRefused = "{host} doesn't give this list to programs, whatever the permission. What was read before is kept."
)

// The fields that are asked for; more would cost nothing, but is nobody's
// business. Pinned posts would cost as much as other posts and are left out.
const (
	xUserFields  = "id,name,username,description,location,url,entities,protected"
	xPostFields  = "id,text,created_at,entities,attachments,referenced_tweets,in_reply_to_user_id,lang,possibly_sensitive,note_tweet,public_metrics,edit_history_tweet_ids"
	xMediaFields = "media_key,type,url,alt_text,width,height,duration_ms,preview_image_url,variants"
)

// xRoute is how one kind of list is asked for.
type xRoute struct {
	path        string
	least, most int // entries of one page
}

var xRoutes = map[social.PullKind]xRoute{
	social.PullFollowing: {"/2/users/{id}/following", 1, 1000},
	social.PullFollowers: {"/2/users/{id}/followers", 1, 1000},
	social.PullPosts:     {"/2/users/{id}/tweets", 5, 100},
	social.PullNames:     {"/2/users", 1, 100},
}

// XAPI is version 2 of X's API with one token. It is for those who run Godwit
// themselves, with an app of their own at X: what it answers is paid for.
type XAPI struct{ *origin }

// XAPI returns the client for X's API with a token that the person made.
func (d *Door) XAPI(token social.Secret) *XAPI {
	return &XAPI{d.origin(cmp.Or(d.xAPI, xAPI), social.FlavourOther, token, nil)}
}

// Host is where the lists come from.
func (o *origin) Host() string { return o.host }

// Listed is an account whose lists can be read over an API.
type Listed struct {
	ID                          string
	Username                    string
	Following, Followers, Posts int    // as the API counts them, 0 when it doesn't tell
	Body                        []byte // what the API says of it, JSON
}

// Self is the account that the token stands for or, with a token that stands
// for an app only, the one called username. Denied with the code x-refuses
// means that the token stands for nobody.
func (x *XAPI) Self(ctx context.Context, username string) (Listed, error) {
	r := request{method: http.MethodGet, path: "/2/users/me", most: maxAPI, query: url.Values{"user.fields": {xUserFields + ",public_metrics"}}}
	if username != "" {
		if !social.IsXUsername(username) {
			return Listed{}, fault.New(fault.Invalid, CodeNoXAccount, sayNoXAccount, "host", x.host)
		}
		r.path, r.id = "/2/users/by/username/{id}", social.RemoteID(username)
	}
	a, err := x.ask(ctx, r)
	if err != nil {
		return Listed{}, err
	}
	var told struct {
		Data struct {
			ID, Username string
			Metrics      struct {
				Following int `json:"following_count"`
				Followers int `json:"followers_count"`
				Posts     int `json:"tweet_count"`
			} `json:"public_metrics"`
		}
	}
	if json.Unmarshal(a.body, &told) != nil {
		return Listed{}, explain(x.host, errMalformed)
	}
	if told.Data.ID == "" && username != "" {
		return Listed{}, fault.New(fault.Gone, CodeNoXAccount, sayNoXAccount, "host", x.host)
	}
	if !social.IsXID(told.Data.ID) || !social.IsXUsername(told.Data.Username) {
		return Listed{}, explain(x.host, errMalformed)
	}
	m := told.Data.Metrics
	return Listed{told.Data.ID, told.Data.Username, max(m.Following, 0), max(m.Followers, 0), max(m.Posts, 0), a.body}, nil
}

// Size is how many entries one page of a kind may ask for, 0 for a kind that
// the API does not have.
func (x *XAPI) Size(kind social.PullKind) (least, most int) {
	return xRoutes[kind].least, xRoutes[kind].most
}

// Page asks for one page of a list.
func (x *XAPI) Page(ctx context.Context, ask social.PullAsk) (social.PullPage, error) {
	r, err := x.request(ask)
	if err != nil {
		return social.PullPage{}, err
	}
	a, err := x.ask(ctx, r)
	if err != nil {
		return social.PullPage{}, err
	}
	var page struct {
		Data   []json.RawMessage
		Errors json.RawMessage
		Meta   *struct {
			Next string `json:"next_token"`
		}
	}
	if json.Unmarshal(a.body, &page) != nil || page.Data == nil && page.Meta == nil && page.Errors == nil {
		return social.PullPage{}, explain(x.host, errMalformed)
	}
	out := social.PullPage{Body: a.body, Entries: len(page.Data)}
	if page.Meta != nil && page.Meta.Next != ask.Cursor { // else it turns in a circle
		out.Next = page.Meta.Next
	}
	if out.Next != "" && !cursorForm.MatchString(out.Next) {
		return social.PullPage{}, explain(x.host, errMalformed)
	}
	return out, nil
}

var cursorForm = regexp.MustCompile(`^[A-Za-z0-9_.:=-]{1,256}$`)

func (x *XAPI) request(ask social.PullAsk) (request, error) {
	route := xRoutes[ask.Kind]
	r := request{method: http.MethodGet, path: route.path, most: maxPage, query: url.Values{"user.fields": {xUserFields}}}
	if ask.Kind == social.PullNames {
		r.query.Set("ids", strings.Join(ask.IDs, ","))
		return r, nil
	}
	id, err := social.ParseRemoteID(ask.AccountID)
	if err != nil {
		return r, err
	}
	r.id = id
	r.query.Set("max_results", strconv.Itoa(ask.Most))
	if ask.Cursor != "" {
		r.query.Set("pagination_token", ask.Cursor)
	}
	if ask.Kind == social.PullPosts {
		r.query.Del("user.fields")
		r.query.Set("tweet.fields", xPostFields)
		r.query.Set("expansions", "attachments.media_keys")
		r.query.Set("media.fields", xMediaFields)
	}
	return r, nil
}

// ask makes one request and returns a good answer in JSON; every other is a
// fault.
func (o *origin) ask(ctx context.Context, r request) (reply, error) {
	r.paid = true
	a, err := o.send(ctx, r)
	if err != nil {
		return reply{}, err
	}
	if a.status < 200 || a.status > 299 {
		return reply{}, xRefusal(o.host, a, o.door.now())
	}
	if !isJSON(a.header) {
		return reply{}, explain(o.host, errMalformed)
	}
	return a, nil
}

// xRefusal is what a status of X's API means.
func xRefusal(host string, a reply, now time.Time) error {
	e := statusError{a.status, http.StatusText(a.status)}
	switch status := a.status; {
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
		return slowDown(host, xAgain(a.header, now)).Because(e)
	case status >= 500:
		return fault.New(fault.Unavailable, CodeNotAnswering, sayNotAnswering, "host", host).Because(e)
	case status == http.StatusUnauthorized:
		return fault.New(fault.Denied, CodeXToken, sayXToken, "host", host).Because(e)
	case status == http.StatusPaymentRequired:
		return fault.New(fault.Denied, CodeXCredits, sayXCredits, "host", host).Because(e)
	case status == http.StatusForbidden:
		return fault.New(fault.Denied, CodeXRefuses, sayXRefuses, "host", host).Because(e)
	case status == http.StatusNotFound:
		return fault.New(fault.Gone, CodeNoXAccount, sayNoXAccount, "host", host).Because(e)
	}
	return fault.New(fault.Broken, CodeMalformed, sayMalformed, "host", host).Because(e)
}

// xAgain is when X may be asked again: it names the end of its window in a
// header of its own, in Unix seconds.
func xAgain(h http.Header, now time.Time) time.Time {
	h = h.Clone()
	h.Set("X-RateLimit-Reset", h.Get("X-Rate-Limit-Reset"))
	return mayAskAgain(h, now, maxWaitHome)
}

// Unanswered reports whether err leaves open if a request was carried out: it
// was sent, and no answer came that makes sense. What is paid for may have been.
func Unanswered(err error) bool {
	if err == nil || statusOf(err) != 0 || neverSent(err) {
		return false
	}
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Broken:
		return true
	}
	return false
}
