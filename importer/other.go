package importer

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Exports that X did not make. Each kind of file has its own reader; the
// container gives it the file under the same bounds as X's.
const (
	otherFile kind = iota + 100 // the first of them, itself none

	webTable      // twitter-web-exporter, CSV
	fedifinderMap // Fedifinder, accounts.json
	peopleTable   // CSV of handles or usernames
	mappingTable  // Wikidata, CSV
	mappingList   // Wikidata, JSON

	mastodonActor
	mastodonOutbox
	mastodonFollowing
	mastodonFollowers
	mastodonBlocks
	mastodonMutes
	mastodonLists
	mastodonTar // a whole archive

	instagramFollowing
	instagramFollowers
	instagramBlocks
	threadsFollowing
	threadsFollowers
	facebookNames
	metaPages // HTML
	tiktokData

	blueskyRepo    // CAR
	blueskyFollows // getFollows of the AppView

	// Answers of an API, page after page.
	xAccount
	xPeople
	xNotes // the long texts among the posts
	xPosts
	x1Account
	x1People
	x1Posts
	apiAccount
	apiPeople
	apiPosts
)

// other is how one kind of file is read.
type other struct {
	kind social.SourceKind
	read func(r *reading, p part, in io.Reader) error
}

var others map[kind]other

func init() { // the readers reach this table through reading
	others = map[kind]other{
		webTable:      {social.KindWebExporter, (*reading).webTable},
		fedifinderMap: {social.KindFedifinder, (*reading).fedifinder},
		peopleTable:   {social.KindTable, (*reading).peopleTable},
		mappingTable:  {social.KindMapping, (*reading).mappingTable},
		mappingList:   {social.KindMapping, (*reading).mappingList},

		mastodonActor:     {social.KindMastodon, (*reading).mastodonActor},
		mastodonOutbox:    {social.KindMastodon, (*reading).mastodonOutbox},
		mastodonFollowing: {social.KindMastodon, mastodonList(social.Following)},
		mastodonFollowers: {social.KindMastodon, mastodonList(social.Follower)},
		mastodonBlocks:    {social.KindMastodon, mastodonList(social.Blocked)},
		mastodonMutes:     {social.KindMastodon, mastodonList(social.Muted)},
		mastodonLists:     {social.KindMastodon, mastodonList(social.Listed)},
		mastodonTar:       {social.KindMastodon, (*reading).mastodonTar},

		instagramFollowing: {social.KindInstagram, metaList(social.Instagram, social.Following)},
		instagramFollowers: {social.KindInstagram, metaList(social.Instagram, social.Follower)},
		instagramBlocks:    {social.KindInstagram, metaList(social.Instagram, social.Blocked)},
		threadsFollowing:   {social.KindThreads, metaList(social.Threads, social.Following)},
		threadsFollowers:   {social.KindThreads, metaList(social.Threads, social.Follower)},
		facebookNames:      {social.KindFacebook, (*reading).facebookNames},
		metaPages:          {social.KindInstagram, (*reading).metaPages},
		tiktokData:         {social.KindTikTok, (*reading).tiktok},

		blueskyRepo:    {social.KindBluesky, (*reading).blueskyRepo},
		blueskyFollows: {social.KindBluesky, (*reading).blueskyFollows},

		xAccount:   {social.KindXAPI, (*reading).xAccount},
		xPeople:    {social.KindXAPI, (*reading).xPeople},
		xNotes:     {social.KindXAPI, (*reading).xNotes},
		xPosts:     {social.KindXAPI, (*reading).xPosts},
		x1Account:  {social.KindXAPI, (*reading).x1Account},
		x1People:   {social.KindXAPI, (*reading).x1People},
		x1Posts:    {social.KindXAPI, (*reading).x1Posts},
		apiAccount: {social.KindMastodonAPI, (*reading).apiAccount},
		apiPeople:  {social.KindMastodonAPI, (*reading).apiPeople},
		apiPosts:   {social.KindMastodonAPI, (*reading).apiPosts},
	}
	holdsPosts[blueskyRepo] = true
	holdsPosts[mastodonOutbox], holdsPosts[mastodonTar] = true, true
	holdsPosts[xPosts], holdsPosts[x1Posts], holdsPosts[apiPosts] = true, true, true
}

