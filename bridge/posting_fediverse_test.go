package bridge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// mirrorWorld drives a ledger over the real door against a simulated server,
// whose list of statuses lags and whose answers are cut.
type mirrorWorld struct {
	t      *testing.T
	clock  *feditest.Clock
	world  *feditest.World
	host   *feditest.Host
	me     *feditest.Account
	srv    Poster
	d      social.Destination
	m      social.Mirror
	rows   []social.StatusJob
	budget []social.Budget
	lastAt time.Time
	cut    func(a MirrorAct) cut
	byHand []string
}

func newMirrorWorld(t *testing.T, fl social.Flavour, rows []social.StatusJob) *mirrorWorld {
	f := newFediverse(t, fl)
	host := f.world.AddHost("post.test", fl)
	me := host.AddAccount("me")
	d := home(t, fl)
	d.Host, d.RemoteID = "post.test", social.RemoteID(me.RemoteID(host))
	k := &mirrorWorld{t: t, clock: f.clock, world: f.world, host: host, me: me, d: d, m: social.Mirror{ID: 1, State: social.MirrorRunning}, rows: rows,
		cut: func(MirrorAct) cut { return whole }}
	k.srv = f.door.Home("post.test", host.Token("me"), fl, nil).Posting(func(context.Context, social.DraftFile) (fedi.File, error) {
		return fedi.File{Type: "image/png", Size: 5, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte("wader"))), nil }}, nil
	})
	return k
}

// faulty has the next call of an act cut off.
func (k *mirrorWorld) faulty(a MirrorAct, c cut) (heal func()) {
	at := map[MirrorActKind][2]string{
		MirrorPost: {http.MethodPost, "/api/v1/statuses"}, MirrorUpload: {http.MethodPost, "/api/v2/media"}, MirrorAskFile: {http.MethodGet, "/api/v1/media"},
		MirrorReadBack: {http.MethodGet, "/api/v1/accounts/"}, MirrorLook: {http.MethodGet, "/api/v1/statuses/"}, MirrorDelete: {http.MethodDelete, "/api/v1/statuses/"},
	}[a.Kind]
	f, cutting := map[cut]feditest.Fault{beforeBytes: feditest.Cut(), afterCommit: feditest.CutAfter(), midAnswer: feditest.CutMiddle()}[c]
	if !cutting {
		return func() {}
	}
	return k.host.Fault(f.Method(at[0]).On(at[1]).Times(1))
}

func (k *mirrorWorld) work() MirrorWork {
	w := MirrorWork{Destination: k.d, Mirror: k.m, Budgets: k.budget, Parents: map[int64]social.StatusJob{}, LastAt: k.lastAt}
	for _, row := range k.rows {
		w.Parents[row.ID] = row
		if !slices.Contains([]social.StatusState{social.StatusSent, social.StatusFailed, social.StatusDeleted, social.StatusCanceled}, row.State) {
			w.Jobs = append(w.Jobs, row)
		}
	}
	return w
}

func (k *mirrorWorld) known(id social.RemoteID) (time.Time, bool) {
	i := slices.IndexFunc(k.rows, func(r social.StatusJob) bool { return id != "" && r.RemoteID == id })
	if i < 0 {
		return time.Time{}, false
	}
	return k.rows[i].SentAt, true
}

// save keeps a row; they lie in the order of their ids, or the reverse.
func (k *mirrorWorld) save(job social.StatusJob) {
	k.rows[slices.IndexFunc(k.rows, func(r social.StatusJob) bool { return r.ID == job.ID })] = job
}

// step does one act; it reports false when nothing is left to do.
func (k *mirrorWorld) step() bool {
	now, w := k.clock.Now(), k.work()
	a, until := MirrorNext(w, now)
	if a.Kind == MirrorRest {
		if !until.IsZero() {
			k.clock.Advance(until.Sub(now))
		}
		return !until.IsZero()
	}
	k.budget = MirrorSpend(w.Budgets, k.d, a, now)
	k.act(a, InReplyTo(w.Parents[a.Job.ParentID]), now)
	k.lastAt = k.clock.Now()
	k.clock.Advance(200 * time.Millisecond)
	return true
}

func (k *mirrorWorld) act(a MirrorAct, parent social.RemoteID, now time.Time) {
	c := k.cut(a)
	a.Job = k.begin(a, now)
	if c == killedBefore {
		k.clock.Advance(40 * time.Second) // until another process comes
		return
	}
	heal := k.faulty(a, c)
	job, err := k.call(a, parent, now)
	heal()
	if c == killedAfter {
		k.clock.Advance(40 * time.Second)
		return
	}
	k.save(job)
	if fault.Is(err, fault.Paused) {
		k.t.Errorf("stopped: %v", err)
		k.m.State = social.MirrorPaused
	}
}

