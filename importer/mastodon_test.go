package importer

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
)

const idaActor = `{"@context":"https://www.w3.org/ns/activitystreams","id":"https://mudflat.test/users/ida","type":"Person","preferredUsername":"ida","name":"Ida","summary":"<p>CANARY</p>","icon":{"url":"avatar.jpg"},"outbox":"outbox.json","likes":"likes.json"}`

const everybody = `"https://www.w3.org/ns/activitystreams#Public"`

// postedAt is one item of an outbox.
func postedAt(n int, to, cc, more string) string {
	return fmt.Sprintf(`{"id":"https://mudflat.test/users/ida/statuses/%[1]d/activity","type":"Create","actor":"https://mudflat.test/users/ida","published":"2022-11-08T03:07:%02[2]dZ","to":[%[3]s],"cc":[%[4]s],
"object":{"id":"https://mudflat.test/users/ida/statuses/%[1]d","type":"Note","url":"https://mudflat.test/@ida/%[1]d","published":"2022-11-08T03:07:%02[2]dZ","to":[%[3]s],"cc":[%[4]s],%[5]s}}`, 109000000000000000+n, n, to, cc, more)
}

const toFollowers = `"https://mudflat.test/users/ida/followers"`

// idaOutbox is an outbox with one of everything. Its totalItems is wrong, as
// that of real ones is.
var idaOutbox = `{"@context":[],"id":"outbox.json","type":"OrderedCollection","totalItems":99,"orderedItems":[` + strings.Join([]string{
	postedAt(1, everybody, toFollowers, `"content":"<p>Hello <strong>all</strong>, see <a href=\"https://site.test/a?b=1&amp;c=2\"><span class=\"invisible\">https://</span><span class=\"ellipsis\">site.test/a</span></a> &amp; <a href=\"https://mudflat.test/tags/knots\" class=\"mention hashtag\" rel=\"tag\">#<span>knots</span></a></p><p>鹬<br>two</p>","contentMap":{"en":"x"},"sensitive":false,
"attachment":[{"type":"Document","mediaType":"image/jpeg","url":"/bucket/media_attachments/files/109/333/original/3381f6f615f26246.jpeg","name":"a knot","width":640,"height":480,"focalPoint":[0.5,-0.25]},{"type":"Document","mediaType":"video/mp4","url":"/media_attachments/files/109/334/original/gone.mp4"}]`),
	postedAt(2, toFollowers, everybody, `"content":"<p><span class=\"h-card\"><a href=\"https://tide.test/@jun\" class=\"u-url mention\">@<span>jun</span></a></span> yes</p>","summary":"warned","sensitive":true,"inReplyTo":"https://tide.test/users/jun/statuses/7","tag":[{"type":"Mention","href":"https://tide.test/@jun","name":"@jun@tide.test"}]`),
	postedAt(3, everybody, "", `"content":"<p>a thread</p>","inReplyTo":"https://mudflat.test/users/ida/statuses/109000000000000001"`),
	postedAt(4, everybody, "", `"content":"<p>its end</p>","inReplyTo":"https://mudflat.test/users/ida/statuses/109000000000000003"`),
	postedAt(5, toFollowers, "", `"content":"<p>CANARY for followers</p>"`),
	postedAt(6, `"https://tide.test/users/jun"`, "", `"content":"<p>CANARY direct</p>"`),
	`{"id":"https://mudflat.test/users/ida/statuses/109000000000000007/activity","type":"Announce","actor":"https://mudflat.test/users/ida","published":"2022-11-08T03:07:07Z","to":[` + everybody + `],"cc":[],"object":"https://tide.test/users/jun/statuses/9"}`,
	strings.Replace(postedAt(8, everybody, "", `"content":"<p>which?</p>","oneOf":[{"type":"Note","name":"this","replies":{"type":"Collection","totalItems":3}},{"name":"that"}]`), `"type":"Note","url"`, `"type":"Question","url"`, 1),
	`{"type":"Move","object":"x"}`,
}, ",") + `]}`

