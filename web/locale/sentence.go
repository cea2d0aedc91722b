package locale

import (
	"fmt"
	"strings"

	"godwit/internal/social"
)

// Kind says what a Part of a Sentence is, so that a page can set it apart.
type Kind string

// The kinds of Parts; the zero value is the sentence's own words.
const (
	Words  Kind = ""
	Handle Kind = "handle" // a handle, in monospace and isolated
	Host   Kind = "host"
	Name   Kind = "name" // what a stranger calls themselves, isolated
	Time   Kind = "time"
	Link   Kind = "link"
)

// Part is a piece of a Sentence.
type Part struct {
	Kind Kind
	Text string
	At   string // Time: the instant for machines; Link: the address
}

// Sentence is a finished text in one language, in pieces. It prints as plain text.
type Sentence []Part

// String is the sentence as plain text.
func (s Sentence) String() string {
	var b strings.Builder
	for _, p := range s {
		b.WriteString(p.Text)
	}
	return b.String()
}

// Empty reports whether there is nothing to say.
func (s Sentence) Empty() bool { return len(s) == 0 }

// Plain is a sentence of words that come from elsewhere.
func Plain(text string) Sentence { return Sentence{{Text: text}} }

// HostOf, NameOf and LinkTo mark a value for Say as what it is.
type (
	// HostOf is a server's canonical host.
	HostOf string
	// NameOf is a name that a stranger gave themselves.
	NameOf string
	// LinkTo is a link inside of a sentence.
	LinkTo struct{ Text, Address string }
)

// part makes the pieces for one value of a sentence.
func (l *Lang) part(value any) Sentence {
	switch v := value.(type) {
	case int:
		return Sentence{{Text: l.Number(v)}}
	case social.Handle:
		return Sentence{{Kind: Handle, Text: "@" + v.String()}}
	case HostOf:
		return Sentence{{Kind: Host, Text: string(v)}}
	case NameOf:
		return Sentence{{Kind: Name, Text: social.Clean(string(v), social.MaxName)}}
	case LinkTo:
		return Sentence{{Kind: Link, Text: v.Text, At: v.Address}}
	case Sentence:
		return v
	case string:
		return Sentence{{Text: v}}
	}
	return Sentence{{Text: fmt.Sprint(value)}}
}
