package importer

import (
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// addFolder lists the files of an unzipped export that may be read. The folder
// is entered through os.Root, and links in it are never followed: an export
// has none, and one could lead to the person's other files (ZIP-02).
func (c *container) addFolder(name string) error {
	root, err := os.OpenRoot(name)
	if err != nil {
		return unreadable(err)
	}
	c.closers = append(c.closers, root)
	w := &folder{root: root, listing: &listing{media: c.media}}
	c.media.stores = append(c.media.stores, w)
	if err := fs.WalkDir(root.FS(), ".", w.visit); err != nil {
		return err
	}
	if w.links > 0 {
		c.warn(linksSkipped(w.link, w.links))
	}
	return c.take(w.listing, func(at int) (part, error) { return w.part(w.wanted[at]) })
}

// folder is one unzipped export while its files are listed.
type folder struct {
	root      *os.Root
	listing   *listing
	wanted    []string
	entries   int
	mediaDirs []string // the folders with media, by their place
	links     int      // links in places of wanted files
	link      string   // one of them
}

func (w *folder) visit(name string, d fs.DirEntry, err error) error {
	switch {
	case err != nil && name == ".":
		return unreadable(err)
	case err != nil:
		return nil // a folder that may not be entered holds nothing for us
	case d.IsDir():
		if deep := strings.Count(name, "/"); deep >= maxFolders && (deep >= maxMediaFolders || !strings.Contains(strings.ToLower(name), "media_attachments/")) {
			return fs.SkipDir
		}
		return nil
	}
	if w.entries++; w.entries > maxEntries {
		return tooManyFiles()
	}
	if d.Type()&fs.ModeSymlink != 0 {
		w.noteLink(name)
		return nil
	}
	if !d.Type().IsRegular() {
		return nil
	}
	if !validName(name) {
		w.listing.skipped++
		return nil
	}
	if at, twice := w.listing.add(name, len(w.wanted), w.place(path.Dir(name))); at >= 0 && !twice {
		w.wanted = append(w.wanted, name)
	}
	return w.listing.full()
}

// place numbers the folder of a file among those with media.
func (w *folder) place(dir string) int64 {
	last := len(w.mediaDirs) - 1
	if (slices.Contains(mediaFolders, strings.ToLower(path.Base(dir))) || isMastodonMedia(strings.ToLower(dir))) && (last < 0 || w.mediaDirs[last] != dir) {
		w.mediaDirs = append(w.mediaDirs, dir)
		last++
	}
	return int64(max(last, 0))
}

// noteLink counts a link that stands where something wanted would.
func (w *folder) noteLink(name string) {
	probe := &listing{media: newMediaIndex()}
	at, _ := probe.add(name, 0, 0)
	lower := strings.ToLower(name)
	if at < 0 && len(probe.media.names) == 0 && lower != "data" && !strings.HasSuffix(lower, "/data") {
		return
	}
	w.links++
	w.link = name
}

func (w *folder) part(name string) (part, error) {
	info, err := w.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return part{}, unreadable(err)
	}
	return part{name: name, size: info.Size(), open: func() (io.ReadCloser, error) { return w.open(name) }}, nil
}

// open opens a listed file, unless something else was put in its place since.
func (w *folder) open(name string) (io.ReadCloser, error) {
	before, err := w.root.Lstat(name)
	if err != nil {
		return nil, unreadable(err)
	}
	f, err := w.root.Open(name)
	if err != nil {
		return nil, unreadable(err)
	}
	now, err := f.Stat()
	if err != nil || !now.Mode().IsRegular() || !os.SameFile(before, now) {
		f.Close()
		return nil, unreadable(err)
	}
	return diskFile{f}, nil
}

// diskFile tells a failing disk from the end of the file.
type diskFile struct{ *os.File }

// Read reads on.
func (d diskFile) Read(p []byte) (int, error) {
	n, err := d.File.Read(p)
	if err != nil && err != io.EOF {
		return n, unreadable(err)
	}
	return n, err
}
