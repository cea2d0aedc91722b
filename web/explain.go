package web

import (
	"net/http"

	"godwit/internal/social"
	"godwit/matcher"
	"godwit/web/locale"
)

// explainPage shows what is read in a text that somebody pastes, and why.
// Nothing of it is kept, and nobody is asked.
type explainPage struct {
	Frame  `json:"-"`
	Typed  string
	Fields []fieldChoice
	Done   bool
	Found  []readHandle
	Maybe  []readHandle
	Passed []readHandle
}

// fieldChoice is a place where a text may stand, for the form.
type fieldChoice struct {
	Name string
	Say  locale.Sentence
	Here bool
}

// readHandle is one thing found in the text.
type readHandle struct {
	Text   string // the handle, or what was passed over
	Form   locale.Sentence
	Why    locale.Sentence
	Around string // the words around it
}

// explainFields are the places, the commonest first.
var explainFields = []social.EvidenceKind{social.InBio, social.InName, social.InLocation, social.InLink, social.InPinned}

// explainWhys name the sentence of each reason in the catalogue.
var explainWhys = map[string]string{
	matcher.WhyMail: "mail", matcher.WhyTheirs: "theirs", matcher.WhyOld: "old", matcher.WhyPath: "path", matcher.WhyOptIn: "opt-in",
	matcher.WhyBluesky: "bluesky", matcher.WhyPost: "post", matcher.WhyGuess: "guess", matcher.WhyChat: "chat",
	matcher.PassTheirs: "pass-theirs", matcher.PassMail: "pass-mail", matcher.PassMailbox: "pass-mailbox", matcher.PassPlatform: "pass-platform",
	matcher.PassMirror: "pass-mirror", matcher.PassPlaceholder: "pass-placeholder", matcher.PassUnsaid: "pass-unsaid",
	matcher.PassPost: "pass-post", matcher.PassCut: "pass-cut",
}

func (s *site) explainForm(v *visit) error { return v.showExplain("", social.InBio, nil) }

// explain reads the posted text.
func (s *site) explain(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	field := social.InBio
	for _, kind := range explainFields {
		if string(kind) == v.field("field") {
			field = kind
		}
	}
	text := v.field("text")
	if text == "" {
		return v.showExplain("", field, v.say("explain.empty"))
	}
	return v.showExplain(text, field, nil)
}

func (v *visit) showExplain(text string, field social.EvidenceKind, wrong locale.Sentence) error {
	page := &explainPage{Typed: text, Done: text != ""}
	page.Title = v.say("explain.title")
	for _, kind := range explainFields {
		page.Fields = append(page.Fields, fieldChoice{string(kind), v.say("explain.field." + string(kind)), kind == field})
	}
	found, passed := matcher.Explain([]matcher.Text{{Field: field, Text: text}}, v.site.realm())
	for _, f := range found {
		h := v.readFinding(f)
		if f.Maybe {
			page.Maybe = append(page.Maybe, h)
		} else {
			page.Found = append(page.Found, h)
		}
	}
	for _, p := range passed {
		page.Passed = append(page.Passed, readHandle{Text: p.Text, Why: v.say("explain.why." + explainWhys[p.Why])})
	}
	if wrong.Empty() {
		return v.show(http.StatusOK, "explain", page)
	}
	page.Problem = []problem{{"text", wrong}}
	return v.show(http.StatusUnprocessableEntity, "explain", page)
}

// realm is where hosts may lie: those of the demonstration have names for tests.
func (s *site) realm() social.Realm {
	if s.Demo != nil {
		return social.Private
	}
	return social.Public
}

func (v *visit) readFinding(f matcher.Finding) readHandle {
	h := readHandle{Text: "@" + f.Handle.String(), Form: v.say("explain.form." + f.Form), Around: social.Clean(f.Context, social.MaxSay)}
	if f.Maybe {
		h.Why = v.say("explain.why." + explainWhys[f.Why])
	}
	return h
}
