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

// Shape says how large a synthetic archive is to be, and of which form.
type Shape struct {
	Form      Form
	Text      int64 // bytes of posts at least
	Part      int64 // bytes after which a further tweets-partN.js begins; 0 for one file
	People    int   // how many different accounts the posts name; default 20,000
	Following int   // how many of these, and as many others, the owner follows; default 2,000 in all
	Words     int   // how many words the longest post has; default 30
	Media     int64 // bytes of pictures and videos at least, as far as the posts have some
	Seed      uint64
}

// Known is what reading a synthetic archive must give.
type Known struct {
	Owner      social.Account
	ExportedAt time.Time // zero for a form that does not tell
	Counts     social.Counts
	Text       int64 // bytes of the files with posts
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
	if s.Words == 0 {
		s.Words = 30
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
	parent  int64   // id of the post that the newer one answers
	chain   int     // how many posts of that thread were written
	next    int64   // id of the post to come
	longest int64   // step from one post to the next
	older   *Tweet  // the version of an edited post that comes next
	notes   []int64 // posts with a whole text elsewhere
	media   []string
	room    int64 // bytes of media still to be written
	known   Known
	files   []dataFile
}

// leastTweet is fewer bytes than any post is written in.
const leastTweet = 700

// exports are the days on which the exports of each form were made.
var exports = map[Form]time.Time{
	Archive2022: time.Date(2026, 7, 25, 12, 21, 58, 798e6, time.UTC),
	Archive2020: time.Date(2021, 3, 2, 8, 0, 0, 0, time.UTC),
	Flat2018:    time.Date(2018, 8, 13, 7, 48, 54, 0, time.UTC),
	Tweets2012:  time.Date(2017, 5, 13, 0, 23, 30, 0, time.UTC),
}

func newGenerator(s Shape, z *zip.Writer) *generator {
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 6) })
	owner := Person{ID: "7700000000", Username: "godwit_owner", Name: "Owner of the synthetic archive"}
	made := exports[s.Form]
	g := &generator{
		shape: s, zip: z, rand: rand.New(rand.NewPCG(s.Seed, 7)), named: map[string]bool{},
		archive: Archive{Owner: owner, OldUsernames: []string{"godwit_before"}, ExportedAt: made, Form: s.Form},
		next:    IDAt(made.Add(-time.Hour), 0), room: s.Media,
	}
	g.longest = g.next / (s.Text/leastTweet + 1)
	g.known = Known{
		Owner:      social.Account{Network: social.X, NativeID: owner.ID, Username: owner.Username, Name: owner.Name},
		ExportedAt: made,
	}
	switch s.Form {
	case Tweets2012:
		return g
	case Flat2018:
		g.known.ExportedAt = time.Time{}
	case Archive2022:
		g.archive.Community = []Tweet{{ID: g.next + 3, Text: "for the community", Community: "1500000000000000001"}}
		g.archive.Circle = []Tweet{{ID: g.next + 2, Text: "for the circle"}}
		g.archive.Deleted = []Tweet{{ID: g.next + 1, Text: "deleted"}}
	}
	for i := range s.Following {
		// Every second one is among the people whom the posts name.
		g.archive.Following = append(g.archive.Following, g.person(i*s.People*2/s.Following))
	}
	g.archive.Followers = g.archive.Following[:s.Following/2]
	g.archive.Blocked, g.archive.Muted = g.strangers(0, 5), g.strangers(5, 3)
	for i := range 4 {
		g.archive.Lists = append(g.archive.Lists, fmt.Sprintf("https://twitter.com/godwit_owner/lists/%d", 1846969235551277401+i))
	}
	g.archive.OnLists = []string{"https://twitter.com/synthetic_000001/lists/1846969235551277499"}
	g.known.Counts = social.Counts{Following: s.Following, Followers: s.Following / 2, Blocked: 5, Muted: 3, Lists: 4, OnLists: 1, Accounts: s.Following + 8}
	return g
}

// person is the i-th invented account; the posts name those below People.
func (g *generator) person(i int) Person {
	return Person{ID: decimal(int64(i)*7919 + 12_000_000), Username: fmt.Sprintf("synthetic_%06d", i), Name: fmt.Sprintf("Synthetic Person %d ✨", i)}
}

// strangers are people whom no post names.
func (g *generator) strangers(from, n int) (people []Person) {
	for i := range n {
		people = append(people, g.person(3*g.shape.People+from+i))
	}
	return people
}

