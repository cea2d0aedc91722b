package bridge

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"godwit/internal/social"
)

// archive is n posts, a file at every fourth, a thread of five in every twenty.
func archive(n int) (posts []*social.Post) {
	for i := range n {
		p := somePost(i)
		p.ID = fmt.Sprintf("%09d", i)
		if i%4 == 0 {
			p.Media = []social.Media{{Kind: social.Photo, File: fmt.Sprintf("%d.jpg", i), Alt: "A bird."}}
		}
		if i%20 > 0 && i%20 < 5 {
			p.Reply = social.PostRef{ID: fmt.Sprintf("%09d", i-1), Own: true}
		}
		posts = append(posts, p)
	}
	return posts
}

// rowsFor makes the rows of a plan, as the store will.
func rowsFor(posts []*social.Post, p MirrorPlan, c Canvas) (rows []social.StatusJob) {
	last := map[string]int64{}
	at := map[string]*social.Post{}
	for _, post := range posts {
		at[post.ID] = post
	}
	for _, s := range p.Steps {
		r := Render(at[s.PostID], c, s.Place)
		parent := last[s.Place.Answers]
		for i, d := range r.Drafts {
			job := social.StatusJob{ID: int64(len(rows) + 1), MirrorID: 1, PostID: s.PostID, Part: i + 1, Parts: len(r.Drafts), ParentID: parent, Draft: d, State: social.StatusPlanned}
			job.Files = make([]social.MirrorFile, len(d.Files))
			for k := range job.Files {
				job.Files[k].State = social.FilePlanned
			}
			parent = job.ID
			rows = append(rows, job)
		}
		last[s.PostID] = parent
	}
	return rows
}

// Two thousand posts with five hundred files under Mastodon's limits: in
// order, in their threads, never over a limit, and done when the plan says;
// then undone.
func TestMirrorTwoThousand(t *testing.T) {
	posts := archive(2_000)
	k := newDesk(t, social.Mastodon, nil)
	c := Canvas{Limits: LimitsOf(social.Mastodon, social.Instance{}), Rules: DefaultRules("en")}
	m := social.Mirror{Rules: c.Rules}
	p := PlanMirror(slices.Values(posts), m, c, k.d, nil, k.srv.now, nil)
	if len(p.Steps) != 2_000 || p.Files != 500 || p.Statuses != 2_000 || p.Threads != 100 || p.Holds != social.StatusesFamily {
		t.Fatalf("%d steps, %d files, %d statuses, %d threads, held by %q", len(p.Steps), p.Files, p.Statuses, p.Threads, p.Holds)
	}
	k.rows = rowsFor(posts, p, c)
	k.run()
	k.check()
	for i, st := range k.srv.ours() {
		if st.ID != k.rows[i].RemoteID {
			t.Fatalf("status %d is out of order", i)
		}
	}
	took, planned := k.srv.now.Sub(p.Start), p.Finish.Sub(p.Start)
	if took > planned*103/100 || took < planned*97/100 {
		t.Errorf("took %v, planned %v", took, planned)
	}
	// 120 of the 300 in each window of three hours is what a Mirror takes.
	if earliest := 16 * statusesWindow; took > earliest*103/100 {
		t.Errorf("took %v of at least %v", took, earliest)
	}
	if k.kinds[MirrorReadBack] != 0 {
		t.Errorf("%d read-backs", k.kinds[MirrorReadBack])
	}
	k.rows, k.m.State = BeginUndo(k.rows, k.srv.now), social.MirrorUndoing
	k.run()
	if n := len(k.srv.ours()); n != 0 {
		t.Errorf("%d stand after the undo", n)
	}
}

