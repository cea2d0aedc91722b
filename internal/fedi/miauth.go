package fedi

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// miauthPath is where MiAuth gives the token of a session, once.
var miauthPath = regexp.MustCompile(`^/api/miauth/([0-9a-f-]{36})/check$`)

// MiAuth is how one signs in on Misskey and Sharkey: the person is sent to
// authorize, and back to callback with the session's id as "session", after
// which Exchange takes the token at tokenURL. No app is registered, and nobody
// but us knows the session. callback may be "" where there is no way back.
func MiAuth(host, callback, scopes string) (authorize, tokenURL string) {
	session := newSession()
	q := url.Values{"name": {clientName}, "permission": {strings.Join(strings.Fields(scopes), ",")}}
	if callback != "" {
		q.Set("callback", callback)
	}
	return "https://" + host + "/miauth/" + session + "?" + q.Encode(), "https://" + host + "/api/miauth/" + session + "/check"
}

// newSession is a random UUID.
func newSession() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// checkMiAuth takes the token of a session that the person allowed. session is
// what came back with them; it is ours, or it is somebody else's way in.
func (o *origin) checkMiAuth(ctx context.Context, path, session string) (Grant, error) {
	if miauthPath.FindStringSubmatch(path)[1] != session {
		return Grant{}, fault.New(fault.Invalid, CodeOldLink, sayOldLink)
	}
	var got struct {
		OK    bool   `json:"ok"`
		Token string `json:"token"`
	}
	r := request{method: http.MethodPost, path: path, json: map[string]string{}, most: maxAPI}
	if _, err := o.call(ctx, r, &got); err != nil {
		return Grant{}, err
	}
	if !got.OK {
		return Grant{}, fault.New(fault.Invalid, CodeOldLink, sayOldLink)
	}
	if !plain(got.Token, maxToken) {
		return Grant{}, fault.New(fault.Broken, CodeBadToken, sayBadToken, "host", o.host)
	}
	return Grant{Token: social.NewSecret(got.Token)}, nil
}
