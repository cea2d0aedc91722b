package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"godwit/bridge"
	"godwit/internal/social"
	"godwit/internal/store"
)

// mirrored is the JSON line of one post.
type mirrored struct {
	Post     string           `json:"post"`
	At       string           `json:"at"`
	URL      string           `json:"url,omitempty"`
	Original string           `json:"original"`
	Notes    []string         `json:"notes,omitempty"`
	Statuses []mirroredStatus `json:"statuses"`
}

type mirroredStatus struct {
	Text       string             `json:"text"`
	Warning    string             `json:"warning,omitempty"`
	Visibility social.Visibility  `json:"visibility"`
	Language   string             `json:"language,omitempty"`
	Date       string             `json:"date,omitempty"`
	Files      []mirroredFile     `json:"files,omitempty"`
	State      social.StatusState `json:"state"`
	Reason     string             `json:"reason"`
	URL        string             `json:"url,omitempty"`
}

type mirroredFile struct {
	Name string           `json:"name"`
	Kind social.MediaKind `json:"kind"`
	Alt  string           `json:"alt,omitempty"`
}

// summary is the last JSON line.
type mirrorSummary struct {
	State    social.MirrorState          `json:"state"`
	Stopped  string                      `json:"stopped,omitempty"` // why
	Plan     social.MirrorSummary        `json:"plan"`
	Statuses map[social.StatusState]int  `json:"statuses"`
	Failed   map[social.MirrorReason]int `json:"failed,omitempty"`
	Estimate string                      `json:"estimate,omitempty"`
	Requests int64                       `json:"requests"`
	Limited  int64                       `json:"rate_limited"`
	Seconds  float64                     `json:"seconds"`
}

func (m *mirroring) line(p social.MirrorPost) mirrored {
	l := mirrored{Post: p.Post.ID, At: p.Post.CreatedAt.UTC().Format(time.RFC3339), URL: p.Post.URL, Original: p.Post.Text}
	limits := bridge.CanvasOf(m.m, m.d, nil).Limits
	for _, s := range bridge.SayNotes(bridge.Rendered{Drafts: make([]social.Draft, len(p.Jobs)), Notes: notesOf(p)}, limits, m.d.Host) {
		l.Notes = append(l.Notes, s.English)
	}
	for _, j := range p.Jobs {
		s := mirroredStatus{Text: j.Draft.Text, Warning: j.Draft.Warning, Visibility: j.Draft.Visibility, Language: j.Draft.Language, State: j.State, Reason: bridge.SayStatus(j, m.d.Host).English, URL: j.URL}
		if !j.Draft.At.IsZero() {
			s.Date = j.Draft.At.UTC().Format(time.RFC3339)
		}
		for _, f := range j.Draft.Files {
			s.Files = append(s.Files, mirroredFile{f.Media.File, f.Media.Kind, f.Alt})
		}
		l.Statuses = append(l.Statuses, s)
	}
	return l
}

func notesOf(p social.MirrorPost) (all []bridge.Note) {
	for _, n := range p.Notes {
		all = append(all, bridge.Note(n))
	}
	return all
}

// show shows posts, each in one form or as JSON, and then how things stand.
func (m *mirroring) show(ctx context.Context, form func(mirrored)) error {
	each := form
	if m.o.json {
		enc := encoder(m.stdout)
		each = func(l mirrored) { _ = enc.Encode(l) }
	}
	if err := m.eachPost(ctx, each); err != nil {
		return err
	}
	_, err := m.report(ctx)
	return err
}

func (m *mirroring) eachPost(ctx context.Context, visit func(mirrored)) error {
	if m.o.post != "" {
		p, err := m.store.GetMirrorPost(ctx, m.user.ID, m.m.ID, m.o.post)
		if err == nil {
			visit(m.line(p))
		}
		return err
	}
	f := store.MirrorFilter{MirrorID: m.m.ID}
	if m.o.failed {
		f.State = social.StatusFailed
	}
	for shown := 0; m.o.limit == 0 || shown < m.o.limit; {
		f.Offset, f.Limit = shown, matchPage
		if m.o.limit > 0 {
			f.Limit = min(matchPage, m.o.limit-shown)
		}
		page, _, err := m.store.ListMirrorPosts(ctx, m.user.ID, f)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, p := range page {
			visit(m.line(p))
		}
		shown += len(page)
	}
	return nil
}

