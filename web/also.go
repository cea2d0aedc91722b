package web

import (
	"godwit/bridge"
	"godwit/internal/social"
	"godwit/web/locale"
)

// alsoBox is a wish beside the follows: lists, mutes or blocks carried over.
type alsoBox struct {
	Name  string // of the wish, as forms and permissions call it
	Say   locale.Sentence
	Wider bool // the server has to give more permission for it
}

// alsoKinds are the wishes in the order of the page.
var alsoKinds = []struct {
	name string
	kind social.EdgeKind
}{{"lists", social.Listed}, {"mutes", social.Muted}, {"blocks", social.Blocked}}

// alsoBoxes are the wishes that the person's exports and server leave open. None
// is ticked: nothing is carried over unless it is asked for.
func (v *visit) alsoBoxes(d social.Destination) (boxes []alsoBox, err error) {
	counts, err := v.site.Store.Carriable(v.r.Context(), v.user.ID)
	for _, k := range alsoKinds {
		now, wider := bridge.Carries(d, k.kind)
		if counts[k.kind] > 0 && (now || wider) {
			boxes = append(boxes, alsoBox{Name: k.name, Say: v.say("also."+k.name, "n", counts[k.kind]), Wider: !now})
		}
	}
	return boxes, err
}

// planAlso plans the wishes that were ticked.
func (v *visit) planAlso(d social.Destination) error {
	var kinds []social.EdgeKind
	for _, k := range alsoKinds {
		for _, ticked := range v.r.PostForm["also"] {
			if now, _ := bridge.Carries(d, k.kind); ticked == k.name && now {
				kinds = append(kinds, k.kind)
			}
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	_, err := v.site.Store.PlanEdges(v.r.Context(), v.user.ID, d.ID, kinds, v.now)
	return err
}

// sayAlso says how far the wishes are, nothing where there are none.
func (v *visit) sayAlso(d social.Destination) (locale.Sentence, error) {
	all, err := v.site.Store.ListEdgeJobs(v.r.Context(), v.user.ID, d.ID)
	done, not, undone := 0, 0, 0
	for _, j := range all {
		switch {
		case j.State != social.JobDone:
		case j.Outcome == social.Applied || j.Outcome == social.Already:
			done++
		case j.Outcome == social.Undone:
			undone++
		default:
			not++
		}
	}
	if err != nil || len(all) == undone {
		return nil, err
	}
	return v.say("also.progress", "done", done, "n", len(all), "x", not), nil
}
