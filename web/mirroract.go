package web

import (
	"net/http"

	"godwit/bridge"
	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/web/locale"
)

// mirrorUndoPage asks before what Godwit posted is deleted again.
type mirrorUndoPage struct {
	Frame  `json:"-"`
	Mirror social.Mirror
	N      int
	Say    locale.Sentence
}

// mirrorAct acts on the Mirror in the path and leads to its page.
func (s *site) mirrorAct(v *visit, done string, act func(social.Mirror, social.Destination) error) error {
	if err := v.form(); err != nil {
		return err
	}
	m, d, err := v.pathMirror()
	if err != nil {
		return err
	}
	if err := act(m, d); err != nil {
		return v.mirrorRefused(m, err)
	}
	v.ring(social.MirrorTask, d.ID)
	if done != "" {
		v.flash(flash{Key: done})
	}
	return v.redirect("/mirror/" + itoa(m.ID))
}

// mirrorRefused shows on the Mirror's page why something was not done.
func (v *visit) mirrorRefused(m social.Mirror, err error) error {
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	v.flashFault(err)
	return v.redirect(mirrorPath(m))
}

// mirrorStart starts it, or lets it go on.
func (s *site) mirrorStart(v *visit) error {
	return s.mirrorAct(v, "", func(m social.Mirror, d social.Destination) error {
		if !fedi.MayPost(d.Scopes) {
			return fault.New(fault.Invalid, "no-post-scope", "{host} hasn't given the permission to post yet. Nothing was sent; connect the account again and allow posting and pictures.", "host", d.Host)
		}
		return s.Store.StartMirror(v.r.Context(), v.user.ID, m.ID, v.now)
	})
}

func (s *site) mirrorPause(v *visit) error {
	return s.mirrorAct(v, "mirror.was-paused", func(m social.Mirror, _ social.Destination) error {
		return s.Store.PauseMirror(v.r.Context(), v.user.ID, m.ID)
	})
}

func (s *site) mirrorStop(v *visit) error {
	return s.mirrorAct(v, "mirror.was-stopped", func(m social.Mirror, _ social.Destination) error {
		return s.Store.StopMirror(v.r.Context(), v.user.ID, m.ID, v.now)
	})
}

// mirrorRetry tries again what failed: one row, or all; without its files
// where the person wants that.
func (s *site) mirrorRetry(v *visit) error {
	return s.mirrorAct(v, "mirror.retried", func(m social.Mirror, _ social.Destination) error {
		job := int64(0)
		if text := v.field("job"); text != "" {
			var err error
			if job, err = v.id(text); err != nil {
				return err
			}
		}
		bare := v.field("bare") != ""
		_, err := s.Store.RetryMirror(v.r.Context(), v.user.ID, m.ID, job, func(x social.StatusJob) social.StatusJob { return bridge.Retry(x, bare, v.now) }, v.now)
		return err
	})
}

func (s *site) mirrorUndoForm(v *visit) error { return v.showMirrorUndo(http.StatusOK, nil) }

func (v *visit) showMirrorUndo(status int, wrong locale.Sentence) error {
	m, _, err := v.pathMirror()
	if err != nil {
		return err
	}
	c, err := v.site.Store.MirrorCounts(v.r.Context(), v.user.ID, m.ID)
	if err != nil {
		return err
	}
	page := &mirrorUndoPage{Mirror: m, N: c.Stands()}
	page.Say = v.sayBridge(bridge.SayUndo(page.N, v.now))
	page.Title, page.Here = v.say("mirror.undo.title"), "move"
	if !wrong.Empty() {
		page.Problem = []problem{{"yes", wrong}}
	}
	return v.show(status, "mirrorundo", page)
}

// mirrorUndo has everything deleted that Godwit posted.
func (s *site) mirrorUndo(v *visit) error {
	return v.actOnce(v.showMirrorUndo, func() (string, error) {
		m, d, err := v.pathMirror()
		if err != nil {
			return "", err
		}
		if _, err := s.Store.UndoMirror(v.r.Context(), v.user.ID, m.ID, v.now); err != nil {
			return "", err
		}
		v.ring(social.MirrorTask, d.ID)
		return "/mirror/" + itoa(m.ID), nil
	})
}
