package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"godwit/importer/importertest"
	"godwit/internal/fedi/feditest"
)

// machine is what only a programmer understands.
var machine = regexp.MustCompile(`panic|goroutine|\.go:\d|0x[0-9a-f]{6}|invalid character|EOF|(?i)sqlite|errno|no such file|\{"time"|%!`)

// oneSentence checks that a run ended as said, with one sentence for a person
// on standard error and nothing on standard output.
func oneSentence(t *testing.T, name string, r result, status int, want string) {
	t.Helper()
	said := strings.TrimSpace(r.stderr)
	if r.status != status || r.stdout != "" {
		t.Errorf("%s: status %d, want %d; on standard output %q", name, r.status, status, r.stdout)
	}
	if strings.Contains(said, "\n") || !strings.HasSuffix(said, ".") || !strings.Contains(said, want) || machine.MatchString(said) {
		t.Errorf("%s: not one sentence with %q: %q", name, want, r.stderr)
	}
}

// badExport is one file that somebody may give by mistake or in bad faith.
type badExport struct {
	name, text string
	want       string // in the sentence
}

func badExports(t *testing.T) []badExport {
	t.Helper()
	var whole bytes.Buffer
	if _, err := importertest.Generate(&whole, importertest.Shape{Text: 20_000, People: 50, Following: 20, Seed: 3}); err != nil {
		t.Fatal(err)
	}
	return []badExport{
		{"twitter-cut.zip", whole.String()[:whole.Len()*2/3], "ends in the middle"},
		{"twitter-empty.zip", "", "."},
		{"twitter-bomb.zip", overlapping(1000, 1<<20), "."},
		{"twitter-noise.zip", strings.Repeat("PK\x03\x04 tide ", 900), "."},
		{"holiday.zip", zipOf(t, map[string]string{"beach.jpg": "sand", "notes.txt": "sea"}), "isn't an X export"},
		{"twitter-paths.zip", zipOf(t, map[string]string{"../../data/following.js": "x", "/etc/passwd": "x", `data\..\..\x`: "x"}), "."},
		{"Your archive.html", "<!DOCTYPE html><html><head><title>Your archive</title></head><body>window.YTD</body></html>", "Choose the whole .zip"},
		{"groceries.json", `{"milk": 1, "bread": 2}`, "none of the kinds"},
		{"twitter-Following-1.json", "this is not JSON at all", "."},
		{"picture.png", "\x89PNG\r\n\x1a\n....", "none of the kinds"},
	}
}

func zipOf(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// overlapping is a zip whose index names one packed file many times over.
func overlapping(times, size int) string {
	text := make([]byte, size)
	var packed, body, index bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestCompression) // the level is right
	_, _ = w.Write(text)
	_ = w.Close()
	put := func(b *bytes.Buffer, values ...any) {
		for _, v := range values {
			_ = binary.Write(b, binary.LittleEndian, v) // to memory
		}
	}
	facts := []any{uint16(20), uint16(0), uint16(8), uint32(0), crc32.ChecksumIEEE(text), uint32(packed.Len()), uint32(size)}
	put(&body, []byte("PK\x03\x04"))
	put(&body, facts...)
	put(&body, uint16(14), uint16(0), []byte("data/tweets.js"))
	body.Write(packed.Bytes())
	for i := range times {
		name := []byte(fmt.Sprintf("data/tweets-part%d.js", i))
		put(&index, []byte("PK\x01\x02"), uint16(20))
		put(&index, facts...)
		put(&index, uint16(len(name)), uint16(0), uint16(0), uint16(0), uint16(0), uint32(0), uint32(0), name)
	}
	start := body.Len()
	body.Write(index.Bytes())
	put(&body, []byte("PK\x05\x06"), uint32(0), uint16(times), uint16(times), uint32(index.Len()), uint32(start), uint16(0))
	return body.String()
}

