package fedi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const (
	mediaPart   = "/media" // of every path about files
	uploadPath  = "/api/v2/media"
	uploadPath1 = "/api/v1/media"
	filePath    = "/api/v1/media/{id}"
)

// errSource says that our own side could not read a file to its end.
var errSource = errors.New("file could not be read")

// File is a file to be uploaded. Open may be called more than once.
type File struct {
	Type           string // media type
	Size           int64  // in bytes, exactly
	Open           func() (io.ReadCloser, error)
	Alt            string
	FocusX, FocusY float64
}

// Posting is a Home that finds the files of statuses by itself.
type Posting struct {
	*Home
	find func(context.Context, social.DraftFile) (File, error)
}

// Posting returns h with a way to the files of its statuses. find returns the
// file as it is to be sent; its error is passed on, a NotFound where there is no
// such file any more.
func (h *Home) Posting(find func(context.Context, social.DraftFile) (File, error)) *Posting {
	return &Posting{h, find}
}

// Upload finds a file and sends it with its description and focal point.
func (p *Posting) Upload(ctx context.Context, d social.DraftFile) (social.RemoteFile, error) {
	f, err := p.find(ctx, d)
	if err != nil {
		return social.RemoteFile{}, err
	}
	f.Alt, f.FocusX, f.FocusY = d.Alt, d.Media.FocusX, d.Media.FocusY
	return p.UploadFile(ctx, f)
}

// attachment is a MediaAttachment entity, as far as it is read.
type attachment struct {
	ID string `json:"id"`
}

// UploadFile sends a file. Not Ready means that the server still works on it.
// Invalid and TooLarge are for good.
func (h *Home) UploadFile(ctx context.Context, f File) (social.RemoteFile, error) {
	if f.Size <= 0 || f.Size > maxUpload {
		return social.RemoteFile{}, fault.New(fault.TooLarge, CodeFileTooLarge, sayFileTooLarge)
	}
	got, err := h.upload(ctx, uploadPath, f)
	if code := statusOf(err); code == http.StatusNotFound || code == http.StatusMethodNotAllowed { // before Mastodon 3.1.3
		got, err = h.upload(ctx, uploadPath1, f)
	}
	return got, err
}

func (h *Home) upload(ctx context.Context, path string, f File) (social.RemoteFile, error) {
	body, err := f.multipart()
	if err != nil {
		return social.RemoteFile{}, fault.New(fault.Unavailable, CodeFileUnreadable, sayFileUnreadable, "host", h.host).Because(err)
	}
	defer body.file.Close()
	got, err := h.file(ctx, request{method: http.MethodPost, path: path, body: body, most: maxAPI})
	if err != nil && body.broken {
		return social.RemoteFile{}, fault.New(fault.Unavailable, CodeFileUnreadable, sayFileUnreadable, "host", h.host).Because(err)
	}
	return got, err
}

// File asks after an uploaded file. NotFound when the server does not have it
// (any more), Invalid when it could not make anything of it.
func (h *Home) File(ctx context.Context, id social.RemoteID) (social.RemoteFile, error) {
	return h.ofFile(ctx, request{method: http.MethodGet, path: filePath, id: id, most: maxAPI})
}

// Describe gives an uploaded file another description, as long as it belongs to
// no status.
func (h *Home) Describe(ctx context.Context, id social.RemoteID, alt string) (social.RemoteFile, error) {
	return h.ofFile(ctx, request{method: http.MethodPut, path: filePath, id: id, most: maxAPI, json: map[string]string{"description": alt}})
}

func (h *Home) ofFile(ctx context.Context, r request) (social.RemoteFile, error) {
	if _, err := social.ParseRemoteID(string(r.id)); err != nil {
		return social.RemoteFile{}, err
	}
	got, err := h.file(ctx, r)
	if err == nil && got.ID != r.id {
		return social.RemoteFile{}, explain(h.host, errMalformed)
	}
	return got, err
}

// file reads an answer about one file: 202 and 206 say that it is being worked
// on.
func (h *Home) file(ctx context.Context, r request) (social.RemoteFile, error) {
	var m attachment
	a, err := h.answer(ctx, r, &m)
	if err != nil {
		return social.RemoteFile{}, err
	}
	id, err := social.ParseRemoteID(m.ID)
	if err != nil {
		return social.RemoteFile{}, explain(h.host, errMalformed)
	}
	return social.RemoteFile{ID: id, Ready: a.status != http.StatusAccepted && a.status != http.StatusPartialContent}, nil
}

