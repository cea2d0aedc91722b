package importer

import (
	"io"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/html"

	"godwit/internal/social"
)

// What the Mastodon API says of an account and its lists. Truth Social and Gab
// answer it too, but talk to no other server: people there are known by a name
// that leads nowhere else, and only what they write about themselves can.

// apart are the servers of the Mastodon API that are networks of their own.
var apart = map[string]social.Network{
	"truthsocial.com": social.TruthSocial, "gab.com": social.Gab,
}

// apiAccount reads whose account it is, and on which network.
func (r *reading) apiAccount(_ part, in io.Reader) error {
	v, err := wholeValue(in)
	if err != nil {
		return err
	}
	page, err := url.Parse(r.text.text(get(v, "url")))
	r.host = strings.TrimPrefix(strings.ToLower(hostOf(page, err)), "www.")
	a, ok := r.member(v)
	if !ok {
		return errShape
	}
	r.ownID = r.text.text(get(v, "id"))
	r.e.owner = social.Account{Network: a.Network, NativeID: a.NativeID, Username: a.Username, Name: a.Name}
	return nil
}

// member is an Account entity as what is known of somebody. A name without a
// host is of the server itself.
func (r *reading) member(v []byte) (a social.Account, ok bool) {
	name := r.text.text(get(v, "acct"))
	if a.Network = apart[r.host]; a.Network != "" {
		a.NativeID, a.Username = social.Clean(r.text.text(get(v, "id")), maxTag), social.Clean(strings.TrimPrefix(name, "@"), social.MaxName)
		ok = a.NativeID != "" && a.Username != ""
	} else {
		if !strings.Contains(name, "@") {
			name += "@" + r.host
		}
		var h social.Handle
		h, ok = handleOf(name)
		a.Network, a.Username = social.Fediverse, h.String()
	}
	a.Name = social.Clean(r.text.text(get(v, "display_name")), social.MaxName)
	return a, ok && !tooDeep(v)
}

// apiPeople reads the people of each page.
func (r *reading) apiPeople(p part, in io.Reader) error {
	var t tally
	edge, seen := r.edgeOf(p), r.seenAt(p)
	err := pages(in, func(page jsontext.Value) error {
		for v := range elementsOf(page) {
			a, ok := r.member(v)
			if !ok {
				_ = t.entry(r, errShape)
				continue
			}
			a.SeenAt = seen
			r.selfDescription(&a, v)
			if err := t.entry(r, r.edgeTo(edge, a)); err != nil {
				return err
			}
		}
		return nil
	})
	r.following.whole = err == nil
	t.say(r, p)
	return t.torn(err)
}

// selfDescription reads what somebody says of themselves: a text and rows of a
// name and a value, all of it HTML.
func (r *reading) selfDescription(a *social.Account, v []byte) {
	note := r.text.text(get(v, "note"))
	bio, links := wordsOf(note), linksIn(note)
	for field := range elementsOf(get(v, "fields")) {
		value := r.text.text(get(field, "value"))
		bio += "\n" + r.text.text(get(field, "name")) + ": " + wordsOf(value)
		links = append(links, linksIn(value)...)
	}
	a.Bio = social.Clean(bio, social.MaxBio)
	if site := webLink(r.text.text(get(v, "website"))); site != "" {
		links = append(links, site)
	}
	a.Links = links[:min(len(links), maxLinks)]
}

// linksIn are the targets of the links in HTML.
func linksIn(source string) (links []string) {
	z := html.NewTokenizer(strings.NewReader(source))
	for len(links) < maxLinks {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		if kind != html.StartTagToken {
			continue
		}
		if tag := z.Token(); tag.Data == "a" {
			if link := webLink(attribute(tag, "href")); link != "" {
				links = append(links, link)
			}
		}
	}
	return links
}

// apiPosts reads the posts of each page: first to count them, then to give
// them.
func (r *reading) apiPosts(p part, in io.Reader) error {
	var t tally
	o := &outbox{reading: r}
	err := pages(in, func(page jsontext.Value) error {
		for v := range elementsOf(page) {
			if err := t.entry(r, o.status(v)); err != nil {
				return err
			}
		}
		return nil
	})
	return o.end(p, &t, err)
}

