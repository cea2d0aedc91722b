package store

import (
	"context"
	"time"
)

// Sweep deletes what has outlived its days: texts of Evidence and of Accounts
// after 24 hours (of people followed not before they were read), used and old
// flows, old sessions, unfinished uploads, acts that can no longer be undone,
// answers that no Match refers to, readings over an API that were left unfinished
// (after 24 hours where pages of them are kept), and Users parked for 30 days. An
// archive that is kept for a Mirror is let go when that did nothing for 30 days.
// It returns how many rows it
// touched. On SQLite it then empties the journal, so that what was deleted is
// also gone from the disk.
func (s *Store) Sweep(ctx context.Context, now time.Time) (touched int, err error) {
	ago := func(d time.Duration) int64 { return micros(now.Add(-d)) }
	if err := s.forgetParked(ctx, now); err != nil {
		return 0, err
	}
	for _, step := range []struct {
		text string
		args []any
	}{
		{`UPDATE matches SET texts = '' WHERE texts <> '' AND texts_at <= $1`, []any{ago(textLife)}},
		{`UPDATE accounts SET bio = '', location = '', pinned = '', stored_at = 0, texts_gone = true
			WHERE stored_at > 0 AND stored_at <= $1 AND (read_at > 0 OR NOT following)`, []any{ago(textLife)}},
		{`UPDATE sources SET hold = false WHERE hold AND read_at > 0 AND read_at <= $1 AND NOT EXISTS (SELECT 1 FROM mirrors
			WHERE mirrors.source_id = sources.id AND mirrors.last_at > $1)`, []any{ago(holdLife)}},
		{`DELETE FROM flows WHERE created_at <= $1`, []any{ago(flowLife)}},
		{`DELETE FROM sessions WHERE seen_at <= $1 OR created_at <= $2`, []any{ago(sessionIdle), ago(sessionLife)}},
		{`DELETE FROM proofs WHERE created_at <= $1`, []any{ago(proofLife)}},
		{`DELETE FROM allowances WHERE day < $1`, []any{now.Unix()/daySeconds - askedWindow}},
		{`DELETE FROM arrivals WHERE found_at <= $1`, []any{ago(arrivalLife)}},
		{`DELETE FROM mails WHERE confirmed_at = 0 AND asked_at <= $1`, []any{ago(mailLife)}},
		{`DELETE FROM block_lists WHERE next_at <= $1`, []any{ago(blocksLife)}},
		{`DELETE FROM servers WHERE due_at <= $1 AND asked_at > 0`, []any{ago(serverLife)}},
		{`DELETE FROM remote_ids WHERE found_at <= $1`, []any{ago(knownLife)}},
		{`DELETE FROM home_budgets WHERE resets_at <= $1`, []any{ago(targetLife)}},
		{`DELETE FROM home_turns WHERE day < $1`, []any{dayOf(now)}},
		{`DELETE FROM wave_loads WHERE at <= $1`, []any{ago(loadLife)}},
		{`DELETE FROM wave_calls WHERE at <= $1`, []any{ago(callLife)}},
		{`DELETE FROM waves WHERE ends_at <= $1 OR closed_at > 0 AND closed_at <= $1`, []any{ago(waveLife)}},
		{`DELETE FROM pulls WHERE updated_at <= $1 OR updated_at <= $2 AND EXISTS (SELECT 1 FROM pull_pages WHERE pull_id = pulls.id)`,
			[]any{ago(pullLife), ago(textLife)}},
		{`DELETE FROM source_tokens WHERE source_id IN (SELECT id FROM sources WHERE created_at <= $1)`, []any{ago(fetchLife)}},
		{`DELETE FROM uploads WHERE touched_at <= $1`, []any{ago(uploadLife)}},
		{`DELETE FROM undos WHERE decided_at <= $1`, []any{ago(undoLife)}},
		{`DELETE FROM lookups WHERE checked_at > 0 AND checked_at <= $1 AND due_at <= $1
			AND NOT EXISTS (SELECT 1 FROM matches WHERE lookup_id = lookups.id)`, []any{ago(lookUpLife)}},
	} {
		err := s.write(ctx, func(x q) error {
			n, err := x.exec(ctx, step.text, step.args...)
			touched += n
			return err
		})
		if err != nil {
			return touched, err
		}
	}
	return touched, s.emptyJournal(ctx)
}

// emptyJournal asks SQLite for it; somebody who still reads an older state
// keeps it until the next sweep.
func (s *Store) emptyJournal(ctx context.Context) error {
	if s.d != &sqliteDialect {
		return nil
	}
	_, err := s.readDB.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	if s.d.failure(err) == raceFailure {
		return nil
	}
	return s.d.mean(err)
}
