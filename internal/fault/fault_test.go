package fault

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestSentences(t *testing.T) {
	cause := errors.New("dial tcp: refused")
	err := fmt.Errorf("look up: %w", New(Unavailable, "no-answer", "{host} isn't answering.", "host", "a.test").Because(cause))
	if got := Say(err); got != "a.test isn't answering." {
		t.Errorf("Say = %q", got)
	}
	if KindOf(err) != Unavailable || !Is(err, Unavailable) || Is(nil, Broken) {
		t.Error("the kind is lost")
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	if got := Say(cause); got != unknown {
		t.Errorf("a raw error reached the person: %q", got)
	}
}

func TestWaitUntil(t *testing.T) {
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	if got := Until(fmt.Errorf("x: %w", WaitUntil(at, "slow-down", "Wait."))); !got.Equal(at) {
		t.Errorf("Until = %v", got)
	}
	if !Until(errors.New("x")).IsZero() {
		t.Error("only a Wait has an instant")
	}
}

func TestFillIsNotRecursive(t *testing.T) {
	if got := Fill("{a} and {b}", map[string]string{"a": "{b}", "b": "c"}); got != "{b} and c" {
		t.Errorf("Fill = %q", got)
	}
}
