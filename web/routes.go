package web

import (
	"net/http"
	"strings"
)

// access says who may use a route.
type access int

const (
	open   access = iota // everybody
	joiner               // everybody, but in local mode only the owner
	person               // somebody who is signed in, or the owner
)

// action answers one request; an error becomes a page with its sentence.
type action func(s *site, v *visit) error

// route is one row of the table: what a person asks for, who may, who answers.
type route struct {
	pattern string
	who     access
	do      action
	body    int64 // bytes that the request may bring; 0 for maxForm, -1 for an upload
}

// routes is every address of the pages.
var routes = []route{
	{"GET /{$}", open, (*site).home, 0},
	{"GET /events", person, (*site).homeEvents, 0},

	{"GET /connect", joiner, (*site).connectForm, 0},
	{"POST /connect", joiner, (*site).connect, 0},
	{"GET /sign-in", joiner, (*site).connectForm, 0},
	{"POST /sign-in", joiner, (*site).connect, 0},
	{"GET /connect/go", joiner, (*site).connectGo, 0},
	{"GET /oauth/cb/{flow}", open, (*site).callback, 0},
	{"GET /connect/code", joiner, (*site).codeForm, 0},
	{"POST /connect/code", joiner, (*site).code, 0},
	{"GET /connect/confirm", joiner, (*site).confirmForm, 0},
	{"POST /connect/confirm", joiner, (*site).confirm, 0},
	{"POST /sign-out", person, (*site).signOut, 0},
	{"GET /signed-out", open, (*site).signedOut, 0},

	{"GET /help/export/x", open, (*site).exportHelp, 0},
	{"POST /help/export/x", open, (*site).exportAsked, 0},
	{"GET /help/export/x/reminder.ics", open, (*site).reminder, 0},

	{"GET /sources/new", person, (*site).giveForm, 0},
	{"POST /sources", person, (*site).give, -1},
	{"GET /sources/{id}", person, (*site).source, 0},
	{"GET /sources/{id}/events", person, (*site).sourceEvents, 0},

	{"GET /matches", person, (*site).matches, 0},
	{"GET /matches/events", person, (*site).matchesEvents, 0},
	{"GET /matches/missing", person, (*site).missing, 0},
	{"GET /matches/missing.csv", person, (*site).missingCSV, 0},
	{"GET /matches/check", person, (*site).checkAll, 0},
	{"POST /matches/decide", person, (*site).decide, maxDecisions},
	{"POST /matches/decide-all", person, (*site).decideAll, 0},
	{"POST /matches/undo", person, (*site).undoDecide, 0},
	{"GET /matches/{id}", person, (*site).match, 0},
	{"POST /matches/{id}", person, (*site).chooseMatch, 0},

	{"GET /follow", person, (*site).plan, 0},
	{"POST /follow", person, (*site).follow, 0},
	{"GET /follow/csv", person, (*site).followCSV, 0},
	{"GET /follow/csv/check", person, (*site).afterFile, 0},
	{"POST /follow/csv/check", person, (*site).checkFile, 0},
	{"GET /follow/progress", person, (*site).progress, 0},
	{"GET /follow/progress/events", person, (*site).progressEvents, 0},
	{"GET /follow/outcomes", person, (*site).outcomes, 0},
	{"POST /follow/pause", person, (*site).pause, 0},
	{"POST /follow/resume", person, (*site).resume, 0},
	{"GET /follow/cancel", person, (*site).cancelForm, 0},
	{"POST /follow/cancel", person, (*site).cancel, 0},
	{"POST /follow/retry", person, (*site).retry, 0},
	{"GET /follow/{id}", person, (*site).followJob, 0},

	{"GET /data", person, (*site).data, 0},
	{"GET /data/export", person, (*site).export, 0},
	{"GET /data/disconnect/{id}", person, (*site).disconnectForm, 0},
	{"POST /data/disconnect/{id}", person, (*site).disconnect, 0},
	{"GET /data/forget", person, (*site).forgetForm, 0},
	{"POST /data/forget", person, (*site).forget, 0},
	{"GET /forgotten", open, (*site).forgotten, 0},

	{"GET /privacy", open, (*site).privacy, 0},
	{"GET /about-bot", open, (*site).aboutBot, 0},
	{"POST /language", open, (*site).setLanguage, 0},
	{"POST /scheme", open, (*site).setScheme, 0},

	{"GET /demo/{name}", joiner, (*site).sample, 0},
	{"GET /static/{name}", open, (*site).asset, 0},
	{"GET /favicon.ico", open, (*site).favicon, 0},
	{"GET /robots.txt", open, (*site).robots, 0},
	{"GET /.well-known/security.txt", open, (*site).security, 0},
	{"GET /healthz", open, (*site).health, 0},
}

// register makes the ServeMux of the table.
func (s *site) register() *http.ServeMux {
	mux := http.NewServeMux()
	for i := range routes {
		mux.HandleFunc(routes[i].pattern, func(w http.ResponseWriter, r *http.Request) { s.visit(w, r, &routes[i]) })
	}
	return mux
}

// live reports whether the route is a stream of events.
func (r *route) live() bool { return strings.HasSuffix(r.pattern, "/events") }

// Patterns lists the patterns of all routes, for tests that walk them.
func Patterns() []string {
	all := make([]string, len(routes))
	for i := range routes {
		all[i] = routes[i].pattern
	}
	return all
}
