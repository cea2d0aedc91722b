package bridge

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
)

var chosenAt = time.Date(2018, 1, 1, 12, 0, 0, 0, time.UTC)

// somePost is a public post of its own, i hours into 2018.
func somePost(i int, change ...func(*social.Post)) *social.Post {
	p := &social.Post{Network: social.X, ID: fmt.Sprint(1000 + i), URL: fmt.Sprintf("https://x.com/me/status/%d", 1000+i), CreatedAt: chosenAt.Add(time.Duration(i) * time.Hour), Text: fmt.Sprintf("Post %d #wader", i), Language: "en", Audience: social.ToEveryone}
	p.Entities = findEntities(p.Text)
	for _, c := range change {
		c(p)
	}
	return p
}

func answering(i int) func(*social.Post) {
	return func(p *social.Post) { p.Reply = social.PostRef{ID: fmt.Sprint(1000 + i), Author: "me", Own: true} }
}

func shown(a social.Audience) func(*social.Post) { return func(p *social.Post) { p.Audience = a } }

func toBob(p *social.Post) {
	p.Reply = social.PostRef{ID: "5", Author: "wader_bob", URL: "https://x.com/wader_bob/status/5"}
}

// chosen is what choose makes, written short: 3 is a post, 4<3 answers it, 5<?
// is torn off.
func chosen(t *testing.T, rules social.MirrorRules, protected bool, posts ...*social.Post) (steps, left string) {
	t.Helper()
	s, l := choose(slices.Values(posts), rules, protected)
	short := func(id string) string { return strings.TrimLeft(strings.TrimPrefix(id, "10"), "0") }
	var a, b []string
	for _, x := range s {
		name := short(x.PostID)
		if x.Place.Answers != "" {
			name += "<" + short(x.Place.Answers)
		}
		if x.Place.Torn {
			name += "<?"
		}
		if x.Place.Visibility != "" {
			name += "!" + string(x.Place.Visibility)
		}
		a = append(a, name)
	}
	for _, x := range l {
		b = append(b, short(x.PostID)+":"+string(x.Why))
	}
	return strings.Join(a, " "), strings.Join(b, " ")
}

// ENG-02: of a Source with every kind of audience only the public is planned,
// whatever the rules say; what is not known is not public.
func TestENG02OnlyProvenPublic(t *testing.T) {
	all := social.MirrorRules{Replies: true, Reposts: true, Quotes: true, Sensitive: true, Community: true, Followers: true}
	kinds := []social.Audience{social.ToEveryone, social.ToUnlisted, social.ToFollowers, social.ToCircle, social.ToCommunity, social.ToMentioned, social.ToNobody, "friends"}
	var posts []*social.Post
	for i, a := range kinds {
		posts = append(posts, somePost(i+1, shown(a)))
	}
	for _, c := range []struct {
		name        string
		rules       social.MirrorRules
		protected   bool
		steps, left string
	}{
		{"default", social.MirrorRules{}, false, "1 2", "3:private 4:private 5:community 6:private 7:private 8:private"},
		{"all that can be chosen", all, false, "1 2 5", "3:private 4:private 6:private 7:private 8:private"},
		{"protected, not asked", social.MirrorRules{}, true, "", "1:protected 2:protected 3:protected 4:private 5:community 6:private 7:private 8:private"},
		{"protected, yes", social.MirrorRules{Followers: true}, true, "1!private 2!private 3!private", "4:private 5:community 6:private 7:private 8:private"},
	} {
		steps, left := chosen(t, c.rules, c.protected, posts...)
		if steps != c.steps || left != c.left {
			t.Errorf("%s:\n%s | %s\nwant\n%s | %s", c.name, steps, left, c.steps, c.left)
		}
	}
	nothing := somePost(9, shown(""))
	if steps, left := chosen(t, all, false, nothing); steps != "" || left != "9:broken" {
		t.Errorf("%s | %s", steps, left)
	}
}

func TestChooseKinds(t *testing.T) {
	repost := func(p *social.Post) { p.Repost = social.PostRef{Author: "wader_bob"} }
	quote := func(p *social.Post) {
		p.Quote = social.PostRef{Author: "wader_bob", URL: "https://x.com/wader_bob/status/5"}
	}
	ownQuote := func(p *social.Post) {
		p.Quote = social.PostRef{ID: "1001", Own: true, URL: "https://x.com/me/status/1001"}
	}
	sensitive := func(p *social.Post) { p.Sensitive = true }
	blank := func(p *social.Post) { p.Text, p.Entities = " \u200b", nil }
	posts := []*social.Post{somePost(1), somePost(2, toBob), somePost(3, repost), somePost(4, quote), somePost(5, ownQuote), somePost(6, sensitive), somePost(7, blank), somePost(8, answering(2)), somePost(9, answering(8))}
	for _, c := range []struct {
		rules       social.MirrorRules
		steps, left string
	}{
		{social.MirrorRules{}, "1 5", "2:reply 8:reply 9:reply 3:repost 4:quote 6:sensitive 7:empty"},
		{social.MirrorRules{Replies: true}, "1 2 8<2 9<8 5", "3:repost 4:quote 6:sensitive 7:empty"},
		{social.MirrorRules{Reposts: true, Quotes: true, Sensitive: true}, "1 3 4 5 6", "2:reply 8:reply 9:reply 7:empty"},
	} {
		if steps, left := chosen(t, c.rules, false, posts...); steps != c.steps || left != c.left {
			t.Errorf("%+v:\n%s | %s\nwant\n%s | %s", c.rules, steps, left, c.steps, c.left)
		}
	}
}

