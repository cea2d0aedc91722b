package bridge

import (
	"iter"
	"time"

	"godwit/internal/social"
)

// MirrorPlan is what a Mirror will do, and an honest estimate of how long it
// takes. Nothing is sent by planning.
type MirrorPlan struct {
	Steps    []Step
	Left     []LeftOut
	Why      map[Left]int // how many Posts were left out for each reason
	Noted    map[Note]int // how many Posts have each Note
	Threads  int          // of more than one Post
	Statuses int
	Files    int
	Asks     bool // the account was protected, and the person has not said yes to followers only
	Start    time.Time
	Finish   time.Time
	Holds    social.Family // whose allowance makes it last, "" when only the pace does
	Server   string
}

// PlanMirror decides which Posts m carries over to d and how long that takes.
// posts is walked over twice. c is for d's server, with m's rules. each, which
// may be nil, is given every Step with its place in the plan, its Post and what
// that becomes, in the order of posts.
func PlanMirror(posts iter.Seq[*social.Post], m social.Mirror, c Canvas, d social.Destination, budgets []social.Budget, now time.Time, each func(s Step, at int, p *social.Post, r Rendered)) MirrorPlan {
	p := MirrorPlan{Why: map[Left]int{}, Noted: map[Note]int{}, Server: d.Host, Start: now}
	p.Steps, p.Left = choose(posts, m.Rules, m.Protected)
	c.Rules = m.Rules
	p.measure(posts, c, each)
	for _, l := range p.Left {
		p.Why[l.Why]++
	}
	p.Asks = p.Why[LeftProtected] > 0
	p.schedule(d, budgets, now)
	return p
}

// measure renders every chosen Post once, to count what it becomes.
func (p *MirrorPlan) measure(posts iter.Seq[*social.Post], c Canvas, each func(Step, int, *social.Post, Rendered)) {
	at := make(map[string]int, len(p.Steps))
	for i, s := range p.Steps {
		at[s.PostID] = i
	}
	for post := range posts {
		i, chosen := at[post.ID]
		if !chosen {
			continue
		}
		delete(at, post.ID)
		r := Render(post, c, p.Steps[i].Place)
		p.Steps[i].count(r)
		p.add(p.Steps[i])
		if each != nil {
			each(p.Steps[i], i, post, r)
		}
	}
	began := ""
	for i := 1; i < len(p.Steps); i++ {
		switch answers := p.Steps[i].Place.Answers; {
		case answers == "":
			began = ""
		case began == "":
			began = answers
			p.Threads++
		}
	}
}

func (s *Step) count(r Rendered) {
	s.Statuses, s.Notes = len(r.Drafts), r.Notes
	for _, d := range r.Drafts {
		s.Files += len(d.Files)
	}
}

func (p *MirrorPlan) add(s Step) {
	p.Statuses += s.Statuses
	p.Files += s.Files
	for _, n := range s.Notes {
		p.Noted[n]++
	}
}

// Days is how many days the Mirror takes, one at least when there is something
// to do.
func (p *MirrorPlan) Days() int {
	if len(p.Steps) == 0 {
		return 0
	}
	return int((p.Finish.Sub(p.Start) + day - 1) / day)
}

// schedule walks over the windows of the server's allowances as the Mirror
// will: files go ahead of the statuses that need them.
func (p *MirrorPlan) schedule(d social.Destination, budgets []social.Budget, now time.Time) {
	files := &walker{d: d, b: mirrorRolled(budgets, d, now), at: now}
	statuses := &walker{d: d, b: mirrorRolled(budgets, d, now), at: now}
	var waited time.Duration // for files
	for _, s := range p.Steps {
		for range s.Files {
			files.take(social.MediaFamily, fileGap)
		}
		if s.Files > 0 && files.at.After(statuses.at) {
			waited += files.at.Sub(statuses.at)
			statuses.at = files.at
		}
		for range s.Statuses {
			statuses.take(social.StatusesFamily, mirrorGap)
		}
	}
	p.Finish = statuses.at
	switch {
	case waited > statuses.waited && files.waited > 0:
		p.Holds = social.MediaFamily
	case statuses.waited > 0:
		p.Holds = social.StatusesFamily
	}
}

// walker goes through a Mirror's acts of one kind in time.
type walker struct {
	d      social.Destination
	b      []social.Budget
	at     time.Time
	waited time.Duration
}

// take makes one act of a family, after waiting for its window if need be.
func (w *walker) take(f social.Family, gap time.Duration) {
	for _, family := range []social.Family{f, social.RequestsFamily} {
		i := at(w.b, family)
		if i < 0 {
			continue
		}
		w.b[i] = mirrorRoll(w.b[i], w.d, w.at)
		if from, ok := shareOpen(w.b, family, w.d); !ok {
			w.waited += from.Sub(w.at)
			w.at = from
			w.b[i] = mirrorRoll(w.b[i], w.d, w.at)
		}
		w.b[i].Remaining--
	}
	w.at = w.at.Add(gap)
}

// RemainingPlan is the plan of a Mirror of which so many statuses and files are
// still to be sent, as if the files were spread evenly: for how long it takes.
func RemainingPlan(statuses, files int, d social.Destination, budgets []social.Budget, now time.Time) MirrorPlan {
	p := MirrorPlan{Server: d.Host, Start: now, Statuses: statuses, Files: files, Steps: make([]Step, statuses)}
	for i := range p.Steps {
		p.Steps[i] = Step{Statuses: 1, Files: files*(i+1)/statuses - files*i/statuses}
	}
	p.schedule(d, budgets, now)
	return p
}
