package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// axeVar names the file of axe-core's source, which `make test` brings from npm.
const axeVar = "GODWIT_AXE"

// axeRules are the levels that every page meets: WCAG 2.2 AA.
const axeRules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]`

// axeSource reads axe-core's source once.
var axeSource = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(os.Getenv(axeVar))
	return string(text), err
})

// axeRun checks the open page and returns what breaks a rule, in JSON.
const axeRun = `axe.run(document, {runOnly: {type: "tag", values: ` + axeRules + `}, resultTypes: ["violations"]}).then(r => JSON.stringify(
	r.violations.map(v => ({rule: v.id, help: v.help, at: v.nodes.slice(0, 3).map(n => n.target.join(" ") + " " + n.html.slice(0, 160))}))))`

// broken is a rule that a page breaks, and where.
type broken struct {
	Rule, Help string
	At         []string
}

// readyAxe reports whether pages can be checked; under CI=true they must be.
func readyAxe(t *testing.T) bool {
	t.Helper()
	if os.Getenv(axeVar) == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("without axe-core: run `make test`, which brings it from npm")
		}
		t.Log("pages aren't checked for accessibility: `make test` brings axe-core from npm")
		return false
	}
	return true
}

// accessible holds the open page against WCAG 2.2 AA in both colour schemes.
func (b *browser) accessible(name string) {
	b.t.Helper()
	if !b.axe {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme})
		for _, x := range b.broken() {
			b.t.Errorf("%s, %s: %s (%s)\n  %s", name, scheme, x.Help, x.Rule, strings.Join(x.At, "\n  "))
		}
	}
	b.scheme()
}

// scheme lets the person have chosen a colour scheme in their system.
func (b *browser) scheme(features ...*emulation.MediaFeature) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.fail("scheme", err)
	}
}

// broken lists the rules that the open page breaks.
func (b *browser) broken() (all []broken) {
	b.t.Helper()
	source, err := axeSource()
	if err != nil {
		b.t.Fatal(err)
	}
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](source+";\n"+axeRun, chromedp.EvalAwaitPromise))
	if err == nil {
		err = json.Unmarshal([]byte(found), &all)
	}
	if err != nil {
		b.fail("axe-core", err)
	}
	return all
}

// TestAxe: a page that breaks rules is found out, so that silence about the
// others means something.
func TestAxe(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	if !b.axe {
		t.Skip("axe-core is not at hand")
	}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<!DOCTYPE html><html><title>x</title><body style="background:#fff"><h1>x</h1><p style="color:#aaa">pale</p><input></body></html>`)
	}))
	defer page.Close()
	b.do("open", chromedp.Navigate(page.URL))
	var rules []string
	for _, x := range b.broken() {
		rules = append(rules, x.Rule)
	}
	slices.Sort(rules)
	if want := []string{"color-contrast", "html-has-lang", "label"}; !slices.Equal(rules, want) {
		t.Errorf("found %q, want %q", rules, want)
	}
}
