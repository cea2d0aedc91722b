package fedi

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

const (
	statusesPath = "/api/v1/statuses"
	statusPath   = "/api/v1/statuses/{id}"
)

// statusEntity is a Status entity, as far as it is read.
type statusEntity struct {
	ID         string                `json:"id"`
	URI        string                `json:"uri"`
	URL        string                `json:"url"`
	Account    struct{ ID string }   `json:"account"`
	Content    string                `json:"content"`
	Text       string                `json:"text"`
	Visibility string                `json:"visibility"`
	CreatedAt  time.Time             `json:"created_at"`
	EditedAt   *time.Time            `json:"edited_at"`
	InReplyTo  *string               `json:"in_reply_to_id"`
	Reblog     *struct{ ID string }  `json:"reblog"`
	Files      []struct{ ID string } `json:"media_attachments"`
	Mentions   []struct{ ID string } `json:"mentions"`
}

// remote reports false for what is no status: one that is merely scheduled has
// neither an account nor a visibility.
func (s statusEntity) remote() (social.RemoteStatus, bool) {
	id, err := social.ParseRemoteID(s.ID)
	account, err2 := social.ParseRemoteID(s.Account.ID)
	if err != nil || err2 != nil || s.Visibility == "" || s.CreatedAt.IsZero() {
		return social.RemoteStatus{}, false
	}
	r := social.RemoteStatus{
		ID: id, URI: cut(s.URI), URL: webAddress(s.URL), AccountID: account, Content: s.Content, Source: s.Text,
		Visibility: social.Visibility(s.Visibility), CreatedAt: s.CreatedAt.UTC(), Files: len(s.Files),
	}
	if s.EditedAt != nil {
		r.EditedAt = s.EditedAt.UTC()
	}
	if s.InReplyTo != nil && *s.InReplyTo != "" {
		if r.InReplyTo, err = social.ParseRemoteID(*s.InReplyTo); err != nil {
			return social.RemoteStatus{}, false
		}
	}
	for _, m := range s.Mentions {
		if m.ID != s.Account.ID { // oneself is told nothing
			r.Mentions++
		}
	}
	return r, true
}

// webAddress is an address that may stand behind a link on our pages.
func webAddress(s string) string {
	if !strings.HasPrefix(s, "https://") {
		return ""
	}
	return cut(s)
}

// outgoing is the body of a POST of a status. Everything that a server would
// fill in by itself is always there: the visibility and the text's form can be
// set otherwise in the person's preferences, and allowed_mentions, empty, has
// Mastodon refuse a text that would tell somebody.
type outgoing struct {
	Status          string            `json:"status"`
	ContentType     string            `json:"content_type"`
	Visibility      social.Visibility `json:"visibility"`
	Warning         string            `json:"spoiler_text,omitempty"`
	Sensitive       bool              `json:"sensitive"`
	Language        string            `json:"language,omitempty"`
	MediaIDs        []social.RemoteID `json:"media_ids,omitempty"`
	InReplyTo       social.RemoteID   `json:"in_reply_to_id,omitempty"`
	ScheduledAt     string            `json:"scheduled_at,omitempty"`
	AllowedMentions []string          `json:"allowed_mentions"`
}

// backdates reports that a server gives a status the date in scheduled_at when
// that has passed. Others post at once, with today's date and to everybody.
func backdates(fl social.Flavour) bool { return fl == social.GoToSocial || fl == social.Snac }

