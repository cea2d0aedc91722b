package bridge

import (
	"context"
	"fmt"
	"html"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// cut is where a call to the server is cut off.
type cut int

const (
	whole        cut = iota
	beforeBytes      // nothing arrives
	afterCommit      // the server did it, and the answer is lost
	midAnswer        // the answer makes no sense
	killedBefore     // the process dies before the call
	killedAfter      // the process dies after it, before the row is written
	cuts
)

var cutNames = [...]string{"whole", "before bytes", "after commit", "mid answer", "killed before", "killed after"}

// killed is what the process panics with where it dies.
type killed struct{}

// fakePoster is a server that keeps statuses, with the manners of a flavour.
type fakePoster struct {
	t        *testing.T
	fl       social.Flavour
	now      time.Time
	statuses []fakeStatus // in the order of arrival
	keys     map[string]int
	files    map[social.RemoteID]*fakeFile
	serial   int
	lag      time.Duration // after which a status is listed
	cut      func(call string) cut
	deleted  []social.RemoteID
	counts   map[string]map[int64]int // acts by family and window
	posts    []string                 // keys of all calls, for looking at
	answer   func(*social.RemoteStatus)
	working  int // how often a file is not ready yet
	down     func() error
	gone     map[social.RemoteID]bool
}

type fakeStatus struct {
	social.RemoteStatus
	madeAt time.Time
	byHand bool
}

type fakeFile struct{ asked int }

func newPoster(t *testing.T, fl social.Flavour, now time.Time) *fakePoster {
	return &fakePoster{t: t, fl: fl, now: now, keys: map[string]int{}, files: map[social.RemoteID]*fakeFile{}, counts: map[string]map[int64]int{}, gone: map[social.RemoteID]bool{}}
}

func (f *fakePoster) cutAt(call string) cut {
	if f.cut == nil {
		return whole
	}
	c := f.cut(call)
	if c == killedBefore {
		panic(killed{})
	}
	return c
}

// lose turns what the server did into what is heard of it.
func lose(c cut) error {
	switch c {
	case killedAfter:
		panic(killed{})
	case afterCommit, beforeBytes:
		return fault.New(fault.Unavailable, "no-answer", "no answer")
	case midAnswer:
		return fault.New(fault.Broken, "malformed", "makes no sense")
	}
	return nil
}

func (f *fakePoster) count(family string, window time.Duration, most int) {
	w := f.counts[family]
	if w == nil {
		w = map[int64]int{}
		f.counts[family] = w
	}
	k := f.now.UnixNano() / int64(window)
	if w[k]++; f.fl == social.Mastodon && w[k] > most {
		f.t.Errorf("%d %s in one window", w[k], family)
	}
}

func (f *fakePoster) Post(_ context.Context, o Outgoing) (social.RemoteStatus, error) {
	f.posts = append(f.posts, o.Key)
	c := f.cutAt("post")
	if c == beforeBytes {
		return social.RemoteStatus{}, lose(c)
	}
	i, again := f.keys[o.Key]
	if !again || !f.keeps() {
		i = f.make(o)
		f.keys[o.Key] = i
	}
	if err := lose(c); err != nil {
		return social.RemoteStatus{}, err
	}
	return f.statuses[i].RemoteStatus, nil
}

// keeps reports that the server honours keys.
func (f *fakePoster) keeps() bool { return f.fl == social.Mastodon || f.fl == social.FlavourOther }

func (f *fakePoster) make(o Outgoing) int {
	f.count("statuses", statusesWindow, mastodonStatuses)
	st := social.RemoteStatus{
		AccountID: "1", Visibility: o.Visibility, CreatedAt: f.now.Truncate(time.Millisecond), InReplyTo: o.InReplyTo, Files: len(o.FileIDs),
		Content: "<p>" + strings.ReplaceAll(html.EscapeString(o.Text), "\n", "<br>") + "</p>",
	}
	if !o.At.IsZero() && (f.fl == social.GoToSocial || f.fl == social.Snac) {
		st.CreatedAt = o.At
	}
	if f.fl == social.GoToSocial || f.fl == social.Snac {
		st.Source = o.Text
	}
	if f.answer != nil {
		f.answer(&st)
	}
	return f.add(st, false)
}

func (f *fakePoster) add(st social.RemoteStatus, byHand bool) int {
	f.serial++
	st.ID = social.RemoteID(fmt.Sprintf("%013d%08d", f.now.UnixMilli(), f.serial))
	if f.fl == social.GoToSocial {
		st.ID = idAfter(st.CreatedAt)[:10] + social.RemoteID(fmt.Sprintf("%016d", f.serial))
	}
	st.URL = "https://home.test/@me/" + string(st.ID)
	f.statuses = append(f.statuses, fakeStatus{RemoteStatus: st, madeAt: f.now, byHand: byHand})
	return len(f.statuses) - 1
}

// byHand has the person post n statuses themselves.
func (f *fakePoster) byHand(n int) {
	for range n {
		f.add(social.RemoteStatus{AccountID: "1", Visibility: social.VisiblePublic, CreatedAt: f.now, Content: fmt.Sprintf("<p>by hand %d</p>", f.serial)}, true)
	}
}

func (f *fakePoster) Statuses(_ context.Context, account, before social.RemoteID) ([]social.RemoteStatus, error) {
	if f.down != nil {
		if err := f.down(); err != nil {
			return nil, err
		}
	}
	c := f.cutAt("list")
	if err := lose(c); err != nil {
		return nil, err
	}
	var all []social.RemoteStatus
	for _, st := range f.statuses {
		if f.now.Sub(st.madeAt) >= f.lag && !f.gone[st.ID] && st.AccountID == account && (before == "" || st.ID < before) {
			all = append(all, st.RemoteStatus)
		}
	}
	slices.SortFunc(all, func(a, b social.RemoteStatus) int { return strings.Compare(string(b.ID), string(a.ID)) })
	return all[:min(len(all), readPage)], nil
}

func (f *fakePoster) Status(_ context.Context, id social.RemoteID) (social.RemoteStatus, error) {
	if err := lose(f.cutAt("status")); err != nil {
		return social.RemoteStatus{}, err
	}
	for _, st := range f.statuses {
		if st.ID == id && !f.gone[id] {
			return st.RemoteStatus, nil
		}
	}
	return social.RemoteStatus{}, fault.New(fault.NotFound, "not-found", "not found")
}

func (f *fakePoster) DeleteStatus(_ context.Context, id social.RemoteID) error {
	c := f.cutAt("delete")
	if c == beforeBytes {
		return lose(c)
	}
	f.count("deletes", mediaWindow, mastodonMedia)
	f.gone[id] = true
	f.deleted = append(f.deleted, id)
	return lose(c)
}

func (f *fakePoster) Upload(_ context.Context, df social.DraftFile) (social.RemoteFile, error) {
	c := f.cutAt("upload")
	if c == beforeBytes {
		return social.RemoteFile{}, lose(c)
	}
	f.count("media", mediaWindow, mastodonMedia)
	f.serial++
	id := social.RemoteID(fmt.Sprintf("file-%d", f.serial))
	f.files[id] = &fakeFile{}
	return social.RemoteFile{ID: id, Ready: f.working == 0}, lose(c)
}

func (f *fakePoster) File(_ context.Context, id social.RemoteID) (social.RemoteFile, error) {
	if err := lose(f.cutAt("file")); err != nil {
		return social.RemoteFile{}, err
	}
	file := f.files[id]
	if file == nil {
		return social.RemoteFile{}, fault.New(fault.NotFound, "not-found", "not found")
	}
	file.asked++
	return social.RemoteFile{ID: id, Ready: file.asked >= f.working}, nil
}

// ours are the statuses that Godwit made and that stand, in order of arrival.
func (f *fakePoster) ours() (all []social.RemoteStatus) {
	for _, st := range f.statuses {
		if !st.byHand && !f.gone[st.ID] {
			all = append(all, st.RemoteStatus)
		}
	}
	return all
}

// desk is the store and the worker in one: it keeps the rows, does one act at a
// time, and forgets what was not saved when the process is killed.
type desk struct {
	t       *testing.T
	srv     *fakePoster
	d       social.Destination
	m       social.Mirror
	rows    []social.StatusJob
	budgets []social.Budget
	lastAt  time.Time
	errs    []error
	kinds   map[MirrorActKind]int
}

func newDesk(t *testing.T, fl social.Flavour, rows []social.StatusJob) *desk {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	d := home(t, fl)
	return &desk{t: t, srv: newPoster(t, fl, now), d: d, m: social.Mirror{ID: 1, State: social.MirrorRunning}, rows: rows, kinds: map[MirrorActKind]int{}}
}

// rowsOf makes n rows, every third of them an answer to the one before.
func rowsOf(n int, at time.Time) (rows []social.StatusJob) {
	for i := range n {
		job := social.StatusJob{ID: int64(i + 1), MirrorID: 1, PostID: fmt.Sprint(i), Part: 1, Parts: 1, State: social.StatusPlanned, Draft: social.Draft{
			Text: fmt.Sprintf("Post number %d about waders & <tides>, with a link https://atlas.example.org/%d #tag", i, i), Visibility: social.VisibleUnlisted,
		}}
		if !at.IsZero() {
			job.Draft.At = at.Add(time.Duration(i) * time.Hour)
		}
		if i%3 == 2 {
			job.ParentID = int64(i)
		}
		rows = append(rows, job)
	}
	return rows
}

func withFiles(rows []social.StatusJob, every, n int) []social.StatusJob {
	for i := range rows {
		if i%every == 0 {
			for k := range n {
				rows[i].Draft.Files = append(rows[i].Draft.Files, social.DraftFile{Media: social.Media{Kind: social.Photo, File: fmt.Sprintf("%d-%d.jpg", i, k)}})
				rows[i].Files = append(rows[i].Files, social.MirrorFile{State: social.FilePlanned})
			}
		}
	}
	return rows
}

func (k *desk) known(id social.RemoteID) (time.Time, bool) {
	for i := range k.rows {
		if k.rows[i].RemoteID == id && id != "" {
			return k.rows[i].SentAt, true
		}
	}
	return time.Time{}, false
}

func (k *desk) work() MirrorWork {
	w := MirrorWork{Destination: k.d, Mirror: k.m, Budgets: k.budgets, Parents: map[int64]social.StatusJob{}, LastAt: k.lastAt}
	for i := range k.rows {
		switch row := &k.rows[i]; row.State {
		case social.StatusSent, social.StatusFailed, social.StatusDeleted, social.StatusCanceled:
		default:
			w.Jobs = append(w.Jobs, *row)
		}
		if len(w.Jobs) == 50 {
			break
		}
	}
	for _, j := range w.Jobs {
		if row := k.row(j.ParentID); row != nil {
			w.Parents[j.ParentID] = *row
		}
	}
	return w
}

// row finds a row; before an undo they lie in the order of their ids.
func (k *desk) row(id int64) *social.StatusJob {
	if id > 0 && id <= int64(len(k.rows)) && k.rows[id-1].ID == id {
		return &k.rows[id-1]
	}
	i := slices.IndexFunc(k.rows, func(r social.StatusJob) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return &k.rows[i]
}

func (k *desk) save(job social.StatusJob) {
	*k.row(job.ID) = job
}

// step does one act; it reports false when nothing is left to do.
func (k *desk) step() bool {
	now := k.srv.now
	w := k.work()
	a, until := MirrorNext(w, now)
	if a.Kind == MirrorRest {
		if until.IsZero() {
			return false
		}
		if !until.After(now) {
			k.t.Fatalf("asked to come back at %v, which is not after %v", until, now)
		}
		k.srv.now = until
		return true
	}
	k.kinds[a.Kind]++
	k.budgets = MirrorSpend(w.Budgets, k.d, a, now)
	k.act(a, InReplyTo(w.Parents[a.Job.ParentID]), now)
	k.lastAt = k.srv.now
	k.srv.now = k.srv.now.Add(200 * time.Millisecond)
	return true
}

func (k *desk) act(a MirrorAct, parent social.RemoteID, now time.Time) {
	defer func() {
		switch r := recover(); r {
		case nil:
		case killed{}:
			k.srv.now = k.srv.now.Add(40 * time.Second) // until another process comes
		default:
			panic(r)
		}
	}()
	job, err := k.call(a, parent, now)
	k.save(job)
	if err != nil {
		k.errs = append(k.errs, err)
		if fault.Is(err, fault.Paused) {
			k.m.State = social.MirrorPaused
		}
	}
}

func (k *desk) call(a MirrorAct, parent social.RemoteID, now time.Time) (social.StatusJob, error) {
	ctx := context.Background()
	switch a.Kind {
	case MirrorUpload:
		job := BeginFile(a.Job, a.File, now)
		k.save(job)
		return UploadFile(ctx, k.srv, job, a.File, now)
	case MirrorAskFile:
		return AskFile(ctx, k.srv, k.d, a.Job, a.File, now)
	case MirrorLook:
		return LookParent(ctx, k.srv, k.d, a.Job, parent, now)
	case MirrorPost:
		job := Begin(a.Job, now)
		k.save(job)
		return Post(ctx, k.srv, k.d, job, parent, now)
	case MirrorReadBack:
		job, err := ReadBack(ctx, k.srv, k.d, a.Job, parent, k.known, now)
		if k.m.State == social.MirrorUndoing {
			job = StillUndo(job, now)
		}
		return job, err
	}
	return Undo(ctx, k.srv, k.d, a.Job, now)
}

// run goes on until nothing is left to do.
func (k *desk) run() {
	k.t.Helper()
	for range 100_000 {
		if !k.step() {
			return
		}
	}
	k.t.Fatal("it never ends")
}

// check holds the server's truth against the rows: every row stands once.
func (k *desk) check() {
	k.t.Helper()
	ours := k.srv.ours()
	if len(ours) != len(k.rows) {
		k.t.Errorf("%d statuses stand for %d rows", len(ours), len(k.rows))
	}
	at := map[social.RemoteID]social.RemoteStatus{}
	for _, st := range ours {
		at[st.ID] = st
	}
	for _, row := range k.rows {
		st, ok := at[row.RemoteID]
		if row.State != social.StatusSent || !ok {
			k.t.Errorf("row %d is %s (%s), its status stands: %v", row.ID, row.State, row.Reason, ok)
			continue
		}
		if row.ParentID != 0 && st.InReplyTo != k.rows[row.ParentID-1].RemoteID {
			k.t.Errorf("row %d answers %q", row.ID, st.InReplyTo)
		}
		if st.Files != len(row.Files) {
			k.t.Errorf("row %d has %d files", row.ID, st.Files)
		}
		delete(at, row.RemoteID)
	}
}

func randomCut(rnd *rand.Rand, percent int) func(string) cut {
	return func(string) cut {
		if rnd.IntN(100) >= percent {
			return whole
		}
		return 1 + cut(rnd.IntN(int(cuts)-1))
	}
}
