package worker

import (
	"archive/zip"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/jobs"
	"godwit/internal/social"
)

// archive is a small export from X.
func archive(t *testing.T, people int) []byte {
	t.Helper()
	a := importertest.Archive{Owner: importertest.Person{ID: "8000000001", Username: "rambler", Name: "Rambler"}, ExportedAt: start.Add(-48 * time.Hour)}
	for i := range people {
		p := follows(i, "")
		a.Following = append(a.Following, p)
		a.Tweets = append(a.Tweets, importertest.Tweet{ID: importertest.IDAt(start.Add(-time.Duration(i+72)*time.Hour), int64(i)), Text: "hello @" + p.Username, Mentions: []importertest.Person{p}})
	}
	var b bytes.Buffer
	if err := importertest.WriteArchive(&b, a); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (r *rig) spooled() int {
	r.t.Helper()
	names, err := filepath.Glob(filepath.Join(r.spoolDir, "*", "names.json"))
	r.ok(err)
	return len(names)
}

func TestImportArchive(t *testing.T) {
	r := newRig(t)
	x := r.give("twitter-2026-11-18.zip", archive(t, 2500)) // more than two batches
	if x.State != social.SourceReceived || r.spooled() != 1 {
		t.Fatalf("the source is %s, %d uploads", x.State, r.spooled())
	}
	r.drive(time.Hour)
	x = r.source(x.ID)
	if x.State != social.SourceDone || x.Kind != social.KindXArchive || x.Owner.Username != "rambler" ||
		x.Counts.Following != 2500 || x.Counts.Posts != 2500 || x.Counts.FollowingNamed != 2500 || len(x.Warnings) != 0 {
		t.Errorf("the source is %+v", x)
	}
	if r.spooled() != 0 {
		t.Error("the upload is still there")
	}
	counts, err := r.store.CountAccounts(t.Context(), r.user.ID)
	r.ok(err)
	if counts[social.Following] != 2500 {
		t.Errorf("accounts: %v", counts)
	}
}

// TestBadExports: one clear sentence each, nothing kept, nothing lost.
func TestBadExports(t *testing.T) {
	good := archive(t, 5)
	var html bytes.Buffer
	z := zip.NewWriter(&html)
	f, _ := z.Create("Your archive.html")
	_, _ = f.Write([]byte("<html>"))
	_ = z.Close()
	for name, body := range map[string][]byte{
		"cut.zip": good[:len(good)/2], "notes.txt": []byte("hello"), "page.zip": html.Bytes(), "empty.zip": {},
		listName: []byte(`[{"id":`), "garbage.zip": bytes.Repeat([]byte("PK\x03\x04"), 500),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			x := r.give(name, body)
			r.drive(time.Hour)
			x = r.source(x.ID)
			if x.State != social.SourceBroken || x.FaultCode == "" || !strings.HasSuffix(strings.TrimSpace(x.FaultSay), ".") {
				t.Errorf("the source is %+v", x)
			}
			counts, err := r.store.CountAccounts(t.Context(), r.user.ID)
			r.ok(err)
			if len(counts) != 0 || r.spooled() != 0 {
				t.Errorf("kept: %v, %d uploads", counts, r.spooled())
			}
		})
	}
}

