package importer

import (
	"encoding/binary"
	"errors"
	"math"
	"unicode/utf8"
)

// DAG-CBOR is the small part of CBOR in which AT Protocol keeps records:
// definite lengths, text keys, one tag, for links. A library of the whole of
// CBOR reads far more than may be in a repository.

var errCBOR = errors.New("no DAG-CBOR")

// cid is a CID as bytes: version 1, a codec, and a SHA-256.
type cid [36]byte

// cborMap is a map. Values are int64, []byte, string, bool, nil, float64,
// cid, []any or cborMap; bytes and texts are parts of what was decoded.
type cborMap map[string]any

// decodeCBOR reads one value, which must be all of b.
func decodeCBOR(b []byte) (any, error) {
	d := cborReader{b: b}
	v, err := d.value(0)
	if err == nil && d.at != len(b) {
		err = errCBOR
	}
	return v, err
}

type cborReader struct {
	b  []byte
	at int
}

// head reads the major type and the number beside it.
func (d *cborReader) head() (major byte, n uint64, err error) {
	if d.at >= len(d.b) {
		return 0, 0, errCBOR
	}
	first := d.b[d.at]
	d.at++
	major, n = first>>5, uint64(first&31)
	if n < 24 {
		return major, n, nil
	}
	if n > 27 {
		return 0, 0, errCBOR // an indefinite length, or nothing
	}
	size := 1 << (n - 24)
	if len(d.b)-d.at < size {
		return 0, 0, errCBOR
	}
	var wide [8]byte
	copy(wide[8-size:], d.b[d.at:d.at+size])
	d.at += size
	return major, binary.BigEndian.Uint64(wide[:]), nil
}

func (d *cborReader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errCBOR
	}
	from := d.at
	major, n, err := d.head()
	if err != nil {
		return nil, err
	}
	switch major {
	case 0, 1:
		return integer(major, n)
	case 2:
		return d.bytes(n)
	case 3:
		text, err := d.bytes(n)
		if err == nil && !utf8.Valid(text) {
			err = errCBOR
		}
		return string(text), err
	case 4:
		return d.list(n, depth)
	case 5:
		return d.object(n, depth)
	case 6:
		return d.link(n)
	}
	return simpleValue(d.b[from], n)
}

func integer(major byte, n uint64) (any, error) {
	if n > math.MaxInt64 {
		return nil, errCBOR
	}
	if major == 1 {
		return -1 - int64(n), nil
	}
	return int64(n), nil
}

func (d *cborReader) bytes(n uint64) ([]byte, error) {
	if n > uint64(len(d.b)-d.at) {
		return nil, errCBOR
	}
	b := d.b[d.at : d.at+int(n)]
	d.at += int(n)
	return b, nil
}

// list and object ask for no more memory than the bytes that are there can fill.
func (d *cborReader) list(n uint64, depth int) (any, error) {
	if n > uint64(len(d.b)-d.at) {
		return nil, errCBOR
	}
	var all []any
	for range n {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func (d *cborReader) object(n uint64, depth int) (any, error) {
	if n > uint64(len(d.b)-d.at)/2 {
		return nil, errCBOR
	}
	m := cborMap{}
	for range n {
		k, err := d.value(depth + 1)
		key, isText := k.(string)
		if err != nil || !isText {
			return nil, errCBOR
		}
		if _, twice := m[key]; twice {
			return nil, errCBOR
		}
		if m[key], err = d.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (d *cborReader) link(tag uint64) (any, error) {
	const linkTag = 42
	major, n, err := d.head()
	if err != nil || tag != linkTag || major != 2 {
		return nil, errCBOR
	}
	b, err := d.bytes(n)
	if err != nil || len(b) == 0 || b[0] != 0 {
		return nil, errCBOR
	}
	c, size, err := readCID(b[1:])
	if err == nil && size != len(b)-1 {
		err = errCBOR
	}
	return c, err
}

func simpleValue(first byte, n uint64) (any, error) {
	switch first {
	case 0xf4, 0xf5:
		return first == 0xf5, nil
	case 0xf6:
		return nil, nil
	case 0xfb:
		return math.Float64frombits(n), nil
	}
	return nil, errCBOR
}

// readCID reads a CID at the beginning of b and tells how long it is. Only
// what AT Protocol uses is taken: version 1, DAG-CBOR or raw, SHA-256.
func readCID(b []byte) (c cid, size int, err error) {
	if len(b) < len(c) || b[0] != 1 || b[1] != 0x71 && b[1] != 0x55 || b[2] != 0x12 || b[3] != 32 {
		return c, 0, errCBOR
	}
	return cid(b[:len(c)]), len(c), nil
}

// The following read a member of a map, with the zero value for one that is
// missing or of another kind.

func (m cborMap) text(name string) string {
	s, _ := m[name].(string)
	return s
}

func (m cborMap) number(name string) int64 {
	n, _ := m[name].(int64)
	return n
}

func (m cborMap) object(name string) cborMap {
	o, _ := m[name].(cborMap)
	return o
}

func (m cborMap) list(name string) []any {
	l, _ := m[name].([]any)
	return l
}