// begin writes the row that stands before the call.
func (k *mirrorWorld) begin(a MirrorAct, now time.Time) social.StatusJob {
	switch a.Kind {
	case MirrorUpload:
		a.Job = BeginFile(a.Job, a.File, now)
	case MirrorPost:
		a.Job = Begin(a.Job, now)
	}
	k.save(a.Job)
	return a.Job
}

func (k *mirrorWorld) call(a MirrorAct, parent social.RemoteID, now time.Time) (social.StatusJob, error) {
	ctx := k.t.Context()
	switch a.Kind {
	case MirrorUpload:
		return UploadFile(ctx, k.srv, a.Job, a.File, now)
	case MirrorAskFile:
		return AskFile(ctx, k.srv, k.d, a.Job, a.File, now)
	case MirrorLook:
		return LookParent(ctx, k.srv, k.d, a.Job, parent, now)
	case MirrorPost:
		return Post(ctx, k.srv, k.d, a.Job, parent, now)
	case MirrorReadBack:
		job, err := ReadBack(ctx, k.srv, k.d, a.Job, parent, k.known, now)
		if k.m.State == social.MirrorUndoing {
			job = StillUndo(job, now)
		}
		return job, err
	}
	return Undo(ctx, k.srv, k.d, a.Job, now)
}

func (k *mirrorWorld) run() {
	k.t.Helper()
	for range 20_000 {
		if !k.step() {
			return
		}
	}
	k.t.Fatal("it never ends")
}

// check holds the server's truth against the rows: as many statuses of ours
// stand as rows were sent, each under its row's id, and no row was lost.
func (k *mirrorWorld) check() {
	k.t.Helper()
	stands := map[string]feditest.Posted{}
	for _, st := range k.world.Statuses("me@post.test") {
		if !st.Deleted && !slices.Contains(k.byHand, st.ID) {
			stands[st.ID] = st
		}
	}
	for _, row := range k.rows {
		st, ok := stands[string(row.RemoteID)]
		switch {
		case row.State != social.StatusSent || !ok:
			k.t.Errorf("row %d is %s (%s), its status stands: %v", row.ID, row.State, row.Reason, ok)
		case st.Text != row.Draft.Text || len(st.Files) != len(row.Files) || st.Visibility != string(row.Draft.Visibility) || st.Told != 0:
			k.t.Errorf("row %d stands as %+v", row.ID, st)
		case row.ParentID != 0 && st.InReplyTo != string(k.rows[row.ParentID-1].RemoteID):
			k.t.Errorf("row %d answers %q", row.ID, st.InReplyTo)
		case !row.Draft.At.IsZero() && !st.CreatedAt.Equal(row.Draft.At):
			k.t.Errorf("row %d bears %v", row.ID, st.CreatedAt)
		}
	}
	if len(stands) != len(k.rows) {
		k.t.Errorf("%d statuses stand for %d rows", len(stands), len(k.rows))
	}
}

// TestENG01EveryCutOverTheDoor cuts the call of one post at every point, on
// every flavour, through the real client: count of statuses = count of posts.
func TestENG01EveryCutOverTheDoor(t *testing.T) {
	for _, fl := range ledgerFlavours {
		for c := beforeBytes; c < cuts; c++ {
			for _, dated := range []bool{false, true} {
				if dated && old(fl, true).IsZero() {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%v", fl, cutNames[c], dated), func(t *testing.T) {
					k := newMirrorWorld(t, fl, withFiles(rowsOf(4, old(fl, dated)), 2, 2))
					k.host.Lagging(30 * time.Second)
					posts := 0
					k.cut = func(a MirrorAct) cut {
						if a.Kind != MirrorPost {
							return whole
						}
						if posts++; posts == 2 {
							return c
						}
						return whole
					}
					k.run()
					k.check()
				})
			}
		}
	}
}

