package store

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const starterColumns = `s.id, s.wave_id, s.code, s.handle, s.actor_id, s.answer, s.asked_at, s.answered_at`

func scanStarter(r scanner) (x social.Starter, err error) {
	err = r.Scan(&x.ID, &x.WaveID, &x.Code, handle{&x.Handle}, &x.ActorID, &x.Answer, moment{&x.AskedAt}, moment{&x.AnsweredAt})
	return x, err
}

// AddStarter notes an account that an admin would like to suggest. It is shown
// to nobody until it says yes (REG-08). One that is there already stays as it is.
func (s *Store) AddStarter(ctx context.Context, userID int64, st social.Starter) error {
	return s.write(ctx, func(x q) error {
		if err := one(x.exec(ctx, `UPDATE waves SET code = code WHERE id = $2 AND `+changes, userID, st.WaveID)); err != nil {
			return err
		}
		n, err := scalar[int](x.row(ctx, `SELECT count(*) FROM starters WHERE wave_id = $1`, st.WaveID))
		if err != nil {
			return err
		}
		if n >= social.MaxStarters {
			return fault.New(fault.Invalid, "too-many-starters", "A wave suggests 50 accounts at most.")
		}
		_, err = x.exec(ctx, `INSERT INTO starters (wave_id, code, handle, handle_key, actor_id, answer, asked_at, answered_at)
			VALUES ($1, $2, $3, $4, $5, '', $6, 0) ON CONFLICT (wave_id, handle_key) DO NOTHING`,
			st.WaveID, st.Code, st.Handle.String(), st.Handle.Key(), clean(st.ActorID), micros(st.AskedAt))
		return err
	})
}

// ListStarters lists the accounts of a Wave that the User may see, in the order
// in which they were asked.
func (s *Store) ListStarters(ctx context.Context, userID, waveID int64) ([]social.Starter, error) {
	all, err := list(ctx, s.reading, scanStarter, `SELECT `+starterColumns+` FROM waves AS w INNER JOIN starters AS s ON s.wave_id = w.id
		WHERE w.id = $2 AND `+sees+` ORDER BY s.id`, userID, waveID)
	return all, s.d.mean(err)
}

// RemoveStarter takes an account out of a Wave, and out of every plan in which
// it is only because it was suggested.
func (s *Store) RemoveStarter(ctx context.Context, userID, waveID, id int64, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if err := one(x.exec(ctx, `UPDATE waves SET code = code WHERE id = $2 AND `+changes, userID, waveID)); err != nil {
			return err
		}
		if err := unpick(ctx, x, id, now); err != nil {
			return err
		}
		return one(x.exec(ctx, `DELETE FROM starters WHERE id = $1 AND wave_id = $2`, id, waveID))
	})
}

// StarterFor returns what the link of a suggestion is about, with its Wave, or
// NotFound.
func (s *Store) StarterFor(ctx context.Context, code string) (st social.Starter, w social.Wave, err error) {
	err = s.read(ctx, func(x q) error {
		if st, err = scanStarter(x.row(ctx, `SELECT `+starterColumns+` FROM starters AS s WHERE code = $1`, clean(code))); err != nil {
			return err
		}
		w, err = scanWave(x.row(ctx, `SELECT `+waveColumns+` FROM waves WHERE id = $1`, st.WaveID))
		return err
	})
	return st, w, err
}

// AnswerStarter stores the answer of the account itself: one of the User's
// Destinations must be it, else it is Denied. After a no it is in no plan any
// more in which it was only because it was suggested (REG-08).
func (s *Store) AnswerStarter(ctx context.Context, userID int64, code, answer string, now time.Time) error {
	return s.write(ctx, func(x q) error {
		st, err := scanStarter(x.row(ctx, `SELECT `+starterColumns+` FROM starters AS s WHERE code = $1`, clean(code)))
		if err != nil {
			return err
		}
		own, err := list(ctx, x, scanDestination, `SELECT `+destinationColumns+` FROM destinations WHERE user_id = $1 ORDER BY id`, userID)
		if err != nil {
			return err
		}
		if !isOneOf(st, own) {
			return fault.New(fault.Denied, "not-that-account", "Only {handle} can answer this. Sign in with that account.", "handle", "@"+st.Handle.String())
		}
		if _, err := x.exec(ctx, `UPDATE starters SET answer = $2, answered_at = $3 WHERE id = $1`, st.ID, answer, micros(now)); err != nil {
			return err
		}
		if answer == social.StarterYes {
			return nil
		}
		return unpick(ctx, x, st.ID, now)
	})
}

func isOneOf(st social.Starter, own []social.Destination) bool {
	for _, d := range own {
		if d.Handle.Same(st.Handle) && (st.ActorID == "" || d.ActorID == st.ActorID) {
			return true
		}
	}
	return false
}

