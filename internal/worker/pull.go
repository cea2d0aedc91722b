package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
)

// Lists is the API of an account's lists.
type Lists interface {
	Host() string
	Size(kind social.PullKind) (least, most int)
	Page(ctx context.Context, ask social.PullAsk) (social.PullPage, error)
}

// CodeMaxCost is the fault of a Pull whose next page could pass what may be
// spent.
const CodeMaxCost = "max-cost"

// Allowance bounds one page of a Pull.
type Allowance struct {
	Each   social.Cost // of one entry
	Left   social.Cost // that may still be spent
	Expect int         // entries that seem to be left, 0 for unknown
}

// fewest is how many entries a paid page asks for when none should be left.
const fewest = 100

// PullPage reads one page of p and returns where it stands then. What a page
// may cost at most is noted before it is asked for, so that no end of this
// process lets more be spent; a page is not larger than what seems to be left,
// so that this is little. Wait until the API may be asked again, Paused with
// CodeMaxCost when not enough is left for the smallest page.
func (w *Worker) PullPage(ctx context.Context, p social.Pull, from Lists, a Allowance) (social.Pull, error) {
	if now := w.now(); now.Before(p.DueAt) {
		return p, fault.WaitUntil(p.DueAt, "slow-down", "{host} is asking everyone to slow down. Try again after {time}.", "host", p.Host, "time", p.DueAt.UTC().Format("15:04 UTC"))
	}
	ask, next, err := w.pullAsk(ctx, p, from, a)
	if err != nil {
		return p, err
	}
	if ask.Most == 0 { // nobody is left to be named
		return w.store.EndPull(ctx, p, w.now())
	}
	reserved := a.Each * social.Cost(ask.Most)
	if p, err = w.store.ReservePull(ctx, p, reserved, w.now()); err != nil {
		return p, err
	}
	page, err := from.Page(ctx, ask)
	if err != nil {
		return w.pullStopped(ctx, p, reserved, err)
	}
	if p.Kind == social.PullNames {
		page.Next = next
	}
	if p.Pages+1 >= maxPullPages {
		page.Next = ""
	}
	return w.store.SavePage(context.WithoutCancel(ctx), p, page, reserved-a.Each*social.Cost(page.Entries), w.now())
}

// pullAsk is what the next request of p asks for: as many entries as may be
// paid for. Whoever is looked up by number is in the rows; next is the cursor
// after them.
func (w *Worker) pullAsk(ctx context.Context, p social.Pull, from Lists, a Allowance) (ask social.PullAsk, next string, err error) {
	least, most := from.Size(p.Kind)
	if most == 0 {
		return ask, "", fault.New(fault.Invalid, "not-read-there", "{host} can't be asked for that.", "host", p.Host)
	}
	if a.Each > 0 {
		most = int(min(social.Cost(most), a.Left/a.Each))
		most = min(most, max(cmp.Or(a.Expect, fewest), least))
	}
	ask = social.PullAsk{Kind: p.Kind, AccountID: p.AccountID, Cursor: p.Cursor, Most: most}
	if p.Kind == social.PullNames {
		after, _ := strconv.ParseInt(p.Cursor, 10, 64)
		accounts, err := w.store.Unnamed(ctx, p.UserID, after, max(most, 1))
		if err != nil {
			return ask, "", err
		}
		for _, account := range accounts {
			ask.IDs, next = append(ask.IDs, account.NativeID), strconv.FormatInt(account.ID, 10)
		}
		if len(accounts) == 0 {
			ask.Most = 0
			return ask, "", nil
		}
		ask.Most = min(most, len(accounts))
	}
	if most < least {
		return ask, "", fault.New(fault.Paused, CodeMaxCost, "The next page could cost more than you allowed.")
	}
	return ask, next, nil
}

// pullStopped notes a request that got no page. What is certain not to have
// been paid for is given back.
func (w *Worker) pullStopped(ctx context.Context, p social.Pull, reserved social.Cost, cause error) (social.Pull, error) {
	back := reserved
	if ctx.Err() != nil || fedi.Unanswered(cause) {
		back = 0
	}
	saved, err := w.store.DelayPull(context.WithoutCancel(ctx), p, back, fault.Until(cause), w.now())
	return saved, errors.Join(cause, err)
}

// pullFiles are the names under which the pages of a list are read: what is in
// them, and as of when, is told by the name.
func pullFiles(prefix string, p social.Pull) (account, list string) {
	return prefix + "-account.json", fmt.Sprintf("%s-%s-%d.json", prefix, p.Kind, p.UpdatedAt.UnixMilli())
}

// KeepPull makes a Source of the pages that p got since the last one, and rings
// for it. self is what the API says of the account, prefix names the kind of
// API: x-api, x-v1 or mastodon-api. made is false when there are no pages.
func (w *Worker) KeepPull(ctx context.Context, p social.Pull, prefix, name string, self []byte) (source social.Source, made bool, err error) {
	n, size, err := w.store.PullSize(ctx, p)
	if err != nil || n == 0 {
		return source, false, err
	}
	upload, err := w.spool.Create(size + int64(n+len(self)))
	if err != nil {
		return source, false, err
	}
	account, list := pullFiles(prefix, p)
	if err := w.writePull(ctx, p, upload, account, self, list); err != nil {
		return source, false, errors.Join(err, upload.Abort())
	}
	spool, err := upload.Close()
	if err != nil {
		return source, false, err
	}
	source, err = w.admit(ctx, social.Source{UserID: p.UserID, State: social.SourceReceived, Name: name, Spool: spool})
	if err != nil {
		return source, false, err
	}
	return source, true, w.store.DropPages(ctx, p)
}

func (w *Worker) writePull(ctx context.Context, p social.Pull, upload *store.Upload, account string, self []byte, list string) error {
	if account != "" {
		file, err := upload.File(account)
		if err == nil {
			_, err = file.Write(self)
		}
		if err != nil {
			return err
		}
	}
	file, err := upload.File(list)
	if err != nil {
		return err
	}
	return w.store.PullPages(ctx, p, func(body string) error {
		_, err := io.WriteString(file, body+"\n")
		return err
	})
}

// admit recognises what lies in the spool for a new Source, and makes its row.
func (w *Worker) admit(ctx context.Context, source social.Source) (social.Source, error) {
	err := RecogniseSpooled(w.spool, &source)
	if err != nil {
		return source, errors.Join(err, w.spool.Delete(source.Spool))
	}
	saved, again, err := w.store.CreateSource(ctx, source, w.now())
	if again && saved.Spool != source.Spool || err != nil {
		err = errors.Join(err, w.spool.Delete(source.Spool))
	}
	return saved, err
}
