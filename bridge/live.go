package bridge

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// A live Mirror is one whose Source is looked at again and again, and whose plan
// grows by what is new there. Sift says what is new, LiveSteps which of it is
// carried over, and LivePause when to look next.

// LiveFind is what one look at a Source found, with what is known of it.
type LiveFind struct {
	Live    social.Live                // as it was before the look
	Posts   []social.Post              // that the Source shows now; without a time where it tells none
	Same    bool                       // it says that nothing changed; there are no Posts then
	Whole   bool                       // Posts are all that there is after the Live's Cursor
	Known   map[string]social.LivePost // of Posts: what earlier looks made of them
	Carried map[string]bool            // of Posts: those that another Mirror carried over
	Waiting []social.LivePost          // from earlier looks
	Taken   []social.LivePost          // the last ones in the ledger
}

// Sifted is what a look comes to.
type Sifted struct {
	Found   []social.LivePost   // new ones, and those of Waiting that stand otherwise now
	Ready   []social.Post       // to be carried over now, oldest first
	Changed []social.LiveChange // in the ledger, and changed or gone at the Source
	Fresh   int                 // how many are new
	Halt    *fault.Fault        // too many at once: a person decides
}

// Sift tells what is new. Nothing older than the Live's start is carried over,
// nothing that is days old, and of more than ten at once only the first ten
// (ENG-11). What is gone from the Source before its delay is over never is.
func Sift(f LiveFind, now time.Time) Sifted {
	s := &sifter{LiveFind: f, now: now, shown: map[string]bool{}}
	for i := range f.Posts {
		s.shown[f.Posts[i].ID] = true
		s.oldest = earliest(s.oldest, f.Posts[i].CreatedAt)
		s.post(f.Posts[i])
	}
	s.hold()
	for _, p := range f.Waiting {
		s.waited(p)
	}
	for _, p := range f.Taken {
		if s.isGone(p) {
			s.out.Changed = append(s.out.Changed, social.LiveChange{PostID: p.Post.ID, ChangedAt: now})
		}
	}
	slices.SortStableFunc(s.out.Ready, func(a, b social.Post) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return s.out
}

type sifter struct {
	LiveFind
	now    time.Time
	shown  map[string]bool
	oldest time.Time // of what the Source shows
	fresh  []social.LivePost
	out    Sifted
}

// post takes one Post as the Source has it now.
func (s *sifter) post(p social.Post) {
	known, seen := s.Known[p.ID]
	switch {
	case !seen:
		s.found(p)
	case known.State == social.LiveWaiting:
		if p.CreatedAt.IsZero() {
			p.CreatedAt = known.Post.CreatedAt
		}
		known.Post, known.Print = p, LivePrint(&p)
		s.due(known)
	case known.State == social.LiveTaken && known.Print != LivePrint(&p):
		s.out.Changed = append(s.out.Changed, social.LiveChange{PostID: p.ID, Fresh: p, ChangedAt: s.now})
	}
}

// found takes a Post that was never seen.
func (s *sifter) found(p social.Post) {
	undated := p.CreatedAt.IsZero()
	if undated || p.CreatedAt.After(s.now) {
		p.CreatedAt = s.now
	}
	one := social.LivePost{Post: p, State: social.LiveWaiting, FirstAt: s.now, DueAt: p.CreatedAt.Add(s.Live.Delay), Print: LivePrint(&p)}
	first := !s.Live.LookedAt.After(s.Live.Since) // nothing tells whether what has no date was there before
	switch {
	case undated && first, p.CreatedAt.Before(s.Live.Since.Truncate(time.Second)): // feeds tell no fractions
		one.State = social.LiveOld
	case s.Carried[p.ID]:
		one.State, one.Why = social.LiveLeft, string(LeftThere)
	case s.now.Sub(p.CreatedAt) > liveLate:
		one.State, one.Why = social.LiveLeft, string(LeftLate)
	default:
		s.fresh = append(s.fresh, one)
		return
	}
	s.out.Found = append(s.out.Found, one)
}

// hold lets the first of what is new through. A thread counts as one.
func (s *sifter) hold() {
	slices.SortStableFunc(s.fresh, func(a, b social.LivePost) int {
		return cmp.Or(a.Post.CreatedAt.Compare(b.Post.CreatedAt), cmp.Compare(a.Post.ID, b.Post.ID))
	})
	s.out.Fresh = len(s.fresh)
	through, heads, held := map[string]bool{}, 0, 0
	for _, p := range s.fresh {
		answers := p.Post.Reply.Own && through[p.Post.Reply.ID]
		if !answers {
			heads++
		}
		if heads > liveAtOnce {
			p.State = social.LiveHeld
			s.out.Found = append(s.out.Found, p)
			held++
			continue
		}
		through[p.Post.ID] = true
		s.due(p)
	}
	if held > 0 {
		s.out.Halt = fault.New(fault.Paused, "live-flood", "{n} new posts came at once, so we stopped before anybody is flooded: {held} of them wait for your word. Carry them over too, or go on with what comes from now on.",
			"n", strconv.Itoa(len(s.fresh)), "held", strconv.Itoa(held))
	}
}

// waited takes a waiting Post that the Source does not show now.
func (s *sifter) waited(p social.LivePost) {
	switch {
	case s.shown[p.Post.ID]:
	case s.isGone(p):
		p.State = social.LiveGone
		s.out.Found = append(s.out.Found, p)
	default:
		s.due(p)
	}
}

// isGone reports that the Source would show a Post if it still had it: one that
// only dropped off the end of a list is older than all that it shows.
func (s *sifter) isGone(p social.LivePost) bool {
	if s.Same || s.shown[p.Post.ID] {
		return false
	}
	at := p.Post.CreatedAt
	if at.IsZero() {
		at = p.FirstAt
	}
	waiting := p.State == social.LiveWaiting
	return waiting && (s.Whole || len(s.Posts) == 0) || !s.oldest.IsZero() && s.oldest.Before(at) && !s.Whole
}

// due carries a waiting Post over when its delay is over.
func (s *sifter) due(p social.LivePost) {
	if !s.now.Before(p.DueAt) {
		s.out.Ready = append(s.out.Ready, p.Post)
	}
	s.out.Found = append(s.out.Found, p)
}

// LivePrint is of what a Post says, to notice that it was changed.
func LivePrint(p *social.Post) string {
	h := sha256.New()
	h.Write([]byte(p.Text + "\x00" + p.Warning))
	for _, m := range p.Media {
		h.Write([]byte("\x00" + m.File + "\x00" + m.Alt))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// LiveSteps decides which of some Posts, oldest first, are carried over by
// rules. carried tells of own posts that are in the ledger, left why others were
// left out.
func LiveSteps(posts []social.Post, rules social.MirrorRules, carried func(id string) bool, left func(id string) Left) (steps []Step, out []LeftOut) {
	c := &chooser{rules: rules}
	chosen, refused := map[string]bool{}, map[string]Left{}
	for i := range posts {
		p := &posts[i]
		place, why := Place{}, c.judge(p)
		if p.Reply.Own {
			parent := p.Reply.ID
			there := chosen[parent] || carried(parent)
			if foreign := cmp.Or(refused[parent], left(parent)) == LeftReply; foreign && why == LeftNot {
				why = LeftReply
			}
			if place.Torn = !there; there {
				place.Answers = parent
			}
		}
		if why == LeftNot && place.Answers == "" && !c.isWanted(p) {
			why = LeftFilter
		}
		if why != LeftNot {
			refused[p.ID] = why
			out = append(out, LeftOut{p.ID, why})
			continue
		}
		chosen[p.ID] = true
		steps = append(steps, Step{PostID: p.ID, At: p.CreatedAt, Place: place})
	}
	return steps, out
}

// LiveRules are what a new live Mirror starts with: as DefaultRules, but without
// a line for the date, which is today's.
func LiveRules(locale string) social.MirrorRules {
	r := DefaultRules(locale)
	r.DatePlace = social.DateNowhere
	return r
}

// livePaces are the pauses between two looks: after one that found something,
// and at most.
var livePaces = map[social.LiveKind][2]time.Duration{
	social.LiveFeed:     {15 * time.Minute, 2 * time.Hour},
	social.LiveMastodon: {5 * time.Minute, 30 * time.Minute},
	social.LiveBluesky:  {5 * time.Minute, 30 * time.Minute},
	social.LiveX:        {30 * time.Minute, 4 * time.Hour},
}

// LivePause is when to look next after a look that ended at now: the longer
// nothing new was found the later, by half each time, not before the Source
// wants it, and when the next waiting Post is due.
func LivePause(l social.Live, fresh time.Duration, waiting []social.LivePost, now time.Time) time.Time {
	pace := livePaces[l.Kind]
	pause := pace[0]
	for range min(l.Quiet, liveQuiet) {
		pause = min(pause+pause/2, pace[1])
	}
	next := now.Add(pause)
	for _, p := range waiting {
		if p.State == social.LiveWaiting && p.DueAt.After(now) {
			next = earliest(next, p.DueAt)
		}
	}
	return latest(next, now.Add(max(fresh, liveSoonest)))
}

// LiveFailed is when to look next after so many looks in a row that failed.
func LiveFailed(failures int, now time.Time) time.Time {
	return now.Add(min(liveFailed<<min(max(failures-1, 0), 20), liveFailedMost))
}
