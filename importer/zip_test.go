package importer

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"

	"godwit/importer/importertest"
)

// rawEntry is one file of a zip written by hand, so that it may lie.
type rawEntry struct {
	name, local   string // local is the name in its own header, "" for the same
	data          string
	size          uint32 // declared, 0 for the true one
	method, flags uint16
	sameAs        int // 1-based: the index points to this entry's header instead of an own one
}

// rawZip writes a zip by hand.
func rawZip(entries ...rawEntry) string {
	var body, index bytes.Buffer
	offsets := make([]uint32, len(entries))
	packs := make([]string, len(entries))
	for i, e := range entries {
		if e.sameAs > 0 {
			packs[i] = packs[e.sameAs-1]
		} else {
			packs[i] = pack(e)
		}
		packed, crc := packs[i], crc32.ChecksumIEEE([]byte(e.data))
		size := e.size
		if size == 0 {
			size = uint32(len(e.data))
		}
		offsets[i] = uint32(body.Len())
		if e.sameAs > 0 {
			offsets[i] = offsets[e.sameAs-1]
		} else {
			local := e.name
			if e.local != "" {
				local = e.local
			}
			write(&body, "PK\x03\x04", uint16(20), e.flags, e.method, uint32(0), crc, uint32(len(packed)), size, uint16(len(local)), uint16(0))
			body.WriteString(local + packed)
		}
		write(&index, "PK\x01\x02", uint16(20), uint16(20), e.flags, e.method, uint32(0), crc, uint32(len(packed)), size,
			uint16(len(e.name)), uint16(0), uint16(0), uint16(0), uint16(0), uint32(0), offsets[i])
		index.WriteString(e.name)
	}
	start := body.Len()
	body.Write(index.Bytes())
	write(&body, "PK\x05\x06", uint32(0), uint16(len(entries)), uint16(len(entries)), uint32(index.Len()), uint32(start), uint16(0))
	return body.String()
}

func write(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			b.WriteString(s)
			continue
		}
		binary.Write(b, binary.LittleEndian, v)
	}
}

func pack(e rawEntry) string {
	if e.method != deflated {
		return e.data
	}
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 9)
	io.WriteString(w, e.data)
	w.Close()
	return b.String()
}

const (
	someFollowing = `window.YTD.following.part0 = [ {"following":{"accountId":"7"}} ]`
	someTweets    = `window.YTD.tweets.part0 = [ {"tweet":{"id_str":"1500000000000000000","full_text":"x"}} ]`
)

func goodEntry() rawEntry {
	return rawEntry{name: "data/following.js", data: someFollowing, method: deflated}
}

// readZip reads a zip written by hand and gives the code of its failure.
func readZip(t *testing.T, content string) (result, string) {
	t.Helper()
	r := read(t, file("twitter-x.zip", content))
	return r, codeOf(r.err)
}

func TestZIP01OverlapIsRefusedUnread(t *testing.T) {
	entries := []rawEntry{{name: "data/tweets.js", data: strings.Repeat("0", 1<<20), method: deflated}}
	for i := range 1000 {
		entries = append(entries, rawEntry{name: fmt.Sprintf("data/tweets-part%d.js", i+1), data: entries[0].data, method: deflated, sameAs: 1})
	}
	bomb := rawZip(entries...)
	counting := &countingReader{r: strings.NewReader(bomb)}
	_, err := Open([]File{{Name: "x.zip", Size: int64(len(bomb)), ReaderAt: counting}})
	if codeOf(err) != "unsafe-archive" {
		t.Fatalf("got %v", err)
	}
	if limit := int64(3 * len(bomb)); counting.n > limit {
		t.Errorf("%d bytes read of a bomb of %d", counting.n, len(bomb))
	}
}

