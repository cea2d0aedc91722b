package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"godwit/internal/fault"
)

// streams counts the open event streams, of each session and in all.
type streams struct {
	mu  sync.Mutex
	of  map[string]int
	all int
}

func newStreams() *streams { return &streams{of: map[string]int{}} }

// open takes a place for a stream of the session.
func (s *streams) open(session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[session] >= streamsPerSession || s.all >= streamsOverall {
		return false
	}
	s.of[session]++
	s.all++
	return true
}

func (s *streams) close(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.of[session]--; s.of[session] <= 0 {
		delete(s.of, session)
	}
}

// stream tells the browser whenever the page beside it would look different. An
// event holds only a fingerprint; the script then asks for the page itself, so
// that live text is never anything but what a reload shows. Whose page it is
// comes from the session, which is looked at again before each event.
func (v *visit) stream(look func() (any, error)) error {
	if v.r.Method == http.MethodHead {
		return nil
	}
	if !v.site.streams.open(v.session.Hash) {
		return fault.WaitUntil(v.now.Add(streamTick), "too-fast", "That was very fast. Wait a little, then try again.")
	}
	defer v.site.streams.close(v.session.Hash)
	seen, err := fingerprint(look)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	control := http.NewResponseController(v.w)
	_ = control.SetReadDeadline(time.Time{}) // a writer without deadlines has none to move
	v.tell(control, "look", seen)
	v.watch(control, seen, look)
	return nil
}

// watch looks again and again until the stream's life or session ends.
func (v *visit) watch(control *http.ResponseController, seen string, look func() (any, error)) {
	ticker := time.NewTicker(streamTick)
	defer ticker.Stop()
	began, told := v.site.Now(), v.site.Now()
	for {
		select {
		case <-v.r.Context().Done():
			return
		case <-ticker.C:
		}
		v.now = v.site.Now().UTC()
		if v.now.Sub(began) > streamLife || !v.stillIn() {
			return
		}
		next, err := fingerprint(look)
		switch {
		case err != nil:
			return
		case next != seen:
			seen, told = next, v.now
			err = v.tell(control, "look", seen)
		case v.now.Sub(told) > streamPulse:
			told = v.now
			err = v.tell(control, "pulse", "")
		}
		if err != nil {
			return
		}
	}
}

// stillIn reports whether the session still exists.
func (v *visit) stillIn() bool {
	session, err := v.site.Store.GetSession(v.r.Context(), v.session.Hash, v.now)
	return err == nil && session.UserID == v.user.ID
}

// tell sends one event within its deadline.
func (v *visit) tell(control *http.ResponseController, event, data string) error {
	_ = control.SetWriteDeadline(time.Now().Add(streamWrite)) // a writer without deadlines has none to move
	if _, err := fmt.Fprintf(v.w, "event: %s\ndata: %s\n\n", event, data); err != nil {
		return err
	}
	return control.Flush()
}

// fingerprint is a short hash of all that the page would show.
func fingerprint(look func() (any, error)) (string, error) {
	page, err := look()
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(page)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8]), nil
}