func TestMirrorPlanFiles(t *testing.T) {
	var posts []*social.Post
	for i := range 200 {
		posts = append(posts, somePost(i, func(p *social.Post) {
			for k := range 4 {
				p.Media = append(p.Media, social.Media{Kind: social.Photo, File: fmt.Sprintf("%d-%d.jpg", i, k)})
			}
		}))
	}
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	c := Canvas{Limits: LimitsOf(social.Mastodon, social.Instance{})}
	m := social.Mirror{Rules: DefaultRules("en")}
	p := PlanMirror(slices.Values(posts), m, c, home(t, social.Mastodon), nil, now, nil)
	if p.Files != 800 || p.Holds != social.MediaFamily || p.Days() != 2 || p.Noted[NoteNoAlt] != 200 {
		t.Errorf("%d files, held by %q, %d days, %d without alt", p.Files, p.Holds, p.Days(), p.Noted[NoteNoAlt])
	}
	if hours := p.Finish.Sub(now).Hours(); hours < 33 || hours > 34 { // 12 in each half hour
		t.Errorf("%.1f hours", hours)
	}
	c.Limits = LimitsOf(social.GoToSocial, social.Instance{Version: "0.20.0"})
	if p = PlanMirror(slices.Values(posts), m, c, home(t, social.GoToSocial), nil, now, nil); p.Days() != 1 || p.Finish.Sub(now) > time.Hour {
		t.Errorf("GoToSocial: %v", p.Finish.Sub(now))
	}
}

func TestMirrorPlanNothing(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	m := social.Mirror{Rules: DefaultRules("en"), Protected: true}
	p := PlanMirror(slices.Values([]*social.Post{somePost(1, shown(social.ToFollowers))}), m, Canvas{}, home(t, social.Mastodon), nil, now, nil)
	if len(p.Steps) != 0 || !p.Asks || p.Why[LeftProtected] != 1 || p.Days() != 0 || !p.Finish.Equal(now) {
		t.Errorf("%+v", p)
	}
}

func TestMirrorLearn(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 1, 0, 0, time.UTC)
	d := home(t, social.Mastodon)
	at3h, at5m := now.Truncate(statusesWindow).Add(statusesWindow), now.Truncate(requestsWindow).Add(requestsWindow)
	for _, c := range []struct {
		name string
		l    social.RateLimit
		path string
		want social.Family
		left int
	}{
		{"statuses", social.RateLimit{Limit: 300, Remaining: 200, Reset: at3h}, "/api/v1/statuses", social.StatusesFamily, 200},
		{"the token's", social.RateLimit{Limit: 300, Remaining: 20, Reset: at5m}, "/api/v1/statuses", social.RequestsFamily, 20},
		{"media", social.RateLimit{Limit: 30, Remaining: 3, Reset: now.Truncate(mediaWindow).Add(mediaWindow)}, "/api/v2/media", social.MediaFamily, 3},
		{"deletes", social.RateLimit{Limit: 30, Remaining: 4, Reset: now.Truncate(mediaWindow).Add(mediaWindow)}, "/api/v1/statuses/{id}", social.DeletesFamily, 4},
	} {
		b := MirrorLearn(mirrorRolled(nil, d, now), d, c.l, c.path, now)
		if got := b[at(b, c.want)].Remaining; got != c.left {
			t.Errorf("%s: %d left of %s, want %d", c.name, got, c.want, c.left)
		}
	}
	b := MirrorLearn(mirrorRolled(nil, d, now), d, social.RateLimit{Limit: 300, Remaining: 9_000, Reset: at3h}, "/api/v1/statuses", now)
	if got := b[at(b, social.StatusesFamily)].Remaining; got != 300 {
		t.Errorf("nonsense was believed: %d", got)
	}
}

func TestLimitsOf(t *testing.T) {
	for _, c := range []struct {
		fl      social.Flavour
		version string
		want    Limits
	}{
		{social.Mastodon, "4.5.1", Limits{PostingLimits: social.PostingLimits{Characters: 500, LinkCharacters: 23, Files: 4, Description: 1500}}},
		{social.GoToSocial, "0.17.3", Limits{PostingLimits: social.PostingLimits{Characters: 5000, Files: 6, Description: 1500}}},
		{social.GoToSocial, "0.20.0-rc1", Limits{PostingLimits: social.PostingLimits{Characters: 5000, Files: 6, Description: 1500}, Backdates: true}},
		{social.Snac, "2.94", Limits{PostingLimits: social.PostingLimits{Characters: 5000, Files: 4, Description: 1500}, Backdates: true}},
		{social.FlavourOther, "", Limits{PostingLimits: social.PostingLimits{Characters: 300, Files: 4, Description: 420}}},
	} {
		c.want.Flavour = c.fl
		if got := LimitsOf(c.fl, social.Instance{Version: c.version}); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s %s: %+v", c.fl, c.version, got)
		}
	}
}
