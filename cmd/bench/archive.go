package main

import (
	"context"
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
	b.say("writing an archive with %.0f MB of posts", megabytes(b.text))
	a := &archive{path: filepath.Join(b.dir, "twitter-2026-07-25-synthetic.zip")}
	f, err := os.Create(a.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if a.Known, err = importertest.Generate(stoppable{ctx, f}, importertest.Shape{Text: b.text}); err != nil {
		return nil, err
	}
	b.given = a
	return a, f.Close()
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
