// Package fault names the kinds of failure. Every failure has two sentences:
// one for the person, which says what happened, what was kept and what to do
// next, and one for the operator, which names the cause.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what a failure means for what happens next.
type Kind int

const (
	// Broken is our own or an unknown trouble: again with backoff, counted.
	Broken Kind = iota
	// Invalid is input that the person can mend.
	Invalid
	// NotFound is a thing that is absent, or somebody else's.
	NotFound
	// Denied is an act that this person or process may not do.
	Denied
	// Gone will never succeed: never again.
	Gone
	// Wait is "not before Until"; it is not counted as a failure.
	Wait
	// Paused stops a whole Destination until the person mends it.
	Paused
	// Unavailable is another server in trouble: again with backoff, and the
	// server's trouble is remembered.
	Unavailable
	// TooLarge is more than a named bound allows.
	TooLarge
	// Disk is storage that is full or failing.
	Disk
	// Conflict is a stale claim or a change that came first.
	Conflict
)

var kindNames = [...]string{"broken", "invalid", "not found", "denied", "gone", "wait", "paused", "unavailable", "too large", "disk", "conflict"}

// String returns the kind's name for logs.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return kindNames[k]
}

// Fault is a failure with its two sentences. Code names the person's sentence
// in the page's message catalogue, Args are its values, Say is the sentence in
// English, finished. Cause is for the operator and never shown to a person.
type Fault struct {
	Kind  Kind
	Code  string
	Args  map[string]string
	Say   string
	Until time.Time // Wait only: not before this instant
	Cause error
}

// New makes a Fault. say may hold {name} placeholders, which are filled from
// args, given as name, value, name, value …
func New(kind Kind, code, say string, args ...string) *Fault {
	f := &Fault{Kind: kind, Code: code, Args: map[string]string{}}
	for i := 0; i+1 < len(args); i += 2 {
		f.Args[args[i]] = args[i+1]
	}
	f.Say = Fill(say, f.Args)
	return f
}

// Fill puts the values of args into the {name} placeholders of sentence.
func Fill(sentence string, args map[string]string) string {
	if len(args) == 0 || !strings.Contains(sentence, "{") {
		return sentence
	}
	pairs := make([]string, 0, 2*len(args))
	for name, value := range args {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(sentence)
}

// Because returns f with the operator's cause added.
func (f *Fault) Because(cause error) *Fault {
	f.Cause = cause
	return f
}

// WaitUntil is a Wait with its instant.
func WaitUntil(until time.Time, code, say string, args ...string) *Fault {
	f := New(Wait, code, say, args...)
	f.Until = until
	return f
}

// Error is the operator's sentence.
func (f *Fault) Error() string {
	s := f.Kind.String() + ": " + f.Code
	if f.Cause != nil {
		s += ": " + f.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Cause }

// KindOf returns the kind of err; an error that is no Fault is Broken.
func KindOf(err error) Kind {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Kind
	}
	return Broken
}

// Is reports whether err is a failure of the given kind; nil is of none.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// unknown is shown for every error that has no sentence of its own.
const unknown = "Something broke on our side. Nothing you did was lost; try again in a moment."

// Say returns the person's sentence in English. An error that is no Fault
// gets a general one, so that no raw error ever reaches a person.
func Say(err error) string {
	if f, ok := errors.AsType[*Fault](err); ok && f.Say != "" {
		return f.Say
	}
	return unknown
}

// Until returns the instant of a Wait, or the zero time.
func Until(err error) time.Time {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Until
	}
	return time.Time{}
}
