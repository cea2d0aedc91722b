package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
)

const (
	// outOfBand has the server show the code instead of sending it (RFC 6749
	// leaves it open; Mastodon and GoToSocial know this name for it).
	outOfBand = "urn:ietf:wg:oauth:2.0:oob"
	// loginLife is how long a login waits for the person.
	loginLife = 10 * time.Minute
	// maxToken bounds a token or a code that is typed or piped in.
	maxToken = 4096
)

type loginOptions struct {
	tokenStdin bool
	paste      bool
	posts      bool
	also       []string
}

func (a *app) loginCommand() *cobra.Command {
	var o loginOptions
	cmd := &cobra.Command{
		Use: "login SERVER", Short: "Let Godwit act for your account on a server",
		Long: `Let Godwit act for your account on a server. SERVER is your handle (better: it is compared with the
account that the server answers with) or only the server. The browser opens where there is one; with
--paste the server shows a code to be pasted here; with --token-stdin a token is read from standard input.`,
		Example: "  godwit login @me@example.social\n  godwit login --token-stdin @me@example.social < token.txt",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.login(cmd.Context(), args[0], o) },
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if strings.Contains(err.Error(), "token-stdin") { // what was given with it may be the token
			return usage("no-value", "--token-stdin takes no value: give the token on standard input.")
		}
		return err
	})
	cmd.Flags().BoolVar(&o.tokenStdin, "token-stdin", false, "read an access token from standard input")
	cmd.Flags().BoolVar(&o.posts, "posts", false, "ask for the permission to post and add pictures too, as godwit mirror needs it")
	cmd.Flags().StringSliceVar(&o.also, "also", nil, "ask for more than following: `WHAT` is lists, mutes, blocks or import (lists of follows for GoToSocial)")
	cmd.Flags().BoolVar(&o.paste, "paste", false, "don't open a browser: print the address and ask for the code")
	return cmd
}

func (a *app) login(ctx context.Context, typed string, o loginOptions) error {
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	host, handle, sw, err := h.door.FindHome(ctx, typed)
	if err != nil {
		return err
	}
	scopes := fedi.Scopes(sw.Flavour, sw.Version)
	if o.posts {
		scopes = fedi.PostingScopes(sw.Flavour, sw.Version)
	}
	l := &login{app: a, house: h, host: host, typed: handle, software: sw, scopes: fedi.Wider(scopes, o.also...)}
	switch {
	case o.tokenStdin:
		err = l.readToken()
	case o.paste:
		err = l.byCode(ctx)
	default:
		err = l.byBrowser(ctx)
	}
	if err != nil {
		return err
	}
	return l.admit(ctx)
}

// login is one authorization under way on the command line.
type login struct {
	*app
	house    *house
	host     string
	typed    social.Handle
	software social.Software
	scopes   string

	clientID string
	secret   social.Secret // of the app
	token    social.Secret
}

func (l *login) readToken() error {
	text, err := l.readSecret("Token: ")
	l.token = social.NewSecret(text)
	return err
}

// readSecret reads one line from standard input, without echo on a terminal.
func (a *app) readSecret(prompt string) (string, error) {
	var line []byte
	var err error
	if f, ok := a.stdin.(*os.File); ok && terminal(f.Fd()) {
		fmt.Fprint(a.stderr, prompt)
		line, err = term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(a.stderr)
	} else {
		line, err = bufio.NewReaderSize(io.LimitReader(a.stdin, maxToken), maxToken).ReadBytes('\n')
		if err == io.EOF {
			err = nil
		}
	}
	text := strings.TrimSpace(string(line))
	if err != nil || text == "" || strings.ContainsAny(text, " \t\r\n") {
		return "", fault.New(fault.Invalid, "no-token", "There was nothing to use on standard input. Give the token or code as one line.").Because(err)
	}
	return text, nil
}

// byCode prints where to go and asks for the code that the server shows.
func (l *login) byCode(ctx context.Context) error {
	f, err := l.begin(ctx, outOfBand)
	if err != nil {
		return err
	}
	ask := "Open this address, allow Godwit, and paste the code here"
	if f.session != "" {
		ask = "Open this address, allow Godwit, then type done here"
	}
	fmt.Fprintf(l.stderr, "%s:\n\n  %s\n\n", ask, f.address)
	code, err := l.readSecret("Code: ")
	if err != nil {
		return err
	}
	if f.session != "" { // it shows no code: the person says that they allowed it
		code = f.session
	}
	return l.exchange(ctx, f, code)
}

// byBrowser opens the server's page in the browser and waits for it to send
// the person back to a port of this machine (RFC 8252, section 7.3).
func (l *login) byBrowser(ctx context.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	f, err := l.begin(ctx, "http://"+listener.Addr().String()+"/cb")
	if err != nil {
		return err
	}
	fmt.Fprintf(l.stderr, "Allow Godwit in your browser. If it doesn't open, go to:\n\n  %s\n\n", f.address)
	openBrowser(f.address)
	codes, end := listen(listener, f.state)
	defer end() // after the exchange: whoever comes meanwhile with the same code is told that it was used
	code, err := waitForCode(ctx, codes)
	if err != nil {
		return err
	}
	return l.exchange(ctx, f, code)
}

