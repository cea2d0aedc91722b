package store

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"strconv"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Mail is where, and in which language, a User is told arrivals by e-mail.
type Mail struct {
	UserID      int64
	Address     social.Secret
	Lang        string
	AskedAt     time.Time
	WrittenAt   time.Time // of the letter with the link, zero while that waits
	ConfirmedAt time.Time // zero: nothing but that letter is sent
	ToldAt      time.Time // of the last letter about arrivals
	salt        string
}

// MailLink is what a link in a letter does.
type MailLink string

// The links. The name of each is secret, and one is no key to the other.
const (
	ConfirmLink MailLink = "confirm"
	StopLink    MailLink = "stop"
)

func addressAt(userID int64) place {
	return place{table: "mails", column: "address", row: strconv.FormatInt(userID, 10), user: userID}
}

// AskMail keeps an address, in place of an earlier one, and rings for the
// letter with the link that confirms it. A Wait says that the account wrote to
// enough addresses today, or others to this one: nobody is to be flooded.
func (s *Store) AskMail(ctx context.Context, userID int64, address, lang string, now time.Time) error {
	m, err := s.marker(ctx)
	if err != nil {
		return err
	}
	sealed, err := s.sealer.seal(social.NewSecret(address), addressAt(userID))
	if err != nil {
		return err
	}
	return s.write(ctx, func(x q) error {
		u, err := scanUser(x.row(ctx, `SELECT `+userColumns+` FROM users WHERE id = $1`, userID))
		if err != nil {
			return err
		}
		until, err := count(ctx, x, now, allowance{m.of("letters of account", u.Host+" "+string(u.RemoteID)), lettersPerPerson},
			allowance{m.of("letters to address", lower(address)), lettersPerAddress})
		if err != nil {
			return err
		}
		if !until.IsZero() {
			return fault.WaitUntil(until, "mails-full", "That is enough e-mails for today. Nothing was changed; try again tomorrow.")
		}
		_, err = x.exec(ctx, `INSERT INTO mails (user_id, address, lang, salt, asked_at, written_at, confirmed_at, told_at)
			VALUES ($1, $2, $3, $4, $5, 0, 0, 0) ON CONFLICT (user_id) DO UPDATE SET address = excluded.address, lang = excluded.lang,
				salt = excluded.salt, asked_at = excluded.asked_at, written_at = 0, confirmed_at = 0, told_at = mails.told_at`,
			userID, sealed, clean(lang), rand.Text(), micros(now))
		if err != nil {
			return err
		}
		return ring(ctx, x, social.MailTask, userID, now)
	})
}

// GetMail returns the User's address, or NotFound.
func (s *Store) GetMail(ctx context.Context, userID int64) (Mail, error) {
	m, err := s.getMail(ctx, s.reading, userID)
	return m, s.d.mean(err)
}

func (s *Store) getMail(ctx context.Context, x q, userID int64) (m Mail, err error) {
	m.UserID = userID
	var sealed []byte
	err = x.row(ctx, `SELECT address, lang, salt, asked_at, written_at, confirmed_at, told_at FROM mails WHERE user_id = $1`, userID).
		Scan(&sealed, &m.Lang, &m.salt, moment{&m.AskedAt}, moment{&m.WrittenAt}, moment{&m.ConfirmedAt}, moment{&m.ToldAt})
	if err != nil {
		return Mail{}, err
	}
	m.Address, err = s.sealer.unseal(sealed, addressAt(userID))
	return m, err
}

// MailName is the secret name of a link in a letter to m. It is made from a key
// outside of the database, as the name of a feed is.
func (s *Store) MailName(ctx context.Context, m Mail, link MailLink) (string, error) {
	by, err := s.marker(ctx)
	if err != nil {
		return "", err
	}
	id := strconv.FormatInt(m.UserID, 10)
	return id + "-" + by.of("mail "+string(link), id+" "+m.salt)[:40], nil
}

// MailOwner returns whose link has the name; NotFound for every other name, and
// for a link of an address that was confirmed too late or given up.
func (s *Store) MailOwner(ctx context.Context, name string, link MailLink, now time.Time) (userID int64, err error) {
	text, _, _ := strings.Cut(name, "-")
	if userID, err = strconv.ParseInt(text, 10, 64); err != nil {
		return 0, notFound()
	}
	m, err := s.GetMail(ctx, userID)
	if err != nil {
		return 0, err
	}
	right, err := s.MailName(ctx, m, link)
	if err != nil {
		return 0, err
	}
	late := m.ConfirmedAt.IsZero() && now.Sub(m.AskedAt) > mailLife
	if late || subtle.ConstantTimeCompare([]byte(right), []byte(name)) != 1 {
		return 0, notFound()
	}
	return userID, nil
}

