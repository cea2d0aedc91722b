package bridge

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/language"

	"godwit/internal/social"
)

// renderer makes statuses out of one Post.
type renderer struct {
	p     *social.Post
	c     Canvas
	place Place
	out   Rendered
	named map[string]bool // whose address stands in the text already
	room  int             // characters of a status beside its warning
}

// Render makes of a Post the statuses that it becomes, whole and in order.
// Nothing that its author wrote is left out; what cannot be brought over is
// linked, and said in the Notes.
func Render(p *social.Post, c Canvas, place Place) Rendered {
	if !p.Sound() {
		return Rendered{}
	}
	r := &renderer{p: p, c: c, place: place, named: map[string]bool{}}
	if r.c.Zone == nil {
		r.c.Zone = time.UTC
	}
	warning, full := r.warning()
	r.room = max(c.Limits.Characters-c.Limits.Count(warning), leastRoom)
	groups, absent := r.files()
	s := r.sheet()
	if full {
		s.plain(p.Warning)
		s.paragraph()
	}
	r.write(s, absent)
	if len(s.text) == 0 && len(groups) == 0 {
		return Rendered{}
	}
	r.fill(s, groups, warning)
	return r.out
}

func (r *renderer) sheet() *sheet {
	return &sheet{fl: r.c.Limits.Flavour, most: func(link string) bool { return r.c.Limits.linkCost(link) <= r.room-linkReserve }}
}

// write puts the Post and the lines around it on the sheet.
func (r *renderer) write(s *sheet, absent []social.Media) {
	switch {
	case !r.p.Repost.IsZero():
		r.repost(s)
		return
	case r.place.Torn:
		s.line(r.c.Rules.Words.Torn, nil)
		r.out.note(NoteTorn)
	case !r.p.Reply.IsZero() && !r.p.Reply.Own:
		r.refer(s, r.c.Rules.Words.Reply, r.p.Reply)
	}
	s.paragraph()
	quoted := r.body(s)
	r.poll(s)
	if !r.p.Quote.IsZero() && !quoted {
		r.quote(s)
	}
	for _, m := range absent {
		s.paragraph()
		r.absent(s, m)
	}
	r.more(s)
	s.trim(unicode.IsSpace)
	s.strayLinks()
}

// repost writes where to find what the person only showed again: never the
// other's words, of which a Source has the beginning at most.
func (r *renderer) repost(s *sheet) {
	if link := r.became(r.p.Repost); link != "" || r.p.Repost.Author != "" {
		r.refer(s, r.c.Rules.Words.Repost, r.p.Repost)
	}
	s.strayLinks()
}

// refer writes a line about another post: who wrote it, and where it stands.
func (r *renderer) refer(s *sheet, line string, ref social.PostRef) {
	link := r.became(ref)
	if link == "" {
		link = profileURL(r.p.Network, ref.Author)
	}
	s.line(line, map[string]func(){
		"name": func() { r.name(s, ref.AuthorID, ref.Author) },
		"link": func() { s.link(link) },
	})
	if link == "" {
		s.trim(func(r rune) bool { return strings.ContainsRune(" :：(（", r) }) // what was to bring it in
	}
}

// became is where another post stands: on the server, if it is the person's
// own and was carried over.
func (r *renderer) became(ref social.PostRef) string {
	if ref.Own && ref.ID != "" && r.c.Status != nil {
		if link := r.c.Status(ref.ID); link != "" {
			return link
		}
	}
	return ref.URL
}

// name writes somebody's name so that nobody is told: the fediverse address of
// whom a Match knows, else the name on the Network.
func (r *renderer) name(s *sheet, accountID, username string) {
	if h := r.handleOf(accountID, username); !h.IsZero() {
		r.out.note(NoteHandles)
		s.plain(h.String())
		return
	}
	if username = strings.TrimLeft(username, "@＠"); username == "" {
		username = r.c.Rules.Words.Someone
	}
	s.plain(username)
}

func (r *renderer) handleOf(accountID, username string) (h social.Handle) {
	if r.c.Handle != nil {
		h = r.c.Handle(accountID, username)
	}
	if h.IsZero() && r.p.Network == social.Fediverse {
		h, _ = social.ParseHandle(username, social.Private)
	}
	return h
}

// mention writes somebody whom the Post names.
func (r *renderer) mention(s *sheet, e social.Entity) {
	key := strings.ToLower(e.Username)
	address := profileURL(r.p.Network, e.Username)
	again := r.named[key] || r.c.Rules.Mentions == social.MentionName || address == ""
	if again || !r.handleOf(e.AccountID, e.Username).IsZero() {
		s.atom(func() { r.name(s, e.AccountID, e.Username) })
		return
	}
	r.named[key] = true
	s.atom(func() {
		s.line(r.c.Rules.Words.Mention, map[string]func(){
			"name": func() { s.plain(e.Username) },
			"link": func() { s.link(address) },
		})
	})
}

