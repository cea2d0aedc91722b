package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/social"
)

const (
	hugeID  = "99999999999999999999"
	follows = `window.YTD.following.part0 = `
)

func TestZIP08NumbersAndTexts(t *testing.T) {
	for name, tc := range map[string]struct {
		list      string
		following []string
		codes     []string
	}{
		"exact keys":      {`[{"following":{"accountId":"1","AccountID":"2","accountid":"3"}}]`, []string{"1"}, nil},
		"key in capitals": {`[{"following":{"AccountID":"2"}},{"following":{"accountId":"4"}}]`, []string{"4"}, []string{"entries-skipped"}},
		"numbers":         {`[{"following":{"accountId":12}},{"following":{"accountId":"13"}}]`, []string{"12", "13"}, nil},
		"no ids": {`[{"following":{"accountId":1e400}},{"following":{"accountId":-1}},{"following":{"accountId":"-1"}},{"following":{"accountId":"` + hugeID + `"}},
			{"following":{"accountId":12345678901234567890}},{"following":{"accountId":"9223372036854775808"}},{"following":{"accountId":""}},{"following":{}},{"x":1},7,null,{"following":{"accountId":"5"}}]`,
			[]string{"5"}, []string{"entries-skipped"}},
		"largest id":       {`[{"following":{"accountId":"9223372036854775807"}}]`, []string{"9223372036854775807"}, nil},
		"twice":            {`[{"following":{"accountId":"1"}},{"following":{"accountId":"1"}}]`, []string{"1", "1"}, nil},
		"too deep":         {`[{"following":{"accountId":"1","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}},{"following":{"accountId":"2"}}]`, []string{"2"}, []string{"entries-skipped"}},
		"semicolon":        {`[{"following":{"accountId":"1"}}];` + "\n", []string{"1"}, nil},
		"trailing garbage": {`[{"following":{"accountId":"1"}}] and more`, []string{"1"}, []string{"trailing"}},
		"no end":           {`[{"following":{"accountId":"1"}},`, []string{"1"}, []string{"part-cut"}},
		"cut in an id":     {`[{"following":{"accountId":"1"}},{"following":{"accountId":"2`, []string{"1"}, []string{"part-cut"}},
		"broken":           {`[{"following":{"accountId":"1"}},{"following":{"accountId"="2"}},{"following":{"accountId":"3"}}]`, []string{"1"}, []string{"part-cut"}},
		"too long":         {`[{"following":{"accountId":"1"}},{"following":{"accountId":"2","x":"` + strings.Repeat("x", 2*maxRecord) + `"}}]`, []string{"1"}, []string{"part-cut"}},
		"empty":            {`[ ]`, nil, []string{"empty-list"}},
		"empty, 2018":      {`[]`, nil, []string{"empty-list"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := read(t, file("following.js", follows+tc.list))
			if r.err != nil {
				t.Fatal(r.err)
			}
			if got := r.edges(social.Following); !slices.Equal(got, tc.following) {
				t.Errorf("following %v, want %v", got, tc.following)
			}
			if got := r.codes(); !slices.Equal(got, tc.codes) {
				t.Errorf("warnings %q, want %q", r.export.Warnings(), tc.codes)
			}
			slices.Sort(tc.following)
			if n := len(slices.Compact(tc.following)); r.export.Counts().Following != n {
				t.Errorf("counted %d, want %d", r.export.Counts().Following, n)
			}
		})
	}
}

// The wrapper changed more than once; it is never matched to the letter.
func TestWrappers(t *testing.T) {
	const list = `[{"following":{"accountId":"1"}}]`
	for _, before := range []string{follows, "window.YTD.following.part0 = ", "\ufeffwindow.YTD.following.part0=", "window.YTD.x.part17\n=\n\t ", "", "\ufeff  "} {
		r := read(t, file("following.js", before+list))
		if r.err != nil || r.export.Counts().Following != 1 || len(r.codes()) > 0 {
			t.Errorf("%q: %v %v", before, r.err, r.export.Warnings())
		}
	}
}

