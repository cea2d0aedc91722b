package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"godwit/internal/fault"
)

// terms are what a Wave allows at an instant.
type terms struct {
	id       int64
	all, one int // follows an hour
	paused   bool
}

// termsOf reads the terms of the Wave that the Destination is in; the zero
// value stands for none.
func termsOf(ctx context.Context, x q, destinationID int64, now time.Time) (t terms, err error) {
	var slow time.Time
	err = x.row(ctx, `SELECT w.id, w.cap_all, w.cap_one, w.paused_at > 0, w.slow_until FROM wave_members AS m INNER JOIN waves AS w ON w.id = m.wave_id
		WHERE m.destination_id = $1`, destinationID).Scan(&t.id, &t.all, &t.one, &t.paused, moment{&slow})
	if errors.Is(err, sql.ErrNoRows) {
		return terms{}, nil
	}
	if now.Before(slow) {
		t.all, t.one = (t.all+1)/2, (t.one+1)/2
	}
	return t, err
}

// slotOf is the five minutes in which an instant lies.
func slotOf(now time.Time) time.Time { return now.UTC().Truncate(loadSlot) }

// holds is until when a Wave lets the Destination begin no follow, zero when it
// may. The hour's cap is spread over its slots, so that a wave never breaks all
// at once; no sixty minutes hold more than the cap.
func (t terms) holds(ctx context.Context, x q, destinationID int64, now time.Time) (time.Time, error) {
	if t.id == 0 {
		return time.Time{}, nil
	}
	if t.paused {
		return now.Add(pausedRest), nil // resuming rings
	}
	var hour, slot, own int
	err := x.row(ctx, `SELECT COALESCE(SUM(follows), 0), COALESCE(SUM(CASE WHEN at = $3 THEN follows ELSE 0 END), 0) FROM wave_loads
		WHERE wave_id = $1 AND at >= $2`, t.id, micros(slotOf(now).Add(-time.Hour)), micros(slotOf(now))).Scan(&hour, &slot)
	if err != nil {
		return time.Time{}, err
	}
	ago := micros(now.Add(-time.Hour))
	err = x.row(ctx, `SELECT count(*) FROM follow_jobs WHERE destination_id = $1 AND updated_at > $2
		AND (asked_at > $2 OR state = 'planned' AND attempts > 0)`, destinationID, ago).Scan(&own)
	const slots = int(time.Hour / loadSlot)
	if err != nil || hour < t.all && slot < (t.all+slots-1)/slots && own < t.one {
		return time.Time{}, err
	}
	return slotOf(now).Add(loadSlot), nil
}

// heldByWave is until when the Wave of the Destination lets it begin no follow,
// zero when it may or nothing waits.
func heldByWave(ctx context.Context, x q, t terms, destinationID int64, now time.Time) (time.Time, error) {
	until, err := t.holds(ctx, x, destinationID, now)
	if err != nil || until.IsZero() {
		return time.Time{}, err
	}
	waits, err := scalar[bool](x.row(ctx, `SELECT EXISTS (SELECT 1 FROM follow_jobs WHERE destination_id = $1 AND state = 'planned')`, destinationID))
	if !waits {
		until = time.Time{}
	}
	return until, err
}

// enterWave counts a follow that is about to begin for a Wave's member, or is a
// Wait: others of the Wave may have begun since the work was read.
func enterWave(ctx context.Context, x q, destinationID, jobID int64, now time.Time) error {
	t, err := termsOf(ctx, x, destinationID, now)
	if err != nil || t.id == 0 {
		return err
	}
	var planned, found bool
	err = x.row(ctx, `SELECT state = 'planned', remote_id <> '' FROM follow_jobs WHERE id = $1`, jobID).Scan(&planned, &found)
	if err != nil || !planned {
		return err
	}
	// A write, so that PostgreSQL lets one at a time pass the cap.
	if _, err := x.exec(ctx, `UPDATE waves SET code = code WHERE id = $1`, t.id); err != nil {
		return err
	}
	until, err := t.holds(ctx, x, destinationID, now)
	if err != nil {
		return err
	}
	if !until.IsZero() {
		return fault.WaitUntil(until, "wave-crowded", "Others of your wave are followed for at the moment. We take turns.")
	}
	if !found { // it is only looked for, and counts when it is followed
		return nil
	}
	return addLoad(ctx, x, t.id, now, 1, 0, 0)
}

