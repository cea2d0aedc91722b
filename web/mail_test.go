package web_test

import (
	"net/http"
	"strings"
	"testing"

	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web"
)

// TestMailPages: an address is given on the page, confirmed by a press on the
// page of the link and by nothing less, and ended by one press from anywhere.
func TestMailPages(t *testing.T) {
	h := town(t, web.Anyone, func(d *web.Deps) { d.Mail = true })
	b, stranger := h.signIn("alice@shore.test"), h.browser()
	user := h.userOf(b)
	refused := b.post("/arrivals", "do", "mail", "mail", "alice")
	if refused.StatusCode != http.StatusUnprocessableEntity || refused.doc.Find("#mail").AttrOr("value", "") != "alice" {
		t.Errorf("no address: %d", refused.StatusCode)
	}
	b.post("/arrivals", "do", "mail", "mail", "alice@mail.example")
	b.page("/arrivals").want(t, "A link is on its way to alice@mail.example.")
	m := must[store.Mail](t)(h.store.GetMail(t.Context(), user.ID))
	confirm := "/mail/confirm/" + must[string](t)(h.store.MailName(t.Context(), m, store.ConfirmLink))
	stranger.page(confirm)
	if m = must[store.Mail](t)(h.store.GetMail(t.Context(), user.ID)); !m.ConfirmedAt.IsZero() {
		t.Error("looking at the link confirmed the address")
	}
	stranger.submit(stranger.page(confirm), confirm).want(t, "We will write to you")
	b.page("/arrivals").want(t, "We write to alice@mail.example")
	stop := "/mail/stop/" + must[string](t)(h.store.MailName(t.Context(), m, store.StopLink))
	stranger.page(stop)
	press := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPost, h.base+stop, strings.NewReader("List-Unsubscribe=One-Click")))
	press.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := stranger.do(press); got.StatusCode != http.StatusOK {
		t.Errorf("one press: %d", got.StatusCode)
	}
	if _, err := h.store.GetMail(t.Context(), user.ID); err == nil {
		t.Error("the address is kept")
	}
	same := stranger.post("/mail/stop/" + "987654-" + strings.Repeat("a", 40))
	if same.StatusCode != http.StatusOK {
		t.Errorf("a link that stops nothing: %d", same.StatusCode)
	}
	if strings.Contains(h.log.String(), "mail.example") {
		t.Error(h.log)
	}
}

// Without a mail server there is no form, and nothing is kept.
func TestMailIsTheOperatorsToOffer(t *testing.T) {
	h := town(t, web.Anyone)
	b := h.signIn("alice@shore.test")
	if b.page("/arrivals").doc.Find("#mail").Length() != 0 {
		t.Error("e-mail is offered without a server")
	}
	if got := b.post("/arrivals", "do", "mail", "mail", "alice@mail.example"); got.StatusCode != http.StatusNotFound {
		t.Errorf("%d", got.StatusCode)
	}
}

// Letters are in the reader's language, name people by what X lets them be
// called, and have one line for each.
func TestLetters(t *testing.T) {
	letters := must[*web.Letters](t)(web.NewLetters("https://godwit.example/"))
	var all []store.Arrival
	for i, username := range append([]string{"wader_0", "http://evil.test/\n@x"}, make([]string, 20)...) {
		h := handleOf(t, "wader@flock.test")
		all = append(all, store.Arrival{Match: social.Match{ID: int64(i), Handle: h, Account: social.Account{NativeID: "42", Username: username, Name: "evil.test"}}})
	}
	for lang, want := range map[string][]string{
		"en":      {"22 new arrivals", "@wader_0 is now @wader@flock.test.", "And 2 more.", "https://godwit.example/arrivals", "https://godwit.example/mail/stop/1-a", "godwit.example for it"},
		"zh-Hans": {"新到 22 人", "@wader_0 现在是 @wader@flock.test。", "另有 2 人。", "https://godwit.example/mail/stop/1-a"},
	} {
		l := letters.Arrivals(lang, all, "1-a")
		for _, part := range want {
			if !strings.Contains(l.Text, part) {
				t.Errorf("%s: %q lacks %q", lang, l.Text, part)
			}
		}
		if strings.Contains(l.Text, "evil") || l.Stop != "https://godwit.example/mail/stop/1-a" || l.Subject == "" {
			t.Errorf("%+v", l)
		}
		if c := letters.Confirm(lang, "1-b"); !strings.Contains(c.Text, "https://godwit.example/mail/confirm/1-b") || c.Stop != "" || strings.Contains(c.Text, "wader") {
			t.Errorf("%+v", c)
		}
	}
}
