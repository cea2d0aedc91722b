package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web"
)

// given is the files of an upload in pieces, as the script of the form has them.
type given struct {
	names []string
	texts []string
}

// filesOf takes names and contents by turns.
func filesOf(t *testing.T, namesAndTexts ...string) (g given) {
	t.Helper()
	for i := 0; i+1 < len(namesAndTexts); i += 2 {
		g.names, g.texts = append(g.names, namesAndTexts[i]), append(g.texts, namesAndTexts[i+1])
	}
	return g
}

func (g given) whole() string { return strings.Join(g.texts, "") }

// declare is the first request of an upload in pieces, and each that asks how far it is.
func (b *browser) declare(g given) answer {
	b.h.t.Helper()
	mark := sha256.Sum256([]byte(strings.Join(g.names, "/") + g.whole()))
	fields := []string{"mark", hex.EncodeToString(mark[:])}
	for i, name := range g.names {
		fields = append(fields, "name", name, "size", fmt.Sprint(len(g.texts[i])))
	}
	return b.post("/uploads", fields...)
}

func uploadName(a answer) string { return strings.TrimPrefix(a.Header.Get("Location"), "/uploads/") }

// piece sends bytes of an upload that stands at offset.
func (b *browser) piece(path string, offset int64, text string) answer {
	b.h.t.Helper()
	return b.pieceFrom(path, strconv.FormatInt(offset, 10), strings.NewReader(text))
}

func (b *browser) pieceFrom(path, offset string, body io.Reader) answer {
	b.h.t.Helper()
	r := b.request(http.MethodPatch, path, body)
	r.Header.Set("Upload-Offset", offset)
	r.Header.Set("Godwit-Script", "1")
	return b.do(r)
}

func offsetOf(a answer) string { return a.Header.Get("Upload-Offset") }

// wantAnswer fails unless an answer has this status and offset.
func wantAnswer(t *testing.T, what string, a answer, status int, offset string) {
	t.Helper()
	if a.StatusCode != status || offsetOf(a) != offset {
		t.Errorf("%s: %d at %q, want %d at %q", what, a.StatusCode, offsetOf(a), status, offset)
	}
}

// An upload in pieces, of several files, goes on where it was and ends as a Source.
func TestPieces(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	zip := sampleZip(t)
	files := filesOf(t, "twitter-2026.zip", zip)
	a := b.declare(files)
	wantAnswer(t, "declared", a, http.StatusCreated, "0")
	path := a.Header.Get("Location")
	half := int64(len(zip) / 2)
	wantAnswer(t, "first piece", b.piece(path, 0, zip[:half]), http.StatusNoContent, fmt.Sprint(half))
	b.page("/sources/new").want(t, fmt.Sprintf("twitter-2026.zip: The connection broke at %d%%.", 100*half/int64(len(zip))))
	again := b.declare(files)
	wantAnswer(t, "found again", again, http.StatusCreated, fmt.Sprint(half))
	if again.Header.Get("Location") != path {
		t.Errorf("found again as %s", again.Header.Get("Location"))
	}
	end := b.piece(path, half, zip[half:])
	all := must[[]social.Source](t)(h.store.ListSources(t.Context(), h.userOf(b).ID))
	if end.StatusCode != http.StatusCreated || len(all) != 1 || end.Header.Get("Location") != fmt.Sprintf("/sources/%d", all[0].ID) ||
		all[0].Bytes != int64(len(zip)) || all[0].Name != "twitter-2026.zip" || all[0].Kind != social.KindXArchive {
		t.Fatalf("the end: %d %s, sources %+v", end.StatusCode, end.Header.Get("Location"), all)
	}
	for what, a := range map[string]answer{"a last answer that got lost": b.piece(path, half, zip[half:]), "the same file again": b.declare(files)} {
		if a.Header.Get("Location") != end.Header.Get("Location") || offsetOf(a) != "" {
			t.Errorf("%s led to %s", what, a.Header.Get("Location"))
		}
	}
	if n := spooled(t, h); n != 1 || len(h.rung) != 1 {
		t.Errorf("%d uploads are kept, rung %v", n, h.rung)
	}
}

