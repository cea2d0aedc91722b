package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"godwit/importer/importertest"
)

// longPosts are the words of the longest post where there are ten times the
// posts: with fewer they would be more than one person is allowed.
const longPosts = 250

// memoryRows tells the peak memory of a process that does nothing but read an
// archive, and in the long form of one that is ten times as large.
func memoryRows(ctx context.Context, b *bench) ([]row, error) {
	a, err := b.archive(ctx)
	if err != nil {
		return nil, err
	}
	d, err := b.inChild(ctx, "child-read", a)
	if err != nil {
		return nil, err
	}
	rows := []row{memoryRow("import: memory", d, a.Text, atMost(mostMemory, "MiB"))}
	if !b.long || d.Peak == 0 {
		return rows, nil
	}
	huge, err := b.write(ctx, filepath.Join(b.dir, "twitter-2026-07-25-huge.zip"), importertest.Shape{Text: 10 * b.text, Words: longPosts})
	if err != nil {
		return rows, err
	}
	defer os.Remove(huge.path)
	ten, err := b.inChild(ctx, "child-read", huge)
	if err != nil {
		return rows, err
	}
	ratio := ten.Peak / d.Peak
	return append(rows, row{name: "import: memory, ten times the posts",
		measured: fmt.Sprintf("%.1f MiB for %.0f MB in %.0f s", ten.Peak, megabytes(huge.Text), ten.Seconds),
		beside:   fmt.Sprintf("%.1f MiB for %.0f MB", d.Peak, megabytes(a.Text)), ratio: ratio, aim: atMost(mostGrowth, ""), got: ratio}), nil
}
