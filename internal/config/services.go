package config

import (
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"godwit/internal/social"
)

// secrets are the settings that give something away: never flags, never
// inherited by a child, never in a file that others may read.
var secrets = []string{secretKey, xClientSecret, smtpURL}

func forgetSecrets() error {
	for _, name := range secrets {
		if err := os.Unsetenv(envName(name)); err != nil {
			return err
		}
	}
	return nil
}

// parseX takes the operator's app at X: an id, with a secret or without.
func (c *Config) parseX() error {
	id, secret := c.raw[xClientID], c.raw[xClientSecret]
	c.raw[xClientSecret] = maskWhole(secret)
	if id == "" && secret != "" {
		return invalid("x-app-without-id", "GODWIT_X_CLIENT_SECRET is set without GODWIT_X_CLIENT_ID. Set both, or neither.")
	}
	if strings.ContainsFunc(id+secret, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || len(id) > maxClient || len(secret) > maxClient {
		return invalid("bad-x-app", "GODWIT_X_CLIENT_ID and GODWIT_X_CLIENT_SECRET must be as X shows them, without blanks.")
	}
	c.XClientID, c.XClientSecret = id, social.NewSecret(secret)
	return nil
}

// parseSMTP takes smtps:// (TLS from the start) and smtp:// (STARTTLS, which
// only a server on this machine or a private network may lack), with the
// address that mail comes from.
func (c *Config) parseSMTP() error {
	raw, from := c.raw[smtpURL], c.raw[smtpFrom]
	if raw == "" && from == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return invalid("bad-smtp-url", "GODWIT_SMTP_URL must look like smtps://user:password@mail.example.social or smtp://mail.example.social:587.")
	}
	if _, err := mail.ParseAddress(from); err != nil {
		return invalid("bad-smtp-from", "GODWIT_SMTP_FROM must be the e-mail address from which Godwit writes, such as godwit@example.social; it is \"{value}\".", "value", social.Printable(from, 80))
	}
	c.SMTPURL, c.SMTPFrom = social.NewSecret(raw), from
	return nil
}

// PlainSMTP reports whether the mail server is so near that it may lack TLS:
// an address of this machine or of a private network.
func (c Config) PlainSMTP() bool {
	u, err := url.Parse(c.SMTPURL.Reveal())
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && nearby(a)
}
