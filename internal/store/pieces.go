package store

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"godwit/internal/fault"
)

// partsFile is the mark of an upload that comes in pieces: the files declared,
// in order. Its writer, while there is one, holds a lock on it. How far the
// upload came is told by the lengths of its files alone.
const partsFile = "parts.json"

// SpoolPart is one file of an upload that comes in pieces, as declared.
type SpoolPart struct {
	Name string `json:"name"` // the person's own
	Size int64  `json:"size"` // bytes
}

func totalOf(parts []SpoolPart) (total int64) {
	for _, part := range parts {
		total += part.Size
	}
	return total
}

// Declare reserves room for an upload that comes in pieces and returns its
// name: Invalid without files or sizes, TooLarge and Disk as Create.
func (s *Spool) Declare(parts []SpoolPart) (name string, err error) {
	if err := s.declarable(parts); err != nil {
		return "", err
	}
	name = rand.Text()
	return name, s.inRoom(totalOf(parts), func() error { return s.writeParts(name, parts) })
}

func (s *Spool) declarable(parts []SpoolPart) error {
	if len(parts) == 0 {
		return fault.New(fault.Invalid, "nothing-chosen", "Choose a file first.")
	}
	if len(parts) > maxSpoolFiles {
		return tooManyFiles()
	}
	var total int64
	for _, part := range parts {
		if part.Size < 0 {
			return noSize()
		}
		if total += part.Size; part.Size > s.quota || total > s.quota {
			return tooBig(total, s.quota)
		}
	}
	return nil
}

func (s *Spool) writeParts(name string, parts []SpoolPart) error {
	for i := range parts {
		parts[i].Name = clean(parts[i].Name)
	}
	text, err := json.Marshal(parts)
	if err != nil {
		return err
	}
	if err := s.root.Mkdir(name, 0o700); err != nil {
		return written(err)
	}
	if err := s.root.WriteFile(name+"/"+partsFile, text, 0o600); err != nil {
		return errors.Join(written(err), s.root.RemoveAll(name))
	}
	return nil
}

// parts reads what was declared of an upload that comes in pieces.
func (s *Spool) parts(name string) (parts []SpoolPart, err error) {
	if !spoolName.MatchString(name) {
		return nil, notFound()
	}
	text, err := s.root.ReadFile(name + "/" + partsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound()
	}
	if err == nil {
		err = json.Unmarshal(text, &parts)
	}
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	return parts, nil
}

// Stored is how many bytes of a declared upload are in; all of a finished one.
// NotFound when there is none of that name.
func (s *Spool) Stored(name string) (offset int64, err error) {
	if !spoolName.MatchString(name) {
		return 0, notFound()
	}
	entries, err := fs.ReadDir(s.root.FS(), name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return 0, notFound()
	}
	if err != nil {
		return 0, fmt.Errorf("spool: %w", err)
	}
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			return 0, fmt.Errorf("spool: %w", err)
		}
		offset += info.Size()
	}
	return offset, nil
}

// Resumed is a declared upload that is being written on. It ends by Close,
// which keeps what came in, or by Finish. It is for one goroutine.
type Resumed struct {
	spool  *Spool
	name   string
	parts  []SpoolPart
	mark   *os.File
	file   *os.File // being written, the one of index at
	at     int
	left   int64 // of that file
	offset int64
	ended  bool
}

// Resume opens a declared upload at the end of what is in: NotFound when there
// is none of that name or it is whole and finished, Conflict while somebody
// else writes on it.
func (s *Spool) Resume(name string) (*Resumed, error) {
	parts, err := s.parts(name)
	if err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	if !s.begin(name) {
		s.leave()
		return nil, elsewhere()
	}
	r := &Resumed{spool: s, name: name, parts: parts, at: -1}
	if err := r.open(); err != nil {
		r.end()
		return nil, err
	}
	return r, nil
}

func (r *Resumed) open() (err error) {
	r.mark, err = r.spool.root.OpenFile(r.name+"/"+partsFile, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return notFound() // finished this moment
	}
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if !soleWriter(r.mark) {
		return elsewhere()
	}
	r.offset, err = r.spool.Stored(r.name)
	return err
}

// begin notes that a name is written on in this process, or reports that it is already.
func (s *Spool) begin(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writing[name] {
		return false
	}
	s.writing[name] = true
	return true
}

// Offset is how many bytes are in.
func (r *Resumed) Offset() int64 { return r.offset }

// Size is how many bytes were declared.
func (r *Resumed) Size() int64 { return totalOf(r.parts) }

// Shown is the first file's own name.
func (r *Resumed) Shown() string { return r.parts[0].Name }

// Write adds to the end. It fails with TooLarge, and writes nothing, beyond what
// was declared, and with Disk when the disk is full.
func (r *Resumed) Write(p []byte) (n int, err error) {
	if r.ended {
		return 0, ended()
	}
	if int64(len(p)) > r.Size()-r.offset {
		return 0, grew(r.Size())
	}
	for len(p) > 0 {
		if err := r.seek(); err != nil {
			return n, err
		}
		m, err := r.file.Write(p[:min(int64(len(p)), r.left)])
		n, p = n+m, p[m:]
		r.left, r.offset = r.left-int64(m), r.offset+int64(m)
		if err != nil {
			return n, written(err)
		}
	}
	return n, nil
}

// seek opens the file to which the next byte belongs.
func (r *Resumed) seek() error {
	for r.file == nil || r.left == 0 {
		if err := r.closeFile(); err != nil {
			return err
		}
		if err := r.next(); err != nil {
			return err
		}
	}
	return nil
}

// next opens the file after the present one, at its end.
func (r *Resumed) next() (err error) {
	r.at++
	r.file, err = r.spool.root.OpenFile(r.name+"/"+strconv.Itoa(r.at), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return written(err)
	}
	info, err := r.file.Stat()
	if err != nil {
		return written(err)
	}
	r.left = r.parts[r.at].Size - info.Size()
	return nil
}

// closeFile ends the present file; what is acknowledged is on the disk.
func (r *Resumed) closeFile() error {
	if r.file == nil {
		return nil
	}
	err := cmp.Or(r.file.Sync(), r.file.Close())
	r.file = nil
	return written(err)
}

// Close lets go of the upload and keeps what came in. After an end it does nothing.
func (r *Resumed) Close() error {
	if r.ended {
		return nil
	}
	err := r.closeFile()
	r.end()
	return err
}

// Finish makes a whole upload one that Open opens; Conflict while bytes are missing.
func (r *Resumed) Finish() error {
	if r.ended {
		return ended()
	}
	if r.offset != r.Size() {
		return elsewhere()
	}
	if err := r.closeFile(); err != nil {
		return errors.Join(err, r.Close())
	}
	for r.at < len(r.parts)-1 { // empty files have no byte that made them
		if err := cmp.Or(r.next(), r.closeFile()); err != nil {
			return errors.Join(err, r.Close())
		}
	}
	own := make([]string, len(r.parts))
	for i, part := range r.parts {
		own[i] = part.Name
	}
	return errors.Join(r.spool.seal(r.name, own, partsFile), r.Close())
}

func (r *Resumed) end() {
	r.ended = true
	if r.mark != nil {
		r.mark.Close() // gives the lock back; nothing was written to it
	}
	r.spool.mu.Lock()
	delete(r.spool.writing, r.name)
	r.spool.mu.Unlock()
	r.spool.leave()
}
