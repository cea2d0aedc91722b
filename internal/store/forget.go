package store

import (
	"context"
	"time"

	"godwit/internal/fault"
)

// Forget deletes every row of the User in one transaction; running claims on
// them are fenced off. A Registration is withdrawn, with what came of it. It returns the spool names to be deleted. On SQLite the
// journal is emptied too.
func (s *Store) Forget(ctx context.Context, userID int64) (spools []string, err error) {
	m, err := s.marker(ctx)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, func(x q) error {
		spools, err = list(ctx, x, scalar[string], `SELECT spool FROM sources WHERE user_id = $1 AND NOT keep AND spool <> ''
			UNION SELECT name FROM uploads WHERE user_id = $1 ORDER BY 1`, userID)
		if err != nil {
			return err
		}
		if err := withdrawOwn(ctx, x, m, userID, time.Now()); err != nil {
			return err
		}
		// Tasks first: whoever writes under a claim holds its row, and is waited for here.
		if _, err := x.exec(ctx, `DELETE FROM tasks WHERE user_id = $1`, userID); err != nil {
			return err
		}
		// The other tables refer to users and go with it.
		return one(x.exec(ctx, `DELETE FROM users WHERE id = $1`, userID))
	})
	if err != nil {
		return nil, err
	}
	return spools, s.emptyJournal(ctx)
}

// withdrawOwn withdraws the User's Registration, if there is one.
func withdrawOwn(ctx context.Context, x q, m marker, userID int64, now time.Time) error {
	r, err := getRegistration(ctx, x, userID)
	if fault.Is(x.d.mean(err), fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return withdraw(ctx, x, m, r, now)
}
