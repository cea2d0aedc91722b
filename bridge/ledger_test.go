package bridge

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

var ledgerFlavours = []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac, social.FlavourOther}

// old is the date of old posts, for servers that keep them.
func old(fl social.Flavour, dated bool) time.Time {
	if dated && (fl == social.GoToSocial || fl == social.Snac) {
		return time.Date(2017, 5, 4, 12, 0, 0, 0, time.UTC)
	}
	return time.Time{}
}

// Every point at which the call for a post can be cut, on every flavour, at
// every row, with a list that lags by half a minute.
func TestENG01EveryCut(t *testing.T) {
	for _, fl := range ledgerFlavours {
		for c := beforeBytes; c < cuts; c++ {
			for at := range 4 {
				for _, dated := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/%s/%d/%v", fl, cutNames[c], at, dated), func(t *testing.T) {
						k := newDesk(t, fl, rowsOf(4, old(fl, dated)))
						k.srv.lag = 30 * time.Second
						k.srv.byHand(3)
						n := 0
						k.srv.cut = func(call string) cut {
							if call != "post" {
								return whole
							}
							if n++; n == at+1 {
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
}

// 250 seeds on each flavour: any call may be cut anywhere, the list lags, and
// the person posts by hand in between, more than a page of it.
func TestENG01ExactlyOnce(t *testing.T) {
	for _, fl := range ledgerFlavours {
		for seed := range uint64(250) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			k := newDesk(t, fl, withFiles(rowsOf(9, old(fl, seed%2 == 0)), 4, 2))
			k.srv.lag = time.Duration(rnd.IntN(31)) * time.Second
			k.srv.working = rnd.IntN(3)
			cutting := randomCut(rnd, 12)
			k.srv.cut = func(call string) cut {
				if rnd.IntN(25) == 0 {
					k.srv.byHand(rnd.IntN(60))
				}
				return cutting(call)
			}
			for k.step() && !t.Failed() {
			}
			k.finish()
			k.check()
			if t.Failed() {
				t.Fatalf("%s, seed %d", fl, seed)
			}
		}
	}
}

// finish has what failed for its many cuts tried again, as a person would.
func (k *desk) finish() {
	k.t.Helper()
	k.srv.cut = nil
	for range 5 {
		for i := range k.rows {
			k.rows[i] = Retry(k.rows[i], false, k.srv.now)
		}
		k.run()
	}
}

// T+4: the read-back itself is refused for a while. The row stays unknown, and
// nothing is sent again.
func TestENG01ReadBackThrottled(t *testing.T) {
	k := newDesk(t, social.GoToSocial, rowsOf(3, time.Time{}))
	n := 0
	k.srv.cut = func(call string) cut {
		if n++; call == "post" && n == 1 {
			return afterCommit
		}
		return whole
	}
	until := k.srv.now.Add(3 * time.Hour)
	k.srv.down = func() error {
		if k.srv.now.Before(until) {
			return fault.WaitUntil(k.srv.now.Add(5*time.Minute), "slow-down", "wait")
		}
		return nil
	}
	k.run()
	k.check()
	if k.srv.posts[0] == k.srv.posts[1] || len(k.srv.posts) != 3 {
		t.Errorf("%d calls for 3 posts", len(k.srv.posts))
	}
}

// A server that turns no pages, on an account that is too busy, proves
// nothing: the row is never sent again.
func TestENG01NothingProven(t *testing.T) {
	k := newDesk(t, social.Mastodon, rowsOf(1, time.Time{}))
	k.srv.cut = func(call string) cut {
		if call == "post" {
			k.srv.byHand(readPage*readPages + 5)
			return beforeBytes
		}
		return whole
	}
	k.run()
	if k.rows[0].State != social.StatusFailed || k.rows[0].Reason != social.MirrorUnclear || len(k.srv.posts) != 1 {
		t.Errorf("%s %s after %d calls", k.rows[0].State, k.rows[0].Reason, len(k.srv.posts))
	}
}

// A row given up on is tried again after fifty others were sent: it is looked
// for behind them, and found.
func TestENG01RetriedLate(t *testing.T) {
	k := newDesk(t, social.Mastodon, rowsOf(52, time.Time{}))
	k.srv.cut = func(call string) cut {
		if call == "post" && len(k.srv.posts) == 1 {
			return afterCommit
		}
		return whole
	}
	k.step()
	k.rows[0].State, k.rows[0].Reason = social.StatusFailed, social.MirrorUnclear
	k.run()
	k.rows[0] = Retry(k.rows[0], false, k.srv.now)
	k.run()
	k.check()
	if len(k.srv.posts) != 52 {
		t.Errorf("%d calls for 52 posts", len(k.srv.posts))
	}
}

// The key is the same at every try, and two looks lie a minute apart.
func TestENG01TwoLooks(t *testing.T) {
	k := newDesk(t, social.Snac, rowsOf(1, time.Time{}))
	n := 0
	k.srv.cut = func(call string) cut {
		if call != "post" {
			return whole
		}
		if n++; n < 3 {
			return beforeBytes
		}
		return whole
	}
	start := k.srv.now
	k.run()
	k.check()
	if len(k.srv.posts) != 3 || k.srv.posts[0] != k.srv.posts[2] || k.srv.posts[0] == "" {
		t.Errorf("keys %q", k.srv.posts)
	}
	if took := k.srv.now.Sub(start); took < 2*missGap || k.kinds[MirrorReadBack] != 4 {
		t.Errorf("%v, %d looks", took, k.kinds[MirrorReadBack])
	}
}

// "Not found" that has grown old does not allow a second send.
func TestENG01OldProof(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	job := Begin(rowsOf(1, time.Time{})[0], now)
	job.State, job.Misses, job.UpdatedAt = social.StatusPlanned, 2, now.Add(2*time.Minute)
	for _, c := range []struct {
		fl    social.Flavour
		after time.Duration
		want  MirrorActKind
	}{
		{social.Mastodon, 3 * time.Minute, MirrorPost},
		{social.Mastodon, 11 * time.Minute, MirrorPost},
		{social.Mastodon, 13 * time.Minute, MirrorReadBack},
		{social.GoToSocial, 3 * time.Minute, MirrorPost},
		{social.GoToSocial, 4 * time.Minute, MirrorReadBack},
	} {
		w := MirrorWork{Destination: home(t, c.fl), Mirror: social.Mirror{State: social.MirrorRunning}, Jobs: []social.StatusJob{job}}
		if a, _ := MirrorNext(w, now.Add(c.after)); a.Kind != c.want {
			t.Errorf("%s after %v: %v", c.fl, c.after, a.Kind)
		}
	}
	job.UpdatedAt = now.Add(55 * time.Minute)
	w := MirrorWork{Destination: home(t, social.Mastodon), Mirror: social.Mirror{State: social.MirrorRunning}, Jobs: []social.StatusJob{job}}
	if a, _ := MirrorNext(w, now.Add(58*time.Minute)); a.Kind != MirrorReadBack {
		t.Errorf("an hour-old key was relied on: %v", a.Kind)
	}
}

// The server shows a post to more people than asked, or takes a name for a
// mention, or does not keep the date: one DELETE, the Mirror stops, a sentence.
func TestENG02ENG10ENG11TakenBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(*social.RemoteStatus)
		why    social.MirrorReason
	}{
		{"wider", func(st *social.RemoteStatus) { st.Visibility = social.VisiblePublic }, social.MirrorTooOpen},
		{"nonsense", func(st *social.RemoteStatus) { st.Visibility = "everyone" }, social.MirrorTooOpen},
		{"mention", func(st *social.RemoteStatus) { st.Mentions = 1 }, social.MirrorPinged},
		{"date", func(st *social.RemoteStatus) { st.CreatedAt = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) }, social.MirrorNotDated},
		{"files", func(st *social.RemoteStatus) { st.Files = 0 }, social.MirrorFileRefused},
	} {
		for how := whole; how < cuts; how++ {
			t.Run(c.name+"/"+cutNames[how], func(t *testing.T) {
				k := newDesk(t, social.GoToSocial, withFiles(rowsOf(3, old(social.GoToSocial, true)), 1, 1))
				k.srv.answer = c.answer
				n := 0
				k.srv.cut = func(call string) cut {
					if call == "delete" || call == "post" && n == 0 && how == killedAfter {
						if n++; n == 1 {
							return how
						}
					}
					return whole
				}
				k.run()
				if len(k.srv.ours()) != 0 || len(k.srv.statuses) != 1 {
					t.Fatalf("%d of %d stand", len(k.srv.ours()), len(k.srv.statuses))
				}
				if k.rows[0].State != social.StatusFailed || k.rows[0].Reason != c.why || k.m.State != social.MirrorPaused {
					t.Errorf("%s %s, mirror %s", k.rows[0].State, k.rows[0].Reason, k.m.State)
				}
				if len(k.errs) == 0 || fault.Say(k.errs[len(k.errs)-1]) == "" {
					t.Error("no sentence")
				}
			})
		}
	}
}

func TestENG14FileNeverReady(t *testing.T) {
	rows := rowsOf(6, time.Time{})
	rows = withFiles(rows, 6, 1)
	k := newDesk(t, social.Mastodon, rows)
	k.srv.working = 1 << 30
	start := k.srv.now
	for k.srv.now.Before(start.Add(time.Hour)) && k.step() {
	}
	if got := len(k.srv.ours()); got != 5 {
		t.Errorf("%d others went on", got)
	}
	if k.rows[0].State != social.StatusPlanned || k.rows[0].Reason != social.MirrorBusy {
		t.Errorf("%s %s", k.rows[0].State, k.rows[0].Reason)
	}
	k.run()
	if k.rows[0].State != social.StatusFailed || k.rows[0].Reason != social.MirrorFileRefused || k.kinds[MirrorUpload] != 1 {
		t.Errorf("%s %s after %d uploads", k.rows[0].State, k.rows[0].Reason, k.kinds[MirrorUpload])
	}
	k.srv.working = 0
	k.rows[0] = Retry(k.rows[0], true, k.srv.now)
	k.run()
	k.check()
}

// A post cut after its files: they are not sent again.
func TestENG14FilesOnce(t *testing.T) {
	k := newDesk(t, social.Mastodon, withFiles(rowsOf(1, time.Time{}), 1, 3))
	n := 0
	k.srv.cut = func(call string) cut {
		if call == "post" {
			if n++; n == 1 {
				return beforeBytes
			}
		}
		return whole
	}
	k.run()
	k.check()
	if k.kinds[MirrorUpload] != 3 {
		t.Errorf("%d uploads of 3 files", k.kinds[MirrorUpload])
	}
}

// Deleted by hand between two runs, a parent is not answered: the next begins
// a thread of its own and says so.
func TestENG15ParentGone(t *testing.T) {
	for _, fl := range ledgerFlavours {
		k := newDesk(t, fl, rowsOf(3, time.Time{}))
		for k.rows[1].State != social.StatusSent {
			k.step()
		}
		k.srv.gone[k.rows[1].RemoteID] = true
		k.srv.now = k.srv.now.Add(time.Hour)
		k.run()
		st := k.srv.ours()[1]
		if st.InReplyTo != "" || k.rows[2].State != social.StatusSent || k.rows[2].Reason != social.MirrorTorn {
			t.Errorf("%s: answers %q, %s %s", fl, st.InReplyTo, k.rows[2].State, k.rows[2].Reason)
		}
	}
}

// Mastodon says 404 where the parent is gone: then it is a thread of its own.
func TestENG15RefusedForParent(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	job := Begin(rowsOf(3, time.Time{})[2], now)
	job, err := Post(context.Background(), refusing{code: "gone"}, home(t, social.Mastodon), job, "12", now)
	if err != nil || job.State != social.StatusPlanned || job.ParentID != 0 || job.Reason != social.MirrorTorn {
		t.Errorf("%s %s, %v", job.State, job.Reason, err)
	}
}

// A post that is nothing but a picture, and one of the person's own of the
// same kind at the same time, are told apart by what they answer.
func TestENG01Wordless(t *testing.T) {
	rows := withFiles(rowsOf(3, time.Time{}), 1, 1)
	rows[2].Draft.Text = ""
	k := newDesk(t, social.Mastodon, rows)
	n := 0
	k.srv.cut = func(call string) cut {
		if call == "post" {
			if n++; n == 3 {
				k.srv.add(social.RemoteStatus{AccountID: "1", CreatedAt: k.srv.now, Visibility: social.VisiblePublic, Files: 1}, true)
				return beforeBytes
			}
		}
		return whole
	}
	k.run()
	k.check()
}

// An upload of which the process dies each time does not go on for ever.
func TestENG07DeadlyFile(t *testing.T) {
	k := newDesk(t, social.Mastodon, withFiles(rowsOf(2, time.Time{}), 2, 1))
	k.srv.cut = func(call string) cut {
		if call == "upload" {
			return killedBefore
		}
		return whole
	}
	k.run()
	if k.rows[0].State != social.StatusFailed || k.rows[0].Reason != social.MirrorGaveUp || k.rows[1].State != social.StatusSent {
		t.Errorf("%s %s, then %s", k.rows[0].State, k.rows[0].Reason, k.rows[1].State)
	}
}

// What Godwit did not create, or somebody changed since, is not deleted.
func TestENG12UndoOnlyOurs(t *testing.T) {
	k := newDesk(t, social.Mastodon, rowsOf(6, time.Time{}))
	k.run()
	k.srv.byHand(5)
	k.srv.statuses[1].EditedAt = k.srv.now
	k.srv.statuses[2].Content = "<p>my own words now</p>"
	k.srv.statuses[3].AccountID = "99"
	k.srv.gone[k.srv.statuses[4].ID] = true
	k.rows, k.m.State = BeginUndo(k.rows, k.srv.now), social.MirrorUndoing
	k.run()
	want := map[int64]string{1: "deleted", 2: "sent changed", 3: "sent changed", 4: "sent not-ours", 5: "deleted vanished", 6: "deleted"}
	for _, row := range k.rows {
		got := string(row.State)
		if row.Reason != "" {
			got += " " + string(row.Reason)
		}
		if got != want[row.ID] {
			t.Errorf("row %d: %s, want %s", row.ID, got, want[row.ID])
		}
	}
	if slices.ContainsFunc(k.srv.deleted, func(id social.RemoteID) bool { return id != k.srv.statuses[0].ID && id != k.srv.statuses[5].ID }) {
		t.Errorf("deleted %v", k.srv.deleted)
	}
}

// Undoing through any cuts deletes all that was posted, each once, the last
// first; what was of unknown end is found and deleted too.
func TestUndoThroughCuts(t *testing.T) {
	for _, fl := range ledgerFlavours {
		for seed := range uint64(60) {
			rnd := rand.New(rand.NewPCG(seed, 2))
			k := newDesk(t, fl, rowsOf(8, old(fl, seed%2 == 0)))
			for range 6 + rnd.IntN(20) {
				k.step()
			}
			k.srv.byHand(2)
			k.srv.cut = randomCut(rnd, 15)
			for range rnd.IntN(6) {
				k.step()
			}
			k.rows, k.m.State = BeginUndo(k.rows, k.srv.now), social.MirrorUndoing
			k.run()
			k.srv.cut = nil
			for range 3 { // what stays is undone again, as the person may
				k.rows = BeginUndo(k.rows, k.srv.now)
				slices.SortFunc(k.rows, func(a, b social.StatusJob) int { return int(b.ID - a.ID) })
				k.run()
			}
			if n := len(k.srv.ours()); n != 0 {
				t.Fatalf("%s, seed %d: %d stand", fl, seed, n)
			}
		}
	}
}

// A backup of the ledger is restored: what was sent after it is read back and
// not sent twice.
func TestENG03Restored(t *testing.T) {
	for _, fl := range ledgerFlavours {
		k := newDesk(t, fl, rowsOf(12, old(fl, true)))
		for k.rows[3].State != social.StatusSent {
			k.step()
		}
		backup, at := slices.Clone(k.rows), k.srv.now
		for k.rows[7].State != social.StatusSent {
			k.step()
		}
		k.srv.byHand(50)
		k.srv.now = k.srv.now.Add(5 * time.Hour)
		k.rows = backup
		for i := range k.rows {
			k.rows[i] = Suspect(k.rows[i], at, k.srv.now)
		}
		k.run()
		k.check()
		if len(k.srv.posts) != 12 {
			t.Errorf("%s: %d calls for 12 posts", fl, len(k.srv.posts))
		}
	}
}

func TestENG17TooLong(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	job := Begin(rowsOf(1, time.Time{})[0], now)
	job, err := Post(context.Background(), refusing{code: "too-long"}, home(t, social.Mastodon), job, "", now)
	if job.State != social.StatusPlanned || job.Reason != social.MirrorTooLong || !fault.Is(err, fault.Paused) || !job.TriedAt.IsZero() {
		t.Errorf("%s %s, %v", job.State, job.Reason, err)
	}
	job = Begin(job, now)
	if job, err = Post(context.Background(), refusing{code: "refused"}, home(t, social.Mastodon), job, "", now); job.State != social.StatusFailed || err != nil {
		t.Errorf("%s, %v", job.State, err)
	}
}

// refusing is a server that refuses to post, with a code.
type refusing struct {
	Poster
	code string
}

func (r refusing) Post(context.Context, Outgoing) (social.RemoteStatus, error) {
	return social.RemoteStatus{}, fault.New(fault.Invalid, r.code, "no")
}

func TestENG16Paused(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	exposed := rowsOf(1, time.Time{})[0]
	exposed.State = social.StatusExposed
	for _, state := range []social.MirrorState{social.MirrorIdle, social.MirrorPaused, social.MirrorStopped} {
		w := MirrorWork{Destination: home(t, social.Mastodon), Mirror: social.Mirror{State: state}, Jobs: rowsOf(3, time.Time{})}
		if a, until := MirrorNext(w, now); a.Kind != MirrorRest || !until.IsZero() {
			t.Errorf("%q: %v", state, a.Kind)
		}
		w.Jobs = append(w.Jobs, exposed)
		if a, _ := MirrorNext(w, now); a.Kind != MirrorDelete {
			t.Errorf("%q: what was shown to too many stays while paused", state)
		}
	}
}

func TestFingerprint(t *testing.T) {
	sent := "Salt & pepper <3 at https://atlas.example.org/x?a=1&b=2\n\n#Waders ｆｕｌｌ é"
	for _, content := range []string{
		`<p>Salt &amp; pepper &lt;3 at <a href="https://atlas.example.org/x?a=1&amp;b=2"><span class="invisible">https://</span><span class="ellipsis">atlas.example.org/x?a=</span><span class="invisible">1&amp;b=2</span></a></p><p><a href="/tags/waders" class="mention hashtag" rel="tag">#<span>Waders</span></a> ｆｕｌｌ é</p>`,
		"<p>Salt &amp; pepper 💓 3 at https://atlas.example.org/x?a=1&amp;b=2<br><br>#Waders full e\u0301</p>",
	} {
		if !sameWords(Fingerprint(sent), social.RemoteStatus{Content: content}) {
			t.Errorf("not known again: %s", content)
		}
	}
	if Fingerprint("🎉") == Fingerprint("👍") || Fingerprint(" ") != noWords {
		t.Error("signs are not told apart")
	}
	if Fingerprint("one two") == Fingerprint("one too") {
		t.Error("other words look the same")
	}
}
