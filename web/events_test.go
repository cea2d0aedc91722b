package web_test

import (
	"context"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web"
)

// reader is the far end of an event stream: it keeps what arrives, and can
// stop taking more.
type reader struct {
	mu     sync.Mutex
	header http.Header
	text   strings.Builder
	stuck  bool
	bound  bool // a write deadline is set
}

func (r *reader) Header() http.Header             { return r.header }
func (r *reader) WriteHeader(int)                 {}
func (r *reader) Flush()                          {}
func (r *reader) SetReadDeadline(time.Time) error { return nil }

func (r *reader) SetWriteDeadline(at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bound = !at.IsZero()
	return nil
}

func (r *reader) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stuck && r.bound {
		return 0, os.ErrDeadlineExceeded
	}
	return r.text.Write(p)
}

func (r *reader) looks() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for line := range strings.Lines(r.text.String()) {
		if data, found := strings.CutPrefix(strings.TrimSpace(line), "data: "); found && data != "" {
			all = append(all, data)
		}
	}
	return all
}

// listen opens a stream in the bubble of a synctest; ended is closed when the
// server closes it.
func (h *house) listen(ctx context.Context, b *browser, path string) (r *reader, ended chan struct{}) {
	r, ended = &reader{header: http.Header{}}, make(chan struct{})
	request := b.request(http.MethodGet, path, nil).WithContext(ctx)
	request.RequestURI = path
	request.AddCookie(&http.Cookie{Name: "session", Value: b.cookie("session")})
	go func() {
		defer close(ended)
		h.pages.ServeHTTP(r, request)
	}()
	return r, ended
}

// WEB-07: an event says that the page would look different, and nothing else.
func TestWEB07Events(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	user := h.userOf(b)
	h.seed(user, friends())
	likely := h.matches(user, store.MatchFilter{Group: store.GroupLikely})
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		r, ended := h.listen(ctx, b, "/events")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := len(r.looks()); n != 1 {
			t.Errorf("%d events while nothing changed", n)
		}
		_, err := h.store.Decide(ctx, user.ID, []int64{likely[0].ID, likely[1].ID}, social.Confirmed, h.clock.Now())
		h.check(err)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		looks := r.looks()
		if len(looks) != 2 || looks[0] == looks[1] || len(looks[1]) != 16 {
			t.Errorf("events %q", looks)
		}
		if r.header.Get("Cache-Control") != "no-store" || r.header.Get("X-Accel-Buffering") != "no" || r.header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("headers %v", r.header)
		}
		leave()
		<-ended
	})
}

// AUT-06: a stream ends soon after its session.
func TestAUT06StreamEndsWithSession(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	user := h.userOf(b)
	synctest.Test(t, func(t *testing.T) {
		_, ended := h.listen(t.Context(), b, "/events")
		synctest.Wait()
		h.check(h.store.DeleteSessions(t.Context(), user.ID))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		select {
		case <-ended:
		default:
			t.Fatal("the stream goes on 5 s after the session ended")
		}
	})
}

// WEB-07: a reader that takes nothing is left, and so is every one after a while.
func TestWEB07SlowReader(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	user := h.userOf(b)
	synctest.Test(t, func(t *testing.T) {
		r, ended := h.listen(t.Context(), b, "/events")
		synctest.Wait()
		r.mu.Lock()
		r.stuck = true
		r.mu.Unlock()
		_, _, err := h.store.CreateSource(t.Context(), social.Source{UserID: user.ID, State: social.SourceReceived, Digest: "d", CreatedAt: h.clock.Now()}, h.clock.Now())
		h.check(err)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		select {
		case <-ended:
		default:
			t.Fatal("a reader that takes nothing is still served")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		_, ended := h.listen(t.Context(), b, "/events")
		synctest.Wait()
		h.clock.Advance(16 * time.Minute)
		time.Sleep(3 * time.Second)
		<-ended
	})
}

// WEB-07: three streams a session at most.
func TestWEB07ThreeStreams(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	ctx, leave := context.WithCancel(t.Context())
	var open []*http.Response
	for range 3 {
		r := b.request(http.MethodGet, "/events", nil).WithContext(ctx)
		open = append(open, must[*http.Response](t)(b.client.Do(r)))
	}
	a := b.get("/events")
	if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
		t.Errorf("the fourth stream: %d", a.StatusCode)
	}
	leave()
	for _, r := range open {
		r.Body.Close()
	}
}
