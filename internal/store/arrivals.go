package store

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"strconv"
	"strings"
	"time"

	"godwit/internal/social"
)

// Arrival is a Match that was found after the first look for the person.
type Arrival struct {
	Match   social.Match
	FoundAt time.Time
	New     bool // the page did not show it yet
}

// settleAccounts marks the Accounts for which the first look is over: read, and no
// look-up is under way. What is found for them from now on is an arrival.
func settleAccounts(ctx context.Context, x q, userID int64, now time.Time) error {
	_, err := x.exec(ctx, `UPDATE accounts SET settled_at = $2 WHERE user_id = $1 AND following AND settled_at = 0 AND read_at > 0
		AND NOT EXISTS (SELECT 1 FROM matches AS m WHERE m.account_id = accounts.id AND (m.waiting OR m.grading > 0))`, userID, micros(now))
	return err
}

// WatchSettled says that the User's matching rests: every Account whose first look
// is over is watched from now on.
func (s *Store) WatchSettled(ctx context.Context, t social.Task, now time.Time) error {
	return s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.MatchTask)
		if err != nil {
			return err
		}
		return settleAccounts(ctx, x, owner, now)
	})
}

// arrive notes the Matches that became certain or likely for an Account whose
// first look was over, has no other such Match and is nobody's to decide yet.
// Each is told once, whatever becomes of it later.
func arrive(ctx context.Context, x q, userID int64, ids []int64, now time.Time) error {
	_, err := x.exec(ctx, `INSERT INTO arrivals (match_id, user_id, found_at, seen_at)
		SELECT m.id, m.user_id, CAST($3 AS BIGINT), 0 FROM LIST($2) JOIN matches AS m ON m.id = CAST(e.value AS BIGINT)
			JOIN accounts AS a ON a.id = m.account_id JOIN users AS u ON u.id = m.user_id
		WHERE +m.user_id = $1 AND u.watching AND m.handle_key <> '' AND m.certainty IN ('certain', 'likely') AND NOT m.conflict AND m.decided_at = 0
			AND a.settled_at > 0 AND NOT a.blocked
			AND NOT EXISTS (SELECT 1 FROM matches AS n JOIN arrivals AS o ON o.match_id = n.id WHERE n.account_id = m.account_id)
			AND NOT EXISTS (SELECT 1 FROM matches AS n WHERE n.account_id = m.account_id AND n.id <> m.id AND n.handle_key <> ''
				AND (n.certainty <> 'possible' OR n.decided_at > 0))
		ON CONFLICT (match_id) DO NOTHING`, userID, array(ids), micros(now))
	if err != nil {
		return err
	}
	return ringMail(ctx, x, userID, now)
}

// Arrivals lists the User's newest arrivals, the last first, at most 50.
func (s *Store) Arrivals(ctx context.Context, userID int64) ([]Arrival, error) {
	all, err := list(ctx, s.reading, scanArrival, `SELECT `+matchColumns+`, v.found_at, v.seen_at = 0`+matchTables+` JOIN arrivals AS v ON v.match_id = m.id
		WHERE v.user_id = $1 AND m.handle_key <> '' AND m.decision <> 'rejected' ORDER BY v.found_at DESC, m.id DESC LIMIT $2`, userID, arrivalsKept)
	return all, s.d.mean(err)
}

func scanArrival(r scanner) (a Arrival, err error) {
	a.Match, err = scanMatch(withMore{r, []any{moment{&a.FoundAt}, &a.New}})
	return a, err
}

// withMore scans further columns after those that a scan knows.
type withMore struct {
	scanner
	more []any
}

// Scan implements scanner.
func (w withMore) Scan(into ...any) error { return w.scanner.Scan(append(into, w.more...)...) }

// CountArrivals counts the arrivals that the page did not show yet.
func (s *Store) CountArrivals(ctx context.Context, userID int64) (int, error) {
	n, err := scalar[int](s.reading.row(ctx, `SELECT count(*) FROM arrivals AS v JOIN matches AS m ON m.id = v.match_id
		WHERE v.user_id = $1 AND v.seen_at = 0 AND m.handle_key <> '' AND m.decision <> 'rejected'`, userID))
	return n, s.d.mean(err)
}

// SeenArrivals says that the page showed what there was until then.
func (s *Store) SeenArrivals(ctx context.Context, userID int64, until, now time.Time) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `UPDATE arrivals SET seen_at = $3 WHERE user_id = $1 AND seen_at = 0 AND found_at <= $2`, userID, micros(until), micros(now))
		return err
	})
}

