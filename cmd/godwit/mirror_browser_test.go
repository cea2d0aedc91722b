package main

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestCarryOver walks, in a real browser, how posts are carried over: the
// export given with its pictures, choices, a look at every post, one more
// permission, sending, and everything deleted again.
func TestCarryOver(t *testing.T) {
	d := startDemo(t)
	b := newBrowser(t)
	b.do("open", chromedp.Navigate(d.link))
	b.do("connect", chromedp.Navigate(base(d.link)+"/connect"), chromedp.SendKeys("#account", "@wanderer@mudflat.test"))
	b.press("form[data-busy] .acts button")
	b.press(`button[value="wanderer"]`)
	b.press(`button[value="allow"]`)
	giveArchive(b, d)
	previewPosts(b)
	carryPosts(b)
	deletePosts(b)
	b.done()
}

func giveArchive(b *browser, d demo) {
	at := base(d.link)
	b.do("posts", chromedp.Navigate(at+"/mirror"))
	b.shot("mirror-archive")
	b.do("choose", chromedp.SetUploadFiles("#files", []string{d.samples[0]}))
	b.press(`form[action="/mirror/archive"] .acts button`)
	b.until("read", `!/Reading/.test(document.querySelector("h1").textContent)`)
	b.press(`a[href="/mirror/new"]`)
	b.shot("mirror-new")
}

func previewPosts(b *browser) {
	b.press(`form[action="/mirror"] .acts button`)
	b.until("the plan", `document.querySelectorAll(".pair").length > 0`)
	b.shot("mirror-preview")
	b.press(`form[action="/connect"] .acts button`)
	b.press(`button[value="wanderer"]`)
	if text := b.text("body"); !strings.Contains(text, "write:statuses") {
		b.t.Errorf("the server doesn't ask for posting: %s", text)
	}
	b.press(`button[value="allow"]`)
	b.until("the preview again", `/\/mirror\/\d+\/preview/.test(location.pathname)`)
}

func carryPosts(b *browser) {
	b.press(`form[action$="/start"] .acts button`)
	b.shot("mirror-running")
	b.until("the end", `/carried over$/.test(document.querySelector("h1").textContent.trim()) && !/ of /.test(document.querySelector("h1").textContent)`)
	b.shot("mirror-finished")
	b.set("/language", "zh-Hans")
	b.shot("mirror-finished-zh")
	b.set("/language", "en")
}

func deletePosts(b *browser) {
	b.do("undo", chromedp.Navigate(b.at()+"/undo"))
	b.shot("mirror-undo")
	b.press("#yes")
	b.until("all deleted", `/deleted again/.test(document.querySelector("h1").textContent)`)
	b.shot("mirror-undone")
}
