package importer

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"godwit/importer/importertest"
	"godwit/internal/fault"
	"godwit/internal/social"
)

var (
	owner = importertest.Person{ID: "100", Username: "Ana_Moves", Name: "Ana"}
	bob   = importertest.Person{ID: "201", Username: "bob_on_x", Name: "Bob 🐦", Bio: "Birds. @bob@birds.example.social https://t.co/b0201", Location: "Mud flats", URL: "https://birds.example.social/@bob", Links: []string{"https://bob.site.test/"}}
	carol = importertest.Person{ID: "202", Username: "carol", Name: "Carol"}
	dave  = importertest.Person{ID: "203", Username: "dave", Name: "Dave"}
	erin  = importertest.Person{ID: "204", Username: "erin", Name: "Erin"}
)

var exportDay = time.Date(2026, 7, 25, 12, 0, 0, 0, time.UTC)

// at is the id of a post n minutes after a day before the export.
func at(n int64) int64 {
	return importertest.IDAt(exportDay.Add(-24*time.Hour+time.Duration(n)*time.Minute), n)
}

// sample is an archive with one of everything that counts.
func sample() importertest.Archive {
	return importertest.Archive{
		Owner: owner, OldUsernames: []string{"ana_before"}, ExportedAt: exportDay,
		Following: []importertest.Person{bob, carol, dave, {ID: "299"}},
		Followers: []importertest.Person{bob, erin},
		Blocked:   []importertest.Person{{ID: "301"}},
		Muted:     []importertest.Person{{ID: "302"}},
		Lists:     []string{"https://twitter.com/Ana_Moves/lists/1", "https://twitter.com/Ana_Moves/lists/2"},
		OnLists:   []string{"https://twitter.com/erin/lists/3", "https://twitter.com/erin/lists/waders-%F0%9F%90%A6"},
		Tweets: []importertest.Tweet{
			{ID: at(12), Text: "@bob_on_x you & me", Mentions: []importertest.Person{bob}, ReplyTo: importertest.Reply{Status: at(1), To: bob}},
			{ID: at(11), Text: "RT @carol: hello…", Mentions: []importertest.Person{carol}},
			{ID: at(10), Text: "look https://t.co/1", Links: []string{"https://x.com/erin/status/12345"}},
			{ID: at(9), Text: "third", ReplyTo: importertest.Reply{Status: at(8), To: owner}},
			{ID: at(8), Text: "second", ReplyTo: importertest.Reply{Status: at(7), To: importertest.Person{Username: "ana_before"}}},
			{ID: at(7), Text: "first"},
			{ID: at(6), Text: "pictures", Media: []importertest.Media{{Kind: "photo", File: "Gaaa"}, {Kind: "video", File: "Vbbb", Missing: true}}},
			{ID: at(5), Text: "new words", Versions: []int64{at(4), at(5)}},
			{ID: at(4), Text: "old words", Versions: []int64{at(4), at(5)}},
			{ID: at(3), Text: "answer to a lost own post", ReplyTo: importertest.Reply{Status: at(2), To: owner}},
		},
		Deleted:   []importertest.Tweet{{ID: at(20), Text: "deleted"}},
		Community: []importertest.Tweet{{ID: at(21), Text: "community"}},
		Circle:    []importertest.Tweet{{ID: at(22), Text: "circle"}},
	}
}

var sampleCounts = social.Counts{
	Following: 4, Followers: 2, Blocked: 1, Muted: 1, Lists: 2, OnLists: 2,
	Posts: 9, Replies: 1, Reposts: 1, Quotes: 1, Threads: 1, Media: 2, MediaMissing: 1,
	Accounts: 7, AccountsNamed: 2, FollowingNamed: 2,
}

// zipped writes an archive into a File.
func zipped(t testing.TB, a importertest.Archive) File {
	t.Helper()
	var b bytes.Buffer
	if err := importertest.WriteArchive(&b, a); err != nil {
		t.Fatal(err)
	}
	return file("twitter-2026-07-25-x.zip", b.String())
}

