package importer

import (
	"bytes"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// The archive of a Mastodon account: actor.json tells whose it is, outbox.json
// holds the posts, direct ones among them. It tells neither whom the account
// follows nor who follows it (mastodon #10670); the lists that Mastodon gives
// as .csv do, and are taken beside it or alone.

// mastodonFiles are the files of an archive by their names.
var mastodonFiles = map[string]kind{
	"actor.json": mastodonActor, "outbox.json": mastodonOutbox,
	"following_accounts.csv": mastodonFollowing, "following.csv": mastodonFollowing, "follows.csv": mastodonFollowing,
	"followers.csv": mastodonFollowers, "followers_accounts.csv": mastodonFollowers,
	"blocked_accounts.csv": mastodonBlocks, "blocks.csv": mastodonBlocks,
	"muted_accounts.csv": mastodonMutes, "mutes.csv": mastodonMutes,
	"lists.csv": mastodonLists,
}

// looksActor reports whether text begins like actor.json.
func looksActor(text []byte) bool {
	return bytes.Contains(text, []byte(`"preferredUsername"`)) && bytes.Contains(text, []byte(`"outbox"`))
}

// looksOutbox reports whether text begins like outbox.json.
func looksOutbox(text []byte) bool {
	return bytes.Contains(text, []byte(`"OrderedCollection"`)) && bytes.Contains(text, []byte(`"orderedItems"`)) && bytes.Contains(text, []byte(`outbox`))
}

// mastodonActor reads whose archive it is.
func (r *reading) mastodonActor(_ part, in io.Reader) error {
	dec := jsontext.NewDecoder(withoutMark(&bounded{r: in, left: maxRecord}), decodeOptions...)
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	actor, err := url.Parse(r.text.text(get(v, "id")))
	h, ok := handleOf(r.text.text(get(v, "preferredUsername")) + "@" + hostOf(actor, err))
	if !ok {
		return errShape
	}
	r.actor = actor.String()
	r.e.owner = social.Account{Network: social.Fediverse, NativeID: social.Clean(r.actor, maxLink), Username: h.String(),
		Name: social.Clean(r.text.text(get(v, "name")), social.MaxName)}
	return nil
}

func hostOf(u *url.URL, err error) string {
	if err != nil {
		return ""
	}
	return u.Host
}

// mastodonOutbox reads the posts: first it counts them and notes which answer
// which, the second time it gives them.
func (r *reading) mastodonOutbox(p part, in io.Reader) error {
	var t tally
	o := &outbox{reading: r}
	err := streamList(in, "orderedItems", func(v jsontext.Value) error { return t.entry(r, o.item(v)) })
	return o.end(p, &t, err)
}

// end says, the first time, what was met in the posts.
func (o *outbox) end(p part, t *tally, err error) error {
	if o.again {
		return nil // said the first time
	}
	if o.private > 0 {
		o.e.warn(privatePosts(o.private))
	}
	o.posted(o.newest)
	t.say(o.reading, p)
	return t.torn(err)
}

// posted notes the newest post's time, which is as of when an export is that
// tells nothing else.
func (r *reading) posted(newest time.Time) {
	r.e.mu.Lock()
	defer r.e.mu.Unlock()
	if r.e.exportedAt.IsZero() {
		r.e.exportedAt = newest
	}
}

// outbox is a list of posts while it is read.
type outbox struct {
	*reading
	private int
	newest  time.Time
}

// item reads one activity of the outbox.
func (o *outbox) item(v jsontext.Value) error {
	if tooDeep(v) {
		return errShape
	}
	p, n, ok := o.activity(v)
	if !ok {
		return errShape
	}
	return o.take(p, n)
}

// take counts a post the first time and gives it the second; one that not
// everybody could read is given only.
func (o *outbox) take(p *social.Post, n int64) error {
	switch {
	case o.again && o.given.n < maxPosts && o.given.add(n):
		p.Thread = o.chains.root(n)
		return o.give(social.Record{Post: p})
	case o.again:
		return nil
	case !p.Audience.Open():
		o.private++
		return nil
	}
	o.countPost(p, n)
	return nil
}

func (o *outbox) countPost(p *social.Post, n int64) {
	if !o.posts.add(n) {
		return
	}
	if p.CreatedAt.After(o.newest) {
		o.newest = p.CreatedAt
	}
	c := &o.counts
	switch {
	case !p.Repost.IsZero():
		c.Reposts++
	case p.Reply.Own:
		o.posts.answers.add(answer{n, postNumber(p.Reply.ID), true})
	case !p.Reply.IsZero():
		c.Replies++
	}
	if !p.Quote.IsZero() {
		c.Quotes++
	}
	for _, m := range p.Media {
		c.Media++
		if m.Missing {
			c.MediaMissing++
		}
	}
}

func privatePosts(n int) *fault.Fault {
	return fault.New(fault.Invalid, "private-posts",
		"{n} posts in it were direct or for followers only. They are left alone.", "n", strconv.Itoa(n))
}

// streamList reads a large object and gives each element of the list that one
// of its members is, which is valid until the next.
func streamList(in io.Reader, member string, each func(jsontext.Value) error) error {
	b := &bounded{r: in, left: maxRecord}
	dec := jsontext.NewDecoder(withoutMark(b), decodeOptions...)
	broken := func(err error) error { return &cut{dec.InputOffset(), firstOf(err, errShape)} }
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return broken(err)
	}
	for dec.PeekKind() == '"' {
		b.left = maxRecord
		name, err := dec.ReadToken()
		if err != nil {
			return broken(err)
		}
		if name.String() == member && dec.PeekKind() == '[' {
			if err := elementsFrom(dec, b, each); err != nil {
				return err
			}
		} else if _, err := dec.ReadValue(); err != nil {
			return broken(err)
		}
	}
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '}' {
		return broken(err)
	}
	return nil
}

