package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web"
)

// creator is a house in which alice@shore.test has proven @alice_x.
func creator(t *testing.T, who social.RegistrationAudience) (*house, *browser) {
	t.Helper()
	h := town(t, web.Anyone)
	b := h.signIn("alice@shore.test")
	user := h.userOf(b)
	h.check(h.store.SaveProven(t.Context(), social.Registration{UserID: user.ID, XID: "42", XIDProven: true, Username: "alice_x", Proof: social.ProofLogin,
		Handle: user.Handle, ActorID: user.ActorID, CreatedAt: h.clock.Now(), CheckedAt: h.clock.Now()}))
	h.check(h.store.Publish(t.Context(), user.ID, who))
	return h, b
}

func TestKit(t *testing.T) {
	_, b := creator(t, social.PublicPage)
	if to := b.get("/announce").Header.Get("Location"); to != "/announce/kit" {
		t.Errorf("led to %s", to)
	}
	page := b.page("/announce/kit")
	page.want(t, "@alice@shore.test", "24 of 160 characters")
	if got := page.doc.Find("#bio-2").Text(); got != "I moved to the fediverse: @alice@shore.test" {
		t.Errorf("%q", got)
	}
	page.doc.Find(".copy textarea").Each(func(_ int, s *goquery.Selection) {
		if _, fixed := s.Attr("readonly"); !fixed || strings.TrimSpace(s.Text()) == "" {
			t.Errorf("a field to copy is %q", s.Text())
		}
	})
	if got := b.page("/announce/kit?in=ja").doc.Find("#bio-1").Text(); got != "引っ越し先 @alice@shore.test" {
		t.Errorf("%q", got)
	}
	for own, want := range map[string]string{
		"birder | now @alice@shore.test": "can read this", "now alice(at)elsewhere": "don't find @alice@shore.test",
		"alice@shore.test": "e-mail address", "@alice@shore.test or @al@reeds.test": "can't tell which",
	} {
		b.page("/announce/kit?own="+strings.ReplaceAll(own, " ", "+")).want(t, want)
	}
}

func TestKitPictures(t *testing.T) {
	h, b := creator(t, social.PublicPage)
	for path, kind := range map[string]string{"/announce/card.png": "image/png", "/announce/qr.png": "image/png", "/announce/qr.svg": "image/svg+xml"} {
		a := b.page(path)
		if a.Header.Get("Content-Type") != kind {
			t.Errorf("%s is %s", path, a.Header.Get("Content-Type"))
		}
		if kind == "image/png" {
			must[image.Image](t)(png.Decode(bytes.NewReader([]byte(a.text))))
		}
	}
	if public := h.browser().page("/@x/alice_x/card.png"); public.text != b.page("/announce/card.png").text {
		t.Error("the preview is another picture than the kit's")
	}
	h.check(h.store.Publish(t.Context(), h.userOf(b).ID, social.OnlyFollowers))
	if a := h.browser().get("/@x/alice_x/card.png"); a.StatusCode != http.StatusNotFound {
		t.Errorf("the picture of nobody's page: %d", a.StatusCode)
	}
	b.page("/announce/kit").want(t, "You have no page that everybody can see.")
}

func TestAnnouncedForPreviews(t *testing.T) {
	h, _ := creator(t, social.PublicPage)
	page := h.browser().page("/@x/alice_x")
	for property, want := range map[string]string{"og:title": "@alice_x on X is now @alice@shore.test.", "og:url": h.base + "/@x/alice_x", "og:image": h.base + "/@x/alice_x/card.png"} {
		if got := page.doc.Find(`meta[property="`+property+`"]`).AttrOr("content", ""); got != want {
			t.Errorf("%s is %q", property, got)
		}
	}
	var mine []string
	page.doc.Find(`link[rel=me], a[rel~=me]`).Each(func(_ int, s *goquery.Selection) { mine = append(mine, s.AttrOr("href", "")) })
	if want := []string{"https://shore.test/users/alice", "https://shore.test/users/alice", "https://x.com/alice_x"}; !slices.Equal(mine, want) {
		t.Errorf("rel=me: %q", mine)
	}
	if page.Header.Get("X-Robots-Tag") != "noindex" {
		t.Error("search engines are let in")
	}
}

