package store

import (
	"context"
	"strconv"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const waveColumns = `id, user_id, host, domain, code, name, welcome, entry, invite, joiners, places, expects, ends_at, cap_all, cap_one,
	opened, created_at, started_at, closed_at, paused_at, paused_by, slow_at, slow_until, slow_by, length(hook_secret) > 0`

func scanWave(r scanner) (w social.Wave, err error) {
	err = r.Scan(&w.ID, &w.UserID, &w.Host, &w.Domain, &w.Code, &w.Name, &w.Welcome, &w.Entry, &w.Invite, &w.Joiners, &w.Places,
		&w.Expects, moment{&w.EndsAt}, &w.CapAll, &w.CapOne, &w.Opened, moment{&w.CreatedAt}, moment{&w.StartedAt}, moment{&w.ClosedAt},
		moment{&w.PausedAt}, handle{&w.PausedBy}, moment{&w.SlowAt}, moment{&w.SlowUntil}, handle{&w.SlowBy}, &w.Hooked)
	return w, err
}

// CreateWave stores a draft of the User, who must be an admin of its host;
// else it is NotFound.
func (s *Store) CreateWave(ctx context.Context, userID int64, w social.Wave) (made social.Wave, err error) {
	err = s.write(ctx, func(x q) error {
		t := w.WaveTerms
		made, err = scanWave(x.row(ctx, `INSERT INTO waves (user_id, host, domain, code, name, welcome, entry, invite, joiners, places, expects,
				ends_at, cap_all, cap_one, opened, created_at, started_at, closed_at, paused_at, paused_by, slow_at, slow_until, slow_by)
			SELECT user_id, host, domain, $3, $4, $5, $6, $7, $8, CAST($9 AS BIGINT), CAST($10 AS BIGINT), CAST($11 AS BIGINT), CAST($12 AS BIGINT),
				CAST($13 AS BIGINT), 0, CAST($14 AS BIGINT), 0, 0, 0, '', 0, 0, ''
			FROM server_roles WHERE user_id = $1 AND host = $2 AND rank = 'admin' RETURNING `+waveColumns,
			userID, w.Host, w.Code, clean(t.Name), clean(t.Welcome), string(t.Entry), clean(t.Invite), string(t.Joiners), t.Places, t.Expects,
			micros(t.EndsAt), t.CapAll, t.CapOne, micros(w.CreatedAt)))
		return err
	})
	return made, err
}

// GetWave returns a Wave that the User may see, or NotFound.
func (s *Store) GetWave(ctx context.Context, userID, id int64) (social.Wave, error) {
	w, err := scanWave(s.reading.row(ctx, `SELECT `+waveColumns+` FROM waves AS w WHERE id = $2 AND `+sees, userID, id))
	return w, s.d.mean(err)
}

// ListWaves lists the Waves that the User may see, newest first.
func (s *Store) ListWaves(ctx context.Context, userID int64) ([]social.Wave, error) {
	all, err := list(ctx, s.reading, scanWave, `SELECT `+waveColumns+` FROM waves AS w WHERE `+sees+` ORDER BY id DESC LIMIT $2`, userID, maxPage)
	return all, s.d.mean(err)
}

// change runs an update of one Wave of which the User is an admin: $1 is the
// User, $2 the Wave. NotFound when they are none.
func (s *Store) change(ctx context.Context, userID, id int64, set string, args ...any) error {
	return s.write(ctx, func(x q) error {
		return one(x.exec(ctx, `UPDATE waves SET `+set+` WHERE id = $2 AND `+changes, append([]any{userID, id}, args...)...))
	})
}

// SaveTerms changes what the admin says about a Wave, apart from its caps.
func (s *Store) SaveTerms(ctx context.Context, userID, id int64, t social.WaveTerms) error {
	return s.change(ctx, userID, id, `name = $3, welcome = $4, entry = $5, invite = $6, joiners = $7, places = $8, expects = $9, ends_at = $10`,
		clean(t.Name), clean(t.Welcome), string(t.Entry), clean(t.Invite), string(t.Joiners), t.Places, t.Expects, micros(t.EndsAt))
}

// SaveCaps changes the caps. They hold from the next follow on.
func (s *Store) SaveCaps(ctx context.Context, userID, id int64, all, one int) error {
	return s.change(ctx, userID, id, `cap_all = $3, cap_one = $4`, all, one)
}

// StartWave makes a draft's link work; a Wave that was started stays as it is.
func (s *Store) StartWave(ctx context.Context, userID, id int64, now time.Time) error {
	return s.change(ctx, userID, id, `started_at = CASE WHEN started_at > 0 THEN started_at ELSE $3 END`, micros(now))
}

// CloseWave lets nobody join any more. Those inside go on to the end.
func (s *Store) CloseWave(ctx context.Context, userID, id int64, now time.Time) error {
	return s.change(ctx, userID, id, `closed_at = CASE WHEN closed_at > 0 THEN closed_at ELSE $3 END`, micros(now))
}

// DeleteDraft deletes a Wave that was never started.
func (s *Store) DeleteDraft(ctx context.Context, userID, id int64) error {
	return s.write(ctx, func(x q) error {
		return one(x.exec(ctx, `DELETE FROM waves WHERE id = $2 AND started_at = 0 AND `+changes, userID, id))
	})
}

// PauseWave stops the following of all newcomers until ResumeWave.
func (s *Store) PauseWave(ctx context.Context, userID, id int64, by social.Handle, now time.Time) error {
	return s.change(ctx, userID, id, `paused_at = CASE WHEN paused_at > 0 THEN paused_at ELSE $3 END,
		paused_by = CASE WHEN paused_at > 0 THEN paused_by ELSE $4 END`, micros(now), by.String())
}

// SlowWave halves the pace of a Wave until an instant; zero ends that.
func (s *Store) SlowWave(ctx context.Context, userID, id int64, by social.Handle, until, now time.Time) error {
	return s.change(ctx, userID, id, `slow_at = $3, slow_until = $4, slow_by = $5`, micros(now), micros(until), by.String())
}

// ResumeWave lets the newcomers' following go on, and rings for it.
func (s *Store) ResumeWave(ctx context.Context, userID, id int64, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if err := one(x.exec(ctx, `UPDATE waves SET paused_at = 0, paused_by = '' WHERE id = $2 AND `+changes, userID, id)); err != nil {
			return err
		}
		_, err := ringAll(ctx, x, social.FollowTask, `SELECT destination_id AS subject, user_id, CAST($2 AS BIGINT) AS at FROM wave_members WHERE wave_id = $1`,
			id, micros(now))
		return err
	})
}

