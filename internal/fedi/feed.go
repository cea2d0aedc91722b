package fedi

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// The codes of what can be wrong with a feed or a file that hangs on a post.
const (
	CodeBadFeed     = "bad-feed-address"
	CodeNoFeed      = "no-feed"
	CodeFeedRefused = "feed-refused"
	CodeFeedGone    = "feed-gone"
)

const (
	sayBadFeed     = "That isn't the address of a feed. It looks like https://example.org/feed.xml."
	sayNoFeed      = "{host} has no feed at that address. Open your page, look for RSS or Atom, and copy that address."
	sayFeedRefused = "{host} doesn't give this feed to programs. Nothing was changed."
	sayFeedGone    = "{host} says that this feed has ended for good."
)

const acceptFeed = "application/atom+xml, application/rss+xml, application/feed+json, application/json;q=0.9, application/xml;q=0.8, text/xml;q=0.8, text/html;q=0.5, */*;q=0.1"

// FeedMark is what a server said of a feed when it was last read, so that it
// sends it only when it has changed (RFC 9110, section 13).
type FeedMark struct{ Tag, Modified string }

// FeedAnswer is a feed as it was read.
type FeedAnswer struct {
	Body    []byte
	Address string // where it was found in the end
	Same    bool   // it has not changed since the mark; there is no Body
	Mark    FeedMark
	Fresh   time.Duration // for which the server does not want to be asked again
}

// FeedAddress reads the address that somebody typed for a feed or the page that
// has one: https whatever they wrote, without a name or a password in it.
func (d *Door) FeedAddress(typed string) (address, host string, err error) {
	typed = strings.TrimSpace(typed)
	for _, scheme := range []string{"feed://", "feed:", "http://", "https://"} {
		if len(typed) >= len(scheme) && strings.EqualFold(typed[:len(scheme)], scheme) {
			typed = typed[len(scheme):]
			if scheme == "feed:" {
				return d.FeedAddress(typed)
			}
			break
		}
	}
	u, host, err := d.parseURL("https://" + typed)
	if err != nil {
		return "", "", fault.New(fault.Invalid, CodeBadFeed, sayBadFeed)
	}
	u.Fragment = ""
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String(), host, nil
}

// Feed reads a feed, or finds that it is as it was at mark. NotFound where there
// is none, Denied where it is refused, Gone where it ended.
func (d *Door) Feed(ctx context.Context, address string, mark FeedMark) (FeedAnswer, error) {
	a, err := d.getAs(ctx, address, want{accept: acceptFeed, most: maxFeed, tag: mark.Tag, modified: mark.Modified})
	host := hostOf(address)
	switch {
	case err != nil && stopped(ctx):
		return FeedAnswer{}, context.Cause(ctx)
	case err != nil:
		return FeedAnswer{}, explain(host, err)
	}
	fresh := feedFresh(a.header, d.now())
	switch a.status {
	case http.StatusOK:
		mark := FeedMark{Tag: markOf(a.header.Get("ETag")), Modified: markOf(a.header.Get("Last-Modified"))}
		return FeedAnswer{Body: a.body, Address: address, Mark: mark, Fresh: fresh}, nil
	case http.StatusNotModified:
		return FeedAnswer{Address: address, Same: true, Mark: mark, Fresh: fresh}, nil
	case http.StatusNotFound:
		return FeedAnswer{}, fault.New(fault.NotFound, CodeNoFeed, sayNoFeed, "host", host)
	case http.StatusGone:
		return FeedAnswer{}, fault.New(fault.Gone, CodeFeedGone, sayFeedGone, "host", host)
	case http.StatusUnauthorized, http.StatusForbidden:
		return FeedAnswer{}, fault.New(fault.Denied, CodeFeedRefused, sayFeedRefused, "host", host)
	}
	return FeedAnswer{}, explain(host, errMalformed)
}

// markOf is a header that is sent back later; one that is no token of sense is
// not kept.
func markOf(value string) string {
	if len(value) > maxMark || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return value
}

// feedFresh is for how long a server wants its answer to be used: max-age, else
// Expires; zero where it says neither.
func feedFresh(h http.Header, now time.Time) time.Duration {
	for part := range strings.SplitSeq(strings.ToLower(h.Get("Cache-Control")), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if age, ok := seconds(strings.Trim(value, `"`), maxFeedFresh); ok && name == "max-age" {
			return age
		}
	}
	at, err := http.ParseTime(h.Get("Expires"))
	if err != nil {
		return 0
	}
	served, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		served = now
	}
	return min(max(at.Sub(served), 0), maxFeedFresh)
}

// PostFile writes a file that hangs on a public post to w, at most most bytes.
// NotFound where it is not to be had (any more), TooLarge when it is larger.
func (d *Door) PostFile(ctx context.Context, address string, w io.Writer, most int64) error {
	status, err := d.download(ctx, address, "image/*, video/*;q=0.9, */*;q=0.1", w, most)
	switch {
	case err == errTooLarge:
		return fault.New(fault.TooLarge, CodeFileTooLarge, sayFileTooLarge)
	case err != nil && stopped(ctx):
		return context.Cause(ctx)
	case err != nil:
		return explain(hostOf(address), err)
	case status != http.StatusOK:
		return fault.New(fault.NotFound, CodeNoFile, sayNoFile)
	}
	return nil
}

// MayFetch reports whether an address may be asked for at all.
func (d *Door) MayFetch(address string) bool {
	_, _, err := d.parseURL(address)
	return err == nil
}

// BlueskyPosts is the newest page of the posts in a Bluesky account's
// repository, as its server's listRecords answers.
func (d *Door) BlueskyPosts(ctx context.Context, b Bluesky) ([]byte, error) {
	q := url.Values{"repo": {b.DID}, "collection": {"app.bsky.feed.post"}, "limit": {"50"}}
	body, err := d.xrpcBody(ctx, b.PDS, "com.atproto.repo.listRecords", q)
	if isRefusal(err) {
		return nil, fault.New(fault.Gone, CodeBlueskyNoRepo, sayBlueskyNoServer, "host", hostOf(b.PDS), "name", b.Name()).Because(err)
	}
	return body, err
}

// BlobAddress is where a file of a Bluesky post is to be had.
func (b Bluesky) BlobAddress(cid string) string {
	return b.PDS + "/xrpc/com.atproto.sync.getBlob?" + url.Values{"did": {b.DID}, "cid": {cid}}.Encode()
}

// Newest is the newest page of the account's own posts, JSON.
func (l *Lists) Newest(ctx context.Context, accountID string) ([]byte, error) {
	page, err := l.Page(ctx, social.PullAsk{Kind: social.PullPosts, AccountID: accountID, Most: livePage})
	return page.Body, err
}

// XLeast and XMost are how few and how many posts one look at X asks for.
const (
	XLeast = liveXLeast
	XMost  = liveXMost
)

// After is one page of an account's posts that are newer than the one with the
// number since, "" for the newest ones.
func (x *XAPI) After(ctx context.Context, accountID, since string, most int) (social.PullPage, error) {
	r, err := x.request(social.PullAsk{Kind: social.PullPosts, AccountID: accountID, Most: cmp.Or(most, liveXLeast)})
	if err != nil {
		return social.PullPage{}, err
	}
	if since != "" {
		r.query.Set("since_id", since)
	}
	return x.page(ctx, r, "")
}