// fileRefusal is what an answer means for a file.
func (o *origin) fileRefusal(a reply) *fault.Fault {
	switch {
	case a.status == http.StatusRequestEntityTooLarge, a.status == http.StatusUnprocessableEntity, a.status == http.StatusBadRequest,
		a.status == http.StatusUnsupportedMediaType:
		return fault.New(fault.Invalid, CodeFileRefused, sayFileRefused, "host", o.host)
	case a.status == http.StatusForbidden:
		return fault.New(fault.Denied, CodeFileRefused, sayFileRefused, "host", o.host)
	case o.isAway(a):
		return fault.New(fault.NotFound, CodeNoFile, sayNoFile, "host", o.host)
	}
	return explain(o.host, errMalformed)
}

// upload is the body of a multipart request: what stands before the file, the
// file, and what stands behind it. Its length is known, since many a proxy
// takes no upload without.
type upload struct {
	kind       string
	head, tail []byte
	file       io.ReadCloser
	left       int64
	size       int64
	broken     bool // the file did not keep what its size promised
}

func (f File) multipart() (*upload, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range f.fields() {
		if err := w.WriteField(name, value); err != nil {
			return nil, err
		}
	}
	kind := f.Type
	if kind == "" || strings.ContainsAny(kind, "\r\n") {
		kind = "application/octet-stream"
	}
	// The name is ours: that of the Source's file may tell more than the picture.
	header := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="` + fileName(kind) + `"`}, "Content-Type": {kind}}
	if _, err := w.CreatePart(header); err != nil {
		return nil, err
	}
	head := bytes.Clone(b.Bytes())
	b.Reset()
	if err := w.Close(); err != nil {
		return nil, err
	}
	file, err := f.Open()
	if err != nil {
		return nil, errSource
	}
	return &upload{kind: w.FormDataContentType(), head: head, tail: b.Bytes(), file: file, left: f.Size, size: f.Size}, nil
}

func (f File) fields() map[string]string {
	fields := map[string]string{}
	if f.Alt != "" {
		fields["description"] = f.Alt
	}
	if f.FocusX != 0 || f.FocusY != 0 {
		fields["focus"] = fmt.Sprintf("%.4f,%.4f", min(max(f.FocusX, -1), 1), min(max(f.FocusY, -1), 1))
	}
	return fields
}

// fileName gives snac, which goes by it, the right ending.
func fileName(kind string) string {
	_, sub, _ := strings.Cut(kind, "/")
	switch sub {
	case "jpeg":
		return "file.jpg"
	case "quicktime":
		return "file.mov"
	case "png", "gif", "webp", "avif", "heic", "mp4", "webm", "mpeg", "ogg", "flac":
		return "file." + sub
	}
	return "file"
}

// Read is the file, to exactly its size.
func (u *upload) Read(p []byte) (int, error) {
	if u.left == 0 {
		return 0, io.EOF
	}
	n, err := u.file.Read(p[:min(int64(len(p)), u.left)])
	u.left -= int64(n)
	if err != nil && u.left > 0 {
		u.broken = true
		return n, errSource
	}
	if u.left == 0 {
		err = nil
	}
	return n, err
}

// time is how long the whole of it may take.
func (u *upload) time() time.Duration {
	return min(homeTime+time.Duration(u.size/uploadSlowest)*time.Second, uploadMost)
}

// doUpload sends a file as it is read: nothing of it is held in memory.
func (o *origin) doUpload(ctx context.Context, r request) (reply, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.body.time(), errSlow)
	defer cancel()
	u := r.body
	req, err := http.NewRequestWithContext(ctx, r.method, "https://"+o.host+r.path,
		io.MultiReader(bytes.NewReader(u.head), u, bytes.NewReader(u.tail)))
	if err != nil {
		return reply{}, errRefusedURL
	}
	req.ContentLength = int64(len(u.head)) + u.size + int64(len(u.tail))
	req.Header.Set("Content-Type", u.kind)
	req.Header.Set("Accept", "application/json")
	if !o.token.IsZero() {
		req.Header.Set("Authorization", "Bearer "+o.token.Reveal())
	}
	resp, err := o.client.GetClient().Do(req)
	if err != nil {
		return reply{}, cause(ctx, strip(err))
	}
	defer resp.Body.Close()
	body, err := readAll(resp.Body, int64(r.most))
	return reply{status: resp.StatusCode, header: resp.Header, body: body}, cause(ctx, err)
}
