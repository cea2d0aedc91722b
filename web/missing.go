package web

import (
	"net/http"

	"godwit/bridge"
	"godwit/internal/social"
	"godwit/internal/store"
)

// missingPage lists those who are not found yet.
type missingPage struct {
	Frame  `json:"-"`
	N      int
	People []social.Account
	Next   string
	Pages  store.PageCounts // of link pages that may lead to some of them
}

func (s *site) missing(v *visit) error {
	counts, err := s.Store.MatchCounts(v.r.Context(), v.user.ID)
	if err != nil {
		return err
	}
	after, err := v.id(v.r.URL.Query().Get("after"))
	if err != nil {
		after = 0
	}
	people, err := s.Store.Unmatched(v.r.Context(), v.user.ID, after, pageSize)
	if err != nil {
		return err
	}
	pages, err := s.Store.PageCounts(v.r.Context(), v.user.ID)
	if err != nil {
		return err
	}
	page := &missingPage{N: counts.NotFound, Pages: pages}
	for _, a := range people {
		page.People = append(page.People, shownAccount(a))
	}
	if len(people) == pageSize {
		page.Next = "/matches/missing?after=" + itoa(people[len(people)-1].ID)
	}
	page.Title = v.say("matches.missing.title")
	page.Here = "matches"
	return v.show(http.StatusOK, "missing", page)
}

// askPages has the pages read that profiles link to.
func (s *site) askPages(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	n, err := s.Store.AskPages(v.r.Context(), v.user.ID, v.now)
	if err != nil {
		return err
	}
	if n == 0 {
		v.flash(flash{Key: "matches.pages.enough"})
	} else {
		v.flash(flash{Key: "matches.pages.asked", N: n})
	}
	return v.redirect("/matches/missing")
}

// missingCSV is the same list for a spreadsheet.
func (s *site) missingCSV(v *visit) error {
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="godwit-not-found.csv"`)
	var cut error
	err := bridge.WriteTable(v.w, []string{"id", "username", "name"}, func(yield func([]string) bool) {
		cut = s.eachMissing(v, func(a social.Account) bool { return yield([]string{a.NativeID, a.Username, a.Name}) })
	})
	if cut != nil {
		s.Log.Error("list cut off", "request", requestID(v.r), "cause", cut.Error())
		panic(http.ErrAbortHandler) // a list cut short must not look whole
	}
	return ignoreGone(err)
}

// csvBatch is how many rows are read at a time for a download.
const csvBatch = 500

// eachMissing passes on every followed Account without a live Match.
func (s *site) eachMissing(v *visit, yield func(social.Account) bool) error {
	for after := int64(0); ; {
		people, err := s.Store.Unmatched(v.r.Context(), v.user.ID, after, csvBatch)
		if err != nil || len(people) == 0 {
			return err
		}
		for _, a := range people {
			if !yield(a) {
				return nil
			}
			after = a.ID
		}
	}
}
