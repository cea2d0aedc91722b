package importer

import (
	"encoding/binary"
	"iter"
)

// answer is a post that answers another which may be the owner's own.
type answer struct {
	id, parent int64
	own        bool // surely the owner's; else only its presence will tell
}

// answers keeps answers in some ten bytes each: posts of a chain have numbers
// that are near each other. Pieces are never moved, which would double them.
type answers struct {
	pieces [][]byte
	last   int64
	n      int
}

const answerPiece = 32 << 10

func (s *answers) add(a answer) {
	if last := len(s.pieces) - 1; last < 0 || len(s.pieces[last]) > answerPiece-2*binary.MaxVarintLen64-1 {
		s.pieces = append(s.pieces, make([]byte, 0, answerPiece))
	}
	b := &s.pieces[len(s.pieces)-1]
	*b = binary.AppendVarint(*b, a.id-s.last)
	*b = binary.AppendVarint(*b, a.id-a.parent)
	own := byte(0)
	if a.own {
		own = 1
	}
	*b = append(*b, own)
	s.last = a.id
	s.n++
}

func (s *answers) all() iter.Seq[answer] {
	return func(yield func(answer) bool) {
		last := int64(0)
		for _, b := range s.pieces {
			for len(b) > 0 {
				id, n := binary.Varint(b)
				last += id
				gap, m := binary.Varint(b[n:])
				own := b[n+m] == 1
				b = b[n+m+1:]
				if !yield(answer{last, last - gap, own}) {
					return
				}
			}
		}
	}
}
