package store

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"sync"
	"time"

	"godwit/internal/fault"
)

// Spool is the folder where uploads lie until they are read: each in a folder
// of its own under a random name, with its files numbered and their own names
// kept beside, so that no name from outside is ever a path. Several processes
// may share one. It is safe for use by many goroutines.
type Spool struct {
	root  *os.Root
	quota int64
	free  func() (free, total int64, err error) // of the disk

	mu      sync.Mutex
	open    int             // uploads under way in this process
	writing map[string]bool // those of them that come in pieces
}

const (
	openMark  = "open"       // the declared size of an upload under way; its writer holds a lock on it
	namesFile = "names.json" // of a finished one: the files' own names, in order
	doorFile  = ".lock"      // held while room is looked for
)

var spoolName = regexp.MustCompile(`^[A-Z2-7]{26,}$`) // what rand.Text gives

// OpenSpool opens the folder, made at need for its owner alone. quota bounds
// what all uploads in it may take, in bytes.
func OpenSpool(dir string, quota int64) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unusable(dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, unusable(dir, err)
	}
	return &Spool{root: root, quota: quota, writing: map[string]bool{}, free: func() (int64, int64, error) { return diskFree(dir) }}, nil
}

// Create begins an upload of at most the declared number of bytes and reserves
// room for it before the first one: TooLarge when the quota could never hold
// it, Disk when there is no room now, Unavailable when too many uploads are
// under way, Invalid without a declared size.
func (s *Spool) Create(declared int64) (*Upload, error) {
	if declared < 0 {
		return nil, noSize()
	}
	if declared > s.quota {
		return nil, tooBig(declared, s.quota)
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	upload, err := s.reserve(declared)
	if err != nil {
		s.leave()
	}
	return upload, err
}

// enter counts one more writer of this process, which leaves at its end.
func (s *Spool) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= maxOpenUploads {
		return fault.New(fault.Unavailable, "too-many-uploads", "Many uploads are under way. Nothing was stored; try again in a few minutes.")
	}
	s.open++
	return nil
}

func (s *Spool) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
}

// reserve looks for room and takes it for an upload that comes in one go.
func (s *Spool) reserve(declared int64) (*Upload, error) {
	u := &Upload{spool: s, name: rand.Text(), left: declared, declared: declared}
	err := s.inRoom(declared, func() error { return s.take(u) })
	if err != nil {
		return nil, err
	}
	return u, nil
}

// inRoom looks for room and lets make take it, one process at a time.
func (s *Spool) inRoom(declared int64, make func() error) error {
	door, err := s.root.OpenFile(doorFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return written(err)
	}
	defer door.Close() // gives the lock back
	if err := lockFile(door); err != nil {
		return err
	}
	if err := s.room(declared); err != nil {
		return err
	}
	return make()
}

func (s *Spool) take(u *Upload) (err error) {
	if err := s.root.Mkdir(u.name, 0o700); err != nil {
		return written(err)
	}
	if u.mark, err = s.root.OpenFile(u.name+"/"+openMark, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		err = lockFile(u.mark)
	}
	if err == nil {
		_, err = u.mark.WriteString(strconv.FormatInt(u.declared, 10))
	}
	if err != nil {
		return errors.Join(written(err), u.remove())
	}
	return nil
}

// room is Disk unless the quota and the disk have room for more bytes.
func (s *Spool) room(more int64) error {
	var taken, promised int64
	names, err := s.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		stored, declared := s.size(name)
		taken += max(stored, declared)
		promised += max(declared-stored, 0)
	}
	if taken+more > s.quota {
		return noRoom(fmt.Errorf("spool holds %d of %d bytes, %d more are wanted", taken, s.quota, more))
	}
	free, total, err := s.free()
	if err != nil {
		return err
	}
	if keep := max(int64(freeFloor), total/freeShare); free-promised-more < keep {
		return noRoom(fmt.Errorf("disk has %d bytes free, of which %d stay so and %d are promised", free, keep, promised))
	}
	return nil
}

// names lists the uploads in the folder.
func (s *Spool) names() ([]string, error) {
	entries, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && spoolName.MatchString(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// size is how much of an upload is stored, and how much an open one declared.
// An upload that goes away meanwhile has none.
func (s *Spool) size(name string) (stored, declared int64) {
	entries, _ := fs.ReadDir(s.root.FS(), name)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			stored += info.Size()
		}
	}
	if text, err := s.root.ReadFile(name + "/" + openMark); err == nil {
		declared, _ = strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	} else if parts, err := s.parts(name); err == nil {
		declared = totalOf(parts)
	}
	return stored, declared
}

// Upload is one upload under way. It is ended by either Close or Abort; one
// that grows beyond its declared size, or for which the disk has no room, is
// aborted by itself. It is for one goroutine.
type Upload struct {
	spool    *Spool
	name     string
	declared int64
	left     int64 // of declared
	mark     *os.File
	file     *os.File // being written
	names    []string
	ended    bool
}

