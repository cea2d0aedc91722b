package store

import (
	"context"
	"strconv"
	"time"

	"godwit/internal/social"
)

// PlainListsPerDay is how many accounts of plain lists of addresses one User
// follows in a UTC day on a Godwit for many (ENG-09). Such a list holds whomever
// its writer put there; an export of a network tells whom somebody followed.
const PlainListsPerDay = 200

// spreadPlain gives the User's jobs that come from plain lists their days, the
// most certain first. It may be done again.
func (s *Store) spreadPlain(ctx context.Context, x q, userID int64, now time.Time) error {
	if s.plainPerDay == 0 {
		return nil
	}
	today := now.UTC().Truncate(24 * time.Hour)
	const plain = `j.user_id = $1 AND EXISTS (SELECT 1 FROM matches AS m, accounts AS a WHERE m.id = j.match_id AND a.id = m.account_id AND a.network = 'fediverse')`
	used, err := scalar[int](x.row(ctx, `SELECT count(*) FROM follow_jobs AS j WHERE `+plain+` AND j.asked_at >= $2`, userID, micros(today)))
	if err != nil {
		return err
	}
	_, err = x.exec(ctx, `UPDATE follow_jobs SET
			outcome = CASE WHEN turns.day = 0 THEN '' ELSE 'deferred' END, reason = CASE WHEN turns.day = 0 THEN '' ELSE $4 END,
			due_at = CASE WHEN turns.day = 0 THEN CAST($3 AS BIGINT) ELSE CAST($2 AS BIGINT) + turns.day * `+strconv.FormatInt((24*time.Hour).Microseconds(), 10)+` END
		FROM (SELECT j.id, (CAST($5 AS BIGINT) + row_number() OVER (ORDER BY j.rank, j.id) - 1) / `+strconv.Itoa(s.plainPerDay)+` AS day
			FROM follow_jobs AS j WHERE `+plain+` AND j.state = 'planned' AND j.attempts = 0 AND j.asked_at = 0 AND j.reason IN ('', $4)) AS turns
		WHERE follow_jobs.id = turns.id AND (turns.day > 0 OR follow_jobs.reason = $4)`,
		userID, micros(today), micros(now), string(social.ReasonPlain), used)
	return err
}

// PlainPerDay is how many accounts of plain lists one User follows a day, 0 for
// as many as they like.
func (s *Store) PlainPerDay() int { return s.plainPerDay }
