// Package mail sends e-mail by the operator's own SMTP server, which is asked
// for nothing else. What a letter says, and to whom it goes, is in no log.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	smtp "github.com/wneessen/go-mail"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// The bounds of this package.
const (
	sendTime   = 30 * time.Second
	maxAddress = 254 // bytes, RFC 5321 section 4.5.3.1.3
	maxSubject = 150 // characters
	maxText    = 20_000
)

// The codes of this package's faults.
const (
	CodeNotAddress = "not-an-e-mail-address"
	CodeNotSent    = "e-mail-not-sent"
	CodeRefused    = "e-mail-refused"
)

// Options is how letters are sent.
type Options struct {
	URL   social.Secret  // smtp:// (STARTTLS) or smtps://, with user, password and port
	From  string         // the sender, "Name <address>" or an address
	Plain bool           // a server so near that it may lack TLS
	Roots *x509.CertPool // that its certificate must lead to; nil is the system's
	Now   func() time.Time
}

// Letter is one e-mail of plain text to one person.
type Letter struct {
	To      string
	Subject string
	Text    string
	Lang    string // of the text, as in <html lang>
	Stop    string // address that ends the letters at one press (RFC 8058), "" for a letter that stands alone
}

// Sender sends letters. It is safe for concurrent use.
type Sender struct {
	host    string
	options []smtp.Option
	from    string
	now     func() time.Time
}

// Open makes a Sender; it connects to nothing.
func Open(o Options) (*Sender, error) {
	u, err := url.Parse(o.URL.Reveal())
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("mail: no address of a server") // never the error itself, it holds the password
	}
	s := &Sender{host: u.Hostname(), from: o.From, now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	s.options = []smtp.Option{smtp.WithTimeout(sendTime), smtp.WithoutNoop()}
	s.options = append(s.options, secured(u, o)...)
	if port, err := strconv.Atoi(u.Port()); err == nil {
		s.options = append(s.options, smtp.WithPort(port))
	}
	if password, set := u.User.Password(); set {
		s.options = append(s.options, smtp.WithSMTPAuth(smtp.SMTPAuthAutoDiscover), smtp.WithUsername(u.User.Username()), smtp.WithPassword(password))
	}
	_, err = smtp.NewClient(s.host, s.options...)
	return s, err
}

// secured are the options about TLS: without it nothing goes beyond the private
// network.
func secured(u *url.URL, o Options) []smtp.Option {
	options := []smtp.Option{smtp.WithTLSPortPolicy(smtp.TLSMandatory)}
	switch {
	case u.Scheme == "smtps":
		options = []smtp.Option{smtp.WithSSLPort(false)}
	case o.Plain:
		options = []smtp.Option{smtp.WithTLSPolicy(smtp.TLSOpportunistic)}
	}
	return append(options, smtp.WithTLSConfig(&tls.Config{ServerName: u.Hostname(), RootCAs: o.Roots, MinVersion: tls.VersionTLS12}))
}

// Send hands one letter to the server. Unavailable means that it was not taken
// for now, Gone that it never will be: there is no such mailbox, or it wants
// nothing from us.
func (s *Sender) Send(ctx context.Context, l Letter) error {
	m, err := s.message(l)
	if err != nil {
		return err
	}
	client, err := smtp.NewClient(s.host, s.options...)
	if err != nil {
		return notSent(err)
	}
	ctx, stop := context.WithTimeout(ctx, sendTime)
	defer stop()
	if err := client.DialAndSendWithContext(ctx, m); err != nil {
		return verdict(err)
	}
	return nil
}

func (s *Sender) message(l Letter) (*smtp.Msg, error) {
	m := smtp.NewMsg()
	if err := errors.Join(m.From(s.from), m.To(l.To)); err != nil {
		return nil, fault.New(fault.Gone, CodeRefused, sayRefused)
	}
	m.Subject(social.Printable(l.Subject, maxSubject))
	m.SetMessageID()
	m.SetDateWithValue(s.now())
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	if l.Lang != "" {
		m.SetGenHeader("Content-Language", l.Lang)
	}
	if l.Stop != "" && m.SetListUnsubscribeOneClick(l.Stop) != nil {
		m.SetListUnsubscribe(l.Stop) // without TLS a press is only asked for on the page
	}
	m.SetBodyString(smtp.TypeTextPlain, social.Clean(l.Text, maxText))
	return m, nil
}

const (
	sayNotAddress = "That isn't an e-mail address that we can write to. It looks like you@example.org."
	sayNotSent    = "The e-mail couldn't be sent. Nothing was lost; we try again later."
	sayRefused    = "The e-mail was refused for good: there may be no such mailbox. We don't write there again."
)

func notSent(cause error) error {
	return fault.New(fault.Unavailable, CodeNotSent, sayNotSent).Because(unnamed(cause))
}

// verdict tells "never" from "not now": only an answer about this very mailbox
// is for good. What is wrong with the operator's own account may be mended.
func verdict(err error) error {
	send, ok := errors.AsType[*smtp.SendError](err)
	if ok && !send.IsTemp() && send.Reason == smtp.ErrSMTPRcptTo {
		return fault.New(fault.Gone, CodeRefused, sayRefused).Because(unnamed(err))
	}
	return notSent(err)
}

// unnamed says what went wrong without the server's words, which repeat the
// address.
func unnamed(err error) error {
	send, ok := errors.AsType[*smtp.SendError](err)
	if !ok {
		return errors.New("no connection to the mail server, or it does not take our account")
	}
	return errors.New("the mail server answered " + strconv.Itoa(send.ErrorCode()))
}

// ParseAddress reads one plain e-mail address: no display name, no quotes, no
// address literal, a domain with a dot.
func ParseAddress(text string) (string, error) {
	text = strings.TrimSpace(text)
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text || len(text) > maxAddress || !plainAddress(text) {
		return "", fault.New(fault.Invalid, CodeNotAddress, sayNotAddress)
	}
	return text, nil
}

func plainAddress(text string) bool {
	local, domain, found := strings.Cut(text, "@")
	if !found || local == "" || len(local) > 64 || !strings.Contains(strings.Trim(domain, "."), ".") {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),:;<>[\]`, r) })
}
