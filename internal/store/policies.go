package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"godwit/internal/social"
)

const policyColumns = `host, domain, choice, daily, changed_at`

func scanPolicy(r scanner) (p social.MirrorPolicy, err error) {
	err = r.Scan(&p.Host, &p.Domain, &p.Choice, &p.Daily, moment{&p.ChangedAt})
	return p, err
}

// MirrorPolicy returns what the admins of a home server say of carried-over
// posts; of one that says nothing its Choice is MirrorUnsaid.
func (s *Store) MirrorPolicy(ctx context.Context, host string) (social.MirrorPolicy, error) {
	p, err := scanPolicy(s.reading.row(ctx, `SELECT `+policyColumns+` FROM mirror_policies WHERE host = $1`, clean(host)))
	if errors.Is(err, sql.ErrNoRows) {
		return social.MirrorPolicy{Host: host}, nil
	}
	return p, s.d.mean(err)
}

// PublishedPolicy returns the policy of a server by its host, or by the domain
// of its handles; NotFound when it has none.
func (s *Store) PublishedPolicy(ctx context.Context, name string) (social.MirrorPolicy, error) {
	p, err := scanPolicy(s.reading.row(ctx, `SELECT `+policyColumns+` FROM mirror_policies WHERE host = $1 OR domain = $1
		ORDER BY CASE WHEN host = $1 THEN 0 ELSE 1 END, host LIMIT 1`, clean(name)))
	return p, s.d.mean(err)
}

// SavePolicy publishes a policy for its host, of which the User must be an
// admin, else it is NotFound.
func (s *Store) SavePolicy(ctx context.Context, userID int64, p social.MirrorPolicy) error {
	return s.write(ctx, func(x q) error {
		return one(x.exec(ctx, `INSERT INTO mirror_policies (`+policyColumns+`)
			SELECT host, domain, $3, CAST($4 AS BIGINT), CAST($5 AS BIGINT) FROM server_roles WHERE user_id = $1 AND host = $2 AND rank = 'admin'
			ON CONFLICT (host) DO UPDATE SET domain = excluded.domain, choice = excluded.choice, daily = excluded.daily, changed_at = excluded.changed_at`,
			userID, clean(p.Host), string(p.Choice), p.Daily, micros(p.ChangedAt)))
	})
}

// SaveGivenBlocks replaces the list that a server's admin gave us of domains
// with which it exchanges nothing, and refuses the planned FollowJobs that lead
// there. NotFound when the User is no admin there.
func (s *Store) SaveGivenBlocks(ctx context.Context, userID int64, host string, digests []string, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if err := isAdmin(ctx, x, userID, host); err != nil {
			return err
		}
		if _, err := x.exec(ctx, `DELETE FROM given_blocks WHERE host = $1`, host); err != nil {
			return err
		}
		_, err := x.exec(ctx, `INSERT INTO given_blocks (host, digest)
			SELECT DISTINCT CAST($1 AS TEXT), e.value FROM LIST($2) WHERE true`, host, array(digests))
		if err != nil {
			return err
		}
		return refuseAllBlocked(ctx, x, host, now)
	})
}

// GivenBlocks counts the domains of the list that the server's admin gave us.
func (s *Store) GivenBlocks(ctx context.Context, host string) (int, error) {
	n, err := scalar[int](s.reading.row(ctx, `SELECT count(*) FROM given_blocks WHERE host = $1`, host))
	return n, s.d.mean(err)
}

// SaveServerWishes stores what an admin wishes for their own server: the quiet
// hours, and whether it is to be left alone. The operator's cap stays, and that
// the operator leaves it alone is not the admin's to end.
func (s *Store) SaveServerWishes(ctx context.Context, userID int64, h social.Home) error {
	return s.write(ctx, func(x q) error {
		if err := isAdmin(ctx, x, userID, h.Host); err != nil {
			return err
		}
		if err := addHome(ctx, x, h.Host); err != nil {
			return err
		}
		_, err := x.exec(ctx, `UPDATE homes SET quiet_from = $2, quiet_to = $3, quiet_zone = $4, open_at = 0,
			alone = $5 OR alone AND NOT asked_alone, asked_alone = $5 AND (asked_alone OR NOT alone) WHERE host = $1`,
			h.Host, h.Quiet.From, h.Quiet.To, h.Quiet.Zone, h.Alone)
		if err != nil || !h.Alone {
			return err
		}
		return turnAway(ctx, x, h.Host)
	})
}

func isAdmin(ctx context.Context, x q, userID int64, host string) error {
	is, err := scalar[bool](x.row(ctx, `SELECT EXISTS (SELECT 1 FROM server_roles WHERE user_id = $1 AND host = $2 AND rank = 'admin')`, userID, host))
	if err == nil && !is {
		err = notFound()
	}
	return err
}
