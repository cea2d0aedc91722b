package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/worker"
	"godwit/web/locale"
)

// givePage takes an export.
type givePage struct {
	Frame   `json:"-"`
	Sources []social.Source
	Limit   string
	Six     []int
	Others  []int // kinds besides X's own files
	Piece   int64 // bytes of one piece
	Stopped []stopped
	Account accountForm
}

// stopped is an upload that didn't come to its end.
type stopped struct {
	Name    string
	Percent int
}

func (s *site) giveForm(v *visit) error { return v.showGive(http.StatusOK, nil) }

func (v *visit) showGive(status int, wrong locale.Sentence) error {
	return v.showGiveWith(status, accountForm{}, "files", wrong)
}

func (v *visit) showGiveWith(status int, account accountForm, field string, wrong locale.Sentence) error {
	sources, err := v.site.Store.ListSources(v.r.Context(), v.user.ID)
	if err != nil {
		return err
	}
	unfinished, err := v.stopped()
	if err != nil {
		return err
	}
	page := &givePage{Account: account, Stopped: unfinished, Piece: pieceSize, Sources: sources, Limit: v.size(v.site.uploadLimit()), Six: []int{1, 2, 3, 4, 5, 6}, Others: []int{1, 2, 3, 4, 5, 6, 7, 8}}
	page.Title = v.say("give.title")
	page.Here = "move"
	if !wrong.Empty() {
		page.Problem = []problem{{field, wrong}}
	}
	return v.show(status, "give", page)
}

// stopped lists the uploads that wait for the person to go on.
func (v *visit) stopped() (all []stopped, err error) {
	sendings, err := v.site.Store.ListSendings(v.r.Context(), v.user.ID)
	for _, n := range sendings {
		offset, err := v.site.Spool.Stored(n.Name)
		if err != nil || n.Bytes == 0 {
			continue // its bytes are gone; the sweep takes the row
		}
		all = append(all, stopped{n.Shown, int(100 * offset / n.Bytes)})
	}
	return all, err
}

func (s *site) uploadLimit() int64 {
	if s.Mode == Local {
		return localUpload
	}
	return hostedUpload
}

// give stores an upload as it streams in, looks what it is, and makes the
// Source of it. What can't be an export is said at the form and not kept.
func (s *site) give(v *visit) error {
	name, shown, err := s.receive(v)
	if err != nil {
		return v.notGiven(err)
	}
	if err := v.noteAddress(); err != nil {
		s.discard(name)
		return err
	}
	source, again, err := s.keep(v, name, shown)
	if err != nil || again {
		s.discard(name)
	}
	if err != nil {
		return v.notGiven(err)
	}
	if again {
		v.flash(flash{Key: "give.again", At: source.CreatedAt})
	} else {
		v.ring(social.ImportTask, source.ID)
	}
	return v.given("/sources/" + itoa(source.ID))
}

// noteAddress keeps, under a mark, from which network a list came: what all
// lists of one network may ask of the registry is bounded together (REG-02).
func (v *visit) noteAddress() error {
	if v.site.Mode == Local {
		return nil
	}
	return v.site.Store.SetAddress(v.r.Context(), v.user.ID, v.site.client(v.r))
}

// given leads to the page of the Source. A script that sent the files is told
// the address and goes there itself.
func (v *visit) given(path string) error {
	if v.r.Header.Get("Godwit-Script") == "" {
		return v.redirect(path)
	}
	v.w.Header().Set("Location", path)
	v.w.WriteHeader(http.StatusCreated)
	return nil
}

// notGiven shows the form again with what was wrong with the files.
func (v *visit) notGiven(err error) error { return v.notTaken(err, v.showGive) }

// notTaken shows a form with files again, with what was wrong with them.
func (v *visit) notTaken(err error, again func(status int, wrong locale.Sentence) error) error {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Gone:
		return again(http.StatusUnprocessableEntity, v.sayFault(err))
	case fault.TooLarge:
		v.w.Header().Set("Connection", "close")
		return again(http.StatusRequestEntityTooLarge, v.sayFault(err))
	case fault.Disk:
		v.site.Log.Error("no room for an upload", "cause", err.Error())
		v.w.Header().Set("Connection", "close")
		return again(http.StatusInsufficientStorage, v.sayFault(err))
	}
	return err
}

func (s *site) discard(name string) {
	if name == "" {
		return
	}
	if err := s.Spool.Delete(name); err != nil {
		s.Log.Warn("upload not deleted", "cause", err.Error())
	}
}

// keep recognises the stored files and makes the Source.
func (s *site) keep(v *visit, name, shown string) (social.Source, bool, error) {
	return s.keepFor(v, name, shown, false)
}

