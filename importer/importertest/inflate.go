package importertest

import (
	"archive/zip"
	"io"

	"github.com/klauspost/compress/flate"
)

// InflateOnly unpacks every file of a zip to nowhere: the floor with which the
// speed of importing the same zip is compared.
func InflateOnly(path string) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer z.Close()
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			return err
		}
		if err := r.Close(); err != nil {
			return err
		}
	}
	return nil
}
