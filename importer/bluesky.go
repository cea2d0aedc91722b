package importer

import (
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/social"
)

// What is read of a Bluesky repository; everything else in it stays unread.
const (
	bskyProfile  = "app.bsky.actor.profile"
	bskyPost     = "app.bsky.feed.post"
	bskyRepost   = "app.bsky.feed.repost"
	bskyBlock    = "app.bsky.graph.block"
	bskyFollow   = "app.bsky.graph.follow"
	bskyList     = "app.bsky.graph.list"
	bskyListItem = "app.bsky.graph.listitem"
)

// didForm is a DID of the two methods that AT Protocol uses.
var didForm = regexp.MustCompile(`^did:(?:plc:[a-z2-7]{24}|web:[A-Za-z0-9.:%-]{1,253})$`)

// bskyName is a handle of Bluesky, which is a host name.
var bskyName = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$`)

// blueskyRepo reads a repository: first whom it follows and how many posts it
// has, the second time the posts.
func (r *reading) blueskyRepo(_ part, in io.Reader) error {
	s, ok := in.(section)
	if !ok {
		return errShape
	}
	c, err := openCAR(s.SectionReader, func(n int) { r.e.done.Add(int64(n)) })
	if err != nil {
		return repositoryEnd(err)
	}
	commit, err := c.get(c.root)
	if err != nil {
		return repositoryEnd(err)
	}
	tree, ok := commit["data"].(cid)
	owner := commit.text("did")
	if !ok || !didForm.MatchString(owner) {
		return repositoryDamaged()
	}
	r.e.owner.Network, r.e.owner.NativeID = social.Bluesky, owner
	w := &repository{reading: r, car: c, owner: owner, lists: map[string]string{}}
	if !r.again {
		r.following.seen = true
	}
	if err := c.walk(tree, w.record); err != nil {
		return repositoryEnd(err)
	}
	r.following.whole = true
	r.posted(w.newest)
	return nil
}

// repositoryEnd is the sentence for what ends the reading of a repository.
func repositoryEnd(err error) error {
	if fatal(err) != nil || err == errEnough {
		return err
	}
	return repositoryDamaged().Because(err)
}

// repository is one repository while it is read.
type repository struct {
	*reading
	car    *car
	owner  string
	lists  map[string]string // record key to title
	newest time.Time
	n      int
}

// record reads one record, if it is of a kind that is read. One that is not as
// its kind should be is passed over: anybody's client may write anything.
func (w *repository) record(key string, id cid) error {
	collection, rkey, _ := strings.Cut(key, "/")
	if w.n++; w.n%publishEvery == 0 {
		w.publish()
		if w.ctx.Err() != nil {
			return stopped(w.ctx)
		}
	}
	post := collection == bskyPost || collection == bskyRepost
	switch collection {
	case bskyProfile, bskyPost, bskyRepost, bskyBlock, bskyFollow, bskyList, bskyListItem:
	default:
		return nil
	}
	if w.again && !post {
		return nil
	}
	m, err := w.car.get(id)
	if err != nil {
		return err
	}
	if post {
		return w.post(collection, rkey, m)
	}
	return w.graph(collection, rkey, m)
}

func (w *repository) graph(collection, rkey string, m cborMap) error {
	switch collection {
	case bskyProfile:
		w.e.owner.Name = social.Clean(m.text("displayName"), social.MaxName)
	case bskyFollow:
		return w.edge(social.Following, "", m)
	case bskyBlock:
		return w.edge(social.Blocked, "", m)
	case bskyList:
		if len(w.lists) < maxAccounts {
			w.lists[rkey] = social.Clean(m.text("name"), social.MaxName)
			w.counts.Lists = len(w.lists)
		}
	case bskyListItem:
		list := m.text("list")
		if title, ok := w.lists[list[strings.LastIndexByte(list, '/')+1:]]; ok && title != "" {
			return w.edge(social.Listed, title, m)
		}
	}
	return nil
}

// edge gives an Edge to the subject of a record. A repository may name somebody
// twice.
func (w *repository) edge(kind social.EdgeKind, list string, m cborMap) error {
	did := m.text("subject")
	if !didForm.MatchString(did) {
		return nil
	}
	a := social.Account{Network: social.Bluesky, NativeID: did}
	if kind == social.Listed {
		return w.give(social.Record{Edge: kind, List: list, Account: a})
	}
	if key := string(social.Bluesky) + " " + did; w.byName[key]&edgeBits[kind] != 0 {
		return nil
	}
	return w.edgeTo(kind, a)
}

// ---- app.bsky.graph.getFollows

// looksFollows reports whether text begins like the AppView's answer to
// getFollows.
func looksFollows(text []byte) bool {
	s, ok := open(text, '{')
	for ok {
		var name []byte
		if name, ok = s.name(); ok {
			if string(name) == "follows" || string(name) == "followers" {
				return true
			}
			s.value()
		}
	}
	return false
}

// blueskyFollows reads the answers to getFollows and getFollowers, one after
// another: the names and profiles that a repository lacks.
func (r *reading) blueskyFollows(p part, in io.Reader) error {
	kinds := map[string]social.EdgeKind{"follows": social.Following, "followers": social.Follower}
	var t tally
	kind, seen := social.Following, r.seenAt(p)
	r.following.seen = true
	err := anyList(in, func(name string) bool { kind = kinds[name]; return kind != "" }, func(v jsontext.Value) error {
		return t.entry(r, r.blueskyProfile(kind, seen, v))
	})
	r.following.whole = err == nil
	t.say(r, p)
	return t.torn(err)
}

func (r *reading) blueskyProfile(kind social.EdgeKind, seen time.Time, v []byte) error {
	a := social.Account{Network: social.Bluesky, NativeID: r.text.text(get(v, "did")), Username: strings.ToLower(r.text.text(get(v, "handle"))), SeenAt: seen,
		Name: social.Clean(r.text.text(get(v, "displayName")), social.MaxName),
		Bio:  social.Clean(r.text.text(get(v, "description")), social.MaxBio)}
	if !didForm.MatchString(a.NativeID) || tooDeep(v) {
		return errShape
	}
	if !bskyName.MatchString(a.Username) || a.Username == "handle.invalid" || len(a.Username) > 253 {
		a.Username = ""
	}
	return r.edgeTo(kind, a)
}
