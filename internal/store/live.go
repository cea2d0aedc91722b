package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const liveColumns = `mirror_id, user_id, kind, network, host, place, name, page, self, since, delay_micros, by_hand, most, spent, tag,
	modified, cursor, quiet, failures, fault_code, fault_args, fault_say, looked_at, next_at, hand_at, created_at`

func scanLive(r scanner) (l social.Live, err error) {
	var delay int64
	err = r.Scan(&l.MirrorID, &l.UserID, &l.Kind, &l.Network, &l.Host, &l.Address, &l.Name, &l.Page, &l.Self, moment{&l.Since}, &delay,
		&l.ByHand, &l.Most, &l.Spent, &l.Tag, &l.Modified, &l.Cursor, &l.Quiet, &l.Failures, &l.FaultCode, document{&l.FaultArgs}, &l.FaultSay,
		moment{&l.LookedAt}, moment{&l.NextAt}, moment{&l.HandAt}, moment{&l.CreatedAt})
	l.Delay = time.Duration(delay) * time.Microsecond
	return l, err
}

func liveTokenAt(l social.Live) place {
	return place{table: "lives", column: "token", row: strconv.FormatInt(l.MirrorID, 10), user: l.UserID}
}

// SaveLive makes a live Mirror of what l names for the User's Destination, or
// gives the one there is other rules, and rings for its planning: nothing is
// looked at before it is started. token may be empty. Errors are SaveMirror's,
// and Invalid with the code too-many-lives.
func (s *Store) SaveLive(ctx context.Context, destinationID int64, l social.Live, token social.Secret, rules social.MirrorRules, now time.Time) (m social.Mirror, err error) {
	err = s.write(ctx, func(x q) error {
		if _, err := getDestination(ctx, x, l.UserID, destinationID); err != nil {
			return err
		}
		source, err := liveSource(ctx, x, l, now)
		if err != nil {
			return err
		}
		if m, err = x.saveMirror(ctx, l.UserID, destinationID, source, rules, now); err != nil {
			return err
		}
		if m.State == social.MirrorIdle {
			if err := tooManyLives(ctx, x, l.UserID, m.ID); err != nil {
				return err
			}
		}
		if err := planLiveAgain(ctx, x, m.ID); err != nil {
			return err
		}
		m.Live = true
		if _, err := x.exec(ctx, `UPDATE mirrors SET live = true WHERE id = $1`, m.ID); err != nil {
			return err
		}
		l.MirrorID = m.ID
		return s.writeLive(ctx, x, l, token, now)
	})
	return m, err
}

func tooManyLives(ctx context.Context, x q, userID, but int64) error {
	n, err := scalar[int](x.row(ctx, `SELECT count(*) FROM mirrors WHERE user_id = $1 AND live AND id <> $2 AND state IN ('running', 'paused')`, userID, but))
	if err == nil && n >= maxLives {
		return fault.New(fault.Invalid, "too-many-lives", "Posts are carried over from {n} places already, which is as many as we look at for one person. Stop one of them first.", "n", strconv.Itoa(maxLives))
	}
	return err
}

// liveSource is the Source that stands for the place: one for each, however many
// Mirrors look at it.
func liveSource(ctx context.Context, x q, l social.Live, now time.Time) (int64, error) {
	digest := "live " + string(l.Kind) + " " + l.Host + " " + l.Address
	source := social.Source{UserID: l.UserID, Kind: social.KindLive, Name: l.Name, Digest: digest, Keep: true,
		Owner: social.Account{Network: l.Network, NativeID: l.Address, Name: l.Name}}
	saved, err := insertSource(ctx, x, source, now)
	if errors.Is(err, sql.ErrNoRows) {
		return scalar[int64](x.row(ctx, `SELECT id FROM sources WHERE user_id = $1 AND digest = $2 AND state <> 'broken'`, l.UserID, clean(digest)))
	}
	if err != nil {
		return 0, err
	}
	_, err = x.exec(ctx, `UPDATE sources SET state = 'done', read_at = $2 WHERE id = $1`, saved.ID, micros(now))
	return saved.ID, err
}

func (s *Store) writeLive(ctx context.Context, x q, l social.Live, token social.Secret, now time.Time) error {
	sealed := []byte{}
	if token.Reveal() != "" {
		var err error
		if sealed, err = s.sealer.seal(token, liveTokenAt(l)); err != nil {
			return err
		}
	}
	if _, err := x.exec(ctx, `INSERT INTO live_hosts (host, asked_at) VALUES ($1, 0) ON CONFLICT (host) DO NOTHING`, clean(l.Host)); err != nil {
		return err
	}
	_, err := x.exec(ctx, `
		INSERT INTO lives (mirror_id, user_id, kind, network, host, place, name, page, self, token, since, delay_micros, by_hand, most, spent, tag,
			modified, cursor, quiet, failures, fault_code, fault_args, fault_say, looked_at, next_at, hand_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, '', '', '', 0, 0, '', '', '', 0, 0, 0, $15)
		ON CONFLICT (mirror_id) DO UPDATE SET host = excluded.host, name = excluded.name, page = excluded.page, self = excluded.self, token = excluded.token,
			since = excluded.since, delay_micros = excluded.delay_micros, by_hand = excluded.by_hand, most = excluded.most, failures = 0,
			fault_code = '', fault_args = '', fault_say = '', next_at = 0`,
		l.MirrorID, l.UserID, string(l.Kind), string(l.Network), clean(l.Host), clean(l.Address), clean(l.Name), clean(l.Page), clean(l.Self), sealed,
		micros(l.Since), l.Delay.Microseconds(), l.ByHand, int64(l.Most), micros(now))
	return err
}

