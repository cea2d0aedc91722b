package web

import (
	"net/http"

	"godwit/internal/fault"
	"godwit/internal/store"
)

// announce is the entry for somebody who has a new handle to tell: what it is
// to a stranger, else where they stopped.
func (s *site) announce(v *visit) error {
	if v.user.ID == 0 {
		page := &textPage{}
		page.Title = v.say("register.title")
		return v.show(http.StatusOK, "announce", page)
	}
	if _, err := v.published(); err != nil {
		if fault.Is(err, fault.NotFound) {
			return v.redirect("/register")
		}
		return err
	}
	return v.redirect("/announce/kit")
}

// countsPage is the numbers that only the creator sees.
type countsPage struct {
	Frame  `json:"-"`
	Counts store.CreatorCounts
}

// Few writes a number of people, or that they are few.
func (p *countsPage) Few(n int) string {
	if n == 0 {
		return p.T("counts.few").String()
	}
	return p.N(n)
}

func (s *site) counts(v *visit) error {
	c, err := s.Store.CountsFor(v.r.Context(), v.user.ID, v.now)
	if fault.Is(err, fault.NotFound) {
		return v.redirect("/register")
	}
	if err != nil {
		return err
	}
	page := &countsPage{Counts: c}
	page.Title, page.Here, page.Sub = v.say("counts.title"), "register", "counts"
	return v.show(http.StatusOK, "counts", page)
}
