package feditest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// answer is what a host says to one request, before a fault may spoil it.
type answer struct {
	status int
	header http.Header
	body   []byte
	wait   time.Duration // what the host itself takes for it, waiting for others
}

func reply(status int, contentType string, body []byte) *answer {
	a := &answer{status: status, header: http.Header{}, body: body}
	if contentType != "" {
		a.header.Set("Content-Type", contentType)
	}
	return a
}

func text(status int, contentType, body string) *answer {
	return reply(status, contentType, []byte(body))
}

func page(status int, html string) *answer { return text(status, "text/html; charset=utf-8", html) }

// data is v as JSON with status 200.
func data(v any) *answer { return dataAs("application/json", v) }

func dataAs(contentType string, v any) *answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic("feditest: " + err.Error()) // only our own types come here
	}
	return reply(http.StatusOK, contentType, body)
}

func redirect(status int, location string) *answer {
	return reply(status, "", nil).with("Location", location)
}

func (a *answer) with(name, value string) *answer {
	a.header.Set(name, value)
	return a
}

func (a *answer) after(wait time.Duration) *answer {
	a.wait += wait
	return a
}

// send writes a. It adds what every answer has.
func (a *answer) send(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may have left
}
