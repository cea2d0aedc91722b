package fedi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Where Bluesky's public parts are (https://docs.bsky.app/docs/advanced-guides/api-directory).
const (
	plcDirectory = "https://plc.directory"
	publicView   = "https://public.api.bsky.app"
)

// The codes of what can be wrong with a Bluesky account.
const (
	CodeNotBluesky     = "not-bluesky"
	CodeNoBluesky      = "no-bluesky-account"
	CodeOtherBluesky   = "bluesky-unconfirmed"
	CodeBlueskyNoRepo  = "bluesky-no-repository"
	sayNotBluesky      = "That isn't the address of a Bluesky account. It looks like at://you.bsky.social or at://did:plc:…"
	sayNoBluesky       = "There is no Bluesky account {name}, or it doesn't say where its data is."
	sayOtherBluesky    = "{name} names a Bluesky account that doesn't call itself so. Nothing was read; check the address, or give the account's did."
	sayBlueskyNoServer = "{host} doesn't give out the repository of {name}: the account may be deactivated, or taken down."
)

// Bluesky is a Bluesky account that was found, with the server that keeps its
// repository.
type Bluesky struct {
	DID    string
	Handle string // confirmed by both sides, or ""
	PDS    string // origin of its server
}

// Name is how the account is called.
func (b Bluesky) Name() string {
	if b.Handle != "" {
		return b.Handle
	}
	return b.DID
}

var (
	plcForm = regexp.MustCompile(`^did:plc:[a-z2-7]{24}$`)
	webForm = regexp.MustCompile(`^did:web:[A-Za-z0-9.-]{1,253}$`)
)

// FindBluesky finds the account of at://handle or at://did: the handle's own
// host or the AppView tells its DID, the DID's document the server, and the
// document must name the handle back.
func (d *Door) FindBluesky(ctx context.Context, address string) (Bluesky, error) {
	host, err := BlueskyName(address, d.realm)
	if err != nil {
		return Bluesky{}, err
	}
	if strings.HasPrefix(host, "did:") {
		return d.blueskyByDID(ctx, host)
	}
	did, err := d.didOf(ctx, host)
	if err != nil {
		return Bluesky{}, err
	}
	b, err := d.blueskyByDID(ctx, did)
	if err == nil && b.Handle != host {
		err = fault.New(fault.Gone, CodeOtherBluesky, sayOtherBluesky, "name", host)
	}
	return b, err
}

// BlueskyName reads the address of an account as people write it: its handle or
// DID, with or without at:// or @ before it. It is Invalid for anything else.
func BlueskyName(typed string, realm social.Realm) (string, error) {
	name := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(typed), "at://"), "@"))
	if plcForm.MatchString(name) || webForm.MatchString(name) {
		return name, nil
	}
	host, err := social.ParseHost(name, realm)
	if err != nil || bare(host) != host {
		return "", fault.New(fault.Invalid, CodeNotBluesky, sayNotBluesky)
	}
	return host, nil
}

// didOf asks the handle's host, which its owner may run, and then the AppView,
// which also looks into the DNS.
func (d *Door) didOf(ctx context.Context, handle string) (string, error) {
	a, err := d.get(ctx, "https://"+handle+"/.well-known/atproto-did", "text/plain", maxWebFinger)
	if did := strings.TrimSpace(string(a.body)); err == nil && a.status == http.StatusOK && (plcForm.MatchString(did) || webForm.MatchString(did)) {
		return did, nil
	}
	var told struct{ DID string }
	err = d.xrpc(ctx, d.appView, "com.atproto.identity.resolveHandle", url.Values{"handle": {handle}}, &told)
	if err == nil && (plcForm.MatchString(told.DID) || webForm.MatchString(told.DID)) {
		return told.DID, nil
	}
	if err != nil && !isRefusal(err) {
		return "", err
	}
	return "", noBluesky(handle)
}

func noBluesky(name string) *fault.Fault {
	return fault.New(fault.Gone, CodeNoBluesky, sayNoBluesky, "name", name)
}

// refusal is an XRPC answer that is no success.
type refusal struct{ status int }

func (r *refusal) Error() string { return "XRPC: " + http.StatusText(r.status) }

func isRefusal(err error) bool {
	_, ok := errors.AsType[*refusal](err)
	return ok
}

// xrpc asks one query of AT Protocol without a token.
func (d *Door) xrpc(ctx context.Context, origin, method string, q url.Values, into any) error {
	body, err := d.xrpcBody(ctx, origin, method, q)
	if err == nil && json.Unmarshal(body, into) != nil {
		err = explain(hostOf(origin), errMalformed)
	}
	return err
}

func (d *Door) xrpcBody(ctx context.Context, origin, method string, q url.Values) ([]byte, error) {
	a, err := d.get(ctx, origin+"/xrpc/"+method+"?"+q.Encode(), "application/json", maxAPI)
	switch {
	case err != nil && stopped(ctx):
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, explain(hostOf(origin), err)
	case a.status != http.StatusOK:
		return nil, &refusal{a.status}
	}
	return a.body, nil
}

// didDocument is what a DID's document says, as far as it is used.
type didDocument struct {
	ID          string
	AlsoKnownAs []string
	Service     []struct {
		ID, Type        string
		ServiceEndpoint json.RawMessage
	}
}

