package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// plainEvery is how often progress is a line where there is no terminal.
const plainEvery = 5 * time.Second

func terminal(fd uintptr) bool { return term.IsTerminal(int(fd)) }

// progress shows how far long work is: a bar on a terminal, plain lines
// elsewhere, always on standard error so that standard output stays clean.
type progress struct {
	out   io.Writer
	what  string
	bar   *progressbar.ProgressBar
	next  time.Time
	total int64
	now   func() time.Time
}

func (a *app) progress(what string) *progress {
	p := &progress{out: a.stderr, what: what, now: time.Now}
	if isTerminal(a.stderr) {
		p.bar = progressbar.NewOptions64(1, progressbar.OptionSetWriter(a.stderr), progressbar.OptionSetDescription(what),
			progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	p.next = p.now().Add(plainEvery)
	return p
}

// set shows done of total with a few words about what is going on.
func (p *progress) set(done, total int64, words string) {
	if p.bar != nil {
		if total > 0 && total != p.total {
			p.bar.ChangeMax64(total)
			p.total = total
		}
		p.bar.Describe(p.what + "  " + words)
		_ = p.bar.Set64(min(done, max(total, 1)))
		return
	}
	if now := p.now(); !now.Before(p.next) {
		p.next = now.Add(plainEvery)
		fmt.Fprintf(p.out, "%s: %s\n", p.what, words)
	}
}

// end takes the bar away and leaves one line.
func (p *progress) end(line string) {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
	if line != "" {
		fmt.Fprintln(p.out, line)
	}
}
