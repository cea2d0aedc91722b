package main

import "context"

// memoryRows tells the peak memory of a process that does nothing but read an
// archive.
func memoryRows(ctx context.Context, b *bench) ([]row, error) {
	a, err := b.archive(ctx)
	if err != nil {
		return nil, err
	}
	d, err := b.inChild(ctx, "child-read", a)
	if err != nil {
		return nil, err
	}
	return []row{memoryRow("import: memory", d, a.Text, atMost(mostMemory, "MiB"))}, nil
}
