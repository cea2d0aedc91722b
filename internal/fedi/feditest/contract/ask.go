package contract

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

type request struct {
	method        string // GET when ""
	path          string // with query
	form          url.Values
	json          string
	upload        map[string]string // a multipart form with a file named data
	file          string            // what is in that file
	accept        string
	authorization string // instead of the token
	anonymous     bool
}

type response struct {
	asked  string
	status int
	header http.Header
	body   string
}

const maxAnswer = 1 << 20

// get asks with the token and wants a status.
func (u *suite) get(t *testing.T, path string, status int) response {
	t.Helper()
	return u.ask(t, request{path: path}).want(t, status)
}

// bare asks without a token and wants a status.
func (u *suite) bare(t *testing.T, path string, status int) response {
	t.Helper()
	return u.ask(t, request{path: path, anonymous: true}).want(t, status)
}

func (u *suite) ask(t *testing.T, q request) response {
	t.Helper()
	body, kind := q.body(t)
	method := q.method
	if method == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "https://"+u.Host+q.path, body)
	if t.Context().Err() != nil { // in a cleanup
		r, err = http.NewRequest(method, "https://"+u.Host+q.path, body)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Godwit-contract/1")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if q.accept != "" {
		r.Header.Set("Accept", q.accept)
	}
	switch {
	case q.authorization != "":
		r.Header.Set("Authorization", q.authorization)
	case !q.anonymous:
		r.Header.Set("Authorization", "Bearer "+u.Token)
	}
	return u.do(t, r)
}

func (u *suite) do(t *testing.T, r *http.Request) response {
	t.Helper()
	answer, err := u.Client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	return response{asked: r.Method + " " + r.URL.RequestURI(), status: answer.StatusCode, header: answer.Header, body: string(body)}
}

func (q request) body(t *testing.T) (io.Reader, string) {
	t.Helper()
	switch {
	case q.form != nil:
		return strings.NewReader(q.form.Encode()), "application/x-www-form-urlencoded"
	case q.json != "":
		return strings.NewReader(q.json), "application/json"
	case q.upload == nil:
		return nil, ""
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range q.upload {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	file, err := w.CreateFormFile("data", "following.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte(q.file)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

// want checks the status.
func (r response) want(t *testing.T, status int) response {
	t.Helper()
	if r.status != status {
		t.Errorf("%s: %d, want %d; body %.200q", r.asked, r.status, status, r.body)
	}
	return r
}

// into reads the body as JSON.
func (r response) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		t.Fatalf("%s: %v in %.200q", r.asked, err, r.body)
	}
}
