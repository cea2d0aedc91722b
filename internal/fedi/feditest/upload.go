package feditest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"godwit/internal/social"
)

// Upload is the truth about one uploaded file. Its bytes are not kept.
type Upload struct {
	ID     string
	Type   string
	Size   int64
	SHA256 string
	Alt    string
	Focus  string
	At     time.Time
}

type upload struct {
	Upload
	owner    *Account
	asked    int
	attached bool
}

// Uploads are all files that an account ever sent, in order.
func (w *World) Uploads(handle string) []Upload {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.must(handle)
	var all []Upload
	for _, f := range a.host.uploads {
		if f.owner == a {
			all = append(all, f.Upload)
		}
	}
	return all
}

// Working lets the server work on every file until it was asked n times; below
// zero it never gets done.
func (h *Host) Working(n int) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.working = n
}

func (h *Host) works(f *upload) bool { return h.working < 0 || f.asked < h.working }

type apiAttachment struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	URL         *string `json:"url"`
	Description *string `json:"description"`
}

func (h *Host) attachment(f *upload) apiAttachment {
	a := apiAttachment{ID: f.ID, Type: "image"}
	if kind, _, _ := strings.Cut(f.Type, "/"); kind != "" && h.ways.flavour != social.Snac { // to snac all is an image
		a.Type = kind
	}
	if f.Alt != "" {
		a.Description = &f.Alt
	}
	if !h.works(f) {
		at := h.url("/media/" + f.ID)
		a.URL = &at
	}
	return a
}

// streamed reports that the call is an upload. It is read as it comes, of the
// file only a digest is kept, and the world is not locked meanwhile.
func (c *call) streamed() bool { return streams(c.r) }

func streams(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/api/") && strings.HasSuffix(r.URL.Path, "/media")
}

func (c *call) readUpload() {
	parts, err := c.r.MultipartReader()
	if err != nil {
		return
	}
	c.form = c.r.URL.Query()
	for {
		part, err := parts.NextPart()
		if err != nil {
			c.cutShort = err != io.EOF
			return
		}
		if part.FormName() == "file" {
			c.cutShort = c.digest(part) != nil
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, maxForm))
		if err != nil {
			c.cutShort = true
			return
		}
		c.form.Set(part.FormName(), string(value))
	}
}

func (c *call) digest(part *multipart.Part) error {
	sum := sha256.New()
	n, err := io.Copy(sum, part)
	c.file = &upload{Upload: Upload{Type: part.Header.Get("Content-Type"), Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))}}
	return err
}

func createFile(h *Host, c *call) *answer {
	if c.cutShort {
		return h.refusal(badRequest)
	}
	if c.file == nil {
		return h.ways.posting.noFile()
	}
	f := c.file
	f.owner, f.Alt, f.Focus, f.At = c.token.account, c.form.Get("description"), c.form.Get("focus"), c.now
	if no := h.ways.posting.takes(h, f); no != nil {
		return no
	}
	f.ID = h.fileID(f)
	h.uploads = append(h.uploads, f)
	a := data(h.attachment(f))
	if h.works(f) {
		a.status = http.StatusAccepted
	}
	return a
}

func (h *Host) fileID(f *upload) string {
	if h.ways.flavour == social.Snac {
		_, ending, _ := strings.Cut(f.Type, "/")
		return "post-" + strings.ToLower(rand.Text()) + "." + ending
	}
	return h.ways.newID(h, nil)
}

// fileNamed finds a file of the caller.
func (h *Host) fileNamed(c *call, id string) *upload {
	for _, f := range h.uploads {
		if f.ID == id && f.owner == c.token.account {
			return f
		}
	}
	return nil
}

func showFile(h *Host, c *call) *answer {
	f := h.fileNamed(c, c.id)
	if f == nil {
		return h.refusal(noRecord)
	}
	f.asked++
	a := data(h.attachment(f))
	if h.works(f) {
		a.status = http.StatusPartialContent
	}
	return a
}

func describeFile(h *Host, c *call) *answer {
	f := h.fileNamed(c, c.id)
	if f == nil {
		return h.refusal(noRecord)
	}
	f.Alt = c.form.Get("description")
	return data(h.attachment(f))
}

// filesOf finds the files of a new status; unknown is the first id that is none
// of the caller's, or that belongs to another status already.
func (h *Host) filesOf(c *call) (files []*upload, unknown string, attached bool) {
	for _, id := range c.list("media_ids") {
		f := h.fileNamed(c, id)
		switch {
		case f == nil && unknown == "":
			unknown = id
		case f != nil && f.attached && unknown == "":
			unknown, attached = id, true
		case f != nil:
			files = append(files, f)
		}
	}
	return files, unknown, attached
}
