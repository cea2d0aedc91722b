package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// matchesPage is the list in which a person decides whom to follow.
type matchesPage struct {
	Frame   `json:"-"`
	Counts  store.MatchCounts
	Groups  []groupLink
	Filter  listFilter
	Hint    locale.Sentence
	Empty   locale.Sentence
	Rows    []matchRow
	Total   int
	Pages   []pageLink
	Bulk    string // address of the check page for all that fit, where there is one
	BulkN   int
	Sources bool // something was given
	Waiting store.Waiting
}

// groupLink is one group with its count.
type groupLink struct {
	Name  store.MatchGroup
	Key   string
	N     int
	Link  string
	Here  bool
	Alert bool
}

// matchRow is one Match as the list shows it.
type matchRow struct {
	social.Match
	Show     social.Handle // to be followed, or as it was written
	Mark     string        // certainty, or conflict
	Evidence locale.Sentence
	Twisted  string // the host in Unicode, when it differs from what is contacted
}

// pageLink is a link to a page of the list.
type pageLink struct {
	Key  string
	N    int
	Link string
	Here bool
}

// listFilter is what the list shows; all of it is in the address.
type listFilter struct {
	Group store.MatchGroup
	Query string
	Host  string
	Page  int
}

var groups = []store.MatchGroup{store.GroupAll, store.GroupConflict, store.GroupLikely, store.GroupPossible, store.GroupCertain, store.GroupDecided}

