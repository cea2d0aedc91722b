package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"godwit/importer/importertest"
)

// frayed is a line to the program that breaks when more bytes than it bears went
// through one connection; then it is dead until it is mended.
type frayed struct {
	to       string
	listener net.Listener

	mu     sync.Mutex
	bears  int64 // bytes of one connection; 0 for any number
	dead   bool
	broken int
}

func newFrayed(t *testing.T) *frayed {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	behind, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &frayed{to: behind.Addr().String(), listener: listener}
	behind.Close() // the program listens there next
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go f.carry(conn)
		}
	}()
	return f
}

// carry passes on what both sides say until one of them, or the line, ends it.
func (f *frayed) carry(conn net.Conn) {
	defer conn.Close()
	far, err := net.Dial("tcp", f.to)
	if err != nil {
		return
	}
	defer far.Close()
	go func() {
		defer conn.Close()
		_, _ = io.Copy(conn, far)
	}()
	_, _ = io.Copy(&counted{f: f, w: far}, conn)
}

// mend says how much a connection bears from now on, and returns how often the
// line broke so far.
func (f *frayed) mend(bears int64) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bears, f.dead = bears, false
	return f.broken
}

// counted is one connection's way to the program.
type counted struct {
	f *frayed
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	if c.n += int64(len(p)); !c.f.dead && c.f.bears > 0 && c.n > c.f.bears {
		c.f.broken++
		c.f.dead = true
	}
	if c.f.dead {
		return 0, io.ErrClosedPipe
	}
	return c.w.Write(p)
}

// TestUploadGoesOn sends an export through a line that breaks again and again,
// pauses it, loads the page anew and chooses the same file: what is in stays in,
// and what arrives is what was sent.
func TestUploadGoesOn(t *testing.T) {
	export := filepath.Join(t.TempDir(), "twitter-2026-11-20-x.zip")
	known := writeLarge(t, export)
	line := newFrayed(t)
	p := newProgram(t, nil, "GODWIT_BASE_URL=http://"+line.listener.Addr().String())
	b := newBrowser(t)
	b.forgives("ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET", "ERR_CONNECTION_CLOSED", "ERR_CONNECTION_ABORTED", "status of 409")
	b.do("open", chromedp.Navigate(p.serveOn(line.to)))
	give := strings.TrimSuffix(origin(b), "/") + "/sources/new"
	b.do("give", chromedp.Navigate(give))
	b.do("choose", chromedp.SetUploadFiles("#files", []string{export}))
	line.mend(11 << 20) // breaks in the second piece
	b.do("send", chromedp.Click("#send"))
	b.until("broken", `/broke at [1-9]\d?%/.test(document.getElementById("sent-text").textContent)`)
	b.shot("upload-broke")
	b.do("pause", chromedp.Click("#hold"))
	b.until("paused", `/Paused/.test(document.getElementById("sent-text").textContent)`)
	b.shot("upload-paused")
	line.mend(11 << 20)
	b.do("reload", chromedp.Navigate(give))
	if text := b.text("main"); !strings.Contains(text, "Choose the same file again and it goes on from there.") {
		t.Errorf("after a reload: %s", text)
	}
	b.do("choose", chromedp.SetUploadFiles("#files", []string{export}))
	b.do("send", chromedp.Click("#send"))
	b.until("broken again", `/broke at [1-9]\d?%/.test(document.getElementById("sent-text").textContent)`)
	if n := line.mend(0); n != 2 {
		t.Errorf("the line broke %d times", n)
	}
	b.until("read", `/\/sources\/\d+$/.test(location.pathname) && document.querySelector("h1").textContent.includes("We read")`)
	if text := b.text("main"); !strings.Contains(strings.ReplaceAll(text, ",", ""), fmt.Sprint(known.Counts.Posts)) {
		t.Errorf("%d posts were sent: %s", known.Counts.Posts, text)
	}
	b.done()
}

// writeLarge writes an export that is four pieces long, and returns what is in it.
func writeLarge(t *testing.T, path string) importertest.Known {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	known, err := importertest.Generate(f, importertest.Shape{Text: 9 << 20, Media: 26 << 20, Following: 50})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return known
}
