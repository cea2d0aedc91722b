package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"godwit/importer/importertest"
	"godwit/internal/fedi"
	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/internal/worker"
	"godwit/matcher"
	"godwit/web"
)

// key is the one of the printed link in local mode.
const key = "KEYKEYKEYKEYKEYKEYKEYKEYKE"

// house is the pages with a real store, door and spool, before a simulated
// fediverse.
type house struct {
	t     *testing.T
	store *store.Store
	spool *store.Spool
	world *feditest.World
	clock *feditest.Clock
	base  string
	dir   string
	pages http.Handler
	crew  *worker.Worker
	log   *bytes.Buffer

	shore, reeds *feditest.Host // of town

	mu   sync.Mutex
	rung []social.Task
}

// newHouse opens a house; change may alter what the pages are made of.
func newHouse(t *testing.T, mode web.Mode, change ...func(*web.Deps)) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), clock: feditest.NewClock(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)), log: &bytes.Buffer{}}
	h.world = feditest.New(feditest.Options{Now: h.clock.Now})
	t.Cleanup(h.world.Close)
	h.openStore()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.pages.ServeHTTP(w, r) }))
	h.base = "http://" + server.Listener.Addr().String()
	door := must[*fedi.Door](t)(fedi.Open(fedi.Options{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: h.world.RootCAs(), Route: h.world.Route, Pause: -1, Now: h.clock.Now,
	}))
	t.Cleanup(door.Close)
	h.crew = worker.New(worker.Deps{Store: h.store, Door: door, Spool: h.spool, Now: h.clock.Now})
	deps := web.Deps{
		Store: h.store, Door: door, Spool: h.spool, Registrar: h.crew, BaseURL: h.base, Mode: mode, LocalKey: key, Now: h.clock.Now,
		Log: slog.New(slog.NewJSONHandler(h.log, nil)), UserAgent: "Godwit/test",
		Ring: func(_ context.Context, task social.Task) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.rung = append(h.rung, task)
		},
	}
	for _, f := range change {
		f(&deps)
	}
	h.pages = must[http.Handler](t)(web.New(deps))
	server.Config = web.Server(server.Config.Handler)
	server.Start()
	t.Cleanup(server.Close)
	return h
}

func (h *house) openStore() {
	ctx := h.t.Context()
	h.store = must[*store.Store](h.t)(store.Open(ctx, store.Options{Path: filepath.Join(h.dir, "godwit.db"), Keys: store.Keys{{ID: "one", Secret: [32]byte{1}}}}))
	h.t.Cleanup(func() { h.store.Close() })
	if err := h.store.Migrate(ctx); err != nil {
		h.t.Fatal(err)
	}
	h.spool = must[*store.Spool](h.t)(store.OpenSpool(filepath.Join(h.dir, "spool"), 1<<30))
	h.t.Cleanup(func() { h.spool.Close() })
}

