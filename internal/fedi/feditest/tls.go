package feditest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Flaw is what is wrong with a host's certificate.
type Flaw int

// The flaws that a certificate can be given.
const (
	Sound Flaw = iota
	Expired
	WrongName
	SelfSigned
)

// authority signs leaf certificates, lazily and one per name; all of them share
// one key, so that a thousand hosts cost a thousand signatures and no more.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	leaf *ecdsa.PrivateKey

	mu     sync.Mutex
	serial int64
	leaves map[string]*tls.Certificate
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificate(1, "Simulated fediverse", validUntil)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cert: cert, key: key, leaf: leaf, serial: 1, leaves: map[string]*tls.Certificate{}}, err
}

// A clock that tests drive may stand anywhere, so certificates are valid for a
// century around it.
var (
	validFrom  = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	validUntil = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	longAgo    = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
)

func certificate(serial int64, name string, until time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: validFrom, NotAfter: until,
	}
}

// forName returns the certificate of one host, made on its first handshake.
func (a *authority) forName(name string, flaw Flaw) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if leaf := a.leaves[name]; leaf != nil {
		return leaf, nil
	}
	a.serial++
	template := certificate(a.serial, name, validUntil)
	template.DNSNames = []string{name}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	parent, signer := a.cert, a.key
	switch flaw {
	case Expired:
		template.NotAfter = longAgo
	case WrongName:
		template.DNSNames = []string{"another." + name}
	case SelfSigned:
		parent, signer = template, a.leaf
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &a.leaf.PublicKey, signer)
	if err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", name, err)
	}
	a.leaves[name] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.leaf}
	return a.leaves[name], nil
}

// RootCAs are the roots under which every sound certificate of w verifies.
func (w *World) RootCAs() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(w.ca.cert)
	return pool
}

// CAFile writes the root certificate as PEM into dir, for a client in another
// process (SSL_CERT_FILE), and returns the file's path.
func (w *World) CAFile(dir string) (string, error) {
	path := filepath.Join(dir, "feditest-ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.ca.cert.Raw})
	return path, os.WriteFile(path, block, 0o600)
}

// tlsConfig answers with a certificate of the asked host; a name that is not in
// the world gets a failed handshake.
func (w *World) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			w.mu.Lock()
			h := w.at(hello.ServerName)
			w.mu.Unlock()
			if h == nil {
				return nil, fmt.Errorf("no host %q in this world", hello.ServerName)
			}
			return w.ca.forName(hello.ServerName, h.flaw)
		},
	}
}
