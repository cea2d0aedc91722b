package web

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/web/locale"
)

// wavesPage is what waves are, and those of the person's servers.
type wavesPage struct {
	Frame   `json:"-"`
	Servers []server
	Waves   []social.Wave
}

// server is one of the person's accounts, with what it may do on its server.
type server struct {
	social.Destination
	Role  social.ServerRole
	Asked bool // whether the server was
}

// waveForm is the form of a Wave, new or not.
type waveForm struct {
	Frame  `json:"-"`
	Wave   social.Wave
	Fields map[string]string
	As     int64 // the Destination whose server it is for
	Action string
}

// wavePage is a page of one Wave.
type wavePage struct {
	Frame  `json:"-"`
	Wave   social.Wave
	Policy social.MirrorPolicy
	Days   int // until the newcomers are settled
}

func (s *site) waves(v *visit) error {
	page := &wavesPage{}
	page.Title, page.Here = v.say("waves.title"), "waves"
	if v.user.ID == 0 {
		return v.show(http.StatusOK, "waves", page)
	}
	ctx := v.r.Context()
	all, err := s.Store.ListDestinations(ctx, v.user.ID)
	if err != nil {
		return err
	}
	for _, d := range all {
		role, err := s.Store.GetRole(ctx, v.user.ID, d.Host)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		page.Servers = append(page.Servers, server{d, role, err == nil})
	}
	if page.Waves, err = s.Store.ListWaves(ctx, v.user.ID); err != nil {
		return err
	}
	return v.show(http.StatusOK, "waves", page)
}

// readRole asks the person's server anew what the account may do there.
func (s *site) readRole(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	id, err := v.id(v.field("as"))
	if err != nil {
		return err
	}
	d, err := s.Store.GetDestination(v.r.Context(), v.user.ID, id)
	if err != nil {
		return err
	}
	if _, err := s.ranked(v, d, 0); err != nil {
		v.flashFault(err)
	}
	return v.redirect("/waves")
}

// ranked is what an account may do on its own server: as it was told within
// that time, else as the server tells now (AUT-15).
func (s *site) ranked(v *visit, d social.Destination, within time.Duration) (social.ServerRole, error) {
	ctx := v.r.Context()
	role, err := s.Store.GetRole(ctx, v.user.ID, d.Host)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return role, err
	}
	if err == nil && v.now.Sub(role.CheckedAt) < within {
		return role, nil
	}
	token, err := s.Store.DestinationToken(ctx, v.user.ID, d.ID)
	if err != nil {
		return role, err
	}
	is, err := s.Door.Standing(ctx, d, token)
	if err != nil {
		return role, err
	}
	code := role.Code
	role = social.ServerRole{UserID: v.user.ID, Host: d.Host, Domain: is.Domain, Rank: is.Rank, CheckedAt: v.now}
	if !is.Told {
		if role.Code, role.Rank, err = s.byDescription(v, d.Host, code); err != nil {
			return role, err
		}
	}
	if v.r.Method != http.MethodPost {
		return role, nil // to look changes no row (WEB-03)
	}
	return role, s.Store.SaveRole(ctx, role)
}

// byDescription finds an admin of a server that tells no roles by a line that
// only one of them can put into its description.
func (s *site) byDescription(v *visit, host, code string) (string, social.Rank, error) {
	if code == "" {
		return "godwit-admin-" + strings.ToLower(rand.Text()[:16]), social.NoRank, nil
	}
	about, err := s.Door.Self(v.r.Context(), host)
	if err != nil || !strings.Contains(about.About, code) {
		return code, social.NoRank, err
	}
	return code, social.Admin, nil
}

// accountOn is the person's account on a server.
func (v *visit) accountOn(host string) (social.Destination, error) {
	all, err := v.site.Store.ListDestinations(v.r.Context(), v.user.ID)
	if err != nil {
		return social.Destination{}, err
	}
	for _, d := range all {
		if d.Host == host {
			return d, nil
		}
	}
	return social.Destination{}, notFound()
}

// wave is the Wave of the address, for somebody who may see it: a rank that was
// told a day ago is read again.
func (v *visit) wave() (social.Wave, error) {
	id, err := v.pathID()
	if err != nil {
		return social.Wave{}, err
	}
	w, err := v.site.Store.GetWave(v.r.Context(), v.user.ID, id)
	if err != nil {
		return w, err
	}
	d, err := v.accountOn(w.Host)
	if err != nil {
		return w, err
	}
	role, err := v.site.ranked(v, d, roleSeen)
	if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Wait) {
		return w, nil // a server in trouble is when one looks
	}
	if err == nil && role.Rank == social.NoRank {
		err = notFound()
	}
	return w, err
}

