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
	upload  bool // brings files, of which the action bounds the bytes itself
}

// routes is every address of the pages.
var routes = []route{
	{"GET /{$}", open, (*site).home, false},
	{"GET /events", person, (*site).homeEvents, false},

	{"GET /connect", joiner, (*site).connectForm, false},
	{"POST /connect", joiner, (*site).connect, false},
	{"GET /sign-in", joiner, (*site).connectForm, false},
	{"POST /sign-in", joiner, (*site).connect, false},
	{"GET /connect/go", joiner, (*site).connectGo, false},
	{"GET /oauth/cb/{flow}", open, (*site).callback, false},
	{"GET /connect/code", joiner, (*site).codeForm, false},
	{"POST /connect/code", joiner, (*site).code, false},
	{"GET /connect/confirm", joiner, (*site).confirmForm, false},
	{"POST /connect/confirm", joiner, (*site).confirm, false},
	{"POST /sign-out", person, (*site).signOut, false},
	{"GET /signed-out", open, (*site).signedOut, false},

	{"GET /help/export/x", open, (*site).exportHelp, false},
	{"POST /help/export/x", open, (*site).exportAsked, false},
	{"GET /help/export/x/reminder.ics", open, (*site).reminder, false},

	{"GET /sources/new", person, (*site).giveForm, false},
	{"POST /sources", person, (*site).give, true},
	{"POST /sources/account", person, (*site).giveAccount, false},
	{"POST /uploads", person, (*site).declare, false},
	{"PATCH /uploads/{upload}", person, (*site).piece, true},
	{"DELETE /uploads/{upload}", person, (*site).giveUp, false},
	{"GET /sources/{id}", person, (*site).source, false},
	{"GET /sources/{id}/events", person, (*site).sourceEvents, false},

	{"GET /matches", person, (*site).matches, false},
	{"GET /matches/events", person, (*site).matchesEvents, false},
	{"GET /matches/missing", person, (*site).missing, false},
	{"GET /matches/missing.csv", person, (*site).missingCSV, false},
	{"POST /matches/pages", person, (*site).askPages, false},
	{"GET /matches/check", person, (*site).checkAll, false},
	{"POST /matches/decide", person, (*site).decide, false},
	{"POST /matches/decide-all", person, (*site).decideAll, false},
	{"POST /matches/undo", person, (*site).undoDecide, false},
	{"GET /matches/{id}", person, (*site).match, false},
	{"POST /matches/{id}", person, (*site).chooseMatch, false},

	{"GET /follow", person, (*site).plan, false},
	{"POST /follow", person, (*site).follow, false},
	{"GET /follow/csv", person, (*site).followCSV, false},
	{"GET /follow/csv/check", person, (*site).afterFile, false},
	{"POST /follow/csv/check", person, (*site).checkFile, false},
	{"GET /follow/progress", person, (*site).progress, false},
	{"GET /follow/progress/events", person, (*site).progressEvents, false},
	{"GET /follow/outcomes", person, (*site).outcomes, false},
	{"POST /follow/pause", person, (*site).pause, false},
	{"POST /follow/resume", person, (*site).resume, false},
	{"GET /follow/cancel", person, (*site).cancelForm, false},
	{"POST /follow/cancel", person, (*site).cancel, false},
	{"POST /follow/retry", person, (*site).retry, false},
	{"GET /follow/undo", person, (*site).undoForm, false},
	{"POST /follow/undo", person, (*site).undo, false},
	{"GET /follow/{id}", person, (*site).followJob, false},

	{"GET /mirror", person, (*site).mirrorHome, false},
	{"GET /mirror/new", person, (*site).mirrorForm, false},
	{"POST /mirror", person, (*site).mirror, false},
	{"POST /mirror/archive", person, (*site).mirrorArchive, true},
	{"GET /mirror/{id}", person, (*site).mirrorProgress, false},
	{"GET /mirror/{id}/preview", person, (*site).mirrorPreview, false},
	{"GET /mirror/{id}/events", person, (*site).mirrorEvents, false},
	{"POST /mirror/{id}/start", person, (*site).mirrorStart, false},
	{"POST /mirror/{id}/pause", person, (*site).mirrorPause, false},
	{"POST /mirror/{id}/stop", person, (*site).mirrorStop, false},
	{"POST /mirror/{id}/retry", person, (*site).mirrorRetry, false},
	{"GET /mirror/{id}/undo", person, (*site).mirrorUndoForm, false},
	{"POST /mirror/{id}/undo", person, (*site).mirrorUndo, false},

	{"GET /register", person, (*site).registerForm, false},
	{"POST /register", person, (*site).startProof, false},
	{"POST /register/check", person, (*site).registerCheck, false},
	{"POST /register/x", person, (*site).startXLogin, false},
	{"GET " + xCallback, person, (*site).endXLogin, false},
	{"POST /register/publish", person, (*site).registerPublish, false},
	{"GET /register/withdraw", person, (*site).withdrawForm, false},
	{"POST /register/withdraw", person, (*site).withdraw, false},
	{"GET /announce", open, (*site).announce, false},
	{"GET /announce/kit", person, (*site).kit, false},
	{"GET /announce/card.png", person, (*site).kitCard, false},
	{"GET /announce/qr.svg", person, (*site).kitQR, false},
	{"GET /announce/qr.png", person, (*site).kitQRPNG, false},
	{"GET /announce/counts", person, (*site).counts, false},
	{"GET /@x/{username}", open, (*site).announced, false},
	{"POST /@x/{username}/follow", open, (*site).followThem, false},
	{"GET /@x/{username}/card.png", open, (*site).announcedCard, false},
	{"GET /.well-known/webfinger", open, (*site).webFinger, false},

	{"GET /servers", joiner, (*site).servers, false},
	{"POST /servers", person, (*site).askServers, false},
	{"GET /network", person, (*site).network, false},
	{"GET /arrivals", person, (*site).arrivals, false},
	{"POST /arrivals", person, (*site).setWatch, false},
	{"GET /feed/{name}", open, (*site).atom, false},
	{"GET /mail/{do}/{name}", open, (*site).mailLink, false},
	{"POST /mail/{do}/{name}", open, (*site).pressMail, false},

	{"GET /waves", joiner, (*site).waves, false},
	{"POST /waves/role", person, (*site).readRole, false},
	{"GET /waves/new", person, (*site).newWaveForm, false},
	{"POST /waves/new", person, (*site).createWave, false},
	{"GET /waves/{id}", person, (*site).showWave, false},
	{"GET /waves/{id}/events", person, (*site).waveEvents, false},
	{"GET /waves/{id}/edit", person, (*site).editWaveForm, false},
	{"POST /waves/{id}/edit", person, (*site).editWave, false},
	{"POST /waves/{id}/start", person, (*site).startWave, false},
	{"GET /waves/{id}/share", person, (*site).shareWave, false},
	{"GET /waves/{id}/handout", person, (*site).handout, false},
	{"GET /waves/{id}/qr.svg", person, (*site).waveQRSVG, false},
	{"GET /waves/{id}/qr.png", person, (*site).waveQRPNG, false},
	{"GET /waves/{id}/counts.csv", person, (*site).countsCSV, false},
	{"GET /waves/{id}/starters", person, (*site).starters, false},
	{"POST /waves/{id}/starters", person, (*site).saveStarter, false},
	{"GET /waves/{id}/caps", person, (*site).capsForm, false},
	{"POST /waves/{id}/caps", person, (*site).saveCaps, false},
	{"GET /waves/{id}/policy", person, (*site).policyForm, false},
	{"POST /waves/{id}/policy", person, (*site).savePolicy, false},
	{"POST /waves/{id}/blocks", person, (*site).saveBlocks, true},
	{"GET /waves/{id}/calls", person, (*site).callsForm, false},
	{"POST /waves/{id}/calls", person, (*site).saveCalls, false},
	{"POST /waves/{id}/pause", person, (*site).steerWave, false},
	{"GET /waves/{id}/close", person, (*site).closeWaveForm, false},
	{"POST /waves/{id}/close", person, (*site).closeWave, false},
	{"GET /w/{code}", joiner, (*site).joinForm, false},
	{"POST /w/{code}", joiner, (*site).joinWave, false},
	{"POST /w/{code}/leave", person, (*site).leaveWave, false},
	{"GET /w/{code}/people", person, (*site).people, false},
	{"POST /w/{code}/people", person, (*site).followPeople, false},
	{"GET /starter/{code}", joiner, (*site).starterForm, false},
	{"POST /starter/{code}", joiner, (*site).answerStarter, false},
	{"POST /hooks/{code}", open, (*site).takeCall, false},
	{"GET /policy/{server}", open, (*site).policyPage, false},
	{"GET /api/policy/{server}", open, (*site).policyJSON, false},

	{"GET /data", person, (*site).data, false},
	{"GET /data/export", person, (*site).export, false},
	{"GET /data/disconnect/{id}", person, (*site).disconnectForm, false},
	{"POST /data/disconnect/{id}", person, (*site).disconnect, false},
	{"GET /data/forget", person, (*site).forgetForm, false},
	{"POST /data/forget", person, (*site).forget, false},
	{"GET /forgotten", open, (*site).forgotten, false},

	{"GET /explain", open, (*site).explainForm, false},
	{"POST /explain", open, (*site).explain, false},

	{"GET /privacy", open, (*site).privacy, false},
	{"GET /about-bot", open, (*site).aboutBot, false},
	{"POST /language", open, (*site).setLanguage, false},
	{"POST /scheme", open, (*site).setScheme, false},

	{"GET /demo/{name}", joiner, (*site).sample, false},
	{"GET /static/{name}", open, (*site).asset, false},
	{"GET /favicon.ico", open, (*site).favicon, false},
	{"GET /robots.txt", open, (*site).robots, false},
	{"GET /.well-known/security.txt", open, (*site).security, false},
	{"GET /healthz", open, (*site).health, false},
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