// OpenedWave is the Wave of a link that was started, or NotFound. It counts the
// opening when told to.
func (s *Store) OpenedWave(ctx context.Context, code string, count bool) (w social.Wave, err error) {
	w, err = scanWave(s.reading.row(ctx, `SELECT `+waveColumns+` FROM waves AS w WHERE code = $1 AND started_at > 0`, clean(code)))
	if err != nil || !count {
		return w, s.d.mean(err)
	}
	return w, s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `UPDATE waves SET opened = opened + 1 WHERE id = $1`, w.ID)
		return err
	})
}

// Joined counts the members of a Wave.
func joined(ctx context.Context, x q, id int64) (int, error) {
	return scalar[int](x.row(ctx, `SELECT count(*) FROM wave_members WHERE wave_id = $1`, id))
}

// JoinWave makes the User's Destination a member of a Wave, in place of another
// one's. Denied says why it may not: the Wave is over, full, for another
// server, or not for this account.
func (s *Store) JoinWave(ctx context.Context, userID, destinationID int64, code, born string, now time.Time) (w social.Wave, err error) {
	m, err := s.marker(ctx)
	if err != nil {
		return w, err
	}
	err = s.write(ctx, func(x q) error {
		// A write, so that PostgreSQL lets one join at a time pass the bound.
		w, err = scanWave(x.row(ctx, `UPDATE waves SET code = code WHERE code = $1 AND started_at > 0 RETURNING `+waveColumns, clean(code)))
		if err != nil {
			return err
		}
		d, err := getDestination(ctx, x, userID, destinationID)
		if err != nil {
			return err
		}
		if err := mayJoin(ctx, x, m, w, d, born, now); err != nil {
			return err
		}
		_, err = x.exec(ctx, `INSERT INTO wave_members (destination_id, wave_id, user_id, joined_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (destination_id) DO UPDATE SET wave_id = excluded.wave_id, joined_at = excluded.joined_at
			WHERE wave_members.wave_id <> excluded.wave_id`, d.ID, w.ID, userID, micros(now))
		return err
	})
	return w, err
}

