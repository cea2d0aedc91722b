package store

import (
	"context"

	"godwit/internal/social"
)

const roleColumns = `user_id, host, domain, rank, code, checked_at`

func scanRole(r scanner) (x social.ServerRole, err error) {
	err = r.Scan(&x.UserID, &x.Host, &x.Domain, &x.Rank, &x.Code, moment{&x.CheckedAt})
	return x, err
}

// SaveRole stores what a server told of the User's account there.
func (s *Store) SaveRole(ctx context.Context, r social.ServerRole) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `INSERT INTO server_roles (`+roleColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (user_id, host) DO UPDATE SET domain = excluded.domain, rank = excluded.rank, code = excluded.code, checked_at = excluded.checked_at`,
			r.UserID, clean(r.Host), clean(r.Domain), string(r.Rank), clean(r.Code), micros(r.CheckedAt))
		return err
	})
}

// GetRole returns what the User's account may do on a server, or NotFound when
// that was never asked.
func (s *Store) GetRole(ctx context.Context, userID int64, host string) (social.ServerRole, error) {
	r, err := scanRole(s.reading.row(ctx, `SELECT `+roleColumns+` FROM server_roles WHERE user_id = $1 AND host = $2`, userID, host))
	return r, s.d.mean(err)
}

// sees is the condition under which the User $1 may see a wave w: the server
// said that they are one of those who run it.
const sees = `EXISTS (SELECT 1 FROM server_roles AS r WHERE r.user_id = $1 AND r.host = w.host AND r.rank IN ('admin', 'moderator'))`

// changes is the condition under which they may change it.
const changes = `EXISTS (SELECT 1 FROM server_roles AS r WHERE r.user_id = $1 AND r.host = waves.host AND r.rank = 'admin')`
