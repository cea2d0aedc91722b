package store

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const homeColumns = `host, open_at, cap, quiet_from, quiet_to, quiet_zone, alone, shut, robots_at, ill, gentle_until`

func scanHome(r scanner) (h social.Home, err error) {
	err = r.Scan(&h.Host, moment{&h.OpenAt}, &h.Cap, &h.Quiet.From, &h.Quiet.To, &h.Quiet.Zone, &h.Alone, &h.Shut,
		moment{&h.RobotsAt}, &h.Ill, moment{&h.GentleUntil})
	return h, err
}

func getHome(ctx context.Context, x q, host string) (social.Home, error) {
	all, err := list(ctx, x, scanHome, `SELECT `+homeColumns+` FROM homes WHERE host = $1`, host)
	if err != nil || len(all) == 0 {
		return social.Home{Host: host}, err
	}
	return all[0], nil
}

// GetHome returns what is known of a server, from which nobody need follow.
func (s *Store) GetHome(ctx context.Context, host string) (h social.Home, err error) {
	err = s.read(ctx, func(x q) error {
		h, err = getHome(ctx, x, host)
		return err
	})
	return h, err
}

// ListHomes lists the servers for which the operator wishes something, or that
// are to be left alone.
func (s *Store) ListHomes(ctx context.Context) (all []social.Home, err error) {
	err = s.read(ctx, func(x q) error {
		all, err = list(ctx, x, scanHome, `SELECT `+homeColumns+` FROM homes
			WHERE alone OR shut OR cap > 0 OR quiet_from <> quiet_to ORDER BY host`)
		return err
	})
	return all, err
}

// SaveWishes stores what the operator wishes for a server: Cap, Quiet and Alone.
// It holds from the next request on, in every process.
func (s *Store) SaveWishes(ctx context.Context, h social.Home) error {
	return s.write(ctx, func(x q) error {
		if err := addHome(ctx, x, h.Host); err != nil {
			return err
		}
		_, err := x.exec(ctx, `UPDATE homes SET cap = $2, quiet_from = $3, quiet_to = $4, quiet_zone = $5, alone = $6, asked_alone = false, open_at = 0 WHERE host = $1`,
			h.Host, h.Cap, h.Quiet.From, h.Quiet.To, h.Quiet.Zone, h.Alone)
		if err != nil || !h.Alone {
			return err
		}
		return turnAway(ctx, x, h.Host)
	})
}

// turnAway ends all planned jobs that lead to a server.
func turnAway(ctx context.Context, x q, host string) error {
	_, err := x.exec(ctx, `UPDATE follow_jobs SET `+turnedAway+` WHERE state = 'planned' AND handle_key LIKE '%@' || $1`, host)
	return err
}

// turnedAway ends a job whose account lives on a server that is to be left
// alone: our home server would ask there for our sake. One that is in a list
// already may be followed, and is looked for no more.
const turnedAway = `state = CASE WHEN reason = 'handed' THEN 'canceled' ELSE 'done' END,
	outcome = CASE WHEN reason = 'handed' THEN outcome ELSE 'refused' END,
	reason = CASE WHEN reason = 'handed' THEN reason ELSE 'their-server' END, due_at = 0`

// refuseAlone ends the planned jobs that lead to servers which are to be left alone.
func refuseAlone(ctx context.Context, x q, destinationID int64) (int, error) {
	hosts, err := list(ctx, x, scalar[string], `SELECT host FROM homes WHERE alone ORDER BY host`)
	refused := 0
	for _, host := range hosts {
		n, err := x.exec(ctx, `UPDATE follow_jobs SET `+turnedAway+` WHERE destination_id = $2 AND state = 'planned'
			AND handle_key LIKE '%@' || $1`, host, destinationID)
		if err != nil {
			return refused, err
		}
		refused += n
	}
	return refused, err
}

// SaveRobots stores whether the server's robots.txt asks us to stay away, and
// when to read it again; until then nothing else is asked of one that does.
func (s *Store) SaveRobots(ctx context.Context, host string, shut bool, next time.Time) error {
	return s.write(ctx, func(x q) error {
		if err := addHome(ctx, x, host); err != nil {
			return err
		}
		_, err := x.exec(ctx, `UPDATE homes SET shut = $2, robots_at = $3,
			open_at = CASE WHEN $2 AND open_at < $3 THEN $3 ELSE open_at END WHERE host = $1`, host, shut, micros(next))
		return err
	})
}

// SaveHealth stores Ill and GentleUntil, and that the server is not asked before OpenAt.
func (s *Store) SaveHealth(ctx context.Context, h social.Home) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `UPDATE homes SET ill = $2, gentle_until = $3, open_at = CASE WHEN open_at > $4 THEN open_at ELSE $4 END WHERE host = $1`,
			h.Host, h.Ill, micros(h.GentleUntil), micros(h.OpenAt))
		return err
	})
}

func addHome(ctx context.Context, x q, host string) error {
	_, err := x.exec(ctx, `INSERT INTO homes (host) VALUES ($1) ON CONFLICT (host) DO NOTHING`, host)
	return err
}

// Entry is what an act will ask of a home server, and the pace of all who
// follow from there.
type Entry struct {
	Requests int
	Robots   bool          // it is robots.txt that is read, which the server may have shut us out by
	Each     time.Duration // between two requests
	Burst    time.Duration // how much of a pause may be made up for
}

// EnterHome takes places in the row at a home server's door for the claimed
// Destination, right before it is asked. Wait says when the next place is free,
// Conflict that the server is to be left alone: in both cases nothing was
// taken, and nothing may be sent.
func (s *Store) EnterHome(ctx context.Context, t social.Task, host string, e Entry, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if !atHome(t.Kind) {
			return stale()
		}
		owner, err := fence(ctx, x, t, t.Kind)
		if err != nil {
			return err
		}
		n, err := x.exec(ctx, `UPDATE homes SET open_at = CASE WHEN open_at > $3 THEN open_at ELSE $3 END + $4, pause = $6
			WHERE host = $1 AND open_at <= $2 AND NOT alone AND (NOT shut OR $5)`,
			host, micros(now), micros(now.Add(-e.Burst)), (time.Duration(e.Requests) * e.Each).Microseconds(), e.Robots, e.Each.Microseconds())
		if err != nil {
			return err
		}
		if n == 0 {
			return closed(ctx, x, host)
		}
		_, err = x.exec(ctx, `INSERT INTO home_turns (host, user_id, day, served) VALUES ($1, $2, $3, $4)
			ON CONFLICT (host, user_id) DO UPDATE SET day = excluded.day,
				served = excluded.served + CASE WHEN home_turns.day = excluded.day THEN home_turns.served ELSE 0 END`,
			host, owner, dayOf(now), e.Requests)
		return err
	})
}

// closed says why the home server may not be asked.
func closed(ctx context.Context, x q, host string) error {
	h, err := getHome(ctx, x, host)
	if err != nil {
		return err
	}
	if h.LeftAlone() {
		return notNow()
	}
	return fault.WaitUntil(h.OpenAt, "home-crowded", "Others are being followed from {host} too. We take turns.", "host", host)
}

// dayOf counts UTC days since 1970.
func dayOf(now time.Time) int64 { return now.Unix() / daySeconds }
