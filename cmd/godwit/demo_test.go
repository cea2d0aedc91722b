package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"godwit/internal/fedi/feditest"
)

// The simulated servers' pages are for this machine's browser only: a website
// that had its name point here gets what the pages say to it.
func TestLOC01SimulatedPages(t *testing.T) {
	world := feditest.New(feditest.Options{})
	defer world.Close()
	feditest.Sample(world)
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMisdirectedRequest) })
	h := besides(world)(refuse)
	for host, want := range map[string]int{
		"127.0.0.1:8080": http.StatusOK, "localhost:8080": http.StatusOK, "[::1]:8080": http.StatusOK,
		"evil.example:8080": http.StatusMisdirectedRequest, "127.0.0.1.evil.example:8080": http.StatusMisdirectedRequest, "mudflat.test": http.StatusMisdirectedRequest,
	} {
		r := httptest.NewRequest("GET", demoPath+"mudflat.test/api/v2/instance", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Host %s: %d, want %d", host, w.Code, want)
		}
	}
}
