package bridge

import (
	"strconv"
	"testing"
	"time"

	"godwit/internal/social"
)

// The table of estimates of the following page. The person lives in UTC+8, so
// that the server's day begins at 08:00; the Destination of these tests goes on 17 minutes later.
func TestPlanSaysTheTableOfEstimates(t *testing.T) {
	zone := time.FixedZone("UTC+8", 8*3600)
	morning := time.Date(2026, 11, 24, 9, 0, 0, 0, zone)
	evening := time.Date(2026, 11, 25, 7, 20, 0, 0, zone)
	spent := social.Budget{Family: social.FollowsFamily, Limit: 400, Remaining: 10, Window: day, ResetsAt: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}
	for _, c := range []struct {
		name    string
		n       int
		now     time.Time
		budgets []social.Budget
		first   Channel
		split   []int
		english string
	}{
		{"40", 40, morning, nil, Background, []int{40}, "About 5 minutes."},
		{"40, none left today", 40, morning, []social.Budget{spent}, Background, []int{40},
			"Your server allows no more follows today. We start at 08:17 and need about 5 minutes."},
		{"600, morning", 600, morning, nil, File, []int{390, 210},
			"Done tomorrow at about 08:30. home.test allows 400 follows a day; we use 390 and leave 10 for you. So 390 today, 210 tomorrow."},
		{"600, shortly before the reset", 600, evening, nil, File, []int{390, 210},
			"Done today at about 08:30: your server's daily count starts again at 08:00."},
		{"3,000", 3000, morning, nil, File, []int{390, 390, 390, 390, 390, 390, 390, 270},
			"Done around 1 December: 390 a day for 8 days. You don't need to do anything; you can watch or pause at any time."},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := Plan(home(t, social.Mastodon), c.budgets, Wish{N: c.n}, c.now.UTC())
			if got := e.For(Background, zone).English; got != c.english {
				t.Errorf("said %q\nwant %q", got, c.english)
			}
			if e.Channels[0] != c.first || len(e.Channels) != 2 {
				t.Errorf("channels %v, want %v first of two", e.Channels, c.first)
			}
			if !equal(e.Split, c.split) {
				t.Errorf("split %v, want %v", e.Split, c.split)
			}
		})
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestPlanNotes(t *testing.T) {
	now := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	d := home(t, social.Mastodon)
	d.Following = 7_400
	for _, c := range []struct {
		name string
		d    social.Destination
		wish Wish
		say  []string
	}{
		{"nothing left", home(t, social.Mastodon), Wish{Already: 12}, []string{"You already follow all 12. Nothing to do."}},
		{"requests", home(t, social.Mastodon), Wish{N: 40, Locked: 3}, []string{"3 of them approve followers by hand. We ask; they answer when they like."}},
		{"both", home(t, social.Mastodon), Wish{N: 351}, []string{"You can do both: take the file now, and let us check tomorrow and follow whoever is still missing."}},
		{"follow limit", d, Wish{N: 150}, []string{"home.test lets an account follow at most 7500 people. You can add 100 more; choose which, or we take the most certain first."}},
		{"plain", home(t, social.GoToSocial), Wish{N: 500}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			notes := Plan(c.d, nil, c.wish, now).Notes(time.UTC)
			if len(notes) != len(c.say) {
				t.Fatalf("notes %v", notes)
			}
			for i, n := range notes {
				if n.English != c.say[i] {
					t.Errorf("said %q\nwant %q", n.English, c.say[i])
				}
			}
		})
	}
}

func TestPlanOrdersChannels(t *testing.T) {
	now := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		fl   social.Flavour
		n    int
		want []Channel
		rows int
	}{
		{social.Mastodon, 350, []Channel{Background, File}, 350},
		{social.Mastodon, 351, []Channel{File, Background}, 351},
		{social.GoToSocial, 5000, []Channel{Background, File}, 5000},
		{social.Snac, 5000, []Channel{Background}, 5000},
		{social.FlavourNone, 25_000, []Channel{File}, 20_000},
		{social.Mastodon, 0, nil, 0},
	} {
		t.Run(string(c.fl)+strconv.Itoa(c.n), func(t *testing.T) {
			e := Plan(home(t, c.fl), nil, Wish{N: c.n}, now)
			if len(e.Channels) != len(c.want) || e.FileRows != c.rows {
				t.Fatalf("channels %v rows %d", e.Channels, e.FileRows)
			}
			for i := range c.want {
				if e.Channels[i] != c.want[i] {
					t.Errorf("channels %v, want %v", e.Channels, c.want)
				}
			}
		})
	}
}

// TestPlanSaysOtherCases are the sentences beside the table's: a crowded host,
// servers without a daily count, and one whose limits are not known.
func TestPlanSaysOtherCases(t *testing.T) {
	morning := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	learned := []social.Budget{
		{Family: social.FollowsFamily, Limit: 100, Remaining: 100, Window: time.Hour, ResetsAt: morning.Add(time.Hour)},
		{Family: social.RequestsFamily, Limit: 300, Remaining: 300, Window: requestsWindow, ResetsAt: morning.Add(time.Minute)},
	}
	for _, c := range []struct {
		name    string
		fl      social.Flavour
		budgets []social.Budget
		wish    Wish
		say     string
	}{
		{"one host", social.Mastodon, nil, Wish{N: 40, Crowd: 40}, "About 5 minutes."},
		{"one host, many", social.Mastodon, nil, Wish{N: 380, Crowd: 380}, "Done today at about 10:05."},
		{"no daily count", social.GoToSocial, nil, Wish{N: 900}, "About 45 minutes."},
		{"no daily count, many", social.GoToSocial, nil, Wish{N: 3000}, "Done today at about 11:30."},
		{"no daily count, over midnight", social.GoToSocial, nil, Wish{N: 20_000}, "Done tomorrow 01:40, or a little later."},
		{"unknown", social.FlavourOther, nil, Wish{N: 300}, "We don't know home.test's limits yet, so we start slowly and give you a date after the first 50."},
		{"learned", social.FlavourOther, learned, Wish{N: 180}, "Done today at about 10:10."},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := Plan(home(t, c.fl), c.budgets, c.wish, morning)
			if got := e.For(Background, time.UTC).English; got != c.say {
				t.Errorf("said %q\nwant %q", got, c.say)
			}
		})
	}
}

// TestPlanHolds compares estimates with what then happens.
func TestPlanHolds(t *testing.T) {
	for _, n := range []int{40, 380, 600, 1000} {
		w := newWorld(t, social.Mastodon, 4, monday)
		r := newTable(t, social.Mastodon)
		crowd(t, w, r, n, 20)
		e := Plan(r.d, nil, Wish{N: n, Crowd: (n + 19) / 20}, monday)
		w.run(r, 0, monday.Add(30*day))
		late := w.now.Sub(e.Finish)
		t.Logf("%d: said %v, done %v", n, e.Finish.Sub(monday), w.now.Sub(monday))
		if late > 10*time.Minute {
			t.Errorf("%d accounts were done %v after the estimate", n, late)
		}
	}
}
