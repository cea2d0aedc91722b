package importer

// filter is a set of ids in a memory that does not grow: it may take an id for
// one that it holds, which happens in one of twenty exports with five million of
// them, and in none with fewer than a million that anybody will see. A set without such mistakes takes eight bytes and more for each, and
// ten times the posts would need ten times the memory.
type filter struct{ words []uint64 }

// probes is how many bits stand for one id.
const probes = 16

// newFilter makes a filter for the posts in that many bytes of text.
func newFilter(text int64) *filter {
	return &filter{make([]uint64, min(max(text/filterShare, minFilter), maxFilter)/8)}
}

// add puts id in and reports whether it was new.
func (f *filter) add(id int64) bool {
	at, step := spread(uint64(id))
	fresh := uint64(0)
	for range probes {
		word, bit := f.bit(at)
		fresh |= ^*word & bit
		*word |= bit
		at += step
	}
	return fresh != 0
}

func (f *filter) has(id int64) bool {
	at, step := spread(uint64(id))
	for range probes {
		if word, bit := f.bit(at); *word&bit == 0 {
			return false
		}
		at += step
	}
	return true
}

func (f *filter) bit(hash uint64) (word *uint64, bit uint64) {
	n := hash >> 32 * uint64(len(f.words)*64) >> 32
	return &f.words[n/64], 1 << (n % 64)
}

// spread makes two numbers of an id that have nothing to do with its order.
func spread(x uint64) (at, step uint64) {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	at = x ^ x>>31
	x = (at ^ x>>29) * 0x9e3779b97f4a7c15
	return at, x ^ x>>32 | 1
}
