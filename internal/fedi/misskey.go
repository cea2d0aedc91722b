package fedi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Account is one account on its home server, whatever API that has.
type Account interface {
	VerifyCredentials(ctx context.Context) (social.RemoteAccount, error)
	Instance(ctx context.Context) (social.Instance, error)
	Suspended(ctx context.Context) ([]string, error)
	Find(ctx context.Context, hd social.Handle, actorID string) (social.RemoteAccount, error)
	Follow(ctx context.Context, id social.RemoteID) (social.Relationship, error)
	Unfollow(ctx context.Context, id social.RemoteID) (social.Relationship, error)
	Relationships(ctx context.Context, ids []social.RemoteID) ([]social.Relationship, error)
	Import(ctx context.Context, all []social.Handle) error
	FollowingPage(ctx context.Context, id social.RemoteID, cursor string) ([]social.RemoteAccount, string, error)
	RequestsPage(ctx context.Context, cursor string) ([]social.RemoteAccount, string, error)
	Mark(ctx context.Context, id social.RemoteID, kind social.EdgeKind, on bool) error
	FindList(ctx context.Context, title string) (social.RemoteID, error)
	MakeList(ctx context.Context, title string) (social.RemoteID, error)
	DropList(ctx context.Context, id social.RemoteID) error
	Enlist(ctx context.Context, to, id social.RemoteID, on bool) error
}

// Account returns the client for an account on host: a Home, or a Misskey for
// servers with that API.
func (d *Door) Account(host string, token social.Secret, fl social.Flavour, observe func(Call)) Account {
	if fl == social.Misskey {
		return &Misskey{d.origin(host, fl, token, observe)}
	}
	return d.Home(host, token, fl, observe)
}

// Misskey is the API of one Misskey or Sharkey server with one token, which goes
// into each body. What it does is by the source of Misskey 2024 and 2025
// (packages/backend/src/server/api); none was at hand to be recorded. It is safe
// for concurrent use, and its errors are those of Home.
type Misskey struct{ *origin }

// misskeyPage is the most that users/following gives at once.
const misskeyPage = 100

// misskeyUser is a user as far as it is read.
type misskeyUser struct {
	ID        string  `json:"id"`
	Username  string  `json:"username"`
	Host      *string `json:"host"` // nil for one of the server's own
	Name      string  `json:"name"`
	URI       string  `json:"uri"`
	URL       string  `json:"url"`
	Locked    bool    `json:"isLocked"`
	Bot       bool    `json:"isBot"`
	MovedTo   string  `json:"movedTo"`
	Following int     `json:"followingCount"`
	Followers int     `json:"followersCount"`
	CreatedAt string  `json:"createdAt"`
}

func (u misskeyUser) remote() (social.RemoteAccount, error) {
	a := account{ID: u.ID, Username: u.Username, Acct: u.Username, URL: u.URL, URI: u.URI, DisplayName: u.Name,
		Locked: u.Locked, Bot: u.Bot, Following: u.Following, Followers: u.Followers, CreatedAt: u.CreatedAt}
	if u.Host != nil {
		a.Acct += "@" + *u.Host
	}
	out, err := a.remote()
	if err == nil && u.MovedTo != "" {
		out.Moved = &social.RemoteAccount{URI: cut(u.MovedTo)}
	}
	return out, err
}

// misskeyError is the code of an error.
func misskeyError(body []byte) string {
	var e struct{ Error struct{ Code string } }
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	return social.Printable(e.Error.Code, maxSaid)
}

// ask makes one call. An error comes with its code, for those who know better.
func (m *Misskey) ask(ctx context.Context, endpoint string, body map[string]any, most int, v any) (code string, err error) {
	if !m.token.IsZero() {
		body["i"] = m.token.Reveal()
	}
	a, err := m.send(ctx, request{method: http.MethodPost, path: "/api/" + endpoint, json: body, most: most})
	if err != nil {
		return "", err
	}
	if a.status < 200 || a.status > 299 {
		code = misskeyError(a.body)
		return code, m.refused(a, code)
	}
	if v != nil && !decode(a, v) {
		return "", explain(m.host, errMalformed)
	}
	return "", nil
}

