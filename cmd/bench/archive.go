package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"godwit/importer/importertest"
)

// archive is the synthetic export that several rows read.
type archive struct {
	path string
	importertest.Known
}

// archive makes the export at its first use.
func (b *bench) archive(ctx context.Context) (*archive, error) {
	if b.given != nil {
		return b.given, nil
	}
	var err error
	b.given, err = b.write(ctx, filepath.Join(b.dir, "twitter-2026-07-25-synthetic.zip"), importertest.Shape{Text: b.text})
	return b.given, err
}

// write makes an export.
func (b *bench) write(ctx context.Context, path string, shape importertest.Shape) (*archive, error) {
	b.say("writing an archive with %.0f MB of posts", megabytes(shape.Text))
	a := &archive{path: path}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	a.Known, err = importertest.Generate(stoppable{ctx, f}, shape)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return a, nil
}

// stoppable is a Writer that ends with its context.
type stoppable struct {
	ctx context.Context
	w   io.Writer
}

// Write writes on, or gives up.
func (s stoppable) Write(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.w.Write(p)
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }
