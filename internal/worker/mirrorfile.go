package worker

import (
	"bytes"
	"context"
	"io"
	"path"
	"strings"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
)

// find reads a file of a status out of the archive, as it is sent: pictures fit
// for the server, and neither they nor videos telling where they were taken
// (ZIP-12). A kind of file that nobody here can clean is Invalid.
func (r *turn) find(_ context.Context, f social.DraftFile) (fedi.File, error) {
	switch f.Media.Kind {
	case social.Photo:
		return r.picture(f.Media.File)
	case social.Video, social.Animation:
		return r.video(f.Media.File)
	}
	return fedi.File{}, fault.New(fault.Invalid, "file-kind", "Files of this kind aren't sent, since we can't take out what they may tell beside their sound.")
}

func (r *turn) picture(name string) (fedi.File, error) {
	file, err := r.openFile(name)
	if err != nil {
		return fedi.File{}, err
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, bridge.MaxPicture+1))
	switch {
	case err != nil:
		return fedi.File{}, unreadable(err)
	case len(body) > bridge.MaxPicture:
		return fedi.File{}, fault.New(fault.TooLarge, "picture-too-large", "This picture is too large to be looked at. It was not sent.")
	}
	body, kind, err := bridge.FitPicture(body, r.m.Limits)
	if err != nil {
		return fedi.File{}, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return fedi.File{Type: kind, Size: int64(len(body)), Open: open}, nil
}

// unreadable is an archive that stumbles: it is tried again.
func unreadable(cause error) error {
	return fault.New(fault.Unavailable, "archive-unreadable", "The export can't be read at the moment. We try again later.").Because(cause)
}

// video is never held in memory: it is read once to see what is to be taken
// out, and once more as it is sent.
func (r *turn) video(name string) (fedi.File, error) {
	file, err := r.openFile(name)
	if err != nil {
		return fedi.File{}, err
	}
	blanks, err := bridge.VideoBlanks(file)
	size := file.size
	file.Close()
	if err != nil {
		return fedi.File{}, err
	}
	kind := "video/mp4"
	if strings.EqualFold(path.Ext(name), ".mov") {
		kind = "video/quicktime"
	}
	open := func() (io.ReadCloser, error) {
		file, err := r.openFile(name)
		if err != nil {
			return nil, err
		}
		return &archived{Reader: bridge.Blanked(file, blanks), close: file.close}, nil
	}
	return fedi.File{Type: kind, Size: size, Open: open}, nil
}

// archived is a file of an archive that is closed with it.
type archived struct {
	io.Reader
	size  int64
	close func()
}

// Close closes both.
func (a *archived) Close() error {
	a.close()
	return nil
}

// openFile opens a file of the archive. One that the archive lacks is NotFound;
// when the archive itself is away the Mirror is paused.
func (r *turn) openFile(name string) (*archived, error) {
	if r.m.Live {
		return r.fetched(name)
	}
	if r.x.Source.Spool == "" {
		return nil, archiveGone(fault.Paused)
	}
	export, release, err := r.w.open(r.x.Source)
	if err != nil {
		return nil, archiveGone(fault.Paused).Because(err)
	}
	body, size, err := export.OpenMedia(name)
	if err != nil {
		release()
		return nil, err
	}
	return &archived{Reader: body, size: size, close: func() { body.Close(); release() }}, nil
}

// archiveGone says that the bytes of the Source are not there any more.
func archiveGone(kind fault.Kind) *fault.Fault {
	return fault.New(kind, "archive-gone", "The export isn't there any more: it was deleted after it was read, or moved. Nothing is lost; give the same file once more, and this goes on.")
}
