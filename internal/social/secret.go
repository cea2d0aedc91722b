package social

import "log/slog"

// Secret is a token, a client secret, a code or a verifier. It prints as
// dots, whatever prints it; Reveal is for the one place that sends or seals it.
type Secret struct{ value string }

const dots = "•••"

// NewSecret wraps a secret value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value itself.
func (s Secret) Reveal() string { return s.value }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.value == "" }

// String prints dots.
func (s Secret) String() string { return dots }

// GoString prints dots, for %#v.
func (s Secret) GoString() string { return dots }

// MarshalText writes dots.
func (s Secret) MarshalText() ([]byte, error) { return []byte(dots), nil }

// LogValue logs dots.
func (s Secret) LogValue() slog.Value { return slog.StringValue(dots) }