// refused makes a fault out of an error's code, which is the same in all
// versions, or else of its status, which is not.
func (m *Misskey) refused(a reply, code string) error {
	e := statusError{a.status, code}
	switch code {
	case "RATE_LIMIT_EXCEEDED":
		return slowDown(m.host, mayAskAgain(a.header, m.door.now(), maxWaitHome)).Because(e)
	case "AUTHENTICATION_FAILED", "CREDENTIAL_REQUIRED", "PERMISSION_DENIED", "ACCESS_DENIED":
		return fault.New(fault.Paused, CodePermissionLost, sayPermissionLost, "host", m.host).Because(e)
	case "YOUR_ACCOUNT_SUSPENDED", "YOUR_ACCOUNT_MOVED":
		return fault.New(fault.Paused, CodeAccountDisabled, sayAccountDisabled, "host", m.host).Because(e)
	case "NO_SUCH_USER":
		return fault.New(fault.Gone, CodeGone, sayGone).Because(e)
	case "BLOCKED", "BLOCKING":
		return fault.New(fault.Gone, CodeRefused, sayRefused).Because(e)
	case "FOLLOWEE_IS_YOURSELF":
		return fault.New(fault.Gone, CodeSelf, saySelf).Because(e)
	}
	return m.refusal(request{path: "/api/"}, a)
}

// VerifyCredentials returns the account whose token this is.
func (m *Misskey) VerifyCredentials(ctx context.Context) (social.RemoteAccount, error) {
	var u misskeyUser
	if _, err := m.ask(ctx, "i", map[string]any{}, maxAPI, &u); err != nil {
		return social.RemoteAccount{}, err
	}
	u.Host, u.MovedTo = nil, ""
	out, err := u.remote()
	if err != nil || out.Acct == "" {
		return social.RemoteAccount{}, explain(m.host, errMalformed)
	}
	return out, nil
}

// Instance returns what the server says of itself.
func (m *Misskey) Instance(ctx context.Context) (social.Instance, error) {
	var meta struct {
		Name, Version string
		MaxNote       int64    `json:"maxNoteTextLength"`
		Rules         []string `json:"serverRules"`
	}
	if _, err := m.ask(ctx, "meta", map[string]any{"detail": false}, maxAPI, &meta); err != nil {
		return social.Instance{}, err
	}
	out := social.Instance{Host: m.host, Title: social.Clean(meta.Name, social.MaxName), Version: social.Printable(meta.Version, maxSaid)}
	if meta.MaxNote > 0 && meta.MaxNote < maxPostingSize {
		out.MaxChars = int(meta.MaxNote)
	}
	for _, rule := range meta.Rules[:min(len(meta.Rules), maxRules)] {
		out.Rules = append(out.Rules, social.Clean(rule, maxRule))
	}
	return out, nil
}

// Suspended returns nothing: whom a Misskey suspends it tells its moderators.
func (m *Misskey) Suspended(context.Context) ([]string, error) { return nil, nil }

// Find has the server find hd, as Home does. That it could not resolve a name
// says as little as an empty search.
func (m *Misskey) Find(ctx context.Context, hd social.Handle, actorID string) (social.RemoteAccount, error) {
	body := map[string]any{"username": hd.User(), "host": hd.Host()}
	if hd.Host() == m.host {
		body["host"] = nil
	}
	var u misskeyUser
	code, err := m.ask(ctx, "users/show", body, maxAPI, &u)
	switch {
	case code == "NO_SUCH_USER" || code == "FAILED_TO_RESOLVE_REMOTE_USER":
		return social.RemoteAccount{}, fault.New(fault.NotFound, CodeNotFound, sayNotFound, "host", m.host, "handle", "@"+hd.String())
	case err != nil:
		return social.RemoteAccount{}, err
	case actorID != "" && u.URI != "" && u.URI != actorID, !strings.EqualFold(u.Username, hd.User()) && actorID == "":
		return social.RemoteAccount{}, fault.New(fault.Gone, CodeMismatch, sayMismatch, "host", m.host, "handle", "@"+hd.String())
	}
	return u.remote()
}

