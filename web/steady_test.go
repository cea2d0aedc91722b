package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// ZIP-11: a body that trickles in is given up, one above the floor goes on.
func TestZIP11SlowBody(t *testing.T) {
	for name, c := range map[string]struct {
		chunk int           // bytes of each read …
		every time.Duration // … and how far apart
		slow  bool
	}{"a byte a second": {1, time.Second, true}, "1 kB a second": {1100, time.Second, false}, "64 kB a minute": {64 << 10, 59 * time.Second, false}} {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		body := &steady{body: chunks(c.chunk), control: http.NewResponseController(httptest.NewRecorder()), now: func() time.Time { return now }}
		p := make([]byte, 64<<10)
		var err error
		for range 300 {
			if _, err = body.Read(p); err != nil {
				break
			}
			now = now.Add(c.every)
		}
		if got := errors.Is(err, errTooSlow); got != c.slow {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type chunks int

func (c chunks) Read(p []byte) (int, error) { return min(int(c), len(p)), nil }
