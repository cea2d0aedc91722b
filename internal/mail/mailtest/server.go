// Package mailtest is a small SMTP server for tests: it speaks TLS, takes one
// account, keeps what it was given, and refuses what it is told to.
package mailtest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is a mail server on this machine.
type Server struct {
	Addr  string // host:port
	Roots *x509.CertPool

	tls *tls.Config
	o   Options

	mu      sync.Mutex
	refuse  string // answer to RCPT, "" to take it
	letters []string
	said    []string // every line that clients sent outside of letters
}

// Options is what a Server does. User and Password may be empty.
type Options struct {
	User, Password string
	TLS            bool // from the first byte; else STARTTLS is offered
	Bare           bool // no TLS at all
}

// New starts a Server that ends with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{o: o, Roots: x509.NewCertPool()}
	s.tls = s.certificate(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Addr = listener.Addr().String()
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

func (s *Server) certificate(t testing.TB) *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(100 * 365 * 24 * time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s.Roots.AddCert(root)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// Refuse lets recipients be answered with this, such as "550 5.1.1 nobody
// here"; "" takes them again.
func (s *Server) Refuse(answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = answer
}

// Letters are the letters that were taken, headers and all.
func (s *Server) Letters() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.letters...)
}

// Said is every line that clients sent outside of letters.
func (s *Server) Said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.said, "\n")
}

// talk is one connection.
type talk struct {
	s    *Server
	conn net.Conn
	in   *bufio.Reader
	safe bool // TLS
	user bool // signed in
}

func (s *Server) serve(conn net.Conn) {
	defer conn.Close()
	t := &talk{s: s, conn: conn, in: bufio.NewReader(conn)}
	if s.o.TLS {
		t.secure()
	}
	t.say("220 mail.test ESMTP")
	for {
		line, err := t.in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.said = append(s.said, line)
		s.mu.Unlock()
		if !t.answer(line) {
			return
		}
	}
}

func (t *talk) say(line string) { fmt.Fprintf(t.conn, "%s\r\n", line) }

func (t *talk) secure() {
	conn := tls.Server(t.conn, t.s.tls)
	t.conn, t.in, t.safe = conn, bufio.NewReader(conn), true
}

func (t *talk) answer(line string) (more bool) {
	verb, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO":
		t.greet()
	case "STARTTLS":
		t.say("220 go on")
		t.secure()
	case "AUTH":
		t.signIn(rest)
	case "MAIL":
		t.say(t.mayWrite())
	case "RCPT":
		t.s.mu.Lock()
		answer := t.s.refuse
		t.s.mu.Unlock()
		if answer == "" {
			answer = "250 ok"
		}
		t.say(answer)
	case "DATA":
		t.take()
	case "QUIT":
		t.say("221 bye")
		return false
	default:
		t.say("250 ok")
	}
	return true
}

func (t *talk) greet() {
	lines := []string{"mail.test", "8BITMIME"}
	if !t.safe && !t.s.o.Bare {
		lines = append(lines, "STARTTLS")
	}
	if t.s.o.User != "" {
		lines = append(lines, "AUTH PLAIN")
	}
	for _, line := range lines[:len(lines)-1] {
		t.say("250-" + line)
	}
	t.say("250 " + lines[len(lines)-1])
}

func (t *talk) signIn(rest string) {
	_, coded, _ := strings.Cut(rest, " ")
	plain, _ := base64.StdEncoding.DecodeString(coded)
	if t.user = string(plain) == "\x00"+t.s.o.User+"\x00"+t.s.o.Password; t.user {
		t.say("235 ok")
		return
	}
	t.say("535 5.7.8 no")
}

func (t *talk) mayWrite() string {
	if t.s.o.User != "" && !t.user {
		return "530 5.7.0 sign in first"
	}
	return "250 ok"
}

func (t *talk) take() {
	t.say("354 go on")
	var b strings.Builder
	for {
		line, err := t.in.ReadString('\n')
		if err != nil {
			return
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	t.s.mu.Lock()
	t.s.letters = append(t.s.letters, b.String())
	t.s.mu.Unlock()
	t.say("250 taken")
}
