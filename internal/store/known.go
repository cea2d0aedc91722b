package store

import (
	"context"
	"time"

	"godwit/internal/social"
)

// fillKnown gives the jobs that are still to be found the ids that somebody
// else's search on the same home server found, here and in their rows. An id
// counts only for the identity for which it was verified.
func fillKnown(ctx context.Context, x q, host string, jobs []social.FollowJob) error {
	var keys []string
	for _, j := range jobs {
		if j.RemoteID == "" && j.State == social.JobPlanned {
			keys = append(keys, wantedHandle(j).Key())
		}
	}
	if len(keys) == 0 {
		return nil
	}
	known, err := list(ctx, x, scanKnown, `SELECT handle_key, actor_id, remote_id, locked FROM remote_ids
		WHERE host = $1 AND handle_key IN KEYS($2)`, host, array(keys))
	if err != nil {
		return err
	}
	for i := range jobs {
		for _, k := range known {
			if err := useKnown(ctx, x, &jobs[i], k); err != nil {
				return err
			}
		}
	}
	return nil
}

// knownRow is a Known by its handle's key.
type knownRow struct {
	key string
	social.Known
}

func scanKnown(r scanner) (k knownRow, err error) {
	return k, r.Scan(&k.key, &k.ActorID, &k.ID, &k.Locked)
}

func useKnown(ctx context.Context, x q, j *social.FollowJob, k knownRow) error {
	moved := !j.NewHandle.IsZero() // whose identity is not known
	if j.RemoteID != "" || j.State != social.JobPlanned || wantedHandle(*j).Key() != k.key || !moved && j.ActorID != "" && j.ActorID != k.ActorID {
		return nil
	}
	j.RemoteID, j.Locked = k.ID, j.Locked || k.Locked
	_, err := x.exec(ctx, `UPDATE follow_jobs SET remote_id = $2, locked = $3 WHERE id = $1`, j.ID, string(j.RemoteID), j.Locked)
	return err
}

// fillPlanned does for all the Destination's planned jobs what fillKnown does
// for some.
func fillPlanned(ctx context.Context, x q, d social.Destination) error {
	_, err := x.exec(ctx, `UPDATE follow_jobs SET
			remote_id = (SELECT k.remote_id FROM remote_ids AS k WHERE k.host = $2 AND k.handle_key = follow_jobs.handle_key),
			locked = locked OR (SELECT k.locked FROM remote_ids AS k WHERE k.host = $2 AND k.handle_key = follow_jobs.handle_key)
		WHERE destination_id = $1 AND state = 'planned' AND remote_id = '' AND new_handle = ''
		AND EXISTS (SELECT 1 FROM remote_ids AS k WHERE k.host = $2 AND k.handle_key = follow_jobs.handle_key
			AND (follow_jobs.actor_id = '' OR k.actor_id = follow_jobs.actor_id))`, d.ID, d.Host)
	return err
}

// SaveKnown keeps what a search on a home server found, for all who follow from
// there. The caller has verified it.
func (s *Store) SaveKnown(ctx context.Context, host string, k social.Known, now time.Time) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `INSERT INTO remote_ids (host, handle_key, actor_id, remote_id, locked, found_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (host, handle_key) DO UPDATE SET actor_id = excluded.actor_id, remote_id = excluded.remote_id,
				locked = excluded.locked, found_at = excluded.found_at`,
			host, k.Handle.Key(), clean(k.ActorID), string(k.ID), k.Locked, micros(now))
		return err
	})
}

// ForgetKnown drops an id that the home server no longer knows, and takes it
// from the planned jobs that wait with it, so that they are found anew.
func (s *Store) ForgetKnown(ctx context.Context, host string, k social.Known) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `DELETE FROM remote_ids WHERE host = $1 AND handle_key = $2 AND remote_id = $3`, host, k.Handle.Key(), string(k.ID))
		if err != nil {
			return err
		}
		_, err = x.exec(ctx, `UPDATE follow_jobs SET remote_id = '', checks = 0 WHERE handle_key = $2 AND remote_id = $3 AND state = 'planned'
			AND attempts = 0 AND reason = '' AND destination_id IN (SELECT id FROM destinations WHERE host = $1)`, host, k.Handle.Key(), string(k.ID))
		return err
	})
}

// Knows counts the accounts whose id on the home server is shared.
func (s *Store) Knows(ctx context.Context, host string) (n int, err error) {
	err = s.read(ctx, func(x q) error {
		n, err = scalar[int](x.row(ctx, `SELECT count(*) FROM remote_ids WHERE host = $1`, host))
		return err
	})
	return n, err
}

func wantedHandle(j social.FollowJob) social.Handle {
	if j.NewHandle.IsZero() {
		return j.Handle
	}
	return j.NewHandle
}
