package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/config"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/jobs"
	"godwit/internal/social"
	"godwit/web"
)

// drain is how long open pages may take to end at shutdown.
const drain = 5 * time.Second

// keyFile holds the key of the link that opens the pages in local mode.
const keyFile = "key"

func (a *app) serveCommand() *cobra.Command {
	noOpen := false
	cmd := &cobra.Command{
		Use: "serve", Short: "The web pages and the workers in one process", Args: cobra.NoArgs,
		Example: "  godwit serve\n  GODWIT_OPEN_TO=anyone GODWIT_BASE_URL=https://godwit.example.org godwit serve --addr 127.0.0.1:8080",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context(), noOpen) },
	}
	config.AddAddrFlag(cmd.Flags())
	cmd.Flags().BoolVar(&noOpen, "no-open", false, "don't open the browser")
	return cmd
}

func (a *app) workCommand() *cobra.Command {
	return &cobra.Command{
		Use: "work", Short: "Workers only, beside other processes on the same PostgreSQL and Redis", Args: cobra.NoArgs,
		Example: "  GODWIT_DATABASE_URL=postgres://… GODWIT_REDIS_URL=redis://… godwit work",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.workOnly(cmd.Context()) },
	}
}

func (a *app) workOnly(ctx context.Context) error {
	a.service = true
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	queue, err := h.dispatcher()
	if err != nil {
		return err
	}
	operated, err := h.operate(ctx, queue)
	if err != nil {
		return err
	}
	defer operated()
	fmt.Fprintln(a.stderr, "Working. Stop with Ctrl-C; nothing is lost.")
	return h.runWorkers(ctx, queue)
}

// dispatcher is how work is handed out in this process.
func (h *house) dispatcher() (jobs.Dispatcher, error) {
	o := jobs.Options{Log: h.logger()}
	if h.cfg.RedisURL.IsZero() {
		return jobs.NewEmbedded(h.store, h.worker.Handle, o), nil
	}
	return jobs.OpenAsynq(h.cfg.RedisURL, h.store, h.worker.Handle, o)
}

// runWorkers works and sweeps until ctx ends.
func (h *house) runWorkers(ctx context.Context, queue jobs.Dispatcher) error {
	swept := make(chan struct{})
	go func() {
		defer close(swept)
		h.worker.Sweep(ctx)
	}()
	err := queue.Run(ctx)
	<-swept
	return err
}

func (a *app) serve(ctx context.Context, noOpen bool) error {
	if err := a.cfg.CheckServe(); err != nil {
		return usageOf(err)
	}
	a.service = true
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	return h.serve(ctx, serving{open: !noOpen})
}

// serving is how the pages are served beside the usual.
type serving struct {
	open       bool
	browserURL func(string) string
	demo       *web.DemoInfo
	around     func(http.Handler) http.Handler // further pages, of the demo
}

// serve listens, prints the link, and serves pages and workers until ctx ends.
func (h *house) serve(ctx context.Context, s serving) error {
	listener, err := net.Listen("tcp", h.cfg.Addr)
	if err != nil {
		return fault.New(fault.Invalid, "address-in-use", "{addr} is in use. Stop what runs there, or choose another with --addr.", "addr", h.cfg.Addr).Because(err)
	}
	defer listener.Close()
	h.cfg = h.cfg.ListeningOn(listener.Addr().String())
	queue, err := h.dispatcher()
	if err != nil {
		return err
	}
	pages, link, err := h.pages(queue, s)
	if err != nil {
		return err
	}
	operated, err := h.operate(ctx, queue)
	if err != nil {
		return err
	}
	defer operated()
	fmt.Fprintln(h.stdout, link)
	if s.open && isTerminal(h.stdout) {
		openBrowser(link)
	}
	return h.serveUntil(ctx, listener, web.Server(pages), queue)
}

func (h *house) serveUntil(ctx context.Context, listener net.Listener, server *http.Server, queue jobs.Dispatcher) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- h.runWorkers(ctx, queue) }()
	go func() {
		<-ctx.Done()
		late, done := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer done()
		if server.Shutdown(late) != nil {
			server.Close() // streams end when their connection does
		}
	}()
	err := server.Serve(listener)
	stop()
	if workErr := <-ended; errors.Is(err, http.ErrServerClosed) {
		err = workErr
	}
	return err
}

// pages builds the pages and the link that opens them.
func (h *house) pages(queue jobs.Dispatcher, s serving) (http.Handler, string, error) {
	deps := web.Deps{
		Store: h.store, Door: h.door, Spool: h.spool, Registrar: h.worker, BaseURL: h.cfg.BaseURL, Mode: web.Mode(h.cfg.OpenTo), Proxies: h.cfg.Proxies,
		Mail: !h.cfg.SMTPURL.IsZero(), XApp: fedi.XApp{ID: h.cfg.XClientID, Secret: h.cfg.XClientSecret},
		UserAgent: userAgent(h.cfg), Log: h.logger(), Demo: s.demo, BrowserURL: s.browserURL, Zone: time.Local,
		Ring: func(ctx context.Context, t social.Task) {
			if err := queue.Ring(ctx, t); err != nil {
				h.logger().Warn("not rung, the sweep will", "task", t.String())
			}
		},
	}
	link := h.cfg.BaseURL + "/"
	if h.cfg.OpenTo == config.Local {
		key, err := localKey(filepath.Join(h.cfg.DataDir, keyFile))
		if err != nil {
			return nil, "", err
		}
		deps.LocalKey = key
		link += "?k=" + key
	}
	pages, err := web.New(deps)
	if err == nil && s.around != nil {
		pages = s.around(pages)
	}
	return pages, link, err
}

// localKey is the key of the link in local mode: made anew at each start of a
// first server, shared by those that start beside it.
func localKey(path string) (string, error) {
	if text, err := os.ReadFile(path); err == nil && len(text) >= 26 {
		return strings.TrimSpace(string(text)), nil
	}
	key := rand.Text()
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		return "", err
	}
	return key, nil
}

// ownHost is the host of our own public address, which is never contacted.
func ownHost(c config.Config) string {
	u, err := url.Parse(c.BaseURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// usageOf makes a refused setting an error of the command line.
func usageOf(err error) error { return &usageError{err} }