func TestCutWarningNamesFileAndByte(t *testing.T) {
	const whole = follows + `[{"following":{"accountId":"1"}}`
	r := read(t, file("following.js", whole+`,{"following":{"acc`), file("follower.js", `x = [{"follower":{"accountId":"3"}}]`))
	want := fmt.Sprintf("following.js can't be read beyond byte %d. We took the 1 entries before it, and everything else is in.", len(whole))
	if w := r.export.Warnings(); len(w) != 1 || w[0] != want {
		t.Errorf("got %q\nwant %q", w, want)
	}
	if r.export.Counts().Followers != 1 {
		t.Error("the other file was not read")
	}
}

func TestBrokenTextsAreMended(t *testing.T) {
	tweets := `window.YTD.tweets.part0 = [` +
		`{"tweet":{"id_str":"1500000000000000001","full_text":"x","entities":{"user_mentions":[{"id_str":"5","id":"5","screen_name":"eve","name":"a\u0000b\ud800c","indices":["0","1"]}]}}},` +
		`{"tweet":{"id_str":"1500000000000000002","full_text":"x","entities":{"user_mentions":[{"id_str":"6","id":"6","screen_name":"fay","name":"` + "\xff\xfe" + `ok","indices":["0","1"]}]}}}]`
	r := read(t, file("tweets.js", tweets))
	if r.err != nil || len(r.records) != 2 {
		t.Fatal(r.err, r.records)
	}
	for _, x := range r.records {
		wantRecord(t, x)
	}
	if w := r.export.Warnings(); !slices.Contains(w, "2 texts in tweets.js held broken characters, which were replaced.") {
		t.Errorf("warnings %q", w)
	}
}

func TestWhatIsNoExport(t *testing.T) {
	html := file("Your archive.html", "\ufeff\n<!DOCTYPE html><script src=\"data/manifest.js\">")
	empty := rawZip(rawEntry{name: "holiday.jpg", data: "x"})
	for name, tc := range map[string]struct {
		files []File
		code  string
	}{
		"picture":            {[]File{file("cat.jpg", "\xff\xd8\xff")}, "unknown-file"},
		"empty":              {[]File{file("following.txt", "")}, "unknown-file"},
		"html":               {[]File{html}, "html-only"},
		"html and a picture": {[]File{html, file("cat.jpg", "\xff\xd8\xff")}, "html-only"},
		"other zip":          {[]File{file("twitter-x.zip", empty)}, "not-an-export"},
		"no zip":             {[]File{file("twitter-x.zip", "words")}, "not-an-export"},
		"only an account":    {[]File{file("account.js", `x = [{"account":{"accountId":"1"}}]`)}, "not-an-export"},
		"messages":           {[]File{file("direct-messages.js", `window.YTD.direct_messages.part0 = [ ]`)}, "unknown-file"},
		"saved messages":     {[]File{file("twitter-DirectMessages-1764100000000.json", `[{"id":"1","screen_name":"x"}]`)}, "unknown-file"},
		"headers":            {[]File{file("tweet-headers.js", `window.YTD.tweet_headers.part0 = [ ]`)}, "unknown-file"},
		"some json":          {[]File{file("package.json", `{"name":"x"}`)}, "unknown-file"},
		"other list":         {[]File{file("list.json", `[{"title":"x"}]`)}, "unknown-file"},
		"nothing":            {nil, "not-an-export"},
	} {
		_, err := Open(tc.files)
		wantFault(t, err)
		if codeOf(err) != tc.code {
			t.Errorf("%s: got %q, want %q", name, codeOf(err), tc.code)
		}
	}
}

func TestUnknownFileAmongOthersIsAWarning(t *testing.T) {
	r := read(t, file("following.js", someFollowing), file("cat.jpg", "\xff\xd8\xff"))
	if r.err != nil || r.export.Counts().Following != 1 || !slices.Equal(r.codes(), []string{"unknown-file"}) {
		t.Error(r.err, r.export.Warnings())
	}
}

