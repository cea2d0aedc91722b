package worker

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/matcher"
)

// posts is the part of the Door that reads posts on X.
type posts interface {
	XPost(ctx context.Context, username, number string) (social.XPost, error)
}

// codeMark begins every one-time code, so that people see what it is.
const codeMark = "godwit-"

// StartProof makes the code by which d's owner proves that an X account is
// theirs. d was proven by signing in. The number of an export's owner is kept
// with it: it proves nothing, and only rules others out (REG-01).
func (w *Worker) StartProof(ctx context.Context, d social.Destination, username string) (social.Pending, error) {
	username = strings.TrimPrefix(strings.TrimSpace(username), "@")
	if !social.IsXUsername(username) {
		return social.Pending{}, fault.New(fault.Invalid, "not-an-x-name",
			"That isn't a name on X. It has up to 15 letters, digits and underscores, such as @your_name.")
	}
	p := social.Pending{Code: codeMark + strings.ToLower(rand.Text()[:16]), Username: username, Handle: d.Handle, ActorID: d.ActorID, CreatedAt: w.now()}
	sources, err := w.store.ListSources(ctx, d.UserID)
	if err != nil {
		return social.Pending{}, err
	}
	for _, s := range sources {
		if strings.EqualFold(s.Owner.Username, username) && social.IsXID(s.Owner.NativeID) {
			p.XID = s.Owner.NativeID
		}
	}
	return p, w.store.StartProof(ctx, d.UserID, p)
}

// Prove reads the post at an address and makes it the User's Registration, not
// published yet, when it proves the X side: it is the X account's own post and
// carries the code and the handle; or it gives the handle as its author's own,
// and the profile there links back, which is less.
func (w *Worker) Prove(ctx context.Context, userID int64, address string) (social.Registration, error) {
	number, err := fedi.PostNumber(address)
	if err != nil {
		return social.Registration{}, err
	}
	pending, err := w.store.GetProof(ctx, userID, w.now())
	if fault.Is(err, fault.NotFound) {
		return social.Registration{}, fault.New(fault.Gone, "code-old", "The code was for one day, and that is over. Get a new one and post that.")
	}
	if err != nil {
		return social.Registration{}, err
	}
	post, err := w.posts.XPost(ctx, pending.Username, number)
	if err != nil {
		return social.Registration{}, err
	}
	proof, err := w.judgePost(ctx, post, pending)
	if err != nil {
		return social.Registration{}, err
	}
	now := w.now()
	r := social.Registration{UserID: userID, XID: pending.XID, Username: post.Username, Handle: pending.Handle, ActorID: pending.ActorID,
		Proof: proof, Post: number, Code: pending.Code, CreatedAt: now, CheckedAt: now}
	if err := w.store.SaveProven(ctx, r); err != nil {
		return social.Registration{}, err
	}
	return w.store.GetRegistration(ctx, userID)
}

// judgePost says how a post proves what is pending, or what is wrong with it.
func (w *Worker) judgePost(ctx context.Context, post social.XPost, p social.Pending) (social.Proof, error) {
	switch {
	case !strings.EqualFold(post.Username, p.Username):
		return "", fault.New(fault.Denied, "post-of-another", "That post is by @{other}, not by @{username}. Post the text from your own account.",
			"other", post.Username, "username", p.Username)
	case isReply(post.Text):
		return "", fault.New(fault.Denied, "post-is-reply", "That post is a reply or a repost. Make a post of its own.")
	case hasWord(post.Text, p.Code) && gives(post.Text, p.Handle):
		return social.ProofPost, nil
	case hasWord(post.Text, p.Code):
		return "", fault.New(fault.Denied, "post-without-handle", "The post carries the code, but not {handle}. Post the text as a whole.", "handle", "@"+p.Handle.String())
	}
	if w.givesAsOwn(post.Text, p.Handle) {
		linked, err := w.linkedBack(ctx, p.Handle, p.ActorID, p.Username)
		if err != nil || linked {
			return social.ProofLinks, err
		}
		return "", fault.New(fault.Denied, "no-link-back",
			"The post gives {handle}, but carries no code, and the profile there doesn't link to https://x.com/{username} yet. Add either, then try again.",
			"handle", "@"+p.Handle.String(), "username", p.Username)
	}
	return "", fault.New(fault.Denied, "post-without-code", "We read that post and didn't see the code in it. Post the text as it is, then try again.")
}

