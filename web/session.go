package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
)

// The cookies. All but the chosen language, colours and time zone are of use
// to the server only.
const (
	sessionCookie = "session" // a random number; its hash is the session's row
	flowCookie    = "flow"    // binds an authorization under way to this browser
	flashCookie   = "flash"   // the sentence for the next page
	nextCookie    = "next"    // the page to show after the sign-in, by its name
	askedCookie   = "asked"   // the day on which X was asked for the export
)

// cookieName is the name under which a cookie goes over the wire. With the
// prefix __Host- no sibling host and no plain http can set it.
func (s *site) cookieName(name string) string {
	if s.secure {
		return "__Host-" + name
	}
	return name
}

// cookie returns the value of a cookie; two of one name count as none.
func (v *visit) cookie(name string) string {
	found := v.r.CookiesNamed(v.site.cookieName(name))
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

// setCookie sets a cookie for that long; with zero it is deleted.
func (v *visit) setCookie(name, value string, life time.Duration) {
	age := int(life / time.Second)
	if life <= 0 {
		age = -1
	}
	http.SetCookie(v.w, &http.Cookie{
		Name: v.site.cookieName(name), Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: v.site.secure, SameSite: http.SameSiteLaxMode,
	})
}

func hash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

// sameText compares without telling by its time how much agrees.
func sameText(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// load reads who is visiting.
func (v *visit) load() error {
	token := v.cookie(sessionCookie)
	if token == "" {
		return nil
	}
	session, err := v.site.Store.GetSession(v.r.Context(), hash(token), v.now)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	user, err := v.site.Store.GetUser(v.r.Context(), session.UserID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	v.token, v.session, v.user = token, session, user
	v.preferLanguage()
	return v.touch()
}

// preferLanguage takes the language that the person chose on another device.
func (v *visit) preferLanguage() {
	if v.cookie("lang") == "" && v.user.Locale != "" {
		v.lang = v.site.langs.Choose(v.user.Locale, "")
	}
}

// touch writes, at most once an hour, that the session is still in use.
func (v *visit) touch() error {
	if v.now.Sub(v.session.SeenAt) < sessionTouch {
		return nil
	}
	v.session.SeenAt = v.now
	if err := v.site.Store.SaveSession(v.r.Context(), v.session); err != nil {
		return err
	}
	v.setCookie(sessionCookie, v.token, sessionIdle)
	return nil
}

// signIn begins a session under a new random number; the one before ends.
func (v *visit) signIn(user social.User) error {
	if v.token != "" {
		if err := v.site.Store.DeleteSession(v.r.Context(), v.session.Hash); err != nil {
			return err
		}
	}
	token := rand.Text()
	session := store.Session{Hash: hash(token), UserID: user.ID, CreatedAt: v.now, SeenAt: v.now}
	if err := v.site.Store.SaveSession(v.r.Context(), session); err != nil {
		return err
	}
	v.token, v.session, v.user = token, session, user
	v.setCookie(sessionCookie, token, sessionIdle)
	return nil
}

// openWithKey lets the owner of the machine in: the key of the printed link
// becomes a session and leaves the address.
func (v *visit) openWithKey(key string) error {
	if v.site.LocalKey == "" || !sameText(key, v.site.LocalKey) {
		return v.showKey(http.StatusUnauthorized)
	}
	if v.user.ID != 0 {
		return v.redirect("/")
	}
	user, err := v.site.Store.LocalUser(v.r.Context(), v.now)
	if err != nil {
		return err
	}
	if err := v.signIn(user); err != nil {
		return err
	}
	return v.redirect("/")
}

// landings are the pages that a sign-in may lead to, by name.
var landings = map[string]string{
	"give": "/sources/new", "matches": "/matches", "plan": "/follow", "progress": "/follow/progress", "data": "/data", "register": "/register", "arrivals": "/arrivals", "mirror": "/mirror", "waves": "/waves",
}

// starterNext begins the name of the page of a suggestion; its code follows.
const starterNext = "starter."

// stranger answers a request that needs somebody who is signed in.
func (v *visit) stranger() error {
	if v.site.Mode == Local {
		return v.showKey(http.StatusUnauthorized)
	}
	for name, path := range landings {
		if v.r.Method == http.MethodGet && v.r.URL.Path == path {
			v.setCookie(nextCookie, name, flowLife)
		}
	}
	v.flash(flash{Key: "error.401"})
	return v.redirect("/sign-in")
}

// land is where a sign-in leads: the page that was asked for before, or home.
func (v *visit) land() error {
	next := v.cookie(nextCookie)
	path, found := landings[next]
	if code, asked := strings.CutPrefix(next, starterNext); asked && codeForm.MatchString(code) {
		path, found = "/starter/"+code, true
	}
	if !found {
		path = "/"
	}
	v.setCookie(nextCookie, "", 0)
	return v.redirect(path)
}
