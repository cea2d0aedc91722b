package web

import (
	"context"
	"encoding/xml"
	"net/http"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// arrivalsPage is who turned up after the first look.
type arrivalsPage struct {
	Frame   `json:"-"`
	Rows    []arrival
	Fresh   int
	Watch   store.Watch
	Feed    string // its secret address, "" for none
	ByMail  bool   // the operator set e-mail up
	Mail    store.Mail
	Typed   string // an e-mail address
	Waiting store.Waiting
}

// arrival is one row of it.
type arrival struct {
	store.Arrival
	Label    string
	Evidence locale.Sentence
}

func (s *site) arrivals(v *visit) error { return v.showArrivals(http.StatusOK, &arrivalsPage{}) }

// showArrivals shows who arrived and how the person is told, with what was typed.
func (v *visit) showArrivals(status int, page *arrivalsPage) error {
	s, ctx, id := v.site, v.r.Context(), v.user.ID
	all, err := s.Store.Arrivals(ctx, id)
	if err != nil {
		return err
	}
	page.Rows = v.arrivalRows(all)
	for _, row := range page.Rows {
		if row.New {
			page.Fresh++
		}
	}
	if err := s.fillWatch(ctx, id, page); err != nil {
		return err
	}
	page.Title, page.Here = v.say("arrivals.title", "n", page.Fresh), "arrivals"
	if err := v.show(status, "arrivals", page); err != nil || page.Fresh == 0 || v.r.Method == http.MethodHead {
		return err
	}
	return s.Store.SeenArrivals(ctx, id, all[0].FoundAt, v.now) // told once
}

// fillWatch adds how somebody is told, and how the looking goes on.
func (s *site) fillWatch(ctx context.Context, id int64, page *arrivalsPage) (err error) {
	if page.Watch, err = s.Store.GetWatch(ctx, id); err != nil {
		return err
	}
	if page.Waiting, err = s.Store.Waiting(ctx, id); err != nil {
		return err
	}
	page.ByMail = s.Mail
	if page.Mail, err = s.Store.GetMail(ctx, id); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	name, err := s.Store.FeedName(ctx, id)
	if name != "" {
		page.Feed = s.address("/feed/" + name)
	}
	return err
}

func (v *visit) arrivalRows(all []store.Arrival) (rows []arrival) {
	for _, a := range all {
		rows = append(rows, arrival{Arrival: a, Label: label(a.Match.Account), Evidence: v.firstEvidence(a.Match, a.Match.Handle)})
	}
	return rows
}

// label is how a person is called in a list: by name, else by name on the
// network, else by number.
func label(a social.Account) string {
	switch {
	case a.Name != "":
		return social.Clean(a.Name, social.MaxName)
	case a.Username != "":
		return "@" + a.Username
	}
	return a.NativeID
}

// setWatch stores what somebody wants done about arrivals.
func (s *site) setWatch(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	ctx, id := v.r.Context(), v.user.ID
	w, err := s.Store.GetWatch(ctx, id)
	if err != nil {
		return err
	}
	switch v.field("do") {
	case "watch":
		w.On, w.Auto = v.field("watching") != "", v.field("auto") != ""
		err = s.Store.SetWatch(ctx, id, w)
	case "feed":
		err = s.Store.RenewFeed(ctx, id)
	case "no-feed":
		err = s.Store.EndFeed(ctx, id)
	case "mail":
		return s.askMail(v, v.field("mail"))
	case "no-mail":
		err = s.Store.EndMail(ctx, id)
	default:
		err = badForm()
	}
	if err != nil {
		return err
	}
	v.flash(flash{Key: "arrivals.saved"})
	return v.redirect("/arrivals")
}

// feed is RFC 4287.
type feed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Title   string      `xml:"title"`
	ID      string      `xml:"id"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Entries []feedEntry `xml:"entry"`
}

type feedEntry struct {
	Title   string   `xml:"title"`
	ID      string   `xml:"id"`
	Updated string   `xml:"updated"`
	Link    feedLink `xml:"link"`
	Summary string   `xml:"summary"`
}

type feedLink struct {
	Href string `xml:"href,attr"`
}

// atom is somebody's private feed, under an address that nobody can guess.
// Every other address is not found.
func (s *site) atom(v *visit) error {
	ctx := v.r.Context()
	owner, err := s.Store.FeedOwner(ctx, v.r.PathValue("name"))
	if err != nil {
		return err
	}
	all, err := s.Store.Arrivals(ctx, owner)
	if err != nil {
		return err
	}
	f := feed{Title: v.say("arrivals.feed.title").String(), ID: s.address("/arrivals"), Author: "Godwit", Updated: v.now.Format(time.RFC3339)}
	for i, row := range v.arrivalRows(all) {
		at := row.FoundAt.Format(time.RFC3339)
		if i == 0 {
			f.Updated = at
		}
		f.Entries = append(f.Entries, feedEntry{
			Title: v.say("arrivals.row", "name", row.Label, "handle", "@"+row.Match.Handle.String()).String(),
			ID:    s.address("/matches/" + itoa(row.Match.ID)), Updated: at, Link: feedLink{s.address("/matches/" + itoa(row.Match.ID))}, Summary: row.Evidence.String(),
		})
	}
	v.w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
	v.w.Header().Set("X-Robots-Tag", "noindex")
	if _, err := v.w.Write([]byte(xml.Header)); err != nil {
		return ignoreGone(err)
	}
	return ignoreGone(xml.NewEncoder(v.w).Encode(f))
}
