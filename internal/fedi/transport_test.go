package fedi

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

func TestNET02NoRedirectWithSecrets(t *testing.T) {
	w := newWorld(t)
	targets := []string{"https://evil.home.test/", "https://home.test:8443/", "http://home.test/", "https://other.test/", "https://home.test/2",
		"/2", "//other.test/", "https://other.test/%zz?code=CANARY-code"}
	for _, host := range []string{"evil.home.test", "home.test:8443", "other.test"} {
		w.host(host, status(http.StatusOK))
	}
	d := w.door()
	var dialled sync.Map
	inner := d.connect
	d.connect = func(ctx context.Context, to netip.AddrPort, special bool) (net.Conn, error) {
		dialled.Store(to, true)
		return inner(ctx, to, special)
	}
	calls := map[string]func(h *Home) error{
		"verify":   func(h *Home) error { _, err := h.VerifyCredentials(t.Context()); return err },
		"follow":   func(h *Home) error { _, err := h.Follow(t.Context(), "1"); return err },
		"exchange": func(*Home) error { return exchange(t, d) },
		"revoke": func(*Home) error {
			return d.Revoke(t.Context(), "home.test", "cid", social.NewSecret("CANARY-secret"), secretToken)
		},
	}
	h := d.Home("home.test", secretToken, social.Mastodon, nil)
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, to := range targets {
			w.host("home.test", redirectTo(code, to))
			for name, call := range calls {
				if err := call(h); !hasCode(err, CodeRedirect) || !fault.Is(err, fault.Broken) {
					t.Errorf("%s: %d to %s: %v", name, code, to, err)
				}
				d.pace = newPace(-1, time.Now)
			}
		}
	}
	for _, s := range w.requests("") {
		if s.host != "home.test" || strings.HasPrefix(s.uri, "/2") {
			t.Errorf("request went to %s%s", s.host, s.uri)
		}
	}
	dialled.Range(func(at, _ any) bool {
		if at != w.at {
			t.Errorf("dialled %v", at)
		}
		return true
	})
}

func exchange(t *testing.T, d *Door) error {
	_, err := d.Exchange(t.Context(), "https://home.test/oauth/token", "cid", social.NewSecret("CANARY-secret"), "https://godwit.test/cb", "CANARY-code", "CANARY-verifier")
	return err
}

// The transport of one origin refuses every other before a byte is sent.
func TestNET02OriginBound(t *testing.T) {
	w := newWorld(t)
	d := w.door()
	for _, raw := range []string{"https://other.test/", "https://sub.home.test/", "https://home.test:8443/", "http://home.test/", "https://u:p@home.test/"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, raw, nil)
		req.Host = ""
		if _, err := (bound{door: d, host: "home.test"}).RoundTrip(req); !errors.Is(err, errOrigin) {
			t.Errorf("%s: %v", raw, err)
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://home.test/", nil)
	req.Host = "other.test"
	if _, err := (bound{door: d, host: "home.test"}).RoundTrip(req); !errors.Is(err, errOrigin) {
		t.Errorf("foreign Host header: %v", err)
	}
	if n := len(w.requests("")); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// raw answers with bytes of the test's own making.
func raw(write func(w *bufio.Writer)) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		conn, buf, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		write(buf.Writer)
		buf.Flush()
	}
}

