package importer

import (
	"bytes"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/social"
)

// looksFedifinder reports whether text begins like Fedifinder's accounts.json,
// an object of people on X by their names.
func looksFedifinder(text []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(text), decodeOptions...)
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return false
	}
	if dec.PeekKind() == '}' {
		return true
	}
	t, err := dec.ReadToken()
	if err != nil || usernameOf(t.String()) == "" || dec.PeekKind() != '{' {
		return false
	}
	first, err := dec.ReadValue()
	return err != nil || get(first, "handles") != nil // cut by the end of the head
}

// fedifinder reads accounts.json: {"name":{"handles":["@u@host"],…},…}.
func (r *reading) fedifinder(p part, in io.Reader) error {
	seen, list := r.seenAt(p), listName(p.name)
	var t tally
	r.following.seen = true
	err := streamMembers(in, func(name string, v jsontext.Value) error {
		return t.entry(r, r.fedifound(name, v, social.Claim{List: list, SeenAt: seen}))
	})
	r.following.whole = err == nil
	t.say(r, p)
	return t.torn(err)
}

// fedifound reads one person; claim is what their handles are noted with.
func (r *reading) fedifound(name string, v []byte, claim social.Claim) error {
	a := social.Account{Network: social.X, Username: usernameOf(name), SeenAt: claim.SeenAt,
		Name:     social.Clean(r.text.text(get(v, "name")), social.MaxName),
		Bio:      social.Clean(r.text.text(get(v, "description")), social.MaxBio),
		Location: social.Clean(r.text.text(get(v, "location")), social.MaxName),
		Pinned:   social.Clean(r.text.text(get(v, "pinned_tweet")), social.MaxBio),
	}
	if a.Username == "" || tooDeep(v) {
		return errShape
	}
	for _, link := range r.texts(get(v, "urls"), maxLinks) {
		a.Links = append(a.Links, social.Clean(link, maxLink))
	}
	for _, text := range r.texts(get(v, "handles"), maxClaims) {
		if h, ok := handleOf(text); ok {
			claim.Handle = h
			a.Claims = append(a.Claims, claim)
		}
	}
	marked := get(v, "following") != nil
	if string(get(v, "follower")) == "true" {
		if err := r.edgeTo(social.Follower, a); err != nil {
			return err
		}
	}
	if marked && string(get(v, "following")) != "true" {
		return nil
	}
	return r.edgeTo(social.Following, a)
}

// texts reads a list of JSON texts, or one text, at most n of them.
func (r *reading) texts(v []byte, n int) (all []string) {
	s, ok := open(v, '[')
	if !ok {
		if one := r.text.text(v); one != "" {
			return []string{one}
		}
	}
	for ok && len(all) < n {
		var e []byte
		if e, ok = s.element(); ok {
			if one := r.text.text(e); one != "" {
				all = append(all, one)
			}
		}
	}
	return all
}

// streamMembers reads a large object and gives each member, which is valid
// until the next.
func streamMembers(in io.Reader, each func(name string, v jsontext.Value) error) error {
	b := &bounded{r: in, left: maxRecord}
	dec := jsontext.NewDecoder(withoutMark(b), decodeOptions...)
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return &cut{dec.InputOffset(), firstOf(err, errShape)}
	}
	for dec.PeekKind() != '}' {
		b.left = maxRecord
		t, err := dec.ReadToken()
		if err != nil {
			return &cut{dec.InputOffset(), err}
		}
		name := t.String()
		v, err := dec.ReadValue()
		if err != nil {
			return &cut{dec.InputOffset(), err}
		}
		if err := each(name, v); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return &cut{dec.InputOffset(), err}
	}
	return nil
}

// withoutMark passes the mark that may stand before UTF-8.
func withoutMark(in io.Reader) io.Reader {
	head := make([]byte, 3)
	n, err := io.ReadFull(in, head)
	if err == nil && string(head) == "\xef\xbb\xbf" {
		return in
	}
	return io.MultiReader(bytes.NewReader(head[:n]), in)
}
