package importer

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"

	"godwit/internal/fault"
)

// Mastodon gave archives as .tar.gz until 4.1. They are read from beginning to
// end, as tar is: pictures come first, then the posts, at last whose they are.

// looksTar reports whether a file is a tar, packed with gzip or not.
func looksTar(base string, head []byte) bool {
	named := strings.HasSuffix(base, ".tar.gz") || strings.HasSuffix(base, ".tgz") || strings.HasSuffix(base, ".tar")
	packed := bytes.HasPrefix(head, []byte("\x1f\x8b"))
	magic := len(head) > 262 && string(head[257:262]) == "ustar"
	return magic || packed && (named || !strings.Contains(base, "."))
}

// mastodonTar reads the files of an archive as they come.
func (r *reading) mastodonTar(p part, in io.Reader) error {
	if err := r.e.media.indexTars(r.ctx); err != nil {
		return tarBroken(err)
	}
	t, err := openTar(in, p.size)
	if err != nil {
		return tarBroken(err)
	}
	w := &tarWalk{reading: r, outer: p, seen: map[kind]bool{}}
	for {
		h, err := t.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return tarBroken(err)
		}
		if err := w.file(h, t); err != nil {
			return err
		}
	}
	return w.end()
}

// tarWalk is one tar while it is read.
type tarWalk struct {
	*reading
	outer   part
	seen    map[kind]bool
	skipped int
}

func (w *tarWalk) file(h *tar.Header, in io.Reader) error {
	name := strings.TrimPrefix(h.Name, "./")
	switch {
	case h.Typeflag == tar.TypeDir:
		return nil
	case h.Typeflag != tar.TypeReg, !validName(name):
		w.skipped++
		return nil
	}
	dir, base := path.Split(strings.ToLower(name))
	at, ok := otherPlace(strings.TrimSuffix(dir, "/"), base)
	if !ok || strings.Count(name, "/") > 1 || strings.HasPrefix(base, "._") {
		return nil
	}
	if w.seen[at.kind] {
		return fault.New(fault.Invalid, "zip-duplicate", zipTwice(name).Say, "file", shown(name))
	}
	w.seen[at.kind] = true
	if w.again && !holdsPosts[at.kind] {
		return nil
	}
	p := part{name: w.outer.name + "/" + name, kind: at.kind, size: h.Size}
	return w.otherEnd(p, others[at.kind].read(w.reading, p, in))
}

func (w *tarWalk) end() error {
	if len(w.seen) == 0 {
		return notAnExport()
	}
	if w.skipped > 0 && !w.again {
		w.e.warn(namesSkipped(w.skipped))
	}
	return nil
}

// tarFile is a tar under all bounds.
type tarFile struct {
	*tar.Reader
	entries int
}

// openTar unpacks and reads a tar; size is what it was given as.
func openTar(in io.Reader, size int64) (*tarFile, error) {
	packed := &counted{r: in}
	buffered := bufio.NewReaderSize(packed, 64<<10)
	magic, _ := buffered.Peek(2)
	limit := &inflated{in: packed, left: room(size).Load(), r: buffered}
	if string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		limit.r, limit.packed = z, true
	}
	return &tarFile{Reader: tar.NewReader(limit)}, nil
}

// next steps to the next entry. Sparse ones are refused: no server packs so,
// and a few bytes of them stand for as many as they like.
func (t *tarFile) next() (*tar.Header, error) {
	h, err := t.Next()
	if err != nil {
		return nil, err
	}
	if t.entries++; t.entries > maxEntries {
		return nil, tooManyFiles()
	}
	if h.Typeflag == tar.TypeGNUSparse || h.Size < 0 || h.Size > maxTotal {
		return nil, unsafeArchive()
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return nil, unsafeArchive()
		}
	}
	return h, nil
}

// inflated counts what a tar unpacks to and stops at the first byte that
// breaks a bound; what several gzip streams in a row hold is counted together.
type inflated struct {
	r      io.Reader
	in     *counted
	n      int64
	left   int64
	packed bool
}

// Read reads on.
func (f *inflated) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	f.n += int64(n)
	if f.n > f.left || f.packed && f.n > ratioFrom+maxRatio*f.in.n {
		return 0, unsafeArchive()
	}
	return n, err
}

// tarBroken is the sentence for a tar that ends or breaks in the middle.
func tarBroken(err error) error {
	if fatal(err) != nil {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return tarTruncated().Because(err)
	}
	return tarDamaged().Because(err)
}

func tarTruncated() *fault.Fault {
	return fault.New(fault.Invalid, "tar-truncated",
		"The .tar.gz ends in the middle: the download wasn't finished. Download it again, then choose it here.")
}

func tarDamaged() *fault.Fault {
	return fault.New(fault.Invalid, "tar-damaged",
		"The .tar.gz is damaged, so nothing of it was read. Download it again, then choose it here.")
}
