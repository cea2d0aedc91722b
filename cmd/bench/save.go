package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/worker"
)

// saveRows measures the whole step: an archive read into
// SQLite, by a process that does only this.
func saveRows(ctx context.Context, b *bench) ([]row, error) {
	a, err := b.archive(ctx)
	if err != nil {
		return nil, err
	}
	d, err := b.inChild(ctx, "child-save", a)
	if err != nil {
		return nil, err
	}
	speed := megabytes(a.Text) / d.Seconds
	return []row{
		{name: "import into SQLite: speed", measured: fmt.Sprintf("%.0f MB/s of posts", speed),
			beside: fmt.Sprintf("%d accounts in %.1f s", a.Counts.Accounts, d.Seconds), got: speed},
		memoryRow("import into SQLite: memory", d, a.Text, atMost(mostMemory, "MiB")),
	}, nil
}

// saveCounts imports the archive at path into a new database beside it.
func saveCounts(ctx context.Context, path string) (social.Counts, error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), "save-")
	if err != nil {
		return social.Counts{}, err
	}
	defer os.RemoveAll(dir)
	s, err := openStore(ctx, dir)
	if err != nil {
		return social.Counts{}, err
	}
	defer s.Close()
	door, err := fedi.Open(fedi.Options{})
	if err != nil {
		return social.Counts{}, err
	}
	defer door.Close()
	return importStep(ctx, s, worker.New(worker.Deps{Store: s, Door: door, Log: silence}), path)
}

// importStep gives the export at path to the owner of the machine and does the
// one step that reads it.
func importStep(ctx context.Context, s *store.Store, w *worker.Worker, path string) (social.Counts, error) {
	user, err := s.LocalUser(ctx, time.Now())
	if err != nil {
		return social.Counts{}, err
	}
	source, err := giveSource(ctx, s, user, path, time.Now())
	if err != nil {
		return social.Counts{}, err
	}
	if err := w.Handle(ctx, social.Task{Kind: social.ImportTask, ID: source.ID}); err != nil {
		return social.Counts{}, err
	}
	source, err = s.GetSource(ctx, user.ID, source.ID)
	if err == nil && source.State != social.SourceDone {
		err = fmt.Errorf("the import ended as %s %s", source.State, source.FaultSay)
	}
	return source.Counts, err
}
