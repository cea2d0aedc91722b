package matcher

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"godwit/internal/social"
)

// facts is what the Evidence and the look-up of one Match amount to.
type facts struct {
	registered bool // proven by the person, and the look-up found the same actor
	impostor   bool // registered, but the handle belongs to another actor now
	live       bool // claimed plainly in the profile, seen within staleAfter
	stale      bool // claimed plainly, seen before that
	maybe      bool // claimed in a way that may mean something else, seen within staleAfter
	listed     bool // a public list says so, by number
	vouched    bool // registered, with something missing to be sure
	named      bool // a public list says so, by an X name only
	lapsed     bool // registered once, and what proved it is gone or old
	own        bool // it is the very address in the person's own list of follows
	onPage     bool // a page to which the X profile links, and which links back, has it
	pageBack   bool // the fediverse profile links to that page
	sameName   bool // it is the address that its network gives every account
	linkBack   bool // the fediverse profile links to the X account
	parody     bool // one of the profiles calls itself a fan, parody or mirror account
	memorial   bool // kept in memory of somebody who died
	group      bool // a group, not a person
	movedClaim bool // it says it moved, and the other side does not confirm it
	blocked    bool // the person blocked the Account on X
	outweighed bool // another candidate of the Account, or for the Handle, is certain
}

// rule is one line of the table that grades a found Match.
type rule struct {
	grade  social.Certainty
	when   func(f facts) bool
	reason string
}

// rules decide from the top; the first that holds counts. Only certain and
// likely are ever pre-selected, so whatever leaves a doubt is possible.
var rules = []rule{
	{social.Possible, func(f facts) bool { return f.blocked },
		"the person blocked this account on X: it may be shown, but is never chosen for them"},
	{social.Possible, func(f facts) bool { return f.impostor },
		"somebody registered this handle with proof, and it belongs to another actor now: a dead handle that was taken again"},
	{social.Possible, func(f facts) bool { return f.movedClaim },
		"it says it moved and the other account does not confirm it: moves are how followers are sent to strangers"},
	{social.Possible, func(f facts) bool { return f.memorial },
		"kept in memory of somebody who died: whoever wants to follow it says so themselves"},
	{social.Certain, func(f facts) bool { return f.registered },
		"the person proved both accounts"},
	{social.Certain, func(f facts) bool { return f.own },
		"the person's own list of follows has this very address, and its server confirms it"},
	{social.Possible, func(f facts) bool { return f.group },
		"a group passes on what others post; it is not the person"},
	{social.Possible, func(f facts) bool { return f.parody },
		"a fan, parody or mirror account is rarely whom somebody means to follow"},
	{social.Possible, func(f facts) bool { return f.outweighed },
		"another candidate is certain"},
	{social.Certain, func(f facts) bool { return f.live && f.linkBack },
		"the X profile names the handle and the fediverse profile links to the X account: whoever wrote both holds both"},
	{social.Certain, func(f facts) bool { return f.onPage && (f.linkBack || f.pageBack) },
		"the X profile links to a page that links to both accounts and no other on X, and the fediverse profile links to the page or to the X account: whoever wrote one wrote all three"},
	{social.Likely, func(f facts) bool { return f.live },
		"the X profile names the handle, and its server confirms that it exists; that is one side only"},
	{social.Likely, func(f facts) bool { return f.vouched },
		"the person proved the fediverse side; the X side gives the handle in a post, or the export knows the X name from another time than it was proven"},
	{social.Likely, func(f facts) bool { return f.onPage },
		"the X profile links to a page that links back to it, to no other account on X, and to the handle; the fediverse side says nothing"},
	{social.Likely, func(f facts) bool { return f.maybe && f.linkBack },
		"the text or page leaves open what it means, and the fediverse profile links to the X account"},
	{social.Likely, func(f facts) bool { return f.listed },
		"a public list names it, and its server confirms it; a list is somebody else's word and so never more than likely"},
	{social.Likely, func(f facts) bool { return f.sameName },
		"it is the account's own address, which its network gives to every account, and the network confirms that its owner shares there"},
	{social.Possible, func(f facts) bool { return f.lapsed },
		"what proved the registration was gone when we looked again, or the X name is from long before or after"},
	{social.Possible, func(f facts) bool { return f.named },
		"a public list names it by an X name only, and names change hands"},
	{social.Possible, func(f facts) bool { return f.stale },
		"the claim was seen more than 180 days ago: the X name or the handle may have changed hands since"},
	{social.Possible, func(facts) bool { return true },
		"an account answers there, but the text or page may have meant an e-mail address or somebody else"},
}

