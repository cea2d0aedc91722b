package feditest

import (
	"encoding/json"
	"html"
	"strings"
)

// relationship is the API's Relationship. Absent fields are nil.
type relationship struct {
	ID                  string          `json:"id"`
	Following           bool            `json:"following"`
	ShowingReblogs      bool            `json:"showing_reblogs"`
	Notifying           bool            `json:"notifying"`
	Languages           json.RawMessage `json:"languages,omitempty"`
	FollowedBy          bool            `json:"followed_by"`
	Blocking            bool            `json:"blocking"`
	BlockedBy           *bool           `json:"blocked_by,omitempty"`
	Muting              bool            `json:"muting"`
	MutingNotifications bool            `json:"muting_notifications"`
	Requested           bool            `json:"requested"`
	RequestedBy         *bool           `json:"requested_by,omitempty"`
	DomainBlocking      bool            `json:"domain_blocking"`
	Endorsed            bool            `json:"endorsed"`
	Note                string          `json:"note"`
}

// fullRelation is the truth, as Mastodon and GoToSocial tell it; w.mu is held.
func fullRelation(h *Host, me, a *Account) relationship {
	w := h.world
	f := w.between(me, a)
	state := w.stateOf(f)
	blockedBy := a.blocks[strings.ToLower(me.handle())]
	requestedBy := w.stateOf(w.between(a, me)) == Pending
	return relationship{
		ID: h.learn(a), Following: state == Accepted, Requested: state == Pending,
		ShowingReblogs: state == Accepted && f.reblogs, Notifying: state == Accepted && f.notify,
		FollowedBy: w.isFollowing(a, me), BlockedBy: &blockedBy, RequestedBy: &requestedBy,
		Blocking: me.blocks[strings.ToLower(a.handle())], Muting: me.mutes[strings.ToLower(a.handle())],
	}
}

func mastodonRelation(h *Host, me, a *Account) relationship {
	r := fullRelation(h, me, a)
	r.Languages = json.RawMessage("null")
	return r
}

// snacRelation says following:true from the moment of asking until it is told
// otherwise. That a Reject ends it is an assumption.
func snacRelation(h *Host, me, a *Account) relationship {
	state := h.world.stateOf(h.world.between(me, a))
	return relationship{
		ID: h.learn(a), Following: state == Accepted || state == Pending || me == a && h.world.between(me, a) != nil,
		ShowingReblogs: true, FollowedBy: h.world.isFollowing(a, me),
		Blocking: me.blocks[strings.ToLower(a.handle())],
	}
}

// apiAccount is the API's Account of Mastodon; the others leave fields out.
type apiAccount struct {
	ID             string          `json:"id"`
	Username       string          `json:"username"`
	Acct           string          `json:"acct"`
	DisplayName    string          `json:"display_name"`
	Locked         bool            `json:"locked"`
	Bot            bool            `json:"bot"`
	Discoverable   bool            `json:"discoverable"`
	Group          bool            `json:"group"`
	CreatedAt      string          `json:"created_at"`
	Note           string          `json:"note"`
	URL            string          `json:"url"`
	URI            string          `json:"uri,omitempty"`
	Avatar         string          `json:"avatar"`
	AvatarStatic   string          `json:"avatar_static"`
	Header         string          `json:"header"`
	HeaderStatic   string          `json:"header_static"`
	FollowersCount int             `json:"followers_count"`
	FollowingCount int             `json:"following_count"`
	StatusesCount  int             `json:"statuses_count"`
	LastStatusAt   json.RawMessage `json:"last_status_at"`
	Emojis         []string        `json:"emojis"`
	Fields         []apiField      `json:"fields"`
	Suspended      bool            `json:"suspended,omitempty"`
	Memorial       bool            `json:"memorial,omitempty"`
	Moved          *apiAccount     `json:"moved,omitempty"`
	Source         *apiSource      `json:"source,omitempty"`
	Role           *apiRole        `json:"role,omitempty"`
}

type apiField struct {
	Name       string  `json:"name"`
	Value      string  `json:"value"`
	VerifiedAt *string `json:"verified_at"`
}

