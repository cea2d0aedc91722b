package feditest

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

func importsPage(h *Host, _ *call) *answer {
	return h.show(http.StatusOK, "imports", view{Title: "Import", Accounts: h.users()})
}

// importsUpload follows all rows of a CSV at once, outside of the day's budget
// of follows, as Mastodon does. Unlike there it asks for no confirmation.
func importsUpload(h *Host, c *call) *answer {
	me := h.accounts[strings.ToLower(c.form.Get("account"))]
	handles, err := c.csv("form_import[data]")
	if me == nil || err != nil {
		return h.show(http.StatusUnprocessableEntity, "imports", view{Title: "Import", Text: "That file could not be read.", Accounts: h.users()})
	}
	if len(handles) > min(maxImportRows, h.limits.FollowCap-countAccepted(h.world, me.following)) {
		return h.show(http.StatusUnprocessableEntity, "imports", view{Title: "Import", Text: "Too many rows.", Accounts: h.users()})
	}
	n := h.followAll(me, handles, c)
	return h.show(http.StatusOK, "imports", view{Title: "Import", Text: fmt.Sprintf("%d of %d accounts were asked.", n, len(handles)), Accounts: h.users()})
}

// gtsImport takes the same CSV by API, answers at once and works later, row by
// row (processing/account/import.go; ten rows were in the hands of their server
// within seconds).
func gtsImport(h *Host, c *call) *answer {
	if kind := c.form.Get("type"); !slices.Contains([]string{"following", "blocks", "mutes"}, kind) {
		return gtsSay(http.StatusBadRequest, "Bad Request: type "+kind+" not recognized, valid types are: [following blocks mutes]")
	}
	if mode := c.form.Get("mode"); mode != "" && mode != "merge" && mode != "overwrite" {
		return gtsSay(http.StatusBadRequest, "Bad Request: mode "+mode+" not recognized, valid modes are: [merge overwrite]")
	}
	handles, err := c.csv("data")
	if err != nil {
		return gtsSay(http.StatusBadRequest, "Bad Request: "+err.Error())
	}
	if c.form.Get("type") == "following" {
		h.followLater(c, handles)
	}
	a := data(map[string]string{"status": "accepted"})
	a.status = http.StatusAccepted
	return a
}

// csv reads the first column of an uploaded file, without its heading.
func (c *call) csv(field string) ([]string, error) {
	file, _, err := c.r.FormFile(field)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1
	var handles []string
	for {
		row, err := reader.Read()
		if err == io.EOF {
			return handles, nil
		}
		if err != nil {
			return nil, err
		}
		if handle := strings.TrimPrefix(strings.TrimSpace(row[0]), "@"); strings.Contains(handle, "@") {
			handles = append(handles, handle)
		}
	}
}

// followAll resolves and asks each handle; those that are not found are passed
// over.
func (h *Host) followAll(me *Account, handles []string, c *call) int {
	n := 0
	for _, handle := range handles {
		a, _ := h.resolve(handle, c.now)
		if a == nil || a == me || a.gone {
			continue
		}
		h.world.ask(h.world.row(me, a))
		n++
	}
	return n
}

// importRow is how long an import works on one row; measured as less than a
// second on GoToSocial, assumed for the others.
const importRow = 200 * time.Millisecond

// importedRow is one row of an import, and when it is worked on.
type importedRow struct {
	at     time.Time
	me     *Account
	handle string
}

// followLater puts rows into the queue of imports, which is worked on one after
// the other.
func (h *Host) followLater(c *call, handles []string) {
	at := c.now
	if n := len(h.imports); n > 0 {
		at = h.imports[n-1].at
	}
	for _, handle := range handles {
		at = at.Add(importRow)
		h.imports = append(h.imports, importedRow{at, c.token.account, handle})
	}
}

// workImports does what of the imports is due; w.mu is held.
func (h *Host) workImports(now time.Time) {
	for len(h.imports) > 0 && !now.Before(h.imports[0].at) {
		row := h.imports[0]
		h.imports = h.imports[1:]
		a, _ := h.resolve(row.handle, row.at)
		if a == nil || a == row.me || a.gone || a.blocks[strings.ToLower(row.me.handle())] || row.me.blocks[strings.ToLower(a.handle())] {
			continue
		}
		h.world.ask(h.world.row(row.me, a))
	}
}

// workImports does what of all hosts' imports is due; w.mu is held.
func (w *World) workImports() {
	for _, h := range w.hosts {
		h.workImports(w.now())
	}
}

// pleromaImport takes a text of handles, separated by blanks.
func pleromaImport(h *Host, c *call) *answer {
	h.followLater(c, handlesIn(c.form.Get("list")))
	return data("jobs started")
}

// mitraImport takes lines of a CSV.
func mitraImport(h *Host, c *call) *answer {
	if c.badJSON || !c.form.Has("follows_csv") {
		return h.refusal(badRequest)
	}
	h.followLater(c, handlesIn(c.form.Get("follows_csv")))
	return reply(http.StatusNoContent, "", nil)
}

func handlesIn(text string) (all []string) {
	for word := range strings.FieldsSeq(text) {
		word, _, _ = strings.Cut(word, ",")
		if word = strings.TrimPrefix(word, "@"); strings.Contains(word, "@") {
			all = append(all, word)
		}
	}
	return all
}
