package feditest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
)

// start is a moment shortly after a window of five minutes began.
var start = time.Date(2026, 11, 23, 14, 0, 3, 123456000, time.UTC)

// bench is a world with a driven clock and a client into it.
type bench struct {
	*World
	clock  *Clock
	client *http.Client
}

func newBench(t *testing.T) *bench {
	t.Helper()
	clock := NewClock(start)
	w := New(Options{Now: clock.Now})
	t.Cleanup(w.Close)
	return &bench{World: w, clock: clock, client: w.Client()}
}

// home adds a host of the flavour with the account alice.
func (b *bench) home(flavour social.Flavour, options ...HostOption) (*Host, string) {
	h := b.AddHost("home.test", flavour, options...)
	h.AddAccount("alice")
	return h, h.Token("alice").Reveal()
}

type got struct {
	status int
	header http.Header
	body   string
}

// try makes a request; form is a POST's, nil a GET.
func (b *bench) try(t *testing.T, address, token string, form url.Values) (got, error) {
	t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "https://"+address, body)
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := b.client.Do(r)
	if err != nil {
		return got{}, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	return got{a.StatusCode, a.Header, string(text)}, err
}

func (b *bench) get(t *testing.T, address, token string) got {
	t.Helper()
	r, err := b.try(t, address, token, nil)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	return r
}

func (b *bench) post(t *testing.T, address, token string, form url.Values) got {
	t.Helper()
	if form == nil {
		form = url.Values{}
	}
	r, err := b.try(t, address, token, form)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	return r
}

func (r got) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		t.Fatalf("%v in %.200q", err, r.body)
	}
}

// find searches with resolve=true and returns the ids found.
func (b *bench) find(t *testing.T, token, handle string) []string {
	t.Helper()
	var found struct{ Accounts []struct{ ID string } }
	r := b.get(t, "home.test/api/v2/search?resolve=true&type=accounts&limit=1&q=@"+handle, token)
	if r.status != http.StatusOK {
		t.Fatalf("search: %d %s", r.status, r.body)
	}
	r.into(t, &found)
	var ids []string
	for _, a := range found.Accounts {
		ids = append(ids, a.ID)
	}
	return ids
}

// ask follows a handle that can be found.
func (b *bench) ask(t *testing.T, token, handle string) got {
	t.Helper()
	ids := b.find(t, token, handle)
	if len(ids) != 1 {
		t.Fatalf("%s: found %v", handle, ids)
	}
	return b.post(t, "home.test/api/v1/accounts/"+ids[0]+"/follow", token, nil)
}

func TestCertificates(t *testing.T) {
	b := newBench(t)
	b.AddHost("sound.test", social.Mastodon)
	b.AddHost("late.test", social.Mastodon, Flawed(Expired))
	b.AddHost("other.test", social.Mastodon, Flawed(WrongName))
	b.AddHost("own.test", social.Mastodon, Flawed(SelfSigned))
	for host, want := range map[string]string{"sound.test": "", "late.test": "expired", "other.test": "not other.test", "own.test": "unknown authority", "none.test": "no such host"} {
		_, err := b.try(t, host+"/", "", nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", host, err, want)
		}
	}
	if s := b.Stats("*"); s.Requests != 1 {
		t.Errorf("%d requests came through, want that of sound.test only", s.Requests)
	}
}

func TestSplitDomains(t *testing.T) {
	b := newBench(t)
	b.AddHost("social.one.test", social.Mastodon, SplitDomain("one.test")).AddAccount("eva")
	b.AddHost("social.two.test", social.GoToSocial, SplitDomain("two.test"), ByHostMeta()).AddAccount("eva")
	const path = "/.well-known/webfinger?resource=acct:eva@"
	r := b.get(t, "one.test"+path+"one.test", "")
	if want := "https://social.one.test" + path + "one.test"; r.status != 301 || r.header.Get("Location") != want {
		t.Errorf("%d %s, want a redirect to %s", r.status, r.header.Get("Location"), want)
	}
	for _, asked := range []string{"one.test", "social.one.test"} {
		if r := b.get(t, "social.one.test"+path+asked, ""); !strings.Contains(r.body, `"subject":"acct:eva@one.test"`) {
			t.Errorf("asked as @%s: %d %s", asked, r.status, r.body)
		}
	}
	if r := b.get(t, "two.test"+path+"two.test", ""); r.status != 404 {
		t.Errorf("by host-meta only: WebFinger %d", r.status)
	}
	if r := b.get(t, "two.test/.well-known/host-meta", ""); !strings.Contains(r.body, "https://social.two.test/.well-known/webfinger?resource={uri}") {
		t.Errorf("host-meta: %s", r.body)
	}
}

