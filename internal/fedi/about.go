package fedi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"godwit/internal/social"
)

// signUps are the pages on which software lets people sign up; elsewhere it is
// the front page.
var signUps = map[string]string{"mastodon": "/auth/sign_up", "hometown": "/auth/sign_up", "glitch": "/auth/sign_up", "gotosocial": "/signup", "pleroma": "/registration", "akkoma": "/registration", "pixelfed": "/register"}

// joining is the part of an Instance entity, of version 2 or 1, that matters to
// somebody who looks for a server.
type joining struct {
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Short       string          `json:"short_description"` // version 1
	Languages   []string        `json:"languages"`
	Approval    bool            `json:"approval_required"` // version 1
	Register    json.RawMessage `json:"registrations"`     // an object, in version 1 true or false
	Rules       []struct {
		Text string `json:"text"`
	} `json:"rules"`
}

type registering struct {
	Enabled  bool   `json:"enabled"`
	Approval bool   `json:"approval_required"`
	Message  string `json:"message"`
	URL      string `json:"url"`
	MinAge   int    `json:"min_age"`
}

// About returns what a server says of itself to whoever looks for one. A server
// without Mastodon's API tells its software only, and whether one may sign up.
func (d *Door) About(ctx context.Context, host string) (social.Server, error) {
	ctx, cancel := context.WithTimeout(ctx, wholeLookUp)
	defer cancel()
	sw, err := d.Software(ctx, host)
	if err != nil {
		return social.Server{}, err
	}
	s := social.Server{Host: host, Title: host, Software: sw.Name, Open: sw.OpenRegs, SignUp: "https://" + sw.Host + "/"}
	if path := signUps[sw.Name]; path != "" {
		s.SignUp = "https://" + sw.Host + path
	}
	for _, path := range []string{"/api/v2/instance", "/api/v1/instance"} {
		a, err := d.get(ctx, "https://"+sw.Host+path, "application/json", maxAPI)
		if err != nil {
			return social.Server{}, explain(host, err)
		}
		var j joining
		if a.status == http.StatusOK && utf8.Valid(a.body) && json.Unmarshal(a.body, &j) == nil {
			d.join(&s, j)
			return s, nil
		}
	}
	return s, nil
}

// join adds what an Instance entity tells.
func (d *Door) join(s *social.Server, j joining) {
	r := registering{Approval: j.Approval}
	if json.Unmarshal(j.Register, &r) != nil {
		_ = json.Unmarshal(j.Register, &r.Enabled) // version 1; anything else is closed
	}
	s.Open, s.Approval, s.MinAge = r.Enabled, r.Approval, min(max(r.MinAge, 0), maxAge)
	if title := said(j.Title, maxTitle); title != "" {
		s.Title = title
	}
	about := j.Short
	if about == "" {
		about = j.Description
	}
	s.About = said(about, maxAbout)
	for _, code := range j.Languages[:min(len(j.Languages), maxLanguages)] {
		if tag, err := language.Parse(code); err == nil {
			s.Languages = append(s.Languages, tag.String())
		}
	}
	if u, err := url.Parse(r.URL); err == nil && u.Scheme == "https" && registrable(u.Host) == registrable(s.Host) && u.User == nil {
		s.SignUp = u.String()
	}
	texts := []string{r.Message, j.Short, j.Description}
	for _, rule := range j.Rules[:min(len(j.Rules), maxRules)] {
		texts = append(texts, rule.Text)
	}
	s.Speed = approvalSpeed(texts)
}

// said is a server's own words without markup, on one line.
func said(text string, most int) string {
	plain, _ := readHTML(text[:min(len(text), maxProfile)])
	return social.Printable(strings.Join(strings.Fields(plain), " "), most)
}

var (
	sentences = regexp.MustCompile(`[^.!?。！？\n]+[.!?。！？]?`)
	approves  = regexp.MustCompile(`(?i)approv|review|moderat|applica|sign.?up|freischalt|freigeschaltet|prüf|anmeldung|approuv|valid|inscription|aprob|solicitud|registro|審査|承認|登録|审核|批准|注册|申请`)
	takes     = regexp.MustCompile(`(?i)\b(minute|hour|day|week)s?\b|stunde|\btage?n?\b|woche|heure|\bjours?\b|semaine|\bhoras?\b|\bd[ií]as?\b|semana|時間|[0-9一二三]日|小时|天|周`)
)

// approvalSpeed is the first sentence in which a server says how long its
// approval takes: no field of any API tells it.
func approvalSpeed(texts []string) string {
	for _, text := range texts {
		for _, s := range sentences.FindAllString(said(text, maxProfile), -1) {
			if approves.MatchString(s) && takes.MatchString(s) {
				return social.Printable(strings.TrimSpace(s), maxSpeed)
			}
		}
	}
	return ""
}
