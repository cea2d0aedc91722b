package matcher

import (
	"strings"
	"time"

	"godwit/internal/social"
)

// How a Registration speaks for an Account, as the Form of its Evidence; the
// zero value is in full.
const (
	formNamed = "named" // by the username, some time before it was proven, or after
	formLinks = "links" // one side gives the handle, the other links back
	formStale = "stale" // what proved it is gone, or the username was so long ago
)

// addRegistration adds what a Registration says of a, if it is a's.
func addRegistration(matches []social.Match, a social.Account, r social.Registration, now time.Time) []social.Match {
	form, about := aboutAccount(r, a, now)
	if a.Network != social.X && a.Network != "" || !about || r.Handle.IsZero() || refusedHandle(r.Handle) {
		return matches
	}
	if r.Source != "" {
		return add(matches, a, r.Handle, social.Evidence{Kind: social.PublicList, Source: r.Source, Form: form, SeenAt: r.CreatedAt})
	}
	// Source is the proven actor: a handle that was taken again has another.
	matches = add(matches, a, r.Handle, social.Evidence{Kind: social.Registered, Source: r.ActorID, Form: form, SeenAt: r.CheckedAt})
	if fresh := r.CheckedAt.Add(registrationFresh); form == "" && fresh.After(now) {
		matches[find(matches, r.Handle)].Resolution = social.Resolution{
			Asked: r.Handle, State: social.Found, Handle: r.Handle, ActorID: r.ActorID, CheckedAt: r.CheckedAt, FreshUntil: fresh,
		}
	}
	return matches
}

// aboutAccount decides whether a Registration is about an Account, and how
// well it speaks for it. A number that X told is the key. One that only the
// registrant tells can rule an Account out and no more: else anybody could
// claim anybody's. What a post proves is a username, as long as it was looked
// at; an export that saw the number under that name within that time proves
// the number too.
func aboutAccount(r social.Registration, a social.Account, now time.Time) (form string, about bool) {
	if r.XID != "" && a.NativeID != "" {
		if r.XID != a.NativeID {
			return "", false
		}
		if r.XIDProven || r.Source != "" {
			return quality(r, now), true
		}
	}
	if r.Username == "" || !strings.EqualFold(r.Username, a.Username) {
		return "", false
	}
	return worse(quality(r, now), named(r, a, now)), true
}

// quality is what a Registration is worth by itself.
func quality(r social.Registration, now time.Time) string {
	switch {
	case r.Source != "":
		return ""
	case r.Stale || now.Sub(r.CheckedAt) > uncheckedAfter:
		return formStale
	case r.Proof == social.ProofLinks:
		return formLinks
	}
	return ""
}

// named compares when the export saw the username with when it was proven. Who
// signed in at X was called so then; a later look doesn't ask X again.
func named(r social.Registration, a social.Account, now time.Time) string {
	seen, checked := a.SeenAt, r.CheckedAt
	if seen.IsZero() {
		seen = now
	}
	if r.Proof == social.ProofLogin {
		checked = r.CreatedAt
	}
	switch {
	case r.Source == "" && !seen.Before(r.CreatedAt) && !seen.After(checked.Add(uncheckedAfter)):
		return ""
	case seen.After(r.CreatedAt.Add(-staleAfter)) && seen.Before(checked.Add(staleAfter)):
		return formNamed
	}
	return formStale
}

// worse is the weaker of two forms.
func worse(a, b string) string {
	for _, form := range []string{formStale, formNamed, formLinks} {
		if a == form || b == form {
			return form
		}
	}
	return ""
}

// addRegistered reads the facts off the Evidence of a Registration.
func (f *facts) addRegistered(e social.Evidence, actorID string) {
	same := e.Source == "" || e.Source == actorID
	switch {
	case !same:
		f.impostor = true
	case e.Form == "":
		f.registered = true
	case e.Form == formStale:
		f.lapsed = true
	default:
		f.vouched = true
	}
}
