package store

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// LiveWork is what a claimed live task works on.
type LiveWork struct {
	Live        social.Live // one without a MirrorID when there is nothing to look for
	Token       social.Secret
	Mirror      social.Mirror
	Destination social.Destination
	Waiting     []social.LivePost // Posts whose delay is not over, or was not looked at since, oldest first
	Taken       []social.LivePost // the last ones that went into the ledger
	Position    int               // in the plan, of the next Post
}

// LiveWorkFor reads what the claimed task works on. A Mirror that is not running
// has nothing to look for.
func (s *Store) LiveWorkFor(ctx context.Context, t social.Task) (w LiveWork, err error) {
	err = s.write(ctx, func(x q) error {
		w = LiveWork{}
		owner, err := fence(ctx, x, t, social.LiveTask)
		if err != nil {
			return err
		}
		m, err := getMirror(ctx, x, owner, t.ID)
		if err != nil || m.State != social.MirrorRunning || !m.Live || m.PlannedAt.IsZero() {
			return err
		}
		w.Mirror = m
		if w.Live, err = scanLive(x.row(ctx, `SELECT `+liveColumns+` FROM lives WHERE mirror_id = $1`, t.ID)); err != nil {
			return err
		}
		if w.Token, err = s.liveToken(ctx, x, w.Live); err != nil {
			return err
		}
		if w.Destination, err = getDestination(ctx, x, owner, m.DestinationID); err != nil {
			return err
		}
		if w.Position, err = scalar[int](x.row(ctx, `SELECT COALESCE(MAX(position) + 1, 0) FROM mirror_posts WHERE mirror_id = $1`, t.ID)); err != nil {
			return err
		}
		if w.Waiting, err = list(ctx, x, scanLivePost, `SELECT `+livePostColumns+` FROM live_posts
			WHERE mirror_id = $1 AND state = 'waiting' ORDER BY first_at, post_id LIMIT $2`, t.ID, maxPage); err != nil {
			return err
		}
		w.Taken, err = list(ctx, x, scanLivePost, `SELECT `+livePostColumns+` FROM live_posts
			WHERE mirror_id = $1 AND state = 'taken' AND NOT (changed_at > 0 AND fresh = '') ORDER BY first_at DESC, post_id LIMIT $2`, t.ID, mirrorWindow)
		return err
	})
	return w, err
}

func (s *Store) liveToken(ctx context.Context, x q, l social.Live) (social.Secret, error) {
	sealed, err := scalar[[]byte](x.row(ctx, `SELECT token FROM lives WHERE mirror_id = $1`, l.MirrorID))
	if err != nil || len(sealed) == 0 {
		return social.Secret{}, err
	}
	return s.sealer.unseal(sealed, liveTokenAt(l))
}

const livePostColumns = `post_id, post, state, why, first_at, due_at, print`

func scanLivePost(r scanner) (p social.LivePost, err error) {
	var id string
	err = r.Scan(&id, document{&p.Post}, &p.State, &p.Why, moment{&p.FirstAt}, moment{&p.DueAt}, &p.Print)
	p.Post.ID = id
	return p, err
}

// LivePosts tells of Posts that an earlier look found, by their ids.
func (s *Store) LivePosts(ctx context.Context, mirrorID int64, ids []string) (map[string]social.LivePost, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := list(ctx, s.reading, scanLivePost, `SELECT `+livePostColumns+` FROM live_posts WHERE mirror_id = $1 AND post_id IN KEYS($2)`,
		mirrorID, array(sortedUnique(cleanAll(ids))))
	all := make(map[string]social.LivePost, len(rows))
	for _, p := range rows {
		all[p.Post.ID] = p
	}
	return all, s.d.mean(err)
}

// CarriedOver are those of some Posts of which a ledger of the Destination holds
// anything that stands or will.
func (s *Store) CarriedOver(ctx context.Context, destinationID int64, network social.Network, ids []string) (map[string]bool, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := list(ctx, s.reading, scalar[string], `SELECT DISTINCT post_id FROM mirror_jobs
		WHERE destination_id = $1 AND network = $2 AND post_id IN KEYS($3) AND state NOT IN ('canceled', 'deleted')`,
		destinationID, string(network), array(sortedUnique(cleanAll(ids))))
	all := make(map[string]bool, len(found))
	for _, id := range found {
		all[id] = true
	}
	return all, s.d.mean(err)
}

// LiveLook is what came of one look at a Source.
type LiveLook struct {
	Live    social.Live         // with what the look changed
	Posts   []social.LivePost   // that are new, or stand otherwise now
	Planned []social.MirrorPost // of them, those that go into the ledger
	Changed []social.LiveChange // of those that are in the ledger
	Halt    *fault.Fault        // why the Mirror is paused, nil when it is not
}

