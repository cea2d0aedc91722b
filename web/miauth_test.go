package web_test

import (
	"net/url"
	"strings"
	"testing"

	"godwit/internal/social"
	"godwit/web"
)

// TestConnectMisskey signs in by MiAuth: no app, the least permissions, and a
// session that counts in this browser alone.
func TestConnectMisskey(t *testing.T) {
	h := newHouse(t, web.Anyone)
	note := h.world.AddHost("note.test", social.Misskey)
	note.AddAccount("alice")
	note.AddAccount("mallory")
	b := h.browser()
	address := b.start("alice@note.test")
	u := must[*url.URL](t)(url.Parse(address))
	if !strings.HasPrefix(u.Path, "/miauth/") || u.Query().Get("permission") != "read:account,read:following,write:following" {
		t.Fatalf("sent to %s", address)
	}
	back := h.allow(address, "alice", "allow")
	if a := h.browser().get(back); strings.Contains(a.Header.Get("Location"), "/data") || note.Tokens("alice") != 1 {
		t.Errorf("another browser: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	b.get(back)
	if got := h.userOf(b); got.Handle.String() != "alice@note.test" {
		t.Fatalf("signed in as %s", got.Handle)
	}

	attacker, victim := h.browser(), h.browser()
	stolen := must[*url.URL](t)(url.Parse(h.allow(attacker.start("mallory@note.test"), "mallory", "allow")))
	own := must[*url.URL](t)(url.Parse(h.allow(victim.start("alice@note.test"), "alice", "allow")))
	q := own.Query()
	q.Set("session", stolen.Query().Get("session"))
	own.RawQuery = q.Encode()
	victim.get(own.String())
	if victim.cookie("session") != "" {
		t.Error("a session that somebody else was let in by counts")
	}
}
