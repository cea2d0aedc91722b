package main

import (
	"bufio"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"godwit/internal/fedi/feditest"
	"godwit/internal/social"
)

// TestRegisterPages walks the registration in a real browser, from nothing to
// the public page and back, and makes a private feed.
func TestRegisterPages(t *testing.T) {
	world := feditest.New(feditest.Options{})
	t.Cleanup(world.Close)
	home := world.AddHost("new.test", social.Mastodon)
	home.AddAccount("alice")
	x := world.AddX()
	x.Name("42", "alice_x")
	x.Name("66", "evil")
	p := newProgram(t, world)
	p.must(home.Token("alice").Reveal()+"\n", "login", "--token-stdin", "@alice@new.test")
	b := newBrowser(t)
	b.do("open", chromedp.Navigate(p.serve()))
	origin := strings.TrimSuffix(origin(b), "/")
	b.do("register", chromedp.Navigate(origin+"/register"))
	b.shot("register-start")
	b.do("name", chromedp.SendKeys("#name", "not a name"))
	b.press(`form[action="/register"] button`)
	b.shot("register-wrong-name")
	b.do("name", chromedp.SetValue("#name", "@alice_x"))
	b.press(`form[action="/register"] button`)
	b.shot("register-code")
	text, err := chromedp.Run(b.ctx, chromedp.Value("#text"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`@alice@new\.test \(godwit-[a-z0-9]{16}\)`).MatchString(text) {
		t.Fatalf("the text to post is %q", text)
	}
	x.Post(feditest.XPost{Number: "1900000000000000009", Author: "66", Text: text})
	b.do("post", chromedp.SendKeys("#post", "https://x.com/evil/status/1900000000000000009"))
	b.press(`form[action="/register/check"] button`)
	b.shot("register-refused")
	x.Post(feditest.XPost{Number: "1900000000000000001", Author: "42", Text: text})
	b.do("post", chromedp.SetValue("#post", "https://x.com/alice_x/status/1900000000000000001"))
	b.press(`form[action="/register/check"] button`)
	b.shot("register-proven")
	b.do("public", chromedp.Click(`input[value="public"]`))
	b.press(`form[action="/register/publish"] button`)
	walkKit(b, origin)
	b.do("page", chromedp.Navigate(origin+"/@x/ALICE_X"))
	b.shot("announced")
	if said := b.text("h1"); said != "@alice_x on X is now @alice@new.test." {
		t.Errorf("the page says %q", said)
	}
	b.do("arrivals", chromedp.Navigate(origin+"/arrivals"))
	b.press(`button[value="feed"]`)
	b.shot("arrivals")
	b.set("/language", "zh-Hans")
	b.do("register", chromedp.Navigate(origin+"/register"))
	b.shot("register-zh")
	b.set("/language", "en")
	b.do("withdraw", chromedp.Navigate(origin+"/register/withdraw"))
	b.shot("withdraw")
	b.press(`form[action="/register/withdraw"] button`)
	b.do("page", chromedp.Navigate(origin+"/@x/alice_x"))
	if said := b.text("main"); !strings.Contains(said, "There is no page for this name.") {
		t.Errorf("after the withdrawal: %q", said)
	}
	b.done()
}

// walkKit walks what a creator gets after publishing, in both languages: texts
// and pictures to take away, the numbers, and the page that everybody sees.
func walkKit(b *browser, origin string) {
	b.t.Helper()
	b.shot("kit")
	b.do("copy", chromedp.Click(`button[data-copy="bio-1"]`))
	b.until("the text is selected", `document.getElementById("bio-1").selectionEnd > 5`)
	b.do("own words", chromedp.SendKeys("#own", "birds and maps, alice at new"))
	b.press(`form[action^="/announce/kit"] button`)
	b.shot("kit-own-words")
	b.do("counts", chromedp.Navigate(origin+"/announce/counts"))
	b.shot("counts")
	b.do("page", chromedp.Navigate(origin+"/@x/alice_x"), chromedp.SendKeys("#server", "not a server"))
	b.press(`form[data-busy] .button`)
	b.shot("announced-wrong")
	b.do("page", chromedp.Navigate(origin+"/@x/alice_x"))
	b.set("/language", "zh-Hans")
	b.shot("announced-zh")
	b.do("kit", chromedp.Navigate(origin+"/announce/kit"))
	b.shot("kit-zh")
	b.set("/scheme", "dark")
	b.shot("kit-zh-dark")
	b.set("/language", "en")
	b.set("/scheme", "auto")
}

// serve starts `godwit serve` on a free port and returns the link it prints.
func (p *program) serve() string {
	p.t.Helper()
	return p.serveOn("127.0.0.1:0")
}

func (p *program) serveOn(addr string) string {
	p.t.Helper()
	cmd := exec.Command(p.path, "serve", "--addr", addr, "--no-open") // ended by stop
	cmd.Env = p.env
	out, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { stop(p.t, cmd) })
	link, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(link)
}
