package web

import (
	"encoding/csv"
	"net/http"
	"strings"

	"godwit/internal/social"
)

// missingPage lists those who are not found yet.
type missingPage struct {
	Frame  `json:"-"`
	N      int
	People []social.Account
	Next   string
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
	page := &missingPage{N: counts.NotFound, People: people}
	if len(people) == pageSize {
		page.Next = "/matches/missing?after=" + itoa(people[len(people)-1].ID)
	}
	page.Title = v.say("matches.missing.title")
	page.Here = "matches"
	return v.show(http.StatusOK, "missing", page)
}

// missingCSV is the same list for a spreadsheet.
func (s *site) missingCSV(v *visit) error {
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="godwit-not-found.csv"`)
	w := csv.NewWriter(v.w)
	rows := [][]string{{"id", "username", "name"}}
	for after := int64(0); rows != nil; {
		if err := w.WriteAll(rows); err != nil {
			return ignoreGone(err)
		}
		people, err := s.Store.Unmatched(v.r.Context(), v.user.ID, after, csvBatch)
		if err != nil {
			s.Log.Error("list cut off", "cause", err.Error())
			panic(http.ErrAbortHandler)
		}
		rows = nil
		for _, a := range people {
			after = a.ID
			rows = append(rows, []string{a.NativeID, a.Username, cell(a.Name)})
		}
	}
	return nil
}

// csvBatch is how many rows are read at a time for a download.
const csvBatch = 500

// cell keeps a spreadsheet from taking a stranger's name for a formula.
func cell(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, text)
	bare := strings.TrimLeft(text, " \u3000\u00a0")
	if bare != "" && strings.ContainsAny(bare[:1], "=+-@") || strings.HasPrefix(bare, "＝") || strings.HasPrefix(bare, "＋") || strings.HasPrefix(bare, "－") || strings.HasPrefix(bare, "＠") {
		return "'" + text
	}
	return text
}