// must gives the value of a call that may not fail.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// rows is a hash of all tables, to show that nothing changed.
func (h *house) rows() string {
	h.t.Helper()
	db := must[*sql.DB](h.t)(sql.Open("sqlite", "file:"+filepath.Join(h.dir, "godwit.db")+"?mode=ro"))
	defer db.Close()
	names := column(h.t, db, `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`)
	sum := sha256.New()
	for _, name := range names {
		fields := column(h.t, db, `SELECT name FROM pragma_table_info('`+name+`')`)
		quoted := "quote(" + strings.Join(fields, ") || '|' || quote(") + ")"
		for _, row := range column(h.t, db, `SELECT `+quoted+` FROM `+name+` ORDER BY 1`) {
			fmt.Fprintln(sum, name, row)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func column(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows := must[*sql.Rows](t)(db.Query(query))
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}

// browser is one person's browser. It follows no redirect.
type browser struct {
	h      *house
	client *http.Client
}

func (h *house) browser() *browser {
	jar := must[*cookiejar.Jar](h.t)(cookiejar.New(nil))
	return &browser{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is what came back.
type answer struct {
	*http.Response
	text string
	doc  *goquery.Document
}

func (b *browser) do(r *http.Request) answer {
	b.h.t.Helper()
	response := must[*http.Response](b.h.t)(b.client.Do(r))
	defer response.Body.Close()
	body := must[[]byte](b.h.t)(io.ReadAll(response.Body))
	doc := must[*goquery.Document](b.h.t)(goquery.NewDocumentFromReader(bytes.NewReader(body)))
	return answer{response, string(body), doc}
}

func (b *browser) request(method, path string, body io.Reader) *http.Request {
	b.h.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.h.base + path
	}
	r := must[*http.Request](b.h.t)(http.NewRequestWithContext(b.h.t.Context(), method, path, body))
	if method != http.MethodGet {
		r.Header.Set("Origin", b.h.base)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

func (b *browser) get(path string) answer {
	b.h.t.Helper()
	return b.do(b.request(http.MethodGet, path, nil))
}

// page gets a page that must be there.
func (b *browser) page(path string) answer {
	b.h.t.Helper()
	a := b.get(path)
	if a.StatusCode != http.StatusOK {
		b.h.t.Fatalf("GET %s: %d\n%s", path, a.StatusCode, a.main())
	}
	return a
}

func (b *browser) post(path string, fields ...string) answer {
	b.h.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r := b.request(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// submit sends the form of a page that has this action, with its hidden fields
// and more.
func (b *browser) submit(a answer, action string, more ...string) answer {
	b.h.t.Helper()
	form := a.doc.Find(`form[action="` + action + `"]`).First()
	if form.Length() == 0 {
		b.h.t.Fatalf("no form for %s in\n%s", action, a.main())
	}
	var fields []string
	form.Find("input[type=hidden]").Each(func(_ int, s *goquery.Selection) {
		fields = append(fields, s.AttrOr("name", ""), s.AttrOr("value", ""))
	})
	return b.post(action, append(fields, more...)...)
}

// follow gets the page to which an answer leads.
func (b *browser) follow(a answer) answer {
	b.h.t.Helper()
	if a.StatusCode != http.StatusSeeOther {
		b.h.t.Fatalf("status %d, not a redirect\n%s", a.StatusCode, a.main())
	}
	return b.get(must[*url.URL](b.h.t)(a.Location()).String())
}

// upload sends files as the form of A5 does.
func (b *browser) upload(files map[string]string) answer {
	b.h.t.Helper()
	return b.uploadTo("/sources", files)
}

// uploadTo sends files to one of the forms that take some.
func (b *browser) uploadTo(path string, files map[string]string) answer {
	b.h.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, text := range files {
		part := must[io.Writer](b.h.t)(w.CreateFormFile("files", name))
		if _, err := io.WriteString(part, text); err != nil {
			b.h.t.Fatal(err)
		}
	}
	w.Close()
	r := b.request(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return b.do(r)
}

// cookie is the value of a cookie that the browser holds.
func (b *browser) cookie(name string) string {
	for _, c := range b.client.Jar.Cookies(must[*url.URL](b.h.t)(url.Parse(b.h.base))) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// main is the text of the page's content.
func (a answer) main() string {
	return strings.Join(strings.Fields(a.doc.Find("main").Text()), " ")
}

func (a answer) h1() string { return strings.TrimSpace(a.doc.Find("h1").Text()) }

// want fails unless the page's text holds all of the texts.
func (a answer) want(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.main(), text) {
			t.Errorf("page %s lacks %q:\n%s", a.Request.URL.Path, text, a.main())
		}
	}
}

// owner is the browser of the machine's owner in local mode.
func (h *house) owner() *browser {
	h.t.Helper()
	b := h.browser()
	if a := b.get("/?k=" + key); a.StatusCode != http.StatusSeeOther {
		h.t.Fatalf("the key opened nothing: %d", a.StatusCode)
	}
	return b
}

// allow goes through the pages of another server in the browser's place and
// returns the address to which it sends the browser back.
func (h *house) allow(address, account, decision string) string {
	h.t.Helper()
	client := h.world.Client()
	form := url.Values{"account": {account}, "decision": {decision}}
	r := must[*http.Request](h.t)(http.NewRequestWithContext(h.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode())))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response := must[*http.Response](h.t)(client.Do(r))
	defer response.Body.Close()
	if response.StatusCode/100 != 3 {
		body, _ := io.ReadAll(response.Body)
		h.t.Fatalf("%s answered %d: %s", address, response.StatusCode, body)
	}
	return response.Header.Get("Location")
}

// start types a handle or server and returns the server's address to allow it.
func (b *browser) start(typed string) string {
	b.h.t.Helper()
	path := "/sign-in"
	if b.cookie("session") != "" {
		path = "/connect"
	}
	a := b.post(path, "account", typed)
	if a.StatusCode != http.StatusSeeOther {
		b.h.t.Fatalf("start %s: %d\n%s", typed, a.StatusCode, a.main())
	}
	return a.Header.Get("Location")
}

// signIn signs a browser in as user@host of the world.
func (h *house) signIn(handle string) *browser {
	h.t.Helper()
	b := h.browser()
	user, _, _ := strings.Cut(handle, "@")
	a := b.get(h.allow(b.start("@"+handle), user, "allow"))
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/" {
		h.t.Fatalf("sign-in of %s led to %d %s", handle, a.StatusCode, a.Header.Get("Location"))
	}
	return b
}

// userOf is the User of a browser's session.
func (h *house) userOf(b *browser) social.User {
	h.t.Helper()
	sum := sha256.Sum256([]byte(b.cookie("session")))
	session := must[store.Session](h.t)(h.store.GetSession(h.t.Context(), hex.EncodeToString(sum[:]), h.clock.Now()))
	return must[social.User](h.t)(h.store.GetUser(h.t.Context(), session.UserID))
}

func handleOf(t *testing.T, text string) social.Handle {
	t.Helper()
	return must[social.Handle](t)(social.ParseHandle(text, social.Private))
}

// friend is somebody whom a test's person follows on X.
type friend struct {
	id, username, name, bio string
	handle                  string // where they are, "" when nowhere
	linksBack, locked       bool
}

// friends are one of each grade, and a conflict.
func friends() []friend {
	return []friend{
		{id: "9001", username: "avocet_a", name: "Ava Avocet", bio: "now @ava@reeds.test", handle: "ava@reeds.test", linksBack: true},
		{id: "9002", username: "bittern_b", name: "Ben Bittern", bio: "now @ben@reeds.test", handle: "ben@reeds.test"},
		{id: "9003", username: "curlew_c", name: "Cleo Curlew", bio: "now @cleo@reeds.test", handle: "cleo@reeds.test", locked: true},
		{id: "9004", username: "dunlin_d", name: "Dora Dunlin", bio: "nothing here"},
		{id: "9005", username: "eider_e", name: "Edda Eider", bio: "@edda@reeds.test or @edda2@reeds.test", handle: "edda@reeds.test"},
	}
}

// seed gives a User an export that was read, looked up and graded.
func (h *house) seed(user social.User, people []friend) social.Source {
	h.t.Helper()
	ctx, now := h.t.Context(), h.clock.Now()
	source, _, err := h.store.CreateSource(ctx, social.Source{UserID: user.ID, Kind: social.KindXArchive, State: social.SourceReceived,
		Name: "twitter-test.zip", Digest: fmt.Sprint("digest ", user.ID), Spool: "", CreatedAt: now}, now)
	if err != nil {
		h.t.Fatal(err)
	}
	task := h.claim(social.ImportTask, source.ID)
	source = must[social.Source](h.t)(h.store.SourceFor(ctx, task))
	var records []social.Record
	for _, p := range people {
		records = append(records, social.Record{Edge: social.Following, Account: social.Account{
			Network: social.X, NativeID: p.id, Username: p.username, Name: p.name, Bio: p.bio, SeenAt: now}})
	}
	h.check(h.store.SaveRecords(ctx, task, records))
	source.State, source.ReadAt = social.SourceDone, now
	source.Owner = social.Account{Network: social.X, NativeID: "8000", Username: "tester"}
	source.ExportedAt = now.AddDate(0, 0, -1)
	source.Counts = social.Counts{Following: len(people), FollowingNamed: len(people), Accounts: len(people), Posts: 12}
	h.check(h.store.FinishSource(ctx, task, source, now))
	h.check(h.store.Settle(ctx, task, time.Time{}, false))
	h.match(user, people)
	return source
}

func (h *house) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) claim(kind social.TaskKind, id int64) social.Task {
	h.t.Helper()
	h.check(h.store.Ring(h.t.Context(), kind, id, h.clock.Now()))
	task, _, err := h.store.Claim(h.t.Context(), kind, id, h.clock.Now(), time.Minute)
	h.check(err)
	return task
}

// match does what the workers do between the import and the review.
func (h *house) match(user social.User, people []friend) {
	h.t.Helper()
	ctx, now := h.t.Context(), h.clock.Now()
	task := h.claim(social.MatchTask, user.ID)
	var found []store.Candidates
	for _, a := range must[[]social.Account](h.t)(h.store.NewAccounts(ctx, user.ID, 100)) {
		found = append(found, store.Candidates{AccountID: a.ID, Matches: matcher.Candidates(a, nil, social.Private, now)})
	}
	h.check(h.store.SaveCandidates(ctx, task, found, now))
	h.check(h.store.Settle(ctx, task, time.Time{}, false))
	h.lookUp(people)
	task = h.claim(social.MatchTask, user.ID)
	for {
		group := must[[]social.Match](h.t)(h.store.Ungraded(ctx, user.ID, 100))
		if len(group) == 0 {
			break
		}
		h.check(h.store.SaveGrades(ctx, task, matcher.Grade(group, now), now))
	}
	h.check(h.store.Settle(ctx, task, time.Time{}, false))
}

// lookUp answers every due look-up: found, with a link back where the friend has one.
func (h *house) lookUp(people []friend) {
	h.t.Helper()
	ctx, now := h.t.Context(), h.clock.Now()
	for {
		due, _, err := h.store.DueTasks(ctx, now, 100)
		h.check(err)
		var id int64
		for _, task := range due {
			if task.Kind == social.LookUpTask {
				id = task.ID
			}
		}
		if id == 0 {
			return
		}
		task := h.claim(social.LookUpTask, id)
		next := time.Time{}
		domain, look, at, err := h.store.NextLookUp(ctx, task, now)
		if err == nil {
			r := social.Resolution{Asked: look.Handle, State: social.Found, Handle: look.Handle, ActorID: "https://" + look.Handle.Host() + "/users/" + look.Handle.User(),
				Profile: "https://" + look.Handle.Host() + "/@" + look.Handle.User(), CheckedAt: now, FreshUntil: now.Add(24 * time.Hour)}
			for _, p := range people {
				if p.handle == look.Handle.String() {
					r.Locked = p.locked
					if p.linksBack {
						r.Links = []string{"https://x.com/" + p.username}
					}
				}
			}
			h.check(h.store.SaveResolution(ctx, task, domain, r, now.Add(72*time.Hour), 0, now))
			next = now
		} else {
			next = at
		}
		h.check(h.store.Settle(ctx, task, next, false))
	}
}

// sampleZip is a small real export.
func sampleZip(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	err := importertest.WriteArchive(&b, importertest.Archive{
		Owner: importertest.Person{ID: "8000", Username: "tester", Name: "Tess Tester"}, ExportedAt: time.Date(2026, 11, 18, 8, 0, 0, 0, time.UTC),
		Following: []importertest.Person{{ID: "9001", Username: "avocet_a"}, {ID: "9002", Username: "bittern_b"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// followsOf selects all FollowJobs of the User's only account.
func followsOf(h *house, user social.User) store.FollowFilter {
	h.t.Helper()
	all := must[[]social.Destination](h.t)(h.store.ListDestinations(h.t.Context(), user.ID))
	return store.FollowFilter{DestinationID: all[0].ID, Limit: 50}
}
