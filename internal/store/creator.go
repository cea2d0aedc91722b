package store

import (
	"context"
	"math/rand/v2"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// CreatorCounts is what a registrant is told of those who moved through here:
// each number rounded down to fives and 0 for fewer, so that nobody can be
// guessed from them, and the same all day long (REG-09).
type CreatorCounts struct {
	Followed  int // Users who followed the X account
	Led       int // of them follow the new one, or asked to
	Waiting   int // of them have the follow planned
	CountedAt time.Time
	DueAt     time.Time // when it is counted again
}

// CountsFor returns the numbers of a registrant, which are counted anew at the
// first question after their day. NotFound when nothing is published.
func (s *Store) CountsFor(ctx context.Context, userID int64, now time.Time) (c CreatorCounts, err error) {
	err = s.write(ctx, func(x q) error {
		r, err := getRegistration(ctx, x, userID)
		if err != nil {
			return err
		}
		if r.Audience == social.Unpublished {
			return notFound()
		}
		c, err = scanCreatorCounts(x.row(ctx, `SELECT followed, led, waiting, counted_at, due_at FROM creator_counts WHERE user_id = $1`, userID))
		if err = x.d.mean(err); err == nil && now.Before(c.DueAt) || err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		c, err = countFollowers(ctx, x, r)
		if err != nil {
			return err
		}
		c.CountedAt, c.DueAt = now, nextCount(now)
		_, err = x.exec(ctx, `INSERT INTO creator_counts (user_id, followed, led, waiting, counted_at, due_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (user_id) DO UPDATE SET followed = excluded.followed, led = excluded.led, waiting = excluded.waiting,
				counted_at = excluded.counted_at, due_at = excluded.due_at`, userID, c.Followed, c.Led, c.Waiting, micros(c.CountedAt), micros(c.DueAt))
		return err
	})
	return c, err
}

func scanCreatorCounts(r scanner) (c CreatorCounts, err error) {
	return c, r.Scan(&c.Followed, &c.Led, &c.Waiting, moment{&c.CountedAt}, moment{&c.DueAt})
}

// nextCount is a minute of the next day that nobody can foresee: who watches
// the numbers while somebody joins sees nothing.
func nextCount(now time.Time) time.Time {
	return now.UTC().Truncate(24 * time.Hour).Add(24*time.Hour + time.Duration(rand.IntN(24*60))*time.Minute)
}

// countFollowers counts Users other than the registrant. A number of the X
// account that X itself did not tell is not counted by.
func countFollowers(ctx context.Context, x q, r social.Registration) (c CreatorCounts, err error) {
	number := ""
	if r.XIDProven {
		number = clean(r.XID)
	}
	err = x.row(ctx, `SELECT count(DISTINCT user_id) FROM (
			SELECT user_id FROM accounts WHERE following AND native_id <> '' AND native_id = $1 AND network = 'x'
			UNION SELECT user_id FROM accounts WHERE following AND username_key <> '' AND username_key = $2 AND network = 'x'
			UNION SELECT user_id FROM matches WHERE handle_key = $3 AND certainty IN ('certain', 'likely') AND lookup_id IN (
				SELECT id FROM lookups WHERE handle_key = $3 UNION SELECT id FROM lookups WHERE final_key <> '' AND final_key = $3)) AS them
		WHERE user_id <> $4`, number, lower(r.Username), r.Handle.Key(), r.UserID).Scan(&c.Followed)
	if err != nil {
		return c, err
	}
	err = x.row(ctx, `SELECT count(DISTINCT CASE WHEN state = 'done' THEN user_id END), count(DISTINCT CASE WHEN state = 'planned' THEN user_id END)
		FROM follow_jobs WHERE handle_key = $1 AND user_id <> $2 AND (state = 'planned' OR state = 'done' AND outcome IN ('followed', 'already', 'requested'))`,
		r.Handle.Key(), r.UserID).Scan(&c.Led, &c.Waiting)
	c.Followed, c.Led, c.Waiting = inSteps(c.Followed), inSteps(c.Led), inSteps(c.Waiting)
	return c, err
}

func inSteps(n int) int { return n - n%countStep }
