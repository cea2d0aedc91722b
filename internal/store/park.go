package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"godwit/internal/social"
)

// replaced reports whether the account under a User's host and id is another
// one than it was: a lapsed domain was bought, and its new server counts from
// one again (AUT-07; queer.af, 2024). Another server software alone says
// nothing: people change it and keep their accounts.
func replaced(known, now social.User) bool {
	differs := func(a, b string) bool { return a != "" && b != "" && a != b }
	return differs(known.Born, now.Born) || differs(known.ActorID, now.ActorID)
}

// parkReplaced parks the User of u's host and id when it is another's than u.
func parkReplaced(ctx context.Context, x q, u social.User) error {
	known, err := findUser(ctx, x, u)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err == nil && replaced(known, u):
		return park(ctx, x, known.ID, u.CreatedAt)
	}
	return err
}

// park takes a User out of reach: nobody signs in as it, nothing is done for
// it, and forgetParked deletes it later. The address that it gets belongs to no
// server, so that no server's answer leads back to it.
func park(ctx context.Context, x q, userID int64, now time.Time) error {
	for _, text := range []string{
		`DELETE FROM tasks WHERE user_id = $1`, // first: fences off what is under way
		`DELETE FROM sessions WHERE user_id = $1`,
		`DELETE FROM flows WHERE user_id = $1`,
	} {
		if _, err := x.exec(ctx, text, userID); err != nil {
			return err
		}
	}
	_, err := x.exec(ctx, `UPDATE destinations SET state = $2, token = $3 WHERE user_id = $1`, userID, string(social.PermissionLost), []byte{})
	if err != nil {
		return err
	}
	return one(x.exec(ctx, `UPDATE users SET host = '', remote_id = $2, parked_at = $3 WHERE id = $1`,
		userID, fmt.Sprint("parked ", userID), micros(now)))
}

// forgetParked forgets the Users whose account has been somebody else's for 30
// days.
func (s *Store) forgetParked(ctx context.Context, now time.Time) error {
	due, err := list(ctx, s.reading, scalar[int64], `SELECT id FROM users WHERE parked_at > 0 AND parked_at <= $1`, micros(now.Add(-parkedLife)))
	if err != nil {
		return s.d.mean(err)
	}
	for _, id := range due {
		if _, err := s.Forget(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
