package importer

import (
	"bytes"
	"io"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// The JSON exports of Instagram, Threads and Facebook. Instagram and Threads
// tell names, Facebook only how people are called, which leads to nobody.

// metaKeys are the members that hold the lists, wherever the file lies: folders
// and names have changed several times.
var metaKeys = map[string]kind{
	"relationships_following":               instagramFollowing,
	"relationships_followers":               instagramFollowers,
	"relationships_blocked_users":           instagramBlocks,
	"text_post_app_text_post_app_following": threadsFollowing,
	"text_post_app_text_post_app_followers": threadsFollowers,
	"following_v3":                          facebookNames,
	"friends_v2":                            facebookNames,
}

// metaFolders are the folders that hold them, below the export's own.
var metaFolders = []string{"connections/followers_and_following", "followers_and_following", "your_instagram_activity/threads", "connections/followers", "connections/friends"}

var followersPart = regexp.MustCompile(`^followers(?:_\d{1,4})?\.json$`)

// metaPlace recognises a file in a zip or folder; dir and base are in lower case.
func metaPlace(dir, base string) (place, bool) {
	for _, folder := range metaFolders {
		home, ok := strings.CutSuffix("/"+dir, "/"+folder)
		if !ok {
			continue
		}
		k := metaBase(folder, base)
		return place{strings.TrimPrefix(home, "/"), k, 0}, k != 0
	}
	return place{}, false
}

func metaBase(folder, base string) kind {
	if stem, ok := strings.CutSuffix(base, ".html"); ok && metaBase(folder, stem+".json") != 0 {
		return metaPages
	}
	threads := strings.HasSuffix(folder, "threads")
	switch {
	case base == "following.json" && threads:
		return threadsFollowing
	case base == "followers.json" && threads:
		return threadsFollowers
	case base == "following.json":
		return instagramFollowing
	case followersPart.MatchString(base):
		return instagramFollowers
	case base == "blocked_profiles.json", base == "blocked_accounts.json":
		return instagramBlocks
	case strings.HasPrefix(base, "who_you") && path.Ext(base) == ".json", base == "your_friends.json":
		return facebookNames
	}
	return 0
}

// looksMeta recognises a single file by the name of its list, or Instagram's
// list of followers, which has none.
func looksMeta(base string, text []byte) kind {
	for key, k := range metaKeys {
		if bytes.Contains(text, []byte(`"`+key+`"`)) {
			return k
		}
	}
	if followersPart.MatchString(base) && text[0] == '[' && bytes.Contains(text, []byte(`"string_list_data"`)) {
		return instagramFollowers
	}
	return 0
}

// metaList reads one list: the list alone, or the member that it is of.
func metaList(network social.Network, kind social.EdgeKind) func(*reading, part, io.Reader) error {
	return func(r *reading, p part, in io.Reader) error {
		var t tally
		following := kind == social.Following
		r.following.seen = r.following.seen || following
		err := anyList(in, func(at string) bool { return metaKeys[at] != 0 || at == "" }, func(v jsontext.Value) error {
			return t.entry(r, r.metaPerson(network, kind, v))
		})
		if following {
			r.following.whole = err == nil
		}
		t.say(r, p)
		return t.torn(err)
	}
}

// metaPerson reads one entry. The name is the value, since 2025 the title, or
// the end of the address.
func (r *reading) metaPerson(network social.Network, kind social.EdgeKind, v []byte) error {
	if tooDeep(v) {
		return errShape
	}
	var told []byte
	for x := range elementsOf(get(v, "string_list_data")) {
		told = x
		break
	}
	for _, name := range []string{r.text.text(get(told, "value")), r.text.text(get(v, "title")), pageName(r.text.text(get(told, "href")))} {
		if name = metaName(name); name != "" {
			return r.edgeTo(kind, social.Account{Network: network, Username: name})
		}
	}
	return errShape
}

var metaNames = regexp.MustCompile(`^[A-Za-z0-9_](?:[A-Za-z0-9._]{0,28}[A-Za-z0-9_])?$`)

// metaName returns s if it has the form of a name on Instagram or Threads.
func metaName(s string) string {
	s = strings.TrimPrefix(s, "@")
	if !metaNames.MatchString(s) {
		return ""
	}
	return s
}

// pageName is whose page an address is: instagram.com/name, instagram.com/_u/name
// or threads.com/@name.
func pageName(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return ""
	}
	return path.Base(u.Path)
}

// anyList walks JSON of any size and gives the elements of the lists that are
// wanted by the name of the member that they are; "" is a list that the file is.
func anyList(in io.Reader, wanted func(name string) bool, each func(jsontext.Value) error) error {
	b := &bounded{r: in, left: maxRecord}
	dec := jsontext.NewDecoder(withoutMark(b), decodeOptions...)
	for {
		b.left = maxRecord
		if dec.PeekKind() == '[' {
			if name, inList := memberOf(dec); !inList && wanted(name) {
				if err := elementsFrom(dec, b, each); err != nil {
					return err
				}
				continue
			}
		}
		_, err := dec.ReadToken()
		if err == io.EOF && dec.StackDepth() == 0 {
			return nil
		}
		if err != nil {
			return &cut{dec.InputOffset(), err}
		}
	}
}

// memberOf is the name of the member whose value comes next, and whether that
// value is an element of a list.
func memberOf(dec *jsontext.Decoder) (name string, inList bool) {
	depth := dec.StackDepth()
	if depth == 0 {
		return "", false
	}
	if kind, _ := dec.StackIndex(depth); kind == '[' {
		return "", true
	}
	return dec.StackPointer().LastToken(), false
}

// metaPages is an export made of pages instead of data.
func (r *reading) metaPages(part, io.Reader) error {
	return fault.New(fault.Invalid, "meta-pages",
		"This export is made of pages for reading (HTML). Ask for it again and choose JSON as its format.")
}

// facebookNames says that Facebook's lists hold nothing to go by.
func (r *reading) facebookNames(p part, _ io.Reader) error {
	r.e.warn(fault.New(fault.Invalid, "names-only",
		"{file} tells only how people are called, so nobody in it can be found. Facebook gives no more.", "file", shown(p.name)))
	return nil
}