// Watch is what a User wants done about arrivals.
type Watch struct {
	On   bool // keep looking for those who were not found
	Auto bool // follow certain ones at once
	Feed bool // there is a private feed
	salt string
}

// GetWatch returns the User's choices.
func (s *Store) GetWatch(ctx context.Context, userID int64) (w Watch, err error) {
	err = s.reading.row(ctx, `SELECT watching, auto_follow, feed_salt FROM users WHERE id = $1`, userID).Scan(&w.On, &w.Auto, &w.salt)
	w.Feed = w.salt != ""
	return w, s.d.mean(err)
}

// SetWatch stores On and Auto.
func (s *Store) SetWatch(ctx context.Context, userID int64, w Watch) error {
	return s.write(ctx, func(x q) error {
		return one(x.exec(ctx, `UPDATE users SET watching = $2, auto_follow = $3 WHERE id = $1`, userID, w.On, w.Auto))
	})
}

// RenewFeed gives the User's feed a new secret name, which ends the old one;
// EndFeed leaves none.
func (s *Store) RenewFeed(ctx context.Context, userID int64) error {
	return s.setFeed(ctx, userID, rand.Text())
}

// EndFeed ends the feed.
func (s *Store) EndFeed(ctx context.Context, userID int64) error { return s.setFeed(ctx, userID, "") }

func (s *Store) setFeed(ctx context.Context, userID int64, salt string) error {
	return s.write(ctx, func(x q) error {
		return one(x.exec(ctx, `UPDATE users SET feed_salt = $2 WHERE id = $1`, userID, salt))
	})
}

// FeedName is the secret name of the User's feed, "" for none. It is made from
// a key outside of the database, so that a copy of that opens no feed.
func (s *Store) FeedName(ctx context.Context, userID int64) (string, error) {
	w, err := s.GetWatch(ctx, userID)
	if err != nil || !w.Feed {
		return "", err
	}
	m, err := s.marker(ctx)
	if err != nil {
		return "", err
	}
	id := strconv.FormatInt(userID, 10)
	return id + "-" + m.of("feed", id+" "+w.salt)[:40], nil
}

// FeedOwner returns whose feed has the secret name; NotFound for every other.
func (s *Store) FeedOwner(ctx context.Context, name string) (userID int64, err error) {
	text, _, _ := strings.Cut(name, "-")
	userID, err = strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, notFound()
	}
	right, err := s.FeedName(ctx, userID)
	if err != nil {
		return 0, err
	}
	if right == "" || subtle.ConstantTimeCompare([]byte(right), []byte(name)) != 1 {
		return 0, notFound()
	}
	return userID, nil
}

// PlanArrivals makes a FollowJob of each certain arrival of a User who asked for
// that, once, for the first Destination that may follow and whose following the
// person neither paused nor stopped. It returns the Destination, 0 for none.
func (s *Store) PlanArrivals(ctx context.Context, t social.Task, now time.Time) (destination int64, err error) {
	err = s.write(ctx, func(x q) error {
		destination = 0
		owner, err := fence(ctx, x, t, social.MatchTask)
		if err != nil {
			return err
		}
		ids, err := list(ctx, x, scalar[int64], `SELECT d.id FROM destinations AS d JOIN users AS u ON u.id = d.user_id
			WHERE d.user_id = $1 AND u.auto_follow AND d.state = 'active' AND d.follow_state IN ('', 'running') ORDER BY d.id LIMIT 1`, owner)
		if err != nil || len(ids) == 0 {
			return err
		}
		all, err := list(ctx, x, scanMatch, `SELECT `+matchColumns+matchTables+` JOIN arrivals AS v ON v.match_id = m.id
			WHERE v.user_id = $1 AND m.handle_key <> '' AND m.certainty = 'certain' AND m.decision = 'confirmed' AND NOT m.conflict AND NOT a.blocked
			AND NOT EXISTS (SELECT 1 FROM follow_jobs AS j WHERE j.destination_id = $2 AND j.handle_key = m.handle_key) ORDER BY m.id`, owner, ids[0])
		if err != nil || len(all) == 0 {
			return err
		}
		destination = ids[0]
		if err := setFollow(ctx, x, owner, destination, social.FollowRunning, now); err != nil {
			return err
		}
		if _, err := insertJobs(ctx, x, owner, destination, onePerHandle(all), now); err != nil {
			return err
		}
		d, err := getDestination(ctx, x, owner, destination)
		if err != nil {
			return err
		}
		if _, err := refuseBlocked(ctx, x, d, now); err != nil {
			return err
		}
		return ring(ctx, x, social.FollowTask, destination, now)
	})
	return destination, err
}
