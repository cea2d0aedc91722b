package store

import (
	"context"
	"slices"
	"strconv"
	"time"

	"godwit/internal/social"
)

// Anybody can write a list of ten million numbers. So those who registered for
// their followers only are looked for in small numbers: for each person, for
// each network that people come from, and hardly at all for a list that looks
// made up, until the operator has looked at it (REG-02).

// Asked is what the registry says of a batch of Accounts.
type Asked struct {
	Registrations []social.Registration
	held          map[int64]bool
}

// Of returns the Registrations that may be about an Account, by its number or
// its username; whether they are is the matcher's to say.
func (k Asked) Of(a social.Account) (known []social.Registration) {
	if !onX(a) {
		return nil
	}
	for _, r := range k.Registrations {
		byNumber := r.XID != "" && r.XID == a.NativeID
		byName := r.Username != "" && lower(r.Username) == lower(a.Username)
		if (byNumber || byName) && (r.Audience == social.PublicPage || !k.held[a.ID]) {
			known = append(known, r)
		}
	}
	return known
}

// onX reports whether an Account is one of X's, the only network that people
// register here.
func onX(a social.Account) bool { return a.Network == social.X || a.Network == "" }

// Held reports whether an Account waits for its turn.
func (k Asked) Held(a social.Account) bool { return k.held[a.ID] }

// AskRegistry looks the Accounts up for the User of the task, within what the
// User may ask; those beyond are looked up when their turn comes, apart from
// public Registrations.
func (s *Store) AskRegistry(ctx context.Context, t social.Task, accounts []social.Account, now time.Time) (Asked, error) {
	k := Asked{}
	m, err := s.marker(ctx)
	if err != nil {
		return k, err
	}
	err = s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.MatchTask)
		if err == nil {
			k.held, err = s.take(ctx, x, m, owner, accounts, now)
		}
		return err
	})
	if err != nil {
		return k, err
	}
	k.Registrations, err = s.registrationsOf(ctx, accounts)
	return k, err
}

// registrationsOf returns every published Registration that has the number or
// the name of one of the Accounts, each once.
func (s *Store) registrationsOf(ctx context.Context, accounts []social.Account) ([]social.Registration, error) {
	var ids, names []string
	for _, a := range accounts {
		if !onX(a) {
			continue
		}
		if a.NativeID != "" {
			ids = append(ids, clean(a.NativeID))
		}
		if a.Username != "" {
			names = append(names, lower(a.Username))
		}
	}
	byID, err := s.Registrations(ctx, sortedUnique(ids))
	if err != nil {
		return nil, err
	}
	byName, err := s.namedRegistrations(ctx, sortedUnique(names))
	if err != nil {
		return nil, err
	}
	seen := map[int64]bool{}
	return slices.DeleteFunc(append(byID, byName...), func(r social.Registration) bool {
		again := seen[r.ID]
		seen[r.ID] = true
		return again
	}), nil
}

// asker is a User as far as asking goes.
type asker struct {
	id      int64
	mark    string // "" for the owner of the machine, whose registry it is
	address string
	most    int
}

func (s *Store) asker(ctx context.Context, x q, m marker, userID int64, now time.Time) (a asker, err error) {
	var host, remote, born string
	var held bool
	err = x.row(ctx, `SELECT host, remote_id, born, address_mark, COALESCE((SELECT NOT allowed FROM holds WHERE user_id = users.id), false)
		FROM users WHERE id = $1`, userID).Scan(&host, &remote, &born, &a.address, &held)
	a.id, a.most = userID, askedPerPerson
	if host != "" {
		a.mark = m.of("asks of account", host+" "+remote)
	}
	if held || young(born, now) {
		a.most = askedWhenYoung
	}
	return a, err
}

// young reports whether an account was made less than a week ago.
func young(born string, now time.Time) bool {
	day, err := time.Parse(time.DateOnly, born)
	return err == nil && now.Sub(day) < youngDays*24*time.Hour
}

// take gives the Accounts their turn, named ones first, and says which have to
// wait.
func (s *Store) take(ctx context.Context, x q, m marker, userID int64, accounts []social.Account, now time.Time) (map[int64]bool, error) {
	fresh, err := list(ctx, x, scalar[int64], `SELECT id FROM accounts WHERE id IN IDS($2) AND +user_id = $1 AND registry_at <= 0 AND network = 'x'
		ORDER BY username_key = '', id`, userID, array(accountIDs(accounts)))
	if err != nil || len(fresh) == 0 {
		return nil, err
	}
	reason, err := odd(ctx, x, userID, accounts)
	if err != nil {
		return nil, err
	}
	if reason != "" {
		if _, err := x.exec(ctx, `INSERT INTO holds (user_id, reason, allowed, created_at) VALUES ($1, $3, false, $2)
			ON CONFLICT (user_id) DO NOTHING`, userID, micros(now), reason); err != nil {
			return nil, err
		}
	}
	a, err := s.asker(ctx, x, m, userID, now)
	if err != nil {
		return nil, err
	}
	left, err := a.left(ctx, x, now)
	if err != nil {
		return nil, err
	}
	n := min(left, len(fresh))
	return a.turns(ctx, x, fresh, n, now)
}

