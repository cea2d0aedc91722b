package importertest

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/klauspost/compress/flate"

	"godwit/internal/social"
)

// Shape says how large a synthetic archive is to be.
type Shape struct {
	Text      int64 // bytes of posts at least
	Part      int64 // bytes after which a further tweets-partN.js begins; 0 for one file
	People    int   // how many different accounts the posts name; default 20,000
	Following int   // how many of these, and as many others, the owner follows; default 2,000 in all
	Seed      uint64
}

// Known is what reading a synthetic archive must give.
type Known struct {
	Owner      social.Account
	ExportedAt time.Time
	Counts     social.Counts
	Text       int64 // bytes of tweets.js and its parts
	Zip        int64 // bytes of the zip
}

// Generate writes a synthetic archive of the given shape. It streams, and the
// same shape always gives the same bytes.
func Generate(w io.Writer, s Shape) (Known, error) {
	if s.People == 0 {
		s.People = 20_000
	}
	if s.Following == 0 {
		s.Following = 2_000
	}
	out := &counter{w: w}
	g := newGenerator(s, zip.NewWriter(out))
	if err := g.write(); err != nil {
		return Known{}, err
	}
	g.known.Zip = out.n
	return g.known, nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

type generator struct {
	shape   Shape
	zip     *zip.Writer
	rand    *rand.Rand
	archive Archive // the small files
	named   map[string]bool
	parent  int64 // id of the post that the newer one answers
	chain   int   // how many posts of that thread were written
	next    int64 // id of the post to come
	known   Known
	files   []dataFile
}

var exported2026 = time.Date(2026, 7, 25, 12, 21, 58, 798e6, time.UTC)

func newGenerator(s Shape, z *zip.Writer) *generator {
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 6) })
	owner := Person{ID: "7700000000", Username: "godwit_owner", Name: "Owner of the synthetic archive"}
	g := &generator{
		shape: s, zip: z, rand: rand.New(rand.NewPCG(s.Seed, 7)), named: map[string]bool{},
		archive: Archive{Owner: owner, OldUsernames: []string{"godwit_before"}, ExportedAt: exported2026},
		next:    IDAt(exported2026.Add(-time.Hour), 0),
	}
	for i := range s.Following {
		// Every second one is among the people whom the posts name.
		g.archive.Following = append(g.archive.Following, g.person(i*s.People*2/s.Following))
	}
	g.archive.Followers = g.archive.Following[:s.Following/2]
	g.known = Known{
		Owner:      social.Account{Network: social.X, NativeID: owner.ID, Username: owner.Username, Name: owner.Name},
		ExportedAt: exported2026,
		Counts:     social.Counts{Following: s.Following, Followers: s.Following / 2, Accounts: s.Following},
	}
	return g
}

// person is the i-th invented account; the posts name those below People.
func (g *generator) person(i int) Person {
	return Person{ID: decimal(int64(i)*7919 + 12_000_000), Username: fmt.Sprintf("synthetic_%06d", i), Name: fmt.Sprintf("Synthetic Person %d ✨", i)}
}

func (g *generator) write() error {
	for from := int64(0); from < max(g.shape.Text, 1); from = g.known.Text {
		if err := g.tweets(len(g.files)); err != nil {
			return err
		}
	}
	for _, f := range g.archive.data()[:7] { // all but the posts
		g.files = append(g.files, f)
		if err := g.put(f.name, f.text); err != nil {
			return err
		}
	}
	if err := g.put("data/manifest.js", g.archive.manifest(g.files)); err != nil {
		return err
	}
	for _, p := range g.archive.Following {
		if g.named[p.ID] {
			g.known.Counts.FollowingNamed++
		}
	}
	g.known.Counts.AccountsNamed = g.known.Counts.FollowingNamed
	return g.zip.Close()
}

func (g *generator) put(name, text string) error {
	f, err := g.zip.Create(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return err
}

// tweets writes one part.
func (g *generator) tweets(part int) error {
	name, global := "data/tweets.js", "tweets.part0"
	if part > 0 {
		name, global = fmt.Sprintf("data/tweets-part%d.js", part), fmt.Sprintf("tweets.part%d", part)
	}
	f, err := g.zip.Create(name)
	if err != nil {
		return err
	}
	out := &counter{w: f}
	w := bufio.NewWriterSize(out, 256<<10)
	fmt.Fprintf(w, "window.YTD.%s = [", global)
	n, size := 0, int64(0)
	var b []byte
	for ; n == 0 || !g.full(size); n++ {
		b = b[:0]
		if n > 0 {
			b = append(b, ',')
		}
		b = append(b, '\n')
		b = appendTweet(b, g.tweet())
		size += int64(len(b))
		w.Write(b)
	}
	fmt.Fprint(w, "\n]")
	g.files = append(g.files, dataFile{kind: "tweets", name: name, global: "YTD." + global, count: n})
	err = w.Flush()
	g.known.Text += out.n
	return err
}

func (g *generator) full(size int64) bool {
	return g.known.Text+size >= g.shape.Text || g.shape.Part > 0 && size >= g.shape.Part
}

// tweet makes the next post, older than the one before, in about the mixture of
// real archives: half replies, a tenth reposts, some quotes, media and threads.
func (g *generator) tweet() Tweet {
	t := Tweet{ID: g.next, Text: g.text()}
	g.next -= int64(g.rand.IntN(3_600_000)+1) << 22 / 16
	c := &g.known.Counts
	c.Posts++
	switch kind := g.rand.IntN(100); {
	case g.parent == t.ID:
		g.answered(&t)
	case kind < 46:
		p := g.mention(&t, "@%s ")
		t.ReplyTo = Reply{Status: t.ID - 1<<30, To: p}
		c.Replies++
	case kind < 55:
		g.mention(&t, "RT @%s: ")
		c.Reposts++
	case kind < 59:
		t.Links = []string{fmt.Sprintf("https://x.com/somebody/status/%d", t.ID-1<<31)}
		c.Quotes++
	case kind < 65:
		g.thread(&t)
	case kind < 80:
		t.Media = []Media{{Kind: "photo", File: fmt.Sprintf("G%014d", t.ID%1e14), Missing: true}}
		c.Media++
		c.MediaMissing++
	case kind < 90:
		t.Links = []string{fmt.Sprintf("https://site.test/page/%d", t.ID%1e6)}
	}
	return t
}

// thread makes t the answer to the post that comes next.
func (g *generator) thread(t *Tweet) {
	t.ReplyTo = Reply{Status: g.next, To: g.archive.Owner}
	g.parent = g.next
	g.chain++
}

// answered makes t the post that the newer one answered: the beginning of the
// thread, or a further middle.
func (g *generator) answered(t *Tweet) {
	if g.chain == 1 {
		g.known.Counts.Threads++
	}
	if g.rand.IntN(3) == 0 {
		g.thread(t)
		return
	}
	g.parent, g.chain = 0, 0
}

func (g *generator) mention(t *Tweet, form string) Person {
	p := g.person(g.rand.IntN(g.shape.People))
	g.named[p.ID] = true
	t.Mentions = []Person{p}
	t.Text = fmt.Sprintf(form, p.Username) + t.Text
	return p
}

var words = strings.Fields("the a tide comes in and bar tailed birds rise over mud flats to fly south again & nobody knows " +
	"why they never rest until they see land <here> where wind turns cold 渡り鳥 über ça señor today tomorrow morning coffee")

func (g *generator) text() string {
	var b strings.Builder
	for range 6 + g.rand.IntN(24) {
		b.WriteString(words[g.rand.IntN(len(words))])
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}
