package store

import (
	"context"
	"time"

	"godwit/internal/social"
)

// Domain is a registrable domain as a host of look-ups.
type Domain struct {
	ID        int64
	Name      string
	Failures  int // in a row
	OpenUntil time.Time
	Day       string // UTC day of DayCount
	DayCount  int    // handles asked that day
}

// LookUp is one look-up to be done.
type LookUp struct {
	Handle   social.Handle
	Attempts int // that brought no answer, in a row
}

// NextLookUp returns the next due look-up of the claimed domain, and when the
// one after it is due. It counts the look-up into the domain's day before it is
// made. NotFound, with the instant of the next one or zero, when none is due,
// the domain is ill, or its 2,000 of a UTC day are used up.
func (s *Store) NextLookUp(ctx context.Context, t social.Task, now time.Time) (d Domain, look LookUp, next time.Time, err error) {
	err = s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.LookUpTask); err != nil {
			return err
		}
		if d, err = getDomain(ctx, x, t.ID, now); err != nil {
			return err
		}
		floor := d.openAt(now)
		id := int64(0)
		if !floor.After(now) {
			if id, look, err = firstLookUp(ctx, x, d.ID, now); err != nil {
				return err
			}
		}
		if next, err = nextDueAt(ctx, x, d.ID, id, 0, floor); err != nil {
			return err
		}
		if id == 0 {
			return notFound()
		}
		return countAsked(ctx, x, &d)
	})
	return d, look, next, err
}

// countAsked counts one more of a domain's day.
func countAsked(ctx context.Context, x q, d *Domain) error {
	d.DayCount++
	_, err := x.exec(ctx, `UPDATE domains SET day = $2, day_count = $3 WHERE id = $1`, d.ID, d.Day, d.DayCount)
	return err
}

func getDomain(ctx context.Context, x q, id int64, now time.Time) (d Domain, err error) {
	err = x.row(ctx, `SELECT id, name, failures, open_until, day, day_count FROM domains WHERE id = $1`, id).
		Scan(&d.ID, &d.Name, &d.Failures, moment{&d.OpenUntil}, &d.Day, &d.DayCount)
	if today := now.UTC().Format(time.DateOnly); d.Day != today {
		d.Day, d.DayCount = today, 0
	}
	return d, err
}

// openAt is when the domain may be asked again.
func (d Domain) openAt(now time.Time) time.Time {
	if d.DayCount < maxDomainDay {
		return d.OpenUntil
	}
	midnight := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	if d.OpenUntil.After(midnight) {
		return d.OpenUntil
	}
	return midnight
}

// firstLookUp returns the look-up whose turn it is, with id 0 when none is due.
func firstLookUp(ctx context.Context, x q, domainID int64, now time.Time) (id int64, look LookUp, err error) {
	rows, err := x.rows(ctx, `SELECT id, handle, attempts FROM lookups
		WHERE domain_id = $1 AND due_at > 0 AND due_at <= $2 ORDER BY turn, due_at, id LIMIT 1`, domainID, micros(now))
	if err != nil {
		return 0, LookUp{}, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&id, handle{&look.Handle}, &look.Attempts)
	}
	if err == nil {
		err = rows.Err()
	}
	return id, look, err
}

// nextDueAt is when the domain's next look-up or page apart from one is due,
// never before floor; zero for none.
func nextDueAt(ctx context.Context, x q, domainID, look, page int64, floor time.Time) (next time.Time, err error) {
	var looks, pages time.Time
	err = x.row(ctx, `SELECT (SELECT COALESCE(MIN(due_at), 0) FROM lookups WHERE domain_id = $1 AND due_at > 0 AND id <> $2),
		(SELECT COALESCE(MIN(due_at), 0) FROM link_pages WHERE domain_id = $1 AND due_at > 0 AND id <> $3)`, domainID, look, page).
		Scan(moment{&looks}, moment{&pages})
	next = looks
	if next.IsZero() || !pages.IsZero() && pages.Before(next) {
		next = pages
	}
	if !next.IsZero() && next.Before(floor) {
		next = floor
	}
	return next, err
}

// SaveResolution stores the answer under the claim, when to ask again (zero
// for not by itself), and the domain's health, and rings for the matching of
// every User who waits for it. An Ill answer does not overwrite what is known
// already; it only says when to ask again. d.Day and d.DayCount are kept by
// NextLookUp and not written.
func (s *Store) SaveResolution(ctx context.Context, t social.Task, d Domain, r social.Resolution, again time.Time, attempts int, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.LookUpTask); err != nil {
			return err
		}
		if err := saveHealth(ctx, x, t.ID, d); err != nil {
			return err
		}
		id, news, err := answer(ctx, x, t.ID, r, again, attempts)
		if err != nil {
			return err
		}
		if !again.IsZero() {
			if err := ring(ctx, x, social.LookUpTask, t.ID, again); err != nil {
				return err
			}
		}
		if !news {
			return nil
		}
		return spread(ctx, x, id, now)
	})
}

func saveHealth(ctx context.Context, x q, domainID int64, d Domain) error {
	_, err := x.exec(ctx, `UPDATE domains SET failures = $2, open_until = $3 WHERE id = $1`, domainID, d.Failures, micros(d.OpenUntil))
	return err
}

// answer writes a Resolution; news says whether it tells more than was known.
func answer(ctx context.Context, x q, domainID int64, r social.Resolution, again time.Time, attempts int) (id int64, news bool, err error) {
	var known social.ResolutionState
	err = x.row(ctx, `SELECT id, state FROM lookups WHERE handle_key = $1 AND domain_id = $2`, r.Asked.Key(), domainID).Scan(&id, &known)
	if err != nil {
		return 0, false, err
	}
	if r.State == social.Ill && known != social.Unresolved && known != social.Ill {
		_, err = x.exec(ctx, `UPDATE lookups SET due_at = $2, attempts = $3 WHERE id = $1`, id, micros(again), attempts)
		return id, false, err
	}
	_, err = x.exec(ctx, `UPDATE lookups SET state = $2, resolution = $3, final_key = $4, checked_at = $5, fresh_until = $6,
		due_at = $7, attempts = $8 WHERE id = $1`,
		id, string(r.State), encode(r), finalKey(r), micros(r.CheckedAt), micros(r.FreshUntil), micros(again), attempts)
	return id, true, err
}

// spread lets every Match of a look-up be graded.
func spread(ctx context.Context, x q, lookUpID int64, now time.Time) error {
	_, err := x.exec(ctx, `UPDATE matches SET waiting = false, grading = 1 WHERE lookup_id = $1`, lookUpID)
	if err != nil {
		return err
	}
	_, err = ringAll(ctx, x, social.MatchTask,
		`SELECT DISTINCT user_id AS subject, user_id, CAST($2 AS BIGINT) AS at FROM matches WHERE lookup_id = $1`, lookUpID, micros(now))
	return err
}
