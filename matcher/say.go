package matcher

import (
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// sentence is what is shown for one kind of Evidence, with the code under
// which the pages translate it.
type sentence struct{ code, english string }

var sentences = map[social.EvidenceKind]sentence{
	social.InBio:        {"evidence-bio", "Their X profile says {handle}."},
	social.InName:       {"evidence-name", "Their X name says {handle}."},
	social.InLocation:   {"evidence-location", "Their X location says {handle}."},
	social.InLink:       {"evidence-link", "Their X link says {handle}."},
	social.InPinned:     {"evidence-pinned", "Their pinned post on X says {handle}."},
	social.InPost:       {"evidence-post", "A post of theirs on X says {handle}."},
	social.LinkBack:     {"evidence-link-back", "The profile {handle} links back to @{username} on X."},
	social.Registered:   {"evidence-registered", "They registered this move here and proved both accounts."},
	social.PublicList:   {"evidence-public-list", "A public list says so: {source}, {date}."},
	social.OwnList:      {"evidence-own-list", "Your own list of follows has {handle}."},
	social.SameName:     {"evidence-same-name", "An account called so on Threads would be {handle}."},
	social.OnPage:       {"evidence-page", "Their X profile links to a page at {page}, which links back to it and to {handle}."},
	social.PageBack:     {"evidence-page-back", "The profile {handle} links to their page at {page}, too."},
	social.MovedFrom:    {"evidence-moved", "{old} has moved; this is the account it moved to."},
	social.MaybeMail:    {"against-mail", "This may be an e-mail address. No fediverse account answers there."},
	social.IsMemorial:   {"against-memorial", "This account is kept in memory of somebody who died."},
	social.IsGroup:      {"against-group", "This is a group: it passes on what others post."},
	social.IsSuspended:  {"against-suspended", "Its own server has suspended this account."},
	social.IsBot:        {"evidence-bot", "This account calls itself automated."},
	social.ParodyMirror: {"against-parody", "The profile calls itself a fan, parody or mirror account."},
}

// registered are the sentences of Registrations that speak less than in full.
var registered = map[string]sentence{
	formNamed: {"evidence-registered-named", "They registered this move here and proved both accounts; your export knows this X name from another time."},
	formLinks: {"evidence-registered-links", "They registered this move here: a post of theirs on X gives {handle}, and the profile there links back."},
	formStale: {"evidence-registered-stale", "They registered this move here, but what proved it is gone or old."},
}

// listedNamed is for a public list that does not tell the number on X.
var listedNamed = sentence{"evidence-public-list-named", "A public list says so of this X name, not of its number: {source}, {date}."}

// openPage is for a page that does not say whose it is.
var openPage = sentence{"evidence-page-open", "Their X profile links to a page at {page}, which links to {handle}; whether the page is theirs it doesn't say."}

// elsewhere are the sentences of Evidence from other networks than X.
var elsewhere = sentence{"evidence-elsewhere", "Their profile on {network} says {handle}."}

// overBridge goes with the address that a Bluesky account would have.
var overBridge = sentence{"evidence-bridged", "Bridgy Fed shows their Bluesky account as {handle}, if they asked it to."}

// onThreads goes with the address of a Threads account itself.
var onThreads = sentence{"evidence-threads", "They are {handle} on Threads, and Threads confirms that they share there."}

// oldSentence goes with Evidence that Old holds for.
var oldSentence = sentence{"evidence-old", "Seen {date}; it may have changed."}

// Say returns the sentence of an Evidence for handle: its code, the values
// that the code's translations need (handle, and username, source, network, page, old or
// date where the kind has them; dates as 2006-01-02, UTC) and the finished English.
// Evidence of an unknown kind has no sentence.
func Say(e social.Evidence, handle social.Handle) (code string, args map[string]string, english string) {
	s, known := sentences[e.Kind]
	if !known {
		return "", nil, ""
	}
	if weaker, found := registered[e.Form]; found && e.Kind == social.Registered {
		s = weaker
	}
	if e.Kind == social.PublicList && e.Form != "" {
		s = listedNamed
	}
	args = map[string]string{"handle": "@" + handle.String()}
	if !e.SeenAt.IsZero() {
		args["date"] = e.SeenAt.UTC().Format(time.DateOnly)
	}
	if network := social.Network(e.Source).Name(); isClaim(e.Kind) && network != "" {
		s, args["network"] = elsewhere, network
	}
	switch {
	case e.Kind == social.SameName && e.Source == string(social.Bluesky):
		s = overBridge
	case e.Kind == social.SameName && e.Source == string(social.Threads):
		s = onThreads
	}
	if e.Kind == social.OnPage && e.Maybe {
		s = openPage
	}
	switch e.Kind {
	case social.OnPage, social.PageBack:
		args["page"] = e.Source
	case social.LinkBack:
		args["username"] = e.Source
	case social.PublicList:
		args["source"] = e.Source
	case social.MovedFrom:
		args["old"] = "@" + e.Source
	}
	return s.code, args, fault.Fill(s.english, args)
}

// SayOld returns the sentence that goes after Say's when the Evidence is old.
func SayOld(e social.Evidence) (code string, args map[string]string, english string) {
	args = map[string]string{"date": e.SeenAt.UTC().Format(time.DateOnly)}
	return oldSentence.code, args, fault.Fill(oldSentence.english, args)
}

// Old reports whether an Evidence was seen so long ago, 180 days, that it may
// not hold any more; one without a date is old.
func Old(e social.Evidence, now time.Time) bool { return now.Sub(e.SeenAt) > staleAfter }
