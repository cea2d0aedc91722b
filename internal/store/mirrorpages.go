package store

import (
	"context"
	"time"

	"godwit/internal/social"
)

// MirrorCounts is the summary of a Mirror's progress. It counts statuses, of
// which a long Post becomes several.
type MirrorCounts struct {
	Total   int // canceled ones left out
	ByState map[social.StatusState]int
	Failed  map[social.MirrorReason]int // of the failed ones
	Posts   int                         // Posts of which every status was sent
	Files   int                         // of statuses that are still to be sent
	NextDue time.Time                   // of the earliest that waits
}

// Waiting is how many statuses are still to be sent.
func (c MirrorCounts) Waiting() int {
	return c.ByState[social.StatusPlanned] + c.ByState[social.StatusSending] + c.ByState[social.StatusUnknown]
}

// Stands is how many statuses stand on the server, or may stand.
func (c MirrorCounts) Stands() int {
	return c.ByState[social.StatusSent] + c.ByState[social.StatusUndoing] + c.ByState[social.StatusUnknown] + c.ByState[social.StatusSending] + c.ByState[social.StatusExposed]
}

// MirrorCounts counts. NotFound when the Mirror is not the User's.
func (s *Store) MirrorCounts(ctx context.Context, userID, id int64) (c MirrorCounts, err error) {
	type group struct {
		state  social.StatusState
		reason social.MirrorReason
		n      int
	}
	err = s.read(ctx, func(x q) error {
		c = MirrorCounts{ByState: map[social.StatusState]int{}, Failed: map[social.MirrorReason]int{}}
		if _, err := getMirror(ctx, x, userID, id); err != nil {
			return err
		}
		groups, err := list(ctx, x, func(r scanner) (g group, err error) { return g, r.Scan(&g.state, &g.reason, &g.n) },
			`SELECT state, reason, count(*) FROM mirror_jobs WHERE mirror_id = $1 GROUP BY 1, 2`, id)
		if err != nil {
			return err
		}
		for _, g := range groups {
			c.add(g.state, g.reason, g.n)
		}
		return x.row(ctx, `SELECT
				(SELECT count(*) FROM mirror_jobs AS l WHERE l.mirror_id = $1 AND l.part = l.parts AND l.state = 'sent'),
				(SELECT CAST(COALESCE(SUM(file_count), 0) AS BIGINT) FROM mirror_jobs WHERE mirror_id = $1 AND state = 'planned'),
				(SELECT COALESCE(MIN(due_at), 0) FROM mirror_jobs WHERE mirror_id = $1 AND is_open)`, id).Scan(&c.Posts, &c.Files, moment{&c.NextDue})
	})
	return c, err
}

func (c *MirrorCounts) add(state social.StatusState, why social.MirrorReason, n int) {
	c.ByState[state] += n
	if state != social.StatusCanceled {
		c.Total += n
	}
	if state == social.StatusFailed {
		c.Failed[why] += n
	}
}

// MirrorFilter selects Posts of a Mirror, in the order of its plan.
type MirrorFilter struct {
	MirrorID      int64
	State         social.StatusState // of one of their statuses; "" for all
	Offset, Limit int                // Limit at most 200
}

// ListMirrorPosts lists the Posts of the User's Mirror that fit the filter, each
// with its statuses: what it looks like, how it went and where it stands. total
// counts all that fit.
func (s *Store) ListMirrorPosts(ctx context.Context, userID int64, f MirrorFilter) (all []social.MirrorPost, total int, err error) {
	where := ` FROM mirror_posts AS p WHERE p.user_id = $1 AND p.mirror_id = $2 AND ($3 = '' OR EXISTS (
		SELECT 1 FROM mirror_jobs AS j WHERE j.mirror_id = p.mirror_id AND j.post_id = p.post_id AND j.state = $3))`
	args := []any{userID, f.MirrorID, string(f.State)}
	err = s.read(ctx, func(x q) error {
		if total, err = scalar[int](x.row(ctx, `SELECT count(*)`+where, args...)); err != nil {
			return err
		}
		all, err = list(ctx, x, scanMirrorPost, `SELECT `+postColumns+where+` ORDER BY p.position LIMIT $4 OFFSET $5`,
			append(args, min(max(f.Limit, 0), maxPage), max(f.Offset, 0))...)
		if err != nil {
			return err
		}
		return fillStatuses(ctx, x, f.MirrorID, all)
	})
	return all, total, err
}

// GetMirrorPost returns one Post of the User's Mirror with its statuses, or
// NotFound.
func (s *Store) GetMirrorPost(ctx context.Context, userID, mirrorID int64, postID string) (p social.MirrorPost, err error) {
	err = s.read(ctx, func(x q) error {
		if p, err = scanMirrorPost(x.row(ctx, `SELECT `+postColumns+` FROM mirror_posts AS p
			WHERE p.user_id = $1 AND p.mirror_id = $2 AND p.post_id = $3`, userID, mirrorID, clean(postID))); err != nil {
			return err
		}
		one := []social.MirrorPost{p}
		err := fillStatuses(ctx, x, mirrorID, one)
		p = one[0]
		return err
	})
	return p, err
}

const postColumns = `p.post, p.position, p.answers, p.torn, p.visibility, p.notes`

func scanMirrorPost(r scanner) (p social.MirrorPost, err error) {
	err = r.Scan(document{&p.Post}, &p.Position, &p.Answers, &p.Torn, &p.Visibility, document{&p.Notes})
	return p, err
}

func fillStatuses(ctx context.Context, x q, mirrorID int64, posts []social.MirrorPost) error {
	at := make(map[string]int, len(posts))
	ids := make([]string, len(posts))
	for i, p := range posts {
		at[p.Post.ID], ids[i] = i, p.Post.ID
	}
	jobs, err := list(ctx, x, scanStatusJob, `SELECT `+statusColumns+` FROM mirror_jobs
		WHERE mirror_id = $1 AND post_id IN KEYS($2) ORDER BY position`, mirrorID, array(sortedUnique(ids)))
	for _, j := range jobs {
		p := &posts[at[j.PostID]]
		p.Jobs = append(p.Jobs, j)
	}
	return err
}

// MirrorAddresses are where the first statuses of the Destination's Mirrors that
// some Posts became stand, by the Posts' ids; those that were not sent are not
// among them.
func (s *Store) MirrorAddresses(ctx context.Context, destinationID int64, network social.Network, postIDs []string) (map[string]string, error) {
	if len(postIDs) == 0 {
		return nil, nil
	}
	rows, err := list(ctx, s.reading, func(r scanner) (pair [2]string, err error) { return pair, r.Scan(&pair[0], &pair[1]) },
		`SELECT post_id, url FROM mirror_jobs WHERE destination_id = $1 AND network = $2 AND post_id IN KEYS($3)
			AND part = 1 AND state = 'sent' AND url <> ''`, destinationID, string(network), array(sortedUnique(postIDs)))
	all := make(map[string]string, len(rows))
	for _, r := range rows {
		all[r[0]] = r[1]
	}
	return all, s.d.mean(err)
}
