// Package importer recognises the exports that people have and reads them as
// streams of Records: who follows whom, and which numbers have which names. It
// opens only files that it has a use for, keeps bounded memory, and turns
// trouble with one file into a warning while it reads the others.
package importer

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// File is one given file. Name is the person's own and serves for recognising
// and for sentences only.
type File struct {
	Name     string
	Size     int64
	ReaderAt io.ReaderAt
}

// Export is one recognised export. Its methods may be called while Records
// runs; Records itself runs once at a time.
type Export struct {
	kind      social.SourceKind
	owner     social.Account
	oldNames  []string // of the owner, in lower case
	parts     []part
	listed    map[string]int // entries per file, by the export's own index
	media     *mediaIndex
	close     func()
	protected bool           // only followers can read the posts
	partial   bool           // there are further zips
	opening   []*fault.Fault // warnings from recognising

	givePosts bool // Records gives the posts too

	total, done atomic.Int64

	mu         sync.Mutex
	exportedAt time.Time
	counts     social.Counts
	warnings   []*fault.Fault
}

// Open recognises what was given: a zip, or single .js and .json files of one
// export together. A file of no known kind among others is a warning. The
// error is a *fault.Fault.
func Open(files []File) (*Export, error) {
	if len(files) > maxParts {
		return nil, tooManyFiles()
	}
	c := &container{media: newMediaIndex()}
	var first *fault.Fault
	for _, f := range files {
		err := c.addFile(f)
		if err == nil {
			continue
		}
		trouble := fatal(err)
		if trouble == nil {
			trouble = unreadable(err)
		}
		if !passable[trouble.Code] || len(files) == 1 {
			return nil, trouble
		}
		c.warn(trouble)
		first = cmp.Or(first, trouble)
	}
	if len(c.parts) == 0 && first != nil {
		return nil, first
	}
	return c.export()
}

// passable are the troubles of one file that do not spoil the others.
var passable = map[string]bool{"unknown-file": true, "html-only": true}

// OpenPath recognises a zip, an unzipped folder or a single file by its path.
// The error is a *fault.Fault.
func OpenPath(path string) (*Export, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, noPath(path, err)
	}
	if info.IsDir() {
		return openFolder(path)
	}
	if !info.Mode().IsRegular() {
		return nil, unknownFile(filepath.Base(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, noPath(path, err)
	}
	e, err := Open([]File{{Name: filepath.Base(path), Size: info.Size(), ReaderAt: f}})
	if err != nil {
		f.Close()
		return nil, err
	}
	inner := e.close
	e.close = func() { inner(); f.Close() }
	return e, nil
}

func openFolder(path string) (*Export, error) {
	c := &container{media: newMediaIndex()}
	err := c.addFolder(path)
	if err != nil {
		c.close()
		return nil, asFault(err)
	}
	return c.export()
}

func noPath(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Invalid, "no-such-file", "There is no file or folder {path}.", "path", shown(path)).Because(err)
	}
	return unreadable(err)
}

// export reads what an export says of itself and checks that anything is in it.
func (c *container) export() (*Export, error) {
	e, err := c.recognise()
	if err != nil {
		c.close()
		return nil, err
	}
	return e, nil
}

func (c *container) recognise() (*Export, error) {
	e := &Export{kind: social.KindWebExporter, media: c.media, close: c.close, owner: social.Account{Network: social.X}}
	slices.SortStableFunc(c.parts, func(a, b part) int {
		if a.kind != b.kind {
			return int(a.kind - b.kind)
		}
		return a.number - b.number
	})
	for _, p := range c.parts {
		err := p.probe()
		if isOther(p.kind) {
			err = nil // its own reader looks
		}
		if f := fatal(err); f != nil {
			return nil, f
		}
		if err != nil {
			c.warn(partLost(p.name, err))
			continue
		}
		e.kind = e.sourceKind(p)
		e.parts = append(e.parts, p)
	}
	if n, ok := networks[e.kind]; ok {
		e.owner.Network = n
	}
	e.exportedAt = c.date
	if err := e.describe(c); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(e.parts, func(p part) bool { return !describing[p.kind] }) {
		return nil, notAnExport()
	}
	if e.partial && len(c.media.stores) < 2 {
		c.warn(splitExport())
	}
	e.total.Store(e.work())
	e.opening, e.warnings = c.warnings, c.warnings
	return e, nil
}

// work is how many bytes Records reads.
func (e *Export) work() (n int64) {
	for _, p := range e.parts {
		if p.kind != communityFile {
			n += p.size
		}
		if e.givePosts && holdsPosts[p.kind] {
			n += p.size
		}
	}
	return n
}

// Kind tells what it is.
func (e *Export) Kind() social.SourceKind { return e.kind }

// Owner is whose export it is; a saved list does not tell and gives an Account
// with the network only.
func (e *Export) Owner() social.Account { return e.owner }

// Names are the id of the owner and all Usernames that the export tells, in
// lower case: they had other ones before.
func (e *Export) Names() (all []string) {
	for _, name := range append([]string{e.owner.NativeID, strings.ToLower(e.owner.Username)}, e.oldNames...) {
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// Protected reports whether only followers could read the owner's posts.
func (e *Export) Protected() bool { return e.protected }

// ExportedAt is when the export was made, or the zero time when it does not
// tell; then it is the time of the newest post once that was read.
func (e *Export) ExportedAt() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.exportedAt
}

// Counts is what was read so far.
func (e *Export) Counts() social.Counts {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.counts
}

// Troubles are the warnings so far, with their codes for translation.
func (e *Export) Troubles() []*fault.Fault {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.warnings)
}

// Warnings are the sentences of Troubles in English.
func (e *Export) Warnings() []string {
	var says []string
	for _, f := range e.Troubles() {
		says = append(says, f.Say)
	}
	return says
}

// Bytes is how much text was read so far, and how much there is.
func (e *Export) Bytes() (done, total int64) { return e.done.Load(), e.total.Load() }

// Close releases the files. It must not be called while Records runs.
func (e *Export) Close() error {
	e.close()
	return nil
}

func (e *Export) warn(f *fault.Fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.warnings) < maxWarnings {
		e.warnings = append(e.warnings, f)
	}
}

// WithPosts makes Records give the posts too, after everything else; the files
// that hold posts are read a second time for it. It must be called before. The
// first reading, which also an import of follows alone pays for, cannot be left
// out: following.js holds numbers only, and the posts tell which names they
// have; the counts of posts that a person is shown come with it.
func (e *Export) WithPosts() *Export {
	e.givePosts = true
	e.total.Store(e.work())
	return e
}

// Records streams what is in the export, in a memory that does not grow with
// the posts' text: first Edges with what the file tells of their Accounts, then
// the names that posts gave for numbers, as Records without Edge; then the posts
// if they were asked for, in no order. An error ends
// it and is a *fault.Fault; nothing of the export should be kept then. Trouble
// with a part of the export only adds to Warnings.
func (e *Export) Records(ctx context.Context) iter.Seq2[social.Record, error] {
	return func(yield func(social.Record, error) bool) {
		r := e.begin(ctx, yield)
		if err := r.all(); err != nil && err != errEnough {
			yield(social.Record{}, err)
		}
	}
}
