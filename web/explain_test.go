package web_test

import (
	"net/http"
	"strings"
	"testing"

	"godwit/web"
)

// TestExplain: anyone may see what is read in a text and why, in both
// languages; nothing of it is kept and nobody is asked.
func TestExplain(t *testing.T) {
	h := newHouse(t, web.Anyone)
	b := h.browser()
	before := h.rows()
	text := "Now at @ann@mas.to <b>!</b>, art by @bob@mastodon.art. Follow @carol@carols.blog"
	a := b.submit(b.page("/explain"), "/explain", "text", text, "field", "bio")
	a.want(t, "Read as the author's own", "@ann@mas.to", "Written as @name@server.", "Could be", "@carol@carols.blog", "The words around it may name somebody else.",
		"Passed over", "@bob@mastodon.art", "The words around it name somebody else.")
	if a.StatusCode != http.StatusOK || a.doc.Find("textarea").Text() != text {
		t.Errorf("%d, the text is %q", a.StatusCode, a.doc.Find("textarea").Text())
	}
	if a.doc.Find("#read b").Length() > 0 {
		t.Error("a stranger's tag became one of ours")
	}
	if after := h.rows(); after != before {
		t.Error("something was kept")
	}
	if got := a.Header.Get("Location"); got != "" || strings.Contains(a.Request.URL.RawQuery, "ann") {
		t.Error("the text is in an address")
	}
	if b.submit(b.page("/explain"), "/explain", "text", " ").StatusCode != http.StatusUnprocessableEntity {
		t.Error("nothing was pasted, and nothing said")
	}
	r := b.request(http.MethodGet, "/explain", nil)
	r.Header.Set("Accept-Language", "zh-CN")
	b.do(r).want(t, "Godwit 能从资料里读出什么", "不会保存")
	if len(h.world.Log()) > 0 {
		t.Error("another server was asked")
	}
}

// TestExplainSaysAll: every form and reason of the matcher has its sentence.
func TestExplainSaysAll(t *testing.T) {
	h := newHouse(t, web.Anyone)
	b := h.browser()
	for _, text := range []string{"@a@mas.to", "a@b.blog", "ann @ mas.to", "a (at) mas (dot) to", "@a.mas.to", "@a on mas.to", "acct:a@mas.to", "https://@a@mas.to",
		"https://mas.to/@a", "https://mas.to/@a@mstdn.jp", "https://mas.to/users/a", "https://mas.to/u/a", "https://peertube.tv/c/a", "https://pixelfed.social/a",
		"https://elk.zone/mas.to/@a", "https://a.write.as/", "https://fed.brid.gy/web/a.blog", "https://x.blog/?u=a&s=mas.to", "a.bsky.social",
		"formerly @a@mas.to", "see also @a@mas.to", "https://site.blog/u/ann", "https://threads.net/@a", "nostr: @a@b.blog", "press@a.blog", "mail: a@b.blog", "@a@gmail.com",
		"@a@bird.makeup", "@you@mas.to", "ann at smiths.com", "https://mas.to/@a/1", "@a@annsblog.com…", "by @a@mas.to", "xmpp: a@b.blog"} {
		a := b.submit(b.page("/explain"), "/explain", "text", text)
		if said := a.main(); strings.Contains(said, "explain.") || a.doc.Find("#read li").Length() == 0 {
			t.Errorf("%q: %s", text, said)
		}
	}
}
