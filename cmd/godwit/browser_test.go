package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// shotsVar names the folder into which a journey's pictures are written.
const shotsVar = "GODWIT_SHOTS"

// browser is a real Chromium with one open page.
type browser struct {
	t     *testing.T
	ctx   context.Context
	shots string
	n     int
	axe   bool // pages are checked for accessibility

	mu      sync.Mutex
	trouble []string // what the page complained of: errors, refused resources
	outside []string // requests that left this machine
	forgive []string // what a page may complain of
}

// newBrowser starts Chromium. Under CI=true it must be there.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not on this machine")
		}
		t.Skip("chromium is not on this machine: the pages were not walked in a browser")
	}
	o := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("lang", "en"), chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), o...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, shots: os.Getenv(shotsVar), axe: readyAxe(t)}
	b.do("start")
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	b.do("start", chromedp.EmulateViewport(1280, 900))
	return b
}

// refusal is what Chromium says of a page that answers with a sentence about
// what was wrong, as the journey makes pages do.
var refusal = regexp.MustCompile(`status of (404|422) `)

// forgives lets pages complain of what a journey makes happen to them.
func (b *browser) forgives(texts ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forgive = texts
}

// hear notes what a page complains of and where it sends requests.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, e.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		expected := func(text string) bool { return strings.Contains(e.Entry.Text, text) }
		if e.Entry.Level == "error" && !refusal.MatchString(e.Entry.Text) && !slices.ContainsFunc(b.forgive, expected) {
			b.trouble = append(b.trouble, e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !local(url) {
			b.outside = append(b.outside, url)
		}
	}
}

// do runs steps; what says for a failure where the journey was.
func (b *browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.fail(what, err)
	}
}

func (b *browser) fail(what string, err error) {
	b.t.Helper()
	at, _ := chromedp.Run(b.ctx, chromedp.Location())
	text, _ := chromedp.Run(b.ctx, chromedp.Text("main"))
	b.t.Fatalf("%s at %s: %v\n%s", what, at, err, text)
}

// press presses a button or link and waits for the page it leads to.
func (b *browser) press(selector string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`window.before = true`)); err != nil {
		b.fail("before "+selector, err)
	}
	b.do("press "+selector, chromedp.Click(selector))
	b.until("after "+selector, `!window.before && document.readyState === "complete" && document.querySelector("h1") !== null`)
}

// patient is how long a page may take to show what it should.
const patient = 2 * time.Minute

// until waits for a JavaScript expression to be true in the page as it is:
// what changes comes by events.
func (b *browser) until(what, expression string) {
	b.t.Helper()
	b.wait(what, expression, nil)
}

// untilAt loads a page again and again, as somebody without scripts does,
// until the expression is true in it.
func (b *browser) untilAt(path, expression string) {
	b.t.Helper()
	b.wait(path, expression, chromedp.Navigate(origin(b)+path))
}

func (b *browser) wait(what, expression string, before chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patient)
	for {
		if before != nil {
			b.do(what, before)
		}
		if yes, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression)); err == nil && yes {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			b.fail(what, fmt.Errorf("never true: %s", expression))
		}
	}
}

// set chooses a value in one of the forms at the foot of the page and sends it.
func (b *browser) set(action, value string) {
	b.t.Helper()
	choose := fmt.Sprintf(`document.querySelector('form[action=%q] select').value = %q`, action, value)
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](choose)); err != nil {
		b.fail("choose "+value, err)
	}
	b.press(fmt.Sprintf(`form[action=%q] button`, action))
}

func (b *browser) text(selector string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(selector))
	if err != nil {
		b.fail("text of "+selector, err)
	}
	return text
}

func (b *browser) at() string {
	b.t.Helper()
	at, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		b.fail("location", err)
	}
	return at
}

// widths are those at which pages are looked at.
var widths = []int64{1280, 390}

// shot takes a picture of the page at both widths and checks that nothing
// sticks out sideways, and that everybody can use it.
func (b *browser) shot(name string) {
	b.t.Helper()
	b.n++
	for _, width := range widths {
		b.do("resize", chromedp.EmulateViewport(width, 900))
		wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
		if err != nil {
			b.fail("measure", err)
		}
		if wide > width {
			b.t.Errorf("%s is %d pixels wide at %d", name, wide, width)
		}
		b.save(fmt.Sprintf("%02d-%s-%d.png", b.n, name, width))
	}
	b.accessible(name)
	b.do("resize", chromedp.EmulateViewport(1280, 900))
}

func (b *browser) save(name string) {
	if b.shots == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.fail("picture", err)
	}
	if err := os.MkdirAll(b.shots, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.shots, name), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// done fails the test when any page complained or asked anybody else.
func (b *browser) done() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, what := range b.trouble {
		b.t.Errorf("a page complained: %s", what)
	}
	for _, url := range b.outside {
		b.t.Errorf("a page asked somebody else: %s", url)
	}
}
