package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
)

var silence = slog.New(slog.DiscardHandler)

// openStore makes a new SQLite database in dir, with a key of its own.
func openStore(ctx context.Context, dir string) (*store.Store, error) {
	key := store.Key{ID: "bench"}
	if _, err := rand.Read(key.Secret[:]); err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, store.Options{Path: filepath.Join(dir, "godwit.db"), Keys: store.Keys{key}})
	if err != nil {
		return nil, err
	}
	if err := s.Migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// giveSource makes a Source of the export at path, which is read where it lies.
func giveSource(ctx context.Context, s *store.Store, user social.User, path string, now time.Time) (social.Source, error) {
	source, _, err := s.CreateSource(ctx, social.Source{UserID: user.ID, State: social.SourceReceived,
		Name: filepath.Base(path), Digest: path, Spool: path, Keep: true}, now)
	return source, err
}