func TestRenamedFilesAreKnownByTheirFirstLine(t *testing.T) {
	r := read(t, file("mine.txt", someFollowing), file("posts", someTweets), file("twitter-2026-01-02-config.js", `window.__THAR_CONFIG = {"userInfo":{"accountId":"9","userName":"nine","displayName":"N"}}`))
	if c := r.export.Counts(); r.err != nil || c.Following != 1 || c.Posts != 1 || r.export.Owner().Username != "nine" {
		t.Error(r.err, c, r.export.Owner())
	}
}

func TestMissingAndEmptyFollowList(t *testing.T) {
	a := sample()
	a.Leave = []string{"data/following.js", "data/mute.js"}
	r := read(t, zipped(t, a))
	if c := r.codes(); !slices.Equal(c, []string{"no-follow-list", "part-missing"}) {
		t.Errorf("warnings %q", r.export.Warnings())
	}
	if r.export.Counts().Posts != sampleCounts.Posts {
		t.Error("the rest was not used")
	}
	a = sample()
	a.Following = nil
	r = read(t, zipped(t, a))
	if w := r.export.Warnings(); len(w) != 1 || !strings.HasSuffix(w[0], "@"+owner.Username+".") {
		t.Errorf("warnings %q", w)
	}
}

func TestTwoOwnersAreNotMixed(t *testing.T) {
	other := sample()
	other.Owner = importertest.Person{ID: "999", Username: "somebody"}
	if r := read(t, zipped(t, sample()), zipped(t, other)); codeOf(r.err) != "two-owners" {
		t.Errorf("got %v", r.err)
	}
	if r := read(t, zipped(t, sample()), zipped(t, sample())); r.err != nil || r.export.Counts() != sampleCounts {
		t.Errorf("the same twice: %v %+v", r.err, r.export.Counts())
	}
}

func TestIndexIsCompared(t *testing.T) {
	a := sample()
	a.Extra = map[string]string{"data/mute.js": "window.YTD.mute.part0 = [ ]"}
	a.Leave = []string{"data/mute.js"}
	files := a.Files()
	files["data/mute.js"] = a.Extra["data/mute.js"]
	var given []File
	for name, text := range files {
		if k, _ := kindOf(filepath.Base(name)); k != 0 {
			given = append(given, file(filepath.Base(name), text))
		}
	}
	r := read(t, given...)
	if w := r.export.Warnings(); len(w) != 1 || !strings.Contains(w[0], "mute.js holds 0 entries") || !strings.Contains(w[0], "says 1") {
		t.Errorf("warnings %q", w)
	}
}