// changing is the Wave of the address for an act that only an admin may do, as
// their server said within a quarter of an hour. What only calms things down
// may be done on an older word while the server does not answer.
func (v *visit) changing(calms bool) (social.Wave, error) {
	w, err := v.wave()
	if err != nil {
		return w, err
	}
	return w, v.mayChange(w.Host, roleFresh, calms)
}

// mayChange refuses whoever is no admin of the server by its word of that time.
func (v *visit) mayChange(host string, within time.Duration, calms bool) error {
	d, err := v.accountOn(host)
	if err != nil {
		return err
	}
	role, err := v.site.ranked(v, d, within)
	if calms && (fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Wait)) {
		role, err = v.site.Store.GetRole(v.r.Context(), v.user.ID, host)
	}
	if err == nil && role.Rank != social.Admin {
		err = fault.New(fault.Denied, "not-wave-admin", "{handle} isn't an admin of {server}, as {server} tells us. Sign in with the admin account.",
			"handle", "@"+d.Handle.String(), "server", host)
	}
	return err
}

// newWaveForm is the empty form, with caps that fit the server's size.
func (s *site) newWaveForm(v *visit) error {
	d, err := v.waveAccount(v.r.URL.Query().Get("as"), roleSeen)
	if err != nil {
		return err
	}
	active := 0
	if about, err := s.Door.Self(v.r.Context(), d.Host); err == nil {
		active = about.Active
	}
	all, one := social.SuggestCaps(active)
	w := social.Wave{Host: d.Host, Domain: d.Handle.Host(), WaveTerms: social.WaveTerms{Entry: social.OpenEntry, Joiners: social.AllJoin,
		Expects: usualWave, EndsAt: v.now.AddDate(0, 0, usualDays), CapAll: all, CapOne: one}}
	return v.showWaveForm(http.StatusOK, &waveForm{Wave: w, As: d.ID, Fields: fieldsOf(w.WaveTerms), Action: "/waves/new"})
}

// waveAccount is the account with which a Wave is made; its server must have
// said that it is an admin's.
func (v *visit) waveAccount(as string, within time.Duration) (social.Destination, error) {
	id, err := v.id(as)
	if err != nil {
		return social.Destination{}, err
	}
	d, err := v.site.Store.GetDestination(v.r.Context(), v.user.ID, id)
	if err != nil {
		return d, err
	}
	return d, v.mayChange(d.Host, within, false)
}

func (v *visit) showWaveForm(status int, page *waveForm) error {
	page.Title, page.Here = v.say("wave.new.title"), "waves"
	if page.Wave.ID != 0 {
		page.Title = v.say("wave.edit.title", "name", locale.NameOf(page.Wave.Name))
	}
	return v.show(status, "waveform", page)
}

// fieldsOf are terms as the form shows them.
func fieldsOf(t social.WaveTerms) map[string]string {
	places := ""
	if t.Places > 0 {
		places = strconv.Itoa(t.Places)
	}
	invite := ""
	if t.Entry == social.InviteEntry {
		invite = t.Invite
	}
	return map[string]string{"name": t.Name, "welcome": t.Welcome, "entry": string(t.Entry), "invite": invite, "joiners": string(t.Joiners),
		"places": places, "expects": strconv.Itoa(t.Expects), "ends": t.EndsAt.Format(time.DateOnly), "all": strconv.Itoa(t.CapAll), "one": strconv.Itoa(t.CapOne)}
}

// waveFields are the names of the form's fields.
var waveFields = []string{"name", "welcome", "entry", "invite", "joiners", "places", "expects", "ends", "all", "one"}

// termsTyped reads the form, each field by its own name (WEB-10).
func (v *visit) termsTyped() (t social.WaveTerms, fields map[string]string) {
	fields = map[string]string{}
	for _, name := range waveFields {
		fields[name] = v.field(name)
	}
	count := func(name string) int {
		n, ok := number(fields[name])
		if !ok && fields[name] != "" {
			n = -1
		}
		return n
	}
	t = social.WaveTerms{Name: social.Printable(fields["name"], social.MaxWaveName+1),
		Welcome: strings.TrimSpace(social.Clean(strings.ReplaceAll(fields["welcome"], "\r\n", "\n"), social.MaxWelcome+1)), Entry: social.WaveEntry(fields["entry"]),
		Joiners: social.Joiners(fields["joiners"]), Places: count("places"), Expects: count("expects"), CapAll: count("all"), CapOne: count("one")}
	if t.Entry == social.InviteEntry {
		t.Invite = social.Printable(fields["invite"], maxTyped)
	}
	if day, err := time.Parse(time.DateOnly, fields["ends"]); err == nil {
		t.EndsAt = day.Add(24*time.Hour - time.Second)
	}
	return t, fields
}

// waveProblem is the field at which a fault of the terms is shown.
var waveProblem = map[string]string{"bad-wave-name": "name", "bad-wave-welcome": "welcome", "bad-wave-entry": "entry", "bad-wave-invite": "invite",
	"bad-wave-joiners": "joiners", "bad-wave-places": "places", "bad-wave-ends": "ends", "bad-wave-expects": "expects", "bad-wave-caps": "all", "invite-used": "invite"}