// authorization is what one trip to the server's page needs.
type authorization struct {
	address, tokenURL, redirectURI string
	state                          string
	verifier                       social.Secret
	session                        string // of a MiAuth
}

func (l *login) begin(ctx context.Context, redirectURI string) (authorization, error) {
	if l.software.Flavour == social.Misskey {
		return l.beginMiAuth(redirectURI), nil
	}
	var err error
	if l.clientID, l.secret, err = l.house.door.RegisterApp(ctx, l.host, redirectURI, l.scopes); err != nil {
		return authorization{}, err
	}
	f := authorization{redirectURI: redirectURI, state: rand.Text(), verifier: social.NewSecret(rand.Text() + rand.Text())}
	authorize, token := l.house.door.Endpoints(ctx, l.host)
	f.tokenURL = token
	f.address = fedi.AuthorizeURL(authorize, l.clientID, redirectURI, l.scopes, f.state, f.verifier.Reveal(), false)
	return f, nil
}

// beginMiAuth needs no app. The state goes along in the callback's address.
func (l *login) beginMiAuth(redirectURI string) authorization {
	f := authorization{redirectURI: redirectURI, state: rand.Text()}
	callback := redirectURI + "?state=" + f.state
	if redirectURI == outOfBand {
		callback = ""
	}
	f.address, f.tokenURL = fedi.MiAuth(l.host, callback, l.scopes)
	f.session = strings.TrimSuffix(f.tokenURL[strings.Index(f.tokenURL, "/api/miauth/")+len("/api/miauth/"):], "/check")
	return f
}

func (l *login) exchange(ctx context.Context, f authorization, code string) error {
	grant, err := l.house.door.Exchange(ctx, f.tokenURL, l.clientID, l.secret, f.redirectURI, code, f.verifier.Reveal())
	if err != nil {
		return err
	}
	l.token = grant.Token
	if grant.Scopes != "" {
		l.scopes = grant.Scopes
	}
	return nil
}

// admit stores the account as a Destination once it is known whose it is.
func (l *login) admit(ctx context.Context) error {
	d, err := l.house.door.Whose(ctx, l.host, l.token, l.software, l.typed)
	if err != nil {
		l.giveBack(ctx)
		return err
	}
	if !fedi.MayFollow(l.scopes) {
		l.giveBack(ctx)
		return fault.New(fault.Denied, "no-follow-scope", "{host} didn't give the permission to follow people. Nothing was stored; try again and allow it.", "host", l.host)
	}
	d.UserID, d.Scopes, d.CreatedAt = l.house.user.ID, l.scopes, time.Now().UTC()
	if _, err := l.house.store.SaveDestination(ctx, d, l.token); err != nil {
		return err
	}
	fmt.Fprintf(l.stdout, "Connected: @%s.\n", d.Handle)
	return nil
}

// giveBack throws a permission away that the browser flow got; a token that
// was typed in is the person's own to revoke.
func (l *login) giveBack(ctx context.Context) {
	if l.clientID != "" && !l.token.IsZero() {
		_ = l.house.door.Revoke(ctx, l.host, l.clientID, l.secret, l.token)
	}
}

// listen serves the one page to which the server sends the browser back. A
// request with another state is turned away; the first with the right one
// brings the code, "" for a no.
func listen(listener net.Listener, state string) (codes <-chan string, end func()) {
	found := make(chan string, 1)
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: callback(listener.Addr().String(), state, found)}
	go func() { _ = server.Serve(listener) }()
	return found, func() {
		late, done := context.WithTimeout(context.Background(), time.Second)
		defer done()
		if server.Shutdown(late) != nil { // the browser gets its last page
			server.Close()
		}
	}
}

func waitForCode(ctx context.Context, codes <-chan string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, loginLife)
	defer cancel()
	select {
	case code := <-codes:
		if code == "" {
			return "", fault.New(fault.Denied, "person-said-no", "You chose not to allow it. Nothing was changed.")
		}
		return code, nil
	case <-ctx.Done():
		return "", fault.New(fault.Invalid, "old-link", "The login was not finished within 10 minutes. Run the command again; it takes a moment.").Because(ctx.Err())
	}
}

func callback(host, state string, codes chan<- string) http.Handler {
	used := false
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cb", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		w.Header().Set("Referrer-Policy", "no-referrer")
		switch {
		case r.Host != host || !sameText(q.Get("state"), state):
			http.Error(w, "This is not the login that Godwit waits for.", http.StatusBadRequest)
		case used:
			http.Error(w, "This login was already used.", http.StatusGone)
		default:
			used = true
			fmt.Fprintln(w, "You can close this page and go back to the terminal.")
			codes <- cmp.Or(q.Get("code"), q.Get("session"))
		}
	})
	return oneAtATime(mux)
}