func addLoad(ctx context.Context, x q, waveID int64, now time.Time, follows, requests, slow int) error {
	_, err := x.exec(ctx, `INSERT INTO wave_loads (wave_id, at, follows, requests, slow) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (wave_id, at) DO UPDATE SET follows = wave_loads.follows + excluded.follows,
			requests = wave_loads.requests + excluded.requests, slow = wave_loads.slow + excluded.slow`,
		waveID, micros(slotOf(now)), follows, requests, slow)
	return err
}

// NoteLoad counts what was asked of a Wave's own server, and how much of it was
// answered with "slow down" or not at all. Where that happens often the Wave
// goes on at half its pace for an hour.
func (s *Store) NoteLoad(ctx context.Context, waveID int64, requests, slow int, now time.Time) error {
	return s.write(ctx, func(x q) error {
		exists, err := x.exec(ctx, `UPDATE waves SET code = code WHERE id = $1`, waveID)
		if err != nil || exists == 0 {
			return err
		}
		if err := addLoad(ctx, x, waveID, now, 0, requests, slow); err != nil || slow == 0 {
			return err
		}
		_, err = x.exec(ctx, `UPDATE waves SET slow_at = $2, slow_until = $3, slow_by = '' WHERE id = $1 AND slow_until <= $2
			AND (SELECT SUM(slow) FROM wave_loads WHERE wave_id = $1 AND at > $4) >= $5`,
			waveID, micros(now), micros(now.Add(slowRest)), micros(now.Add(-time.Hour)), slowAfter)
		return err
	})
}

// WaveLoad is what a Wave asks of servers.
type WaveLoad struct {
	Joined   int
	Requests int // a minute, to its own server, over the last full five
	Others   int // a minute, to the busiest other server, over the last hour: reckoned from the follows there
	Slow     int // answers "slow down" of its own server in the last hour, and none
	Hour     int // follows begun in the last hour
	people   int // who follow at the busiest other server
}

// Load reads the load of a Wave that the User may see.
func (s *Store) Load(ctx context.Context, userID, id int64, now time.Time) (l WaveLoad, err error) {
	err = s.read(ctx, func(x q) error {
		if _, err := scanWave(x.row(ctx, `SELECT `+waveColumns+` FROM waves AS w WHERE id = $2 AND `+sees, userID, id)); err != nil {
			return err
		}
		if l.Joined, err = joined(ctx, x, id); err != nil {
			return err
		}
		last, ago := micros(slotOf(now).Add(-loadSlot)), micros(now.Add(-time.Hour))
		err := x.row(ctx, `SELECT COALESCE(SUM(CASE WHEN at = $2 THEN requests ELSE 0 END), 0), COALESCE(SUM(slow), 0), COALESCE(SUM(follows), 0)
			FROM wave_loads WHERE wave_id = $1 AND at > $3`, id, last, ago).Scan(&l.Requests, &l.Slow, &l.Hour)
		if err != nil {
			return err
		}
		l.Requests = (l.Requests + 4) / int(loadSlot/time.Minute)
		var follows int
		err = x.row(ctx, `SELECT COALESCE(MAX(n), 0), COALESCE(MAX(people), 0) FROM (
			SELECT j.domain, count(*) AS n, count(DISTINCT j.destination_id) AS people FROM wave_members AS m
			INNER JOIN follow_jobs AS j ON j.destination_id = m.destination_id
			WHERE m.wave_id = $1 AND j.updated_at > $2 AND j.asked_at > $2 GROUP BY j.domain) AS busy`, id, ago).Scan(&follows, &l.people)
		if l.people < smallest {
			follows = 0
		}
		l.Others = (follows*requestsPerFollow + 59) / 60
		return err
	})
	return l, err
}
