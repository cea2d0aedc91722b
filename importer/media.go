package importer

import (
	"bufio"
	"hash/maphash"
	"io"
	"path"

	"godwit/internal/fault"
)

// mediaFolders hold the media of the posts that are read; those of deleted
// posts lie elsewhere.
var mediaFolders = []string{"tweets_media", "tweet_media", "community_tweet_media"}

// mediaIndex holds the names of the media files of an export, as hashes with
// the place of each: a large archive has some 100,000 of them. Names that posts
// give are looked up here and never joined to a path (ZIP-02).
type mediaIndex struct {
	seed   maphash.Seed
	names  map[uint64]int64
	stores []mediaStore
	tars   []*tarMedia // what lies in them is not in names
}

// mediaStore is one zip or folder with media. A place is its own.
type mediaStore interface {
	// mediaAt finds the file at a place again; base is its name.
	mediaAt(place int64, base string) (part, error)
}

func newMediaIndex() *mediaIndex {
	return &mediaIndex{seed: maphash.MakeSeed(), names: map[uint64]int64{}}
}

// storeShift leaves 48 bits for a place in one zip, and numbers the zips above.
const storeShift = 48

// add notes a file of the store that was added last.
func (m *mediaIndex) add(base string, place int64) {
	m.names[maphash.String(m.seed, base)] = int64(len(m.stores)-1)<<storeShift | place
}

func (m *mediaIndex) has(base string) bool {
	_, ok := m.names[maphash.String(m.seed, base)]
	return ok && base != ""
}

// find finds a file by its base name.
func (m *mediaIndex) find(base string) (part, error) {
	at, ok := m.names[maphash.String(m.seed, base)]
	if !ok || base == "" {
		return part{}, noMedia(base)
	}
	return m.stores[at>>storeShift].mediaAt(at&(1<<storeShift-1), base)
}

// size is how large a file is, and whether it is missing.
func (m *mediaIndex) size(base string) (n int64, missing bool) {
	for _, t := range m.tars {
		if n, ok := t.sizes[maphash.String(m.seed, base)]; ok {
			return n, false
		}
	}
	p, err := m.find(base)
	return p.size, err != nil
}

// open opens a file by its base name.
func (m *mediaIndex) open(base string) (io.ReadCloser, int64, error) {
	for _, t := range m.tars {
		if r, size, err := t.open(base); err != io.EOF {
			return r, size, err
		}
	}
	p, err := m.find(base)
	if err != nil {
		return nil, 0, err
	}
	r, err := p.open()
	return r, p.size, err
}

// OpenMedia opens a file of a post by its social.Media.File and tells its size
// in bytes. Its content is a stranger's. The error is a *fault.Fault, of kind
// NotFound when the export does not hold the file.
func (e *Export) OpenMedia(file string) (io.ReadCloser, int64, error) {
	r, size, err := e.media.open(file)
	if err != nil {
		return nil, 0, asFault(err)
	}
	return r, size, nil
}

func noMedia(file string) *fault.Fault {
	return fault.New(fault.NotFound, "no-media", "The export doesn't hold the file {file}.", "file", shown(file))
}

// mediaAt reads the entry of the index at a place once more.
func (z *zipArchive) mediaAt(place int64, base string) (part, error) {
	e, err := readEntry(bufio.NewReaderSize(io.NewSectionReader(z.r, place, headerSize+maxName+1<<16), headerSize+maxName))
	if err != nil {
		return part{}, zipDamaged()
	}
	e.offset += uint64(z.base)
	if path.Base(e.name) != base || !validName(e.name) {
		return part{}, noMedia(base)
	}
	return z.readable(e)
}

// mediaAt finds a file in one of the folders with media.
func (w *folder) mediaAt(place int64, base string) (part, error) {
	if place >= int64(len(w.mediaDirs)) {
		return part{}, noMedia(base)
	}
	return w.part(path.Join(w.mediaDirs[place], base))
}
