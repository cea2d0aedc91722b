package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"time"

	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web"
)

// mostPage bounds the answer of a page over all Matches, in milliseconds.
const mostPage = 100

// pagesKey opens the pages of the bench.
const pagesKey = "BENCHBENCHBENCHBENCHBENCHB"

// listed are the pages that a person turns among many Matches.
var listed = []string{"/matches", "/matches?page=%d", "/matches?group=likely&page=%d", "/matches?q=wader_77", "/matches?host=h7.flock.example", "/matches?group=decided", "/network"}

// pageRows measures whole pages over many Matches on the embedded database: the
// median answer of the slowest one.
func pageRows(ctx context.Context, b *bench) (_ []row, err error) {
	dir, err := os.MkdirTemp(b.dir, "pages-")
	if err != nil {
		return nil, err
	}
	s, err := openStore(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := fillMatches(ctx, s, b.matches); err != nil {
		return nil, err
	}
	pages, err := openPages(s, filepath.Join(dir, "spool"))
	if err != nil {
		return nil, err
	}
	worst, where := time.Duration(0), ""
	for _, path := range listed {
		if slices.Contains([]byte(path), '%') {
			path = fmt.Sprintf(path, b.matches/3/50)
		}
		took, err := medianPage(ctx, pages, path)
		if err != nil {
			return nil, err
		}
		if took > worst {
			worst, where = took, path
		}
	}
	ms := float64(worst.Microseconds()) / 1000
	return []row{{name: "page of Matches, SQLite", measured: fmt.Sprintf("%.1f ms", ms), aim: atMost(mostPage, "ms"), got: ms,
		beside: fmt.Sprintf("the slowest of %d pages over %d Matches, %s", len(listed), b.matches, where)}}, nil
}

func openPages(s *store.Store, spoolDir string) (http.Handler, error) {
	door, err := fedi.Open(fedi.Options{})
	if err != nil {
		return nil, err
	}
	spool, err := store.OpenSpool(spoolDir, 1<<20)
	if err != nil {
		return nil, err
	}
	return web.New(web.Deps{Store: s, Door: door, Spool: spool, BaseURL: "http://127.0.0.1:8080", Mode: web.Local, LocalKey: pagesKey})
}

// medianPage is the middle one of some answers of a page.
func medianPage(ctx context.Context, pages http.Handler, path string) (time.Duration, error) {
	const times = 15
	var all []time.Duration
	cookies, err := enter(ctx, pages)
	for range times {
		if err != nil {
			return 0, err
		}
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:8080"+path, nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		begin := time.Now()
		pages.ServeHTTP(w, r)
		all = append(all, time.Since(begin))
		if w.Code != http.StatusOK {
			err = fmt.Errorf("%s answers %d", path, w.Code)
		}
	}
	slices.Sort(all)
	return all[times/2], err
}

// enter opens the pages as the link of local mode does.
func enter(ctx context.Context, pages http.Handler) ([]*http.Cookie, error) {
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:8080/?k="+pagesKey, nil))
	if w.Code != http.StatusSeeOther {
		return nil, fmt.Errorf("the link answers %d", w.Code)
	}
	return w.Result().Cookies(), nil
}

// fillMatches gives the owner of the machine so many people, all found.
func fillMatches(ctx context.Context, s *store.Store, n int) error {
	now := time.Now()
	user, err := s.LocalUser(ctx, now)
	if err != nil {
		return err
	}
	if err := fillPeople(ctx, s, user, n, now); err != nil {
		return err
	}
	t, err := taken(ctx, s, social.MatchTask, user.ID, now)
	if err != nil {
		return err
	}
	for {
		people, err := s.NewAccounts(ctx, user.ID, recordBatch)
		if err != nil || len(people) == 0 {
			return errors.Join(err, gradeAll(ctx, s, t, user.ID, now))
		}
		var found []store.Candidates
		for _, a := range people {
			found = append(found, store.Candidates{AccountID: a.ID, Matches: []social.Match{foundAt(a, now)}})
		}
		if err := s.SaveCandidates(ctx, t, found, now); err != nil {
			return err
		}
	}
}

// taken rings for a task and claims it.
func taken(ctx context.Context, s *store.Store, kind social.TaskKind, id int64, now time.Time) (social.Task, error) {
	if err := s.Ring(ctx, kind, id, now); err != nil {
		return social.Task{}, err
	}
	t, _, err := s.Claim(ctx, kind, id, now, time.Hour)
	return t, err
}

func fillPeople(ctx context.Context, s *store.Store, user social.User, n int, now time.Time) error {
	source, err := giveSource(ctx, s, user, "pages", now)
	if err != nil {
		return err
	}
	t, err := taken(ctx, s, social.ImportTask, source.ID, now)
	if err != nil {
		return err
	}
	if source, err = s.SourceFor(ctx, t); err != nil {
		return err
	}
	for i := 0; i < n; i += recordBatch {
		var batch []social.Record
		for k := i; k < min(i+recordBatch, n); k++ {
			batch = append(batch, social.Record{Edge: social.Following, Account: social.Account{Network: social.X, NativeID: fmt.Sprint(firstXID + k),
				Username: fmt.Sprintf("wader_%d", k), Name: fmt.Sprintf("Wader %d", k), Bio: fmt.Sprintf("tides and maps, now @wader_%d@flock.example", k), SeenAt: now}})
		}
		if err := s.SaveRecords(ctx, t, batch); err != nil {
			return err
		}
	}
	source.State, source.ReadAt = social.SourceDone, now
	return s.FinishSource(ctx, t, source, now)
}

func foundAt(a social.Account, now time.Time) social.Match {
	h, err := social.ParseHandle(fmt.Sprintf("%s@h%d.flock.example", a.Username, a.ID%97), social.Private)
	if err != nil {
		panic("bench: its own handle does not parse: " + err.Error())
	}
	return social.Match{Asked: h, Resolution: social.Resolution{Asked: h, State: social.Found, Handle: h, ActorID: "https://" + h.Host() + "/users/" + h.User(), CheckedAt: now, FreshUntil: now.Add(24 * time.Hour)},
		Evidence: []social.Evidence{{Kind: social.InBio, Text: "tides and maps, now @" + h.String(), SeenAt: now}}}
}

func gradeAll(ctx context.Context, s *store.Store, t social.Task, userID int64, now time.Time) error {
	for {
		group, err := s.Ungraded(ctx, userID, recordBatch)
		if err != nil || len(group) == 0 {
			return err
		}
		for i := range group {
			m := &group[i]
			m.Handle, m.ActorID = m.Resolution.Handle, m.Resolution.ActorID
			m.Certainty = []social.Certainty{social.Certain, social.Likely, social.Possible}[m.ID%3]
		}
		if err := s.SaveGrades(ctx, t, group, now); err != nil {
			return err
		}
	}
}
