package store

import (
	"context"
	"time"

	"godwit/internal/social"
)

// Stock is how much of everything there is, for whoever operates this Godwit.
// It names nobody.
type Stock struct {
	Users        int
	Destinations map[social.DestinationState]int
	Jobs         map[social.JobState]int
	Tasks        map[social.TaskKind]Queue
	LeftAlone    int // servers
	Ill          int // home servers that do not answer
}

// Queue is the tasks of one kind.
type Queue struct {
	Due     int // at once
	Waiting int // for their time
	Claimed int
	Oldest  time.Time // since when the first of the due ones is
}

// Stock counts.
func (s *Store) Stock(ctx context.Context, now time.Time) (k Stock, err error) {
	err = s.read(ctx, func(x q) error {
		k = Stock{Destinations: map[social.DestinationState]int{}, Jobs: map[social.JobState]int{}, Tasks: map[social.TaskKind]Queue{}}
		err := x.row(ctx, `SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM homes WHERE alone OR shut), (SELECT count(*) FROM homes WHERE ill)`).
			Scan(&k.Users, &k.LeftAlone, &k.Ill)
		if err != nil {
			return err
		}
		if err := tally(ctx, x, k.Destinations, `SELECT state, count(*) FROM destinations GROUP BY 1`); err != nil {
			return err
		}
		if err := tally(ctx, x, k.Jobs, `SELECT state, count(*) FROM follow_jobs GROUP BY 1`); err != nil {
			return err
		}
		return k.countTasks(ctx, x, now)
	})
	return k, err
}

func tally[K ~string](ctx context.Context, x q, into map[K]int, text string) error {
	type group struct {
		key K
		n   int
	}
	rows, err := list(ctx, x, func(r scanner) (g group, err error) { return g, r.Scan(&g.key, &g.n) }, text)
	for _, g := range rows {
		into[g.key] = g.n
	}
	return err
}

func (k *Stock) countTasks(ctx context.Context, x q, now time.Time) error {
	type line struct {
		kind social.TaskKind
		Queue
	}
	rows, err := list(ctx, x, func(r scanner) (l line, err error) {
		return l, r.Scan(&l.kind, &l.Due, &l.Waiting, &l.Claimed, moment{&l.Oldest})
	}, `SELECT kind,
			COALESCE(SUM(CASE WHEN claimed_until <= $1 AND ready_at > 0 AND ready_at <= $1 THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN claimed_until <= $1 AND ready_at > $1 THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN claimed_until > $1 THEN 1 ELSE 0 END), 0),
			COALESCE(MIN(CASE WHEN claimed_until <= $1 AND ready_at > 1 AND ready_at <= $1 THEN ready_at END), 0)
		FROM tasks GROUP BY kind`, micros(now))
	for _, l := range rows {
		k.Tasks[l.kind] = l.Queue
	}
	return err
}
