package importer

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"godwit/internal/fault"
)

// A Bluesky repository comes as a CAR: blocks in any order, each under its CID,
// which is checked. Where each block lies is kept, not the blocks themselves:
// 100,000 records take some 10 MB.

// car is an open CAR.
type car struct {
	r      io.ReaderAt
	root   cid
	blocks map[cid]block
}

type block struct {
	at   int64
	size uint32
}

var errBlock = errors.New("a block is missing or other than its CID")

// looksCAR reports whether a file begins as a CAR of version 1 does.
func looksCAR(head []byte) bool {
	n, size := binary.Uvarint(head)
	if size <= 0 || n == 0 || n > uint64(len(head)-size) {
		return false
	}
	v, err := decodeCBOR(head[size : size+int(n)])
	m, ok := v.(cborMap)
	return err == nil && ok && m.number("version") == 1 && len(m.list("roots")) > 0
}

// openCAR reads where the blocks lie and checks each against its CID. seen is
// told how many bytes were read.
func openCAR(in *io.SectionReader, seen func(int)) (*car, error) {
	c := &car{r: in, blocks: map[cid]block{}}
	r := bufio.NewReaderSize(io.NewSectionReader(in, 0, in.Size()), chunkSize)
	at, err := c.header(r)
	if err != nil {
		return nil, err
	}
	var buffer []byte
	for at < in.Size() {
		n, size, err := carLength(r)
		if err != nil || n < uint64(len(cid{})) || n > maxBlock {
			return nil, errors.Join(errBlock, err)
		}
		if cap(buffer) < int(n) {
			buffer = make([]byte, n)
		}
		buffer = buffer[:n]
		if _, err := io.ReadFull(r, buffer); err != nil {
			return nil, err
		}
		id, skip, err := readCID(buffer)
		if err != nil || sha256.Sum256(buffer[skip:]) != [32]byte(id[4:]) {
			return nil, errBlock
		}
		if len(c.blocks) >= maxBlocks {
			return nil, repositoryTooLarge()
		}
		c.blocks[id] = block{at + int64(size+skip), uint32(int(n) - skip)}
		at += int64(size) + int64(n)
		seen(size + int(n))
	}
	return c, nil
}

func (c *car) header(r *bufio.Reader) (int64, error) {
	n, size, err := carLength(r)
	if err != nil || n > maxHead {
		return 0, errors.Join(errBlock, err)
	}
	head := make([]byte, n)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0, err
	}
	v, err := decodeCBOR(head)
	m, ok := v.(cborMap)
	if err != nil || !ok || m.number("version") != 1 || len(m.list("roots")) == 0 {
		return 0, errors.Join(errBlock, err)
	}
	if c.root, ok = m.list("roots")[0].(cid); !ok {
		return 0, errBlock
	}
	return int64(size) + int64(n), nil
}

// carLength reads a length before a section, and tells how long it is itself.
func carLength(r *bufio.Reader) (n uint64, size int, err error) {
	before, _ := r.Peek(binary.MaxVarintLen64)
	if n, size = binary.Uvarint(before); size <= 0 {
		return 0, 0, io.ErrUnexpectedEOF
	}
	_, err = r.Discard(size)
	return n, size, err
}

// get decodes the block of a CID.
func (c *car) get(id cid) (cborMap, error) {
	b, ok := c.blocks[id]
	if !ok || id[1] != 0x71 {
		return nil, errBlock
	}
	data := make([]byte, b.size)
	if _, err := c.r.ReadAt(data, b.at); err != nil && err != io.EOF {
		return nil, err
	}
	v, err := decodeCBOR(data)
	m, ok := v.(cborMap)
	if err == nil && !ok {
		err = errCBOR
	}
	return m, err
}

// treeWalk goes through a repository's tree of keys, a Merkle search tree.
type treeWalk struct {
	car    *car
	each   func(key string, record cid) error
	last   []byte
	folded int
}

// walk gives each key with its record, in the order of keys. A tree whose keys
// do not rise is refused, so that none is walked twice.
func (c *car) walk(node cid, each func(key string, record cid) error) error {
	w := &treeWalk{car: c, each: each}
	return w.node(node, 0)
}

func (w *treeWalk) node(id cid, depth int) error {
	if w.folded++; depth > maxTreeDepth || w.folded > maxBlocks {
		return errBlock
	}
	m, err := w.car.get(id)
	if err != nil {
		return err
	}
	if left, ok := m["l"].(cid); ok {
		if err := w.node(left, depth+1); err != nil {
			return err
		}
	}
	var key []byte
	for _, e := range m.list("e") {
		entry, _ := e.(cborMap)
		if key, err = w.entry(key, entry); err != nil {
			return err
		}
		if tree, ok := entry["t"].(cid); ok {
			if err := w.node(tree, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry gives one key, which shares its beginning with the one before it in
// the same node.
func (w *treeWalk) entry(before []byte, entry cborMap) ([]byte, error) {
	rest, isBytes := entry["k"].([]byte)
	record, isLink := entry["v"].(cid)
	shared := entry.number("p")
	if !isBytes || !isLink || shared < 0 || shared > int64(len(before)) || int(shared)+len(rest) > maxName {
		return nil, errBlock
	}
	key := append(append([]byte(nil), before[:shared]...), rest...)
	if bytes.Compare(key, w.last) <= 0 {
		return nil, errBlock
	}
	w.last = key
	return key, w.each(strings.ToValidUTF8(string(key), "\uFFFD"), record)
}

func repositoryTooLarge() *fault.Fault {
	return fault.New(fault.TooLarge, "repository-too-large",
		"The repository has more records than we can take. We stopped and kept nothing of it.")
}

func repositoryDamaged() *fault.Fault {
	return fault.New(fault.Invalid, "repository-damaged",
		"The Bluesky repository is damaged or incomplete, so nothing of it was read. Download it again, then choose it here.")
}