// TestENG01ExactlyOnceOverTheDoor: any call may be cut anywhere, the list lags,
// files take their time and the person posts by hand in between. With
// GODWIT_SOAK=1 on 250 seeds for each flavour.
func TestENG01ExactlyOnceOverTheDoor(t *testing.T) {
	seeds := uint64(4)
	if os.Getenv("GODWIT_SOAK") == "1" {
		seeds = 250
	}
	for _, fl := range ledgerFlavours {
		for seed := range seeds {
			t.Run(fmt.Sprintf("%s/%d", fl, seed), func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 5))
				k := newMirrorWorld(t, fl, withFiles(rowsOf(5, old(fl, seed%2 == 0)), 2, 1))
				k.host.Lagging(time.Duration(rnd.IntN(31)) * time.Second)
				k.host.Working(rnd.IntN(3))
				k.cut = func(a MirrorAct) cut {
					if rnd.IntN(4) == 0 {
						k.byHand = append(k.byHand, k.me.Write(fmt.Sprintf("by hand %d", rnd.Int())))
					}
					return randomCut(rnd, 20)(fmt.Sprint(a.Kind))
				}
				k.run()
				k.check()
			})
		}
	}
}

// TestENG01WhatNoListShows: snac lists nothing that is for followers, so that an
// unknown end stays unknown, and nothing is sent again.
func TestENG01WhatNoListShows(t *testing.T) {
	for _, fl := range ledgerFlavours {
		k := newMirrorWorld(t, fl, rowsOf(1, time.Time{}))
		k.rows[0].Draft.Visibility = social.VisibleFollowers
		k.byHand = append(k.byHand, k.me.Write("by hand"))
		k.clock.Advance(time.Hour)
		k.cut = func(a MirrorAct) cut {
			if a.Kind == MirrorPost {
				return afterCommit
			}
			return whole
		}
		k.run()
		if st := k.world.Statuses("me@post.test"); len(st) != 2 {
			t.Errorf("%s: %d statuses", fl, len(st))
		}
		if want := map[bool]social.StatusState{true: social.StatusFailed, false: social.StatusSent}[fl == social.Snac]; k.rows[0].State != want {
			t.Errorf("%s: %s %s", fl, k.rows[0].State, k.rows[0].Reason)
		}
	}
}

// TestENG12UndoOverTheDoor deletes what was posted, cut or not, and nothing
// else: what the person wrote and what they edited stays.
func TestENG12UndoOverTheDoor(t *testing.T) {
	for _, fl := range ledgerFlavours {
		t.Run(string(fl), func(t *testing.T) {
			k := newMirrorWorld(t, fl, rowsOf(6, time.Time{}))
			k.byHand = append(k.byHand, k.me.Write("by hand"))
			k.run()
			k.check()
			k.host.Edit(string(k.rows[3].RemoteID), "in other words")
			k.rows, k.m.State = BeginUndo(k.rows, k.clock.Now()), social.MirrorUndoing
			n := 0
			k.cut = func(MirrorAct) cut { n++; return []cut{whole, beforeBytes, afterCommit, midAnswer, killedAfter}[n%5] }
			k.run()
			var left []string
			for _, st := range k.world.Statuses("me@post.test") {
				if !st.Deleted {
					left = append(left, st.Text)
				}
			}
			if strings.Join(left, "|") != "by hand|in other words" {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// TestENG02WiderOverTheDoor: a server that shows a status to more people than
// asked has it deleted at once, and the mirror stops.
func TestENG02WiderOverTheDoor(t *testing.T) {
	for _, fl := range ledgerFlavours {
		k := newMirrorWorld(t, fl, rowsOf(2, time.Time{}))
		k.host.Widening(true)
		now := k.clock.Now()
		job, err := Post(t.Context(), k.srv, k.d, Begin(k.rows[0], now), "", now)
		st := k.world.Statuses("me@post.test")
		if !fault.Is(err, fault.Paused) || job.Reason != social.MirrorTooOpen || len(st) != 1 || !st[0].Deleted {
			t.Errorf("%s: %+v %v, %+v", fl, job.Reason, err, st)
		}
	}
}

// TestENG10NobodyIsTold: a text that a server takes for a mention is refused, or
// deleted at once.
func TestENG10NobodyIsTold(t *testing.T) {
	for _, fl := range ledgerFlavours {
		k := newMirrorWorld(t, fl, rowsOf(1, time.Time{}))
		k.host.AddAccount("alice")
		k.rows[0].Draft.Text = "so said @alice@post.test"
		now := k.clock.Now()
		job, _ := Post(t.Context(), k.srv, k.d, Begin(k.rows[0], now), "", now)
		for _, st := range k.world.Statuses("me@post.test") {
			if st.Told > 0 && !st.Deleted {
				t.Errorf("%s: %d people were told", fl, st.Told)
			}
		}
		if job.State != social.StatusFailed {
			t.Errorf("%s: %s %s", fl, job.State, job.Reason)
		}
	}
}
