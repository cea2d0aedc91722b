package feditest

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
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

// gtsImport takes the same CSV by API, answers at once and works later; here the
// rows are asked when it answers.
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
		h.followAll(c.token.account, handles, c)
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
