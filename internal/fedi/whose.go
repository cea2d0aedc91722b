package fedi

import (
	"context"
	"strings"
	"time"

	"godwit/internal/social"
)

// Whose finds out whose token it is that host gave: the Destination as far as
// servers can tell, with the handle that Identify confirmed. When typed is not
// zero, an account that is another one is refused with "another-account". On
// any error the caller gives the token back and stores nothing.
func (d *Door) Whose(ctx context.Context, host string, token social.Secret, sw social.Software, typed social.Handle) (social.Destination, error) {
	acct, err := d.Account(host, token, sw.Flavour, nil).VerifyCredentials(ctx)
	if err != nil {
		return social.Destination{}, err
	}
	handle, actorID, err := d.Identify(ctx, host, acct)
	if err != nil {
		return social.Destination{}, err
	}
	if !typed.IsZero() && !typed.Same(handle) {
		return social.Destination{}, AnotherAccount(host, handle, typed)
	}
	return social.Destination{
		Host: host, RemoteID: acct.ID, Handle: handle, ActorID: actorID, Flavour: sw.Flavour,
		Software: strings.TrimSpace(sw.Name + " " + sw.Version), State: social.Active, Following: acct.FollowingCount,
		Born: day(acct.CreatedAt),
	}, nil
}

// day is the day of a server's timestamp, "" when it is none. The time of day
// does not count: Mastodon drops it since 3.5, so that it changes with an
// upgrade.
func day(stamp string) string {
	day, _, _ := strings.Cut(stamp, "T")
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return ""
	}
	return day
}
