package web

import (
	"cmp"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"godwit/internal/social"
	"godwit/internal/store"
)

// serversPage helps somebody to choose a server who has no account yet.
type serversPage struct {
	Frame     `json:"-"`
	Own       bool // people of the visitor's are known
	Rows      []serverRow
	Unknown   int // servers of theirs that are to be asked
	Asked     bool
	Filter    serverFilter
	Languages []namedChoice
	Regions   []namedChoice
	Known     int // before the filter
}

// serverRow is one server.
type serverRow struct {
	social.Server
	N      int    // of the visitor's people there
	Speaks string // languages, named
	Region string // by its address, named
}

// serverFilter is what the list is narrowed to; all of it is in the address.
type serverFilter struct {
	Language string // its first subtag
	Region   string // of the address's ending, in capitals
	Way      string // "open" at once, "approval", or either
}

// namedChoice is one value of a filter.
type namedChoice struct{ Value, Name string }

// generic are endings of countries that are sold to all the world.
var generic = map[string]bool{"ac": true, "ai": true, "cc": true, "co": true, "fm": true, "gg": true, "im": true, "io": true, "la": true, "ly": true,
	"me": true, "nu": true, "pm": true, "sh": true, "so": true, "st": true, "sx": true, "tf": true, "to": true, "tv": true, "vc": true, "ws": true}

// regionOf is the country that a server's address names, "" for none. Nothing
// else tells where a server is, so the page says what this is.
func regionOf(host string) string {
	last := host[strings.LastIndexByte(host, '.')+1:]
	region, err := language.ParseRegion(last)
	if len(last) != 2 || generic[last] || err != nil || !region.IsCountry() {
		return ""
	}
	return region.Canonicalize().String()
}

func (s *site) servers(v *visit) error {
	page := &serversPage{Filter: serverFilter{clip(v.r.URL.Query().Get("language"), 3), clip(v.r.URL.Query().Get("region"), 2), clip(v.r.URL.Query().Get("way"), 10)}}
	known, people, err := v.serversFor(page)
	if err != nil {
		return err
	}
	rows := v.serverRows(known, people)
	page.Known = len(rows)
	page.Languages, page.Regions = v.choices(rows)
	rows = slices.DeleteFunc(rows, func(r serverRow) bool { return !page.Filter.fits(r.Server) })
	page.Rows = rows[:min(len(rows), maxServers)]
	page.Title, page.Here = v.say("servers.title"), "servers"
	page.Asked = v.r.URL.Query().Get("asked") != ""
	return v.show(http.StatusOK, "servers", page)
}

// serversFor is the servers to choose from: where the visitor's own people are,
// else some that many people here are on.
func (v *visit) serversFor(page *serversPage) (known []social.Server, people []store.HostCount, err error) {
	ctx := v.r.Context()
	if v.user.ID != 0 {
		people, err = v.site.Store.PeopleByHost(ctx, v.user.ID, askedServers)
	}
	if page.Own = len(people) > 0; err != nil || !page.Own {
		if err == nil {
			known, err = v.site.Store.CommonServers(ctx)
		}
		return known, nil, err
	}
	known, page.Unknown, err = v.site.Store.KnownServers(ctx, hostsOf(people), v.now)
	return known, people, err
}

func hostsOf(people []store.HostCount) (hosts []string) {
	for _, p := range people {
		hosts = append(hosts, p.Host)
	}
	return hosts
}

// serverRows are those that one can join, with most of one's own people first,
// and in an order of the day where that says nothing: no server is preferred.
func (v *visit) serverRows(known []social.Server, people []store.HostCount) (rows []serverRow) {
	n := map[string]int{}
	for _, p := range people {
		n[p.Host] = p.N
	}
	for _, k := range known {
		if k.Open {
			rows = append(rows, serverRow{Server: k, N: n[k.Host], Speaks: v.speaks(k.Languages), Region: v.regionName(regionOf(k.Host))})
		}
	}
	day := v.now.Format("2006-01-02")
	slices.SortFunc(rows, func(a, b serverRow) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(lot(day, a.Host), lot(day, b.Host)))
	})
	return rows
}

// lot is a host's place of the day.
func lot(day, host string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(day + " " + host)) // never fails
	return h.Sum32()
}

func (f serverFilter) fits(a social.Server) bool {
	speaks := func(code string) bool { return base(code) == f.Language }
	switch {
	case f.Way == "open" && a.Approval, f.Way == "approval" && !a.Approval:
		return false
	case f.Region != "" && regionOf(a.Host) != f.Region:
		return false
	}
	return f.Language == "" || slices.ContainsFunc(a.Languages, speaks)
}

// base is a language without its region.
func base(code string) string { return strings.SplitN(code, "-", 2)[0] }

// choices are the languages and regions that any of the servers has.
func (v *visit) choices(rows []serverRow) (languages, regions []namedChoice) {
	seen := map[string]bool{}
	for _, r := range rows {
		for _, code := range r.Languages {
			if code := base(code); !seen[code] {
				seen[code] = true
				languages = append(languages, namedChoice{code, v.speaks([]string{code})})
			}
		}
		if region := regionOf(r.Host); region != "" && !seen[region] {
			seen[region] = true
			regions = append(regions, namedChoice{region, r.Region})
		}
	}
	for _, all := range [][]namedChoice{languages, regions} {
		slices.SortFunc(all, func(a, b namedChoice) int { return cmp.Compare(a.Name, b.Name) })
	}
	return languages, regions
}

// speaks names languages in the visitor's own.
func (v *visit) speaks(codes []string) string {
	namer := display.Languages(language.Make(v.lang.Code))
	text := ""
	for _, code := range codes {
		switch name := namer.Name(language.Make(code)); {
		case text == "":
			text = name
		case name != "":
			text = v.say("list.and", "a", text, "b", name).String()
		}
	}
	return text
}

func (v *visit) regionName(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return ""
	}
	return display.Regions(language.Make(v.lang.Code)).Name(region)
}

// askServers has the servers of the visitor's people asked: one request or two
// to each, at a press.
func (s *site) askServers(v *visit) error {
	people, err := s.Store.PeopleByHost(v.r.Context(), v.user.ID, askedServers)
	if err != nil {
		return err
	}
	if _, err := s.Store.AskServers(v.r.Context(), hostsOf(people), v.now); err != nil {
		return err
	}
	return v.redirect("/servers?asked=1")
}
