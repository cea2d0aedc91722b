package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/web/locale"
)

// announcedPage is what everybody sees of a registrant who chose so.
type announcedPage struct {
	Frame        `json:"-"`
	Registration social.Registration
	Typed        string // server or handle of whoever wants to follow
	Profile      string // address of the new profile
	Address      string // of this page
	Card         string // of the picture
	Alt          locale.Sentence
}

// announced is the page of somebody who chose to have one. Withdrawn and never
// registered are the same answer.
func (s *site) announced(v *visit) error { return v.showAnnounced(http.StatusOK, "", nil) }

func (v *visit) showAnnounced(status int, typed string, wrong locale.Sentence) error {
	r, err := v.announcedOne(v.r.PathValue("username"))
	if fault.Is(err, fault.NotFound) {
		return v.nobody()
	}
	if err != nil {
		return err
	}
	at := "/@x/" + r.Username
	page := &announcedPage{Registration: r, Typed: typed, Address: v.site.address(at), Card: v.site.address(at + "/card.png")}
	if strings.HasPrefix(r.ActorID, "https://") {
		page.Profile = r.ActorID
	}
	page.Title = v.say("announced.line", "username", r.Username, "handle", r.Handle)
	page.Alt = v.say("kit.alt", "username", r.Username, "handle", r.Handle)
	if !wrong.Empty() {
		page.Problem = []problem{{"server", wrong}}
	}
	v.w.Header().Set("X-Robots-Tag", "noindex")
	return v.show(status, "announced", page)
}

// announcedOne is the public registration of a name on X.
func (v *visit) announcedOne(name string) (social.Registration, error) {
	if !social.IsXUsername(name) {
		return social.Registration{}, notFound()
	}
	return v.site.Store.PublicRegistration(v.r.Context(), name, v.now)
}

func (v *visit) nobody() error {
	v.showFailure(http.StatusNotFound, v.say("announced.none"))
	return nil
}

// announcedCard is the picture that previews of links to the page show.
func (s *site) announcedCard(v *visit) error {
	r, err := v.announcedOne(v.r.PathValue("username"))
	if err != nil {
		return err
	}
	return v.sendCard(r, s.address("/@x/"+r.Username))
}

// followThem hands somebody over to the page of their own server that asks them
// whether to follow. Only what this visitor typed here decides where that is.
func (s *site) followThem(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	r, err := v.announcedOne(v.r.PathValue("username"))
	if fault.Is(err, fault.NotFound) {
		return v.nobody()
	}
	if err != nil {
		return err
	}
	typed := social.Printable(v.field("server"), maxTyped)
	if typed == "" {
		return v.showAnnounced(http.StatusUnprocessableEntity, typed, v.say("announced.empty"))
	}
	if err := v.maySend(typed); err != nil {
		return err
	}
	page, err := s.Door.FollowPage(v.r.Context(), typed, r.Handle, r.ActorID)
	if err != nil {
		if k := fault.KindOf(err); k == fault.Broken || k == fault.Disk {
			return err
		}
		return v.showAnnounced(http.StatusUnprocessableEntity, typed, v.sayFault(err))
	}
	return v.redirect(s.BrowserURL(page))
}

// maySend holds a hand-over against the limit of servers that one address makes
// us ask.
func (v *visit) maySend(typed string) error {
	if v.site.Mode == Local {
		return nil
	}
	return v.mayAsk(typed)
}

// jrd is what WebFinger tells of a registrant.
type jrd struct {
	Subject string    `json:"subject"`
	Aliases []string  `json:"aliases"`
	Links   []jrdLink `json:"links"`
}

type jrdLink struct {
	Rel  string `json:"rel"`
	Type string `json:"type,omitempty"`
	Href string `json:"href"`
}

// webFinger answers for name-on-X@this-host, so that one can search for it on
// any server and is led to the new account, which that server then asks itself
// (RFC 7033). It leads from X to the fediverse only: about a handle elsewhere it
// knows nothing (REG-03), and it answers for nobody who has no public page.
func (s *site) webFinger(v *visit) error {
	name, ours := s.fingered(v.r.URL.Query().Get("resource"))
	if !ours {
		return notFound()
	}
	r, err := v.announcedOne(name)
	if err == nil && r.Stale {
		err = notFound() // nobody is led by what is no longer said
	}
	if err != nil {
		return err
	}
	page := s.address("/@x/" + r.Username)
	doc := jrd{Subject: "acct:" + r.Handle.String(), Aliases: []string{page}, Links: []jrdLink{
		{"self", "application/activity+json", r.ActorID}, {"http://webfinger.net/rel/profile-page", "text/html", page}}}
	v.w.Header().Set("Content-Type", "application/jrd+json; charset=utf-8")
	v.w.Header().Set("Access-Control-Allow-Origin", "*") // what RFC 7033 asks for; it is public and the same for all
	return ignoreGone(json.NewEncoder(v.w).Encode(doc))
}

// fingered is the name on X that a resource of ours is about.
func (s *site) fingered(resource string) (name string, ours bool) {
	if len(resource) > maxTyped {
		return "", false
	}
	if acct, ok := strings.CutPrefix(resource, "acct:"); ok {
		name, host, _ := strings.Cut(acct, "@")
		return name, strings.EqualFold(host, s.base.Host)
	}
	u, err := url.Parse(resource)
	if err != nil || !strings.EqualFold(u.Host, s.base.Host) || u.Scheme != s.base.Scheme {
		return "", false
	}
	return strings.CutPrefix(u.Path, "/@x/")
}