func TestAliasIsNotConfirmed(t *testing.T) {
	b := newBench(t)
	a := b.AddHost("true.test", social.Mastodon).AddAccount("eva")
	b.AddHost("vain.test", social.Mastodon).Alias("boss", "eva@true.test")
	r := b.get(t, "vain.test/.well-known/webfinger?resource=acct:boss@vain.test", "")
	if !strings.Contains(r.body, `"subject":"acct:boss@vain.test"`) || !strings.Contains(r.body, a.ActorID()) {
		t.Errorf("%s", r.body)
	}
}

func TestLogIsBoundedAndCountsAreExact(t *testing.T) {
	clock := NewClock(start)
	w := New(Options{Now: clock.Now, LogCap: 5})
	defer w.Close()
	w.AddHost("a.shore.test", social.Mastodon)
	w.AddHost("b.shore.test", social.Mastodon)
	b := &bench{w, clock, w.Client()}
	for i := range 12 {
		b.get(t, fmt.Sprintf("%s.shore.test/n%d?q=%d", string("ab"[i%2]), i, i), "")
	}
	log := w.Log()
	if len(log) != 5 || log[0].Path != "/n7" || log[4].Path != "/n11" || log[4].RawQuery != "q=11" || log[4].Status != 404 {
		t.Errorf("log: %+v", log)
	}
	for scope, want := range map[string]int{"a.shore.test": 6, "*.shore.test": 12, "*": 12, "c.shore.test": 0} {
		if s := w.Stats(scope); s.Requests != want || s.MaxInFlight > 1 {
			t.Errorf("%s: %+v, want %d requests", scope, s, want)
		}
	}
	w.Reset()
	if s := w.Stats("*"); s != (Stats{}) || len(w.Log()) != 0 {
		t.Errorf("after Reset: %+v, %d logged", s, len(w.Log()))
	}
}

// TestThousandHosts is about what a big world costs: it has to be set up and
// asked at all within a test's time and memory.
func TestThousandHosts(t *testing.T) {
	b := newBench(t)
	flavours := []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac}
	for i := range 1000 {
		h := b.AddHost(fmt.Sprintf("h%d.test", i), flavours[i%3])
		for j := range 10 {
			h.AddAccount(fmt.Sprintf("u%d", j))
		}
	}
	_, token := b.home(social.Mastodon)
	for i := 0; i < 1000; i += 100 {
		if r := b.get(t, fmt.Sprintf("h%d.test/.well-known/webfinger?resource=acct:u3@h%d.test", i, i), ""); r.status != 200 {
			t.Errorf("host %d: %d", i, r.status)
		}
		b.ask(t, token, fmt.Sprintf("u3@h%d.test", i))
	}
	b.clock.Advance(time.Minute)
	if f := b.Follows("alice@home.test"); len(f) != 10 || f[9].State != Accepted || f[9].Made != 1 {
		t.Errorf("follows: %+v", f)
	}
	if made := len(b.ca.leaves); made > 20 {
		t.Errorf("%d certificates were made, though 11 hosts were contacted", made)
	}
}

func TestServeHTTPUnderAnotherAddress(t *testing.T) {
	b := newBench(t)
	h, _ := b.home(social.Mastodon)
	h.AddAccount("bob", Named("Bob <b>"))
	mounted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "home.test"
		http.StripPrefix("/sim/home.test", b).ServeHTTP(w, r)
	})
	rec := record(mounted, "/sim/home.test/")
	if !strings.Contains(rec.body, `href="./@bob"`) {
		t.Errorf("front page: %s", rec.body)
	}
	rec = record(mounted, "/sim/home.test/@bob")
	if !strings.Contains(rec.body, "Bob &lt;b&gt;") || strings.Contains(rec.body, "https://home.test/") {
		t.Errorf("profile: %s", rec.body)
	}
}

// upload posts a multipart form with one file and returns the status.
func (b *bench) upload(t *testing.T, address, token, field, content string, fields map[string]string) int {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	file, err := form.CreateFormFile(field, "following.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(file, content); err != nil {
		t.Fatal(err)
	}
	form.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+address, &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	return a.StatusCode
}

// TestServersLiveByTheClock: a client may learn a server's clock from Date.
func TestServersLiveByTheClock(t *testing.T) {
	b := newBench(t)
	b.home(social.Mastodon)
	if date := b.get(t, "home.test/", "").header.Get("Date"); date != "Mon, 23 Nov 2026 14:00:03 GMT" {
		t.Errorf("Date is %q", date)
	}
}

// BenchmarkWorld is the cost of setting up 10,000 accounts on 1,000 hosts.
func BenchmarkWorld(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		w := New(Options{})
		for i := range 1000 {
			h := w.AddHost(fmt.Sprintf("h%d.test", i), social.Mastodon)
			for j := range 10 {
				h.AddAccount(fmt.Sprintf("u%d", j))
			}
		}
		w.Close()
	}
}