// Somebody follows from their own server, by handle or host, and is led nowhere
// else than there.
func TestFollowFromOwnServer(t *testing.T) {
	h, _ := creator(t, social.PublicPage)
	evil := h.world.AddHost("evil.test", social.Mastodon)
	evil.Handle("/.well-known/webfinger", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"subject":"acct:a@evil.test","links":[{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://victim.test/x?uri={uri}"}]}`)
	}))
	h.world.AddHost("terns.test", social.Mastodon).AddAccount("gail")
	h.world.AddHost("plain.test", social.Snac).AddAccount("me")
	b := h.browser()
	page := b.page("/@x/alice_x")
	const uri = "?uri=https%3A%2F%2Fshore.test%2Fusers%2Falice"
	for typed, want := range map[string]string{
		"@gail@terns.test": "https://terns.test/authorize_interaction" + uri, "terns.test": "https://terns.test/authorize_interaction" + uri,
		"https://terns.test/@gail": "https://terns.test/authorize_interaction" + uri,
		"a@evil.test":              "https://evil.test/authorize_interaction" + uri, // its own page, not the one its WebFinger names
	} {
		a := b.submit(page, "/@x/alice_x/follow", "server", typed)
		if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != want {
			t.Errorf("%s: %d to %s\n%s", typed, a.StatusCode, a.Header.Get("Location"), a.main())
		}
	}
	for typed, want := range map[string]string{
		"": "Type your server or your handle first.", "nobody@reeds.test": "", "plain.test": "Search there for @alice@shore.test", "javascript:alert(1)": "",
		"//victim.test/x": "", "@alice_x": "That is your X name",
	} {
		a := b.submit(page, "/@x/alice_x/follow", "server", typed)
		if a.StatusCode != http.StatusUnprocessableEntity || a.Header.Get("Location") != "" {
			t.Errorf("%q: %d to %s", typed, a.StatusCode, a.Header.Get("Location"))
		}
		a.want(t, want)
		if got := a.doc.Find("#server").AttrOr("value", ""); got != typed {
			t.Errorf("%q became %q", typed, got)
		}
	}
}

// A search for name@this-host leads to the new account; nothing leads from a
// handle to X, and nobody without a public page is told (REG-03).
func TestREG03WebFingerAlias(t *testing.T) {
	h, b := creator(t, social.PublicPage)
	host := strings.TrimPrefix(h.base, "http://")
	ask := func(resource string) answer { return h.browser().get("/.well-known/webfinger?resource=" + resource) }
	for _, resource := range []string{"acct:alice_x@" + host, "acct:ALICE_X@" + host, h.base + "/@x/alice_x"} {
		var doc struct {
			Subject string
			Links   []struct{ Rel, Href string }
		}
		a := ask(resource)
		if err := json.Unmarshal([]byte(a.text), &doc); err != nil || a.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Fatalf("%s: %d %v", resource, a.StatusCode, err)
		}
		if doc.Subject != "acct:alice@shore.test" || doc.Links[0].Href != "https://shore.test/users/alice" || doc.Links[0].Rel != "self" {
			t.Errorf("%s: %s", resource, a.text)
		}
	}
	for _, resource := range []string{"", "acct:alice@shore.test", "https://shore.test/users/alice", "acct:nobody@" + host, "acct:alice_x@evil.test", h.base + "/@x/alice_x/more", "acct:" + strings.Repeat("a", 600)} {
		if a := ask(resource); a.StatusCode != http.StatusNotFound {
			t.Errorf("%.40s: %d", resource, a.StatusCode)
		}
	}
	h.check(h.store.Publish(t.Context(), h.userOf(b).ID, social.OnlyFollowers))
	if a := ask("acct:alice_x@" + host); a.StatusCode != http.StatusNotFound {
		t.Errorf("for followers only: %d", a.StatusCode)
	}
}

// moved gives the house n more people who followed alice on X, and answers who
// they are.
func (h *house) moved(from, n int) (all []social.User) {
	h.t.Helper()
	for i := range n {
		user := must[social.User](h.t)(h.store.SaveUser(h.t.Context(), social.User{Host: "reeds.test", RemoteID: social.RemoteID(fmt.Sprint(from + i)),
			Handle: must[social.Handle](h.t)(social.ParseHandle(fmt.Sprintf("u%d@reeds.test", from+i), social.Private)), CreatedAt: h.clock.Now()}))
		h.seed(user, []friend{{id: "42", username: "alice_x", name: "Alice"}})
		all = append(all, user)
	}
	return all
}