// profileURL is where an account stands on its Network, "" where nothing tells.
func profileURL(n social.Network, username string) string {
	if username == "" || strings.ContainsFunc(username, func(r rune) bool { return !isWord(r) && r != '.' && r != '-' }) {
		return ""
	}
	switch n {
	case social.X:
		return "https://x.com/" + username
	case social.Bluesky:
		return "https://bsky.app/profile/" + username
	case social.Threads:
		return "https://www.threads.com/@" + username
	case social.Instagram:
		return "https://www.instagram.com/" + username
	case social.TikTok:
		return "https://www.tiktok.com/@" + username
	}
	return ""
}

// body writes what the author wrote; quoted reports that the quoted post is
// linked in it.
func (r *renderer) body(s *sheet) (quoted bool) {
	at := 0
	leading := !r.p.Reply.IsZero() // nothing but names so far, before an answer
	for _, e := range r.p.Entities {
		between := r.p.Text[at:e.Start]
		leading = leading && strings.TrimSpace(between) == "" && e.Kind == social.MentionEntity
		if leading && r.isAnswered(e) {
			at = e.End + len(r.p.Text[e.End:]) - len(strings.TrimLeftFunc(r.p.Text[e.End:], unicode.IsSpace))
			continue
		}
		if at > 0 || between != "." || e.Kind != social.MentionEntity { // a dot before a name made X show it to all followers
			s.plain(between)
		}
		at = e.End
		quoted = r.entity(s, e) || quoted
	}
	s.plain(r.p.Text[min(at, len(r.p.Text)):])
	return quoted
}

// isAnswered reports that a name is the one that a network puts before an
// answer to its author.
func (r *renderer) isAnswered(e social.Entity) bool {
	return e.AccountID != "" && e.AccountID == r.p.Reply.AuthorID || e.Username != "" && strings.EqualFold(e.Username, r.p.Reply.Author)
}

func (r *renderer) entity(s *sheet, e social.Entity) (quoted bool) {
	text := r.p.Text[e.Start:e.End]
	switch {
	case e.Kind == social.LinkEntity && r.isQuote(e.URL):
		s.link(r.became(r.p.Quote))
		return true
	case e.Kind == social.LinkEntity && e.URL != "":
		s.link(r.carried(e.URL))
	case e.Kind == social.MentionEntity && e.Username != "":
		r.mention(s, e)
	case e.Kind == social.TagEntity:
		s.tag(text)
	default:
		s.plain(text)
	}
	return false
}

// carried is where a link leads now: to the status that one of the person's own
// posts became, where it is a link to that.
func (r *renderer) carried(link string) string {
	m := xStatus.FindStringSubmatch(link)
	if m == nil || r.p.Network != social.X || r.c.Status == nil {
		return link
	}
	return cmp.Or(r.c.Status(m[1]), link)
}

var xStatus = regexp.MustCompile(`^https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/[A-Za-z0-9_]+/status/([0-9]{1,20})`)

func (r *renderer) isQuote(link string) bool {
	return link != "" && link == r.p.Quote.URL
}

// poll writes what remains of a poll: the answers and who chose them.
func (r *renderer) poll(s *sheet) {
	total := 0
	for _, o := range r.p.Poll {
		total += max(o.Votes, 0)
	}
	for i, o := range r.p.Poll {
		if i == 0 {
			s.paragraph()
			r.out.note(NotePoll)
		} else {
			s.newline()
		}
		if total == 0 {
			s.plain("• " + oneLine(o.Title))
			continue
		}
		s.line(r.c.Rules.Words.Votes, map[string]func(){
			"option": func() { s.plain(oneLine(o.Title)) },
			"share":  func() { s.plain(strconv.Itoa((max(o.Votes, 0)*200 + total) / (2 * total))) },
			"n":      func() { s.plain(strconv.Itoa(max(o.Votes, 0))) },
		})
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(legible(text)), " ") }

// quote links the post that is shown below.
func (r *renderer) quote(s *sheet) {
	link := r.became(r.p.Quote)
	if link == "" {
		return
	}
	r.out.note(NoteNoQuote)
	s.paragraph()
	s.line(r.c.Rules.Words.Quote, map[string]func(){"link": func() { s.link(link) }})
}

// more says where the whole post is, when the Source has the beginning only.
func (r *renderer) more(s *sheet) {
	if r.p.Cut {
		r.out.note(NoteCut)
	}
	if s.tooLong {
		r.out.note(NoteLongLink)
	}
	if (r.p.Cut || s.tooLong) && r.p.URL != "" {
		s.paragraph()
		s.line(r.c.Rules.Words.More, map[string]func(){"link": func() { s.link(r.p.URL) }})
	}
}

