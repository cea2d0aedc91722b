package importer

import (
	"cmp"
	"slices"
	"time"

	"godwit/internal/social"
)

// posts counts the owner's posts. Parts come in any order, and only the whole
// tells which chains are whole.
type posts struct {
	ids     *filter
	n       int
	newer   []version // of edited posts; in the order of ids once settled
	settled bool
	answers answers
	count   *social.Counts
	last    int64
	tooMany bool
}

// version is a post that was edited, and its last version. A map of them would
// take three times as much, and very active people have some 10,000.
type version struct{ older, last int64 }

// newPosts counts the posts in that many bytes of text.
func newPosts(count *social.Counts, text int64) *posts {
	return &posts{ids: newFilter(text), count: count}
}

// add notes a post and reports whether it is a new one to be counted.
func (p *posts) add(id int64) bool {
	if p.n >= maxPosts {
		p.tooMany = true
		return false
	}
	if !p.ids.add(id) {
		return false
	}
	p.n++
	p.last = max(p.last, id)
	p.count.Posts++
	return true
}

// has reports whether a post of the owner is there.
func (p *posts) has(id int64) bool { return id > 0 && p.ids.has(id) }

// supersede notes that an older version of a post is replaced by the last.
func (p *posts) supersede(older, last int64) {
	if !p.settled && len(p.newer) < maxPosts {
		p.newer = append(p.newer, version{older, last})
	}
}

// settle makes the versions ready for latest: each once, all were read.
func (p *posts) settle() {
	slices.SortFunc(p.newer, func(a, b version) int { return cmp.Or(cmp.Compare(a.older, b.older), cmp.Compare(b.last, a.last)) })
	p.newer = slices.CompactFunc(p.newer, func(a, b version) bool { return a.older == b.older })
	p.settled = true
}

// latest is the id of the last version of a post.
func (p *posts) latest(id int64) int64 {
	at, edited := slices.BinarySearchFunc(p.newer, id, func(v version, id int64) int { return cmp.Compare(v.older, id) })
	if edited {
		return p.newer[at].last
	}
	return id
}

// finish settles which answers are the owner's own, and counts the threads:
// chains of two or more own posts. Each chain has one post that others of it
// answer and that itself answers none of them.
func (p *posts) finish() {
	p.settle()
	for a := range p.answers.all() {
		if !a.own && !p.links(a) {
			p.count.Replies++
		}
	}
	shares := uint64(p.answers.n/shareSize + 1)
	var t threads
	for share := range shares {
		p.count.Threads += t.roots(p, share, shares)
	}
}

// shareSize is for how many answers the threads are counted at once, so that
// the memory for it does not grow with the posts.
const shareSize = 32 << 10

// threads is the memory in which the shares are counted, one after the other.
type threads struct{ parents, children []int64 }

// roots counts the first posts of threads among one share of all ids.
func (t *threads) roots(p *posts, share, shares uint64) int {
	in := func(id int64) bool {
		hash, _ := spread(uint64(id))
		return hash%shares == share
	}
	t.parents, t.children = t.parents[:0], t.children[:0]
	for a := range p.answers.all() {
		parent := p.latest(a.parent)
		child, root := in(a.id), in(parent)
		if !child && !root || !p.links(a) {
			continue
		}
		if child {
			t.children = append(t.children, a.id)
		}
		if root {
			t.parents = append(t.parents, parent)
		}
	}
	return t.rest()
}

// rest counts the parents that are nobody's children.
func (t *threads) rest() int {
	slices.Sort(t.children)
	slices.Sort(t.parents)
	roots := slices.DeleteFunc(slices.Compact(t.parents), func(id int64) bool {
		_, answers := slices.BinarySearch(t.children, id)
		return answers
	})
	return len(roots)
}

// links reports whether an answer and the post it answers are both here.
func (p *posts) links(a answer) bool {
	parent := p.latest(a.parent)
	return p.has(parent) && parent != a.id
}

// chains are the owner's answers to own posts that are here.
type chains struct {
	links []link // by parent
	up    []link // the same by child
}

type link struct{ parent, child int64 }

func (p *posts) chains() *chains {
	c := &chains{}
	for a := range p.answers.all() {
		if p.links(a) {
			c.links = append(c.links, link{p.latest(a.parent), a.id})
		}
	}
	c.up = slices.Clone(c.links)
	slices.SortFunc(c.links, func(a, b link) int { return cmp.Compare(a.parent, b.parent) })
	slices.SortFunc(c.up, func(a, b link) int { return cmp.Compare(a.child, b.child) })
	return c
}

// parentOf is the own post that a post answers.
func (c *chains) parentOf(child int64) (int64, bool) {
	at, ok := slices.BinarySearchFunc(c.up, child, func(l link, id int64) int { return cmp.Compare(l.child, id) })
	if !ok {
		return 0, false
	}
	return c.up[at].parent, true
}

// root is the first post of the chain that a post belongs to, as Post.Thread
// tells it; "" for a post that neither answers an own one nor is answered.
func (c *chains) root(post int64) string {
	root, steps := post, 0
	for ; steps < maxChain; steps++ {
		parent, ok := c.parentOf(root)
		if !ok {
			break
		}
		root = parent
	}
	if steps == 0 {
		if _, answered := slices.BinarySearchFunc(c.links, post, func(l link, id int64) int { return cmp.Compare(l.parent, id) }); !answered {
			return ""
		}
	}
	return decimal(root)
}

// The time of a post is in its id: milliseconds since this instant of 2010,
// above 22 other bits. Older posts were numbered one by one.
const (
	idEpoch  = 1288834974657
	firstNew = 1 << 35
)

// newest is when the newest post was written, or the zero time.
func (p *posts) newest() time.Time {
	if p.last < firstNew {
		return time.Time{}
	}
	return timeOf(p.last)
}

func timeOf(id int64) time.Time { return time.UnixMilli(id>>22 + idEpoch).UTC() }

// idSet is a set of ids in eight bytes each and some air; a map takes three
// times as much.
type idSet struct {
	slots []int64 // 0 is empty
	n     int
}

// add puts id in and reports whether it was new.
func (s *idSet) add(id int64) bool {
	if 4*s.n >= 3*len(s.slots) {
		s.grow()
	}
	at := s.place(id)
	if s.slots[at] == id {
		return false
	}
	s.slots[at] = id
	s.n++
	return true
}

func (s *idSet) has(id int64) bool { return s.n > 0 && id != 0 && s.slots[s.place(id)] == id }

// place is where id is, or the free slot where it belongs.
func (s *idSet) place(id int64) int {
	mask := len(s.slots) - 1
	at := int(uint64(id)*0x9e3779b97f4a7c15>>20) & mask
	for s.slots[at] != 0 && s.slots[at] != id {
		at = (at + 1) & mask
	}
	return at
}

func (s *idSet) grow() {
	old := s.slots
	s.slots = make([]int64, max(1024, 2*len(old)))
	for _, id := range old {
		if id != 0 {
			s.slots[s.place(id)] = id
		}
	}
}
