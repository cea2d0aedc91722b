package worker

import (
	"errors"

	"godwit/importer"
	"godwit/internal/social"
	"godwit/internal/store"
)

// Recognise tells what uploaded files are, without reading them to their end:
// their kind, the digest by which the same files are known again, and their
// size in bytes. What can't be an export is a Fault.
func Recognise(spooled []store.SpooledFile) (kind social.SourceKind, digest string, size int64, err error) {
	files := make([]importer.File, len(spooled))
	for i, f := range spooled {
		files[i] = importer.File{Name: f.Name, Size: f.Size, ReaderAt: f.ReaderAt}
		size += f.Size
	}
	export, err := importer.Open(files)
	if err != nil {
		return "", "", 0, err
	}
	kind = export.Kind()
	if err := export.Close(); err != nil {
		return "", "", 0, err
	}
	digest, err = importer.Digest(files)
	return kind, digest, size, err
}

// opener is where uploads lie.
type opener interface {
	Open(name string) (files []store.SpooledFile, done func() error, err error)
}

// RecogniseSpooled fills in what the upload of a Source is.
func RecogniseSpooled(spool opener, source *social.Source) error {
	files, done, err := spool.Open(source.Spool)
	if err != nil {
		return err
	}
	source.Kind, source.Digest, source.Bytes, err = Recognise(files)
	return errors.Join(err, done())
}
