package web_test

import (
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"godwit/internal/fedi/feditest"
	"godwit/internal/store"
	"godwit/web"
)

// REG-03, REG-04: no route takes a handle and answers an X account, and none
// lists who registered.
func TestREG03NoReverseLookUp(t *testing.T) {
	for _, pattern := range web.Patterns() {
		_, path, _ := strings.Cut(pattern, " ")
		if strings.Contains(path, "{handle}") || strings.Contains(path, "{actor}") || path == "/@x" || path == "/@x/" || strings.HasPrefix(path, "/registrations") {
			t.Errorf("%s may lead from a handle to an X account, or lists people", pattern)
		}
	}
}

// TestREG13PublicPage: the page is there for whoever chose it, under the proven
// name only, and gone for everybody at the press that withdraws (REG-10).
func TestREG13PublicPage(t *testing.T) {
	h := town(t, web.Anyone)
	x := h.world.AddX()
	x.Name("42", "alice_x")
	b, stranger := h.signIn("alice@shore.test"), h.browser()
	b.submit(b.page("/register"), "/register", "name", "@Alice_X")
	page := b.page("/register")
	text := page.doc.Find("#text").Text()
	if !strings.Contains(text, "@alice@shore.test (godwit-") {
		t.Fatalf("the text to post is %q", text)
	}
	refused := b.submit(page, "/register/check", "post", "https://x.com/alice_x/status/1")
	if refused.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("without a post: %d", refused.StatusCode)
	}
	refused.want(t, "X says there is no such post")
	x.Post(feditest.XPost{Number: "1900000000000000001", Author: "42", Text: text})
	b.submit(page, "/register/check", "post", "https://x.com/alice_x/status/1900000000000000001")
	page = b.page("/register")
	page.want(t, "Both accounts are proven", "@alice_x on X is now @alice@shore.test.")
	gone := stranger.get("/@x/alice_x")
	if gone.StatusCode != http.StatusNotFound {
		t.Errorf("before it was published: %d", gone.StatusCode)
	}
	if to := b.submit(page, "/register/publish", "audience", "followers").Header.Get("Location"); to != "/announce/kit" {
		t.Errorf("published, and led to %s", to)
	}
	if got := stranger.get("/@x/alice_x"); got.StatusCode != http.StatusNotFound || got.text != gone.text && len(got.text) != len(gone.text) {
		t.Errorf("for followers only: %d", got.StatusCode)
	}
	b.submit(b.page("/register"), "/register/publish", "audience", "public")
	for _, name := range []string{"alice_x", "ALICE_X"} {
		stranger.page("/@x/"+name).want(t, "@alice_x on X is now @alice@shore.test.", "Both accounts were proven on")
	}
	for _, name := range []string{"%D0%B0lice_x", "alice_x/admin", "alice_x%2Fadmin", "alice", "alice_x%00"} {
		if got := stranger.get("/@x/" + name); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", name, got.StatusCode)
		}
	}
	b.submit(b.page("/register/withdraw"), "/register/withdraw")
	if got := stranger.get("/@x/alice_x"); got.StatusCode != http.StatusNotFound {
		t.Errorf("after the withdrawal: %d", got.StatusCode)
	}
	b.page("/register").want(t, "Old account")
}

// The feed tells arrivals under its secret address, until it gets another one.
func TestFeed(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.signIn("alice@shore.test")
	b.post("/arrivals", "do", "feed")
	address := b.page("/arrivals").doc.Find("#feed").AttrOr("value", "")
	path := strings.TrimPrefix(address, h.base)
	got := h.browser().get(path)
	var feed struct {
		ID string `xml:"id"`
	}
	if err := xml.Unmarshal([]byte(got.text), &feed); err != nil || feed.ID == "" || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/atom+xml") {
		t.Fatalf("%s: %d %v %q", path, got.StatusCode, err, got.text)
	}
	b.post("/arrivals", "do", "feed")
	if again := h.browser().get(path); again.StatusCode != http.StatusNotFound {
		t.Errorf("the old address: %d", again.StatusCode)
	}
	user := h.userOf(b)
	b.post("/arrivals", "do", "watch", "auto", "1")
	if w := must[store.Watch](t)(h.store.GetWatch(t.Context(), user.ID)); w.On || !w.Auto {
		t.Errorf("%+v", w)
	}
}
