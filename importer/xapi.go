package importer

import (
	"io"
	"regexp"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/social"
)

// What is read over an API is kept as the API answered it, page after page in
// one file, and read like every other export. The file's name tells which API
// and which list it is: x-api-following.json, with the time of the last page.
var apiFile = regexp.MustCompile(`^(x-api|x-v1|mastodon-api)-(account|following|followers|posts|names)(?:-(\d{13}))?\.json$`)

// apiKinds are the kinds of such files, by API and list.
var apiKinds = map[string]kind{
	"x-api account": xAccount, "x-api following": xPeople, "x-api followers": xPeople, "x-api names": xPeople, "x-api posts": xPosts,
	"x-v1 account": x1Account, "x-v1 following": x1People, "x-v1 followers": x1People, "x-v1 names": x1People, "x-v1 posts": x1Posts,
	"mastodon-api account": apiAccount, "mastodon-api following": apiPeople, "mastodon-api followers": apiPeople, "mastodon-api posts": apiPosts,
}

// apiEdges are the Edges that lead to the people in a list; whoever was only
// looked up has none.
var apiEdges = map[string]social.EdgeKind{"following": social.Following, "followers": social.Follower}

// apiKind recognises a file by its name, in lower case.
func apiKind(base string) kind {
	if m := apiFile.FindStringSubmatch(base); m != nil {
		return apiKinds[m[1]+" "+m[2]]
	}
	return 0
}

// edgeOf is the Edge that leads to the people of a part.
func (r *reading) edgeOf(p part) social.EdgeKind {
	edge := apiEdges[apiFile.FindStringSubmatch(singleName(p.name))[2]]
	if edge == social.Following {
		r.following.seen = true
	}
	return edge
}

// wholeValue reads a file that is one small JSON value.
func wholeValue(in io.Reader) (jsontext.Value, error) {
	dec := jsontext.NewDecoder(withoutMark(&bounded{r: in, left: maxRecord}), decodeOptions...)
	return dec.ReadValue()
}

// pages reads JSON values one after another, each of a bounded size.
func pages(in io.Reader, each func(jsontext.Value) error) error {
	b := &bounded{r: in, left: maxRecord}
	dec := jsontext.NewDecoder(withoutMark(b), decodeOptions...)
	for {
		b.left = maxRecord
		v, err := dec.ReadValue()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return &cut{dec.InputOffset(), err}
		}
		if err := each(v); err != nil {
			return err
		}
	}
}

// ---- X, version 2

// xAccount reads whose account it is.
func (r *reading) xAccount(_ part, in io.Reader) error {
	v, err := wholeValue(in)
	if err != nil {
		return err
	}
	v = get(v, "data")
	r.e.protected = isTrue(get(v, "protected"))
	return r.e.setOwner(get(v, "id"), get(v, "username"), get(v, "name"))
}

// xPeople reads the people in "data" of each page.
func (r *reading) xPeople(p part, in io.Reader) error {
	var t tally
	edge, seen := r.edgeOf(p), r.seenAt(p)
	err := anyList(in, func(name string) bool { return name == "data" }, func(v jsontext.Value) error {
		a := social.Account{Username: usernameOf(r.text.text(get(v, "username"))), SeenAt: seen}
		r.profile(&a, v)
		return t.entry(r, r.person(edge, id(get(v, "id")), a, v))
	})
	r.following.whole = err == nil
	t.say(r, p)
	return t.torn(err)
}

// person gives what is known of somebody on X.
func (r *reading) person(edge social.EdgeKind, n int64, a social.Account, v []byte) error {
	if n == 0 || tooDeep(v) {
		return errShape
	}
	if edge != "" {
		return r.edge(edge, n, a)
	}
	a.Network, a.NativeID = social.X, decimal(n)
	return r.give(social.Record{Account: a})
}

// profile reads what both versions call the same; links are told by their
// targets.
func (r *reading) profile(a *social.Account, v []byte) {
	a.Name = social.Clean(r.text.text(get(v, "name")), social.MaxName)
	a.Location = social.Clean(r.text.text(get(v, "location")), social.MaxName)
	a.URL = social.Clean(r.text.text(get(v, "url")), maxLink)
	bio := r.text.text(get(v, "description"))
	for u := range elementsOf(get(v, "entities", "url", "urls")) {
		if target := r.text.text(get(u, "expanded_url")); target != "" {
			a.URL = social.Clean(target, maxLink)
		}
	}
	for u := range elementsOf(get(v, "entities", "description", "urls")) {
		if target := r.text.text(get(u, "expanded_url")); target != "" && len(a.Links) < maxLinks {
			a.Links = append(a.Links, social.Clean(target, maxLink))
		}
	}
	a.Bio = social.Clean(unescaper.Replace(bio), social.MaxBio)
}

// xNotes takes the whole texts of long posts, before the posts.
func (r *reading) xNotes(_ part, in io.Reader) error {
	if r.again {
		return nil
	}
	err := pages(in, func(page jsontext.Value) error {
		for v := range elementsOf(get(page, "data")) {
			if long := get(v, "note_tweet"); long != nil && !tooDeep(v) {
				if err := r.note(noteOf(v, long)); err != nil && err != errShape {
					return err
				}
			}
		}
		return nil
	})
	r.notes.sort()
	if _, torn := err.(*cut); torn {
		return nil // said with the posts
	}
	return err
}

// xPosts reads the posts as if they were an export's.
func (r *reading) xPosts(p part, in io.Reader) error {
	var t tally
	err := pages(in, func(page jsontext.Value) error {
		files := mediaOf(page)
		for v := range elementsOf(get(page, "data")) {
			if err := t.entry(r, r.ownPost(asExported(v, files))); err != nil {
				return err
			}
		}
		return nil
	})
	if r.again {
		return nil // said the first time
	}
	t.say(r, p)
	return t.torn(err)
}

// ownPost reads a post as exports hold it, the first time to be counted and the
// second to be given.
func (r *reading) ownPost(v jsontext.Value) error {
	if r.again {
		return r.givePost(v)
	}
	return r.tweet(v)
}

// ---- X, version 1.1

func (r *reading) x1Account(_ part, in io.Reader) error {
	v, err := wholeValue(in)
	if err != nil {
		return err
	}
	r.e.protected = isTrue(get(v, "protected"))
	return r.e.setOwner(get(v, "id_str"), get(v, "screen_name"), get(v, "name"))
}

// x1People reads "users" of each page, or the list that users/lookup answers.
func (r *reading) x1People(p part, in io.Reader) error {
	var t tally
	edge, seen := r.edgeOf(p), r.seenAt(p)
	err := pages(in, func(page jsontext.Value) error {
		list := get(page, "users")
		if edge == "" {
			list = page
		}
		for v := range elementsOf(list) {
			a := social.Account{Username: usernameOf(r.text.text(get(v, "screen_name"))), SeenAt: seen}
			r.profile(&a, v)
			if err := t.entry(r, r.person(edge, id(get(v, "id_str")), a, v)); err != nil {
				return err
			}
		}
		return nil
	})
	r.following.whole = err == nil
	t.say(r, p)
	return t.torn(err)
}

// x1Posts reads lists of posts, which are written as exports of 2018 hold them.
func (r *reading) x1Posts(p part, in io.Reader) error {
	var t tally
	err := pages(in, func(page jsontext.Value) error {
		for v := range elementsOf(page) {
			if err := t.entry(r, r.ownPost(v)); err != nil {
				return err
			}
		}
		return nil
	})
	if r.again {
		return nil
	}
	t.say(r, p)
	return t.torn(err)
}