func TestNET05EndlessAnswers(t *testing.T) {
	w := newWorld(t)
	var sent atomic.Int64
	endless := func(chunk []byte) func(io.Writer) {
		return func(to io.Writer) {
			for range 1 << 30 / len(chunk) {
				if _, err := to.Write(chunk); err != nil {
					return
				}
				sent.Add(int64(len(chunk)))
			}
		}
	}
	as := []byte(strings.Repeat("a", 32<<10))
	answers := map[string]http.HandlerFunc{
		"no length": func(rw http.ResponseWriter, _ *http.Request) { endless(as)(rw) },
		"gzip bomb": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(rw)
			endless(make([]byte, 32<<10))(z)
		},
		"headers": raw(func(b *bufio.Writer) {
			b.WriteString("HTTP/1.1 200 OK\r\n")
			for i := range 10 << 10 {
				fmt.Fprintf(b, "X-H%d: %s\r\n", i, as[:1024])
			}
			b.WriteString("\r\n")
		}),
		"1xx": raw(func(b *bufio.Writer) {
			for range 1000 {
				b.WriteString("HTTP/1.1 103 Early Hints\r\n\r\n")
			}
			b.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		}),
		"chunk extensions": raw(func(b *bufio.Writer) {
			b.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			for range 10 << 10 {
				fmt.Fprintf(b, "1;%s\r\na\r\n", as[:4096])
			}
		}),
		"negative length": raw(func(b *bufio.Writer) { b.WriteString("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}") }),
		"longer length":   raw(func(b *bufio.Writer) { b.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}") }),
	}
	for name, answer := range answers {
		w.host("a.test", answer)
		sent.Store(0)
		if _, err := w.door().get(t.Context(), "https://a.test/", "", maxWebFinger); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := w.door().Home("a.test", secretToken, social.Mastodon, nil).VerifyCredentials(t.Context()); err == nil {
			t.Errorf("%s: the API took it", name)
		}
		if n := sent.Load(); name != "gzip bomb" && n > 16<<20 {
			t.Errorf("%s: read on for %d bytes", name, n)
		}
	}
	w.host("a.test", raw(func(b *bufio.Writer) {
		b.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + `{"subject":"acct:a@a.test","links":[]}`)
	}))
	if r, _ := w.door().LookUp(t.Context(), handle(t, "a@a.test")); r.State != social.NotFedi {
		t.Errorf("cut JSON: %s", r.State)
	}
}

func TestNET05BoundIsExact(t *testing.T) {
	w := newWorld(t)
	for _, size := range []int{maxWebFinger, maxWebFinger + 1} {
		w.host("a.test", reply200("text/plain", strings.Repeat("a", size)))
		_, err := w.door().get(t.Context(), "https://a.test/", "", maxWebFinger)
		if (err == nil) != (size == maxWebFinger) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestNET07NoProxyFromEnvironment(t *testing.T) {
	at, visits := canary(t)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, "http://"+at.String())
	}
	w := newWorld(t)
	w.host("a.test", reply200("text/plain", "ok"))
	d := w.door()
	if _, err := d.get(t.Context(), "https://a.test/", "", 10); err != nil {
		t.Error(err)
	}
	if d.transport.Proxy != nil || visits() != 0 {
		t.Errorf("a proxy was asked: %d visits", visits())
	}
}

