package fedi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Lists reads an account's own lists over the Mastodon API, with a token of the
// person's: what Truth Social and Gab have kept of it, and any server whose
// account is about to be left.
type Lists struct{ *Home }

// Lists returns the client for host.
func (d *Door) Lists(host string, token social.Secret) *Lists {
	return &Lists{d.Home(host, token, social.FlavourOther, nil)}
}

var listPaths = map[social.PullKind]string{
	social.PullFollowing: "/api/v1/accounts/{id}/following",
	social.PullFollowers: "/api/v1/accounts/{id}/followers",
	social.PullPosts:     "/api/v1/accounts/{id}/statuses",
}

// Size is how many entries one page of a kind may ask for; nothing is looked up
// by number.
func (l *Lists) Size(kind social.PullKind) (least, most int) {
	switch kind {
	case social.PullPosts:
		return 1, statusPage
	case social.PullNames:
		return 0, 0
	}
	return 1, pageSize
}

// Self is the account that the token stands for.
func (l *Lists) Self(ctx context.Context) (Listed, error) {
	a, err := l.list(ctx, request{method: http.MethodGet, path: verifyPath, most: maxAPI})
	if err != nil {
		return Listed{}, err
	}
	var who struct {
		account
		Statuses int `json:"statuses_count"`
	}
	if json.Unmarshal(a.body, &who) != nil || who.Username == "" {
		return Listed{}, explain(l.host, errMalformed)
	}
	id, err := social.ParseRemoteID(who.ID)
	if err != nil {
		return Listed{}, explain(l.host, errMalformed)
	}
	return Listed{string(id), who.Username, max(who.Following, 0), max(who.Followers, 0), max(who.Statuses, 0), a.body}, nil
}

// Page asks for one page of a list.
func (l *Lists) Page(ctx context.Context, ask social.PullAsk) (social.PullPage, error) {
	id, err := social.ParseRemoteID(ask.AccountID)
	if err != nil {
		return social.PullPage{}, err
	}
	r := request{method: http.MethodGet, path: listPaths[ask.Kind], id: id, most: maxPage, query: url.Values{"limit": {strconv.Itoa(ask.Most)}}}
	if ask.Cursor != "" {
		r.query.Set("max_id", ask.Cursor)
	}
	a, err := l.list(ctx, r)
	if err != nil {
		return social.PullPage{}, err
	}
	var entries []json.RawMessage
	if json.Unmarshal(a.body, &entries) != nil {
		return social.PullPage{}, explain(l.host, errMalformed)
	}
	page := social.PullPage{Body: a.body, Entries: len(entries)}
	own := strings.Replace(r.path, "{id}", string(id), 1)
	if next := nextCursor(a.header.Values("Link"), l.host, own); next != ask.Cursor && len(entries) > 0 {
		page.Next = next
	}
	return page, nil
}

// list makes one request and returns a good answer in JSON. A page that is put
// before programs, and a list that is kept from them, are answered 403.
func (l *Lists) list(ctx context.Context, r request) (reply, error) {
	a, err := l.answer(ctx, r, nil)
	if err != nil {
		if statusOf(err) == http.StatusForbidden {
			return reply{}, fault.New(fault.Denied, CodeListRefused, sayListRefused, "host", l.host).Because(err)
		}
		return reply{}, err
	}
	if !isJSON(a.header) {
		return reply{}, fault.New(fault.Denied, CodeListRefused, sayListRefused, "host", l.host)
	}
	return a, nil
}
