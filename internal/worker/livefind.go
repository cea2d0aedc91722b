package worker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"godwit/importer"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
)

// FindLive finds what somebody named for a live Mirror to d: the address of a
// feed or of a page that has one, a Bluesky account, a server with Mastodon's
// API whose account the token is for, or an account on X. Of the answer UserID,
// Since and what the person chooses are still to be filled in. It asks outside.
func (w *Worker) FindLive(ctx context.Context, d social.Destination, kind social.LiveKind, where string, token social.Secret) (l social.Live, err error) {
	where = strings.TrimSpace(where)
	switch kind {
	case social.LiveFeed:
		l, err = w.findFeed(ctx, where)
	case social.LiveBluesky:
		l, err = w.findBluesky(ctx, where)
	case social.LiveMastodon:
		l, err = w.findMastodon(ctx, where, token)
	case social.LiveX:
		l, err = w.findOnX(ctx, where, token)
	default:
		err = fault.New(fault.Invalid, "live-kind", "Choose where your posts come from. Nothing was changed.")
	}
	l.Kind, l.Name = kind, social.Clean(l.Name, social.MaxName)
	own := l.Host == d.Host && (kind == social.LiveFeed || l.Address == string(d.RemoteID))
	if err == nil && own {
		err = fault.New(fault.Invalid, "live-itself", "That is the account that your posts go to: they would be carried over to themselves. Nothing was changed.")
	}
	return l, err
}

func (w *Worker) findFeed(ctx context.Context, where string) (social.Live, error) {
	address, host, err := w.door.FeedAddress(where)
	if err != nil {
		return social.Live{}, err
	}
	a, err := w.door.Feed(ctx, address, fedi.FeedMark{})
	if err != nil {
		return social.Live{}, err
	}
	read, err := importer.ReadFeed(a.Body, address)
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Code == importer.CodeNotFeed {
		if address, read, err = w.feedOf(ctx, a.Body, address, err); err == nil {
			host = hostIn(address)
		}
	}
	return social.Live{Network: social.Web, Host: host, Address: address, Name: cmp.Or(read.Title, host), Page: read.Page}, err
}

// feedOf reads the first feed that a page names; none is the page's error.
func (w *Worker) feedOf(ctx context.Context, page []byte, address string, none error) (string, importer.Feed, error) {
	named := importer.FeedsIn(page, address)
	if len(named) == 0 {
		return address, importer.Feed{}, none
	}
	address, _, err := w.door.FeedAddress(named[0])
	if err != nil {
		return address, importer.Feed{}, err
	}
	a, err := w.door.Feed(ctx, address, fedi.FeedMark{})
	if err != nil {
		return address, importer.Feed{}, err
	}
	read, err := importer.ReadFeed(a.Body, address)
	return address, read, err
}

func hostIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

func (w *Worker) findBluesky(ctx context.Context, where string) (social.Live, error) {
	if rest, ok := strings.CutPrefix(where, "https://bsky.app/profile/"); ok {
		where, _, _ = strings.Cut(rest, "/")
	}
	b, err := w.door.FindBluesky(ctx, where)
	if err != nil {
		return social.Live{}, err
	}
	self, err := json.Marshal(b)
	return social.Live{Network: social.Bluesky, Host: hostIn(b.PDS), Address: b.DID, Name: b.Name(), Page: "https://bsky.app/profile/" + b.Name(), Self: string(self)}, err
}

func (w *Worker) findMastodon(ctx context.Context, where string, token social.Secret) (social.Live, error) {
	if _, server, ok := strings.Cut(strings.TrimPrefix(where, "@"), "@"); ok {
		where = server
	}
	where, _, _ = strings.Cut(strings.TrimPrefix(where, "https://"), "/")
	host, err := social.ParseHost(where, w.realm)
	if err != nil {
		return social.Live{}, fault.New(fault.Invalid, "live-server", "That isn't the name of a server. It looks like truthsocial.com.")
	}
	self, err := w.door.Lists(host, token).Self(ctx)
	if err != nil {
		return social.Live{}, err
	}
	network := importer.NetworkOf(host)
	return social.Live{Network: network, Host: host, Address: self.ID, Name: "@" + self.Username + "@" + host, Page: "https://" + host + "/@" + self.Username, Self: string(self.Body)}, nil
}

func (w *Worker) findOnX(ctx context.Context, where string, token social.Secret) (social.Live, error) {
	if !w.x.Own {
		return social.Live{}, notForOthers()
	}
	api := w.door.XAPI(token)
	self, err := api.Self(ctx, strings.TrimPrefix(where, "@"))
	if err != nil {
		return social.Live{}, err
	}
	return social.Live{Network: social.X, Host: api.Host(), Address: self.ID, Name: "@" + self.Username, Page: "https://x.com/" + self.Username, Self: string(self.Body)}, nil
}