func (g *generator) write() error {
	for from := int64(0); from < max(g.shape.Text, 1); from = g.known.Text {
		if err := g.tweets(len(g.files)); err != nil {
			return err
		}
	}
	if err := g.writeMedia(); err != nil {
		return err
	}
	if err := g.writeSmall(); err != nil {
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

// writeSmall writes the files that hold few posts or none.
func (g *generator) writeSmall() error {
	if g.shape.Form == Tweets2012 {
		return g.writeGrail()
	}
	if len(g.notes) > 0 {
		if err := g.writeNotes(); err != nil {
			return err
		}
	}
	a := g.archive
	small := a.small()
	if g.shape.Form == Archive2022 {
		small = append(small,
			a.tweetFile("deletedTweets", "data/deleted-tweets.js", "deleted_tweets.part0", a.Deleted),
			a.tweetFile("communityTweet", "data/community-tweet.js", "community_tweet.part0", a.Community),
			a.tweetFile("twitterCircleTweet", "data/twitter-circle-tweet.js", "twitter_circle_tweet.part0", a.Circle))
	}
	for _, f := range small {
		g.files = append(g.files, f)
		if err := g.put(a.Form.path(f.name), f.text); err != nil {
			return err
		}
	}
	if g.shape.Form == Flat2018 {
		return g.put("README.txt", "Your data")
	}
	return g.put("data/manifest.js", a.manifest(g.files))
}

// writeGrail writes what describes the months.
func (g *generator) writeGrail() error {
	index := "var tweet_index =  [ "
	for i, f := range g.files {
		if i > 0 {
			index += ", "
		}
		index += f.text
	}
	for _, f := range []struct{ name, text string }{
		{"data/js/tweet_index.js", index + " ]"},
		{"data/js/user_details.js", grailOwner(g.archive.Owner)},
		{"data/js/payload_details.js", grailPayload(g.known.Counts.Posts, g.archive.ExportedAt)},
	} {
		if err := g.put(f.name, f.text); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) put(name, text string) error {
	f, err := g.zip.Create(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return err
}

// writeMedia writes the files of posts, unpacked as X writes them.
func (g *generator) writeMedia() error {
	junk := make([]byte, 64<<10)
	for i := range junk {
		junk[i] = byte(g.rand.Uint32())
	}
	for _, name := range g.media {
		f, err := g.zip.CreateHeader(&zip.FileHeader{Name: g.shape.Form.mediaFolder() + name, Method: zip.Store})
		if err != nil {
			return err
		}
		for range g.pieces() {
			if _, err := f.Write(junk); err != nil {
				return err
			}
		}
	}
	return nil
}

// pieces is how many times 64 KiB one file has: large exports hold videos.
func (g *generator) pieces() int { return int(min(max(g.shape.Media>>23, 1), 512)) }

// writeNotes writes the whole texts of long posts.
func (g *generator) writeNotes() error {
	f, err := g.zip.Create("data/note-tweet.js")
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fmt.Fprint(w, "window.YTD.note_tweet.part0 = [")
	for i, id := range g.notes {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteByte('\n')
		w.Write(appendNote(nil, Tweet{ID: id, Note: noteOf(id)}))
	}
	fmt.Fprint(w, "\n]")
	g.files = append(g.files, dataFile{kind: "noteTweet", name: "data/note-tweet.js", global: "YTD.note_tweet.part0", count: len(g.notes)})
	return w.Flush()
}

// noteOf is the whole text of a post, the same each time.
func noteOf(id int64) *Note {
	r := rand.New(rand.NewPCG(uint64(id), 8))
	n := &Note{Text: "Long: " + someWords(r, 80+r.IntN(200))}
	if r.IntN(4) == 0 { // of such a quote the post itself tells nothing
		n.Links = []string{fmt.Sprintf("https://x.com/somebody/status/%d", id-1<<31)}
		n.Text += " " + n.Links[0]
	}
	return n
}

// part names the n-th file of posts; of a tweet archive, the month of the post
// to come.
func (g *generator) part(n int) (name, head, tail string) {
	kind := g.shape.Form.kind()
	switch {
	case g.shape.Form == Tweets2012:
		month := TimeOf(g.next).Format("2006_01")
		return "data/js/tweets/" + month + ".js", "Grailbird.data.tweets_" + month + " = \n [ ", " ]"
	case n == 0:
		return "data/" + kind + ".js", "window.YTD." + kind + ".part0 = [", "\n]"
	}
	return fmt.Sprintf("data/%s-part%d.js", kind, n), fmt.Sprintf("window.YTD.%s.part%d = [", kind, n), "\n]"
}

// tweets writes one part.
func (g *generator) tweets(part int) error {
	name, head, tail := g.part(part)
	f, err := g.zip.Create(g.shape.Form.path(name))
	if err != nil {
		return err
	}
	out := &counter{w: f}
	w := bufio.NewWriterSize(out, 256<<10)
	fmt.Fprint(w, head)
	n, size := 0, int64(0)
	from := TimeOf(g.next)
	var b []byte
	for ; n == 0 || !g.full(size, from); n++ {
		b = b[:0]
		if n > 0 {
			b = append(b, ',')
		}
		b = g.append(append(b, '\n'), g.tweet())
		size += int64(len(b))
		w.Write(b)
	}
	fmt.Fprint(w, tail)
	file := dataFile{kind: g.shape.Form.kind(), name: name, global: strings.TrimSuffix(strings.TrimPrefix(head, "window."), " = ["), count: n}
	if g.shape.Form == Tweets2012 {
		file.text = string(appendMonth(nil, from, n))
	}
	g.files = append(g.files, file)
	err = w.Flush()
	g.known.Text += out.n
	return err
}

func (g *generator) append(b []byte, t Tweet) []byte {
	if g.shape.Form == Tweets2012 {
		return appendGrail(b, t, g.archive.Owner)
	}
	return appendTweet(b, t, g.shape.Form)
}

// full reports whether a part is: one of a tweet archive ends with the month.
// An edited post is not left without its older version.
func (g *generator) full(size int64, from time.Time) bool {
	if g.shape.Form == Tweets2012 && TimeOf(g.next).Format("2006_01") != from.Format("2006_01") {
		return true
	}
	return g.older == nil && (g.known.Text+size >= g.shape.Text || g.shape.Form != Tweets2012 && g.shape.Part > 0 && size >= g.shape.Part)
}

// step goes back in time: two minutes on average, further in a tweet archive,
// so that it has several months, and less far where the posts are so many that
// X would not be old enough.
func (g *generator) step() int64 {
	id := g.next
	step := int64(g.rand.IntN(3_600_000)+1) << 22 / 16
	if g.shape.Form == Tweets2012 {
		step *= 16
	}
	g.next -= min(step, g.longest)
	return id
}

// tweet makes the next post, older than the one before, in about the mixture of
// real archives: half replies, a tenth reposts, some quotes, media and threads.
func (g *generator) tweet() Tweet {
	if t := g.older; t != nil {
		g.older = nil
		return *t
	}
	t := Tweet{ID: g.step(), Text: someWords(g.rand, 6+g.rand.IntN(g.shape.Words-6)), Likes: g.rand.IntN(9)}
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
		g.repost(&t)
	case kind < 59:
		t.Links = []string{fmt.Sprintf("https://x.com/somebody/status/%d", t.ID-1<<31)}
		c.Quotes++
	case kind < 65:
		g.thread(&t)
	case kind < 80:
		t.Media = []Media{{Kind: "photo", File: fmt.Sprintf("G%014d", t.ID%1e14)}}
		g.keepMedia(&t)
	case kind < 90:
		t.Links = []string{fmt.Sprintf("https://site.test/page/%d", t.ID%1e6)}
	case kind < 94:
		t.Tags = []string{"birds"}
		t.Text += " #birds"
	case kind < 95 && g.shape.Form == Archive2022:
		g.rare(&t)
	}
	return t
}

// rare makes t long or edited, as one in two hundred is each.
func (g *generator) rare(t *Tweet) {
	if g.rand.IntN(2) == 0 {
		g.long(t)
	} else {
		g.edited(t)
	}
}

// keepMedia decides whether the file of a post is there.
func (g *generator) keepMedia(t *Tweet) {
	c := &g.known.Counts
	c.Media++
	if g.shape.Form == Tweets2012 || g.room <= 0 {
		t.Media[0].Missing = true
		c.MediaMissing++
		return
	}
	g.room -= int64(g.pieces()) << 16
	g.media = append(g.media, t.Media[0].FileName(t.ID))
}

// repost makes t show another's post again.
func (g *generator) repost(t *Tweet) {
	g.known.Counts.Reposts++
	if g.shape.Form != Tweets2012 {
		g.mention(t, "RT @%s: ")
		return
	}
	t.Author = g.person(g.rand.IntN(g.shape.People))
	g.named[t.Author.ID] = true
	t.Original = &Tweet{ID: t.ID - 1<<32, Text: t.Text}
	t.Text, t.Mentions = "", []Person{t.Author}
}

// long gives t a whole text elsewhere.
func (g *generator) long(t *Tweet) {
	t.Note = noteOf(t.ID)
	t.Text = cutTo(t.Note.Text, 250)
	g.notes = append(g.notes, t.ID)
	if len(t.Note.Links) > 0 {
		g.known.Counts.Quotes++
	}
}

// edited lets an older version of t follow, which is no post of its own.
func (g *generator) edited(t *Tweet) {
	older := *t
	older.ID = t.ID - 90_000<<22
	older.Text = "Before: " + t.Text
	if older.ID <= g.next {
		return // another post was written in between
	}
	t.Versions = []int64{older.ID, t.ID}
	older.Versions = t.Versions
	g.older = &older
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
	"why they never rest until they see land <here> where wind turns cold 渡り鳥 über ça señor today tomorrow morning coffee 🐦")

func someWords(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}
