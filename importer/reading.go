package importer

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// errEnough ends a reading whose caller wants no more.
var errEnough = errors.New("enough")

// reading is one run of Records.
type reading struct {
	ctx     context.Context
	e       *Export
	yield   func(social.Record, error) bool
	counts  social.Counts
	edges   map[int64]edgeSet
	byName  map[string]edgeSet // edges to accounts without an id, by name in lower case
	lists   map[string]bool
	onLists map[string]bool // of others, with the owner on them
	names   *names
	posts   *posts
	notes   notes
	chains  *chains
	private idSet  // posts for a few
	given   idSet  // posts that were given
	actor   string // the owner's actor id, of an archive of Mastodon
	host    string // of the Mastodon API, and the owner's number there
	ownID   string
	text    mender

	again     bool // the posts are read a second time, to be given
	saidFull  bool // that there are too many accounts
	saidNotes bool // that the notes are too long
	following struct{ seen, whole bool }
}

// edgeSet is which Edges lead to one account, and whether its name is known.
type edgeSet uint8

const (
	toFollowing edgeSet = 1 << iota
	toFollower
	toBlocked
	toMuted
	hasName
)

var edgeBits = map[social.EdgeKind]edgeSet{
	social.Following: toFollowing, social.Follower: toFollower, social.Blocked: toBlocked, social.Muted: toMuted,
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func (e *Export) begin(ctx context.Context, yield func(social.Record, error) bool) *reading {
	e.mu.Lock()
	e.counts, e.warnings = social.Counts{}, append([]*fault.Fault(nil), e.opening...)
	e.mu.Unlock()
	e.done.Store(0)
	r := &reading{
		ctx: ctx, e: e, yield: yield,
		edges: map[int64]edgeSet{}, byName: map[string]edgeSet{}, lists: map[string]bool{}, onLists: map[string]bool{},
		names: newNames(),
	}
	r.posts = newPosts(&r.counts, e.work())
	return r
}

// all reads every part in its order: the graph, then posts, then what posts
// say of names.
func (r *reading) all() error {
	for _, p := range r.e.parts {
		if p.kind == communityFile {
			continue
		}
		if err := r.part(p); err != nil {
			return err
		}
	}
	if err := r.giveNames(); err != nil {
		return err
	}
	r.checkLists()
	r.sayLists()
	r.checkIndex()
	r.finish()
	if r.e.givePosts {
		return r.second()
	}
	return nil
}

// part reads one file. What goes wrong with it alone is a warning.
func (r *reading) part(p part) error {
	if isOther(p.kind) {
		return r.other(p)
	}
	file, err := p.open()
	if err != nil {
		return asFault(err)
	}
	in := readAhead(r.ctx, file, &r.e.done)
	defer in.close()
	read, end := r.elements(p)
	n, skipped := 0, 0
	r.text.broken = 0
	err = inBatches(p.splitter(in), func(v jsontext.Value) error {
		n++
		err := read(v)
		if errors.Is(err, errShape) {
			skipped, err = skipped+1, nil
		}
		if n%publishEvery == 0 {
			r.publish()
		}
		return err
	})
	r.publish()
	if err == errEnough {
		return err
	}
	if f := fatal(err); f != nil {
		return f
	}
	if !r.again || p.kind == communityFile {
		r.report(p, n, skipped, err)
		end()
	}
	return nil
}

// splitter is how a part is cut into elements.
func (p part) splitter(in io.Reader) splitter {
	if p.kind == grailTableFile {
		return newTable(in)
	}
	return newCutter(in)
}

// publishEvery is after how many elements the counts are shown to others.
const publishEvery = 512

func (r *reading) publish() {
	r.e.mu.Lock()
	defer r.e.mu.Unlock()
	r.e.counts = r.counts
}

// elements is what is done with each element of a part, and at its end.
func (r *reading) elements(p part) (read func(jsontext.Value) error, end func()) {
	end = func() {}
	if r.again {
		return r.postReader(p), end
	}
	switch p.kind {
	case circleFile:
		return r.circle, end
	case followingFile:
		return r.edgeReader("following", social.Following), end
	case followerFile:
		return r.edgeReader("follower", social.Follower), end
	case blockFile:
		return r.edgeReader("blocking", social.Blocked), end
	case muteFile:
		return r.edgeReader("muting", social.Muted), end
	case listsFile:
		return r.listReader(r.lists, &r.counts.Lists), end
	case onListsFile:
		return r.listReader(r.onLists, &r.counts.OnLists), end
	case notesFile:
		return r.note, r.notes.sort
	case tweetsFile:
		return r.tweet, end
	case grailTweetsFile, grailTableFile:
		return r.grailTweet, end
	default:
		w := r.webReader(p)
		return w.read, w.end
	}
}

// circle notes a post that a few could read.
func (r *reading) circle(v jsontext.Value) error {
	t, ok := parseTweet(v)
	if !ok {
		return errShape
	}
	if r.private.n < maxPosts {
		r.private.add(t.id)
	}
	return nil
}

// report turns how a part ended into warnings.
func (r *reading) report(p part, n, skipped int, err error) {
	if c, ok := errors.AsType[*cut](err); ok {
		switch {
		case errors.Is(err, errTrailing):
			r.e.warn(trailing(p.name, c.at))
		case p.kind == webFile:
			r.e.warn(jsonCut(p.name, c.at, n))
		default:
			r.e.warn(partCut(p.name, c.at, n).Because(err))
		}
	}
	if skipped > 0 {
		r.e.warn(entriesSkipped(p.name, skipped))
	}
	if r.text.broken > 0 {
		r.e.warn(textsMended(p.name, r.text.broken))
	}
	if p.kind == followingFile || p.kind == webFile {
		r.following.seen = r.following.seen || p.kind == followingFile
		r.following.whole = err == nil
	}
	if listed, ok := r.e.listed[base(p.name)]; ok && listed != n && err == nil {
		r.e.warn(countDiffers(p.name, n, listed))
	}
}

func base(name string) string {
	return strings.ToLower(name[strings.LastIndexAny(name, `/\`)+1:])
}

// checkLists says when the list of whom the owner follows is missing or empty.
func (r *reading) checkLists() {
	switch {
	case r.counts.Following > 0:
	case !r.following.seen && r.e.kind == social.KindXArchive:
		r.e.warn(noFollowList())
	case r.following.seen && r.following.whole:
		r.e.warn(emptyList(r.e.owner.Username))
	}
}

// checkIndex says which files the export's own index lists and that are missing.
func (r *reading) checkIndex() {
	there := map[string]bool{}
	for _, p := range r.e.parts {
		there[base(p.name)] = true
	}
	for _, name := range sortedKeys(r.e.listed) {
		k, _ := kindOf(name)
		month := monthFile.MatchString(name)
		if n := r.e.listed[name]; (k > followingFile || month) && n > 0 && !there[name] {
			r.e.warn(partMissing("data/"+name, n))
		}
	}
}

// finish counts what only the whole can tell.
func (r *reading) finish() {
	r.posts.finish()
	r.counts.Quotes += r.notes.quotes()
	for _, set := range r.edges {
		r.countAccount(set)
	}
	for _, set := range r.byName {
		r.countAccount(set)
	}
	if r.saidNotes {
		r.e.warn(notesTooLong())
	}
	if r.posts.tooMany {
		r.e.warn(tooManyPosts())
	}
	r.e.mu.Lock()
	if r.e.exportedAt.IsZero() {
		r.e.exportedAt = r.posts.newest()
	}
	r.e.mu.Unlock()
	r.publish()
}

func (r *reading) countAccount(set edgeSet) {
	if set&^hasName == 0 {
		return
	}
	r.counts.Accounts++
	if set&hasName == 0 {
		return
	}
	r.counts.AccountsNamed++
	if set&toFollowing != 0 {
		r.counts.FollowingNamed++
	}
}
