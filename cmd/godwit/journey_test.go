package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func local(url string) bool {
	return strings.HasPrefix(url, "http://127.0.0.1:") || strings.HasPrefix(url, "data:") || strings.HasPrefix(url, "about:") || strings.HasPrefix(url, "blob:")
}

// demo is a running `godwit demo`.
type demo struct {
	link    string
	samples []string
}

// startDemo starts the demo as a process of its own on a free port.
func startDemo(t *testing.T) demo {
	t.Helper()
	p := newProgram(t, nil)
	cmd := exec.Command(p.path, "demo", "--addr", "127.0.0.1:0", "--no-open") // ended by stop, not by the test's end
	cmd.Env = p.env
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, cmd) })
	link, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the demo printed no link: %v\n%s", err, said.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return demo{strings.TrimSpace(link), regexp.MustCompile(`/[^ ,]+\.(?:zip|json)`).FindAllString(said.String(), -1)}
}

// allow presses what the simulated home server asks for until it sends the
// person back.
func (b *browser) allow() {
	b.t.Helper()
	b.shot("home-server")
	b.press(`button[value="wanderer"]`)
	b.shot("home-server-allow")
	b.press(`button[value="allow"]`)
}

func writeTestFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// stop ends a process as Ctrl-C does and waits for it.
func stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	_ = cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != exitStopped {
		t.Errorf("%s ended with %v", cmd.Args[1], err)
	}
}

// TestJourney walks the whole journey in a real browser, as somebody does who
// started the demo: sample export in, matches looked at, followed, every
// outcome visible, everything deleted.
func TestJourney(t *testing.T) {
	d := startDemo(t)
	b := newBrowser(t)
	b.do("open", chromedp.Navigate(d.link))
	if at := b.at(); strings.Contains(at, "k=") {
		t.Errorf("the key stays in the address: %s", at)
	}
	b.shot("start")
	connectAccount(b, d)
	giveExport(b, d)
	reviewMatches(b)
	followAll(b)
	lookAround(b)
	forgetAll(b)
	b.done()
}

func base(link string) string { return link[:strings.Index(link, "/?")] }

func connectAccount(b *browser, d demo) {
	b.do("connect", chromedp.Navigate(base(d.link)+"/connect"))
	b.shot("connect")
	b.do("type", chromedp.SendKeys("#account", "not a handle"))
	b.press("form[data-busy] .acts button")
	b.shot("connect-error")
	b.do("type", chromedp.Navigate(base(d.link)+"/connect"), chromedp.SendKeys("#account", "@wanderer@mudflat.test"))
	b.press("form[data-busy] .acts button")
	if !strings.Contains(b.at(), "/simulated/mudflat.test/") {
		b.t.Fatalf("not at the home server but at %s", b.at())
	}
	b.allow()
	if !strings.Contains(b.text("body"), "wanderer@mudflat.test") {
		b.t.Fatalf("the account is not named: %s", b.text("main"))
	}
	b.shot("connected")
}

func giveExport(b *browser, d demo) {
	at := base(d.link)
	b.do("give", chromedp.Navigate(at+"/sources/new"))
	b.shot("give")
	bad := filepath.Join(b.t.TempDir(), "notes.json")
	writeTestFile(b.t, bad, "milk, bread")
	b.do("choose a wrong file", chromedp.SetUploadFiles("#files", []string{bad}))
	b.do("send", chromedp.Click("#send"))
	b.until("what is wrong", `document.title.startsWith("Error") && /none of the kinds/.test(document.querySelector("main").textContent)`)
	b.shot("give-error")
	for _, sample := range d.samples {
		b.do("give", chromedp.Navigate(at+"/sources/new"), chromedp.SetUploadFiles("#files", []string{sample}),
			chromedp.Click("#send"))
		b.until("read", `/\/sources\/\d+/.test(location.pathname) && !/Reading/.test(document.querySelector("h1").textContent)`)
	}
	b.shot("source")
}

func reviewMatches(b *browser) {
	b.do("matches", chromedp.Navigate(origin(b)+"/matches"))
	b.shot("matches-looking")
	b.untilAt("/matches", `!/ooking for/.test(document.querySelector("main").textContent)`)
	b.shot("matches")
	b.do("conflicts", chromedp.Navigate(origin(b)+"/matches?group=conflict"))
	b.shot("conflicts")
	b.do("likely", chromedp.Navigate(origin(b)+"/matches?group=likely"))
	b.shot("likely")
	b.press(`a[href^="/matches/check"]`)
	b.shot("check")
	b.press("#yes")
	b.shot("confirmed")
}

func followAll(b *browser) {
	b.do("plan", chromedp.Navigate(origin(b)+"/follow"))
	b.shot("plan")
	b.press(`form[action="/follow"] .acts button`)
	b.shot("progress")
	// Two of the sample's servers don't answer: their people wait for an hour.
	b.untilAt("/follow/outcomes", `!/In line|Waiting its turn/.test(document.querySelector("main").textContent)`)
	b.shot("outcomes")
	if text := b.text("main"); !strings.Contains(text, "Followed") || !strings.Contains(text, "moved") {
		b.t.Errorf("the outcomes are not what the sample gives: %s", text)
	}
	b.do("progress", chromedp.Navigate(origin(b)+"/follow/progress"))
	b.shot("done")
}

// lookAround takes pictures of the pages beside the main way, and of the main
// ones in the dark and in Chinese.
func lookAround(b *browser) {
	beside := []string{"/", "/help/export/x", "/matches/missing", "/network", "/servers", "/follow/csv/check", "/data", "/privacy", "/about-bot", "/nowhere"}
	for _, path := range beside {
		b.do(path, chromedp.Navigate(origin(b)+path))
		b.shot("page" + strings.ReplaceAll(path, "/", "-"))
	}
	b.do("servers", chromedp.Navigate(origin(b)+"/servers"))
	b.press(`form[action="/servers"][method="post"] button`)
	b.untilAt("/servers?asked=1", `!/not heard of/.test(document.querySelector("main").textContent)`)
	b.shot("servers-asked")
	b.do("home", chromedp.Navigate(origin(b)+"/"))
	b.set("/scheme", "dark")
	b.set("/language", "zh-Hans")
	if lang, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.documentElement.lang`)); err != nil || !strings.HasPrefix(lang, "zh") {
		b.t.Errorf("the page's language is %q, %v", lang, err)
	}
	for _, path := range []string{"/", "/connect", "/sources/new", "/matches", "/network", "/servers", "/follow/progress", "/follow/outcomes", "/data"} {
		b.do(path, chromedp.Navigate(origin(b)+path))
		b.shot("dark-zh" + strings.ReplaceAll(path, "/", "-"))
	}
	b.set("/language", "en")
	b.set("/scheme", "light")
}

// forgetAll deletes everything and sees that nothing is left.
func forgetAll(b *browser) {
	b.do("forget", chromedp.Navigate(origin(b)+"/data/forget"))
	b.shot("forget")
	b.do("confirm", chromedp.SendKeys("#typed", "delete"))
	b.press(`form[action="/data/forget"] .danger`)
	b.shot("forgotten")
	b.do("data", chromedp.Navigate(origin(b)+"/matches"))
	if text := b.text("main"); strings.Contains(text, ".test") {
		b.t.Errorf("something is left: %s", text)
	}
}

func origin(b *browser) string {
	at := b.at()
	return at[:len("http://")+strings.IndexByte(at[len("http://"):], '/')]
}
