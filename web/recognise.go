package web

import (
	"godwit/importer"
	"godwit/internal/social"
	"godwit/internal/store"
)

// recognise looks what was given, without reading it whole.
func recognise(spooled []store.SpooledFile) (kind social.SourceKind, digest string, size int64, err error) {
	var files []importer.File
	for _, f := range spooled {
		files = append(files, importer.File{Name: f.Name, Size: f.Size, ReaderAt: f.ReaderAt})
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
