package feditest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// ServeHTTP answers as the host that the request's Host names. The demo uses it
// to show a host's pages to a browser under another address: it sets Host and
// calls this. All links and redirects on pages are relative.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	h := w.at(r.Host)
	w.mu.Unlock()
	rw.Header().Set("Date", w.now().Format(http.TimeFormat)) // the servers live by the world's clock
	if h == nil {
		http.Error(rw, "no such host in this world", http.StatusMisdirectedRequest)
		return
	}
	var body []byte
	var err error
	if r.Body = http.MaxBytesReader(rw, r.Body, maxBody); !streams(r) {
		body, err = io.ReadAll(r.Body)
	}
	if err != nil {
		http.Error(rw, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	entry, leave := w.arrive(r, h.name, loggable(r, body))
	status := 0
	defer func() { leave(status) }()
	if !streams(r) {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	status = h.serve(rw, r, entry.InFlight)
}

// loggable is the body as the log keeps it: uploads are left out.
func loggable(r *http.Request, body []byte) []byte {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return nil
	}
	return body
}

// serve answers, spoilt by a fault when one strikes, and returns the status
// sent; 0 when the connection was cut.
func (h *Host) serve(rw http.ResponseWriter, r *http.Request, inFlight int) int {
	h.world.mu.Lock()
	f := h.strike(r.Method, r.URL.Path)
	custom := h.customFor(r.URL.Path)
	h.world.mu.Unlock()
	if f != nil && !h.before(rw, r, f) {
		return h.refuse(rw, f)
	}
	if custom != nil {
		seen := &watched{ResponseWriter: rw, status: http.StatusOK}
		custom.ServeHTTP(seen, r)
		return seen.status
	}
	c := newCall(h, r, inFlight)
	h.world.mu.Lock()
	a := h.handle(c)
	h.world.mu.Unlock()
	if !h.pause(r, a.wait) {
		return 0
	}
	return h.deliverAnswer(rw, r, a, f)
}

// before does what a fault does before the request is worked on. False means
// that it will not be.
func (h *Host) before(rw http.ResponseWriter, r *http.Request, f *Fault) bool {
	switch f.kind {
	case isSlow:
		return h.pause(r, f.wait)
	case isTarpit:
		select {
		case <-r.Context().Done():
		case <-h.world.closed:
		}
		return false
	case isStatus, isCut:
		return false
	}
	return true
}

// refuse ends a request that is not worked on.
func (h *Host) refuse(rw http.ResponseWriter, f *Fault) int {
	if f.kind != isStatus {
		cut(rw)
		return 0
	}
	a := reply(f.status, "", []byte(f.body))
	for name, values := range f.header {
		a.header[name] = values
	}
	a.send(rw)
	return f.status
}

// deliverAnswer sends an answer as the fault lets it.
func (h *Host) deliverAnswer(rw http.ResponseWriter, r *http.Request, a *answer, f *Fault) int {
	if f == nil {
		a.send(rw)
		return a.status
	}
	switch f.kind {
	case isCutAfter:
		cut(rw)
		return 0
	case isCutMiddle:
		h.half(rw, a)
		return 0
	case isMalformed:
		a.body = a.body[:len(a.body)/2]
	case isLate:
		if !h.pause(r, f.wait) {
			return 0
		}
	case isDrip:
		return h.drip(rw, r, a, f.wait)
	}
	a.send(rw)
	return a.status
}

// pause waits real time; false when the client or the world left meanwhile.
func (h *Host) pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-h.world.closed:
	}
	return false
}

// half promises the whole body, sends half of it and closes the connection.
func (h *Host) half(rw http.ResponseWriter, a *answer) {
	whole := a.body
	a.body = append(bytes.Clone(whole[:len(whole)/2]), make([]byte, len(whole)-len(whole)/2)...)
	head := &halfWriter{ResponseWriter: rw, left: len(whole) / 2}
	a.send(head)
	flush(rw)
	cut(rw)
}

type halfWriter struct {
	http.ResponseWriter
	left int
}

func (w *halfWriter) Write(p []byte) (int, error) { return w.ResponseWriter.Write(p[:w.left]) }

func (h *Host) drip(rw http.ResponseWriter, r *http.Request, a *answer, every time.Duration) int {
	for name, values := range a.header {
		rw.Header()[name] = values
	}
	rw.WriteHeader(a.status)
	for i := range a.body {
		if !h.pause(r, every) {
			return 0
		}
		_, _ = rw.Write(a.body[i : i+1]) // the pause sees when the client leaves
		flush(rw)
	}
	return a.status
}

// cut closes the connection without a further byte. Where the writer cannot be
// hijacked (a test's recorder) the handler ends as net/http's server aborts.
func cut(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset, not an orderly end
	}
	_ = conn.Close()
}

func flush(rw http.ResponseWriter) { _ = http.NewResponseController(rw).Flush() }

type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (h *Host) customFor(path string) http.Handler {
	for _, route := range h.custom {
		if strings.HasPrefix(path, route.prefix) {
			return route.handler
		}
	}
	return nil
}
