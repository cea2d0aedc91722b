package bridge

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"godwit/internal/social"
)

// Left is why a Post is not carried over; the page has a sentence for each.
type Left string

// The reasons for which a Post is left out.
const (
	LeftNot       Left = ""          // it is carried over
	LeftPrivate   Left = "private"   // nothing proves that everybody could read it
	LeftProtected Left = "protected" // of a protected account, until the person says yes
	LeftReply     Left = "reply"
	LeftRepost    Left = "repost"
	LeftQuote     Left = "quote"
	LeftSensitive Left = "sensitive"
	LeftCommunity Left = "community"
	LeftDate      Left = "date"
	LeftWord      Left = "word"    // it holds a word or tag that the person does not want
	LeftFilter    Left = "filter"  // it is not among those that the person wants
	LeftThere     Left = "there"   // it was carried over before
	LeftEmpty     Left = "empty"   // nothing of it is left to be shown
	LeftBroken    Left = "broken"  // its parts don't fit together
	LeftLate      Left = "late"    // a live Mirror found it long after it was written
	LeftSkipped   Left = "skipped" // a live Mirror was paused or stopped before its turn
)

// Step is one Post to be carried over, in the order in which it is.
type Step struct {
	PostID   string
	At       time.Time
	Place    Place
	Statuses int // that it becomes, one at least
	Files    int
	Notes    []Note
}

// LeftOut is one Post that is not carried over.
type LeftOut struct {
	PostID string
	Why    Left
}

// head is what choosing keeps of a Post.
type head struct {
	id, parent string
	at         time.Time
	left       Left
	wanted     bool // it, or its thread for it, passes the filters that choose
	root       int
	seen       bool
	children   []int
}

// chooser decides which Posts are carried over.
type chooser struct {
	rules     social.MirrorRules
	protected bool
	heads     []head
	at        map[string]int
}

// choose decides over all posts: oldest first, each thread in one piece.
func choose(posts iter.Seq[*social.Post], rules social.MirrorRules, protected bool) (steps []Step, out []LeftOut) {
	c := &chooser{rules: rules, protected: protected, at: map[string]int{}}
	for p := range posts {
		c.add(p)
	}
	c.link()
	c.wantThreads()
	for _, i := range c.order() {
		h := &c.heads[i]
		if h.left != LeftNot {
			out = append(out, LeftOut{PostID: h.id, Why: h.left})
			continue
		}
		steps = append(steps, Step{PostID: h.id, At: h.at, Place: c.place(i)})
	}
	return steps, out
}

func (c *chooser) add(p *social.Post) {
	if _, twice := c.at[p.ID]; twice {
		return
	}
	h := head{id: p.ID, at: p.CreatedAt, left: c.judge(p), wanted: c.isWanted(p), root: rootUnknown}
	if p.Reply.Own {
		h.parent = p.Reply.ID
	}
	if h.parent == "" && p.Reply.Own {
		h.parent = unknownParent
	}
	c.at[p.ID] = len(c.heads)
	c.heads = append(c.heads, h)
}

// unknownParent stands for a post of one's own that a Source does not name.
const unknownParent = "?"

// judge decides over one Post by itself. What is not proven to be public by
// its kind is not carried over, whatever the rules say (an allow-list: a kind
// that somebody adds later is private until it is written here).
func (c *chooser) judge(p *social.Post) Left {
	switch {
	case !p.Sound():
		return LeftBroken
	case !c.isAllowed(p.Audience):
		return c.refusal(p.Audience)
	case !p.Repost.IsZero() && !c.rules.Reposts:
		return LeftRepost
	case !p.Reply.IsZero() && !p.Reply.Own && !c.rules.Replies:
		return LeftReply
	case !p.Quote.IsZero() && !p.Quote.Own && !c.rules.Quotes:
		return LeftQuote
	case p.Sensitive && !c.rules.Sensitive:
		return LeftSensitive
	case isBlank(p):
		return LeftEmpty
	}
	return c.unwanted(p)
}

func (c *chooser) isAllowed(a social.Audience) bool {
	switch {
	case c.protected:
		return c.rules.Followers && (a.Open() || a == social.ToFollowers || a == social.ToCommunity && c.rules.Community)
	case a == social.ToCommunity:
		return c.rules.Community
	}
	return a.Open()
}

func (c *chooser) refusal(a social.Audience) Left {
	switch {
	case a == social.ToCommunity:
		return LeftCommunity
	case c.protected && (a.Open() || a == social.ToFollowers):
		return LeftProtected
	}
	return LeftPrivate
}

// isBlank reports that nothing would be left of a Post.
func isBlank(p *social.Post) bool {
	if !p.Repost.IsZero() {
		return p.Repost.Author == "" && p.Repost.URL == ""
	}
	return strings.TrimSpace(legible(p.Text)) == "" && len(p.Media) == 0 && len(p.Poll) == 0 && p.Quote.URL == ""
}

