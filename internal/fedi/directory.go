package fedi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"godwit/internal/fault"
)

// CodeNotAdmin says that somebody who is no admin of a server spoke for it.
const CodeNotAdmin = "not-admin"

const sayNotAdmin = "{host} doesn't say that your account there is one of its admins', and only they may offer its accounts. Nothing was read."

// directoryPage is how many accounts one page of a directory has: Mastodon's most.
const directoryPage = 80

// adminBits are the permissions of a role that make somebody an admin:
// administrator, and managing users (app/models/user_role.rb of Mastodon).
const adminBits = 1 | 1<<10

// Offered is an account of a server whose owner lets it be listed in public,
// and whose profile names one account on X.
type Offered struct {
	User      string // its name at the server
	XUsername string
}

// MayOffer checks that the token is one of the server's admins: Denied if not.
func (h *Home) MayOffer(ctx context.Context) error {
	var me struct {
		Role struct{ Permissions string }
	}
	if _, err := h.call(ctx, request{method: http.MethodGet, path: verifyPath, most: maxAPI}, &me); err != nil {
		return err
	}
	if bits, err := strconv.ParseUint(me.Role.Permissions, 10, 64); err != nil || bits&adminBits == 0 {
		return fault.New(fault.Denied, CodeNotAdmin, sayNotAdmin, "host", h.host)
	}
	return nil
}

// Directory reads one page of the server's own directory, which lists only who
// chose to be discoverable, and keeps those who link to X. more says that there
// may be a further page.
func (h *Home) Directory(ctx context.Context, page int) (all []Offered, more bool, err error) {
	r := request{method: http.MethodGet, path: "/api/v1/directory", most: maxSearch, query: url.Values{
		"local": {"true"}, "order": {"new"}, "limit": {strconv.Itoa(directoryPage)}, "offset": {strconv.Itoa(page * directoryPage)}}}
	var list []json.RawMessage
	if _, err := h.call(ctx, r, &list); err != nil {
		return nil, false, err
	}
	for _, raw := range list[:min(len(list), directoryPage)] {
		var a listed
		if json.Unmarshal(raw, &a) != nil || !a.mayBeListed() {
			continue
		}
		if name := a.onX(); name != "" {
			all = append(all, Offered{a.Username, name})
		}
	}
	return all, len(list) >= directoryPage, nil
}

// listed is an account as a directory shows it.
type listed struct {
	Username     string `json:"username"`
	Acct         string `json:"acct"`
	DisplayName  string `json:"display_name"`
	Note         string `json:"note"`
	Discoverable bool   `json:"discoverable"`
	NoIndex      bool   `json:"noindex"`
	Indexable    *bool  `json:"indexable"`
	Bot          bool   `json:"bot"`
	Group        bool   `json:"group"`
	Suspended    bool   `json:"suspended"`
	Limited      bool   `json:"limited"`
	Memorial     bool   `json:"memorial"`
	Moved        any    `json:"moved"`
	Fields       []struct {
		Value string `json:"value"`
	} `json:"fields"`
}

// mayBeListed reports whether somebody chose to be found, and nothing in the
// profile says otherwise: a flag that is missing is no yes.
func (a listed) mayBeListed() bool {
	text, _ := readHTML(a.Note)
	for _, field := range a.Fields {
		more, _ := readHTML(field.Value)
		text += " " + more
	}
	switch {
	case !a.Discoverable, a.NoIndex, a.Indexable != nil && !*a.Indexable, optsOut(text + " " + a.DisplayName):
		return false
	case a.Bot, a.Group, a.Suspended, a.Limited, a.Memorial, a.Moved != nil:
		return false
	}
	return a.Username != "" && !strings.Contains(a.Acct, "@")
}

// onX is the one account on X that the profile links to; "" for none, and for
// several: one of them is somebody else's.
func (a listed) onX() (name string) {
	_, links := readHTML(a.Note)
	for _, field := range a.Fields[:min(len(a.Fields), maxLinks)] {
		_, more := readHTML(field.Value)
		links = append(links, more...)
	}
	for _, link := range links {
		found := profileOnX(strings.TrimRight(link, "/"))
		if found != "" && name != "" && !strings.EqualFold(found, name) {
			return ""
		}
		if found != "" {
			name = found
		}
	}
	return name
}