// planLiveAgain takes Posts that nothing was sent of back out of a live Mirror's
// ledger, to be rendered anew by the next look.
func planLiveAgain(ctx context.Context, x q, mirrorID int64) error {
	const fresh = `NOT EXISTS (SELECT 1 FROM mirror_jobs AS o WHERE o.mirror_id = p.mirror_id AND o.post_id = p.post_id
		AND NOT (o.state = 'planned' AND o.tried_at = 0))`
	for _, text := range []string{
		`UPDATE live_posts SET state = 'waiting', due_at = 1, post = (SELECT p.post FROM mirror_posts AS p
			WHERE p.mirror_id = live_posts.mirror_id AND p.post_id = live_posts.post_id)
			WHERE mirror_id = $1 AND state = 'taken' AND EXISTS (SELECT 1 FROM mirror_posts AS p
				WHERE p.mirror_id = live_posts.mirror_id AND p.post_id = live_posts.post_id AND ` + fresh + `)`,
		`DELETE FROM mirror_posts WHERE mirror_id = $1 AND post_id IN (SELECT post_id FROM live_posts WHERE mirror_id = $1 AND state = 'waiting')`,
		`DELETE FROM mirror_jobs WHERE mirror_id = $1 AND post_id IN (SELECT post_id FROM live_posts WHERE mirror_id = $1 AND state = 'waiting')`,
	} {
		if _, err := x.exec(ctx, text, mirrorID); err != nil {
			return err
		}
	}
	return nil
}

// startLive has a live Mirror looked at from now on: what was posted before, or
// while it was paused, is not carried over.
func startLive(ctx context.Context, x q, mirrorID int64, now time.Time) error {
	if _, err := x.exec(ctx, `UPDATE live_posts SET state = 'left', why = 'skipped', post = '' WHERE mirror_id = $1 AND state = 'held'`, mirrorID); err != nil {
		return err
	}
	if _, err := x.exec(ctx, `UPDATE lives SET since = CASE WHEN since < $2 THEN $2 ELSE since END, next_at = 0, hand_at = 0, quiet = 0, failures = 0,
		fault_code = '', fault_args = '', fault_say = '' WHERE mirror_id = $1`, mirrorID, micros(now)); err != nil {
		return err
	}
	return ring(ctx, x, social.LiveTask, mirrorID, now)
}

// dropFound ends what a live Mirror found and did not plan yet.
func dropFound(ctx context.Context, x q, mirrorID int64) error {
	_, err := x.exec(ctx, `UPDATE live_posts SET state = 'left', why = 'skipped', post = '' WHERE mirror_id = $1 AND state IN ('waiting', 'held')`, mirrorID)
	return err
}

// GetLive returns what makes the User's Mirror live, or NotFound.
func (s *Store) GetLive(ctx context.Context, userID, mirrorID int64) (social.Live, error) {
	l, err := scanLive(s.reading.row(ctx, `SELECT `+liveColumns+` FROM lives WHERE user_id = $1 AND mirror_id = $2`, userID, mirrorID))
	return l, s.d.mean(err)
}

// ListLives lists what makes the User's Mirrors live, oldest first.
func (s *Store) ListLives(ctx context.Context, userID int64) ([]social.Live, error) {
	all, err := list(ctx, s.reading, scanLive, `SELECT `+liveColumns+` FROM lives WHERE user_id = $1 ORDER BY mirror_id`, userID)
	return all, s.d.mean(err)
}

// LiveCounts counts the Posts that were found, by what became of them.
func (s *Store) LiveCounts(ctx context.Context, userID, mirrorID int64) (map[social.LiveState]int, error) {
	type group struct {
		state social.LiveState
		n     int
	}
	all, err := list(ctx, s.reading, func(r scanner) (g group, err error) { return g, r.Scan(&g.state, &g.n) },
		`SELECT state, count(*) FROM live_posts WHERE user_id = $1 AND mirror_id = $2 GROUP BY 1`, userID, mirrorID)
	counts := map[social.LiveState]int{}
	for _, g := range all {
		counts[g.state] = g.n
	}
	return counts, s.d.mean(err)
}

// AcceptHeld lets a live Mirror that was paused for too many Posts at once carry
// those over too, and go on.
func (s *Store) AcceptHeld(ctx context.Context, userID, mirrorID int64, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if _, err := getMirror(ctx, x, userID, mirrorID); err != nil {
			return err
		}
		_, err := x.exec(ctx, `UPDATE live_posts SET state = 'waiting', due_at = $2 WHERE mirror_id = $1 AND state = 'held'`, mirrorID, micros(now))
		return err
	})
}

// LiveChanges lists the Posts that a live Mirror carried over and that are not
// any more as they were then, newest change first.
func (s *Store) LiveChanges(ctx context.Context, userID, mirrorID int64, limit int) ([]social.LiveChange, error) {
	all, err := list(ctx, s.reading, func(r scanner) (c social.LiveChange, err error) {
		return c, r.Scan(&c.PostID, document{&c.Fresh}, moment{&c.ChangedAt})
	}, `SELECT post_id, fresh, changed_at FROM live_posts WHERE user_id = $1 AND mirror_id = $2 AND state = 'taken' AND changed_at > 0
		ORDER BY changed_at DESC, post_id LIMIT $3`, userID, mirrorID, min(max(limit, 0), maxPage))
	return all, s.d.mean(err)
}