// left is how many more may be asked about now.
func (a asker) left(ctx context.Context, x q, now time.Time) (int, error) {
	if a.mark == "" {
		return 1 << 30, nil
	}
	day := now.Unix() / daySeconds
	n, err := used(ctx, x, a.mark, day-askedWindow+1)
	left := a.most - n
	if err == nil && a.address != "" {
		n, err = used(ctx, x, a.address, day-askedWindow+1)
		left = min(left, askedPerAddress-n)
	}
	return max(left, 0), err
}

// turns writes who has had a turn and who waits.
func (a asker) turns(ctx context.Context, x q, fresh []int64, n int, now time.Time) (map[int64]bool, error) {
	day := now.Unix() / daySeconds
	for _, mark := range []string{a.mark, a.address} {
		if mark == "" || n == 0 {
			continue
		}
		if err := use(ctx, x, mark, day, n); err != nil {
			return nil, err
		}
	}
	_, err := x.exec(ctx, `UPDATE accounts SET registry_at = $2 WHERE id IN IDS($1)`, array(fresh[:n]), micros(now))
	if err != nil || n == len(fresh) {
		return nil, err
	}
	_, err = x.exec(ctx, `UPDATE accounts SET registry_at = -1 WHERE id IN IDS($1)`, array(fresh[n:]))
	held := map[int64]bool{}
	for _, id := range fresh[n:] {
		held[id] = true
	}
	return held, err
}

// odd says why a list looks as no person's does, "" when it does not, or when
// the operator decides about it already.
func odd(ctx context.Context, x q, userID int64, batch []social.Account) (reason string, err error) {
	if madeUp(batch) {
		return "dense", nil
	}
	known, err := scalar[bool](x.row(ctx, `SELECT EXISTS (SELECT 1 FROM holds WHERE user_id = $1)`, userID))
	if err != nil || known {
		return "", err
	}
	if apart, err := standsApart(ctx, x, userID); err != nil || !apart {
		return "", err
	}
	return "apart", nil
}

// standsApart reports whether hardly any of the numbers of a large enough list
// is followed by anybody else here, although others follow very many: people's
// lists meet, numbers at random do not. Where few people came by, that says
// nothing.
func standsApart(ctx context.Context, x q, userID int64) (bool, error) {
	var all, met int
	err := x.row(ctx, `SELECT count(*), COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM accounts AS b
			WHERE b.native_id = own.native_id AND b.following AND b.native_id <> '' AND b.network = 'x' AND b.user_id <> $1) THEN 1 ELSE 0 END), 0)
		FROM (SELECT native_id FROM accounts WHERE user_id = $1 AND following AND native_id <> '' AND network = 'x' ORDER BY id LIMIT $2) AS own`,
		userID, apartSample).Scan(&all, &met)
	if err != nil || all < denseList || met*apartShare >= all {
		return false, err
	}
	others, err := scalar[int](x.row(ctx, `SELECT count(*) FROM (SELECT 1 FROM accounts WHERE following AND native_id <> '' AND user_id <> $1 LIMIT $2) AS few`,
		userID, apartCrowd))
	return others >= apartCrowd, err
}

// madeUp reports whether the numbers of a batch lie so close together as no
// person's list does.
func madeUp(accounts []social.Account) bool {
	var ids []int64
	for _, a := range accounts {
		if n, err := strconv.ParseInt(a.NativeID, 10, 64); err == nil && onX(a) {
			ids = append(ids, n)
		}
	}
	ids = sortedUnique(ids)
	dense := 0
	for i := 1; i < len(ids); i++ {
		if ids[i]-ids[i-1] < denseGap {
			dense++
		}
	}
	return len(ids) >= denseList && dense*denseShare > len(ids)
}

// used counts what a mark was let do from a day on, and use adds to it.
func used(ctx context.Context, x q, mark string, from int64) (int, error) {
	return scalar[int](x.row(ctx, `SELECT COALESCE(SUM(n), 0) FROM allowances WHERE mark = $1 AND day >= $2`, mark, from))
}

