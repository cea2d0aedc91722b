package store

import (
	"context"
	"time"

	"godwit/internal/social"
)

// putOff spreads the follows of an account that very many want: what would be
// more than crowdPerDay in a UTC day waits for a later one, in the order in
// which it was planned (ENG-09). A follow that may have been sent is counted
// already, and not put off. Whoever does not go on at the moment holds no place.
// listed says that it is not found before it is followed, but goes into a list.
func putOff(ctx context.Context, x q, jobID int64, listed bool, now time.Time) (later bool, err error) {
	var key string
	var found, sent bool
	err = x.row(ctx, `SELECT handle_key, remote_id <> '' AND state = 'planned',
		attempts > 0 OR reason IN ('unclear', 'gave-up') FROM follow_jobs WHERE id = $1`, jobID).Scan(&key, &found, &sent)
	if err != nil || !found && !listed || sent {
		return false, err
	}
	today := now.UTC().Truncate(24 * time.Hour)
	asked, err := scalar[int](x.row(ctx, `SELECT count(*) FROM follow_jobs WHERE handle_key = $1 AND id <> $2 AND (
		asked_at >= $3 OR state = 'planned' AND remote_id <> '' AND attempts > 0 AND updated_at >= $3)`, key, jobID, micros(today)))
	if err != nil {
		return false, err
	}
	ahead, dueToday, err := crowdAhead(ctx, x, key, jobID, today.Add(24*time.Hour))
	if err != nil || asked+dueToday < crowdPerDay {
		return false, err
	}
	days := time.Duration((asked + ahead) / crowdPerDay) // at least one: whose day it is are among those ahead
	_, err = x.exec(ctx, `UPDATE follow_jobs SET outcome = 'deferred', reason = $2, due_at = $3, updated_at = $4 WHERE id = $1`,
		jobID, string(social.ReasonCrowd), micros(today.Add(days*24*time.Hour)), micros(now))
	return true, err
}

// crowdAhead counts who was put off before the job and goes on by itself, and
// whose day it is of them.
func crowdAhead(ctx context.Context, x q, key string, jobID int64, tomorrow time.Time) (ahead, dueToday int, err error) {
	err = x.row(ctx, `SELECT count(*), COALESCE(SUM(CASE WHEN j.due_at < $4 THEN 1 ELSE 0 END), 0)
		FROM follow_jobs AS j INNER JOIN destinations AS d ON d.id = j.destination_id
		WHERE j.handle_key = $1 AND j.id < $2 AND j.state = 'planned' AND j.reason = $3
		AND d.state = 'active' AND d.follow_state = 'running'`, key, jobID, string(social.ReasonCrowd), micros(tomorrow)).Scan(&ahead, &dueToday)
	return ahead, dueToday, err
}
