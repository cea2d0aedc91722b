package bridge

import (
	"cmp"
	"math"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"godwit/internal/social"
)

// files spreads the files of the Post over statuses: several pictures to one,
// anything else by itself, in their order. absent are those that cannot be
// brought over and are linked instead.
func (r *renderer) files() (groups [][]social.DraftFile, absent []social.Media) {
	if !r.p.Repost.IsZero() {
		return nil, nil
	}
	for _, m := range r.p.Media {
		f, ok := r.file(m)
		if !ok {
			absent = append(absent, m)
			continue
		}
		n := len(groups)
		if n > 0 && m.Kind == social.Photo && isPhotos(groups[n-1]) && len(groups[n-1]) < r.most() {
			groups[n-1] = append(groups[n-1], f)
			continue
		}
		groups = append(groups, []social.DraftFile{f})
	}
	return groups, absent
}

func isPhotos(files []social.DraftFile) bool { return files[0].Media.Kind == social.Photo }

// most is how many pictures one status takes.
func (r *renderer) most() int { return max(r.c.Limits.Files, 1) }

// file readies one file; ok is false for one that the Source lacks or the
// server does not take.
func (r *renderer) file(m social.Media) (f social.DraftFile, ok bool) {
	if m.Missing || m.File == "" {
		r.out.note(NoteAbsent)
		return f, false
	}
	fits := r.fits(m)
	switch {
	case !fits && m.Kind != social.Photo:
		r.out.note(NoteFileLink)
		return f, false
	case !fits:
		r.out.note(NoteShrink)
	}
	f = social.DraftFile{Media: m, Alt: r.alt(m), Shrink: !fits}
	f.Media.FocusX, f.Media.FocusY = focus(m.FocusX), focus(m.FocusY)
	return f, true
}

// alt is the description within the server's bound.
func (r *renderer) alt(m social.Media) string {
	alt := strings.TrimSpace(legible(m.Alt))
	if alt == "" && m.Kind != social.Audio {
		r.out.note(NoteNoAlt)
	}
	if utf8.RuneCountInString(alt) <= r.c.Limits.Description {
		return alt
	}
	r.out.note(NoteAltCut)
	return shorten(alt, r.c.Limits.Description)
}

// focus keeps a focal point within the picture.
func focus(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return min(max(x, -1), 1)
}

// fits reports that the server takes a file as it is, as far as it is known.
func (r *renderer) fits(m social.Media) bool {
	l := r.c.Limits
	bytes, pixels := l.VideoBytes, l.VideoPixels
	if m.Kind == social.Photo {
		bytes, pixels = l.ImageBytes, l.ImagePixels
	}
	area := int64(m.Width) * int64(m.Height)
	switch {
	case bytes > 0 && m.Size > bytes, pixels > 0 && m.Kind != social.Audio && area > pixels:
		return false
	case len(l.Types) == 0:
		return true
	}
	t := mediaTypes[strings.ToLower(path.Ext(m.File))]
	return t == "" || slices.Contains(l.Types, t)
}

// mediaTypes are the types of files as exports name them.
var mediaTypes = map[string]string{
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp", ".heic": "image/heic", ".avif": "image/avif",
	".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
	".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".wav": "audio/wave", ".flac": "audio/flac", ".m4a": "audio/mp4",
}

// absent writes where a file is that could not be brought over, and what it
// shows.
func (r *renderer) absent(s *sheet, m social.Media) {
	words := r.c.Rules.Words
	line := words.Absent
	link := m.URL
	if !m.Missing && m.File != "" && r.p.URL != "" {
		link = cmp.Or(m.URL, r.p.URL)
	}
	if _, ok := s.fit(link); ok {
		line = words.File
	}
	s.line(line, map[string]func(){
		"what": func() { r.what(s, m) },
		"link": func() { s.link(link) },
	})
}

// what names a file, with its description.
func (r *renderer) what(s *sheet, m social.Media) {
	words := r.c.Rules.Words
	name := words.Video
	switch m.Kind {
	case social.Photo:
		name = words.Photo
	case social.Audio:
		name = words.Audio
	}
	s.plain(name)
	if alt := oneLine(m.Alt); alt != "" {
		s.plain(" “" + alt + "”")
	}
}
