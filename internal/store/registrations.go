package store

import (
	"context"

	"godwit/internal/social"
)

// Registrations returns the Registrations of the given X ids, in one query.
func (s *Store) Registrations(ctx context.Context, xids []string) ([]social.Registration, error) {
	all, err := list(ctx, s.reading, func(r scanner) (g social.Registration, err error) {
		return g, r.Scan(&g.XID, &g.Username, handle{&g.Handle}, &g.ActorID, &g.Proof, &g.Source, moment{&g.CreatedAt}, moment{&g.CheckedAt})
	}, `SELECT g.xid, g.username, g.handle, g.actor_id, g.proof, g.source, g.created_at, g.checked_at
		FROM LIST($1) JOIN registrations AS g ON g.xid = e.value ORDER BY g.id`, array(xids))
	return all, s.d.mean(err)
}

// SaveRegistration makes or updates the Registration of that X id, Handle and
// source, and lets every Account that it is about be read again.
func (s *Store) SaveRegistration(ctx context.Context, r social.Registration) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `
			INSERT INTO registrations (xid, username, handle, handle_key, actor_id, proof, source, created_at, checked_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (xid, handle_key, source) DO UPDATE SET username = excluded.username, handle = excluded.handle,
				actor_id = excluded.actor_id, proof = excluded.proof, checked_at = excluded.checked_at`,
			clean(r.XID), clean(r.Username), r.Handle.String(), r.Handle.Key(), clean(r.ActorID), clean(r.Proof), clean(r.Source),
			micros(r.CreatedAt), micros(r.CheckedAt))
		if err != nil {
			return err
		}
		about := `FROM accounts WHERE network = 'x' AND following AND native_id <> '' AND native_id = $1`
		_, err = x.exec(ctx, `UPDATE accounts SET read_at = 0 WHERE id IN (SELECT id `+about+`)`, clean(r.XID))
		if err != nil {
			return err
		}
		_, err = ringAll(ctx, x, social.MatchTask, `SELECT DISTINCT user_id AS subject, user_id, CAST($2 AS BIGINT) AS at `+about,
			clean(r.XID), micros(atOnce))
		return err
	})
}
