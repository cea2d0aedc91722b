package fedi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// pageSize is the most that every server gives of a following list at once.
const pageSize = 80

// mastodonFollowLimit is how many accounts one may follow on Mastodon before
// the limit grows with one's followers.
const mastodonFollowLimit = 7500

// Home is the Mastodon API of one home server with one token. It is safe for
// concurrent use. Every error is a *fault.Fault, or the context's own.
type Home struct{ *origin }

// Home returns the client for host. observe, which may be nil, is told of
// every answer before the method that caused it returns.
func (d *Door) Home(host string, token social.Secret, fl social.Flavour, observe func(Call)) *Home {
	return &Home{d.origin(host, fl, token, observe)}
}

// account is an Account entity, as far as it is read.
type account struct {
	ID          string   `json:"id"`
	Username    string   `json:"username"`
	Acct        string   `json:"acct"`
	URL         string   `json:"url"`
	URI         string   `json:"uri"`
	DisplayName string   `json:"display_name"`
	Locked      bool     `json:"locked"`
	Bot         bool     `json:"bot"`
	Following   int      `json:"following_count"`
	Followers   int      `json:"followers_count"`
	CreatedAt   string   `json:"created_at"`
	Moved       *account `json:"moved"`
}

func (a account) remote() (social.RemoteAccount, error) {
	id, err := social.ParseRemoteID(a.ID)
	if err != nil {
		return social.RemoteAccount{}, err
	}
	r := social.RemoteAccount{
		ID: id, Acct: cut(a.Acct), URL: cut(a.URL), URI: cut(a.URI), Name: social.Clean(a.DisplayName, social.MaxName),
		Locked: a.Locked, Bot: a.Bot, FollowingCount: max(a.Following, 0), FollowersCount: max(a.Followers, 0),
		CreatedAt: social.Printable(a.CreatedAt, 40),
	}
	if a.Moved != nil {
		a.Moved.Moved = nil // one hop is all that is ever followed
		if to, err := a.Moved.remote(); err == nil {
			r.Moved = &to
		}
	}
	return r, nil
}

// cut drops an address that is longer than any sound one.
func cut(s string) string {
	if len(s) > maxURL {
		return ""
	}
	return s
}

// VerifyCredentials returns the account whose token this is. Its Acct is the
// name on that server; what it says about other hosts is worth nothing until
// Identify has confirmed it.
func (h *Home) VerifyCredentials(ctx context.Context) (social.RemoteAccount, error) {
	var a account
	r := request{method: http.MethodGet, path: verifyPath, most: maxAPI}
	if _, err := h.call(ctx, r, &a); err != nil {
		return social.RemoteAccount{}, err
	}
	if a.Username != "" {
		a.Acct = a.Username
	}
	out, err := a.remote()
	if err != nil || out.Acct == "" {
		return social.RemoteAccount{}, explain(h.host, errMalformed)
	}
	return out, nil
}

// Find has the home server find hd, whose actor is actorID when that is known,
// and returns only an account that is it: never the first of a list. NotFound
// with the code "not-found-there" stands for nobody, and looks the same whether
// there is nobody, their server is down, or it was asked too much. Gone with
// the code "mismatch" means that the home server holds another account under
// the same name.
func (h *Home) Find(ctx context.Context, hd social.Handle, actorID string) (social.RemoteAccount, error) {
	found, err := h.search(ctx, "@"+hd.String())
	if err != nil {
		return social.RemoteAccount{}, err
	}
	stranger := false
	for _, a := range found {
		named := h.isNamed(a, hd, actorID)
		same := actorID != "" && a.URI == actorID
		if same || named && (actorID == "" || a.URI == "") {
			return a.remote()
		}
		stranger = stranger || named
	}
	if stranger {
		return social.RemoteAccount{}, fault.New(fault.Gone, CodeMismatch, sayMismatch, "host", h.host, "handle", "@"+hd.String())
	}
	return social.RemoteAccount{}, fault.New(fault.NotFound, CodeNotFound, sayNotFound, "host", h.host, "handle", "@"+hd.String())
}

// search asks for accounts by the call with the least permission: Mastodon
// resolves in accounts/search with read:accounts, the others only in search.
// Mitra resolves only when no type is named.
func (h *Home) search(ctx context.Context, query string) ([]account, error) {
	r := request{method: http.MethodGet, most: maxSearch, query: url.Values{"q": {query}, "resolve": {"true"}}}
	if h.flavour == social.Mastodon {
		r.path = "/api/v1/accounts/search"
		r.query.Set("limit", "1")
		var list []account
		_, err := h.call(ctx, r, &list)
		return list, err
	}
	r.path = "/api/v2/search"
	if h.flavour != social.FlavourOther && h.flavour != social.Mitra {
		r.query.Set("type", "accounts")
	}
	r.query.Set("limit", "5")
	var out struct{ Accounts []account }
	_, err := h.call(ctx, r, &out)
	return out.Accounts, err
}

// isNamed reports whether the home server calls a what we call hd. A name
// without a host is an account of the home server itself.
func (h *Home) isNamed(a account, hd social.Handle, actorID string) bool {
	if strings.Contains(a.Acct, "@") {
		got, err := social.ParseHandle(a.Acct, h.door.realm)
		return err == nil && got.Same(hd)
	}
	local := hd.Host() == h.host || actorID != "" && hostOf(actorID) == h.host
	return local && strings.EqualFold(a.Acct, hd.User())
}

