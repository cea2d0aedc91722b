package web

import (
	"net/http"
	"slices"
	"time"

	"godwit/internal/store"
	"godwit/web/locale"
)

// networkPage is a picture of who was found where, and who arrived since.
type networkPage struct {
	Frame    `json:"-"`
	Counts   store.MatchCounts
	Found    chart
	Hosts    []hostRow
	Others   int // found on further servers
	Arrivals chart
	From     time.Time // when the first week of the chart begins
	Arrived  int       // in its weeks
	Most     int       // in one of them
	Watch    store.Watch
}

// hostRow is one server with its share of the largest.
type hostRow struct {
	store.HostCount
	Share int // of the chart's width
	Link  string
}

const week = 7 * 24 * time.Hour

func (s *site) network(v *visit) error {
	ctx, id := v.r.Context(), v.user.ID
	page := &networkPage{}
	var err error
	if page.Counts, err = s.Store.MatchCounts(ctx, id); err != nil {
		return err
	}
	hosts, err := s.Store.PeopleByHost(ctx, id, networkHosts)
	if err != nil {
		return err
	}
	if page.Watch, err = s.Store.GetWatch(ctx, id); err != nil {
		return err
	}
	from := v.now.Add(-networkWeeks * week)
	weeks, err := s.Store.ArrivalsByWeek(ctx, id, from, networkWeeks)
	if err != nil {
		return err
	}
	page.Found, page.Hosts = v.foundChart(page.Counts), hostRows(hosts)
	page.Arrivals, page.From, page.Most = v.arrivalsChart(from, weeks), from, slices.Max(weeks)
	for _, n := range weeks {
		page.Arrived += n
	}
	page.Title, page.Here = v.say("network.title"), "network"
	return v.show(http.StatusOK, "network", page)
}

// foundChart is one bar: found, still looked for, not found.
func (v *visit) foundChart(c store.MatchCounts) chart {
	looking := max(c.People-c.Found-c.NotFound, 0)
	return stackedBar(chart{
		ID: "found", Title: v.say("network.found.title"), Head: [2]locale.Sentence{v.say("network.state"), v.say("network.people")},
		Desc: v.say("network.found.desc", "found", c.Found, "looking", looking, "missing", c.NotFound),
	}, c.People, []mark{
		{Class: "c-found", Label: v.say("network.found"), N: c.Found},
		{Class: "c-looking", Label: v.say("network.looking"), N: looking},
		{Class: "c-missing", Label: v.say("network.missing"), N: c.NotFound},
	})
}

func hostRows(hosts []store.HostCount) (rows []hostRow) {
	for _, h := range hosts {
		rows = append(rows, hostRow{h, max(h.N*barWidth/hosts[0].N, 4), listFilter{Host: h.Host, Page: 1}.with("/matches")})
	}
	return rows
}

// arrivalsChart is a column for each week, named by its first day.
func (v *visit) arrivalsChart(from time.Time, weeks []int) chart {
	var marks []mark
	total := 0
	for i, n := range weeks {
		class := "c-found"
		if n == 0 {
			class = "c-none"
		}
		marks = append(marks, mark{Class: class, Label: v.say("network.week", "date", v.clock().Date(from.Add(time.Duration(i)*week))), N: n})
		total += n
	}
	return columns(chart{
		ID: "arrived", Title: v.say("network.arrivals.title"), Head: [2]locale.Sentence{v.say("network.week.head"), v.say("network.people")},
		Desc: v.say("network.arrivals.desc", "n", total, "weeks", len(weeks)),
	}, marks)
}