// Single files and an empty one, cut anywhere, arrive as they were.
func TestPiecesOfSeveralFiles(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	files := filesOf(t, "data/account.js", `window.YTD.account.part0 = [{"account":{"accountId":"8000","username":"tester"}}]`, "empty.js", "",
		"following.js", `window.YTD.following.part0 = [{"following":{"accountId":"9001"}}]`, "mute.js", "")
	path, whole, end := b.declare(files).Header.Get("Location"), files.whole(), answer{}
	for at := 0; at < len(whole); at += 7 {
		end = b.piece(path, int64(at), whole[at:min(at+7, len(whole))])
	}
	if end.StatusCode != http.StatusCreated {
		t.Fatalf("the end: %d %s", end.StatusCode, end.main())
	}
	source := must[[]social.Source](t)(h.store.ListSources(t.Context(), h.userOf(b).ID))[0]
	got, done, err := h.spool.Open(source.Spool)
	h.check(err)
	defer done()
	for i, file := range got {
		text := must[[]byte](t)(io.ReadAll(io.NewSectionReader(file, 0, file.Size)))
		if file.Name != filepath.Base(files.names[i]) || string(text) != files.texts[i] {
			t.Errorf("file %d is %s: %q", i, file.Name, text)
		}
	}
	if len(got) != len(files.names) {
		t.Errorf("%d files", len(got))
	}
}

// ZIP-06: a piece at another offset changes nothing, and one that is too long
// is cut at what was declared.
func TestZIP06Offsets(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	zip := sampleZip(t)
	path := b.declare(filesOf(t, "twitter-2026.zip", zip)).Header.Get("Location")
	wantAnswer(t, "first piece", b.piece(path, 0, zip[:100]), http.StatusNoContent, "100")
	for _, offset := range []string{"-1", "0", "99", "101", "9223372036854775808", "", "x", "0100"} {
		wantAnswer(t, "offset "+offset, b.pieceFrom(path, offset, strings.NewReader(zip[100:])), http.StatusConflict, "100")
	}
	long := strings.Repeat("x", 9<<20)
	if a := b.piece(path, 100, long); a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("9 MiB: %d", a.StatusCode)
	}
	wantAnswer(t, "after it", b.declare(filesOf(t, "twitter-2026.zip", zip)), http.StatusCreated, "100")
	b.pieceFrom(path, "100", io.MultiReader(strings.NewReader(zip[100:]), strings.NewReader(long))) // without a length
	if a := b.piece(path, int64(len(zip)), ""); a.StatusCode != http.StatusCreated {
		t.Errorf("what was declared came in, and: %d", a.StatusCode)
	}
}

// ZIP-06: another's upload is as absent as one of nobody.
func TestZIP06Others(t *testing.T) {
	h := town(t, web.Anyone)
	alice, gail := h.signIn("alice@shore.test"), h.signIn("gail@reeds.test")
	zip := sampleZip(t)
	files := filesOf(t, "twitter-2026.zip", zip)
	path := alice.declare(files).Header.Get("Location")
	wantAnswer(t, "first piece", alice.piece(path, 0, zip[:100]), http.StatusNoContent, "100")
	gail.page("/") // takes what was to be said after the sign-in
	nobody := "/uploads/" + strings.Repeat("A", 26)
	for _, method := range []string{http.MethodPatch, http.MethodDelete} {
		var texts [2]string
		for i, at := range []string{path, nobody} {
			r := gail.request(method, at, strings.NewReader(zip[100:]))
			r.Header.Set("Upload-Offset", "100")
			a := gail.do(r)
			if a.StatusCode != http.StatusNotFound {
				t.Errorf("%s %s: %d", method, at, a.StatusCode)
			}
			texts[i] = faceless(a)
		}
		if texts[0] != texts[1] {
			t.Errorf("%s tells that there is an upload", method)
		}
	}
	other := gail.declare(files) // the same files make another upload
	if wantAnswer(t, "her own", other, http.StatusCreated, "0"); other.Header.Get("Location") == path {
		t.Error("another's upload was found by its mark")
	}
	wantAnswer(t, "alice's", alice.declare(files), http.StatusCreated, "100")
}

// ZIP-06: of two pieces at once one is written; whoever asks how far the upload
// is ends one that hangs, and what came of it is kept.
func TestZIP06TwoAtOnce(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	zip := sampleZip(t)
	files := filesOf(t, "twitter-2026.zip", zip)
	path := b.declare(files).Header.Get("Location")
	body, feed := io.Pipe()
	r := b.request(http.MethodPatch, path, body)
	r.Header.Set("Upload-Offset", "0")
	first := make(chan int, 1)
	go func() {
		status := 0
		if response, err := b.client.Do(r); err == nil {
			status = response.StatusCode
			response.Body.Close()
		}
		first <- status
	}()
	io.WriteString(feed, zip[:100])
	name := strings.TrimPrefix(path, "/uploads/")
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for n := int64(0); n < 100; n, _ = h.spool.Stored(name) { // until they are stored
		<-tick.C
	}
	if a := b.piece(path, 100, zip[100:]); a.StatusCode != http.StatusConflict {
		t.Errorf("the second of two: %d", a.StatusCode)
	}
	wantAnswer(t, "asked meanwhile", b.declare(files), http.StatusCreated, "100")
	if status := <-first; status == http.StatusNoContent || status == http.StatusCreated {
		t.Errorf("the hanging piece ended with %d", status)
	}
	feed.Close()
	if a := b.piece(path, 100, zip[100:]); a.StatusCode != http.StatusCreated {
		t.Errorf("the rest: %d %s", a.StatusCode, a.main())
	}
}