// unpick cancels what is planned only because an account was suggested, and not
// sent yet.
func unpick(ctx context.Context, x q, id int64, now time.Time) error {
	_, err := x.exec(ctx, `UPDATE follow_jobs SET state = 'canceled', updated_at = $2,
			reason = CASE WHEN attempts > 0 AND remote_id <> '' THEN 'unclear' ELSE reason END
		WHERE state = 'planned' AND match_id = 0 AND handle_key = (SELECT handle_key FROM starters WHERE id = $1)
		AND destination_id IN (SELECT destination_id FROM starter_picks WHERE starter_id = $1)`, id, micros(now))
	if err != nil {
		return err
	}
	_, err = x.exec(ctx, `DELETE FROM starter_picks WHERE starter_id = $1`, id)
	return err
}

// Suggestion is a suggested account as a newcomer sees it.
type Suggestion struct {
	social.Starter
	Planned bool // is followed, or will be
}

// Suggestions lists the accounts that said yes, for a member of the Wave; for
// everybody else it is NotFound.
func (s *Store) Suggestions(ctx context.Context, userID int64, code string) (all []Suggestion, err error) {
	err = s.read(ctx, func(x q) error {
		d, w, err := member(ctx, x, userID, code)
		if err != nil {
			return err
		}
		all, err = list(ctx, x, func(r scanner) (g Suggestion, err error) {
			return g, r.Scan(&g.ID, &g.WaveID, &g.Code, handle{&g.Handle}, &g.ActorID, &g.Answer, moment{&g.AskedAt}, moment{&g.AnsweredAt}, &g.Planned)
		}, `SELECT `+starterColumns+`, EXISTS (SELECT 1 FROM follow_jobs AS j WHERE j.destination_id = $2 AND j.handle_key = s.handle_key AND j.state <> 'canceled')
			FROM starters AS s WHERE s.wave_id = $1 AND s.answer = 'yes' AND s.handle_key <> $3 ORDER BY s.handle_key`, w.ID, d.ID, d.Handle.Key())
		return err
	})
	return all, err
}

// member returns the User's Destination that is in a Wave.
func member(ctx context.Context, x q, userID int64, code string) (d social.Destination, w social.Wave, err error) {
	if w, err = scanWave(x.row(ctx, `SELECT `+waveColumns+` FROM waves WHERE code = $1 AND started_at > 0`, clean(code))); err != nil {
		return d, w, err
	}
	id, err := scalar[int64](x.row(ctx, `SELECT destination_id FROM wave_members WHERE wave_id = $1 AND user_id = $2 ORDER BY destination_id LIMIT 1`, w.ID, userID))
	if err != nil {
		return d, w, err
	}
	d, err = getDestination(ctx, x, userID, id)
	return d, w, err
}

// PickStarters plans to follow suggested accounts, as the member ticked them.
// One that is not suggested to them makes it NotFound, and nothing is planned.
func (s *Store) PickStarters(ctx context.Context, userID int64, code string, ids []int64, now time.Time) (planned int, err error) {
	err = s.write(ctx, func(x q) error {
		d, w, err := member(ctx, x, userID, code)
		if err != nil {
			return err
		}
		picked, err := list(ctx, x, scanStarter, `SELECT `+starterColumns+` FROM starters AS s WHERE s.wave_id = $1 AND s.answer = 'yes' AND s.id IN IDS($2) ORDER BY s.id`,
			w.ID, array(ids))
		if err != nil {
			return err
		}
		if len(picked) == 0 || len(picked) != len(sortedUnique(ids)) {
			return notFound()
		}
		if planned, err = planPicks(ctx, x, d, picked, now); err != nil {
			return err
		}
		return ring(ctx, x, social.FollowTask, d.ID, now)
	})
	return planned, err
}

func planPicks(ctx context.Context, x q, d social.Destination, picked []social.Starter, now time.Time) (planned int, err error) {
	if err := setFollow(ctx, x, d.UserID, d.ID, social.FollowRunning, now); err != nil {
		return 0, err
	}
	var wanted []social.Match
	for _, st := range picked {
		wanted = append(wanted, social.Match{Handle: st.Handle, ActorID: st.ActorID})
		_, err := x.exec(ctx, `INSERT INTO starter_picks (starter_id, destination_id, user_id, picked_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (starter_id, destination_id) DO NOTHING`, st.ID, d.ID, d.UserID, micros(now))
		if err != nil {
			return 0, err
		}
	}
	if planned, err = insertJobs(ctx, x, d.UserID, d.ID, wanted, now); err != nil {
		return 0, err
	}
	refused, err := leaveOut(ctx, x, d, now)
	return max(0, planned-refused), err
}
