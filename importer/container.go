package importer

import (
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
	protectedFile
	followingFile
	followerFile
	blockFile
	muteFile
	listsFile
	onListsFile // lists of others that the owner is on
	circleFile  // posts for a few: read for their numbers, so that none of them is taken
	notesFile   // long posts, read before the posts that they belong to
	tweetsFile
	communityFile
	webFile // twitter-web-exporter

	// The "tweet archive" of 2012 to 2019.
	grailOwnerFile
	grailPayloadFile
	grailIndexFile
	grailTweetsFile // one month
	grailTableFile  // tweets.csv, all posts again
)

// describing are the kinds of files that tell of the export itself. They are
// read when it is recognised; an export of nothing else is none.
var describing = map[kind]bool{
	manifestFile: true, accountFile: true, namesFile: true, protectedFile: true,
	grailOwnerFile: true, grailPayloadFile: true, grailIndexFile: true,
}

// kinds are the names below data/ without .js, by which X's files are known.
var kinds = map[string]kind{
	"manifest":             manifestFile,
	"account":              accountFile,
	"screen-name-change":   namesFile,
	"following":            followingFile,
	"follower":             followerFile,
	"block":                blockFile,
	"mute":                 muteFile,
	"lists-created":        listsFile,
	"lists-subscribed":     listsFile,
	"lists-member":         onListsFile,
	"note-tweet":           notesFile,
	"tweet":                tweetsFile, // until mid 2022
	"tweets":               tweetsFile,
	"protected-history":    protectedFile,
	"community-tweet":      communityFile,
	"twitter-circle-tweet": circleFile,
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
	if p.kind == grailTableFile {
		return nil // begins with its first row
	}
	h := header{r: r}
	_, err = h.skip()
	return err
}

// container is everything that was given for one export.
type container struct {
	parts    []part
	media    *mediaIndex
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

// listing sorts the paths of a zip or folder into what may be read, media,
// and the rest, of which nothing is kept.
type listing struct {
	media   *mediaIndex
	skipped int    // names that no export has
	inner   string // a zip where media should be
	found   []found
	at      map[string]int // lower-case path to the place in found
}

type found struct {
	place
	index int // the caller's
}

// place is what a file holds, and the folder of the export that it belongs to.
type place struct {
	home   string // in lower case
	kind   kind
	number int
}

// placeOf recognises a file of an export by its folder and base name, both in
// lower case.
func placeOf(dir, base string) (place, bool) {
	if k, number := kindOf(base); k != 0 {
		return place{dir, k, number}, true
	}
	if p, ok := grailPlace(dir, base); ok {
		return p, true
	}
	return otherPlace(dir, base)
}

// addMedia notes a media file. In 2019 the media lay in a zip within the zip,
// which is not opened.
func (l *listing) addMedia(base string, place int64) {
	if strings.HasSuffix(base, ".zip") {
		l.inner = base
	}
	l.media.add(base, place)
}

// add notes a path; place is where a media file is found again. It returns the index under which the caller keeps a file
// that may be read: the given one if it is new, the earlier one if the same
// path was there; -1 for a file that is not wanted.
func (l *listing) add(name string, index int, place int64) (at int, twice bool) {
	lower := strings.ToLower(name)
	dir, base := path.Split(lower)
	dir = strings.TrimSuffix(dir, "/")
	if strings.HasPrefix(base, "._") || slices.Contains(strings.Split(dir, "/"), "__macosx") {
		return -1, false // what a Mac adds when it packs
	}
	if slices.Contains(mediaFolders, path.Base(dir)) || isMastodonMedia(dir) {
		l.addMedia(path.Base(name), place)
		return -1, false
	}
	p, wanted := placeOf(dir, base)
	if !wanted {
		return -1, false
	}
	if at, ok := l.at[lower]; ok {
		return l.found[at].index, true
	}
	if l.at == nil {
		l.at = map[string]int{}
	}
	l.at[lower] = len(l.found)
	l.found = append(l.found, found{p, index})
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
		count[f.home]++
	}
	better := func(a, b string) bool {
		if ad, bd := isData(a), isData(b); ad != bd {
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
		others = others || d != dir && isData(d)
	}
	return dir, others
}

// isData reports whether a folder is called as X calls the one with the data.
func isData(dir string) bool {
	return path.Base(dir) == "data" || strings.HasSuffix("/"+dir, "/"+grailFolder)
}

// take adds the files of the export in l to c; make turns a caller's index
// into a part.
func (c *container) take(l *listing, make func(index int) (part, error)) error {
	if l.skipped > 0 {
		c.warn(namesSkipped(l.skipped))
	}
	if l.inner != "" {
		c.warn(innerZip(l.inner))
	}
	root, others := l.root()
	if others {
		c.warn(secondExport(root))
	}
	for _, f := range l.found {
		if f.home != root {
			continue
		}
		p, err := make(f.index)
		if err != nil {
			return err
		}
		p.kind, p.number = f.kind, f.number
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
