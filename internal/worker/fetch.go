package worker

import (
	"context"
	"errors"
	"io"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
)

// remote is where Sources are fetched from that nobody uploads.
type remote interface {
	FindBluesky(ctx context.Context, address string) (fedi.Bluesky, error)
	BlueskyRepo(ctx context.Context, b fedi.Bluesky, w io.Writer) error
	BlueskyFollows(ctx context.Context, b fedi.Bluesky, w io.Writer, told func(people int)) error
}

// OwnLists is an API of a person's own lists, which tells whose they are.
type OwnLists interface {
	Lists
	Self(ctx context.Context) (fedi.Listed, error)
}

// mastodonPrefix names the files of the Mastodon API.
const mastodonPrefix = "mastodon-api"

// fetchedLists are read of an account over an API.
var fetchedLists = []social.PullKind{social.PullFollowing, social.PullPosts}

// fetch gets a Source that lies on a server into the spool. What was fetched
// when the process ends, or the server asks for time, is not fetched again, but
// for a Bluesky repository, which is one answer.
func (w *Worker) fetch(ctx context.Context, t social.Task, x *social.Source) (err error) {
	var pulls []social.Pull
	if x.Kind == social.KindBluesky {
		err = w.fetchBluesky(ctx, x)
	} else {
		pulls, err = w.fetchLists(ctx, x)
	}
	if err != nil {
		return err
	}
	if err := RecogniseSpooled(w.spool, x); err != nil {
		return errors.Join(err, w.spool.Delete(x.Spool))
	}
	if err := w.store.SetFetched(ctx, t, *x); err != nil {
		return err
	}
	for _, p := range pulls {
		if err := w.store.DropPages(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// fetchBluesky stores the public repository of the account whose address is the
// Source's name, and the profiles of those it follows. Without these, people
// are known by number only.
func (w *Worker) fetchBluesky(ctx context.Context, x *social.Source) error {
	account, err := w.remote.FindBluesky(ctx, x.Name)
	if err != nil {
		return err
	}
	x.Name = "at://" + account.Name()
	return w.spoolFetched(x, fedi.MaxRepository, func(upload *store.Upload) error {
		repo, err := upload.File("repository.car")
		if err == nil {
			err = w.remote.BlueskyRepo(ctx, account, repo)
		}
		if err != nil {
			return err
		}
		follows, err := upload.File("follows.json")
		if err != nil {
			return err
		}
		if err := w.remote.BlueskyFollows(ctx, account, follows, func(int) {}); err != nil && ctx.Err() == nil {
			w.log.Info("people of a Bluesky account are known by number only", "cause", err.Error())
		}
		return ctx.Err()
	})
}

// spoolFetched makes an upload of what write writes.
func (w *Worker) spoolFetched(x *social.Source, size int64, write func(*store.Upload) error) error {
	upload, err := w.spool.Create(size)
	if err != nil {
		return err
	}
	if err := write(upload); err != nil {
		return errors.Join(err, upload.Abort())
	}
	x.Spool, err = upload.Close()
	return err
}

// fetchLists reads the person's own lists over the Mastodon API, page by page.
func (w *Worker) fetchLists(ctx context.Context, x *social.Source) ([]social.Pull, error) {
	host, token, err := w.store.SourceToken(ctx, x.ID)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.Invalid, "token-gone", "The token wasn't kept longer than a day. Nothing was read; give it once more.").Because(err)
	}
	if err != nil {
		return nil, err
	}
	from := w.lists(host, token)
	self, err := from.Self(ctx)
	if err != nil {
		return nil, refusedToken(host, err)
	}
	var pulls []social.Pull
	size := int64(len(self.Body))
	for _, kind := range fetchedLists {
		p, err := w.fetchList(ctx, social.Pull{UserID: x.UserID, Host: host, AccountID: self.ID, Kind: kind}, from)
		if err != nil {
			return nil, refusedToken(host, err)
		}
		n, bytes, err := w.store.PullSize(ctx, p)
		if err != nil {
			return nil, err
		}
		pulls, size = append(pulls, p), size+bytes+int64(n)
	}
	return pulls, w.spoolFetched(x, size, func(upload *store.Upload) error { return w.writePulls(ctx, upload, self.Body, pulls) })
}

// fetchList reads one list to its end. One that was read before and of which a
// Source was made is read anew.
func (w *Worker) fetchList(ctx context.Context, p social.Pull, from Lists) (social.Pull, error) {
	p, err := w.store.BeginPull(ctx, p, w.now())
	if err == nil && p.Done {
		var kept int
		if kept, _, err = w.store.PullSize(ctx, p); err == nil && kept == 0 {
			p, err = w.store.RestartPull(ctx, p, w.now())
		}
	}
	for err == nil && !p.Done {
		p, err = w.PullPage(ctx, p, from, Allowance{})
	}
	return p, err
}

func (w *Worker) writePulls(ctx context.Context, upload *store.Upload, self []byte, pulls []social.Pull) error {
	for i, p := range pulls {
		account, list := pullFiles(mastodonPrefix, p)
		if i > 0 {
			account = "" // told once
		}
		if err := w.writePull(ctx, p, upload, account, self, list); err != nil {
			return err
		}
	}
	return nil
}

// refusedToken gives a token that is not accepted its own sentence: nobody is
// connected here whom the usual one could ask to connect again.
func refusedToken(host string, err error) error {
	if !fault.Is(err, fault.Paused) {
		return err
	}
	return fault.New(fault.Denied, "token-refused", "{host} doesn't accept this token. Nothing was read; copy it again there, or make a new one, and give it here.", "host", host).Because(err)
}
