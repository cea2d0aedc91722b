package store

import (
	"context"
	"time"
)

// Count is a figure with how many people it comes from.
type Count struct {
	N      int `json:"n"`
	People int `json:"people"`
}

// Shown is the figure as others may see it: nothing of fewer than five people,
// and rounded down to fives, so that no difference tells of one (REG-09).
func (c Count) Shown() (n int, shown bool) {
	if c.People < smallest || c.N < smallest {
		return 0, false
	}
	return c.N / smallest * smallest, true
}

// WaveCounts are where a Wave stands. Nothing in it says who, or whom.
type WaveCounts struct {
	Joined   Count `json:"joined"`
	Imported Count `json:"imported"` // people who gave an export that was read
	Matched  Count `json:"matched"`  // for whom somebody was found
	Began    Count `json:"began"`    // whose following began
	Settled  Count `json:"settled"`  // of them, for whom nothing waits
	Followed Count `json:"followed"` // from here on follows, with the people whose they are
	Asked    Count `json:"asked"`
	Waiting  Count `json:"waiting"`
	Refused  Count `json:"refused"`
}

// WaveAt is where a Wave stood.
type WaveAt struct {
	At time.Time
	WaveCounts
}

// CountWave counts a Wave that the User may see.
func (s *Store) CountWave(ctx context.Context, userID, id int64) (c WaveCounts, err error) {
	err = s.read(ctx, func(x q) error {
		if _, err := scanWave(x.row(ctx, `SELECT `+waveColumns+` FROM waves AS w WHERE id = $2 AND `+sees, userID, id)); err != nil {
			return err
		}
		c, err = countWave(ctx, x, id)
		return err
	})
	return c, err
}

func countWave(ctx context.Context, x q, id int64) (c WaveCounts, err error) {
	people := []*Count{&c.Joined, &c.Imported, &c.Matched, &c.Began, &c.Settled}
	into := make([]any, len(people))
	for i := range people {
		into[i] = &people[i].N
	}
	err = x.row(ctx, `SELECT count(*), COALESCE(SUM(imported), 0), COALESCE(SUM(matched), 0), COALESCE(SUM(began), 0), COALESCE(SUM(began * (1 - waits)), 0) FROM (
		SELECT CASE WHEN EXISTS (SELECT 1 FROM sources WHERE user_id = m.user_id AND state = 'done') THEN 1 ELSE 0 END AS imported,
			CASE WHEN EXISTS (SELECT 1 FROM matches WHERE user_id = m.user_id AND handle_key <> '') THEN 1 ELSE 0 END AS matched,
			CASE WHEN EXISTS (SELECT 1 FROM follow_jobs WHERE destination_id = m.destination_id AND state <> 'canceled') THEN 1 ELSE 0 END AS began,
			CASE WHEN EXISTS (SELECT 1 FROM follow_jobs WHERE destination_id = m.destination_id AND state = 'planned') THEN 1 ELSE 0 END AS waits
		FROM wave_members AS m WHERE m.wave_id = $1) AS stands`, id).Scan(into...)
	if err != nil {
		return c, err
	}
	for _, p := range people {
		p.People = p.N
	}
	groups, err := list(ctx, x, func(r scanner) (g followGroup, err error) { return g, r.Scan(&g.name, &g.N, &g.People) },
		`SELECT name, count(*), count(DISTINCT destination_id) FROM (
			SELECT j.destination_id, CASE
				WHEN j.state = 'planned' OR j.outcome = 'deferred' THEN 'waiting' WHEN j.outcome = 'requested' THEN 'asked'
				WHEN j.outcome IN ('refused', 'gone') THEN 'refused' WHEN j.outcome IN ('followed', 'already', 'moved') THEN 'followed'
				ELSE '' END AS name
			FROM wave_members AS m INNER JOIN follow_jobs AS j ON j.destination_id = m.destination_id
			WHERE m.wave_id = $1 AND j.state <> 'canceled') AS jobs GROUP BY name`, id)
	for _, g := range groups {
		if into := map[string]*Count{"followed": &c.Followed, "asked": &c.Asked, "waiting": &c.Waiting, "refused": &c.Refused}[g.name]; into != nil {
			*into = g.Count
		}
	}
	return c, err
}

type followGroup struct {
	name string
	Count
}

// ListWaveCounts lists where a Wave that the User may see stood, hour by hour.
func (s *Store) ListWaveCounts(ctx context.Context, userID, id int64) ([]WaveAt, error) {
	all, err := list(ctx, s.reading, func(r scanner) (a WaveAt, err error) {
		return a, r.Scan(moment{&a.At}, document{&a.WaveCounts})
	}, `SELECT c.at, c.counts FROM waves AS w INNER JOIN wave_counts AS c ON c.wave_id = w.id WHERE w.id = $2 AND `+sees+` ORDER BY c.at`, userID, id)
	return all, s.d.mean(err)
}

// CountWaves writes where each started Wave stands, once an hour. Several
// processes may do it.
func (s *Store) CountWaves(ctx context.Context, now time.Time) error {
	at := now.UTC().Truncate(time.Hour)
	due, err := list(ctx, s.reading, scalar[int64], `SELECT id FROM waves WHERE started_at > 0 AND started_at <= $2
		AND NOT EXISTS (SELECT 1 FROM wave_counts WHERE wave_id = waves.id AND at >= $1) ORDER BY id`, micros(at), micros(now))
	if err != nil {
		return s.d.mean(err)
	}
	for _, id := range due {
		err := s.write(ctx, func(x q) error {
			c, err := countWave(ctx, x, id)
			if err != nil {
				return err
			}
			_, err = x.exec(ctx, `INSERT INTO wave_counts (wave_id, at, counts) SELECT id, CAST($2 AS BIGINT), $3 FROM waves WHERE id = $1
				ON CONFLICT (wave_id, at) DO NOTHING`, id, micros(at), encode(c))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
