package store

import (
	"context"
	"database/sql"
	"time"

	"godwit/internal/social"
)

// Flow is one OAuth authorization under way. It is frozen at its start.
type Flow struct {
	ID           string // random, part of the redirect URI
	State        string // random, single use
	Cookie       string // SHA-256 in hex of the flow cookie, "" for the command line
	UserID       int64  // the signed-in User to whom an account is added, 0 for sign-in
	Host         string // issuer
	Typed        social.Handle
	TokenURL     string
	AuthorizeURL string // as sent to the browser
	ClientID     string
	ClientSecret social.Secret
	Verifier     social.Secret // PKCE
	Scopes       string
	RedirectURI  string
	Flavour      social.Flavour
	CreatedAt    time.Time
}

const flowColumns = `id, state, cookie, user_id, host, typed, token_url, authorize_url, client_id,
	client_secret, verifier, scopes, redirect_uri, flavour, created_at`

func (f Flow) secretAt(column string) place {
	return place{table: "flows", column: column, row: f.ID, user: f.UserID}
}

// SaveFlow stores a new flow.
func (s *Store) SaveFlow(ctx context.Context, f Flow) error {
	secret, err := s.sealer.seal(f.ClientSecret, f.secretAt("client_secret"))
	if err != nil {
		return err
	}
	verifier, err := s.sealer.seal(f.Verifier, f.secretAt("verifier"))
	if err != nil {
		return err
	}
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `INSERT INTO flows (`+flowColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
			f.ID, f.State, f.Cookie, sql.NullInt64{Int64: f.UserID, Valid: f.UserID != 0}, f.Host, f.Typed.String(), f.TokenURL,
			f.AuthorizeURL, f.ClientID, secret, verifier, f.Scopes, f.RedirectURI, string(f.Flavour), micros(f.CreatedAt))
		return err
	})
}

// GetFlow reads a flow without using it up, e.g. to show the code form.
// NotFound after 10 minutes.
func (s *Store) GetFlow(ctx context.Context, id string, now time.Time) (Flow, error) {
	f, err := s.scanFlow(s.reading.row(ctx, `SELECT `+flowColumns+` FROM flows WHERE id = $1 AND created_at > $2`,
		clean(id), micros(now.Add(-flowLife))))
	return f, s.d.mean(err)
}

// TakeFlow returns the flow and uses it up: the second call is NotFound, and
// so is one after 10 minutes.
func (s *Store) TakeFlow(ctx context.Context, id string, now time.Time) (f Flow, err error) {
	err = s.write(ctx, func(x q) error {
		f, err = s.scanFlow(x.row(ctx, `DELETE FROM flows WHERE id = $1 AND created_at > $2 RETURNING `+flowColumns,
			clean(id), micros(now.Add(-flowLife))))
		return err
	})
	return f, err
}

func (s *Store) scanFlow(r scanner) (f Flow, err error) {
	var user sql.NullInt64
	var secret, verifier []byte
	err = r.Scan(&f.ID, &f.State, &f.Cookie, &user, &f.Host, handle{&f.Typed}, &f.TokenURL, &f.AuthorizeURL, &f.ClientID,
		&secret, &verifier, &f.Scopes, &f.RedirectURI, &f.Flavour, moment{&f.CreatedAt})
	if err != nil {
		return Flow{}, err
	}
	f.UserID = user.Int64
	if f.ClientSecret, err = s.sealer.unseal(secret, f.secretAt("client_secret")); err != nil {
		return Flow{}, err
	}
	f.Verifier, err = s.sealer.unseal(verifier, f.secretAt("verifier"))
	return f, err
}

// App is Godwit's registration at one server.
type App struct {
	Host         string
	Scopes       string
	RedirectURI  string
	ClientID     string
	ClientSecret social.Secret
}

func (a App) secretAt() place {
	return place{table: "apps", column: "client_secret", row: a.Host + " " + a.Scopes + " " + a.RedirectURI}
}

// GetApp returns the registration for exactly these scopes and redirect URI, or NotFound.
func (s *Store) GetApp(ctx context.Context, host, scopes, redirectURI string) (App, error) {
	a := App{Host: host, Scopes: scopes, RedirectURI: redirectURI}
	var secret []byte
	err := s.reading.row(ctx, `SELECT client_id, client_secret FROM apps WHERE host = $1 AND scopes = $2 AND redirect_uri = $3`,
		host, scopes, redirectURI).Scan(&a.ClientID, &secret)
	if err != nil {
		return App{}, s.d.mean(err)
	}
	a.ClientSecret, err = s.sealer.unseal(secret, a.secretAt())
	return a, err
}

// SaveApp stores the registration, in place of an older one.
func (s *Store) SaveApp(ctx context.Context, a App) error {
	secret, err := s.sealer.seal(a.ClientSecret, a.secretAt())
	if err != nil {
		return err
	}
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `INSERT INTO apps (host, scopes, redirect_uri, client_id, client_secret) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (host, scopes, redirect_uri) DO UPDATE SET client_id = excluded.client_id, client_secret = excluded.client_secret`,
			a.Host, a.Scopes, a.RedirectURI, clean(a.ClientID), secret)
		return err
	})
}

// DeleteApp deletes the registration if its client id is still a's; one that
// is absent is deleted already.
func (s *Store) DeleteApp(ctx context.Context, a App) error {
	return s.write(ctx, func(x q) error {
		_, err := x.exec(ctx, `DELETE FROM apps WHERE host = $1 AND scopes = $2 AND redirect_uri = $3 AND client_id = $4`,
			a.Host, a.Scopes, a.RedirectURI, a.ClientID)
		return err
	})
}
