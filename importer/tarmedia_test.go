package importer

import (
	"archive/tar"
	"io"
	"slices"
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Pictures of an archive are found wherever they lie in it: before the posts,
// as Mastodon packs, or after them.
func TestMediaOfTarballs(t *testing.T) {
	ordered := archiveOf("archive/")
	turned := slices.Clone(ordered)
	slices.Reverse(turned)
	const name = "3381f6f615f26246.jpeg"
	for what, given := range map[string]File{
		"tar.gz":              file("archive.tar.gz", tarOf(t, ordered, true)),
		"tar":                 file("archive.tar", tarOf(t, ordered, false)),
		"tar.gz, posts first": file("archive.tar.gz", tarOf(t, turned, true)),
	} {
		e, err := Open([]File{given})
		if err != nil {
			t.Fatal(what, err)
		}
		for range 2 { // before it was looked through, and after
			body, size, err := e.OpenMedia(name)
			if err != nil {
				t.Fatal(what, err)
			}
			text, err := io.ReadAll(body)
			if err != nil || string(text) != "PICTURE" || size != int64(len(text)) || body.Close() != nil {
				t.Errorf("%s: %q of %d bytes, %v", what, text, size, err)
			}
			for _, wrong := range []string{"", "gone.mp4", "avatar.jpg", "outbox.json", pictureFile, "../" + name} {
				if _, _, err := e.OpenMedia(wrong); !fault.Is(err, fault.NotFound) {
					t.Errorf("%s: %q: %v", what, wrong, err)
				}
			}
			if err := e.media.indexTars(t.Context()); err != nil {
				t.Fatal(what, err)
			}
		}
		r := drain(t, e, nil)
		if c := r.export.Counts(); r.err != nil || c != idaCounts {
			t.Errorf("%s: %v, %+v", what, r.err, c)
		}
	}
}

// A link in the place of a picture is none, and a tar that breaks among the
// pictures is said to be broken, whoever meets it first.
func TestMediaOfBadTarballs(t *testing.T) {
	var b strings.Builder
	w := tar.NewWriter(&b)
	for _, h := range []*tar.Header{
		{Name: "media_attachments/files/109/original/a.jpg", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		{Name: "../media_attachments/files/109/original/b.jpg", Typeflag: tar.TypeReg},
		{Name: "media_attachments/files/109/small/c.jpg", Typeflag: tar.TypeReg},
	} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	e, err := Open([]File{file("a.tar", b.String())})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.jpg", "b.jpg", "c.jpg"} {
		if _, _, err := e.OpenMedia(name); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := tarOf(t, archiveOf(""), true)
	e, err = Open([]File{file("a.tar.gz", whole[:len(whole)/3])})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = e.OpenMedia("gone.mp4")
	if f := fatal(err); f == nil || f.Code != "tar-truncated" {
		t.Errorf("%v", err)
	}
	if r := drain(t, e, nil); codeOf(r.err) != "tar-truncated" || r.export.Counts() != (social.Counts{}) {
		t.Errorf("%v, %+v", r.err, r.export.Counts())
	}
}
