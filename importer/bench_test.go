package importer

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/klauspost/compress/flate"

	"godwit/importer/importertest"
)

// benchZip is a synthetic archive of GODWIT_BENCH_MB megabytes of posts, made
// once for a run; 64 by default, since the figures do not depend on the size.
func benchZip(tb testing.TB) (string, importertest.Known) {
	mb, err := strconv.Atoi(os.Getenv("GODWIT_BENCH_MB"))
	if err != nil {
		mb = 64
	}
	name := filepath.Join(tb.TempDir(), "twitter-2026-07-25-synthetic.zip")
	f, err := os.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	known, err := importertest.Generate(f, importertest.Shape{Text: int64(mb) << 20})
	if err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return name, known
}

// BenchmarkInflateOnly is the floor that BenchmarkImport is compared with.
func BenchmarkInflateOnly(b *testing.B) {
	name, known := benchZip(b)
	b.SetBytes(known.Text)
	for b.Loop() {
		if err := inflateOnly(name); err != nil {
			b.Fatal(err)
		}
	}
}

func inflateOnly(name string) error {
	z, err := zip.OpenReader(name)
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
		r.Close()
	}
	return nil
}

// BenchmarkImport reads the same zip to its last name.
func BenchmarkImport(b *testing.B) {
	name, known := benchZip(b)
	b.SetBytes(known.Text)
	for b.Loop() {
		e, err := OpenPath(name)
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range e.Records(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
		}
		if got := e.Counts(); got != known.Counts {
			b.Fatal(fmt.Sprintf("read %+v, generated %+v, warnings %v", got, known.Counts, e.Warnings()))
		}
		e.Close()
	}
}
