package web_test

import (
	"net/http"
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/web"
)

// An account elsewhere is given by its address, or by its server and a token;
// what was typed wrong comes back, but for the token.
func TestGiveAccount(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	b.page("/sources/new").want(t, "Read it from an account instead of a file", "Truth Social", "no password is needed")
	for name, c := range map[string]struct {
		fields []string
		field  string
		want   string
	}{
		"no address": {[]string{"from", "bluesky", "bluesky", "not an address"}, "bluesky", "That isn't the address of a Bluesky account."},
		"no server":  {[]string{"from", "server", "server", "not a server", "token", "SESAME-OPEN-1234"}, "server", "That isn't the name of a server."},
		"no token":   {[]string{"from", "server", "server", "truthsocial.com", "token", "two words and SESAME"}, "token", "That isn't a token."},
		"nothing":    {nil, "bluesky", "That isn't the address of a Bluesky account."},
	} {
		a := b.post("/sources/account", c.fields...)
		if a.StatusCode != http.StatusUnprocessableEntity || a.doc.Find("#"+c.field+"[aria-invalid]").Length() != 1 || a.doc.Find("details#account[open]").Length() != 1 || a.doc.Find("#files[aria-invalid]").Length() != 0 {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.main())
		}
		a.want(t, c.want)
		if html, _ := a.doc.Html(); strings.Contains(html, "SESAME") {
			t.Errorf("%s: the token comes back", name)
		}
	}
	sky := b.follow(b.post("/sources/account", "from", "bluesky", "bluesky", "@Ida.bsky.social"))
	sky.want(t, "We read it from at://ida.bsky.social now, page by page.")
	b.follow(b.post("/sources/account", "from", "server", "server", "https://truthsocial.com/", "token", " SESAME-OPEN-1234 ")).want(t, "We read it from truthsocial.com now")
	all := must[[]social.Source](t)(h.store.ListSources(t.Context(), h.userOf(b).ID))
	if len(all) != 2 || all[1].Kind != social.KindBluesky || all[0].Kind != social.KindMastodonAPI || len(h.rung) != 2 {
		t.Fatalf("%+v, rung %v", all, h.rung)
	}
	if host, token, err := h.store.SourceToken(t.Context(), all[0].ID); err != nil || host != "truthsocial.com" || token.Reveal() != "SESAME-OPEN-1234" {
		t.Errorf("%s %v", host, err)
	}
	if _, _, err := h.store.SourceToken(t.Context(), all[1].ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	for _, page := range []string{"/sources/new", "/data/export"} {
		if html := b.get(page).text; strings.Contains(html, "SESAME") {
			t.Errorf("%s tells the token", page)
		}
	}
}
