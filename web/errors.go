package web

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"godwit/internal/fault"
	"godwit/web/locale"
)

// errorPage is the page of something that did not work.
type errorPage struct {
	Frame  `json:"-"`
	Say    locale.Sentence
	SignIn bool
}

// statuses is the answer's status for each kind of failure.
var statuses = map[fault.Kind]int{
	fault.Broken: http.StatusInternalServerError, fault.Invalid: http.StatusBadRequest, fault.NotFound: http.StatusNotFound,
	fault.Denied: http.StatusForbidden, fault.Gone: http.StatusGone, fault.Wait: http.StatusTooManyRequests,
	fault.Paused: http.StatusConflict, fault.Unavailable: http.StatusBadGateway, fault.TooLarge: http.StatusRequestEntityTooLarge,
	fault.Disk: http.StatusInsufficientStorage, fault.Conflict: http.StatusConflict,
}

// titles is the heading of the error page for a status.
var titles = map[int]string{
	http.StatusBadRequest: "error.title.400", http.StatusNotFound: "error.title.404",
	http.StatusForbidden: "error.title.403", http.StatusMethodNotAllowed: "error.title.405",
	http.StatusRequestEntityTooLarge: "error.title.413", http.StatusTooManyRequests: "error.title.429",
	http.StatusInternalServerError: "error.title.500",
}

func asFault(err error) *fault.Fault {
	f, _ := errors.AsType[*fault.Fault](err)
	return f
}

// fail shows the page of an error. The cause goes to the log only.
func (v *visit) fail(err error) {
	kind := fault.KindOf(err)
	status := statuses[kind]
	say := v.sayFault(err)
	switch f := asFault(err); {
	case kind == fault.Broken || kind == fault.Disk:
		v.site.Log.Error("page failed", "route", v.pattern(), "request", requestID(v.r), "cause", err.Error())
		if kind == fault.Broken {
			say = v.say("error.500", "id", requestID(v.r))
		}
	case kind == fault.NotFound:
		say = v.say("error.404")
	case f.Code == "too-fast":
		seconds := int(math.Ceil(f.Until.Sub(v.now).Seconds()))
		v.w.Header().Set("Retry-After", strconv.Itoa(seconds))
		say = v.say("error.429", "n", seconds)
	case f.Code == "form-too-large":
		say = v.say("error.413", "limit", v.size(maxForm))
	case f.Code == "bad-form":
		say = v.say("error.400")
	}
	v.showFailure(status, say)
}

func (v *visit) pattern() string {
	if v.route == nil {
		return ""
	}
	return v.route.pattern
}

func (v *visit) showFailure(status int, say locale.Sentence) {
	title, found := titles[status]
	if !found {
		title = "error.title.fault"
	}
	page := &errorPage{Say: say}
	page.Title = v.say(title)
	if err := v.show(status, "error", page); err != nil {
		v.site.broken(v.w, v.r)
	}
}

// showError is an error page outside of any route.
func (s *site) showError(w http.ResponseWriter, r *http.Request, status int, title, key string) {
	v := s.newVisit(w, r)
	page := &errorPage{Say: v.say(key)}
	page.Title = v.say(title)
	if err := v.show(status, "error", page); err != nil {
		s.broken(w, r)
	}
}

// broken is the last resort, when not even a page can be made.
func (s *site) broken(w http.ResponseWriter, r *http.Request) {
	say := s.langs.All()[0].Say("error.500", "id", requestID(r)).String()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write([]byte(say + "\n"))
}

// unknown answers an address without a route: 404, or 405 with the methods
// that are allowed, as the mux found out.
func (v *visit) unknown(handler http.Handler) {
	if err := v.load(); err != nil {
		v.fail(err)
		return
	}
	probe := &headOnly{header: http.Header{}, status: http.StatusOK}
	handler.ServeHTTP(probe, v.r)
	if probe.status != http.StatusMethodNotAllowed {
		v.fail(notFound())
		return
	}
	v.w.Header().Set("Allow", probe.header.Get("Allow"))
	v.showFailure(http.StatusMethodNotAllowed, v.say("error.405"))
}

// headOnly keeps an answer's status and headers and drops its body.
type headOnly struct {
	header http.Header
	status int
}

func (h *headOnly) Header() http.Header            { return h.header }
func (h *headOnly) WriteHeader(status int)         { h.status = status }
func (h *headOnly) Write(body []byte) (int, error) { return len(body), nil }