func TestNET10Redirects(t *testing.T) {
	w := newWorld(t)
	jrdAt := func(rw http.ResponseWriter, r *http.Request) {
		writeJRD(rw, "acct:a@a.test", "https://b.test/users/a")
	}
	hops := func(n int) http.HandlerFunc { // n redirects, then the answer
		return func(rw http.ResponseWriter, r *http.Request) {
			var i int
			fmt.Sscanf(r.URL.Query().Get("hop"), "%d", &i)
			if i == n {
				jrdAt(rw, r)
				return
			}
			redirectTo(302, fmt.Sprintf("https://b.test%s?hop=%d", webFingerPath, i+1))(rw, r)
		}
	}
	cases := []struct {
		name string
		at   http.HandlerFunc
		want social.ResolutionState
	}{
		{"1 hop", hops(1), social.Found},
		{"3 hops", hops(3), social.Found},
		{"4 hops", hops(4), social.Refused},
		{"loop", redirectTo(302, "https://a.test"+webFingerPath), social.Refused},
		{"http", redirectTo(301, "http://b.test/"), social.Refused},
		{"port of a stranger", redirectTo(302, "https://ok.test:6379/"), social.NotFedi}, // no such name in this world
		{"file", redirectTo(302, "file:///etc/passwd"), social.Refused},
		{"gopher", redirectTo(302, "gopher://b.test/"), social.Refused},
		{"ftp", redirectTo(302, "ftp://b.test/"), social.Refused},
		{"scheme-relative inside", redirectTo(302, "//127.0.0.1/"), social.Refused},
		{"backslashes", redirectTo(302, `\\evil`), social.Refused},
		{"empty", redirectTo(302, ""), social.Refused},
		{"long", redirectTo(302, "/"+strings.Repeat("a", 60<<10)), social.Refused},
		{"user info", redirectTo(302, "https://u:p@b.test/"), social.Refused},
		{"address", redirectTo(302, "https://169.254.169.254/"), social.Refused},
	}
	for _, c := range cases {
		w.seen = nil
		w.host("a.test", c.at)
		w.pages("b.test", map[string]http.HandlerFunc{webFingerPath: c.at})
		r, err := w.door().LookUp(t.Context(), handle(t, "a@a.test"))
		if err != nil || r.State != c.want {
			t.Errorf("%s: %s %v, want %s", c.name, r.State, err, c.want)
		}
		if n := len(w.requests("")); n > 5 || c.want == social.Refused && n > 4 {
			t.Errorf("%s: %d requests", c.name, n)
		}
	}
}

// In the Public realm a port is no part of a host, whoever names it.
func TestNET10PortsInPublic(t *testing.T) {
	d, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{"https://ok.net:6379/", "http://ok.net/", "https://ok.net:444/", "https://u@ok.net/", "https://ok/", "https:ok.net"} {
		if _, _, err := d.parseURL(raw); !errors.Is(err, errRefusedURL) {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for raw, want := range map[string]string{"https://OK.net./x": "ok.net", "https://ok.net:443/": "ok.net"} {
		if _, host, err := d.parseURL(raw); err != nil || host != want {
			t.Errorf("%s: %q %v", raw, host, err)
		}
	}
}

func TestNET13Certificates(t *testing.T) {
	w := newWorld(t)
	bad := map[string]func(string) (*tls.Certificate, error){
		"expired": func(n string) (*tls.Certificate, error) { return w.leaf(n, time.Unix(1e9, 0), w.ca, w.key) },
		"wrong name": func(string) (*tls.Certificate, error) {
			return w.leaf("else.test", time.Now().Add(time.Hour), w.ca, w.key)
		},
		"self-signed": func(n string) (*tls.Certificate, error) { return w.leaf(n, time.Now().Add(time.Hour), nil, w.key) },
	}
	for name, make := range bad {
		at, visits := tlsListener(t, &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) { return make(h.ServerName) }})
		d := w.door(func(o *Options) { o.Route = func(string) (netip.AddrPort, bool) { return at, true } })
		if err := exchange(t, d); !hasCode(err, CodeCertificate) || !fault.Is(err, fault.Broken) {
			t.Errorf("%s: %v", name, err)
		}
		if r, err := d.LookUp(t.Context(), handle(t, "a@a.test")); err != nil || r.State != social.Ill {
			t.Errorf("%s: look-up %s %v", name, r.State, err)
		}
		if n := visits(); n != 0 {
			t.Errorf("%s: %d bytes of a request arrived", name, n)
		}
	}
}

// tlsListener accepts TLS and counts the bytes that come after the handshake.
func tlsListener(t *testing.T, c *tls.Config) (netip.AddrPort, func() int64) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	var bytes atomic.Int64
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				n, _ := io.Copy(io.Discard, tls.Server(conn, c))
				bytes.Add(n)
			}()
		}
	}()
	return netip.MustParseAddrPort(ln.Addr().String()), bytes.Load
}

func TestNET13NoLeniencyInSource(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(f, "_test.go") && strings.Contains(string(text), "Insecure"+"SkipVerify") {
			t.Errorf("%s skips verification", f)
		}
	}
}