func (d *Door) blueskyByDID(ctx context.Context, did string) (Bluesky, error) {
	address := d.plc + "/" + did
	if host, ok := strings.CutPrefix(did, "did:web:"); ok {
		address = "https://" + host + "/.well-known/did.json"
	}
	a, err := d.get(ctx, address, "application/json", maxWebFinger)
	if err != nil {
		if stopped(ctx) {
			return Bluesky{}, context.Cause(ctx)
		}
		return Bluesky{}, explain(hostOf(address), err)
	}
	var doc didDocument
	if a.status != http.StatusOK || json.Unmarshal(a.body, &doc) != nil || doc.ID != did {
		return Bluesky{}, noBluesky(did)
	}
	b := Bluesky{DID: did, PDS: d.serverIn(doc)}
	for _, name := range doc.AlsoKnownAs {
		if host, err := social.ParseHost(strings.TrimPrefix(name, "at://"), d.realm); err == nil && strings.HasPrefix(name, "at://") {
			b.Handle = host // the first one counts
			break
		}
	}
	if b.PDS == "" {
		return Bluesky{}, noBluesky(b.Name())
	}
	return b, nil
}

// serverIn is the origin of the server that keeps the repository.
func (d *Door) serverIn(doc didDocument) string {
	for _, s := range doc.Service {
		var endpoint string
		if !strings.HasSuffix(s.ID, "#atproto_pds") || s.Type != "AtprotoPersonalDataServer" || json.Unmarshal(s.ServiceEndpoint, &endpoint) != nil {
			continue
		}
		if u, host, err := d.parseURL(endpoint); err == nil && (u.Path == "" || u.Path == "/") {
			return "https://" + host
		}
	}
	return ""
}

// BlueskyRepo writes the account's whole repository, a CAR of at most
// MaxRepository bytes, to w.
func (d *Door) BlueskyRepo(ctx context.Context, b Bluesky, w io.Writer) error {
	status, err := d.download(ctx, b.PDS+"/xrpc/com.atproto.sync.getRepo?"+url.Values{"did": {b.DID}}.Encode(), "application/vnd.ipld.car", w, MaxRepository)
	switch {
	case err != nil && stopped(ctx):
		return context.Cause(ctx)
	case err != nil:
		return explain(hostOf(b.PDS), err)
	case status != http.StatusOK:
		return fault.New(fault.Gone, CodeBlueskyNoRepo, sayBlueskyNoServer, "host", hostOf(b.PDS), "name", b.Name())
	}
	return nil
}

// BlueskyFollows writes whom the account follows, with their names and
// profiles, to w: the answers of the AppView to getFollows, one after another.
// told is called after each with how many there are so far.
func (d *Door) BlueskyFollows(ctx context.Context, b Bluesky, w io.Writer, told func(people int)) error {
	q := url.Values{"actor": {b.DID}, "limit": {"100"}}
	people := 0
	for range maxFollowPages {
		body, err := d.xrpcBody(ctx, d.appView, "app.bsky.graph.getFollows", q)
		if isRefusal(err) {
			return noBluesky(b.Name()).Because(err)
		}
		if err != nil {
			return err
		}
		var page struct {
			Follows []json.RawMessage
			Cursor  string
		}
		if json.Unmarshal(body, &page) != nil {
			return explain(hostOf(d.appView), errMalformed)
		}
		if _, err := w.Write(append(body, '\n')); err != nil {
			return err
		}
		people += len(page.Follows)
		told(people)
		if page.Cursor == "" || page.Cursor == q.Get("cursor") || len(page.Cursor) > maxField {
			return nil
		}
		q.Set("cursor", page.Cursor)
	}
	return nil
}

// download fetches a large public document in its host's turn, following a few
// redirects, and writes at most most bytes of it to w.
func (d *Door) download(ctx context.Context, raw, accept string, w io.Writer, most int64) (status int, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, downloadTime, errSlow)
	defer cancel()
	u, host, err := d.parseURL(raw)
	if err != nil {
		return 0, err
	}
	for range maxRedirects + 1 {
		status, location, err := d.stream(ctx, host, u, accept, w, most)
		if err != nil || !redirects(status) {
			return status, err
		}
		if u, host, err = d.follow(u, location); err != nil {
			return 0, err
		}
	}
	return 0, errRefusedURL
}

// stream makes one request of a download.
func (d *Door) stream(ctx context.Context, host string, u *url.URL, accept string, w io.Writer, most int64) (status int, location string, err error) {
	p, err := d.pace.enterOther(ctx, host)
	if err != nil {
		return 0, "", err
	}
	defer p.done()
	ctx, abort := context.WithCancelCause(limitInterim(ctx))
	defer abort(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return 0, "", errRefusedURL
	}
	req.Header.Set("User-Agent", d.userAgent)
	req.Header.Set("Accept", accept)
	late := time.AfterFunc(homeTime, func() { abort(errSlow) })
	resp, err := d.transport.RoundTrip(req)
	late.Stop()
	if err != nil {
		err = cause(ctx, err)
		p.troubled(err, d.now())
		return 0, "", err
	}
	defer resp.Body.Close()
	if err := d.judge(p, answer{status: resp.StatusCode, header: resp.Header, host: host}); err != nil {
		return 0, "", err
	}
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, resp.Header.Get("Location"), nil
	}
	n, err := io.Copy(w, io.LimitReader(resp.Body, most+1))
	if err == nil && n > most {
		err = errTooLarge
	}
	return resp.StatusCode, "", cause(ctx, err)
}
