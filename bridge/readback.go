package bridge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Known tells of a status that the ledger holds as sent when that was; ok is
// false for every other.
type Known func(id social.RemoteID) (sentAt time.Time, ok bool)

// ReadBack looks whether a row of unknown end stands on the server: among the
// account's statuses since the first try, one with the same words, as many
// files, the same parent and the right time, which is no other row's. Only two
// looks at least a minute apart that find nothing, each over all that could be
// it, make the row planned again. A look that fails or does not reach far
// enough proves nothing.
func ReadBack(ctx context.Context, srv Poster, d social.Destination, job social.StatusJob, inReplyTo social.RemoteID, known Known, now time.Time) (social.StatusJob, error) {
	l := &ledger{srv: srv, d: d, job: job, now: now}
	if job.TriedAt.IsZero() {
		return l.later(social.StatusPlanned, job.Reason, 0), nil
	}
	st, sure, err := l.find(ctx, inReplyTo, known)
	switch {
	case err != nil:
		return l.later(social.StatusUnknown, social.MirrorUnclear, max(l.patience(), fault.Until(err).Sub(now))), err
	case st != nil:
		return l.posted(ctx, *st, inReplyTo)
	case (!sure || !l.isListed()) && now.Sub(job.SentAt) > day:
		return l.end(social.StatusFailed, social.MirrorUnclear), nil
	case !sure, !l.isListed():
		return l.later(social.StatusUnknown, social.MirrorUnclear, l.patience()), nil
	}
	return l.missed(), nil
}

// missed notes a look that found nothing.
func (l *ledger) missed() social.StatusJob {
	first := l.job.Misses == 0 || l.now.Sub(l.job.MissedAt) > missAge
	switch {
	case first:
		l.job.Misses, l.job.MissedAt = 1, l.now
		return l.later(social.StatusUnknown, social.MirrorUnclear, missGap)
	case l.now.Sub(l.job.MissedAt) < missGap:
		return l.later(social.StatusUnknown, social.MirrorUnclear, l.job.MissedAt.Add(missGap).Sub(l.now))
	case l.job.Attempts >= maxAttempts:
		return l.end(social.StatusFailed, social.MirrorGaveUp)
	}
	l.job.Misses++
	return l.later(social.StatusPlanned, l.torn(), 0)
}

// torn keeps what is to be said of a row's thread, and nothing else.
func (l *ledger) torn() social.MirrorReason {
	if l.job.Reason == social.MirrorTorn {
		return social.MirrorTorn
	}
	return social.MirrorFine
}

// patience is the pause before the next look: half as long as the row is
// unknown already.
func (l *ledger) patience() time.Duration {
	return min(max(l.now.Sub(l.job.SentAt)/2, failGaps[0]), failGaps[1])
}

// find looks for the row's status; sure says that it would have been found.
func (l *ledger) find(ctx context.Context, parent social.RemoteID, known Known) (*social.RemoteStatus, bool, error) {
	is := func(st social.RemoteStatus) bool {
		_, other := known(st.ID)
		return !other && l.isIt(st, parent)
	}
	if at := l.job.Draft.At; !at.IsZero() && l.d.Flavour == social.GoToSocial {
		// GoToSocial's ids hold the time that a status carries, and it lists by them.
		past := func(st social.RemoteStatus) bool { return st.CreatedAt.Before(at.Add(-2 * dateSlack)) }
		if st, sure, err := l.walk(ctx, idAfter(at.Add(2*dateSlack)), is, past); err != nil || st != nil || !sure {
			return st, sure, err
		}
	}
	past := func(st social.RemoteStatus) bool {
		sent, ours := known(st.ID)
		return ours && sent.Before(l.job.TriedAt) || !ours && st.CreatedAt.Before(l.job.TriedAt.Add(-clockSlack)) && !l.isDated(st)
	}
	return l.walk(ctx, "", is, past)
}

// walk goes back through the account's statuses until one is it, or one is past
// where it could be.
func (l *ledger) walk(ctx context.Context, before social.RemoteID, is, past func(social.RemoteStatus) bool) (*social.RemoteStatus, bool, error) {
	for range readPages {
		page, err := l.srv.Statuses(ctx, l.d.RemoteID, before)
		if err != nil {
			return nil, false, err
		}
		over := len(page) == 0
		for i := range page {
			if is(page[i]) {
				return &page[i], true, nil
			}
			over = over || past(page[i])
		}
		if over {
			return nil, true, nil
		}
		last := page[len(page)-1].ID
		if last == before {
			return nil, false, nil // the server turns no pages
		}
		before = last
	}
	return nil, false, nil
}