// Follow asks to follow id. The answer does not tell whether somebody has to
// agree first; Relationships does.
func (m *Misskey) Follow(ctx context.Context, id social.RemoteID) (social.Relationship, error) {
	code, err := m.about(ctx, "following/create", id)
	if code == "ALREADY_FOLLOWING" {
		return social.Relationship{ID: id, Following: true}, nil
	}
	return social.Relationship{ID: id, Requested: true}, err
}

// Unfollow ends following id, or takes back the request.
func (m *Misskey) Unfollow(ctx context.Context, id social.RemoteID) (social.Relationship, error) {
	code, err := m.about(ctx, "following/delete", id)
	if code == "NOT_FOLLOWING" {
		if code, err = m.about(ctx, "following/requests/cancel", id); code == "FOLLOW_REQUEST_NOT_FOUND" {
			err = nil
		}
	}
	return social.Relationship{ID: id}, err
}

func (m *Misskey) about(ctx context.Context, endpoint string, id social.RemoteID) (code string, err error) {
	if _, err := social.ParseRemoteID(string(id)); err != nil {
		return "", err
	}
	return m.ask(ctx, endpoint, map[string]any{"userId": string(id)}, maxAPI, nil)
}

// Relationships returns how the server sees the person and each of ids, at most
// 20 of them.
func (m *Misskey) Relationships(ctx context.Context, ids []social.RemoteID) ([]social.Relationship, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if len(ids) > batchSize(m.flavour) {
		return nil, fault.New(fault.TooLarge, "too-many-ids", "More accounts were asked about at once than the server answers.")
	}
	var list []struct {
		ID        string `json:"id"`
		Following bool   `json:"isFollowing"`
		Requested bool   `json:"hasPendingFollowRequestFromYou"`
		Blocking  bool   `json:"isBlocking"`
		Blocked   bool   `json:"isBlocked"`
	}
	if _, err := m.ask(ctx, "users/relation", map[string]any{"userId": ids}, maxAPI, &list); err != nil {
		return nil, err
	}
	out := make([]social.Relationship, 0, len(list))
	for _, r := range list {
		if id, err := social.ParseRemoteID(r.ID); err == nil && slices.Contains(ids, id) {
			out = append(out, social.Relationship{ID: id, Following: r.Following, Requested: r.Requested, Blocking: r.Blocking, BlockedBy: r.Blocked})
		}
	}
	return out, nil
}

// Import refuses: i/import-following is not for apps.
func (m *Misskey) Import(context.Context, []social.Handle) error {
	return fault.New(fault.Gone, CodeNoImport, sayNoImport, "host", m.host)
}

// FollowingPage returns one page of whom the account id follows, and the cursor
// of the next page, "" after the last.
func (m *Misskey) FollowingPage(ctx context.Context, id social.RemoteID, cursor string) ([]social.RemoteAccount, string, error) {
	body := map[string]any{"userId": string(id), "limit": misskeyPage}
	if cursor != "" {
		body["untilId"] = cursor
	}
	var list []struct {
		ID       string
		Followee misskeyUser
	}
	if _, err := m.ask(ctx, "users/following", body, maxSearch, &list); err != nil {
		return nil, "", err
	}
	var out []social.RemoteAccount
	for _, f := range list {
		if one, err := f.Followee.remote(); err == nil {
			out = append(out, one)
		}
	}
	if len(list) < misskeyPage {
		return out, "", nil
	}
	next, err := social.ParseRemoteID(list[len(list)-1].ID)
	if err != nil || string(next) == cursor {
		return out, "", nil
	}
	return out, string(next), nil
}

// RequestsPage returns nobody: only the newest versions tell.
func (m *Misskey) RequestsPage(context.Context, string) ([]social.RemoteAccount, string, error) {
	return nil, "", nil
}
