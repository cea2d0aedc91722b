package bridge

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"godwit/internal/social"
)

// Planned is a Post of the plan, at its position, with what it becomes.
func Planned(p *social.Post, place Place, r Rendered, at int) social.MirrorPost {
	m := social.MirrorPost{Post: *p, Position: at, Answers: place.Answers, Torn: place.Torn, Visibility: place.Visibility, Jobs: ledgerRows(p, r)}
	for _, n := range r.Notes {
		m.Notes = append(m.Notes, string(n))
	}
	return m
}

// ledgerRows are the rows of the ledger that a rendered Post becomes, before anything
// is sent. What each answers is left to whoever knows their ids.
func ledgerRows(p *social.Post, r Rendered) (rows []social.StatusJob) {
	for i, d := range r.Drafts {
		job := social.StatusJob{PostID: p.ID, Part: i + 1, Parts: len(r.Drafts), State: social.StatusPlanned, Draft: d, Print: Fingerprint(d.Text)}
		for range d.Files {
			job.Files = append(job.Files, social.MirrorFile{State: social.FilePlanned})
		}
		rows = append(rows, job)
	}
	return rows
}

// CanvasOf is what a planned Mirror's statuses are rendered on, without the ones
// that stand already. known tells where people are; the Posts' author is at d,
// under all names.
func CanvasOf(m social.Mirror, d social.Destination, known func(accountID, username string) social.Handle) Canvas {
	c := Canvas{Limits: LimitsOf(d.Flavour, social.Instance{Version: m.Version, Posting: m.Limits}), Rules: m.Rules}
	if m.Live { // what is new is new there too, and to be seen
		c.Limits.Backdates = false
	}
	if zone, err := time.LoadLocation(m.Rules.Zone); err == nil {
		c.Zone = zone
	}
	c.Handle = func(id, username string) social.Handle {
		if id != "" && slices.Contains(m.Names, id) || username != "" && slices.Contains(m.Names, strings.ToLower(username)) {
			return d.Handle
		}
		return known(id, username)
	}
	return c
}

// OwnRefs are the ids of the person's own posts that a Post leads to: when they
// stand on the server, the status is to lead there.
func OwnRefs(p *social.Post) (ids []string) {
	for _, ref := range []social.PostRef{p.Quote, p.Repost} {
		if ref.Own && ref.ID != "" {
			ids = append(ids, ref.ID)
		}
	}
	for _, e := range p.Entities {
		if m := xStatus.FindStringSubmatch(e.URL); m != nil && p.Network == social.X {
			ids = append(ids, m[1])
		}
	}
	return ids
}

// Rewrite gives the rows of a Post, none of which was sent as far as the ledger
// knows, the words that
// it has now that more of its author's own posts stand. Where it would become
// another number of statuses, or of files, they stay as they are.
func Rewrite(rows []social.StatusJob, p *social.Post, c Canvas, place Place) []social.StatusJob {
	fresh := Render(p, c, place).Drafts
	same := len(fresh) == len(rows)
	for i := range rows {
		same = same && rows[i].Key == "" && rows[i].Part == i+1 && len(fresh[i].Files) == len(rows[i].Draft.Files)
	}
	if !same {
		return rows
	}
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Draft.Text, rows[i].Draft.Warning = fresh[i].Text, fresh[i].Warning
		rows[i].Print = Fingerprint(fresh[i].Text)
	}
	return rows
}

// Stray is a status of which no ledger knows.
type Stray struct {
	gist string
	at   time.Time
}

// Strays looks what an account posted that no ledger knows of, back to since:
// when the last row that known has was sent. rows are those that wait: a server
// that keeps their dates lists by them. sure says that it looked far enough. The
// person's own posts are among them.
func Strays(ctx context.Context, srv Poster, d social.Destination, rows []social.StatusJob, known Known, since time.Time) (strays []Stray, sure bool, err error) {
	l := &ledger{srv: srv, d: d}
	note := func(st social.RemoteStatus) bool {
		if _, ours := known(st.ID); !ours {
			strays = append(strays, Stray{gist(proseOf(st)), st.CreatedAt})
		}
		return false
	}
	from, to := dates(rows)
	if d.Flavour == social.GoToSocial && !to.IsZero() {
		past := func(st social.RemoteStatus) bool { return st.CreatedAt.Before(from.Add(-2 * dateSlack)) }
		if _, sure, err = l.walk(ctx, idAfter(to.Add(2*dateSlack)), note, past); err != nil || !sure {
			return strays, sure, err
		}
	}
	past := func(st social.RemoteStatus) bool {
		sent, ours := known(st.ID)
		return ours && !sent.After(since) || !ours && to.IsZero() && st.CreatedAt.Before(since.Add(-clockSlack))
	}
	_, sure, err = l.walk(ctx, "", note, past)
	return strays, sure || since.IsZero(), err
}

// dates are the first and the last date that rows are to carry.
func dates(rows []social.StatusJob) (from, to time.Time) {
	for _, j := range rows {
		if at := j.Draft.At; !at.IsZero() {
			from, to = earliest(from, at), latest(to, at)
		}
	}
	return from, to
}

// Suspects are those of the rows that wait which may stand among the strays, so
// that they are read back before anything is sent; and when there are any, the
// few behind the last of them, which may not be listed yet.
func Suspects(rows []social.StatusJob, strays []Stray, since, now time.Time) (some []social.StatusJob) {
	stands := map[string]time.Time{}
	for _, s := range strays {
		stands[s.gist] = earliest(stands[s.gist], s.at)
	}
	more := 0
	for _, job := range rows {
		at, ok := stands[gist(job.Draft.Text)]
		if more--; ok {
			more = suspectedBehind
			since = earliest(since, at)
		}
		if more >= 0 {
			some = append(some, job)
		}
	}
	for i := range some {
		some[i] = Suspect(some[i], since.Add(-clockSlack), now)
	}
	return some
}

var linkOrTag = regexp.MustCompile(`https?://\S+|#[\p{L}\p{N}_]+`)

// gist is what tells a text by itself: a link of it may have been another one.
func gist(text string) string { return Fingerprint(linkOrTag.ReplaceAllString(text, " ")) }

// proseOf is what stands in a status beside its links.
func proseOf(st social.RemoteStatus) string {
	if st.Source != "" {
		return st.Source
	}
	var b strings.Builder
	inLink := false
	for z := html.NewTokenizer(strings.NewReader(st.Content)); ; {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if !inLink {
				b.Write(z.Text())
			}
		default:
			b.WriteByte('\n')
			if name, _ := z.TagName(); string(name) == "a" {
				inLink = kind == html.StartTagToken
			}
		}
	}
}
