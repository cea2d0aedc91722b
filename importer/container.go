package importer

import (
	"hash/maphash"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/fault"
)

// kind is what a file of an export holds. Only files with a kind are ever
// opened: direct messages, addresses, advertising data, contacts and the like
// have none (ZIP-10).
type kind int

const (
	manifestFile kind = iota + 1
	accountFile
	namesFile
	followingFile
	followerFile
	blockFile
	muteFile
	listsFile
	tweetsFile
	webFile // twitter-web-exporter
)

// kinds are the names below data/ without .js, by which X's files are known.
var kinds = map[string]kind{
	"manifest":           manifestFile,
	"account":            accountFile,
	"screen-name-change": namesFile,
	"following":          followingFile,
	"follower":           followerFile,
	"block":              blockFile,
	"mute":               muteFile,
	"lists-created":      listsFile,
	"lists-subscribed":   listsFile,
	"tweet":              tweetsFile, // until mid 2022
	"tweets":             tweetsFile,
}

// kindOf recognises a file by its exact base name in lower case: tweets.js or
// tweets-part3.js. The part is the number in it.
func kindOf(base string) (k kind, number int) {
	stem, ok := strings.CutSuffix(base, ".js")
	if !ok {
		return 0, 0
	}
	if name, n, ok := strings.Cut(stem, "-part"); ok {
		if number, _ = strconv.Atoi(n); number <= 0 {
			return 0, 0
		}
		stem = name
	}
	return kinds[stem], number
}

// part is one file of an export that may be read.
type part struct {
	name   string // its path, for sentences
	kind   kind
	number int
	size   int64 // of its text, as declared
	open   func() (io.ReadCloser, error)
}

// probe looks whether a file begins as one of its kind does.
func (p part) probe() error {
	r, err := p.open()
	if err != nil {
		return err
	}
	defer r.Close()
	h := header{r: r}
	_, err = h.skip()
	return err
}

// container is everything that was given for one export.
type container struct {
	parts    []part
	media    mediaIndex
	date     time.Time // when the export was made, by its file's name
	warnings []*fault.Fault
	closers  []io.Closer
}

func (c *container) warn(f *fault.Fault) { c.warnings = append(c.warnings, f) }

func (c *container) close() {
	for _, closer := range c.closers {
		closer.Close()
	}
}

// mediaIndex holds the names of the media files of an export, as hashes: a
// large archive has some 100,000 of them. Names that posts give are looked up
// here and never joined to a path (ZIP-02).
type mediaIndex struct {
	seed  maphash.Seed
	names map[uint64]struct{}
}

func newMediaIndex() mediaIndex {
	return mediaIndex{seed: maphash.MakeSeed(), names: map[uint64]struct{}{}}
}

func (m mediaIndex) add(base string)      { m.names[maphash.String(m.seed, base)] = struct{}{} }
func (m mediaIndex) has(base []byte) bool { _, ok := m.names[maphash.Bytes(m.seed, base)]; return ok }

// mediaFolders hold the media of the posts that are read; those of deleted and
// community posts lie elsewhere.
var mediaFolders = []string{"tweets_media", "tweet_media"}

// listing sorts the paths of a zip or folder into what may be read, media,
// and the rest, of which nothing is kept.
type listing struct {
	media   mediaIndex
	skipped int // names that no export has
	found   []found
	at      map[string]int // lower-case path to the place in found
}

type found struct {
	dir, base string // in lower case
	index     int    // the caller's
}

// add notes a path. It returns the index under which the caller keeps a file
// that may be read: the given one if it is new, the earlier one if the same
// path was there; -1 for a file that is not wanted.
func (l *listing) add(name string, index int) (at int, twice bool) {
	lower := strings.ToLower(name)
	dir, base := path.Split(lower)
	dir = strings.TrimSuffix(dir, "/")
	if strings.HasPrefix(base, "._") || slices.Contains(strings.Split(dir, "/"), "__macosx") {
		return -1, false // what a Mac adds when it packs
	}
	if slices.Contains(mediaFolders, path.Base(dir)) {
		l.media.add(path.Base(name))
		return -1, false
	}
	if k, _ := kindOf(base); k == 0 {
		return -1, false
	}
	if at, ok := l.at[lower]; ok {
		return l.found[at].index, true
	}
	if l.at == nil {
		l.at = map[string]int{}
	}
	l.at[lower] = len(l.found)
	l.found = append(l.found, found{dir, base, index})
	return index, false
}

func (l *listing) full() error {
	if len(l.found) > maxParts {
		return tooManyFiles()
	}
	return nil
}

// root is the folder that holds the export, wherever re-zipping put it: the
// one called data that has most of the wanted files, else any that has most.
func (l *listing) root() (dir string, others bool) {
	count := map[string]int{}
	for _, f := range l.found {
		count[f.dir]++
	}
	better := func(a, b string) bool {
		if ad, bd := path.Base(a) == "data", path.Base(b) == "data"; ad != bd {
			return ad
		}
		if count[a] != count[b] {
			return count[a] > count[b]
		}
		return len(a) < len(b) || len(a) == len(b) && a < b
	}
	first := true
	for d := range count {
		if first || better(d, dir) {
			dir, first = d, false
		}
	}
	for d := range count {
		others = others || d != dir && path.Base(d) == "data"
	}
	return dir, others
}

// take adds the files of the export in l to c; make turns a caller's index
// into a part.
func (c *container) take(l *listing, make func(index int) (part, error)) error {
	if l.skipped > 0 {
		c.warn(namesSkipped(l.skipped))
	}
	root, others := l.root()
	if others {
		c.warn(secondExport(root))
	}
	for _, f := range l.found {
		if f.dir != root {
			continue
		}
		p, err := make(f.index)
		if err != nil {
			return err
		}
		p.kind, p.number = kindOf(f.base)
		c.parts = append(c.parts, p)
	}
	return nil
}

// disk tells a failing disk from a file that ends too early: only the second
// is the file's fault.
type disk struct{ r io.ReaderAt }

// ReadAt reads at an offset.
func (d disk) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := d.r.ReadAt(p, off)
	if err != nil && err != io.EOF {
		return n, unreadable(err)
	}
	return n, err
}
