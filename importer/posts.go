package importer

import (
	"slices"
	"time"

	"godwit/internal/social"
)

// posts counts the owner's posts. It keeps their ids, eight bytes each, because
// parts come in any order and only the whole tells which chains are whole.
type posts struct {
	ids     idSet
	newer   map[int64]int64 // superseded versions of edited posts, to the last
	answers []answer
	count   *social.Counts
	last    int64
	tooMany bool
}

// answer is a post that answers another which may be the owner's own.
type answer struct {
	id, parent int64
	own        bool // surely the owner's; else only its presence will tell
}

func newPosts(count *social.Counts) *posts {
	return &posts{newer: map[int64]int64{}, count: count}
}

// add notes a post and reports whether it is a new one to be counted.
func (p *posts) add(id int64) bool {
	if p.ids.n >= maxPosts {
		p.tooMany = true
		return false
	}
	if !p.ids.add(id) {
		return false
	}
	p.last = max(p.last, id)
	p.count.Posts++
	return true
}

// supersede notes that the older versions of a post are replaced by the last.
func (p *posts) supersede(older, last int64) {
	if len(p.newer) < maxPosts {
		p.newer[older] = last
	}
}

// finish settles which answers are the owner's own, and counts the threads:
// chains of two or more own posts. Each chain has one post that others of it
// answer and that itself answers none of them.
func (p *posts) finish() {
	var parents, children []int64
	for _, a := range p.answers {
		if newest, ok := p.newer[a.parent]; ok {
			a.parent = newest
		}
		switch present := p.ids.has(a.parent) && a.parent != a.id; {
		case present:
			parents, children = append(parents, a.parent), append(children, a.id)
		case !a.own:
			p.count.Replies++
		}
	}
	slices.Sort(parents)
	slices.Sort(children)
	for _, root := range slices.Compact(parents) {
		if _, answers := slices.BinarySearch(children, root); !answers {
			p.count.Threads++
		}
	}
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
	return time.UnixMilli(p.last>>22 + idEpoch).UTC()
}

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

func (s *idSet) has(id int64) bool { return s.n > 0 && s.slots[s.place(id)] == id }

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