// keepFor is keep for files that may have to stay when they are read.
func (s *site) keepFor(v *visit, name, shown string, hold bool) (social.Source, bool, error) {
	files, done, err := s.Spool.Open(name)
	if err != nil {
		return social.Source{}, false, err
	}
	defer done()
	kind, digest, size, err := worker.Recognise(files)
	if err != nil {
		return social.Source{}, false, err
	}
	return s.Store.CreateSource(v.r.Context(), social.Source{
		UserID: v.user.ID, Kind: kind, State: social.SourceReceived, Name: shown, Digest: digest, Spool: name, Hold: hold, Bytes: size, CreatedAt: v.now,
	}, v.now)
}

// receive streams the form's files into the spool and returns the spool's name
// for them and the first file's own name, for showing.
func (s *site) receive(v *visit) (name, shown string, err error) {
	limit := s.uploadLimit()
	if v.r.ContentLength > limit {
		return "", "", tooLarge(v.size(v.r.ContentLength), v.size(limit))
	}
	boundary, err := boundaryOf(v.r)
	if err != nil {
		return "", "", err
	}
	body := v.steadily(limit)
	upload, err := s.Spool.Create(v.r.ContentLength)
	if err != nil {
		return "", "", err
	}
	shown, err = spoolParts(multipart.NewReader(body, boundary), upload)
	if err != nil {
		return "", "", errors.Join(v.uploadFault(err), ignoreGone(upload.Abort()))
	}
	name, err = upload.Close()
	return name, shown, err
}

func boundaryOf(r *http.Request) (string, error) {
	kind, values, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || values["boundary"] == "" {
		return "", badForm()
	}
	return values["boundary"], nil
}

// spoolParts writes each file of the form to the upload, in order.
func spoolParts(parts *multipart.Reader, upload *store.Upload) (shown string, err error) {
	for n := 1; ; n++ {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		if n > maxParts {
			return "", tooManyFiles()
		}
		name, err := spoolPart(part, upload)
		if err != nil {
			return "", err
		}
		if shown == "" {
			shown = name
		}
	}
	if shown == "" {
		return "", nothingChosen()
	}
	return shown, nil
}

// spoolPart stores one part if it is a file that has a name; a browser sends a
// part without one when nothing was chosen.
func spoolPart(part *multipart.Part, upload *store.Upload) (name string, err error) {
	name = ownName(part.FileName())
	if part.FormName() != "files" || name == "" {
		_, err = io.Copy(io.Discard, io.LimitReader(part, maxPart))
		return "", err
	}
	file, err := upload.File(name)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(file, part)
	return name, err
}

// ownName is a file's own name as far as it is kept: for showing and for
// recognising, never as a path.
func ownName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == "/" {
		return ""
	}
	return social.Printable(name, maxFileName)
}

func tooManyFiles() error {
	return fault.New(fault.Invalid, "too-many-files", "That is too many files at once. Nothing of it was kept; choose the .zip from X, or fewer files.")
}

func nothingChosen() error { return fault.New(fault.Invalid, "nothing-chosen", "Choose a file first.") }

func tooLarge(size, limit string) error {
	return fault.New(fault.TooLarge, "upload-too-large", "The file is {size}; this server takes up to {limit}. Use the single files instead:", "size", size, "limit", limit)
}

// uploadFault gives an error of the streaming its sentence.
func (v *visit) uploadFault(err error) error {
	var large *http.MaxBytesError
	switch {
	case asFault(err) != nil:
		return err
	case errors.As(err, &large):
		return tooLarge("> "+v.size(large.Limit), v.size(large.Limit))
	}
	return fault.New(fault.Invalid, "upload-broke", "The connection broke. Nothing was kept; choose the file and send it again.").Because(err)
}

// steadily is the body of an upload, of at most limit bytes.
func (v *visit) steadily(limit int64) *steady {
	body := &steady{body: http.MaxBytesReader(v.w, v.r.Body, limit), control: http.NewResponseController(v.w), now: v.site.Now}
	_ = body.control.SetWriteDeadline(time.Time{}) // the answer comes when all is in
	return body
}

// steady reads an upload's body and moves its deadline as long as it comes in
// at least at the floor's rate.
type steady struct {
	body    io.Reader
	control *http.ResponseController
	now     func() time.Time
	until   time.Time // end of the window
	got     int64     // bytes of the window
}

// Read passes the body on. A window with less than uploadFloor ends the upload.
func (s *steady) Read(p []byte) (int, error) {
	now := s.now()
	if s.until.IsZero() || now.After(s.until) {
		if !s.until.IsZero() && s.got < uploadFloor {
			return 0, errTooSlow
		}
		s.until, s.got = now.Add(uploadWindow), 0
		_ = s.control.SetReadDeadline(time.Now().Add(2 * uploadWindow)) // a writer without deadlines has none to move
	}
	n, err := s.body.Read(p)
	s.got += int64(n)
	return n, err
}

var errTooSlow = errors.New("upload slower than the floor")