// checkTerms refuses terms that make no sense, and an invitation that its
// server does not take any more.
func (s *site) checkTerms(v *visit, t social.WaveTerms, host string) error {
	if err := t.Check(host, v.now); err != nil || t.Entry != social.InviteEntry {
		return err
	}
	works, err := s.Door.InviteWorks(v.r.Context(), host, social.InviteCode(t.Invite, host))
	if err == nil && !works {
		err = fault.New(fault.Invalid, "invite-used", "{server} says that this invite is used up or expired. Make a new one there and paste it here.", "server", host)
	}
	return err
}

// withSignUp adds where an account is made, as the server tells it, where no
// invitation leads there.
func (s *site) withSignUp(v *visit, t social.WaveTerms, host string) social.WaveTerms {
	if t.Entry == social.InviteEntry {
		return t
	}
	if about, err := s.Door.About(v.r.Context(), host); err == nil {
		t.Invite = about.SignUp
	}
	return t
}

// badTerms shows the form again with its words kept.
func (v *visit) badTerms(page *waveForm, err error) error {
	f := asFault(err)
	if f == nil || waveProblem[f.Code] == "" {
		return err
	}
	page.Problem = []problem{{waveProblem[f.Code], v.sayFault(err)}}
	return v.showWaveForm(http.StatusUnprocessableEntity, page)
}

// createWave makes a draft, to be looked at before its link works.
func (s *site) createWave(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	d, err := v.waveAccount(v.field("as"), roleFresh)
	if err != nil {
		return err
	}
	t, fields := v.termsTyped()
	w := social.Wave{WaveTerms: t, Host: d.Host, Domain: d.Handle.Host(), Code: newCode(), CreatedAt: v.now}
	if err := s.checkTerms(v, t, d.Host); err != nil {
		return v.badTerms(&waveForm{Wave: w, As: d.ID, Fields: fields, Action: "/waves/new"}, err)
	}
	w.WaveTerms = s.withSignUp(v, t, d.Host)
	made, err := s.Store.CreateWave(v.r.Context(), v.user.ID, w)
	if err != nil {
		return err
	}
	return v.redirect("/waves/" + itoa(made.ID))
}

// newCode is the random part of a link that people may have to type.
func newCode() string { return strings.ToLower(rand.Text()[:16]) }

func (s *site) editWaveForm(v *visit) error {
	w, err := v.wave()
	if err != nil {
		return err
	}
	return v.showWaveForm(http.StatusOK, &waveForm{Wave: w, Fields: fieldsOf(w.WaveTerms), Action: "/waves/" + itoa(w.ID) + "/edit"})
}

func (s *site) editWave(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	w, err := v.changing(false)
	if err != nil {
		return err
	}
	t, fields := v.termsTyped()
	t.CapAll, t.CapOne = w.CapAll, w.CapOne
	if w.Draft() {
		t.CapAll, _ = number(fields["all"])
		t.CapOne, _ = number(fields["one"])
	}
	if err := s.checkTerms(v, t, w.Host); err != nil {
		return v.badTerms(&waveForm{Wave: w, Fields: fields, Action: "/waves/" + itoa(w.ID) + "/edit"}, err)
	}
	if err := s.Store.SaveTerms(v.r.Context(), v.user.ID, w.ID, s.withSignUp(v, t, w.Host)); err != nil {
		return err
	}
	if err := s.Store.SaveCaps(v.r.Context(), v.user.ID, w.ID, t.CapAll, t.CapOne); err != nil {
		return err
	}
	return v.redirect("/waves/" + itoa(w.ID))
}

// startWave makes the link work, or throws the draft away.
func (s *site) startWave(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	w, err := v.changing(false)
	if err != nil {
		return err
	}
	if v.field("do") == "drop" {
		if err := s.Store.DeleteDraft(v.r.Context(), v.user.ID, w.ID); err != nil {
			return err
		}
		return v.redirect("/waves")
	}
	if err := s.Store.StartWave(v.r.Context(), v.user.ID, w.ID, v.now); err != nil {
		return err
	}
	v.flash(flash{Key: "wave.started"})
	return v.redirect("/waves/" + itoa(w.ID) + "/share")
}

// showDraft is the page on which the answers are checked before the Wave is made.
func (v *visit) showDraft(w social.Wave) error {
	page := &wavePage{Wave: w, Days: w.Settled(usualMatches)}
	var err error
	if page.Policy, err = v.site.Store.MirrorPolicy(v.r.Context(), w.Host); err != nil {
		return err
	}
	page.Title, page.Here = v.say("wave.check.title"), "waves"
	return v.show(http.StatusOK, "wavedraft", page)
}
