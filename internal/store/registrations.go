package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const registrationColumns = `g.id, COALESCE(g.user_id, 0), g.xid, g.xid_proven, g.username, g.handle, g.actor_id, g.proof, g.post, g.code,
	g.audience, g.stale, g.source, g.created_at, g.checked_at, g.due_at`

func scanRegistration(r scanner) (g social.Registration, err error) {
	return g, r.Scan(&g.ID, &g.UserID, &g.XID, &g.XIDProven, &g.Username, handle{&g.Handle}, &g.ActorID, &g.Proof, &g.Post, &g.Code,
		&g.Audience, &g.Stale, &g.Source, moment{&g.CreatedAt}, moment{&g.CheckedAt}, moment{&g.DueAt})
}

// Registrations returns the published Registrations of the given X ids.
func (s *Store) Registrations(ctx context.Context, xids []string) ([]social.Registration, error) {
	return s.published(ctx, `g.xid IN KEYS($1)`, xids)
}

// namedRegistrations returns those of the given usernames, in lower case.
func (s *Store) namedRegistrations(ctx context.Context, names []string) ([]social.Registration, error) {
	return s.published(ctx, `g.username_key IN KEYS($1) AND g.username_key <> ''`, names)
}

// published returns the published Registrations that fit one of keys. A long
// list is parted and asked for over several connections at once: most of the
// time goes into finding each key, for which a database takes one processor.
func (s *Store) published(ctx context.Context, fits string, keys []string) ([]social.Registration, error) {
	parts := slices.Collect(slices.Chunk(keys, registryBatch))
	found := make([][]social.Registration, len(parts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(registryAtOnce)
	for i, part := range parts {
		group.Go(func() (err error) {
			found[i], err = list(ctx, s.reading, scanRegistration, `SELECT `+registrationColumns+`
				FROM registrations AS g WHERE `+fits+` AND g.audience <> ''`, array(part))
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(found...), s.d.mean(err)
}

// GetRegistration returns the User's own Registration, or NotFound.
func (s *Store) GetRegistration(ctx context.Context, userID int64) (social.Registration, error) {
	g, err := getRegistration(ctx, s.reading, userID)
	return g, s.d.mean(err)
}

func getRegistration(ctx context.Context, x q, userID int64) (social.Registration, error) {
	return scanRegistration(x.row(ctx, `SELECT `+registrationColumns+` FROM registrations AS g WHERE g.user_id = $1`, userID))
}

// PublicRegistration returns the Registration of an X username whose registrant
// chose a page for everybody. Whatever else there is or was under the name, and
// nothing at all, is the same NotFound (REG-04, REG-13).
func (s *Store) PublicRegistration(ctx context.Context, username string, now time.Time) (g social.Registration, err error) {
	err = s.read(ctx, func(x q) error {
		g, err = scanRegistration(x.row(ctx, `SELECT `+registrationColumns+` FROM registrations AS g
			WHERE g.username_key = $1 AND g.username_key <> '' AND g.audience = 'public' AND g.user_id IS NOT NULL
			ORDER BY g.created_at DESC, g.id DESC LIMIT 1`, lower(username)))
		return err
	})
	if err != nil {
		return social.Registration{}, err
	}
	m, err := s.marker(ctx)
	if err != nil {
		return social.Registration{}, err
	}
	rests, err := resting(ctx, s.reading, m, g, now)
	if err == nil && rests {
		err = notFound()
	}
	if err != nil {
		return social.Registration{}, s.d.mean(err)
	}
	return g, nil
}

// StartProof keeps the code that a post on X is to carry, in place of an older
// one. A Wait says that the account, or its server, began enough of them today
// (OPS-03).
func (s *Store) StartProof(ctx context.Context, userID int64, p social.Pending) error {
	m, err := s.marker(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, func(x q) error {
		if err := allowClaim(ctx, x, m, userID, p); err != nil {
			return err
		}
		_, err := x.exec(ctx, `INSERT INTO proofs (user_id, code, xid, username, handle, actor_id, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_id) DO UPDATE SET code = excluded.code, xid = excluded.xid,
				username = excluded.username, handle = excluded.handle, actor_id = excluded.actor_id, created_at = excluded.created_at`,
			userID, p.Code, clean(p.XID), clean(p.Username), p.Handle.String(), clean(p.ActorID), micros(p.CreatedAt))
		return err
	})
}

// allowClaim counts a claim to an X account. The same one again, to correct a
// mistake or for a fresh code, is none.
func allowClaim(ctx context.Context, x q, m marker, userID int64, p social.Pending) error {
	again, err := scalar[bool](x.row(ctx, `SELECT EXISTS (SELECT 1 FROM proofs WHERE user_id = $1 AND username = $2 AND actor_id = $3)
		OR EXISTS (SELECT 1 FROM registrations WHERE user_id = $1 AND username = $2 AND actor_id = $3)`,
		userID, clean(p.Username), clean(p.ActorID)))
	if err != nil || again {
		return err
	}
	return countClaim(ctx, x, p.CreatedAt, allowance{m.of("claims of account", p.Handle.Key()), claimsPerPerson},
		allowance{m.of("claims of server", registrable(p.Handle.Host())), claimsPerServer})
}

func countClaim(ctx context.Context, x q, now time.Time, limits ...allowance) error {
	until, err := count(ctx, x, now, limits...)
	if err == nil && !until.IsZero() {
		err = fault.WaitUntil(until, "claims-full", "That is enough registrations from there for today. Nothing was changed; try again tomorrow.")
	}
	return err
}

// CountXLogin counts a sign-in at X that an account begins. A Wait says that
// the account, or its server, began enough of them today: X asks money for each.
func (s *Store) CountXLogin(ctx context.Context, h social.Handle, now time.Time) error {
	m, err := s.marker(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, func(x q) error {
		return countClaim(ctx, x, now, allowance{m.of("X logins of account", h.Key()), loginsPerPerson},
			allowance{m.of("X logins of server", registrable(h.Host())), loginsPerServer})
	})
}

// GetProof returns the User's proof under way, or NotFound when there is none
// or its code is older than a day.
func (s *Store) GetProof(ctx context.Context, userID int64, now time.Time) (p social.Pending, err error) {
	err = s.reading.row(ctx, `SELECT code, xid, username, handle, actor_id, created_at FROM proofs WHERE user_id = $1 AND created_at > $2`,
		userID, micros(now.Add(-proofLife))).
		Scan(&p.Code, &p.XID, &p.Username, handle{&p.Handle}, &p.ActorID, moment{&p.CreatedAt})
	return p, s.d.mean(err)
}

// SaveProven makes r the User's Registration, not published yet, or renews the
// one that is about the same two accounts, which stays as public as it was. Who
// registered the same X account before, and could prove it then, is ended by a
// newer proof.
func (s *Store) SaveProven(ctx context.Context, r social.Registration) error {
	m, err := s.marker(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, func(x q) error {
		had, err := getRegistration(ctx, x, r.UserID)
		if err == nil && had.Handle.Same(r.Handle) && had.ActorID == r.ActorID && lower(had.Username) == lower(r.Username) {
			r.Audience, r.CreatedAt = had.Audience, had.CreatedAt
		}
		if err == nil {
			err = takeBack(ctx, x, had)
		}
		if err != nil && !fault.Is(s.d.mean(err), fault.NotFound) {
			return err
		}
		if err := supersede(ctx, x, r); err != nil {
			return err
		}
		if err := insertRegistration(ctx, x, r); err != nil {
			return err
		}
		if err := relent(ctx, x, m, r); err != nil {
			return err
		}
		if _, err := x.exec(ctx, `DELETE FROM proofs WHERE user_id = $1`, r.UserID); err != nil {
			return err
		}
		return reread(ctx, x, r)
	})
}

// supersede ends what others registered of the same X account. One of another
// proven number had the name before, and loses only the name.
func supersede(ctx context.Context, x q, r social.Registration) error {
	others, err := list(ctx, x, scanRegistration, `SELECT `+registrationColumns+` FROM registrations AS g WHERE g.id IN (
			SELECT id FROM registrations WHERE xid = $1 AND xid <> '' UNION SELECT id FROM registrations WHERE username_key = $2 AND username_key <> '')
		AND g.user_id IS NOT NULL AND g.user_id <> $3 ORDER BY g.id`, clean(r.XID), lower(r.Username), r.UserID)
	if err != nil {
		return err
	}
	for _, other := range others {
		same := lower(other.Username) == lower(r.Username)
		switch {
		case !same && !(r.XIDProven && other.XID == r.XID): // claims the number, which proves nothing
			continue
		case same && other.XIDProven && other.XID != r.XID:
			_, err = x.exec(ctx, `UPDATE registrations SET username = '', username_key = '' WHERE id = $1`, other.ID)
		default:
			err = takeBack(ctx, x, other)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeBack deletes a Registration and lets everybody who was led by it be
// matched anew.
func takeBack(ctx context.Context, x q, r social.Registration) error {
	if _, err := x.exec(ctx, `DELETE FROM registrations WHERE id = $1`, r.ID); err != nil {
		return err
	}
	return reread(ctx, x, r)
}

func insertRegistration(ctx context.Context, x q, r social.Registration) error {
	_, err := x.exec(ctx, `
		INSERT INTO registrations (user_id, import_id, xid, xid_proven, username, username_key, handle, handle_key, actor_id, proof, post, code,
			audience, stale, source, created_at, checked_at, due_at)
		VALUES ($1, NULL, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, false, '', $13, $14, $15)`,
		sql.NullInt64{Int64: r.UserID, Valid: r.UserID != 0}, clean(r.XID), r.XIDProven, clean(r.Username), lower(r.Username), r.Handle.String(), r.Handle.Key(),
		clean(r.ActorID), string(r.Proof), clean(r.Post), clean(r.Code), string(r.Audience), micros(r.CreatedAt), micros(r.CheckedAt),
		micros(r.CheckedAt.Add(checkEvery)))
	return err
}

// reread lets every Account that a Registration is about be read again. For one
// that only followers may find, these are the Accounts that were looked for
// within the caps (REG-02).
func reread(ctx context.Context, x q, r social.Registration) error {
	about := `FROM accounts WHERE network = 'x' AND following AND (registry_at > 0 OR CAST($3 AS TEXT) = 'public') AND id IN (
		SELECT id FROM accounts WHERE following AND native_id <> '' AND native_id = $1
		UNION SELECT id FROM accounts WHERE following AND username_key <> '' AND username_key = $2)`
	args := []any{clean(r.XID), lower(r.Username), string(r.Audience)}
	if _, err := x.exec(ctx, `UPDATE accounts SET read_at = 0 WHERE id IN (SELECT id `+about+`)`, args...); err != nil {
		return err
	}
	_, err := ringAll(ctx, x, social.MatchTask, `SELECT DISTINCT user_id AS subject, user_id, CAST($4 AS BIGINT) AS at `+about,
		append(args, micros(atOnce))...)
	return err
}

// Publish says who may be led by the User's Registration from now on.
func (s *Store) Publish(ctx context.Context, userID int64, a social.RegistrationAudience) error {
	return s.write(ctx, func(x q) error {
		if err := one(x.exec(ctx, `UPDATE registrations SET audience = $2 WHERE user_id = $1`, userID, string(a))); err != nil {
			return err
		}
		r, err := getRegistration(ctx, x, userID)
		if err != nil {
			return err
		}
		return reread(ctx, x, r)
	})
}

// Withdraw deletes the User's Registration and everything that came of it, in
// one transaction: other people's Matches, and follows not sent yet (REG-10). A
// keyed mark stays, so that neither a bio nor a public list leads there again.
func (s *Store) Withdraw(ctx context.Context, userID int64, now time.Time) error {
	if _, err := s.GetRegistration(ctx, userID); err != nil {
		return err
	}
	m, err := s.marker(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, func(x q) error {
		r, err := getRegistration(ctx, x, userID)
		if err != nil {
			return err
		}
		return withdraw(ctx, x, m, r, now)
	})
}

func withdraw(ctx context.Context, x q, m marker, r social.Registration, now time.Time) error {
	if err := object(ctx, x, m, r, now); err != nil {
		return err
	}
	number := r.XID
	if !r.XIDProven {
		number = ""
	}
	name, key := lower(r.Username), r.Handle.Key()
	for _, gone := range []struct {
		text string
		args []any
	}{
		{`DELETE FROM matches WHERE account_id IN (SELECT id FROM accounts WHERE following AND native_id <> '' AND native_id = $1 AND network = 'x'
			UNION SELECT id FROM accounts WHERE following AND username_key <> '' AND username_key = $2 AND network = 'x')`, []any{clean(number), name}},
		{`DELETE FROM matches WHERE lookup_id IN (SELECT id FROM lookups WHERE handle_key = $1 UNION
			SELECT id FROM lookups WHERE final_key <> '' AND final_key = $1)`, []any{key}},
		{`UPDATE follow_jobs SET state = 'canceled' WHERE handle_key = $1 AND state = 'planned'`, []any{key}},
		{`DELETE FROM registrations WHERE source <> '' AND id IN (SELECT id FROM registrations WHERE xid <> '' AND xid = $1
			UNION SELECT id FROM registrations WHERE username_key <> '' AND username_key = $2)`, []any{clean(number), name}},
	} {
		if _, err := x.exec(ctx, gone.text, gone.args...); err != nil {
			return err
		}
	}
	_, err := x.exec(ctx, `DELETE FROM registrations WHERE id = $1`, r.ID)
	return err
}

// DueRegistrations hands out up to limit Registrations whose proofs are to be
// looked at again, each to one process only.
func (s *Store) DueRegistrations(ctx context.Context, limit int, now time.Time) (due []social.Registration, err error) {
	err = s.write(ctx, func(x q) error {
		ids, err := list(ctx, x, scalar[int64], `UPDATE registrations SET due_at = $3
			WHERE id IN (SELECT id FROM registrations WHERE due_at > 0 AND due_at <= $1 ORDER BY due_at LIMIT $2)
			RETURNING id`, micros(now), limit, micros(now.Add(checkLease)))
		if err != nil {
			return err
		}
		due, err = list(ctx, x, scanRegistration, `SELECT `+registrationColumns+` FROM registrations AS g WHERE g.id IN IDS($1) ORDER BY g.id`, array(ids))
		return err
	})
	return due, err
}

// SaveCheck stores what a look at both sides brought: Stale, Username and
// CheckedAt of r, if the Registration is still the one that was looked at.
// told false says that the look told nothing, and is made again a day later.
func (s *Store) SaveCheck(ctx context.Context, r social.Registration, told bool, now time.Time) error {
	next := now.Add(checkEvery)
	if !told {
		next = now.Add(checkAgain)
	}
	return s.write(ctx, func(x q) error {
		had, err := scanRegistration(x.row(ctx, `SELECT `+registrationColumns+` FROM registrations AS g WHERE g.id = $1 AND g.code = $2`, r.ID, r.Code))
		if err != nil {
			return err
		}
		_, err = x.exec(ctx, `UPDATE registrations SET stale = $2, username = $3, username_key = $4, checked_at = $5, created_at = $6, due_at = $7
			WHERE id = $1`, r.ID, r.Stale, clean(r.Username), lower(r.Username), micros(r.CheckedAt), micros(r.CreatedAt), micros(next))
		if err != nil {
			return err
		}
		if err := reread(ctx, x, had); err != nil || lower(had.Username) == lower(r.Username) {
			return err
		}
		return reread(ctx, x, r)
	})
}
