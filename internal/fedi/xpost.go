package fedi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// XEmbed is the address under which X tells everybody what a public post says
// and who wrote it (https://developer.x.com/en/docs/x-for-websites/oembed-api).
// It needs no key.
const XEmbed = "https://publish.twitter.com/oembed"

// The codes of what can be wrong with a post on X.
const (
	CodeNotPost   = "not-a-post"
	CodeNoPost    = "no-such-post"
	CodeHidden    = "post-hidden"
	CodeOtherPost = "other-post"
)

const (
	sayNotPost   = "That isn't the address of a post on X. It looks like https://x.com/you/status/1234567890."
	sayNoPost    = "X says there is no such post, or it was deleted. Nothing was changed."
	sayHidden    = "X doesn't show that post to everybody. It has to be public, at least until we have looked."
	sayOtherPost = "X shows another post under that address, a repost perhaps. Give the address of your own post."
)

var postPath = regexp.MustCompile(`^/(?:i/web|i|@?[A-Za-z0-9_]{1,15})/status(?:es)?/([0-9]{1,19})(?:/.*)?$`)

// PostNumber reads the number out of the address of a post on X.
func PostNumber(address string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err == nil && len(address) <= maxURL && onX(u) {
		if found := postPath.FindStringSubmatch(u.Path); found != nil && social.IsXID(found[1]) {
			return found[1], nil
		}
	}
	return "", fault.New(fault.Invalid, CodeNotPost, sayNotPost)
}

// onX reports whether an address is one of X's pages.
func onX(u *url.URL) bool {
	if u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Port() != "" {
		return false
	}
	switch host := strings.ToLower(u.Hostname()); strings.TrimPrefix(strings.TrimPrefix(host, "www."), "mobile.") {
	case "x.com", "twitter.com":
		return true
	}
	return false
}

// XPost reads the public post of that number. username is whose it is thought
// to be; the answer says whose it is. Gone with the code no-such-post when
// there is none, Denied when X shows it to some only or shows another one.
func (d *Door) XPost(ctx context.Context, username, number string) (social.XPost, error) {
	if !social.IsXUsername(username) {
		username = "i"
	}
	if !social.IsXID(number) {
		return social.XPost{}, fault.New(fault.Invalid, CodeNotPost, sayNotPost)
	}
	ask := url.Values{"url": {"https://twitter.com/" + username + "/status/" + number},
		"omit_script": {"true"}, "dnt": {"true"}, "hide_thread": {"true"}, "hide_media": {"true"}}
	a, err := d.get(ctx, d.xEmbed+"?"+ask.Encode(), "application/json", maxOEmbed)
	switch {
	case err != nil && stopped(ctx):
		return social.XPost{}, context.Cause(ctx)
	case err != nil:
		return social.XPost{}, explain(hostOf(d.xEmbed), err)
	case a.status == http.StatusNotFound:
		return social.XPost{}, fault.New(fault.Gone, CodeNoPost, sayNoPost)
	case a.status == http.StatusForbidden, a.status == http.StatusUnauthorized:
		return social.XPost{}, fault.New(fault.Denied, CodeHidden, sayHidden)
	case a.status != http.StatusOK:
		return social.XPost{}, explain(hostOf(d.xEmbed), errMalformed)
	}
	return readEmbed(a.body, number)
}

// readEmbed reads an oEmbed document about the post of that number.
func readEmbed(body []byte, number string) (social.XPost, error) {
	var embed struct {
		URL    string `json:"url"`
		Author string `json:"author_url"`
		HTML   string `json:"html"`
	}
	if !utf8.Valid(body) || json.Unmarshal(body, &embed) != nil {
		return social.XPost{}, explain("X", errMalformed)
	}
	p := social.XPost{ID: number, Username: profileOnX(embed.Author), Text: postText(embed.HTML)}
	if p.Username == "" {
		return social.XPost{}, explain("X", errMalformed)
	}
	// The address that X itself gives names the post and its author once more: a
	// repost's is the one of the original.
	u, err := url.Parse(embed.URL)
	if shown, numbered := PostNumber(embed.URL); err != nil || numbered != nil || shown != number ||
		!strings.EqualFold(strings.Split(strings.TrimPrefix(u.Path, "/"), "/")[0], p.Username) {
		return social.XPost{}, fault.New(fault.Denied, CodeOtherPost, sayOtherPost)
	}
	return p, nil
}

// profileOnX is the username of a profile's address, "" when it is none.
func profileOnX(address string) string {
	u, err := url.Parse(address)
	if err != nil || !onX(u) {
		return ""
	}
	name := strings.TrimPrefix(u.Path, "/")
	if !social.IsXUsername(name) {
		return ""
	}
	return name
}

// postText is the text of the post in the HTML of an embed: the first paragraph
// of the quotation. The author's display name and the date come after it, and
// are anybody's to choose.
func postText(s string) string {
	var b strings.Builder
	quoted, inside := false, false
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		name, _ := z.TagName()
		switch tag := string(name); {
		case kind == html.TextToken && inside:
			b.Write(z.Text())
		case kind == html.StartTagToken && tag == "blockquote":
			quoted = true
		case kind == html.StartTagToken && tag == "p" && quoted:
			inside = true
		case tag == "br" && inside:
			b.WriteByte('\n')
		case kind == html.EndTagToken && inside && (tag == "p" || tag == "blockquote"):
			return b.String()
		}
	}
}
