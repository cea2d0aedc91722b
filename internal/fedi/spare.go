package fedi

import "context"

type spareKey struct{}

// Sparing returns a context in which look-ups, with their redirects and checks
// of moves, ask nothing of the hosts that spared names: that of the account
// asked about may not be the only one that is asked. A host that is spared
// counts like an address that may not be contacted. An error of spared ends the
// look-up.
func Sparing(ctx context.Context, spared func(ctx context.Context, host string) (bool, error)) context.Context {
	return context.WithValue(ctx, spareKey{}, spared)
}

// spares refuses a request to a host that ctx says to leave alone.
func spares(ctx context.Context, host string) error {
	spared, ok := ctx.Value(spareKey{}).(func(context.Context, string) (bool, error))
	if !ok {
		return nil
	}
	no, err := spared(ctx, host)
	if err == nil && no {
		err = errRefusedURL
	}
	return err
}