// networks are where the owners of exports are, if not on X.
var networks = map[social.SourceKind]social.Network{
	social.KindMastodon: social.Fediverse, social.KindMastodonAPI: social.Fediverse, social.KindBluesky: social.Bluesky,
	social.KindInstagram: social.Instagram, social.KindThreads: social.Threads, social.KindTikTok: social.TikTok,
}

// isOther reports whether a file is of an export that X did not make.
func isOther(k kind) bool { return k > otherFile }

// sourceKind is what an export is that has p in it: X's archive if any part is
// X's, else what its first part says.
func (e *Export) sourceKind(p part) social.SourceKind {
	own := social.KindXArchive
	if isOther(p.kind) {
		own = others[p.kind].kind
	} else if p.kind == webFile {
		own = social.KindWebExporter
	}
	if len(e.parts) == 0 || own == social.KindXArchive {
		return own
	}
	return e.kind
}

// addOther takes a single file of an export that X did not make, if f is one.
func (c *container) addOther(f File, head []byte) bool {
	k := otherOf(singleName(f.Name), head)
	if k == 0 {
		return false
	}
	p := part{name: f.Name, kind: k, size: f.Size, open: func() (io.ReadCloser, error) {
		return section{io.NewSectionReader(disk{f.ReaderAt}, 0, f.Size)}, nil
	}}
	c.parts = append(c.parts, p)
	if k == mastodonTar {
		c.media.tars = append(c.media.tars, &tarMedia{part: p})
	}
	if k == xPosts { // read for the long texts first
		p.kind = xNotes
		c.parts = append(c.parts, p)
	}
	return true
}

// section is an open single file, which can also be read out of order.
type section struct{ *io.SectionReader }

// Close does nothing: the file is the caller's.
func (section) Close() error { return nil }