// below lists all files below a folder.
func below(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestBadFiles gives files that are no exports, or harmful ones: each gets one
// sentence, nothing is written anywhere, and what was read before is still
// there.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	_, p, files := newSample(t)
	p.must("", "import", files[0], files[1])
	before := digest(exportTables(t, p.must("", "export").stdout))
	dir := t.TempDir()
	for _, bad := range badExports(t) {
		writeTestFile(t, filepath.Join(dir, bad.name), bad.text)
	}
	there := below(t, filepath.Dir(dir))
	for _, bad := range badExports(t) {
		oneSentence(t, bad.name, p.run("", "import", filepath.Join(dir, bad.name)), exitFailed, bad.want)
		oneSentence(t, bad.name+" --json", p.run("", "import", "--json", filepath.Join(dir, bad.name)), exitFailed, bad.want)
	}
	oneSentence(t, "no file", p.run("", "import", filepath.Join(dir, "nowhere.zip")), exitFailed, "There is no file")
	if now := below(t, filepath.Dir(dir)); !slices.Equal(now, there) {
		t.Errorf("files came or went: %v, were %v", now, there)
	}
	after := digest(exportTables(t, p.must("", "export").stdout))
	for _, line := range differences(before, after) {
		t.Errorf("bad files changed what was there: %s", line)
	}
}