// date is the line with the original date, "" where the server keeps it.
func (r *renderer) date() string {
	if r.c.Limits.Backdates || r.c.Rules.DatePlace == social.DateNowhere {
		return ""
	}
	at := r.p.CreatedAt.In(r.c.Zone)
	if r.p.DayOnly {
		at = r.p.CreatedAt.UTC()
		r.out.note(NoteDateless)
	}
	s := r.sheet()
	s.line(r.c.Rules.Words.Date, map[string]func(){
		"date": func() { s.plain(at.Format(r.c.Rules.Words.DateAs)) },
		"link": func() { s.link(r.p.URL) },
	})
	if r.c.Limits.Count(s.String()) > r.room/2 {
		return "" // the person's own wording left no room for the post
	}
	return s.String()
}

// fill spreads text and files over statuses.
func (r *renderer) fill(s *sheet, groups [][]social.DraftFile, warning string) {
	date := r.date()
	parts := r.parts(s, date)
	if len(parts) > 1 {
		r.out.note(NoteSplit)
	}
	if len(groups) > max(len(parts), 1) {
		r.out.note(NoteFollowUp)
	}
	for len(parts) < len(groups) || len(parts) == 0 {
		parts = append(parts, "")
	}
	parts[0] = withDate(parts[0], date, r.c.Rules.DatePlace)
	for i, text := range parts {
		d := social.Draft{
			Text: text, Warning: warning, Sensitive: r.p.Sensitive || warning != "", Language: languageOf(r.p.Language),
			Visibility: r.visibility(), At: r.at(i),
		}
		if i < len(groups) {
			d.Files = groups[i]
		}
		r.out.Drafts = append(r.out.Drafts, d)
	}
	if r.p.Sensitive {
		r.out.note(NoteSensitive)
	}
}

// parts breaks the text, with room for the date in the first of them.
func (r *renderer) parts(s *sheet, date string) []string {
	if len(s.text) == 0 {
		return nil
	}
	sp := newSplitter(s, r.c.Limits, r.room)
	if date != "" {
		sp.first = r.c.Limits.Count(date) + len("\n\n")
	}
	parts := sp.split()
	if len(parts) == 1 || !r.c.Rules.Numbered {
		return parts
	}
	for n := len(parts); ; n = len(parts) {
		sp.mark = len(markOf(n, n))
		if parts = sp.split(); len(markOf(len(parts), len(parts))) <= sp.mark {
			return numbered(parts)
		}
	}
}

func withDate(text, date string, place social.DatePlace) string {
	switch {
	case date == "":
		return text
	case text == "":
		return date
	case place == social.DateFirst:
		return date + "\n\n" + text
	}
	return text + "\n\n" + date
}

func (r *renderer) visibility() social.Visibility {
	if r.place.Visibility != "" {
		return r.place.Visibility
	}
	if r.c.Rules.Visibility == "" {
		return social.VisibleUnlisted
	}
	return r.c.Rules.Visibility
}

// at is the date that the i-th status is to carry: a second after the one
// before, so that they stay in order. Of a post of which only the day is known
// it is noon, which is that day nearly everywhere.
func (r *renderer) at(i int) time.Time {
	if !r.c.Limits.Backdates {
		return time.Time{}
	}
	at := r.p.CreatedAt.UTC()
	if r.p.DayOnly {
		at = at.Truncate(day).Add(day / 2)
		r.out.note(NoteDateless)
	}
	return at.Add(time.Duration(i) * time.Second)
}

// languageOf is the two letters that servers take for a language; GoToSocial
// refuses a status in one that it does not know.
func languageOf(tag string) string {
	t, err := language.Parse(tag)
	if err != nil || tag == "" {
		return ""
	}
	base, sure := t.Base()
	if sure < language.High || len(base.String()) != 2 {
		return ""
	}
	return base.String()
}

// warning is the content warning of the Post; full reports that the Post's own
// is too long for one, so that it has to stand in the text too.
func (r *renderer) warning() (text string, full bool) {
	most := max(r.c.Limits.Characters/3, leastRoom)
	if own := oneLine(r.p.Warning); own != "" {
		text = shorten(own, most)
		return unpinging(text, r.c.Limits.Flavour), text != own
	}
	var all []string
	for _, rule := range r.c.Rules.Warnings {
		w := oneLine(rule.Warning)
		if w != "" && !slices.Contains(all, w) && holds(r.p, rule.Word) {
			all = append(all, w)
		}
	}
	if len(all) > 0 {
		r.out.note(NoteWarned)
	}
	if own := oneLine(r.c.Rules.SensitiveWarning); r.p.Sensitive && own != "" && len(all) == 0 {
		all = []string{own}
	}
	return unpinging(shorten(strings.Join(all, ", "), min(most, maxWarning)), r.c.Limits.Flavour), false
}

// unpinging is a text in which no server finds a mention.
func unpinging(text string, fl social.Flavour) string {
	s := &sheet{fl: fl}
	s.plain(text)
	return s.String()
}

// shorten cuts a text after a word so that it has at most n characters.
func shorten(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	cut := string(runes[:n-1])
	if i := strings.LastIndexFunc(cut, unicode.IsSpace); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRightFunc(cut, unicode.IsSpace) + "…"
}
