package matcher

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"godwit/internal/social"
)

func TestPages(t *testing.T) {
	const handle = "now at @ida@mudflat.social"
	for _, tc := range []struct {
		bio, url string
		links    []string
		want     []string
	}{
		{"", "https://linktr.ee/ida", nil, []string{"https://linktr.ee/ida"}},
		{"", "http://www.ida.example/", nil, []string{"https://www.ida.example/"}},
		{"", "https://ida.carrd.co", []string{"https://ida.example/about"}, []string{"https://ida.carrd.co", "https://ida.example/about"}},
		{"", "https://a.example", []string{"https://b.example", "https://c.example", "https://a.example"}, []string{"https://a.example", "https://b.example"}},
		{"", "https://github.com/ida", nil, []string{"https://github.com/ida"}},
		{"", "https://pronouns.page/@ida", nil, []string{"https://pronouns.page/@ida"}},
		{handle, "https://linktr.ee/ida", nil, nil},                                              // needs no page
		{"ida@mudflat.example", "https://linktr.ee/ida", nil, []string{"https://linktr.ee/ida"}}, // may be mail
		{"", "https://linktr.ee/", nil, nil},
		{"", "https://github.com/ida/birds", nil, nil},
		{"", "https://paper.example/2026/11/birds", nil, nil},
		{"", "https://t.co/abc", nil, nil},
		{"", "https://youtube.com/@ida", nil, nil},
		{"", "https://mastodon.social/about", nil, nil},
		{"", "https://ida@ida.example/", nil, nil},
		{"", "https://ida.example:8443/", nil, nil},
		{"", "ftp://ida.example/", nil, nil},
		{"", "javascript:alert(1)", nil, nil},
		{"", "", nil, nil},
	} {
		a := person(1, "ida_x", tc.bio, recent)
		a.URL, a.Links = tc.url, tc.links
		if got := Pages(a, Candidates(a, nil, social.Public, now)); !slices.Equal(got, tc.want) {
			t.Errorf("%q %q %q: %q, want %q", tc.bio, tc.url, tc.links, got, tc.want)
		}
	}
	other := social.Account{Network: social.TikTok, Username: "ida", URL: "https://linktr.ee/ida"}
	if got := Pages(other, nil); got != nil {
		t.Errorf("of another network: %q", got)
	}
}

// TestGradePages is the table of what a page in between is worth.
func TestGradePages(t *testing.T) {
	const (
		ida  = "https://mudflat.social/@ida"
		mine = "https://x.com/Ida_X"
		page = "https://linktr.ee/ida"
	)
	me := func(url string) social.PageLink { return social.PageLink{URL: url, Me: true} }
	link := func(urls ...string) (all []social.PageLink) {
		for _, url := range urls {
			all = append(all, social.PageLink{URL: url})
		}
		return all
	}
	for name, tc := range map[string]struct {
		links []social.PageLink
		back  []string // links of the fediverse profile
		seen  time.Time
		want  string // grades, "!" for a conflict
	}{
		"both accounts":                         {link(mine, ida), nil, recent, "likely"},
		"both accounts, and the profile's page": {link(mine, ida), []string{"https://www.linktr.ee/Ida/"}, recent, "certain"},
		"both accounts, and the profile's X":    {link(mine, ida), []string{"https://twitter.com/ida_x"}, recent, "certain"},
		"the profile links to another page":     {link(mine, ida), []string{"https://linktr.ee/other"}, recent, "likely"},
		"the handle only":                       {link(ida), nil, recent, "possible"},
		"the handle only, and the profile's X":  {link(ida), []string{mine}, recent, "likely"},
		"the handle only, and the page":         {link(ida), []string{page}, recent, "possible"}, // an employer's page and its own account
		"somebody else on X":                    {link("https://x.com/other", ida), nil, recent, ""},
		"several on X":                          {link(mine, "https://x.com/other", ida), nil, recent, "possible"},
		"a share button besides":                {link(mine, "https://x.com/share", "https://x.com/intent/tweet?u=a", ida), nil, recent, "likely"},
		"a post of somebody else besides":       {link(mine, "https://x.com/other/status/1", ida), nil, recent, "likely"},
		"two handles":                           {link(mine, ida, "https://mas.to/@ida"), nil, recent, "likely! likely!"},
		"two handles, one is marked":            {append(link(mine, "https://mas.to/@other"), me(ida)), nil, recent, "likely"},
		"a whole team":                          {link(mine, ida, "https://mas.to/@a", "https://mas.to/@b", "https://mas.to/@c"), nil, recent, ""},
		"an old profile":                        {link(mine, ida), []string{page}, years, "possible"},
		"another platform":                      {link(mine, "https://tiktok.com/@ida"), nil, recent, ""},
		"a mirror of X":                         {link(mine, "https://bird.makeup/@ida_x"), nil, recent, ""},
		"Bluesky":                               {link(mine, "https://bsky.app/profile/ida.bsky.social"), nil, recent, "possible"},
	} {
		a := person(1, "ida_x", "", tc.seen)
		a.URL, a.Pages = page, []social.LinkPage{{URL: page, State: social.Found, Links: PageLinks(tc.links, social.Public), CheckedAt: now}}
		group := Candidates(a, nil, social.Public, now)
		for i := range group {
			group[i] = foundAt(group[i], now)
			group[i].Resolution.Links = tc.back
		}
		got := ""
		for i, m := range Grade(group, now) {
			if i > 0 {
				got += " "
			}
			if got += string(m.Certainty); m.Conflict {
				got += "!"
			}
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// TestPageEvidence: what is shown says where, and does not hold the page's
// address longer than other texts live.
func TestPageEvidence(t *testing.T) {
	const page = "https://ida.example/links"
	a := person(1, "ida_x", "", recent)
	for _, tc := range []struct{ x, want string }{
		{"https://x.com/ida_x", "Their X profile links to a page at ida.example, which links back to it and to @ida@mudflat.social."},
		{"", "Their X profile links to a page at ida.example, which links to @ida@mudflat.social; whether the page is theirs it doesn't say."},
	} {
		a.Pages = []social.LinkPage{{URL: page, Links: []social.PageLink{{URL: "https://mudflat.social/@ida"}, {URL: tc.x}}, CheckedAt: now}}
		e := Candidates(a, nil, social.Public, now)[0].Evidence[0]
		if _, _, say := Say(e, handle(t, "ida@mudflat.social")); say != tc.want || e.Text != page || e.Source != "ida.example" || len(e.Hash) != 64 || !e.SeenAt.Equal(recent) {
			t.Errorf("%q %+v", say, e)
		}
	}
	if _, _, say := Say(social.Evidence{Kind: social.PageBack, Source: "ida.example"}, handle(t, "ida@mudflat.social")); say != "The profile @ida@mudflat.social links to their page at ida.example, too." {
		t.Error(say)
	}
}

func TestPageLinksAreBounded(t *testing.T) {
	var many []social.PageLink
	for i := range 500 {
		many = append(many, social.PageLink{URL: fmt.Sprintf("https://h%d.example.social/@a", i)}, social.PageLink{URL: fmt.Sprintf("https://shop.example/%d", i)})
	}
	if kept := PageLinks(many, social.Public); len(kept) != maxPageLinks {
		t.Errorf("%d are kept", len(kept))
	}
}
