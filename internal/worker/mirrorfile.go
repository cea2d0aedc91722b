package worker

import (
	"context"
	"errors"
	"io"

	"godwit/internal/fedi"
	"godwit/internal/social"
)

// find opens a file of a status in the archive, as it is to be sent.
func (r *turn) find(_ context.Context, f social.DraftFile) (fedi.File, error) {
	export, release, err := r.w.open(r.x.Source)
	if err != nil {
		return fedi.File{}, err
	}
	defer release()
	body, size, err := export.OpenMedia(f.Media.File)
	if err != nil {
		return fedi.File{}, err
	}
	_ = body.Close()
	open := func() (io.ReadCloser, error) {
		export, release, err := r.w.open(r.x.Source)
		if err != nil {
			return nil, err
		}
		body, _, err := export.OpenMedia(f.Media.File)
		if err != nil {
			release()
			return nil, err
		}
		return &archived{body, release}, nil
	}
	return fedi.File{Type: "image/jpeg", Size: size, Open: open}, nil
}

// archived is a file of an archive that is closed with it.
type archived struct {
	io.ReadCloser
	release func()
}

// Close closes both.
func (a *archived) Close() error {
	err := a.ReadCloser.Close()
	a.release()
	return err
}

var _ = errors.New
