// Package web is the porch: the pages in which people look at what Godwit does
// for them and decide. Every page is rendered on the server into a buffer,
// works without a script and is a true picture of the rows at that moment.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/web/locale"
	"godwit/web/picture"
)

// Mode says for whom this Godwit is.
type Mode string

// The modes of GODWIT_OPEN_TO.
const (
	Local   Mode = "local"   // the owner of this machine
	Invited Mode = "invited" // those who are here already, and people with an invitation
	Anyone  Mode = "anyone"
)

// Deps is what the pages need of the rest of the house.
type Deps struct {
	Store      Store
	Door       Door
	Spool      Spool
	Registrar  Registrar
	Ring       func(ctx context.Context, t social.Task) // wakes a worker; nil when workers look by themselves
	BaseURL    string                                   // public address, without a path
	Mode       Mode
	XApp       fedi.XApp           // the operator's app at X, zero for none
	Mail       bool                // e-mail is set up: workers send Letters
	LocalKey   string              // Local: what ?k= must hold
	BrowserURL func(string) string // where the browser reaches an address of another server; nil for the address itself
	Proxies    []netip.Prefix      // peers whose X-Forwarded-For names the client
	UserAgent  string              // as the door outside sends it, for the page about the bot
	Zone       *time.Location      // Local: the owner's time zone
	Now        func() time.Time    // nil for time.Now
	Log        *slog.Logger        // nil for none
	Demo       *DemoInfo           // the demonstration's extras
}

// DemoInfo is what the demonstration adds to the pages.
type DemoInfo struct {
	Samples []Sample
	Handles []social.Handle // accounts that can be connected
}

// Sample is an invented export, to be given to the demonstration.
type Sample struct {
	Name  string // of the file: letters, digits, hyphens and one ending
	Write func(w io.Writer) error
}

// site is the pages with what they share.
type site struct {
	Deps
	base    *url.URL
	hosts   map[string]bool // as a Host header may name us
	origins map[string]bool // as an Origin header may name us
	secure  bool            // the base URL is https
	langs   *locale.Set
	pages   pages
	static  assets
	mux     *http.ServeMux
	limits  limits
	once    *once
	streams *streams
	drawer  *picture.Drawer
	kits    map[string]announcement
	writers *writers
}

// New makes the pages. Their http.Server is best made by Server.
func New(d Deps) (http.Handler, error) {
	s := &site{Deps: d, once: newOnce(maxOnce), streams: newStreams(), writers: &writers{of: map[string]*writer{}}, limits: newLimits(), drawer: picture.NewDrawer()}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	if s.Ring == nil {
		s.Ring = func(context.Context, social.Task) {}
	}
	if s.BrowserURL == nil {
		s.BrowserURL = func(address string) string { return address }
	}
	if err := errors.Join(s.setAddress(), s.load()); err != nil {
		return nil, err
	}
	s.mux = s.register()
	return s.outer(), nil
}

// Server makes the http.Server of the pages with its time-outs; an upload and
// an event stream move their own deadlines.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      2 * readTimeout, // the answer of a home server may take 30 s
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
	}
}

// setAddress reads the base URL and from it the hosts and origins that are ours.
func (s *site) setAddress() error {
	u, err := url.Parse(s.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("the public address must look like https://example.social, not %q", s.BaseURL)
	}
	s.base = &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
	s.secure = u.Scheme == "https"
	s.hosts, s.origins = map[string]bool{}, map[string]bool{}
	names := []string{s.base.Host}
	if s.Mode == Local {
		names = append(names, "127.0.0.1"+portOf(u), "[::1]"+portOf(u), "localhost"+portOf(u))
	}
	for _, name := range names {
		s.hosts[name] = true
		s.origins[s.base.Scheme+"://"+name] = true
	}
	return nil
}

func portOf(u *url.URL) string {
	if u.Port() == "" {
		return ""
	}
	return ":" + u.Port()
}

// load reads the sentences, the templates and the static files.
func (s *site) load() (err error) {
	if s.langs, err = locale.Load(); err != nil {
		return err
	}
	if s.kits, err = readKit(); err != nil {
		return err
	}
	if s.static, err = loadAssets(); err != nil {
		return err
	}
	s.pages, err = loadPages()
	return err
}

// address is an absolute URL of ours.
func (s *site) address(path string) string { return s.base.String() + path }
