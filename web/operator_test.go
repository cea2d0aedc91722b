package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func operatorPages(figures func(context.Context) ([]Figure, error), parts ...Readiness) http.Handler {
	return Operator(OperatorDeps{Key: "the-operators-key", Figures: figures,
		Ready:  func(context.Context) []Readiness { return parts },
		Queues: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { plain(w, r.Method+" "+r.URL.Path) })})
}

func some(context.Context) ([]Figure, error) {
	return []Figure{
		{Name: "godwit_requests_total", Help: "Requests to home servers.", Value: 12},
		{Name: "godwit_tasks", Help: "Tasks.", Labels: []string{"kind", "follow", "state", `a"b\c`}, Value: 3},
		{Name: "godwit_requests_total", Labels: []string{"x", "y"}, Value: 0.5},
	}, nil
}

func fetchOperator(h http.Handler, method, path string, header ...string) (*http.Response, string) {
	r := httptest.NewRequest(method, "http://127.0.0.1:9000"+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Result().Body)
	return w.Result(), string(body)
}

// TestQUE08OperatorOnly: nobody sees anything without the key; with it another
// site's form is refused.
func TestQUE08OperatorOnly(t *testing.T) {
	h := operatorPages(some)
	for _, path := range []string{"/", "/metrics", "/healthz", "/readyz", "/queues/", "/queues/api/queues", "/?k=wrong", "/?k=", "/nothing"} {
		for _, header := range [][]string{nil, {"Authorization", "Bearer wrong"}, {"Authorization", "Bearer "}, {"Cookie", operatorCookie + "=wrong"}, {"Cookie", operatorCookie + "="}} {
			if resp, body := fetchOperator(h, "GET", path, header...); resp.StatusCode != http.StatusNotFound || strings.Contains(body, "godwit_") {
				t.Errorf("%s with %v: %d %s", path, header, resp.StatusCode, body)
			}
		}
	}
	if none := Operator(OperatorDeps{Figures: some}); true {
		if resp, _ := fetchOperator(none, "GET", "/metrics", "Authorization", "Bearer "); resp.StatusCode != http.StatusNotFound {
			t.Error("without a key it is open")
		}
	}
	resp, _ := fetchOperator(h, "GET", "/?k=the-operators-key")
	cookies := resp.Cookies()
	if resp.StatusCode != http.StatusSeeOther || len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode {
		t.Fatalf("%d %v", resp.StatusCode, cookies)
	}
	cookie := cookies[0].Name + "=" + cookies[0].Value
	resp, body := fetchOperator(h, "GET", "/queues/", "Cookie", cookie)
	if resp.StatusCode != http.StatusOK || body != "GET /queues/" || resp.Header.Get("Content-Security-Policy") != queuesCSP {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, _ := fetchOperator(h, "POST", "/queues/api", "Cookie", cookie, "Sec-Fetch-Site", "cross-site"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site's form: %d", resp.StatusCode)
	}
}

// TestMetrics: what Prometheus reads.
func TestMetrics(t *testing.T) {
	const bearer = "Bearer the-operators-key"
	resp, body := fetchOperator(operatorPages(some), "GET", "/metrics", "Authorization", bearer)
	want := `# HELP godwit_requests_total Requests to home servers.
# TYPE godwit_requests_total counter
godwit_requests_total 12
godwit_requests_total{x="y"} 0.5
# HELP godwit_tasks Tasks.
# TYPE godwit_tasks gauge
godwit_tasks{kind="follow",state="a\"b\\c"} 3
`
	if body != want || resp.Header.Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("%v\n%s", resp.Header, body)
	}
	broken := operatorPages(func(context.Context) ([]Figure, error) { return nil, errors.New("SELECT secret") })
	if resp, body := fetchOperator(broken, "GET", "/metrics", "Authorization", bearer); resp.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, "SELECT") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

// TestReadiness: a part that does not work makes the process unready, and says why.
func TestReadiness(t *testing.T) {
	const bearer = "Bearer the-operators-key"
	for _, c := range []struct {
		trouble string
		status  int
	}{{"", http.StatusOK}, {"no answer", http.StatusServiceUnavailable}} {
		h := operatorPages(some, Readiness{Part: "database"}, Readiness{Part: "queue", Trouble: c.trouble})
		resp, body := fetchOperator(h, "GET", "/readyz", "Authorization", bearer)
		if resp.StatusCode != c.status || !strings.Contains(body, `"part":"database"`) || strings.Contains(body, "no answer") != (c.trouble != "") {
			t.Errorf("%q: %d %s", c.trouble, resp.StatusCode, body)
		}
		if resp, body := fetchOperator(h, "GET", "/healthz", "Authorization", bearer); resp.StatusCode != http.StatusOK || body != "ok\n" {
			t.Errorf("health %d %s", resp.StatusCode, body)
		}
	}
}
