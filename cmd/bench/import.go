package main

import (
	"archive/zip"
	"context"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"

	"godwit/importer"
	"godwit/internal/social"
)

// importRows compares reading an archive with only inflating it, by turns.
func importRows(ctx context.Context, b *bench) ([]row, error) {
	a, err := b.archive(ctx)
	if err != nil {
		return nil, err
	}
	var reading, inflating span
	for range b.passes {
		if err := bestOf(&inflating, func() error { return inflate(ctx, a.path) }); err != nil {
			return nil, err
		}
		if err := bestOf(&reading, func() error { return readAll(ctx, a) }); err != nil {
			return nil, err
		}
	}
	ratio, work := over(inflating.wall, reading.wall), over(inflating.processor, reading.processor)
	return []row{{
		name: "import: speed", measured: fmt.Sprintf("%.0f MB/s of posts", perSecond(a.Text, reading.wall)/1e6),
		beside: fmt.Sprintf("%.0f MB/s only inflating", perSecond(a.Text, inflating.wall)/1e6),
		ratio:  ratio, aim: atLeast(leastImport, ""), got: ratio,
	}, {
		name: "import: processor time", measured: fmt.Sprintf("%.2f s of all cores", reading.processor.Seconds()),
		beside: fmt.Sprintf("%.2f s only inflating", inflating.processor.Seconds()), ratio: work, got: work,
	}}, nil
}

// bestOf measures do and keeps it if it was better than before.
func bestOf(best *span, do func() error) error {
	s, err := timed(do)
	best.least(s)
	return err
}

// inflate reads every file of a zip and does nothing with it.
func inflate(ctx context.Context, path string) error {
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
		_, err = io.Copy(stoppable{ctx, io.Discard}, r)
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// readAll reads an archive with the importer, and checks that it was read right.
func readAll(ctx context.Context, a *archive) error {
	counts, err := readCounts(ctx, a.path)
	if err != nil {
		return err
	}
	return a.same(counts)
}

// same checks counts against the archive's known answer.
func (a *archive) same(counts social.Counts) error {
	if counts != a.Counts {
		return fmt.Errorf("read %+v of an archive of %+v", counts, a.Counts)
	}
	return nil
}

// readCounts reads an export to its end.
func readCounts(ctx context.Context, path string) (social.Counts, error) {
	e, err := importer.OpenPath(path)
	if err != nil {
		return social.Counts{}, err
	}
	defer e.Close()
	for _, err := range e.Records(ctx) {
		if err != nil {
			return social.Counts{}, err
		}
	}
	return e.Counts(), nil
}
