package fedi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/dghubble/go-twitter/twitter"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// X11 is an API that answers as X's version 1.1 did, with one token. X itself
// has it no longer; some have an endpoint of that kind. go-twitter asks and
// understands; what it asks goes through the guarded door to that host alone.
type X11 struct{ *origin }

// X11 returns the client for the API at host.
func (d *Door) X11(host string, token social.Secret) *X11 {
	return &X11{d.origin(host, social.FlavourOther, token, nil)}
}

// x11Sizes are the entries of one page.
var x11Sizes = map[social.PullKind]int{
	social.PullFollowing: 200, social.PullFollowers: 200, social.PullPosts: 200, social.PullNames: 100,
}

// Size is how many entries one page of a kind may ask for.
func (x *X11) Size(kind social.PullKind) (least, most int) { return 1, x11Sizes[kind] }

// Self is the account that the token stands for, or the one called username.
func (x *X11) Self(ctx context.Context, username string) (Listed, error) {
	client, wire := x.client11(ctx)
	var u *twitter.User
	var err error
	if username != "" {
		u, _, err = client.Users.Show(&twitter.UserShowParams{ScreenName: username})
	} else {
		u, _, err = client.Accounts.VerifyCredentials(nil)
	}
	if err := x.judge(ctx, wire, err); err != nil {
		return Listed{}, err
	}
	if !social.IsXID(u.IDStr) || !social.IsXUsername(u.ScreenName) {
		return Listed{}, explain(x.host, errMalformed)
	}
	return Listed{u.IDStr, u.ScreenName, max(u.FriendsCount, 0), max(u.FollowersCount, 0), max(u.StatusesCount, 0), wire.answer.body}, nil
}

// Page asks for one page of a list.
func (x *X11) Page(ctx context.Context, ask social.PullAsk) (social.PullPage, error) {
	account, err := strconv.ParseInt(ask.AccountID, 10, 64)
	if err != nil {
		return social.PullPage{}, explain(x.host, errMalformed)
	}
	cursor, err := cursor11(ask)
	if err != nil {
		return social.PullPage{}, explain(x.host, errMalformed)
	}
	client, wire := x.client11(ctx)
	var page social.PullPage
	switch ask.Kind {
	case social.PullFollowing:
		page, err = friends11(client, account, cursor, ask.Most)
	case social.PullFollowers:
		page, err = followers11(client, account, cursor, ask.Most)
	case social.PullPosts:
		page, err = posts11(client, account, cursor, ask.Most)
	default:
		page, err = names11(client, ask.IDs)
	}
	if err := x.judge(ctx, wire, err); err != nil {
		return social.PullPage{}, err
	}
	page.Body = wire.answer.body
	if page.Next == ask.Cursor { // it turns in a circle
		page.Next = ""
	}
	return page, nil
}

// cursor11 is a page's cursor as a number: -1 is the first page of people, and
// of posts the newest one below the cursor is the next.
func cursor11(ask social.PullAsk) (int64, error) {
	if ask.Cursor != "" && ask.Kind != social.PullNames {
		return strconv.ParseInt(ask.Cursor, 10, 64)
	}
	if ask.Kind == social.PullPosts {
		return 0, nil
	}
	return -1, nil
}

func friends11(client *twitter.Client, account, cursor int64, most int) (social.PullPage, error) {
	list, _, err := client.Friends.List(&twitter.FriendListParams{UserID: account, Cursor: cursor, Count: most, SkipStatus: twitter.Bool(true), IncludeUserEntities: twitter.Bool(true)})
	if err != nil {
		return social.PullPage{}, err
	}
	return social.PullPage{Entries: len(list.Users), Next: next11(list.NextCursor)}, nil
}

func followers11(client *twitter.Client, account, cursor int64, most int) (social.PullPage, error) {
	list, _, err := client.Followers.List(&twitter.FollowerListParams{UserID: account, Cursor: cursor, Count: most, SkipStatus: twitter.Bool(true), IncludeUserEntities: twitter.Bool(true)})
	if err != nil {
		return social.PullPage{}, err
	}
	return social.PullPage{Entries: len(list.Users), Next: next11(list.NextCursor)}, nil
}

func next11(cursor int64) string {
	if cursor <= 0 {
		return ""
	}
	return strconv.FormatInt(cursor, 10)
}

// posts11 asks for the posts below a number; the lowest of a page leads on.
func posts11(client *twitter.Client, account, below int64, most int) (social.PullPage, error) {
	list, _, err := client.Timelines.UserTimeline(&twitter.UserTimelineParams{UserID: account, MaxID: below, Count: most, TweetMode: "extended", IncludeRetweets: twitter.Bool(true)})
	if err != nil || len(list) == 0 {
		return social.PullPage{}, err
	}
	lowest := list[0].ID
	for _, t := range list {
		lowest = min(lowest, t.ID)
	}
	return social.PullPage{Entries: len(list), Next: next11(lowest - 1)}, nil
}

func names11(client *twitter.Client, ids []string) (social.PullPage, error) {
	params := &twitter.UserLookupParams{IncludeEntities: twitter.Bool(true)}
	for _, id := range ids {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			params.UserID = append(params.UserID, n)
		}
	}
	list, _, err := client.Users.Lookup(params)
	return social.PullPage{Entries: len(list)}, err
}

// client11 is go-twitter for one request.
func (x *X11) client11(ctx context.Context) (*twitter.Client, *wire11) {
	w := &wire11{ctx: ctx, origin: x.origin}
	return twitter.NewClient(&http.Client{Transport: w}), w
}

// wire11 carries what go-twitter asks of X to the origin instead, with its
// pace, its bounds and its token, and keeps the answer.
type wire11 struct {
	ctx    context.Context
	origin *origin
	answer reply
}

// RoundTrip implements http.RoundTripper.
func (w *wire11) RoundTrip(req *http.Request) (*http.Response, error) {
	a, err := w.origin.ask(w.ctx, request{method: req.Method, path: req.URL.Path, query: req.URL.Query(), most: maxPage})
	if err != nil {
		return nil, err
	}
	w.answer = a
	return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
		ContentLength: int64(len(a.body)), Request: req, ProtoMajor: 1, ProtoMinor: 1}, nil
}

// judge gives an error of go-twitter its meaning: one of the way is a Fault
// already, everything else is an answer that it could not read.
func (x *X11) judge(ctx context.Context, w *wire11, err error) error {
	if err == nil {
		return nil
	}
	if stopped(ctx) {
		return context.Cause(ctx)
	}
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f
	}
	return explain(x.host, errMalformed)
}