func TestNET17HTTP1Only(t *testing.T) {
	w := newWorld(t)
	offered := make(chan []string, 1)
	at, visits := tlsListener(t, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		offered <- h.SupportedProtos
		return nil, errors.New("only h2 here")
	}})
	d := w.door(func(o *Options) { o.Route = func(string) (netip.AddrPort, bool) { return at, true } })
	if err := exchange(t, d); !hasCode(err, CodeNotSecure) || !fault.Is(err, fault.Broken) {
		t.Errorf("a listener that insists on h2: %v", err)
	}
	if got := <-offered; len(got) != 1 || got[0] != "http/1.1" || visits() != 0 {
		t.Errorf("offered %v", got)
	}
}

func TestNET15SameForEverybody(t *testing.T) {
	w := newWorld(t)
	w.pages("a.test", map[string]http.HandlerFunc{webFingerPath: func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Set-Cookie", "track=1")
		writeJRD(rw, r.URL.Query().Get("resource"), "https://a.test/u")
	}})
	d := w.door()
	for _, h := range []string{"a@a.test", "b@a.test"} {
		if r, err := d.LookUp(t.Context(), handle(t, h)); err != nil || r.State != social.Found {
			t.Fatal(r, err)
		}
	}
	seen := w.requests("a.test")
	first, second := seen[0], seen[2]
	if fmt.Sprint(first.header) != fmt.Sprint(second.header) || strings.ReplaceAll(first.uri, "%3Aa%40", "%3Ab%40") != second.uri {
		t.Errorf("%s %v\n%s %v", first.uri, first.header, second.uri, second.header)
	}
	if len(first.header) != 3 || first.header.Get("Cookie")+first.header.Get("Referer") != "" {
		t.Errorf("headers %v", first.header)
	}
}

// STO-04: whatever goes wrong, no error holds a code, a secret or a token.
func TestSTO04ErrorsWithoutSecrets(t *testing.T) {
	w := newWorld(t)
	d := w.door()
	dead, _ := net.Listen("tcp", "127.0.0.1:0")
	deadAt := netip.MustParseAddrPort(dead.Addr().String())
	dead.Close()
	answers := map[string]http.HandlerFunc{
		"bad location": redirectTo(302, "https://x/%zz?code=CANARY-code"),
		"hang up":      raw(func(*bufio.Writer) {}),
		"echo":         reply200("application/json", `{"error":"CANARY\u001b[2J"}`),
		"html":         reply200("text/html", "<p>CANARY-code"),
		"400":          status(400), "403": status(403), "500": status(500),
	}
	check := func(name string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		for _, text := range []string{fmt.Sprintf("%v", err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), fault.Say(err)} {
			for _, secret := range []string{"CANARY-code", "CANARY-secret", "CANARY-verifier", "CANARY-token"} {
				if strings.Contains(text, secret) {
					t.Errorf("%s: %s in %s", name, secret, text)
				}
			}
		}
	}
	for name, answer := range answers {
		w.host("home.test", answer)
		check(name, exchange(t, d))
		_, err := d.Home("home.test", secretToken, social.Mastodon, nil).VerifyCredentials(t.Context())
		check(name, err)
		d.pace = newPace(-1, time.Now)
	}
	d = w.door(func(o *Options) { o.Route = func(string) (netip.AddrPort, bool) { return deadAt, true } })
	check("dead", exchange(t, d))
	_, err := d.Home("home.test", secretToken, social.Mastodon, nil).Find(t.Context(), handle(t, "canary@b.test"), "")
	check("dead search", err)
	if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "https:") {
		t.Errorf("whom somebody looks for stands in an error: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.Exchange(ctx, "https://home.test/oauth/token", "c", social.NewSecret("CANARY-secret"), "r", "CANARY-code", "v")
	check("canceled", err)
}
