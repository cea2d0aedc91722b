package fedi

import (
	"context"
	"errors"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// ending is a look-up that came to its end without a confirmed handle.
type ending struct {
	state social.ResolutionState
	again time.Time // when the host may be asked again, if it is ill
	cause error
}

// Error is for logs.
func (e ending) Error() string {
	if e.cause == nil {
		return "look-up ended: " + string(e.state)
	}
	return "look-up ended: " + string(e.state) + ": " + e.cause.Error()
}

// Unwrap returns the cause.
func (e ending) Unwrap() error { return e.cause }

// toEnding says what trouble on the way means for a look-up. A caller who gave
// up is passed on as it is: that says nothing about the host.
func toEnding(err error) error {
	err = strip(err)
	if _, already := err.(ending); already {
		return err
	}
	switch {
	case errors.Is(err, errNotActor), errors.Is(err, errMalformed):
		return ending{state: social.Unconfirmed, cause: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errAddress), errors.Is(err, errRefusedURL):
		return ending{state: social.Refused, cause: err}
	case errors.Is(err, errNoHost):
		return ending{state: social.NotFedi, cause: err}
	}
	e := ending{state: social.Ill, cause: err}
	if ill, ok := errors.AsType[*illness](err); ok {
		e.again = ill.until
	}
	return e
}

// sayEnding makes the sentence for somebody who waits for an answer about
// handle at host.
func sayEnding(host string, handle social.Handle, e ending) *fault.Fault {
	switch e.state {
	case social.Missing, social.GoneForGood:
		return fault.New(fault.Invalid, CodeNoSuchAccount, sayNoSuchAccount, "host", host, "handle", "@"+handle.String()).Because(e)
	case social.Ill:
		return explain(host, e.cause)
	case social.Refused:
		if errors.Is(e, errAddress) || errors.Is(e, errRefusedURL) {
			return explain(host, e.cause)
		}
		return fault.New(fault.Gone, CodeServerRefuses, sayServerRefuses, "host", host).Because(e)
	case social.NotFedi:
		if errors.Is(e, errNoHost) {
			return noSuchHost(host).Because(e)
		}
	}
	return fault.New(fault.Invalid, CodeNotFediverse, sayNotFediverse, "host", host).Because(e)
}
