package importertest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sort"
)

// Encode writes a value as DAG-CBOR.
func Encode(v any) []byte {
	head := func(major byte, n int) []byte {
		if n < 24 {
			return []byte{major<<5 | byte(n)}
		}
		return binary.BigEndian.AppendUint32([]byte{major<<5 | 26}, uint32(n))
	}
	switch v := v.(type) {
	case int:
		return head(0, v)
	case []byte:
		return append(head(2, len(v)), v...)
	case string:
		return append(head(3, len(v)), v...)
	case bool:
		return []byte{map[bool]byte{false: 0xf4, true: 0xf5}[v]}
	case nil:
		return []byte{0xf6}
	case CID:
		return append([]byte{0xd8, 42, 0x58, 37, 0}, v[:]...)
	case []any:
		b := head(4, len(v))
		for _, x := range v {
			b = append(b, Encode(x)...)
		}
		return b
	case map[string]any:
		b := head(5, len(v))
		var keys []string
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			b = append(append(b, Encode(k)...), Encode(v[k])...)
		}
		return b
	}
	panic(fmt.Sprintf("%T", v))
}

// CID is a link to a block: version 1, DAG-CBOR, SHA-256.
type CID [36]byte

// Repository is a Bluesky repository while it is built.
type Repository struct {
	Blocks bytes.Buffer   // the sections of the CAR
	Keys   map[string]CID // the records
	Root   CID            // the commit, once sealed
	owner  string
}

// NewRepository begins the repository of a DID.
func NewRepository(owner string) *Repository {
	return &Repository{Keys: map[string]CID{}, owner: owner}
}

// CIDOf is the CID of a block.
func CIDOf(data []byte) CID {
	sum := sha256.Sum256(data)
	return CID(append([]byte{1, 0x71, 0x12, 32}, sum[:]...))
}

// Put adds a block.
func (r *Repository) Put(v any) CID {
	data := Encode(v)
	id := CIDOf(data)
	r.Blocks.Write(binary.AppendUvarint(nil, uint64(len(id)+len(data))))
	r.Blocks.Write(id[:])
	r.Blocks.Write(data)
	return id
}

// Add adds a record under its key.
func (r *Repository) Add(key string, record map[string]any) { r.Keys[key] = r.Put(record) }

// tree puts the nodes for the keys: every third key in a node, those between
// in nodes below it.
func (r *Repository) tree(keys []string) any {
	if len(keys) == 0 {
		return nil
	}
	node := map[string]any{"l": nil}
	var entries []any
	before := ""
	if len(keys) > 2 {
		node["l"] = r.tree(keys[:1])
		keys = keys[1:]
	}
	for i := 0; i < len(keys); i += 3 {
		below := keys[i+1 : min(i+3, len(keys))]
		shared := 0
		for shared < len(before) && shared < len(keys[i]) && before[shared] == keys[i][shared] {
			shared++
		}
		entries = append(entries, map[string]any{"p": shared, "k": []byte(keys[i][shared:]), "v": r.Keys[keys[i]], "t": r.tree(below)})
		before = keys[i]
	}
	node["e"] = entries
	return r.Put(node)
}

// Seal writes the repository as a CAR.
func (r *Repository) Seal() string {
	var keys []string
	for k := range r.Keys {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	tree := r.tree(keys)
	if tree == nil {
		tree = r.Put(map[string]any{"l": nil, "e": []any{}})
	}
	r.Root = r.Put(map[string]any{"did": r.owner, "version": 3, "rev": "3n2ydkz6ntk2d", "prev": nil, "data": tree, "sig": []byte("x")})
	return r.CAR()
}

// CAR is the repository as it stands.
func (r *Repository) CAR() string {
	head := Encode(map[string]any{"version": 1, "roots": []any{r.Root}})
	return string(binary.AppendUvarint(nil, uint64(len(head)))) + string(head) + r.Blocks.String()
}