// REG-09: a registrant sees numbers in fives, the same all day, and never one
// that could mean somebody.
func TestREG09CreatorCounts(t *testing.T) {
	h, b := creator(t, social.OnlyFollowers)
	if to := h.signIn("gail@reeds.test").get("/announce/counts").Header.Get("Location"); to != "/register" {
		t.Errorf("who has nothing published is led to %s", to)
	}
	h.moved(100, 4)
	b.page("/announce/counts").want(t, "Fewer than 5 people so far.")
	h.moved(200, 8)
	b.page("/announce/counts").want(t, "Fewer than 5 people so far.") // the same day
	h.clock.Advance(48 * time.Hour)
	figures := func() string {
		return strings.Join(strings.Fields(b.page("/announce/counts").doc.Find("dd").Text()), " ")
	}
	b.page("/announce/counts").want(t, "Fewer than 5")
	if got := figures(); got != "10Fewer than 5Fewer than 5" {
		t.Errorf("12 people are shown as %s", got)
	}
	before := b.page("/announce/counts").main()
	h.moved(300, 7)
	h.clock.Advance(time.Minute)
	if after := b.page("/announce/counts").main(); after != before {
		t.Errorf("somebody who joined changed a number within the day:\n%s\n%s", before, after)
	}
	h.clock.Advance(48 * time.Hour)
	if got := figures(); got != "15Fewer than 5Fewer than 5" {
		t.Errorf("19 people are shown as %s", got)
	}
	c := must[store.CreatorCounts](t)(h.store.CountsFor(context.Background(), h.userOf(b).ID, h.clock.Now()))
	if c.Followed != 15 || c.DueAt.Sub(h.clock.Now()) > 48*time.Hour || !c.DueAt.After(h.clock.Now()) {
		t.Errorf("%+v", c)
	}
}

func TestNetwork(t *testing.T) {
	h := newHouse(t, web.Local)
	b := h.owner()
	b.page("/network").want(t, "There is nothing to match yet.")
	h.seed(h.userOf(b), friends())
	page := b.page("/network")
	page.want(t, "4 of 5 people found", "Found4", "Not found yet1", "reeds.test")
	chart := page.doc.Find("svg.chart").First()
	if chart.Find("title").Length() != 1 || !strings.Contains(chart.Find("desc").Text(), "4 found") || chart.Find("rect").Length() != 2 {
		t.Errorf("the chart is %s", chart.Text())
	}
	if names := chart.AttrOr("aria-labelledby", ""); names != "found-title found-desc" {
		t.Errorf("the chart is named by %q", names)
	}
	if to := page.doc.Find(".bars a").First().AttrOr("href", ""); to != "/matches?host=reeds.test" {
		t.Errorf("a server leads to %s", to)
	}
}

func TestServers(t *testing.T) {
	h := newHouse(t, web.Local)
	reeds := h.world.AddHost("reeds.test", social.Mastodon, feditest.OpenRegistrations(), feditest.Titled("The Reeds"),
		feditest.Ruled("Be kind.", "Applications are reviewed within 24 hours."))
	reeds.AddAccount("ava")
	b := h.owner()
	b.page("/servers").want(t, "Once your export is read")
	h.seed(h.userOf(b), friends())
	page := b.page("/servers")
	page.want(t, "Ask 1 server whether one can sign up")
	asked := b.follow(b.submit(page, "/servers"))
	asked.want(t, "1 server was not heard of yet.")
	due, _, err := h.store.DueTasks(t.Context(), h.clock.Now(), 10)
	h.check(err)
	for _, task := range due {
		if task.Kind == social.ServerTask {
			h.check(h.crew.Handle(t.Context(), task))
		}
	}
	page = b.page("/servers")
	page.want(t, "The Reeds", "4 of the people you follow are here", "By approval", "Applications are reviewed within 24 hours.", "Languages: English.")
	link := page.doc.Find(".server a.button")
	if link.AttrOr("href", "") != "https://reeds.test/auth/sign_up" || !strings.Contains(link.AttrOr("rel", ""), "noreferrer") {
		t.Errorf("one signs up at %s", link.AttrOr("href", ""))
	}
	for query, want := range map[string]int{"?language=en": 1, "?language=de": 0, "?way=open": 0, "?way=approval": 1, "?region=DE": 0, "?way=nonsense": 1} {
		if n := b.page("/servers" + query).doc.Find(".server").Length(); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	b.page("/servers?way=open").want(t, "No server fits all of that.")
}
