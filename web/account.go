package web

import (
	"net/http"
	"regexp"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
)

// accountForm is what was typed of an account to be read over an API. Its token
// is never given back to the page.
type accountForm struct {
	Open    bool
	Bluesky string
	Server  string
}

// tokenForm is what tokens of the Mastodon API are made of (RFC 6750, b64token).
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9\-._~+/]{8,}=*$`)

// giveAccount makes a Source of an account that a server tells of: on Bluesky,
// where all of it is public, or with a token over the Mastodon API.
func (s *site) giveAccount(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	source, token, field, err := v.askedAccount()
	if err != nil {
		typed := accountForm{true, v.field("bluesky"), v.field("server")}
		return v.showGiveWith(http.StatusUnprocessableEntity, typed, field, v.sayFault(err))
	}
	if s.Mode != Local {
		if err := v.take(s.limits.uploads, ""); err != nil {
			return err
		}
	}
	if err := v.noteAddress(); err != nil {
		return err
	}
	saved, err := s.Store.CreateRemote(v.r.Context(), source, source.Name, token, v.now)
	if err != nil {
		return err
	}
	v.ring(social.ImportTask, saved.ID)
	return v.redirect("/sources/" + itoa(saved.ID))
}

// askedAccount reads which account is meant. An error is about the field. Which
// hosts may be asked is decided at the door.
func (v *visit) askedAccount() (source social.Source, token social.Secret, field string, err error) {
	source = social.Source{UserID: v.user.ID, State: social.SourceReceived, CreatedAt: v.now}
	if v.field("from") != "server" {
		source.Kind = social.KindBluesky
		name, err := fedi.BlueskyName(v.field("bluesky"), social.Private)
		source.Name = "at://" + name
		return source, token, "bluesky", err
	}
	source.Kind = social.KindMastodonAPI
	typed := strings.TrimSuffix(strings.TrimPrefix(v.field("server"), "https://"), "/")
	if source.Name, err = social.ParseHost(typed, social.Private); err != nil {
		return source, token, "server", fault.New(fault.Invalid, "no-api-server", "That isn't the name of a server. It looks like truthsocial.com.").Because(err)
	}
	secret := strings.TrimSpace(v.r.PostFormValue("token"))
	if len(secret) > maxToken || !tokenForm.MatchString(secret) {
		return source, token, "token", fault.New(fault.Invalid, "bad-api-token", "That isn't a token. It is one long word of letters and digits; nothing was sent.")
	}
	return source, social.NewSecret(secret), "", nil
}