func use(ctx context.Context, x q, mark string, day int64, n int) error {
	_, err := x.exec(ctx, `INSERT INTO allowances (mark, day, n) VALUES ($1, $2, $3)
		ON CONFLICT (mark, day) DO UPDATE SET n = allowances.n + excluded.n`, mark, day, n)
	return err
}

// allowance is how often something may be done in a UTC day under a mark.
type allowance struct {
	mark string
	most int
}

// count counts one more of what is limited; until is when there is more to be
// had if it was enough for today, else zero.
func count(ctx context.Context, x q, now time.Time, limits ...allowance) (until time.Time, err error) {
	day := now.Unix() / daySeconds
	for _, limit := range limits {
		n, err := used(ctx, x, limit.mark, day)
		if err != nil {
			return time.Time{}, err
		}
		if n >= limit.most {
			return time.Unix((day+1)*daySeconds, 0).UTC(), nil
		}
		if err := use(ctx, x, limit.mark, day, 1); err != nil {
			return time.Time{}, err
		}
	}
	return time.Time{}, nil
}

// Waiting is how many of a User's Accounts wait for their turn, and whether it
// is the operator's to say when that comes.
type Waiting struct {
	Accounts int
	Held     bool
}

// Waiting says who waits; for the page.
func (s *Store) Waiting(ctx context.Context, userID int64) (w Waiting, err error) {
	err = s.reading.row(ctx, `SELECT (SELECT count(*) FROM accounts WHERE user_id = $1 AND registry_at < 0),
		EXISTS (SELECT 1 FROM holds WHERE user_id = $1 AND NOT allowed)`, userID).Scan(&w.Accounts, &w.Held)
	return w, s.d.mean(err)
}

// TakeTurns lets Accounts that waited be read again, as many as may be asked
// about now, and returns when to try the rest; zero when nobody waits. The
// task's claim is its User's.
func (s *Store) TakeTurns(ctx context.Context, t social.Task, now time.Time) (next time.Time, err error) {
	w, err := s.Waiting(ctx, t.ID)
	if err != nil || w.Accounts == 0 {
		return time.Time{}, err
	}
	m, err := s.marker(ctx)
	if err != nil {
		return time.Time{}, err
	}
	err = s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.MatchTask)
		if err != nil {
			return err
		}
		a, err := s.asker(ctx, x, m, owner, now)
		if err != nil {
			return err
		}
		left, err := a.left(ctx, x, now)
		if err != nil {
			return err
		}
		next = now.Truncate(24 * time.Hour).Add(24 * time.Hour)
		if left == 0 {
			return nil
		}
		next = now
		_, err = x.exec(ctx, `UPDATE accounts SET read_at = 0 WHERE id IN (
			SELECT id FROM accounts WHERE user_id = $1 AND registry_at < 0 ORDER BY id LIMIT $2)`, owner, min(left, maxComponent))
		return err
	})
	return next, err
}

// Hold is a User whose list the operator is to look at.
type Hold struct {
	UserID  int64
	Handle  social.Handle
	Reason  string
	Since   time.Time
	Waiting int
}

// Holds lists the Users whose lists wait for the operator, oldest first.
func (s *Store) Holds(ctx context.Context) ([]Hold, error) {
	all, err := list(ctx, s.reading, func(r scanner) (h Hold, err error) {
		return h, r.Scan(&h.UserID, handle{&h.Handle}, &h.Reason, moment{&h.Since}, &h.Waiting)
	}, `SELECT h.user_id, u.handle, h.reason, h.created_at, (SELECT count(*) FROM accounts WHERE user_id = h.user_id AND registry_at < 0)
		FROM holds AS h JOIN users AS u ON u.id = h.user_id WHERE NOT h.allowed ORDER BY h.created_at, h.user_id`)
	return all, s.d.mean(err)
}

// Allow lets a held User's list be looked up like every other, within the
// ordinary cap.
func (s *Store) Allow(ctx context.Context, userID int64) error {
	return s.write(ctx, func(x q) error {
		if err := one(x.exec(ctx, `UPDATE holds SET allowed = true WHERE user_id = $1`, userID)); err != nil {
			return err
		}
		return ring(ctx, x, social.MatchTask, userID, atOnce)
	})
}

// SetAddress notes, under a mark, from which network a User comes: an IPv6 /64
// or an IPv4 address. The address itself is not kept.
func (s *Store) SetAddress(ctx context.Context, userID int64, network string) error {
	m, err := s.marker(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, func(x q) error {
		return one(x.exec(ctx, `UPDATE users SET address_mark = $2 WHERE id = $1`, userID, m.of("asks of address", network)))
	})
}
