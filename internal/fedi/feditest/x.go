package feditest

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
)

// X is X as far as everybody may see it without an account: the embeds of
// public posts. The form of the answer is that of publish.twitter.com.
type X struct {
	host *Host

	mu    sync.Mutex
	posts map[string]*XPost
	users map[string]string // number of an account → its username now
}

// XPost is one public post.
type XPost struct {
	Number string
	Author string // number of the account
	Text   string
	Name   string // display name of the author
	Shown  string // number of the post that X shows under this one's address, for a repost
	Hidden bool   // of a protected account
	Raw    string // answered as it is, where set
}

// AddX adds publish.twitter.com to the world.
func (w *World) AddX() *X {
	x := &X{host: w.AddHost("publish.twitter.com", ""), posts: map[string]*XPost{}, users: map[string]string{}}
	x.host.Handle("/oembed", http.HandlerFunc(x.embed))
	return x
}

// Host is where posts are read, for Faults.
func (x *X) Host() *Host { return x.host }

// Name gives the account of a number its username.
func (x *X) Name(number, username string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.users[number] = username
}

// Post publishes or replaces a post.
func (x *X) Post(p XPost) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.posts[p.Number] = &p
}

// Delete deletes a post.
func (x *X) Delete(number string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.posts, number)
}

func (x *X) embed(rw http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	u, err := url.Parse(r.URL.Query().Get("url"))
	if err != nil {
		http.Error(rw, "{}", http.StatusBadRequest)
		return
	}
	p := x.posts[path.Base(u.Path)]
	switch {
	case p == nil:
		http.Error(rw, `{"errors":[{"message":"Sorry, that page does not exist","code":34}]}`, http.StatusNotFound)
		return
	case p.Hidden:
		http.Error(rw, `{"error":"Sorry, you are not authorized to see this status."}`, http.StatusForbidden)
		return
	case p.Raw != "":
		fmt.Fprint(rw, p.Raw)
		return
	}
	if shown := x.posts[p.Shown]; shown != nil {
		p = shown
	}
	author := "https://twitter.com/" + x.users[p.Author]
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(rw).Encode(map[string]any{
		"url": author + "/status/" + p.Number, "author_name": p.Name, "author_url": author, "html": p.html(x.users[p.Author]),
		"width": 550, "height": nil, "type": "rich", "cache_age": "3153600000", "provider_name": "Twitter", "provider_url": "https://twitter.com", "version": "1.0",
	})
}

// html is the quotation that X makes of a post: names and hosts in it become
// links.
func (p *XPost) html(username string) string {
	var words []string
	for _, word := range strings.Split(html.EscapeString(p.Text), " ") {
		name, host, found := strings.Cut(strings.TrimPrefix(word, "@"), "@")
		if found && strings.HasPrefix(word, "@") && strings.Contains(host, ".") {
			word = fmt.Sprintf(`<a href="https://twitter.com/%s?ref_src=twsrc%%5Etfw">@%s</a>@<a href="https://t.co/abc">%s</a>`, name, name, host)
		}
		words = append(words, word)
	}
	return fmt.Sprintf("<blockquote class=\"twitter-tweet\"><p lang=\"en\" dir=\"ltr\">%s</p>&mdash; %s (@%s) <a href=\"https://twitter.com/%s/status/%s?ref_src=twsrc%%5Etfw\">November 20, 2026</a></blockquote>\n\n",
		strings.Join(words, " "), html.EscapeString(p.Name), username, username, p.Number)
}