// relationship is a Relationship entity, as far as it is read.
type relationship struct {
	ID             string `json:"id"`
	Following      bool   `json:"following"`
	Requested      bool   `json:"requested"`
	BlockedBy      bool   `json:"blocked_by"`
	Blocking       bool   `json:"blocking"`
	DomainBlocking bool   `json:"domain_blocking"`
	Muting         bool   `json:"muting"`
}

func (r relationship) social() (social.Relationship, error) {
	id, err := social.ParseRemoteID(r.ID)
	return social.Relationship{ID: id, Following: r.Following, Requested: r.Requested,
		BlockedBy: r.BlockedBy, Blocking: r.Blocking, DomainBlocking: r.DomainBlocking, Muting: r.Muting}, err
}

// Follow asks to follow id. What it answers is what the server hopes, not what
// is: Mastodon says following before the other side agreed, GoToSocial says
// requested even where nobody has to. Relationships tells later.
func (h *Home) Follow(ctx context.Context, id social.RemoteID) (social.Relationship, error) {
	return h.relate(ctx, id, "/api/v1/accounts/{id}/follow")
}

// Unfollow ends following id, or takes back the request.
func (h *Home) Unfollow(ctx context.Context, id social.RemoteID) (social.Relationship, error) {
	return h.relate(ctx, id, "/api/v1/accounts/{id}/unfollow")
}

func (h *Home) relate(ctx context.Context, id social.RemoteID, path string) (social.Relationship, error) {
	if _, err := social.ParseRemoteID(string(id)); err != nil {
		return social.Relationship{}, err
	}
	var rel relationship
	if _, err := h.call(ctx, request{method: http.MethodPost, path: path, id: id, most: maxAPI}, &rel); err != nil {
		return social.Relationship{}, err
	}
	out, err := rel.social()
	if err != nil || out.ID != id {
		return social.Relationship{}, explain(h.host, errMalformed)
	}
	return out, nil
}

// batchSize is how many ids one Relationships call may carry: Pixelfed cuts
// the list at 20, snac answers for the first only.
func batchSize(fl social.Flavour) int {
	if fl == social.Snac {
		return 1
	}
	return 20
}

// Relationships returns how the server sees the person and each of ids, at
// most 20 of them and one on snac, in one request. An id that the server leaves out is
// left out here too.
func (h *Home) Relationships(ctx context.Context, ids []social.RemoteID) ([]social.Relationship, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if len(ids) > batchSize(h.flavour) {
		return nil, fault.New(fault.TooLarge, "too-many-ids", "More accounts were asked about at once than the server answers.")
	}
	r := request{method: http.MethodGet, path: "/api/v1/accounts/relationships", query: url.Values{}, most: maxAPI}
	asked := map[social.RemoteID]bool{}
	for _, id := range ids {
		r.query.Add("id[]", string(id))
		asked[id] = true
	}
	var list []relationship
	if _, err := h.call(ctx, r, &list); err != nil {
		return nil, err
	}
	out := make([]social.Relationship, 0, len(list))
	for _, rel := range list {
		if one, err := rel.social(); err == nil && asked[one.ID] {
			out = append(out, one)
		}
	}
	return out, nil
}

// FollowingPage returns one page of whom the account id follows, and the
// cursor of the next page, "" after the last.
func (h *Home) FollowingPage(ctx context.Context, id social.RemoteID, cursor string) ([]social.RemoteAccount, string, error) {
	if _, err := social.ParseRemoteID(string(id)); err != nil {
		return nil, "", err
	}
	r := request{method: http.MethodGet, path: "/api/v1/accounts/{id}/following", id: id}
	return h.page(ctx, r, "/api/v1/accounts/"+string(id)+"/following", cursor)
}

// RequestsPage returns one page of those whom the account asked to follow and
// who have not answered, as GoToSocial and Mitra tell.
func (h *Home) RequestsPage(ctx context.Context, cursor string) ([]social.RemoteAccount, string, error) {
	const path = "/api/v1/follow_requests/outgoing"
	return h.page(ctx, request{method: http.MethodGet, path: path}, path, cursor)
}

// page reads one page of accounts, whose path is at with its id filled in.
func (h *Home) page(ctx context.Context, r request, at, cursor string) ([]social.RemoteAccount, string, error) {
	r.most, r.query = maxSearch, url.Values{"limit": {strconv.Itoa(pageSize)}}
	if cursor != "" {
		r.query.Set("max_id", cursor)
	}
	var list []account
	header, err := h.call(ctx, r, &list)
	if err != nil {
		return nil, "", err
	}
	out := make([]social.RemoteAccount, 0, len(list))
	for _, a := range list {
		if one, err := a.remote(); err == nil {
			out = append(out, one)
		}
	}
	next := nextCursor(header.Values("Link"), h.host, at)
	if next == cursor || len(list) == 0 { // a server that turns in a circle
		next = ""
	}
	return out, next, nil
}

// nextCursor reads the max_id of the rel="next" link (RFC 8288), which counts
// only when it leads to the same page of the same origin.
func nextCursor(headers []string, host, path string) string {
	for _, header := range headers {
		for part := range strings.SplitSeq(header, ",") {
			target, parameters, _ := strings.Cut(strings.TrimSpace(part), ">")
			if !strings.Contains(parameters, `rel="next"`) || !strings.HasPrefix(target, "<") {
				continue
			}
			u, err := url.Parse(target[1:])
			if err != nil || u.Scheme != "https" || u.Host != host || u.Path != path {
				continue
			}
			if id, err := social.ParseRemoteID(u.Query().Get("max_id")); err == nil {
				return string(id)
			}
		}
	}
	return ""
}
