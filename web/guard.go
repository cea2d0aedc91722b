package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
)

// csp lets a page load nothing from anybody else and run no script but ours.
// form-action needs https: since Chromium applies it to the redirect that
// follows the sign-in form.
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'"

// forwarded are the headers that a reverse proxy adds. In local mode they say
// that the whole world may be behind it.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Forwarded-Port", "X-Real-Ip", "Via"}

// outer is the pages behind their guards, the outermost first.
func (s *site) outer() http.Handler {
	return s.recovered(s.headers(s.ownHost(s.noProxy(s.ownOrigin(http.HandlerFunc(s.serve))))))
}

type requestKey struct{}

// requestID is the number that an error page tells the person.
func requestID(r *http.Request) string {
	id, _ := r.Context().Value(requestKey{}).(string)
	return id
}

// recovered turns a panic into the page of our own trouble, and gives each
// request its number.
func (s *site) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, rand.Text()[:10]))
		defer func() {
			trouble := recover()
			if trouble == nil {
				return
			}
			if trouble == http.ErrAbortHandler { //nolint:errorlint // the documented comparison
				panic(trouble)
			}
			s.Log.Error("page panicked", "request", requestID(r), "cause", fmt.Sprint(trouble), "stack", string(debug.Stack()))
			s.broken(w, r)
		}()
		next.ServeHTTP(w, r)
	})
}

// headers sets what every answer carries.
func (s *site) headers(next http.Handler) http.Handler {
	referrer := "no-referrer"
	if !s.secure && s.Mode != Local {
		// On plain http browsers send no Sec-Fetch-Site, and under no-referrer
		// an Origin of null even for our own forms.
		referrer = "same-origin"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", referrer)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cache-Control", "no-store")
		if s.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// ownHost answers 421 to a request for another host: a name that an attacker
// points at this address, which cross-origin checks let pass.
func (s *site) ownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.hosts[strings.ToLower(r.Host)] {
			w.WriteHeader(http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// noProxy refuses forwarded requests in local mode: there the pages ask for no
// sign-in, and a proxy would make everybody the owner.
func (s *site) noProxy(next http.Handler) http.Handler {
	if s.Mode != Local {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxied := func(name string) bool { return len(r.Header.Values(name)) > 0 }
		if slices.ContainsFunc(forwarded, proxied) {
			s.showError(w, r, http.StatusForbidden, "error.title.403", "error.proxy")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownOrigin refuses what another page makes the browser send. Besides the
// library's check it compares the Origin as a string, and with a session it
// wants one of the two headers that browsers send.
func (s *site) ownOrigin(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cross.Check(r) != nil || !s.originOK(r) {
			s.showError(w, r, http.StatusForbidden, "error.title.403", "error.cross")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *site) originOK(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	site := r.Header.Get("Sec-Fetch-Site")
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case len(origins) > 1:
		return false
	case len(origins) == 0:
		return reads || site != "" || len(r.CookiesNamed(s.cookieName(sessionCookie))) == 0
	case origins[0] == "null":
		// Under our own Referrer-Policy a browser writes null for our own
		// forms too, and then vouches for them with Sec-Fetch-Site.
		return site == "same-origin"
	case reads && s.Mode != Local:
		return true
	}
	return s.origins[origins[0]]
}
