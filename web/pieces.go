package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// An upload in pieces, as the script of the form makes it. POST /uploads
// declares the files, or finds the upload of the same files again, and tells by
// Upload-Offset how much is in. PATCH adds one piece at that offset; the one
// that makes it whole also makes the Source. Whatever breaks, the script asks
// with POST again and goes on from there. DELETE gives up.

// offsetHeader is of the IETF's resumable uploads: how many bytes are in.
const offsetHeader = "Upload-Offset"

var markForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// declare begins an upload in pieces, or goes on with the one of the same files.
func (s *site) declare(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	parts, total, err := v.declared()
	if err != nil {
		return v.notGiven(err)
	}
	if limit := s.uploadLimit(); total > limit {
		return v.notGiven(tooLarge(v.size(total), v.size(limit)))
	}
	known, err := s.sent(v, v.field("mark"), total)
	if err == nil {
		return known(v)
	}
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	return s.beginUpload(v, parts, total)
}

// declared reads which files are to come.
func (v *visit) declared() (parts []store.SpoolPart, total int64, err error) {
	names, sizes := v.r.PostForm["name"], v.r.PostForm["size"]
	if len(names) == 0 {
		return nil, 0, nothingChosen()
	}
	if !markForm.MatchString(v.field("mark")) || len(names) != len(sizes) {
		return nil, 0, badForm()
	}
	if len(names) > maxParts {
		return nil, 0, tooManyFiles()
	}
	for i, name := range names {
		size, err := strconv.ParseInt(sizes[i], 10, 64)
		if err != nil || size < 0 || size > localUpload || ownName(name) == "" {
			return nil, 0, badForm()
		}
		parts = append(parts, store.SpoolPart{Name: ownName(name), Size: size})
		total += size
	}
	return parts, total, nil
}

// sent finds the upload of the same files and returns how to answer for it:
// with how far it is, or with what became of it. NotFound when there is none to
// go on with.
func (s *site) sent(v *visit, mark string, total int64) (func(*visit) error, error) {
	n, err := s.Store.FindSending(v.r.Context(), v.user.ID, mark)
	if err != nil {
		return nil, err
	}
	if n.Source != 0 {
		source, err := s.Store.GetSource(v.r.Context(), v.user.ID, n.Source)
		if err != nil || source.State == social.SourceBroken {
			return nil, errors.Join(notFound(), err)
		}
		return func(v *visit) error { return v.given("/sources/" + itoa(n.Source)) }, nil
	}
	s.writers.interrupt(v.r.Context(), n.Name)
	offset, err := s.Spool.Stored(n.Name)
	if err != nil || n.Bytes != total {
		return nil, errors.Join(notFound(), err)
	}
	return func(v *visit) error { return v.standsAt(http.StatusCreated, n.Name, offset) }, nil
}

// beginUpload makes room for a new upload.
func (s *site) beginUpload(v *visit, parts []store.SpoolPart, total int64) error {
	if s.Mode != Local {
		if err := v.take(s.limits.uploads, ""); err != nil {
			return err
		}
	}
	name, err := s.Spool.Declare(parts)
	if err != nil {
		return v.notGiven(err)
	}
	dropped, err := s.Store.SaveSending(v.r.Context(), store.Sending{
		Name: name, UserID: v.user.ID, Mark: v.field("mark"), Shown: parts[0].Name, Bytes: total, TouchedAt: v.now,
	})
	if err != nil {
		s.discard(name)
		return err
	}
	for _, old := range dropped {
		s.discard(old)
	}
	return v.standsAt(http.StatusCreated, name, 0)
}

// standsAt answers with how far an upload is.
func (v *visit) standsAt(status int, name string, offset int64) error {
	v.w.Header().Set("Location", "/uploads/"+name)
	v.w.Header().Set(offsetHeader, itoa(offset))
	v.w.WriteHeader(status)
	return nil
}

