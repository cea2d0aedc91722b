package web

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// OperatorDeps is what the operator's own listener shows.
type OperatorDeps struct {
	Key     string                                        // what a request must bring
	Figures func(ctx context.Context) ([]Figure, error)   // for Prometheus
	Ready   func(ctx context.Context) (parts []Readiness) // whether each part works
	Queues  http.Handler                                  // asynq's pages under /queues; nil without Redis
}

// Readiness is whether one part of a process works.
type Readiness struct {
	Part    string `json:"part"`
	Trouble string `json:"trouble,omitempty"` // "" when it works
}

const operatorCookie = "godwit_operator"

// queuesCSP lets asynq's pages run, which bring scripts and styles in the page;
// they load nothing from anybody else.
const queuesCSP = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Operator is the pages of whoever operates this Godwit: metrics, readiness
// with its reasons, and the queues. Without the key, as a bearer token or in
// the cookie that /?k= sets, there is nothing here (WEB-14, QUE-08).
func Operator(d OperatorDeps) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { plain(w, operatorIndex(d)) })
	mux.HandleFunc("GET /metrics", d.metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, "ok\n") })
	mux.HandleFunc("GET /readyz", d.ready)
	if d.Queues != nil {
		mux.HandleFunc("/queues", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/queues/", http.StatusSeeOther) })
		mux.Handle("/queues/", d.queues())
	}
	return d.guarded(mux)
}

func operatorIndex(d OperatorDeps) string {
	pages := "/metrics\n/healthz\n/readyz\n"
	if d.Queues != nil {
		pages += "/queues/\n"
	}
	return pages
}

func plain(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(body)) // a client that went away is nobody to tell
}

// guarded lets in who brings the key, and refuses what other sites make a
// browser send.
func (d OperatorDeps) guarded(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if key := r.URL.Query().Get("k"); r.URL.Path == "/" && d.fits(key) {
			http.SetCookie(w, &http.Cookie{Name: operatorCookie, Value: url.QueryEscape(key), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		switch {
		case !d.admits(r):
			http.NotFound(w, r)
		case cross.Check(r) != nil:
			http.Error(w, "Another page sent this. Nothing was done.", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (d OperatorDeps) admits(r *http.Request) bool {
	if bearer, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); found {
		return d.fits(bearer)
	}
	c, err := r.Cookie(operatorCookie)
	return err == nil && d.fits(c.Value)
}

func (d OperatorDeps) fits(key string) bool {
	return d.Key != "" && subtle.ConstantTimeCompare([]byte(key), []byte(d.Key)) == 1
}

func (d OperatorDeps) metrics(w http.ResponseWriter, r *http.Request) {
	figures, err := d.Figures(r.Context())
	if err != nil {
		http.Error(w, "The figures can't be read at the moment.", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_ = WriteFigures(w, figures) // a scraper that went away is nobody to tell
}

// ready answers 503 when a part does not work, with the reasons.
func (d OperatorDeps) ready(w http.ResponseWriter, r *http.Request) {
	parts, status := d.Ready(r.Context()), http.StatusOK
	for _, p := range parts {
		if p.Trouble != "" {
			status = http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(parts) // as above
}

func (d OperatorDeps) queues() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", queuesCSP)
		d.Queues.ServeHTTP(w, r)
	})
}