// showPlanned shows a post as it will look.
func (m *mirroring) showPlanned(l mirrored) {
	fmt.Fprintf(m.stdout, "── %s  %s\n", l.At[:len(time.DateOnly)], l.URL)
	for i, s := range l.Statuses {
		if i > 0 {
			fmt.Fprintln(m.stdout, "   ↳")
		}
		if s.Warning != "" {
			fmt.Fprintf(m.stdout, "   [%s]\n", social.Printable(s.Warning, social.MaxSay))
		}
		for text := range strings.SplitSeq(s.Text, "\n") {
			fmt.Fprintln(m.stdout, "   "+social.Printable(text, maxPostLine))
		}
		for _, f := range s.Files {
			fmt.Fprintf(m.stdout, "   + %s %s\n", f.Kind, social.Printable(f.Alt, social.MaxSay))
		}
	}
	for _, n := range l.Notes {
		fmt.Fprintln(m.stdout, "   · "+n)
	}
}

// maxPostLine bounds a line of a post on a terminal.
const maxPostLine = 10_000

// showSent shows how a post went.
func (m *mirroring) showSent(l mirrored) {
	for _, s := range l.Statuses {
		text, _, _ := strings.Cut(s.Text, "\n")
		fmt.Fprintf(m.stdout, "%s  %s  %s  %s\n", l.At[:len(time.DateOnly)], social.Printable(text, 60), s.Reason, s.URL)
	}
}

// status shows how far it is.
func (m *mirroring) status(ctx context.Context) error {
	if m.m.ID == 0 {
		return m.order(ctx, nil)
	}
	return m.show(ctx, m.showSent)
}

// report says how things stand; ended is false when something is still to be
// done.
func (m *mirroring) report(ctx context.Context) (ended bool, err error) {
	if err := m.reload(ctx); err != nil {
		return false, err
	}
	c, err := m.store.MirrorCounts(ctx, m.user.ID, m.m.ID)
	if err != nil {
		return false, err
	}
	left := c.Waiting() + c.ByState[social.StatusUndoing] + c.ByState[social.StatusExposed]
	if m.o.json {
		return left == 0, m.reportJSON(ctx, c)
	}
	m.print(ctx, c)
	return left == 0, nil
}

func (m *mirroring) reportJSON(ctx context.Context, c store.MirrorCounts) error {
	t := m.worker.Traffic()
	s := mirrorSummary{State: m.m.State, Stopped: m.m.FaultSay, Plan: m.m.Plan, Statuses: c.ByState, Failed: c.Failed,
		Requests: t.Requests, Limited: t.Limited, Seconds: time.Since(m.started).Seconds()}
	if c.Waiting() > 0 {
		s.Estimate = m.estimate(ctx, c).English
	}
	return encoder(m.stdout).Encode(map[string]any{"summary": s})
}

func (m *mirroring) print(ctx context.Context, c store.MirrorCounts) {
	if m.m.State == social.MirrorIdle {
		m.printPlan(ctx, c)
		return
	}
	n := c.ByState
	fmt.Fprintf(m.stdout, "%d carried over, %d waiting, %d not carried over, %d deleted again.\n", n[social.StatusSent], c.Waiting(), n[social.StatusFailed], n[social.StatusDeleted])
	switch {
	case m.m.FaultSay != "":
		fmt.Fprintln(m.stdout, m.m.FaultSay)
	case m.m.State == social.MirrorPaused:
		fmt.Fprintln(m.stdout, "Paused. Go on with godwit mirror resume.")
	case m.m.State == social.MirrorUndoing && n[social.StatusUndoing] > 0:
		fmt.Fprintln(m.stdout, "Run godwit mirror undo again to go on, or leave \"godwit serve\" running.")
	case m.m.State == social.MirrorRunning && c.Waiting() > 0:
		fmt.Fprintln(m.stdout, m.estimate(ctx, c).English)
		fmt.Fprintln(m.stdout, "Run godwit mirror start again to go on, or leave \"godwit serve\" running.")
	}
}

func (m *mirroring) printPlan(ctx context.Context, c store.MirrorCounts) {
	for _, why := range slices.Sorted(maps.Keys(m.m.Plan.Left)) {
		fmt.Fprintf(m.stdout, "%d  %s\n", m.m.Plan.Left[why], bridge.SayLeft(bridge.Left(why)).English)
	}
	fmt.Fprintf(m.stdout, "%d posts in %d statuses with %d files. Nothing was sent.\n", m.m.Plan.Posts, m.m.Plan.Statuses, m.m.Plan.Files)
	if c.Waiting() > 0 {
		fmt.Fprintln(m.stdout, m.estimate(ctx, c).English)
	}
}