type countingReader struct {
	r io.ReaderAt
	n int64
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

func TestZIP01DeclaredSizeHolds(t *testing.T) {
	liar := rawEntry{name: "data/tweets.js", data: "window.YTD.tweets.part0 = [" + strings.Repeat(" ", 1<<20) + "]", size: 30, method: deflated}
	if r, code := readZip(t, rawZip(goodEntry(), liar)); code != "unsafe-archive" {
		t.Errorf("got %q, %v", code, r.err)
	}
	g := &guard{in: &counted{}, out: endless{}, entry: entry{size: 10}, room: room(1), sum: crc32.NewIEEE()}
	n, err := io.Copy(io.Discard, g)
	if codeOf(err) != "unsafe-archive" || n > 10 {
		t.Errorf("handed out %d bytes, %v", n, err)
	}
}

func TestZIP01RatioAndTotal(t *testing.T) {
	g := &guard{in: &counted{n: 10}, out: endless{}, entry: entry{size: math.MaxInt64 - 1}, room: room(1), sum: crc32.NewIEEE()}
	n, err := io.Copy(io.Discard, g)
	if codeOf(err) != "unsafe-archive" || n > ratioFrom+maxRatio*10 {
		t.Errorf("ratio: handed out %d bytes, %v", n, err)
	}
	left := room(1)
	left.Store(1000)
	g = &guard{in: &counted{n: math.MaxInt32}, out: endless{}, entry: entry{size: math.MaxInt64 - 1}, room: left, sum: crc32.NewIEEE()}
	if n, err = io.Copy(io.Discard, g); codeOf(err) != "unsafe-archive" || n > 1000 {
		t.Errorf("total: handed out %d bytes, %v", n, err)
	}
	if got := room(50 << 30).Load(); got != maxTotal {
		t.Errorf("an honest archive of 50 GB may hold %d bytes", got)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestZIP01ZerosAreNoExport(t *testing.T) {
	zeros := rawEntry{name: "data/tweets.js", data: strings.Repeat("\x00", 10<<20), method: deflated}
	if _, code := readZip(t, rawZip(zeros)); code != "not-an-export" {
		t.Errorf("got %q", code)
	}
	inner := rawZip(goodEntry())
	if _, code := readZip(t, rawZip(rawEntry{name: "data/following.zip", data: inner}, rawEntry{name: "lib.zip", data: inner})); code != "not-an-export" {
		t.Errorf("a zip in a zip: got %q", code)
	}
}

func TestZIP03OnlyHonestNamesAreRead(t *testing.T) {
	bad := []string{"../../data/follower.js", "/data/follower.js", `data\follower.js`, `C:\data\follower.js`, "data/\x00follower.js", "data//follower.js",
		"./data//follower.js", "\xff/data/follower.js", "data/../data/follower.js", strings.Repeat("a", 60000) + "/data/follower.js", "data/follower.js/"}
	entries := []rawEntry{{name: "DATA/FOLLOWING.JS", data: someFollowing}}
	for i, name := range bad {
		entries = append(entries, rawEntry{name: name, data: fmt.Sprintf(`x = [{"follower":{"accountId":"%d"}}]`, 1000+i)})
	}
	r, code := readZip(t, rawZip(entries...))
	if code != "" {
		t.Fatal(r.err)
	}
	if c := r.export.Counts(); c.Following != 1 || c.Followers != 0 {
		t.Errorf("counts %+v", c)
	}
	if !slices.Contains(r.codes(), "names-skipped") || !strings.Contains(strings.Join(r.export.Warnings(), "\n"), fmt.Sprint(len(bad)-1)) {
		t.Errorf("warnings %q", r.export.Warnings())
	}
	r, code = readZip(t, rawZip(rawEntry{name: "prefix/data/following.js", data: someFollowing}))
	if code != "" || r.export.Counts().Following != 1 {
		t.Errorf("with a prefix: %q", code)
	}
}

func TestZIP04TooManyEntries(t *testing.T) {
	var end bytes.Buffer
	write(&end, "PK\x06\x06", uint64(44), uint16(45), uint16(45), uint32(0), uint32(0), uint64(4294967295), uint64(4294967295), uint64(46), uint64(0))
	write(&end, "PK\x06\x07", uint32(0), uint64(0), uint32(1))
	write(&end, "PK\x05\x06", uint32(0), uint16(0xffff), uint16(0xffff), uint32(0xffffffff), uint32(0xffffffff), uint16(0))
	if _, code := readZip(t, end.String()); code != "too-many-files" {
		t.Errorf("claimed: got %q", code)
	}
	one := rawZip(rawEntry{name: "f"})
	header := one[strings.Index(one, "PK\x01\x02"):strings.Index(one, "PK\x05\x06")]
	many := bytes.NewBufferString(strings.Repeat(header, maxEntries+1))
	count, length := maxEntries+1, uint32(many.Len())
	write(many, "PK\x05\x06", uint32(0), uint16(count%(1<<16)), uint16(count%(1<<16)), length, uint32(0), uint16(0))
	if _, code := readZip(t, many.String()); code != "too-many-files" {
		t.Errorf("real: got %q", code)
	}
	small := rawZip(goodEntry())
	lie := []byte(small)
	binary.LittleEndian.PutUint16(lie[len(lie)-12:], 77)
	if _, code := readZip(t, string(lie)); code != "zip-damaged" {
		t.Errorf("a false count: got %q", code)
	}
}

func TestZIP07ContradictionsAreRefused(t *testing.T) {
	good := goodEntry()
	other := good
	other.data = strings.Replace(good.data, "7", "8", 1)
	mismatch, encrypted, method := good, good, good
	mismatch.local = "data/followinG.js"
	encrypted.flags = 1
	method.method = 12
	for name, tc := range map[string]struct {
		zip, code string
		following int
	}{
		"equal twice":         {rawZip(good, good), "", 1},
		"unequal twice":       {rawZip(good, other), "zip-duplicate", 0},
		"two names":           {rawZip(mismatch), "zip-mismatch", 0},
		"encrypted":           {rawZip(encrypted), "zip-encrypted", 0},
		"unknown method":      {rawZip(method), "zip-method", 0},
		"data before":         {"some words before" + rawZip(good), "", 1},
		"data after":          {rawZip(good) + "some words after", "", 1},
		"unread is no matter": {rawZip(good, rawEntry{name: "data/ad-impressions.js", data: "x", flags: 1}), "", 1},
	} {
		r, code := readZip(t, tc.zip)
		if code != tc.code {
			t.Errorf("%s: got %q, want %q", name, code, tc.code)
		}
		if code == "" && r.export.Counts().Following != tc.following {
			t.Errorf("%s: counts %+v", name, r.export.Counts())
		}
	}
}

func TestZIP10PrivateFilesAreNeverOpened(t *testing.T) {
	const canary = "CANARY-7f3a"
	a := sample()
	a.Extra = map[string]string{}
	for _, name := range []string{"direct-messages", "direct-messages-group", "direct-message-headers", "message-event", "ip-audit", "ad-engagements", "ad-impressions", "contact", "phone-number", "email-address-change", "device-token", "personalization", "tweetdeck", "tweet-headers"} {
		a.Extra["data/"+name+".js"] = "window.YTD.x.part0 = [ {\"x\":\"" + canary + "\"} ]"
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	files := a.Files()
	files["AA"], files["zz"] = strings.Repeat(" ", maxHead), strings.Repeat(" ", 2*maxComment) // where a zip is recognised
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, _ := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		io.WriteString(w, files[name])
	}
	z.Close()
	watch := &watchingReader{content: b.String(), canary: canary}
	r := read(t, File{Name: "twitter-x.zip", Size: int64(b.Len()), ReaderAt: watch})
	r.wantSample(t)
	if watch.seen > 0 {
		t.Errorf("read %d bytes of private files", watch.seen)
	}
	for _, x := range r.records {
		if strings.Contains(fmt.Sprintf("%+v", x), canary) || strings.Contains(fmt.Sprintf("%+v", x), "mail.test") {
			t.Errorf("private text in %+v", x)
		}
	}
}

// watchingReader counts reads that touch the canary.
type watchingReader struct {
	content, canary string
	seen            int
}

func (w *watchingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := strings.NewReader(w.content).ReadAt(p, off)
	w.seen += strings.Count(string(p[:n]), w.canary)
	return n, err
}

func TestTruncatedZip(t *testing.T) {
	whole := zipped(t, sample())
	content := make([]byte, whole.Size)
	whole.ReaderAt.ReadAt(content, 0)
	for _, keep := range []int{100, len(content) / 2, len(content) - 10} {
		if _, code := readZip(t, string(content[:keep])); code != "zip-truncated" {
			t.Errorf("cut after %d: got %q", keep, code)
		}
	}
}

func TestDamagedEntryLosesOnlyItself(t *testing.T) {
	hurt := rawEntry{name: "data/follower.js", data: `x = [ {"follower":{"accountId":"9"}} ]`}
	content := strings.Replace(rawZip(goodEntry(), hurt), `"9"`, `"8"`, 1) // the checksum no longer fits
	r, code := readZip(t, content)
	if code != "" || r.export.Counts().Following != 1 {
		t.Fatal(code, r.err)
	}
	if !slices.Contains(r.codes(), "part-cut") {
		t.Errorf("warnings %q", r.export.Warnings())
	}
}

// A Mac packs more than 4 GiB with offsets that wrap and no zip64 record.
func TestMacZipGetsItsSentence(t *testing.T) {
	inner := rawZip(goodEntry())
	at := strings.Index(inner, "PK\x01\x02")
	far := farReader{head: inner[:at], tail: inner[at:], gap: 1 << 32}
	_, err := Open([]File{{Name: "twitter-x.zip", Size: far.size(), ReaderAt: far}})
	if codeOf(err) != "zip-from-mac" {
		t.Errorf("got %v", err)
	}
}

// farReader is a file with gap zero bytes between its head and its tail.
type farReader struct {
	head, tail string
	gap        int64
}

func (f farReader) size() int64 { return int64(len(f.head)) + f.gap + int64(len(f.tail)) }

func (f farReader) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		switch at := off + int64(i); {
		case at >= f.size():
			return i, io.EOF
		case at < int64(len(f.head)):
			p[i] = f.head[at]
		case at < int64(len(f.head))+f.gap:
			p[i] = 0
		default:
			p[i] = f.tail[at-int64(len(f.head))-f.gap]
		}
	}
	return len(p), nil
}

// Zip64 records are written when sizes or counts do not fit; here they are
// written without need, and once with words before the zip.
func TestZip64(t *testing.T) {
	plain := rawZip(goodEntry())
	at := strings.Index(plain, "PK\x01\x02")
	end := strings.Index(plain, "PK\x05\x06")
	for _, before := range []string{"", "words before"} {
		var b bytes.Buffer
		b.WriteString(before + plain[:end])
		write(&b, "PK\x06\x06", uint64(44), uint16(45), uint16(45), uint32(0), uint32(0), uint64(1), uint64(1), uint64(end-at), uint64(at))
		write(&b, "PK\x06\x07", uint32(0), uint64(end), uint32(1))
		write(&b, "PK\x05\x06", uint32(0), uint16(0xffff), uint16(0xffff), uint32(0xffffffff), uint32(0xffffffff), uint16(0))
		if r, code := readZip(t, b.String()); code != "" || r.export.Counts().Following != 1 {
			t.Errorf("%q: got %q", before, code)
		}
	}
}

// An honest archive of 50 GB passes, whatever lies beyond 4 GiB.
func TestHonestFiftyGigabytes(t *testing.T) {
	const video = 50 << 30
	const media, list = "data/tweets_media/1500000000000000000-a.mp4", "data/following.js"
	var head, tail bytes.Buffer
	write(&head, "PK\x03\x04", uint16(45), uint16(0), uint16(0), uint32(0), uint32(0), ^uint32(0), ^uint32(0), uint16(len(media)), uint16(20), media,
		uint16(1), uint16(16), uint64(video), uint64(video))
	crc, size := crc32.ChecksumIEEE([]byte(someFollowing)), uint32(len(someFollowing))
	write(&tail, "PK\x03\x04", uint16(20), uint16(0), uint16(0), uint32(0), crc, size, size, uint16(len(list)), uint16(0), list, someFollowing)
	second := uint64(head.Len()) + video
	index := second + uint64(tail.Len())
	from := tail.Len()
	write(&tail, "PK\x01\x02", uint16(45), uint16(45), uint16(0), uint16(0), uint32(0), uint32(0), ^uint32(0), ^uint32(0),
		uint16(len(media)), uint16(20), uint16(0), uint16(0), uint16(0), uint32(0), uint32(0), media, uint16(1), uint16(16), uint64(video), uint64(video))
	write(&tail, "PK\x01\x02", uint16(45), uint16(45), uint16(0), uint16(0), uint32(0), crc, size, size,
		uint16(len(list)), uint16(12), uint16(0), uint16(0), uint16(0), uint32(0), ^uint32(0), list, uint16(1), uint16(8), second)
	length := uint64(tail.Len() - from)
	write(&tail, "PK\x06\x06", uint64(44), uint16(45), uint16(45), uint32(0), uint32(0), uint64(2), uint64(2), length, index)
	write(&tail, "PK\x06\x07", uint32(0), index+length, uint32(1))
	write(&tail, "PK\x05\x06", uint32(0), uint16(0xffff), uint16(0xffff), ^uint32(0), ^uint32(0), uint16(0))
	far := farReader{head: head.String(), tail: tail.String(), gap: video}
	r := read(t, File{Name: "twitter-x.zip", Size: far.size(), ReaderAt: far})
	if r.err != nil || r.export.Counts().Following != 1 || !r.export.media.has("1500000000000000000-a.mp4") {
		t.Errorf("%v %+v", r.err, r.export)
	}
}

// FuzzZipIndex compares with archive/zip: what both take must have the same
// names, and nothing may crash or read beyond its bounds.
func FuzzZipIndex(f *testing.F) {
	good := rawZip(goodEntry(), rawEntry{name: "data/tweets.js", data: someTweets})
	f.Add([]byte(good))
	f.Add([]byte("before" + good + "after"))
	f.Add([]byte(rawZip(rawEntry{name: "data/tweets.js", data: "x", size: 0xffffffff, sameAs: 0})))
	var b bytes.Buffer
	if err := importertest.WriteArchive(&b, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		readAny(t, []File{{Name: "x.zip", Size: int64(len(content)), ReaderAt: bytes.NewReader(content)}})
		end, found, err := findEnd(bytes.NewReader(content), int64(len(content)))
		if err != nil || !found {
			return
		}
		var names []string
		if readIndex(bytes.NewReader(content), end, func(e entry) error { names = append(names, e.name); return nil }) != nil {
			return
		}
		z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return
		}
		var theirs []string
		for _, f := range z.File {
			theirs = append(theirs, f.Name)
		}
		if len(theirs) == len(names) && !slices.Equal(names, theirs) {
			t.Errorf("%q, archive/zip %q", names, theirs)
		}
	})
}
