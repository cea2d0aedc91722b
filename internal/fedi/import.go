package fedi

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// The ways of servers to take a whole list: GoToSocial's import of files
// (api/client/import), Pleroma's of words (docs/development/API/pleroma_api.md),
// Mitra's of lines (mastodon_api/settings).
const (
	gtsImportPath     = "/api/v1/import"
	pleromaImportPath = "/api/pleroma/follow_import"
	mitraImportPath   = "/api/v1/settings/import_follows"
)

// Import gives the server accounts to follow. It follows them later, those that
// it can, and says nothing about the others. A server that takes no lists from
// this account is Gone with the code "no-import".
func (h *Home) Import(ctx context.Context, all []social.Handle) error {
	r, ok := h.importRequest(all)
	if !ok {
		return fault.New(fault.Gone, CodeNoImport, sayNoImport, "host", h.host)
	}
	_, err := h.call(ctx, r, nil)
	if refusesImport(err) {
		return fault.New(fault.Gone, CodeNoImport, sayNoImport, "host", h.host).Because(err)
	}
	return err
}

// importRequest is the list in the form that the flavour takes, if any.
func (h *Home) importRequest(all []social.Handle) (request, bool) {
	var lines strings.Builder
	for _, hd := range all {
		lines.WriteString(hd.String() + "\n")
	}
	r := request{method: http.MethodPost, most: maxAPI}
	switch h.flavour {
	case social.GoToSocial:
		r.path = gtsImportPath
		r.payload, r.kind = importFile(all)
	case social.Pleroma:
		r.path, r.form = pleromaImportPath, url.Values{"list": {lines.String()}}
	case social.Mitra:
		r.path, r.json = mitraImportPath, map[string]string{"follows_csv": lines.String()}
	default:
		return r, false
	}
	return r, true
}

// importFile is the file that Mastodon would take, in a form. Merging leaves
// alone whom the person follows already.
func importFile(all []social.Handle) (body []byte, kind string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b) // to memory: it cannot fail
	_ = w.WriteField("type", "following")
	_ = w.WriteField("mode", "merge")
	file, _ := w.CreateFormFile("data", "following.csv")
	_, _ = file.Write([]byte("Account address,Show boosts,Notify on new posts,Languages\n"))
	for _, hd := range all {
		_, _ = file.Write([]byte(hd.String() + ",true,false,\n"))
	}
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

// refusesImport tells a server that takes no lists, or not with this
// permission, from one that is in trouble or has had enough of the account.
func refusesImport(err error) bool {
	if f, ok := err.(*fault.Fault); !ok || f.Code == CodeAccountDisabled {
		return false
	}
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusNotAcceptable, http.StatusUnprocessableEntity, http.StatusNotImplemented:
		return true
	}
	return false
}
