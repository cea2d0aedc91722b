package store_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/store"
)

const mib = 1 << 20

func plenty() (free, total int64, err error) { return 100 << 30, 200 << 30, nil }

func openSpool(t testing.TB, dir string, quota int64) *store.Spool {
	t.Helper()
	spool := must(store.OpenSpool(dir, quota))(t)
	spool.SetFree(plenty)
	t.Cleanup(func() { spool.Close() })
	return spool
}

func upload(t testing.TB, spool *store.Spool, name, content string) string {
	t.Helper()
	u := must(spool.Create(int64(len(content))))(t)
	file := must(u.File(name))(t)
	must(io.WriteString(file, content))(t)
	return must(u.Close())(t)
}

// uploads lists what lies in the folder.
func uploads(t testing.TB, dir string) (names []string) {
	t.Helper()
	for _, entry := range must(os.ReadDir(dir))(t) {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

func TestSpoolKeepsFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	spool := openSpool(t, dir, mib)
	u := must(spool.Create(100))(t)
	for _, name := range []string{"following.js", "../../etc/passwd", "con\x00trol"} {
		must(io.WriteString(must(u.File(name))(t), "of "+name))(t)
	}
	name := must(u.Close())(t)
	files, done, err := spool.Open(name)
	ok(t, err)
	for i, want := range []string{"following.js", "../../etc/passwd", "control"} {
		if files[i].Name != want {
			t.Errorf("file %d is called %q", i, files[i].Name)
		}
	}
	content := must(io.ReadAll(io.NewSectionReader(files[1], 0, files[1].Size)))(t)
	if string(content) != "of ../../etc/passwd" {
		t.Errorf("content is %q", content)
	}
	ok(t, done())
	if entries := must(os.ReadDir(filepath.Join(dir, name)))(t); len(entries) != 4 {
		t.Errorf("the folder holds %v", entries)
	}
	ok(t, spool.Delete(name))
	ok(t, spool.Delete(name))
	if left := uploads(t, dir); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestZIP05Quota(t *testing.T) {
	dir := t.TempDir()
	spool := openSpool(t, dir, mib)
	_, err := spool.Create(2 * mib)
	wantKind(t, err, fault.TooLarge)
	if say := fault.Say(err); say != "The file is 2.1 MB; this server takes up to 1.0 MB. Use the single files instead:" {
		t.Error(say)
	}
	_, err = spool.Create(-1)
	wantKind(t, err, fault.Invalid)
	first := must(spool.Create(mib - 10))(t) // reserved before the first byte
	_, err = spool.Create(20)
	wantKind(t, err, fault.Disk)
	second := must(openSpool(t, dir, mib).Create(8))(t) // another process counts it too
	ok(t, second.Abort())
	ok(t, first.Abort())
	ok(t, first.Abort())
	for range 20 {
		must(spool.Create(1))(t)
	}
	_, err = spool.Create(1)
	wantKind(t, err, fault.Unavailable)
}

func TestZIP05CutAtDeclared(t *testing.T) {
	dir := t.TempDir()
	spool := openSpool(t, dir, 4*mib)
	u := must(spool.Create(1000))(t)
	file := must(u.File("a.zip"))(t)
	must(io.WriteString(file, strings.Repeat("x", 1000)))(t)
	_, err := io.WriteString(file, "y")
	wantKind(t, err, fault.TooLarge)
	if left := uploads(t, dir); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	_, err = io.WriteString(file, "z")
	wantKind(t, err, fault.Gone)
	_, err = u.File("b")
	wantKind(t, err, fault.Gone)
	_, err = u.Close()
	wantKind(t, err, fault.Gone)
	ok(t, u.Abort())
	must(spool.Create(4 * mib))(t) // its room is free again
}

func TestZIP05DiskFree(t *testing.T) {
	spool := openSpool(t, t.TempDir(), 100*mib)
	for _, c := range []struct {
		free, total int64
		kind        fault.Kind
	}{
		{2<<30 + 50*mib, 10 << 30, -1},             // 2 GiB stay free
		{2<<30 + 50*mib - 1, 10 << 30, fault.Disk}, // not quite
		{4<<30 + 50*mib, 40 << 30, -1},             // a tenth stays free
		{4<<30 + 50*mib - 1, 40 << 30, fault.Disk},
	} {
		spool.SetFree(func() (int64, int64, error) { return c.free, c.total, nil })
		u, err := spool.Create(50 * mib)
		if c.kind >= 0 {
			wantKind(t, err, c.kind)
			continue
		}
		ok(t, err)
		ok(t, u.Abort())
	}
}

// A disk that fills up in the middle: a small file system in memory where root
// may mount one.
func TestZIP05DiskFullInTheMiddle(t *testing.T) {
	dir := smallDisk(t)
	spool := openSpool(t, filepath.Join(dir, "spool"), 100*mib)
	u := must(spool.Create(8 * mib))(t)
	file := must(u.File("a.zip"))(t)
	var err error
	for range 8 {
		if _, err = file.Write(make([]byte, mib)); err != nil {
			break
		}
	}
	wantKind(t, err, fault.Disk)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the cause is lost: %v", err)
	}
	if left := uploads(t, filepath.Join(dir, "spool")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestZIP06ForeignNames(t *testing.T) {
	dir := t.TempDir()
	spool := openSpool(t, filepath.Join(dir, "spool"), mib)
	ok(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600))
	under := must(spool.Create(10))(t)
	open := uploads(t, filepath.Join(dir, "spool"))[0]
	for _, name := range []string{"", ".", "..", "../secret", "/etc/passwd", strings.Repeat("A", 26), strings.Repeat("A", 26) + "/../..", open} {
		_, _, err := spool.Open(name)
		wantKind(t, err, fault.NotFound)
	}
	wantKind(t, spool.Delete(".."), fault.NotFound)
	wantKind(t, spool.Delete(""), fault.NotFound)
	ok(t, under.Abort())
	// A link that somebody put into the folder leads nowhere.
	name := upload(t, spool, "a", "b")
	ok(t, os.Remove(filepath.Join(dir, "spool", name, "0")))
	ok(t, os.Symlink(filepath.Join(dir, "secret"), filepath.Join(dir, "spool", name, "0")))
	if _, _, err := spool.Open(name); err == nil {
		t.Error("a link out of the spool was followed")
	}
}

func TestZIP10Sweep(t *testing.T) {
	dir := t.TempDir()
	spool := openSpool(t, dir, mib)
	kept, done := upload(t, spool, "a", "b"), upload(t, spool, "c", "d")
	other := openSpool(t, dir, mib)
	running := must(other.Create(10))(t) // of a living process
	later := time.Now().Add(time.Hour)
	if n := must(spool.Sweep([]string{kept}, time.Now()))(t); n != 0 {
		t.Errorf("%d deleted at once, though a Source may be made of one", n)
	}
	if n := must(spool.Sweep([]string{kept}, later))(t); n != 1 {
		t.Errorf("%d deleted", n)
	}
	if _, _, err := spool.Open(done); !fault.Is(err, fault.NotFound) {
		t.Error("the forgotten upload is still there")
	}
	must(running.File("x"))(t)
	must(running.Close())(t)
	if n := must(spool.Sweep([]string{kept}, later))(t); n != 1 {
		t.Errorf("%d deleted", n)
	}
	// What a killed process leaves behind: a mark that nobody holds.
	dead := filepath.Join(dir, strings.Repeat("D", 26))
	ok(t, os.Mkdir(dead, 0o700))
	ok(t, os.WriteFile(filepath.Join(dead, "open"), []byte("10"), 0o600))
	ok(t, os.WriteFile(filepath.Join(dead, "0"), []byte("half"), 0o600))
	if n := must(spool.Sweep([]string{kept}, time.Now()))(t); n != 1 {
		t.Errorf("%d deleted", n)
	}
	if left := uploads(t, dir); len(left) != 1 || left[0] != kept {
		t.Errorf("left: %v, want %s", left, kept)
	}
}
