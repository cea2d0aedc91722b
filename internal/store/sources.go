package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const sourceColumns = `id, user_id, kind, state, name, digest, spool, keep, hold, owner, exported_at, counts, warnings,
	fault_code, fault_args, fault_say, bytes, created_at, read_at, seconds`

func scanSource(r scanner) (x social.Source, err error) {
	err = r.Scan(&x.ID, &x.UserID, &x.Kind, &x.State, &x.Name, &x.Digest, &x.Spool, &x.Keep, &x.Hold, document{&x.Owner},
		moment{&x.ExportedAt}, document{&x.Counts}, document{&x.Warnings}, &x.FaultCode, document{&x.FaultArgs}, &x.FaultSay,
		&x.Bytes, moment{&x.CreatedAt}, moment{&x.ReadAt}, &x.Seconds)
	return x, err
}

// CreateSource stores the row as received and rings for it. The same Digest of
// the same User that is received, reading or done is returned as it is, with
// again true; its spool is then the older one, and the caller's is to be deleted.
func (s *Store) CreateSource(ctx context.Context, source social.Source, now time.Time) (saved social.Source, again bool, err error) {
	err = s.write(ctx, func(x q) error {
		saved, err = insertSource(ctx, x, source, now)
		if again = errors.Is(err, sql.ErrNoRows); again {
			saved, err = scanSource(x.row(ctx, `SELECT `+sourceColumns+` FROM sources
				WHERE user_id = $1 AND digest = $2 AND state <> 'broken'`, source.UserID, clean(source.Digest)))
			return err
		}
		if err != nil {
			return err
		}
		return ring(ctx, x, social.ImportTask, saved.ID, now)
	})
	return saved, again, err
}

func insertSource(ctx context.Context, x q, source social.Source, now time.Time) (social.Source, error) {
	return scanSource(x.row(ctx, `
		INSERT INTO sources (user_id, kind, state, name, digest, spool, keep, hold, owner, exported_at, counts, warnings, skipped,
			fault_code, fault_args, fault_say, bytes, created_at, read_at, seconds)
		VALUES ($1, $2, 'received', $3, $4, $5, $6, $13, $7, $8, $9, $10, 0, '', '', '', $11, $12, 0, 0)
		ON CONFLICT (user_id, digest) WHERE state <> 'broken' AND digest <> '' DO NOTHING
		RETURNING `+sourceColumns,
		source.UserID, string(source.Kind), clean(source.Name), clean(source.Digest), clean(source.Spool), source.Keep,
		encode(source.Owner), micros(source.ExportedAt), encode(source.Counts), encodeList(source.Warnings), source.Bytes, micros(now), source.Hold && !source.Keep))
}

// GetSource returns the User's Source, or NotFound.
func (s *Store) GetSource(ctx context.Context, userID, id int64) (social.Source, error) {
	source, err := scanSource(s.reading.row(ctx, `SELECT `+sourceColumns+` FROM sources WHERE user_id = $1 AND id = $2`, userID, id))
	return source, s.d.mean(err)
}

// ListSources lists the User's Sources, newest first.
func (s *Store) ListSources(ctx context.Context, userID int64) ([]social.Source, error) {
	all, err := list(ctx, s.reading, scanSource, `SELECT `+sourceColumns+` FROM sources WHERE user_id = $1 ORDER BY id DESC`, userID)
	return all, s.d.mean(err)
}

// Spools lists every spool name that a Source or an unfinished upload still
// needs, for the sweep of the spool folder.
func (s *Store) Spools(ctx context.Context) ([]string, error) {
	all, err := list(ctx, s.reading, scalar[string], `
		SELECT spool FROM sources WHERE NOT keep AND spool <> '' AND (hold OR state IN ('received', 'reading'))
		UNION SELECT name FROM uploads WHERE source_id = 0 ORDER BY 1`)
	return all, s.d.mean(err)
}

// SourceFor returns the Source of a claimed import task and marks it reading.
// One that ended already is Gone: its bytes may be deleted by now.
func (s *Store) SourceFor(ctx context.Context, t social.Task) (source social.Source, err error) {
	err = s.write(ctx, func(x q) error {
		if _, err := fence(ctx, x, t, social.ImportTask); err != nil {
			return err
		}
		source, err = scanSource(x.row(ctx, `UPDATE sources SET state = 'reading', skipped = 0
			WHERE id = $1 AND state IN ('received', 'reading') RETURNING `+sourceColumns, t.ID))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.Gone, "already-read", "This was read already. Nothing changed.")
		}
		return err
	})
	return source, err
}

// FinishSource writes the Source as done, or as broken if x.State says so,
// under the claim. Done rings for the User's matching; broken deletes what the
// Source alone brought. Records that could not be stored become a warning.
func (s *Store) FinishSource(ctx context.Context, t social.Task, source social.Source, now time.Time) error {
	broken := source.State == social.SourceBroken
	if !broken {
		source.State = social.SourceDone
	}
	return s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.ImportTask)
		if err != nil {
			return err
		}
		if err := writeSource(ctx, x, t.ID, source, now); err != nil {
			return err
		}
		if err := dropToken(ctx, x, t.ID); err != nil {
			return err
		}
		if broken {
			return dropBrought(ctx, x, owner, t.ID)
		}
		return ring(ctx, x, social.MatchTask, owner, now)
	})
}

func writeSource(ctx context.Context, x q, id int64, source social.Source, now time.Time) error {
	skipped, err := scalar[int](x.row(ctx, `SELECT skipped FROM sources WHERE id = $1 AND state = 'reading'`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return stale()
	}
	if err != nil {
		return err
	}
	if skipped > 0 {
		source.Warnings = append(source.Warnings[:len(source.Warnings):len(source.Warnings)],
			fmt.Sprintf("%d entries could not be stored and were left out. Everything else is in.", skipped))
	}
	return fenced(x.exec(ctx, `
		UPDATE sources SET kind = $2, state = $3, owner = $4, exported_at = $5, counts = $6, warnings = $7,
			fault_code = $8, fault_args = $9, fault_say = $10, bytes = $11, read_at = $12, seconds = $13
		WHERE id = $1`,
		id, string(source.Kind), string(source.State), encode(source.Owner), micros(source.ExportedAt), encode(source.Counts),
		encodeList(source.Warnings), source.FaultCode, encode(source.FaultArgs), clean(source.FaultSay), source.Bytes, micros(now), source.Seconds))
}

// dropBrought deletes what no other Source knows of.
func dropBrought(ctx context.Context, x q, userID, sourceID int64) error {
	for _, step := range []struct {
		text string
		id   int64
	}{
		{`DELETE FROM edges WHERE source_id = $1`, sourceID},
		{`DELETE FROM claims WHERE source_id = $1`, sourceID},
		{`DELETE FROM accounts WHERE user_id = $1 AND NOT EXISTS (SELECT 1 FROM edges WHERE account_id = accounts.id)`, userID},
		{`UPDATE accounts SET
			following = EXISTS (SELECT 1 FROM edges WHERE account_id = accounts.id AND kind = 'following'),
			blocked = EXISTS (SELECT 1 FROM edges WHERE account_id = accounts.id AND kind = 'blocked')
		WHERE user_id = $1 AND (following OR blocked)`, userID},
		{`DELETE FROM matches WHERE user_id = $1 AND decided_at = 0
			AND EXISTS (SELECT 1 FROM accounts WHERE id = matches.account_id AND NOT following)`, userID},
	} {
		if _, err := x.exec(ctx, step.text, step.id); err != nil {
			return err
		}
	}
	return nil
}
