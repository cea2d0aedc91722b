package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/worker"
)

// onBluesky reports whether an argument is the address of a Bluesky account
// and no path.
func onBluesky(path string) bool { return strings.HasPrefix(path, "at://") }

// fetchBluesky stores the public repository of a Bluesky account, and the
// public profiles of those it follows, where uploads lie.
func (h *house) fetchBluesky(ctx context.Context, source *social.Source, address string) error {
	account, err := h.door.FindBluesky(ctx, address)
	if err != nil {
		return err
	}
	upload, err := h.spool.Create(fedi.MaxRepository)
	if err != nil {
		return err
	}
	if err := h.storeBluesky(ctx, account, upload); err != nil {
		return errors.Join(err, upload.Abort())
	}
	if source.Spool, err = upload.Close(); err != nil {
		return err
	}
	if err := worker.RecogniseSpooled(h.spool, source); err != nil {
		return errors.Join(err, h.spool.Delete(source.Spool))
	}
	source.Name = "at://" + account.Name()
	return nil
}

func (h *house) storeBluesky(ctx context.Context, account fedi.Bluesky, upload *store.Upload) error {
	name := social.Printable(account.Name(), 60)
	repo, err := upload.File("repository.car")
	if err != nil {
		return err
	}
	p := h.progress("Reading " + name)
	err = h.door.BlueskyRepo(ctx, account, &watched{w: repo, told: func(n int64) { p.set(n, fedi.MaxRepository, megabytes(n)) }})
	p.end("")
	if err != nil {
		return err
	}
	follows, err := upload.File("follows.json")
	if err != nil {
		return err
	}
	p = h.progress("Reading whom " + name + " follows")
	err = h.door.BlueskyFollows(ctx, account, follows, func(n int) { p.set(int64(n), 0, fmt.Sprintf("%d people", n)) })
	p.end("")
	if err != nil && ctx.Err() == nil { // the repository alone tells whom, though not their names
		fmt.Fprintf(h.stderr, "%s People are known by number only; the same command later reads their names.\n", say(err))
		return nil
	}
	return err
}

// watched tells how much was written.
type watched struct {
	w    io.Writer
	n    int64
	told func(int64)
}

// Write passes on.
func (w *watched) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	w.n += int64(n)
	w.told(w.n)
	return n, err
}