// isIt reports that a status is what the row sent.
func (l *ledger) isIt(st social.RemoteStatus, parent social.RemoteID) bool {
	if st.AccountID != "" && st.AccountID != l.d.RemoteID || st.Files > len(l.job.Files) { // snac leaves out files that it does not know
		return false
	}
	if wordless := l.job.Print == noWords; st.InReplyTo != parent && (st.InReplyTo != "" || wordless) || wordless && st.Files != len(l.job.Files) {
		return false // a status without words is known by its place and its files alone
	}
	return l.isTimely(st) && sameWords(l.job.Print, st)
}

// isListed reports that the server's list would show the row's status: snac
// leaves out what is for followers (timeline_update_indexes in its data.c), so
// that finding nothing there proves nothing.
func (l *ledger) isListed() bool {
	return l.d.Flavour != social.Snac || !social.VisibleUnlisted.WiderThan(l.job.Draft.Visibility)
}

// isTimely reports that a status can come from one of the row's tries. A
// server that did not keep the date gave it the time of the try.
func (l *ledger) isTimely(st social.RemoteStatus) bool {
	now := !st.CreatedAt.Before(l.job.TriedAt.Add(-clockSlack)) && !st.CreatedAt.After(l.now.Add(clockSlack))
	return now || l.isDated(st)
}

func (l *ledger) isDated(st social.RemoteStatus) bool {
	return !l.job.Draft.At.IsZero() && st.CreatedAt.Sub(l.job.Draft.At).Abs() <= dateSlack
}

func sameWords(print string, st social.RemoteStatus) bool {
	return st.Source != "" && Fingerprint(st.Source) == print || Fingerprint(textOf(st.Content)) == print
}

// Fingerprint is what is kept of a text to know it again on a server, which may
// have put marks around it and taken some away: its letters and digits, or all
// that can be seen where it has none.
func Fingerprint(text string) string {
	isLetter := func(r rune) bool { return unicode.In(r, unicode.L, unicode.N) }
	keep := isLetter
	text = norm.NFKC.String(text)
	if !strings.ContainsFunc(text, isLetter) {
		keep = func(r rune) bool { return !unicode.IsSpace(r) }
	}
	h := sha256.New()
	for _, r := range text {
		if keep(r) {
			h.Write([]byte(string(unicode.ToLower(r))))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// noWords is the Fingerprint of nothing.
var noWords = Fingerprint("")

// textOf is what a reader sees of HTML.
func textOf(content string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(content))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			b.Write(z.Text())
		}
	}
}

// idAfter is an id of GoToSocial (a ULID) behind all those of an instant.
func idAfter(at time.Time) social.RemoteID {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	ms := uint64(max(at.UnixMilli(), 0))
	id := []byte(strings.Repeat("Z", 26))
	for i := 9; i >= 0; i-- {
		id[i] = digits[ms&31]
		ms >>= 5
	}
	return social.RemoteID(id)
}

// Suspect makes a planned row one of unknown end, as after a restored backup,
// which believes that what was sent after since was never sent. It is then read
// back before anything is posted.
func Suspect(job social.StatusJob, since, now time.Time) social.StatusJob {
	if job.State != social.StatusPlanned && job.State != social.StatusSending {
		return job
	}
	l := &ledger{job: job, now: now}
	l.job.Print = Fingerprint(job.Draft.Text)
	l.job.TriedAt, l.job.SentAt, l.job.Misses, l.job.MissedAt = since, since, 0, time.Time{}
	return l.later(social.StatusUnknown, l.torn(), 0)
}

// Retry has a failed row tried again, as the person wishes; without its files
// where those are why it failed. What may have been sent is read back first.
func Retry(job social.StatusJob, withoutFiles bool, now time.Time) social.StatusJob {
	if job.State != social.StatusFailed {
		return job
	}
	l := &ledger{job: job, now: now}
	l.job.Attempts, l.job.Misses, l.job.MissedAt = 0, 0, time.Time{}
	l.forgetFiles()
	for i := range l.job.Files {
		l.job.Files[i].Attempts = 0
	}
	if withoutFiles && job.TriedAt.IsZero() {
		l.job.Files, l.job.Draft.Files = nil, nil
	}
	if !job.TriedAt.IsZero() {
		return l.later(social.StatusUnknown, social.MirrorUnclear, 0)
	}
	return l.later(social.StatusPlanned, social.MirrorFine, 0)
}