// singleName is the base name of a given file, in lower case, without what a
// browser adds to a second download.
func singleName(name string) string {
	return copied.ReplaceAllString(strings.ToLower(path.Base(strings.ReplaceAll(name, `\`, "/"))), "$1")
}

// otherOf recognises a single file by its beginning, and where that is not
// enough by its name.
func otherOf(base string, head []byte) kind {
	if savedMessages.MatchString(base) {
		return 0
	}
	if k := apiKind(base); k != 0 {
		return k
	}
	if looksTar(base, head) {
		return mastodonTar
	}
	if looksCAR(head) {
		return blueskyRepo
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(text) > 0 && (text[0] == '[' || text[0] == '{') {
		return otherJSON(base, text)
	}
	return tableKind(base, head)
}

// otherJSON recognises a JSON file of an export that X did not make.
func otherJSON(base string, text []byte) kind {
	switch {
	case tiktokFile.MatchString(base) && text[0] == '{':
		return tiktokData
	case looksFollows(text):
		return blueskyFollows
	case looksActor(text):
		return mastodonActor
	case looksOutbox(text):
		return mastodonOutbox
	case base == "accounts.json" && looksFedifinder(text):
		return fedifinderMap
	case looksMapping(text):
		return mappingList
	}
	return looksMeta(base, text)
}

// other reads a file of an export that X did not make. What goes wrong with it
// alone is a warning.
func (r *reading) other(p part) error {
	file, err := p.open()
	if err != nil {
		return asFault(err)
	}
	if s, ok := file.(section); ok && needsOrder[p.kind] {
		return r.otherEnd(p, others[p.kind].read(r, p, s))
	}
	in := readAhead(r.ctx, file, &r.e.done)
	defer in.close()
	r.text.broken = 0
	return r.otherEnd(p, others[p.kind].read(r, p, in))
}

// otherPlace recognises a file in a zip or folder of another place than X; dir
// and base are in lower case.
func otherPlace(dir, base string) (place, bool) {
	if k, ok := mastodonFiles[base]; ok {
		return place{dir, k, 0}, true
	}
	if tiktokFile.MatchString(base) {
		return place{dir, tiktokData, 0}, true
	}
	return metaPlace(dir, base)
}

// needsOrder are the kinds that are read out of order, and so only as single
// files.
var needsOrder = map[kind]bool{blueskyRepo: true}

// otherEnd turns how a file ended into warnings, or into the failure of all.
func (r *reading) otherEnd(p part, err error) error {
	r.publish()
	if err == errEnough {
		return err
	}
	if f := fatal(err); f != nil {
		return f
	}
	if c, ok := errors.AsType[*torn](err); ok {
		r.e.warn(partCut(p.name, c.at, c.n).Because(err))
	} else if err != nil {
		r.e.warn(partLost(p.name, err))
	}
	if r.text.broken > 0 {
		r.e.warn(textsMended(p.name, r.text.broken))
	}
	return nil
}

// edgeTo gives an Edge to an Account of any network, once.
func (r *reading) edgeTo(kind social.EdgeKind, a social.Account) error {
	if a.Network == social.X {
		if n := id([]byte(a.NativeID)); n > 0 {
			return r.edge(kind, n, a)
		}
		return r.edgeByName(kind, a)
	}
	key := string(a.Network) + " " + strings.ToLower(a.NativeID)
	if a.NativeID == "" {
		key = string(a.Network) + " @" + strings.ToLower(a.Username)
	}
	before, known := r.byName[key]
	if !known && r.fullUp() {
		return nil
	}
	set := before | edgeBits[kind]
	if a.Username != "" {
		set |= hasName
	}
	r.byName[key] = set
	if kind != social.Listed && before&edgeBits[kind] == 0 {
		r.countEdge(kind)
	}
	return r.give(social.Record{Edge: kind, Account: a})
}

// torn says after how many entries, and where, a file stopped making sense;
// everything before was read.
type torn struct {
	at    int64
	n     int
	cause error
}

func (t *torn) Error() string { return "torn: " + t.cause.Error() }
func (t *torn) Unwrap() error { return t.cause }

// tally counts the entries of one file.
type tally struct{ n, skipped int }

// entry notes how one entry went; only what must end the reading is returned.
func (t *tally) entry(r *reading, err error) error {
	t.n++
	if t.n%publishEvery == 0 {
		r.publish()
	}
	if errors.Is(err, errShape) {
		t.skipped++
		return nil
	}
	return err
}

// say turns what was left out into a warning.
func (t *tally) say(r *reading, p part) {
	if t.skipped > 0 {
		r.e.warn(rowsSkipped(p.name, t.skipped))
	}
}

// torn adds to a file's cut how many entries came before it.
func (t *tally) torn(err error) error {
	if c, ok := errors.AsType[*cut](err); ok {
		return &torn{c.at, t.n, c.cause}
	}
	return err
}

// seenAt is as of when a list's facts are: its own date, or the export's.
func (r *reading) seenAt(p part) time.Time {
	if t := dateIn(base(p.name)); !t.IsZero() {
		return t
	}
	return r.e.ExportedAt()
}

// handleOf reads an address, whatever the realm; the matcher decides which
// hosts may be asked.
func handleOf(text string) (social.Handle, bool) {
	h, err := social.ParseHandle(text, social.Private)
	return h, err == nil
}

func rowsSkipped(name string, n int) *fault.Fault {
	return fault.New(fault.Invalid, "rows-skipped",
		"{n} entries of {file} don't say whom they mean and were left out.", "file", shown(name), "n", strconv.Itoa(n))
}
