package web

import (
	"godwit/internal/social"
	"godwit/matcher"
	"godwit/web/locale"
)

// evidence is one reason as a page shows it.
type evidence struct {
	Say     locale.Sentence
	Text    string // the words around the handle, as the stranger wrote them
	Seen    locale.Sentence
	Against bool
}

// against are the kinds that speak against a Match.
var against = map[social.EvidenceKind]bool{social.MaybeMail: true, social.ParodyMirror: true,
	social.IsMemorial: true, social.IsGroup: true, social.IsSuspended: true}

// weight orders Evidence: what says most comes first.
var weight = map[social.EvidenceKind]int{
	social.OwnList: 10, social.Registered: 9, social.LinkBack: 8, social.InBio: 7, social.InLink: 6, social.OnPage: 6, social.PageBack: 5, social.InName: 5, social.InPinned: 4, social.InLocation: 3, social.MovedFrom: 2, social.PublicList: 2, social.SameName: 1,
}

func (v *visit) firstEvidence(m social.Match, shown social.Handle) locale.Sentence {
	best := -1
	for i, e := range m.Evidence {
		if best < 0 || weight[e.Kind] > weight[m.Evidence[best].Kind] {
			best = i
		}
	}
	if best < 0 {
		return v.say("evidence.none")
	}
	return v.sayEvidence(m.Evidence[best], m, shown)
}

// sayEvidence is the sentence of one reason. What somebody wrote themselves
// says the handle as they wrote it.
func (v *visit) sayEvidence(e social.Evidence, m social.Match, shown social.Handle) locale.Sentence {
	written := m.Asked
	if e.Kind == social.LinkBack || written.IsZero() {
		written = shown
	}
	code, args, english := matcher.Say(e, written)
	if code == "" {
		return v.say("evidence.none")
	}
	return v.sayCoded("say."+code, args, english)
}

func (v *visit) allEvidence(m social.Match, shown social.Handle) []evidence {
	var list []evidence
	for _, e := range m.Evidence {
		x := evidence{Say: v.sayEvidence(e, m, shown), Text: social.Clean(e.Text, social.MaxSay), Against: against[e.Kind]}
		switch {
		case e.SeenAt.IsZero():
		case matcher.Old(e, v.now):
			code, args, english := matcher.SayOld(e)
			x.Seen = v.sayCoded("say."+code, args, english)
		default:
			x.Seen = v.say("match.saw", "date", v.clock().Date(e.SeenAt))
		}
		list = append(list, x)
	}
	return list
}