// elementsFrom gives the elements of the list before which dec stands.
func elementsFrom(dec *jsontext.Decoder, b *bounded, each func(jsontext.Value) error) error {
	if _, err := dec.ReadToken(); err != nil {
		return &cut{dec.InputOffset(), err}
	}
	for dec.PeekKind() != ']' {
		b.left = maxRecord
		v, err := dec.ReadValue()
		if err != nil {
			return &cut{dec.InputOffset(), err}
		}
		if err := each(v); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return &cut{dec.InputOffset(), err}
	}
	return nil
}

// ---- the lists

// mastodonList reads one of the .csv lists that Mastodon and GoToSocial give.
func mastodonList(kind social.EdgeKind) func(*reading, part, io.Reader) error {
	return func(r *reading, p part, in io.Reader) error {
		s, err := openSheet(in)
		if err != nil {
			return err
		}
		l := &addressList{reading: r, part: p, kind: kind, seen: r.seenAt(p)}
		r.following.seen = r.following.seen || kind == social.Following
		for {
			row, err := s.next()
			if err == io.EOF {
				break
			}
			if err == nil {
				err = l.entry(r, l.row(row))
			}
			if err != nil {
				return err
			}
		}
		r.following.whole = r.following.whole || kind == social.Following
		l.say(r, p)
		return nil
	}
}

type addressList struct {
	*reading
	part part
	kind social.EdgeKind
	seen time.Time
	tally
}

// row reads one row: an address, in lists.csv a title before it. Lists have a
// header or none.
func (l *addressList) row(row []string) error {
	address, title := row[0], ""
	if l.kind == social.Listed {
		if len(row) < 2 {
			return errShape
		}
		title, address = row[0], row[1]
	}
	h, ok := handleOf(address)
	switch {
	case !ok && l.n == 0 && !strings.Contains(address, "@"):
		return nil // the header, or somebody of the server itself, which Mastodon writes too
	case !ok:
		return errShape
	}
	a := social.Account{Network: social.Fediverse, Username: h.String(), SeenAt: l.seen}
	if l.kind != social.Listed {
		return l.edgeTo(l.kind, a)
	}
	title = social.Clean(title, social.MaxName)
	l.lists[title] = true
	l.counts.Lists = len(l.lists)
	return l.give(social.Record{Edge: social.Listed, List: title, Account: a})
}

// mastodonTable recognises one of the lists by its name and first row.
func mastodonTable(base string, rows [][]string) kind {
	first := strings.ToLower(strings.Join(rows[0], ","))
	k := mastodonFiles[base]
	switch {
	case strings.Contains(first, "hide notifications"):
		return mastodonMutes
	case k == mastodonLists && (len(rows[0]) == 2 || strings.HasPrefix(first, "list name")):
		return k
	case k != 0 && k != mastodonLists && (isHandle(rows[0][0]) || strings.HasPrefix(first, "account address")):
		return k
	case strings.HasPrefix(first, "account address,show boosts,"):
		return mastodonFollowing
	}
	return 0
}

// isMastodonMedia reports whether a folder, in lower case, holds pictures of an
// archive: media_attachments/files/109/333/…/original.
func isMastodonMedia(dir string) bool {
	return strings.Contains("/"+dir, "/media_attachments/files/") && strings.HasSuffix(dir, "/original")
}