// Reason returns the reason of the rule that grades m alone, for the
// documentation and for explaining; "" when m is not live.
func Reason(m social.Match, now time.Time) string {
	if !isLive(m) {
		return ""
	}
	return gradeOf(weigh(m, now)).reason
}

func gradeOf(f facts) rule {
	for _, r := range rules {
		if r.when(f) {
			return r
		}
	}
	return rule{}
}

// Grade weighs a group of Matches, which is all candidates of each Account in
// it and all Accounts for each Handle in it. It returns them in the same order
// with Handle, ActorID, Certainty and Conflict set anew and the Evidence that
// the look-ups brought: the link back, the move, what speaks against. A Match
// whose look-up found nobody has no Handle and no Certainty. Of several
// candidates that are one account (a move, an alias) one keeps the Handle and
// gets the others' Evidence.
func Grade(group []social.Match, now time.Time) []social.Match {
	graded := slices.Clone(group)
	for i := range graded {
		graded[i] = settle(graded[i])
	}
	adoptMoves(graded)
	mergeSame(graded)
	for i := range graded {
		graded[i].Certainty, graded[i].Conflict = "", false
		if isLive(graded[i]) {
			graded[i].Certainty = gradeOf(weigh(graded[i], now)).grade
		}
	}
	contest(graded, now)
	return graded
}

// settle sets what follows from the look-up of one Match alone.
func settle(m social.Match) social.Match {
	r := m.Resolution
	m.Handle, m.ActorID = social.Handle{}, ""
	m.Evidence = slices.DeleteFunc(slices.Clone(m.Evidence), derived)
	if r.State != social.Found {
		if onlyMaybe(m.Evidence) && (r.State == social.Missing || r.State == social.NotFedi) {
			m.Evidence = append(m.Evidence, social.Evidence{Kind: social.MaybeMail, SeenAt: r.CheckedAt})
		}
		return m
	}
	m.Handle, m.ActorID = r.Handle, r.ActorID
	if !r.MovedTo.IsZero() {
		m.Handle, m.ActorID = r.MovedTo, r.MovedActor // older answers have no actor
		m.Evidence = append(m.Evidence, social.Evidence{Kind: social.MovedFrom, Source: r.Handle.String(), SeenAt: r.CheckedAt})
	}
	for _, kind := range natures(r) {
		m.Evidence = append(m.Evidence, social.Evidence{Kind: kind, SeenAt: r.CheckedAt})
	}
	if r.Suspended || refusedHandle(m.Handle) || refusedHandle(r.Handle) {
		m.Handle, m.ActorID = social.Handle{}, ""
		return m
	}
	if (m.Account.Network == social.X || m.Account.Network == "") && LinksBack(r.Links, m.Account.Username) {
		m.Evidence = append(m.Evidence, social.Evidence{Kind: social.LinkBack, Source: m.Account.Username, SeenAt: r.CheckedAt})
	}
	m.Evidence = append(m.Evidence, backToPage(m)...)
	if callsItselfParody(r.Name) {
		m.Evidence = append(m.Evidence, social.Evidence{Kind: social.ParodyMirror, Source: r.Handle.String(), SeenAt: r.CheckedAt})
	}
	return m
}