func TestZIP02LinksInFoldersAreRefused(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret.js")
	if err := os.WriteFile(secret, []byte(`x = [{"follower":{"accountId":"666"}}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := writeFolder(t, sample())
	for name, target := range map[string]string{"data/follower.js": secret, "data/tweets_media/1-a.jpg": secret, "data/mute.js": "block.js"} {
		path := filepath.Join(dir, name)
		os.Remove(path)
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	e, err := OpenPath(dir)
	r := drain(t, e, err)
	if c := r.export.Counts(); c.Followers != 0 || c.Muted != 0 || c.Following != 4 {
		t.Errorf("counts %+v", c)
	}
	if !slices.Contains(r.codes(), "links-skipped") {
		t.Errorf("warnings %q", r.export.Warnings())
	}
	outer := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "data"), filepath.Join(outer, "data")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenPath(outer); codeOf(err) != "not-an-export" {
		t.Errorf("a folder that is a link: %v", err)
	}
}

// A file that is replaced by a link after it was listed is not followed either.
func TestZIP02ReplacedBeforeReading(t *testing.T) {
	dir := writeFolder(t, sample())
	e, err := OpenPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "data", "follower.js")
	os.Remove(path)
	if err := os.Symlink("block.js", path); err != nil {
		t.Fatal(err)
	}
	if r := drain(t, e, nil); codeOf(r.err) != "unreadable" {
		t.Errorf("got %v, followers %d", r.err, e.Counts().Followers)
	}
}

func TestPathErrors(t *testing.T) {
	_, err := OpenPath(filepath.Join(t.TempDir(), "none.zip"))
	if wantFault(t, err); codeOf(err) != "no-such-file" {
		t.Error(err)
	}
	if _, err = OpenPath(t.TempDir()); codeOf(err) != "not-an-export" {
		t.Error(err)
	}
}

func TestFailingDiskEndsTheReading(t *testing.T) {
	f := zipped(t, sample())
	content := make([]byte, f.Size)
	f.ReaderAt.ReadAt(content, 0)
	failing := &failingReader{r: bytes.NewReader(content)}
	e, err := Open([]File{{Name: f.Name, Size: f.Size, ReaderAt: failing}})
	if err != nil {
		t.Fatal(err)
	}
	failing.fails = true
	if r := drain(t, e, nil); fault.KindOf(r.err) != fault.Disk {
		t.Errorf("got %v", r.err)
	}
}

type failingReader struct {
	r     io.ReaderAt
	fails bool
}

func (f *failingReader) ReadAt(p []byte, off int64) (int, error) {
	if f.fails {
		return 0, errors.New("input/output error")
	}
	return f.r.ReadAt(p, off)
}

func TestStopping(t *testing.T) {
	e, err := Open([]File{zipped(t, sample())})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for range e.Records(t.Context()) {
		break // the caller has enough
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range e.Records(ctx) {
		last = err
	}
	if codeOf(last) != "stopped" || !errors.Is(last, context.Canceled) {
		t.Errorf("got %v", last)
	}
	r := drain(t, e, nil) // and again from the beginning
	r.wantSample(t)
}

func TestDigest(t *testing.T) {
	a, b := file("a", strings.Repeat("a", 3<<20)), file("b", "b")
	one, err := Digest([]File{a, b})
	two, err2 := Digest([]File{{Name: "renamed", Size: b.Size, ReaderAt: b.ReaderAt}, a})
	if err != nil || err2 != nil || one != two || len(one) != 64 {
		t.Errorf("%q %q %v %v", one, two, err, err2)
	}
	if other, _ := Digest([]File{a, file("b", "c")}); other == one {
		t.Error("another file, the same digest")
	}
	dir := writeFolder(t, sample())
	folder, err := DigestPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "mute.js"), []byte("x = []"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again, _ := DigestPath(dir); again == folder {
		t.Error("a changed folder, the same digest")
	}
}

// FuzzSingleFile reads any bytes under each name that is opened.
func FuzzSingleFile(f *testing.F) {
	for name, text := range sample().Files() {
		if k, _ := kindOf(filepath.Base(name)); k != 0 {
			f.Add(filepath.Base(name), []byte(text))
		}
	}
	f.Add("tweets.js", []byte(someTweets))
	f.Add("twitter-Following-1764100000000.json", []byte(`[{"id":"1","screen_name":"x","metadata":{"legacy":{"entities":{"url":{"urls":[{"expanded_url":"https://x.test"}]}}}}}]`))
	f.Add("twitter-UserTweets-1764100000000.json", []byte(`[{"id":"1","full_text":"x","media":[{}],"metadata":{"core":{"user_results":{"result":{"rest_id":"7","legacy":{"screen_name":"y"}}}}}}]`))
	var b bytes.Buffer
	if err := importertest.WriteWebExporter(&b, []importertest.Person{bob}); err != nil {
		f.Fatal(err)
	}
	f.Add("twitter-Followers-1764100000000.json", b.Bytes())
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		readAny(t, []File{{Name: name, Size: int64(len(content)), ReaderAt: bytes.NewReader(content)}})
	})
}
