package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// ReadPage reads the newest page of an account's posts as an API answered it,
// with what it said of the account. api is x-api or mastodon-api, as in the
// names of the files that hold such answers.
func ReadPage(ctx context.Context, api string, self, page []byte, at time.Time) (posts []social.Post, err error) {
	files := []File{inMemory(api+"-account.json", self), inMemory(fmt.Sprintf("%s-posts-%d.json", api, at.UnixMilli()), page)}
	export, err := Open(files)
	if err != nil {
		return nil, err
	}
	defer export.Close()
	for record, err := range export.WithPosts().Records(ctx) {
		if err != nil {
			return nil, err
		}
		if p := record.Post; p != nil {
			posts = append(posts, fetchable(*p))
		}
	}
	return posts, nil
}

func inMemory(name string, body []byte) File {
	return File{Name: name, Size: int64(len(body)), ReaderAt: bytes.NewReader(body)}
}

// fetchable says of files that only stand on the network that they are to be had
// there.
func fetchable(p social.Post) social.Post {
	p.Media = slices.Clone(p.Media)
	for i, m := range p.Media {
		if m.Missing && m.URL != "" {
			p.Media[i].File, p.Media[i].Missing = m.URL, false
		}
	}
	return p
}

// ReadRecords reads the newest posts of a Bluesky account's repository, as
// com.atproto.repo.listRecords answers. A file's name is its CID.
func ReadRecords(did string, page []byte) ([]social.Post, error) {
	var told struct {
		Records []struct {
			URI   string
			Value map[string]any
		}
	}
	d := json.NewDecoder(bytes.NewReader(page))
	d.UseNumber()
	if err := d.Decode(&told); err != nil {
		return nil, fault.New(fault.Broken, "malformed", "That answer makes no sense to us.").Because(err)
	}
	w := &repository{owner: did}
	var posts []social.Post
	for _, r := range told.Records {
		ref := w.ref(cborMap{"uri": r.URI})
		m, _ := asCBOR(r.Value, 0).(cborMap)
		if !ref.Own || m == nil {
			continue
		}
		if p := w.build(bskyPost, ref.ID, m); p != nil && p.Sound() {
			posts = append(posts, *p)
		}
	}
	return posts, nil
}

// asCBOR gives a value of JSON the form that a repository's have.
func asCBOR(v any, depth int) any {
	if depth > jsonDepth {
		return nil
	}
	switch x := v.(type) {
	case map[string]any:
		m := cborMap{}
		for name, value := range x {
			m[name] = asCBOR(value, depth+1)
		}
		return m
	case []any:
		all := make([]any, len(x))
		for i := range x {
			all[i] = asCBOR(x[i], depth+1)
		}
		return all
	case json.Number:
		n, _ := x.Int64()
		return n
	}
	return v
}