func file(name, content string) File {
	return File{Name: name, Size: int64(len(content)), ReaderAt: strings.NewReader(content)}
}

// result is what one reading gave.
type result struct {
	export  *Export
	records []social.Record
	err     error
}

func read(t testing.TB, files ...File) result {
	t.Helper()
	e, err := Open(files)
	return drain(t, e, err)
}

func drain(t testing.TB, e *Export, err error) result {
	t.Helper()
	r := result{export: e, err: err}
	if err != nil {
		wantFault(t, err)
		return r
	}
	t.Cleanup(func() { e.Close() })
	for x, err := range e.Records(t.Context()) {
		if err != nil {
			wantFault(t, err)
			r.err = err
			break
		}
		r.records = append(r.records, x)
	}
	return r
}

// wantFault checks that a failure has its two sentences.
func wantFault(t testing.TB, err error) {
	t.Helper()
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Say == "" || f.Code == "" || strings.Contains(f.Say, "{") && !strings.Contains(f.Args["file"], "{") {
		t.Errorf("failure without a sentence: %#v", err)
	}
}

func codeOf(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f.Code
	}
	return ""
}

// codes are the codes of the warnings.
func (r result) codes() []string {
	var codes []string
	for _, f := range r.export.Troubles() {
		codes = append(codes, f.Code)
	}
	return codes
}

func (r result) edges(kind social.EdgeKind) []string {
	var ids []string
	for _, x := range r.records {
		if x.Edge == kind {
			ids = append(ids, x.NativeID)
		}
	}
	return ids
}

// named are the names that Records without Edge gave.
func (r result) named() map[string]string {
	names := map[string]string{}
	for _, x := range r.records {
		if x.Edge == "" {
			names[x.NativeID] = x.Username
		}
	}
	return names
}

func (r result) wantSample(t *testing.T) {
	t.Helper()
	if r.err != nil {
		t.Fatal(r.err, fault.Say(r.err))
	}
	if got := r.export.Counts(); got != sampleCounts {
		t.Errorf("counts\n got %+v\nwant %+v", got, sampleCounts)
	}
	if o := r.export.Owner(); o.NativeID != owner.ID || o.Username != owner.Username || o.Name != owner.Name || o.Network != social.X {
		t.Errorf("owner %+v", o)
	}
	if r.export.Kind() != social.KindXArchive {
		t.Errorf("kind %s", r.export.Kind())
	}
	if got := r.edges(social.Following); !slices.Equal(got, []string{"201", "202", "203", "299"}) {
		t.Errorf("following %v", got)
	}
	if got := r.named(); len(got) != 2 || got["201"] != "bob_on_x" || got["202"] != "carol" {
		t.Errorf("names %v", got)
	}
}

func TestArchive(t *testing.T) {
	old := sample()
	old.Form = importertest.Archive2020
	parts := sample()
	parts.PartSize = 2
	macs := sample()
	macs.Prefix = "x/"
	macs.Extra = map[string]string{"__MACOSX/x/data/._following.js": "junk", "data/._tweets.js": "junk"}
	archives := map[string]importertest.Archive{"2020": old, "2026": sample(), "parts": parts, "re-zipped by a Mac": macs}
	for name, a := range archives {
		t.Run(name, func(t *testing.T) {
			r := read(t, zipped(t, a))
			if a.Form == importertest.Archive2022 {
				r.wantSample(t)
			} else if want := sampleCounts.Posts + 1; r.export.Counts().Posts != want { // nothing tells which of two is the older version
				t.Errorf("%d posts, want %d", r.export.Counts().Posts, want)
			}
			if w := r.export.Warnings(); len(w) > 0 {
				t.Errorf("warnings %q", w)
			}
			if !r.export.ExportedAt().Equal(exportDay) {
				t.Errorf("exported at %v", r.export.ExportedAt())
			}
			if done, total := r.export.Bytes(); done == 0 || done != total {
				t.Errorf("%d of %d bytes", done, total)
			}
		})
	}
}