// piece adds one piece to an upload. What came in before a connection breaks is kept.
func (s *site) piece(v *visit) error {
	n, err := s.Store.GetSending(v.r.Context(), v.user.ID, v.r.PathValue("upload"))
	if err != nil {
		return err
	}
	if n.Source != 0 {
		return v.given("/sources/" + itoa(n.Source))
	}
	upload, err := s.Spool.Resume(n.Name)
	if fault.Is(err, fault.NotFound) { // whole, but no Source was made of it yet
		return s.whole(v, n)
	}
	if err != nil {
		return err
	}
	defer s.writers.enter(n.Name, http.NewResponseController(v.w))()
	defer upload.Close() // again, after an end, it does nothing
	if err := s.Store.TouchSending(v.r.Context(), v.user.ID, n.Name, 0, v.now); err != nil {
		return err
	}
	if err := v.addPiece(upload); err != nil {
		return err
	}
	if upload.Offset() < upload.Size() {
		return errors.Join(upload.Close(), v.standsAt(http.StatusNoContent, n.Name, upload.Offset()))
	}
	if err := upload.Finish(); err != nil {
		return err
	}
	return s.whole(v, n)
}

// addPiece writes the body at the end of an upload, if that is where it belongs.
func (v *visit) addPiece(upload *store.Resumed) error {
	if v.r.Header.Get(offsetHeader) != itoa(upload.Offset()) {
		v.w.Header().Set(offsetHeader, itoa(upload.Offset()))
		return fault.New(fault.Conflict, "upload-elsewhere",
			"The upload stands at another place than this piece, or another window is sending it. Nothing is lost; it goes on from where it stands.")
	}
	room := min(pieceSize, upload.Size()-upload.Offset())
	if v.r.ContentLength > room {
		return tooMuch()
	}
	_, err := io.Copy(upload, v.steadily(room))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooMuch()
	case err != nil && asFault(err) == nil:
		return fault.New(fault.Invalid, "piece-broke", "The connection broke. What came in is kept; the upload goes on from there.").Because(err)
	}
	return err
}

func tooMuch() error {
	return fault.New(fault.TooLarge, "piece-too-large", "That is more than belongs to this piece of the upload. What came in before it is kept.")
}

// whole makes the Source of an upload that is all in.
func (s *site) whole(v *visit, n store.Sending) error {
	if err := v.noteAddress(); err != nil {
		return err
	}
	source, again, err := s.keep(v, n.Name, n.Shown)
	if err != nil && (fault.Is(err, fault.Invalid) || fault.Is(err, fault.Gone) || fault.Is(err, fault.NotFound)) {
		s.discard(n.Name)
		return errors.Join(v.notGiven(err), s.Store.DeleteSending(v.r.Context(), v.user.ID, n.Name))
	}
	if err != nil {
		return err // what is in stays, and is looked at again when the script asks again
	}
	if again && source.Spool != n.Name {
		s.discard(n.Name)
		v.flash(flash{Key: "give.again", At: source.CreatedAt})
	}
	if err := s.Store.TouchSending(v.r.Context(), v.user.ID, n.Name, source.ID, v.now); err != nil {
		return err
	}
	v.ring(social.ImportTask, source.ID)
	return v.given("/sources/" + itoa(source.ID))
}

// giveUp deletes an upload that is under way.
func (s *site) giveUp(v *visit) error {
	name := v.r.PathValue("upload")
	if err := s.Store.DeleteSending(v.r.Context(), v.user.ID, name); err != nil {
		return err
	}
	s.writers.interrupt(v.r.Context(), name)
	s.discard(name)
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// writers are the pieces that are coming in now. One whose connection is dead
// is waited for a minute by itself; whoever wants to go on need not.
type writers struct {
	mu sync.Mutex
	of map[string]*writer
}

type writer struct {
	control *http.ResponseController
	gone    chan struct{}
}

// enter notes that a piece of that upload is coming in, until done.
func (w *writers) enter(name string, control *http.ResponseController) (done func()) {
	x := &writer{control, make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of[name] = x
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.of, name)
		close(x.gone)
	}
}

// interrupt ends the piece of that upload which is coming in, if there is one,
// and waits until it has let go.
func (w *writers) interrupt(ctx context.Context, name string) {
	w.mu.Lock()
	x := w.of[name]
	w.mu.Unlock()
	if x == nil {
		return
	}
	_ = x.control.SetReadDeadline(time.Unix(1, 0)) // a connection without deadlines ends by itself
	select {
	case <-x.gone:
	case <-ctx.Done():
	}
}
