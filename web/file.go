package web

import (
	"net/http"

	"godwit/bridge"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// filePage says what to do with the file.
type filePage struct {
	Frame       `json:"-"`
	Destination social.Destination
	N           int
	Over        bool // more than one file holds
	Max         int
	Address     locale.Sentence // where the server takes files, where it is known
	Result      locale.Sentence
	CanCheck    bool
}

// importPath is where Mastodon takes files.
const importPath = "/settings/imports"

func (s *site) afterFile(v *visit) error { return v.showFile(http.StatusOK, nil) }

func (v *visit) showFile(status int, wrong locale.Sentence) error {
	s, as := v.site, v.r.FormValue("as")
	if as == "0" {
		as = ""
	}
	d, _, err := v.chosenDestination(as)
	if err != nil {
		return err
	}
	list, err := s.Store.NotFollowed(v.r.Context(), v.user.ID, d.ID)
	if err != nil {
		return err
	}
	page := &filePage{Destination: d, N: min(len(list), bridge.FileRows), Over: len(list) > bridge.FileRows, Max: bridge.FileRows, CanCheck: d.ID != 0 && d.Flavour != social.FlavourNone}
	if d.Flavour == social.Mastodon {
		page.Address = locale.Sentence{{Kind: locale.Link, Text: d.Host + importPath, At: s.BrowserURL("https://" + d.Host + importPath)}}
	}
	if d.ID != 0 {
		counts, err := s.Store.FollowCounts(v.r.Context(), v.user.ID, d.ID)
		if err != nil {
			return err
		}
		page.Result = v.checkResult(counts)
	}
	page.Title = v.say("file.title")
	page.Here = "move"
	if !wrong.Empty() {
		page.Problem = []problem{{"check", wrong}}
	}
	return v.show(status, "file", page)
}

// checkResult says who of those in the file has arrived, once that was checked.
func (v *visit) checkResult(c store.FollowCounts) locale.Sentence {
	if c.Total == 0 {
		return nil
	}
	k := c.ByOutcome[social.Followed] + c.ByOutcome[social.Already] + c.ByOutcome[social.Moved]
	r := c.ByOutcome[social.Requested]
	return v.say("file.check.result", "k", k, "n", c.Total, "r", r, "m", c.Total-k-r)
}

// followCSV is the file in the form that Mastodon imports.
func (s *site) followCSV(v *visit) error {
	as := v.r.URL.Query().Get("as")
	if as == "0" {
		as = ""
	}
	d, _, err := v.chosenDestination(as)
	if err != nil {
		return err
	}
	list, err := s.Store.NotFollowed(v.r.Context(), v.user.ID, d.ID)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="godwit-following.csv"`)
	_, err = bridge.WriteCSV(v.w, func(yield func(social.Handle) bool) {
		for _, m := range list {
			if !yield(m.Handle) {
				return
			}
		}
	})
	return ignoreGone(err)
}

// checkFile follows whoever the file did not bring. First it is read whom the
// account follows by now, page by page: who is there counts as followed already.
func (s *site) checkFile(v *visit) error {
	return v.actOnce(v.showFile, func() (string, error) {
		d, _, err := v.chosenDestination(v.field("as"))
		if err != nil {
			return "", err
		}
		if err := s.Store.CallRoll(v.r.Context(), v.user.ID, d.ID, v.now); err != nil {
			return "", err
		}
		return s.startFollowing(v, d)
	})
}