type apiSource struct {
	Privacy             string     `json:"privacy"`
	Sensitive           bool       `json:"sensitive"`
	Language            string     `json:"language"`
	Note                string     `json:"note"`
	Fields              []apiField `json:"fields"`
	FollowRequestsCount int        `json:"follow_requests_count"`
}

type apiRole struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Permissions string `json:"permissions"`
	Color       string `json:"color"`
	Highlighted bool   `json:"highlighted"`
}

// describe fills what all flavours tell alike; w.mu is held.
func (h *Host) describe(a *Account, own bool) apiAccount {
	icon := h.url("/avatars/original/missing.png")
	e := apiAccount{
		ID: h.learn(a), Username: a.user, Acct: a.acct(h), DisplayName: a.name,
		Locked: a.locked, Bot: a.kind == "Service", Group: a.kind == "Group", Discoverable: true,
		CreatedAt: a.created.Format("2006-01-02T00:00:00.000Z"), Note: paragraph(a.bio), URL: a.profile(),
		Avatar: icon, AvatarStatic: icon, Header: icon, HeaderStatic: icon,
		FollowersCount: countAccepted(h.world, a.followers), FollowingCount: countAccepted(h.world, a.following),
		LastStatusAt: json.RawMessage("null"), Emojis: []string{}, Fields: a.apiFields(), Memorial: a.memorial,
	}
	if own {
		e.Source = &apiSource{Privacy: "public", Language: "en", Note: a.bio, Fields: []apiField{}}
		if e.Role = a.role; e.Role == nil {
			e.Role = &apiRole{ID: "-99", Permissions: "65536"}
		}
	}
	return e
}

func countAccepted(w *World, rows []*follow) int {
	n := 0
	for _, f := range rows {
		if w.stateOf(f) == Accepted {
			n++
		}
	}
	return n
}

func (a *Account) apiFields() []apiField {
	fields := []apiField{}
	for _, f := range a.fields {
		fields = append(fields, apiField{Name: f.Name, Value: f.html()})
	}
	return fields
}

// html is a field's value as servers render it.
func (f ProfileField) html() string {
	if !strings.HasPrefix(f.Value, "https://") {
		return html.EscapeString(f.Value)
	}
	link := html.EscapeString(f.Value)
	return `<a href="` + link + `" target="_blank" rel="nofollow noopener me" translate="no">` + strings.TrimPrefix(link, "https://") + `</a>`
}

func paragraph(text string) string {
	if text == "" {
		return ""
	}
	return "<p>" + html.EscapeString(text) + "</p>"
}

func mastodonEntity(h *Host, a *Account, own bool) any {
	e := h.describe(a, own)
	e.URI = a.actorID()
	if target, _ := a.moved(); target != nil && target.movedTo == "" {
		moved := h.describe(target, false)
		moved.URI = target.actorID()
		e.Moved = &moved
	}
	return e
}

// gtsEntity has no uri, and tells a move only of its own accounts: a search for
// a moved remote one was recorded with moved null.
func gtsEntity(h *Host, a *Account, own bool) any {
	e := h.describe(a, own)
	e.Discoverable = false
	if target, _ := a.moved(); target != nil && target.movedTo == "" && a.host == h {
		moved := h.describe(target, false)
		e.Moved = &moved
	}
	if own {
		e.Source.Privacy = "unlisted"
		if a.role == nil {
			e.Role = &apiRole{ID: "user", Name: "user", Permissions: "0"}
		}
	}
	return e
}

// snacEntity has the actor's id for both addresses, and no counts.
func snacEntity(h *Host, a *Account, own bool) any {
	e := h.describe(a, own)
	e.URL, e.URI = a.actorID(), a.actorID()
	e.CreatedAt = a.created.Format("2006-01-02T00:00:00Z")
	e.FollowersCount, e.FollowingCount, e.Role = 0, 0, nil
	if !own && a.host == h {
		e.Acct = a.handle() // recorded: full even for its own people
	}
	return e
}