// natures are what the profile found says of itself besides being there. What
// moved on is judged by where it went.
func natures(r social.Resolution) (kinds []social.EvidenceKind) {
	if r.Suspended {
		kinds = append(kinds, social.IsSuspended)
	}
	if r.Memorial {
		kinds = append(kinds, social.IsMemorial)
	}
	if r.Group {
		kinds = append(kinds, social.IsGroup)
	}
	if r.Bot {
		kinds = append(kinds, social.IsBot)
	}
	return kinds
}

// derived reports whether Grade itself adds such Evidence, from look-ups.
func derived(e social.Evidence) bool {
	switch e.Kind {
	case social.LinkBack, social.PageBack, social.MovedFrom, social.MaybeMail, social.IsSuspended, social.IsMemorial, social.IsGroup, social.IsBot:
		return true
	case social.ParodyMirror:
		return e.Source != ""
	}
	return false
}

// onlyMaybe reports whether nothing plain speaks for a Match.
func onlyMaybe(list []social.Evidence) bool {
	return !slices.ContainsFunc(list, func(e social.Evidence) bool {
		return (isClaim(e.Kind) || e.Kind == social.SameName || e.Kind == social.OnPage) && !e.Maybe || e.Kind == social.Registered || e.Kind == social.PublicList || e.Kind == social.OwnList
	})
}

func isLive(m social.Match) bool { return !m.Handle.IsZero() }

// isClaim reports whether the kind is the person's own words in a profile.
func isClaim(k social.EvidenceKind) bool {
	switch k {
	case social.InBio, social.InName, social.InLocation, social.InLink, social.InPinned, social.InPost:
		return true
	}
	return false
}

// weigh reads the facts off one Match. Age counts from when the export saw the
// profile, not from the import: an old export imported today still shows an
// old profile.
func weigh(m social.Match, now time.Time) facts {
	f := facts{blocked: m.Excluded == social.Blocked, movedClaim: m.Resolution.MovedClaim != "" && m.Resolution.MovedTo.IsZero()}
	for _, e := range m.Evidence {
		switch {
		case e.Kind == social.Registered:
			f.addRegistered(e, m.Resolution.ActorID)
		case e.Kind == social.PublicList:
			f.listed, f.named = f.listed || e.Form == "", f.named || e.Form != ""
		case e.Kind == social.OwnList:
			f.own = true
		case e.Kind == social.SameName && !e.Maybe:
			f.sameName, f.stale = f.sameName || !Old(e, now), f.stale || Old(e, now)
		case e.Kind == social.LinkBack:
			f.linkBack = true
		case e.Kind == social.PageBack:
			f.pageBack = true
		case e.Kind == social.ParodyMirror:
			f.parody = true
		case e.Kind == social.IsMemorial:
			f.memorial = true
		case e.Kind == social.IsGroup:
			f.group = true
		case !isClaim(e.Kind) && e.Kind != social.OnPage:
		case Old(e, now):
			f.stale = true
		case e.Maybe:
			f.maybe = true
		case e.Kind == social.OnPage:
			f.onPage = true
		default:
			f.live = true
		}
	}
	return f
}

// LinksBack reports whether one of links is the page of username on X,
// without regard to case.
func LinksBack(links []string, username string) bool {
	if username == "" {
		return false
	}
	return slices.ContainsFunc(links, func(link string) bool { return strings.EqualFold(pageOnX(link), username) })
}

// pageOnX returns the username whose page on X a link is, "" when it is none:
// a post, a search, another site.
func pageOnX(link string) string {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return ""
	}
	switch host := strings.ToLower(u.Hostname()); strings.TrimPrefix(strings.TrimPrefix(host, "www."), "mobile.") {
	case "x.com", "twitter.com":
		return strings.TrimPrefix(strings.Trim(u.Path, "/"), "@")
	}
	return ""
}