var idaCounts = social.Counts{Posts: 6, Replies: 1, Reposts: 1, Threads: 1, Media: 2, MediaMissing: 1}

const pictureFile = "media_attachments/files/109/333/original/3381f6f615f26246.jpeg"

// archiveOf is ida's archive, its files under a prefix.
func archiveOf(prefix string) (entries []rawEntry) {
	for _, f := range [][2]string{{pictureFile, "PICTURE"}, {"outbox.json", idaOutbox}, {"likes.json", `{"orderedItems":["CANARY"]}`}, {"actor.json", idaActor}, {"avatar.jpg", "x"}} {
		entries = append(entries, rawEntry{name: prefix + f[0], data: f[1]})
	}
	return entries
}

func tarOf(t testing.TB, entries []rawEntry, packed bool) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if err := w.WriteHeader(&tar.Header{Name: e.name, Size: int64(len(e.data)), Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(e.data))
	}
	w.Close()
	if !packed {
		return b.String()
	}
	return gzipped(b.String())
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

// allPosts reads an export with its posts.
func allPosts(t *testing.T, e *Export) (posts []*social.Post) {
	t.Helper()
	defer e.Close()
	for x, err := range e.WithPosts().Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if x.Post != nil {
			posts = append(posts, x.Post)
		}
	}
	slices.SortFunc(posts, func(a, b *social.Post) int { return strings.Compare(a.ID, b.ID) })
	return posts
}

