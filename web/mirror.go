package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/web/locale"
)

// mirrorForm is the page on which somebody chooses what is carried over.
type mirrorForm struct {
	Frame        `json:"-"`
	Sources      []social.Source // exports with posts that are still at hand
	Source       int64           // the chosen one
	Destinations []social.Destination
	Destination  social.Destination
	Rules        social.MirrorRules
	Since, Until string
	Backdates    bool // the server can keep the old dates
	Choices      []string
	Limit        string // of an upload
}

// mirrorChoices are the kinds of posts that are carried over only by choice.
var mirrorChoices = []string{"replies", "reposts", "quotes", "sensitive", "community"}

// Chosen reports whether posts of a kind are carried over.
func (p *mirrorForm) Chosen(kind string) bool { return *choice(&p.Rules, kind) }

func choice(r *social.MirrorRules, kind string) *bool {
	return map[string]*bool{"replies": &r.Replies, "reposts": &r.Reposts, "quotes": &r.Quotes, "sensitive": &r.Sensitive, "community": &r.Community}[kind]
}

// mirrorHome leads to the newest Mirror, or to the choices of a first one.
func (s *site) mirrorHome(v *visit) error {
	all, err := s.Store.ListMirrors(v.r.Context(), v.user.ID)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return v.redirect("/mirror/new")
	}
	return v.redirect(mirrorPath(all[len(all)-1]))
}

// mirrorPath is where a Mirror stands: its preview until it was started.
func mirrorPath(m social.Mirror) string {
	path := "/mirror/" + itoa(m.ID)
	if m.State == social.MirrorIdle {
		path += "/preview"
	}
	return path
}

func (s *site) mirrorForm(v *visit) error { return v.showMirrorForm(http.StatusOK, nil) }

func (v *visit) showMirrorForm(status int, wrong locale.Sentence) error {
	page, err := v.buildMirrorForm()
	if err != nil {
		return err
	}
	if !wrong.Empty() {
		page.Problem = []problem{{"files", wrong}}
	}
	return v.show(status, "mirrornew", page)
}

func (v *visit) buildMirrorForm() (*mirrorForm, error) {
	ctx := v.r.Context()
	d, all, err := v.chosenDestination(v.r.URL.Query().Get("as"))
	if err != nil {
		return nil, err
	}
	page := &mirrorForm{Destination: d, Destinations: all, Choices: mirrorChoices, Limit: v.size(v.site.uploadLimit()),
		Rules: bridge.DefaultRules(v.lang.Code), Backdates: d.Flavour == social.GoToSocial}
	page.Title, page.Here = v.say("mirror.title"), "move"
	sources, err := v.site.Store.ListSources(ctx, v.user.ID)
	if err != nil {
		return nil, err
	}
	page.Sources = slices.DeleteFunc(sources, func(x social.Source) bool {
		return x.Spool == "" || x.State != social.SourceDone || x.Counts.Posts == 0
	})
	if len(page.Sources) > 0 {
		page.Source = page.Sources[0].ID
	}
	return page, v.asBefore(page)
}

// asBefore fills in what was chosen for this account the last time.
func (v *visit) asBefore(page *mirrorForm) error {
	mirrors, err := v.site.Store.ListMirrors(v.r.Context(), v.user.ID)
	for _, m := range mirrors {
		if m.DestinationID != page.Destination.ID {
			continue
		}
		page.Rules = m.Rules
		if slices.ContainsFunc(page.Sources, func(x social.Source) bool { return x.ID == m.SourceID }) {
			page.Source = m.SourceID
		}
	}
	page.Since, page.Until = day(page.Rules.From, 0), day(page.Rules.Until, -1)
	return err
}

// day writes an instant as a form's date, and some days more.
func day(t time.Time, more int) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().AddDate(0, 0, more).Format(time.DateOnly)
}

// mirror has a Mirror planned by what was chosen. Nothing is sent by it.
func (s *site) mirror(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	d, err := v.target()
	if err != nil {
		return err
	}
	source, err := v.id(v.field("source"))
	if err != nil {
		return err
	}
	rules, err := v.mirrorRules()
	if err != nil {
		return v.showMirrorForm(http.StatusUnprocessableEntity, v.sayFault(err))
	}
	m, err := s.Store.SaveMirror(v.r.Context(), v.user.ID, d.ID, source, rules, v.now)
	if err != nil {
		return err
	}
	v.ring(social.MirrorTask, d.ID)
	return v.redirect("/mirror/" + itoa(m.ID) + "/preview")
}

// mirrorRules reads the choices of the form.
func (v *visit) mirrorRules() (r social.MirrorRules, err error) {
	r = bridge.DefaultRules(v.lang.Code)
	for _, kind := range mirrorChoices {
		*choice(&r, kind) = v.field(kind) != ""
	}
	r.Followers = v.field("followers") != ""
	if r.From, err = formDay(v.field("since"), 0); err != nil {
		return r, err
	}
	if r.Until, err = formDay(v.field("until"), 1); err != nil {
		return r, err
	}
	if !r.From.IsZero() && !r.Until.IsZero() && !r.From.Before(r.Until) {
		return r, badDay()
	}
	if x := social.Visibility(v.field("visibility")); slices.Contains([]social.Visibility{social.VisiblePublic, social.VisibleUnlisted, social.VisibleFollowers}, x) {
		r.Visibility = x
	}
	if x := social.DatePlace(v.field("date")); x == social.DateFirst || v.r.PostForm.Has("date") && x == social.DateNowhere {
		r.DatePlace = x
	}
	if v.field("mentions") == string(social.MentionName) {
		r.Mentions = social.MentionName
	}
	r.Zone = v.clock().Zone.String()
	r.WithoutWords, r.WithTags, r.Languages = listed(v.field("without")), listed(v.field("tags")), listed(v.field("languages"))
	return r, nil
}

// formDay reads a date of a form, and some days more; "" is none.
func formDay(text string, more int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return at, badDay()
	}
	return at.AddDate(0, 0, more), nil
}

func badDay() error {
	return fault.New(fault.Invalid, "bad-days", "The days don't make sense to us: write them like 2019-07-31, the first one first. Nothing was changed.")
}

// listed are the words of a field, parted by commas.
func listed(text string) (all []string) {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == '，' || r == '、' }) {
		if word = strings.TrimPrefix(strings.TrimSpace(social.Printable(word, maxTyped)), "#"); word != "" && len(all) < maxListed {
			all = append(all, word)
		}
	}
	return all
}

// mirrorArchive takes an export with its pictures, which stays until its posts
// are carried over, or until the person deletes it.
func (s *site) mirrorArchive(v *visit) error {
	name, shown, err := s.receive(v)
	if err != nil {
		return v.notTaken(err, v.showMirrorForm)
	}
	source, again, err := s.keepFor(v, name, shown, true)
	if err != nil {
		s.discard(name)
		return v.notTaken(err, v.showMirrorForm)
	}
	if again {
		old, err := s.Store.KeepArchive(v.r.Context(), v.user.ID, source.ID, name, false)
		if err != nil {
			s.discard(name)
			return err
		}
		s.discard(old)
		return v.redirect("/mirror/new")
	}
	v.ring(social.ImportTask, source.ID)
	return v.redirect("/sources/" + itoa(source.ID))
}
