package store

import (
	"context"
	"slices"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// HostCount is how many of the people that a User follows are on a server.
type HostCount struct {
	Host string
	N    int
}

// PeopleByHost counts the people found, certain or likely, by server, the most
// first; rejected ones are not counted.
func (s *Store) PeopleByHost(ctx context.Context, userID int64, limit int) ([]HostCount, error) {
	all, err := list(ctx, s.reading, func(r scanner) (c HostCount, err error) { return c, r.Scan(&c.Host, &c.N) },
		`SELECT host, count(DISTINCT account_id) AS n FROM matches WHERE user_id = $1 AND handle_key <> '' AND decision <> 'rejected'
			AND certainty IN ('certain', 'likely') GROUP BY host ORDER BY n DESC, host LIMIT $2`, userID, limit)
	return all, s.d.mean(err)
}

// ArrivalsByWeek counts the User's arrivals in weeks from an instant on: how
// many there were in the first one, the second, and so on.
func (s *Store) ArrivalsByWeek(ctx context.Context, userID int64, from time.Time, weeks int) ([]int, error) {
	type week struct{ no, n int }
	all, err := list(ctx, s.reading, func(r scanner) (w week, err error) { return w, r.Scan(&w.no, &w.n) },
		`SELECT (v.found_at - $2) / $3 AS week, count(*) FROM arrivals AS v JOIN matches AS m ON m.id = v.match_id
			WHERE v.user_id = $1 AND v.found_at >= $2 AND m.decision <> 'rejected' GROUP BY (v.found_at - $2) / $3`,
		userID, micros(from), (7 * 24 * time.Hour).Microseconds())
	if err != nil {
		return nil, s.d.mean(err)
	}
	counts := make([]int, weeks)
	for _, w := range all {
		if w.no < weeks {
			counts[w.no] = w.n
		}
	}
	return counts, nil
}

// KnownServers returns what the hosts said of themselves, and how many of them
// are not asked yet or were asked days ago.
func (s *Store) KnownServers(ctx context.Context, hosts []string, now time.Time) (known []social.Server, unknown int, err error) {
	fresh := 0
	known, err = list(ctx, s.reading, func(r scanner) (a social.Server, err error) {
		var dueAt time.Time
		err = r.Scan(document{&a}, moment{&dueAt})
		if now.Before(dueAt) {
			fresh++
		}
		return a, err
	}, `SELECT about, due_at FROM servers WHERE host IN KEYS($1)`, array(hosts))
	known = slices.DeleteFunc(known, func(a social.Server) bool { return a.Host == "" })
	return known, len(hosts) - fresh, s.d.mean(err)
}

// CommonServers returns open servers for somebody of whom nothing is known:
// those on which at least so many people were found here that nobody can be
// guessed from them.
func (s *Store) CommonServers(ctx context.Context) ([]social.Server, error) {
	all, err := list(ctx, s.reading, func(r scanner) (a social.Server, err error) { return a, r.Scan(document{&a}) },
		`SELECT about FROM servers AS v WHERE v.told AND v.about <> ''
			AND (SELECT count(*) FROM lookups AS l WHERE l.domain_id = (SELECT id FROM domains WHERE name = v.domain)
				AND l.host = v.host AND l.state = 'found') >= $1 ORDER BY v.host LIMIT $2`, countStep, maxPage)
	return all, s.d.mean(err)
}

// AskServers rings for those of the hosts that are to be asked: never yet, or
// not for days. It returns how many these are.
func (s *Store) AskServers(ctx context.Context, hosts []string, now time.Time) (asking int, err error) {
	err = s.write(ctx, func(x q) error {
		for _, host := range hosts {
			if _, err := x.exec(ctx, `INSERT INTO servers (host, domain, told, about, asked_at, due_at) VALUES ($1, $2, false, '', 0, 0)
				ON CONFLICT (host) DO NOTHING`, clean(host), registrable(host)); err != nil {
				return err
			}
		}
		asking, err = ringAll(ctx, x, social.ServerTask, `SELECT id AS subject, CAST(NULL AS BIGINT) AS user_id, CAST($2 AS BIGINT) AS at
			FROM servers WHERE host IN KEYS($1) AND due_at <= $2`, array(hosts), micros(now))
		return err
	})
	return asking, err
}

// ServerFor returns the host that a claimed task is about.
func (s *Store) ServerFor(ctx context.Context, t social.Task) (string, error) {
	host, err := scalar[string](s.reading.row(ctx, `SELECT host FROM servers WHERE id = $1`, t.ID))
	return host, s.d.mean(err)
}

// SaveServer stores what the server of a claimed task said, or that it said
// nothing: then what it said before stands.
func (s *Store) SaveServer(ctx context.Context, t social.Task, about social.Server, told bool, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.ServerTask); err != nil {
			return err
		}
		if !told {
			_, err := x.exec(ctx, `UPDATE servers SET told = false, asked_at = $2, due_at = $3 WHERE id = $1`, t.ID, micros(now), micros(now.Add(serverAgain)))
			return err
		}
		n, err := x.exec(ctx, `UPDATE servers SET told = true, about = $2, asked_at = $3, due_at = $4 WHERE id = $1`,
			t.ID, encode(about), micros(now), micros(now.Add(serverFresh)))
		if err == nil && n == 0 {
			return fault.New(fault.NotFound, "not-found", "Nobody wants to know about this server any more.")
		}
		return err
	})
}