func TestMastodonArchives(t *testing.T) {
	folder := t.TempDir()
	for _, e := range archiveOf("archive-1/") {
		path := filepath.Join(folder, e.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(e.data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string][]File{
		"zip":           {file("archive-20221108.zip", rawZip(archiveOf("")...))},
		"zip, repacked": {file("archive.zip", rawZip(archiveOf("archive-20221108/")...))},
		"tar.gz":        {file("archive-20221108.tar.gz", tarOf(t, archiveOf(""), true))},
		"tar":           {file("archive.tar", tarOf(t, archiveOf("./"), false))},
		"single files":  {file("outbox.json", idaOutbox), file("actor.json", idaActor)},
		"folder":        nil,
	}
	for name, given := range files {
		open := func() (*Export, error) {
			if given == nil {
				return OpenPath(folder)
			}
			return Open(given)
		}
		e, err := open()
		r := drain(t, e, err)
		want := idaCounts
		if name == "single files" {
			want.MediaMissing = 2
		}
		if got := r.export.Counts(); r.err != nil || got != want {
			t.Errorf("%s: %v\n got %+v\nwant %+v", name, r.err, got, want)
		}
		codes := r.codes()
		slices.Sort(codes)
		if !slices.Equal(codes, []string{"private-posts", "rows-skipped"}) {
			t.Errorf("%s: %q", name, r.export.Warnings())
		}
		if o := r.export.Owner(); o.Username != "ida@mudflat.test" || o.Network != social.Fediverse || r.export.Kind() != social.KindMastodon || !r.export.ExportedAt().Equal(time.Date(2022, 11, 8, 3, 7, 8, 0, time.UTC)) {
			t.Errorf("%s: %+v %s %v", name, o, r.export.Kind(), r.export.ExportedAt())
		}
		if e, err = open(); err != nil {
			t.Fatal(err)
		}
		checkIdasPosts(t, name, allPosts(t, e), want.MediaMissing == 1)
	}
}

func checkIdasPosts(t *testing.T, name string, posts []*social.Post, media bool) {
	t.Helper()
	if len(posts) != 8 {
		t.Fatalf("%s: %d posts", name, len(posts))
	}
	for _, p := range posts {
		if !p.Sound() {
			t.Errorf("%s: not sound: %+v", name, p)
		}
	}
	audiences := []social.Audience{social.ToEveryone, social.ToUnlisted, social.ToEveryone, social.ToEveryone, social.ToFollowers, social.ToMentioned, social.ToEveryone, social.ToEveryone}
	for i, want := range audiences {
		if posts[i].Audience != want {
			t.Errorf("%s: post %d is %s, want %s", name, i+1, posts[i].Audience, want)
		}
	}
	first, second := posts[0], posts[1]
	if want := "Hello all, see https://site.test/a?b=1&c=2 & #knots\n\n鹬\ntwo"; first.Text != want || first.Language != "en" || first.Thread != first.ID || first.URL != "https://mudflat.test/@ida/109000000000000001" {
		t.Errorf("%s: %+v\nwant text %q", name, first, want)
	}
	if len(first.Entities) != 2 || first.Entities[0].URL != "https://site.test/a?b=1&c=2" || first.Entities[1].Tag != "knots" || len(first.Styles) != 1 || first.Text[first.Styles[0].Start:first.Styles[0].End] != "all" {
		t.Errorf("%s: entities %+v, styles %+v", name, first.Entities, first.Styles)
	}
	picture := social.Media{Kind: social.Photo, File: "3381f6f615f26246.jpeg", Alt: "a knot", Width: 640, Height: 480, Size: 7, FocusX: 0.5, FocusY: -0.25}
	if !media {
		picture.File, picture.Size, picture.Missing = "", 0, true
	}
	if len(first.Media) != 2 || first.Media[0] != picture || !first.Media[1].Missing {
		t.Errorf("%s: media %+v", name, first.Media)
	}
	if e := second.Entities; len(e) != 1 || e[0].Username != "jun@tide.test" || second.Text != "@jun yes" || second.Warning != "warned" || !second.Sensitive || second.Reply.Own || second.Reply.URL == "" {
		t.Errorf("%s: %+v", name, second)
	}
	if posts[3].Thread != first.ID || !posts[3].Reply.Own || posts[3].Reply.ID != posts[2].ID || posts[6].Repost.URL != "https://tide.test/users/jun/statuses/9" {
		t.Errorf("%s: thread %+v, boost %+v", name, posts[3], posts[6])
	}
	if poll := posts[7].Poll; len(poll) != 2 || poll[0] != (social.PollOption{Title: "this", Votes: 3}) {
		t.Errorf("%s: poll %+v", name, poll)
	}
}

// The lists that Mastodon and GoToSocial give, with and without a header.
func TestMastodonLists(t *testing.T) {
	for name, tc := range map[string]struct {
		file, text string
		want       []string
	}{
		"following":           {"following_accounts.csv", "Account address,Show boosts,Notify on new posts,Languages\nida@mudflat.test,true,false,\"en, de\"\n@jun@tide.test,false,true,\n", []string{"following ida", "following jun"}},
		"following, 2017":     {"following_accounts.csv", "ida@mudflat.test\njun@tide.test\n", []string{"following ida", "following jun"}},
		"following, renamed":  {"my people.csv", "Account address,Show boosts,Notify on new posts,Languages\nida@mudflat.test,true,false,\n", []string{"following ida"}},
		"followers":           {"followers.csv", "Account address\nida@mudflat.test\n", []string{"follower ida"}},
		"blocks":              {"blocked_accounts.csv", "ida@mudflat.test\n", []string{"blocked ida"}},
		"blocks, a copy":      {"blocked_accounts (1).csv", "ida@mudflat.test\n", []string{"blocked ida"}},
		"mutes":               {"muted_accounts.csv", "Account address,Hide notifications\nida@mudflat.test,true\n", []string{"muted ida"}},
		"mutes, renamed":      {"quiet.csv", "Account address,Hide notifications\nida@mudflat.test,true\n", []string{"muted ida"}},
		"lists":               {"lists.csv", "waders,ida@mudflat.test\nwaders,jun@tide.test\n", []string{"listed ida in waders", "listed jun in waders"}},
		"lists with a header": {"lists.csv", "List name,Account address\nwaders,ida@mudflat.test\n", []string{"listed ida in waders"}},
	} {
		r := read(t, file(tc.file, tc.text))
		if r.err != nil {
			t.Errorf("%s: %v", name, r.err)
			continue
		}
		var got []string
		for _, x := range r.records {
			user, _, _ := strings.Cut(x.Username, "@")
			line := string(x.Edge) + " " + user
			if x.List != "" {
				line += " in " + x.List
			}
			got = append(got, line)
		}
		if !slices.Equal(got, tc.want) || len(r.codes()) > 0 || r.export.Kind() != social.KindMastodon {
			t.Errorf("%s: %q %s\n got %q\nwant %q", name, r.codes(), r.export.Kind(), got, tc.want)
		}
	}
	r := read(t, file("following_accounts.csv", "ida@mudflat.test\n"), file("lists.csv", "waders,ida@mudflat.test\n"), file("outbox.json", idaOutbox), file("actor.json", idaActor))
	if c := r.export.Counts(); c.Following != 1 || c.Lists != 1 || c.Posts != idaCounts.Posts {
		t.Errorf("together: %+v", c)
	}
}

// Of a cut or broken archive nothing is kept; of a cut file what was whole.
func TestMastodonTroubles(t *testing.T) {
	packed := tarOf(t, archiveOf(""), true)
	for name, tc := range map[string]struct {
		file File
		code string
	}{
		"cut":        {file("a.tar.gz", packed[:len(packed)/2]), "tar-truncated"},
		"no gzip":    {file("a.tar.gz", "\x1f\x8bnonsense"), "tar-damaged"},
		"no archive": {file("a.tar.gz", tarOf(t, []rawEntry{{name: "x.txt", data: "x"}}, true)), "not-an-export"},
		"twice":      {file("a.tar", tarOf(t, []rawEntry{{name: "outbox.json", data: idaOutbox}, {name: "./outbox.json", data: "{}"}}, false)), "zip-duplicate"},
		"not a tar":  {file("a.tar.gz", gzipped("words, and more of them")), "tar-truncated"},
		"empty":      {file("a.tar.gz", tarOf(t, nil, true)), "not-an-export"},
	} {
		if r := read(t, tc.file); codeOf(r.err) != tc.code {
			t.Errorf("%s: %v, want %s", name, r.err, tc.code)
		}
	}
	r := read(t, file("outbox.json", idaOutbox[:strings.Index(idaOutbox, "a thread")]))
	if c := r.export.Counts(); r.err != nil || c.Posts != 2 || !slices.Equal(r.codes(), []string{"part-cut"}) {
		t.Errorf("cut outbox: %v %+v %q", r.err, c, r.export.Warnings())
	}
}

// hardTar is a tar whose entries a server would never write.
func hardTar(t *testing.T, h *tar.Header, data string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(h); err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(data))
	w.Close()
	return b.String()
}

// sparseTar is a tar in the GNU sparse format 1.0, whose map of regions begins
// the data: written by hand, since archive/tar writes none.
func sparseTar(t *testing.T, regions int) string {
	t.Helper()
	var sparse strings.Builder
	fmt.Fprintf(&sparse, "%d\n", regions)
	for i := range min(regions, 3) {
		fmt.Fprintf(&sparse, "%d\n1\n", i*2)
	}
	sparse.WriteString(strings.Repeat("7\n1\n", max(regions-3, 0)))
	sparse.WriteString(strings.Repeat("\x00", 512-sparse.Len()%512))
	pax := paxRecord("GNU.sparse.major", "1") + paxRecord("GNU.sparse.minor", "0") + paxRecord("GNU.sparse.name", "outbox.json") + paxRecord("GNU.sparse.realsize", "1099511627776")
	return tarHeader("PaxHeaders/outbox.json", 'x', len(pax)) + pad(pax) + tarHeader("outbox.json", '0', sparse.Len()) + sparse.String() + strings.Repeat("\x00", 1024)
}

func paxRecord(key, value string) string {
	n := len(key) + len(value) + 3
	for len(fmt.Sprint(n))+len(key)+len(value)+3 != n {
		n = len(fmt.Sprint(n)) + len(key) + len(value) + 3
	}
	return fmt.Sprintf("%d %s=%s\n", n, key, value)
}

func pad(s string) string { return s + strings.Repeat("\x00", (512-len(s)%512)%512) }

func tarHeader(name string, kind byte, size int) string {
	h := make([]byte, 512)
	copy(h, name)
	copy(h[100:], "0000644\x000000000\x000000000\x00")
	copy(h[124:], fmt.Sprintf("%011o\x00%011o\x00", size, 0))
	copy(h[148:], "        ")
	h[156] = kind
	copy(h[257:], "ustar\x0000")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return string(h)
}

func TestZIP09Tar(t *testing.T) {
	plain := func(kind byte, target string) string {
		return hardTar(t, &tar.Header{Name: "outbox.json", Typeflag: kind, Linkname: target, Mode: 0o644}, "")
	}
	moved := paxRecord("path", "../outbox.json")
	long := tarHeader("PaxHeaders/outbox.json", 'x', len(moved)) + pad(moved) + tarHeader("outbox.json", '0', 2) + pad("{}") + strings.Repeat("\x00", 1024)
	for name, tc := range map[string]struct {
		text string
		code string
	}{
		"symbolic link":       {plain(tar.TypeSymlink, "/etc/passwd"), "not-an-export"},
		"hard link":           {plain(tar.TypeLink, "../following.js"), "not-an-export"},
		"character device":    {plain(tar.TypeChar, ""), "not-an-export"},
		"block device":        {plain(tar.TypeBlock, ""), "not-an-export"},
		"fifo":                {plain(tar.TypeFifo, ""), "not-an-export"},
		"name by PAX":         {long, "not-an-export"},
		"sparse":              {sparseTar(t, 3), "unsafe-archive"},
		"sparse, 10⁷ regions": {sparseTar(t, 10_000_000), "tar-damaged"},
		"a terabyte declared": {hugeTar(), "unsafe-archive"},
		"absolute":            {tarHeader("/outbox.json", '0', 2) + pad("{}") + strings.Repeat("\x00", 1024), "not-an-export"},
	} {
		given := file("a.tar.gz", gzipped(tc.text))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := read(t, given)
		runtime.ReadMemStats(&after)
		if codeOf(r.err) != tc.code || len(r.records) > 0 {
			t.Errorf("%s: %v, want %s", name, r.err, tc.code)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
			t.Errorf("%s: %d MiB were taken", name, used>>20)
		}
	}
}

// hugeTar declares a file of a terabyte and more, in the base-256 form.
func hugeTar() string {
	h := []byte(tarHeader("outbox.json", '0', 0))
	copy(h[124:136], "\x80\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00")
	copy(h[148:], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return string(h) + "{}"
}

// Real bytes count, over however many gzip streams they are spread.
func TestZIP09ManyStreams(t *testing.T) {
	zeros := gzipped(string(make([]byte, 8<<20)))
	head := gzipped(tarHeader("outbox.json", '0', 1<<33))
	r := read(t, file("a.tar.gz", head+strings.Repeat(zeros, 40)))
	if r.err == nil || len(r.records) > 0 {
		t.Errorf("read: %v", r.err)
	}
	in := &counted{r: strings.NewReader("")}
	limit := &inflated{r: endless{}, in: in, left: 1 << 30, packed: true}
	n := 0
	for {
		m, err := limit.Read(make([]byte, 4096))
		if n += m; err != nil {
			break
		}
	}
	if n > ratioFrom+4096 {
		t.Errorf("%d bytes came out of nothing", n)
	}
}

func FuzzTar(f *testing.F) {
	f.Add([]byte(tarOf(f, archiveOf(""), true)))
	f.Add([]byte(tarOf(f, archiveOf("x/"), false)))
	f.Fuzz(func(t *testing.T, data []byte) { readAny(t, []File{file("a.tar.gz", string(data))}) })
}

func FuzzOutbox(f *testing.F) {
	f.Add(idaOutbox)
	f.Add(`{"id":"outbox.json","type":"OrderedCollection","orderedItems":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Open([]File{file("outbox.json", text)})
		if err != nil {
			wantFault(t, err)
			return
		}
		defer e.Close()
		for x, err := range e.WithPosts().Records(t.Context()) {
			if err != nil {
				wantFault(t, err)
				return
			}
			if x.Post != nil && !x.Post.Sound() {
				t.Errorf("not sound: %+v", x.Post)
			}
		}
	})
}