// ZIP-05: an unfinished upload dies a day after its last piece, a third one puts
// the oldest away, and giving up or forgetting leaves nothing.
func TestZIP05Unfinished(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	zip := sampleZip(t)
	sweep := func() {
		t.Helper()
		must[int](t)(h.store.Sweep(t.Context(), h.clock.Now()))
		must[int](t)(h.spool.Sweep(must[[]string](t)(h.store.Spools(t.Context())), time.Now().Add(time.Hour)))
	}
	one, two, three := filesOf(t, "1.zip", zip), filesOf(t, "2.zip", zip), filesOf(t, "3.zip", zip)
	path := b.declare(one).Header.Get("Location")
	h.clock.Advance(20 * time.Hour)
	b.piece(path, 0, zip[:10])
	h.clock.Advance(20 * time.Hour)
	sweep()
	wantAnswer(t, "20 hours later", b.declare(one), http.StatusCreated, "10")
	b.declare(two)
	h.clock.Advance(time.Minute)
	b.declare(three)
	wantAnswer(t, "the oldest of three", b.piece(path, 10, zip[10:]), http.StatusNotFound, "")
	gone := b.do(b.request(http.MethodDelete, b.declare(three).Header.Get("Location"), nil))
	if gone.StatusCode != http.StatusNoContent || spooled(t, h) != 1 {
		t.Errorf("given up: %d, %d uploads are kept", gone.StatusCode, spooled(t, h))
	}
	path = b.declare(two).Header.Get("Location")
	h.clock.Advance(25 * time.Hour)
	sweep()
	wantAnswer(t, "after a day", b.piece(path, 0, zip), http.StatusNotFound, "")
	if n := spooled(t, h); n != 0 {
		t.Errorf("%d uploads are kept after a day", n)
	}
	b.declare(one)
	spools := must[[]string](t)(h.store.Forget(t.Context(), h.userOf(b).ID))
	if len(spools) != 1 {
		t.Errorf("forgetting tells of %v", spools)
	}
}

// What is said at the form of an upload that came whole is said of one in pieces.
func TestPiecesRejected(t *testing.T) {
	h := newHouse(t, web.Anyone)
	h.world.AddHost("shore.test", social.Mastodon).AddAccount("alice")
	b := h.signIn("alice@shore.test")
	files := filesOf(t, "notes.txt", "hello")
	a := b.piece(b.declare(files).Header.Get("Location"), 0, "hello")
	if a.StatusCode != http.StatusUnprocessableEntity || spooled(t, h) != 0 {
		t.Errorf("no export: %d, %d uploads are kept", a.StatusCode, spooled(t, h))
	}
	a.want(t, "none of the kinds we can read")
	mark := strings.Repeat("a", 64)
	for what, c := range map[string]struct {
		fields []string
		status int
	}{
		"nothing":      {[]string{"mark", mark}, http.StatusUnprocessableEntity},
		"no mark":      {[]string{"name", "x", "size", "1"}, http.StatusUnprocessableEntity},
		"no size":      {[]string{"mark", mark, "name", "x"}, http.StatusUnprocessableEntity},
		"negative":     {[]string{"mark", mark, "name", "x", "size", "-1"}, http.StatusUnprocessableEntity},
		"overflow":     {[]string{"mark", mark, "name", "x", "size", "9223372036854775807", "name", "y", "size", "1"}, http.StatusUnprocessableEntity},
		"over 2 GiB":   {[]string{"mark", mark, "name", "x", "size", fmt.Sprint(2<<30 + 1)}, http.StatusRequestEntityTooLarge},
		"over a quota": {[]string{"mark", mark, "name", "x", "size", fmt.Sprint(3 << 29)}, http.StatusRequestEntityTooLarge},
	} {
		if a := b.post("/uploads", c.fields...); a.StatusCode != c.status {
			t.Errorf("%s: %d", what, a.StatusCode)
		}
	}
	var many []string
	for i := range 17 {
		many = append(many, "name", fmt.Sprint(i), "size", "1")
	}
	b.post("/uploads", append(many, "mark", mark)...).want(t, "That is too many files at once.")
	if n := spooled(t, h); n != 0 {
		t.Errorf("%d uploads are kept", n)
	}
	if all := must[[]store.Sending](t)(h.store.ListSendings(t.Context(), h.userOf(b).ID)); len(all) != 0 {
		t.Errorf("unfinished: %+v", all)
	}
}