// status reads one Status entity.
func (o *outbox) status(v []byte) error {
	p, n, ok := o.entity(v)
	if !ok || tooDeep(v) {
		return errShape
	}
	return o.take(p, n)
}

// apiAudiences are the visibilities of the Mastodon API; any other is for those
// mentioned at most.
var apiAudiences = map[string]social.Audience{
	"public": social.ToEveryone, "unlisted": social.ToUnlisted, "private": social.ToFollowers,
}

func (o *outbox) entity(v []byte) (p *social.Post, n int64, ok bool) {
	p = &social.Post{
		Network: o.e.owner.Network, ID: social.Clean(o.text.text(get(v, "id")), maxLink), URL: webLink(o.text.text(get(v, "url"))),
		CreatedAt: moment(o.text.text(get(v, "created_at"))), Warning: social.Clean(o.text.text(get(v, "spoiler_text")), social.MaxBio),
		Sensitive: isTrue(get(v, "sensitive")), Language: social.Clean(o.text.text(get(v, "language")), maxTag),
		Audience: apiAudiences[o.text.text(get(v, "visibility"))],
		Likes:    max(number(get(v, "favourites_count")), 0), Reposts: max(number(get(v, "reblogs_count")), 0),
	}
	if p.Audience == "" {
		p.Audience = social.ToMentioned
	}
	n = postNumber(p.ID)
	if shown := get(v, "reblog"); said(shown) && shown[0] == '{' {
		p.Repost = social.PostRef{ID: social.Clean(o.text.text(get(shown, "id")), maxLink), URL: webLink(o.text.text(get(shown, "url"))), Author: o.text.text(get(shown, "account", "acct"))}
	} else {
		o.fillEntity(p, v)
	}
	return p, n, p.ID != "" && !p.CreatedAt.IsZero()
}

func (o *outbox) fillEntity(p *social.Post, v []byte) {
	named := map[string]string{}
	for m := range elementsOf(get(v, "mentions")) {
		if len(named) < maxColumns {
			named[o.text.text(get(m, "url"))] = social.Clean(o.text.text(get(m, "acct")), social.MaxName)
		}
	}
	p.Text, p.Entities, p.Styles = textOf(o.text.text(get(v, "content")), named)
	if to := social.Clean(o.text.text(get(v, "in_reply_to_id")), maxLink); to != "" {
		author := o.text.text(get(v, "in_reply_to_account_id"))
		p.Reply = social.PostRef{ID: to, AuthorID: social.Clean(author, maxLink), Own: author != "" && author == o.ownID}
	}
	if quoted := social.Clean(o.text.text(get(v, "quote_id")), maxLink); quoted != "" {
		p.Quote = social.PostRef{ID: quoted}
	}
	for a := range elementsOf(get(v, "media_attachments")) {
		if m, ok := o.apiMedia(a); ok && len(p.Media) < maxPostMedia {
			p.Media = append(p.Media, m)
		}
	}
	for x := range elementsOf(get(v, "poll", "options")) {
		if len(p.Poll) < maxPollOptions {
			p.Poll = append(p.Poll, social.PollOption{Title: social.Clean(o.text.text(get(x, "title")), social.MaxName), Votes: max(number(get(x, "votes_count")), 0)})
		}
	}
}

var apiMediaKinds = map[string]social.MediaKind{
	"image": social.Photo, "video": social.Video, "gifv": social.Animation, "audio": social.Audio,
}

// apiMedia is a file of a post, of which the API tells only where it is.
func (o *outbox) apiMedia(v []byte) (m social.Media, ok bool) {
	m.Kind, ok = apiMediaKinds[o.text.text(get(v, "type"))]
	m.URL, m.Alt, m.Missing = webLink(o.text.text(get(v, "url"))), social.Clean(o.text.text(get(v, "description")), maxAlt), true
	m.Width, m.Height = max(number(get(v, "meta", "original", "width")), 0), max(number(get(v, "meta", "original", "height")), 0)
	return m, ok
}
