package store

import (
	"context"
	"time"

	"godwit/internal/social"
)

const userColumns = `id, host, remote_id, handle, actor_id, locale, born, created_at`

func scanUser(r scanner) (u social.User, err error) {
	err = r.Scan(&u.ID, &u.Host, &u.RemoteID, handle{&u.Handle}, &u.ActorID, &u.Locale, &u.Born, moment{&u.CreatedAt})
	return u, err
}

// LocalUser returns the owner of the machine, made at first use.
func (s *Store) LocalUser(ctx context.Context, now time.Time) (social.User, error) {
	u, err := scanUser(s.reading.row(ctx, `SELECT `+userColumns+` FROM users WHERE host = '' AND remote_id = ''`))
	if err == nil {
		return u, nil
	}
	return s.SaveUser(ctx, social.User{CreatedAt: now})
}

// GetUser returns the User, or NotFound.
func (s *Store) GetUser(ctx context.Context, id int64) (social.User, error) {
	u, err := scanUser(s.reading.row(ctx, `SELECT `+userColumns+` FROM users WHERE id = $1`, id))
	return u, s.d.mean(err)
}

// FindUser returns the User of u.Host and u.RemoteID, or NotFound, also when
// the account there is another one than it was (AUT-07).
func (s *Store) FindUser(ctx context.Context, u social.User) (social.User, error) {
	known, err := findUser(ctx, s.reading, u)
	if err == nil && replaced(known, u) {
		err = notFound()
	}
	return known, s.d.mean(err)
}

func findUser(ctx context.Context, x q, u social.User) (social.User, error) {
	return scanUser(x.row(ctx, `SELECT `+userColumns+` FROM users WHERE host = $1 AND remote_id = $2 AND host <> ''`,
		clean(u.Host), string(u.RemoteID)))
}

// SaveUser makes or updates the User with u.Host and u.RemoteID. An existing
// one keeps its id, its locale and the time it was made; when the account is
// another one than it was, the old User is parked and a new one begins (AUT-07).
func (s *Store) SaveUser(ctx context.Context, u social.User) (saved social.User, err error) {
	err = s.write(ctx, func(x q) error {
		if err := parkReplaced(ctx, x, u); err != nil {
			return err
		}
		saved, err = scanUser(x.row(ctx, `
			INSERT INTO users (host, remote_id, handle, actor_id, locale, born, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (host, remote_id) DO UPDATE SET
				handle = CASE WHEN excluded.handle <> '' THEN excluded.handle ELSE users.handle END,
				actor_id = CASE WHEN excluded.actor_id <> '' THEN excluded.actor_id ELSE users.actor_id END,
				born = CASE WHEN excluded.born <> '' THEN excluded.born ELSE users.born END
			RETURNING `+userColumns,
			clean(u.Host), string(u.RemoteID), u.Handle.String(), clean(u.ActorID), clean(u.Locale), clean(u.Born), micros(u.CreatedAt)))
		return err
	})
	return saved, err
}

// SetLocale stores the language of the User's pages, "" for the browser's choice.
func (s *Store) SetLocale(ctx context.Context, userID int64, locale string) error {
	return s.write(ctx, func(x q) error {
		return one(x.exec(ctx, `UPDATE users SET locale = $2 WHERE id = $1`, userID, clean(locale)))
	})
}

// one turns "no row was touched" into NotFound.
func one(n int, err error) error {
	if err == nil && n == 0 {
		return notFound()
	}
	return err
}

// Session is one signed-in browser; Hash is the SHA-256 in hex of the cookie's value.
type Session struct {
	Hash      string
	UserID    int64
	CreatedAt time.Time
	SeenAt    time.Time
}

// SaveSession makes or updates a session. A User's eleventh one ends the one
// that was longest unused.
func (s *Store) SaveSession(ctx context.Context, session Session) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `
			INSERT INTO sessions (hash, user_id, created_at, seen_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (hash) DO UPDATE SET seen_at = excluded.seen_at WHERE sessions.user_id = excluded.user_id`,
			clean(session.Hash), session.UserID, micros(session.CreatedAt), micros(session.SeenAt))
		if err != nil {
			return err
		}
		_, err = x.exec(ctx, `
			DELETE FROM sessions WHERE user_id = $1 AND hash IN (
				SELECT hash FROM sessions WHERE user_id = $1 ORDER BY seen_at DESC, hash LIMIT $3 OFFSET $2)`,
			session.UserID, maxSessions, maxPage)
		return err
	})
}

// GetSession returns the session if it is neither idle for 14 days nor older
// than 60, else NotFound.
func (s *Store) GetSession(ctx context.Context, hash string, now time.Time) (session Session, err error) {
	err = s.reading.row(ctx, `SELECT hash, user_id, created_at, seen_at FROM sessions
		WHERE hash = $1 AND seen_at > $2 AND created_at > $3`,
		clean(hash), micros(now.Add(-sessionIdle)), micros(now.Add(-sessionLife))).
		Scan(&session.Hash, &session.UserID, moment{&session.CreatedAt}, moment{&session.SeenAt})
	return session, s.d.mean(err)
}

// DeleteSession ends a session; one that is absent is ended already.
func (s *Store) DeleteSession(ctx context.Context, hash string) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `DELETE FROM sessions WHERE hash = $1`, clean(hash))
		return err
	})
}

// DeleteSessions ends all sessions of the User.
func (s *Store) DeleteSessions(ctx context.Context, userID int64) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, userID)
		return err
	})
}
