package store

import (
	"context"
	"time"

	"godwit/internal/social"
)

// BlocksDue is when the home server's list of suspended domains is to be read
// again; zero when it was never read.
func (s *Store) BlocksDue(ctx context.Context, host string) (at time.Time, err error) {
	err = s.read(ctx, func(x q) error {
		return x.row(ctx, `SELECT COALESCE(MAX(next_at), 0) FROM block_lists WHERE host = $1`, host).Scan(moment{&at})
	})
	return at, err
}

// PutOffBlocks keeps what is known of the home server's list until next.
func (s *Store) PutOffBlocks(ctx context.Context, host string, next time.Time) error {
	return s.write(ctx, func(x q) error { return saveBlockList(ctx, x, host, next) })
}

func saveBlockList(ctx context.Context, x q, host string, next time.Time) error {
	_, err := x.exec(ctx, `INSERT INTO block_lists (host, next_at) VALUES ($1, $2)
		ON CONFLICT (host) DO UPDATE SET next_at = excluded.next_at`, host, micros(next))
	return err
}

// SaveBlocks replaces what is known of the domains that a home server suspends
// by digests, and refuses the planned FollowJobs that lead there.
func (s *Store) SaveBlocks(ctx context.Context, host string, digests []string, next, now time.Time) error {
	type row struct {
		Digest string `json:"digest"`
	}
	rows := make([]row, len(digests))
	for i, d := range digests {
		rows[i].Digest = d
	}
	return s.write(ctx, func(x q) error {
		if err := saveBlockList(ctx, x, host, next); err != nil {
			return err
		}
		if _, err := x.exec(ctx, `DELETE FROM blocked_domains WHERE host = $1`, host); err != nil {
			return err
		}
		_, err := x.exec(ctx, `INSERT INTO blocked_domains (host, digest)
			SELECT DISTINCT CAST($1 AS TEXT), e.value->>'digest' FROM EACH($2) WHERE true`, host, array(rows))
		if err != nil {
			return err
		}
		return refuseAllBlocked(ctx, x, host, now)
	})
}

// refuseAllBlocked is refuseBlocked for all who follow from a home server.
func refuseAllBlocked(ctx context.Context, x q, host string, now time.Time) error {
	all, err := list(ctx, x, scanDestination, `SELECT `+destinationColumns+` FROM destinations WHERE host = $1 ORDER BY id`, host)
	for _, d := range all {
		if _, err := refuseBlocked(ctx, x, d, now); err != nil {
			return err
		}
	}
	return err
}

// Blocked returns those of the hosts with which the home server is known to
// exchange nothing, by what it publishes or by the list that its admin gave us.
func (s *Store) Blocked(ctx context.Context, home string, hosts []string) (blocked map[string]bool, err error) {
	err = s.read(ctx, func(x q) error {
		blocked, err = blockedBy(ctx, x, home, hosts)
		return err
	})
	return blocked, err
}

func blockedBy(ctx context.Context, x q, home string, hosts []string) (map[string]bool, error) {
	blocked, byDigest, digests := map[string]bool{}, map[string][]string{}, []string{}
	for _, host := range hosts {
		for _, d := range social.DomainDigests(host) {
			if len(byDigest[d]) == 0 {
				digests = append(digests, d)
			}
			byDigest[d] = append(byDigest[d], host)
		}
	}
	found, err := list(ctx, x, scalar[string], `SELECT digest FROM blocked_domains WHERE host = $1 AND digest IN KEYS($2)
		UNION SELECT digest FROM given_blocks WHERE host = $1 AND digest IN KEYS($2)`, home, array(digests))
	for _, d := range found {
		for _, host := range byDigest[d] {
			blocked[host] = true
		}
	}
	return blocked, err
}

// refuseBlocked ends the planned FollowJobs to hosts that the Destination's
// server suspends: no request could make anything of them.
func refuseBlocked(ctx context.Context, x q, d social.Destination, now time.Time) (int, error) {
	jobs, err := list(ctx, x, scanJob, `SELECT `+jobColumns+` FROM follow_jobs WHERE destination_id = $1 AND state = 'planned' ORDER BY id`, d.ID)
	if err != nil || len(jobs) == 0 {
		return 0, err
	}
	hosts, seen := []string{}, map[string]bool{}
	for _, j := range jobs {
		if h := targetHost(j); !seen[h] {
			seen[h] = true
			hosts = append(hosts, h)
		}
	}
	blocked, err := blockedBy(ctx, x, d.Host, hosts)
	if err != nil || len(blocked) == 0 {
		return 0, err
	}
	var ids []int64
	for _, j := range jobs {
		if blocked[targetHost(j)] {
			ids = append(ids, j.ID)
		}
	}
	return x.exec(ctx, `UPDATE follow_jobs SET state = 'done', outcome = 'refused', reason = 'our-server', due_at = 0, updated_at = $2
		WHERE id IN IDS($1) AND state = 'planned'`, array(ids), micros(now))
}

func targetHost(j social.FollowJob) string { return wantedHandle(j).Host() }