// SaveLook writes what came of a look in one transaction under the claim, so
// that a Post is either not yet seen or in the ledger, whatever becomes of this
// process, and rings for the ledger. Conflict when the Mirror does not run any
// more: nothing is written then.
func (s *Store) SaveLook(ctx context.Context, t social.Task, m social.Mirror, look LiveLook, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.LiveTask); err != nil {
			return err
		}
		// A write, so that PostgreSQL holds the row against a pause pressed now.
		n, err := x.exec(ctx, `UPDATE mirrors SET state = state WHERE id = $1 AND state = 'running' AND planned_at > 0`, m.ID)
		if err == nil && n == 0 {
			err = notNow()
		}
		if err != nil {
			return err
		}
		if err := saveLooked(ctx, x, look.Live, now); err != nil {
			return err
		}
		if err := saveLivePosts(ctx, x, m, look, now); err != nil {
			return err
		}
		if err := (MirrorStep{Halt: look.Halt}).halt(ctx, x, m.DestinationID, m.ID); err != nil {
			return err
		}
		return planLive(ctx, x, m, look.Planned, now)
	})
}

// planLive adds Posts to the ledger and rings for it.
func planLive(ctx context.Context, x q, m social.Mirror, posts []social.MirrorPost, now time.Time) error {
	if len(posts) == 0 {
		return nil
	}
	if err := savePlanned(ctx, x, m, posts, now); err != nil {
		return err
	}
	if err := linkPlanned(ctx, x, m.ID, posts[0].Position); err != nil {
		return err
	}
	return ring(ctx, x, social.MirrorTask, m.DestinationID, now)
}

func saveLooked(ctx context.Context, x q, l social.Live, now time.Time) error {
	_, err := x.exec(ctx, `UPDATE lives SET name = $2, page = $3, tag = $4, modified = $5, cursor = $6, quiet = $7, failures = $8, fault_code = $9,
		fault_args = $10, fault_say = $11, looked_at = $12, next_at = $13, spent = $14 WHERE mirror_id = $1`,
		l.MirrorID, clean(l.Name), clean(l.Page), clean(l.Tag), clean(l.Modified), clean(l.Cursor), l.Quiet, l.Failures, l.FaultCode,
		encode(l.FaultArgs), clean(l.FaultSay), micros(l.LookedAt), micros(l.NextAt), int64(l.Spent))
	return err
}

// foundRow is a LivePost as it goes into the database.
type foundRow struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Why   string `json:"why"`
	Print string `json:"print"`
	Post  string `json:"post"`
	First int64  `json:"first"`
	Due   int64  `json:"due"`
}

func saveLivePosts(ctx context.Context, x q, m social.Mirror, look LiveLook, now time.Time) error {
	var rows []foundRow
	for _, p := range look.Posts {
		row := foundRow{ID: p.Post.ID, State: string(p.State), Why: p.Why, Print: p.Print, First: micros(p.FirstAt), Due: micros(p.DueAt)}
		if p.State == social.LiveWaiting || p.State == social.LiveHeld {
			row.Post = encode(p.Post)
		}
		rows = append(rows, row)
	}
	if _, err := x.exec(ctx, `INSERT INTO live_posts (mirror_id, user_id, post_id, state, why, print, post, first_at, seen_at, due_at, fresh, changed_at)
		SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), e.value->>'id', e.value->>'state', e.value->>'why', e.value->>'print', e.value->>'post',
			CAST(e.value->>'first' AS BIGINT), CAST($3 AS BIGINT), CAST(e.value->>'due' AS BIGINT), '', 0
		FROM EACH($4) WHERE true ON CONFLICT (mirror_id, post_id) DO UPDATE SET state = excluded.state, why = excluded.why, print = excluded.print,
			post = excluded.post, due_at = excluded.due_at, seen_at = excluded.seen_at WHERE live_posts.state IN ('waiting', 'held')`,
		m.ID, m.UserID, micros(now), array(rows)); err != nil {
		return err
	}
	for _, c := range look.Changed {
		fresh := ""
		if c.Fresh.ID != "" {
			fresh = encode(c.Fresh)
		}
		if _, err := x.exec(ctx, `UPDATE live_posts SET fresh = $3, changed_at = $4 WHERE mirror_id = $1 AND post_id = $2 AND (changed_at = 0 OR fresh <> $3)`,
			m.ID, c.PostID, fresh, micros(now)); err != nil {
			return err
		}
	}
	return nil
}

// SpendLive notes before a request what it may cost at most. Conflict when that
// is more than the person allowed, or the claim is lost.
func (s *Store) SpendLive(ctx context.Context, t social.Task, cost social.Cost) error {
	return s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.LiveTask); err != nil {
			return err
		}
		return fenced(x.exec(ctx, `UPDATE lives SET spent = spent + $2 WHERE mirror_id = $1 AND spent + $2 <= most`, t.ID, int64(cost)))
	})
}

// LookedByHand notes when it was looked if the person posts by hand.
func (s *Store) LookedByHand(ctx context.Context, mirrorID int64, now time.Time) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `UPDATE lives SET hand_at = $2 WHERE mirror_id = $1`, mirrorID, micros(now))
		return err
	})
}

// PostedSince counts the Posts of which something was sent to the Destination
// since an instant, by all its Mirrors.
func (s *Store) PostedSince(ctx context.Context, destinationID int64, since time.Time) (int, error) {
	n, err := scalar[int](s.reading.row(ctx, `SELECT count(DISTINCT post_id) FROM mirror_jobs WHERE destination_id = $1 AND sent_at >= $2`,
		destinationID, micros(since)))
	return n, s.d.mean(err)
}
