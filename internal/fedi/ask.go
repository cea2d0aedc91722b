package fedi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// answer is what a look-up got.
type answer struct {
	status int
	header http.Header
	body   []byte
	host   string // the host that answered, after redirects
}

// want is what a public document is asked for with.
type want struct {
	accept        string
	most          int64  // bytes of it
	tag, modified string // of what we have of it already
}

// get fetches a public document without a token, following a few redirects;
// every hop passes the same checks and waits for its own host's turn.
func (d *Door) get(ctx context.Context, raw, accept string, most int64) (answer, error) {
	return d.getAs(ctx, raw, want{accept: accept, most: most})
}

func (d *Door) getAs(ctx context.Context, raw string, as want) (answer, error) {
	u, host, err := d.parseURL(raw)
	if err != nil {
		return answer{}, err
	}
	for hop := 0; ; hop++ {
		a, err := d.once(ctx, host, u, as)
		if err != nil || !redirects(a.status) {
			return a, err
		}
		if hop == maxRedirects {
			return answer{}, errRefusedURL
		}
		if u, host, err = d.follow(u, a.header.Get("Location")); err != nil {
			return answer{}, err
		}
	}
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow returns where a redirect leads, when it may be followed.
func (d *Door) follow(from *url.URL, location string) (*url.URL, string, error) {
	if location == "" || len(location) > maxURL || strings.ContainsAny(location, "\\ \t\r\n") {
		return nil, "", errRefusedURL
	}
	ref, err := url.Parse(location)
	if err != nil {
		return nil, "", errRefusedURL
	}
	return d.parseURL(from.ResolveReference(ref).String())
}

// once makes one look-up request when its host's turn has come, and remembers
// how the host did.
func (d *Door) once(ctx context.Context, host string, u *url.URL, as want) (answer, error) {
	p, err := d.pace.enterOther(ctx, host)
	if err != nil {
		return answer{}, err
	}
	defer p.done()
	if err := spares(ctx, host); err != nil { // after the wait: it may have been long
		return answer{}, err
	}
	a, err := d.fetch(ctx, u, as)
	switch {
	case err != nil && stopped(ctx):
		return answer{}, ctx.Err()
	case err != nil:
		p.troubled(err, d.now())
		return answer{}, err
	}
	a.host = host
	return a, d.judge(p, a)
}

// judge keeps the host's health by its answer; a host that asks for time gets it.
func (d *Door) judge(p *pass, a answer) error {
	busy := a.status == http.StatusTooManyRequests ||
		a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != ""
	switch {
	case busy:
		until := mayAskAgain(a.header, d.now(), maxWaitForeign)
		p.told(until)
		return &illness{until: until, asked: true}
	case a.status >= 500:
		p.failed(d.now())
		return errors.New("status " + http.StatusText(a.status))
	}
	p.answered()
	return nil
}

// fetch sends one GET and reads the answer within all bounds of time and size.
func (d *Door) fetch(ctx context.Context, u *url.URL, as want) (answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lookUpTime, errSlow)
	defer cancel()
	ctx, abort := context.WithCancelCause(limitInterim(ctx))
	defer abort(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return answer{}, errRefusedURL
	}
	req.Header.Set("User-Agent", d.userAgent)
	req.Header.Set("Accept", as.accept)
	if as.tag != "" {
		req.Header.Set("If-None-Match", as.tag)
	}
	if as.modified != "" {
		req.Header.Set("If-Modified-Since", as.modified)
	}
	late := time.AfterFunc(headerTime, func() { abort(errSlow) })
	resp, err := d.transport.RoundTrip(req)
	late.Stop()
	if err != nil {
		return answer{}, cause(ctx, err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if redirects(a.status) {
		return a, nil // the body of a redirect is nobody's business
	}
	a.body, err = readAll(resp.Body, as.most)
	return a, cause(ctx, err)
}

// cause prefers our own reason for ending a request over the transport's.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// readAll reads at most most bytes; more is an error.
func readAll(r io.Reader, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(body)) > most {
		return nil, errTooLarge
	}
	return body, err
}

// limitInterim ends a request that gets 1xx answers without end.
func limitInterim(ctx context.Context) context.Context {
	seen := 0
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		Got1xxResponse: func(int, textproto.MIMEHeader) error {
			if seen++; seen > maxInterim {
				return errInterim
			}
			return nil
		},
	})
}
