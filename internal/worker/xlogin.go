package worker

import (
	"context"

	"godwit/internal/social"
)

// StartXLogin counts an attempt to prove an X account by signing in there. X
// is asked for each, which its operator pays for. A Wait says that it was
// enough for today.
func (w *Worker) StartXLogin(ctx context.Context, d social.Destination) error {
	return w.store.CountXLogin(ctx, d.Handle, w.now())
}

// ProveByLogin makes the two accounts d's owner's Registration, not published
// yet. d was proven by signing in at its server, x by signing in at X: both
// are known by what nobody else can say (REG-01).
func (w *Worker) ProveByLogin(ctx context.Context, d social.Destination, x social.XAccount) (social.Registration, error) {
	now := w.now()
	r := social.Registration{UserID: d.UserID, XID: x.ID, XIDProven: true, Username: x.Username, Handle: d.Handle, ActorID: d.ActorID,
		Proof: social.ProofLogin, CreatedAt: now, CheckedAt: now}
	if err := w.store.SaveProven(ctx, r); err != nil {
		return social.Registration{}, err
	}
	return w.store.GetRegistration(ctx, d.UserID)
}