func readFilter(q url.Values) listFilter {
	f := listFilter{Query: clip(q.Get("q"), maxQuery), Host: clip(strings.ToLower(q.Get("host")), maxQuery), Page: 1}
	for _, g := range groups {
		if string(g) == q.Get("group") {
			f.Group = g
		}
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 0 && n <= 1<<20 {
		f.Page = n
	}
	return f
}

// clip cleans and bounds a text that came with an address.
func clip(text string, max int) string {
	return strings.TrimSpace(social.Clean(strings.ReplaceAll(text, "\n", " "), max))
}

func (f listFilter) store(limit int) store.MatchFilter {
	return store.MatchFilter{Group: f.Group, Query: f.Query, Host: f.Host, Offset: (f.Page - 1) * pageSize, Limit: limit}
}

// with is the address of the list with this filter.
func (f listFilter) with(base string) string {
	q := url.Values{}
	for name, value := range map[string]string{"group": string(f.Group), "q": f.Query, "host": f.Host} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.Page > 1 {
		q.Set("page", strconv.Itoa(f.Page))
	}
	if len(q) == 0 {
		return base
	}
	return base + "?" + q.Encode()
}

// Active reports whether the list is narrowed by a search.
func (f listFilter) Active() bool { return f.Query != "" || f.Host != "" }

func (s *site) matches(v *visit) error {
	page, err := s.buildMatches(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "matches", page)
}

func (s *site) matchesEvents(v *visit) error {
	return v.stream(func() (any, error) { return s.Store.MatchCounts(v.r.Context(), v.user.ID) })
}

func (s *site) buildMatches(v *visit) (*matchesPage, error) {
	ctx := v.r.Context()
	counts, err := s.Store.MatchCounts(ctx, v.user.ID)
	if err != nil {
		return nil, err
	}
	f := readFilter(v.r.URL.Query())
	list, total, err := s.Store.ListMatches(ctx, v.user.ID, f.store(pageSize))
	if err == nil && len(list) == 0 && total > 0 && f.Page > 1 {
		f.Page = 1
		list, total, err = s.Store.ListMatches(ctx, v.user.ID, f.store(pageSize))
	}
	if err != nil {
		return nil, err
	}
	page := &matchesPage{Counts: counts, Filter: f, Total: total, Groups: v.groupLinks(counts, f), Pages: pageLinks(f, total)}
	if page.Waiting, err = s.Store.Waiting(ctx, v.user.ID); err != nil {
		return nil, err
	}
	page.Title = v.say("matches.title", "n", counts.Found, "m", counts.People)
	if counts.People == 0 {
		page.Title = v.say("matches.title.none")
	}
	page.Here, page.Wide, page.PageNo = "matches", true, f.Page
	if counts.Looking > 0 || counts.Ill > 0 {
		page.Live = "/matches/events"
	}
	page.Hint, page.Empty = v.groupHint(f), v.emptyList(counts, f, total)
	for _, m := range list {
		page.Rows = append(page.Rows, v.matchRow(m))
	}
	return page, v.bulk(page)
}

// bulk offers to confirm all of a group that may be confirmed as a whole.
func (v *visit) bulk(p *matchesPage) error {
	if !bulkGroups[p.Filter.Group] || p.Total == 0 {
		return nil
	}
	open := p.Filter.store(1)
	open.Undecided, open.Offset = true, 0
	_, n, err := v.site.Store.ListMatches(v.r.Context(), v.user.ID, open)
	if n > 0 {
		to := p.Filter
		to.Page = 1
		p.Bulk, p.BulkN = to.with("/matches/check"), n
	}
	return err
}

func (v *visit) groupLinks(c store.MatchCounts, f listFilter) []groupLink {
	ns := map[store.MatchGroup]int{
		store.GroupAll: c.Certain + c.Likely + c.Possible + c.Conflict, store.GroupConflict: c.Conflict, store.GroupLikely: c.Likely,
		store.GroupPossible: c.Possible, store.GroupCertain: c.Certain, store.GroupDecided: c.Decided,
	}
	var links []groupLink
	for _, g := range groups {
		to := listFilter{Group: g, Query: f.Query, Host: f.Host}
		key := string(g)
		if g == store.GroupAll {
			key = "all"
		}
		links = append(links, groupLink{Name: g, Key: "group." + key, N: ns[g], Link: to.with("/matches"), Here: g == f.Group, Alert: g == store.GroupConflict && ns[g] > 0})
	}
	return append(links, groupLink{Key: "group.not-found", N: c.NotFound, Link: "/matches/missing"})
}

func (v *visit) groupHint(f listFilter) locale.Sentence {
	if f.Group == store.GroupAll {
		return nil
	}
	return v.say("matches.hint." + string(f.Group))
}

// emptyList says why there are no rows.
func (v *visit) emptyList(c store.MatchCounts, f listFilter, total int) locale.Sentence {
	switch {
	case total > 0:
		return nil
	case f.Active():
		return v.say("matches.filter.empty")
	case c.People == 0:
		return v.say("matches.no-source")
	case c.Looking > 0 && c.Found == 0:
		return v.say("matches.looking")
	case c.Found == 0:
		return v.say("matches.none", "n", c.People)
	}
	return v.say("matches.group.empty")
}

func (v *visit) matchRow(m social.Match) matchRow {
	m.Account = shownAccount(m.Account)
	row := matchRow{Match: m, Show: m.Handle, Mark: string(m.Certainty)}
	if m.Handle.IsZero() {
		row.Show = m.Asked
	}
	if m.Conflict {
		row.Mark = "conflict"
	}
	if row.Mark == "" {
		row.Mark = string(social.Possible)
	}
	if unicode := social.HostUnicode(row.Show.Host()); unicode != row.Show.Host() {
		row.Twisted = unicode
	}
	row.Evidence = v.firstEvidence(m, row.Show)
	return row
}

// Label is how the person is called: their name, their username, or their number.
func (r matchRow) Label() locale.NameOf { return locale.NameOf(accountName(r.Account)) }

// Link leads to the page about the person.
func (r matchRow) Link() locale.LinkTo {
	return locale.LinkTo{Text: accountName(r.Account), Address: "/matches/" + itoa(r.ID)}
}

// shownAccount is an Account with what a stranger wrote made fit to be shown.
func shownAccount(a social.Account) social.Account {
	a.Name = strings.TrimSpace(social.Clean(a.Name, social.MaxName))
	a.Bio = social.Clean(a.Bio, social.MaxBio)
	return a
}

func accountName(a social.Account) string {
	switch {
	case a.Name != "":
		return a.Name
	case a.Username != "":
		return "@" + a.Username
	}
	return a.NativeID
}

// pageLinks are first, the neighbours and last.
func pageLinks(f listFilter, total int) []pageLink {
	last := (total + pageSize - 1) / pageSize
	if last <= 1 {
		return nil
	}
	at := func(key string, n int) pageLink {
		to := f
		to.Page = n
		return pageLink{Key: key, N: n, Link: to.with("/matches"), Here: n == f.Page && key == "matches.page"}
	}
	var links []pageLink
	if f.Page > 1 {
		links = append(links, at("matches.previous", f.Page-1))
	}
	for n := 1; n <= last; n++ {
		if n == 1 || n == last || n >= f.Page-1 && n <= f.Page+1 {
			links = append(links, at("matches.page", n))
		}
	}
	if f.Page < last {
		links = append(links, at("matches.next", f.Page+1))
	}
	return links
}
