// Package xtest is X's API on this machine: version 2 and 1.1 over invented
// accounts, with pages, prices, windows of requests, and trouble on demand.
package xtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// User is somebody on this X.
type User struct {
	ID, Username, Name, Bio, Location, Link string
	Protected                               bool
}

// X is one X with one app. Its fields are set before it serves.
type X struct {
	Token                string // that stands for Owner
	AppToken             string // that stands for nobody
	Owner                User
	Following, Followers []User
	Others               []User   // who can be looked up besides
	Posts                []string // of Owner, newest first, as version 2 writes them
	Media                []string // that they refer to
	OldPosts             []string // as version 1.1 writes them
	PageMost             int      // entries of a page at most, 0 for as many as are asked for

	mu     sync.Mutex
	asked  []string
	billed int
	faults []http.HandlerFunc
}

// Fail makes the next requests be answered so, each once.
func (x *X) Fail(with ...http.HandlerFunc) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.faults = append(x.faults, with...)
}

// Status is an answer with nothing but a status and headers, given in pairs.
func Status(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"title":"x","status":%d}`, code)
	}
}

// Body is a good answer with that text.
func Body(contentType, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write([]byte(text))
	}
}

// Cut is an answer that ends in the middle.
func Cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte(`{"data":[`))
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// Drop ends the connection without an answer.
func Drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// Asked lists the requests so far, each its path and query.
func (x *X) Asked() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.asked)
}

// Billed is how many entries were given so far.
func (x *X) Billed() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.billed
}

// ServeHTTP implements http.Handler.
func (x *X) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	x.asked = append(x.asked, r.URL.RequestURI())
	var fail http.HandlerFunc
	if len(x.faults) > 0 {
		fail, x.faults = x.faults[0], x.faults[1:]
	}
	x.mu.Unlock()
	bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case fail != nil:
		fail(w, r)
	case bearer != x.Token && (bearer != x.AppToken || bearer == ""):
		Status(http.StatusUnauthorized)(w, r)
	case strings.HasPrefix(r.URL.Path, "/1.1/"):
		x.old(w, r)
	case r.URL.Path == "/2/users/me" && bearer == x.AppToken:
		Status(http.StatusForbidden)(w, r)
	default:
		x.new(w, r)
	}
}

// new answers as version 2 does.
func (x *X) new(w http.ResponseWriter, r *http.Request) {
	q, path := r.URL.Query(), strings.TrimPrefix(r.URL.Path, "/2/users")
	switch {
	case path == "/me", strings.EqualFold(path, "/by/username/"+x.Owner.Username):
		x.bill(1)
		write(w, fmt.Sprintf(`{"data":%s}`, x.Owner.v2(fmt.Sprintf(`,"public_metrics":{"following_count":%d,"followers_count":%d,"tweet_count":%d}`, len(x.Following), len(x.Followers), len(x.Posts)))))
	case strings.HasPrefix(path, "/by/username/"):
		write(w, `{"errors":[{"title":"Not Found Error","type":"https://api.twitter.com/2/problems/resource-not-found"}]}`)
	case path == "":
		x.lookUp(w, strings.Split(q.Get("ids"), ","))
	case path == "/"+x.Owner.ID+"/following":
		x.people(w, q.Get("max_results"), q.Get("pagination_token"), x.Following)
	case path == "/"+x.Owner.ID+"/followers":
		x.people(w, q.Get("max_results"), q.Get("pagination_token"), x.Followers)
	case path == "/"+x.Owner.ID+"/tweets":
		x.page(w, q.Get("max_results"), q.Get("pagination_token"), x.Posts, `,"includes":{"media":[`+strings.Join(x.Media, ",")+`]}`)
	default:
		Status(http.StatusNotFound)(w, r)
	}
}

// known are the accounts that some numbers mean; X takes a hundred at a time.
func (x *X) known(ids []string) (found []User) {
	for _, id := range ids[:min(len(ids), 100)] {
		all := slices.Concat(x.Following, x.Followers, x.Others)
		if at := slices.IndexFunc(all, func(u User) bool { return u.ID == id }); at >= 0 {
			found = append(found, all[at])
		}
	}
	x.bill(len(found))
	return found
}

func (x *X) lookUp(w http.ResponseWriter, ids []string) {
	var found []string
	for _, u := range x.known(ids) {
		found = append(found, u.v2(""))
	}
	data := ""
	if len(found) > 0 {
		data = `"data":[` + strings.Join(found, ",") + `],`
	}
	write(w, `{`+data+`"errors":[{"title":"Not Found Error","detail":"Could not find some"}]}`)
}

func (x *X) people(w http.ResponseWriter, most, token string, all []User) {
	entries := make([]string, len(all))
	for i, u := range all {
		entries[i] = u.v2("")
	}
	x.page(w, most, token, entries, "")
}

// page gives the part of a list that a token names.
func (x *X) page(w http.ResponseWriter, most, token string, all []string, more string) {
	from, _ := strconv.Atoi(strings.TrimPrefix(token, "T"))
	n, err := strconv.Atoi(most)
	if err != nil || n < 1 || from > len(all) {
		Status(http.StatusBadRequest)(w, nil)
		return
	}
	to := min(from+x.limit(n), len(all))
	next := ""
	if to < len(all) {
		next = fmt.Sprintf(`,"next_token":"T%d"`, to)
	}
	x.bill(to - from)
	write(w, fmt.Sprintf(`{"data":[%s]%s,"meta":{"result_count":%d%s}}`, strings.Join(all[from:to], ","), more, to-from, next))
}

func (x *X) limit(n int) int {
	if x.PageMost > 0 {
		return min(n, x.PageMost)
	}
	return n
}

func (x *X) bill(n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.billed += n
}

// old answers as version 1.1 did.
func (x *X) old(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	n, _ := strconv.Atoi(q.Get("count"))
	cursor, _ := strconv.Atoi(q.Get("cursor"))
	switch strings.TrimPrefix(r.URL.Path, "/1.1/") {
	case "account/verify_credentials.json", "users/show.json":
		x.bill(1)
		write(w, x.Owner.v1())
	case "friends/list.json":
		x.oldPeople(w, max(cursor, 0), n, x.Following)
	case "followers/list.json":
		x.oldPeople(w, max(cursor, 0), n, x.Followers)
	case "users/lookup.json":
		x.oldLookUp(w, strings.Split(q.Get("user_id"), ","))
	case "statuses/user_timeline.json":
		x.oldPosts(w, q.Get("max_id"), n)
	default:
		Status(http.StatusNotFound)(w, r)
	}
}

func (x *X) oldPeople(w http.ResponseWriter, from, n int, all []User) {
	to := min(from+x.limit(n), len(all))
	var entries []string
	for _, u := range all[min(from, to):to] {
		entries = append(entries, u.v1())
	}
	next := to
	if to == len(all) {
		next = 0
	}
	x.bill(len(entries))
	write(w, fmt.Sprintf(`{"users":[%s],"next_cursor":%d,"next_cursor_str":"%d"}`, strings.Join(entries, ","), next, next))
}

func (x *X) oldLookUp(w http.ResponseWriter, ids []string) {
	var found []string
	for _, u := range x.known(ids) {
		found = append(found, u.v1())
	}
	write(w, `[`+strings.Join(found, ",")+`]`)
}

func (x *X) oldPosts(w http.ResponseWriter, below string, n int) {
	var entries []string
	for _, text := range x.OldPosts {
		var post struct {
			ID int64 `json:"id"`
		}
		if most, err := strconv.ParseInt(below, 10, 64); json.Unmarshal([]byte(text), &post) == nil && (err != nil || post.ID <= most) && len(entries) < x.limit(n) {
			entries = append(entries, text)
		}
	}
	x.bill(len(entries))
	write(w, `[`+strings.Join(entries, ",")+`]`)
}

func write(w http.ResponseWriter, text string) { Body("application/json; charset=utf-8", text)(w, nil) }

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (u User) v2(more string) string {
	return fmt.Sprintf(`{"id":%q,"username":%q,"name":%s,"description":%s,"location":%s,"protected":%t,"url":"https://t.co/x","entities":{"url":{"urls":[{"start":0,"end":14,"url":"https://t.co/x","expanded_url":%s}]}}%s}`,
		u.ID, u.Username, quoted(u.Name), quoted(u.Bio), quoted(u.Location), u.Protected, quoted(u.Link), more)
}

func (u User) v1() string {
	return fmt.Sprintf(`{"id":%s,"id_str":%q,"screen_name":%q,"name":%s,"description":%s,"location":%s,"protected":%t,"url":"https://t.co/x","entities":{"url":{"urls":[{"url":"https://t.co/x","expanded_url":%s,"indices":[0,14]}]}}}`,
		u.ID, u.ID, u.Username, quoted(u.Name), quoted(u.Bio), quoted(u.Location), u.Protected, quoted(u.Link))
}