// writeFolder unpacks an archive by hand.
func writeFolder(t testing.TB, a importertest.Archive) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range a.Files() {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFolder(t *testing.T) {
	dir := writeFolder(t, sample())
	for _, path := range []string{dir, filepath.Join(dir, "data")} {
		e, err := OpenPath(path)
		r := drain(t, e, err)
		r.wantSample(t)
	}
}

func TestSingleFiles(t *testing.T) {
	a := sample()
	var files []File
	for name, text := range a.Files() {
		switch base := filepath.Base(name); base {
		case "following.js", "follower.js", "block.js", "mute.js", "lists-created.js", "lists-member.js", "account.js", "screen-name-change.js":
			files = append(files, file(base, text))
		case "tweets.js":
			files = append(files, file("tweets (1).js", text))
		}
	}
	r := read(t, files...)
	want := sampleCounts
	want.MediaMissing = 2 // single files bring no media
	if got := r.export.Counts(); got != want {
		t.Errorf("counts\n got %+v\nwant %+v", got, want)
	}
	if o := r.export.Owner(); o.NativeID != owner.ID || o.Username != owner.Username {
		t.Errorf("owner %+v", o)
	}
	if got, want := r.export.ExportedAt(), importertest.TimeOf(at(12)); !got.Equal(want) {
		t.Errorf("without an index the newest post tells the time: %v, want %v", got, want)
	}
}

func TestWebExporter(t *testing.T) {
	var following, followers bytes.Buffer
	if err := importertest.WriteWebExporter(&following, []importertest.Person{{ID: bob.ID, Username: bob.Username, Name: bob.Name, Bio: bob.Bio, Location: bob.Location, URL: bob.URL, Links: bob.Links, Following: true}}); err != nil {
		t.Fatal(err)
	}
	if err := importertest.WriteWebExporter(&followers, []importertest.Person{erin}); err != nil {
		t.Fatal(err)
	}
	r := read(t, file("twitter-Following-1764100000000.json", following.String()), file("twitter-フォロワー-1764100000000.json", followers.String()))
	if r.err != nil {
		t.Fatal(r.err)
	}
	want := social.Counts{Following: 1, Followers: 1, Accounts: 2, AccountsNamed: 2, FollowingNamed: 1}
	if got := r.export.Counts(); got != want {
		t.Errorf("counts %+v", got)
	}
	if r.export.Kind() != social.KindWebExporter || len(r.export.Warnings()) > 0 {
		t.Error(r.export.Kind(), r.export.Warnings())
	}
	b := r.records[0].Account
	if b.Network != social.X || b.NativeID != "201" || b.Username != "bob_on_x" || b.Name != bob.Name || b.Bio != bob.Bio || b.Location != bob.Location ||
		b.URL != bob.URL || !slices.Equal(b.Links, bob.Links) || b.SeenAt.UnixMilli() != 1764100000000 {
		t.Errorf("%+v", b)
	}
}

// readAny reads whatever it is given; only the form of a failure is checked.
func readAny(t *testing.T, files []File) {
	e, err := Open(files)
	if err != nil {
		wantFault(t, err)
		return
	}
	defer e.Close()
	for x, err := range e.Records(t.Context()) {
		if err != nil {
			wantFault(t, err)
			return
		}
		wantRecord(t, x)
	}
}

// wantRecord checks what holds for every Record, whatever the file said.
func wantRecord(t *testing.T, x social.Record) {
	t.Helper()
	for _, s := range []string{x.NativeID, x.Username, x.Name, x.Bio, x.Location, x.URL} {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Errorf("text that cannot be stored: %q", s)
		}
	}
	if x.Network != social.X {
		if x.NativeID == "" && x.Username == "" {
			t.Errorf("nobody: %+v", x)
		}
		return
	}
	if x.NativeID == "" && x.Username == "" || x.NativeID != "" && id([]byte(x.NativeID)) == 0 || usernameOf(x.Username) != x.Username {
		t.Errorf("nobody: %+v", x)
	}
}