// unwanted applies the filters that shut one Post out.
func (c *chooser) unwanted(p *social.Post) Left {
	r := c.rules
	has := func(word string) bool { return holds(p, word) }
	hasTag := func(tag string) bool { return tagged(p, tag) }
	switch {
	case !r.From.IsZero() && p.CreatedAt.Before(r.From), !r.Until.IsZero() && !p.CreatedAt.Before(r.Until):
		return LeftDate
	case slices.ContainsFunc(r.WithoutWords, has), slices.ContainsFunc(r.WithoutTags, hasTag):
		return LeftWord
	}
	return LeftNot
}

// isWanted applies the filters that choose Posts; for a thread it is enough
// that one of its Posts is chosen.
func (c *chooser) isWanted(p *social.Post) bool {
	r := c.rules
	has := func(word string) bool { return holds(p, word) }
	hasTag := func(tag string) bool { return tagged(p, tag) }
	return (len(r.WithWords) == 0 || slices.ContainsFunc(r.WithWords, has)) &&
		(len(r.WithTags) == 0 || slices.ContainsFunc(r.WithTags, hasTag)) &&
		(len(r.Languages) == 0 || p.Language == "" || slices.ContainsFunc(r.Languages, func(l string) bool { return sameLanguage(l, p.Language) })) &&
		p.Likes >= r.Likes && p.Reposts >= r.Reposted
}

// sameLanguage compares without regions: de-AT is de.
func sameLanguage(a, b string) bool {
	base := func(tag string) string {
		tag, _, _ = strings.Cut(tag, "-")
		return strings.ToLower(tag)
	}
	return base(a) == base(b)
}

// link finds each Post's thread. A thread below an answer to somebody else is
// a part of that conversation, and goes where the answer goes.
func (c *chooser) link() {
	for i := range c.heads {
		c.findRoot(i)
	}
	for i := range c.heads {
		h := &c.heads[i]
		if p, ok := c.at[h.parent]; ok && h.root != i {
			c.heads[p].children = append(c.heads[p].children, i)
		}
		if c.heads[h.root].left == LeftReply && h.left == LeftNot {
			h.left = LeftReply
		}
	}
}

// findRoot walks up to the first Post of the chain. A chain that bites its own
// tail is cut where that is noticed.
func (c *chooser) findRoot(i int) {
	var path []int
	at := i
	for c.heads[at].root == rootUnknown {
		c.heads[at].root = rootSought
		path = append(path, at)
		up, ok := c.at[c.heads[at].parent]
		if !ok {
			break
		}
		at = up
	}
	root := c.heads[at].root
	if root == rootSought {
		root = at
	}
	for _, k := range path {
		c.heads[k].root = root
	}
}

// What is known of a root that is not found yet.
const (
	rootUnknown = -1
	rootSought  = -2
)

// wantThreads leaves out those threads of which no Post was chosen.
func (c *chooser) wantThreads() {
	wanted := map[int]bool{}
	for i := range c.heads {
		if c.heads[i].wanted && c.heads[i].left == LeftNot {
			wanted[c.heads[i].root] = true
		}
	}
	for i := range c.heads {
		if c.heads[i].left == LeftNot && !wanted[c.heads[i].root] {
			c.heads[i].left = LeftFilter
		}
	}
}

// order lists the Posts: threads by the time of their first, each in one
// piece, every answer behind what it answers.
func (c *chooser) order() (all []int) {
	older := func(a, b int) int {
		x, y := &c.heads[a], &c.heads[b]
		return cmp.Or(x.at.Compare(y.at), cmp.Compare(len(x.id), len(y.id)), cmp.Compare(x.id, y.id))
	}
	var roots []int
	for i := range c.heads {
		slices.SortFunc(c.heads[i].children, older)
		if c.heads[i].root == i {
			roots = append(roots, i)
		}
	}
	slices.SortFunc(roots, older)
	for _, r := range roots {
		all = c.walk(r, all)
	}
	return all
}

// walk lists a thread without recursion: a thread may be as long as an archive.
func (c *chooser) walk(root int, all []int) []int {
	stack := []int{root}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if c.heads[i].seen {
			continue
		}
		c.heads[i].seen = true
		all = append(all, i)
		for _, child := range slices.Backward(c.heads[i].children) {
			stack = append(stack, child)
		}
	}
	return all
}

// place says what a Post answers, and who may see it.
func (c *chooser) place(at int) (p Place) {
	h := &c.heads[at]
	if c.protected {
		p.Visibility = social.VisibleFollowers
	}
	if h.parent == "" {
		return p
	}
	if i, ok := c.at[h.parent]; ok && c.heads[i].left == LeftNot && h.root != at {
		p.Answers = h.parent
		return p
	}
	p.Torn = true
	return p
}