// TestImportOwnPath reads a file of the person's own and leaves it alone.
func TestImportOwnPath(t *testing.T) {
	r := newRig(t)
	path := filepath.Join(t.TempDir(), "twitter.zip")
	r.ok(os.WriteFile(path, archive(t, 3), 0o600))
	x, _, err := r.store.CreateSource(t.Context(), social.Source{UserID: r.user.ID, Name: "twitter.zip", Digest: "d", Spool: path, Keep: true}, r.clock.Now())
	r.ok(err)
	missing, _, err := r.store.CreateSource(t.Context(), social.Source{UserID: r.user.ID, Name: "none.zip", Digest: "e", Spool: path + "x", Keep: true}, r.clock.Now())
	r.ok(err)
	r.drive(time.Hour)
	if x = r.source(x.ID); x.State != social.SourceDone {
		t.Errorf("the source is %+v", x)
	}
	if missing = r.source(missing.ID); missing.State != social.SourceBroken || missing.FaultCode != "no-such-file" {
		t.Errorf("the missing source is %+v", missing)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestImportLostUpload: the spool was emptied behind our back.
func TestImportLostUpload(t *testing.T) {
	r := newRig(t)
	x := r.give("twitter.zip", archive(t, 3))
	r.ok(r.spool.Delete(x.Spool))
	r.drive(time.Hour)
	if x = r.source(x.ID); x.State != social.SourceBroken || x.FaultSay == "" {
		t.Errorf("the source is %+v", x)
	}
}

// TestQUE04ImportStops: told to stop in the middle, an import gives its claim
// back uncounted and begins anew, with the same counts.
func TestQUE04ImportStops(t *testing.T) {
	r := newRig(t)
	x := r.give("twitter.zip", archive(t, 1500))
	for range 3 * jobs.MaxAttempts {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := r.Worker.Handle(ctx, social.Task{Kind: social.ImportTask, ID: x.ID}); err == nil {
			t.Fatal("a stopped context was no trouble")
		}
	}
	for range 3 * jobs.MaxAttempts {
		task, _, err := r.store.Claim(t.Context(), social.ImportTask, x.ID, r.clock.Now(), lease)
		r.ok(err)
		ctx, stop := context.WithCancel(t.Context())
		x, err := r.store.SourceFor(ctx, task)
		r.ok(err)
		stop()
		err = r.read(ctx, task, &x)
		r.ok(r.settle(ctx, task, 1, time.Time{}, err))
	}
	r.drive(time.Hour)
	if x = r.source(x.ID); x.State != social.SourceDone || x.Counts.Following != 1500 {
		t.Errorf("the source is %+v", x)
	}
}

// TestENG07ImportCrashes: an export that takes the process down every time is
// given up, with a sentence, and its upload is deleted.
func TestENG07ImportCrashes(t *testing.T) {
	r := newRig(t)
	x := r.give("twitter.zip", archive(t, 3))
	for range crashLimit {
		_, _, err := r.store.Claim(t.Context(), social.ImportTask, x.ID, r.clock.Now(), lease) // and no more of it
		r.ok(err)
		r.clock.Advance(lease)
	}
	r.drive(time.Hour)
	if x = r.source(x.ID); x.State != social.SourceBroken || x.FaultCode != "import-gave-up" || r.spooled() != 0 {
		t.Errorf("the source is %+v, %d uploads", x, r.spooled())
	}
}

// TestImportEnd: which errors end an import, and which are tried again.
func TestImportEnd(t *testing.T) {
	live, ended := t.Context(), func() context.Context {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		return ctx
	}()
	for name, c := range map[string]struct {
		ctx      context.Context
		kind     fault.Kind
		code     string
		attempts int
		ends     bool
	}{
		"no export":            {live, fault.Invalid, "not-an-export", 1, true},
		"too large":            {live, fault.TooLarge, "too-many-files", 1, true},
		"our disk is full":     {live, fault.Disk, "disk", 99, false},
		"their disk fails":     {live, fault.Disk, "unreadable", 1, true},
		"broken, first":        {live, fault.Broken, "panic", 1, false},
		"broken, fifth":        {live, fault.Broken, "panic", 5, true},
		"claim lost":           {live, fault.Conflict, "stale-claim", 9, false},
		"stopped in the fifth": {ended, fault.Broken, "stopped", 5, false},
	} {
		err := importEnd(c.ctx, &social.Source{Spool: "x"}, fault.New(c.kind, c.code, "Say."), c.attempts)
		if ends(err) != c.ends {
			t.Errorf("%s: ends %v, want %v", name, ends(err), c.ends)
		}
	}
}

// TestENG04TwoImporters: a worker that stood still longer than its lease writes
// nothing over the one that took its place.
func TestENG04TwoImporters(t *testing.T) {
	r := newRig(t)
	x := r.give("twitter.zip", archive(t, 10))
	slow, attempts, err := r.store.Claim(t.Context(), social.ImportTask, x.ID, r.clock.Now(), lease)
	r.ok(err)
	r.clock.Advance(lease)
	r.drive(time.Hour)
	next, err := r.importSource(t.Context(), slow, attempts)
	if err := r.settle(t.Context(), slow, attempts, next, err); !fault.Is(err, fault.Conflict) {
		t.Errorf("the late worker ended with %v", err)
	}
	if x = r.source(x.ID); x.State != social.SourceDone || x.Counts.Following != 10 {
		t.Errorf("the source is %+v", x)
	}
}

// TestSweep: uploads that no Source needs go, the others stay.
func TestSweep(t *testing.T) {
	r := newRig(t)
	x := r.give("twitter.zip", archive(t, 3))
	u, err := r.spool.Create(4)
	r.ok(err)
	file, err := u.File("left.zip")
	r.ok(err)
	_, err = file.Write([]byte("left"))
	r.ok(err)
	_, err = u.Close()
	r.ok(err)
	r.clock.Advance(time.Until(start) * -1) // file times are real ones
	r.clock.Advance(time.Hour)
	r.ok(r.SweepOnce(t.Context()))
	if r.spooled() != 1 {
		t.Errorf("%d uploads are left", r.spooled())
	}
	if _, done, err := r.spool.Open(x.Spool); err != nil {
		t.Error("the upload that is needed is gone")
	} else {
		r.ok(done())
	}
}
