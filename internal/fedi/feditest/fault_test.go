package feditest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/internal/social"
)

// followed reports whether a follow under fault came to be, and what the client
// saw of it.
func followed(t *testing.T, f Fault) (made int, answer got, err error) {
	t.Helper()
	b := newBench(t)
	h, token := b.home(social.Mastodon)
	b.AddHost("far.test", social.Mastodon).AddAccount("dave")
	id := b.find(t, token, "dave@far.test")[0]
	h.Fault(f.On("/api/v1/accounts/").Method(http.MethodPost))
	answer, err = b.try(t, "home.test/api/v1/accounts/"+id+"/follow", token, map[string][]string{})
	return b.Between("alice@home.test", "dave@far.test").Made, answer, err
}

func TestFaultsAndWhatWasDone(t *testing.T) {
	for name, test := range map[string]struct {
		fault  Fault
		made   int
		status int // 0: the client gets an error
	}{
		"none":       {Slow(0), 1, 200},
		"slow":       {Slow(time.Millisecond), 1, 200},
		"late":       {Late(time.Millisecond), 1, 200},
		"drip":       {Drip(time.Microsecond), 1, 200},
		"status":     {Status(500, "oops"), 0, 500},
		"cut":        {Cut(), 0, 0},
		"cut after":  {CutAfter(), 1, 0},
		"cut middle": {CutMiddle(), 1, 0},
		"malformed":  {Malformed(), 1, 200},
		"throttled":  {Throttled(), 1, 200},
	} {
		t.Run(name, func(t *testing.T) {
			made, r, err := followed(t, test.fault)
			if made != test.made || (err != nil) != (test.status == 0) || err == nil && r.status != test.status {
				t.Errorf("made %d, status %d, error %v; want %d, %d", made, r.status, err, test.made, test.status)
			}
			whole := strings.HasSuffix(r.body, "}")
			if err == nil && test.status == 200 && whole == (name == "malformed") {
				t.Errorf("body %q", r.body)
			}
		})
	}
}

func TestFaultsAreSelected(t *testing.T) {
	b := newBench(t)
	h, token := b.home(social.Mastodon)
	heal := h.Fault(Status(503, "", "Retry-After", "30").On("/api/v1/accounts/").After(1).Times(2))
	want := []int{200, 503, 503, 200}
	for i, status := range want {
		r := b.get(t, own, token)
		if r.status != status || (status == 503) != (r.header.Get("Retry-After") == "30") {
			t.Errorf("request %d: %d, want %d", i, r.status, status)
		}
		if r := b.get(t, "home.test/api/v1/instance", ""); r.status != 200 {
			t.Errorf("another path: %d", r.status)
		}
	}
	heal()
	h.Fault(Status(500, ""))
	h.Heal()
	if r := b.get(t, own, token); r.status != 200 {
		t.Errorf("healed: %d", r.status)
	}
}

func TestDeadHost(t *testing.T) {
	b := newBench(t)
	_, token := b.home(social.Mastodon)
	far := b.AddHost("far.test", social.Mastodon)
	far.AddAccount("dave")
	b.get(t, "far.test/@dave", "")
	heal := far.Fault(Dead())
	if _, err := b.try(t, "far.test/@dave", "", nil); err == nil {
		t.Error("a connection from before still works")
	}
	b.client.CloseIdleConnections()
	if _, err := b.try(t, "far.test/@dave", "", nil); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new connection: %v", err)
	}
	if ids := b.find(t, token, "dave@far.test"); len(ids) != 0 {
		t.Errorf("the home server found %v", ids)
	}
	heal()
	if ids := b.find(t, token, "dave@far.test"); len(ids) != 1 || b.Stats("far.test").Refused == 0 {
		t.Errorf("healed: %v, %+v", ids, b.Stats("far.test"))
	}
}

func TestTarpitHoldsUntilTheClientLeaves(t *testing.T) {
	b := newBench(t)
	h, _ := b.home(social.Mastodon)
	h.Fault(Tarpit())
	ctx, cancel := context.WithCancel(t.Context())
	sent := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }})
	r, err := http.NewRequestWithContext(sent, http.MethodGet, "https://home.test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.Do(r); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestTarpitEndsWithTheWorld: closing a world does not wait for its tarpits.
func TestTarpitEndsWithTheWorld(t *testing.T) {
	w := New(Options{})
	w.AddHost("home.test", social.Mastodon).Fault(Tarpit())
	client := w.Client()
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { w.Close() }}), http.MethodGet, "https://home.test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Do(r); err == nil {
		t.Error("a tarpit answered")
	}
}

// TestTarpitHoldsASearch: the home server waits as long as it would, and then
// answers with nobody.
func TestTarpitHoldsASearch(t *testing.T) {
	clock := NewClock(start)
	w := New(Options{Now: clock.Now, RemoteTimeout: 20 * time.Millisecond})
	defer w.Close()
	b := &bench{w, clock, w.Client()}
	_, token := b.home(social.GoToSocial)
	far := w.AddHost("far.test", social.Snac)
	far.AddAccount("dave")
	far.Fault(Tarpit())
	began := time.Now()
	if ids := b.find(t, token, "dave@far.test"); len(ids) != 0 {
		t.Errorf("found %v", ids)
	}
	if took := time.Since(began); took < 20*time.Millisecond {
		t.Errorf("answered after %v already", took)
	}
}

func TestThrottledRemote(t *testing.T) {
	b := newBench(t)
	_, token := b.home(social.Snac)
	far := b.AddHost("far.test", social.Mastodon)
	far.AddAccount("dave")
	far.Fault(Throttled().Times(1))
	if ids := b.find(t, token, "dave@far.test"); len(ids) != 0 {
		t.Errorf("found %v", ids)
	}
	if ids := b.find(t, token, "dave@far.test"); len(ids) != 1 {
		t.Errorf("later found %v", ids)
	}
}

func TestCustomAnswers(t *testing.T) {
	b := newBench(t)
	h, _ := b.home(social.Mastodon)
	h.Handle("/api/v2/search", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"accounts":[{"id":"1/../2"}]}`)
	}))
	if r := b.get(t, "home.test/api/v2/search?q=x", ""); r.status != 202 || !strings.Contains(r.body, "1/../2") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if log := b.Log(); log[len(log)-1].Status != 202 {
		t.Errorf("logged %d", log[len(log)-1].Status)
	}
}