func mayJoin(ctx context.Context, x q, m marker, w social.Wave, d social.Destination, born string, now time.Time) error {
	if d.Host != w.Host {
		return fault.New(fault.Denied, "wave-other-server",
			"This link is for newcomers on {server}; you're connected as {handle}. Connect an account on {server} or go on without the wave.",
			"server", w.Domain, "handle", "@"+d.Handle.String())
	}
	in, err := scalar[bool](x.row(ctx, `SELECT EXISTS (SELECT 1 FROM wave_members WHERE wave_id = $1 AND destination_id = $2)`, w.ID, d.ID))
	if err != nil || in {
		return err
	}
	if since, over := w.Over(now); over {
		return fault.New(fault.Denied, "wave-over", "This wave ended on {date}.", "date", since.Format(time.DateOnly))
	}
	n, err := joined(ctx, x, w.ID)
	if err != nil {
		return err
	}
	if w.Places > 0 && n >= w.Places {
		return fault.New(fault.Denied, "wave-full", "This wave is full. You can still use Godwit by yourself.")
	}
	if !w.Takes(born) {
		return fault.New(fault.Denied, "wave-new-only", "This wave is for new accounts on {server}. You can still use Godwit by yourself.", "server", w.Domain)
	}
	if w.Joiners != social.ApprovedJoin {
		return nil
	}
	let, err := scalar[bool](x.row(ctx, `SELECT EXISTS (SELECT 1 FROM wave_approved WHERE wave_id = $1 AND mark = $2)`, w.ID, approvedMark(m, w.Host, d.Handle.User())))
	if err == nil && !let {
		err = fault.New(fault.Denied, "wave-not-approved",
			"{server} hasn't told us yet that it let you in. Try again when its mail has come, or go on without the wave.", "server", w.Domain)
	}
	return err
}

func approvedMark(m marker, host, name string) string { return m.of("approved", host+" "+lower(name)) }

// LeaveWave ends the membership of the User's accounts in a Wave. What was
// planned goes on, without the Wave's caps.
func (s *Store) LeaveWave(ctx context.Context, userID int64, code string) error {
	return s.write(ctx, func(x q) error {
		return one(x.exec(ctx, `DELETE FROM wave_members WHERE user_id = $1 AND wave_id = (SELECT id FROM waves WHERE code = $2)`, userID, clean(code)))
	})
}

// Membership is a Wave that one of the User's Destinations is in.
type Membership struct {
	social.Wave
	DestinationID int64
}

// Memberships lists the Waves that the User is in.
func (s *Store) Memberships(ctx context.Context, userID int64) ([]Membership, error) {
	var all []Membership
	err := s.read(ctx, func(x q) error {
		waves, err := list(ctx, x, scanWave, `SELECT `+waveColumns+` FROM waves AS w
			WHERE id IN (SELECT wave_id FROM wave_members WHERE user_id = $1) ORDER BY id`, userID)
		if err != nil {
			return err
		}
		for _, w := range waves {
			at, err := scalar[int64](x.row(ctx, `SELECT MIN(destination_id) FROM wave_members WHERE user_id = $1 AND wave_id = $2`, userID, w.ID))
			if err != nil {
				return err
			}
			all = append(all, Membership{w, at})
		}
		return nil
	})
	return all, err
}

// hookAt is where the secret of a Wave's calls lies.
func hookAt(id int64) place {
	return place{table: "waves", column: "hook_secret", row: strconv.FormatInt(id, 10)}
}

// SaveHook seals what signs the server's calls for a Wave; an empty secret
// takes none any more.
func (s *Store) SaveHook(ctx context.Context, userID, id int64, secret social.Secret) error {
	sealed := []byte{}
	if !secret.IsZero() {
		var err error
		if sealed, err = s.sealer.seal(secret, hookAt(id)); err != nil {
			return err
		}
	}
	return s.change(ctx, userID, id, `hook_secret = $3`, sealed)
}

// HookSecret opens what signs the calls of the server of a started Wave, or
// NotFound when it takes none.
func (s *Store) HookSecret(ctx context.Context, code string) (w social.Wave, secret social.Secret, err error) {
	if w, err = s.OpenedWave(ctx, code, false); err != nil {
		return w, secret, err
	}
	sealed, err := scalar[[]byte](s.reading.row(ctx, `SELECT hook_secret FROM waves WHERE id = $1 AND length(hook_secret) > 0`, w.ID))
	if err != nil {
		return w, secret, s.d.mean(err)
	}
	secret, err = s.sealer.unseal(sealed, hookAt(w.ID))
	return w, secret, err
}

// Approve notes that the Wave's server let an account in, which may join then;
// nothing else comes of it. Conflict when the call, known by its digest, was
// taken before (AUT-16).
func (s *Store) Approve(ctx context.Context, w social.Wave, name, digest string, now time.Time) error {
	m, err := s.marker(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, func(x q) error {
		n, err := x.exec(ctx, `INSERT INTO wave_calls (wave_id, digest, at) VALUES ($1, $2, $3) ON CONFLICT (wave_id, digest) DO NOTHING`,
			w.ID, clean(digest), micros(now))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "call-again", "This call was taken before.")
		}
		_, err = x.exec(ctx, `INSERT INTO wave_approved (wave_id, mark, approved_at) VALUES ($1, $2, $3) ON CONFLICT (wave_id, mark) DO NOTHING`,
			w.ID, approvedMark(m, w.Host, name), micros(now))
		return err
	})
}
