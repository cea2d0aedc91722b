package fedi

import (
	"context"
	"net/http"
	"net/url"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const (
	listsPath   = "/api/v1/lists"
	listPath    = "/api/v1/lists/{id}"
	membersPath = "/api/v1/lists/{id}/accounts"
)

// marks are the calls that mute and block, and those that end it.
var marks = map[social.EdgeKind][2]string{
	social.Muted:   {"/api/v1/accounts/{id}/unmute", "/api/v1/accounts/{id}/mute"},
	social.Blocked: {"/api/v1/accounts/{id}/unblock", "/api/v1/accounts/{id}/block"},
}

// Mark mutes or blocks an account, or ends that.
func (h *Home) Mark(ctx context.Context, id social.RemoteID, kind social.EdgeKind, on bool) error {
	paths, ok := marks[kind]
	if !ok {
		return fault.New(fault.Invalid, CodeNotCarried, sayNotCarried, "host", h.host)
	}
	path := paths[0]
	if on {
		path = paths[1]
	}
	if _, err := social.ParseRemoteID(string(id)); err != nil {
		return err
	}
	return h.ask(ctx, request{method: http.MethodPost, path: path, id: id, most: maxAPI}, nil)
}

// ask is call for what a token may be too narrow for, though it follows: that is
// no reason to stop following.
func (h *Home) ask(ctx context.Context, r request, v any) error {
	_, err := h.call(ctx, r, v)
	if statusOf(err) == http.StatusForbidden && fault.Is(err, fault.Paused) && err.(*fault.Fault).Code != CodeAccountDisabled {
		return fault.New(fault.Gone, CodeNotCarried, sayNotCarried, "host", h.host).Because(err)
	}
	return err
}

// list is a List entity.
type list struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// FindList returns the id of the person's list of that title, or NotFound.
func (h *Home) FindList(ctx context.Context, title string) (social.RemoteID, error) {
	var all []list
	if err := h.ask(ctx, request{method: http.MethodGet, path: listsPath, most: maxAPI}, &all); err != nil {
		return "", err
	}
	for _, l := range all {
		if l.Title == title {
			return social.ParseRemoteID(l.ID)
		}
	}
	return "", fault.New(fault.NotFound, CodeNoList, sayNoList, "host", h.host)
}

// MakeList makes a list. Mastodon allows 50 of them (List::PER_ACCOUNT_LIMIT).
func (h *Home) MakeList(ctx context.Context, title string) (social.RemoteID, error) {
	var made list
	r := request{method: http.MethodPost, path: listsPath, json: map[string]string{"title": title}, most: maxAPI}
	err := h.ask(ctx, r, &made)
	if statusOf(err) == http.StatusUnprocessableEntity {
		return "", fault.New(fault.Gone, CodeListFull, sayListFull, "host", h.host).Because(err)
	}
	if err != nil {
		return "", err
	}
	return social.ParseRemoteID(made.ID)
}

// DropList deletes a list with its members. One that is gone is fine.
func (h *Home) DropList(ctx context.Context, id social.RemoteID) error {
	err := h.ask(ctx, request{method: http.MethodDelete, path: listPath, id: id, most: maxAPI}, nil)
	if status := statusOf(err); status == http.StatusNotFound || status == http.StatusGone {
		return nil
	}
	return err
}

// Enlist puts an account on a list, or takes it off. Mastodon takes whom the
// person follows or asked, and answers 404 for others and 422 for one that is on
// it; GoToSocial takes whom they follow, with the same answers.
func (h *Home) Enlist(ctx context.Context, to, id social.RemoteID, on bool) error {
	r := request{method: http.MethodDelete, path: membersPath, id: to, query: url.Values{"account_ids[]": {string(id)}}, most: maxAPI}
	if on {
		r = request{method: http.MethodPost, path: membersPath, id: to, json: map[string][]string{"account_ids": {string(id)}}, most: maxAPI}
	}
	err := h.ask(ctx, r, nil)
	switch status := statusOf(err); {
	case status == http.StatusUnprocessableEntity && on, (status == http.StatusNotFound || status == http.StatusUnprocessableEntity) && !on:
		return nil
	case status == http.StatusNotFound:
		return fault.New(fault.Gone, CodeNotFollowed, sayNotFollowed, "host", h.host).Because(err)
	}
	return err
}

// Mark is not offered for Misskey.
func (m *Misskey) Mark(context.Context, social.RemoteID, social.EdgeKind, bool) error {
	return m.notCarried()
}

// FindList is not offered for Misskey.
func (m *Misskey) FindList(context.Context, string) (social.RemoteID, error) {
	return "", m.notCarried()
}

// MakeList is not offered for Misskey.
func (m *Misskey) MakeList(context.Context, string) (social.RemoteID, error) {
	return "", m.notCarried()
}

// DropList is not offered for Misskey.
func (m *Misskey) DropList(context.Context, social.RemoteID) error { return m.notCarried() }

// Enlist is not offered for Misskey.
func (m *Misskey) Enlist(context.Context, social.RemoteID, social.RemoteID, bool) error {
	return m.notCarried()
}

func (m *Misskey) notCarried() error {
	return fault.New(fault.Gone, CodeNotCarried, sayNotCarried, "host", m.host)
}
