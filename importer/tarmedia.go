package importer

import (
	"archive/tar"
	"context"
	"hash/maphash"
	"io"
	"path"
	"strings"
	"sync/atomic"
)

// tarMedia finds the pictures of posts in a .tar.gz, in which nothing can be
// reached but by unpacking what lies before it. So it is looked through once
// for which there are, and again up to each one that is wanted: posts are
// carried over a minute apart, and nothing is stored twice for it.
type tarMedia struct {
	part  part
	sizes map[uint64]int64 // by the names' hashes; nil until it was looked through
}

// indexTars looks through every tar that was not yet.
func (m *mediaIndex) indexTars(ctx context.Context) error {
	for _, t := range m.tars {
		if t.sizes != nil {
			continue
		}
		sizes := map[uint64]int64{}
		err := t.look(ctx, func(base string, size int64) {
			key := maphash.String(m.seed, base)
			if _, twice := sizes[key]; !twice {
				sizes[key] = size
			}
		})
		if err != nil {
			return err
		}
		t.sizes = sizes
	}
	return nil
}

func (t *tarMedia) look(ctx context.Context, each func(base string, size int64)) error {
	r, err := t.begin(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		base, size, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		each(base, size)
	}
}

// open unpacks up to the file with that base name; io.EOF when there is none.
func (t *tarMedia) open(wanted string) (io.ReadCloser, int64, error) {
	r, err := t.begin(context.Background())
	if err != nil {
		return nil, 0, tarBroken(err)
	}
	for {
		base, size, err := r.next()
		switch {
		case err == nil && base == wanted:
			return r, size, nil
		case err == nil:
			continue
		case err != io.EOF:
			err = tarBroken(err)
		}
		r.Close()
		return nil, 0, err
	}
}

// tarMediaReader steps from one media file of a tar to the next, and reads
// the one at which it stands.
type tarMediaReader struct {
	*tarFile
	in *ahead
}

func (t *tarMedia) begin(ctx context.Context) (*tarMediaReader, error) {
	file, err := t.part.open()
	if err != nil {
		return nil, err
	}
	in := readAhead(ctx, file, new(atomic.Int64)) // progress is told by the reading that follows
	files, err := openTar(in, t.part.size)
	if err != nil {
		in.close()
		return nil, err
	}
	return &tarMediaReader{files, in}, nil
}

func (r *tarMediaReader) next() (base string, size int64, err error) {
	for {
		h, err := r.tarFile.next()
		if err != nil {
			return "", 0, err
		}
		if base, ok := tarMediaName(h); ok {
			return base, h.Size, nil
		}
	}
}

// Close ends the unpacking.
func (r *tarMediaReader) Close() error {
	r.in.close()
	return nil
}

// tarMediaName is the base name of an entry that is a media file.
func tarMediaName(h *tar.Header) (base string, ok bool) {
	dir, base := path.Split(strings.TrimPrefix(h.Name, "./"))
	return base, h.Typeflag == tar.TypeReg && base != "" && !strings.HasPrefix(base, "._") && validName(dir+base) &&
		isMastodonMedia(strings.ToLower(strings.TrimSuffix(dir, "/")))
}