// ConfirmMail says that the address is the person's. What arrived since they
// last looked is told by the next letter.
func (s *Store) ConfirmMail(ctx context.Context, userID int64, now time.Time) error {
	return s.write(ctx, func(x q) error {
		if err := one(x.exec(ctx, `UPDATE mails SET confirmed_at = $2 WHERE user_id = $1 AND confirmed_at = 0`, userID, micros(now))); err != nil {
			if fault.Is(x.d.mean(err), fault.NotFound) { // pressed twice
				return nil
			}
			return err
		}
		return ringMail(ctx, x, userID, now)
	})
}

// EndMail forgets the address: nothing is sent any more. None is fine.
func (s *Store) EndMail(ctx context.Context, userID int64) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `DELETE FROM mails WHERE user_id = $1`, userID)
		return err
	})
}

// ringMail rings for a letter about arrivals: a while after the first one, so
// that one letter tells those who arrive together, and at most one a day.
func ringMail(ctx context.Context, x q, userID int64, now time.Time) error {
	soon := micros(now.Add(mailDelay))
	_, err := ringAll(ctx, x, social.MailTask, `SELECT user_id AS subject, user_id,
			CASE WHEN told_at + CAST($3 AS BIGINT) > $2 THEN told_at + CAST($3 AS BIGINT) ELSE CAST($2 AS BIGINT) END AS at
		FROM mails WHERE user_id = $1 AND confirmed_at > 0
		AND EXISTS (SELECT 1 FROM arrivals WHERE user_id = $1 AND seen_at = 0 AND mailed_at = 0)`, userID, soon, mailEvery.Microseconds())
	return err
}

// WriteMail says, under the claim of the task, that the letter with the link is
// about to go; false that it went before, is not asked for any more, or too late.
func (s *Store) WriteMail(ctx context.Context, t social.Task, now time.Time) (due bool, err error) {
	err = s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.MailTask)
		if err != nil {
			return err
		}
		n, err := x.exec(ctx, `UPDATE mails SET written_at = $2 WHERE user_id = $1 AND written_at = 0 AND confirmed_at = 0 AND asked_at > $3`,
			owner, micros(now), micros(now.Add(-mailLife)))
		due = n > 0
		return err
	})
	return due, err
}

// UnwriteMail says that the letter did not go after all.
func (s *Store) UnwriteMail(ctx context.Context, t social.Task) error {
	return s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.MailTask)
		if err != nil {
			return err
		}
		_, err = x.exec(ctx, `UPDATE mails SET written_at = 0 WHERE user_id = $1 AND confirmed_at = 0`, owner)
		return err
	})
}

// TakeTold returns, under the claim of the task, the arrivals that a letter is
// to tell now, and counts them as told before it goes: a letter that may have
// gone is not sent twice. next is when there is a letter to send if it is not
// now; zero when there is none.
func (s *Store) TakeTold(ctx context.Context, t social.Task, now time.Time) (all []Arrival, next time.Time, err error) {
	err = s.write(ctx, func(x q) error {
		all, next = nil, time.Time{}
		owner, err := fence(ctx, x, t, social.MailTask)
		if err != nil {
			return err
		}
		m, err := s.getMail(ctx, x, owner)
		if err != nil || m.ConfirmedAt.IsZero() {
			return err
		}
		if all, err = untold(ctx, x, owner); err != nil || len(all) == 0 {
			return err
		}
		if at := m.ToldAt.Add(mailEvery); at.After(now) {
			all, next = nil, at
			return nil
		}
		_, err = x.exec(ctx, `UPDATE arrivals SET mailed_at = $2 WHERE user_id = $1 AND seen_at = 0 AND mailed_at = 0`, owner, micros(now))
		if err == nil {
			_, err = x.exec(ctx, `UPDATE mails SET told_at = $2 WHERE user_id = $1`, owner, micros(now))
		}
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return nil, time.Time{}, nil
	}
	return all, next, err
}

// untold are the arrivals that neither the page nor a letter told yet.
func untold(ctx context.Context, x q, userID int64) ([]Arrival, error) {
	return list(ctx, x, scanArrival, `SELECT `+matchColumns+`, v.found_at, v.seen_at = 0`+matchTables+` JOIN arrivals AS v ON v.match_id = m.id
		WHERE v.user_id = $1 AND v.seen_at = 0 AND v.mailed_at = 0 AND m.handle_key <> '' AND m.decision <> 'rejected' ORDER BY v.found_at, m.id`, userID)
}

// Untell says that the letter of that instant did not go after all; before is
// when the one before it went.
func (s *Store) Untell(ctx context.Context, t social.Task, at, before time.Time) error {
	return s.write(ctx, func(x q) error {
		owner, err := fence(ctx, x, t, social.MailTask)
		if err != nil {
			return err
		}
		if _, err := x.exec(ctx, `UPDATE arrivals SET mailed_at = 0 WHERE user_id = $1 AND mailed_at = $2`, owner, micros(at)); err != nil {
			return err
		}
		_, err = x.exec(ctx, `UPDATE mails SET told_at = $3 WHERE user_id = $1 AND told_at = $2`, owner, micros(at), micros(before))
		return err
	})
}
