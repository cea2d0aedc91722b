package importer

// filter is a set of ids in a memory that does not grow: it may take an id for
// one that it holds, which happens in one of twenty exports with five million of
// them, and in none with fewer than a million that anybody will see. A set
// without such mistakes takes eight bytes and more for each, and ten times the
// posts would need ten times the memory.
type filter struct{ blocks []filterBlock }

// filterBlock is what a processor fetches from memory at once: the bits of an id lie
// in few of them, since fetching each bit from elsewhere took a tenth of the
// time of an import.
type filterBlock [8]uint64

// An id is a few bits in each of a few blocks. With 34 bits for each of the
// most ids, this many make the fewest mistakes.
const (
	idBlocks  = 4
	blockBits = 5
	blockSize = 64 // bytes
)

// newFilter makes a filter for the posts in that many bytes of text.
func newFilter(text int64) *filter {
	return &filter{make([]filterBlock, min(max(text/filterShare, minFilter), maxFilter)/blockSize)}
}

// add puts id in and reports whether it was new.
func (f *filter) add(id int64) bool {
	at, step := spread(uint64(id))
	fresh := uint64(0)
	for range idBlocks {
		b, bits := f.block(at)
		for range blockBits {
			word, bit := &b[bits>>6&7], uint64(1)<<(bits&63)
			fresh |= ^*word & bit
			*word |= bit
			bits >>= 9
		}
		at += step
	}
	return fresh != 0
}

func (f *filter) has(id int64) bool {
	at, step := spread(uint64(id))
	for range idBlocks {
		b, bits := f.block(at)
		for range blockBits {
			if b[bits>>6&7]&(1<<(bits&63)) == 0 {
				return false
			}
			bits >>= 9
		}
		at += step
	}
	return true
}

// block is one block of a number, and which bits of it, nine for each.
func (f *filter) block(hash uint64) (b *filterBlock, bits uint64) {
	bits = (hash ^ hash>>31) * 0x9e3779b97f4a7c15
	return &f.blocks[hash>>32*uint64(len(f.blocks))>>32], bits >> 19
}

// spread makes two numbers of an id that have nothing to do with its order.
func spread(x uint64) (at, step uint64) {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	at = x ^ x>>31
	x = (at ^ x>>29) * 0x9e3779b97f4a7c15
	return at, x ^ x>>32 | 1
}