// TestBadAmongGood gives a bad file between two good ones: the good ones are
// read.
func TestBadAmongGood(t *testing.T) {
	t.Parallel()
	_, p, files := newSample(t)
	bad := filepath.Join(t.TempDir(), "notes.json")
	writeTestFile(t, bad, "milk, bread")
	r := p.run("", "import", "--json", files[0], bad, files[1])
	if r.status != exitFailed || len(lines[imported](t, r.stdout)) != 2 || !strings.HasPrefix(r.stderr, "notes.json: ") {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
}

// TestHalfExports gives exports of which a part is lost or empty: what is there
// is taken, and what is missing is said.
func TestHalfExports(t *testing.T) {
	t.Parallel()
	sample, p, _ := newSample(t)
	dir := t.TempDir()
	var list, archive bytes.Buffer
	if err := importertest.WriteWebExporter(&list, samplePeople(sample)); err != nil {
		t.Fatal(err)
	}
	empty := sampleArchive(sample)
	empty.Following = nil
	if err := importertest.WriteArchive(&archive, empty); err != nil {
		t.Fatal(err)
	}
	for _, half := range []struct {
		name, text, want string
		least, most      int
	}{
		{"twitter-Following-cut.json", list.String()[:list.Len()/2], "stops in the middle", 5, len(sample.People) - 5},
		{"twitter-nobody.zip", archive.String(), "you follow nobody", 0, 0},
	} {
		path := filepath.Join(dir, half.name)
		writeTestFile(t, path, half.text)
		r := p.must("", "import", "--json", path)
		read := lines[imported](t, r.stdout)
		if len(read) != 1 || read[0].Counts.Following < half.least || read[0].Counts.Following > half.most {
			t.Errorf("%s: %+v", half.name, read)
		}
		if warned := strings.Join(read[0].Warnings, " "); !strings.Contains(warned, half.want) || machine.MatchString(warned) {
			t.Errorf("%s: warned %q", half.name, warned)
		}
	}
}

// TestStumblingServers: a server that misses one request is asked again before
// the command ends, so that nobody is left behind for it.
func TestStumblingServers(t *testing.T) {
	t.Parallel()
	f := newFlock(t, largeArchive(t, 1<<16))
	f.p.must("", append([]string{"import"}, f.files...)...)
	for _, host := range f.roosts {
		host.Fault(feditest.Status(502, "").Times(1))
	}
	everybody := fmt.Sprintf("%d of ", flockHosts*flockEach)
	if r := f.p.must("", "match"); !strings.Contains(r.stdout, everybody) || strings.Contains(r.stdout, "didn't answer") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
}

// TestNoFediverse logs in where nobody can.
func TestNoFediverse(t *testing.T) {
	t.Parallel()
	_, p, _ := newSample(t)
	for server, want := range map[string]string{
		"@me@lighthouse.test": "lighthouse.test", "lighthouse.test": "lighthouse.test", "ebbtide.test": "ebbtide.test",
		"@me@nowhere.test": "nowhere.test", "@wandering_wader": ".", "me at home": ".", "http://169.254.169.254/": ".", "localhost": ".",
	} {
		oneSentence(t, "login "+server, p.run("token\n", "login", "--token-stdin", server), exitFailed, want)
	}
	oneSentence(t, "a wrong token", p.run("CANARY\n", "login", "--token-stdin", "@wanderer@mudflat.test"), exitFailed, "mudflat.test")
	oneSentence(t, "no token", p.run("\n", "login", "--token-stdin", "@wanderer@mudflat.test"), exitFailed, "standard input")
	oneSentence(t, "nobody logged in", p.run("", "follow"), exitFailed, "godwit login")
}

// TestRevoked takes the permission away in the middle of following: what was
// done stays, nothing fails, and after another login it goes on.
func TestRevoked(t *testing.T) {
	t.Parallel()
	f := newFlock(t, largeArchive(t, 1<<18))
	f.p.must("", append([]string{"import"}, f.files...)...)
	f.p.must("", "match")
	token := f.home.Token("me")
	f.p.must(token.Reveal()+"\n", "login", "--token-stdin", "@"+follower)
	cmd := f.p.command("follow", "--yes")
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the sixth follow", func() bool { return posts(f.world, follower) >= 6 })
	f.home.Revoke(token)
	_ = cmd.Wait()
	if cmd.ProcessState.ExitCode() != exitStopped || !strings.Contains(out.String(), "no longer accepts our permission") || machine.MatchString(out.String()+errOut.String()) {
		t.Fatalf("status %d\n%s%s", cmd.ProcessState.ExitCode(), out.String(), errOut.String())
	}
	sent := posts(f.world, follower)
	if again := f.p.run("", "follow"); again.status != exitStopped || !strings.Contains(again.stdout, "godwit login @"+follower) {
		t.Errorf("followed again without a permission: status %d\n%s%s", again.status, again.stdout, again.stderr)
	}
	if n := posts(f.world, follower); n != sent {
		t.Errorf("%d were sent without a permission", n-sent)
	}
	f.p.must(f.home.Token("me").Reveal()+"\n", "login", "--token-stdin", "@"+follower)
	f.wholeFollow(t)
}

// wholeFollow follows to the end: everybody, once.
func (f *flock) wholeFollow(t *testing.T) {
	t.Helper()
	if err := f.done("", "follow", "--yes"); err != nil {
		t.Fatal(err)
	}
	once(t, f.world, follower)
	for _, follow := range f.world.Follows(follower) {
		if follow.State == feditest.NotFollowing {
			t.Errorf("%s is not followed", follow.Handle)
		}
	}
	if n := len(f.world.Follows(follower)); n != flockHosts*flockEach {
		t.Errorf("%d of %d were followed", n, flockHosts*flockEach)
	}
}

// waitFor waits for something that must come.
func waitFor(t *testing.T, what string, there func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 12_000 { // two minutes at least
		if there() {
			return
		}
		<-tick.C
	}
	t.Fatalf("%s never came", what)
}

// withRoom runs the program where a file may have so many bytes and no more,
// which is met as a full disk is: at any write, of database, journal or spool.
func (p *program) withRoom(bytes int, args ...string) result {
	p.t.Helper()
	script := fmt.Sprintf(`ulimit -f %d && exec "$@"`, bytes/512)
	cmd := exec.CommandContext(p.t.Context(), "sh", append([]string{"-c", script, "sh", p.path}, args...)...)
	var out, errOut strings.Builder
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, &out, &errOut
	if err := cmd.Run(); cmd.ProcessState == nil {
		p.t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// TestSTO06FullDisk fills the disk during import, match and follow: each ends
// with one sentence, what was there before is there still, and with room again
// the end is what it would have been.
func TestSTO06FullDisk(t *testing.T) {
	t.Parallel()
	f := newFlock(t, largeArchive(t, 8<<20))
	p := f.p
	p.must("", "import", f.files[1])
	before := digest(exportTables(t, p.must("", "export").stdout))
	oneSentence(t, "import", p.withRoom(700<<10, "import", f.files[0]), exitFailed, "room")
	now := digest(exportTables(t, p.must("", "export").stdout))
	for _, line := range before {
		if !slices.Contains(now, line) && !strings.HasPrefix(line, "accounts") {
			t.Errorf("lost: %s", line)
		}
	}
	p.must("", "import", f.files[0])
	full(t, "match", p.withRoom(60<<10, "match"))
	p.must("", "match")
	p.must(f.home.Token("me").Reveal()+"\n", "login", "--token-stdin", "@"+follower)
	full(t, "follow", p.withRoom(120<<10, "follow", "--yes"))
	f.wholeFollow(t)
	if n := exportTables(t, p.must("", "export").stdout)["sources"]; len(n) != 2 || n[0]["state"] != "done" || n[1]["state"] != "done" {
		t.Errorf("the sources: %v", n)
	}
}

// full checks the end of a command that met a full disk on its way.
func full(t *testing.T, name string, r result) {
	t.Helper()
	if r.status != exitFailed && r.status != exitStopped || !strings.Contains(r.stderr, "room") || machine.MatchString(r.stderr) {
		t.Errorf("%s on a full disk: status %d\n%s%s", name, r.status, r.stdout, r.stderr)
	}
}
