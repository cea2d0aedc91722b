package store

import (
	"context"
	"time"

	"godwit/internal/social"
)

// Objections are the withdrawals that concern some Accounts and Handles.
type Objections struct {
	marks map[string]bool
	m     marker
}

// Account reports whether the person of an Account does not want to be matched.
func (o Objections) Account(a social.Account) bool {
	if len(o.marks) == 0 || !onX(a) {
		return false
	}
	return a.NativeID != "" && o.marks[o.m.of("x", a.NativeID)] || a.Username != "" && o.marks[o.m.of("name", lower(a.Username))]
}

// Handle reports whether nobody may be led to the Handle.
func (o Objections) Handle(h social.Handle) bool {
	return len(o.marks) > 0 && o.marks[o.m.of("handle", h.Key())]
}

// Objections looks up who of these withdrew. Nothing else answers that
// question, and nothing outside of matching asks it.
func (s *Store) Objections(ctx context.Context, accounts []social.Account, handles []social.Handle) (Objections, error) {
	o := Objections{marks: map[string]bool{}}
	any, err := scalar[bool](s.reading.row(ctx, `SELECT EXISTS (SELECT 1 FROM objections)`))
	if err != nil || !any {
		return o, s.d.mean(err)
	}
	if o.m, err = s.marker(ctx); err != nil {
		return o, err
	}
	var marks []string
	for _, a := range accounts {
		marks = append(marks, o.m.of("x", a.NativeID), o.m.of("name", lower(a.Username)))
	}
	for _, h := range handles {
		marks = append(marks, o.m.of("handle", h.Key()))
	}
	found, err := list(ctx, s.reading, scalar[string], `SELECT o.mark FROM LIST($1) JOIN objections AS o ON o.mark = e.value`, array(marks))
	for _, mark := range found {
		o.marks[mark] = true
	}
	return o, s.d.mean(err)
}

// object writes the marks of a withdrawn Registration. A number that nobody
// proved is somebody else's, perhaps, and is left alone.
func object(ctx context.Context, x q, m marker, r social.Registration, now time.Time) error {
	marks := []string{m.of("handle", r.Handle.Key())}
	if r.XID != "" && r.XIDProven {
		marks = append(marks, m.of("x", r.XID))
	}
	if r.Username != "" {
		marks = append(marks, m.of("name", lower(r.Username)), m.both(r))
	}
	_, err := x.exec(ctx, `INSERT INTO objections (mark, created_at) SELECT e.value, CAST($2 AS BIGINT) FROM LIST($1) WHERE true
		ON CONFLICT (mark) DO UPDATE SET created_at = excluded.created_at`, array(marks), micros(now))
	return err
}

// both is the mark of a username and a Handle together: who withdrew the name
// may take it again at once.
func (m marker) both(r social.Registration) string {
	return m.of("both", lower(r.Username)+" "+r.Handle.Key())
}

// relent takes back the objections of a person who registers again. A username
// that somebody else gave up rests for its time (REG-13).
func relent(ctx context.Context, x q, m marker, r social.Registration) error {
	marks := []string{m.of("handle", r.Handle.Key())}
	if r.XID != "" && r.XIDProven {
		marks = append(marks, m.of("x", r.XID))
	}
	if r.Username != "" {
		marks = append(marks, m.both(r))
		rests, err := resting(ctx, x, m, r, r.CreatedAt)
		if err != nil {
			return err
		}
		if !rests {
			marks = append(marks, m.of("name", lower(r.Username)))
		}
	}
	_, err := x.exec(ctx, `DELETE FROM objections WHERE mark IN KEYS($1)`, array(marks))
	return err
}

// resting reports whether somebody else gave the username up less than 90 days
// ago.
func resting(ctx context.Context, x q, m marker, r social.Registration, now time.Time) (bool, error) {
	return scalar[bool](x.row(ctx, `SELECT EXISTS (SELECT 1 FROM objections WHERE mark = $1 AND created_at > $2)
		AND NOT EXISTS (SELECT 1 FROM objections WHERE mark = $3)`,
		m.of("name", lower(r.Username)), micros(now.Add(-nameRest)), m.both(r)))
}
