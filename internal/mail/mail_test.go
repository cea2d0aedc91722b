package mail_test

import (
	"io"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/mail"
	"godwit/internal/mail/mailtest"
	"godwit/internal/social"
)

const to = "somebody@canary.example"

func letter() mail.Letter {
	return mail.Letter{To: to, Subject: "2 new arrivals", Text: "wader is now @wader@flock.example\n新到 2 人\n.\nend", Lang: "en", Stop: "https://godwit.example/mail/stop/1-a"}
}

func open(t *testing.T, s *mailtest.Server, scheme, user string, plain bool) *mail.Sender {
	t.Helper()
	sender, err := mail.Open(mail.Options{URL: social.NewSecret(scheme + "://" + user + s.Addr), From: "Godwit <godwit@godwit.example>", Plain: plain,
		Roots: s.Roots, Now: func() time.Time { return time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

// Over TLS, from the start or by STARTTLS, with the operator's account, what
// comes out is what went in, with the one press that ends it (RFC 8058).
func TestSend(t *testing.T) {
	for scheme, tls := range map[string]bool{"smtps": true, "smtp": false} {
		s := mailtest.New(t, mailtest.Options{User: "godwit", Password: "a secret/@", TLS: tls})
		if err := open(t, s, scheme, "godwit:a%20secret%2F%40@", false).Send(t.Context(), letter()); err != nil {
			t.Fatalf("%s: %v", scheme, err)
		}
		if len(s.Letters()) != 1 {
			t.Fatalf("%d letters", len(s.Letters()))
		}
		m, err := netmail.ReadMessage(strings.NewReader(s.Letters()[0]))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil || strings.ReplaceAll(string(body), "\r\n", "\n") != letter().Text+"\n" {
			t.Errorf("%q %v", body, err)
		}
		for name, want := range map[string]string{"To": "<" + to + ">", "From": `"Godwit" <godwit@godwit.example>`, "Subject": "2 new arrivals", "Auto-Submitted": "auto-generated",
			"List-Unsubscribe": "<https://godwit.example/mail/stop/1-a>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Date": "Fri, 20 Nov 2026 09:00:00 +0000"} {
			if got := m.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

// A server without TLS gets neither a letter nor the account, unless it is near.
func TestSendNothingInTheOpen(t *testing.T) {
	s := mailtest.New(t, mailtest.Options{Bare: true, User: "godwit", Password: "secret"})
	err := open(t, s, "smtp", "godwit:secret@", false).Send(t.Context(), letter())
	if !fault.Is(err, fault.Unavailable) || len(s.Letters()) != 0 || strings.Contains(s.Said(), "AUTH") || strings.Contains(s.Said(), "RCPT") {
		t.Errorf("%v\n%s", err, s.Said())
	}
	near := mailtest.New(t, mailtest.Options{Bare: true})
	if err := open(t, near, "smtp", "", true).Send(t.Context(), letter()); err != nil || len(near.Letters()) != 1 {
		t.Errorf("a near one: %v", err)
	}
}

// Only an answer about the mailbox is for good; no error says whose it was.
func TestSendRefused(t *testing.T) {
	for answer, want := range map[string]fault.Kind{
		"550 5.1.1 <" + to + "> nobody here": fault.Gone, "450 4.2.1 <" + to + "> later": fault.Unavailable, "421 4.3.2 " + to + " closing": fault.Unavailable,
	} {
		s := mailtest.New(t, mailtest.Options{TLS: true})
		s.Refuse(answer)
		err := open(t, s, "smtps", "", false).Send(t.Context(), letter())
		if !fault.Is(err, want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", answer, err)
		}
	}
	s := mailtest.New(t, mailtest.Options{TLS: true, User: "godwit", Password: "secret"})
	err := open(t, s, "smtps", "godwit:wrong@", false).Send(t.Context(), letter())
	if !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong password: %v", err)
	}
}

// What strangers wrote makes no header of its own.
func TestSendNoHeaderInjection(t *testing.T) {
	s := mailtest.New(t, mailtest.Options{TLS: true})
	l := letter()
	l.Subject = "hello\r\nBcc: everybody@evil.test"
	if err := open(t, s, "smtps", "", false).Send(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	m, err := netmail.ReadMessage(strings.NewReader(s.Letters()[0]))
	if err != nil || m.Header.Get("Bcc") != "" || strings.Contains(s.Said(), "evil") {
		t.Errorf("%v %q\n%s", err, m.Header.Get("Bcc"), s.Said())
	}
	l.To = "a@b.example>\r\nRCPT TO:<everybody@evil.test"
	if err := open(t, s, "smtps", "", false).Send(t.Context(), l); !fault.Is(err, fault.Gone) || strings.Contains(s.Said(), "evil") {
		t.Errorf("%v\n%s", err, s.Said())
	}
}

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]bool{
		"you@example.org": true, " you+godwit@mail.example.org ": true, "o'neill@example.org": true,
		"": false, "you": false, "@you@example.social": false, "you@localhost": false, "You <you@example.org>": false, `"a b"@example.org`: false,
		"you@[127.0.0.1]": false, "a@b.example,c@d.example": false, "a@b.example\nBcc: c@d.example": false, "you@exämple.org": false,
		strings.Repeat("a", 65) + "@example.org": false, "a@" + strings.Repeat("b.", 130) + "org": false, "a@.org.": false,
	} {
		if got, err := mail.ParseAddress(text); (err == nil) != want || want && got != strings.TrimSpace(text) {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add("you@example.org")
	f.Add("a@b.example\r\nRCPT TO:<c@d.example>")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := mail.ParseAddress(text)
		if err == nil && (strings.ContainsAny(got, "\r\n<>, \t") || strings.Count(got, "@") != 1) {
			t.Errorf("%q", got)
		}
	})
}
