package store_test

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/store"
)

// An upload in pieces reserves its room, goes on after its process died, is
// written by one at a time, and is opened like any other at its end.
func TestSpoolInPieces(t *testing.T) {
	dir := t.TempDir()
	spool := openSpool(t, dir, mib)
	_, err := spool.Declare([]store.SpoolPart{{Name: "a", Size: mib + 1}})
	wantKind(t, err, fault.TooLarge)
	_, err = spool.Declare([]store.SpoolPart{{Name: "a", Size: math.MaxInt64}, {Name: "b", Size: math.MaxInt64}})
	wantKind(t, err, fault.TooLarge)
	_, err = spool.Declare(nil)
	wantKind(t, err, fault.Invalid)
	name := must(spool.Declare([]store.SpoolPart{{Name: "a", Size: mib - 4096}, {Name: "../b", Size: 6}}))(t)
	_, err = spool.Create(8192)
	wantKind(t, err, fault.Disk) // the room is promised
	first := must(spool.Resume(name))(t)
	must(io.WriteString(first, strings.Repeat("x", mib-4096)+"one"))(t)
	_, err = spool.Resume(name)
	wantKind(t, err, fault.Conflict)
	other := openSpool(t, dir, mib) // another process
	_, err = other.Resume(name)
	wantKind(t, err, fault.Conflict)
	ok(t, first.Close())

	second := must(other.Resume(name))(t)
	if second.Offset() != mib-4096+3 || must(other.Stored(name))(t) != second.Offset() {
		t.Errorf("goes on at %d", second.Offset())
	}
	wantKind(t, second.Finish(), fault.Conflict)
	n, err := io.WriteString(second, "four")
	if n != 0 {
		t.Errorf("%d bytes too many were written", n)
	}
	wantKind(t, err, fault.TooLarge)
	must(io.WriteString(second, "two"))(t)
	ok(t, second.Finish())
	_, err = spool.Resume(name)
	wantKind(t, err, fault.NotFound)
	files, done, err := spool.Open(name)
	ok(t, err)
	defer done()
	text := must(io.ReadAll(io.NewSectionReader(files[1], 0, files[1].Size)))(t)
	if len(files) != 2 || files[1].Name != "../b" || string(text) != "onetwo" {
		t.Errorf("opened: %+v %q", files, text)
	}
	if must(os.Stat(filepath.Join(dir, name, "0")))(t).Mode().Perm() != 0o600 {
		t.Error("others may read it")
	}
}

// An upload in pieces lives as long as its row, whatever becomes of processes.
func TestSpoolSweepsPieces(t *testing.T) {
	dir := t.TempDir()
	spool := openSpool(t, dir, mib)
	name := must(spool.Declare([]store.SpoolPart{{Name: "a", Size: 100}}))(t)
	late := time.Now().Add(time.Hour)
	for _, c := range []struct {
		keep []string
		now  time.Time
		want int
	}{{nil, time.Now(), 1}, {[]string{name}, late, 1}, {nil, late, 0}} {
		must(spool.Sweep(c.keep, c.now))(t)
		if left := uploads(t, dir); len(left) != c.want {
			t.Errorf("kept %v at %s: %v left", c.keep, c.now, left)
		}
	}
	_, err := spool.Stored(name)
	wantKind(t, err, fault.NotFound)
}

func TestSendings(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ store.Options) {
		ctx := t.Context()
		u := must(s.LocalUser(ctx, now))(t)
		save := func(name, mark string, at time.Duration) []string {
			return must(s.SaveSending(ctx, store.Sending{Name: name, UserID: u.ID, Mark: mark, Shown: name + ".zip", Bytes: 10, TouchedAt: now.Add(at)}))(t)
		}
		save("A", "a", 0)
		save("B", "b", time.Minute)
		if dropped := save("C", "a", 2*time.Minute); len(dropped) != 1 || dropped[0] != "A" {
			t.Errorf("the same mark again dropped %v", dropped)
		}
		if dropped := save("D", "d", 3*time.Minute); len(dropped) != 1 || dropped[0] != "B" {
			t.Errorf("a third one dropped %v", dropped)
		}
		ok(t, s.TouchSending(ctx, u.ID, "C", 7, now.Add(4*time.Minute)))
		if got := must(s.FindSending(ctx, u.ID, "a"))(t); got.Name != "C" || got.Source != 7 || got.Shown != "C.zip" || got.Bytes != 10 {
			t.Errorf("%+v", got)
		}
		if spools := must(s.Spools(ctx))(t); len(spools) != 1 || spools[0] != "D" {
			t.Errorf("spools needed: %v", spools)
		}
		_, err := s.GetSending(ctx, u.ID+1, "D")
		wantKind(t, err, fault.NotFound)
		wantKind(t, s.DeleteSending(ctx, u.ID+1, "D"), fault.NotFound)
		wantKind(t, s.TouchSending(ctx, u.ID+1, "D", 0, now), fault.NotFound)
		must(s.Sweep(ctx, now.Add(24*time.Hour+3*time.Minute)))(t)
		if all := must(s.ListSendings(ctx, u.ID))(t); len(all) != 0 {
			t.Errorf("after a day: %+v", all)
		}
		ok(t, func() error { _, err := s.FindSending(ctx, u.ID, "a"); return err }())
	})
}