// File begins the next file of the upload, under the person's own name for it.
// Writing to it fails with TooLarge beyond the declared size and with Disk when
// the disk is full; nothing of the upload is kept then.
func (u *Upload) File(name string) (io.Writer, error) {
	if u.ended {
		return nil, ended()
	}
	if len(u.names) == maxSpoolFiles {
		return nil, tooManyFiles()
	}
	if err := u.finishFile(); err != nil {
		return nil, errors.Join(err, u.Abort())
	}
	var err error
	u.file, err = u.spool.root.OpenFile(u.path(len(u.names)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, errors.Join(written(err), u.Abort())
	}
	u.names = append(u.names, clean(name))
	return fileWriter{u, u.file}, nil
}

func (u *Upload) path(n int) string { return u.name + "/" + strconv.Itoa(n) }

// fileWriter writes one file of an upload.
type fileWriter struct {
	u    *Upload
	file *os.File
}

// Write implements io.Writer.
func (w fileWriter) Write(p []byte) (int, error) {
	if w.u.ended || w.u.file != w.file {
		return 0, ended()
	}
	if int64(len(p)) > w.u.left { // cut before the byte too many
		return 0, errors.Join(grew(w.u.declared), w.u.Abort())
	}
	n, err := w.file.Write(p)
	w.u.left -= int64(n)
	if err != nil {
		return n, errors.Join(written(err), w.u.Abort())
	}
	return n, nil
}

func (u *Upload) finishFile() error {
	if u.file == nil {
		return nil
	}
	err := cmp.Or(u.file.Sync(), u.file.Close())
	u.file = nil
	return written(err)
}

// Close ends the upload and returns the name under which it is kept.
func (u *Upload) Close() (name string, err error) {
	if u.ended {
		return "", ended()
	}
	if err := u.seal(); err != nil {
		return "", errors.Join(err, u.Abort())
	}
	u.end()
	return u.name, nil
}

func (u *Upload) seal() error {
	if err := u.finishFile(); err != nil {
		return err
	}
	return u.spool.seal(u.name, u.names, openMark)
}

// seal makes an upload a finished one, with the files' own names, and takes
// away the mark of it being under way.
func (s *Spool) seal(name string, own []string, mark string) error {
	names, err := json.Marshal(own)
	if err != nil {
		return err
	}
	if err := s.root.WriteFile(name+"/"+namesFile, names, 0o600); err != nil {
		return written(err)
	}
	return written(s.root.Remove(name + "/" + mark))
}

// Abort ends the upload and keeps nothing of it. After an end it does nothing.
func (u *Upload) Abort() error {
	if u.ended {
		return nil
	}
	u.end()
	return u.remove()
}

func (u *Upload) end() {
	u.ended = true
	if u.file != nil {
		u.file.Close() // its content is deleted, or synced already
	}
	u.mark.Close() // gives the lock back; nothing was written since
	u.spool.leave()
}

func (u *Upload) remove() error { return u.spool.root.RemoveAll(u.name) }

// SpooledFile is one file of a finished upload, with the person's own name for it.
type SpooledFile struct {
	Name string
	Size int64
	io.ReaderAt
}

// Open opens the files of a finished upload, in order; done closes them.
// NotFound when there is no such upload.
func (s *Spool) Open(name string) (files []SpooledFile, done func() error, err error) {
	if !spoolName.MatchString(name) {
		return nil, nil, notFound()
	}
	text, err := s.root.ReadFile(name + "/" + namesFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, notFound()
	}
	var names []string
	if err == nil {
		err = json.Unmarshal(text, &names)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("spool: %w", err)
	}
	var opened []*os.File
	done = func() error {
		var all error
		for _, file := range opened {
			all = errors.Join(all, file.Close())
		}
		return all
	}
	for i, own := range names {
		file, size, err := s.openFile(name + "/" + strconv.Itoa(i))
		if err != nil {
			return nil, nil, errors.Join(err, done())
		}
		opened = append(opened, file)
		files = append(files, SpooledFile{own, size, file})
	}
	return files, done, nil
}

func (s *Spool) openFile(path string) (*os.File, int64, error) {
	file, err := s.root.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("spool: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

// Delete deletes an upload; one that is absent is deleted already.
func (s *Spool) Delete(name string) error {
	if !spoolName.MatchString(name) {
		return notFound()
	}
	return s.root.RemoveAll(name)
}

// Sweep deletes what nobody needs, and returns how many uploads those were:
// unfinished ones whose process ended, and finished ones that are not in keep
// and older than a few minutes, in which a Source could still be made of them.
func (s *Spool) Sweep(keep []string, now time.Time) (deleted int, err error) {
	names, err := s.names()
	if err != nil {
		return 0, err
	}
	kept := map[string]bool{}
	for _, name := range keep {
		kept[name] = true
	}
	for _, name := range names {
		if kept[name] || !s.abandoned(name, now) {
			continue
		}
		if err := s.root.RemoveAll(name); err != nil {
			return deleted, err
		}
		deleted++
	}
	return deleted, nil
}

func (s *Spool) abandoned(name string, now time.Time) bool {
	if info, err := s.root.Stat(name + "/" + namesFile); err == nil {
		return now.Sub(info.ModTime()) > unclaimedLife
	}
	mark, err := s.root.OpenFile(name+"/"+openMark, os.O_RDWR, 0)
	if err != nil { // in pieces, made this moment, or half deleted
		info, err := s.root.Stat(name)
		return err == nil && now.Sub(info.ModTime()) > unclaimedLife
	}
	defer mark.Close()
	return tryLockFile(mark)
}

// Close closes the folder. Uploads under way cannot go on.
func (s *Spool) Close() error { return s.root.Close() }
