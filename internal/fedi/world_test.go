package fedi

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"godwit/internal/social"
)

// world is a few TLS hosts behind one loopback listener.
type world struct {
	t     *testing.T
	at    netip.AddrPort
	roots *x509.CertPool
	ca    *x509.Certificate
	key   *ecdsa.PrivateKey

	mu    sync.Mutex
	hosts map[string]http.Handler
	seen  []seen
}

// seen is one request that reached a host.
type seen struct {
	host, method, uri string
	header            http.Header
	form              string
	at                time.Time
	busy              int
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, hosts: map[string]http.Handler{}}
	w.makeCA()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: w.certificate, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	w.at = netip.MustParseAddrPort(ln.Addr().String())
	srv := &http.Server{Handler: w, ErrorLog: quiet()}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return w
}

func (w *world) makeCA() {
	w.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test root"}, IsCA: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(100 * 365 * 24 * time.Hour), BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &w.key.PublicKey, w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	w.ca, _ = x509.ParseCertificate(der)
	w.roots = x509.NewCertPool()
	w.roots.AddCert(w.ca)
}

func (w *world) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return w.leaf(hello.ServerName, time.Now().Add(24*time.Hour), w.ca, w.key)
}

func (w *world) leaf(name string, until time.Time, parent *x509.Certificate, by *ecdsa.PrivateKey) (*tls.Certificate, error) {
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Unix(0, 0), NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &w.key.PublicKey, by)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: w.key}, err
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	w.mu.Lock()
	w.seen = append(w.seen, seen{host: r.Host, method: r.Method, uri: r.RequestURI, header: r.Header.Clone(), form: r.PostForm.Encode(), at: time.Now()})
	h := w.hosts[r.Host]
	w.mu.Unlock()
	if h == nil {
		http.NotFound(rw, r)
		return
	}
	h.ServeHTTP(rw, r)
}

func (w *world) host(name string, h http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts[name] = h
}

// mux is a host with one handler for each path.
func (w *world) pages(name string, pages map[string]http.HandlerFunc) {
	w.host(name, func(rw http.ResponseWriter, r *http.Request) {
		if h := pages[r.URL.Path]; h != nil {
			h(rw, r)
			return
		}
		http.NotFound(rw, r)
	})
}

func (w *world) requests(host string) []seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []seen
	for _, s := range w.seen {
		if host == "" || s.host == host {
			out = append(out, s)
		}
	}
	return out
}

func (w *world) route(host string) (netip.AddrPort, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.hosts[host]
	return w.at, ok
}

// door is a Door that reaches this world only, without pauses.
func (w *world) door(change ...func(*Options)) *Door {
	o := Options{UserAgent: "Godwit/test (+https://godwit.test/about-bot)", Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		RootCAs: w.roots, Route: w.route, Resolver: noNames{}, Pause: -1}
	for _, c := range change {
		c(&o)
	}
	d, err := Open(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(d.Close)
	return d
}

// noNames is a DNS that knows nothing.
type noNames struct{}

func (noNames) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// names is a DNS with fixed answers.
type names map[string][]string

func (n names) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	list, ok := n[host]
	if !ok {
		return noNames{}.LookupNetIP(ctx, network, host)
	}
	var out []netip.Addr
	for _, a := range list {
		out = append(out, netip.MustParseAddr(a))
	}
	return out, nil
}

func reply200(contentType, body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", contentType)
		rw.Write([]byte(body))
	}
}

func status(code int) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(code) }
}

func redirectTo(code int, location string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Location", location)
		rw.WriteHeader(code)
	}
}

func handle(t *testing.T, s string) social.Handle {
	t.Helper()
	h, err := social.ParseHandle(s, social.Private)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// fingers answers WebFinger for the given subjects, each with its actor.
func fingers(actors map[string]string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		subject := r.URL.Query().Get("resource")
		id, ok := actors[subject]
		if !ok {
			http.NotFound(rw, r)
			return
		}
		writeJRD(rw, subject, id)
	}
}

func writeJRD(rw http.ResponseWriter, subject string, actors ...string) {
	j := jrd{Subject: subject}
	for _, id := range actors {
		j.Links = append(j.Links, jrdLink{Rel: "self", Type: typeAS, Href: id})
	}
	rw.Header().Set("Content-Type", "application/jrd+json")
	json.NewEncoder(rw).Encode(j)
}

const (
	webFingerPath = "/.well-known/webfinger"
	nodeInfoPath  = "/.well-known/nodeinfo"
)

// software is the pair of NodeInfo pages of a server.
func software(pages map[string]http.HandlerFunc, host, name, version string) map[string]http.HandlerFunc {
	pages[nodeInfoPath] = reply200("application/json", `{"links":[{"rel":"`+relNodeInfo+`2.0","href":"https://`+host+`/nodeinfo/2.0"}]}`)
	pages["/nodeinfo/2.0"] = reply200("application/json",
		`{"version":"2.0","software":{"name":"`+name+`","version":"`+version+`"},"protocols":["activitypub"],"openRegistrations":true}`)
	return pages
}