// isReply reports whether a post answers somebody, or repeats one.
func isReply(text string) bool {
	first, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	mention := strings.HasPrefix(first, "@") && strings.Count(first, "@") == 1
	return mention || strings.HasPrefix(text, "RT @")
}

// hasWord reports whether a code stands in a text by itself.
func hasWord(text, code string) bool {
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') }) {
		if code != "" && word == code {
			return true
		}
	}
	return false
}

// gives reports whether a text names the handle.
func gives(text string, h social.Handle) bool {
	return slices.ContainsFunc(matcher.Extract([]matcher.Text{{Field: social.InPost, Text: text}}, social.Private), func(f matcher.Finding) bool {
		return f.Handle.Same(h)
	})
}

// givesAsOwn reports whether a text plainly gives the handle as its author's
// own, and no other.
func (w *Worker) givesAsOwn(text string, h social.Handle) bool {
	found := matcher.Extract([]matcher.Text{{Field: social.InPost, Text: text}}, w.realm)
	return len(found) == 1 && found[0].Handle.Same(h) && !found[0].Maybe
}

// linkedBack reports whether the profile of the same actor links to the page of
// the username on X. An error says that nobody answered.
func (w *Worker) linkedBack(ctx context.Context, h social.Handle, actorID, username string) (bool, error) {
	r, err := w.mover.LookUp(ctx, h)
	if err != nil {
		return false, err
	}
	if r.State == social.Ill {
		return false, fault.New(fault.Unavailable, fedi.CodeNotAnswering,
			"{host} isn't answering at the moment. That is usually over within an hour. Nothing you typed is lost.", "host", h.Host())
	}
	return r.State == social.Found && r.ActorID == actorID && matcher.LinksBack(r.Links, username), nil
}

// CheckRegistrations looks again at what proves the Registrations that are due,
// a few at a time.
func (w *Worker) CheckRegistrations(ctx context.Context) error {
	due, err := w.store.DueRegistrations(ctx, checkBatch, w.now())
	if err != nil {
		return err
	}
	for _, r := range due {
		told := w.check(ctx, &r)
		if err := w.store.SaveCheck(ctx, r, told, w.now()); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}

// check looks at both sides of a Registration, and reports whether they told
// anything. One that is withdrawn meanwhile is not brought back by the result.
func (w *Worker) check(ctx context.Context, r *social.Registration) (told bool) {
	look, err := w.mover.LookUp(ctx, r.Handle)
	if err != nil || look.State == social.Ill {
		return false
	}
	stale := look.State != social.Found || look.ActorID != r.ActorID || look.Suspended || look.Memorial // of nobody who could still say yes (REG-10)
	if r.Proof != social.ProofLogin && !stale {
		name, holds, err := w.checkPost(ctx, *r, look)
		if err != nil {
			return false
		}
		stale = !holds
		if holds && !strings.EqualFold(name, r.Username) {
			r.Username, r.CreatedAt = name, w.now() // since when it is so is not known
		}
	}
	r.Stale, r.CheckedAt = stale, w.now()
	return true
}

// checkPost reads the post of a Registration again: under which name it stands
// now, and whether it still says what it said.
func (w *Worker) checkPost(ctx context.Context, r social.Registration, look social.Resolution) (name string, holds bool, err error) {
	post, err := w.posts.XPost(ctx, r.Username, r.Post)
	if fault.Is(err, fault.Gone) || fault.Is(err, fault.Denied) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	if r.Proof == social.ProofLinks {
		return post.Username, w.givesAsOwn(post.Text, r.Handle) && matcher.LinksBack(look.Links, post.Username), nil
	}
	return post.Username, hasWord(post.Text, r.Code) && gives(post.Text, r.Handle), nil
}
