package contract

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// TestSimulation runs the contract against each simulated flavour, with remotes
// of every flavour.
func TestSimulation(t *testing.T) {
	for _, home := range []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac} {
		for _, remote := range []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac} {
			t.Run(string(home)+" to "+string(remote), func(t *testing.T) {
				clock := feditest.NewClock(time.Date(2026, 11, 23, 14, 0, 3, 0, time.UTC))
				w := feditest.New(feditest.Options{Now: clock.Now})
				defer w.Close()
				h := w.AddHost("home.test", home)
				h.AddAccount("alice")
				far := w.AddHost("far.test", remote)
				far.AddAccount("dave")
				far.AddAccount("erin", feditest.Locked())
				Run(t, Server{Host: "home.test", Client: w.Client(), Token: h.Token("alice").Reveal(),
					Remote: "dave@far.test", Locked: "erin@far.test",
					Settle: func(*testing.T) { clock.Advance(10 * time.Second) }})
			})
		}
	}
}

// TestSplitDomain runs the contract where handles have another domain than the
// server.
func TestSplitDomain(t *testing.T) {
	clock := feditest.NewClock(time.Date(2026, 11, 23, 14, 0, 3, 0, time.UTC))
	w := feditest.New(feditest.Options{Now: clock.Now})
	defer w.Close()
	h := w.AddHost("social.home.test", social.Mastodon, feditest.SplitDomain("home.test"))
	h.AddAccount("alice")
	w.AddHost("pub.far.test", social.GoToSocial, feditest.SplitDomain("far.test")).AddAccount("dave")
	Run(t, Server{Host: "social.home.test", Client: w.Client(), Token: h.Token("alice").Reveal(), Remote: "dave@far.test",
		Settle: func(*testing.T) { clock.Advance(10 * time.Second) }})
}

// TestRealServer runs the contract against the server that the environment
// names; see the package's comment.
func TestRealServer(t *testing.T) {
	host := os.Getenv("GODWIT_CONTRACT_SERVER")
	if host == "" {
		t.Log("GODWIT_CONTRACT_SERVER is not set: no real server was compared with")
		return
	}
	Run(t, Server{Host: host, Client: realClient(t), Token: os.Getenv("GODWIT_CONTRACT_TOKEN"),
		Remote: os.Getenv("GODWIT_CONTRACT_REMOTE"), Locked: os.Getenv("GODWIT_CONTRACT_LOCKED"), Settle: realSettle})
}

// settleTime is how long real servers get to exchange a Follow and an Accept;
// the slowest recorded took 3.4 s.
const settleTime = 6 * time.Second

func realSettle(t *testing.T) {
	timer := time.NewTimer(settleTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

func realClient(t *testing.T) *http.Client {
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: realRoots(t)}
	transport := &http.Transport{TLSClientConfig: config}
	if address := os.Getenv("GODWIT_CONTRACT_ADDRESS"); address != "" {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	}
	return &http.Client{Transport: transport, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// realRoots are the roots that the environment names, nil for the system's.
func realRoots(t *testing.T) *x509.CertPool {
	t.Helper()
	file := os.Getenv("GODWIT_CONTRACT_CA")
	if file == "" {
		return nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("no certificate in %s", file)
	}
	return roots
}
