package web

import (
	"net/url"
	"strings"

	"godwit/internal/mail"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// toldInLetter is how many arrivals a letter names; the page has all.
const toldInLetter = 20

// Letters writes the e-mails in the languages of the pages: it is what a worker
// sends.
type Letters struct {
	langs *locale.Set
	base  string
	host  string
}

// NewLetters makes Letters whose links lead to the pages at baseURL.
func NewLetters(baseURL string) (*Letters, error) {
	langs, err := locale.Load()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, err
	}
	return &Letters{langs, strings.TrimSuffix(baseURL, "/"), u.Host}, nil
}

// Confirm is the one letter that goes to an address before its owner said yes.
// It names nobody.
func (l *Letters) Confirm(lang, confirm string) mail.Letter {
	say := l.langs.Choose(lang, "").Say
	return mail.Letter{
		Subject: say("mail.confirm.subject").String(),
		Text: paragraphs(say("mail.confirm.why", "host", l.host), say("mail.confirm.press"),
			locale.Plain(l.base+"/mail/confirm/"+confirm), say("mail.confirm.else")),
	}
}

// Arrivals tells who arrived, by their names on X: what people call themselves
// beside that could be anything, a link too.
func (l *Letters) Arrivals(lang string, all []store.Arrival, stop string) mail.Letter {
	say := l.langs.Choose(lang, "").Say
	var rows []string
	for _, a := range all[:min(len(all), toldInLetter)] {
		rows = append(rows, "· "+say("arrivals.row", "name", plainName(a.Match.Account), "handle", "@"+a.Match.Handle.String()).String())
	}
	text := []locale.Sentence{say("arrivals.title", "n", len(all)), locale.Plain(strings.Join(rows, "\n"))}
	if more := len(all) - len(rows); more > 0 {
		text = append(text, say("mail.more", "n", more))
	}
	stopAt := l.base + "/mail/stop/" + stop
	text = append(text, say("mail.look"), locale.Plain(l.base+"/arrivals"), say("mail.why", "host", l.host), locale.Plain(stopAt))
	return mail.Letter{Subject: say("mail.subject", "n", len(all)).String(), Text: paragraphs(text...), Stop: stopAt}
}

// plainName is how a letter calls an account: its username where that is one of
// X's, else its number.
func plainName(a social.Account) string {
	if social.IsXUsername(a.Username) {
		return "@" + a.Username
	}
	return social.Printable(a.NativeID, social.MaxName)
}

func paragraphs(all ...locale.Sentence) string {
	text := make([]string, len(all))
	for i, s := range all {
		text[i] = s.String()
	}
	return strings.Join(text, "\n\n") + "\n"
}