func TestChooseThreads(t *testing.T) {
	for _, c := range []struct {
		name        string
		rules       social.MirrorRules
		posts       []*social.Post
		steps, left string
	}{
		{"newest first, as in an archive", social.MirrorRules{}, []*social.Post{somePost(5), somePost(4, answering(2)), somePost(3), somePost(2, answering(1)), somePost(1)}, "1 2<1 4<2 3 5", ""},
		{"branches", social.MirrorRules{}, []*social.Post{somePost(1), somePost(2, answering(1)), somePost(3, answering(1)), somePost(4, answering(2))}, "1 2<1 4<2 3<1", ""},
		{"parent not in the source", social.MirrorRules{}, []*social.Post{somePost(2, answering(1)), somePost(3, answering(2))}, "2<? 3<2", ""},
		{"parent without an id", social.MirrorRules{}, []*social.Post{somePost(2, func(p *social.Post) { p.Reply = social.PostRef{Own: true, Author: "me"} })}, "2<?", ""},
		{"parent left out", social.MirrorRules{}, []*social.Post{somePost(1, shown(social.ToCircle)), somePost(2, answering(1)), somePost(3, answering(2))}, "2<? 3<2", "1:private"},
		{"parent in the middle left out", social.MirrorRules{WithoutWords: []string{"2"}}, []*social.Post{somePost(1), somePost(2, answering(1)), somePost(3, answering(2))}, "1 3<?", "2:word"},
		{"parent before the first day", social.MirrorRules{From: chosenAt.Add(90 * time.Minute)}, []*social.Post{somePost(1), somePost(2, answering(1))}, "2<?", "1:date"},
		{"answers itself", social.MirrorRules{}, []*social.Post{somePost(1, answering(1))}, "1<?", ""},
		{"bites its tail", social.MirrorRules{}, []*social.Post{somePost(1, answering(3)), somePost(2, answering(1)), somePost(3, answering(2)), somePost(4, answering(3))}, "1<? 2<1 3<2 4<3", ""},
		{"twice in the source", social.MirrorRules{}, []*social.Post{somePost(1), somePost(1)}, "1", ""},
		{"a tag on one of a thread", social.MirrorRules{WithTags: []string{"WADER"}}, []*social.Post{somePost(1), somePost(2, answering(1), func(p *social.Post) { p.Text, p.Entities = "more", nil }), somePost(3, func(p *social.Post) { p.Text, p.Entities = "else", nil })}, "1 2<1", "3:filter"},
	} {
		if steps, left := chosen(t, c.rules, false, c.posts...); steps != c.steps || left != c.left {
			t.Errorf("%s:\n%s | %s\nwant\n%s | %s", c.name, steps, left, c.steps, c.left)
		}
	}
}

func TestChooseFilters(t *testing.T) {
	german := func(p *social.Post) { p.Language = "de-AT" }
	liked := func(p *social.Post) { p.Likes, p.Reposts = 10, 3 }
	unknown := func(p *social.Post) { p.Language = "" }
	posts := []*social.Post{somePost(1), somePost(2, german), somePost(3, liked), somePost(4, unknown)}
	for _, c := range []struct {
		rules social.MirrorRules
		steps string
	}{
		{social.MirrorRules{Languages: []string{"de"}}, "2 4"},
		{social.MirrorRules{Languages: []string{"en", "de"}}, "1 2 3 4"},
		{social.MirrorRules{Likes: 10}, "3"},
		{social.MirrorRules{Reposted: 4}, ""},
		{social.MirrorRules{From: chosenAt.Add(2 * time.Hour), Until: chosenAt.Add(4 * time.Hour)}, "2 3"},
		{social.MirrorRules{WithWords: []string{"post 2"}}, "2"},
		{social.MirrorRules{WithWords: []string{"#wader"}, WithoutWords: []string{"3"}}, "1 2 4"},
		{social.MirrorRules{WithoutTags: []string{"wader"}}, ""},
	} {
		if steps, _ := chosen(t, c.rules, false, posts...); steps != c.steps {
			t.Errorf("%+v: %s, want %s", c.rules, steps, c.steps)
		}
	}
}

// A thread as long as an archive is walked in no time worth speaking of, and
// without a stack as deep as it is long.
func TestChooseLongThread(t *testing.T) {
	const n = 200_000
	steps, left := choose(func(yield func(*social.Post) bool) {
		for i := n; i > 0; i-- {
			p := &social.Post{ID: fmt.Sprintf("%09d", i), CreatedAt: chosenAt.Add(time.Duration(i) * time.Second), Text: "x", Audience: social.ToEveryone}
			if i > 1 {
				p.Reply = social.PostRef{ID: fmt.Sprintf("%09d", i-1), Own: true}
			}
			if !yield(p) {
				return
			}
		}
	}, social.MirrorRules{}, false)
	if len(steps) != n || len(left) != 0 || steps[n-1].Place.Answers != steps[n-2].PostID {
		t.Errorf("%d steps, %d left out", len(steps), len(left))
	}
}
