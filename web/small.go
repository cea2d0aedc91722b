package web

import (
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// ignoreGone drops the error of writing to a browser that went away after the
// answer began: there is nobody left to tell.
func ignoreGone(error) error { return nil }

// textPage is a page that only says something.
type textPage struct {
	Frame `json:"-"`
	Host  string
	Agent string
	Days  int
	All   bool
}

func (s *site) privacy(v *visit) error {
	page := &textPage{Host: s.base.Host, Days: int(sessionIdle.Hours() / 24)}
	page.Title = v.say("privacy.title")
	return v.show(http.StatusOK, "privacy", page)
}

func (s *site) aboutBot(v *visit) error {
	page := &textPage{Agent: s.UserAgent}
	page.Title = v.say("bot.title")
	return v.show(http.StatusOK, "bot", page)
}

// signOut ends this browser's session, or all of the person's.
func (s *site) signOut(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	ctx := v.r.Context()
	if v.field("all") != "" {
		if err := s.Store.DeleteSessions(ctx, v.user.ID); err != nil {
			return err
		}
		v.setCookie(sessionCookie, "", 0)
		return v.redirect("/signed-out?all=1")
	}
	if err := s.Store.DeleteSession(ctx, v.session.Hash); err != nil {
		return err
	}
	v.setCookie(sessionCookie, "", 0)
	return v.redirect("/signed-out")
}

func (s *site) signedOut(v *visit) error {
	page := &textPage{All: v.r.URL.Query().Get("all") != ""}
	page.Title = v.say("signed-out.title")
	return v.show(http.StatusOK, "signedout", page)
}

// setLanguage keeps the chosen language in the browser and with the User.
func (s *site) setLanguage(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	if lang := s.langs.Get(v.field("language")); lang != nil {
		v.setCookie("lang", lang.Code, choiceLife)
		if v.user.ID != 0 {
			if err := s.Store.SetLocale(v.r.Context(), v.user.ID, lang.Code); err != nil {
				return err
			}
		}
	}
	return v.redirect(s.ownPath(v.field("back")))
}

// schemes are the choices of colours; "" follows the device.
var schemes = map[string]bool{"": true, "light": true, "dark": true}

func (v *visit) scheme() string {
	if choice := v.cookie("scheme"); schemes[choice] {
		return choice
	}
	return ""
}

func (s *site) setScheme(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	switch choice := v.field("scheme"); {
	case choice == "auto":
		v.setCookie("scheme", "", 0)
	case schemes[choice]:
		v.setCookie("scheme", choice, choiceLife)
	}
	return v.redirect(s.ownPath(v.field("back")))
}

// ownPath returns the address if it is one of our own pages for reading, else
// home: what a form brings back may lead nowhere else.
func (s *site) ownPath(text string) string {
	u, err := url.ParseRequestURI(text)
	if err != nil || len(text) > 2*maxTyped || u.Scheme != "" || u.Host != "" || u.User != nil || strings.ContainsAny(text, "\\\r\n\t ") {
		return "/"
	}
	_, pattern := s.mux.Handler(&http.Request{Method: http.MethodGet, Host: s.base.Host, URL: u})
	path, page := strings.CutPrefix(pattern, "GET ")
	if !page || u.Path != u.EscapedPath() || strings.HasPrefix(u.Path, "//") || strings.HasPrefix(path, "/oauth/") || strings.HasSuffix(path, "/events") {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawQuery: u.Query().Encode()}).String()
}

// sample is one of the demonstration's exports.
func (s *site) sample(v *visit) error {
	if s.Demo == nil {
		return notFound()
	}
	for _, x := range s.Demo.Samples {
		if x.Name == v.r.PathValue("name") {
			v.w.Header().Set("Content-Type", "application/octet-stream")
			v.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": x.Name}))
			return ignoreGone(x.Write(v.w))
		}
	}
	return notFound()
}

func (s *site) robots(v *visit) error {
	return v.text("User-agent: *\nAllow: /$\nAllow: /privacy\nAllow: /about-bot\nAllow: /help/\nAllow: /announce$\nAllow: /@x/\nDisallow: /\n")
}

// security says where to report a hole, RFC 9116.
func (s *site) security(v *visit) error {
	expires := v.now.AddDate(0, 6, 0).Format("2006-01-02T00:00:00Z")
	return v.text("Contact: " + s.address("/about-bot") + "\nExpires: " + expires + "\nPreferred-Languages: en, zh\nCanonical: " + s.address("/.well-known/security.txt") + "\n")
}

// health says that the pages answer, and nothing else to strangers.
func (s *site) health(v *visit) error {
	if v.r.URL.RawQuery != "" {
		return notFound()
	}
	return v.text("ok\n")
}

func (v *visit) text(body string) error {
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := v.w.Write([]byte(body))
	return ignoreGone(err)
}

// number reads a plain decimal number.
func number(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && strconv.Itoa(n) == text
}
