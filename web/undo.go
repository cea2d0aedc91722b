package web

import (
	"net/http"

	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// undoPage asks before those whom Godwit followed are unfollowed.
type undoPage struct {
	Frame       `json:"-"`
	Destination social.Destination
	N           int
}

func (s *site) undoForm(v *visit) error { return v.showUndo(http.StatusOK, nil) }

func (v *visit) showUndo(status int, wrong locale.Sentence) error {
	d, _, err := v.chosenDestination(v.r.FormValue("as"))
	if err != nil {
		return err
	}
	if d.ID == 0 {
		return v.redirect("/follow/progress")
	}
	page := &undoPage{Destination: d}
	if page.N, err = v.site.Store.Undoable(v.r.Context(), v.user.ID, d.ID); err != nil {
		return err
	}
	page.Title, page.Here = v.say("undo.title"), "move"
	if !wrong.Empty() {
		page.Problem = []problem{{"yes", wrong}}
	}
	return v.show(status, "undo", page)
}

// undo has those unfollowed whom Godwit followed. It goes on by itself, and
// stopping it on the way leaves the rest followed.
func (s *site) undo(v *visit) error {
	return v.actOnce(v.showUndo, func() (string, error) {
		d, err := v.target()
		if err != nil {
			return "", err
		}
		if d.State == social.PermissionLost {
			return "", permissionLost(d)
		}
		if _, err := s.Store.UndoEdges(v.r.Context(), v.user.ID, d.ID, v.now); err != nil {
			return "", err
		}
		n, err := s.Store.UndoFollows(v.r.Context(), v.user.ID, d.ID, v.now)
		if err != nil {
			return "", err
		}
		v.ring(social.FollowTask, d.ID)
		v.flash(flash{Key: "undo.started", N: n})
		return "/follow/progress?as=" + itoa(d.ID), nil
	})
}

// sayUndoing is the progress of an undo, counted by those whom it is about.
func (v *visit) sayUndoing(p *progressPage, c store.FollowCounts) {
	p.Done = c.ByOutcome[social.Undone]
	p.Total = p.Done + c.Undoing
	p.Title, p.Say = v.say("undo.done", "n", p.Done), v.say("undo.done.say")
	p.State = "undone"
	if c.Undoing == 0 {
		return
	}
	p.State = "undoing"
	p.Title, p.Say = v.say("undo.running", "done", p.Done, "n", p.Total), v.say("progress.close")
}