// Post sends one status, once: nothing below sends it again. After a fault that
// is neither Paused, Denied nor Invalid the status may stand all the same, but
// for the codes too-long and file-unknown.
func (h *Home) Post(ctx context.Context, o social.Outgoing) (social.RemoteStatus, error) {
	body := outgoing{
		Status: o.Text, ContentType: "text/plain", Visibility: o.Visibility, Warning: o.Warning, Sensitive: o.Sensitive,
		Language: o.Language, MediaIDs: o.FileIDs, InReplyTo: o.InReplyTo, AllowedMentions: []string{},
	}
	if o.Visibility == "" {
		return social.RemoteStatus{}, fault.New(fault.Invalid, CodeStatusRefused, sayStatusRefused, "host", h.host)
	}
	if !o.At.IsZero() {
		if !backdates(h.flavour) || !o.At.Before(h.door.now()) {
			return social.RemoteStatus{}, fault.New(fault.Denied, CodeNoBackdating, sayNoBackdating, "host", h.host)
		}
		body.ScheduledAt = o.At.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	r := request{method: http.MethodPost, path: statusesPath, json: body, key: o.Key, most: maxAPI}
	return h.oneStatus(ctx, r)
}

func (h *Home) oneStatus(ctx context.Context, r request) (social.RemoteStatus, error) {
	var s statusEntity
	if _, err := h.call(ctx, r, &s); err != nil {
		return social.RemoteStatus{}, err
	}
	out, ok := s.remote()
	if !ok {
		return social.RemoteStatus{}, explain(h.host, errMalformed)
	}
	return out, nil
}

// Statuses returns the statuses of an account, newest first, at most 40, older
// than before where that is given. Reblogs are left out. None means that there
// are none: a page that cannot be read whole is an error.
func (h *Home) Statuses(ctx context.Context, account, before social.RemoteID) ([]social.RemoteStatus, error) {
	if _, err := social.ParseRemoteID(string(account)); err != nil {
		return nil, err
	}
	for range statusPages {
		page, last, err := h.statuses(ctx, account, before)
		if err != nil || len(page) > 0 || last == "" {
			return page, err
		}
		before = last // nothing but reblogs, which not every server leaves out
	}
	return nil, explain(h.host, errMalformed)
}

// statuses is one page, and the id of its last status, of a reblog too.
func (h *Home) statuses(ctx context.Context, account, before social.RemoteID) (page []social.RemoteStatus, last social.RemoteID, err error) {
	r := request{method: http.MethodGet, path: "/api/v1/accounts/{id}/statuses", id: account, most: maxStatuses,
		query: url.Values{"limit": {strconv.Itoa(statusPage)}, "exclude_reblogs": {"true"}}}
	if before != "" {
		r.query.Set("max_id", string(before))
	}
	var list []statusEntity
	if _, err := h.call(ctx, r, &list); err != nil {
		return nil, "", err
	}
	if list == nil { // null proves nothing
		return nil, "", explain(h.host, errMalformed)
	}
	if list, err = h.older(list, before); err != nil {
		return nil, "", err
	}
	for _, s := range list {
		one, ok := s.remote()
		if !ok {
			return nil, "", explain(h.host, errMalformed)
		}
		last = one.ID
		if s.Reblog == nil {
			page = append(page, one)
		}
	}
	return page, last, nil
}

// older is what follows before in a list, for servers that turn no pages: snac
// always answers with its newest. Where such a list is full, nobody knows what
// comes after it.
func (h *Home) older(list []statusEntity, before social.RemoteID) ([]statusEntity, error) {
	i := slices.IndexFunc(list, func(s statusEntity) bool { return before != "" && s.ID == string(before) })
	switch {
	case i < 0 && before != "" && h.flavour == social.Snac && len(list) > 0:
		return nil, explain(h.host, errMalformed) // it has moved out of the newest
	case i < 0:
		return list, nil
	case i == len(list)-1 && len(list) >= statusPage:
		return nil, explain(h.host, errMalformed)
	}
	return list[i+1:], nil
}

// Status returns one status. NotFound when it is not there (any more).
func (h *Home) Status(ctx context.Context, id social.RemoteID) (social.RemoteStatus, error) {
	if _, err := social.ParseRemoteID(string(id)); err != nil {
		return social.RemoteStatus{}, err
	}
	return h.oneStatus(ctx, request{method: http.MethodGet, path: statusPath, id: id, most: maxAPI})
}

// DeleteStatus deletes one. NotFound when it is not there (any more), Denied
// when it is somebody else's.
func (h *Home) DeleteStatus(ctx context.Context, id social.RemoteID) error {
	if _, err := social.ParseRemoteID(string(id)); err != nil {
		return err
	}
	_, err := h.call(ctx, request{method: http.MethodDelete, path: statusPath, id: id, most: maxAPI}, nil)
	return err
}

// statusRefusal is what an answer means for a status. Invalid and Denied say
// that nothing was posted, whatever else is wrong.
func (o *origin) statusRefusal(r request, a reply, said string) *fault.Fault {
	posting := r.path == statusesPath
	switch {
	case strings.Contains(said, "account has moved"):
		return fault.New(fault.Paused, CodeAccountMoved, sayAccountMoved, "host", o.host)
	case !posting && o.isAway(a):
		return fault.New(fault.NotFound, CodeNoStatus, sayNoStatus, "host", o.host)
	case posting && strings.Contains(said, "idempotency"): // Pixelfed: it stands already
		return explain(o.host, errMalformed)
	case posting && (a.status == http.StatusBadRequest || a.status == http.StatusUnprocessableEntity):
		return o.postRefusal(said)
	case a.status == http.StatusForbidden:
		return fault.New(fault.Denied, CodeStatusRefused, sayStatusRefused, "host", o.host)
	case posting && (a.status == http.StatusNotAcceptable || a.status == http.StatusNotFound && strings.Contains(said, "target status")):
		return fault.New(fault.Invalid, CodeStatusRefused, sayStatusRefused, "host", o.host)
	}
	return explain(o.host, errMalformed)
}

// postRefusal tells by the server's words why it does not take a status.
func (o *origin) postRefusal(said string) *fault.Fault {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(said, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("character limit", "max chars", "too long", "too_big"):
		return fault.New(fault.Invalid, CodeTooLong, sayTooLong, "host", o.host)
	case has("not finished processing"):
		return fault.WaitUntil(o.door.now().Add(notReadyWait), CodeFileNotReady, sayFileNotReady, "host", o.host)
	case has("media not found", "media already attached", "media does not exist"):
		return fault.New(fault.Invalid, CodeFileUnknown, sayFileUnknown, "host", o.host)
	}
	return fault.New(fault.Invalid, CodeStatusRefused, sayStatusRefused, "host", o.host)
}

// isAway reports that the server itself says that it has no such thing; a page
// that somebody put in the way says nothing. snac's own is a page.
func (o *origin) isAway(a reply) bool {
	if a.status != http.StatusNotFound && a.status != http.StatusGone {
		return false
	}
	known := o.flavour == social.Mastodon || o.flavour == social.GoToSocial
	return !known || strings.Contains(a.header.Get("Content-Type"), "json")
}
